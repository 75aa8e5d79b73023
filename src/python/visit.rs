//! Walking the syntax tree in the order of the text. Decides nothing.

use super::ast::*;

/// Visits every statement, expression and pattern; override what matters and call the `walk_` function to go on below.
pub trait Visitor<'m> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        walk_expr(self, expr);
    }
}

pub fn walk_block<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, block: &'m Block) {
    for stmt in &block.body {
        visitor.visit_stmt(stmt);
    }
}

pub fn walk_stmt<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, stmt: &'m Stmt) {
    match &stmt.kind {
        StmtKind::Function(function) => {
            exprs(visitor, &function.decorators);
            type_params(visitor, &function.type_params);
            params(visitor, &function.params);
            exprs(visitor, &function.returns);
        }
        StmtKind::Class(class) => {
            exprs(visitor, &class.decorators);
            type_params(visitor, &class.type_params);
            exprs(visitor, &class.bases);
            exprs(visitor, class.keywords.iter().map(|keyword| &keyword.value));
        }
        StmtKind::Return(value) => exprs(visitor, value),
        StmtKind::Delete(targets) => exprs(visitor, targets),
        StmtKind::Assign { targets, value } => exprs(visitor, targets.iter().chain([value])),
        StmtKind::AugAssign { target, value } => exprs(visitor, [target, value]),
        StmtKind::AnnAssign { target, annotation, value, .. } => {
            exprs(visitor, [target, annotation].into_iter().chain(value));
        }
        StmtKind::For(node) => exprs(visitor, [&node.target, &node.iter]),
        StmtKind::While { test, .. } => visitor.visit_expr(test),
        StmtKind::If { arms, orelse } => {
            // Tests and bodies alternate in the text.
            for arm in arms {
                visitor.visit_expr(&arm.test);
                walk_block(visitor, &arm.body);
            }
            if let Some(block) = orelse {
                walk_block(visitor, block);
            }
            return;
        }
        StmtKind::With { items, .. } => {
            exprs(visitor, items.iter().flat_map(|item| std::iter::once(&item.context).chain(&item.target)));
        }
        StmtKind::Match { subject, cases } => {
            visitor.visit_expr(subject);
            for case in cases {
                walk_pattern(visitor, &case.pattern);
                exprs(visitor, &case.guard);
                walk_block(visitor, &case.body);
            }
            return;
        }
        StmtKind::Raise { exception, cause } => exprs(visitor, exception.iter().chain(cause)),
        StmtKind::Try(node) => {
            walk_block(visitor, &node.body);
            for handler in &node.handlers {
                exprs(visitor, &handler.exception);
                walk_block(visitor, &handler.body);
            }
            for block in node.orelse.iter().chain(&node.finally) {
                walk_block(visitor, block);
            }
            return;
        }
        StmtKind::Assert { test, message } => exprs(visitor, std::iter::once(test).chain(message)),
        StmtKind::TypeAlias { type_params: parameters, value, .. } => {
            type_params(visitor, parameters);
            visitor.visit_expr(value);
        }
        StmtKind::Expr(value) => visitor.visit_expr(value),
        StmtKind::Import(_)
        | StmtKind::Global(_)
        | StmtKind::Nonlocal(_)
        | StmtKind::Pass
        | StmtKind::Break
        | StmtKind::Continue => {}
    }
    for block in stmt.blocks() {
        walk_block(visitor, block);
    }
}

pub fn walk_expr<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, expr: &'m Expr) {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Constant => {}
        ExprKind::Attribute { value, .. }
        | ExprKind::Starred(value)
        | ExprKind::Await(value)
        | ExprKind::Named { value, .. } => visitor.visit_expr(value),
        ExprKind::Call { func, args, keywords } => {
            visitor.visit_expr(func);
            exprs(visitor, args);
            exprs(visitor, keywords.iter().map(|keyword| &keyword.value));
        }
        ExprKind::Subscript { value, index } => exprs(visitor, [&**value, &**index]),
        ExprKind::Lambda { params: parameters, body } => {
            params(visitor, parameters);
            visitor.visit_expr(body);
        }
        ExprKind::Comprehension(comprehension) => {
            for generator in &comprehension.generators {
                exprs(visitor, [&generator.target, &generator.iter].into_iter().chain(&generator.conditions));
            }
            exprs(visitor, &comprehension.elements);
        }
        ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Set(items) | ExprKind::Operation(items) => {
            exprs(visitor, items);
        }
        ExprKind::Dict(items) => {
            exprs(visitor, items.iter().flat_map(|(key, value)| key.iter().chain(std::iter::once(value))));
        }
        ExprKind::Str(string) => exprs(visitor, string.parts.iter().flat_map(|part| &part.interpolations)),
        ExprKind::Yield(value) => exprs(visitor, value.as_deref()),
    }
}

pub fn walk_pattern<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, pattern: &'m Pattern) {
    match pattern {
        Pattern::Capture(_) | Pattern::Wildcard | Pattern::Star(_) => {}
        Pattern::Value(value) => visitor.visit_expr(value),
        Pattern::Class { class, arguments, keywords } => {
            visitor.visit_expr(class);
            arguments.iter().chain(keywords).for_each(|inner| walk_pattern(visitor, inner));
        }
        Pattern::Sequence(items) | Pattern::Or(items) => {
            items.iter().for_each(|inner| walk_pattern(visitor, inner));
        }
        Pattern::Mapping { items, .. } => {
            for (key, value) in items {
                visitor.visit_expr(key);
                walk_pattern(visitor, value);
            }
        }
        Pattern::As { pattern, .. } => walk_pattern(visitor, pattern),
    }
}

fn exprs<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, items: impl IntoIterator<Item = &'m Expr>) {
    for item in items {
        visitor.visit_expr(item);
    }
}

fn params<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, params: &'m [Param]) {
    for param in params {
        exprs(visitor, param.annotation.iter().chain(&param.default));
    }
}

fn type_params<'m, V: Visitor<'m> + ?Sized>(visitor: &mut V, params: &'m [TypeParam]) {
    for param in params {
        exprs(visitor, param.bound.iter().chain(&param.default));
    }
}
