//! Names by which the modules are called that are looked for, found by how they end.

use std::collections::HashSet;

use super::super::endings::Endings;
use crate::name::ModuleName;

/// Names by which modules are called that are looked for.
#[derive(Debug, Default)]
pub(super) struct LookedFor {
    pub(super) names: Vec<ModuleName>,
    known: HashSet<ModuleName>,
    by_name: Endings<usize>,
    /// By the names of the packages around them.
    by_package: Endings<usize>,
}

impl LookedFor {
    /// Whether it is new.
    pub(super) fn add(&mut self, name: &ModuleName) -> bool {
        let is_new = self.known.insert(name.clone());
        if is_new {
            let number = self.names.len();
            self.names.push(name.clone());
            self.by_name.add(name, number);
            if let Some(package) = name.parent() {
                self.by_package.add(&package, number);
            }
        }
        is_new
    }

    /// Whether `module` may be one of them, or something in it.
    pub(super) fn has(&self, module: &ModuleName) -> bool {
        module.with_parents().any(|name| self.by_name.akin_to(&name).any(|number| self.names[number].may_be(&name)))
    }

    /// Those in what may be `package`.
    pub(super) fn inside(&self, package: &ModuleName) -> impl Iterator<Item = &ModuleName> {
        let found = self.by_package.akin_to(package).map(|number| &self.names[number]);
        found.filter(|name| name.parent().is_some_and(|parent| parent.may_be(package)))
    }
}
