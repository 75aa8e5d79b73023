//! The texts of a project's files. Where no file names a configured module, none is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hotcold::outcome::Problem;
use hotcold::pipeline::{Input, Outlook};
use hotcold::source::{self, Entry, Kind};
use rayon::prelude::*;

use super::Stdin;

/// A file that was read; `None` if it is only read for others, and cannot be.
pub type Text = Result<Option<Input>, Problem>;

/// Reads files, each as `read` does. As long as none of them can matter, their texts are dropped: memory that was never
/// touched costs nothing, and a text that is needed after all is quickly read again.
pub fn all(entries: &[Entry], outlook: &Outlook, read: impl Fn(&Entry) -> Text + Sync) -> Vec<Text> {
    let matters = AtomicBool::new(false);
    let first = |entry: &Entry| {
        let mut text = read(entry);
        if let Ok(Some(file)) = &mut text
            && !matters.load(Ordering::Relaxed)
        {
            if outlook.may_matter(file) {
                matters.store(true, Ordering::Relaxed);
            } else {
                file.text = String::new();
            }
        }
        text
    };
    let mut texts: Vec<Text> = entries.par_iter().map(first).collect();
    if matters.into_inner() {
        let is_dropped = |text: &Text| matches!(text, Ok(Some(file)) if file.text.is_empty());
        let dropped = entries.par_iter().zip(&mut texts).filter(|(_, text)| is_dropped(text));
        dropped.for_each(|(entry, text)| *text = read(entry));
    }
    texts
}

/// A file as the analysis takes it, which the user knows as `shown`. Files that are only read for others are read as well
/// as they can be.
pub fn one(entry: &Entry, stdin: Option<&Stdin>, shown: &str) -> Text {
    let is_writable = entry.kind == Kind::Rewritable;
    let text = match stdin {
        Some(stdin) if stdin.path == entry.path => Some(stdin.text.clone()),
        _ if entry.selected && is_writable => Some(source::read(&entry.path, shown)?),
        _ => source::read_leniently(&entry.path),
    };
    Ok(text.map(|text| Input {
        path: entry.relative.clone(),
        selected: entry.selected,
        rewritable: is_writable && source::why_read_only(&text).is_none(),
        text,
        config: Arc::clone(&entry.config),
    }))
}
