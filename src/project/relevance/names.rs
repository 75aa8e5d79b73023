//! The modules that are asked about, by the last words of all names that they have.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::super::index::hash;
use super::super::lookup::suffixes;
use super::modules::ModuleWords;
use crate::name::ModuleName;

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
    pub(super) asked: Names,
    /// What stands before the word where a module is imported by it: its package, and whoever else has it by this name.
    parents: HashSet<u32>,
    /// The same, and all other names that these get: what the word may be an attribute of.
    /// `None` if it may be one of anything.
    owners: Option<HashSet<u32>>,
    /// One of the modules may be imported without a package.
    is_top: bool,
    /// It may be the first part of a path: not where other names lead to the modules, or it is taken to be another module.
    may_begin: bool,
}

/// What is asked about of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    These(BTreeSet<SmolStr>),
    All,
}

impl Names {
    /// Whether more is asked about now.
    fn add(&mut self, more: &Names) -> bool {
        match (&mut *self, more) {
            (Names::These(known), Names::These(more)) => {
                let before = known.len();
                known.extend(more.iter().cloned());
                known.len() > before
            }
            (Names::These(_), Names::All) => {
                *self = Names::All;
                true
            }
            (Names::All, _) => false,
        }
    }

    /// Whether the test holds for one of them, as it would if all names are.
    pub(super) fn any(&self, test: impl FnMut(&SmolStr) -> bool) -> bool {
        match self {
            Names::These(names) => names.iter().any(test),
            Names::All => true,
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Names::These(names) => names.contains(name),
            Names::All => true,
        }
    }
}

impl Default for Names {
    fn default() -> Names {
        Names::These(BTreeSet::new())
    }
}

/// How a module comes by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// It lies there.
    Path,
    /// It lies there, and without the packages around it the name is that of another.
    PathInPackage,
    /// Somebody gives it the name.
    Binding,
}

impl Subjects {
    /// Whether it is new that `asked` of a module that is called so is asked about.
    pub(super) fn add(&mut self, name: &ModuleName, asked: &Names, by: By) -> bool {
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
        let begins = by == By::Path && !std::mem::replace(&mut word.may_begin, true);
        if is_new_name {
            self.names.push(name.clone());
        }
        word.asked.add(asked) || is_new_name || begins
    }

    /// Learns the other names of what the word may be an attribute of.
    pub(super) fn learn_owners(&mut self, last: &str, modules: &ModuleWords) {
        if let Some(word) = self.words.get_mut(last) {
            word.owners = modules.names_of(word.parents.iter().copied());
        }
    }

    /// What they end with.
    pub(super) fn words(&self) -> impl Iterator<Item = &SmolStr> {
        self.words.keys()
    }

    pub(super) fn word(&self, last: &str) -> Option<&Word> {
        self.words.get(last)
    }

    /// Whether `module` may be one of them, or something in one of which all is asked about.
    pub(super) fn has(&self, module: &ModuleName) -> bool {
        let may_be = |name: &ModuleName, is_all: bool| {
            let mut parts = name.as_str().rsplit('.');
            let word = parts.next().and_then(|last| self.words.get(last));
            let word = word.filter(|word| !is_all || word.asked == Names::All);
            let parent = parts.next().map(hash);
            word.is_some_and(|word| parent.is_none_or(|parent| word.may_be_of(parent)))
        };
        may_be(module, false) || module.with_parents().skip(1).any(|name| may_be(&name, true))
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
        self.words.get(module.last()).is_some_and(|word| word.asked.has(name))
    }
}

impl Word {
    pub(super) fn may_begin(&self) -> bool {
        self.may_begin || self.is_top
    }

    pub(super) fn may_follow(&self, parent: u32) -> bool {
        self.is_top || self.parents.contains(&parent)
    }

    pub(super) fn may_be_of(&self, owner: u32) -> bool {
        self.is_top || self.owners.as_ref().is_none_or(|owners| owners.contains(&owner))
    }

    pub(super) fn may_follow_one_of(&self, mut parents: impl Iterator<Item = u32>) -> bool {
        self.is_top || parents.any(|parent| self.parents.contains(&parent))
    }
}

fn begins(name: &ModuleName, head: &str) -> bool {
    suffixes(name.as_str()).any(|name| name.starts_with(head))
}
