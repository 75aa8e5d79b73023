//! Which names of a text may come to hold a module, before it is parsed: what an assignment, a default, a loop over a display
//! or a name in a class gives them. What is told may be too much, and never too little of what [`FileIndex`] follows.
//!
//! [`FileIndex`]: crate::project::FileIndex

use std::borrow::Cow;

use memchr::memmem;
use rustc_hash::FxHashSet;

use super::super::index::hash;
use super::imports::Imports;
use super::words::{BLANKS, is_word_at, logical_start, normalised, passed, string_end, words};
use crate::python::lines::is_word;

/// What names of one text get from others.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// Names, each with the last part of what it may have been given. Sorted.
    given: Box<[(u32, u32)]>,
    /// The same of names of the module that others may take, each with all that these come from in this text.
    pub(super) exported: Box<[(u32, u32)]>,
    /// What goes where it cannot be told: any name may have got it.
    lost: Box<[u32]>,
    /// It cannot be told what some name gets.
    pub(super) is_unclear: bool,
}

/// So many bytes of a target list and of a value are looked at, and of all statements so many times the text, so that a
/// strange text takes no longer than another of its size; of what goes on, nothing is told.
const MOST_TARGET: usize = 2_000;
const MOST_VALUE: usize = 1_000_000;
const MOST_TIMES: usize = 64;
/// A name is followed over so many others, and so many pairs of names are kept. `Names` of the index follows fewer.
const MOST_ROUNDS: usize = 8;
const MOST_GIVEN: usize = 50_000;
/// A name comes from so many others at most.
const MOST_SOURCES: usize = 500;
/// A chain has so many parts at most.
pub(super) const MOST_PARTS: usize = 200;

/// What is given to some names by one statement.
struct Gift {
    targets: Vec<u32>,
    chains: Vec<Chain>,
    /// The targets are not all.
    is_lost: bool,
    /// The chains are not all.
    is_unclear: bool,
    /// Where its line begins.
    start: usize,
    /// How many bytes were looked at.
    length: usize,
}

/// `a.b.c`
pub(super) struct Chain {
    pub(super) parts: Vec<u32>,
    /// Nothing stands before the first part.
    pub(super) is_rooted: bool,
}

impl Flow {
    pub(super) fn of(text: &str, imports: &Imports) -> Flow {
        let assigned = memchr::memchr_iter(b'=', text.as_bytes()).filter_map(|at| assignment(text, at));
        let loops = memmem::find_iter(text.as_bytes(), "for").filter_map(|at| loop_over(text, at));
        // Words that Python reads otherwise than they are written are compared with none.
        let mut flow = Flow { is_unclear: matches!(normalised(text), Cow::Owned(_)), ..Flow::default() };
        let mut left = MOST_TIMES * text.len();
        let mut gifts: Vec<Gift> = Vec::new();
        for gift in assigned.chain(loops) {
            flow.is_unclear |= gift.chains.is_empty() && gift.is_unclear;
            left = left.saturating_sub(gift.length);
            if flow.is_unclear || left == 0 {
                return Flow { is_unclear: true, ..Flow::default() };
            }
            gifts.push(gift);
        }
        let mut given: FxHashSet<(u32, u32)> = FxHashSet::default();
        let mut lost: FxHashSet<u32> = FxHashSet::default();
        let mut holders: FxHashSet<u32> = FxHashSet::default();
        // What a name gets may come from a name that got it before.
        for round in 0.. {
            let before = given.len();
            flow.is_unclear |= round == MOST_ROUNDS || before > MOST_GIVEN;
            if flow.is_unclear {
                break;
            }
            for gift in &gifts {
                for chain in gift.chains.iter().filter(|chain| chain.may_hold(imports, &holders)) {
                    let Some(source) = chain.parts.last() else { continue };
                    flow.is_unclear |= gift.is_unclear;
                    lost.extend(Some(*source).filter(|_| gift.is_lost));
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
        flow.is_unclear |= lost.len() > MOST_SOURCES;
        flow.lost = lost.into_iter().collect();
        flow.export(text, &gifts);
        flow
    }

    fn export(&mut self, text: &str, gifts: &[Gift]) {
        let lines = TopLines::of(text);
        let exporting = gifts.iter().filter(|gift| !gift.chains.is_empty() && !lines.are_local(gift.start));
        let names: FxHashSet<u32> = exporting.flat_map(|gift| gift.targets.iter().copied()).collect();
        let mut exported: Vec<(u32, u32)> = Vec::new();
        for name in names {
            let sources = self.sources(name);
            self.is_unclear |= sources.is_none() || exported.len() > MOST_GIVEN;
            if self.is_unclear {
                // At least from one name to the next.
                exported = self.given.to_vec();
                break;
            }
            exported.extend(sources.into_iter().flatten().map(|source| (name, source)));
        }
        exported.sort_unstable();
        self.exported = exported.into_boxed_slice();
    }

    /// All that a name may have got in this text, over other names too; `None` if that is too much.
    pub(super) fn sources(&self, name: u32) -> Option<FxHashSet<u32>> {
        let mut found: FxHashSet<u32> = self.lost.iter().copied().collect();
        let mut open: Vec<u32> = found.iter().copied().chain([name]).collect();
        while let Some(name) = open.pop() {
            let first = self.given.partition_point(|(target, _)| *target < name);
            for (_, source) in self.given[first..].iter().take_while(|(target, _)| *target == name) {
                if found.insert(*source) {
                    open.push(*source);
                }
            }
            if found.len() > MOST_SOURCES {
                return None;
            }
        }
        Some(found)
    }
}

impl Chain {
    fn may_hold(&self, imports: &Imports, holders: &FxHashSet<u32>) -> bool {
        let is_imported = self.is_rooted && self.parts.first().is_some_and(|root| imports.binds(*root));
        imports.has_star || is_imported || self.parts.iter().any(|part| holders.contains(part))
    }
}

/// What the `=` at `at` gives, if it gives something that may be a module.
fn assignment(text: &str, at: usize) -> Option<Gift> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
    if bytes.get(at + 1) == Some(&b'=') || matches!(before, b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/') {
        return None;
    }
    let Value { chains, is_whole, length } = value(text, at + 1);
    if chains.is_empty() && is_whole && length < MOST_TARGET {
        return None;
    }
    let (line, is_cut) = line_before(text, at);
    let is_lost = is_cut || closes_more(line);
    let start = at - line.len();
    let line = line.rfind(';').map_or(line, |semicolon| &line[semicolon + 1..]);
    let targets = if chains.is_empty() { Vec::new() } else { targets(line) };
    Some(Gift { targets, chains, is_lost, is_unclear: !is_whole, start, length: length + line.len() })
}

/// What stands before `at` on its line, and on those that backslashes join to it; and whether that is not all.
fn line_before(text: &str, at: usize) -> (&str, bool) {
    let from = floor(text, at.saturating_sub(MOST_TARGET));
    let start = from + logical_start(&text.as_bytes()[from..], at - from);
    (&text[start..at], start == from && from > 0)
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
    let (line, is_cut) = line_before(text, at);
    if is_cut {
        return None;
    }
    let before = line.trim_end_matches(BLANKS);
    let before = before.strip_suffix("async").unwrap_or(before).trim_end_matches(BLANKS);
    if !(before.is_empty() || before.ends_with([';', ':'])) {
        return None;
    }
    let end = floor(text, (at + MOST_TARGET).min(text.len()));
    let Some((inner, _)) = words(&text[at..end]).find(|(_, word)| *word == "in") else {
        let is_unclear = end < text.len();
        let (targets, chains) = (Vec::new(), Vec::new());
        return Some(Gift { targets, chains, is_lost: false, is_unclear, start: at, length: end - at });
    };
    let Value { chains, is_whole, length } = value(text, at + inner + "in".len());
    let length = length + inner;
    let targets = targets(&text[at..at + inner]);
    Some(Gift { targets, chains, is_lost: false, is_unclear: !is_whole, start: at, length })
}

/// The lines of a text that are not indented, each with whether it begins a function or class. What stands below those that
/// do, and is indented, is no name of the module.
struct TopLines(Vec<(usize, bool)>);

impl TopLines {
    fn of(text: &str) -> TopLines {
        let starts = std::iter::once(0).chain(memchr::memchr2_iter(b'\n', b'\r', text.as_bytes()).map(|end| end + 1));
        let is_top =
            |line: &str| !line.is_empty() && !line.starts_with([' ', '\t', '\x0c', '#', '\r', '\n', ')', ']', '}']);
        let defines = |line: &str| ["def ", "class ", "async ", "@"].iter().any(|word| line.starts_with(word));
        let lines = starts.map(|start| (start, &text[start..])).filter(|(_, line)| is_top(line));
        TopLines(lines.map(|(start, line)| (start, defines(line))).collect())
    }

    fn are_local(&self, at: usize) -> bool {
        let next = self.0.partition_point(|(start, _)| *start <= at);
        next.checked_sub(1).is_some_and(|line| self.0[line].1)
    }
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

/// What an expression gives.
struct Value {
    chains: Vec<Chain>,
    /// These are all.
    is_whole: bool,
    /// How many bytes were looked at.
    length: usize,
}

/// The chains of names of an expression that begins at `start` and what follows it on its line, but for those that are
/// called, and for what stands in the brackets of calls, subscripts, dictionaries and sets.
fn value(text: &str, start: usize) -> Value {
    let end = floor(text, (start + MOST_VALUE).min(text.len()));
    let is_end = end == text.len();
    let text = &text[..end];
    let bytes = text.as_bytes();
    let mut found: Vec<Chain> = Vec::new();
    let mut depth = 0usize;
    let mut is_told = true;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        if let Some(end) = passed(bytes, at) {
            at = end;
            continue;
        }
        match byte {
            b'\n' | b'\r' | b';' if depth == 0 => break,
            b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 2,
            b'\\' => at += 1,
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
                let owner = text[..at].trim_end_matches(BLANKS).strip_suffix('.');
                let is_rooted = owner.is_none();
                // Of a chain that goes on behind a comment the beginning is not told.
                is_told &=
                    owner.is_none_or(|owner| owner.trim_end_matches(BLANKS).ends_with([')', ']', '}', '"', '\'']));
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
    let is_whole = (at < bytes.len() || is_end) && is_told;
    Value { chains: found, is_whole, length: at - start }
}

/// The parts of a chain that begins at `start`, and where it ends.
pub(super) fn chain(text: &str, start: usize) -> (Vec<u32>, usize) {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let end = at + bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
        parts.push(hash(&text[at..end]));
        let rest = text[end..].trim_start_matches(BLANKS);
        let next = rest.strip_prefix('.').map(|rest| rest.trim_start_matches(BLANKS));
        match next {
            Some(next) if parts.len() < MOST_PARTS && next.bytes().next().is_some_and(is_word) => {
                at = text.len() - next.len();
            }
            _ => return (parts, end),
        }
    }
}

/// Where a call or subscript of a chain ends that stands right behind it; the chain's own end if none does, or if it is a
/// call that gives what it is given.
pub(super) fn trailer(text: &str, end: usize, parts: &[u32]) -> usize {
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
        if let Some(end) = passed(bytes, at) {
            at = end;
            continue;
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
