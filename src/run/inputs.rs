//! The texts of a project's files. Where no file names a configured module, none is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hotcold::outcome::Problem;
use hotcold::pipeline::{Input, Outlook};
use hotcold::source::{self, Entry, Kind};
use rayon::prelude::*;

use super::Stdin;

/// A file that was read, as far as it could be.
pub struct Text {
    /// `None` if nothing of it can be read.
    pub file: Option<Input>,
    /// Why it cannot be rewritten, if the user asked for it.
    pub problem: Option<Problem>,
}

/// Reads files, each as `read` does. As long as none of them can matter, their texts are dropped: memory that was never
/// touched costs nothing, and a text that is needed after all is quickly read again.
pub fn all(entries: &[Entry], outlook: &Outlook, read: impl Fn(&Entry) -> Text + Sync) -> Vec<Text> {
    let matters = AtomicBool::new(false);
    let first = |entry: &Entry| {
        let mut text = read(entry);
        if let Some(file) = &mut text.file
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
        let is_dropped = |text: &Text| text.file.as_ref().is_some_and(|file| file.text.is_empty());
        let dropped = entries.par_iter().zip(&mut texts).filter(|(_, text)| is_dropped(text));
        dropped.for_each(|(entry, text)| *text = read(entry));
    }
    texts
}

/// A file as the analysis takes it, which the user knows as `shown`. Files that are only read for others are read as well
/// as they can be, and so are those that cannot be rewritten: what they read of others, nobody may take away.
pub fn one(entry: &Entry, stdin: Option<&Stdin>, shown: &str) -> Text {
    let is_writable = entry.kind == Kind::Rewritable;
    let (text, problem) = match stdin {
        Some(stdin) if stdin.path == entry.path => (Some(stdin.text.clone()), None),
        _ if entry.selected && is_writable => match source::read(&entry.path, shown) {
            Ok(text) => (Some(text), None),
            Err(problem) => (source::read_leniently(&entry.path), Some(problem)),
        },
        _ => (source::read_leniently(&entry.path), None),
    };
    let file = text.map(|text| Input {
        path: entry.relative.clone(),
        selected: entry.selected && problem.is_none(),
        rewritable: is_writable && problem.is_none() && source::why_read_only(&text).is_none(),
        text,
        config: Arc::clone(&entry.config),
    });
    Text { file, problem }
}
