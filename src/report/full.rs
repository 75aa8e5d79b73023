//! Findings and refusals with an excerpt of the source, for people.

use std::io::{self, Write};

use super::Options;
use super::style::{BOLD, CODE, FRAME, HELP, NOTE};
use crate::outcome::{Finding, FindingCode, Note, Outcome};
use crate::text::LineColumn;

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &outcome.files {
        if file.findings.is_empty() && file.refusals.is_empty() {
            continue;
        }
        let text = (options.text_of)(&file.path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let page = Page { path: &file.path, lines: &lines, options };
        for finding in &file.findings {
            page.finding(finding, out)?;
        }
        for note in &file.refusals {
            page.note(note, out)?;
        }
    }
    Ok(())
}

struct Page<'p> {
    path: &'p str,
    lines: &'p [&'p str],
    options: &'p Options<'p>,
}

impl Page<'_> {
    fn finding(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let paint = |style, text: &str| self.options.colour.paint(style, text);
        let code = paint(CODE, finding.code.code());
        writeln!(out, "{}: {code} {}", self.place(finding.start), finding.text())?;
        self.excerpt(finding.start, finding.end, out)?;
        let help = match finding.code {
            FindingCode::ColdImport => "Move the import into the functions that use it",
            FindingCode::HotImport => "Move the import to module level",
            FindingCode::ExceptionComment => "Mend the comment",
        };
        let disagreement = if finding.verdict.models_disagree() {
            format!(" (the {} cost model says otherwise)", finding.verdict.cost_model.other())
        } else {
            String::new()
        };
        writeln!(out, "{} {help}: `hotcold fix`{disagreement}", paint(HELP, "help:"))?;
        for text in &finding.notes {
            writeln!(out, "{} {text}", paint(NOTE, "note:"))?;
        }
        writeln!(out)
    }

    fn note(&self, note: &Note, out: &mut dyn Write) -> io::Result<()> {
        let paint = |style, text: &str| self.options.colour.paint(style, text);
        let word = format!("note[{}]", note.code.name());
        writeln!(out, "{}: {} {}", self.place(note.start), paint(NOTE, &word), note.message)?;
        self.excerpt(note.start, note.end, out)?;
        for proof in note.proofs.iter().take(5) {
            writeln!(out, "  {} {}:{}: {}", paint(FRAME, "-->"), proof.path, proof.place, proof.what)?;
        }
        if note.proofs.len() > 5 {
            writeln!(out, "  {} and {} more places", paint(FRAME, "-->"), note.proofs.len() - 5)?;
        }
        writeln!(out, "{} {}\n", paint(HELP, "help:"), note.code.advice())
    }

    fn place(&self, place: LineColumn) -> String {
        format!("{}:{place}", self.options.colour.paint(BOLD, self.path))
    }

    /// The lines from `start` to `end`, at most five, with one line around them.
    fn excerpt(&self, start: LineColumn, end: LineColumn, out: &mut dyn Write) -> io::Result<()> {
        let (first, last) = (start.line as usize, end.line.min(start.line + 4) as usize);
        if first == 0 || first > self.lines.len() {
            return Ok(());
        }
        let shown = first.saturating_sub(1).max(1)..=(last + 1).min(self.lines.len());
        let width = shown.end().to_string().len();
        let bar = self.options.colour.paint(FRAME, "|");
        let gutter = |text: &str| self.options.colour.paint(FRAME, format!("{text:>width$}"));
        writeln!(out, "{} {bar}", gutter(""))?;
        for number in shown {
            let line = clip(self.lines[number - 1].trim_start_matches('\u{feff}'));
            writeln!(out, "{} {bar}{}{line}", gutter(&number.to_string()), if line.is_empty() { "" } else { " " })?;
            if (first..=last).contains(&number) {
                let from = if number == first { start.column as usize - 1 } else { indent(line) };
                let length = line.chars().count();
                let to = if number == end.line as usize { (end.column as usize - 1).min(length) } else { length };
                let marks = "^".repeat(to.saturating_sub(from).max(1));
                let blank: String = line.chars().take(from).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                writeln!(out, "{} {bar} {blank}{}", gutter(""), self.options.colour.paint(CODE, marks))?;
            }
        }
        writeln!(out, "{} {bar}", gutter(""))
    }
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|character| character.is_whitespace()).count()
}

/// No line of an excerpt fills a screen.
fn clip(line: &str) -> &str {
    line.char_indices().nth(200).map_or(line, |(at, _)| &line[..at])
}
