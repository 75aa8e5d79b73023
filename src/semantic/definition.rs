//! The parts of the walk that open scopes: functions, classes, lambdas, comprehensions, type parameters. Decorators,
//! defaults, bases and annotations belong to the scope around them.

use super::build::{Builder, Outside, Private};
use super::{Annotation, BindingKind, Context, ScopeNode};
use crate::python::{Class, Comprehension, Expr, Function, Ident, Param, TypeParam};
use crate::text::Span;

impl<'m> Builder<'m> {
    pub(super) fn function(&mut self, span: Span, function: &'m Function) {
        self.all_in(Context::Decorator, &function.decorators);
        self.all_in(Context::Default, function.params.iter().filter_map(|param| param.default.as_ref()));
        self.bind(&function.name.name, function.name.span, BindingKind::Function(function));
        let generic = self.type_params(span, &function.type_params);

        let kind = self.annotation_kind();
        let annotations = function.params.iter().filter_map(|param| param.annotation.as_ref());
        annotations.chain(&function.returns).for_each(|annotation| self.annotation(annotation, kind));

        let outside = self.enter(ScopeNode::Function(function), span, Context::Value);
        self.model.functions.insert(function.name.span.start(), self.scope);
        let guards = std::mem::take(&mut self.guards);
        self.parameters(&function.params);
        self.block(&function.body);
        self.guards = guards;
        self.leave(outside);
        generic.into_iter().for_each(|outside| self.leave(outside));
    }

    pub(super) fn class(&mut self, span: Span, class: &'m Class) {
        self.all_in(Context::Decorator, &class.decorators);
        self.bind(&class.name.name, class.name.span, BindingKind::Class(class));

        let private = self.private.clone();
        if !class.type_params.is_empty() {
            let only = class.type_params.iter().map(|param| param.ident.name.as_str()).collect();
            self.private = Private { class: Some(&class.name.name), only: Some(only) };
        }
        let generic = self.type_params(span, &class.type_params);
        let header = self.set_context(Context::ClassHeader);
        class.bases.iter().for_each(|base| self.type_expr(base));
        class.keywords.iter().for_each(|keyword| self.expr(&keyword.value));
        self.context = header;

        self.private = Private { class: Some(&class.name.name), only: None };
        let outside = self.enter(ScopeNode::Class(class), span, Context::Value);
        let guards = std::mem::take(&mut self.guards);
        self.block(&class.body);
        self.guards = guards;
        self.leave(outside);
        generic.into_iter().for_each(|outside| self.leave(outside));
        self.private = private;
    }

    pub(super) fn lambda(&mut self, span: Span, params: &'m [Param], body: &'m Expr) {
        self.all_in(Context::Default, params.iter().filter_map(|param| param.default.as_ref()));
        let outside = self.enter(ScopeNode::Lambda { params, body }, span, Context::Value);
        self.parameters(params);
        self.expr(body);
        self.leave(outside);
    }

    /// The first iterable is evaluated in the scope around the comprehension, everything else inside.
    pub(super) fn comprehension(&mut self, span: Span, comprehension: &'m Comprehension) {
        comprehension.generators.iter().take(1).for_each(|first| self.expr(&first.iter));
        let outside = self.enter(ScopeNode::Comprehension(comprehension), span, self.context);
        for (index, generator) in comprehension.generators.iter().enumerate() {
            if index > 0 {
                self.expr(&generator.iter);
            }
            self.target(&generator.target, BindingKind::For);
            generator.conditions.iter().for_each(|condition| self.expr(condition));
        }
        comprehension.elements.iter().for_each(|element| self.expr(element));
        self.leave(outside);
    }

    pub(super) fn type_alias(&mut self, span: Span, name: &'m Ident, params: &'m [TypeParam], value: &'m Expr) {
        self.bind(&name.name, name.span, BindingKind::TypeAlias);
        let generic = self.type_params(span, params);
        self.lazy(value);
        generic.into_iter().for_each(|outside| self.leave(outside));
    }

    /// Opens the hidden scope of type parameters, if there are any.
    fn type_params(&mut self, span: Span, params: &'m [TypeParam]) -> Option<Outside> {
        if params.is_empty() {
            return None;
        }
        let outside = self.enter(ScopeNode::TypeParameters(span), span, Context::Value);
        for param in params {
            self.bind(&param.ident.name, param.ident.span, BindingKind::TypeParameter);
            param.bound.iter().chain(&param.default).for_each(|value| self.lazy(value));
        }
        Some(outside)
    }

    fn lazy(&mut self, value: &'m Expr) {
        let outside = self.enter(ScopeNode::Lazy(value.span), value.span, Context::Value);
        self.type_expr(value);
        self.leave(outside);
    }

    fn parameters(&mut self, params: &'m [Param]) {
        for param in params {
            self.bind(&param.ident.name, param.ident.span, BindingKind::Parameter);
        }
    }

    fn all_in(&mut self, context: Context, exprs: impl IntoIterator<Item = &'m Expr>) {
        let before = self.set_context(context);
        exprs.into_iter().for_each(|expr| self.expr(expr));
        self.context = before;
    }

    /// What an annotation is here, outside functions' local variables.
    pub(super) fn annotation_kind(&self) -> Annotation {
        if self.deferred { Annotation::Deferred } else { Annotation::Eager }
    }

    pub(super) fn annotation(&mut self, annotation: &'m Expr, kind: Annotation) {
        let before = self.set_context(Context::Annotation(kind));
        let uncompiled = self.uncompiled;
        self.uncompiled |= self.deferred;
        self.type_expr(annotation);
        self.uncompiled = uncompiled;
        self.context = before;
    }
}
