//! From an outcome to bytes, one format a file. Nothing here decides, opens files or knows of a terminal.

pub mod against;
mod concise;
pub mod diff;
pub mod explain;
mod full;
mod github;
mod gitlab;
pub mod init;
mod json;
mod junit;
pub mod measure;
pub mod review;
mod sarif;
pub mod startup;
mod style;
pub mod summary;
pub mod track;
pub mod usage;

use std::io::{self, Write};

pub use crate::cli::Format;
pub use style::Colour;

use crate::outcome::Outcome;

/// What a report may ask, beyond the outcome.
pub struct Options<'a> {
    pub format: Format,
    pub colour: Colour,
    /// Refusals count as findings.
    pub strict: bool,
    /// The text of a file, for excerpts; asked only for files with something to say.
    pub text_of: &'a dyn Fn(&str) -> Option<String>,
}

/// Writes findings, refusals and problems in one of the formats. Those for people leave problems to [`summary`].
pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let write = match options.format {
        Format::Full => full::write,
        Format::Concise => concise::write,
        Format::Json => json::write,
        Format::JsonLines => json::write_lines,
        Format::Github => github::write,
        Format::Gitlab => gitlab::write,
        Format::Sarif => sarif::write,
        Format::Junit => junit::write,
    };
    write(outcome, options, out)
}

/// The proofs of a note in one line, those in its own file by line and column only.
fn proofs(note: &crate::outcome::Note) -> String {
    let shown = note.proofs.iter().take(3).map(|proof| format!("{}:{}", proof.path, proof.place));
    let mut shown: Vec<String> = shown.collect();
    if note.proofs.len() > shown.len() {
        shown.push(format!("{} more", note.proofs.len() - shown.len()));
    }
    if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) }
}
