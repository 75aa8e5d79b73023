//! Names by which the modules are called that are looked for, found by how they end.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use smol_str::SmolStr;

use super::super::endings::Endings;
use super::super::lookup::suffixes;
use crate::name::ModuleName;

/// Names by which modules are called that are looked for.
#[derive(Debug, Default)]
pub(super) struct LookedFor {
    names: Vec<ModuleName>,
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

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether `module` may be one of them, or something in it.
    pub(super) fn has(&self, module: &ModuleName) -> bool {
        module.with_parents().any(|name| self.by_name.akin_to(&name).any(|number| self.names[number].may_be(&name)))
    }

    /// Whether one of them begins so, spelled from some root.
    pub(super) fn begin(&self, head: &str) -> bool {
        self.names.iter().any(|name| begins(name, head))
    }

    /// Those in what may be `package`.
    pub(super) fn inside(&self, package: &ModuleName) -> impl Iterator<Item = &ModuleName> {
        let found = self.by_package.akin_to(package).map(|number| &self.names[number]);
        found.filter(|name| name.parent().is_some_and(|parent| parent.may_be(package)))
    }
}

/// Modules of which some names are asked about, by all names that they have.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    names: Vec<(ModuleName, Arc<BTreeSet<SmolStr>>)>,
    known: HashSet<(ModuleName, Arc<BTreeSet<SmolStr>>)>,
    by_name: Endings<usize>,
    /// By the names of the packages around them.
    by_package: Endings<usize>,
    lasts: HashSet<SmolStr>,
    read: HashSet<SmolStr>,
}

impl Subjects {
    /// Whether it is new that `names` of a module that is called so are asked about.
    pub(super) fn add(&mut self, name: &ModuleName, names: &Arc<BTreeSet<SmolStr>>) -> bool {
        let is_new = self.known.insert((name.clone(), Arc::clone(names)));
        if is_new {
            let number = self.names.len();
            self.by_name.add(name, number);
            if let Some(package) = name.parent() {
                self.by_package.add(&package, number);
            }
            self.names.push((name.clone(), Arc::clone(names)));
            self.lasts.insert(SmolStr::new(name.last()));
            self.read.extend(names.iter().cloned());
        }
        is_new
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether `module` may be one of them.
    pub(super) fn has(&self, module: &ModuleName) -> bool {
        self.by_name.akin_to(module).any(|number| self.names[number].0.may_be(module))
    }

    /// Whether one of them begins so, spelled from some root.
    pub(super) fn begin(&self, head: &str) -> bool {
        self.names.iter().any(|(name, _)| begins(name, head))
    }

    /// Whether the last component of one of them is the module's.
    pub(super) fn ends(&self, module: &ModuleName) -> bool {
        self.lasts.contains(module.last())
    }

    /// Whether the name is asked about of one of them.
    pub(super) fn are_asked_for(&self, name: &SmolStr) -> bool {
        self.read.contains(name)
    }

    /// Those in what may be `package`, with what is asked about.
    pub(super) fn inside(&self, package: &ModuleName) -> Vec<(ModuleName, Arc<BTreeSet<SmolStr>>)> {
        let found = self.by_package.akin_to(package).map(|number| &self.names[number]);
        found.filter(|(name, _)| name.parent().is_some_and(|parent| parent.may_be(package))).cloned().collect()
    }

    /// What is asked about of those that `module` may be.
    pub(super) fn names_of(&self, module: &ModuleName) -> BTreeSet<Arc<BTreeSet<SmolStr>>> {
        let found = self.by_name.akin_to(module).map(|number| &self.names[number]);
        found.filter(|(name, _)| name.may_be(module)).map(|(_, names)| Arc::clone(names)).collect()
    }
}

fn begins(name: &ModuleName, head: &str) -> bool {
    suffixes(name.as_str()).any(|name| name.starts_with(head))
}
