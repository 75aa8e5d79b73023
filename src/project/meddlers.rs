//! Files that do something to the process which decides how a later import ends: hooks of the import system, privileges
//! and the file system, `sys.path`. Finds them for each question; decides nothing.

use std::sync::OnceLock;

use super::{FileId, FileIndex, Project, Window};
use crate::text::LineColumn;
use rustc_hash::FxHashMap as HashMap;

/// Files by what they do, in their order.
#[derive(Debug, Default)]
pub(super) struct Meddlers {
    hooks: Vec<FileId>,
    sandbox: Option<FileId>,
    path_change: Option<(FileId, LineColumn)>,
    losses: Vec<(FileId, LineColumn)>,
    windows: Vec<FileId>,
    /// For each file the first window that loads it, once somebody asked: (file with the window, its position there).
    loaded: OnceLock<HashMap<FileId, (FileId, usize)>>,
}

impl Meddlers {
    pub(super) fn add(&mut self, id: FileId, file: &FileIndex) {
        let process = &file.process;
        if process.import_hook.is_some() || !process.instrumented.is_empty() {
            self.hooks.push(id);
        }
        if process.sandbox.is_some() {
            self.sandbox.get_or_insert(id);
        }
        if let Some(place) = process.path_change.or(process.path_loss) {
            self.path_change.get_or_insert((id, place));
        }
        self.losses.extend(process.path_loss.map(|place| (id, place)));
        if !process.windows.is_empty() {
            self.windows.push(id);
        }
    }
}

impl Project {
    /// Files that change how modules are found or loaded.
    pub fn import_hooks(&self) -> impl Iterator<Item = &FileIndex> {
        self.meddlers.hooks.iter().map(|id| self.file(*id))
    }

    /// The first file that takes privileges, or the file system, away from the process.
    pub fn sandbox(&self) -> Option<&FileIndex> {
        self.meddlers.sandbox.map(|id| self.file(id))
    }

    /// The first change of `sys.path`.
    pub fn path_change(&self) -> Option<(&FileIndex, LineColumn)> {
        self.meddlers.path_change.map(|(id, place)| (self.file(id), place))
    }

    /// Where entries leave `sys.path` that the file has not put there.
    pub fn path_losses(&self) -> impl Iterator<Item = (FileId, LineColumn)> {
        self.meddlers.losses.iter().copied()
    }

    /// The first module that loads `file` and is imported while an entry stands in `sys.path` that is taken away again.
    pub fn window_on(&self, file: FileId) -> Option<(FileId, &Window)> {
        let loaded = self.meddlers.loaded.get_or_init(|| {
            let mut loaded = HashMap::default();
            for id in &self.meddlers.windows {
                for (number, window) in self.file(*id).process.windows.iter().enumerate() {
                    for file in self.loads(std::slice::from_ref(&window.module)) {
                        loaded.entry(file).or_insert((*id, number));
                    }
                }
            }
            loaded
        });
        let (id, number) = loaded.get(&file)?;
        Some((*id, &self.file(*id).process.windows[*number]))
    }
}
