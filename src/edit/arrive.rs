//! Where imports arrive: an existing run of imports, or a new one at the top of a block, with the blank lines that the
//! formatters want around it.

use crate::plan::Anchor;
use crate::python::{Block, Entry, Import, Module, Stmt, Style};
use crate::sort::{self, Following, Sections};
use crate::text::{Edit, Span, TextSize, size};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The run of imports that begins with this statement of the block.
    Run(usize),
    /// A new run before this statement of the block.
    Before(usize),
}

/// Where imports that arrive in `block` go.
pub(super) fn place(module: &Module, block: &Block, anchor: Option<Anchor>) -> Arrival {
    let runs = sort::blocks(module, &block.body);
    let at = match anchor {
        Some(Anchor::Block(at)) => at,
        // Below `__future__` imports: the same run.
        Some(Anchor::Before(at)) if at > 0 && block.body[at - 1].as_import().is_some_and(Import::is_future) => at - 1,
        Some(Anchor::Before(at)) => return Arrival::Before(at),
        None => usize::from(block.docstring().is_some()),
    };
    let run = runs.into_iter().find(|run| run.contains(&at));
    match run {
        Some(run) if !block.inline => Arrival::Run(run.start),
        _ => Arrival::Before(at),
    }
}

/// `header` is a place on the first line of what the block is the body of, for bodies on the line of their colon.
pub(super) fn style(module: &Module, block: &Block, header: Option<TextSize>, is_module: bool) -> Style {
    let newline = module.newline_at(block.colon.unwrap_or_else(|| block.span.start()));
    let indent = match block.body.first() {
        Some(first) if !block.inline => module.indent_of(first).to_owned(),
        Some(first) if !is_module => {
            let line = line_start(module.text(), header.unwrap_or(first.span.start()).into());
            let rest = &module.text()[line..];
            let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()];
            format!("{indent}{}", module.indent_unit())
        }
        _ => String::new(),
    };
    Style { indent, step: module.indent_unit().to_owned(), newline, nested: !is_module, ..Style::default() }
}

/// A new run of imports.
pub(super) fn insert(
    module: &Module,
    block: &Block,
    arrival: Arrival,
    entries: Vec<Entry>,
    sections: &Sections,
    style: &Style,
    is_module: bool,
) -> Edit {
    let (Arrival::Before(at) | Arrival::Run(at)) = arrival;
    let imports = sort::canonical(entries, sections, style);
    let newline = style.newline;
    if block.inline {
        return unfold(module, block, at, &imports, style);
    }
    let Some(next) = block.body.get(at) else {
        let end = at.checked_sub(1).and_then(|last| block.body.get(last)).map_or(TextSize::from(0), |s| s.span.end());
        return Edit::insert(end, format!("{newline}{newline}{}", imports.trim_end_matches(['\r', '\n'])));
    };
    let previous = at.checked_sub(1).map(|before| &block.body[before]);
    if let Some(previous) = previous
        && !module.text()[Span::new(previous.span.end(), next.span.start())].contains('\n')
    {
        // `"doc"; x = 1`: the statements share a line.
        let text = format!("{newline}{imports}{newline}{}", style.indent);
        return Edit::replace(Span::new(previous.span.end(), next.span.start()), text);
    }
    let gap = Gap::new(module, block, previous, next);
    let blank = |count: usize| newline.repeat(count);
    if is_module {
        let following = following(next, &module.text()[Span::new(gap.content, next.span.start())]);
        let after = sort::blank_lines_after(false, following);
        let before = usize::from(!gap.starts_file);
        Edit::replace(gap.blank, format!("{}{imports}{}", blank(before), blank(after)))
    } else {
        // Blank lines below a docstring stay above the import; there are none at the top of a body.
        let before = if previous.is_some() { gap.blank_lines } else { 0 };
        Edit::replace(gap.blank, format!("{}{imports}{newline}", blank(before)))
    }
}

/// The blank lines before what follows.
struct Gap {
    /// From the end of the line before to the start of the line of what follows.
    blank: Span,
    blank_lines: usize,
    /// Where what follows begins: its comments, or the statement.
    content: TextSize,
    starts_file: bool,
}

impl Gap {
    fn new(module: &Module, block: &Block, previous: Option<&Stmt>, next: &Stmt) -> Gap {
        let text = module.text();
        let start = match (previous, block.colon) {
            (Some(stmt), _) => after_line(text, stmt.span.end().into()),
            (None, Some(colon)) => after_line(text, colon.into()),
            (None, None) => header_end(module, next),
        };
        // A type comment must stay the first line of a body.
        let start = if previous.is_none() && block.colon.is_some() { after_type_comment(text, start) } else { start };
        let limit = line_start(text, next.span.start().into()).max(start);
        let mut content = start;
        let mut blank_lines = 0;
        while content < limit {
            let end = after_line(text, content).min(limit);
            if !text[content..end].trim().is_empty() {
                break;
            }
            content = end;
            blank_lines += 1;
        }
        let starts_file = text[..start].trim_start_matches('\u{feff}').is_empty();
        Gap { blank: crate::text::span(start, content), blank_lines, content: size(content), starts_file }
    }
}

/// The end of the comments at the top of the file that belong to no statement: everything up to the last blank line
/// before the comments that touch the first statement, and always a shebang, an encoding and a metadata block.
fn header_end(module: &Module, first: &Stmt) -> usize {
    let text = module.text();
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let limit = line_start(text, first.span.start().into());
    let (mut at, mut end, mut last_comment) = (start, start, start);
    let mut in_metadata = false;
    while at < limit {
        let next = after_line(text, at);
        let line = text[at..next].trim();
        let first_lines = text[start..at].matches('\n').count() < 2;
        if line.is_empty() {
            end = last_comment;
        } else {
            last_comment = next;
        }
        in_metadata |= line == "# /// script";
        if in_metadata || first_lines && (line.starts_with("#!") || line.contains("coding")) {
            end = next;
        }
        in_metadata &= line != "# ///";
        at = next;
    }
    end
}

fn after_type_comment(text: &str, start: usize) -> usize {
    let end = after_line(text, start);
    let line = text[start..end].trim_start();
    let is_type = line.strip_prefix('#').is_some_and(|comment| comment.trim_start().starts_with("type:"));
    if is_type { end } else { start }
}

fn following(next: &Stmt, comments: &str) -> Following {
    use crate::python::StmtKind;
    let touches =
        !comments.lines().any(|line| line.trim().is_empty() && !line.is_empty()) && !comments.contains("\n\n");
    match &next.kind {
        StmtKind::Function(_) | StmtKind::Class(_) if touches => Following::Definition,
        _ => Following::Other,
    }
}

/// `def f(): "doc"; return x` gets lines of its own.
fn unfold(module: &Module, block: &Block, at: usize, imports: &str, style: &Style) -> Edit {
    let newline = style.newline;
    let colon = block.colon.unwrap_or_else(|| block.span.start());
    let end = block.body.get(at).map_or(block.span.end(), |stmt| stmt.span.start());
    let docstring = match at {
        0 => String::new(),
        _ => format!("{}{}{newline}", style.indent, &module.text()[block.body[0].span]),
    };
    Edit::replace(Span::new(colon, end), format!("{newline}{docstring}{imports}{newline}{}", style.indent))
}

/// Whether code stands directly below a run of imports that ends before statement `end` and whose text is `run`.
pub(super) fn touches_code(module: &Module, block: &Block, end: usize, run: Span) -> bool {
    let text = module.text();
    let ends_its_line = text[..usize::from(run.end())].ends_with('\n');
    let next_line = text[usize::from(run.end())..].lines().next().unwrap_or_default();
    end < block.body.len() && ends_its_line && !next_line.trim().is_empty()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The start of the next line.
fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}
