//! Words of a text, and where lines and statements begin and end in it, before it is parsed.

use std::borrow::Cow;

use memchr::memmem;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use super::occurrence::occurrences;
use super::statements::Statements;
use crate::python::lines::is_word;

/// Whether the word stands in the text.
pub(super) fn contains(text: &str, word: &str) -> bool {
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, word).any(|at| is_word_at(bytes, at, word.len()))
}

/// Whether the word stands in the text other than in an import.
pub(super) fn names_beside_imports(text: &str, word: &str) -> bool {
    let statements = Statements::default();
    !text.is_ascii() || occurrences(text, word).any(|occurrence| !statements.hold(occurrence))
}

/// The text with its words as Python compares identifiers; borrowed if none of them could be written otherwise.
pub(super) fn normalised(text: &str) -> Cow<'_, str> {
    match is_foreign(text) && !is_nfkc(text) {
        true => Cow::Owned(text.nfkc().collect()),
        false => Cow::Borrowed(text),
    }
}

/// Whether characters beyond ASCII stand elsewhere than in strings and comments.
fn is_foreign(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = if text.is_ascii() { bytes.len() } else { 0 };
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii() {
            return true;
        }
        at = passed(bytes, at).unwrap_or(at + 1);
    }
    false
}

/// The text without a byte order mark, which would be a part of the first word.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// White space, and backslashes that continue a line.
pub(super) const BLANKS: [char; 6] = [' ', '\t', '\x0c', '\\', '\r', '\n'];
pub(super) const QUOTES: [char; 2] = ['"', '\''];

/// Whether a text goes on with the word `as`.
pub(super) fn is_renaming(next: &str) -> bool {
    next.starts_with("as") && is_word_at(next.as_bytes(), 0, 2)
}

pub(super) fn is_word_at(bytes: &[u8], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).is_some_and(|before| is_word(bytes[before]));
    !before && !bytes.get(at + length).is_some_and(|byte| is_word(*byte))
}

/// Runs of letters, digits, `_` and anything beyond ASCII, with their start, comments left out.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            match bytes.get(at)? {
                b'#' => at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at),
                byte if is_word(*byte) => break,
                _ => at += 1,
            }
        }
        let start = at;
        at += bytes[start..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - start);
        // Only ASCII ends a word, so both ends are between characters.
        Some((start, &text[start..at]))
    })
}

/// The word right before the end of a text, but for blanks.
pub(super) fn words_before(text: &str) -> &str {
    last_part(text.trim_end_matches(BLANKS))
}

/// The word at the end of a text.
pub(super) fn last_part(text: &str) -> &str {
    let start = text.bytes().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
    &text[start..]
}

/// Words before a parenthesis that is none of a call.
pub(super) fn is_keyword(word: &str) -> bool {
    #[rustfmt::skip]
    const KEYWORDS: &[&str] = &[
        "and", "as", "assert", "await", "case", "del", "elif", "else", "except", "for", "from", "if", "in", "is",
        "lambda", "match", "not", "or", "raise", "return", "while", "with", "yield",
    ];
    KEYWORDS.contains(&word)
}

/// Where the last occurrence of a word is.
pub(super) fn last_word(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memmem::rfind(&bytes[..end], word.as_bytes()) {
        if is_word_at(bytes, at, word.len()) {
            return Some(at);
        }
        end = at + word.len() - 1;
    }
    None
}

/// The start of the line, or of the first of those that backslashes join to it.
pub(super) fn logical_start(bytes: &[u8], at: usize) -> usize {
    let mut start = at;
    loop {
        start = memchr::memrchr2(b'\n', b'\r', &bytes[..start]).map_or(0, |newline| newline + 1);
        let end = match &bytes[..start] {
            [.., b'\r', b'\n'] => start - 2,
            [.., b'\n' | b'\r'] => start - 1,
            _ => return start,
        };
        if !bytes[..end].ends_with(b"\\") {
            return start;
        }
        start = end;
    }
}

/// Whether a statement may begin behind `before`, which is on its line.
pub(super) fn begins_statement(before: &str) -> bool {
    let before = before.trim_end_matches(BLANKS);
    before.is_empty() || before.ends_with([';', ':']) || before.ends_with("lazy")
}

/// The end of the import statement that goes on at `at`: of its line, or of one below where parentheses or backslashes lead
/// there.
pub(super) fn statement_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    let mut depth = 0usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b'\\' if bytes.get(at + 1) == Some(&b'\r') && bytes.get(at + 2) == Some(&b'\n') => at += 2,
            b'\\' => at += 1,
            b'\n' | b'\r' | b';' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Behind the comment or string that begins at `at`, if one does.
pub(super) fn passed(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes[at] {
        b'#' => Some(memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end)),
        b'"' | b'\'' => Some(string_end(bytes, at)),
        _ => None,
    }
}

/// Behind the string that begins at `at`.
pub(super) fn string_end(bytes: &[u8], at: usize) -> usize {
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
