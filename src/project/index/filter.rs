//! What a condition lets through of the members of a module: classes and functions only, or what is derived from one class.

use super::names::Names;
use crate::name::ModuleName;
use crate::python::{Block, Expr, ExprKind, Module, StmtKind};

/// Predicates that no module fulfils.
const DEFINITIONS: &[&str] = &[
    "isabstract",
    "isbuiltin",
    "isclass",
    "iscoroutinefunction",
    "isfunction",
    "isgeneratorfunction",
    "ismethod",
    "isroutine",
];

/// What passes a condition, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    Everything,
    Definitions,
    SubclassesOf(ModuleName),
}

impl Filter {
    /// `inspect.isclass` as a value.
    pub(super) fn of_predicate(predicate: &Expr, module: &Module, names: &Names<'_>) -> Filter {
        let Some(parts) = predicate.as_dotted() else {
            let ExprKind::Lambda { body, .. } = &predicate.kind else { return Filter::Everything };
            return Filter::of_condition(body, module, names);
        };
        match parts.last() {
            Some(last) if DEFINITIONS.contains(last) => Filter::Definitions,
            Some(last) => returned(module.body(), last)
                .map_or(Filter::Everything, |returned| Filter::of_condition(returned, module, names)),
            None => Filter::Everything,
        }
    }

    /// `inspect.isclass(value) and issubclass(value, Base)`
    pub(super) fn of_condition(condition: &Expr, module: &Module, names: &Names<'_>) -> Filter {
        match &condition.kind {
            ExprKind::Call { func, args, .. } => {
                let parts = func.as_dotted().unwrap_or_default();
                match (parts.last(), args.as_slice()) {
                    (Some(&"issubclass"), [_, base]) => match names.of(base).pop_first() {
                        Some(base) => Filter::SubclassesOf(base),
                        None => Filter::Definitions,
                    },
                    (Some(&"isinstance"), [_, kind]) if kind.as_name() == Some("type") => Filter::Definitions,
                    _ => Filter::of_predicate(func, module, names),
                }
            }
            // All of them must hold: the narrowest decides.
            ExprKind::Operation(operands) if joined_by_and(operands, module) => operands
                .iter()
                .map(|operand| Filter::of_condition(operand, module, names))
                .max_by_key(|filter| match filter {
                    Filter::Everything => 0,
                    Filter::Definitions => 1,
                    Filter::SubclassesOf(_) => 2,
                })
                .unwrap_or(Filter::Everything),
            _ => Filter::Everything,
        }
    }
}

fn joined_by_and(operands: &[Expr], module: &Module) -> bool {
    operands.windows(2).all(|pair| {
        let (left, right) = (usize::from(pair[0].span.end()), usize::from(pair[1].span.start()));
        left <= right && module.text()[left..right].trim_matches([' ', '(', ')', '\n', '\r', '\t', '\\']) == "and"
    })
}

/// What a function of that name, of the module or of a class, returns as its last statement.
fn returned<'m>(block: &'m Block, name: &str) -> Option<&'m Expr> {
    block.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if function.name.name == name => match &function.body.body.last()?.kind {
            StmtKind::Return(value) => value.as_ref(),
            _ => None,
        },
        StmtKind::Class(class) => returned(&class.body, name),
        _ => None,
    })
}
