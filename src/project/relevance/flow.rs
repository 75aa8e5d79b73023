//! Which names of a text may come to hold a module, before it is parsed: what an assignment, a default, a loop over a display
//! or a name in a class gives them. What is told may be too much, and never too little of what [`FileIndex`] follows.
//!
//! [`FileIndex`]: crate::project::FileIndex

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::index::hash;
use super::imports::Imports;
use super::names::Word;
use super::occurrence::{Occurrence, occurrences};
use super::rules::Shown;
use super::statements::Statements;
use super::words::{BLANKS, QUOTES, is_word_at, last_part, logical_start, words};
use crate::name::ModuleName;
use crate::python::lines::is_word;

/// What names of one text get from others.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// Names, each with the last part of what it may have been given. Sorted.
    given: Box<[(u32, u32)]>,
    /// Something that may be a module goes where it cannot be told.
    is_unclear: bool,
}

/// So many bytes of a target list and of a value are looked at, so that a long line takes no longer than a short one; of
/// what goes on, nothing is told.
const MOST_TARGET: usize = 2_000;
const MOST_VALUE: usize = 16_000;

/// So many names are kept of what a word may be an attribute of.
const MOST_OWNERS: usize = 500;

/// What is given to some names by one statement.
struct Gift {
    targets: Vec<u32>,
    chains: Vec<Chain>,
    is_unclear: bool,
}

/// `a.b.c`
struct Chain {
    parts: Vec<u32>,
    /// Nothing stands before the first part.
    is_rooted: bool,
}

impl Flow {
    pub(super) fn of(text: &str, imports: &Imports) -> Flow {
        let assigned = memchr::memchr_iter(b'=', text.as_bytes()).filter_map(|at| assignment(text, at));
        let loops = memmem::find_iter(text.as_bytes(), "for").filter_map(|at| loop_over(text, at));
        let gifts: Vec<Gift> = assigned.chain(loops).collect();
        let mut flow =
            Flow { is_unclear: gifts.iter().any(|gift| gift.chains.is_empty() && gift.is_unclear), ..Flow::default() };
        let mut given: FxHashSet<(u32, u32)> = FxHashSet::default();
        let mut holders: FxHashSet<u32> = FxHashSet::default();
        // What a name gets may come from a name that got it before.
        loop {
            let before = given.len();
            for gift in &gifts {
                for chain in gift.chains.iter().filter(|chain| chain.may_hold(imports, &holders)) {
                    let Some(source) = chain.parts.last() else { continue };
                    flow.is_unclear |= gift.is_unclear;
                    given.extend(gift.targets.iter().map(|target| (*target, *source)));
                }
            }
            if given.len() == before {
                break;
            }
            holders = given.iter().map(|(target, _)| *target).collect();
        }
        let mut given: Vec<(u32, u32)> = given.into_iter().collect();
        given.sort_unstable();
        flow.given = given.into_boxed_slice();
        flow
    }

    fn gives(&self, name: u32) -> bool {
        let first = self.given.partition_point(|(target, _)| *target < name);
        self.given.get(first).is_some_and(|(target, _)| *target == name)
    }
}

impl Chain {
    fn may_hold(&self, imports: &Imports, holders: &FxHashSet<u32>) -> bool {
        let is_imported = self.is_rooted && self.parts.first().is_some_and(|root| imports.binds(*root));
        imports.has_star || is_imported || self.parts.iter().any(|part| holders.contains(part))
    }
}

/// Words by which a module may be had: parts of names of modules, and other names that somebody gives them.
#[derive(Debug, Default)]
pub(super) struct ModuleWords {
    words: FxHashSet<u32>,
    /// The names that are given what ends with a word.
    given: FxHashMap<u32, Vec<u32>>,
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
                    let names = self.given.get(&word).map_or(&[][..], Vec::as_slice);
                    open.extend(names);
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
                for (name, source) in flow.given.iter().copied() {
                    self.give(name, source);
                    open.extend(self.words.contains(&source).then_some(name));
                }
                self.flows.insert(at, flow);
            }
        }
    }

    /// Whether it is new that a name is given what ends with `source`.
    pub(super) fn give(&mut self, name: u32, source: u32) -> bool {
        let names = self.given.entry(source).or_default();
        let is_new = name != source && !names.contains(&name);
        if is_new {
            names.push(name);
        }
        is_new
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
                let (parts, end) = chain(text, occurrence.start);
                parts.last().is_some_and(|last| self.has(*last))
                    && !occurrence.before().ends_with('.')
                    && trailer(text, end, &parts) == end
                    && !statements.hold(occurrence)
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
        let Some(owner) = owner(occurrence) else { return true };
        let holds = |part: &u32| flow.is_some_and(|flow| flow.gives(*part)) && self.has(*part);
        let is_imported = |root: &u32| owner.is_rooted && imports.binds(*root) && self.has(*root);
        let is_module = owner.parts.first().is_some_and(is_imported) || owner.parts.iter().any(holds);
        // It is had from its package, or from whoever has it by this name.
        is_module && owner.parts.last().is_some_and(|last| word.may_be_of(*last))
    }
}

/// What the attribute is one of; `None` if it stands in a string, or its owner cannot be told.
fn owner(attribute: Occurrence<'_>) -> Option<Chain> {
    let mut parts = Vec::new();
    let mut rest = attribute.before();
    loop {
        let before = rest.trim_end_matches(BLANKS);
        let Some(before) = before.strip_suffix('.') else {
            parts.reverse();
            let is_text = before.len() == rest.len() && before.ends_with([QUOTES[0], QUOTES[1], '}', ':', '%']);
            return (!is_text).then_some(Chain { parts, is_rooted: true });
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
            return is_called.then_some(Chain { parts, is_rooted: false });
        }
        parts.push(hash(word));
        rest = &owner[..owner.len() - word.len()];
    }
}

/// Whether the parenthesis that ends a text is that of a call, which gives no module but by `reload`; `None` if that cannot be
/// told.
fn is_call(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate().rev() {
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

/// Words before a parenthesis that is none of a call.
fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "and" | "or" | "not" | "if" | "else" | "in" | "is" | "return" | "yield" | "await" | "lambda" | "assert"
    )
}

/// What the `=` at `at` gives, if it gives something that may be a module.
fn assignment(text: &str, at: usize) -> Option<Gift> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
    if bytes.get(at + 1) == Some(&b'=') || matches!(before, b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/') {
        return None;
    }
    let (chains, is_whole) = chains(text, at + 1);
    if chains.is_empty() && is_whole {
        return None;
    }
    let start = logical_start(bytes, at);
    let line = &text[start.max(floor(text, at.saturating_sub(MOST_TARGET)))..at];
    let is_unclear = at - start > MOST_TARGET || !is_whole || closes_more(line);
    let line = line.rfind(';').map_or(line, |semicolon| &line[semicolon + 1..]);
    Some(Gift { targets: targets(line), chains, is_unclear })
}

/// The start of the character at `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What the loop at `at` gives, if a `for` statement over a display begins there.
fn loop_over(text: &str, at: usize) -> Option<Gift> {
    let bytes = text.as_bytes();
    if !is_word_at(bytes, at, "for".len()) {
        return None;
    }
    let line = &text[logical_start(bytes, at)..at];
    let before = line.trim_end_matches(BLANKS);
    let before = before.strip_suffix("async").unwrap_or(before).trim_end_matches(BLANKS);
    if !(before.is_empty() || before.ends_with([';', ':'])) {
        return None;
    }
    let end = floor(text, (at + MOST_TARGET).min(text.len()));
    let Some((inner, _)) = words(&text[at..end]).find(|(_, word)| *word == "in") else {
        return Some(Gift { targets: Vec::new(), chains: Vec::new(), is_unclear: end < text.len() });
    };
    let (chains, is_whole) = chains(text, at + inner + "in".len());
    Some(Gift { targets: targets(&text[at..at + inner]), chains, is_unclear: !is_whole })
}

/// The words of a target list, and of what stands around it.
fn targets(text: &str) -> Vec<u32> {
    let is_owner = |end: usize| text[end..].trim_start_matches(BLANKS).starts_with('.');
    words(text).filter(|(start, word)| !is_owner(start + word.len())).map(|(_, word)| hash(word)).collect()
}

/// Whether a bracket is closed in a text that was opened before.
fn closes_more(text: &str) -> bool {
    let mut depth = 0i32;
    text.bytes().any(|byte| {
        depth += i32::from(matches!(byte, b'(' | b'[' | b'{')) - i32::from(matches!(byte, b')' | b']' | b'}'));
        depth < 0
    })
}

/// The chains of names of an expression that begins at `start` and what follows it on its line, but for those that are
/// called, and for what stands in the brackets of calls, subscripts, dictionaries and sets; and whether these are all.
fn chains(text: &str, start: usize) -> (Vec<Chain>, bool) {
    let end = floor(text, (start + MOST_VALUE).min(text.len()));
    let is_end = end == text.len();
    let text = &text[..end];
    let bytes = text.as_bytes();
    let mut found: Vec<Chain> = Vec::new();
    let mut depth = 0usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' | b';' if depth == 0 => break,
            b'\\' => at += 1,
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'(' | b'[' => depth += 1,
            b'{' => {
                at = bracket_end(bytes, at);
                continue;
            }
            b')' | b']' | b'}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => break,
            },
            byte if is_word(*byte) => {
                let is_rooted = !text[..at].trim_end_matches(BLANKS).ends_with('.');
                let (parts, end) = chain(text, at);
                at = trailer(text, end, &parts);
                if at == end {
                    found.push(Chain { parts, is_rooted });
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let is_whole = at < bytes.len() || is_end;
    (found, is_whole)
}

/// The parts of a chain that begins at `start`, and where it ends.
fn chain(text: &str, start: usize) -> (Vec<u32>, usize) {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let end = at + bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
        parts.push(hash(&text[at..end]));
        let rest = text[end..].trim_start_matches([' ', '\t']);
        let next = rest.strip_prefix('.').map(|rest| rest.trim_start_matches([' ', '\t']));
        match next {
            Some(next) if next.bytes().next().is_some_and(is_word) => at = text.len() - next.len(),
            _ => return (parts, end),
        }
    }
}

/// Where a call or subscript of a chain ends that stands right behind it; the chain's own end if none does, or if it is a
/// call that gives what it is given.
fn trailer(text: &str, end: usize, parts: &[u32]) -> usize {
    let at = text.len() - text[end..].trim_start_matches([' ', '\t']).len();
    let last = parts.last().copied().unwrap_or_default();
    let is_operator = ["and", "or", "not", "if", "else", "in", "is", "lambda", "await"].map(hash).contains(&last);
    match text.as_bytes().get(at) {
        Some(b'(') if last == hash("reload") => end,
        Some(b'(' | b'[') if !is_operator => bracket_end(text.as_bytes(), at),
        // A string with a prefix.
        Some(b'"' | b'\'') if at == end => string_end(text.as_bytes(), at),
        _ => end,
    }
}

/// Behind the bracket that closes the one at `at`.
fn bracket_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    let mut at = at;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Behind the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    if bytes[at..].starts_with(&[quote; 3]) {
        let inner = at + 3;
        return memmem::find(&bytes[inner..], &[quote; 3]).map_or(bytes.len(), |end| inner + end + 3);
    }
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' | b'\r' => return at,
            byte if *byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
