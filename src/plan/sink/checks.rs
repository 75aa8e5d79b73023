//! What keeps a module-level import where it is, whoever uses it: one short function for each reason, in a list.

use super::{is_plain, loading, readers, submodules};
use crate::plan::memo::Restored;
use crate::plan::{Code, File, Refusal, Subject, known};
use crate::project::ImportTarget;
use crate::python::{Expr, ExprKind, ImportForm, Stmt, StmtKind};
use crate::semantic::{Arm, BindingId, BindingKind};
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
    loading::side_effect_module,
    native_order,
    other_bindings,
    star_after,
    readers::exported,
    dynamic,
    module_getattr,
    doctest,
    main_string,
    readers::readers,
    readers::scans,
    readers::star_importers,
    submodules::provider,
    submodules::own,
    submodules::unnamed,
    submodules::probed,
    sys_modules,
    clash,
    loading::late_binding,
    frozen_time,
    path_restored,
    loading::import_time_input,
    loading::import_hook,
    loading::sandboxed,
    loading::ambiguous,
    loading::path_taken_away,
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
    // pytest lets nobody call a fixture.
    let may_be_fixture = !is_stdlib(subject) && !file.is_called(subject, "");
    if file.facts.parameters.contains(subject.bound.as_str()) && may_be_fixture {
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
    // The plain imports of a root are one group; whether its members may all move is decided with the destinations.
    let subject_is_plain = is_plain(file, subject);
    let others = file.facts.memo.other_than_plain.get_or(&subject.bound, || {
        let is_plain = |id: &&BindingId| match file.model.binding(**id).kind {
            BindingKind::Import { import, alias } => {
                let alias = import.aliases.get(alias);
                import.form == ImportForm::Import && alias.is_some_and(|alias| alias.asname.is_none())
            }
            _ => false,
        };
        symbol.bindings.iter().filter(|id| !is_plain(id)).copied().collect()
    });
    for id in if subject_is_plain { &*others } else { &symbol.bindings } {
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

/// When the module is imported decides whether the one put into `sys.modules` is found.
fn sys_modules(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let (writer, place) = file.project.sys_modules_write(&subject.target.module)?;
    Some(Refusal::elsewhere(Code::SysModulesPatched, &writer.path, place, "replaces it in `sys.modules`"))
}

/// `from p.foo import x` overwrites the package attribute `p.foo`; `from p import foo` finds the module, or what the package
/// comes to call so.
pub(in crate::plan) fn clash(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let ImportTarget { module, member } = &subject.target;
    let submodules = [Some(module.clone()), member.as_ref().map(|member| module.join(member))];
    submodules.into_iter().flatten().find_map(|submodule| {
        file.project.files_of(&submodule).next()?;
        let parent = submodule.parent()?;
        let packages = file.project.files_of(&parent).map(|id| file.project.file(id));
        let (package, place) = packages.filter(|package| package.is_package).find_map(|package| {
            // `from .foo import foo` has loaded the module by the time that anybody outside asks.
            let loads = package.edges.iter().any(|edge| edge.is_certain && edge.target.module.may_be(&submodule));
            let is_done = loads && !file.index().name.is_within(&package.name);
            Some((&package.path, *package.defined.get(submodule.last()).filter(|_| !is_done)?))
        })?;
        let what = format!("the package also defines `{}`", submodule.last());
        Some(Refusal::elsewhere(Code::AttrSubmoduleClash, package, place, what))
    })
}

pub(in crate::plan) fn frozen_time(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let concerned = subject.target.member.is_some() && matches!(subject.target.module.root(), "datetime" | "time");
    let freezer = file.project.clock_stopper().filter(|_| concerned)?;
    Some(Refusal::here(Code::PatchedDependency, file.span_of(subject), format!("the project uses `{freezer}`")))
}

/// `sys.path` or the environment is put back after the import: at call time it would find another state.
fn path_restored(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let import = file.site(subject).stmt.span;
    let all = file.facts.memo.restored.get_or_init(|| {
        let found = file.module.body().body.iter().filter_map(|stmt| {
            let (place, what, sets) = restores(file, stmt)?;
            Some(Restored { home: stmt.span.start(), place, what, sets })
        });
        found.collect()
    });
    let above = &all[..all.partition_point(|restored| restored.home < import.start())];
    let below = &all[all.partition_point(|restored| restored.home < import.end())..];
    // Setting is restoring only if the same was set above.
    let restored = below.iter().find(|one| !one.sets || above.iter().any(|earlier| earlier.what == one.what))?;
    Some(Refusal::here(Code::OrderBarrier, restored.place, "what the import depends on is changed back here"))
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
