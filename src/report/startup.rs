//! What the moves bring at start, for people: the time of each entry, what stays on it and through which imports, and with
//! `--plan` what would take it off.

use std::io::{self, Write};

use super::style::{BOLD, CODE, Colour, FRAME, HELP, NOTE};
use crate::name::ModuleName;
use crate::outcome::{ChainLink, EntryTime, Kept, Pinned, Startup, Stays, Way, Why};
use crate::policy::number;

/// Entries that are shown, and modules of each; the rest is counted.
const SHOWN: usize = 10;

/// Modules at either end of a long chain that are shown.
const ENDS: usize = 4;

/// Names that are listed in a sentence; the rest is counted.
const LISTED: usize = 5;

/// The section on start-up; nothing if no entry has something to say.
pub fn write(startup: &Startup, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<&EntryTime> = startup.entries.iter().filter(|entry| entry.is_of_interest()).collect();
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", colour.paint(BOLD, "Import time at start"))?;
    for entry in entries.iter().take(SHOWN) {
        let times = if entry.before_ms == entry.after_ms {
            ms(entry.before_ms)
        } else {
            let change = entry.after_ms - entry.before_ms;
            let sign = if change > 0.0 { "+" } else { "-" };
            format!("{} -> {} ({sign}{})", ms(entry.before_ms), ms(entry.after_ms), ms(change.abs()))
        };
        writeln!(out, "  {}: {times}", colour.paint(BOLD, &entry.module))?;
        let mut told = told(entry);
        for stays in told.by_ref().take(SHOWN) {
            self::stays(stays, colour, out)?;
        }
        match told.count() {
            0 => {}
            more => writeln!(out, "    {more} more stay")?,
        }
        if !entry.unmeasured.is_empty() {
            writeln!(out, "    not counted, since nobody measured it: {}", list(&entry.unmeasured))?;
        }
    }
    if entries.len() > SHOWN {
        writeln!(out, "  and {} more: name yours in `entries`", entries.len() - SHOWN)?;
    }
    if !startup.separate.is_empty() {
        let names = list(&startup.separate);
        writeln!(out, "  counted separately, so times are upper bounds: {names} (say what each `loads`)")?;
    }
    writeln!(out)
}

/// The imports that would take each module off each start.
pub fn plan(startup: &Startup, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    for entry in startup.entries.iter().take(SHOWN) {
        for stays in told(entry) {
            match &stays.way {
                Some(Way::Imports(imports)) => way(entry, stays, imports, colour, out)?,
                Some(Way::Blocked { chain, by }) => blocked(entry, stays, chain, by, colour, out)?,
                None => {}
            }
        }
    }
    Ok(())
}

/// What stays, without the modules that only the import of another loads: they go with that.
fn told(entry: &EntryTime) -> impl Iterator<Item = &Stays> {
    let is_another = |module: &ModuleName| entry.stays.iter().any(|other| other.module == *module);
    entry.stays.iter().filter(move |stays| match stays.chain.as_slice() {
        [.., loader, _] => loader.import.is_some() || !is_another(&loader.module),
        _ => true,
    })
}

fn stays(stays: &Stays, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let why = stays.kept.as_ref().map_or(String::new(), |kept| format!(" {}", colour.paint(NOTE, label(kept))));
    writeln!(out, "    {} stays{why}: {}", name(stays), chain(&stays.chain))
}

fn way(entry: &EntryTime, stays: &Stays, imports: &[Pinned], colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let module = colour.paint(CODE, name(stays));
    writeln!(out, "To take {module} off the start of {}, move", colour.paint(BOLD, &entry.module))?;
    for import in imports {
        writeln!(out, "  {}:{}  {}", import.path, import.place.line, import.statement)?;
    }
    let mut modules: Vec<&ModuleName> = imports.iter().map(|import| &import.module).collect();
    modules.sort();
    modules.dedup();
    writeln!(out, "{} write in the configuration, and `hotcold fix` moves them:", colour.paint(HELP, "help:"))?;
    for module in modules {
        writeln!(out, "\n  [modules.{}]\n  pin = \"function\"", key(module))?;
    }
    writeln!(out)
}

fn blocked(
    entry: &EntryTime,
    stays: &Stays,
    links: &[ChainLink],
    by: &[Kept],
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    let module = colour.paint(CODE, name(stays));
    let entry = colour.paint(BOLD, &entry.module);
    writeln!(out, "Nothing takes {module} off the start of {entry}: {}", chain(links))?;
    for kept in by {
        writeln!(out, "  {} {}:{}: {}", colour.paint(FRAME, "-->"), kept.path, kept.place, why(kept))?;
    }
    writeln!(out)
}

fn name(stays: &Stays) -> String {
    let time = stays.import_ms.map_or(String::new(), |import_ms| format!(" ({})", ms(import_ms)));
    format!("`{}`{time}", stays.module)
}

/// `app.handler:1 -> app.reports:3 -> pandas`
fn chain(links: &[ChainLink]) -> String {
    let link = |link: &ChainLink| match &link.import {
        Some((_, place)) => format!("{}:{}", link.module, place.line),
        None => link.module.to_string(),
    };
    let mut shown: Vec<String> = links.iter().map(link).collect();
    if shown.len() > ENDS * 2 + 1 {
        let left_out = shown.len() - ENDS * 2;
        shown.splice(ENDS..shown.len() - ENDS, [format!("{left_out} more")]);
    }
    shown.join(" -> ")
}

/// Why an import stays, in a word or two.
fn label(kept: &Kept) -> String {
    match &kept.why {
        Why::Refused(code) => format!("[{}]", code.name()),
        other => format!("({})", sentence(other)),
    }
}

fn why(kept: &Kept) -> String {
    match &kept.why {
        Why::Refused(code) => format!("{}: {}", code.name(), code.summary()),
        other => sentence(other),
    }
}

/// As reports in other forms say it, too.
pub(super) fn sentence(why: &Why) -> String {
    match why {
        Why::Refused(code) => code.summary().to_owned(),
        Why::Comment => "kept by a comment".to_owned(),
        Why::Hot(module) => format!("`{module}` belongs at module level"),
        Why::InFunction => "in a function that runs at import".to_owned(),
        Why::ByName => "imported by name, not by a statement".to_owned(),
        Why::NotInRun => "this run does not look at it".to_owned(),
        Why::NotCold(module) => format!("nothing says that `{module}` is cold"),
    }
}

fn ms(value: f64) -> String {
    format!("{}ms", number(value))
}

fn list(modules: &[ModuleName]) -> String {
    let mut shown: Vec<String> = modules.iter().take(LISTED).map(|module| format!("`{module}`")).collect();
    if modules.len() > LISTED {
        shown.push(format!("{} more", modules.len() - LISTED));
    }
    shown.join(", ")
}

/// A module name as a key of `[modules]`.
fn key(module: &ModuleName) -> String {
    if module.as_str().contains('.') { format!("\"{module}\"") } else { module.to_string() }
}
