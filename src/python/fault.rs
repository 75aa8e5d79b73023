//! What stops hotcold from reading a file: what CPython rejects, though tree-sitter may not, and what this grammar
//! does not know. Looks at tokens and lines; the faults of single constructs are found where those are lowered.

use thiserror::Error;

use super::cst::{Cst, Id, Kind, Unparsed};
use crate::text::{Span, span};

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    pub span: Span,
    pub message: String,
}

impl Fault {
    pub fn new(kind: FaultKind, span: Span, message: impl Into<String>) -> Fault {
        Fault { kind, span, message: message.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// No Python that this version knows.
    ParseError,
    /// Valid in some Python version, unknown to the grammar.
    UnsupportedSyntax,
    Python2,
    /// `except A, B`: of Python 2, where it means something else, and of Python 3.14 and newer.
    BareExceptions,
    EmptyBlock,
    Indentation,
    /// A `__future__` import after other statements.
    LateFuture,
    /// `from x import *` in a function or class.
    NestedStar,
    /// `return` or `yield` outside a function.
    OutsideFunction,
    NulByte,
    /// A carriage return that is no part of a CRLF.
    Newline,
    TooDeep,
    TooLarge,
}

impl FaultKind {
    /// The name of the fault in reports.
    pub fn code(self) -> &'static str {
        use FaultKind::*;
        match self {
            ParseError | LateFuture | NestedStar | OutsideFunction | NulByte => "parse-error",
            UnsupportedSyntax => "unsupported-syntax",
            Python2 | BareExceptions => "python2",
            // CPython calls an empty block an IndentationError too.
            Indentation | EmptyBlock => "indentation",
            Newline => "newline",
            TooDeep | TooLarge => "too-large",
        }
    }
}

const INVALID: &str = "invalid syntax, or syntax newer than this version knows; fix or exclude the file";

/// CPython's own limits.
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;

/// Faults of the raw text, which no parser need see.
pub fn of_text(text: &str) -> Option<Fault> {
    if text.len() > i32::MAX as usize {
        let message = "the file is larger than 2 GiB; exclude it";
        return Some(Fault::new(FaultKind::TooLarge, span(0, 0), message));
    }
    let bytes = text.as_bytes();
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        let message = "the file holds a NUL byte, which Python rejects; remove it";
        return Some(Fault::new(FaultKind::NulByte, span(at, at + 1), message));
    }
    let lone = |&at: &usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let at = (0..bytes.len()).find(lone)?;
    let message = "a carriage return stands alone as a line ending; convert the file to LF or CRLF";
    Some(Fault::new(FaultKind::Newline, span(at, at + 1), message))
}

/// The faults of places that tree-sitter could not parse.
pub fn of_errors(text: &str, errors: &[Unparsed]) -> Vec<Fault> {
    errors.iter().map(|unparsed| unparsed_fault(text, *unparsed)).collect()
}

fn unparsed_fault(text: &str, unparsed: Unparsed) -> Fault {
    let place = first_line(text, unparsed.span());
    let line = line_of(text, usize::from(place.start()));
    if has_type_parameter_default(line) {
        let message = "a default of a type parameter (PEP 696) is not supported; exclude the file";
        return Fault::new(FaultKind::UnsupportedSyntax, place, message);
    }
    let message = match unparsed {
        Unparsed::Missing(_, name) => format!("invalid syntax: `{name}` is missing; fix or exclude the file"),
        Unparsed::Error(_) => INVALID.into(),
    };
    Fault::new(FaultKind::ParseError, place, message)
}

/// `def f[T = int]`, `class C[T = int]`, `type X[T = int] = ...`
fn has_type_parameter_default(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line).trim_start();
    let Some(rest) = ["def ", "class ", "type "].iter().find_map(|keyword| line.strip_prefix(keyword)) else {
        return false;
    };
    let rest = rest.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim_start();
    let Some(rest) = rest.strip_prefix('[') else { return false };
    let mut depth = 0usize;
    for char in rest.chars() {
        match char {
            '[' | '(' | '{' => depth += 1,
            ']' if depth == 0 => return false,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

fn first_line(text: &str, place: Span) -> Span {
    let (start, end) = (usize::from(place.start()), usize::from(place.end()));
    match text[start..end].find(['\r', '\n']) {
        Some(length) => span(start, start + length),
        None => place,
    }
}

fn line_of(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    &text[start..end]
}

/// The faults of tokens and lines in a tree without errors: what stands between tokens, statements that go on after
/// their line, blocks that are empty or not indented as CPython demands.
pub fn of_layout(text: &str, cst: &Cst) -> Vec<Fault> {
    let mut layout = Layout {
        text,
        cst,
        comments: &cst.comments,
        faults: Vec::new(),
        open: Vec::new(),
        blocks: 0,
        indents: vec![(0, 0)],
        brackets: 0,
        done: if text.starts_with('\u{feff}') { 3 } else { 0 },
        unchecked: 0,
        statement: u32::MAX,
        last: None,
    };
    layout.run();
    if cst.has_error && layout.faults.is_empty() {
        layout.faults.push(Fault::new(FaultKind::ParseError, span(0, 0), INVALID));
    }
    layout.faults
}

struct Layout<'c> {
    text: &'c str,
    cst: &'c Cst,
    comments: &'c [Span],
    faults: Vec<Fault>,
    /// The blocks around the current node that stand on lines of their own: where each ends.
    open: Vec<Id>,
    blocks: usize,
    /// CPython's two columns of each open indentation: tabs to eight, tabs to one.
    indents: Vec<(u32, u32)>,
    brackets: usize,
    /// Up to where the text is read.
    done: usize,
    /// Up to where the text is the format of an f-string.
    unchecked: usize,
    /// Where the last statement or clause starts.
    statement: u32,
    /// The last token.
    last: Option<Kind>,
}

/// What stands between two tokens.
#[derive(Clone, Copy)]
struct Gap {
    /// Where the last line begins, if a line ends in the gap.
    line: Option<usize>,
}

impl Layout<'_> {
    fn run(&mut self) {
        let mut comments = self.comments.iter().peekable();
        let mut pending = Some(self.done);
        for id in 0..self.cst.nodes.len() {
            let node = self.cst.node(id);
            while self.open.last().is_some_and(|&end| end <= id) {
                self.open.pop();
                self.blocks -= 1;
            }
            if node.kind.starts_line() {
                self.statement = node.start;
            }
            if node.kind == Kind::Block {
                if self.cst.is_leaf(id) {
                    let at = self.done;
                    let message = "a block is empty; give it a body or `pass`";
                    self.faults.push(Fault::new(FaultKind::EmptyBlock, span(at, at), message));
                    continue;
                }
                let mut leaf = id + 1;
                while !self.cst.is_leaf(leaf) {
                    leaf += 1;
                }
                if self.fresh_line(self.cst.node(leaf).start as usize) {
                    self.open.push(self.cst.after(id));
                    self.blocks += 1;
                }
            }
            if node.kind == Kind::FormatSpecifier {
                self.unchecked = self.unchecked.max(node.end as usize);
            }
            if !self.cst.is_leaf(id) || node.kind == Kind::Module {
                continue;
            }
            let (start, end) = (node.start as usize, node.end as usize);
            if start < self.unchecked {
                self.done = self.done.max(end);
                continue;
            }
            self.done = self.done.max(self.unchecked);
            while let Some(comment) = comments.next_if(|comment| usize::from(comment.start()) < start) {
                let gap = self.gap(usize::from(comment.start()));
                pending = gap.line.or(pending);
                self.done = self.done.max(usize::from(comment.end()));
            }
            pending = self.gap(start).line.or(pending);
            match pending.take() {
                Some(line) if self.brackets == 0 => self.first_of_line(line, start, end),
                None if self.statement == node.start => self.first_after_token(start, end),
                _ => {}
            }
            self.last = Some(node.kind);
            match node.kind {
                Kind::LeftParen | Kind::LeftBracket | Kind::LeftBrace => {
                    self.brackets += 1;
                    if self.brackets == MAX_BRACKETS + 1 {
                        let message = "brackets are nested more than 200 deep, which Python rejects; exclude the file";
                        self.faults.push(Fault::new(FaultKind::TooDeep, span(start, end), message));
                    }
                }
                Kind::RightParen | Kind::RightBracket | Kind::RightBrace => {
                    self.brackets = self.brackets.saturating_sub(1);
                }
                _ => {}
            }
            self.done = end;
        }
        for comment in comments {
            self.gap(usize::from(comment.start()));
            self.done = self.done.max(usize::from(comment.end()));
        }
        self.gap(self.text.len());
    }

    /// Whether a line ends between the text read so far and `start`.
    fn fresh_line(&self, start: usize) -> bool {
        ends_line(&self.text[self.done.min(start)..start])
    }

    /// Reads what stands between the text read so far and `start`.
    fn gap(&mut self, start: usize) -> Gap {
        let bytes = self.text.as_bytes();
        let mut line = None;
        let mut at = self.done;
        while at < start {
            match bytes[at] {
                b' ' | b'\t' | b'\x0c' | b'\r' => {}
                b'\n' => line = Some(at + 1),
                b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 1,
                b'\\' if bytes.get(at + 1) == Some(&b'\r') => at += 2,
                _ => {
                    let char = self.text[at..].chars().next().unwrap_or(' ');
                    let message = format!("the character {char:?} cannot stand between tokens; remove it");
                    let place = span(at, at + char.len_utf8());
                    self.faults.push(Fault::new(FaultKind::ParseError, place, message));
                    at += char.len_utf8() - 1;
                }
            }
            at += 1;
        }
        Gap { line }
    }

    /// A statement may start on the line of another only after a colon or semicolon.
    fn first_after_token(&mut self, start: usize, end: usize) {
        if !matches!(self.last, None | Some(Kind::Semicolon | Kind::Colon)) {
            let message = "a statement starts on the line of another; put it on a line of its own";
            self.faults.push(Fault::new(FaultKind::ParseError, span(start, end), message));
        }
    }

    /// Compares the first token of a logical line with CPython's indentation rules.
    fn first_of_line(&mut self, line: usize, start: usize, end: usize) {
        if self.statement != start as u32 {
            let message = "a statement goes on after its line ends; use parentheses or a backslash";
            self.faults.push(Fault::new(FaultKind::ParseError, span(start, end), message));
            return;
        }
        let (column, alternative) = columns(&self.text.as_bytes()[line..start]);
        let place = span(line, start);
        let tabs = "tabs and spaces are mixed so that the indentation depends on the width of a tab; use one of them";
        let mut fault = |message: &str| self.faults.push(Fault::new(FaultKind::Indentation, place, message));
        let (top, top_alternative) = self.indents.last().copied().unwrap_or((0, 0));
        if column == top {
            if alternative != top_alternative {
                return fault(tabs);
            }
        } else if column > top {
            if alternative <= top_alternative {
                return fault(tabs);
            }
            self.indents.push((column, alternative));
            if self.indents.len() == MAX_INDENTS + 1 {
                let message = "blocks are nested more than 99 deep, which Python rejects; exclude the file";
                self.faults.push(Fault::new(FaultKind::TooDeep, place, message));
                return;
            }
        } else {
            while self.indents.last().is_some_and(|&(top, _)| column < top) {
                self.indents.pop();
            }
            match self.indents.last() {
                Some(&(top, other)) if top == column && other == alternative => {}
                Some(&(top, _)) if top == column => return fault(tabs),
                _ => {
                    // Go on as if the line were well indented, so that one mistake is one fault.
                    fault("the line is indented less than the block above it, but as no outer block is; align it");
                    self.indents.push((column, alternative));
                    return;
                }
            }
        }
        let depth = self.indents.len() - 1;
        if depth > self.blocks {
            fault("the line is indented, but nothing above it opens a block; align it with the line above");
        } else if depth < self.blocks {
            fault("a block is not indented as deep as its place asks; indent it");
        }
    }
}

/// Whether a line ends in `gap`, what stands between two tokens, but for lines that a backslash continues.
pub fn ends_line(gap: &str) -> bool {
    let mut bytes = gap.as_bytes();
    loop {
        bytes = match bytes {
            [] => return false,
            [b'#' | b'\n', ..] => return true,
            [b'\\', b'\r', _, rest @ ..] | [b'\\', _, rest @ ..] | [_, rest @ ..] => rest,
        };
    }
}

/// The width of an indentation as CPython measures it: with tabs to the next multiple of eight, and with tabs as one.
fn columns(indent: &[u8]) -> (u32, u32) {
    let (mut column, mut alternative) = (0, 0);
    for byte in indent {
        match byte {
            b' ' => (column, alternative) = (column + 1, alternative + 1),
            b'\t' => (column, alternative) = ((column / 8 + 1) * 8, alternative + 1),
            b'\x0c' => (column, alternative) = (0, 0),
            _ => break,
        }
    }
    (column, alternative)
}
