//! What `python -X importtime` prints: from text to a tree of imports. Reads every Python from 3.7 to 3.15; runs nothing.

use std::sync::LazyLock;

use regex::Regex;
use smol_str::SmolStr;

/// A row, searched for and not anchored: the program's own output may stand before it on the line.
static ROW: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"import time: +(-?\d+|cached) +\| +(-?\d+|cached) +\| ( *)(\S+)\s*$";
    Regex::new(pattern).expect("the pattern is valid")
});

/// Stands once at the beginning, and again for each child process that inherits the setting.
const HEADER: &str = "import time: self [us] | cumulative | imported package";

const ROW_START: &str = "import time:";

/// All imports of one run, in the order in which they ended: an import stands behind those that it caused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    rows: Vec<Row>,
    /// Rows for modules that were loaded already (`-X importtime=2`, from Python 3.14 on).
    pub cached: usize,
    /// Negative times, as threads produce them; they count as zero.
    pub clamped: usize,
    /// Lines that begin as a row does and are none.
    pub unreadable: usize,
    /// Processes that print here.
    pub processes: usize,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub module: SmolStr,
    /// Microseconds without the imports that it caused.
    pub self_us: u64,
    /// Microseconds with them.
    pub cumulative_us: u64,
    /// How many imports were under way.
    pub depth: usize,
}

impl Profile {
    /// Reads what there is; what cannot be read is counted.
    pub fn parse(text: &str) -> Profile {
        let mut profile = Profile { processes: 1, ..Profile::default() };
        let mut has_header = false;
        for line in text.lines() {
            if !line.contains(ROW_START) {
                continue;
            }
            if line.contains(HEADER) {
                profile.processes += usize::from(has_header);
                has_header = true;
                continue;
            }
            match ROW.captures(line) {
                Some(row) => profile.read(&row[1], &row[2], row[3].len() / 2, &row[4]),
                None => profile.unreadable += 1,
            }
        }
        profile
    }

    fn read(&mut self, own: &str, cumulative: &str, depth: usize, module: &str) {
        if own == "cached" || cumulative == "cached" {
            self.cached += 1;
            return;
        }
        let (Ok(own), Ok(cumulative)) = (own.parse::<i64>(), cumulative.parse::<i64>()) else {
            self.unreadable += 1;
            return;
        };
        self.clamped += usize::from(own < 0 || cumulative < 0);
        let positive = |time: i64| u64::try_from(time).unwrap_or(0);
        let (self_us, cumulative_us) = (positive(own), positive(cumulative));
        self.rows.push(Row { module: SmolStr::new(module), self_us, cumulative_us, depth });
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The import of `module` that nothing else of the run caused, else the outermost, else the first.
    pub fn find(&self, module: &str) -> Option<usize> {
        self.find_from(0, module)
    }

    /// The same among the rows from `first` on.
    pub fn find_from(&self, first: usize, module: &str) -> Option<usize> {
        let found = self.rows.iter().enumerate().skip(first).filter(|(_, row)| row.module == module);
        found.min_by_key(|(at, row)| (row.depth, *at)).map(|(at, _)| at)
    }

    /// The row at `at` with everything that it caused, as a range of [`Profile::rows`].
    pub fn tree(&self, at: usize) -> std::ops::RangeInclusive<usize> {
        let depth = self.rows[at].depth;
        let caused = self.rows[..at].iter().rev().take_while(|row| row.depth > depth).count();
        at - caused..=at
    }

    /// Rows that the row at `at` caused directly, in the order of the run.
    pub fn children(&self, at: usize) -> Vec<usize> {
        let depth = self.rows[at].depth;
        let tree = self.tree(at);
        let mut children: Vec<usize> = Vec::new();
        // A level may be missing where output was lost: the outermost of what stands there is a child all the same.
        let mut end = at;
        while end > *tree.start() {
            let last = end - 1;
            let inner = self.rows[*tree.start()..last].iter().rev();
            let level = self.rows[last].depth.max(depth + 1);
            children.push(last);
            end = last - inner.take_while(|row| row.depth > level).count();
        }
        children.reverse();
        children
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
import time: self [us] | cumulative | imported package
import time:       424 |        424 |     asyncio.base_subprocess
import time:       886 |       1925 |   asyncio.unix_events
import time:        15 |         15 |   asyncio.log
import time:       173 |      38287 | asyncio
";

    fn names(profile: &Profile, rows: impl IntoIterator<Item = usize>) -> Vec<&str> {
        rows.into_iter().map(|at| profile.rows()[at].module.as_str()).collect()
    }

    #[test]
    fn an_import_stands_behind_what_it_caused() {
        let profile = Profile::parse(SAMPLE);
        let top = profile.find("asyncio").unwrap();
        assert_eq!((profile.rows()[top].self_us, profile.rows()[top].cumulative_us), (173, 38287));
        assert_eq!(names(&profile, profile.tree(top)).len(), 4);
        assert_eq!(names(&profile, profile.children(top)), ["asyncio.unix_events", "asyncio.log"]);
        let events = profile.find("asyncio.unix_events").unwrap();
        assert_eq!(names(&profile, profile.children(events)), ["asyncio.base_subprocess"]);
        assert_eq!((profile.unreadable, profile.processes), (0, 1));
    }

    #[test]
    fn a_program_may_print_before_a_row_and_lose_a_part_of_it() {
        let profile = Profile::parse("loading...import time:   7 |   9 | heavy\nimport time:    7 |\nimport time: x\n");
        assert_eq!((names(&profile, 0..1), profile.unreadable), (vec!["heavy"], 2));
        assert_eq!(Profile::parse(&format!("import time: {0} | {0} | a", "9".repeat(40))).unreadable, 1);
    }

    #[test]
    fn negative_times_count_as_zero_and_are_counted() {
        let profile = Profile::parse("import time:      -5 |        12 | threaded\n");
        assert_eq!((profile.rows()[0].self_us, profile.rows()[0].cumulative_us, profile.clamped), (0, 12, 1));
    }

    #[test]
    fn the_outermost_row_of_a_module_is_preferred() {
        let text = "import time: 1 | 1 |   json\nimport time: 2 | 3 | a\nimport time: 5 | 5 | json\n";
        let profile = Profile::parse(text);
        assert_eq!(profile.find("json"), Some(2));
        assert_eq!(profile.find("absent"), None);
    }

    #[test]
    fn a_lost_level_loses_no_row() {
        let profile =
            Profile::parse("import time: 1 | 1 |       deep\nimport time: 2 | 2 |   b\nimport time: 2 | 9 | a\n");
        assert_eq!(names(&profile, profile.children(2)), ["b"]);
        assert_eq!(names(&profile, profile.children(1)), ["deep"]);
        let profile = Profile::parse("import time: 1 | 1 |     deep\nimport time: 2 | 9 | a\n");
        assert_eq!(names(&profile, profile.children(1)), ["deep"]);
    }

    #[test]
    fn a_second_header_is_another_process() {
        assert_eq!(Profile::parse(&format!("{SAMPLE}{SAMPLE}")).processes, 2);
        assert_eq!(Profile::parse("").processes, 1);
    }
}
