//! The third step: strings of tests that change along with moves in other files. A file that receives some is planned and
//! proved anew together with its own moves; if that fails, neither it nor the files whose moves need it change.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Input;
use super::second::Checked;
use crate::outcome::{PatchTarget, Problem};
use crate::plan::{Companion, Plan};
use crate::python::{self, Module};
use crate::text::{LineColumn, size};

type Results = [Result<Option<Checked>, Problem>];

/// What the moves of a plan change in other files, each string once.
pub(super) fn of(plan: &Plan<'_>) -> Vec<Companion> {
    let mut companions: Vec<Companion> = plan.moves.iter().flat_map(|planned| planned.companions()).cloned().collect();
    companions.sort_by(|a, b| (&a.path, a.content.start()).cmp(&(&b.path, b.content.start())));
    companions.dedup();
    companions
}

/// A companion as reports show it.
pub(super) fn note(companion: &Companion) -> PatchTarget {
    let start = companion.place;
    let width = u32::from(size(companion.old.chars().count())) + 2;
    PatchTarget {
        path: companion.path.clone(),
        start,
        end: LineColumn { column: start.column + width, ..start },
        old: companion.old.to_string(),
        new: companion.new.to_string(),
    }
}

/// Proves every file that receives strings, and gives its result its place among `results`, which are those of `files`.
pub(super) fn settle(
    files: &[Input],
    results: &mut Results,
    check: impl Fn(&Input, &Module, &[Companion]) -> Result<Option<Checked>, Problem> + Sync,
) {
    let find = |path: &str| files.binary_search_by(|file| file.path.as_str().cmp(path)).ok();
    loop {
        let mut received: BTreeMap<usize, Vec<Companion>> = BTreeMap::new();
        let mut senders: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (sender, result) in results.iter().enumerate() {
            let Ok(Some(checked)) = result else { continue };
            for companion in &checked.companions {
                let Some(receiver) = find(&companion.path) else { continue };
                received.entry(receiver).or_default().push(companion.clone());
                senders.entry(receiver).or_default().insert(sender);
            }
        }
        let proved: Vec<(usize, Result<Checked, Problem>)> = received
            .into_par_iter()
            .map(|(receiver, strings)| match results[receiver].as_ref().map(|checked| checked.as_ref()) {
                // What could not be proved before, or was held back, does not change now.
                Ok(Some(Checked { problem: Some(problem), .. })) | Err(problem) => (receiver, Err(problem.clone())),
                _ => (receiver, prove(&files[receiver], &strings, &check)),
            })
            .collect();
        let failed: Vec<(usize, Problem)> =
            proved.iter().filter_map(|(receiver, result)| Some((*receiver, result.as_ref().err()?.clone()))).collect();
        if failed.is_empty() {
            for (receiver, checked) in proved.into_iter().filter_map(|(at, checked)| Some((at, checked.ok()?))) {
                results[receiver] = Ok(Some(checked));
            }
            return;
        }
        for (receiver, problem) in failed {
            for sender in senders.remove(&receiver).unwrap_or_default() {
                if let Ok(Some(checked)) = &mut results[sender] {
                    checked.withdraw(&problem);
                }
            }
        }
    }
}

fn prove(
    file: &Input,
    strings: &[Companion],
    check: &impl Fn(&Input, &Module, &[Companion]) -> Result<Option<Checked>, Problem>,
) -> Result<Checked, Problem> {
    let lost = |message: &str| Problem {
        path: file.path.clone(),
        place: None,
        code: "self-check-failed",
        message: format!(
            "{message}; the file stays as it is. This is a bug in hotcold: please report it with the file"
        ),
    };
    let module =
        python::parse(file.text.clone()).map_err(|_| lost("its patch targets were found, but cannot be read"))?;
    let checked = check(file, &module, strings)?.ok_or_else(|| lost("its patch targets were lost"))?;
    match checked.problem {
        Some(problem) => Err(problem),
        None => Ok(checked),
    }
}

impl Checked {
    /// Nothing of the file changes, because a file that would change along with it cannot be proved.
    fn withdraw(&mut self, problem: &Problem) {
        self.file.findings.clear();
        self.file.rewrite = None;
        self.companions.clear();
        self.fates.clear();
        self.statistics.cold_moved = 0;
        self.statistics.hot_moved = 0;
        self.statistics.comments_changed = 0;
        self.statistics.files_changed = 0;
        self.statistics.patch_targets_changed = 0;
        let message =
            format!("stays as it is, because `{}` would have to change with it: {}", problem.path, problem.message);
        self.problem = Some(Problem { path: self.file.path.clone(), message, ..problem.clone() });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::outcome::{FileOutcome, Statistics};
    use crate::text::span;

    fn input(path: &str) -> Input {
        let config = Arc::new(Config::default());
        Input { path: path.to_owned(), text: "patch('app.b.c')\n".to_owned(), selected: true, rewritable: true, config }
    }

    fn checked(path: &str, companions: Vec<Companion>) -> Checked {
        let file = FileOutcome {
            path: path.to_owned(),
            findings: Vec::new(),
            refusals: Vec::new(),
            rewrite: None,
            standings: Vec::new(),
        };
        let statistics = Statistics { cold_moved: 1, patch_targets_changed: companions.len(), ..Statistics::default() };
        Checked { file, problem: None, statistics, fates: Vec::new(), companions }
    }

    fn companion(path: &str) -> Companion {
        let place = LineColumn { line: 1, column: 7 };
        Companion { path: path.to_owned(), content: span(7, 14), place, old: "app.b.c".into(), new: "b.c".into() }
    }

    #[test]
    fn a_file_that_cannot_be_proved_holds_back_every_move_that_needs_it() {
        let files = ["app.py", "other.py", "test_a.py", "test_b.py"].map(input);
        let mut results = [
            Ok(Some(checked("app.py", vec![companion("test_a.py"), companion("test_b.py")]))),
            Ok(Some(checked("other.py", vec![companion("test_b.py")]))),
            Ok(None),
            Ok(None),
        ];
        settle(&files, &mut results, |file, _, strings| {
            if file.path == "test_a.py" {
                let message = "cannot be proved".to_owned();
                return Err(Problem { path: file.path.clone(), place: None, code: "self-check-failed", message });
            }
            Ok(Some(checked(&file.path, strings.to_vec())))
        });
        let [app, other, first, second] = results.map(|result| result.expect("no problem of the file itself"));
        let app = app.expect("it is there");
        assert_eq!((app.companions.len(), app.statistics.cold_moved, app.statistics.patch_targets_changed), (0, 0, 0));
        let message = app.problem.expect("the run says so").message;
        assert_eq!(message, "stays as it is, because `test_a.py` would have to change with it: cannot be proved");
        assert_eq!(other.expect("it is there").companions.len(), 1);
        assert!(first.is_none(), "test_a.py changed");
        assert_eq!(second.expect("it is there").companions, [companion("test_b.py")]);
    }
}
