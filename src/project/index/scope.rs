//! What functions bind themselves, as far as a reader of modules must know it: a parameter or variable of a module's
//! name is not that module. Python's rules in small; `semantic` has the whole of them.

use rustc_hash::FxHashSet as HashSet;

use super::names::Names;
use super::{FileIndex, from_module, is_type_checking, targets};
use crate::name::ModuleName;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Function, Param, Stmt, StmtKind};

/// The names that one function binds.
#[derive(Default)]
pub(super) struct Locals<'m> {
    /// To something that is no module.
    own: HashSet<&'m str>,
    /// By an import, to a module, or in another scope.
    open: HashSet<&'m str>,
}

impl<'m> Locals<'m> {
    pub(super) fn of_function(function: &'m Function, names: &Names<'_>) -> Locals<'m> {
        let locals = Locals::of_params(&function.params, names);
        let mut collector = Collector { locals, names };
        function.body.body.iter().for_each(|stmt| collector.visit_stmt(stmt));
        collector.locals
    }

    pub(super) fn of_params(params: &'m [Param], names: &Names<'_>) -> Locals<'m> {
        let mut locals = Locals::default();
        for param in params {
            let is_module = param.default.as_ref().is_some_and(|default| !names.of(default).is_empty());
            let kind = if is_module { &mut locals.open } else { &mut locals.own };
            kind.insert(&param.ident.name);
        }
        locals
    }

    /// Whether the name is one of the function's own; `None` if the function does not bind it.
    pub(super) fn hides(&self, name: &str) -> Option<bool> {
        if self.open.contains(name) {
            return Some(false);
        }
        self.own.contains(name).then_some(true)
    }
}

struct Collector<'n, 'm> {
    locals: Locals<'m>,
    names: &'n Names<'n>,
}

impl<'m> Visitor<'m> for Collector<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.locals.open.extend(import.aliases.iter().map(|alias| alias.bound())),
            StmtKind::Global(idents) => self.locals.open.extend(idents.iter().map(|ident| ident.name.as_str())),
            StmtKind::Assign { targets, value } => targets.iter().for_each(|target| self.bind(target, Some(value))),
            StmtKind::AnnAssign { target, value, .. } => self.bind(target, value.as_ref()),
            StmtKind::AugAssign { target, .. } => self.bind(target, None),
            StmtKind::For(node) => match &node.iter.kind {
                ExprKind::Tuple(items) | ExprKind::List(items) => {
                    items.iter().for_each(|item| self.bind(&node.target, Some(item)));
                }
                _ => self.bind(&node.target, None),
            },
            StmtKind::With { items, .. } => {
                items.iter().filter_map(|item| item.target.as_ref()).for_each(|target| self.bind(target, None));
            }
            StmtKind::Try(node) => {
                let named = node.handlers.iter().filter_map(|handler| handler.name.as_ref());
                self.locals.own.extend(named.map(|ident| ident.name.as_str()));
            }
            StmtKind::Function(function) => {
                self.locals.own.insert(&function.name.name);
                return;
            }
            StmtKind::Class(class) => {
                self.locals.own.insert(&class.name.name);
                return;
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Named { target, value } => {
                let is_module = !self.names.of(value).is_empty();
                let kind = if is_module { &mut self.locals.open } else { &mut self.locals.own };
                kind.insert(&target.name);
            }
            ExprKind::Lambda { .. } => return,
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl<'m> Collector<'_, 'm> {
    fn bind(&mut self, target: &'m Expr, value: Option<&'m Expr>) {
        match (&target.kind, value.map(|value| &value.kind)) {
            (ExprKind::Name(name), _) => {
                let is_module = value.is_some_and(|value| !self.names.of(value).is_empty());
                let kind = if is_module { &mut self.locals.open } else { &mut self.locals.own };
                kind.insert(name);
            }
            (
                ExprKind::Tuple(names) | ExprKind::List(names),
                Some(ExprKind::Tuple(values) | ExprKind::List(values)),
            ) if names.len() == values.len() => {
                names.iter().zip(values).for_each(|(name, value)| self.bind(name, Some(value)));
            }
            (ExprKind::Tuple(names) | ExprKind::List(names), _) => {
                names.iter().for_each(|name| self.bind(name, None));
            }
            (ExprKind::Starred(inner), _) => self.bind(inner, None),
            _ => {}
        }
    }
}

/// The modules that the imports of a scope load, whenever they run; what only type checkers see is left out.
pub(super) fn provided(body: &[Stmt], index: &FileIndex) -> HashSet<ModuleName> {
    let mut found = HashSet::default();
    collect(body, index, &mut found);
    found
}

fn collect(body: &[Stmt], index: &FileIndex, found: &mut HashSet<ModuleName>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(import) => {
                found.extend(from_module(import, &index.name, index.is_package));
                let dotted =
                    import.aliases.iter().filter_map(|alias| targets(import, alias, &index.name, index.is_package));
                found.extend(dotted.map(|target| target.dotted()));
            }
            StmtKind::Function(_) => {}
            StmtKind::If { arms, orelse } => {
                let arms = arms.iter().filter(|arm| !is_type_checking(&arm.test)).map(|arm| &arm.body);
                arms.chain(orelse).for_each(|block| collect(&block.body, index, found));
            }
            _ => stmt.blocks().into_iter().for_each(|block| collect(&block.body, index, found)),
        }
    }
}
