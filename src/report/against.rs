//! Two starts of one entry beside each other: measured, and as the evidence predicts them.

use std::io::{self, Write};

use super::measure::milliseconds;
use super::style::{BOLD, Colour, NOTE};
use crate::measure::Compared;
use crate::name::ModuleName;

/// What is known of two starts.
#[derive(Debug)]
pub struct Against<'a> {
    pub entry: &'a ModuleName,
    /// `HEAD~1 (695e704f1a)`
    pub revision: String,
    /// `3.11.7`
    pub python: &'a str,
    pub measured: &'a Compared,
    pub predicted: Predicted,
    /// Loaded modules whose time nobody measured.
    pub unmeasured: Vec<ModuleName>,
    /// Modules of which nobody knows what they load.
    pub separate: Vec<ModuleName>,
    /// Paths at which the revision has the files of other repositories.
    pub submodules: &'a [String],
}

/// What the evidence says that the starts take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Predicted {
    Times {
        before_ms: f64,
        after_ms: f64,
    },
    /// No module that they load has evidence.
    NoEvidence,
    /// The configuration leaves the entry out, or it cannot be read.
    NoEntry,
}

/// The table of both starts, their ratio, and what to know about the numbers.
pub fn write(against: &Against<'_>, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let Against { entry, revision, measured, python, .. } = against;
    let heading = format!("start of {entry}");
    let width = [&heading, revision, "working tree"].iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let times = match against.predicted {
        Predicted::Times { before_ms, after_ms } => [before_ms, after_ms, before_ms - after_ms].map(milliseconds),
        _ => ["?"; 3].map(str::to_owned),
    };
    let head = format!("{heading:<width$}  {:>9}  {:>7}  {:>9}", "measured", "spread", "predicted");
    writeln!(out, "{}", colour.paint(BOLD, head))?;
    let rows = [
        (revision.as_str(), measured.before.median(), milliseconds(measured.before.spread())),
        ("working tree", measured.after.median(), milliseconds(measured.after.spread())),
        ("saved", measured.saved(), String::new()),
    ];
    for ((name, ms, spread), predicted) in rows.into_iter().zip(times) {
        writeln!(out, "{name:<width$}  {:>9}  {spread:>7}  {predicted:>9}", milliseconds(ms))?;
    }
    let (low, high) = measured.ratios.quartiles();
    let ratio = colour.paint(BOLD, format!("ratio {:.2}", measured.ratio()));
    let pairs = measured.ratios.runs();
    writeln!(out, "\n{ratio} ({low:.2} to {high:.2} in the middle half of {pairs} pairs, Python {python})")?;
    for note in notes(against) {
        writeln!(out, "{} {note}", colour.paint(NOTE, "note:"))?;
    }
    Ok(())
}

fn notes(against: &Against<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if !against.measured.is_clear() {
        notes.push("these runs show no difference: more of them (`--runs`) may".to_owned());
    }
    match against.predicted {
        Predicted::Times { .. } => {}
        Predicted::NoEvidence => notes.push(
            "nothing is predicted, since nothing is known of the modules that the start loads: `hotcold measure` \
             measures them"
                .to_owned(),
        ),
        Predicted::NoEntry => {
            notes.push(format!("nothing is predicted: `{}` is left out by the configuration", against.entry));
        }
    }
    let names =
        |modules: &[ModuleName]| modules.iter().map(|module| format!("`{module}`")).collect::<Vec<_>>().join(", ");
    if !against.unmeasured.is_empty() {
        notes.push(format!("not predicted, since nobody measured it: {}", names(&against.unmeasured)));
    }
    if !against.separate.is_empty() && matches!(against.predicted, Predicted::Times { .. }) {
        let separate = names(&against.separate);
        notes.push(format!(
            "what these share is predicted more than once, since nobody said what they load: {separate}"
        ));
    }
    if !against.submodules.is_empty() {
        let paths = against.submodules.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        notes.push(format!("the files of submodules are missing at {}: {paths}", against.revision));
    }
    notes
}
