//! Comments by which an author takes imports out of a sorter's or formatter's hands.

use crate::python::{Module, Stmt};
use crate::text::{Span, TextSize, span};

/// The places of a file that are not to be sorted or formatted.
#[derive(Debug, Clone, Default)]
pub struct Suppressions {
    /// `# isort: off` to `# isort: on`, and lines with `# isort: skip`.
    unsorted: Vec<Span>,
    /// `# fmt: off` to `# fmt: on`, lines with `# fmt: skip`, and the like of other formatters and sorters.
    unformatted: Vec<Span>,
    /// `# isort: split`
    splits: Vec<TextSize>,
    /// `# isort: skip_file`, `# noreorder`
    skip_file: bool,
}

impl Suppressions {
    pub fn of(module: &Module) -> Suppressions {
        let text = module.text();
        let mut found = Suppressions::default();
        let mut isort_off = None;
        let mut format_off = None;
        for comment in module.comments() {
            let line = line_span(text, *comment);
            let body = text[*comment].trim_end();
            let isort = body.strip_prefix("# ruff: ").map(|rest| format!("# {rest}"));
            match isort.as_deref().unwrap_or(body) {
                "# isort: split" => found.splits.push(comment.start()),
                "# isort: skip_file" | "# isort:skip_file" => found.skip_file = true,
                "# isort: off" => isort_off = isort_off.or(Some(comment.start())),
                "# isort: on" => {
                    found.unsorted.extend(isort_off.take().map(|start| Span::new(start, comment.start())));
                }
                "# fmt: off" | "# yapf: disable" | "# autopep8: off" if alone(text, *comment) => {
                    format_off = format_off.or(Some(comment.start()));
                }
                "# fmt: on" | "# yapf: enable" | "# autopep8: on" => {
                    found.unformatted.extend(format_off.take().map(|start| Span::new(start, comment.start())));
                }
                other => {
                    let marks = |words: &[&str]| words.iter().any(|word| other.contains(word));
                    if marks(&["isort: skip", "isort:skip"]) {
                        found.unsorted.push(line);
                    } else if marks(&["fmt: skip", "fmt:skip", "yapf: disable", "usort:skip", "usort: skip"]) {
                        found.unformatted.push(line);
                    } else if marks(&["noreorder"]) {
                        found.skip_file = true;
                    }
                }
            }
        }
        let end = crate::text::size(text.len());
        found.unsorted.extend(isort_off.map(|start| Span::new(start, end)));
        found.unformatted.extend(format_off.map(|start| Span::new(start, end)));
        found
    }

    /// Whether isort leaves the statement out of every block.
    pub fn is_unsorted(&self, stmt: &Stmt) -> bool {
        self.skip_file || self.unsorted.iter().any(|region| region.contains(stmt.span.start()))
    }

    /// Whether any line of the statement is out of a tool's hands.
    pub fn covers(&self, module: &Module, stmt: &Stmt) -> bool {
        let lines = line_span(module.text(), stmt.span);
        let touches = |region: &&Span| region.intersect(lines).is_some_and(|shared| !shared.is_empty());
        self.skip_file || self.unsorted.iter().chain(&self.unformatted).any(|region| touches(&region))
    }

    /// Whether `offset` lies in a region that is switched off, not on a single line.
    pub fn is_off_at(&self, offset: TextSize) -> bool {
        self.unsorted.iter().chain(&self.unformatted).any(|region| region.start() < offset && offset <= region.end())
    }

    /// Where the region at `offset` ends: the comment that switches on again, or the end of the file.
    pub fn end_of_region_at(&self, offset: TextSize) -> Option<TextSize> {
        let regions = self.unsorted.iter().chain(&self.unformatted);
        regions.filter(|region| region.start() < offset && offset <= region.end()).map(|region| region.end()).max()
    }

    pub fn splits_between(&self, start: TextSize, end: TextSize) -> bool {
        self.splits.iter().any(|split| start <= *split && *split < end)
    }
}

fn alone(text: &str, comment: Span) -> bool {
    let line = line_span(text, comment);
    text[Span::new(line.start(), comment.start())].trim().is_empty()
}

/// The lines that `place` is on, without the last newline.
fn line_span(text: &str, place: Span) -> Span {
    let start = text[..usize::from(place.start())].rfind('\n').map_or(0, |newline| newline + 1);
    let end = usize::from(place.end());
    span(start, text[end..].find('\n').map_or(text.len(), |newline| end + newline))
}
