//! Where a sunk import goes: the functions that use it, and what a function must not be to receive one. Which block of
//! the function is `branch`'s business.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::branch::{self, Home};
use super::is_plain;
use super::round::Round;
use crate::config::{Placement, TypeHints};
use crate::plan::hints::{self, Deferral};
use crate::plan::{Code, File, Hints, Receiver, Receivers, Refusal, Safety, Subject, known};
use crate::python::{Block, Expr, ExprKind, Function};
use crate::semantic::{Annotation, Context, Phase, Reference, Resolution, ScopeId, ScopeNode};
use crate::text::Span;

/// Where a sunk import goes.
pub(super) struct Destinations<'a> {
    /// None if only annotations name it.
    pub receivers: Option<Receivers<'a>>,
    /// Set if annotations name it that its functions do not cover.
    pub hints: Option<Hints<'a>>,
}

/// Functions that use the import, with the part of the text that holds the uses.
type Functions<'a> = BTreeMap<ScopeId, (&'a Function, Span)>;

/// The blocks that must receive the import, from every reference to the name.
pub(super) fn destinations<'a>(file: &File<'a>, subject: &Subject, round: &Round) -> Result<Destinations<'a>, Refusal> {
    let module_scope = file.model.module_scope();
    let mut functions = Functions::new();
    // With the part of the text that holds the uses.
    let mut guards: Vec<(&'a Block, Span)> = Vec::new();
    let mut hints: Vec<&Reference> = Vec::new();
    let mut locals: Vec<(ScopeId, &'a Function, &Reference)> = Vec::new();
    let mut nested: Vec<(ScopeId, &'a Function, &Reference)> = Vec::new();
    let mut seen = 0usize;
    let providers = match is_plain(file, subject) {
        true => {
            round.shared_root(file, &subject.bound)?;
            round.providers(file, &subject.bound)
        }
        false => Rc::default(),
    };
    for reference in file.model.references_to(module_scope, &subject.bound) {
        seen += 1;
        providers.check(file, subject, reference)?;
        match place_of(file, reference)? {
            Use::Function(scope, function) => {
                let (_, uses) = functions.entry(scope).or_insert((function, reference.span));
                *uses = uses.cover(reference.span);
            }
            Use::MainGuard(block) => match guards.iter_mut().find(|(known, _)| std::ptr::eq(*known, block)) {
                Some((_, uses)) => *uses = uses.cover(reference.span),
                None => guards.push((block, reference.span)),
            },
            Use::Hint => {
                may_be_unevaluated(file, subject, reference)?;
                hints.push(reference);
            }
            Use::LocalHint(scope, function) => locals.push((scope, function, reference)),
            Use::NestedHint(scope, function) => nested.push((scope, function, reference)),
        }
    }
    if seen == 0 {
        named_in_comment(file, subject)?;
        let what = format!("nothing refers to `{}`", subject.bound);
        return Err(Refusal::here(Code::SideEffectOnly, file.span_of(subject), what));
    }
    // The future import makes text of the annotations inside functions as well.
    let adds_future = hints.iter().any(|hint| is_evaluated(file, hint));
    for (scope, function, reference) in nested {
        if adds_future {
            may_be_unevaluated(file, subject, reference)?;
            hints.push(reference);
        } else {
            let (_, uses) = functions.entry(scope).or_insert((function, reference.span));
            *uses = uses.cover(reference.span);
        }
    }
    // In the functions that import it, the name is there for type checkers too.
    hints.retain(|hint| !covers(file, &mut functions, hint));
    for (scope, function, local) in locals {
        if covers(file, &mut functions, local) {
            // It stands in a function that imports it.
        } else if hints.is_empty() {
            functions.insert(scope, (function, local.span));
        } else {
            // A block for type checkers serves the annotations of local variables as well.
            hints.push(local);
        }
    }
    // An outer function's import serves those inside it.
    let mut outermost = Functions::new();
    for (scope, (_, uses)) in &functions {
        let around = file.model.ancestors(*scope).filter(|outer| functions.contains_key(outer)).last();
        let outer = around.unwrap_or(*scope);
        let (_, all) = outermost.entry(outer).or_insert((functions[&outer].0, *uses));
        *all = all.cover(*uses);
    }
    for (scope, (function, _)) in &outermost {
        receiving_function(file, *scope, function)?;
    }
    taken_as_a_whole(file, subject, &outermost)?;
    let hints = hints_of(file, subject, &hints)?;
    let homes = outermost.into_values().map(|(function, uses)| (Home::Function(function), uses));
    let homes = guards.into_iter().map(|(block, uses)| (Home::MainGuard(block), uses)).chain(homes);
    let receivers = homes.map(|(home, uses)| Receiver {
        home: home.body(),
        block: match file.config.placement {
            Placement::Function => home.body(),
            Placement::Branch => branch::innermost(file, home, uses),
        },
    });
    Ok(Destinations { receivers: Receivers::new(receivers.collect()), hints })
}

/// Whether one of the functions is around a reference, which then finds the name there, and so counts as a use. A class
/// that binds the name as well looks for it among the globals.
fn covers(file: &File<'_>, functions: &mut Functions<'_>, reference: &Reference) -> bool {
    if matches!(reference.resolution, Resolution::ClassThenGlobal(_)) {
        return false;
    }
    let around = file.model.ancestors(reference.scope).find(|scope| functions.contains_key(scope));
    let uses = around.and_then(|scope| functions.get_mut(&scope));
    uses.map(|(_, uses)| *uses = uses.cover(reference.span)).is_some()
}

/// Linters do not read type comments: they would call an import for them alone unused.
fn named_in_comment(file: &File<'_>, subject: &Subject) -> Result<(), Refusal> {
    let Some(place) = file.facts.type_comment_use(&subject.bound) else { return Ok(()) };
    let what = format!("only this type comment would need `{}` at module level", subject.bound);
    Err(Refusal::here(Code::UsedInAnnotation, place, what))
}

/// Whether the name can be missing when the program runs, for all that this annotation does.
fn may_be_unevaluated(file: &File<'_>, subject: &Subject, hint: &Reference) -> Result<(), Refusal> {
    if subject.target.module.root() == "typing" {
        let what = "this annotation needs it, and `if TYPE_CHECKING:` would load `typing` all the same";
        return Err(Refusal::here(Code::UsedInAnnotation, hint.span, what));
    }
    hints::refusal(file, subject, hint).map_or(Ok(()), Err)
}

/// Whether Python evaluates the annotation, unless the future import is added.
fn is_evaluated(file: &File<'_>, hint: &Reference) -> bool {
    matches!(hint.context, Context::Annotation(kind) if hints::deferral(file, kind) == Deferral::ByFutureImport)
}

/// What the annotations at `hints` need to go on working for type checkers.
fn hints_of<'a>(file: &File<'a>, subject: &Subject, hints: &[&Reference]) -> Result<Option<Hints<'a>>, Refusal> {
    if hints.is_empty() {
        return named_in_comment(file, subject).map(|()| None);
    }
    let guard = hints::find_guard(file)?;
    let evaluated = hints.iter().find(|hint| is_evaluated(file, hint));
    let Some(evaluated) = evaluated else { return Ok(Some(Hints { guard, future: false })) };
    if let Some(refusal) = hints::file_refusal(file).or_else(|| hints::no_future_import(file, &guard)) {
        return Err(refusal);
    }
    if file.safety > Safety::Unsafe {
        let what = "`from __future__ import annotations` would make this annotation text";
        return Err(Refusal::here(Code::HeldBack, evaluated.span, what));
    }
    Ok(Some(Hints { guard, future: true }))
}

enum Use<'a> {
    Function(ScopeId, &'a Function),
    /// The block of `if __name__ == "__main__":`.
    MainGuard(&'a Block),
    /// An annotation that Python does not evaluate.
    Hint,
    /// The annotation of a variable of the function, which Python never evaluates.
    LocalHint(ScopeId, &'a Function),
    /// An annotation that is evaluated when the function around it runs.
    NestedHint(ScopeId, &'a Function),
}

/// The function that must import for this reference, or why none can.
fn place_of<'a>(file: &File<'a>, reference: &Reference) -> Result<Use<'a>, Refusal> {
    let refuse = |code: Code, what: &str| Refusal::here(code, reference.span, what);
    let is_text =
        matches!(reference.context, Context::Annotation(Annotation::Deferred | Annotation::Quoted | Annotation::Never));
    if !is_text && let Resolution::ClassThenGlobal(_) = reference.resolution {
        return Err(refuse(Code::ReboundInClass, "a class body reads and binds the name"));
    }
    if let Context::Annotation(kind) = reference.context {
        let function = file.model.enclosing_function(reference.scope);
        return match (kind, function.and_then(|scope| function_of(file, scope))) {
            (Annotation::Never, Some((scope, function))) => Ok(Use::LocalHint(scope, function)),
            (Annotation::Eager, Some((scope, function))) => Ok(Use::NestedHint(scope, function)),
            _ if file.config.type_hints == TypeHints::Keep => {
                Err(refuse(Code::UsedInAnnotation, "named in an annotation, and `type-hints` is \"keep\""))
            }
            (kind, _)
                if hints::deferral(file, kind) == Deferral::ByFutureImport
                    && file.config.type_hints != TypeHints::Future =>
            {
                Err(refuse(Code::UsedInAnnotation, "named in an annotation that Python evaluates"))
            }
            _ => Ok(Use::Hint),
        };
    }
    if let Some((scope, function)) =
        file.model.enclosing_function(reference.scope).and_then(|scope| function_of(file, scope))
    {
        return Ok(Use::Function(scope, function));
    }
    if reference.phase == Phase::Import
        && let Some(block) = file.facts.main_guard_around(reference.span)
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
        _ if node(|node| matches!(node, ScopeNode::Class(_))) => refuse(Code::UsedInClassBody, "used in a class body"),
        _ => refuse(Code::UsedAtImportTime, "used while the module is imported"),
    })
}

fn function_of<'a>(file: &File<'a>, scope: ScopeId) -> Option<(ScopeId, &'a Function)> {
    match file.model.scope(scope).node {
        ScopeNode::Function(function) => Some((scope, function)),
        _ => None,
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
fn taken_as_a_whole(file: &File<'_>, subject: &Subject, receivers: &Functions<'_>) -> Result<(), Refusal> {
    if file.facts.locals.is_empty() {
        return Ok(());
    }
    for reference in file.model.references_to(file.model.module_scope(), &subject.bound) {
        let mut path = Vec::new();
        for scope in file.model.ancestors(reference.scope) {
            path.push(scope);
            if receivers.contains_key(&scope) {
                break;
            }
        }
        if let Some(place) = path.iter().find_map(|scope| file.facts.locals.get(scope)) {
            return Err(Refusal::here(Code::LocalsInFunction, *place, "the local names are taken as a whole"));
        }
    }
    Ok(())
}

pub(in crate::plan) fn decorator_allows(file: &File<'_>, decorator: &Expr) -> Result<(), Refusal> {
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
