//! What logs say of the use of modules: a table, the figures for the policy, and what could not be counted.

use std::io::{self, Write};

use super::style::{BOLD, Colour, NOTE};
use crate::evidence::usage::{Notes, Usage};
use crate::policy::number;

/// One line for each module, the most used first, and a line on all requests.
pub fn write(usage: &Usage, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let width = usage.modules.iter().map(|(name, _)| name.as_str().len()).max().unwrap_or(0).max("module".len());
    if !usage.modules.is_empty() {
        writeln!(out, "{}", colour.paint(BOLD, format!("{:<width$}  {:>12}  {:>8}", "module", "requests", "usage")))?;
    }
    for (module, used) in &usage.modules {
        writeln!(out, "{:<width$}  {used:>12}  {:>8}", module.as_str(), percent(usage.percent(*used)))?;
    }
    let cold = percent(usage.cold_start_percent());
    write!(out, "{}, {cold} of them cold starts", counted(usage.requests, "request"))?;
    match (usage.window, usage.daily_requests()) {
        (Some((first, last)), Some(daily)) => {
            writeln!(out, ", from {} to {}: {} a day", minute(first), minute(last), number(daily))
        }
        (Some((first, last)), None) => {
            writeln!(out, ", from {} to {}: too short to say how many a day", minute(first), minute(last))
        }
        (None, _) => writeln!(out, "; the log tells no times, so not how many a day"),
    }
}

/// What was seen besides, for those who doubt the figures.
pub fn notes(notes: &Notes, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let mut note = |text: String| writeln!(out, "{} {text}", colour.paint(NOTE, "note:"));
    if notes.unreadable > 0 {
        note(format!("could not read {} of {}:", counted(notes.unreadable, "line"), notes.lines))?;
        for (place, text) in &notes.samples {
            note(format!("  {place}: {text}"))?;
        }
    }
    if notes.unattributed > 0 {
        note(format!("left out {} of a use that belong to no request", counted(notes.unattributed, "line")))?;
    }
    if notes.unreported > 0 {
        note(format!("left out {} without a report in the log", counted(notes.unreported, "request")))?;
    }
    if notes.repeated > 0 {
        note(format!("left out {} that had been read before", counted(notes.repeated, "report")))?;
    }
    for module in &notes.silent {
        note(format!(
            "`{module}` is tracked and has no line: if it was tracked all the time, in all functions that use it, nothing \
             used it (`usage-percent = 0`)"
        ))?;
    }
    if notes.failed_inits > 0 {
        note(format!("{} could not be started, or not in time", counted(notes.failed_inits, "process")))?;
    }
    Ok(())
}

/// `1 line`, `2 lines`
fn counted(count: u64, what: &str) -> String {
    let ending = match what {
        _ if count == 1 => "",
        what if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {what}{ending}")
}

/// With as many decimals as small shares need.
fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.1 { format!("{value:.2} %") } else { format!("{value:.1} %") }
}

/// `2026-11-24 09:30Z`
fn minute(time: jiff::Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d %H:%MZ")
}
