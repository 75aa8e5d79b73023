//! Where a word stands in a text, and what it may be there.

use memchr::memmem;

use super::super::index::{LONGEST_PATH, hash, is_of_names};
use super::imports::Imports;
use super::statements::Statements;
use super::words::{BLANKS, QUOTES, contains, is_keyword, is_renaming, is_word_at, last_part, words_before};
use crate::python::lines::is_word;

/// So many bytes are looked at for where a comment begins.
const MOST_COMMENT: usize = 500;

/// Where a word stands in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Where the word stands in a text.
pub(super) fn occurrences<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = Occurrence<'t>> {
    let found = memmem::find_iter(text.as_bytes(), word.as_bytes());
    found.filter_map(move |at| Occurrence::new(text, at, at + word.len()))
}

impl<'t> Occurrence<'t> {
    /// `None` if the word goes on to either side.
    pub(super) fn new(text: &'t str, start: usize, end: usize) -> Option<Occurrence<'t>> {
        Some(Occurrence { text, start, end }).filter(|occurrence| occurrence.is_word())
    }

    /// Whether the word goes on to neither side.
    pub(super) fn is_word(self) -> bool {
        is_word_at(self.text.as_bytes(), self.start, self.end - self.start)
    }

    /// Whether it may be a part of the name of a module: imported somewhere in the file, behind a dot, or at the start of
    /// a string.
    pub(super) fn is_part_of_name(self, imports: &Imports) -> bool {
        self.may_be_attribute() || imports.has_star || imports.has(hash(self.word()))
    }

    /// Behind a dot, at the start of a string that may be a path, or behind the colon of `"package.module:name"`.
    pub(super) fn may_be_attribute(self) -> bool {
        self.is_behind_dot() || self.may_begin_path() || self.before().ends_with(':')
    }

    /// At the start of a string, with nothing behind it that no path has.
    fn may_begin_path(self) -> bool {
        self.is_quoted() && self.text[self.end..].starts_with([QUOTES[0], QUOTES[1], '.', ':', '\\'])
    }

    /// Whether a module may be named by a path in a string that begins here. `patches` tells whether the file may replace
    /// something in a module of one word.
    pub(super) fn may_begin_module(self, patches: impl FnOnce() -> bool) -> bool {
        if self.before().ends_with(':') {
            return true;
        }
        if !self.may_begin_path() {
            return false;
        }
        let Some(behind) = self.text[self.end..].strip_prefix(QUOTES) else { return true };
        let before = before_string(self.before());
        is_joined(before, behind) || (before.trim_end_matches(BLANKS).ends_with(['(', '=']) && patches())
    }

    /// As an attribute of anything, or as the string that `getattr` takes.
    pub(super) fn may_be_read_loosely(self, statements: &Statements) -> bool {
        let ends_string = self.text[self.end..].starts_with(QUOTES);
        match ends_string {
            true => self.is_quoted() && ["getattr", "hasattr"].iter().any(|word| contains(self.text, word)),
            false => self.is_behind_dot() && !statements.hold(self),
        }
    }

    /// Whether some name may get what this one stands for: not where an attribute of it is read, and not where a call takes
    /// it first.
    pub(super) fn may_be_given(self) -> bool {
        let next = self.text[self.end..].trim_start_matches(BLANKS);
        let before = self.before().trim_end_matches(BLANKS);
        let callee = before.strip_suffix('(').map_or("", |before| last_part(before.trim_end_matches(BLANKS)));
        !(next.starts_with('.') || before.ends_with('.') || self.is_quoted() || self.is_in_comment())
            && (callee.is_empty() || callee == "reload" || is_keyword(callee))
    }

    /// In a string that holds nothing but names.
    pub(super) fn is_quoted_name(self) -> bool {
        let is_quote = |c: char| QUOTES.contains(&c);
        let before = self.before().chars().rev().take(LONGEST_PATH).find(|c| !is_of_names(*c));
        let after = self.text[self.end..].chars().take(LONGEST_PATH).find(|c| !is_of_names(*c));
        before.is_some_and(is_quote) && after.is_some_and(is_quote)
    }

    /// `name=`: patching functions take names so.
    pub(super) fn may_be_keyword(self) -> bool {
        let after = self.text[self.end..].trim_start_matches(BLANKS);
        after.starts_with('=') && !after.starts_with("==")
    }

    /// Right behind a dot in a string whose beginning is computed: `f"{module}.word"`, `module + ".word"`, `"%s.word" % module`.
    pub(super) fn may_end_computed(self) -> bool {
        let before = self.before();
        let chain = before.bytes().rev().take_while(|byte| is_word(*byte) || *byte == b'.').count();
        before.ends_with('.') && before[..before.len() - chain].ends_with(['}', '"', '\'', '%'])
    }

    /// Whether a module that is called so may be taken as a whole here, or get another name: `check(module)`,
    /// `module.__dict__`, `import module as m`. Not one whose attribute is read, and not where it is imported.
    pub(super) fn may_be_whole(self, statements: &Statements) -> bool {
        let after = &self.text[self.end..];
        let next = after.trim_start_matches(BLANKS);
        if next.starts_with('(') || after.starts_with(QUOTES) || (next.starts_with('=') && !next.starts_with("==")) {
            return false;
        }
        if let Some(attribute) = next.strip_prefix('.') {
            return attribute.trim_start_matches(BLANKS).starts_with("__dict__");
        }
        is_renaming(next) || !statements.hold(self)
    }

    /// Whether a function or class of this name may be used here other than by calling it: not where it is defined, called,
    /// or imported under its own name.
    pub(super) fn may_be_handed_on(self, statements: &Statements) -> bool {
        let next = self.text[self.end..].trim_start_matches(BLANKS);
        let is_defined = matches!(words_before(self.before()), "def" | "class");
        let is_renamed = is_renaming(next);
        let is_called = next.starts_with('(') && !statements.have_patterns(self.text);
        !is_called && !is_defined && (is_renamed || !statements.hold(self))
    }

    /// Whether `modules` here may be those of `sys`, or something may be taken from them.
    pub(super) fn may_be_sys_modules(self) -> bool {
        let before = self.before().trim_end_matches(BLANKS);
        let is_of_sys = match before.strip_suffix('.') {
            Some(owner) => last_part(owner.trim_end_matches(BLANKS)) == "sys" || is_below_comment(owner),
            None => self.is_behind_dot(),
        };
        let after = self.text[self.end..].trim_start_matches(BLANKS).strip_prefix('.');
        is_of_sys || after.is_some_and(|after| after.trim_start_matches(BLANKS).starts_with(['p', '#']))
    }

    fn word(self) -> &'t str {
        &self.text[self.start..self.end]
    }

    pub(super) fn before(self) -> &'t str {
        &self.text[..self.start]
    }

    pub(super) fn is_behind_dot(self) -> bool {
        let before = self.before();
        before.trim_end_matches(BLANKS).ends_with('.') || {
            // A comment may stand between the two.
            let line = before.trim_end_matches([' ', '\t', '\x0c']);
            let above = line.trim_end_matches(['\n', '\r']);
            above.len() < line.len() && above.rsplit(['\n', '\r']).next().is_some_and(|above| above.contains('#'))
        }
    }

    /// Whether it is an attribute for sure.
    pub(super) fn is_attribute(self) -> bool {
        self.before().ends_with('.')
    }

    /// Behind a `#` where nothing on the line could make a string of it.
    pub(super) fn is_in_comment(self) -> bool {
        let before = &self.text.as_bytes()[self.start.saturating_sub(MOST_COMMENT)..self.start];
        let line = memchr::memrchr2(b'\n', b'\r', before).map(|newline| &before[newline + 1..]);
        line.is_some_and(|line| line.contains(&b'#') && !line.iter().any(|byte| matches!(byte, b'"' | b'\'')))
    }

    pub(super) fn is_quoted(self) -> bool {
        self.before().trim_end_matches('.').ends_with(QUOTES)
    }
}

/// What stands before a string whose first characters a text ends with.
fn before_string(text: &str) -> &str {
    let text = text.trim_end_matches('.').trim_end_matches(QUOTES);
    let prefix = last_part(text);
    if prefix.len() <= LONGEST_PREFIX { &text[..text.len() - prefix.len()] } else { text }
}

/// Whether a line may end with a comment above what follows `text`.
fn is_below_comment(text: &str) -> bool {
    let above = text.trim_end_matches(BLANKS);
    // Each line is looked at for what begins the next one, and for nothing else, however long it is.
    text[above.len()..].contains(['\n', '\r']) && above.rsplit(['\n', '\r']).next().unwrap_or(above).contains('#')
}

/// Whether the string whose first characters a text ends with may go on from another one.
pub(super) fn begins_joined(text: &str) -> bool {
    is_joined(before_string(text), "")
}

/// Whether a string between the two may be joined to another. A comment may stand between them.
fn is_joined(before: &str, behind: &str) -> bool {
    let behind = behind.trim_start_matches(BLANKS);
    let word = behind.bytes().take_while(|byte| is_word(*byte)).count();
    before.trim_end_matches(BLANKS).ends_with(QUOTES)
        || is_below_comment(before)
        || behind.starts_with([QUOTES[0], QUOTES[1], '#'])
        || (word <= LONGEST_PREFIX && behind[word..].starts_with(QUOTES))
}

/// Of letters before a string.
const LONGEST_PREFIX: usize = 2;
