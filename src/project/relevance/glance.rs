//! One text before it is parsed: facts that name nothing of what they concern, and for tests every fact that it may hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use smol_str::SmolStr;

use super::super::hints::libraries;
use super::super::index::{PROCESS_WORDS, hash, reads_annotations_by};
use super::rules::{self, Rule};
use super::words::{Imports, Occurrence};
use crate::name::ModuleName;

/// What a text holds that names nothing of what it concerns.
pub struct Triggers {
    /// `None` if it cannot be made: then every file may hold some.
    searcher: Option<AhoCorasick>,
    modules: usize,
}

/// Words that make a file matter wherever they stand in it, also as a part of others.
const WORDS: [&str; 4] = ["__subclasses__", "import_module", "run_module", "run_path"];

impl Default for Triggers {
    fn default() -> Triggers {
        let mut words: Vec<&str> = PROCESS_WORDS.iter().copied().chain(WORDS).collect();
        words.push("modules");
        let modules = words.len() - 1;
        Triggers { searcher: AhoCorasick::new(words).ok(), modules }
    }
}

impl Triggers {
    /// Whether the text may hold such a fact.
    pub fn stand_in(&self, text: &str) -> bool {
        let Some(searcher) = &self.searcher else { return true };
        searcher.find_overlapping_iter(text).any(|found| {
            if found.pattern().as_usize() != self.modules {
                return true;
            }
            let occurrence = Occurrence::new(text, found.start(), found.end());
            occurrence.is_some_and(|occurrence| occurrence.may_be_sys_modules())
        })
    }
}

/// What one text shows, fact by fact: for holding it against what the index reads.
pub struct Glance<'t> {
    pub imports: Imports,
    text: &'t str,
    name: ModuleName,
}

impl<'t> Glance<'t> {
    /// At the file that is the module `name`.
    pub fn at(text: &'t str, name: &ModuleName) -> Glance<'t> {
        Glance { imports: Imports::of(text, name), text, name: name.clone() }
    }

    /// Whether the file may read something of a module, or take it as a whole.
    pub fn may_name(&self, module: &ModuleName) -> bool {
        let mut parts = module.as_str().rsplit('.');
        let last = parts.next().unwrap_or_default();
        self.holds(last, Rule::Named { parent: parts.next().map(SmolStr::new) })
    }

    /// Whether it may read `name` of a module.
    pub fn may_read_of(&self, module: &ModuleName, name: &str) -> bool {
        let names = Arc::new(BTreeSet::from([SmolStr::new(name)]));
        self.holds(module.last(), Rule::Reads { parents: parent(module), names })
    }

    /// Whether it may take a module as a whole.
    pub fn may_take(&self, module: &ModuleName) -> bool {
        self.holds(module.last(), Rule::Whole { parents: parent(module) })
    }

    /// Whether it may use a function or class of that name other than by calling it.
    pub fn may_hand_on(&self, name: &str) -> bool {
        self.holds(name, Rule::HandedOn)
    }

    /// Whether it may replace a name in a module that it computes.
    pub fn may_patch(&self, name: &str) -> bool {
        self.holds(name, Rule::Patched)
    }

    /// Whether it may read a name of something unknown.
    pub fn may_read(&self, name: &str) -> bool {
        self.holds(name, Rule::Loose)
    }

    /// Whether it may evaluate annotations.
    pub fn may_evaluate(&self) -> bool {
        reads_annotations_by().any(|(word, other)| {
            self.holds(word, other.map_or(Rule::Anywhere, |other| Rule::With(SmolStr::new(other))))
        })
    }

    /// Whether it may import a library that evaluates annotations.
    pub fn may_use_library(&self) -> bool {
        libraries::readers().iter().any(|name| self.imports.begins_with(hash(name)))
    }

    fn holds(&self, word: &str, rule: Rule) -> bool {
        let file = rules::Searched { text: self.text, name: &self.name, imports: &self.imports };
        rules::hold_anywhere(&file, word, &rule)
    }
}

fn parent(module: &ModuleName) -> Arc<BTreeSet<SmolStr>> {
    Arc::new(module.parent().iter().map(|parent| SmolStr::new(parent.last())).collect())
}
