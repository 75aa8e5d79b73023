//! Function to module: a function-level import whose verdict is *module*. Each import is judged on its own; it leaves
//! its function only if every function that it would then be visible to means the same by the name.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::sink::{is_suppress, clash, frozen_time, late_binding, side_effect_module};
use super::{Anchor, Code, Destination, File, Refusal, Subject, is_typing_guard, known};
use crate::project::{ImportTarget, ReadKind};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Function, Import, Module, Stmt, StmtKind, Try};
use crate::semantic::{Arm, BindingKind, Guard, Resolution, ScopeId, ScopeNode};
use crate::sort::stdlib;
use crate::text::Span;

type Check = fn(&File<'_>, &Subject, &Context<'_>) -> Option<Refusal>;
type FileCheck = fn(&File<'_>, &Subject) -> Option<Refusal>;

/// What the file says of each kind of import: what it imports, and by which name.
/// Each is asked for once.
#[derive(Default)]
pub(super) struct Answers {
    /// The span is of the import that was asked about first.
    kinds: BTreeMap<(ImportTarget, SmolStr), (Span, Option<Refusal>)>,
    /// Where modules of the standard library go, and where others do.
    anchors: BTreeMap<bool, Result<Anchor, Refusal>>,
}

/// The function that holds the import.
struct Context<'a> {
    scope: ScopeId,
    function: &'a Function,
}

/// What the file and the project say of an import, whichever function it stands in; asked once for each kind of import.
const FILE_CHECKS: &[FileCheck] = &[
    notebook, debugger, platform, version, configured, mangled, type_checking_twin, collision, star, namespace,
    package, test_file, framework_file, effects, fixed_by_readers, sources, cycle,
];

/// Checks of one import in its function, cheap and decisive first.
const CHECKS: &[Check] = &[
    suppressed, documented, guards, hook, detached, preload, reload, locals, declared_global, declared_nonlocal, other_bindings_in_function,
    enclosing_binding, docstring,
];

/// Where the import goes, a refusal, or `None` if the user asked to keep it.
pub(super) fn plan<'a>(
    file: &File<'a>,
    subject: &Subject,
    answers: &mut Answers,
) -> Result<Destination<'a>, Option<Refusal>> {
    let site = file.site(subject);
    if file.facts.is_kept(site.stmt) {
        return Err(None);
    }
    if file.is_class_scope(site) {
        let what = "an import in a class body";
        return Err(Some(Refusal::here(Code::ClassScopeImport, site.stmt.span, what)));
    }
    let ScopeNode::Function(function) = file.model.scope(site.scope).node else { return Err(None) };
    let context = Context { scope: site.scope, function };
    if let Some(refusal) = CHECKS.iter().find_map(|check| check(file, subject, &context)) {
        return Err(Some(refusal));
    }
    let kind = (subject.target.clone(), subject.bound.clone());
    let own = file.span_of(subject);
    let ask = || (own, FILE_CHECKS.iter().find_map(|check| check(file, subject)));
    let (asked, answer) = answers.kinds.entry(kind).or_insert_with(ask);
    let answer = answer.clone().map(|refusal| refusal.at(*asked, own));
    if let Some(refusal) = answer.or_else(|| loader(file, subject, &context)) {
        return Err(Some(refusal));
    }
    if let Some(place) = present(file, subject) {
        if let Some(comment) = own_comment(file, subject) {
            let what = "this comment would be lost with the import, which stands at module level already";
            return Err(Some(Refusal::here(Code::DocumentedLocal, comment, what)));
        }
        return match file.facts.executed.get(&context.scope) {
            Some(call) if call.start() < place.start() => {
                let what = format!("this runs `{}` before the import at module level", function.name.name);
                Err(Some(Refusal::here(Code::OrderBarrier, *call, what)))
            }
            _ => Ok(Destination::Present),
        };
    }
    let is_stdlib = stdlib::is_stdlib(subject.target.module.root());
    let anchor = answers.anchors.entry(is_stdlib).or_insert_with(|| anchor(file, is_stdlib));
    anchor.clone().map(Destination::Module).map_err(Some)
}

/// The same import, unconditional, in the module's body.
fn present(file: &File<'_>, subject: &Subject) -> Option<Span> {
    let wanted = written(file, subject)?;
    file.model.imports().iter().find_map(|site| {
        let at_module = site.scope == file.model.module_scope() && site.guards.is_empty() && !site.import.lazy;
        let found = at_module && (0..site.import.aliases.len()).any(|alias| same(file, site.import, alias, &wanted));
        found.then_some(site.stmt.span)
    })
}

/// A comment on the statement or directly above it, other than an exception comment.
fn own_comment(file: &File<'_>, subject: &Subject) -> Option<Span> {
    let stmt = file.site(subject).stmt;
    let text = file.module.text();
    let first = file.module.line_start(stmt.span.start());
    let lines = Span::new(first, file.module.line_end(stmt.span.end()));
    let beside = file.module.comments().iter().copied().filter(|comment| lines.contains_range(*comment));
    let own = |comment: &Span| !crate::policy::without_exception_comments(&text[*comment]).is_empty();
    beside.chain(file.facts.comment_above(stmt)).find(own)
}

/// What an alias binds, and to what: equal for imports that are interchangeable in this file.
fn written(file: &File<'_>, subject: &Subject) -> Option<(ImportTarget, bool, String)> {
    key_of(file, file.site(subject).import, subject.alias)
}

fn key_of(file: &File<'_>, import: &Import, alias: usize) -> Option<(ImportTarget, bool, String)> {
    let target = file.target_of(import, alias)?;
    let alias = import.aliases.get(alias)?;
    Some((target, alias.asname.is_some(), alias.bound().to_owned()))
}

fn same(file: &File<'_>, import: &Import, alias: usize, wanted: &(ImportTarget, bool, String)) -> bool {
    key_of(file, import, alias).is_some_and(|(target, aliased, bound)| {
        // `from a import b as b` and `from a import b` are the same to the function.
        let form = target.member.is_some() || aliased == wanted.1;
        target == wanted.0 && form && bound == wanted.2
    })
}

// ---- the import itself ---------------------------------------------------------------------------------------------

fn notebook(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.is_notebook.map(|place| Refusal::here(Code::Notebook, place, "this comment marks a notebook's cell"))
}

fn suppressed(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    let codes = ["PLC0415", "import-outside-toplevel", "C0415"];
    let place = file.facts.suppression(file.site(subject).stmt, &codes)?;
    Some(Refusal::here(Code::Suppressed, place, "a comment asks tools to leave it here"))
}

/// A comment on the line, or directly above, that gives a reason.
fn documented(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    const REASONS: &[&str] = &["circular", "cycl", "lazy", "lazily", "slow", "heavy", "optional", "defer", "avoid", "late import", "on demand"];
    let stmt = file.site(subject).stmt;
    let text = file.module.text();
    // Only comments of the statement itself: one inside its parentheses is about a name.
    let above = file.facts.comment_above(stmt).map(|place| &text[place]);
    let found = file.facts.comments_on(stmt).chain(above).any(|comment| {
        let words = comment.to_lowercase();
        crate::policy::exception_comments_in(comment).is_empty() && REASONS.iter().any(|reason| words.contains(reason))
    });
    found.then(|| Refusal::here(Code::DocumentedLocal, stmt.span, "a comment says why it is local"))
}

fn debugger(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    let what = format!("`{root}` is a debugger");
    known::DEBUGGERS.contains(&root).then(|| Refusal::here(Code::DebugImport, file.span_of(subject), what))
}

fn platform(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module = &subject.target.module;
    let listed = known::PLATFORM.contains(&module.root()) || known::PLATFORM.contains(&module.as_str());
    let what = format!("`{module}` exists on some systems only");
    listed.then(|| Refusal::here(Code::PlatformModule, file.span_of(subject), what))
}

fn version(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    let lowest = file.config.target_minor();
    let missing = stdlib::removed_or_added(root).is_some_and(|(added, removed)| {
        added.is_some_and(|added| added > lowest) || removed.is_some()
    });
    let what = format!("`{root}` is not part of every Python from 3.{lowest} on");
    missing.then(|| Refusal::here(Code::VersionDependentModule, file.span_of(subject), what))
}

fn configured(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let banned = file.config.banned_module_level.iter().find(|banned| subject.target.dotted().is_within(banned))?;
    let what = format!("`banned-module-level-imports` lists `{banned}`");
    Some(Refusal::here(Code::ConfiguredLocal, file.span_of(subject), what))
}

fn mangled(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let is_private = |name: &str| name.starts_with("__") && !name.ends_with("__");
    let member = subject.target.member.as_deref().unwrap_or_default();
    let mangled = is_private(&subject.bound) || is_private(member);
    mangled.then(|| Refusal::here(Code::MangledName, file.span_of(subject), "Python rewrites this name inside a class"))
}

/// Statements around the import that make it optional or give it a context.
fn guards(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    let site = file.site(subject);
    let is_stdlib = stdlib::is_stdlib(subject.target.module.root());
    site.guards.iter().rev().find_map(|guard| {
        let at = Span::empty(guard.stmt.span.start());
        match guard.arm {
            Arm::With if is_suppress(guard.stmt) => {
                Some(Refusal::here(Code::GuardedImport, at, "this `with` swallows its failure"))
            }
            Arm::With => Some(Refusal::here(Code::InWith, at, "this `with` is around it")),
            Arm::Loop => None,
            Arm::TryBody => match &guard.stmt.kind {
                StmtKind::Try(node) if !catches_import_error(node) => None,
                _ => Some(Refusal::here(Code::GuardedImport, at, "this `try` handles its failure")),
            },
            Arm::Handler(_) | Arm::TryElse | Arm::Finally if is_stdlib => None,
            Arm::Handler(_) | Arm::TryElse | Arm::Finally => {
                Some(Refusal::here(Code::GuardedImport, at, "this `try` is around it"))
            }
            _ if is_typing_guard(guard) => Some(Refusal::here(Code::TypeCheckingOnly, at, "it never runs")),
            Arm::If(_) | Arm::Else | Arm::Case(_) if is_stdlib && !tests_environment(file.module, guard) => None,
            Arm::If(_) | Arm::Else | Arm::Case(_) => {
                Some(Refusal::here(Code::ConditionalImport, at, "it depends on this condition"))
            }
        }
    })
}

fn catches_import_error(node: &Try) -> bool {
    node.handlers.iter().any(|handler| match &handler.exception {
        None => true,
        Some(exception) => match &exception.kind {
            ExprKind::Tuple(items) => items.iter().any(may_be_import_error),
            _ => may_be_import_error(exception),
        },
    })
}

/// Anything but the well-known exceptions that have nothing to do with importing.
fn may_be_import_error(exception: &Expr) -> bool {
    const UNRELATED: &[&str] = &[
        "ArithmeticError", "AssertionError", "AttributeError", "EOFError", "FileExistsError", "FileNotFoundError",
        "IndexError", "KeyError", "KeyboardInterrupt", "LookupError", "NameError", "OverflowError", "PermissionError",
        "RecursionError", "StopIteration", "TimeoutError", "TypeError", "UnicodeDecodeError", "UnicodeError",
        "ValueError", "ZeroDivisionError",
    ];
    !exception.as_name().is_some_and(|name| UNRELATED.contains(&name))
}

/// A condition on the Python version, the platform or what is installed.
fn tests_environment(module: &Module, guard: &Guard<'_>) -> bool {
    const WORDS: &[&str] = &["version", "platform", "os.name", "find_spec", "HAS_", "HAVE_", "WINDOWS", "PY2", "PY3", "implementation"];
    let StmtKind::If { arms, .. } = &guard.stmt.kind else { return true };
    arms.iter().any(|arm| {
        let test = &module.text()[arm.test.span];
        WORDS.iter().any(|word| test.contains(word) || test.contains(&word.to_lowercase()))
    })
}

// ---- its function --------------------------------------------------------------------------------------------------

fn hook(_: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let name = &context.function.name;
    let what = format!("`{}` is such a hook", name.name);
    known::HOOKS.contains(&name.name.as_str()).then(|| Refusal::here(Code::LazyExportHook, name.span, what))
}

fn detached(file: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let enclosing = file.model.ancestors(context.scope).filter_map(|scope| match file.model.scope(scope).node {
        ScopeNode::Function(function) => Some(function),
        _ => None,
    });
    enclosing.into_iter().find_map(|function| {
        if let Some(place) = file.facts.detached.get(&function.name.name) {
            return Some(Refusal::here(Code::DetachedFunction, *place, "this call ships the function elsewhere"));
        }
        function.decorators.iter().find_map(|decorator| {
            let callee = match &decorator.kind {
                ExprKind::Call { func, .. } => func,
                _ => decorator,
            };
            let parts = callee.as_dotted()?;
            let ships = known::DETACHING.contains(parts.last()?);
            let what = format!("`{}` ships the function elsewhere", parts.join("."));
            ships.then(|| Refusal::here(Code::DetachedFunction, decorator.span, what))
        })
    })
}

/// The body is nothing but imports: the function exists to load them.
fn preload(_: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let body = &context.function.body.body;
    let only = body.iter().all(|stmt| {
        stmt.as_import().is_some() || stmt.is_docstring_like() || matches!(stmt.kind, StmtKind::Pass)
    });
    only.then(|| Refusal::here(Code::PreloadFunction, context.function.name.span, "the body is nothing but imports"))
}

/// `return json`: the function exists to load the module late.
fn loader(_: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    struct Returns<'n> {
        name: &'n str,
        found: Option<Span>,
    }
    impl<'m> Visitor<'m> for Returns<'_> {
        fn visit_stmt(&mut self, stmt: &'m Stmt) {
            match &stmt.kind {
                StmtKind::Return(Some(value)) if value.as_name() == Some(self.name) => self.found = Some(stmt.span),
                StmtKind::Function(_) | StmtKind::Class(_) => {}
                _ => walk_stmt(self, stmt),
            }
        }
        fn visit_expr(&mut self, _: &'m Expr) {}
    }
    let mut returns = Returns { name: &subject.bound, found: None };
    context.function.body.body.iter().for_each(|stmt| returns.visit_stmt(stmt));
    let place = returns.found?;
    Some(Refusal::here(Code::LazyLoaderFunction, place, "the function returns what it imports"))
}

fn reload(file: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let place = file.facts.reads_import_system.get(&context.scope)?;
    Some(Refusal::here(Code::ReloadPattern, *place, "the function uses the import system"))
}

/// `locals()` where the name is visible as a local or a free variable.
fn locals(file: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let place = file.facts.locals.iter().find(|(scope, _)| file.model.is_within(**scope, context.scope))?.1;
    Some(Refusal::here(Code::LocalsInFunction, *place, "the local names are taken as a whole"))
}

/// Everything that binds the name in the function must be the same import, and able to go.
fn other_bindings_in_function(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let wanted = written(file, subject)?;
    let own = file.model.symbol(context.scope, &subject.bound);
    let landing = own.map(|symbol| symbol.bindings.as_slice()).unwrap_or_default();
    for id in landing {
        let binding = file.model.binding(*id);
        let what = format!("`{}` is bound in another way here", subject.bound);
        match binding.kind {
            BindingKind::Import { import, alias } if same(file, import, alias, &wanted) => {
                let twin = file.model.imports().iter().find(|site| std::ptr::eq(site.import, import))?;
                let blocked = file.facts.is_kept(twin.stmt) || twin.guards.iter().any(|guard| {
                    matches!(guard.arm, Arm::TryBody | Arm::With | Arm::If(_) | Arm::Else | Arm::Case(_))
                }) && twin.guards.len() != file.site(subject).guards.len();
                if blocked {
                    return Some(Refusal::here(Code::ReboundInFunction, binding.span, what));
                }
            }
            BindingKind::Import { .. } => {
                let what = format!("`{}` is imported from elsewhere here", subject.bound);
                return Some(Refusal::here(Code::ReboundInFunction, binding.span, what));
            }
            _ => return Some(Refusal::here(Code::ReboundInFunction, binding.span, what)),
        }
    }
    None
}

fn declared_global(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    let place = file.facts.globals.get(&subject.bound)?;
    Some(Refusal::here(Code::GlobalDeclared, *place, "the name is declared `global` here"))
}

fn declared_nonlocal(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let binding = file.model.bindings().iter().find(|binding| {
        matches!(binding.kind, BindingKind::Nonlocal)
            && binding.name == subject.bound
            && file.model.is_within(binding.written_in, context.scope)
    })?;
    Some(Refusal::here(Code::NonlocalDeclared, binding.span, "the name is declared `nonlocal` here"))
}

// ---- its file ------------------------------------------------------------------------------------------------------

fn type_checking_twin(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let twin = file.model.imports().iter().find(|site| {
        file.is_typing_only(site)
            && (0..site.import.aliases.len()).any(|alias| {
                file.target_of(site.import, alias).is_some_and(|target| target.module == subject.target.module)
            })
    })?;
    let what = "the same module is imported for type checking only";
    Some(Refusal::here(Code::TypeCheckingOnly, twin.stmt.span, what))
}

/// What the name means at module level, and to functions that look it up there.
fn collision(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let wanted = written(file, subject)?;
    let module_scope = file.model.module_scope();
    if let Some(symbol) = file.model.symbol(module_scope, &subject.bound) {
        for id in &symbol.bindings {
            let binding = file.model.binding(*id);
            let what = format!("`{}` is bound at module level here", subject.bound);
            let BindingKind::Import { import, alias } = binding.kind else {
                return Some(Refusal::here(Code::NameCollision, binding.span, what));
            };
            let site = file.model.imports().iter().find(|site| std::ptr::eq(site.import, import))?;
            let plain_root = wanted.0.member.is_none() && !wanted.1 && file.target_of(import, alias).is_some_and(|target| {
                target.member.is_none() && import.aliases[alias].asname.is_none()
            });
            if !same(file, import, alias, &wanted) && !plain_root {
                return Some(Refusal::here(Code::NameCollision, binding.span, what));
            }
            if let Some(guard) = site.guards.last() {
                let code = match guard.arm {
                    Arm::With => Code::InWith,
                    Arm::If(_) | Arm::Else | Arm::Case(_) | Arm::Loop => Code::ConditionalImport,
                    _ => Code::GuardedImport,
                };
                return Some(Refusal::here(code, site.stmt.span, "at module level it is imported under a condition"));
            }
        }
    }
    // Other functions import something else by this name: only one of them can have it.
    let other = file.model.imports().iter().find_map(|site| {
        let function_level = file.model.enclosing_function(site.scope).is_some();
        let other = site.import.aliases.iter().enumerate().find(|(position, alias)| {
            function_level && alias.bound() == subject.bound && !same(file, site.import, *position, &wanted)
        })?;
        let plain = wanted.0.member.is_none() && !wanted.1 && other.1.asname.is_none();
        let root = plain && file.target_of(site.import, other.0).is_some_and(|target| target.member.is_none());
        (!root).then_some(other.1.span)
    });
    if let Some(place) = other {
        let what = format!("another function imports something else as `{}`", subject.bound);
        return Some(Refusal::here(Code::MultipleBindings, place, what));
    }
    // References that look the name up among the globals and find the builtin, or nothing.
    let stray = file.model.references().iter().find(|reference| {
        reference.name == subject.bound && matches!(reference.resolution, Resolution::Builtin | Resolution::Unknown)
    })?;
    let what = format!("here `{}` means something else", subject.bound);
    Some(Refusal::here(Code::NameCollision, stray.span, what))
}

/// An enclosing function binds the name too: without the import the inner function would see that.
fn enclosing_binding(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let wanted = written(file, subject)?;
    let outer = file.model.ancestors(context.scope).skip(1).filter(|scope| {
        !matches!(file.model.scope(*scope).node, ScopeNode::Class(_) | ScopeNode::Module)
    });
    outer.into_iter().find_map(|scope| {
        let symbol = file.model.symbol(scope, &subject.bound)?;
        let other = symbol.bindings.iter().map(|id| file.model.binding(*id)).find(|binding| {
            !matches!(binding.kind, BindingKind::Import { import, alias } if same(file, import, alias, &wanted))
        })?;
        Some(Refusal::here(Code::NameCollision, other.span, "an enclosing function binds the name"))
    })
}

fn star(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.star.map(|place| Refusal::here(Code::StarImportInModule, place, "this star import may bind the name"))
}

/// A new name at module level that somebody would see.
fn namespace(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if present(file, subject).is_some() {
        return None;
    }
    if let Some(place) = file.facts.module_getattr {
        return Some(Refusal::here(Code::ModuleGetattr, place, "the module's attribute hook"));
    }
    if let (Some((Code::DynamicNamespace, place, what)), false) =
        (&file.facts.dynamic, matches!(file.facts.all, super::facts::All::Computed(_)))
    {
        return Some(Refusal::here(Code::DynamicNamespace, *place, what.clone()));
    }
    match &file.facts.all {
        super::facts::All::Computed(place) => {
            Some(Refusal::here(Code::DynamicAll, *place, "`__all__` is computed here"))
        }
        super::facts::All::Names(_) => None,
        super::facts::All::Absent if subject.bound.starts_with('_') => None,
        super::facts::All::Absent => {
            let (importer, place) = file.project.star_importers(file.id).next()?;
            Some(Refusal::elsewhere(Code::StarImportedBy, &importer.path, place, "star-imports this module"))
        }
    }
}

fn package(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let index = file.index();
    if !index.is_package {
        return None;
    }
    if file.is_first_party(&subject.target) {
        let what = "the package's interface would include it";
        return Some(Refusal::here(Code::PackageInit, file.span_of(subject), what));
    }
    let submodule = index.name.join(&subject.bound);
    let id = file.project.files_of(&submodule).next()?;
    let what = format!("`{}` has the same name", file.project.file(id).path);
    Some(Refusal::here(Code::AttrSubmoduleClash, file.span_of(subject), what))
}

fn test_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if !known::is_test_file(&file.index().path) {
        return None;
    }
    let collected = subject.target.member.is_some()
        && (subject.bound.starts_with("test") || subject.bound.contains("Test") || file.facts.parameters.contains(subject.bound.as_str()));
    let what = "tests import first-party code where they need it";
    (collected || file.is_first_party(&subject.target))
        .then(|| Refusal::here(Code::TestModule, file.span_of(subject), what))
}

fn framework_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let name = file.index().path.rsplit('/').next().unwrap_or_default();
    let listed = known::FRAMEWORK_FILES.contains(&name) && subject.target.member.is_some()
        || known::SETTINGS_FILES.contains(&name)
        || name.contains("settings") && subject.bound.chars().all(|c| !c.is_lowercase());
    let what = format!("a framework reads the names of `{name}`");
    listed.then(|| Refusal::here(Code::FrameworkModule, file.span_of(subject), what))
}

fn effects(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    side_effect_module(file, subject)
        .or_else(|| clash(file, subject))
        .or_else(|| frozen_time(file, subject))
}

/// Tests replace the module-level name, which the function did not use so far.
fn fixed_by_readers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let mut readers = file.project.readers_of(file.id, &subject.bound);
    let (reader, read) = readers.find(|(_, read)| matches!(read.kind, ReadKind::Store | ReadKind::Patched))?;
    Some(Refusal::elsewhere(Code::PatchedName, &reader.path, read.place, "replaces it in this module"))
}

/// The module it comes from changes under it.
fn sources(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if let Some((reader, place)) = file.project.sys_modules_write(&subject.target.module) {
        return Some(Refusal::elsewhere(Code::SysModulesPatched, &reader.path, place, "replaces it in `sys.modules`"));
    }
    late_binding(file, subject)
}

/// Removing the import must not make a docstring of the string below it.
fn docstring(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let site = file.site(subject);
    let body = &context.function.body;
    if !std::ptr::eq(site.block, body) || body.body[..site.index].iter().any(|stmt| stmt.as_import().is_none()) {
        return None;
    }
    let next = body.body.iter().find(|stmt| stmt.as_import().is_none())?;
    let what = "this string would become the docstring";
    next.is_docstring_like().then(|| Refusal::here(Code::StringWouldBecomeDocstring, next.span, what))
}

fn cycle(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    for target in BTreeSet::from([subject.target.module.clone(), subject.target.dotted()]) {
        if let Some(home) = file.project.files_of(&target).find_map(|id| {
            let target = file.project.file(id);
            target.main_guard.map(|place| (target.path.clone(), place))
        }) {
            return Some(Refusal::elsewhere(Code::MainModule, &home.0, home.1, "the module is run as a script"));
        }
        if let Some(steps) = file.project.cycle(file.id, &target) {
            let mut refusal = Refusal::here(Code::WouldCreateCycle, file.span_of(subject), "it would close a cycle");
            refusal.places.extend(steps.into_iter().map(|step| super::Place {
                at: super::At::File { path: step.path, place: step.place },
                what: "imports the next".to_owned(),
            }));
            return Some(refusal);
        }
    }
    None
}

// ---- where it goes -------------------------------------------------------------------------------------------------

/// The run of imports that takes the import, or why it cannot go before the code that follows it.
fn anchor(file: &File<'_>, is_stdlib: bool) -> Result<Anchor, Refusal> {
    let body = &file.module.body().body;
    let mut anchor = None;
    let mut barrier: Option<&Stmt> = None;
    let mut at = usize::from(file.module.body().docstring().is_some());
    // Only the head of the file: nothing that a definition or a call may need comes before.
    while let Some(stmt) = body.get(at) {
        match &stmt.kind {
            StmtKind::Import(import) if import.is_future() => {}
            StmtKind::Import(_) => {
                if anchor.is_none() {
                    anchor = Some(Anchor::Block(at));
                }
                while body.get(at + 1).is_some_and(|next| next.as_import().is_some()) {
                    at += 1;
                }
            }
            StmtKind::Function(_) | StmtKind::Class(_) => break,
            _ if is_barrier(file.module, stmt, is_stdlib) => {
                barrier = Some(stmt);
                anchor = None;
            }
            _ => {}
        }
        at += 1;
    }
    let rest_has_barrier = body.get(at..).unwrap_or_default().iter().find(|stmt| is_patching(file.module, stmt));
    match (anchor, barrier.or(rest_has_barrier)) {
        (Some(anchor), None) => Ok(anchor),
        (Some(anchor), Some(found)) if barrier.is_some() && rest_has_barrier.is_none() && found.span.start() < body[anchor.statement()].span.start() => Ok(anchor),
        (_, Some(found)) => {
            let what = "this runs before the functions, and must run before the import";
            Err(Refusal::here(Code::OrderBarrier, found.span, what))
        }
        (None, None) => Ok(Anchor::Before(first_statement(file.module))),
    }
}

impl Anchor {
    /// The statement of the module's body that it names.
    pub fn statement(self) -> usize {
        match self {
            Anchor::Block(at) | Anchor::Before(at) => at,
        }
    }
}

/// After the docstring and the `__future__` imports.
fn first_statement(module: &Module) -> usize {
    let body = &module.body().body;
    let start = usize::from(module.body().docstring().is_some());
    let futures = body[start..].iter().take_while(|stmt| stmt.as_import().is_some_and(Import::is_future)).count();
    start + futures
}

/// A statement of the module's body that may change what a later import does or sees.
fn is_barrier(module: &Module, stmt: &Stmt, is_stdlib: bool) -> bool {
    if is_patching(module, stmt) {
        return true;
    }
    if is_stdlib {
        return false;
    }
    match &stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Call { .. } | ExprKind::Await(_), .. }) => true,
        StmtKind::Assign { targets, .. } => targets.iter().any(|target| {
            matches!(target.kind, ExprKind::Attribute { .. } | ExprKind::Subscript { .. })
        }),
        StmtKind::AugAssign { target, .. } => {
            matches!(target.kind, ExprKind::Attribute { .. } | ExprKind::Subscript { .. })
        }
        StmtKind::Delete(_) => false,
        StmtKind::If { .. } | StmtKind::For(_) | StmtKind::While { .. } | StmtKind::With { .. } | StmtKind::Try(_) => {
            contains_call_statement(stmt)
        }
        _ => false,
    }
}

fn contains_call_statement(stmt: &Stmt) -> bool {
    stmt.blocks().iter().flat_map(|block| &block.body).any(|inner| {
        matches!(&inner.kind, StmtKind::Expr(Expr { kind: ExprKind::Call { .. }, .. })) || contains_call_statement(inner)
    })
}

/// Monkey patching and the like, which must precede every import.
fn is_patching(module: &Module, stmt: &Stmt) -> bool {
    struct Finder {
        found: bool,
    }
    impl<'m> Visitor<'m> for Finder {
        fn visit_stmt(&mut self, stmt: &'m Stmt) {
            if !matches!(stmt.kind, StmtKind::Function(_) | StmtKind::Class(_)) {
                walk_stmt(self, stmt);
            }
        }
        fn visit_expr(&mut self, expr: &'m Expr) {
            if let ExprKind::Call { func, .. } = &expr.kind
                && func.as_dotted().is_some_and(|parts| matches!(parts.last(), Some(&("patch_all" | "monkey_patch" | "patch_socket" | "install_import_hook" | "importorskip"))))
            {
                self.found = true;
            }
            walk_expr(self, expr);
        }
    }
    // Cheap: only statements whose text mentions it are walked.
    let text = &module.text()[stmt.span];
    if !text.contains("patch") && !text.contains("import") {
        return false;
    }
    let mut finder = Finder { found: false };
    finder.visit_stmt(stmt);
    finder.found
}
