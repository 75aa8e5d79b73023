//! What keeps a module-level import where it is, whoever uses it: one short function for each reason, in a list.

use std::collections::BTreeMap;

use super::is_plain;
use crate::name::ModuleName;
use crate::plan::facts::All;
use crate::plan::{Code, File, Refusal, Subject, known};
use crate::project::ReadKind;
use crate::python::{Expr, ExprKind, ImportForm, Stmt, StmtKind};
use crate::semantic::{Arm, BindingKind};
use crate::text::Span;

type Check = fn(&File<'_>, &Subject) -> Option<Refusal>;

/// Checks of one alias, cheap and decisive first.
const CHECKS: &[Check] = &[
    no_benefit,
    notebook,
    suppressed,
    guarded,
    star,
    explicit_reexport,
    mangled,
    framework_file,
    test_file,
    package_init,
    side_effect_module,
    native_order,
    other_bindings,
    star_after,
    exported,
    dynamic,
    module_getattr,
    doctest,
    main_string,
    readers,
    star_importers,
    submodule_provider,
    own_submodule,
    unnamed_submodule,
    sys_modules,
    clash,
    late_binding,
    frozen_time,
    path_restored,
];

/// The first reason why the import stays.
pub(super) fn refusal(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    CHECKS.iter().find_map(|check| check(file, subject))
}

fn no_benefit(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module = subject.target.module.as_str();
    let always = known::ALWAYS_LOADED.contains(&module)
        || module == "os.path"
        || matches!((module, subject.target.member.as_deref()), ("os", Some("path")));
    let what = format!("`{module}` is loaded in every Python process");
    always.then(|| Refusal::here(Code::NoBenefit, file.span_of(subject), what))
}

pub(in crate::plan) fn notebook(file: &File<'_>, _: &Subject) -> Option<Refusal> {
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
        Arm::TryBody | Arm::Handler(_) | Arm::TryElse | Arm::Finally => {
            (Code::GuardedImport, "this `try` is around it")
        }
        Arm::With if is_suppress(guard.stmt) => (Code::GuardedImport, "this `with` swallows its failure"),
        Arm::With => (Code::InWith, "this `with` is around it"),
        Arm::If(_) | Arm::Else | Arm::Case(_) | Arm::Loop => (Code::ConditionalImport, "it depends on this condition"),
    };
    Some(Refusal::here(code, Span::empty(guard.stmt.span.start()), what))
}

/// `with contextlib.suppress(ImportError):`
pub(in crate::plan) fn is_suppress(stmt: &Stmt) -> bool {
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

/// A name that Python rewrites inside a class.
pub(in crate::plan) fn is_private(name: &str) -> bool {
    name.starts_with("__") && !name.ends_with("__")
}

fn mangled(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
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
pub(in crate::plan) fn side_effect_module(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
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
        let found = roots
            .into_iter()
            .filter_map(|name| name.split('.').next())
            .find(|name| known::NATIVE.contains(name) && *name != root)?;
        Some((site.stmt.span, found.to_owned()))
    });
    other.map(|(place, found)| Refusal::here(Code::NativeOrder, place, format!("`{found}` is loaded here as well")))
}

pub(in crate::plan) fn framework_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
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
    let collected = subject.bound.starts_with("test")
        || subject.bound.starts_with("Test")
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
        let both_plain =
            is_plain(file, subject) && import.form == ImportForm::Import && import.aliases[alias].asname.is_none();
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
    if subject.bound.starts_with('_') || !matches!(file.facts.all, All::Absent) {
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
    Some(Refusal::elsewhere(
        Code::SubmoduleProvider,
        &user.path,
        read.place,
        format!("uses `{module}` through this import"),
    ))
}

/// When the module is imported decides whether the one put into `sys.modules` is found.
fn sys_modules(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let (writer, place) = file.project.sys_modules_write(&subject.target.module)?;
    Some(Refusal::elsewhere(Code::SysModulesPatched, &writer.path, place, "replaces it in `sys.modules`"))
}

/// `p.sub` works through another import of `p`, under whichever name, only because this import loads `p.sub`.
fn own_submodule(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    let own_name = is_plain(file, subject).then_some(&*subject.bound);
    let member = subject.target.member.is_some().then(|| subject.target.dotted());
    let is_submodule = member.as_ref().is_some_and(|member| file.project.files_of(member).next().is_some());
    others_of_root(file, subject).into_iter().filter(|(name, _)| Some(*name) != own_name).find_map(|(name, other)| {
        file.model.references_to(module_scope, name).find_map(|reference| {
            let mut used = other.stands_for.clone();
            let mut written = name.to_owned();
            for part in file.facts.chain(reference) {
                used = used.join(part);
                written = format!("{written}.{part}");
                // Modules are not called.
                let is_called = file.module.text()[usize::from(reference.span.start())..]
                    .strip_prefix(written.as_str())
                    .is_some_and(|rest| rest.starts_with('('));
                // Through a second name a member of a foreign package is taken for a function or class, as most are.
                let member = member.as_ref().filter(|_| is_submodule || (other.is_plain && !is_called));
                let loads = subject.target.module.is_within(&used) || member == Some(&used);
                if loads && !other.loads.iter().any(|own| own.is_within(&used)) {
                    let what = format!("uses `{used}`, which this import loads");
                    return Some(Refusal::here(Code::ImplicitSubmodule, reference.span, what));
                }
            }
            None
        })
    })
}

/// What a module-level name is imported as.
struct Imported {
    stands_for: ModuleName,
    /// `import p.sub`: the name is that of the root.
    is_plain: bool,
    loads: Vec<ModuleName>,
}

/// The module-level names of other imports from the root package of the subject.
fn others_of_root<'a>(file: &File<'a>, subject: &Subject) -> BTreeMap<&'a str, Imported> {
    let mut names: BTreeMap<&str, Imported> = BTreeMap::new();
    let at_module = file.model.imports().iter().enumerate().filter(|(_, site)| site.scope == file.model.module_scope());
    for (number, site) in at_module {
        for (position, alias) in site.import.aliases.iter().enumerate() {
            let Some(target) = file.target_of(site.import, position) else { continue };
            let is_itself = number == subject.site && position == subject.alias;
            if is_itself || target.module.root() != subject.target.module.root() {
                continue;
            }
            let is_plain = site.import.form == ImportForm::Import && alias.asname.is_none();
            let stands_for = if is_plain { ModuleName::new(alias.bound()) } else { Some(target.dotted()) };
            let Some(stands_for) = stands_for else { continue };
            let imported = names.entry(alias.bound()).or_insert(Imported { stands_for, is_plain, loads: Vec::new() });
            imported.loads.push(target.dotted());
        }
    }
    names
}

/// `import p.a` and `from p.b import x`, and the file uses `p.c`: one of the two loads it, and nobody can tell which.
/// Beside `import p` it is taken for a name of the package itself.
fn unnamed_submodule(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    let root = subject.target.module.root();
    let mut named: Vec<ModuleName> = Vec::new();
    let mut others = false;
    for site in file.model.imports() {
        for (alias, written) in site.import.aliases.iter().enumerate() {
            let Some(target) = file.target_of(site.import, alias).filter(|target| target.module.root() == root) else {
                continue;
            };
            let plain = site.import.form == ImportForm::Import && written.asname.is_none();
            match plain {
                true if target.module.parent().is_none() => return None,
                true => named.push(target.module),
                false => others |= target.dotted().parent().is_some(),
            }
        }
    }
    if named.is_empty() || !others {
        return None;
    }
    file.model.references_to(module_scope, root).find_map(|reference| {
        let used = ModuleName::new(root)?.join(file.facts.chain(reference).first()?);
        let what = format!("uses `{used}`, which no import of the file names");
        let is_named = named.iter().any(|module| module.is_within(&used));
        (!is_named).then(|| Refusal::here(Code::ImplicitSubmodule, reference.span, what))
    })
}

/// `from p.foo import x` overwrites the package attribute `p.foo`.
pub(in crate::plan) fn clash(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
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
pub(in crate::plan) fn late_binding(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
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

pub(in crate::plan) fn frozen_time(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let concerned = subject.target.member.is_some() && matches!(subject.target.module.root(), "datetime" | "time");
    let freezer = ["freezegun", "time_machine", "libfaketime"].into_iter().find(|name| file.project.imports_root(name));
    let freezer = freezer.filter(|_| concerned)?;
    Some(Refusal::here(Code::PatchedDependency, file.span_of(subject), format!("the project uses `{freezer}`")))
}

/// `sys.path` or the environment is put back after the import: at call time it would find another state.
fn path_restored(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let import = file.site(subject).stmt;
    let body = &file.module.body().body;
    let after = body.iter().filter(|stmt| stmt.span.start() >= import.span.end());
    let restored = after.filter_map(|stmt| restores(file, stmt)).find(|(_, parts, sets)| {
        // Setting is restoring only if the same was set above.
        !sets
            || body
                .iter()
                .take_while(|stmt| stmt.span.start() < import.span.start())
                .any(|stmt| restores(file, stmt).is_some_and(|(_, earlier, _)| earlier == *parts))
    });
    let (place, ..) = restored?;
    Some(Refusal::here(Code::OrderBarrier, place, "what the import depends on is changed back here"))
}

/// A change of `sys.path`, `sys.argv` or the environment, also below a condition: where, of what, and whether it sets
/// a value anew (`os.environ["X"] = "1"`) instead of taking something away.
fn restores(file: &File<'_>, stmt: &Stmt) -> Option<(Span, String, bool)> {
    const WATCHED: &[&str] = &["sys.path", "sys.argv", "os.environ"];
    let found = |expr: &Expr, sets: bool| {
        let parts = expr.as_dotted()?;
        let name = file.full_name(&parts);
        let watched = WATCHED.iter().find(|watched| name == **watched)?;
        Some((stmt.span, (*watched).to_owned(), sets))
    };
    let item = |expr: &Expr, sets: bool| match &expr.kind {
        ExprKind::Subscript { value, .. } => {
            found(value, sets && value.as_dotted().is_some_and(|p| p.last() == Some(&"environ")))
        }
        _ => found(expr, sets && expr.as_dotted().is_none_or(|parts| parts.last() != Some(&"path"))),
    };
    match &stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Call { func, .. }, .. }) => match &func.kind {
            ExprKind::Attribute { value, attr } if matches!(attr.name.as_str(), "pop" | "remove" | "clear") => {
                found(value, false)
            }
            _ => None,
        },
        StmtKind::Delete(targets) => targets.iter().find_map(|target| item(target, false)),
        StmtKind::Assign { targets, .. } => targets.iter().find_map(|target| item(target, true)),
        StmtKind::Function(_) | StmtKind::Class(_) => None,
        _ => stmt.blocks().iter().flat_map(|block| &block.body).find_map(|inner| restores(file, inner)),
    }
}
