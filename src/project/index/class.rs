//! A class of a module's body: its bases, and whether it takes note of the classes that are derived from it.

use smol_str::SmolStr;

use super::FileIndex;
use super::names::Names;
use crate::name::ModuleName;
use crate::project::Class;
use crate::python::{self, Expr, ExprKind, Module, Stmt, StmtKind};

/// Metaclasses that keep no account of their classes beyond the class itself.
const PURE_METACLASSES: &[&str] = &["ABCMeta", "EnumMeta", "EnumType", "type"];

/// Bases of well-known libraries that keep an account of every class derived from them.
const REGISTERING: &[&str] = &[
    "Declarative",
    "DeclarativeBase",
    "Document",
    "Model",
    "SQLModel",
    "YAMLObject",
    "declarative_base",
    "luigi.Task",
];

impl Class {
    pub(super) fn read(class: &python::Class, index: &FileIndex, module: &Module, names: &Names<'_>) -> Class {
        let base = |expr: &Expr| {
            let expr = match &expr.kind {
                ExprKind::Subscript { value, .. } | ExprKind::Call { func: value, .. } => value,
                _ => expr,
            };
            let parts = expr.as_dotted()?;
            let own = parts.len() == 1 && !names.is_import(parts[0]);
            let full = names.full(&parts).into_iter().next()?;
            if own { Some(index.name.join(&full)) } else { ModuleName::new(&full) }
        };
        let metaclass =
            class.keywords.iter().find(|keyword| keyword.name.as_ref().is_some_and(|name| name.name == "metaclass"));
        let metaclass = metaclass.and_then(|keyword| base(&keyword.value));
        Class {
            name: class.name.name.clone(),
            place: module.line_column(class.name.span.start()),
            bases: class.bases.iter().filter_map(base).collect(),
            metaclass: metaclass.filter(|meta| !PURE_METACLASSES.contains(&meta.last())),
            notes_subclasses: class.body.body.iter().any(notes),
            is_initialised: defines(&class.body.body, &["__new__", "__init__", "__prepare__"]),
        }
    }

    /// Whether a base outside the project is known for its register of classes.
    pub(in crate::project) fn is_registering(base: &ModuleName) -> bool {
        REGISTERING.iter().any(|known| base.last() == *known || base.as_str() == *known)
    }
}

fn defines(body: &[Stmt], names: &[&str]) -> bool {
    body.iter().any(|stmt| matches!(&stmt.kind, StmtKind::Function(f) if names.contains(&f.name.name.as_str())))
}

/// An `__init_subclass__` that does more than to set attributes of the new class.
fn notes(stmt: &Stmt) -> bool {
    let StmtKind::Function(function) = &stmt.kind else { return false };
    if function.name.name != "__init_subclass__" {
        return false;
    }
    let class = function.params.first().map(|param| param.ident.name.clone()).unwrap_or_default();
    !function.body.body.iter().all(|stmt| is_about(stmt, &class))
}

fn is_about(stmt: &Stmt, class: &SmolStr) -> bool {
    let of_class = |target: &Expr| match &target.kind {
        ExprKind::Name(_) => true,
        ExprKind::Attribute { value, .. } => value.as_name() == Some(class.as_str()),
        _ => false,
    };
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().all(of_class),
        StmtKind::AnnAssign { target, .. } => of_class(target),
        StmtKind::Expr(Expr { kind: ExprKind::Call { func, .. }, .. }) => match &func.kind {
            ExprKind::Attribute { value, .. } => {
                matches!(&value.kind, ExprKind::Call { func, .. } if func.as_name() == Some("super"))
            }
            _ => false,
        },
        StmtKind::Expr(Expr { kind: ExprKind::Str(_) | ExprKind::Constant, .. }) => true,
        StmtKind::If { .. } => {
            stmt.blocks().into_iter().flat_map(|block| &block.body).all(|inner| is_about(inner, class))
        }
        StmtKind::Pass | StmtKind::Raise { .. } | StmtKind::Assert { .. } | StmtKind::Return(_) => true,
        _ => false,
    }
}
