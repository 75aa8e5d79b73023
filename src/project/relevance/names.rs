//! Names by which the modules are called that are looked for, found by how they end.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::super::endings::Endings;
use super::super::index::hash;
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

/// Modules of which some names are asked about, by the last words of all names that they have.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    words: HashMap<SmolStr, Word>,
    names: Vec<ModuleName>,
}

/// What is known of the modules whose names end with one word.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// What is asked about of them.
    pub(super) names: BTreeSet<SmolStr>,
    /// What stands before the word where a module is imported by it: its package, and whoever else has it by this name.
    parents: FxHashSet<u32>,
    /// One of the modules may be imported without a package.
    is_top: bool,
}

impl Subjects {
    /// Whether it is new that `names` of a module that is called so are asked about.
    pub(super) fn add<'n>(&mut self, name: &ModuleName, names: impl IntoIterator<Item = &'n SmolStr>) -> bool {
        let mut parts = name.as_str().rsplit('.');
        let last = parts.next().unwrap_or_default();
        if !self.words.contains_key(last) {
            self.words.insert(SmolStr::new(last), Word::default());
        }
        let Some(word) = self.words.get_mut(last) else { return false };
        let is_new_name = match parts.next() {
            Some(parent) => word.parents.insert(hash(parent)),
            None => !std::mem::replace(&mut word.is_top, true),
        };
        let before = word.names.len();
        word.names.extend(names.into_iter().cloned());
        if is_new_name {
            self.names.push(name.clone());
        }
        is_new_name || word.names.len() > before
    }

    /// What they end with.
    pub(super) fn words(&self) -> impl Iterator<Item = &SmolStr> {
        self.words.keys()
    }

    pub(super) fn word(&self, last: &str) -> Option<&Word> {
        self.words.get(last)
    }

    /// Whether `module` may be one of them, where `is_other` tells other names of packages.
    pub(super) fn has(&self, module: &ModuleName, is_other: impl Fn(u32) -> bool) -> bool {
        let mut parts = module.as_str().rsplit('.');
        let word = parts.next().and_then(|last| self.words.get(last));
        let parent = parts.next().map(hash);
        word.is_some_and(|word| parent.is_none_or(|parent| word.may_follow(parent) || is_other(parent)))
    }

    /// Whether one of them begins so, spelled from some root.
    pub(super) fn begin(&self, head: &str) -> bool {
        self.names.iter().any(|name| begins(name, head))
    }

    /// Whether the last component of one of them is the module's.
    pub(super) fn ends(&self, module: &ModuleName) -> bool {
        self.words.contains_key(module.last())
    }

    /// Whether the name is asked about of what may be the module.
    pub(super) fn are_asked_for(&self, module: &ModuleName, name: &SmolStr) -> bool {
        self.words.get(module.last()).is_some_and(|word| word.names.contains(name))
    }
}

impl Word {
    pub(super) fn may_follow(&self, parent: u32) -> bool {
        self.is_top || self.parents.contains(&parent)
    }

    pub(super) fn may_follow_one_of(&self, mut parents: impl Iterator<Item = u32>) -> bool {
        self.is_top || parents.any(|parent| self.parents.contains(&parent))
    }
}

fn begins(name: &ModuleName, head: &str) -> bool {
    suffixes(name.as_str()).any(|name| name.starts_with(head))
}
