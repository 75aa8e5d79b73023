//! The whole program as one function from texts to an outcome. Reads no disk, writes nothing.

mod first;
mod second;

mod findings;

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use smol_str::SmolStr;

use crate::config::Config;
use crate::name::ModuleName;
use crate::outcome::{Outcome, Problem};
use crate::plan::Safety;
use crate::project::{FileIndex, Project, module_of_path};
use first::{Read, first_party, read};
use second::{Checked, check};

/// One file of the project.
#[derive(Debug, Clone)]
pub struct Input {
    /// Relative to the project's root, with `/`.
    pub path: String,
    pub text: String,
    /// Named by the user, directly or through a folder.
    pub selected: bool,
    /// Stubs, scripts and generated files are read only.
    pub rewritable: bool,
    pub config: Arc<Config>,
}

/// What a run needs to know.
pub struct Inputs<'a> {
    pub files: Vec<Input>,
    /// Modules to consider; empty means all that are configured.
    pub only: &'a [ModuleName],
    /// What moves may rest on.
    pub safety: Safety,
    /// Called after each file of either pass, with the number of steps done and of all.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Checks every selected file, with the whole project in sight. The result depends on the inputs alone, not on the
/// number of threads.
pub fn run(inputs: Inputs<'_>) -> Outcome {
    let mut files = inputs.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let known: HashSet<SmolStr> =
        files.iter().filter_map(|file| module_of_path(&file.path)).map(|(name, _)| SmolStr::new(name.last())).collect();
    let steps = files.len() * 2;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let step = || (inputs.progress)(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, steps);

    let read: Vec<Read> = files
        .par_iter()
        .map(|file| {
            let read = read(file, &known);
            step();
            read
        })
        .collect();
    let (indexes, modules): (Vec<Option<FileIndex>>, Vec<_>) =
        read.into_iter().map(|read| (read.index, read.module)).unzip();
    let first_party = first_party(&files);
    let project = Project::new(indexes.into_iter().flatten().collect());

    let results: Vec<Result<Option<Checked>, Problem>> = files
        .par_iter()
        .zip(modules)
        .map(|(file, module)| {
            let result = module.and_then(|module| match module {
                Some(module) => check(file, &module, &project, &first_party, inputs.only, inputs.safety),
                None => Ok(None),
            });
            step();
            result
        })
        .collect();
    let mut outcome = Outcome::default();
    for (file, result) in files.iter().zip(results) {
        if file.selected {
            outcome.statistics.files += 1;
        }
        match result {
            Ok(Some(checked)) => collect(&mut outcome, checked),
            Ok(None) => {}
            Err(problem) if file.selected => outcome.problems.push(problem),
            Err(_) => {}
        }
    }
    outcome
}

fn collect(outcome: &mut Outcome, checked: Checked) {
    let Checked { file, problem, statistics } = checked;
    outcome.problems.extend(problem);
    outcome.statistics.add(&statistics);
    if !file.findings.is_empty() || !file.refusals.is_empty() || file.rewrite.is_some() {
        outcome.files.push(file);
    }
}
