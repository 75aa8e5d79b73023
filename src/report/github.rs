//! Workflow commands of GitHub Actions, which become annotations.

use std::io::{self, Write};

use super::{Options, proofs};
use crate::outcome::Outcome;
use crate::text::LineColumn;

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &outcome.files {
        for finding in &file.findings {
            let title = format!("hotcold ({})", finding.code.code());
            annotation(out, "error", &title, &file.path, Some((finding.start, finding.end)), &finding.text())?;
        }
        for note in &file.refusals {
            let level = if options.strict { "error" } else { "notice" };
            let title = format!("hotcold ({})", note.code.name());
            let message = format!("{}{}", note.message, proofs(note));
            annotation(out, level, &title, &file.path, Some((note.start, note.end)), &message)?;
        }
    }
    for problem in &outcome.problems {
        let title = format!("hotcold ({})", problem.code);
        let place = problem.place.map(|place| (place, place));
        annotation(out, "error", &title, &problem.path, place, &problem.message)?;
    }
    Ok(())
}

fn annotation(
    out: &mut dyn Write,
    level: &str,
    title: &str,
    path: &str,
    place: Option<(LineColumn, LineColumn)>,
    message: &str,
) -> io::Result<()> {
    write!(out, "::{level} title={},file={}", property(title), property(path))?;
    if let Some((start, end)) = place {
        write!(out, ",line={},col={},endLine={},endColumn={}", start.line, start.column, end.line, end.column)?;
    }
    let place = place.map_or(String::new(), |(start, _)| format!(":{start}"));
    writeln!(out, "::{}", data(&format!("{path}{place}: {message}")))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
