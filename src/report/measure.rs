//! What was measured: a table of modules, and the tree of what one start imports.

use std::io::{self, Write};

use super::style::{BOLD, Colour, NOTE};
use crate::evidence::importtime::Profile;
use crate::measure::{Failure, Measurement};

/// Imports below this part of the whole are told by their number.
const LEAST_SHARE: f64 = 0.01;

/// Names that are listed in a sentence; the rest is counted.
const LISTED: usize = 3;

/// Which modules of a table have a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rows {
    All,
    /// Those that take at least so many milliseconds; the rest is counted.
    From(f64),
}

/// One line for each module, the longest import first, and the reasons why others have none.
pub fn write_table(
    measured: &[Measurement],
    failures: &[Failure],
    rows: Rows,
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    let least = match rows {
        Rows::All => 0.0,
        Rows::From(ms) => ms,
    };
    let mut rows: Vec<&Measurement> = measured.iter().filter(|row| row.import_ms.median() >= least).collect();
    let left_out = measured.len() - rows.len();
    rows.sort_by(|a, b| b.import_ms.median().total_cmp(&a.import_ms.median()).then(a.module.cmp(&b.module)));
    let width = rows.iter().map(|row| row.module.as_str().len()).max().unwrap_or(0).max("module".len());
    if !rows.is_empty() {
        let heading = format!(
            "{:<width$}  {:>9}  {:>7}  {:>9}  {:>7}  {:>8}  {:>9}",
            "module", "import", "spread", "alone", "modules", "memory", "on disk"
        );
        writeln!(out, "{}", colour.paint(BOLD, heading))?;
    }
    for row in rows {
        let memory = row.memory.map_or("?".to_owned(), megabytes);
        write!(
            out,
            "{:<width$}  {:>9}  {:>7}  {:>9}  {:>7}  {memory:>8}  {:>9}",
            row.module.as_str(),
            milliseconds(row.import_ms.median()),
            milliseconds(row.import_ms.spread()),
            milliseconds(row.self_ms.median()),
            row.loaded.len(),
            megabytes(row.size.bytes),
        )?;
        match row.notes.is_empty() {
            true => writeln!(out)?,
            false => writeln!(out, "  {}", row.notes.join(", "))?,
        }
    }
    if left_out > 0 {
        writeln!(out, "and {left_out} that take less than {}", milliseconds(least))?;
    }
    for note in not_measured(failures) {
        writeln!(out, "{} {note}", colour.paint(NOTE, "note:"))?;
    }
    Ok(())
}

/// A sentence for each reason, in the order in which the reasons came up.
fn not_measured(failures: &[Failure]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for Failure { module, why } in failures {
        let name = format!("`{module}`");
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, modules)) => modules.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let sentence = |(why, mut modules): (&str, Vec<String>)| {
        let verb = if modules.len() == 1 { "was" } else { "were" };
        if modules.len() > LISTED + 1 {
            let more = modules.len() - LISTED;
            modules.splice(LISTED.., [format!("{more} more")]);
        }
        format!("{} {verb} not measured: {why}", modules.join(", "))
    };
    reasons.into_iter().map(sentence).collect()
}

/// What a start imports, the longest first; `from` is the first row that is not the interpreter's own.
pub fn write_tree(profile: &Profile, from: usize, out: &mut dyn Write) -> io::Result<()> {
    let tops: Vec<usize> = (from..profile.rows().len()).filter(|at| profile.rows()[*at].depth == 0).collect();
    let whole: u64 = tops.iter().map(|at| profile.rows()[*at].cumulative_us).sum();
    let least = (whole as f64 * LEAST_SHARE) as u64;
    // Rows still to be written, the next one last.
    let mut waiting: Vec<(usize, usize)> = sorted(profile, tops).into_iter().map(|at| (at, 0)).collect();
    while let Some((at, level)) = waiting.pop() {
        let row = &profile.rows()[at];
        let indent = "  ".repeat(level);
        writeln!(out, "{:>10}  {indent}{}", milliseconds(row.cumulative_us as f64 / 1000.0), row.module)?;
        let (shown, small): (Vec<usize>, Vec<usize>) =
            profile.children(at).into_iter().partition(|child| profile.rows()[*child].cumulative_us >= least);
        if !small.is_empty() && !shown.is_empty() {
            let rest: u64 = small.iter().map(|child| profile.rows()[*child].cumulative_us).sum();
            let all = milliseconds(rest as f64 / 1000.0);
            writeln!(out, "{all:>10}  {indent}  and {} more", small.len())?;
        }
        waiting.extend(sorted(profile, shown).into_iter().map(|child| (child, level + 1)));
    }
    Ok(())
}

/// The longest last.
fn sorted(profile: &Profile, mut rows: Vec<usize>) -> Vec<usize> {
    rows.sort_by_key(|at| profile.rows()[*at].cumulative_us);
    rows
}

/// `212.4ms`
pub fn milliseconds(ms: f64) -> String {
    format!("{ms:.1}ms")
}

/// Millions of bytes, as platforms count their limits.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
