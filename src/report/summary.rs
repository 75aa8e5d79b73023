//! The last lines of a run: problems, counts, and the table of `--statistics`.

use std::io::{self, Write};

use super::style::{BOLD, Colour, ERROR};
use crate::outcome::{FindingCode, Outcome, Problem, Statistics};

/// What went wrong, one line a file.
pub fn problems(problems: &[Problem], colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        let word = colour.paint(ERROR, format!("error[{}]", problem.code));
        let place = problem.place.map_or(String::new(), |place| format!(":{place}"));
        writeln!(out, "{word}: {}{place}: {}", colour.paint(BOLD, &problem.path), problem.message)?;
    }
    Ok(())
}

/// What `check` found, in a line.
pub fn check(outcome: &Outcome) -> String {
    let counts = Counts::of(outcome);
    if counts.findings() == 0 && counts.refusals == 0 {
        let held_back = match outcome.statistics.held_back {
            0 => String::new(),
            held_back => format!(" ({held_back} more would move with `--unsafe`)"),
        };
        return match outcome.problems.is_empty() {
            true => format!("All imports are in place.{held_back}"),
            false => format!("No import out of place was found in the files that could be read.{held_back}"),
        };
    }
    let mut notes = Vec::new();
    if counts.findings() > 0 {
        notes.push(format!("{} fixable with `hotcold fix`", counts.findings()));
    }
    if outcome.statistics.held_back > 0 {
        notes.push(format!("{} more with `--unsafe`", outcome.statistics.held_back));
    }
    if counts.refusals > 0 {
        notes.push(format!("{} cannot move", counts.refusals));
    }
    format!("Found {} ({}).", counts.describe(counts.imports + counts.refusals, "out of place"), notes.join(", "))
}

/// What `diff` would do, in a line.
pub fn diff(outcome: &Outcome) -> String {
    changes(outcome, "Would move", "Would mend", "No changes.")
}

/// What `fix` did, in a line.
pub fn fix(outcome: &Outcome) -> String {
    changes(outcome, "Moved", "Mended", "Nothing to change.")
}

/// The table of `--statistics`.
pub fn statistics(statistics: &Statistics, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let mut table = |title: &str, rows: &[(String, usize)]| -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", colour.paint(BOLD, title))?;
        for (name, count) in rows {
            writeln!(out, "{count:>8}  {name}")?;
        }
        Ok(())
    };
    let row = |name: &str, count| (name.to_owned(), count);
    table(
        "Files",
        &[
            row("checked", statistics.files),
            row("read only", statistics.files_skipped),
            row("changed", statistics.files_changed),
        ],
    )?;
    let verdicts: Vec<_> = statistics.verdicts.iter().map(|(name, count)| (name.clone(), *count)).collect();
    table("Imports by verdict", &verdicts)?;
    let share = |moved: usize, all: usize, what: &str| {
        // One decimal, rounded down: 100 % means all.
        let permille = (moved * 1000).checked_div(all).unwrap_or(0);
        row(&format!("of {all} {what} ({}.{}%)", permille / 10, permille % 10), moved)
    };
    let mut moved = Vec::new();
    if statistics.cold_imports > 0 {
        moved.push(share(statistics.cold_moved, statistics.cold_imports, "cold imports move into functions"));
    }
    if statistics.hot_imports > 0 {
        moved.push(share(statistics.hot_moved, statistics.hot_imports, "hot imports move to module level"));
    }
    if statistics.comments_changed > 0 {
        moved.push(row("exception comments change", statistics.comments_changed));
    }
    if statistics.patch_targets_changed > 0 {
        moved.push(row("patch targets change with them", statistics.patch_targets_changed));
    }
    if statistics.held_back > 0 {
        moved.push(row("more would move with `--unsafe`", statistics.held_back));
    }
    table("Moves", &moved)?;
    let mut refusals: Vec<_> = statistics.refusals.iter().map(|(name, count)| (name.clone(), *count)).collect();
    refusals.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    table("Refusals", &refusals)
}

struct Counts {
    imports: usize,
    comments: usize,
    refusals: usize,
    files: usize,
}

impl Counts {
    fn of(outcome: &Outcome) -> Counts {
        let findings = || outcome.files.iter().flat_map(|file| &file.findings);
        let comments = findings().filter(|finding| finding.code == FindingCode::ExceptionComment).count();
        Counts {
            imports: findings().count() - comments,
            comments,
            refusals: outcome.files.iter().map(|file| file.refusals.len()).sum(),
            files: outcome.files.iter().filter(|file| file.rewrite.is_some()).count(),
        }
    }

    fn findings(&self) -> usize {
        self.imports + self.comments
    }

    fn describe(&self, imports: usize, attribute: &str) -> String {
        let comments = plural(self.comments, "exception comment");
        match (imports, self.comments) {
            (0, _) => format!("{comments} to mend"),
            (_, 0) => format!("{} {attribute}", plural(imports, "import")),
            _ => format!("{} {attribute} and {comments} to mend", plural(imports, "import")),
        }
    }
}

fn changes(outcome: &Outcome, moved: &str, mended: &str, nothing: &str) -> String {
    let counts = Counts::of(outcome);
    if counts.files == 0 {
        return match counts.refusals {
            0 => nothing.to_owned(),
            refusals => format!("{nothing} {} cannot move: see `hotcold check`.", plural(refusals, "import")),
        };
    }
    let files = plural(counts.files, "file");
    let what = match (counts.imports, counts.comments) {
        (0, comments) => format!("{mended} {} in {files}", plural(comments, "exception comment")),
        (imports, 0) => format!("{moved} {} in {files}", plural(imports, "import")),
        (imports, comments) => {
            let mended = mended.to_lowercase();
            let comments = plural(comments, "exception comment");
            format!("{moved} {} and {mended} {comments} in {files}", plural(imports, "import"))
        }
    };
    let mut rest = Vec::new();
    if outcome.statistics.held_back > 0 {
        rest.push(format!("{} more with `--unsafe`", outcome.statistics.held_back));
    }
    if counts.refusals > 0 {
        rest.push(format!("{} cannot move", counts.refusals));
    }
    if rest.is_empty() { format!("{what}.") } else { format!("{what} ({}).", rest.join(", ")) }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
