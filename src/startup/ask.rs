//! Asks the planner whether imports that nobody wants to move could: each module as if it were pinned to functions.

use std::collections::BTreeMap;

use super::fate::End;
use crate::config::Config;
use crate::evidence::{ModuleEvidence, Pin};
use crate::name::ModuleName;
use crate::plan::{self, Facts, File, Level};
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
pub fn ask(module: &Module, project: &Project, id: FileId, config: &Config, questions: &[Question]) -> Vec<Answer> {
    let mut by_module: BTreeMap<&ModuleName, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        by_module.entry(&question.key).or_default().push(question);
    }
    let model = Model::new(module);
    let facts = Facts::new(module, &model);
    let configs: Vec<Config> = by_module.keys().map(|pinned| with_pin(config, pinned)).collect();
    let mut file = File { module, model: &model, project, id, config, only: &[], facts };
    let mut answers = Vec::new();
    for ((pinned, questions), config) in by_module.into_iter().zip(&configs) {
        file.config = config;
        answers.extend(answers_for(&file, pinned, &questions));
    }
    answers
}

fn with_pin(config: &Config, module: &ModuleName) -> Config {
    let mut config = config.clone();
    let evidence: &mut ModuleEvidence = config.modules.entry(module.clone()).or_default();
    evidence.pin = Some(Pin::Function);
    config
}

fn answers_for(file: &File<'_>, pinned: &ModuleName, questions: &[&Question]) -> Vec<Answer> {
    let plan = plan::plan(file);
    let place = |site: usize| file.module.line_column(file.model.imports()[site].stmt.span.start());
    let mut answers = Vec::new();
    for question in questions {
        let mut asked = plan.subjects.iter().filter(|subject| {
            subject.key == *pinned && subject.level == Level::Module && place(subject.site) == question.place
        });
        let Some(subject) = asked.next() else { continue };
        let same = |other: &plan::Subject| (other.site, other.alias) == (subject.site, subject.alias);
        let end = if plan.moves.iter().any(|planned| same(planned.subject())) {
            End::Leaves
        } else {
            let refused = plan.refused.iter().find(|(other, _)| same(other));
            refused.map_or(End::Kept, |(_, refusal)| End::Refused(refusal.code))
        };
        answers.push(Answer { question: (*question).clone(), end });
    }
    answers
}
