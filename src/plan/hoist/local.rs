//! What keeps a function-level import in its function: how it is written, what stands around it, what its function is for.

use super::{Context, own_comment, present, same, written};
use crate::plan::sink::is_suppress;
use crate::plan::{Code, File, Refusal, Subject, is_typing_guard, known};
use crate::python::visit::{Visitor, walk_stmt};
use crate::python::{Expr, ExprKind, Module, Stmt, StmtKind};
use crate::semantic::{Arm, BindingKind, Guard, ScopeId, ScopeNode};
use crate::sort::stdlib;
use crate::text::Span;

type Check = fn(&File<'_>, &Subject, &Context<'_>) -> Option<Refusal>;

/// Checks of one import in its function, cheap and decisive first.
const CHECKS: &[Check] = &[
    suppressed,
    documented,
    guards,
    hook,
    detached,
    preload,
    reload,
    locals,
    declared_global,
    declared_nonlocal,
    other_bindings_in_function,
    enclosing_binding,
    docstring,
];

/// The first reason why the import stays.
pub(super) fn refusal(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    CHECKS.iter().find_map(|check| check(file, subject, context))
}

fn suppressed(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    let codes = ["PLC0415", "import-outside-toplevel", "C0415"];
    let place = file.facts.suppression(file.site(subject).stmt, &codes)?;
    Some(Refusal::here(Code::Suppressed, place, "a comment asks tools to leave it here"))
}

/// A comment on the line, or directly above, that gives a reason.
fn documented(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    const REASONS: &[&str] = &[
        "circular",
        "cycl",
        "lazy",
        "lazily",
        "slow",
        "heavy",
        "optional",
        "defer",
        "avoid",
        "late import",
        "on demand",
    ];
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
                StmtKind::Try(node) if !node.may_catch_import_error() => None,
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

/// A condition on the Python version, the platform or what is installed.
fn tests_environment(module: &Module, guard: &Guard<'_>) -> bool {
    const WORDS: &[&str] =
        &["version", "platform", "os.name", "find_spec", "HAS_", "HAVE_", "WINDOWS", "PY2", "PY3", "implementation"];
    let StmtKind::If { arms, .. } = &guard.stmt.kind else { return true };
    arms.iter().any(|arm| {
        let test = &module.text()[arm.test.span];
        WORDS.iter().any(|word| test.contains(word) || test.contains(&word.to_lowercase()))
    })
}

fn hook(_: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let name = &context.function.name;
    let what = format!("`{}` is such a hook", name.name);
    known::HOOKS.contains(&name.name.as_str()).then(|| Refusal::here(Code::LazyExportHook, name.span, what))
}

fn detached(file: &File<'_>, _: &Subject, context: &Context<'_>) -> Option<Refusal> {
    ships(file, context.scope)
}

/// Whether the function of the scope, or one around it, is shipped elsewhere without its module.
pub(in crate::plan) fn ships(file: &File<'_>, scope: ScopeId) -> Option<Refusal> {
    let enclosing = file.model.ancestors(scope).filter_map(|scope| match file.model.scope(scope).node {
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
    let only = body
        .iter()
        .all(|stmt| stmt.as_import().is_some() || stmt.is_docstring_like() || matches!(stmt.kind, StmtKind::Pass));
    only.then(|| Refusal::here(Code::PreloadFunction, context.function.name.span, "the body is nothing but imports"))
}

/// `return json`: the function exists to load the module late.
pub(super) fn loader(_: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
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
                let site = file.facts.memo.site_of(file, import)?;
                let twin = Subject { site, alias, ..subject.clone() };
                let is_itself = site == subject.site && alias == subject.alias;
                if !is_itself && stays(file, &twin, context) {
                    let what = format!("`{}` is imported again here, and that import stays", subject.bound);
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

/// Whether an import of the same has a reason of its own to stay in the function: then the name stays local.
fn stays(file: &File<'_>, twin: &Subject, context: &Context<'_>) -> bool {
    const OWN: &[Check] = &[suppressed, documented, guards, docstring];
    file.facts.is_kept(file.site(twin).stmt)
        || OWN.iter().any(|check| check(file, twin, context).is_some())
        || present(file, twin).is_some() && own_comment(file, twin).is_some()
}

fn declared_global(file: &File<'_>, subject: &Subject, _: &Context<'_>) -> Option<Refusal> {
    let place = file.facts.globals.get(&subject.bound)?;
    Some(Refusal::here(Code::GlobalDeclared, *place, "the name is declared `global` here"))
}

fn declared_nonlocal(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let mut declared = file.facts.memo.nonlocals(file, &subject.bound);
    let binding = declared.find(|binding| file.model.is_within(binding.written_in, context.scope))?;
    Some(Refusal::here(Code::NonlocalDeclared, binding.span, "the name is declared `nonlocal` here"))
}

/// An enclosing function binds the name too: without the import the inner function would see that.
fn enclosing_binding(file: &File<'_>, subject: &Subject, context: &Context<'_>) -> Option<Refusal> {
    let wanted = written(file, subject)?;
    let outer = file
        .model
        .ancestors(context.scope)
        .skip(1)
        .filter(|scope| !matches!(file.model.scope(*scope).node, ScopeNode::Class(_) | ScopeNode::Module));
    outer.into_iter().find_map(|scope| {
        let symbol = file.model.symbol(scope, &subject.bound)?;
        let other = symbol.bindings.iter().map(|id| file.model.binding(*id)).find(|binding| {
            !matches!(binding.kind, BindingKind::Import { import, alias } if same(file, import, alias, &wanted))
        })?;
        Some(Refusal::here(Code::NameCollision, other.span, "an enclosing function binds the name"))
    })
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
