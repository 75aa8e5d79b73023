//! Why a function must not call what logs its uses. Where the call would go is not its business.

use super::{Code, File, Refusal, hoist, known, sink};
use crate::python::Expr;
use crate::semantic::{ScopeId, ScopeNode};

/// The first reason why the function of the scope must stay as it is, if there is one.
pub fn cannot_log(file: &File<'_>, scope: ScopeId) -> Option<Refusal> {
    let ScopeNode::Function(function) = file.model.scope(scope).node else { return None };
    let name = &function.name;
    if known::HOOKS.contains(&name.name.as_str()) {
        return Some(Refusal::here(Code::LazyExportHook, name.span, format!("`{}` is such a hook", name.name)));
    }
    if let Some((code, place, what)) = file.facts.late.get(&scope) {
        return Some(Refusal::here(*code, *place, what.clone()));
    }
    let decorators = |scope: ScopeId| -> &[Expr] {
        match file.model.scope(scope).node {
            ScopeNode::Function(function) => &function.decorators,
            ScopeNode::Class(class) => &class.decorators,
            _ => &[],
        }
    };
    let mut around = file.model.ancestors(scope).flat_map(decorators);
    let translated = around.find_map(|decorator| sink::decorator_allows(file, decorator).err());
    translated.or_else(|| hoist::ships(file, scope))
}
