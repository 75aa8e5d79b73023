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
        Some(Search { searcher, words, rules })
    }
}

pub(super) struct Search {
    /// `None` if it cannot be made: then every file may hold all words.
    searcher: Option<AhoCorasick>,
    words: Vec<SmolStr>,
    rules: Vec<Vec<Rule>>,
}

pub(super) struct Searched<'f> {
    pub(super) text: &'f str,
    pub(super) name: &'f ModuleName,
    pub(super) imports: &'f Imports,
}

impl Search {
    /// An empty word if the file matters; else the words of [`Rule::First`] that it holds.
    pub(super) fn in_file(&self, file: &Searched<'_>) -> Vec<SmolStr> {
        let Some(searcher) = &self.searcher else { return vec![SmolStr::default()] };
        let mut first = HashSet::new();
        let normal = normalised(file.text);
        let texts = [Some(file.text), Some(&*normal).filter(|normal| *normal != file.text)];
        for text in texts.into_iter().flatten() {
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
