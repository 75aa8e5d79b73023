//! One Python file: its text, its syntax tree, its comments and its layout. Only this folder names tree-sitter.
//! Nothing here knows scopes, the project or policy.

pub mod ast;
mod caught;
mod cst;
mod fault;
pub mod import;
mod lazy;
pub mod lines;
mod lower;
mod reparse;
mod skeleton;
mod tracking;
pub mod visit;

use crate::text::{LineColumn, LineIndex, Span, TextSize, size, span};
pub use ast::*;
use cst::{Cst, Packed};
pub use fault::{Fault, FaultKind};
pub use import::{Entry, Member, Statement, Style, steers_a_tool};
pub use skeleton::{Skeleton, SkeletonItem};
pub use tracking::{Call, Logging, TRACKER, Tracking};

/// A file that hotcold can read: no fault was found in it.
#[derive(Debug)]
pub struct Module {
    text: String,
    cst: Cst,
    body: Block,
    lines: LineIndex,
    newline: &'static str,
    indent_unit: String,
    /// The first thing that Pythons before 3.14 read otherwise, or not at all.
    older: Option<Fault>,
}

/// Reads a file. The faults are in the order of the text; there is at least one in an `Err`.
pub fn parse(text: String) -> Result<Module, Vec<Fault>> {
    if let Some(fault) = fault::of_text(&text) {
        return Err(vec![fault]);
    }
    let masked = lazy::mask(&text);
    let parsed = masked.as_ref().map_or(&text, |masked| &masked.text);
    let cst = match Cst::parse(parsed) {
        Some(cst) => cst,
        None => {
            let message = "the parser gave up; exclude the file";
            return Err(vec![Fault::new(FaultKind::TooLarge, span(0, 0), message)]);
        }
    };
    let lazy = masked.as_ref().map_or(&[][..], |masked| &masked.places);
    let (body, older) = lowered(&text, parsed, &cst, lazy)?;
    Ok(Module::new(text, cst, body, older))
}

/// The same as [`parse`], for a text that is the one of `earlier` with some statements changed: only those are parsed.
pub fn reparse(text: String, earlier: &Module) -> Result<Module, Vec<Fault>> {
    if fault::of_text(&text).is_none()
        && lazy::mask(&text).is_none()
        && let Some(cst) = reparse::tree(&text, &earlier.cst, &earlier.text)
        && let Ok((body, older)) = lowered(&text, &text, &cst, &[])
    {
        debug_assert!(Cst::parse(&text).is_some_and(|fresh| fresh == cst), "a fresh parse gives another tree");
        return Ok(Module::new(text, cst, body, older));
    }
    parse(text)
}

/// The typed tree, if there is no fault, and what is one in older versions of Python. `parsed` is what the parser saw of `text`.
fn lowered(text: &str, parsed: &str, cst: &Cst, lazy: &[u32]) -> Result<(Block, Option<Fault>), Vec<Fault>> {
    if !cst.errors.is_empty() {
        return Err(fault::of_errors(text, &cst.errors));
    }
    let (body, mut faults) = lower::module(text, cst, lazy);
    faults.extend(fault::of_layout(parsed, cst));
    faults.sort_by_key(|fault| fault.span.start());
    let (older, faults): (Vec<Fault>, Vec<Fault>) =
        faults.into_iter().partition(|fault| fault.kind == FaultKind::BareExceptions);
    if faults.is_empty() { Ok((body, older.into_iter().next())) } else { Err(faults) }
}

/// A module without its text and its typed tree, which take most of the memory: what is left is quickly made whole again.
#[derive(Debug)]
pub struct Folded(Packed);

impl Folded {
    /// `text` is that of the module.
    pub fn unfold(self, text: String) -> Module {
        let cst = self.0.unpack();
        let masked = lazy::mask(&text);
        let (body, _) = lower::module(&text, &cst, masked.as_ref().map_or(&[][..], |masked| &masked.places));
        Module::new(text, cst, body, None)
    }
}

/// Reads `content`, what a string annotation holds, as one expression; `offset` is where it stands in its file, and the
/// spans are of that file.
pub fn parse_expression(content: &str, offset: TextSize) -> Option<Expr> {
    if fault::of_text(content).is_some() {
        return None;
    }
    let text = format!("({content})");
    let cst = Cst::parse(&text)?;
    if !cst.errors.is_empty() || !fault::of_layout(&text, &cst).is_empty() {
        return None;
    }
    lower::expression(&text, &cst, offset)
}

impl Module {
    fn new(text: String, cst: Cst, body: Block, older: Option<Fault>) -> Module {
        let lines = LineIndex::new(&text);
        let newline = first_newline(&text);
        let mut module = Module { text, cst, body, lines, newline, indent_unit: String::new(), older };
        module.indent_unit = module.measured_indent().unwrap_or("    ").to_owned();
        module
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first thing that Python 3.`minor` does not read. Of what was folded it is not known any more.
    pub fn fault_in(&self, minor: u8) -> Option<&Fault> {
        self.older.as_ref().filter(|_| minor < 14)
    }

    pub fn fold(self) -> Folded {
        Folded(self.cst.pack())
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn body(&self) -> &Block {
        &self.body
    }

    /// In the order of the text, each from its `#` to the end of its line.
    pub fn comments(&self) -> &[Span] {
        &self.cst.comments
    }

    pub fn line_column(&self, offset: TextSize) -> LineColumn {
        self.lines.line_column(&self.text, offset)
    }

    /// Where the line that holds `offset` starts. Lines end at `\n` and `\r\n` only.
    pub fn line_start(&self, offset: TextSize) -> TextSize {
        let at = usize::from(offset);
        size(self.text.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1))
    }

    /// Where the line that holds `offset` ends, before its line ending.
    pub fn line_end(&self, offset: TextSize) -> TextSize {
        let (at, bytes) = (usize::from(offset), self.text.as_bytes());
        let end = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| at + length);
        let crlf = bytes.get(end) == Some(&b'\n') && end > 0 && bytes[end - 1] == b'\r';
        size(if crlf { end - 1 } else { end })
    }

    /// The ending of the line that holds `offset`; the file's first one if that line has none, `\n` if the file has none.
    pub fn newline_at(&self, offset: TextSize) -> &'static str {
        match &self.text[usize::from(self.line_end(offset))..] {
            "" => self.newline,
            rest if rest.starts_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// The white space before the statement on its line, without form feeds; before the line's first statement, if
    /// others stand between.
    pub fn indent_of(&self, stmt: &Stmt) -> &str {
        let start = usize::from(self.line_start(stmt.span.start()));
        let line = &self.text[start..usize::from(stmt.span.start())];
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let end = line.find(|c| !matches!(c, ' ' | '\t' | '\x0c')).unwrap_or(line.len());
        let indent = &line[..end];
        indent.rfind('\x0c').map_or(indent, |at| &indent[at + 1..])
    }

    /// One step of indentation, as the first indented block has it.
    pub fn indent_unit(&self) -> &str {
        &self.indent_unit
    }

    /// The comment on the line where the statement ends.
    pub fn comment_at_line_end(&self, stmt: &Stmt) -> Option<Span> {
        let end = stmt.span.end();
        let comments = self.comments();
        let next = comments.partition_point(|comment| comment.start() < end);
        let comment = *comments.get(next)?;
        (comment.start() <= self.line_end(end)).then_some(comment)
    }

    pub fn has_future_annotations(&self) -> bool {
        let mut imports = self.body.body.iter().filter_map(Stmt::as_import).filter(|import| import.is_future());
        imports.any(|import| import.aliases.iter().any(|alias| alias.name == "annotations"))
    }

    /// Everything but imports, comments, `pass` and layout.
    pub fn skeleton(&self) -> Skeleton<'_> {
        let guards: Vec<Span> = self.typing_guards().map(|stmt| stmt.span).collect();
        Skeleton::new(&self.text, &self.cst, &guards)
    }

    /// The same, where `__future__` imports count as imports too, although they change what code means.
    pub fn skeleton_without_futures(&self) -> Skeleton<'_> {
        let is_future = |stmt: &Stmt| stmt.as_import().is_some_and(Import::is_future);
        let left_out = self.body.body.iter().filter(|stmt| is_future(stmt) || stmt.is_typing_guard());
        let left_out: Vec<Span> = left_out.map(|stmt| stmt.span).collect();
        Skeleton::new(&self.text, &self.cst, &left_out)
    }

    /// The same as [`Module::skeleton`], where `statements`, in the order of the text, are left out.
    pub fn skeleton_without(&self, statements: &[Span]) -> Skeleton<'_> {
        let mut left_out: Vec<Span> =
            self.typing_guards().map(|stmt| stmt.span).chain(statements.iter().copied()).collect();
        left_out.sort_by_key(|span| span.start());
        Skeleton::new(&self.text, &self.cst, &left_out)
    }

    /// The statements of the module that hold imports for type checkers, and nothing else.
    pub fn typing_guards(&self) -> impl Iterator<Item = &Stmt> {
        self.body.body.iter().filter(|stmt| stmt.is_typing_guard())
    }

    fn measured_indent(&self) -> Option<&str> {
        let (parent, child) = first_indented(&self.body.body)?;
        let indent = self.indent_of(child);
        let unit = indent.strip_prefix(self.indent_of(parent)).unwrap_or(indent);
        if unit.starts_with('\t') {
            return Some("\t");
        }
        (!unit.is_empty()).then_some(unit)
    }
}

/// The first block that stands on lines of its own: the statement that opens it and its first statement.
fn first_indented(body: &[Stmt]) -> Option<(&Stmt, &Stmt)> {
    body.iter().find_map(|stmt| {
        stmt.blocks().into_iter().find_map(|block| match block.body.first() {
            Some(first) if !block.inline => Some((stmt, first)),
            _ => None,
        })
    })
}

fn first_newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests;
