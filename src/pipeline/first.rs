//! The first pass over a file: parse it, see what the rest of the project must know of it, and keep its tree only if the
//! second pass needs it. Decides nothing about imports.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use smol_str::SmolStr;

use super::Input;
use super::second::opted_out;
use crate::config;
use crate::name::ModuleName;
use crate::outcome::Problem;
use crate::policy::{Place, Reason};
use crate::project::{self, FileIndex, ReadKind, Surroundings};
use crate::python::{self, Module};
use crate::text::LineIndex;

/// A file after the first pass.
pub(super) struct Read {
    pub(super) index: Option<FileIndex>,
    pub(super) tree: Result<Tree, Problem>,
}

/// What the second pass has of a file.
pub(super) enum Tree {
    /// Nothing of it can change.
    Unwanted,
    Kept(Box<Module>),
    /// It did not fit in the room for trees, and is parsed once more.
    Dropped,
}

/// Room for trees between the passes, in bytes of source. A tree takes about thirty times its source, so that this is
/// half of what a run may take in all; what does not fit is parsed twice.
pub(super) const ROOM: usize = 8 * 1024 * 1024;

/// The first pass over one file. `room` is what is left for trees.
pub(super) fn read(file: &Input, known: &HashSet<SmolStr>, room: &AtomicUsize) -> Read {
    let module = match python::parse(file.text.clone()) {
        Ok(module) => module,
        Err(faults) => return Read { index: None, tree: Err(problem(file, &faults)) },
    };
    let is_writable = file.selected && file.rewritable && !opted_out(&module);
    let line_length = file.config.line_length;
    let around = Surroundings { modules: known, is_writable, line_length, is_cold: &|name| may_sink(file, name) };
    let index = FileIndex::new(&file.path, &module, &around);
    let wanted = file.selected && file.rewritable && index.as_ref().is_some_and(|index| concerns(file, index));
    let takes = |left: usize| left.checked_sub(file.text.len());
    let tree = match wanted {
        false => Tree::Unwanted,
        true if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_ok() => Tree::Kept(Box::new(module)),
        true => Tree::Dropped,
    };
    Read { index, tree: Ok(tree) }
}

impl Tree {
    /// The module for the second pass, parsed again if it was dropped.
    pub(super) fn module(self, file: &Input) -> Result<Option<Module>, Problem> {
        match self {
            Tree::Unwanted => Ok(None),
            Tree::Kept(module) => Ok(Some(*module)),
            Tree::Dropped => python::parse(file.text.clone()).map(Some).map_err(|faults| problem(file, &faults)),
        }
    }
}

/// Whether module-level imports of the module may be gone after this run. What loads something heavy may prove so only
/// when all files are known.
fn may_sink(file: &Input, name: &ModuleName) -> bool {
    file.config.lookup(name).is_some_and(|(key, _)| {
        let verdict = file.config.verdict(key);
        verdict.place == Place::Function || verdict.reason == Reason::Unmeasured
    })
}

/// Whether the file imports a configured module, so that there may be something to do.
fn concerns(file: &Input, index: &FileIndex) -> bool {
    index.imports.iter().any(|module| {
        // A name by a path that begins above the package may be configured without what stands above.
        let mut name = Some(module.as_str());
        std::iter::from_fn(|| {
            let this = name?;
            name = this.split_once('.').map(|(_, rest)| rest);
            ModuleName::new(this)
        })
        .any(|module| file.config.lookup(&module).is_some())
    })
}

/// What packaging settings read of modules.
pub(super) fn entry_points(settings: &[(String, String)]) -> Vec<(String, project::Read)> {
    let read = |path: &String, text: &String| {
        let entries = config::entry_points::read(path, text).into_iter();
        let reads = entries.map(|entry| project::Read {
            module: entry.module,
            name: SmolStr::new(entry.name),
            kind: ReadKind::String,
            place: entry.place,
        });
        reads.map(|read| (path.clone(), read)).collect::<Vec<_>>()
    };
    settings.iter().flat_map(|(path, text)| read(path, text)).collect()
}

fn problem(file: &Input, faults: &[python::Fault]) -> Problem {
    let first = faults.first();
    Problem {
        path: file.path.clone(),
        place: first.map(|fault| LineIndex::new(&file.text).line_column(&file.text, fault.span.start())),
        code: first.map_or("parse-error", |fault| fault.kind.code()),
        message: first.map(ToString::to_string).unwrap_or_default(),
    }
}

/// Top-level names that isort would take for first-party: folders and files of the root and of `src`.
pub(super) fn first_party(files: &[Input]) -> BTreeSet<SmolStr> {
    let mut names = BTreeSet::new();
    for file in files {
        for path in [Some(file.path.as_str()), file.path.strip_prefix("src/")].into_iter().flatten() {
            let name = match path.split_once('/') {
                Some((folder, _)) => Some(folder),
                None => path.strip_suffix(".py"),
            };
            names.extend(name.map(SmolStr::new));
        }
    }
    names
}
