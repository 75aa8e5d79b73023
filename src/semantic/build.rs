//! The walk over a module's statements and expressions that opens scopes and records bindings and references.
//! Nothing is resolved here.

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;

use super::{
    Annotation, Arm, Binding, BindingId, BindingKind, Context, Flags, Guard, ImportSite, Model, Phase, Reference,
    ReferenceId, Resolution, Scope, ScopeId, ScopeNode, Symbol, phase,
};
use crate::python::{
    Block, Case, Expr, ExprKind, Ident, Import, ImportForm, Module, Pattern, Stmt, StmtKind, Try, WithItem,
};
use crate::text::Span;

/// A model of the module whose references and bindings are not resolved yet.
pub(super) fn build(module: &Module) -> Model<'_> {
    let mut builder = Builder {
        model: Model {
            module,
            scopes: Vec::new(),
            bindings: Vec::new(),
            references: Vec::new(),
            imports: Vec::new(),
            functions: HashMap::default(),
            readers: HashMap::default(),
            named: HashMap::default(),
        },
        scope: ScopeId::MODULE,
        context: Context::Value,
        uncompiled: false,
        deferred: module.has_future_annotations(),
        guards: Vec::new(),
        private: Private::default(),
    };
    builder.push_scope(ScopeNode::Module, module.body().span, None);
    builder.block(module.body());
    builder.model
}

/// The name that Python stores for `name` written in a class: `_C__x` for a private `__x` in `C`.
pub(super) fn mangle(class: Option<&str>, name: &str) -> SmolStr {
    let class = class.map(|class| class.trim_start_matches('_')).filter(|class| !class.is_empty());
    match class {
        Some(class) if name.starts_with("__") && !name.ends_with("__") => SmolStr::from(format!("_{class}{name}")),
        _ => SmolStr::new(name),
    }
}

pub(super) struct Builder<'m> {
    pub(super) model: Model<'m>,
    pub(super) scope: ScopeId,
    pub(super) context: Context,
    /// Python compiles nothing here: a string, or an annotation under the future import.
    pub(super) uncompiled: bool,
    /// `from __future__ import annotations`
    pub(super) deferred: bool,
    pub(super) guards: Vec<Guard<'m>>,
    pub(super) private: Private<'m>,
}

/// How private names are mangled at this point of the walk.
#[derive(Debug, Clone, Default)]
pub(super) struct Private<'m> {
    pub(super) class: Option<&'m str>,
    /// Only these: in the header of a generic class its type parameters are private already, other names are not.
    pub(super) only: Option<Vec<&'m str>>,
}

/// What entering a scope replaced, to be put back on leaving it.
pub(super) struct Outside {
    scope: ScopeId,
    context: Context,
}

impl<'m> Builder<'m> {
    pub(super) fn block(&mut self, block: &'m Block) {
        for (index, stmt) in block.body.iter().enumerate() {
            self.stmt(stmt, block, index);
        }
    }

    fn guarded(&mut self, stmt: &'m Stmt, arm: Arm, block: &'m Block) {
        self.guards.push(Guard { stmt, arm });
        self.block(block);
        self.guards.pop();
    }

    fn stmt(&mut self, stmt: &'m Stmt, block: &'m Block, index: usize) {
        match &stmt.kind {
            StmtKind::Import(import) => {
                let guards = self.guards.clone();
                self.model.imports.push(ImportSite { stmt, import, scope: self.scope, block, index, guards });
                self.import(import);
            }
            StmtKind::Function(function) => self.function(stmt.span, function),
            StmtKind::Class(class) => self.class(stmt.span, class),
            StmtKind::Return(value) => self.exprs(value),
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.target(target, BindingKind::Delete)),
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                targets.iter().for_each(|target| self.target(target, BindingKind::Assignment));
            }
            StmtKind::AugAssign { target, value } => {
                if let ExprKind::Name(name) = &target.kind {
                    self.reference(name, target.span, Context::Augmented);
                }
                self.expr(value);
                self.target(target, BindingKind::AugmentedAssignment);
            }
            StmtKind::AnnAssign { target, annotation, value, parenthesized } => {
                self.annotated(target, annotation, value.as_ref(), *parenthesized);
            }
            StmtKind::For(node) => {
                self.expr(&node.iter);
                self.target(&node.target, BindingKind::For);
                self.guarded(stmt, Arm::Loop, &node.body);
                node.orelse.iter().for_each(|orelse| self.guarded(stmt, Arm::Else, orelse));
            }
            StmtKind::While { test, body, orelse } => {
                self.expr(test);
                self.guarded(stmt, Arm::Loop, body);
                orelse.iter().for_each(|orelse| self.guarded(stmt, Arm::Else, orelse));
            }
            StmtKind::If { arms, orelse } => {
                for (index, arm) in arms.iter().enumerate() {
                    self.expr(&arm.test);
                    self.guarded(stmt, Arm::If(index), &arm.body);
                }
                orelse.iter().for_each(|orelse| self.guarded(stmt, Arm::Else, orelse));
            }
            StmtKind::With { items, body, .. } => {
                for WithItem { context, target } in items {
                    self.expr(context);
                    target.iter().for_each(|target| self.target(target, BindingKind::With));
                }
                self.guarded(stmt, Arm::With, body);
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject);
                for (index, Case { pattern, guard, body, .. }) in cases.iter().enumerate() {
                    self.pattern(pattern);
                    self.exprs(guard);
                    self.guarded(stmt, Arm::Case(index), body);
                }
            }
            StmtKind::Try(node) => self.try_stmt(stmt, node),
            StmtKind::Raise { exception: first, cause: second } => {
                self.exprs(first);
                self.exprs(second);
            }
            StmtKind::Assert { test, message } => {
                self.expr(test);
                self.exprs(message);
            }
            StmtKind::Global(names) => names.iter().for_each(|name| self.declare(name, BindingKind::Global)),
            StmtKind::Nonlocal(names) => names.iter().for_each(|name| self.declare(name, BindingKind::Nonlocal)),
            StmtKind::TypeAlias { name, type_params, value } => self.type_alias(stmt.span, name, type_params, value),
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn try_stmt(&mut self, stmt: &'m Stmt, node: &'m Try) {
        self.guarded(stmt, Arm::TryBody, &node.body);
        for (index, handler) in node.handlers.iter().enumerate() {
            self.exprs(&handler.exception);
            if let Some(name) = &handler.name {
                self.bind(&name.name, name.span, BindingKind::Except);
            }
            self.guarded(stmt, Arm::Handler(index), &handler.body);
        }
        node.orelse.iter().for_each(|orelse| self.guarded(stmt, Arm::TryElse, orelse));
        node.finally.iter().for_each(|finally| self.guarded(stmt, Arm::Finally, finally));
    }

    fn import(&mut self, import: &'m Import) {
        if matches!(import.form, ImportForm::From { star: true, .. }) {
            return;
        }
        for (alias, written) in import.aliases.iter().enumerate() {
            let span = written.asname.as_ref().map_or(written.span, |asname| asname.span);
            self.bind(written.bound(), span, BindingKind::Import { import, alias });
        }
    }

    /// `x: T`, `x: T = v`. In a function the annotation is never evaluated. `(x): T` alone does not even bind.
    fn annotated(&mut self, target: &'m Expr, annotation: &'m Expr, value: Option<&'m Expr>, parenthesized: bool) {
        if let Some(value) = value {
            match annotation.as_dotted().as_deref() {
                Some([.., "TypeAlias"]) => self.type_expr(value),
                _ => self.expr(value),
            }
        }
        let in_function = matches!(self.model.scope(self.scope).node, ScopeNode::Function(_));
        let kind = if in_function { Annotation::Never } else { self.annotation_kind() };
        self.annotation(annotation, kind);
        let declares = value.is_some() || !parenthesized;
        if target.as_name().is_none() || declares {
            self.target(target, BindingKind::Annotated { value: value.is_some() });
        }
    }

    fn declare(&mut self, ident: &'m Ident, kind: BindingKind<'m>) {
        let flag = if matches!(kind, BindingKind::Global) { Flags::GLOBAL } else { Flags::NONLOCAL };
        let name = self.bind_with(&ident.name, ident.span, kind, self.scope, flag);
        if flag == Flags::GLOBAL {
            self.symbol(ScopeId::MODULE, &name).flags.add(flag);
        }
    }

    fn pattern(&mut self, pattern: &'m Pattern) {
        match pattern {
            Pattern::Capture(name) => self.bind(&name.name, name.span, BindingKind::Capture),
            Pattern::Wildcard => {}
            Pattern::Value(value) => self.expr(value),
            Pattern::Class { class, arguments, keywords } => {
                self.expr(class);
                arguments.iter().chain(keywords).for_each(|pattern| self.pattern(pattern));
            }
            Pattern::Sequence(patterns) | Pattern::Or(patterns) => {
                patterns.iter().for_each(|pattern| self.pattern(pattern));
            }
            Pattern::Mapping { items, rest } => {
                for (key, pattern) in items {
                    self.expr(key);
                    self.pattern(pattern);
                }
                rest.iter().for_each(|rest| self.bind(&rest.name, rest.span, BindingKind::Capture));
            }
            Pattern::Star(name) => {
                name.iter().for_each(|name| self.bind(&name.name, name.span, BindingKind::Capture));
            }
            Pattern::As { pattern, name } => {
                self.pattern(pattern);
                self.bind(&name.name, name.span, BindingKind::Capture);
            }
        }
    }

    /// What an assignment, a loop, a `with` or a `del` acts on.
    pub(super) fn target(&mut self, target: &'m Expr, kind: BindingKind<'m>) {
        match &target.kind {
            ExprKind::Name(name) => {
                if matches!(kind, BindingKind::Delete) {
                    self.reference(name, target.span, Context::Deleted);
                }
                self.bind(name, target.span, kind);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|item| self.target(item, kind)),
            ExprKind::Starred(item) => self.target(item, kind),
            _ => self.expr(target),
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'m Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    pub(super) fn expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.reference(name, expr.span, self.context),
            ExprKind::Attribute { value, .. } | ExprKind::Starred(value) | ExprKind::Await(value) => self.expr(value),
            ExprKind::Call { func, args, keywords } => self.call(func, args, keywords),
            ExprKind::Subscript { value, index } => self.subscript(value, index),
            ExprKind::Lambda { params, body } => self.lambda(expr.span, params, body),
            ExprKind::Comprehension(comprehension) => self.comprehension(expr.span, comprehension),
            ExprKind::Named { target, value } => {
                self.expr(value);
                self.walrus(target);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Set(items) | ExprKind::Operation(items) => {
                self.exprs(items);
            }
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    self.exprs(key);
                    self.expr(value);
                }
            }
            ExprKind::Str(string) => self.exprs(string.parts.iter().flat_map(|part| &part.interpolations)),
            ExprKind::Yield(value) => self.exprs(value.as_deref()),
            ExprKind::Constant => {}
        }
    }

    /// Opens a scope for what follows. `context` is what references directly in it are.
    pub(super) fn enter(&mut self, node: ScopeNode<'m>, span: Span, context: Context) -> Outside {
        let outside = Outside { scope: self.scope, context: self.context };
        self.scope = self.push_scope(node, span, Some(self.scope));
        self.set_context(context);
        outside
    }

    pub(super) fn leave(&mut self, outside: Outside) {
        self.scope = outside.scope;
        self.context = outside.context;
    }

    /// Everything inside an annotation that is not evaluated belongs to that annotation. Returns the context before.
    pub(super) fn set_context(&mut self, context: Context) -> Context {
        let before = self.context;
        if phase::of_reference(before, Phase::Import) != Phase::Annotation {
            self.context = context;
        }
        before
    }

    fn push_scope(&mut self, node: ScopeNode<'m>, span: Span, parent: Option<ScopeId>) -> ScopeId {
        let id = ScopeId::new(self.model.scopes.len());
        let around = parent.map_or(Phase::Import, |parent| self.model.scope(parent).phase);
        let phase = phase::of_scope(&node, around);
        let uncompiled = self.uncompiled;
        self.model.scopes.push(Scope { node, span, parent, phase, uncompiled, symbols: BTreeMap::new() });
        id
    }

    pub(super) fn mangle(&self, name: &str) -> SmolStr {
        match &self.private.only {
            Some(only) if !only.contains(&name) => SmolStr::new(name),
            _ => mangle(self.private.class, name),
        }
    }

    pub(super) fn symbol(&mut self, scope: ScopeId, name: &SmolStr) -> &mut Symbol {
        self.model.scopes[scope.index()].symbols.entry(name.clone()).or_default()
    }

    pub(super) fn reference(&mut self, name: &str, span: Span, context: Context) {
        let name = self.mangle(name);
        let scope = self.scope;
        let id = ReferenceId::new(self.model.references.len());
        let Scope { phase, node, .. } = self.model.scope(scope);
        let (phase, node) = (phase::of_reference(context, *phase), *node);
        let used = !self.uncompiled && !matches!(context, Context::Augmented | Context::Deleted);
        let symbol = self.symbol(scope, &name);
        symbol.references.push(id);
        if used {
            symbol.flags.add(Flags::USED);
            if name == "super" && !matches!(node, ScopeNode::Module | ScopeNode::Class(_)) {
                self.symbol(scope, &SmolStr::new_static("__class__")).flags.add(Flags::USED);
            }
        }
        let resolution = Resolution::Unknown;
        self.model.references.push(Reference { name, span, scope, context, phase, resolution });
    }

    pub(super) fn bind(&mut self, name: &str, span: Span, kind: BindingKind<'m>) {
        let flag = match kind {
            BindingKind::Import { .. } => Flags::IMPORTED,
            BindingKind::Parameter => Flags::PARAMETER,
            _ => Flags::ASSIGNED,
        };
        self.bind_with(name, span, kind, self.scope, flag);
    }

    /// A walrus in a comprehension binds in the function or module around all comprehensions; in each scope between,
    /// CPython treats the name as declared `nonlocal` or `global`.
    fn walrus(&mut self, target: &'m Ident) {
        let is_comprehension = |scope: &ScopeId| matches!(self.model.scope(*scope).node, ScopeNode::Comprehension(_));
        let lands = self.model.ancestors(self.scope).find(|scope| !is_comprehension(scope));
        let name = self.mangle(&target.name);
        if let Some(lands) = lands.filter(|&lands| lands != self.scope) {
            let is_module = matches!(self.model.scope(lands).node, ScopeNode::Module);
            let outer = &mut self.symbol(lands, &name).flags;
            let declared = if is_module || outer.has(Flags::GLOBAL) { Flags::GLOBAL } else { Flags::NONLOCAL };
            outer.add(if is_module { Flags::GLOBAL } else { Flags::ASSIGNED });
            self.symbol(self.scope, &name).flags.add(declared);
        }
        self.bind(&target.name, target.span, BindingKind::Walrus);
    }

    fn bind_with(&mut self, name: &str, span: Span, kind: BindingKind<'m>, scope: ScopeId, flag: Flags) -> SmolStr {
        let name = self.mangle(name);
        self.symbol(scope, &name).flags.add(flag);
        let id = BindingId::new(self.model.bindings.len());
        debug_assert_eq!(id.index(), self.model.bindings.len());
        self.model.bindings.push(Binding { name: name.clone(), span, scope, written_in: scope, kind });
        name
    }
}
