//! From verdicts to moves: for every import of a configured module, what is wanted, and a [`Move`] or a [`Refusal`].
//! Pure. It edits no text: `edit` does, and `verify` proves the result without trusting this.

mod facts;
mod hoist;
mod known;
mod refusal;
mod sink;
mod submodules;

use std::collections::BTreeSet;
use std::rc::Rc;

use smol_str::SmolStr;

use crate::config::Config;
use crate::name::ModuleName;
use crate::policy::{self, Verdict};
use crate::project::{FileId, FileIndex, ImportTarget, Project, from_module, is_type_checking, targets};
use crate::python::{Block, ImportForm, Module, StmtKind};
use crate::semantic::{Guard, ImportSite, Model, ScopeNode};
use crate::text::{LineColumn, Span, TextSize};

pub use facts::{Facts, directive};
pub use refusal::{At, Code, Place, Refusal};

/// What planning reads: one file, its meaning, its project, its configuration.
pub struct File<'a> {
    pub module: &'a Module,
    pub model: &'a Model<'a>,
    pub project: &'a Project,
    pub id: FileId,
    pub config: &'a Config,
    /// Modules to consider; empty means all that are configured.
    pub only: &'a [ModuleName],
    pub facts: Facts<'a>,
}

/// One alias of an import statement whose module has a verdict.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Position in [`Model::imports`], and of the alias in the statement; for a star import the alias is 0.
    pub site: usize,
    pub alias: usize,
    pub target: ImportTarget,
    pub bound: SmolStr,
    /// The configured module that covers it.
    pub key: ModuleName,
    pub verdict: Rc<Verdict>,
    pub level: Level,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Module,
    Function,
}

/// A change of place that is safe under the stated assumptions. Made only here.
#[derive(Debug, Clone)]
pub struct Move<'m> {
    subject: Subject,
    to: Destination<'m>,
    companions: Vec<Companion>,
}

/// A string in another file that a patch goes through the moved name by, and what it becomes with the move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    pub path: String,
    /// Between the quotes.
    pub content: Span,
    pub place: LineColumn,
    pub old: SmolStr,
    pub new: SmolStr,
}

#[derive(Debug, Clone)]
pub enum Destination<'m> {
    /// Module to functions.
    Functions(Functions<'m>),
    /// Function to module.
    Module(Anchor),
    /// Function to module, where the same import stands already.
    Present,
}

/// The blocks that receive a sunk import. Never empty.
#[derive(Debug, Clone)]
pub struct Functions<'m> {
    first: &'m Block,
    rest: Vec<&'m Block>,
}

impl<'m> Functions<'m> {
    pub fn new(blocks: Vec<&'m Block>) -> Option<Functions<'m>> {
        let mut blocks = blocks.into_iter();
        Some(Functions { first: blocks.next()?, rest: blocks.collect() })
    }

    pub fn iter(&self) -> impl Iterator<Item = &'m Block> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }
}

/// Where in the module's body a hoisted import goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// Into the run of imports that begins with this statement of the module's body.
    Block(usize),
    /// No run of imports yet: before this statement of the module's body.
    Before(usize),
}

impl<'m> Move<'m> {
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    pub fn to(&self) -> &Destination<'m> {
        &self.to
    }

    /// What changes in other files along with it, in the order of their paths.
    pub fn companions(&self) -> &[Companion] {
        &self.companions
    }
}

/// A change of an exception comment.
#[derive(Debug, Clone)]
pub struct CommentChange {
    pub subject: Subject,
    /// Without its `#`; `None` removes the standard comment.
    pub comment: Option<String>,
}

/// What is to be done with one file.
#[derive(Debug, Default)]
pub struct Plan<'m> {
    pub subjects: Vec<Subject>,
    pub moves: Vec<Move<'m>>,
    pub refused: Vec<(Subject, Refusal)>,
    pub comments: Vec<CommentChange>,
}

impl<'m> Plan<'m> {
    pub fn changes_nothing(&self) -> bool {
        self.moves.is_empty() && self.comments.is_empty()
    }
}

/// Plans one file.
pub fn plan<'a>(file: &'a File<'a>) -> Plan<'a> {
    let mut plan = Plan { subjects: subjects(file), ..Plan::default() };
    let (cold, other): (Vec<&Subject>, Vec<&Subject>) = plan
        .subjects
        .iter()
        .partition(|subject| subject.level == Level::Module && subject.verdict.place == policy::Place::Function);
    let mut moves = Vec::new();
    let mut refused = Vec::new();
    sink::plan(file, &cold, &mut moves, &mut refused);
    let hot = other
        .iter()
        .filter(|subject| subject.level == Level::Function && subject.verdict.place == policy::Place::Module);
    let mut answers = hoist::Answers::default();
    for subject in hot {
        match hoist::plan(file, subject, &mut answers) {
            Ok(to) => moves.push(Move { subject: (*subject).clone(), to, companions: Vec::new() }),
            Err(Some(refusal)) => refused.push(((*subject).clone(), refusal)),
            Err(None) => {}
        }
    }
    let moved: BTreeSet<(usize, usize)> = moves.iter().map(|m| (m.subject.site, m.subject.alias)).collect();
    plan.comments = comments(file, &plan.subjects, &moved);
    plan.moves = moves;
    plan.refused = refused;
    plan
}

/// Every import that the configuration says something about, in the order of the text.
fn subjects(file: &File<'_>) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let index = file.index();
    for (number, site) in file.model.imports().iter().enumerate() {
        if site.import.is_future() || site.import.lazy || file.is_typing_only(site) {
            continue;
        }
        let level = match file.model.enclosing_function(site.scope) {
            Some(_) => Level::Function,
            None => Level::Module,
        };
        if site.import.is_star() {
            let Some(module) = from_module(site.import, &index.name, index.is_package) else { continue };
            let target = ImportTarget { module, member: None };
            subjects.extend(file.subject(number, 0, target, SmolStr::new("*"), level));
        }
        for (position, alias) in site.import.aliases.iter().enumerate() {
            let Some(target) = targets(site.import, alias, &index.name, index.is_package) else { continue };
            subjects.extend(file.subject(number, position, target, SmolStr::new(alias.bound()), level));
        }
    }
    subjects
}

/// The comments that are missing, outdated or no longer true.
fn comments(file: &File<'_>, subjects: &[Subject], moved: &BTreeSet<(usize, usize)>) -> Vec<CommentChange> {
    if !file.config.exception_comments {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for subject in subjects {
        if subject.level == Level::Function || moved.contains(&(subject.site, subject.alias)) {
            continue;
        }
        let site = file.site(subject);
        if file.facts.is_kept(site.stmt)
            || !file.facts.ends_its_line(site.stmt)
            || !file.facts.begins_its_line(site.stmt)
        {
            continue;
        }
        let wanted = policy::exception_comment(&subject.verdict);
        let present = file.facts.exception_comments(site.stmt);
        let alone = site.import.aliases.len() <= 1 || matches!(site.import.form, ImportForm::From { .. });
        let right = match (&wanted, present.as_slice()) {
            (None, []) => true,
            (Some(wanted), [one]) => alone && one == wanted,
            _ => false,
        };
        if !right && (wanted.is_some() || alone) {
            changes.push(CommentChange { subject: subject.clone(), comment: wanted });
        }
    }
    changes
}

impl<'a> File<'a> {
    pub fn index(&self) -> &'a FileIndex {
        self.project.file(self.id)
    }

    pub fn site(&self, subject: &Subject) -> &'a ImportSite<'a> {
        &self.model.imports()[subject.site]
    }

    /// The alias's span, or the statement's if it imports only that.
    pub fn span_of(&self, subject: &Subject) -> Span {
        let site = self.site(subject);
        match site.import.aliases.as_slice() {
            [] | [_] => site.stmt.span,
            aliases => aliases[subject.alias].span,
        }
    }

    fn subject(
        &self,
        site: usize,
        alias: usize,
        target: ImportTarget,
        bound: SmolStr,
        level: Level,
    ) -> Option<Subject> {
        let lookup = |name: &ModuleName| self.config.lookup(name).map(|(key, _)| key.clone());
        let key = match &target.member {
            // `from google.cloud import bigquery` may mean the module `google.cloud.bigquery`.
            Some(_) => lookup(&target.dotted()),
            None => lookup(&target.module),
        }?;
        if !self.only.is_empty() && !self.only.iter().any(|only| key.is_within(only) || target.module.is_within(only)) {
            return None;
        }
        let verdict = Rc::new(self.config.verdict(&key));
        // In a class body it runs at import, but it is no statement of the module's body either.
        let in_class = self.is_class_scope(&self.model.imports()[site]);
        let level = if in_class && verdict.place != policy::Place::Function { Level::Function } else { level };
        Some(Subject { site, alias, target, bound, key, verdict, level })
    }

    /// Under `if TYPE_CHECKING:`: it never runs, and costs nothing.
    fn is_typing_only(&self, site: &ImportSite<'_>) -> bool {
        site.guards.iter().any(|guard| is_typing_guard(guard))
    }

    /// Whether the module is part of the project.
    fn is_first_party(&self, target: &ImportTarget) -> bool {
        self.project.files_of(&target.module).next().is_some()
            || self.project.files_of(&target.dotted()).next().is_some()
    }

    /// The comment that the import has at module level, if it is a hot path exception and the user wants comments.
    pub fn exception_comment(&self, subject: &Subject) -> Option<String> {
        if !self.config.exception_comments {
            return None;
        }
        policy::exception_comment(&subject.verdict)
    }

    /// A place in the header of the function that `block` is the body of.
    pub fn header_of_block(&self, block: &Block) -> Option<TextSize> {
        block.colon.and_then(|colon| self.facts.headers.get(&colon)).copied()
    }

    /// How to name a block that receives an import: the function it is the body of.
    pub fn name_of_block(&self, block: &Block) -> String {
        let name = block.colon.and_then(|colon| self.facts.functions.get(&colon));
        name.map_or_else(|| "the `__main__` guard".to_owned(), |name| format!("`{name}`"))
    }

    fn is_class_scope(&self, site: &ImportSite<'_>) -> bool {
        matches!(self.model.scope(site.scope).node, ScopeNode::Class(_))
    }
}

fn is_typing_guard(guard: &Guard<'_>) -> bool {
    use crate::semantic::Arm;
    match (&guard.stmt.kind, guard.arm) {
        (StmtKind::If { arms, .. }, Arm::If(number)) => arms.get(number).is_some_and(|arm| is_type_checking(&arm.test)),
        _ => false,
    }
}
