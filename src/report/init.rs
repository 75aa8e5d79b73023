//! What `hotcold init` wrote, and what to do next.

use std::io::{self, Write};

use super::style::{BOLD, Colour, HELP, NOTE};
use crate::config::template::{Basis, Entries, Facts};
use crate::name::ModuleName;
use crate::policy::{Policy, number};

/// Names that are listed; the rest is counted.
const LISTED: usize = 5;

/// A configuration that was written.
#[derive(Debug)]
pub struct Written<'a> {
    pub file: &'a str,
    pub facts: &'a Facts,
    /// Python files that were found.
    pub files: usize,
    /// The configuration of a folder above, which no longer holds here.
    pub above: Option<&'a str>,
    pub measuring: Measuring,
}

/// What came of measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measuring {
    NotAsked,
    Done,
    /// None of the modules from outside could be imported.
    NothingImportable,
}

pub fn write(written: &Written<'_>, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let Written { file, facts, files, above, measuring } = written;
    writeln!(out, "{}", colour.paint(BOLD, format!("{file} is written")))?;
    if *files == 0 {
        writeln!(out, "  files: no Python files were found here")?;
    }
    match &facts.entries {
        Entries::Named(modules) => writeln!(out, "  entries: {}", list(modules.iter()))?,
        Entries::Guessed(modules) if modules.is_empty() => {}
        Entries::Guessed(modules) => {
            writeln!(out, "  entries: as a guess, what nobody imports: {}", list(modules.iter()))?
        }
    }
    let heavy = number(Policy::default().heavy_ms);
    let names = list(facts.modules.iter());
    match (facts.basis, facts.modules.is_empty()) {
        (Basis::Measured, false) => writeln!(out, "  modules that take longer than {heavy}ms: {names}")?,
        (Basis::Measured, true) => {
            writeln!(out, "  modules: none takes longer than {heavy}ms, so that nothing has to move: see `heavy-ms`")?;
        }
        (Basis::Imported, false) => writeln!(out, "  modules from outside, not measured yet: {names}")?,
        (Basis::Imported, true) => writeln!(out, "  modules: the project imports none from outside")?,
    }
    if let Some(above) = above {
        writeln!(out, "{} what {above} says no longer holds in this folder", colour.paint(NOTE, "note:"))?;
    }
    let next = match (measuring, facts.basis) {
        (Measuring::NothingImportable, _) => "hotcold measure --python FILE   (the Python that has the packages)",
        (_, Basis::Measured) => "hotcold check",
        (_, Basis::Imported) if *files == 0 => "hotcold measure   (once there is code)",
        (_, Basis::Imported) => "hotcold measure",
    };
    writeln!(out, "{} {next}", colour.paint(HELP, "next:"))
}

fn list<'m>(modules: impl ExactSizeIterator<Item = &'m ModuleName>) -> String {
    let more = modules.len().saturating_sub(LISTED);
    let mut shown: Vec<String> = modules.take(LISTED).map(|module| format!("`{module}`")).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
