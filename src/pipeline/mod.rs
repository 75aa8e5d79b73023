//! The whole program as one function from texts to an outcome. Reads no disk, writes nothing.

mod companions;
mod first;
mod imports;
mod look;
mod outlook;
mod second;
mod standing;
mod start;

mod findings;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::config::Config;
use crate::name::ModuleName;
use crate::outcome::{Outcome, Problem};
use crate::plan::{Declined, Safety};
use crate::project::{FileIndex, Project};
use crate::python::{self, Module};
pub(crate) use first::first_party;
use first::{problem, read};
pub use imports::imported_modules;
pub use look::{Look, look};
pub use outlook::Outlook;
use second::{Around, Checked, check};
pub(crate) use second::{address, opted_out, sections};

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
    /// Packaging settings, by their path: they name entry points.
    pub settings: Vec<(String, String)>,
    /// Modules to consider; empty means all that are configured.
    pub only: &'a [ModuleName],
    /// Changes that stay undone; their paths are relative to the project's root.
    pub declined: Declined<'a>,
    /// What moves may rest on.
    pub safety: Safety,
    pub extent: Extent,
    pub filter: Filter,
    /// Called after each file of either pass, with the number of steps done and of all.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Which files are not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Those that cannot matter to the run. A fault in the syntax of one of them is not told.
    Irrelevant,
    Nothing,
}

/// What a run tells of start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Nothing: only the moves matter.
    Moves,
    /// What each entry takes before and after the moves, and what stays.
    Startup,
    /// Also which imports would take off what stays.
    Plan,
    /// Nothing of start-up; how each judged import stands in the code.
    Review,
}

/// Checks every selected file, with the whole project in sight. The result depends on the inputs alone, not on the
/// number of threads.
pub fn run(inputs: Inputs<'_>) -> Outcome {
    let mut files = inputs.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let steps = files.len() * 2;
    let done = AtomicUsize::new(0);
    let step = || (inputs.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, steps);

    let read = first::read_all(&mut files, inputs.filter, inputs.extent, &step);
    let (indexes, trees): (Vec<Option<FileIndex>>, Vec<_>) =
        read.into_iter().map(|read| (read.index, read.tree)).unzip();
    let first_party = first_party(&files);
    let project = Project::new(indexes.into_iter().flatten().collect()).naming(first::entry_points(&inputs.settings));
    let survey = start::survey(&project, &mut files);
    let sections = second::sections(&files, &first_party);
    let around = Around {
        project: &project,
        sections: &sections,
        only: inputs.only,
        declined: inputs.declined,
        safety: inputs.safety,
        extent: inputs.extent,
    };

    let judged: Vec<_> = files
        .par_iter()
        .zip(trees)
        .map(|(file, tree)| {
            let module = tree.and_then(|tree| tree.module(file));
            let parsed = module.as_ref().ok().and_then(Option::as_ref);
            let answers = start::answers(inputs.extent, inputs.safety, file, parsed, &project, &survey);
            let result = module.and_then(|module| match module {
                Some(module) => check(file, &module, &around, &[]),
                None => Ok(None),
            });
            step();
            (result, answers)
        })
        .collect();
    let (mut results, answered): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
    companions::settle(&files, &mut results, |input, module, companions| check(input, module, &around, companions));
    let mut outcome = Outcome::default();
    let mut fates = Vec::new();
    let answers: Vec<_> = answered.into_iter().flatten().collect();
    for (file, result) in files.iter().zip(results) {
        if file.selected {
            outcome.statistics.files += 1;
        }
        match result {
            Ok(Some(mut checked)) => {
                fates.append(&mut checked.fates);
                collect(&mut outcome, checked);
            }
            Ok(None) => {}
            Err(problem) if file.selected => outcome.problems.push(problem),
            Err(_) => {}
        }
    }
    if matches!(inputs.extent, Extent::Startup | Extent::Plan) {
        start::report(survey, &project, &files, inputs.extent, &fates, &answers, &mut outcome);
    }
    outcome
}

/// A configuration of some of the files with what the project's modules load.
pub fn with_loaded(mut files: Vec<Input>, config: Arc<Config>) -> Arc<Config> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let project = index(&files);
    let own = project.files().find_map(|(id, index)| {
        let at = files.binary_search_by(|file| file.path.cmp(&index.path)).ok()?;
        Arc::ptr_eq(&files[at].config, &config).then_some(id)
    });
    let survey = start::survey(&project, &mut files);
    own.and_then(|id| survey.config(id)).cloned().unwrap_or(config)
}

/// Parses a file, as the Python reads it that it is for.
pub(crate) fn parse(file: &Input) -> Result<Module, Problem> {
    let module = python::parse(file.text.clone()).map_err(|faults| problem(file, &faults))?;
    match module.fault_in(file.config.target_minor()) {
        Some(fault) => Err(problem(file, std::slice::from_ref(fault))),
        None => Ok(module),
    }
}

/// The project of these files, all of which are read.
pub(crate) fn index(files: &[Input]) -> Project {
    let known = first::last_names(files);
    let room = AtomicUsize::new(0);
    Project::new(files.par_iter().filter_map(|file| read(file, &known, &room).0.index).collect())
}

fn collect(outcome: &mut Outcome, checked: Checked) {
    let Checked { file, problem, statistics, .. } = checked;
    outcome.problems.extend(problem);
    outcome.statistics.add(&statistics);
    if !file.findings.is_empty() || !file.refusals.is_empty() || file.rewrite.is_some() || !file.standings.is_empty() {
        outcome.files.push(file);
    }
}
