//! Which functions of a file run while it is imported, or when the interpreter shuts down: calls are followed by name,
//! through constructors, decorators, methods of `self` and of objects that the file makes.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::Facts;
use crate::plan::{Code, known};
use crate::python::{Block, Expr, ExprKind, Function, StmtKind};
use crate::semantic::{BindingKind, Context, Model, Phase, Reference, Resolution, ScopeId, ScopeNode};
use crate::text::{Span, TextSize};

const CONSTRUCTORS: &[&str] = &["__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__"];

/// Functions that call what they are given, at once.
const CALLING: &[&str] = &["filter", "map", "max", "min", "reduce", "sort", "sorted"];

/// What is made by calls, and what is asked of it.
#[derive(Debug, Default)]
pub(super) struct Calls<'m> {
    /// Starts of names that the result of a call is assigned to, with the start of the callee's name.
    made: HashMap<TextSize, TextSize>,
    /// Methods called on the result of calling a name, by the start of the name: `Registry().defaults()`.
    on_result: HashMap<TextSize, Vec<&'m str>>,
}

impl<'m> Calls<'m> {
    /// `target = value`
    pub(super) fn assigned(&mut self, target: &Expr, value: &Expr) {
        if let (Some(_), ExprKind::Call { func, .. }) = (target.as_name(), &value.kind)
            && func.as_name().is_some()
        {
            self.made.insert(target.span.start(), func.span.start());
        }
    }

    pub(super) fn called(&mut self, func: &'m Expr) {
        if let ExprKind::Attribute { value, attr } = &func.kind
            && let ExprKind::Call { func, .. } = &value.kind
            && func.as_name().is_some()
        {
            self.on_result.entry(func.span.start()).or_default().push(&attr.name);
        }
    }
}

/// The functions that a call of `func` is given and calls itself.
pub(super) fn handed<'m>(func: &Expr, values: impl Iterator<Item = &'m Expr>) -> impl Iterator<Item = TextSize> {
    let name = match &func.kind {
        ExprKind::Name(name) => Some(name.as_str()),
        ExprKind::Attribute { attr, .. } => Some(attr.name.as_str()),
        _ => None,
    };
    let calls = name.is_some_and(|name| CALLING.contains(&name));
    values.filter(move |value| calls && value.as_name().is_some()).map(|value| value.span.start())
}

impl<'m> Facts<'m> {
    /// Follows calls by name from the module's body: functions, constructors, decorators, methods of `self`.
    pub(super) fn find_executed(&mut self, model: &Model<'m>, callees: &HashSet<TextSize>) {
        let mut by_function: HashMap<ScopeId, Vec<&Reference>> = HashMap::default();
        let mut queue: VecDeque<(ScopeId, Span)> = VecDeque::new();
        for reference in model.references() {
            if reference.context == Context::ClassHeader && reference.phase == Phase::Import {
                queue
                    .extend(self.run_by_subclassing(model, reference).into_iter().map(|scope| (scope, reference.span)));
            }
            let called = callees.contains(&reference.span.start()) || reference.context == Context::Decorator;
            if !called {
                continue;
            }
            match model.enclosing_function(reference.scope) {
                Some(function) => by_function.entry(function).or_default().push(reference),
                None if reference.phase == Phase::Import && !self.in_main_guard(reference.span) => {
                    queue.extend(self.called_by(model, reference).into_iter().map(|scope| (scope, reference.span)));
                }
                None => {}
            }
        }
        while let Some((scope, origin)) = queue.pop_front() {
            if self.executed.insert(scope, origin).is_some() {
                continue;
            }
            for reference in by_function.get(&scope).into_iter().flatten() {
                let called = self.called_by(model, reference);
                queue
                    .extend(called.into_iter().filter(|scope| !self.executed.contains_key(scope)).map(|s| (s, origin)));
            }
        }
    }

    /// The methods of a base or metaclass that a class statement runs.
    fn run_by_subclassing(&self, model: &Model<'m>, reference: &Reference) -> Vec<ScopeId> {
        let Resolution::Scope(home) = reference.resolution else { return Vec::new() };
        let Some(symbol) = model.symbol(home, &reference.name) else { return Vec::new() };
        let classes = symbol.bindings.iter().filter_map(|id| match model.binding(*id).kind {
            BindingKind::Class(class) => Some(class),
            _ => None,
        });
        classes
            .flat_map(|class| {
                let is_metaclass = class.bases.iter().any(|base| base.as_name() == Some("type"));
                let run: &[&str] =
                    if is_metaclass { &["__new__", "__init__", "__prepare__"] } else { &["__init_subclass__"] };
                methods(model, &class.body, run)
            })
            .collect()
    }

    /// The functions that calling this name runs.
    pub(super) fn called_by(&self, model: &Model<'m>, reference: &Reference) -> Vec<ScopeId> {
        let chain = self.chain(reference);
        if let [method, ..] = chain
            && matches!(reference.name.as_str(), "self" | "cls")
        {
            let class = model.ancestors(reference.scope).find_map(|scope| match model.scope(scope).node {
                ScopeNode::Class(class) => Some(class),
                _ => None,
            });
            let own = class.map(|class| methods(model, &class.body, &[method])).unwrap_or_default();
            // Not here: a base or a subclass may define it.
            return if own.is_empty() { self.methods_named(model, method) } else { own };
        }
        let Resolution::Scope(home) = reference.resolution else { return Vec::new() };
        let Some(symbol) = model.symbol(home, &reference.name) else { return Vec::new() };
        let mut scopes = Vec::new();
        for binding in &symbol.bindings {
            match model.binding(*binding).kind {
                BindingKind::Function(function) if chain.is_empty() => scopes.extend(model.scope_of_function(function)),
                BindingKind::Class(class) => match chain {
                    [] => scopes.extend(methods(model, &class.body, CONSTRUCTORS)),
                    [method, ..] => scopes.extend(methods(model, &class.body, &[method])),
                },
                BindingKind::Assignment | BindingKind::Annotated { value: true } | BindingKind::Walrus => {
                    let made = self.calls.made.get(&model.binding(*binding).span.start());
                    let maker = made.and_then(|callee| self.reference(model, *callee));
                    if let (Some(maker), [method, ..]) = (maker, chain) {
                        scopes.extend(self.methods_of_what_is_made(model, maker, method));
                    }
                }
                _ => {}
            }
        }
        for method in self.calls.on_result.get(&reference.span.start()).into_iter().flatten() {
            scopes.extend(self.methods_of_what_is_made(model, reference, method));
        }
        scopes
    }

    /// The methods by that name of what a call of `maker` gives: of its own class, or, where a function or a base makes
    /// it, of any.
    fn methods_of_what_is_made(&self, model: &Model<'m>, maker: &Reference, method: &str) -> Vec<ScopeId> {
        let Resolution::Scope(home) = maker.resolution else { return Vec::new() };
        let Some(symbol) = model.symbol(home, &maker.name) else { return Vec::new() };
        let mut scopes = Vec::new();
        for binding in &symbol.bindings {
            let own = match model.binding(*binding).kind {
                BindingKind::Class(class) => methods(model, &class.body, &[method]),
                BindingKind::Function(_) => Vec::new(),
                _ => continue,
            };
            scopes.extend(if own.is_empty() { self.methods_named(model, method) } else { own });
        }
        scopes
    }

    /// Every function of a class body by that name.
    fn methods_named(&self, model: &Model<'m>, name: &str) -> Vec<ScopeId> {
        self.by_name
            .get(name)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .copied()
            .filter(|scope| {
                let around = model.scope(*scope).parent;
                around.is_some_and(|around| matches!(model.scope(around).node, ScopeNode::Class(_)))
            })
            .collect()
    }

    /// Shutdown and signal handlers, and what they call in this module.
    pub(super) fn find_late(&mut self, model: &Model<'m>, functions: &[&'m Function], callees: &HashSet<TextSize>) {
        let mut queue: VecDeque<(ScopeId, (Code, Span, String))> = VecDeque::new();
        for function in functions {
            if known::SHUTDOWN_METHODS.contains(&function.name.name.as_str()) {
                let what = format!("`{}` may run at interpreter shutdown", function.name.name);
                let scope = model.scope_of_function(function);
                queue.extend(scope.map(|scope| (scope, (Code::ShutdownPath, function.name.span, what))));
            }
        }
        // `__del__ = close` in a class body.
        for binding in
            model.bindings().iter().filter(|binding| known::SHUTDOWN_METHODS.contains(&binding.name.as_str()))
        {
            let ScopeNode::Class(class) = model.scope(binding.scope).node else { continue };
            let assigned = class.body.body.iter().find_map(|stmt| match &stmt.kind {
                StmtKind::Assign { targets, value } if targets.iter().any(|t| t.span == binding.span) => {
                    value.as_name()
                }
                _ => None,
            });
            for scope in assigned.map(|name| methods(model, &class.body, &[name])).unwrap_or_default() {
                let what = format!("`{}` may run at interpreter shutdown", binding.name);
                queue.push_back((scope, (Code::ShutdownPath, binding.span, what)));
            }
        }
        queue.extend(std::mem::take(&mut self.late));
        let mut by_function: HashMap<ScopeId, Vec<&Reference>> = HashMap::default();
        for reference in model.references().iter().filter(|reference| callees.contains(&reference.span.start())) {
            if let Some(function) = model.enclosing_function(reference.scope) {
                by_function.entry(function).or_default().push(reference);
            }
        }
        while let Some((scope, reason)) = queue.pop_front() {
            if self.late.insert(scope, reason.clone()).is_some() {
                continue;
            }
            for reference in by_function.get(&scope).into_iter().flatten() {
                for called in self.called_by(model, reference) {
                    if !self.late.contains_key(&called) {
                        queue.push_back((called, reason.clone()));
                    }
                }
            }
        }
    }
}

fn methods(model: &Model<'_>, body: &Block, names: &[&str]) -> Vec<ScopeId> {
    let functions = body.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if names.contains(&function.name.name.as_str()) => Some(function),
        _ => None,
    });
    functions.filter_map(|function| model.scope_of_function(function)).collect()
}
