//! The lines of a block of imports: which statements share one, and with what else.

use super::{Slot, Suppressions};
use crate::python::import::{attached_above, line_start};
use crate::python::{Module, Stmt};
use crate::text::{Span, TextSize, size, span};

/// Statements that share a logical line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Indices into the block, the last one included.
    pub first: usize,
    pub last: usize,
    /// Where the comments that belong to the row begin; else the same as `start`.
    pub above: TextSize,
    /// The start of the line; or where the statement before it on the line ends, or the colon of its suite.
    pub start: TextSize,
    /// After the newline; or where the statement behind it on the line begins.
    pub end: TextSize,
    pub glued_before: bool,
    pub glued_after: bool,
    pub suppressed: bool,
}

impl Row {
    pub fn is_plain(&self) -> bool {
        self.first == self.last && !self.glued_before && !self.glued_after
    }

    pub fn has(&self, slot: &Slot) -> bool {
        slot.origin.is_some_and(|origin| (self.first..=self.last).contains(&origin))
    }
}

/// The rows of a block, from the layout of its lines.
pub(super) fn rows(module: &Module, block: &[Stmt], suppressions: &Suppressions) -> Vec<Row> {
    let text = module.text();
    let mut rows: Vec<Row> = Vec::new();
    for (index, stmt) in block.iter().enumerate() {
        let suppressed = suppressions.covers(module, stmt);
        if index > 0 {
            let between = &text[Span::new(block[index - 1].span.end(), stmt.span.start())];
            if !unfolded(between).contains('\n') {
                let row = rows.last_mut().expect("the first statement opened a row");
                row.last = index;
                row.suppressed |= suppressed;
                continue;
            }
        }
        let (start, glued_before) = row_start(text, stmt.span.start());
        let attached = if glued_before { Vec::new() } else { attached_above(module, stmt.span.start()) };
        let above = attached.first().map_or(start, |comment| line_start(text, comment.start()));
        let (end, glued_after) = (start, false);
        rows.push(Row { first: index, last: index, above, start, end, glued_before, glued_after, suppressed });
    }
    for row in &mut rows {
        (row.end, row.glued_after) = row_end(text, block[row.last].span.end());
    }
    rows
}

/// Without the newlines that a backslash takes away.
fn unfolded(text: &str) -> String {
    text.replace("\\\r\n", " ").replace("\\\n", " ")
}

/// Where a row begins, and whether that is behind another statement or a colon.
fn row_start(text: &str, stmt: TextSize) -> (TextSize, bool) {
    let is_space = |c: char| c.is_whitespace() || c == '\\' || c == '\u{feff}';
    let mut line = line_start(text, stmt);
    while text[..usize::from(line)].trim_end_matches(['\r', '\n']).ends_with('\\') {
        line = line_start(text, size(usize::from(line) - 1));
    }
    let before = &text[span(line.into(), stmt.into())];
    let code = before.trim_end_matches(is_space);
    match code.strip_suffix(';') {
        None if code.is_empty() => (line_start(text, stmt), line != line_start(text, stmt)),
        None => (stmt, true),
        Some(rest) => (line + size(rest.trim_end_matches(is_space).len()), true),
    }
}

/// Where a row ends, and whether that is before another statement.
fn row_end(text: &str, stmt: TextSize) -> (TextSize, bool) {
    let rest = &text[usize::from(stmt)..];
    let code = rest.trim_start_matches([' ', '\t', '\x0c', '\\']);
    if let Some(next) = code.strip_prefix(';') {
        let mut next = next.trim_start_matches([' ', '\t', '\x0c']);
        while let Some(folded) = next.strip_prefix("\\\n").or_else(|| next.strip_prefix("\\\r\n")) {
            next = folded.trim_start_matches([' ', '\t', '\x0c']);
        }
        if !next.is_empty() && !next.starts_with(['\r', '\n', '#']) {
            return (size(text.len() - next.len()), true);
        }
    }
    let end = rest.find('\n').map_or(text.len(), |newline| usize::from(stmt) + newline + 1);
    (size(end), false)
}
