//! The proof of an edit, independent of the planner: the new text is parsed and modelled anew, and accepted only if
//! nothing but imports changed and every name still means what it meant. Only [`prove`] makes a [`Rewrite`], and only a
//! `Rewrite` can be printed or written.

mod literals;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use smol_str::SmolStr;
use thiserror::Error;

use crate::policy;
use crate::project::{FileIndex, ImportTarget, targets};
use crate::python::{self, Module};
use crate::semantic::{BindingKind, ImportSite, Model, Phase, Reference, Resolution, ScopeId, ScopeNode};
use crate::text::{LineColumn, Span};

pub use literals::Literals;

/// A proved new text of one file. It has no constructor but [`prove`]:
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
    #[error("the string at line {0} would not lead to the same object, or is not what a patch finds its target by")]
    Literal(LineColumn),
    #[error("a second run would change the file again")]
    NotFinal,
}

/// Accepts `after` as the new text of `before` in which `literals` have become others, and nothing else has changed but
/// imports. `leads_there` tells whether two targets are one object.
pub fn prove_with(
    path: &str,
    before: &Module,
    index: &FileIndex,
    literals: Literals<'_>,
    after: String,
    is_final: impl FnOnce(&Module, &Model<'_>) -> bool,
) -> Result<Rewrite, Violation> {
    let changed = literals.replaced(before)?;
    let proved = prove(path, &changed, index, after, is_final)?;
    Ok(Rewrite { before: before.text().to_owned(), ..proved })
}

/// Accepts `after` as the new text of `before`, or says what is wrong with it. `index` gives the module's name, for
/// relative imports; `is_final` plans the new text and tells whether nothing is left to do.
pub fn prove(
    path: &str,
    before: &Module,
    index: &FileIndex,
    after: String,
    is_final: impl FnOnce(&Module, &Model<'_>) -> bool,
) -> Result<Rewrite, Violation> {
    let new = python::parse(after).map_err(|faults| {
        let fault = faults.first().map(ToString::to_string);
        Violation::Fault(fault.unwrap_or_default())
    })?;
    same_code(before, &new)?;
    let (old_model, new_model) = (Model::new(before), Model::new(&new));
    same_comments(&old_model, &new_model)?;
    same_imports(&old_model, &new_model, index)?;
    same_meaning(&old_model, &new_model, index)?;
    if !is_final(&new, &new_model) {
        return Err(Violation::NotFinal);
    }
    drop(new_model);
    Ok(Rewrite { path: path.to_owned(), before: before.text().to_owned(), after: new.into_text() })
}

/// Everything but imports, `pass`, comments and layout is the same, docstrings included.
fn same_code(before: &Module, after: &Module) -> Result<(), Violation> {
    match before.skeleton().first_difference(&after.skeleton()) {
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

/// Nothing is imported that was not, and everything that was still is.
fn same_imports(before: &Model<'_>, after: &Model<'_>, index: &FileIndex) -> Result<(), Violation> {
    let (old, new) = (ledger(before, index), ledger(after, index));
    if let Some(lost) = old.difference(&new).next() {
        return Err(Violation::ImportLost(lost.0.clone()));
    }
    match new.difference(&old).next() {
        None => Ok(()),
        Some(invented) => Err(Violation::ImportInvented(invented.0.clone())),
    }
}

fn ledger(model: &Model<'_>, index: &FileIndex) -> BTreeSet<(String, String, bool)> {
    let mut entries = BTreeSet::new();
    for site in model.imports() {
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

/// Every reference resolves to the same thing, and is bound when it is read. The code is the same, so references and
/// scopes pair up in order.
fn same_meaning(before: &Model<'_>, after: &Model<'_>, index: &FileIndex) -> Result<(), Violation> {
    let (old, new) = (in_order(before), in_order(after));
    let mut sites: Sites<'_, '_> = HashMap::new();
    for site in after.imports() {
        for alias in &site.import.aliases {
            sites.entry((site.scope, alias.bound())).or_default().push(site);
        }
    }
    for (position, reference) in old.iter().enumerate() {
        let place = before.module().line_column(reference.span.start());
        let changed = || Violation::Meaning { name: reference.name.clone(), place };
        let Some(twin) = new.get(position).filter(|twin| twin.name == reference.name) else { return Err(changed()) };
        let (was, is) = (meaning(before, reference, index), meaning(after, twin, index));
        if !is.stands_for(&was) {
            return Err(changed());
        }
        let moved = reference.resolution != twin.resolution;
        if moved && !is_bound_before(after, &sites, twin) {
            return Err(Violation::Unbound { name: reference.name.clone(), place });
        }
    }
    if new.len() == old.len() { Ok(()) } else { Err(Violation::Code(LineColumn { line: 1, column: 1 })) }
}

fn in_order<'a>(model: &'a Model<'_>) -> Vec<&'a Reference> {
    let mut references: Vec<&Reference> = model.references().iter().collect();
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

fn meaning(model: &Model<'_>, reference: &Reference, index: &FileIndex) -> Meaning {
    let scope = match reference.resolution {
        Resolution::Scope(scope) => scope,
        // The class's own value, or the module's: both are part of what it means.
        Resolution::ClassThenGlobal(class) => {
            let global = model.symbol(model.module_scope(), &reference.name);
            return Meaning::ClassOrGlobal(class, global.map_or(0, |symbol| symbol.bindings.len()));
        }
        Resolution::Builtin => return Meaning::Builtin,
        Resolution::Unknown => return Meaning::Unknown,
    };
    let bindings = model.symbol(scope, &reference.name).map(|symbol| symbol.bindings.as_slice()).unwrap_or_default();
    let mut imported = BTreeSet::new();
    for id in bindings {
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

/// A name bound anew by a move must be bound by the time it is read: at the top of the function that holds it, or by an
/// unconditional import of the module's body, above if the reference runs at import.
fn is_bound_before(model: &Model<'_>, sites: &Sites<'_, '_>, reference: &Reference) -> bool {
    let Resolution::Scope(home) = reference.resolution else { return false };
    let at_module = matches!(model.scope(home).node, ScopeNode::Module);
    let runs_at_import = reference.phase == Phase::Import;
    let binding = sites.get(&(home, reference.name.as_str())).map_or(&[][..], Vec::as_slice);
    binding.iter().any(|site| {
        let unconditional = site.guards.is_empty() || (runs_at_import && encloses(site.block.span, reference.span));
        let above = site.stmt.span.end() <= reference.span.start();
        unconditional && (above || (at_module && !runs_at_import))
    })
}

/// Import statements by the scope and the name that they bind.
type Sites<'a, 'm> = HashMap<(ScopeId, &'a str), Vec<&'a ImportSite<'m>>>;

fn encloses(outer: Span, inner: Span) -> bool {
    outer.contains_range(inner)
}
