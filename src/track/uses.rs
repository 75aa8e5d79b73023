//! Which functions of a file use which configured modules when they run. Places nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Refusal;
use crate::name::ModuleName;
use crate::plan::{self, At, File};
use crate::project::{ImportTarget, targets};
use crate::python::{ImportForm, TRACKER, Tracking};
use crate::semantic::{Binding, BindingKind, Context, Model, Reference, ScopeId, ScopeNode};
use crate::text::TextSize;

/// The calls that a file needs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Uses {
    /// By function, in the order of the text and counted from zero.
    pub calls: BTreeSet<(usize, ModuleName)>,
    pub refusals: Vec<Refusal>,
}

/// An import of a configured module.
struct Import<'m> {
    binding: &'m Binding<'m>,
    target: ImportTarget,
    key: ModuleName,
    /// `import a.b` without an alias: what is used of `a` tells which module is meant.
    is_plain: bool,
}

pub fn of(file: &File<'_>) -> Uses {
    let mut uses = Uses::default();
    let numbers = numbers(file.model);
    let imports = imports(file, &mut uses.refusals);
    let mut found: BTreeMap<ScopeId, BTreeSet<ModuleName>> = BTreeMap::new();
    for import in &imports {
        let mut uses = |scope: ScopeId| {
            // A lambda holds no statement: what it reads counts for the `def` around it. Without one, as in a class body
            // or a decorator, the module is used while the file is imported, or by whoever calls the lambda.
            if let Some(function) = file.model.enclosing_function(scope) {
                found.entry(function).or_default().insert(import.key.clone());
            }
        };
        // An import in a function runs when the function does, whether its name is read or not.
        uses(import.binding.written_in);
        let references = file.model.references_to(import.binding.scope, &import.binding.name);
        references
            .filter(|reference| is_use(file, reference) && is_meant(file, import, &imports, reference))
            .for_each(|reference| uses(reference.scope));
    }
    for (scope, modules) in found {
        match plan::cannot_log(file, scope) {
            Some(refusal) => uses.refusals.push(of_plan(file, &refusal)),
            None => uses.calls.extend(modules.into_iter().map(|module| (numbers[&scope], module))),
        }
    }
    uses
}

/// The functions in the order of the text, each with the place of its name.
pub fn functions(model: &Model<'_>) -> Vec<(TextSize, ScopeId)> {
    let function = |(id, scope): (ScopeId, &crate::semantic::Scope<'_>)| match scope.node {
        ScopeNode::Function(function) => Some((function.name.span.start(), id)),
        _ => None,
    };
    let mut functions: Vec<(TextSize, ScopeId)> = model.scopes().filter_map(function).collect();
    functions.sort();
    functions
}

fn numbers(model: &Model<'_>) -> BTreeMap<ScopeId, usize> {
    functions(model).into_iter().enumerate().map(|(number, (_, scope))| (scope, number)).collect()
}

/// The place at which the file itself has the name of the function that logs.
pub fn other_tracker(model: &Model<'_>, tracking: &Tracking<'_>) -> Option<TextSize> {
    let is_ours =
        |place: crate::text::Span| tracking.statements().any(|logging| logging.stmt.span.contains_range(place));
    let bound = model.bindings().iter().filter(|binding| binding.name == TRACKER).map(|binding| binding.span);
    let read = model.references_named(TRACKER).map(|reference| reference.span);
    bound.chain(read).filter(|place| !is_ours(*place)).map(|place| place.start()).min()
}

fn imports<'m>(file: &File<'m>, refusals: &mut Vec<Refusal>) -> Vec<Import<'m>> {
    let mut found = Vec::new();
    let index = file.index();
    for binding in file.model.bindings() {
        let BindingKind::Import { import, alias } = binding.kind else { continue };
        if import.tracker_home().is_some() {
            continue;
        }
        let is_site = |site: &&crate::semantic::ImportSite<'_>| std::ptr::eq(site.import, import);
        if file.model.imports().iter().find(is_site).is_none_or(|site| file.is_typing_only(site)) {
            continue;
        }
        let target =
            import.aliases.get(alias).and_then(|a| Some((a, targets(import, a, &index.name, index.is_package)?)));
        let Some((alias, target)) = target else { continue };
        let Some(key) = tracked(file, &target) else { continue };
        let is_plain = import.form == ImportForm::Import && alias.asname.is_none();
        found.push(Import { binding, target, key, is_plain });
    }
    for site in file.model.imports().iter().filter(|site| site.import.is_star()) {
        let module = crate::project::from_module(site.import, &index.name, index.is_package);
        let target = module.map(|module| ImportTarget { module, member: None });
        let Some(key) = target.and_then(|target| tracked(file, &target)) else { continue };
        refusals.push(Refusal {
            code: "star-import",
            place: Some(file.module.line_column(site.stmt.span.start())),
            message: format!("which functions use `{key}` cannot be told: name what is imported"),
        });
    }
    found
}

/// Whether Python evaluates the reference, and not only to describe a type.
fn is_use(file: &File<'_>, reference: &Reference) -> bool {
    let is_type =
        file.model.ancestors(reference.scope).any(|scope| matches!(file.model.scope(scope).node, ScopeNode::Lazy(_)));
    // Python 3.14 evaluates annotations only when somebody asks.
    let is_deferred = matches!(reference.context, Context::Annotation(_)) && file.config.target_minor() >= 14;
    reference.is_evaluated() && !is_type && !is_deferred && reference.context != Context::Deleted
}

/// Where several imports bind one root, `a.b.c` uses the one of `a.b`.
fn is_meant(file: &File<'_>, import: &Import<'_>, all: &[Import<'_>], reference: &Reference) -> bool {
    if !import.is_plain {
        return true;
    }
    let parts = file.facts.chain(reference).iter();
    let read = parts.fold(ModuleName::new(&reference.name), |name, part| name.map(|name| name.join(part)));
    let Some(read) = read else { return true };
    let binds_too = |other: &&Import<'_>| {
        other.is_plain && other.binding.scope == import.binding.scope && other.binding.name == import.binding.name
    };
    let is_named = |other: &Import<'_>| read.is_within(&other.target.module);
    is_named(import) || !all.iter().filter(binds_too).any(is_named)
}

fn of_plan(file: &File<'_>, refusal: &plan::Refusal) -> Refusal {
    let first = refusal.places.first();
    let place = match first.map(|place| &place.at) {
        Some(At::Here(span)) => Some(file.module.line_column(span.start())),
        _ => None,
    };
    let what = first.map_or("", |place| place.what.as_str());
    Refusal { code: refusal.code.name(), place, message: format!("the function gets no usage logging: {what}") }
}

/// The configured module that covers the target, if its usage matters.
fn tracked(file: &File<'_>, target: &ImportTarget) -> Option<ModuleName> {
    file.configured(target).filter(|key| file.config.usage_decides(key))
}
