//! What a stub promises to others, by the typing specification: what it defines, what its `__all__` lists, and imports
//! that say so by a redundant alias. Its plain imports are its own business.

use smol_str::SmolStr;

use super::FileIndex;
use crate::python::{Expr, ExprKind, Module, Stmt, StmtKind};

/// Fills `exported` from a stub.
pub(super) fn read(index: &mut FileIndex, module: &Module) {
    statements(&module.body().body, index, module);
}

fn statements(body: &[Stmt], index: &mut FileIndex, module: &Module) {
    for stmt in body {
        let mut defines = |name: &str, at| {
            index.exported.insert(SmolStr::new(name), module.line_column(at));
        };
        match &stmt.kind {
            StmtKind::Function(function) => defines(&function.name.name, function.name.span.start()),
            StmtKind::Class(class) => defines(&class.name.name, class.name.span.start()),
            StmtKind::Import(import) => {
                for alias in &import.aliases {
                    if alias.asname.as_ref().is_some_and(|asname| asname.name == alias.name) {
                        defines(alias.bound(), alias.span.start());
                    }
                }
            }
            StmtKind::Assign { targets, value } if targets.iter().any(|target| target.as_name() == Some("__all__")) => {
                names_in(value, index, module);
            }
            StmtKind::AugAssign { target, value } | StmtKind::AnnAssign { target, value: Some(value), .. }
                if target.as_name() == Some("__all__") =>
            {
                names_in(value, index, module);
            }
            StmtKind::Assign { targets, .. } => {
                targets
                    .iter()
                    .filter_map(|t| Some((t.as_name()?, t.span.start())))
                    .for_each(|(name, at)| defines(name, at));
            }
            StmtKind::AnnAssign { target, .. } => {
                target.as_name().into_iter().for_each(|name| defines(name, target.span.start()));
            }
            StmtKind::If { .. } | StmtKind::Try(_) => {
                stmt.blocks().into_iter().for_each(|block| statements(&block.body, index, module));
            }
            _ => {}
        }
    }
}

fn names_in(value: &Expr, index: &mut FileIndex, module: &Module) {
    match &value.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Operation(items) => {
            items.iter().for_each(|item| names_in(item, index, module));
        }
        ExprKind::Str(string) => {
            if let Some(name) = string.plain(module.text()) {
                index.exported.insert(SmolStr::new(name), module.line_column(value.span.start()));
            }
        }
        _ => {}
    }
}
