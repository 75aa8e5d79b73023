//! Words by which modules may be had anywhere in the project, and whether an attribute may be a module.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::index::hash;
use super::flow::{Chain, Flow, MOST_PARTS, chain, trailer};
use super::imports::Imports;
use super::names::Word;
use super::occurrence::{Occurrence, begins_joined, occurrences};
use super::rules::Shown;
use super::statements::Statements;
use super::words::{BLANKS, QUOTES, is_keyword, last_part, words};
use crate::name::ModuleName;

/// So many names are kept of what a word may be an attribute of.
const MOST_OWNERS: usize = 1_000;

/// Words by which a module may be had: parts of names of modules, and other names that somebody gives them.
#[derive(Debug, Default)]
pub(super) struct ModuleWords {
    words: FxHashSet<u32>,
    /// The names that are given what ends with a word.
    given: FxHashMap<u32, FxHashSet<u32>>,
    /// By the position of a text: what its names get, where one of them may get a module.
    flows: FxHashMap<usize, Flow>,
}

/// A text with what it shows.
pub(super) type Text<'t> = (&'t str, &'t Shown);

impl ModuleWords {
    pub(super) fn new<'t>(modules: impl Iterator<Item = &'t ModuleName>, texts: &[Text<'_>]) -> ModuleWords {
        let mut known = ModuleWords::default();
        for (name, source) in texts.iter().flat_map(|(_, shown)| shown.imports.renamed()) {
            known.give(name, source);
        }
        known.learn(modules.flat_map(|module| module.as_str().split('.')).map(hash).collect(), texts);
        known
    }

    /// Words that may stand for modules, with all other names that these get.
    pub(super) fn learn(&mut self, words: Vec<u32>, texts: &[Text<'_>]) {
        let mut open = words;
        loop {
            let mut new: Vec<u32> = Vec::new();
            while let Some(word) = open.pop() {
                if self.words.insert(word) {
                    new.push(word);
                    open.extend(self.given.get(&word).into_iter().flatten());
                }
            }
            if new.is_empty() {
                return;
            }
            new.sort_unstable();
            let gives = |at: &usize| {
                let (text, shown) = texts[*at];
                !self.flows.contains_key(at) && shown.words.has_one_of(&new) && self.may_give(text, &shown.imports)
            };
            let giving: Vec<(usize, Flow)> = (0..texts.len())
                .into_par_iter()
                .filter(gives)
                .map(|at| (at, Flow::of(texts[at].0, &texts[at].1.imports)))
                .collect();
            for (at, flow) in giving {
                for (name, source) in flow.exported.iter().copied() {
                    self.give(name, source);
                    open.extend(self.words.contains(&source).then_some(name));
                }
                self.flows.insert(at, flow);
            }
        }
    }

    /// Whether it is new that a name is given what ends with `source`.
    pub(super) fn give(&mut self, name: u32, source: u32) -> bool {
        name != source && self.given.entry(source).or_default().insert(name)
    }

    /// The words, and all names that are given what ends with one of them; `None` if these are too many to tell things apart.
    pub(super) fn names_of(&self, words: impl IntoIterator<Item = u32>) -> Option<FxHashSet<u32>> {
        let mut open: Vec<u32> = words.into_iter().collect();
        let mut found: FxHashSet<u32> = FxHashSet::default();
        while let Some(word) = open.pop() {
            if found.insert(word) {
                open.extend(self.given.get(&word).into_iter().flatten());
            }
            if found.len() > MOST_OWNERS {
                return None;
            }
        }
        Some(found)
    }

    /// Whether the text may give a module to some name: where one that it imports, or a part of it, stands alone.
    fn may_give(&self, text: &str, imports: &Imports) -> bool {
        if imports.has_star {
            return true;
        }
        let statements = Statements::default();
        imports.bound_at().filter(|(word, _)| self.has(*word)).any(|(_, at)| {
            // Where it stands otherwise than Python reads it, nothing is told.
            let Some((_, word)) = text.get(at..).and_then(|rest| words(rest).next()) else { return true };
            occurrences(text, word).any(|occurrence| {
                if occurrence.is_behind_dot() {
                    return false;
                }
                let (parts, end) = chain(text, occurrence.start);
                let is_module = parts.len() >= MOST_PARTS || parts.last().is_some_and(|last| self.has(*last));
                is_module && trailer(text, end, &parts) == end && !statements.hold(occurrence)
            })
        })
    }

    pub(super) fn has(&self, word: u32) -> bool {
        self.words.contains(&word)
    }

    /// Whether the attribute at `occurrence` in the text `at` may be a module that `word` tells of.
    pub(super) fn may_have(&self, at: usize, occurrence: Occurrence<'_>, imports: &Imports, word: &Word) -> bool {
        let flow = self.flows.get(&at);
        if imports.has_star || flow.is_some_and(|flow| flow.is_unclear) {
            return true;
        }
        let owner = match owner(occurrence) {
            Some(Owner::Code(owner)) => owner,
            Some(Owner::Text(parts)) => return parts.last().is_some_and(|last| word.may_be_of(*last)),
            None => return true,
        };
        let Some((root, last)) = owner.parts.first().zip(owner.parts.last()) else { return false };
        let sources = |name: u32| flow.map_or(Some(FxHashSet::default()), |flow| flow.sources(name));
        let holds = |part: &u32| sources(*part).is_none_or(|sources| sources.iter().any(|source| self.has(*source)));
        let is_imported = owner.is_rooted && imports.binds(*root) && self.has(*root);
        // It is had from its package, or from whoever has it by this name.
        let may_be = |sources: FxHashSet<u32>| sources.into_iter().any(|source| word.may_be_of(source));
        (word.may_be_of(*last) || sources(*last).is_none_or(may_be)) && (is_imported || owner.parts.iter().any(holds))
    }
}

/// What stands before an attribute.
enum Owner {
    Code(Chain),
    /// The parts of a path that begins a string.
    Text(Vec<u32>),
}

/// What the attribute is one of; `None` if that cannot be told.
fn owner(attribute: Occurrence<'_>) -> Option<Owner> {
    let mut parts = Vec::new();
    let mut rest = attribute.before();
    loop {
        let before = rest.trim_end_matches(BLANKS);
        let Some(before) = before.strip_suffix('.') else {
            parts.reverse();
            let is_behind = |what: &[char]| before.len() == rest.len() && before.ends_with(what);
            if is_behind(&QUOTES) && !parts.is_empty() && !begins_joined(before) {
                return Some(Owner::Text(parts));
            }
            let is_told = !is_behind(&[QUOTES[0], QUOTES[1], '}', ':', '%']);
            return is_told.then_some(Owner::Code(Chain { parts, is_rooted: true }));
        };
        // A comment may stand above.
        let line = before.rsplit(['\n', '\r']).next().unwrap_or(before);
        let owner = before.trim_end_matches(BLANKS);
        if owner.len() < before.len() && (owner.len() < before.len() - line.len()) {
            let above = owner.rsplit(['\n', '\r']).next().unwrap_or(owner);
            if above.contains('#') {
                return None;
            }
        }
        let word = last_part(owner);
        if word.is_empty() {
            parts.reverse();
            let is_called = owner.ends_with(']') || (owner.ends_with(')') && is_call(owner)?);
            return is_called.then_some(Owner::Code(Chain { parts, is_rooted: false }));
        }
        parts.push(hash(word));
        if parts.len() >= MOST_PARTS {
            return None;
        }
        rest = &owner[..owner.len() - word.len()];
    }
}

/// Whether the parenthesis that ends a text is that of a call, which gives no module but by `reload`; `None` if that cannot be
/// told.
fn is_call(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate().rev().take(MOST_BRACKET) {
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' => depth -= 1,
            b'"' | b'\'' | b'#' => return None,
            _ => {}
        }
        if depth == 0 {
            let before = text[..at].trim_end_matches(BLANKS);
            let callee = last_part(before);
            let is_called = !callee.is_empty() || before.ends_with([')', ']']);
            return (callee != "reload" && !is_keyword(callee)).then_some(is_called);
        }
    }
    None
}

/// So many bytes are looked at for where a bracket opens.
const MOST_BRACKET: usize = 2_000;
