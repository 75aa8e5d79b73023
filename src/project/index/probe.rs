//! Where a file asks `sys.modules` whether a module is loaded, or takes it from there. What it puts there is read with the
//! calls.

use smol_str::SmolStr;

use super::names::Names;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Module, Stmt, StmtKind};
use crate::text::{LineColumn, Span};

/// The modules asked for by name, each with a place.
pub(super) fn read(module: &Module, names: &Names<'_>) -> Vec<(SmolStr, LineColumn)> {
    let mut finder = Finder { module, names, found: Vec::new() };
    // The walk is not worth it in most files.
    if module.text().contains("modules") {
        module.body().body.iter().for_each(|stmt| finder.visit_stmt(stmt));
    }
    finder.found
}

struct Finder<'f, 'm> {
    module: &'m Module,
    names: &'f Names<'m>,
    found: Vec<(SmolStr, LineColumn)>,
}

impl<'m> Visitor<'m> for Finder<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Assign { value, .. } => self.visit_expr(value),
            StmtKind::Delete(_) => {}
            // A test that start-up is light: a module that is loaded later only makes it pass.
            StmtKind::Assert { test, .. } if self.membership(test).is_some_and(|(_, word)| word == "not in") => {}
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Subscript { value, index } if self.names.is_loaded_modules(value) => self.ask(index),
            ExprKind::Call { func, args, .. } => {
                if let (ExprKind::Attribute { value, attr }, Some(key)) = (&func.kind, args.first())
                    && matches!(attr.name.as_str(), "get" | "__getitem__" | "__contains__")
                    && self.names.is_loaded_modules(value)
                {
                    self.ask(key);
                }
            }
            ExprKind::Operation(_) => {
                if let Some((key, _)) = self.membership(expr) {
                    self.ask(key);
                }
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl<'m> Finder<'_, 'm> {
    /// The name that is asked for, and the operator between.
    fn membership(&self, expr: &'m Expr) -> Option<(&'m Expr, &'m str)> {
        let ExprKind::Operation(operands) = &expr.kind else { return None };
        let [key, modules] = operands.as_slice() else { return None };
        let between = self.module.text()[Span::new(key.span.end(), modules.span.start())].trim();
        (matches!(between, "in" | "not in") && self.names.is_loaded_modules(modules)).then_some((key, between))
    }

    fn ask(&mut self, key: &Expr) {
        if let Some(name) = key.as_str().and_then(|string| string.plain(self.module.text())) {
            self.found.push((SmolStr::new(name), self.module.line_column(key.span.start())));
        }
    }
}
