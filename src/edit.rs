//! The moves of one file as text edits: imports leave their statements and arrive in others, comments travel with them,
//! emptied blocks get `pass`. How a run of imports is laid out is `sort`'s business; whether the result is right is
//! `verify`'s.

mod arrive;
mod entry;
mod guard;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::plan::{Anchor, CommentChange, Destination, File, Hints, Move, Plan, Subject, TypingGuard};
use crate::python::{Block, Entry, ImportForm, Module, Statement, Stmt, Style};
use crate::sort::{self, Sections, Slot};
use crate::text::{Conflict, Edit, EditSet, Span, TextSize};
use guard::GuardChange;

/// The edits that carry out `plan`.
pub fn lower(file: &File<'_>, plan: &Plan<'_>, sections: &Sections) -> Result<EditSet, Conflict> {
    let mut changes = Changes::default();
    for planned in &plan.moves {
        changes.leave(file, planned.subject());
    }
    for planned in &plan.moves {
        changes.arrive(file, planned);
    }
    for change in &plan.comments {
        changes.comment(file, change);
    }
    let blocks = changes.blocks;
    let mut edits = Vec::new();
    for block in blocks.into_values() {
        block.lower(file, sections, &mut edits);
    }
    keep_end(file.module.text(), &mut edits);
    EditSet::new(edits)
}

/// A new import of the module's body: in the run of imports that the statement `at` belongs to, else in a new one before it.
pub fn new_import(module: &Module, at: usize, entry: Entry, sections: &Sections, line_length: usize) -> Edit {
    let body = module.body();
    let style = Style { line_length, ..arrive::style(module, body, None, true) };
    match arrive::place(module, body, Some(Anchor::Block(at))) {
        arrive::Arrival::Run(start) => {
            let run = sort::blocks(module, &body.body).into_iter().find(|run| run.start == start).unwrap_or(at..at + 1);
            let statements = &body.body[run];
            let own = |(origin, stmt): (usize, &Stmt)| {
                let entries = Entry::read(module, stmt).into_iter();
                entries.map(|entry| Slot { origin: Some(origin), entry, changed: false }).collect::<Vec<_>>()
            };
            let mut slots: Vec<Slot> = statements.iter().enumerate().flat_map(own).collect();
            slots.push(Slot { origin: None, entry, changed: true });
            let rewritten = sort::rewrite_block(module, statements, slots, sections, &style);
            Edit::replace(rewritten.span, rewritten.text)
        }
        arrival => arrive::insert(module, body, arrival, vec![entry], sections, &style, true),
    }
}

/// A file that ends without a newline still does, also when its last line leaves.
fn keep_end(text: &str, edits: &mut [Edit]) {
    let Some(last) = edits.iter_mut().max_by_key(|edit| edit.span.end()) else { return };
    if text.ends_with('\n') || usize::from(last.span.end()) != text.len() {
        return;
    }
    last.text.truncate(last.text.trim_end_matches(['\r', '\n']).len());
    if last.text.is_empty() {
        let before = text[..usize::from(last.span.start())].trim_end_matches(['\r', '\n']).len();
        last.span = crate::text::span(before, text.len());
    }
}

/// All changes of a file, by the block that they touch.
#[derive(Default)]
struct Changes<'m> {
    blocks: BTreeMap<BlockKey, BlockChange<'m>>,
    /// What was read of statements whose names arrive elsewhere, by their numbers.
    entries: BTreeMap<usize, Vec<Entry>>,
}

/// Blocks are told apart by where they open: the module's has no colon.
type BlockKey = (Option<TextSize>, TextSize);

fn key(block: &Block) -> BlockKey {
    (block.colon, block.span.start())
}

/// What happens to one block.
struct BlockChange<'m> {
    block: &'m Block,
    is_module: bool,
    /// Aliases that leave, by statement.
    gone: BTreeMap<usize, BTreeSet<usize>>,
    /// New exception comments, by statement and alias; `None` takes the old one away.
    comments: BTreeMap<usize, BTreeMap<usize, Option<String>>>,
    /// Imports that arrive at the top of the block, or at an anchor of the module.
    /// With the statement that each comes from.
    arriving: Vec<(usize, Entry)>,
    /// Which of them each import is, whatever its comments, where equal ones may arrive.
    places: BTreeMap<(bool, Statement), usize>,
    anchor: Option<Anchor>,
    /// A new `if TYPE_CHECKING:` below one of the module's runs of imports.
    guard: Option<GuardChange>,
    /// Imports that come from no statement of the file: `TYPE_CHECKING`, `from __future__ import annotations`.
    support: Vec<Entry>,
}

impl<'m> Changes<'m> {
    fn block(&mut self, file: &File<'m>, block: &'m Block) -> &mut BlockChange<'m> {
        let is_module = std::ptr::eq(block, file.module.body());
        self.blocks.entry(key(block)).or_insert_with(|| BlockChange {
            block,
            is_module,
            gone: BTreeMap::new(),
            comments: BTreeMap::new(),
            arriving: Vec::new(),
            places: BTreeMap::new(),
            anchor: None,
            guard: None,
            support: Vec::new(),
        })
    }

    fn leave(&mut self, file: &File<'m>, subject: &Subject) {
        let site = file.site(subject);
        self.block(file, site.block).gone.entry(site.index).or_default().insert(subject.alias);
    }

    fn arrive(&mut self, file: &File<'m>, planned: &Move<'m>) {
        let subject = planned.subject();
        let site = file.site(subject);
        let leaves_whole = self
            .blocks
            .get(&key(site.block))
            .and_then(|change| change.gone.get(&site.index))
            .is_some_and(|gone| gone.len() >= site.import.aliases.len());
        let entries = self.entries.entry(subject.site).or_insert_with(|| Entry::read(file.module, site.stmt));
        let Some(entry) = entry::of_alias(entries, subject.alias, leaves_whole) else { return };
        if let Some(hints) = planned.hints() {
            self.arrive_for_hints(file, subject, hints, entry::without_exception_comment(entry.clone()));
        }
        match planned.to() {
            Destination::Functions(receivers) => {
                for receiver in receivers.iter() {
                    let entry = entry::without_exception_comment(entry.clone());
                    self.block(file, receiver.block).arriving.push((subject.site, entry));
                }
            }
            Destination::Module(anchor) => {
                let mut entry = entry::without_exception_comment(entry);
                if let Some(comment) = file.exception_comment(subject) {
                    entry.inline.push(format!("# {comment}"));
                }
                let body = self.block(file, file.module.body());
                body.anchor = body.anchor.max(Some(*anchor));
                let place = *body.places.entry((entry.lazy, entry.bare())).or_insert(body.arriving.len());
                match body.arriving.get_mut(place) {
                    Some((_, twin)) => entry::absorb_comments(twin, entry),
                    None => body.arriving.push((subject.site, entry)),
                }
            }
            Destination::Hints | Destination::Present => {}
        }
    }

    /// The copy of an import for type checkers, and the imports that it needs.
    fn arrive_for_hints(&mut self, file: &File<'m>, subject: &Subject, hints: &Hints<'m>, entry: Entry) {
        let below = match &hints.guard {
            TypingGuard::Found(block) => {
                self.block(file, block).arriving.push((subject.site, entry));
                file.module.body().docstring().map_or(0, |_| 1)
            }
            TypingGuard::Made(made) => {
                let body = self.block(file, file.module.body());
                body.guard.get_or_insert_with(|| GuardChange::new(made)).arriving.push((subject.site, entry));
                if made.imports {
                    body.support(made.below, Entry::from(0, Some("typing"), "TYPE_CHECKING", None));
                }
                made.below
            }
        };
        if hints.future {
            let future = Entry::from(0, Some("__future__"), "annotations", None);
            self.block(file, file.module.body()).support(below, future);
        }
    }

    fn comment(&mut self, file: &File<'m>, change: &CommentChange) {
        let site = file.site(&change.subject);
        let comments = &mut self.block(file, site.block).comments;
        comments
            .entry(site.index)
            .or_default()
            .insert(change.subject.alias, change.comment.as_ref().map(|comment| format!("# {comment}")));
    }
}

impl<'m> BlockChange<'m> {
    /// Adds an import to the run that holds the statement `at`, once.
    fn support(&mut self, at: usize, entry: Entry) {
        self.anchor = self.anchor.max(Some(Anchor::Block(at)));
        if !self.support.contains(&entry) {
            self.support.push(entry);
        }
    }

    fn lower(mut self, file: &File<'m>, sections: &Sections, edits: &mut Vec<Edit>) {
        let target = self.arrival(file);
        let style = self.style(file);
        let runs = sort::blocks(file.module, &self.block.body);
        let touched: BTreeSet<usize> = self.gone.keys().chain(self.comments.keys()).copied().collect();
        let mut arriving = entry::settled(std::mem::take(&mut self.arriving), file.model.imports());
        arriving.append(&mut self.support);
        let mut arriving = (!arriving.is_empty()).then_some(arriving);
        // Statements that isort leaves alone are in no run of their own.
        let alone = touched.iter().filter(|at| !runs.iter().any(|run| run.contains(at))).map(|at| *at..*at + 1);
        for run in runs.iter().cloned().chain(alone) {
            let takes = target.as_ref() == Some(&arrive::Arrival::Run(run.start));
            let guard = self.guard.as_ref().filter(|guard| run.contains(&guard.below));
            if !takes && !run.clone().any(|at| touched.contains(&at)) {
                edits.extend(guard.map(|guard| guard.insert(file, self.block, run, (sections, &style))));
                continue;
            }
            let mut slots: Vec<Slot> = run.clone().flat_map(|at| self.slots(file, at, at - run.start)).collect();
            if takes {
                let new = arriving.take().unwrap_or_default();
                slots.extend(new.into_iter().map(|entry| Slot { origin: None, entry, changed: true }));
            }
            self.rewrite(file, (sections, &style), run, slots, takes, edits);
        }
        if let (Some(entries), Some(arrival)) = (arriving, target) {
            edits.push(arrive::insert(file.module, self.block, arrival, entries, sections, &style, self.is_module));
        }
    }

    fn rewrite(
        &self,
        file: &File<'m>,
        layout: (&Sections, &Style),
        run: Range<usize>,
        slots: Vec<Slot>,
        takes: bool,
        edits: &mut Vec<Edit>,
    ) {
        let (sections, style) = layout;
        let statements = &self.block.body[run.clone()];
        let empties = slots.is_empty() && run.len() == self.block.body.len() && !self.is_module;
        if empties && let (Some(first), Some(last)) = (statements.first(), statements.last()) {
            edits.push(Edit::replace(Span::new(first.span.start(), last.span.end()), "pass"));
            return;
        }
        let rewrite = |slots| sort::rewrite_block(file.module, statements, slots, sections, style);
        let merged =
            entry::merging(&slots).map(rewrite).filter(|rewritten| rewritten.layout == sort::Layout::Canonical);
        let mut rewritten = merged.unwrap_or_else(|| rewrite(slots));
        if takes && !self.is_module && arrive::touches_code(file.module, self.block, run.end, rewritten.span) {
            rewritten.text.push_str(style.newline);
        }
        if let Some(guard) = self.guard.as_ref().filter(|guard| run.contains(&guard.below)) {
            rewritten.text.push_str(&guard.text(file, rewritten.span.end(), layout));
        }
        edits.push(Edit::replace(rewritten.span, rewritten.text));
    }

    /// What is left of a statement, and with which comments.
    fn slots(&self, file: &File<'m>, at: usize, origin: usize) -> Vec<Slot> {
        let stmt = &self.block.body[at];
        let Some(import) = stmt.as_import() else { return Vec::new() };
        let gone = self.gone.get(&at);
        let comments = self.comments.get(&at);
        let entries = Entry::read(file.module, stmt);
        let origin = Some(origin);
        if gone.is_none() && comments.is_none() {
            return entries.into_iter().map(|entry| Slot { origin, entry, changed: false }).collect();
        }
        let stays = |alias: usize| !gone.is_some_and(|gone| gone.contains(&alias));
        let mut left = match import.form {
            ImportForm::Import => entry::plain_left(entries, stays),
            ImportForm::From { .. } => entry::members_left(entries, stays),
        };
        if let Some(comments) = comments {
            left = entry::comment(left, comments, matches!(import.form, ImportForm::From { .. }), import.aliases.len());
        }
        left.into_iter().map(|(_, entry)| Slot { origin, entry, changed: true }).collect()
    }

    fn arrival(&self, file: &File<'m>) -> Option<arrive::Arrival> {
        if self.arriving.is_empty() && self.support.is_empty() {
            return None;
        }
        Some(arrive::place(file.module, self.block, self.anchor))
    }

    fn style(&self, file: &File<'m>) -> Style {
        let header = file.header_of_block(self.block);
        let style = arrive::style(file.module, self.block, header, self.is_module);
        Style { line_length: file.config.line_length, ..style }
    }
}
