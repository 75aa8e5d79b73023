//! Every file of the project by module name: who reads whose names, also by string, and who imports whom. Built from
//! syntax alone; decides nothing and reads no disk. Where a name is ambiguous every candidate counts, so that an answer
//! "nobody reads it" can be trusted.

mod cycle;
mod finder;
pub mod graph;
mod hints;
mod index;
mod loaded;
mod lookup;
mod record;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use smol_str::SmolStr;

use crate::name::ModuleName;
use crate::text::LineColumn;

pub use cycle::Wants;
pub use finder::Finder;
pub use index::{
    By, Edge, Evaluated, Evaluation, FileIndex, HintFacts, ImportTarget, Shape, Surroundings, When, bare, from_module,
    is_main_guard, is_type_checking, module_of_path, patches_by_string, targets,
};
pub use loaded::{Loaded, Provision};
pub use lookup::Reader;
pub use record::{Class, Layout, Need, Patch, PatchId, Process, Read, ReadKind, Scan, ScanKind, Window};

/// Index of a file in its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// Its position among the files of the project.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All files, with the questions that a move asks of them.
#[derive(Debug)]
pub struct Project {
    files: Vec<FileIndex>,
    /// What files that are no Python name, with their paths: entry points.
    named_elsewhere: Vec<(String, Read)>,
    /// Reads by the name read: (file, position in its reads).
    readers: HashMap<SmolStr, Vec<(FileId, u32)>>,
    /// Other names of modules that are read, through second names in packages: `app.h` for `app.handler`.
    second_names: HashMap<ModuleName, Vec<ModuleName>>,
    /// Modules taken as a whole, by the file that they may be: (file, position in its scans).
    scans: HashMap<FileId, Vec<(FileId, u32)>>,
    /// Star imports, by the file that they may mean.
    stars: HashMap<FileId, Vec<(FileId, LineColumn)>>,
    /// Files that do something to the process.
    meddlers: Vec<FileId>,
    /// Hashes of all attributes read of things that cannot be told.
    loose: HashSet<u32>,
    /// What is loaded with each file, once somebody asked.
    sure: Vec<OnceLock<BTreeSet<FileId>>>,
    /// Hashes of the dotted names that imports name as modules.
    modules: HashSet<u32>,
    /// Submodules used without an import of their own, by the hash of their name.
    needs: HashMap<u32, Vec<(FileId, LineColumn)>>,
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
    /// Modules that `sys.modules` is asked for, by the last component of their name.
    probes: HashMap<SmolStr, Vec<(ModuleName, FileId, LineColumn)>>,
    /// Calls that evaluate annotations: (file, position in its evaluations).
    evaluations: Vec<(FileId, usize)>,
    /// Some file calls `eval`.
    evals: bool,
    /// The first file that uses a library that evaluates annotations.
    hint_user: Option<FileId>,
    /// Functions and classes used other than by calling them, by name; empty without such a user.
    handed_on: HashMap<SmolStr, (FileId, LineColumn)>,
    /// Made when it is first asked for.
    cycles: OnceLock<cycle::Graph>,
}

impl Project {
    /// `files` in the order of their paths, so that answers do not depend on the order of reading.
    pub fn new(files: Vec<FileIndex>) -> Project {
        let mut project = Project {
            files,
            named_elsewhere: Vec::new(),
            readers: HashMap::new(),
            second_names: HashMap::new(),
            scans: HashMap::new(),
            stars: HashMap::new(),
            meddlers: Vec::new(),
            loose: HashSet::new(),
            sure: Vec::new(),
            modules: HashSet::new(),
            needs: HashMap::new(),
            by_last: HashMap::new(),
            root_is_package: false,
            packages: BTreeSet::new(),
            roots: BTreeSet::new(),
            parents: HashSet::new(),
            sys_modules: BTreeMap::new(),
            probes: HashMap::new(),
            evaluations: Vec::new(),
            evals: false,
            hint_user: None,
            handed_on: HashMap::new(),
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
            for (module, place) in &file.probes {
                let Some(module) = ModuleName::new(module) else { continue };
                project.probes.entry(SmolStr::new(module.last())).or_default().push((module, id, *place));
            }
        }
        project.sure.resize_with(project.files.len(), OnceLock::new);
        project.settle();
        project.index_hints();
        project
    }

    /// With what other files of the project name: entry points, by the path of the file that names them.
    pub fn naming(mut self, named: Vec<(String, Read)>) -> Project {
        self.named_elsewhere = named;
        self
    }

    /// What can be told only when all files are known; what proves to concern nobody is dropped.
    fn settle(&mut self) {
        let modules: HashSet<&ModuleName> = self
            .files
            .iter()
            .flat_map(|file| {
                let reads = file.reads.iter().map(|read| &read.module);
                let scans = file.scans.iter().map(|scan| &scan.module);
                reads.chain(scans).chain(file.stars.iter().map(|(module, _)| module))
            })
            .collect();
        let second = modules.into_iter().filter_map(|module| Some((module.clone(), self.names_behind(module)?)));
        let second: HashMap<ModuleName, Vec<ModuleName>> = second.collect();
        self.second_names = second;

        let mut scans: HashMap<FileId, Vec<(FileId, u32)>> = HashMap::new();
        let mut stars: HashMap<FileId, Vec<(FileId, LineColumn)>> = HashMap::new();
        for (position, file) in self.files.iter().enumerate() {
            for (module, place) in &file.stars {
                for home in self.homes(module) {
                    stars.entry(home).or_default().push((FileId(position as u32), *place));
                }
            }
            for (number, scan) in file.scans.iter().enumerate() {
                for home in self.homes(&scan.module) {
                    scans.entry(home).or_default().push((FileId(position as u32), number as u32));
                }
            }
        }
        (self.scans, self.stars) = (scans, stars);
        self.meddlers = self.files().filter(|(_, file)| !file.process.is_nothing()).map(|(id, _)| id).collect();

        let imported: HashSet<u32> =
            self.files.iter().flat_map(|file| &file.imports).flat_map(lookup::spellings).collect();
        for file in &mut self.files {
            self.modules.extend(std::mem::take(&mut file.modules));
            self.loose.extend(std::mem::take(&mut file.loose));
        }
        for (position, file) in self.files.iter_mut().enumerate() {
            for need in std::mem::take(&mut file.needs) {
                let is_module = self.modules.contains(&need.number);
                if is_module || (need.is_deep && imported.contains(&need.number)) {
                    self.needs.entry(need.number).or_default().push((FileId(position as u32), need.place));
                }
            }
        }
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

    /// Files that do something to the process.
    pub fn meddlers(&self) -> impl Iterator<Item = &FileIndex> {
        self.meddlers.iter().map(|id| self.file(*id))
    }

    /// The chain of import-time imports from a file of `target` to `home`, if there is one: what a module-level import
    /// of `target` in `home` would close into a cycle.
    pub fn cycle(&self, home: FileId, target: &ModuleName, wants: Wants) -> Option<Vec<cycle::Step>> {
        cycle::find(self, home, target, wants)
    }
}
