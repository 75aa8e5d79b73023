//! Lowers compound statements and their clauses.

use super::{Lower, Place};
use crate::python::ast::*;
use crate::python::cst::{Field, Id, Kind};
use crate::python::fault::FaultKind;
use crate::text::Span;

impl Lower<'_> {
    pub(super) fn if_stmt(&mut self, id: Id) -> StmtKind {
        let mut arms = vec![self.arm(id)];
        let mut orelse = None;
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Elif => arms.push(self.arm(child)),
                Kind::Else => orelse = Some(self.block(child)),
                _ => {}
            }
        }
        StmtKind::If { arms, orelse }
    }

    fn arm(&mut self, id: Id) -> IfArm {
        IfArm { test: self.first_expr(id), body: self.block(id) }
    }

    pub(super) fn for_stmt(&mut self, id: Id) -> StmtKind {
        let target = self.field_expr(id, Field::Left);
        let iter = self.field_expr(id, Field::Right);
        let is_async = self.is_async(id);
        let (body, orelse) = (self.loop_body(id), self.orelse(id));
        StmtKind::For(Box::new(For { is_async, target, iter, body, orelse }))
    }

    pub(super) fn while_stmt(&mut self, id: Id) -> StmtKind {
        StmtKind::While { test: self.first_expr(id), body: self.loop_body(id), orelse: self.orelse(id) }
    }

    fn loop_body(&mut self, id: Id) -> Block {
        let outside = std::mem::replace(&mut self.in_loop, true);
        let body = self.block(id);
        self.in_loop = outside;
        body
    }

    fn definition_body(&mut self, id: Id, place: Place) -> Block {
        let place = std::mem::replace(&mut self.place, place);
        let in_loop = std::mem::replace(&mut self.in_loop, false);
        let body = self.block(id);
        (self.place, self.in_loop) = (place, in_loop);
        body
    }

    fn orelse(&mut self, id: Id) -> Option<Block> {
        let clause = self.cst.child_of(id, Kind::Else)?;
        Some(self.block(clause))
    }

    pub(super) fn try_stmt(&mut self, id: Id) -> StmtKind {
        let body = self.block(id);
        let (mut handlers, mut orelse, mut finally) = (Vec::new(), None, None);
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Except => handlers.push(self.handler(child)),
                Kind::Else => orelse = Some(self.block(child)),
                Kind::Finally => finally = Some(self.block(child)),
                _ => {}
            }
        }
        if handlers.is_empty() && (finally.is_none() || orelse.is_some()) {
            let message = "`try` has no `except`, or no `finally`; add one";
            self.fault(FaultKind::ParseError, self.span(id), message);
        }
        StmtKind::Try(Box::new(Try { body, handlers, orelse, finally }))
    }

    fn handler(&mut self, id: Id) -> Handler {
        let star = self.cst.child_of(id, Kind::Star).is_some();
        let alias = self.cst.field(id, Field::Alias);
        let mut values = Vec::new();
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Colon => break,
                _ if self.cst.node(child).field == Field::Value => values.push(child),
                _ => {}
            }
        }
        let (exception, target) = match values.as_slice() {
            [] => (None, alias),
            [value] if self.cst.kind(*value) == Kind::AsPattern => {
                let mut parts = self.operands(*value);
                (parts.next().map(|exception| self.expr(exception)), parts.next())
            }
            [value] => (Some(self.expr(*value)), alias),
            [first, .., last] => {
                // More than two are no Python 2.
                if values.len() == 2 {
                    let message = "`except A, B` is of Python 2, or of Python 3.14: put parentheses around the exceptions, or \
                                   say which Python the project needs (`requires-python`, `target-version`)";
                    self.fault(FaultKind::BareExceptions, self.span(id), message);
                }
                let elements = values.iter().map(|&value| self.expr(value)).collect();
                let span = self.span(*first).cover(self.span(*last));
                (Some(Expr { span, kind: ExprKind::Tuple(elements) }), alias)
            }
        };
        let name = target.and_then(|target| {
            let target = if self.cst.kind(target) == Kind::AsPatternTarget { target + 1 } else { target };
            if self.cst.kind(target) != Kind::Identifier {
                self.unknown(target);
                return None;
            }
            Some(self.ident(target))
        });
        let body = self.block(id);
        let start = self.span(id).start();
        let span = Span::new(start, body.span.end().max(start));
        Handler { span, star, exception, name, body }
    }

    pub(super) fn with_stmt(&mut self, id: Id) -> StmtKind {
        let is_async = self.is_async(id);
        let mut items = Vec::new();
        if let Some(clause) = self.cst.child_of(id, Kind::WithClause) {
            let only = self.operands(clause).count() == 1;
            for item in self.operands(clause) {
                let item = if self.cst.kind(item) == Kind::WithItem { item + 1 } else { item };
                self.with_items(item, only, &mut items);
            }
        }
        StmtKind::With { is_async, items, body: self.block(id) }
    }

    /// One item, or the items of `with (a as b, c):`, which tree-sitter may take for a tuple.
    fn with_items(&mut self, id: Id, only: bool, items: &mut Vec<WithItem>) {
        match self.cst.kind(id) {
            Kind::Tuple | Kind::Parenthesized if only => {
                let plain = self
                    .operands(id)
                    .all(|part| !matches!(self.cst.kind(part), Kind::ListSplat | Kind::Yield | Kind::NamedExpression));
                let empty = self.operands(id).next().is_none();
                if plain && !empty {
                    for part in self.operands(id) {
                        self.with_items(part, false, items);
                    }
                    return;
                }
                items.push(WithItem { context: self.expr(id), target: None });
            }
            Kind::AsPattern => {
                let mut parts = self.operands(id);
                let (Some(context), target) = (parts.next(), parts.next()) else { return self.unknown(id) };
                let target = target
                    .map(|target| if self.cst.kind(target) == Kind::AsPatternTarget { target + 1 } else { target });
                let context = self.expr(context);
                items.push(WithItem { context, target: target.map(|target| self.expr(target)) });
            }
            _ => items.push(WithItem { context: self.expr(id), target: None }),
        }
    }

    pub(super) fn decorated(&mut self, id: Id) -> StmtKind {
        let mut decorators = Vec::new();
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Decorator => decorators.push(self.first_expr(child)),
                Kind::Function => return self.function(child, decorators),
                Kind::Class => return self.class(child, decorators),
                _ => {}
            }
        }
        self.unknown_stmt(id)
    }

    pub(super) fn function(&mut self, id: Id, decorators: Vec<Expr>) -> StmtKind {
        let Some(name) = self.cst.field(id, Field::Name) else { return self.unknown_stmt(id) };
        let name = self.ident(name);
        let is_async = self.is_async(id);
        let type_params = self.type_params(id);
        let params = match self.cst.field(id, Field::Parameters) {
            Some(params) => self.params(params),
            None => Vec::new(),
        };
        let returns = self.cst.field(id, Field::ReturnType).map(|returns| self.expr(returns));
        let body = self.definition_body(id, Place::Function);
        StmtKind::Function(Box::new(Function { name, is_async, decorators, type_params, params, returns, body }))
    }

    pub(super) fn class(&mut self, id: Id, decorators: Vec<Expr>) -> StmtKind {
        let Some(name) = self.cst.field(id, Field::Name) else { return self.unknown_stmt(id) };
        let name = self.ident(name);
        let type_params = self.type_params(id);
        let (bases, keywords) = match self.cst.field(id, Field::Superclasses) {
            Some(arguments) => self.arguments(arguments),
            None => Default::default(),
        };
        let body = self.definition_body(id, Place::Class);
        StmtKind::Class(Box::new(Class { name, decorators, type_params, bases, keywords, body }))
    }

    fn type_params(&mut self, id: Id) -> Vec<TypeParam> {
        let Some(params) = self.cst.child_of(id, Kind::TypeParameter) else { return Vec::new() };
        let params = self.operands(params);
        params.map(|param| self.type_param(param)).collect()
    }

    /// `T`, `T: bound`, `*Ts`, `**P`
    pub(super) fn type_param(&mut self, id: Id) -> TypeParam {
        let id = self.bare_type(id);
        let (name, bound) = match self.cst.kind(id) {
            Kind::ConstrainedType | Kind::Slice => {
                let mut parts = self.operands(id);
                (parts.next(), parts.next())
            }
            Kind::SplatType | Kind::ListSplat | Kind::ListSplatPattern => (self.operands(id).next(), None),
            _ => (Some(id), None),
        };
        let name = name.map_or(id, |name| self.bare_type(name));
        if self.cst.kind(name) != Kind::Identifier {
            self.unknown(name);
        }
        TypeParam { ident: self.ident(name), bound: bound.map(|bound| self.expr(bound)), default: None }
    }

    pub(super) fn match_stmt(&mut self, id: Id) -> StmtKind {
        let mut subjects = Vec::new();
        let (mut comma, mut cases) = (false, Vec::new());
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Comma => comma = true,
                Kind::Block => {
                    for case in self.cst.children(child) {
                        if self.cst.kind(case) == Kind::CaseClause {
                            cases.push(self.case(case));
                        }
                    }
                }
                _ if self.cst.node(child).field == Field::Subject => subjects.push(child),
                _ => {}
            }
        }
        let subject = match subjects.as_slice() {
            [only] if !comma => self.expr(*only),
            [first, .., last] | [first @ last] => {
                let span = self.span(*first).cover(self.span(*last));
                Expr { span, kind: ExprKind::Tuple(subjects.iter().map(|&subject| self.expr(subject)).collect()) }
            }
            [] => return self.unknown_stmt(id),
        };
        StmtKind::Match { subject, cases }
    }

    fn case(&mut self, id: Id) -> Case {
        let pattern = self.case_pattern(id);
        let guard = self.cst.child_of(id, Kind::IfClause).map(|guard| self.first_expr(guard));
        Case { span: self.span(id), pattern, guard, body: self.block(id) }
    }
}
