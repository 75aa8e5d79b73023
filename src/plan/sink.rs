//! Module to functions: a module-level import whose verdict is *function*. All or nothing per configured module, because
//! one import that stays loads the module at start all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::first_survivor;
use super::{At, Code, Destination, File, Functions, Move, Place, Refusal, Subject, known};
use crate::name::ModuleName;
use crate::project::{ReadKind, is_main_guard};
use crate::python::{Block, Expr, ExprKind, Function, ImportForm, Stmt, StmtKind};
use crate::semantic::{
    Annotation, Arm, BindingKind, Context, Phase, Reference, Resolution, ScopeId, ScopeNode,
};
use crate::text::{Span, TextSize};

type Check = fn(&File<'_>, &Subject) -> Option<Refusal>;

/// Checks of one alias, cheap and decisive first.
const CHECKS: &[Check] = &[
    no_benefit, notebook, suppressed, guarded, star, explicit_reexport, mangled, framework_file, test_file, package_init,
    side_effect_module, native_order, other_bindings, star_after, exported, dynamic, module_getattr, type_comment,
    doctest, main_string, readers, star_importers, submodule_provider, own_submodule, sys_modules, clash, late_binding, frozen_time, path_restored,
];

/// Plans all module-level imports with the verdict *function*.
pub(super) fn plan<'a>(
    file: &File<'a>,
    cold: &[&Subject],
    moves: &mut Vec<Move<'a>>,
    refused: &mut Vec<(Subject, Refusal)>,
) {
    for unit in units(file, cold) {
        match plan_unit(file, &unit) {
            Ok(planned) => moves.extend(planned),
            Err(reasons) => refuse_unit(file, &unit, reasons, refused),
        }
    }
    promoted_lines(file, moves, refused);
}

/// Imports that move together: those of one configured module, and those that share the binding of a root (`import a.b`,
/// `import a.c`).
fn units<'s>(file: &File<'_>, cold: &[&'s Subject]) -> Vec<Vec<&'s Subject>> {
    let mut units: Vec<Vec<&Subject>> = Vec::new();
    let mut by_label: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for subject in cold {
        let mut labels = vec![(true, subject.key.as_str())];
        if is_plain(file, subject) {
            labels.push((false, &*subject.bound));
        }
        let found: BTreeSet<usize> = labels.iter().filter_map(|label| by_label.get(label).copied()).collect();
        let mut found = found.into_iter();
        let home = found.next().unwrap_or_else(|| {
            units.push(Vec::new());
            units.len() - 1
        });
        for other in found {
            let members = std::mem::take(&mut units[other]);
            units[home].extend(members);
            by_label.values_mut().filter(|unit| **unit == other).for_each(|unit| *unit = home);
        }
        units[home].push(subject);
        by_label.extend(labels.into_iter().map(|label| (label, home)));
    }
    units.retain(|unit| !unit.is_empty());
    units
}

/// `import a.b` without an alias: it binds the root `a`, which other imports may bind too.
fn is_plain(file: &File<'_>, subject: &Subject) -> bool {
    let site = file.site(subject);
    site.import.form == ImportForm::Import && site.import.aliases[subject.alias].asname.is_none()
}

/// The moves of a unit, or for each member the reason why it stays, if it has one of its own.
fn plan_unit<'a>(file: &File<'a>, unit: &[&Subject]) -> Result<Vec<Move<'a>>, Vec<Option<Refusal>>> {
    let mut reasons: Vec<Option<Refusal>> = Vec::new();
    let mut kept = false;
    for subject in unit {
        kept |= file.facts.is_kept(file.site(subject).stmt);
        reasons.push(CHECKS.iter().find_map(|check| check(file, subject)));
    }
    let mut moves = Vec::new();
    for (subject, reason) in unit.iter().zip(&mut reasons) {
        if reason.is_some() {
            continue;
        }
        match destinations(file, subject, unit) {
            Ok(to) => {
                let to = Destination::Functions(to);
                moves.push(Move { subject: (*subject).clone(), to });
            }
            Err(refusal) => *reason = Some(refusal),
        }
    }
    if kept || reasons.iter().any(Option::is_some) { Err(reasons) } else { Ok(moves) }
}

/// Each member with a reason of its own says so; the others point at the first of those.
fn refuse_unit(
    file: &File<'_>,
    unit: &[&Subject],
    reasons: Vec<Option<Refusal>>,
    refused: &mut Vec<(Subject, Refusal)>,
) {
    let blocker = unit.iter().zip(&reasons).find(|(subject, reason)| {
        reason.is_some() || file.facts.is_kept(file.site(subject).stmt)
    });
    let blocker = blocker.map(|(subject, reason)| (file.span_of(subject), reason.as_ref().map(|reason| reason.code)));
    for (subject, reason) in unit.iter().zip(reasons) {
        if file.facts.is_kept(file.site(subject).stmt) {
            continue;
        }
        let refusal = reason.unwrap_or_else(|| {
            let (span, code) = blocker.unwrap_or((file.span_of(subject), None));
            let why = code.map_or("kept by a comment", Code::name);
            Refusal::here(Code::LoadedAnyway, span, format!("this import of the module stays: {why}"))
        });
        refused.push(((*subject).clone(), refusal));
    }
}

/// Removing the first statements of a file may turn a string into a docstring, or a comment into a file-level one.
/// Moves whose removal would do that are refused, with their unit.
fn promoted_lines<'a>(file: &File<'a>, moves: &mut Vec<Move<'a>>, refused: &mut Vec<(Subject, Refusal)>) {
    let mut gone_aliases: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for planned in moves.iter() {
        gone_aliases.entry(planned.subject.site).or_default().insert(planned.subject.alias);
    }
    let gone: BTreeSet<TextSize> = gone_aliases
        .iter()
        .filter(|(site, aliases)| aliases.len() == file.model.imports()[**site].import.aliases.len())
        .map(|(site, _)| file.model.imports()[*site].stmt.span.start())
        .collect();
    let body = &file.module.body().body;
    let Some((survivor, stmt)) = first_survivor(file.module, &gone) else { return };
    if survivor == 0 {
        return;
    }
    let text = file.module.text();
    let promoted = if stmt.is_docstring_like() {
        Some((Code::StringWouldBecomeDocstring, stmt.span, "this string would become the docstring"))
    } else {
        let between = Span::new(body[survivor - 1].span.end(), stmt.span.start());
        let inside = Span::new(body[0].span.start(), between.end());
        let pragma = file.module.comments().iter().find(|comment| {
            inside.contains_range(**comment) && is_file_pragma(&text[**comment]) && file.owns_line(**comment)
        });
        let cookie = file.module.comments().iter().find(|comment| {
            let line = file.module.line_column(comment.start()).line;
            let above = gone.iter().filter(|start| file.module.line_column(**start).line < line).count() as u32;
            line > 2 && line - above <= 2 && is_cookie(&text[**comment])
        });
        pragma
            .or(cookie)
            .map(|comment| (Code::PragmaWouldBecomeFileLevel, *comment, "this comment would apply to the whole file"))
    };
    let Some((code, place, what)) = promoted else { return };
    let leading: BTreeSet<&str> = moves
        .iter()
        .filter(|planned| file.site(&planned.subject).stmt.span.start() < stmt.span.start())
        .map(|planned| planned.subject.key.as_str())
        .collect();
    let leading: BTreeSet<String> = leading.into_iter().map(str::to_owned).collect();
    moves.retain(|planned| {
        let stays = leading.contains(planned.subject.key.as_str());
        if stays {
            refused.push((planned.subject.clone(), Refusal::here(code, place, what)));
        }
        !stays
    });
}

fn is_file_pragma(comment: &str) -> bool {
    let words = comment.trim_start_matches('#').trim();
    ["type: ignore", "type:ignore", "mypy:", "pyright:", "ruff: noqa", "flake8: noqa", "pylint: disable"]
        .iter()
        .any(|pragma| words.starts_with(pragma))
}

fn is_cookie(comment: &str) -> bool {
    comment.contains("coding:") || comment.contains("coding=")
}

// ---- checks of one alias -------------------------------------------------------------------------------------------

fn no_benefit(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module = subject.target.module.as_str();
    let always = known::ALWAYS_LOADED.contains(&module)
        || module == "os.path"
        || matches!((module, subject.target.member.as_deref()), ("os", Some("path")));
    let what = format!("`{module}` is loaded in every Python process");
    always.then(|| Refusal::here(Code::NoBenefit, file.span_of(subject), what))
}

fn notebook(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.is_notebook.map(|place| Refusal::here(Code::Notebook, place, "this comment marks a notebook's cell"))
}

fn suppressed(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let place = file.facts.suppression(file.site(subject).stmt, &["TID253"])?;
    Some(Refusal::here(Code::Suppressed, place, "a comment asks tools to leave it here"))
}

/// Imports that are not statements of the module's body itself.
fn guarded(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let site = file.site(subject);
    if file.is_class_scope(site) {
        return Some(Refusal::here(Code::ClassScopeImport, site.stmt.span, "an import in a class body"));
    }
    let guard = site.guards.last()?;
    let (code, what) = match guard.arm {
        Arm::TryBody | Arm::Handler(_) | Arm::TryElse | Arm::Finally => (Code::GuardedImport, "this `try` is around it"),
        Arm::With if is_suppress(guard.stmt) => (Code::GuardedImport, "this `with` swallows its failure"),
        Arm::With => (Code::InWith, "this `with` is around it"),
        Arm::If(_) | Arm::Else | Arm::Case(_) | Arm::Loop => (Code::ConditionalImport, "it depends on this condition"),
    };
    Some(Refusal::here(code, Span::empty(guard.stmt.span.start()), what))
}

/// `with contextlib.suppress(ImportError):`
pub(super) fn is_suppress(stmt: &Stmt) -> bool {
    let StmtKind::With { items, .. } = &stmt.kind else { return false };
    items.iter().any(|item| match &item.context.kind {
        ExprKind::Call { func, .. } => func.as_dotted().is_some_and(|parts| parts.last() == Some(&"suppress")),
        _ => false,
    })
}

fn star(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let site = file.site(subject);
    let what = "a star import is allowed at module level only";
    site.import.is_star().then(|| Refusal::here(Code::StarImportInModule, site.stmt.span, what))
}

fn explicit_reexport(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let alias = &file.site(subject).import.aliases[subject.alias];
    let redundant = alias.asname.as_ref().is_some_and(|asname| asname.name == alias.name);
    redundant.then(|| Refusal::here(Code::ExplicitReexport, alias.span, "the redundant alias marks a re-export"))
}

fn mangled(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let is_private = |name: &str| name.starts_with("__") && !name.ends_with("__");
    let member = subject.target.member.as_deref().unwrap_or_default();
    let written = match &file.site(subject).import.form {
        ImportForm::From { module: Some(module), .. } => module.split('.').any(is_private),
        _ => is_private(subject.target.module.root()),
    };
    let mangled = is_private(&subject.bound) || is_private(member) || written;
    let what = "Python would rewrite this name inside a class";
    mangled.then(|| Refusal::here(Code::MangledName, file.span_of(subject), what))
}

/// The lists, built-in and configured, and first-party modules that visibly do something when imported.
pub(super) fn side_effect_module(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let dotted = subject.target.dotted();
    let listed = known::SIDE_EFFECTS.iter().any(|name| dotted.as_str() == *name || is_below(dotted.as_str(), name));
    if listed {
        let what = format!("importing `{}` has effects that others rely on", subject.target.module);
        return Some(Refusal::here(Code::SideEffectModule, file.span_of(subject), what));
    }
    if let Some(name) = file.config.side_effects.iter().find(|name| dotted.is_within(name)) {
        let what = format!("`side-effects` in the configuration lists `{name}`");
        return Some(Refusal::here(Code::SideEffectModule, file.span_of(subject), what));
    }
    let mut modules = vec![dotted, subject.target.module.clone()];
    while let Some(parent) = modules.last().and_then(ModuleName::parent) {
        modules.push(parent);
    }
    let own = file.index();
    let loaded = modules.iter().flat_map(|module| file.project.files_of(module));
    // Packages around this file are loaded before it.
    let loaded = loaded.filter(|id| !own.name.is_within(&file.project.file(*id).name));
    for id in loaded {
        let target = file.project.file(id);
        if let (Some((path, _)), Some(place)) = (file.project.subclasses_query(), target.subclass) {
            let what = format!("defines a subclass, and `{path}` asks for all subclasses");
            return Some(Refusal::elsewhere(Code::SideEffectModule, &target.path, place, what));
        }
        if let Some((place, what)) = &target.effect {
            return Some(Refusal::elsewhere(Code::SideEffectModule, &target.path, *place, what.clone()));
        }
    }
    None
}

fn is_below(dotted: &str, module: &str) -> bool {
    dotted.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'))
}

fn native_order(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    if !known::NATIVE.contains(&root) {
        return None;
    }
    let other = file.model.imports().iter().find_map(|site| {
        let names = site.import.aliases.iter().map(|alias| alias.name.as_str());
        let from = match &site.import.form {
            ImportForm::From { module: Some(module), level: 0, .. } => Some(module.as_str()),
            _ => None,
        };
        let roots: Vec<&str> = match from {
            Some(module) => vec![module],
            None => names.collect(),
        };
        let found = roots.into_iter().filter_map(|name| name.split('.').next()).find(|name| {
            known::NATIVE.contains(name) && *name != root
        })?;
        Some((site.stmt.span, found.to_owned()))
    });
    other.map(|(place, found)| Refusal::here(Code::NativeOrder, place, format!("`{found}` is loaded here as well")))
}

fn framework_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let name = file.index().path.rsplit('/').next().unwrap_or_default();
    let is_setting = name.contains("settings") && subject.bound.chars().all(|c| !c.is_lowercase());
    let listed = known::FRAMEWORK_FILES.contains(&name) && subject.target.member.is_some()
        || known::SETTINGS_FILES.contains(&name);
    let what = format!("a framework reads the names of `{name}`");
    (is_setting || listed).then(|| Refusal::here(Code::FrameworkModule, file.span_of(subject), what))
}

/// Names that a test runner may collect from a test file.
fn test_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    subject.target.member.as_ref()?;
    if !known::is_test_file(&file.index().path) {
        return None;
    }
    if file.facts.parameters.contains(subject.bound.as_str()) && !is_stdlib(subject) {
        let what = format!("`{}` is also the name of a parameter, so it may be a fixture", subject.bound);
        return Some(Refusal::here(Code::PossibleFixture, file.span_of(subject), what));
    }
    let collected = subject.bound.starts_with("test") || subject.bound.starts_with("Test")
        || (subject.bound.contains("Test") && subject.bound.starts_with(char::is_uppercase))
        || (subject.bound.starts_with(char::is_uppercase) && file.is_first_party(&subject.target))
        || subject.target.module.root() == "unittest" && subject.bound.ends_with("TestCase");
    let what = format!("a test runner may collect `{}` from this file", subject.bound);
    collected.then(|| Refusal::here(Code::TestModule, file.span_of(subject), what))
}

fn is_stdlib(subject: &Subject) -> bool {
    crate::sort::stdlib::is_stdlib(subject.target.module.root())
}

fn package_init(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let refused = file.index().is_package && file.is_first_party(&subject.target);
    let what = "the package's interface may include it";
    refused.then(|| Refusal::here(Code::PackageInit, file.span_of(subject), what))
}

/// Anything else in the file that binds or declares the name.
fn other_bindings(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    if let Some(place) = file.facts.globals.get(&subject.bound) {
        let what = format!("`global {}` is declared here", subject.bound);
        return Some(Refusal::here(Code::GlobalDeclared, *place, what));
    }
    let symbol = file.model.symbol(module_scope, &subject.bound)?;
    for id in &symbol.bindings {
        let binding = file.model.binding(*id);
        let BindingKind::Import { import, alias } = binding.kind else {
            let what = format!("`{}` is bound again here", subject.bound);
            return Some(Refusal::here(Code::Rebound, binding.span, what));
        };
        if import.is_star() {
            continue;
        }
        let site = file.site(subject);
        if std::ptr::eq(import, site.import) && alias == subject.alias {
            continue;
        }
        let other = file.target_of(import, alias);
        let same = other.as_ref() == Some(&subject.target);
        let both_plain = is_plain(file, subject)
            && import.form == ImportForm::Import
            && import.aliases[alias].asname.is_none();
        if both_plain {
            // One group; whether its members may all move is decided with the destinations.
            continue;
        }
        if !same || import.lazy {
            let what = format!("`{}` is imported again here", subject.bound);
            return Some(Refusal::here(Code::MultipleBindings, binding.span, what));
        }
    }
    None
}

/// A star import below the import may bind the name anew; one above cannot.
fn star_after(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let star = file.facts.star?;
    let what = format!("this star import may bind `{}`", subject.bound);
    (star.start() > file.span_of(subject).start()).then(|| Refusal::here(Code::StarImportInModule, star, what))
}

fn dynamic(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.dynamic_refusal()
}

fn exported(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let stub = file.project.find(&format!("{}i", file.index().path)).map(|id| file.project.file(id));
    if let Some((stub, place)) = stub.and_then(|stub| Some((stub, stub.imported.get(&subject.bound)?))) {
        return Some(Refusal::elsewhere(Code::Exported, &stub.path, *place, "the stub promises it"));
    }
    file.facts.export_refusal(&subject.bound)
}

fn module_getattr(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.module_getattr.map(|place| Refusal::here(Code::ModuleGetattr, place, "the module's attribute hook"))
}

fn type_comment(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let place = file.facts.type_comment_use(&subject.bound)?;
    Some(Refusal::here(Code::UsedInAnnotation, place, format!("this type comment names `{}`", subject.bound)))
}

fn doctest(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let place = file.facts.doctest_use(&subject.bound)?;
    Some(Refusal::here(Code::UsedInDoctest, place, format!("a doctest here uses `{}`", subject.bound)))
}

fn main_string(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let place = file.facts.main_string_use(&subject.bound)?;
    let what = format!("this string imports `{}` from the module", subject.bound);
    Some(Refusal::here(Code::ReferencedInString, place, what))
}

/// Other files that read, replace or name it.
fn readers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if let Some((reader, place)) = file.project.patched_anywhere(&subject.bound) {
        let what = "replaces a name of this spelling in a module that cannot be told";
        return Some(Refusal::elsewhere(Code::PatchedName, &reader.path, place, what));
    }
    let strongest = file.project.readers_of(file.id, &subject.bound).max_by_key(|(_, read)| read.kind)?;
    let (reader, read) = strongest;
    let (code, what) = match read.kind {
        ReadKind::FromImport => (Code::Reexported, "imports it from this module"),
        ReadKind::Attribute => (Code::Reexported, "reads it from this module"),
        ReadKind::Store => (Code::PatchedName, "assigns it in this module"),
        ReadKind::Patched => (Code::PatchedName, "replaces it in this module"),
        ReadKind::String => (Code::ReferencedInString, "names it by its path in this module"),
    };
    Some(Refusal::elsewhere(code, &reader.path, read.place, what))
}

fn star_importers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if subject.bound.starts_with('_') || !matches!(file.facts.all, super::facts::All::Absent) {
        return None;
    }
    let (importer, place) = file.project.star_importers(file.id).next()?;
    Some(Refusal::elsewhere(Code::StarImportedBy, &importer.path, place, "star-imports this module"))
}

fn submodule_provider(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let candidates = [subject.target.module.clone(), subject.target.dotted()];
    let module = candidates.iter().find(|module| {
        file.project.files_of(module).any(|id| file.project.file(id).name.as_str() != file.index().name.as_str())
    })?;
    let (user, read) = file.project.submodule_user(module, file.id)?;
    Some(Refusal::elsewhere(Code::SubmoduleProvider, &user.path, read.place, format!("uses `{module}` through this import")))
}

/// When the module is imported decides whether the one put into `sys.modules` is found.
fn sys_modules(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let (writer, place) = file.project.sys_modules_write(&subject.target.module)?;
    Some(Refusal::elsewhere(Code::SysModulesPatched, &writer.path, place, "replaces it in `sys.modules`"))
}

/// `import p` stays, and `p.sub` works through it only because this import loads `p.sub`.
fn own_submodule(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    let root = subject.target.module.root();
    let symbol = file.model.symbol(module_scope, root).filter(|_| !is_plain(file, subject))?;
    let plain: Vec<ModuleName> = symbol.bindings.iter().filter_map(|id| match file.model.binding(*id).kind {
        BindingKind::Import { import, alias } if import.form == ImportForm::Import => {
            file.target_of(import, alias).map(|target| target.module)
        }
        _ => None,
    }).collect();
    if plain.is_empty() {
        return None;
    }
    file.model.references_to(module_scope, root).find_map(|reference| {
        let mut used = ModuleName::new(root)?;
        for part in file.facts.chain(reference) {
            used = used.join(part);
            let loads = subject.target.module.is_within(&used) || subject.target.dotted() == used;
            if loads && !plain.iter().any(|own| own.is_within(&used)) {
                let what = format!("uses `{used}`, which this import loads");
                return Some(Refusal::here(Code::ImplicitSubmodule, reference.span, what));
            }
        }
        None
    })
}

/// `from p.foo import x` overwrites the package attribute `p.foo`.
pub(super) fn clash(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module = &subject.target.module;
    let parent = module.parent()?;
    file.project.files_of(module).next()?;
    let (package, place) = file.project.files_of(&parent).map(|id| file.project.file(id)).find_map(|package| {
        let place = package.defined.get(module.last()).filter(|_| package.is_package)?;
        Some((&package.path, *place))
    })?;
    let what = format!("the package also defines `{}`", module.last());
    Some(Refusal::elsewhere(Code::AttrSubmoduleClash, package, place, what))
}

/// A from-import reads the value when it runs; if the project rebinds it, when matters.
pub(super) fn late_binding(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let member = subject.target.member.as_ref()?;
    let homes = file.project.files_of(&subject.target.module).map(|id| file.project.file(id));
    if let Some((home, place)) = homes.into_iter().find_map(|home| Some((home, home.rebound.get(member)?))) {
        let what = format!("rebinds `{member}` with `global`");
        return Some(Refusal::elsewhere(Code::LateBinding, &home.path, *place, what));
    }
    let changes = file.project.reads_of(&subject.target.module, member);
    let (path, read) = changes.into_iter().find_map(|(reader, read)| {
        matches!(read.kind, ReadKind::Store | ReadKind::Patched).then_some((&reader.path, read))
    })?;
    let (code, what) = match read.kind {
        ReadKind::Store => (Code::LateBinding, "assigns it anew"),
        _ => (Code::PatchedSource, "replaces it where it is defined"),
    };
    Some(Refusal::elsewhere(code, path, read.place, what))
}

pub(super) fn frozen_time(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let concerned = subject.target.member.is_some() && matches!(subject.target.module.root(), "datetime" | "time");
    let freezer = ["freezegun", "time_machine", "libfaketime"].into_iter().find(|name| file.project.imports_root(name));
    let freezer = freezer.filter(|_| concerned)?;
    Some(Refusal::here(Code::PatchedDependency, file.span_of(subject), format!("the project uses `{freezer}`")))
}

/// `sys.path` or the environment is put back after the import: at call time it would find another state.
fn path_restored(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let after = file.site(subject).stmt.span.end();
    let restored = file.module.body().body.iter().filter(|stmt| stmt.span.start() >= after).find(|stmt| {
        let target = match &stmt.kind {
            StmtKind::Expr(Expr { kind: ExprKind::Call { func, .. }, .. }) => func.as_dotted(),
            StmtKind::Delete(targets) => targets.first().and_then(|target| match &target.kind {
                ExprKind::Subscript { value, .. } => value.as_dotted(),
                _ => None,
            }),
            StmtKind::Assign { targets, .. } => targets.first().and_then(|target| match &target.kind {
                ExprKind::Subscript { value, .. } => value.as_dotted(),
                _ => target.as_dotted(),
            }),
            _ => None,
        };
        let is_delete = matches!(stmt.kind, StmtKind::Delete(_));
        match target.as_deref() {
            Some(["sys", "path"] | ["sys", "path", "pop" | "remove" | "clear"]) => true,
            Some(["os", "environ"]) => is_delete,
            Some(["os", "environ", "pop" | "clear"] | ["os", "unsetenv"]) => true,
            _ => false,
        }
    })?;
    Some(Refusal::here(Code::OrderBarrier, restored.span, "what the import depends on is changed back here"))
}

// ---- where it goes -------------------------------------------------------------------------------------------------

/// The blocks that must receive the import, from every reference to the name.
fn destinations<'a>(file: &File<'a>, subject: &Subject, unit: &[&Subject]) -> Result<Functions<'a>, Refusal> {
    let module_scope = file.model.module_scope();
    let mut functions: BTreeMap<ScopeId, &'a Function> = BTreeMap::new();
    let mut guards: Vec<&'a Block> = Vec::new();
    let mut seen = 0usize;
    shared_root(file, subject, unit)?;
    let providers = Providers::of(file, subject);
    for reference in file.model.references_to(module_scope, &subject.bound) {
        seen += 1;
        providers.check(file, subject, reference)?;
        match place_of(file, reference)? {
            Use::Function(scope, function) => {
                functions.insert(scope, function);
            }
            Use::MainGuard(block) => {
                if !guards.iter().any(|known| std::ptr::eq(*known, block)) {
                    guards.push(block);
                }
            }
        }
    }
    if seen == 0 {
        let what = format!("nothing refers to `{}`", subject.bound);
        return Err(Refusal::here(Code::SideEffectOnly, file.span_of(subject), what));
    }
    // An outer function's import serves those inside it.
    let outermost: Vec<(ScopeId, &Function)> = functions
        .iter()
        .filter(|(scope, _)| !file.model.ancestors(**scope).skip(1).any(|outer| functions.contains_key(&outer)))
        .map(|(scope, function)| (*scope, *function))
        .collect();
    for (scope, function) in &outermost {
        receiving_function(file, *scope, function)?;
    }
    taken_as_a_whole(file, subject, &outermost)?;
    let blocks = guards.into_iter().chain(outermost.iter().map(|(_, function)| &function.body)).collect();
    Functions::new(blocks).ok_or_else(|| {
        Refusal::here(Code::SideEffectOnly, file.span_of(subject), "nothing refers to it")
    })
}

enum Use<'a> {
    Function(ScopeId, &'a Function),
    /// The block of `if __name__ == "__main__":`.
    MainGuard(&'a Block),
}

/// The function that must import for this reference, or why none can.
fn place_of<'a>(file: &File<'a>, reference: &Reference) -> Result<Use<'a>, Refusal> {
    let refuse = |code: Code, what: &str| Refusal::here(code, reference.span, what);
    if let Context::Annotation(kind) = reference.context {
        let function = file.model.enclosing_function(reference.scope);
        return match (kind, function.and_then(|scope| function_of(file, scope))) {
            (Annotation::Never, Some((scope, function))) => Ok(Use::Function(scope, function)),
            (Annotation::Quoted, _) => Err(refuse(Code::UsedInAnnotation, "named in a string annotation")),
            _ => Err(refuse(Code::UsedInAnnotation, "named in an annotation")),
        };
    }
    if let Resolution::ClassThenGlobal(_) = reference.resolution {
        return Err(refuse(Code::ReboundInClass, "a class body reads and binds the name"));
    }
    if let Some((scope, function)) =
        file.model.enclosing_function(reference.scope).and_then(|scope| function_of(file, scope))
    {
        return Ok(Use::Function(scope, function));
    }
    if reference.phase == Phase::Import
        && let Some(block) = file.facts.main_guards.iter().find(|block| block.span.contains_range(reference.span))
        && !block.inline
        && !matches!(file.model.scope(reference.scope).node, ScopeNode::Class(_))
    {
        return Ok(Use::MainGuard(block));
    }
    let node = |wanted: fn(&ScopeNode<'_>) -> bool| {
        file.model.ancestors(reference.scope).any(|scope| wanted(&file.model.scope(scope).node))
    };
    Err(match reference.context {
        Context::Decorator => refuse(Code::UsedInDecorator, "used in a decorator"),
        Context::Default => refuse(Code::UsedInDefault, "used in a default value"),
        Context::ClassHeader => refuse(Code::UsedInClassHeader, "used in a class header"),
        _ if node(|node| matches!(node, ScopeNode::Lambda { .. })) => {
            refuse(Code::UsedInLambda, "used in a lambda outside any function")
        }
        _ if node(|node| matches!(node, ScopeNode::TypeParameters(_) | ScopeNode::Lazy(_))) => {
            refuse(Code::UsedInAnnotationScope, "used in a type parameter or a type alias")
        }
        _ if node(|node| matches!(node, ScopeNode::Class(_))) => {
            refuse(Code::UsedInClassBody, "used in a class body")
        }
        _ => refuse(Code::UsedAtImportTime, "used while the module is imported"),
    })
}

fn function_of<'a>(file: &File<'a>, scope: ScopeId) -> Option<(ScopeId, &'a Function)> {
    match file.model.scope(scope).node {
        ScopeNode::Function(function) => Some((scope, function)),
        _ => None,
    }
}

/// All imports that bind the same root must move together.
fn shared_root(file: &File<'_>, subject: &Subject, unit: &[&Subject]) -> Result<(), Refusal> {
    if !is_plain(file, subject) {
        return Ok(());
    }
    let Some(symbol) = file.model.symbol(file.model.module_scope(), &subject.bound) else { return Ok(()) };
    for id in &symbol.bindings {
        let binding = file.model.binding(*id);
        let BindingKind::Import { import, alias } = binding.kind else { continue };
        let moves = unit.iter().any(|other| {
            std::ptr::eq(file.site(other).import, import) && other.alias == alias
        });
        if !moves && !import.is_star() {
            let what = format!("this import binds `{}` too and stays", subject.bound);
            return Err(Refusal::here(Code::SharedRootBinding, binding.span, what));
        }
    }
    Ok(())
}

/// Submodules of the root `a` that only other statements of the file load (`from a.b import x`): a function that uses
/// `a.b.c` through a sunk `import a` would miss them.
#[derive(Default)]
struct Providers {
    only_there: BTreeMap<ModuleName, Span>,
}

impl Providers {
    fn of(file: &File<'_>, subject: &Subject) -> Providers {
        let mut providers = Providers::default();
        if !is_plain(file, subject) {
            return providers;
        }
        let mut own = BTreeSet::new();
        for site in file.model.imports() {
            for (position, alias) in site.import.aliases.iter().enumerate() {
                let Some(target) = file.target_of(site.import, position) else { continue };
                if target.module.root() != subject.bound {
                    continue;
                }
                let plain = site.import.form == ImportForm::Import && alias.asname.is_none();
                let mut module = Some(target.module);
                while let Some(name) = module.filter(|name| name.parent().is_some()) {
                    module = name.parent();
                    if plain && site.scope == file.model.module_scope() {
                        own.insert(name);
                    } else {
                        providers.only_there.entry(name).or_insert(alias.span);
                    }
                }
            }
        }
        providers.only_there.retain(|module, _| !own.contains(module));
        providers
    }

    fn check(&self, file: &File<'_>, subject: &Subject, reference: &Reference) -> Result<(), Refusal> {
        if self.only_there.is_empty() {
            return Ok(());
        }
        let mut used = ModuleName::new(&subject.bound);
        for part in file.facts.chain(reference) {
            used = used.map(|name| name.join(part));
            let Some((module, place)) = used.as_ref().and_then(|name| self.only_there.get_key_value(name)) else {
                continue;
            };
            let places = vec![
                Place { at: At::Here(reference.span), what: format!("uses `{module}`") },
                Place { at: At::Here(*place), what: "only this import loads it".to_owned() },
            ];
            return Err(Refusal { code: Code::ImplicitSubmodule, places });
        }
        Ok(())
    }
}

/// What a function must not be to receive an import.
fn receiving_function(file: &File<'_>, scope: ScopeId, function: &Function) -> Result<(), Refusal> {
    let name = &function.name;
    if known::HOOKS.contains(&name.name.as_str()) {
        return Err(Refusal::here(Code::LazyExportHook, name.span, format!("`{}` is such a hook", name.name)));
    }
    if let Some(place) = file.facts.executed.get(&scope) {
        let what = format!("this runs `{}` at import", name.name);
        return Err(Refusal::here(Code::ExecutedAtImport, *place, what));
    }
    if let Some((code, place, what)) = file.facts.late.get(&scope) {
        return Err(Refusal::here(*code, *place, what.clone()));
    }
    for decorator in &function.decorators {
        decorator_allows(file, decorator)?;
    }
    Ok(())
}

/// `locals()` in a receiving function, or in an inner one that refers to the name and so holds it as a free variable.
fn taken_as_a_whole(file: &File<'_>, subject: &Subject, receivers: &[(ScopeId, &Function)]) -> Result<(), Refusal> {
    if file.facts.locals.is_empty() {
        return Ok(());
    }
    let receivers: BTreeSet<ScopeId> = receivers.iter().map(|(scope, _)| *scope).collect();
    for reference in file.model.references_to(file.model.module_scope(), &subject.bound) {
        let mut path = Vec::new();
        for scope in file.model.ancestors(reference.scope) {
            path.push(scope);
            if receivers.contains(&scope) {
                break;
            }
        }
        if let Some(place) = path.iter().find_map(|scope| file.facts.locals.get(scope)) {
            return Err(Refusal::here(Code::LocalsInFunction, *place, "the local names are taken as a whole"));
        }
    }
    Ok(())
}

fn decorator_allows(file: &File<'_>, decorator: &Expr) -> Result<(), Refusal> {
    let callee = match &decorator.kind {
        ExprKind::Call { func, .. } => func,
        _ => decorator,
    };
    let Some(parts) = callee.as_dotted() else { return Ok(()) };
    let dotted = file.full_name(&parts);
    let last = dotted.rsplit('.').next().unwrap_or_default();
    let ends = |list: &[&str]| list.iter().any(|name| dotted == *name || dotted.ends_with(&format!(".{name}")));
    if known::COMPILERS.contains(&last) || ends(known::COMPILERS_DOTTED) {
        return Err(Refusal::here(Code::CompiledFunction, decorator.span, format!("`{dotted}` compiles the function")));
    }
    if known::SOURCE_CACHES.contains(&last) || ends(known::SOURCE_CACHES_DOTTED) {
        let what = format!("`{dotted}` keys its cache on the function's source");
        return Err(Refusal::here(Code::SourceKeyedCache, decorator.span, what));
    }
    Ok(())
}

impl<'a> File<'a> {
    /// A dotted name with its root replaced by what the module imports under it: `compiled` is `numba.njit`.
    pub(super) fn full_name(&self, parts: &[&str]) -> String {
        let symbol = parts.first().and_then(|root| self.model.symbol(self.model.module_scope(), root));
        let target = symbol.and_then(|symbol| {
            symbol.bindings.iter().find_map(|id| match self.model.binding(*id).kind {
                BindingKind::Import { import, alias } if import.aliases.get(alias)?.asname.is_some() || import.form != ImportForm::Import => {
                    self.target_of(import, alias)
                }
                _ => None,
            })
        });
        match target {
            Some(target) => std::iter::once(target.dotted().as_str()).chain(parts[1..].iter().copied()).collect::<Vec<_>>().join("."),
            None => parts.join("."),
        }
    }

    pub(super) fn target_of(
        &self,
        import: &crate::python::Import,
        alias: usize,
    ) -> Option<crate::project::ImportTarget> {
        let index = self.index();
        crate::project::targets(import, import.aliases.get(alias)?, &index.name, index.is_package)
    }

    fn owns_line(&self, comment: Span) -> bool {
        let text = self.module.text();
        let start = text[..usize::from(comment.start())].rfind('\n').map_or(0, |at| at + 1);
        text[start..usize::from(comment.start())].trim().is_empty()
    }

    /// Whether the statement is the guard `if __name__ == "__main__":`.
    pub fn is_main_guard(&self, test: &Expr) -> bool {
        is_main_guard(test, self.module.text())
    }
}
