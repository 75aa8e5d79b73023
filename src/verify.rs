//! The proof of an edit, independent of the planner: the new text is parsed and modelled anew, and accepted only if
//! nothing but imports changed and every name still means what it meant; or, by [`prove_tracking`], nothing but usage logging.
//! Only the two make a [`Rewrite`], and only a `Rewrite` can be printed or written.

mod layout;
mod literals;
mod tracking;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;
use thiserror::Error;

use crate::policy;
use crate::project::{FileIndex, ImportTarget, targets};
use crate::python::{self, Module, Stmt, StmtKind};
use crate::semantic::{
    Annotation, Arm, BindingId, BindingKind, Context, Guard, ImportSite, Model, Phase, Reference, Resolution, ScopeId,
    ScopeNode,
};
use crate::text::{LineColumn, Span};

pub use layout::same_but_layout;
pub use literals::Literals;
pub use tracking::{Wanted, prove_tracking};

/// A proved new text of one file. It has no constructor but [`prove`] and [`prove_tracking`]:
///
/// ```compile_fail
/// let forged = hotcold::verify::Rewrite { path: String::new(), before: String::new(), after: String::new() };
/// ```
#[derive(Debug)]
pub struct Rewrite {
    path: String,
    before: String,
    after: String,
}

impl Rewrite {
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn before(&self) -> &str {
        &self.before
    }

    pub fn after(&self) -> &str {
        &self.after
    }
}

/// An edit that must not be made: a bug of hotcold, never the user's.
#[derive(Debug, Error)]
pub enum Violation {
    #[error("the new text would not be valid Python: {0}")]
    Fault(String),
    #[error("code other than imports would change near line {0}")]
    Code(LineColumn),
    #[error("the comment `{0}` would be lost")]
    CommentLost(String),
    #[error("the comment `{0}` would be added or doubled")]
    CommentInvented(String),
    #[error("the import of `{0}` would be lost")]
    ImportLost(String),
    #[error("an import of `{0}` would be invented")]
    ImportInvented(String),
    #[error("`{name}` at line {place} would mean something else")]
    Meaning { name: SmolStr, place: LineColumn },
    #[error("`{name}` at line {place} would be used before it is imported")]
    Unbound { name: SmolStr, place: LineColumn },
    #[error("`if {0}:` would not be a guard for type checkers")]
    NoGuard(String),
    #[error("the string at line {0} would not lead to the same object, or is not what a patch finds its target by")]
    Literal(LineColumn),
    #[error("a second run would change the file again")]
    NotFinal,
    #[error("of usage logging: {0}")]
    Tracking(String),
}

/// What an edit may do beyond moving imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Python itself does not evaluate annotations: it is 3.14 or later.
    pub deferred_annotations: bool,
    /// `from __future__ import annotations` may be added.
    pub future_import: bool,
}

/// Accepts `after` as the new text of `before` in which `literals` have become others, and nothing else has changed but
/// imports. `leads_there` tells whether two targets are one object.
pub fn prove_with(
    path: &str,
    before: &Model<'_>,
    index: &FileIndex,
    literals: Literals<'_>,
    allowed: Allowed,
    after: String,
    is_final: impl FnOnce(&Module, &Model<'_>) -> bool,
) -> Result<Rewrite, Violation> {
    if literals.companions.is_empty() {
        return prove(path, before, index, after, allowed, is_final);
    }
    let changed = literals.replaced(before)?;
    let proved = prove(path, &Model::new(&changed), index, after, allowed, is_final)?;
    Ok(Rewrite { before: before.module().text().to_owned(), ..proved })
}

/// Accepts `after` as the new text of `before`, or says what is wrong with it. `index` gives the module's name, for
/// relative imports; `allowed` what it may do beyond moving imports; `is_final` plans the new text and tells whether nothing is left to do.
pub fn prove(
    path: &str,
    before: &Model<'_>,
    index: &FileIndex,
    after: String,
    allowed: Allowed,
    is_final: impl FnOnce(&Module, &Model<'_>) -> bool,
) -> Result<Rewrite, Violation> {
    let new = python::reparse(after, before.module()).map_err(|faults| {
        let fault = faults.first().map(ToString::to_string);
        Violation::Fault(fault.unwrap_or_default())
    })?;
    same_code(before.module(), &new, allowed)?;
    let after = Model::new(&new);
    same_comments(before, &after)?;
    guards_are_guards(before, &after, index)?;
    same_imports(before, &after, index, allowed)?;
    same_meaning(before, &after, index, allowed)?;
    if !is_final(&new, &after) {
        return Err(Violation::NotFinal);
    }
    drop(after);
    Ok(Rewrite { path: path.to_owned(), before: before.module().text().to_owned(), after: new.into_text() })
}

/// Everything but imports, `pass`, comments and layout is the same, docstrings included.
fn same_code(before: &Module, after: &Module, allowed: Allowed) -> Result<(), Violation> {
    let adds_future = allowed.future_import && !before.has_future_annotations() && after.has_future_annotations();
    let skeleton = if adds_future { Module::skeleton_without_futures } else { Module::skeleton };
    match skeleton(before).first_difference(&skeleton(after)) {
        None => Ok(()),
        Some((place, _)) => Err(Violation::Code(before.line_column(place.start()))),
    }
}

/// Comments of code are neither lost nor doubled; those of imports may be copied with the import, or merge where equal
/// imports merge. Standard exception comments come and go.
fn same_comments(before: &Model<'_>, after: &Model<'_>) -> Result<(), Violation> {
    let (old, new) = (comments(before), comments(after));
    for (text, count) in &old {
        let found = new.get(text).map_or(0, |count| count.all());
        let needed = if count.of_imports > 0 { count.of_code.max(1) } else { count.of_code };
        if found < needed {
            return Err(Violation::CommentLost(text.clone()));
        }
    }
    for (text, count) in &new {
        match old.get(text) {
            Some(earlier) if earlier.of_imports > 0 || count.all() <= earlier.all() => {}
            _ => return Err(Violation::CommentInvented(text.clone())),
        }
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    of_imports: usize,
    of_code: usize,
}

impl Count {
    fn all(&self) -> usize {
        self.of_imports + self.of_code
    }
}

/// How often each comment stands beside, inside or above an import, and elsewhere; exception comments left out.
fn comments(model: &Model<'_>) -> BTreeMap<String, Count> {
    let module = model.module();
    let text = module.text();
    let mut lines: BTreeSet<u32> = BTreeSet::new();
    for site in model.imports() {
        let first = module.line_column(site.stmt.span.start()).line;
        let last = module.line_column(site.stmt.span.end()).line;
        lines.extend(first..=last);
    }
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut above_import = false;
    let mut next_line = 0;
    for comment in module.comments().iter().rev() {
        let line = module.line_column(comment.start()).line;
        let beside = lines.contains(&line);
        above_import = !beside && (lines.contains(&(line + 1)) || (above_import && next_line == line + 1));
        next_line = line;
        for piece in policy::without_exception_comments(&text[*comment]) {
            let count = counts.entry(piece).or_default();
            if beside || above_import {
                count.of_imports += 1;
            } else {
                count.of_code += 1;
            }
        }
    }
    counts
}

/// Nothing is imported that was not, and everything that was still is. What ran may come to be for type checkers only, but
/// never the other way round.
fn same_imports(before: &Model<'_>, after: &Model<'_>, index: &FileIndex, allowed: Allowed) -> Result<(), Violation> {
    let of = |model: &Model<'_>| (ledger(model, index, Runs::Yes), ledger(model, index, Runs::ForTypeCheckers));
    let ((old, old_typing), (new, new_typing)) = (of(before), of(after));
    let lost = old.iter().find(|entry| !new.contains(*entry) && !new_typing.contains(*entry));
    if let Some(lost) = lost.or_else(|| old_typing.difference(&new_typing).next()) {
        return Err(Violation::ImportLost(lost.0.clone()));
    }
    let constant = ("typing Some(\"TYPE_CHECKING\")".to_owned(), "TYPE_CHECKING".to_owned(), false);
    let future = ("__future__ Some(\"annotations\")".to_owned(), "annotations".to_owned(), false);
    let is_support = |entry: &Entry| {
        *entry == constant && new_guard(before, after).is_some() || *entry == future && allowed.future_import
    };
    let invented = new.difference(&old).find(|entry| !is_support(entry));
    let invented =
        invented.or_else(|| new_typing.iter().find(|entry| !old_typing.contains(*entry) && !old.contains(*entry)));
    match invented {
        None => Ok(()),
        Some(invented) => Err(Violation::ImportInvented(invented.0.clone())),
    }
}

/// Target, bound name, and whether it is lazy.
type Entry = (String, String, bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Yes,
    ForTypeCheckers,
}

fn ledger(model: &Model<'_>, index: &FileIndex, runs: Runs) -> BTreeSet<Entry> {
    let mut entries = BTreeSet::new();
    for site in model.imports().iter().filter(|site| runs_of(site) == runs) {
        if site.import.is_star() {
            entries.insert((format!("{:?}", site.import.form), "*".to_owned(), false));
        }
        for alias in &site.import.aliases {
            let target = match targets(site.import, alias, &index.name, index.is_package) {
                Some(target) => format!("{} {:?}", target.module, target.member),
                None => format!("{:?} {}", site.import.form, alias.name),
            };
            entries.insert((target, alias.bound().to_owned(), site.import.lazy));
        }
    }
    entries
}

/// Whether an import stands under an `if TYPE_CHECKING:` of the module.
fn runs_of(site: &ImportSite<'_>) -> Runs {
    match site.guards.as_slice() {
        [guard] if guard.stmt.is_typing_guard() => Runs::ForTypeCheckers,
        _ => Runs::Yes,
    }
}

/// A guard for type checkers that the old text does not have.
fn new_guard<'a>(before: &Model<'_>, after: &'a Model<'_>) -> Option<&'a Stmt> {
    let grown = after.module().typing_guards().count() > before.module().typing_guards().count();
    after.module().typing_guards().next().filter(|_| grown)
}

/// The test of a new `if TYPE_CHECKING:` is the constant of `typing`, imported above it without a condition.
fn guards_are_guards(before: &Model<'_>, after: &Model<'_>, index: &FileIndex) -> Result<(), Violation> {
    if new_guard(before, after).is_none() {
        return Ok(());
    }
    let sites = sites(after);
    for stmt in after.module().typing_guards() {
        let StmtKind::If { arms, .. } = &stmt.kind else { continue };
        let test = &arms[0].test;
        let no_guard = || Violation::NoGuard(after.module().text()[test.span].to_owned());
        let mut names = after.references().iter().filter(|reference| test.span.contains_range(reference.span));
        let reference = names.next().ok_or_else(no_guard)?;
        let Meaning::Imported(targets) = meaning(after, reference, index, &[]) else { return Err(no_guard()) };
        let parts = test.as_dotted().unwrap_or_default();
        let is_constant = targets.iter().all(|target| match target {
            Ok(ImportTarget { module, member: None }) => parts.len() == 2 && module.root() == "typing",
            Ok(ImportTarget { module, member: Some(member) }) => {
                parts.len() == 1
                    && member == "TYPE_CHECKING"
                    && matches!(module.as_str(), "typing" | "typing_extensions")
            }
            // `import typing as t`
            Err(module) => parts.len() == 2 && module == "module typing",
        });
        if !is_constant || !is_bound_before(after, &sites, reference) {
            return Err(no_guard());
        }
    }
    Ok(())
}

/// Every reference resolves to the same thing, and is bound when it is read. The code is the same, so references and
/// scopes pair up in order.
fn same_meaning(before: &Model<'_>, after: &Model<'_>, index: &FileIndex, allowed: Allowed) -> Result<(), Violation> {
    let (old, new) = (in_order(before), in_order(after));
    let (old_sites, new_sites) = (sites(before), sites(after));
    let (mut old_meanings, mut new_meanings) = (HashMap::default(), HashMap::default());
    let (old_guards, new_guards) = (guards(before), guards(after));
    for (position, reference) in old.iter().enumerate() {
        let place = before.module().line_column(reference.span.start());
        let changed = || Violation::Meaning { name: reference.name.clone(), place };
        let Some(twin) = new.get(position).filter(|twin| twin.name == reference.name) else { return Err(changed()) };
        // What only type checkers import means nothing to code that runs.
        let runs = runs_at_all(twin, allowed);
        let (old_unseen, new_unseen) = if runs { (&*old_guards, &*new_guards) } else { (&[][..], &[][..]) };
        let was = old_meanings
            .entry((reference.resolution, reference.name.as_str(), runs))
            .or_insert_with(|| meaning(before, reference, index, old_unseen));
        let is = new_meanings
            .entry((twin.resolution, twin.name.as_str(), runs))
            .or_insert_with(|| meaning(after, twin, index, new_unseen));
        if !is.stands_for(was) {
            return Err(changed());
        }
        let moved = reference.resolution != twin.resolution;
        let must_be_bound = moved || (runs && is_bound_before(before, &old_sites, reference));
        if must_be_bound && !is_bound_before(after, &new_sites, twin) {
            return Err(Violation::Unbound { name: reference.name.clone(), place });
        }
    }
    if new.len() == old.len() { Ok(()) } else { Err(Violation::Code(LineColumn { line: 1, column: 1 })) }
}

/// Whether Python evaluates the reference, sooner or later.
fn runs_at_all(reference: &Reference, allowed: Allowed) -> bool {
    let eager = reference.context == Context::Annotation(Annotation::Eager);
    reference.is_evaluated() && !(eager && allowed.deferred_annotations)
}

/// Where imports for type checkers stand.
fn guards(model: &Model<'_>) -> Vec<Span> {
    model.module().typing_guards().map(|guard| guard.span).collect()
}

/// All references but those in the tests of guards for type checkers.
fn in_order<'a>(model: &'a Model<'_>) -> Vec<&'a Reference> {
    let guards = guards(model);
    // The guards are statements of the module's body, in its order.
    let in_guard = |reference: &&Reference| {
        let next = guards.partition_point(|guard| guard.start() <= reference.span.start());
        next.checked_sub(1).is_some_and(|last| guards[last].contains_range(reference.span))
    };
    let mut references: Vec<&Reference> = model.references().iter().filter(|r| !in_guard(r)).collect();
    references.sort_by_key(|reference| (reference.span.start(), reference.span.end()));
    references
}

/// What a reference stands for.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// Only imports bind the name: it stands for what they import.
    Imported(BTreeSet<Result<ImportTarget, String>>),
    /// Something else binds it, in that scope.
    Bound(ScopeId),
    /// A class body binds it as well; with the number of bindings at module level.
    ClassOrGlobal(ScopeId, usize),
    Builtin,
    Unknown,
}

impl Meaning {
    /// Equal, or the same root package with more of its submodules loaded: `import a.b` beside `import a.c`.
    fn stands_for(&self, was: &Meaning) -> bool {
        match (self, was) {
            (Meaning::Imported(is), Meaning::Imported(was)) if is != was => {
                let roots: BTreeSet<Option<&str>> = is.union(was).map(plain_root).collect();
                roots.len() == 1 && !roots.contains(&None) && was.is_subset(is)
            }
            _ => self == was,
        }
    }
}

/// `a`, if the import is `import a.b`.
fn plain_root(target: &Result<ImportTarget, String>) -> Option<&str> {
    target.as_ref().ok().filter(|target| target.member.is_none()).map(|target| target.module.root())
}

/// `unseen` are places whose bindings do not count.
fn meaning(model: &Model<'_>, reference: &Reference, index: &FileIndex, unseen: &[Span]) -> Meaning {
    let is_seen = |span: Span| !unseen.iter().any(|place| place.contains_range(span));
    let scope = match reference.resolution {
        Resolution::Scope(scope) => scope,
        // The class's own value, or the module's: both are part of what it means.
        Resolution::ClassThenGlobal(class) => {
            let global = model.symbol(model.module_scope(), &reference.name);
            let seen = |id: &&BindingId| is_seen(model.binding(**id).span);
            return Meaning::ClassOrGlobal(
                class,
                global.map_or(0, |symbol| symbol.bindings.iter().filter(seen).count()),
            );
        }
        Resolution::Builtin => return Meaning::Builtin,
        Resolution::Unknown => return Meaning::Unknown,
    };
    let bindings = model.symbol(scope, &reference.name).map(|symbol| symbol.bindings.as_slice()).unwrap_or_default();
    let mut imported = BTreeSet::new();
    for id in bindings.iter().filter(|id| is_seen(model.binding(**id).span)) {
        match model.binding(*id).kind {
            BindingKind::Import { import, alias } => {
                let target = import.aliases.get(alias).and_then(|alias| {
                    let target = targets(import, alias, &index.name, index.is_package)?;
                    let plain = target.member.is_none() && alias.asname.is_some();
                    Some((target, plain))
                });
                imported.insert(match target {
                    // `import a.b as c` is not `import a.b`.
                    Some((target, true)) => Err(format!("module {}", target.module)),
                    Some((target, false)) => Ok(target),
                    None => Err(format!("{:?}", import.form)),
                });
            }
            _ => return Meaning::Bound(scope),
        }
    }
    if imported.is_empty() { Meaning::Bound(scope) } else { Meaning::Imported(imported) }
}

/// Whether an import certainly binds the name by the time it is read: an import above it that always runs, or in a
/// branch around it; or one of the module's body, wherever it stands, if the reference runs after import.
fn is_bound_before(model: &Model<'_>, sites: &Sites<'_, '_>, reference: &Reference) -> bool {
    let Resolution::Scope(home) = reference.resolution else { return false };
    let at_module = matches!(model.scope(home).node, ScopeNode::Module);
    let runs_at_import = reference.phase == Phase::Import;
    let binding = sites.get(&(home, reference.name.as_str())).map_or(&[][..], Vec::as_slice);
    binding.iter().any(|site| {
        let above = site.stmt.span.end() <= reference.span.start();
        match site.guards.as_slice() {
            [] => above || (at_module && !runs_at_import),
            guards => {
                let in_branch = encloses(site.block.span, reference.span) && guards.iter().all(is_branch);
                in_branch && above && (!at_module || runs_at_import)
            }
        }
    })
}

/// Whether an import runs there at most once, and as it would above the statement: nothing swallows its failure, and
/// nothing gives it another context.
fn is_branch(guard: &Guard<'_>) -> bool {
    match (guard.arm, &guard.stmt.kind) {
        (Arm::If(_) | Arm::Else | Arm::Case(_), _) => true,
        (Arm::TryBody, StmtKind::Try(node)) => !node.may_catch_import_error(),
        (Arm::Handler(_) | Arm::TryElse, StmtKind::Try(node)) => !node.drops_exceptions(),
        _ => false,
    }
}

/// Import statements by the scope and the name that they bind.
type Sites<'a, 'm> = HashMap<(ScopeId, &'a str), Vec<&'a ImportSite<'m>>>;

fn sites<'a, 'm>(model: &'a Model<'m>) -> Sites<'a, 'm> {
    let mut sites: Sites<'_, '_> = HashMap::default();
    for site in model.imports() {
        for alias in &site.import.aliases {
            sites.entry((site.scope, alias.bound())).or_default().push(site);
        }
    }
    sites
}

fn encloses(outer: Span, inner: Span) -> bool {
    outer.contains_range(inner)
}

#[cfg(test)]
mod tests;
