//! Usage logging as text: where in a function a call goes, and where in the file the import. Whether the result is right
//! is `verify`'s business.

use std::collections::{BTreeMap, BTreeSet};

use super::uses;
use crate::edit;
use crate::name::ModuleName;
use crate::python::{Block, Entry, Function, Module, Stmt, TRACKER};
use crate::semantic::{Model, ScopeNode};
use crate::sort::{self, Sections};
use crate::text::{Edit, EditSet, TextSize, size};

/// A way to write the import from a home, given the first statement of the module that holds a call. None if it is none for
/// this file.
type Way = fn(&Layout<'_>, &ModuleName, usize) -> Option<Edit>;

/// Best first.
const WAYS: &[Way] = &[sorted, at_top, below_run, bare];

/// What is needed to lay out a file.
pub struct Layout<'a> {
    pub module: &'a Module,
    pub model: &'a Model<'a>,
    pub sections: &'a Sections,
    pub line_length: usize,
}

impl Layout<'_> {
    /// The text with the calls and the import, laid out in several ways, best first. Each is given lazily: most files need
    /// the first only.
    pub fn texts<'s>(
        &'s self,
        calls: &'s BTreeSet<(usize, ModuleName)>,
        home: &'s ModuleName,
    ) -> impl Iterator<Item = String> + 's {
        let first_call = self.first_function(calls);
        WAYS.iter().filter_map(move |import| {
            let mut edits = vec![import(self, home, first_call)?];
            edits.extend(self.calls(calls));
            Some(EditSet::new(edits).ok()?.apply(self.module.text()))
        })
    }

    fn calls(&self, calls: &BTreeSet<(usize, ModuleName)>) -> Vec<Edit> {
        let functions = uses::functions(self.model);
        let mut modules: BTreeMap<usize, Vec<&ModuleName>> = BTreeMap::new();
        calls.iter().for_each(|(number, module)| modules.entry(*number).or_default().push(module));
        let edit = |(number, modules): (usize, Vec<&ModuleName>)| match self.model.scope(functions[number].1).node {
            ScopeNode::Function(function) => self.calls_in(function, &modules),
            _ => None,
        };
        modules.into_iter().filter_map(edit).collect()
    }

    /// The calls as the first statements of the function, behind its docstring.
    fn calls_in(&self, function: &Function, modules: &[&ModuleName]) -> Option<Edit> {
        let block = &function.body;
        let at = usize::from(block.docstring().is_some());
        let next = block.body.get(at)?;
        let statements = modules.iter().map(|module| format!("{TRACKER}(\"{module}\")"));
        match self.own_line(block, at, next) {
            Some(place) => {
                let newline = self.module.newline_at(block.colon?);
                let indent = self.module.indent_of(next);
                let mut lines: String = statements.map(|statement| format!("{indent}{statement}{newline}")).collect();
                if next.is_definition() {
                    lines.push_str(newline);
                }
                Some(Edit::insert(place, lines))
            }
            // `def f(): return x`, `"doc"; return x`
            None => {
                let statements: String = statements.map(|statement| format!("{statement}; ")).collect();
                Some(Edit::insert(next.span.start(), statements))
            }
        }
    }

    /// Where a line of its own goes: above `next` and the comments above that, below blank lines. None if `next` shares
    /// its line.
    fn own_line(&self, block: &Block, at: usize, next: &Stmt) -> Option<TextSize> {
        let text = self.module.text();
        let above = match at.checked_sub(1) {
            Some(before) => block.body[before].span.end(),
            None => block.colon?,
        };
        let mut place = after_line(text, above.into());
        let line = self.module.line_start(next.span.start()).into();
        let is_shared = block.inline || place > line || text[..line].trim_end_matches(['\r', '\n']).ends_with('\\');
        if is_shared {
            return None;
        }
        // A type comment must stay the first line of a body.
        let is_type = |line: &str| {
            line.trim_start().strip_prefix('#').is_some_and(|comment| comment.trim_start().starts_with("type:"))
        };
        if at == 0 && place < line && is_type(&text[place..after_line(text, place)]) {
            place = after_line(text, place);
        }
        while place < line && text[place..after_line(text, place)].trim().is_empty() {
            place = after_line(text, place);
        }
        Some(size(place))
    }

    fn first_function(&self, calls: &BTreeSet<(usize, ModuleName)>) -> usize {
        let functions = uses::functions(self.model);
        let first = calls.first().and_then(|(number, _)| functions.get(*number));
        let start = first.map_or(TextSize::from(0), |(start, _)| *start);
        let body = &self.module.body().body;
        body.iter().position(|stmt| stmt.span.contains(start)).unwrap_or(body.len())
    }

    fn entry(&self, home: &ModuleName) -> Entry {
        Entry::from(0, Some(home.as_str()), TRACKER, None)
    }

    /// The first statement that an import can stand before.
    fn top(&self) -> usize {
        usize::from(self.module.body().docstring().is_some())
    }
}

/// Where isort would put it, in the first run of imports above all calls.
fn sorted(layout: &Layout<'_>, home: &ModuleName, first_call: usize) -> Option<Edit> {
    let run = run(layout, first_call)?;
    Some(edit::new_import(layout.module, run.start, layout.entry(home), layout.sections, layout.line_length))
}

/// A run of its own at the top of the file.
fn at_top(layout: &Layout<'_>, home: &ModuleName, first_call: usize) -> Option<Edit> {
    if run(layout, first_call).is_some() {
        return None;
    }
    Some(edit::new_import(layout.module, layout.top(), layout.entry(home), layout.sections, layout.line_length))
}

/// A line below the last import of the first run.
fn below_run(layout: &Layout<'_>, home: &ModuleName, first_call: usize) -> Option<Edit> {
    let run = run(layout, first_call)?;
    let module = layout.module;
    let last = &module.body().body[run.end - 1];
    let place = after_line(module.text(), last.span.end().into());
    let newline = module.newline_at(last.span.end());
    module.text()[..place].ends_with('\n').then(|| Edit::insert(size(place), line(layout, home, newline)))
}

/// A line directly above the first statement.
fn bare(layout: &Layout<'_>, home: &ModuleName, _: usize) -> Option<Edit> {
    let module = layout.module;
    let next = module.body().body.get(layout.top())?;
    let newline = module.newline_at(next.span.start());
    let start = module.line_start(next.span.start());
    let bom = if start == 0.into() && module.text().starts_with('\u{feff}') { 3 } else { 0 };
    Some(Edit::insert(start + TextSize::from(bom), line(layout, home, newline)))
}

fn line(layout: &Layout<'_>, home: &ModuleName, newline: &str) -> String {
    format!("{}{newline}", layout.entry(home).one_line())
}

/// The first run of imports that stands above all calls and holds more than `__future__` imports, else the first.
fn run(layout: &Layout<'_>, first_call: usize) -> Option<std::ops::Range<usize>> {
    let body = &layout.module.body().body;
    let runs = sort::blocks(layout.module, body);
    let above = || runs.iter().filter(|run| run.end <= first_call);
    let is_future = |at: usize| body[at].as_import().is_some_and(crate::python::Import::is_future);
    above().find(|run| !(*run).clone().all(is_future)).or_else(|| above().next()).cloned()
}

/// The start of the next line.
fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}
