//! Words that make a file matter, with where they must stand in it and what must stand beside them.

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use smol_str::SmolStr;

use super::super::index::PATCHING;
use super::words::{Imports, Occurrence, contains, normalised};
use crate::name::ModuleName;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// As the last part of a module's name whose part before is `parent`, or that begins with it.
    Named {
        parent: Option<SmolStr>,
    },
    /// A package may get another name.
    Renamed,
    /// In a file of this last component, which may bind the word.
    BoundIn(SmolStr),
    /// With another word.
    With(SmolStr),
    /// In a patch target that is computed.
    Patched,
    /// As an attribute, or in a string that may name one.
    Attribute,
    Anywhere,
    /// The first file that holds it may be told.
    First,
}

/// Rules by word, each once.
#[derive(Debug, Default)]
pub(super) struct Rules {
    seen: HashSet<(SmolStr, Rule)>,
    new: HashMap<SmolStr, Vec<Rule>>,
    /// By the word of a [`Rule::First`]: the files that hold it and did not matter then, in their order.
    pub(super) first: HashMap<SmolStr, Vec<usize>>,
}

impl Rules {
    pub(super) fn add(&mut self, word: &str, rule: Rule) {
        let word = SmolStr::new(word);
        if self.seen.insert((word.clone(), rule.clone())) {
            self.new.entry(word).or_default().push(rule);
        }
    }

    /// The rules that nobody has searched by.
    pub(super) fn take(&mut self) -> Option<Search> {
        let new = std::mem::take(&mut self.new);
        let (words, rules): (Vec<SmolStr>, Vec<Vec<Rule>>) = new.into_iter().unzip();
        if words.is_empty() {
            return None;
        }
        // Of words that begin alike the longest that fits is the whole word.
        let builder = &mut AhoCorasickBuilder::new();
        let searcher = builder.match_kind(MatchKind::LeftmostLongest).build(&words).ok();
        let numbers = words.iter().cloned().enumerate().map(|(number, word)| (word, number)).collect();
        Some(Search { searcher, words, numbers, rules })
    }
}

pub(super) struct Search {
    /// `None` if it cannot be made: then every file may hold all words.
    searcher: Option<AhoCorasick>,
    words: Vec<SmolStr>,
    numbers: HashMap<SmolStr, usize>,
    rules: Vec<Vec<Rule>>,
}

pub(super) struct Searched<'f> {
    pub(super) text: &'f str,
    pub(super) name: &'f ModuleName,
    pub(super) imports: &'f Imports,
}

impl Searched<'_> {
    /// As it is written, and as Python reads it if that differs.
    fn texts<'n>(&'n self, normal: &'n str) -> impl Iterator<Item = &'n str> {
        [Some(self.text), Some(normal).filter(|normal| *normal != self.text)].into_iter().flatten()
    }
}

/// Whether a rule holds for some occurrence of the word.
pub(super) fn hold_anywhere(file: &Searched<'_>, word: &str, rule: &Rule) -> bool {
    let normal = normalised(file.text);
    let is_around = file.name.as_str().split('.').any(|part| part == word) && names_package(word, rule, file);
    is_around
        || file.texts(&normal).any(|text| {
            let found = memchr::memmem::find_iter(text.as_bytes(), word);
            let occurrences = found.filter_map(|at| Occurrence::new(text, at, at + word.len()));
            occurrences.into_iter().any(|occurrence| holds(rule, occurrence, file))
        })
}

impl Search {
    /// An empty word if the file matters; else the words of [`Rule::First`] that it holds.
    pub(super) fn in_file(&self, file: &Searched<'_>) -> Vec<SmolStr> {
        let Some(searcher) = &self.searcher else { return vec![SmolStr::default()] };
        let mut first = HashSet::new();
        let own = file.name.as_str().split('.').filter_map(|part| self.numbers.get(part));
        let names =
            |number: &usize| self.rules[*number].iter().any(|rule| names_package(&self.words[*number], rule, file));
        if own.into_iter().any(names) {
            return vec![SmolStr::default()];
        }
        let normal = normalised(file.text);
        for text in file.texts(&normal) {
            for found in searcher.find_iter(text) {
                let number = found.pattern().as_usize();
                let Some(occurrence) = Occurrence::new(text, found.start(), found.end()) else { continue };
                for rule in &self.rules[number] {
                    match rule {
                        Rule::First => {
                            first.insert(number);
                        }
                        rule if holds(rule, occurrence, file) => return vec![SmolStr::default()],
                        _ => {}
                    }
                }
            }
        }
        first.into_iter().map(|number| self.words[number].clone()).collect()
    }
}

/// Whether dots may stand for a package that is looked for by a part of the file's own name.
fn names_package(word: &str, rule: &Rule, file: &Searched<'_>) -> bool {
    let Rule::Named { parent } = rule else { return false };
    let is_own = |parent: &SmolStr| file.name.as_str().split('.').any(|part| part == parent);
    let has = |parent: &SmolStr| is_own(parent) || contains(file.text, parent);
    file.imports.is_relative && (file.name.root() == word || parent.as_ref().is_none_or(has))
}

fn holds(rule: &Rule, occurrence: Occurrence<'_>, file: &Searched<'_>) -> bool {
    let has = |word: &str| file.name.as_str().split('.').any(|part| part == word) || contains(occurrence.text, word);
    match rule {
        Rule::Named { parent } => {
            occurrence.is_part_of_name(file.imports)
                && (parent.as_ref().is_none_or(|parent| has(parent)) || occurrence.begins_name(file.imports))
        }
        Rule::Renamed => occurrence.is_renamed(file.imports),
        Rule::BoundIn(last) => file.name.last() == last,
        Rule::With(other) => has(other),
        Rule::Patched => occurrence.follows_dot() && PATCHING.iter().any(|word| contains(occurrence.text, word)),
        Rule::Attribute => occurrence.may_be_attribute(),
        Rule::Anywhere => true,
        Rule::First => false,
    }
}
