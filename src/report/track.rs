//! What `track` did, for people.

use std::io::{self, Write};

use super::style::{BOLD, Colour, NOTE};
use crate::track::{Aim, Change, Outcome, Refusal};

/// What gets no usage logging, and why, one line each.
pub fn refusals(refusals: &[(String, Refusal)], colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    for (path, Refusal { code, place, message }) in refusals {
        let word = colour.paint(NOTE, format!("note[{code}]"));
        let place = place.map_or(String::new(), |place| format!(":{place}"));
        writeln!(out, "{}{place}: {word} {message}", colour.paint(BOLD, path))?;
    }
    Ok(())
}

/// The last line.
pub fn summary(outcome: &Outcome, aim: Aim, is_diff: bool) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let files = count(outcome.files.len(), "file");
    let changed = match is_diff {
        true => format!("Would change {files}"),
        false => format!("Changed {files}"),
    };
    let paths = |change: Change| -> Vec<&str> {
        outcome.helpers.iter().filter(|helper| helper.change == change).map(|helper| helper.path.as_str()).collect()
    };
    let (created, deleted) = (paths(Change::Create), paths(Change::Delete));
    let mut parts = vec![if outcome.files.is_empty() { "Nothing to change".to_owned() } else { changed }];
    if !created.is_empty() {
        parts.push(format!("new: {}", created.join(", ")));
    }
    if !deleted.is_empty() {
        parts.push(format!("deleted: {}", deleted.join(", ")));
    }
    let held = match aim {
        Aim::Add => {
            let modules = count(outcome.modules.len(), "module");
            format!(" ({} that log the usage of {modules})", count(outcome.calls, "call"))
        }
        Aim::Remove => String::new(),
    };
    format!("{}{held}.", parts.join("; "))
}
