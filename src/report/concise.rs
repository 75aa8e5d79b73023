//! One line for each finding and refusal.

use std::io::{self, Write};

use super::style::{BOLD, CODE, NOTE};
use super::{Options, proofs};
use crate::outcome::Outcome;

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let paint = |style, text: &str| options.colour.paint(style, text);
    for file in &outcome.files {
        let path = paint(BOLD, &file.path);
        for finding in &file.findings {
            writeln!(out, "{path}:{}: {} {}", finding.start, paint(CODE, finding.code.code()), finding.text())?;
        }
        for note in &file.refusals {
            let word = format!("note[{}]", note.code.name());
            writeln!(out, "{path}:{}: {} {}{}", note.start, paint(NOTE, &word), note.message, proofs(note))?;
        }
    }
    Ok(())
}
