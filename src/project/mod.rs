//! Every file of the project by module name: who reads whose names, also by string, and who imports whom. Built from
//! syntax alone; decides nothing and reads no disk. Where a name is ambiguous every candidate counts, so that an answer
//! "nobody reads it" can be trusted.

mod cycle;
mod finder;
pub mod graph;
mod hints;
mod index;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use smol_str::SmolStr;

use crate::name::ModuleName;
use crate::text::LineColumn;

pub use cycle::Wants;
pub use finder::Finder;
pub use index::{
    By, Edge, Evaluated, Evaluation, FileIndex, HintFacts, ImportTarget, Shape, When, bare, from_module, is_main_guard,
    is_type_checking, module_of_path, targets,
};

/// Index of a file in its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// Its position among the files of the project.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One place where a file names an attribute of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub module: ModuleName,
    pub name: SmolStr,
    pub kind: ReadKind,
    pub place: LineColumn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadKind {
    /// `from module import name`
    FromImport,
    /// `module.name`
    Attribute,
    /// `module.name = x`, `del module.name`
    Store,
    /// `patch("module.name")`, `setattr(module, "name", x)`
    Patched,
    /// A dotted path in any other string.
    String,
}

/// All files, with the questions that a move asks of them.
#[derive(Debug)]
pub struct Project {
    files: Vec<FileIndex>,
    /// Reads by the name read: (file, position in its reads).
    readers: HashMap<SmolStr, Vec<(FileId, u32)>>,
    /// Files by the last component of their module name.
    by_last: HashMap<SmolStr, Vec<FileId>>,
    root_is_package: bool,
    /// Folders with an `__init__.py`.
    packages: BTreeSet<SmolStr>,
    /// Top-level modules imported anywhere.
    roots: BTreeSet<SmolStr>,
    /// Modules that something is imported from anywhere.
    parents: HashSet<SmolStr>,
    /// Modules replaced in `sys.modules`, with a place.
    sys_modules: BTreeMap<SmolStr, (FileId, LineColumn)>,
    /// Calls that evaluate annotations: (file, position in its evaluations).
    evaluations: Vec<(FileId, usize)>,
    /// Files that import a library that evaluates annotations, themselves or through others.
    reach_hint_libraries: BTreeSet<FileId>,
    /// Made when it is first asked for.
    cycles: OnceLock<cycle::Graph>,
}

impl Project {
    /// `files` in the order of their paths, so that answers do not depend on the order of reading.
    pub fn new(files: Vec<FileIndex>) -> Project {
        let mut project = Project {
            files,
            readers: HashMap::new(),
            by_last: HashMap::new(),
            root_is_package: false,
            packages: BTreeSet::new(),
            roots: BTreeSet::new(),
            parents: HashSet::new(),
            sys_modules: BTreeMap::new(),
            evaluations: Vec::new(),
            reach_hint_libraries: BTreeSet::new(),
            cycles: OnceLock::new(),
        };
        for (position, file) in project.files.iter().enumerate() {
            let id = FileId(position as u32);
            project.by_last.entry(SmolStr::new(file.name.last())).or_default().push(id);
            project.root_is_package |= file.path == "__init__.py";
            if file.is_package {
                project.packages.insert(SmolStr::new(file.name.as_str()));
            }
            project.roots.extend(file.roots.iter().cloned());
            let parents = file.imports.iter().filter_map(ModuleName::parent);
            project.parents.extend(parents.map(|parent| SmolStr::new(parent.as_str())));
            for (number, read) in file.reads.iter().enumerate() {
                project.readers.entry(read.name.clone()).or_default().push((id, number as u32));
            }
            for (module, place) in &file.sys_modules {
                project.sys_modules.entry(module.clone()).or_insert((id, *place));
            }
        }
        project.index_hints();
        project
    }

    pub fn file(&self, id: FileId) -> &FileIndex {
        &self.files[id.0 as usize]
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &FileIndex)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }

    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| FileId(at as u32))
    }

    /// Files that an import of `module` may find. A file inside a package is not found by a name that leaves the package
    /// out: `app/json.py` is not `json` where `app/__init__.py` stands.
    pub fn files_of<'p>(&'p self, module: &'p ModuleName) -> impl Iterator<Item = FileId> + 'p {
        let candidates = self.by_last.get(module.last()).map_or(&[][..], Vec::as_slice);
        candidates.iter().copied().filter(move |id| {
            let name = &self.file(*id).name;
            let folder = name.as_str().strip_suffix(module.as_str()).map(|head| head.trim_end_matches('.'));
            // A root inside a package shows by an `__init__.py` of its own.
            let outside = module.as_str().len() > name.as_str().len() && !self.root_is_package;
            name.may_be(module) && !outside && !folder.is_some_and(|folder| self.packages.contains(folder))
        })
    }

    /// The folder from which the file's own package is found, dotted; empty for the project's root.
    pub fn root_of<'f>(&self, file: &'f FileIndex) -> &'f str {
        let parent = |name: &'f str| name.rsplit_once('.').map_or("", |(head, _)| head);
        let name = file.name.as_str();
        let mut folder = if file.is_package { name } else { parent(name) };
        while !folder.is_empty() && self.packages.contains(folder) {
            folder = parent(folder);
        }
        folder
    }

    /// What others call a module that `importer` names by its path from the project's root, as relative imports do:
    /// `app.db` for `src.app.db`. `None` if that is the same.
    pub fn below_root(&self, importer: &FileIndex, module: &ModuleName) -> Option<ModuleName> {
        let root = Some(self.root_of(importer)).filter(|root| !root.is_empty())?;
        ModuleName::new(module.as_str().strip_prefix(root)?.strip_prefix('.')?)
    }

    /// The name by which a module is imported, as far as its path tells: a `src` folder is no part of it.
    pub fn import_name(&self, name: &ModuleName) -> ModuleName {
        let below = name.as_str().strip_prefix("src.").filter(|_| !self.packages.contains("src"));
        below.and_then(ModuleName::new).unwrap_or_else(|| name.clone())
    }

    /// Who reads `name` from the file `of`, in other files or through the module's own name.
    pub fn readers_of<'p>(&'p self, of: FileId, name: &str) -> impl Iterator<Item = (&'p FileIndex, &'p Read)> {
        let home = self.file(of);
        self.reads_named(name).filter(move |(_, read)| read.module.may_be(&home.name))
    }

    /// Who reads, replaces or assigns `module.name`, whether or not the module is part of the project.
    pub fn reads_of<'p>(
        &'p self,
        module: &'p ModuleName,
        name: &str,
    ) -> impl Iterator<Item = (&'p FileIndex, &'p Read)> {
        self.reads_named(name).filter(move |(_, read)| read.module.may_be(module))
    }

    fn reads_named(&self, name: &str) -> impl Iterator<Item = (&FileIndex, &Read)> {
        let places = self.readers.get(name).map_or(&[][..], Vec::as_slice);
        places.iter().map(|(id, number)| {
            let file = self.file(*id);
            (file, &file.reads[*number as usize])
        })
    }

    /// Who star-imports the file `of`.
    pub fn star_importers(&self, of: FileId) -> impl Iterator<Item = (&FileIndex, LineColumn)> {
        let home = &self.file(of).name;
        self.files.iter().flat_map(move |file| {
            file.stars.iter().filter(|(module, _)| module.may_be(home)).map(move |(_, place)| (file, *place))
        })
    }

    /// Where the project replaces `module`, or a package above it, in `sys.modules`.
    pub fn sys_modules_write(&self, module: &ModuleName) -> Option<(&FileIndex, LineColumn)> {
        let (id, place) = self.sys_modules.get(module.as_str()).or_else(|| self.sys_modules.get(module.root()))?;
        Some((self.file(*id), *place))
    }

    /// Where the project asks a class for its subclasses, which exist only once their modules are imported.
    pub fn subclasses_query(&self) -> Option<(&str, LineColumn)> {
        self.files.iter().find_map(|file| file.asks_subclasses.map(|place| (file.path.as_str(), place)))
    }

    /// Where a test replaces a name in a module that it computes, if `name` may be that name.
    pub fn patched_anywhere(&self, name: &str) -> Option<(&FileIndex, LineColumn)> {
        self.files.iter().find_map(|file| file.patched_anywhere.get(name).map(|place| (file, *place)))
    }

    /// Whether some file imports something from `module`, which tells that it is one.
    pub fn imports_below(&self, module: &ModuleName) -> bool {
        self.parents.contains(module.as_str())
    }

    /// Whether any file imports the top-level module `root`.
    pub fn imports_root(&self, root: &str) -> bool {
        self.roots.contains(root)
    }

    /// A file other than `except` that uses the submodule `module` as an attribute without importing it.
    pub fn submodule_user(&self, module: &ModuleName, except: FileId) -> Option<(&FileIndex, &Read)> {
        let parent = module.parent()?;
        let except = &self.file(except).path;
        self.reads_named(module.last()).find(|(file, read)| {
            read.kind == ReadKind::Attribute
                && read.module.may_be(&parent)
                && file.path != *except
                && !file.imports.iter().any(|imported| imported.is_within(module))
        })
    }

    /// The chain of import-time imports from a file of `target` to `home`, if there is one: what a module-level import
    /// of `target` in `home` would close into a cycle.
    pub fn cycle(&self, home: FileId, target: &ModuleName, wants: Wants) -> Option<Vec<cycle::Step>> {
        cycle::find(self, home, target, wants)
    }
}
