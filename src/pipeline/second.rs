//! The second pass over a file: plan it with the whole project in sight, and prove what would be written.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::{Extent, Input, companions, findings, standing};
use crate::config::{Config, TypeHints};
use crate::edit;
use crate::name::ModuleName;
use crate::outcome::{FileOutcome, Problem, Statistics};
use crate::plan::{self, Code, Companion, Declined, Facts, File, Level, Plan, Safety};
use crate::policy;
use crate::project::Project;
use crate::python::Module;
use crate::semantic::Model;
use crate::sort::Sections;
use crate::startup::{self, Fate};
use crate::text::Edit;
use crate::verify;

/// What is the same for all files of a run.
pub(super) struct Around<'a> {
    pub(super) project: &'a Project,
    /// By the address of the configuration.
    pub(super) sections: &'a HashMap<usize, Sections>,
    pub(super) only: &'a [ModuleName],
    pub(super) declined: Declined<'a>,
    pub(super) safety: Safety,
    pub(super) extent: Extent,
}

/// One file's part of the outcome.
pub(super) struct Checked {
    pub(super) file: FileOutcome,
    pub(super) problem: Option<Problem>,
    pub(super) statistics: Statistics,
    pub(super) fates: Vec<Fate>,
    /// What changes in other files along with its moves.
    pub(super) companions: Vec<Companion>,
}

pub(super) fn check(
    input: &Input,
    module: &Module,
    around: &Around<'_>,
    strings: &[Companion],
) -> Result<Option<Checked>, Problem> {
    if opted_out(module) {
        return Ok(None);
    }
    let Around { project, sections, only, declined, safety, extent } = *around;
    let Some(id) = project.find(&input.path) else { return Ok(None) };
    let model = Model::new(module);
    let facts = Facts::new(module, &model);
    let file = File { module, model: &model, project, id, config: &input.config, only, declined, safety, facts };
    let plan = plan::plan(&file);
    let standings = if extent == Extent::Review { standing::standings(&file, &plan) } else { Vec::new() };
    if plan.subjects.is_empty() && strings.is_empty() && standings.is_empty() {
        return Ok(None);
    }
    let sections = &sections[&address(&input.config)];
    let (rewrite, problem) = match rewrite(&file, &plan, sections, strings) {
        Ok(rewrite) => (rewrite, None),
        Err(violation) => {
            let message = format!(
                "{violation}; the file stays as it is. This is a bug in hotcold: please report it with the file"
            );
            let code = "self-check-failed";
            (None, Some(Problem { path: input.path.clone(), place: None, code, message }))
        }
    };
    let failed = problem.is_some();
    let companions = if failed { Vec::new() } else { companions::of(&plan) };
    let statistics =
        Statistics { patch_targets_changed: companions.len(), ..statistics(&plan, rewrite.is_some(), failed) };
    let findings = if failed { Vec::new() } else { findings::findings(&file, &plan) };
    let fates = if failed { Vec::new() } else { startup::fates(&file, &plan) };
    let refusals = plan.refused.iter().map(|(subject, refusal)| findings::note(&file, subject, refusal)).collect();
    let file = FileOutcome { path: input.path.clone(), findings, refusals, rewrite, standings };
    Ok(Some(Checked { file, problem, statistics, fates, companions }))
}

/// `# hotcold: skip-file`
pub(crate) fn opted_out(module: &Module) -> bool {
    let text = module.text();
    text.contains("hotcold:")
        && module.comments().iter().any(|comment| plan::directive(&text[*comment]) == Some("skip-file"))
}

/// What isort takes for first-party under each configuration: what it names itself, and `names`.
pub(crate) fn sections(files: &[Input], names: &BTreeSet<SmolStr>) -> HashMap<usize, Sections> {
    let mut sections = HashMap::default();
    for config in files.iter().map(|file| &file.config) {
        sections.entry(address(config)).or_insert_with(|| {
            let mut first_party = names.clone();
            first_party.extend(config.known_first_party.iter().map(SmolStr::new));
            Sections { minor: config.target_minor(), first_party }
        });
    }
    sections
}

/// Configurations are shared by the files of a folder; those of two folders are two, equal or not.
pub(crate) fn address(config: &Arc<Config>) -> usize {
    Arc::as_ptr(config).addr()
}

fn rewrite(
    file: &File<'_>,
    plan: &Plan<'_>,
    sections: &Sections,
    strings: &[Companion],
) -> Result<Option<verify::Rewrite>, verify::Violation> {
    if plan.changes_nothing() && strings.is_empty() {
        return Ok(None);
    }
    let new = strings.iter().map(|string| Edit::replace(string.content, string.new.as_str()));
    let edits = edit::lower(file, plan, sections).and_then(|edits| edits.with(new));
    let after = edits.map_err(|conflict| verify::Violation::Fault(conflict.to_string()))?.apply(file.module.text());
    let literals = verify::Literals { companions: strings, project: file.project };
    let allowed = verify::Allowed {
        deferred_annotations: file.config.target_minor() >= 14,
        future_import: file.safety == Safety::Unsafe && file.config.type_hints == TypeHints::Future,
    };
    let (path, index) = (&file.index().path, file.index());
    let proved = verify::prove_with(path, file.model, index, literals, allowed, after, |module, model| {
        let facts = Facts::new(module, model);
        let again = File { module, model, facts, ..*file };
        plan::plan(&again).changes_nothing()
    })?;
    Ok(Some(proved))
}

fn statistics(plan: &Plan<'_>, changed: bool, failed: bool) -> Statistics {
    let mut statistics = Statistics { files_changed: usize::from(changed), ..Statistics::default() };
    for subject in &plan.subjects {
        let verdict = &subject.verdict;
        let place = match verdict.place {
            policy::Place::Module => "module",
            policy::Place::Function => "function",
            policy::Place::Leave => "leave",
        };
        *statistics.verdicts.entry(format!("{place}: {}", verdict.reason)).or_default() += 1;
        match (subject.level, verdict.place) {
            (Level::Module, policy::Place::Function) => statistics.cold_imports += 1,
            (Level::Function, policy::Place::Module) => statistics.hot_imports += 1,
            _ => {}
        }
    }
    if !failed {
        for planned in &plan.moves {
            match planned.subject().level {
                Level::Module => statistics.cold_moved += 1,
                Level::Function => statistics.hot_moved += 1,
            }
        }
        statistics.comments_changed = plan.comments.len();
    }
    for (_, refusal) in &plan.refused {
        *statistics.refusals.entry(refusal.code.name().to_owned()).or_default() += 1;
        statistics.held_back += usize::from(refusal.code == Code::HeldBack);
    }
    statistics
}
