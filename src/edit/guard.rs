//! A new `if TYPE_CHECKING:` below a run of imports: its text, and the blank lines that isort and the formatters want
//! around it.

use std::ops::Range;

use super::entry;
use crate::plan::{File, NewGuard};
use crate::python::{Block, Entry, Style};
use crate::sort::{self, Sections};
use crate::text::{Edit, TextSize};

/// What the new block holds.
pub(super) struct GuardChange {
    test: String,
    /// It goes below the run of imports that holds this statement of the module.
    pub below: usize,
    /// With the statement that each comes from.
    pub arriving: Vec<(usize, Entry)>,
}

impl GuardChange {
    pub fn new(guard: &NewGuard) -> GuardChange {
        GuardChange { test: guard.test.clone(), below: guard.below, arriving: Vec::new() }
    }

    /// The block below a run of imports that stays as it is.
    pub fn insert(&self, file: &File<'_>, block: &Block, run: Range<usize>, layout: (&Sections, &Style)) -> Edit {
        let last = &block.body[run.end - 1];
        let text = file.module.text();
        let end = file.module.line_end(last.span.end());
        let newline = layout.1.newline;
        if usize::from(end) == text.len() {
            let lines = self.text(file, end, layout);
            return Edit::insert(end, format!("{newline}{}", lines.trim_end_matches(['\r', '\n'])));
        }
        let below = text[usize::from(end)..].find('\n').map_or(text.len(), |at| usize::from(end) + at + 1);
        let below = crate::text::size(below);
        Edit::insert(below, self.text(file, below, layout))
    }

    /// The lines of the block, for a place behind the line of an import. `below` is where the text goes on.
    pub fn text(&self, file: &File<'_>, below: TextSize, (sections, style): (&Sections, &Style)) -> String {
        let newline = style.newline;
        let inner = Style { indent: file.module.indent_unit().to_owned(), nested: true, ..style.clone() };
        let imports = sort::canonical(entry::settled(self.arriving.clone(), file.model.imports()), sections, &inner);
        let next_line = file.module.text()[usize::from(below)..].lines().next();
        // Code directly below stays apart from the block, as it was from the imports.
        let gap = if next_line.is_some_and(|line| !line.trim().is_empty()) { newline } else { "" };
        format!("{newline}if {}:{newline}{imports}{gap}", self.test)
    }
}
