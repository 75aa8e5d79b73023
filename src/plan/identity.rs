//! What makes a change the same change in another run: no line numbers, no times. Who has declined it is not asked again.

use smol_str::SmolStr;

use super::{File, Level, Subject};
use crate::name::ModuleName;
use crate::policy::Place;
use crate::semantic::ScopeNode;

/// A change of one imported name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub path: String,
    pub module: ModuleName,
    /// The name that the import binds.
    pub bound: SmolStr,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// From module level to functions.
    Sink,
    /// From this function to module level.
    Hoist(SmolStr),
    /// The exception comment only.
    Comment,
}

/// Asked of each change before it is planned.
pub type Declined<'a> = &'a (dyn Fn(&Identity) -> bool + Sync);

/// Nobody has declined anything.
pub const NOTHING_DECLINED: Declined<'static> = &|_| false;

impl Identity {
    pub(super) fn of(file: &File<'_>, subject: &Subject) -> Identity {
        let change = match (subject.level, subject.verdict.place) {
            (Level::Module, Place::Function) => Change::Sink,
            (Level::Module, _) => Change::Comment,
            (Level::Function, _) => Change::Hoist(function(file, subject)),
        };
        Identity {
            path: file.index().path.clone(),
            module: subject.target.module.clone(),
            bound: subject.bound.clone(),
            change,
        }
    }
}

/// The name of the function that the import stands in, with those around it: `Handler.run`.
fn function(file: &File<'_>, subject: &Subject) -> SmolStr {
    let scopes = file.model.ancestors(file.site(subject).scope);
    let mut names: Vec<&str> = scopes
        .filter_map(|scope| match file.model.scope(scope).node {
            ScopeNode::Function(function) => Some(function.name.name.as_str()),
            ScopeNode::Class(class) => Some(class.name.name.as_str()),
            _ => None,
        })
        .collect();
    names.reverse();
    SmolStr::new(names.join("."))
}
