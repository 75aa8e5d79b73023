//! Start-up within a run: which configuration each file has, the questions that `--plan` asks in the second pass, and what
//! is told at the end.

use std::sync::Arc;

use super::first::is_excluded;
use super::second::opted_out;
use super::{Extent, Input};
use crate::config::Config;
use crate::outcome::Outcome;
use crate::plan::{self, Safety};
use crate::project::{FileId, Project};
use crate::python::Module;
use crate::startup::{Answer, Fate, FindingNote, Known, Survey, ask};

/// Looks at the project as it stands, and tells each file what its modules load.
pub(super) fn survey<'p>(project: &'p Project, files: &mut [Input]) -> Survey<'p> {
    let configs: Vec<Arc<Config>> =
        project.files().filter_map(|(_, file)| Some(Arc::clone(&input(files, &file.path)?.config))).collect();
    let survey = Survey::new(project, &configs);
    for file in files.iter_mut() {
        if let Some(config) = project.find(&file.path).and_then(|id| survey.config(id)) {
            file.config = Arc::clone(config);
        }
    }
    survey
}

/// Whether imports of the file could move that nobody wants to move, as far as that matters.
pub(super) fn answers(
    extent: Extent,
    safety: Safety,
    file: &Input,
    module: Option<&Module>,
    project: &Project,
    survey: &Survey<'_>,
) -> Vec<Answer> {
    let may_change = extent == Extent::Plan && file.selected && file.rewritable && !plan::is_test_file(&file.path);
    let Some(id) = project.find(&file.path).filter(|_| may_change) else { return Vec::new() };
    let questions = survey.questions(id);
    if questions.is_empty() {
        return Vec::new();
    }
    // The first pass keeps only files that import a configured module.
    let parsed = if module.is_none() { super::parse(file).ok() } else { None };
    match module.or(parsed.as_ref()) {
        Some(module) if !opted_out(module) => ask(module, project, id, &file.config, safety, &questions),
        _ => Vec::new(),
    }
}

/// Tells what the moves bring, in the outcome and on its findings.
pub(super) fn report(
    survey: Survey<'_>,
    project: &Project,
    files: &[Input],
    extent: Extent,
    fates: &[Fate],
    answers: &[Answer],
    outcome: &mut Outcome,
) {
    let of = |id: FileId| input(files, &project.file(id).path);
    let is_excluded = |id: FileId| of(id).is_some_and(is_excluded);
    let line = |id: FileId, line: u32| {
        let text = of(id).and_then(|file| file.text.lines().nth(line.saturating_sub(1) as usize));
        text.unwrap_or_default().trim().to_owned()
    };
    let known = Known {
        fates,
        answers: (extent == Extent::Plan).then_some(answers),
        is_selected: &|id| of(id).is_some_and(|file| file.selected),
        is_excluded: &is_excluded,
        line: &line,
    };
    let (startup, notes) = survey.report(&known);
    outcome.startup = startup;
    for note in notes {
        attach(outcome, note);
    }
}

fn attach(outcome: &mut Outcome, note: FindingNote) {
    let Ok(at) = outcome.files.binary_search_by(|file| file.path.as_str().cmp(&note.path)) else { return };
    let findings = outcome.files[at].findings.iter_mut();
    if let Some(finding) = findings.into_iter().find(|found| found.start == note.start && found.module == note.key) {
        finding.notes.push(note.text);
    }
}

fn input<'f>(files: &'f [Input], path: &str) -> Option<&'f Input> {
    files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &files[at])
}
