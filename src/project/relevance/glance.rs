//! One text before it is parsed: facts that name nothing of what they concern, and for tests every fact that it may hold.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, Match};
use smol_str::SmolStr;

use super::super::hints::libraries;
use super::super::index::{PROCESS_WORDS, hash, loaders, reads_annotations_by};
use super::imports::Imports;
use super::modules::ModuleWords;
use super::names::{By, Names, Subjects};
use super::occurrence::{Occurrence, occurrences};
use super::rules::{self, Known, Rule, Searched, Shown};
use super::statements::Statements;
use super::words::without_mark;
use crate::name::ModuleName;

/// What a text holds that names nothing of what it concerns.
pub struct Triggers {
    /// `None` if it cannot be made: then every file may hold some.
    searcher: Option<AhoCorasick>,
}

/// Found with the others, and told by what stands around it.
const MODULES: &str = "modules";

/// Words that make a file matter wherever they stand in it.
const WORDS: [&str; 5] = ["__import__", "__subclasses__", "import_module", "run_module", "run_path"];

impl Default for Triggers {
    fn default() -> Triggers {
        let words = PROCESS_WORDS.iter().copied().chain(WORDS).chain([MODULES]);
        Triggers { searcher: AhoCorasick::new(words).ok() }
    }
}

impl Triggers {
    /// Whether the text, which has these imports, may hold such a fact.
    pub fn stand_in(&self, text: &str, imports: &Imports) -> bool {
        let Some(searcher) = &self.searcher else { return true };
        let is_one = |found: Match| {
            let occurrence = Occurrence { text, start: found.start(), end: found.end() };
            let is_told = match found.pattern().as_usize().checked_sub(PROCESS_WORDS.len()) {
                None => true,
                Some(word) => occurrence.is_word() && (word < WORDS.len() || occurrence.may_be_sys_modules()),
            };
            is_told && !occurrence.is_in_comment()
        };
        searcher.find_overlapping_iter(text).any(is_one) || renames_sys(text, imports)
    }
}

/// Whether the text may take something from `sys`, or call it by another name.
fn renames_sys(text: &str, imports: &Imports) -> bool {
    let statements = Statements::default();
    let mut named = occurrences(text, "sys").filter(|named| named.may_be_given());
    imports.has(hash("sys")) && (imports.takes_from(hash("sys")) || named.any(|named| !statements.hold(named)))
}

/// What one text shows, fact by fact: for holding it against what the index reads.
pub struct Glance<'t> {
    shown: Shown,
    text: &'t str,
    name: ModuleName,
}

impl<'t> Glance<'t> {
    /// At the file that is the module `name`.
    pub fn at(text: &'t str, name: &ModuleName) -> Glance<'t> {
        let text = without_mark(text);
        Glance { shown: Shown::by(text, name), text, name: name.clone() }
    }

    pub fn imports(&self) -> &Imports {
        &self.shown.imports
    }

    /// Whether the file may read something of a module, or take it as a whole.
    pub fn may_name(&self, module: &ModuleName) -> bool {
        self.holds_of(module, &Names::All, Rule::Reads)
    }

    /// Whether it may read `name` of a module.
    pub fn may_read_of(&self, module: &ModuleName, name: &str) -> bool {
        self.holds_of(module, &Names::These(BTreeSet::from([SmolStr::new(name)])), Rule::Reads)
    }

    /// Whether it may take a module as a whole.
    pub fn may_take(&self, module: &ModuleName) -> bool {
        self.holds_of(module, &Names::default(), Rule::Whole)
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
        reads_annotations_by().any(|(word, clue)| self.holds(word, Rule::Evaluates(clue)))
    }

    /// Whether it may load a module by a name that is given to it.
    pub fn may_load_by_name(&self) -> bool {
        loaders().any(|word| self.holds(word, Rule::Anywhere))
    }

    /// Whether it may import a library that evaluates annotations, or load one by its name.
    pub fn may_use_library(&self) -> bool {
        let may_use = |name: &str| {
            self.shown.imports.begins_with(hash(name))
                || loaders().any(|word| self.holds(name, Rule::With(SmolStr::new(word))))
        };
        libraries::readers().iter().any(|name| may_use(name))
    }

    /// As a rule of a module of which `names` are asked about, where nothing else is known.
    fn holds_of(&self, module: &ModuleName, names: &Names, rule: Rule) -> bool {
        let mut subjects = Subjects::default();
        subjects.add(module, names, By::Path);
        let modules = ModuleWords::new(std::iter::once(module), &[(self.text, &self.shown)]);
        subjects.learn_owners(module.last(), &modules);
        self.holds_in(Known { subjects: &subjects, modules: &modules }, module.last(), &rule)
    }

    fn holds(&self, word: &str, rule: Rule) -> bool {
        let (subjects, modules) = (Subjects::default(), ModuleWords::default());
        self.holds_in(Known { subjects: &subjects, modules: &modules }, word, &rule)
    }

    fn holds_in(&self, known: Known<'_>, word: &str, rule: &Rule) -> bool {
        rules::hold_anywhere(&Searched::new(0, self.text, &self.name, &self.shown, known), word, rule)
    }
}
