//! Asks the planner whether imports that nobody wants to move could: each module as if it were pinned to functions.

use std::collections::{BTreeMap, BTreeSet};

use super::fate::End;
use crate::config::Config;
use crate::evidence::Pin;
use crate::name::ModuleName;
use crate::plan::{self, Facts, File, Level, NOTHING_DECLINED, Plan, Safety, Subject};
use crate::project::{FileId, Project};
use crate::python::Module;
use crate::semantic::Model;
use crate::text::LineColumn;

/// Whether the import of `module` by the statement at `place` could move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub file: FileId,
    pub place: LineColumn,
    pub module: ModuleName,
    /// The name to pin it by.
    pub key: ModuleName,
}

/// What became of the import in a plan with its module pinned.
#[derive(Debug, Clone)]
pub struct Answer {
    pub question: Question,
    pub end: End,
}

/// The answers about one file. Questions about modules that the pin does not reach have none.
pub fn ask(
    module: &Module,
    project: &Project,
    id: FileId,
    config: &Config,
    safety: Safety,
    questions: &[Question],
) -> Vec<Answer> {
    let mut by_key: BTreeMap<&ModuleName, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        by_key.entry(&question.key).or_default().push(question);
    }
    let model = Model::new(module);
    let facts = Facts::new(module, &model);
    let all = pinned(config, by_key.keys().copied());
    let mut file =
        File { module, model: &model, project, id, config: &all, only: &[], declined: NOTHING_DECLINED, safety, facts };
    // All at once first: what moves then, and binds a name that no other import binds, moves alone as well.
    let mut answers = Vec::new();
    let mut left = Vec::new();
    {
        let plan = plan::plan(&file);
        let bound = bound_once(&file);
        for (key, questions) in by_key {
            let moves = |subject: &Subject| moves(&plan, subject) && bound.contains(subject.bound.as_str());
            let own: Vec<&Subject> = subjects(&plan, key).collect();
            if !own.is_empty() && own.into_iter().all(moves) {
                answers.extend(questions.iter().filter_map(|question| answer(&file, &plan, question)));
            } else {
                left.push((key, questions));
            }
        }
    }
    let configs: Vec<Config> = left.iter().map(|(key, _)| pinned(config, [*key])).collect();
    for ((_, questions), config) in left.into_iter().zip(&configs) {
        file.config = config;
        let plan = plan::plan(&file);
        answers.extend(questions.iter().filter_map(|question| answer(&file, &plan, question)));
    }
    answers
}

fn pinned<'n>(config: &Config, modules: impl IntoIterator<Item = &'n ModuleName>) -> Config {
    let mut config = config.clone();
    for module in modules {
        config.modules.entry(module.clone()).or_default().pin = Some(Pin::Function);
    }
    config
}

/// Names that one import of the module's body binds.
fn bound_once<'f>(file: &'f File<'_>) -> BTreeSet<&'f str> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let at_module = file.model.imports().iter().filter(|site| site.scope == file.model.module_scope());
    for alias in at_module.flat_map(|site| &site.import.aliases) {
        *count.entry(alias.bound()).or_default() += 1;
    }
    count.into_iter().filter(|(_, count)| *count == 1).map(|(name, _)| name).collect()
}

fn subjects<'p>(plan: &'p Plan<'_>, key: &'p ModuleName) -> impl Iterator<Item = &'p Subject> {
    plan.subjects.iter().filter(move |subject| subject.key == *key && subject.level == Level::Module)
}

fn is_same(a: &Subject, b: &Subject) -> bool {
    (a.site, a.alias) == (b.site, b.alias)
}

fn moves(plan: &Plan<'_>, subject: &Subject) -> bool {
    plan.moves.iter().any(|planned| is_same(planned.subject(), subject))
}

fn answer(file: &File<'_>, plan: &Plan<'_>, question: &Question) -> Option<Answer> {
    let place = |subject: &Subject| file.module.line_column(file.site(subject).stmt.span.start());
    let subject = subjects(plan, &question.key).find(|subject| place(subject) == question.place)?;
    let end = if moves(plan, subject) {
        End::Leaves
    } else {
        let refused = plan.refused.iter().find(|(other, _)| is_same(other, subject));
        refused.map_or(End::Kept, |(_, refusal)| End::Refused(refusal.code))
    };
    Some(Answer { question: question.clone(), end })
}
