//! Usage logging taken out of a text: its lines, and nothing else. A call that shares its line goes with one semicolon.

use crate::python::{Block, Logging, Module, Stmt, Tracking};
use crate::text::{Edit, EditSet, Span, TextSize, size};

/// The text of the module without its usage logging.
pub fn without(module: &Module, is_home: &dyn Fn(&str) -> bool) -> String {
    let tracking = Tracking::of(module, is_home);
    let logging: Vec<Span> = tracking.statements().map(|logging| logging.stmt.span).collect();
    let is_logging = |stmt: &Stmt| logging.contains(&stmt.span);
    let mut edits: Vec<Edit> = Vec::new();
    for import in &tracking.imports {
        let span = place(module, *import, &is_logging);
        edits.push(Edit::delete(if is_whole_line(module, span) { with_blank_line(module, span) } else { span }));
    }
    for call in &tracking.calls {
        let block = call.at.block;
        let span = place(module, call.at, &is_logging);
        let empties = block.body.iter().all(is_logging);
        // A block that somebody else has emptied of all but logging needs a statement.
        match (empties, call.at.index) {
            (true, 0) => edits.push(Edit::replace(call.at.stmt.span, "pass")),
            _ => edits.push(Edit::delete(with_line_above_definition(module, call.at, span))),
        }
    }
    match EditSet::new(edits) {
        Ok(edits) => edits.apply(module.text()),
        // Statements that share lines in a way that no run of hotcold writes: the proof will not accept the text as it is.
        Err(_) => module.text().to_owned(),
    }
}

/// What is deleted: the lines of the statement if it has them for itself, else the statement with one semicolon.
fn place(module: &Module, Logging { stmt, block, index }: Logging<'_>, is_logging: &dyn Fn(&Stmt) -> bool) -> Span {
    let text = module.text();
    let start = begin_of_line(text, stmt.span.start());
    let end = end_of_line(text, stmt.span.end());
    if let (Some(start), Some(end)) = (start, end) {
        return Span::new(start, end);
    }
    match (end, next(block, index), index.checked_sub(1).map(|before| &block.body[before])) {
        // `log(); x`
        (None, Some(next), _) => Span::new(stmt.span.start(), next.span.start()),
        // `x; log()`
        (_, _, Some(before)) if !is_logging(before) => Span::new(before.span.end(), stmt.span.end()),
        _ => stmt.span,
    }
}

fn next(block: &Block, index: usize) -> Option<&Stmt> {
    block.body.get(index + 1)
}

/// The start of the line, if nothing of a statement stands on it before `offset`, nor a line that goes on in it.
fn begin_of_line(text: &str, offset: TextSize) -> Option<TextSize> {
    let at = usize::from(offset);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let bom = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let is_blank = text[start + bom..at].trim_matches([' ', '\t', '\x0c']).is_empty();
    let goes_on = text[..start].trim_end_matches('\n').trim_end_matches('\r').ends_with('\\');
    (is_blank && !goes_on).then(|| size(start + bom))
}

/// The start of the next line, if nothing of another statement stands behind `offset` on its line.
fn end_of_line(text: &str, offset: TextSize) -> Option<TextSize> {
    let at = usize::from(offset);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1);
    let rest = text[at..end].trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix(';').unwrap_or(rest).trim();
    (rest.is_empty() || rest.starts_with('#')).then(|| size(end))
}

fn is_whole_line(module: &Module, span: Span) -> bool {
    module.text()[span].ends_with('\n')
}

/// The last call above a definition leaves with the blank line between the two.
fn with_line_above_definition(module: &Module, Logging { block, index, .. }: Logging<'_>, span: Span) -> Span {
    let below = &module.text()[usize::from(span.end())..];
    let line = below.split_inclusive('\n').next().filter(|line| line.ends_with('\n') && line.trim().is_empty());
    match line {
        Some(line) if is_whole_line(module, span) && next(block, index).is_some_and(Stmt::is_definition) => {
            Span::new(span.start(), span.end() + size(line.len()))
        }
        _ => span,
    }
}

/// An import that stands alone in its paragraph leaves with the blank line above it; with the blank lines below it, if
/// nothing stands above.
fn with_blank_line(module: &Module, span: Span) -> Span {
    let text = module.text();
    let (above, below) = (&text[..usize::from(span.start())], &text[usize::from(span.end())..]);
    let blank = |line: &&str| line.ends_with('\n') && line.trim().is_empty();
    let first_below = below.split_inclusive('\n').next();
    let is_alone_below = first_below.is_none_or(|line| line.trim().is_empty());
    let last_above = above.split_inclusive('\n').next_back().filter(|line| *line != "\u{feff}");
    match last_above {
        Some(line) if blank(&line) && is_alone_below => Span::new(span.start() - size(line.len()), span.end()),
        None if is_alone_below => {
            let lines: usize = below.split_inclusive('\n').take_while(blank).map(str::len).sum();
            Span::new(span.start(), span.end() + size(lines))
        }
        _ => span,
    }
}
