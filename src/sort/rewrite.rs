//! Rewriting a run of import statements: in isort's form if it was in that form, else with the least change.
//! Must not decide which imports there are: the caller lists them as slots.

use std::cmp::Ordering;

use super::gap::{
    back_over_lines, blank_lines_at, blank_lines_before, joined_gaps, over_lines, split_leading_blanks,
    split_trailing_blanks,
};
use super::row::{Row, rows};
use super::{Place, Section, Sections, Suppressions, canonical};
use crate::python::import::{Entry, Style, attached_above, directly_above, is_first_line, line_start, steers_a_tool};
use crate::python::{Block, ImportForm, Module, Stmt};
use crate::text::{Span, TextSize};

/// One import of the block as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The statement of the block that it comes from. A statement without slots is removed.
    pub origin: Option<usize>,
    pub entry: Entry,
    /// Whether it differs from what its origin says, comments included.
    pub changed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The block was in isort's form and is again.
    Canonical,
    /// Only what had to change was changed.
    Minimal,
}

/// The new text of a block and the text that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    pub span: Span,
    pub text: String,
    pub layout: Layout,
    /// No import of the block is left. If the suite has no other statement it needs a `pass` in the block's place.
    pub emptied: bool,
}

/// The block with the imports that `slots` lists, those of one origin in their order.
///
/// # Panics
/// If `block` is empty, holds another statement than imports, or a slot's origin is not in it.
pub fn rewrite_block(
    module: &Module,
    block: &[Stmt],
    slots: Vec<Slot>,
    sections: &Sections,
    style: &Style,
) -> Rewritten {
    assert!(!block.is_empty() && block.iter().all(|stmt| stmt.as_import().is_some()), "a block is a run of imports");
    let rewriter = Rewriter::new(module, block, sections, style);
    match rewriter.in_canonical_form(&slots) {
        Some(rewritten) => rewritten,
        None => rewriter.with_least_change(slots),
    }
}

struct Rewriter<'m> {
    module: &'m Module,
    text: &'m str,
    block: &'m [Stmt],
    suite: &'m Block,
    sections: &'m Sections,
    style: &'m Style,
    suppressions: Suppressions,
    rows: Vec<Row>,
    /// A heading of the first statement: comments directly above it that belong to the group.
    heading: Option<TextSize>,
}

/// A line or more of the new block.
struct Cell {
    /// Blank lines and comments between the cell before and this one.
    gap: String,
    above: String,
    body: String,
    place: Place,
    /// What it was; `None` for a new import.
    row: Option<Row>,
}

impl Cell {
    fn is_suppressed(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.suppressed)
    }
}

impl<'m> Rewriter<'m> {
    fn new(module: &'m Module, block: &'m [Stmt], sections: &'m Sections, style: &'m Style) -> Rewriter<'m> {
        let suppressions = Suppressions::of(module);
        let rows = rows(module, block, &suppressions);
        let heading = heading(module, &rows[0]);
        let suite = enclosing(module.body(), block[0].span);
        Rewriter { module, text: module.text(), block, suite, sections, style, suppressions, rows, heading }
    }

    fn end(&self) -> TextSize {
        self.rows[self.rows.len() - 1].end
    }

    /// The block in isort's form, if it was so.
    fn in_canonical_form(&self, slots: &[Slot]) -> Option<Rewritten> {
        let (start, end) = (self.rows[0].above, self.end());
        let tamed = self.rows.iter().any(|row| !row.is_plain() || row.suppressed);
        if tamed || self.suite.inline || self.suppressions.splits_between(start, end) {
            return None;
        }
        let entries = Entry::read_block(self.module, self.block);
        let before = canonical(entries.iter().flatten().cloned().collect(), self.sections, self.style);
        let old = &self.text[Span::new(start, end)];
        let ends_file = !old.ends_with('\n');
        if before.strip_suffix(if ends_file { self.style.newline } else { "" }) != Some(old) {
            return None;
        }
        let mut wanted = Vec::new();
        let mut left_over: Vec<String> = Vec::new();
        let mut seen = vec![false; self.block.len()];
        for slot in slots.iter().filter(|slot| slot.origin.is_some()) {
            seen[slot.origin.unwrap_or(0)] = true;
        }
        for (index, read) in entries.iter().enumerate() {
            // What stands above a statement and does not belong to it stays at its place.
            let foreign = self.foreign_above(index, read);
            if !seen[index] {
                left_over.extend(foreign);
                continue;
            }
            let own = slots.iter().filter(|slot| slot.origin == Some(index));
            for (nth, slot) in own.enumerate() {
                let mut entry = if slot.changed { slot.entry.clone() } else { read.first()?.clone() };
                if nth == 0 {
                    let foreign = if slot.changed { foreign.as_slice() } else { &[] };
                    entry.above = left_over.drain(..).chain(foreign.iter().cloned()).chain(entry.above).collect();
                }
                wanted.push(entry);
            }
        }
        wanted.extend(slots.iter().filter(|slot| slot.origin.is_none()).map(|slot| slot.entry.clone()));
        let mut text = canonical(wanted, self.sections, self.style);
        if text.is_empty() {
            return None;
        }
        if !left_over.is_empty() {
            text.push_str(self.style.newline);
            text.push_str(&self.lines_of(&left_over));
        }
        if ends_file {
            text.truncate(text.len() - self.style.newline.len());
        }
        Some(Rewritten { span: Span::new(start, end), text, layout: Layout::Canonical, emptied: false })
    }

    /// The comments that `read` took from above a statement but that do not belong to it alone.
    fn foreign_above(&self, index: usize, read: &[Entry]) -> Vec<String> {
        let all = read.first().map_or(0, |entry| entry.above.len());
        let attached = attached_above(self.module, self.block[index].span.start()).len();
        read.first().map_or(Vec::new(), |entry| entry.above[..all.saturating_sub(attached)].to_vec())
    }

    fn with_least_change(&self, slots: Vec<Slot>) -> Rewritten {
        let (mut old, new): (Vec<Slot>, Vec<Slot>) = slots.into_iter().partition(|slot| slot.origin.is_some());
        old.sort_by_key(|slot| slot.origin);
        let emptied = old.is_empty() && new.is_empty();
        let row = &self.rows[0];
        if self.suite.inline || (self.rows.len() == 1 && row.glued_before && row.glued_after) {
            let text = self.shared_line(row, old.iter().chain(&new).collect());
            return Rewritten { span: Span::new(row.start, row.end), text, layout: Layout::Minimal, emptied };
        }
        let mut span = Span::new(self.heading.unwrap_or(row.above), self.end());
        let (mut cells, tail) = self.kept_cells(span.start(), &old);
        if cells.is_empty() && new.is_empty() {
            let (span, text) = self.without_a_trace(span, tail);
            return Rewritten { span, text, layout: Layout::Minimal, emptied };
        }
        let beyond = if new.is_empty() { None } else { self.end_of_off_region(&cells) };
        let mut below = String::new();
        if let Some(end) = beyond {
            below.push_str(&self.text[Span::new(span.end(), end)]);
            below.push_str(&canonical(new.into_iter().map(|slot| slot.entry).collect(), self.sections, self.style));
            span = Span::new(span.start(), end);
        } else {
            for slot in new {
                self.insert(&mut cells, slot.entry);
            }
        }
        let mut text = String::new();
        for cell in &cells {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str(self.style.newline);
            }
            text.extend([&*cell.gap, &*cell.above, &*cell.body]);
        }
        text.push_str(&if beyond.is_some() { tail + &below } else { self.gap_at_end(span.end(), &tail) });
        if !self.text[span].ends_with('\n') && usize::from(span.end()) == self.text.len() {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        Rewritten { span, text, layout: Layout::Minimal, emptied }
    }

    /// The rows of which something is left, and the blank lines and comments behind the last one.
    fn kept_cells(&self, start: TextSize, slots: &[Slot]) -> (Vec<Cell>, String) {
        let mut kept = vec![false; self.block.len()];
        for slot in slots {
            kept[slot.origin.unwrap_or(0)] = true;
        }
        let mut cells: Vec<Cell> = Vec::new();
        let mut gap = self.text[Span::new(start, self.rows[0].above)].to_string();
        for (index, row) in self.rows.iter().enumerate() {
            let own: Vec<&Slot> = slots.iter().filter(|slot| row.has(slot)).collect();
            let next = self.rows.get(index + 1).map_or("", |next| &self.text[Span::new(row.end, next.above)]);
            let place = own.last().map(|slot| Place::of(&slot.entry, self.sections));
            let place = place.unwrap_or_else(|| Place::of(&self.entry_of(row.last), self.sections));
            match self.left_of(row, own) {
                Some((above, body)) => {
                    if cells.is_empty() && index > 0 {
                        gap = self.gap_at_start(start, &gap);
                    }
                    let gap = std::mem::replace(&mut gap, next.to_string());
                    cells.push(Cell { gap, above, body, place, row: Some(row.clone()) });
                }
                None => {
                    gap = joined_gaps(&gap, next);
                }
            }
        }
        (cells, gap)
    }

    fn entry_of(&self, index: usize) -> Entry {
        Entry::read(self.module, &self.block[index]).pop().expect("every statement of a block is an import")
    }

    /// What is left of a row: the comments above it and its lines. `None` if nothing is.
    fn left_of(&self, row: &Row, slots: Vec<&Slot>) -> Option<(String, String)> {
        let above = self.text[Span::new(row.above, row.start)].to_string();
        let own = |index: usize| slots.iter().copied().filter(move |slot| slot.origin == Some(index));
        let is_whole = |index: usize| own(index).all(|slot| !slot.changed) && own(index).count() >= self.names(index);
        if (row.first..=row.last).all(is_whole) {
            return Some((above, self.text[Span::new(row.start, row.end)].to_string()));
        }
        if row.glued_before || row.glued_after {
            return Some((above, self.shared_line(row, slots)));
        }
        if slots.is_empty() {
            return None;
        }
        let carries = |slot: &&Slot| slot.changed && !(slot.entry.above.is_empty() && slot.entry.inline.is_empty());
        if row.first != row.last && !slots.iter().any(carries) {
            return Some((above, self.shared_line(row, slots)));
        }
        let mut out = String::new();
        let mut first_above = None;
        for index in row.first..=row.last {
            // `import a, b, c` without one of its names stays one line.
            let stays = |slot: &&Slot| self.names(index) > 1 && !slot.changed;
            let (same, changed): (Vec<&Slot>, Vec<&Slot>) = own(index).partition(stays);
            if let Some((first, rest)) = same.split_first() {
                let mut line = first.entry.one_line();
                for slot in rest {
                    line.push_str(", ");
                    line.push_str(slot.entry.one_line().trim_start_matches("lazy ").trim_start_matches("import "));
                }
                let comments = Entry::read(self.module, &self.block[index]).swap_remove(0).inline;
                let comments: String = comments.iter().map(|comment| format!("  {comment}")).collect();
                out.push_str(&format!("{}{line}{comments}{}", self.style.indent, self.style.newline));
                first_above.get_or_insert_with(|| above.clone());
            }
            for slot in changed {
                if first_above.is_none() {
                    first_above = Some(self.lines_of(&slot.entry.above));
                } else {
                    out.push_str(&self.lines_of(&slot.entry.above));
                }
                out.push_str(&slot.entry.print_statement(self.style));
            }
        }
        Some((first_above.unwrap_or_default(), out))
    }

    /// How many entries a statement is read as.
    fn names(&self, index: usize) -> usize {
        let import = self.block[index].as_import();
        import.map_or(1, |import| if import.form == ImportForm::Import { import.aliases.len() } else { 1 })
    }

    fn lines_of(&self, comments: &[String]) -> String {
        comments.iter().map(|comment| format!("{}{comment}{}", self.style.indent, self.style.newline)).collect()
    }

    /// A line of several statements with these imports in place of its own, between what else it holds.
    fn shared_line(&self, row: &Row, slots: Vec<&Slot>) -> String {
        let mut pieces: Vec<String> = Vec::new();
        for index in row.first..=row.last {
            let own = || slots.iter().filter(|slot| slot.origin == Some(index));
            if own().count() >= self.names(index) && own().all(|slot| !slot.changed) {
                pieces.push(self.text[self.block[index].span].to_string());
            } else {
                pieces.extend(own().map(|slot| slot.entry.one_line()));
            }
        }
        pieces.extend(slots.iter().filter(|slot| slot.origin.is_none()).map(|slot| slot.entry.one_line()));
        let head = &self.text[Span::new(row.start, self.block[row.first].span.start())];
        let tail = &self.text[Span::new(self.block[row.last].span.end(), row.end)];
        match (pieces.is_empty(), row.glued_before, row.glued_after) {
            (false, ..) => format!("{head}{}{tail}", pieces.join("; ")),
            // `x; import a; y` keeps one semicolon, `x; import a` and `import a; y` none.
            (true, _, true) => head.to_string(),
            (true, _, false) => tail.to_string(),
        }
    }

    fn insert(&self, cells: &mut Vec<Cell>, entry: Entry) {
        let place = Place::of(&entry, self.sections);
        let same = |cell: &Cell| cell.place.section == place.section;
        let separated =
            cells.windows(2).all(|pair| pair[0].place.section == pair[1].place.section || pair[1].gap.contains('\n'));
        let wanted = wanted_gap(cells, &place);
        let at = self.allowed(cells, wanted, place.section);
        let newline = self.style.newline;
        let mut cell = Cell {
            gap: String::new(),
            above: self.lines_of(&entry.above),
            body: entry.print_statement(self.style),
            place: place.clone(),
            row: None,
        };
        let after_same = at > 0 && same(&cells[at - 1]);
        if at < cells.len() && same(&cells[at]) && !after_same {
            // The first of a section that is there stands below the section's heading.
            cell.gap = std::mem::take(&mut cells[at].gap);
        } else if !after_same && separated {
            if at > 0 {
                cell.gap = newline.to_string();
            }
            if at < cells.len() && split_leading_blanks(&cells[at].gap).0 == 0 {
                cells[at].gap.insert_str(0, newline);
            }
        }
        cells.insert(at, cell);
    }

    /// The nearest gap to `wanted` that is not beside a statement whose author took it out of a sorter's hands.
    fn allowed(&self, cells: &[Cell], wanted: usize, section: Section) -> usize {
        let is_future = |cell: &Cell| cell.place.section == Section::Future;
        let lowest = if section == Section::Future { None } else { cells.iter().rposition(is_future) };
        let row =
            |cell: Option<&Cell>, is_glued: fn(&Row) -> bool| cell.and_then(|c| c.row.as_ref()).is_some_and(is_glued);
        let lowest = lowest.map_or(0, |last| last + 1).max(usize::from(row(cells.first(), |row| row.glued_before)));
        let highest = cells.len() - usize::from(row(cells.last(), |row| row.glued_after));
        let beside =
            |at: usize| (at > 0 && cells[at - 1].is_suppressed()) || cells.get(at).is_some_and(Cell::is_suppressed);
        let off = |at: usize| self.is_off(cells, at);
        let nearest = |good: &dyn Fn(usize) -> bool| {
            (lowest..=highest).filter(|at| good(*at)).min_by_key(|at| (at.abs_diff(wanted), *at))
        };
        nearest(&|at| !beside(at) && !off(at)).or_else(|| nearest(&|at| !off(at))).unwrap_or(lowest.min(highest))
    }

    fn is_off(&self, cells: &[Cell], at: usize) -> bool {
        let next = cells[at..].iter().find_map(|cell| cell.row.as_ref()).map(|row| row.above);
        self.suppressions.is_off_at(next.unwrap_or(self.end()))
    }

    /// The line after the comment that ends the region in which the whole block is switched off, if it comes next.
    fn end_of_off_region(&self, cells: &[Cell]) -> Option<TextSize> {
        let all_off = (0..=cells.len()).all(|at| self.is_off(cells, at));
        let end = self.suppressions.end_of_region_at(self.end()).filter(|_| all_off)?;
        let between = self.text.get(usize::from(self.end())..usize::from(end))?;
        let line = self.text[usize::from(end)..].find('\n')?;
        between.trim().is_empty().then(|| end + crate::text::size(line + 1))
    }

    /// The blank lines and comments that stay where the first statements were removed.
    fn gap_at_start(&self, start: TextSize, gap: &str) -> String {
        let before = blank_lines_before(self.text, start);
        let (blanks, rest) = split_leading_blanks(gap);
        let wanted = if self.is_at_top(start) { 0 } else { blanks.saturating_sub(before) };
        format!("{}{rest}", self.style.newline.repeat(wanted))
    }

    /// The blank lines and comments that stay where the last statements were removed.
    fn gap_at_end(&self, end: TextSize, gap: &str) -> String {
        let (rest, blanks) = split_trailing_blanks(gap);
        let wanted = if self.closes_suite() { 0 } else { blanks.saturating_sub(blank_lines_at(self.text, end)) };
        format!("{rest}{}", self.style.newline.repeat(wanted))
    }

    /// The span of a block that is gone, and what is left there: of the blank lines before and after it the more.
    fn without_a_trace(&self, block: Span, left: String) -> (Span, String) {
        if (self.opens_suite() && self.closes_suite()) || !left.trim().is_empty() {
            return (block, left);
        }
        let before = blank_lines_before(self.text, block.start());
        let after = blank_lines_at(self.text, block.end());
        if self.closes_suite() {
            return (Span::new(back_over_lines(self.text, block.start(), before), block.end()), String::new());
        }
        let dropped = if self.is_at_top(block.start()) { after } else { before.min(after) };
        (Span::new(block.start(), over_lines(self.text, block.end(), dropped)), String::new())
    }

    /// Nothing stands in the suite above `offset`, not even a comment.
    fn is_at_top(&self, offset: TextSize) -> bool {
        let above = self.suite.colon.unwrap_or_default();
        self.opens_suite()
            && self.text[Span::new(above.min(offset), offset)].trim_start_matches('\u{feff}').trim().is_empty()
    }

    fn opens_suite(&self) -> bool {
        self.suite.body.first().is_some_and(|stmt| stmt.span == self.block[0].span)
    }

    fn closes_suite(&self) -> bool {
        self.suite.body.last().is_some_and(|stmt| stmt.span == self.block[self.block.len() - 1].span)
    }
}

/// Where the comments begin that head the group of the first row, if some do: directly above it, not its own, not the
/// file's header, and not for a tool.
fn heading(module: &Module, row: &Row) -> Option<TextSize> {
    let text = module.text();
    let run = directly_above(module, row.above);
    let first = run.first()?;
    let foreign = row.glued_before || run.iter().any(|comment| steers_a_tool(&text[*comment]));
    let line = line_start(text, first.start());
    (!foreign && !is_first_line(text, line)).then_some(line)
}

/// The suite that directly holds a statement.
fn enclosing(suite: &Block, stmt: Span) -> &Block {
    let next = suite.body.partition_point(|other| other.span.start() <= stmt.start());
    let last = next.checked_sub(1).map(|last| &suite.body[last]);
    let holder = last.filter(|other| other.span.contains_range(stmt) && other.span != stmt);
    let inner = holder.and_then(|other| other.blocks().into_iter().find(|block| block.span.contains_range(stmt)));
    inner.map_or(suite, |block| enclosing(block, stmt))
}

/// Between which cells an import goes by its order alone.
fn wanted_gap(cells: &[Cell], place: &Place) -> usize {
    let same = |cell: &Cell| cell.place.section == place.section && !cell.is_suppressed();
    let mixed = cells.windows(2).any(|pair| {
        let (a, b) = (&pair[0].place, &pair[1].place);
        a.section == b.section && a.is_from() && !b.is_from()
    });
    let order = |other: &Place| if mixed { other.cmp_mixed(place) } else { other.cmp(place) };
    if let Some(first) = cells.iter().position(same) {
        let after = |cell: &Cell| same(cell) && order(&cell.place) != Ordering::Greater;
        return cells.iter().rposition(after).map_or(first, |last| last + 1);
    }
    cells.iter().rposition(|cell| cell.place.section <= place.section).map_or(0, |last| last + 1)
}
