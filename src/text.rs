//! Places in a text and edits of it. Offsets are bytes of the original text; lines and columns are for people.
//! This file knows no Python.

use line_index::WideEncoding;
use thiserror::Error;

pub use text_size::{TextRange as Span, TextSize};

/// A span from two byte offsets.
///
/// # Panics
/// If `start > end`, or an offset does not fit 32 bits; files are refused long before that size.
pub fn span(start: usize, end: usize) -> Span {
    Span::new(size(start), size(end))
}

/// A byte offset as the 32-bit size that spans are made of.
///
/// # Panics
/// If it does not fit; files are refused long before that size.
pub fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("files over 4 GiB are refused when they are read")
}

/// A place as a person reads it: both count from one, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    pub line: u32,
    pub column: u32,
}

impl std::fmt::Display for LineColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Turns offsets of one text into lines and columns.
#[derive(Debug, Clone)]
pub struct LineIndex {
    index: line_index::LineIndex,
}

impl LineIndex {
    pub fn new(text: &str) -> LineIndex {
        LineIndex { index: line_index::LineIndex::new(text) }
    }

    /// The line and column of `offset` in `text`, the text that this index was made of.
    pub fn line_column(&self, text: &str, offset: TextSize) -> LineColumn {
        let place = self.index.line_col(offset);
        // Lines may be long: only the characters beyond ASCII are looked at.
        let column = self.index.to_wide(WideEncoding::Utf32, place).map_or(place.col, |wide| wide.col);
        let line = &text[usize::from(offset) - place.col as usize..usize::from(offset)];
        let marks = line.len() - line.trim_start_matches('\u{feff}').len();
        LineColumn { line: place.line + 1, column: column - u32::from(size(marks / '\u{feff}'.len_utf8())) + 1 }
    }
}

/// One replacement in the original text. An empty span inserts, an empty text deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Edit {
    pub fn replace(span: Span, text: impl Into<String>) -> Edit {
        Edit { span, text: text.into() }
    }

    pub fn insert(at: TextSize, text: impl Into<String>) -> Edit {
        Edit { span: Span::empty(at), text: text.into() }
    }

    pub fn delete(span: Span) -> Edit {
        Edit { span, text: String::new() }
    }
}

/// Two edits that touch the same text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("two edits overlap: {0:?} and {1:?}")]
pub struct Conflict(pub Span, pub Span);

/// The edits of one text.
///
/// Invariant: sorted by start, disjoint, and at most one insertion at a point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// Sorts the edits; two that overlap, or two insertions at one point, are a conflict.
    pub fn new(mut edits: Vec<Edit>) -> Result<EditSet, Conflict> {
        edits.sort_by_key(|edit| (edit.span.start(), edit.span.end()));
        for pair in edits.windows(2) {
            let (first, second) = (pair[0].span, pair[1].span);
            if second.start() < first.end() || (second.is_empty() && first == second) {
                return Err(Conflict(first, second));
            }
        }
        Ok(EditSet { edits })
    }

    /// These edits and some more.
    pub fn with(mut self, more: impl IntoIterator<Item = Edit>) -> Result<EditSet, Conflict> {
        self.edits.extend(more);
        EditSet::new(self.edits)
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// The edited text.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 256);
        let mut done = TextSize::from(0);
        for edit in &self.edits {
            out.push_str(&text[Span::new(done, edit.span.start())]);
            out.push_str(&edit.text);
            done = edit.span.end();
        }
        out.push_str(&text[usize::from(done)..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_edits_are_a_conflict() {
        let edits = vec![Edit::delete(span(0, 4)), Edit::replace(span(3, 5), "x")];
        assert_eq!(EditSet::new(edits), Err(Conflict(span(0, 4), span(3, 5))));
    }

    #[test]
    fn two_insertions_at_one_point_are_a_conflict() {
        let edits = vec![Edit::insert(size(2), "a"), Edit::insert(size(2), "b")];
        assert!(EditSet::new(edits).is_err());
    }

    #[test]
    fn edits_apply_in_the_order_of_their_places() {
        let edits = vec![Edit::insert(size(3), "!"), Edit::replace(span(0, 1), "J")];
        assert_eq!(EditSet::new(edits).unwrap().apply("abc"), "Jbc!");
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_columns() {
        let text = "\u{feff}import os\n";
        let index = LineIndex::new(text);
        assert_eq!(index.line_column(text, size(3)).to_string(), "1:1");
    }
}
