//! What became of each import that the configuration says something about, in the terms of start-up.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::name::ModuleName;
use crate::plan::{Code, Destination, File, Level, Plan, Subject};
use crate::policy::Place;
use crate::project::{FileId, ImportTarget};
use crate::text::LineColumn;

/// One name of an import statement, and what became of it.
#[derive(Debug, Clone)]
pub struct Fate {
    pub file: FileId,
    /// The start of the statement.
    pub place: LineColumn,
    /// The start of what a finding about it underlines.
    pub named_at: LineColumn,
    pub target: ImportTarget,
    /// The configured module that covers it.
    pub key: ModuleName,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// From module level into functions.
    Leaves,
    /// From a function to module level.
    Arrives,
    /// Cold, and stays at module level.
    Refused(Code),
    /// Cold, and kept at module level by a comment.
    Kept,
}

/// The fates of a file's imports, if the plan was carried out.
pub fn fates(file: &File<'_>, plan: &Plan<'_>) -> Vec<Fate> {
    let mut fates = Vec::new();
    for planned in &plan.moves {
        let end = match planned.to() {
            Destination::Functions(_) | Destination::Hints => End::Leaves,
            Destination::Module(_) => End::Arrives,
            Destination::Present => continue,
        };
        fates.push(fate(file, planned.subject(), end));
    }
    let number = |subject: &Subject| (subject.site, subject.alias);
    let moves: HashSet<(usize, usize)> = plan.moves.iter().map(|planned| number(planned.subject())).collect();
    // The first reason is the one that is told.
    let mut refused: HashMap<(usize, usize), Code> = HashMap::default();
    for (subject, refusal) in &plan.refused {
        refused.entry(number(subject)).or_insert(refusal.code);
    }
    let cold = |subject: &&Subject| subject.level == Level::Module && subject.verdict.place == Place::Function;
    for subject in plan.subjects.iter().filter(cold) {
        if !moves.contains(&number(subject)) {
            let end = refused.get(&number(subject)).map_or(End::Kept, |code| End::Refused(*code));
            fates.push(fate(file, subject, end));
        }
    }
    fates
}

fn fate(file: &File<'_>, subject: &Subject, end: End) -> Fate {
    Fate {
        file: file.id,
        place: file.module.line_column(file.site(subject).stmt.span.start()),
        named_at: file.module.line_column(file.span_of(subject).start()),
        target: subject.target.clone(),
        key: subject.key.clone(),
        end,
    }
}
