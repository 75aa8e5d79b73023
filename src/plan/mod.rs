//! From verdicts to moves: for every import of a configured module, what is wanted, and a [`Move`] or a [`Refusal`].
//! Pure. It edits no text: `edit` does, and `verify` proves the result without trusting this.

mod facts;
mod hints;
mod hoist;
mod identity;
mod known;
mod logging;
mod memo;
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
use crate::python::{Block, Import, ImportForm, Module, Stmt, StmtKind};
use crate::semantic::{Guard, ImportSite, Model, ScopeNode};
use crate::text::{LineColumn, Span, TextSize};

pub use facts::{Facts, directive};
pub use hints::{Deferral, NewGuard, TypingGuard, deferral};
pub use identity::{Change, Declined, Identity, NOTHING_DECLINED};
pub use known::is_test_file;
pub use logging::cannot_log;
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
    /// Changes that stay undone.
    pub declined: Declined<'a>,
    pub safety: Safety,
    pub facts: Facts<'a>,
}

/// What a move may rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Safety {
    /// One more assumption, which the user must judge (`--unsafe`).
    Unsafe,
    /// Nothing beyond the stated assumptions.
    #[default]
    Safe,
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
    /// The block for type checkers that gets the import too, because annotations name it.
    hints: Option<Hints<'m>>,
    companions: Vec<Companion>,
}

/// What keeps the annotations working that name a sunk import.
#[derive(Debug, Clone)]
pub struct Hints<'m> {
    pub guard: TypingGuard<'m>,
    /// Whether `from __future__ import annotations` has to be added.
    pub future: bool,
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
    Functions(Receivers<'m>),
    /// Nothing needs it when the program runs: only annotations name it.
    Hints,
    /// Function to module.
    Module(Anchor),
    /// Function to module, where the same import stands already.
    Present,
}

/// The blocks that receive a sunk import. Never empty.
#[derive(Debug, Clone)]
pub struct Receivers<'m> {
    first: Receiver<'m>,
    rest: Vec<Receiver<'m>>,
}

/// A block that receives a sunk import.
#[derive(Debug, Clone, Copy)]
pub struct Receiver<'m> {
    /// The body of a function, or the block of the `__main__` guard.
    pub home: &'m Block,
    /// The home itself, or a branch inside it.
    pub block: &'m Block,
}

impl<'m> Receivers<'m> {
    pub fn new(receivers: Vec<Receiver<'m>>) -> Option<Receivers<'m>> {
        let mut receivers = receivers.into_iter();
        Some(Receivers { first: receivers.next()?, rest: receivers.collect() })
    }

    pub fn iter(&self) -> impl Iterator<Item = Receiver<'m>> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Receiver<'m>> {
        std::iter::once(&mut self.first).chain(&mut self.rest)
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

impl Subject {
    /// The module that is meant: `app.reports` for `from app import reports`, if that is the one which is configured.
    pub fn module(&self) -> &ModuleName {
        let is_member = self.target.member.as_deref() == Some(self.key.last());
        if is_member { &self.key } else { &self.target.module }
    }
}

impl<'m> Move<'m> {
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    pub fn to(&self) -> &Destination<'m> {
        &self.to
    }

    pub fn hints(&self) -> Option<&Hints<'m>> {
        self.hints.as_ref()
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
            Ok(to) => {
                moves.push(Move { subject: (*subject).clone(), to, hints: None, companions: Vec::new() });
            }
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
        // Usage logging comes and goes by `hotcold track` alone.
        let is_logging = site.import.tracker_home().is_some();
        if site.import.is_future() || site.import.lazy || is_logging || file.is_typing_only(site) {
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
        if file.facts.is_kept(site.stmt) || !has_its_line(file, site, moved) {
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

/// Whether nothing but a comment stands beside the import on its line, when the imports in `moved` are gone.
fn has_its_line(file: &File<'_>, site: &ImportSite<'_>, moved: &BTreeSet<(usize, usize)>) -> bool {
    let leaves = |import: &Import| {
        // `import *` has no names that could leave.
        let number = file.facts.memo.site_of(file, import).filter(|_| !import.aliases.is_empty());
        number.is_some_and(|number| (0..import.aliases.len()).all(|alias| moved.contains(&(number, alias))))
    };
    let line = file.facts.line_of(site.stmt.span);
    let body = &site.block.body;
    let first = body.partition_point(|stmt| stmt.span.start() < line.start());
    let next = body.partition_point(|stmt| stmt.span.start() < line.end());
    let (Some(head), Some(last)) = (body[first..next].first(), body[first..next].last()) else { return false };
    let is_alone = |stmt: &Stmt| std::ptr::eq(stmt, site.stmt) || stmt.as_import().is_some_and(leaves);
    let behind = &file.module.text()[Span::new(last.span.end(), file.facts.line_of(last.span).end())];
    let behind = behind.trim_start_matches([' ', '\t', ';']);
    file.facts.begins_its_line(head)
        && body[first..next].iter().all(is_alone)
        && (behind.is_empty() || behind.starts_with('#'))
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
        let key = self.configured(&target)?;
        if !self.only.is_empty() && !self.only.iter().any(|only| key.is_within(only) || target.module.is_within(only)) {
            return None;
        }
        let verdict = Rc::new(self.config.verdict(&key));
        // In a class body it runs at import, but it is no statement of the module's body either.
        let in_class = self.is_class_scope(&self.model.imports()[site]);
        let level = if in_class && verdict.place != policy::Place::Function { Level::Function } else { level };
        let subject = Subject { site, alias, target, bound, key, verdict, level };
        (!(self.declined)(&self.identity(&subject))).then_some(subject)
    }

    /// The configured module that covers an import.
    pub fn configured(&self, target: &ImportTarget) -> Option<ModuleName> {
        // `from google.cloud import bigquery` may mean the module `google.cloud.bigquery`.
        let name = target.dotted();
        let outside = || self.project.below_root(self.index(), &name);
        let found = self.config.lookup(&name).or_else(|| self.config.lookup(&outside()?));
        found.map(|(key, _)| key.clone())
    }

    /// What a change of the subject is called in other runs.
    pub fn identity(&self, subject: &Subject) -> Identity {
        Identity::of(self, subject)
    }

    /// Under `if TYPE_CHECKING:`: it never runs, and costs nothing.
    pub fn is_typing_only(&self, site: &ImportSite<'_>) -> bool {
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

    /// A place on the first line of the statement or clause that `block` is the body of.
    pub fn header_of_block(&self, block: &Block) -> Option<TextSize> {
        block.colon.and_then(|colon| self.facts.headers.get(&colon)).copied()
    }

    /// How to name a block that receives an import: the function it is the body of, or a branch of.
    pub fn name_of_receiver(&self, receiver: Receiver<'_>) -> String {
        let name = receiver.home.colon.and_then(|colon| self.facts.functions.get(&colon));
        let name = name.map_or_else(|| "the `__main__` guard".to_owned(), |name| format!("`{name}`"));
        let is_branch = !std::ptr::eq(receiver.home, receiver.block);
        if is_branch { format!("a branch of {name}") } else { name }
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
