//! Which of the comments above an import belong to it. Must not change any.

use super::{is_first_line, line_end, line_start};
use crate::python::Module;
use crate::text::{Span, TextSize, span};

/// The comments directly above the statement that starts at `start` and belong to it alone: on lines of their own, no
/// blank line between. Not the file's header, not a heading over several imports, and not a comment that steers a tool.
pub fn attached_above(module: &Module, start: TextSize) -> Vec<Span> {
    let text = module.text();
    let run = directly_above(module, start);
    if run.first().is_some_and(|first| is_first_line(text, line_start(text, first.start()))) {
        return Vec::new();
    }
    let own = run.iter().rposition(|comment| steers_a_tool(&text[*comment])).map_or(0, |index| index + 1);
    let attached = run[own..].to_vec();
    let is_heading = attached.iter().any(|comment| reads_as_heading(&text[*comment]));
    if is_heading && is_followed_by_import(text, start) {
        return Vec::new();
    }
    attached
}

/// All comments on lines of their own directly above the line of `start`, if that opens its line.
pub(crate) fn directly_above(module: &Module, start: TextSize) -> Vec<Span> {
    let text = module.text();
    let mut line = line_start(text, start);
    if !is_blank(&text[span(line.into(), start.into())]) {
        return Vec::new();
    }
    let mut run = Vec::new();
    let before = module.comments().partition_point(|comment| comment.start() < line);
    for comment in module.comments()[..before].iter().rev() {
        let own_line = line_start(text, comment.start());
        let alone = is_blank(&text[span(own_line.into(), comment.start().into())]);
        let next_line = line_end(text, comment.end());
        if !alone || text[span(next_line.into(), line.into())].trim_start_matches('\r') != "\n" {
            break;
        }
        run.push(*comment);
        line = own_line;
    }
    run.reverse();
    run
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether a comment is read by a tool, and so belongs to its place and not to the statement below it.
pub fn steers_a_tool(comment: &str) -> bool {
    const WORDS: &[&str] = &["!", "-*-", "%%", "///", "noqa", "nosec", "noreorder", "region", "endregion"];
    const TOOLS: &[&str] = &[
        "isort", "ruff", "fmt", "yapf", "autopep8", "usort", "pylint", "pyright", "pyrefly", "mypy", "flake8", "type",
        "pragma", "ty", "pytype", "coding", "vim", "hotcold",
    ];
    let body = comment[1..].trim_start();
    let named = |tool: &&str| body.strip_prefix(*tool).is_some_and(|rest| rest.trim_start().starts_with([':', '=']));
    WORDS.iter().any(|word| body.starts_with(word)) || TOOLS.iter().any(named)
}

/// `# Standard library`, `# --- third party ---`, `# Local imports`: over several statements, not about one.
fn reads_as_heading(comment: &str) -> bool {
    const WORDS: &[&str] = &[
        "import",
        "imports",
        "library",
        "libraries",
        "stdlib",
        "builtin",
        "builtins",
        "built-in",
        "built-ins",
        "party",
        "third-party",
        "3rd-party",
        "first-party",
        "local",
        "internal",
        "external",
        "project",
        "standard",
    ];
    let body = comment.trim_start_matches('#').trim();
    let ruled = |c: char| matches!(c, '-' | '=' | '#' | '*' | '~' | '_');
    let words: Vec<&str> =
        body.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect();
    let heading = words.len() <= 4 && words.iter().any(|word| WORDS.contains(&word.to_lowercase().as_str()));
    heading || comment.starts_with("###") || (body.len() >= 3 && body.chars().take(3).all(ruled))
}

/// Whether the line after the statement's first one opens with another import: then it is one of a group.
fn is_followed_by_import(text: &str, start: TextSize) -> bool {
    let rest = &text[usize::from(start)..];
    let mut open = 0i32;
    for line in rest.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or(line);
        if open == 0 && line.as_ptr() != rest.as_ptr() {
            let code = code.trim_start();
            return ["import ", "from ", "lazy "].iter().any(|word| code.starts_with(word));
        }
        open += code.matches('(').count() as i32 - code.matches(')').count() as i32;
        if code.trim_end().ends_with('\\') {
            return false;
        }
    }
    false
}
