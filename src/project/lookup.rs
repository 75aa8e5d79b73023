//! Whose names are read by whom: the file that a dotted name means, also through second names, and everybody who reads,
//! replaces or hands on what it has.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::index::hash;
use super::{FileId, FileIndex, Project, Read, ReadKind, Scan};
use crate::name::ModuleName;
use crate::sort::stdlib;
use crate::text::LineColumn;

/// Somebody who names an attribute of a module.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'p> {
    pub path: &'p str,
    /// `None` for a file that is no Python.
    pub file: Option<&'p FileIndex>,
    pub read: &'p Read,
}

/// A name is followed through so many second names at most.
pub(super) const MOST_NAMES: usize = 32;

impl Project {
    /// Who reads `name` from the file `of`, in other files or through the module's own name.
    pub fn readers_of<'p>(&'p self, of: FileId, name: &str) -> impl Iterator<Item = Reader<'p>> {
        self.reads_named(name, &self.file(of).name).filter(move |reader| self.means(&reader.read.module, of))
    }

    /// Who reads, replaces or assigns `module.name`, whether or not the module is part of the project.
    pub fn reads_of<'p>(&'p self, module: &'p ModuleName, name: &str) -> impl Iterator<Item = Reader<'p>> {
        let homes: BTreeSet<FileId> = self.files_of(module).collect();
        self.reads_named(name, module).filter(move |reader| {
            let read = &reader.read.module;
            let others = self.second_names.get(read).map_or(&[][..], Vec::as_slice);
            std::iter::once(read).chain(others).any(|name| name.may_be(module))
                || homes.iter().any(|home| self.means(read, *home))
        })
    }

    /// Every read of `name` of what may be `module`, and few others, in the order of the files.
    fn reads_named(&self, name: &str, module: &ModuleName) -> impl Iterator<Item = Reader<'_>> {
        let told = self.readers.get(name).into_iter().flat_map(|readers| readers.akin_to(module));
        let mut places: Vec<(FileId, u32)> = told.collect();
        if let Some(vague) = self.vague_readers.get(name) {
            places.extend(vague);
            places.sort_unstable();
            places.dedup();
        }
        let elsewhere = self.named_elsewhere.iter().filter(move |(_, read)| read.name == name);
        let elsewhere = elsewhere.map(|(path, read)| Reader { path, file: None, read });
        // Collected, for the name need not live as long as the project.
        let elsewhere: Vec<Reader<'_>> = elsewhere.collect();
        let here = places.into_iter().map(|(id, number)| {
            let file = self.file(id);
            Reader { path: &file.path, file: Some(file), read: &file.reads[number as usize] }
        });
        here.chain(elsewhere)
    }

    /// Needs the second names.
    pub(super) fn index_readers(&mut self) {
        for (position, file) in self.files.iter().enumerate() {
            for (number, read) in file.reads.iter().enumerate() {
                let id = (FileId(position as u32), number as u32);
                let others = self.second_names.get(&read.module).map_or(&[][..], Vec::as_slice);
                for module in std::iter::once(&read.module).chain(others) {
                    if module.as_str().ends_with('*') {
                        self.vague_readers.entry(read.name.clone()).or_default().push(id);
                    } else {
                        self.readers.entry(read.name.clone()).or_default().add(module, id);
                    }
                }
            }
        }
    }

    /// Whether `module`, as somebody spells it, may be the file `home`.
    pub fn means(&self, module: &ModuleName, home: FileId) -> bool {
        let others = self.second_names.get(module).map_or(&[][..], Vec::as_slice);
        std::iter::once(module).chain(others).any(|name| self.may_find(name, home))
    }

    fn may_find(&self, module: &ModuleName, home: FileId) -> bool {
        let name = &self.file(home).name;
        if let Some(prefix) = module.as_str().strip_suffix('*') {
            return suffixes(name.as_str()).any(|suffix| suffix.starts_with(prefix));
        }
        let folder = name.as_str().strip_suffix(module.as_str()).and_then(|head| head.strip_suffix('.'));
        // Inside a package, the standard library's name means the standard library.
        let shadowed =
            folder.is_some_and(|folder| self.packages.contains_key(folder)) && stdlib::is_stdlib(module.root());
        name.may_be(module) && !shadowed
    }

    /// The files that `module` may be, however it is spelled.
    pub(super) fn homes(&self, module: &ModuleName) -> Vec<FileId> {
        if module.as_str() == "*" {
            return Vec::new();
        }
        if let Some(prefix) = module.as_str().strip_suffix('*') {
            let spellings = self.spellings.get_or_init(|| self.all_spellings());
            let first = spellings.partition_point(|(name, _)| name.as_str() < prefix);
            let found = spellings[first..].iter().take_while(|(name, _)| name.starts_with(prefix));
            let found: BTreeSet<FileId> = found.map(|(_, id)| *id).collect();
            return found.into_iter().collect();
        }
        let others = self.second_names.get(module).map_or(&[][..], Vec::as_slice);
        let names = std::iter::once(module).chain(others);
        let found: BTreeSet<FileId> = names
            .flat_map(|name| self.by_name.akin_to(name).map(move |id| (name, id)))
            .filter(|(name, id)| self.may_find(name, *id))
            .map(|(_, id)| id)
            .collect();
        found.into_iter().collect()
    }

    fn all_spellings(&self) -> Vec<(SmolStr, FileId)> {
        let spelled = |(id, file): (FileId, &FileIndex)| {
            suffixes(file.name.as_str()).map(|name| (SmolStr::new(name), id)).collect::<Vec<_>>()
        };
        let mut spellings: Vec<(SmolStr, FileId)> = self.files().flat_map(spelled).collect();
        spellings.sort_unstable();
        spellings
    }

    /// What `module` also is, through names that other modules have for it: `app.h` is `app.handler` where
    /// `app/__init__.py` says `from . import handler as h`. `None` if it is nothing else.
    pub(super) fn names_behind(&self, module: &ModuleName) -> Option<Vec<ModuleName>> {
        let mut found: Vec<ModuleName> = Vec::new();
        let mut at = 0;
        let mut current = module.clone();
        loop {
            let parts: Vec<&str> = current.as_str().split('.').collect();
            for end in 1..parts.len() {
                let Some(package) = ModuleName::new(&parts[..end].join(".")) else { continue };
                for id in self.files_of(&package) {
                    for target in self.file(id).bound_to(parts[end]) {
                        let whole = parts[end + 1..].iter().fold(target.clone(), |module, part| module.join(part));
                        let own = self.file(id).name.join(parts[end]);
                        let is_new =
                            whole != *module && !found.contains(&whole) && !(end + 1 == parts.len() && whole == own);
                        if is_new && found.len() < MOST_NAMES {
                            found.push(whole);
                        }
                    }
                }
            }
            match found.get(at) {
                Some(next) => current = next.clone(),
                None => break,
            }
            at += 1;
        }
        (!found.is_empty()).then_some(found)
    }

    /// Whether `new` is the path of what `old` leads to by way of a name that a module of the project has by import.
    pub fn are_same(&self, old: &str, new: &str) -> bool {
        let parts: Vec<&str> = old.split('.').collect();
        (1..parts.len()).any(|end| {
            let Some(home) = ModuleName::new(&parts[..end].join(".")) else { return false };
            let Some(id) = self.sure(&home) else { return false };
            let file = self.file(id);
            let prefix = file.name.as_str().strip_suffix(home.as_str()).unwrap_or_default();
            file.bound_to(parts[end]).any(|target| {
                let whole = parts[end + 1..].iter().fold(target.clone(), |module, part| module.join(part));
                // A relative import is known by the file's path, and loaded by a shorter name.
                whole.as_str() == new || whole.as_str().strip_prefix(prefix) == Some(new)
            })
        })
    }

    /// Who takes the module of the file `of` as a whole, or hands it on.
    pub fn scans_of(&self, of: FileId) -> impl Iterator<Item = (&FileIndex, &Scan)> {
        self.scans.get(&of).into_iter().flatten().map(|(id, number)| {
            let file = self.file(*id);
            (file, &file.scans[*number as usize])
        })
    }

    /// Whether an attribute of that name is read of anything that cannot be told.
    pub fn is_read_loosely(&self, name: &str) -> bool {
        self.loose.contains(&hash(name))
    }

    /// Whether some string is this name, or has it beside others.
    pub fn is_quoted(&self, name: &str) -> bool {
        self.quoted.contains(&hash(name))
    }

    /// Who star-imports the file `of`.
    pub fn star_importers(&self, of: FileId) -> impl Iterator<Item = (&FileIndex, LineColumn)> {
        self.stars.get(&of).into_iter().flatten().map(|(id, place)| (self.file(*id), *place))
    }

    /// Whether the name leads elsewhere as well, through a name that another module has.
    pub fn has_second_name(&self, module: &ModuleName) -> bool {
        self.names_behind(module).is_some()
    }

    /// The files other than `except` that use the submodule `module` without importing it.
    pub fn submodule_users(&self, module: &ModuleName, except: FileId) -> Vec<(FileId, LineColumn)> {
        let names: Vec<ModuleName> = self.files_of(module).map(|id| self.file(id).name.clone()).collect();
        let spellings: BTreeSet<u32> = names.iter().chain([module]).flat_map(spellings).collect();
        let users = spellings.iter().filter_map(|number| self.needs.get(number)).flatten();
        let mut users: Vec<(FileId, LineColumn)> = users.filter(|(id, _)| *id != except).copied().collect();
        users.sort_unstable();
        users.dedup_by_key(|(id, _)| *id);
        users
    }
}

/// The hashes of a dotted name by which a file may spell it: leading folders may be left out.
pub(super) fn spellings(module: &ModuleName) -> Vec<u32> {
    suffixes(module.as_str()).filter(|name| name.contains('.')).map(hash).collect()
}

/// `a.b.c`, `b.c`, `c`
pub(super) fn suffixes(dotted: &str) -> impl Iterator<Item = &str> {
    let starts = std::iter::once(0).chain(dotted.match_indices('.').map(|(at, _)| at + 1));
    starts.map(move |at| &dotted[at..])
}

impl ReadKind {
    /// Whether the name itself gets another value.
    pub fn replaces(self) -> bool {
        matches!(self, ReadKind::Store | ReadKind::Patched)
    }
}
