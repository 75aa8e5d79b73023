//! Every file of the project by module name: who reads whose names, also by string, and who imports whom. Built from
//! syntax alone; decides nothing and reads no disk. Where a name is ambiguous every candidate counts, so that an answer
//! "nobody reads it" can be trusted.

mod cycle;
mod endings;
mod finder;
pub mod graph;
mod hints;
mod index;
mod loaded;
mod lookup;
mod meddlers;
mod record;
mod relevance;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use crate::name::ModuleName;
use crate::text::LineColumn;

use endings::Endings;
use hints::Evaluations;
use loaded::Loading;
use meddlers::Meddlers;

pub use cycle::Wants;
pub use finder::Finder;
pub use index::{
    By, Edge, Evaluated, Evaluation, FileIndex, HintFacts, ImportTarget, Shape, Surroundings, When, bare, from_module,
    is_main_guard, is_type_checking, module_of_path, patches_by_string, targets,
};
pub use loaded::{Loaded, Provision};
pub use lookup::Reader;
pub use record::{Class, Layout, Need, Patch, PatchId, Process, Read, ReadKind, Scan, ScanKind, Window};
pub use relevance::{Asked, Glance, Hints, Imports, Lookout, Relevance, Start, Triggers, Unread};

/// Libraries that stop the clock for the program.
const FREEZERS: [&str; 3] = ["freezegun", "time_machine", "libfaketime"];

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
#[derive(Debug, Default)]
pub struct Project {
    files: Vec<FileIndex>,
    /// What files that are no Python name, with their paths: entry points.
    named_elsewhere: Vec<(String, Read)>,
    /// Reads by the name read, then by the module it is read of, also by what else that is: (file, position in its reads).
    readers: HashMap<SmolStr, Endings<(FileId, u32)>>,
    /// Reads of modules that are told by the beginning of their name alone.
    vague_readers: HashMap<SmolStr, Vec<(FileId, u32)>>,
    /// Other names of modules that are read, through second names in packages: `app.h` for `app.handler`.
    second_names: HashMap<ModuleName, Vec<ModuleName>>,
    /// Modules taken as a whole, by the file that they may be: (file, position in its scans).
    scans: HashMap<FileId, Vec<(FileId, u32)>>,
    /// Star imports, by the file that they may mean.
    stars: HashMap<FileId, Vec<(FileId, LineColumn)>>,
    /// Every way to spell the name of a file from some root, once somebody asked for names by their beginning. Sorted.
    spellings: OnceLock<Vec<(SmolStr, FileId)>>,
    meddlers: Meddlers,
    /// Hashes of all attributes read of things that cannot be told.
    loose: HashSet<u32>,
    /// Hashes of all names that strings are made of.
    quoted: HashSet<u32>,
    /// What is known of loading, once somebody asked.
    loading: Loading,
    /// Hashes of the dotted names that imports name as modules.
    modules: HashSet<u32>,
    /// Submodules used without an import of their own, by the hash of their name.
    needs: HashMap<u32, Vec<(FileId, LineColumn)>>,
    by_name: Endings<FileId>,
    root_is_package: bool,
    /// Folders with an `__init__.py`, or a stub of one.
    packages: HashMap<SmolStr, Vec<FileId>>,
    /// The library by which the project stops the clock; found when somebody asks.
    clock_stopper: OnceLock<Option<&'static str>>,
    /// Modules that something is imported from anywhere; found when somebody asks.
    parents: OnceLock<HashSet<ModuleName>>,
    /// Modules replaced in `sys.modules`, with a place.
    sys_modules: BTreeMap<SmolStr, (FileId, LineColumn)>,
    /// Modules that `sys.modules` is asked for, by the last component of their name.
    probes: HashMap<SmolStr, Vec<(ModuleName, FileId, LineColumn)>>,
    /// The first file that asks a class for its subclasses.
    subclasses: Option<FileId>,
    /// Names replaced in modules that are computed, with the first place.
    patched_anywhere: HashMap<SmolStr, (FileId, LineColumn)>,
    evaluations: Evaluations,
    /// The first file that uses a library that evaluates annotations.
    hint_user: Option<FileId>,
    /// Functions and classes used other than by calling them, by name; empty without such a user.
    handed_on: HashMap<SmolStr, (FileId, LineColumn)>,
    /// Fixtures that patch, of those by which some string patches, that the project defines itself; found when somebody asks.
    fixtures: OnceLock<BTreeSet<SmolStr>>,
    /// Made when it is first asked for.
    cycles: OnceLock<cycle::Cycles>,
}

impl Project {
    /// `files` in the order of their paths, so that answers do not depend on the order of reading.
    pub fn new(files: Vec<FileIndex>) -> Project {
        let mut project = Project { files, ..Project::default() };
        for (position, file) in project.files.iter().enumerate() {
            let id = FileId(position as u32);
            project.by_name.add(&file.name, id);
            project.root_is_package |= file.path == "__init__.py";
            if file.is_package {
                project.packages.entry(SmolStr::new(file.name.as_str())).or_default().push(id);
            }
            if file.asks_subclasses.is_some() {
                project.subclasses.get_or_insert(id);
            }
            for (name, place) in &file.patched_anywhere {
                project.patched_anywhere.entry(name.clone()).or_insert((id, *place));
            }
            project.meddlers.add(id, file);
            for (module, place) in &file.sys_modules {
                project.sys_modules.entry(module.clone()).or_insert((id, *place));
            }
            for (module, place) in &file.probes {
                let Some(module) = ModuleName::new(module) else { continue };
                project.probes.entry(SmolStr::new(module.last())).or_default().push((module, id, *place));
            }
        }
        project.loading = Loading::new(project.files.len());
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
        let second = modules.into_par_iter().filter_map(|module| Some((module.clone(), self.names_behind(module)?)));
        let second: HashMap<ModuleName, Vec<ModuleName>> = second.collect();
        self.second_names = second;

        let mut scans: HashMap<FileId, Vec<(FileId, u32)>> = HashMap::default();
        let mut stars: HashMap<FileId, Vec<(FileId, LineColumn)>> = HashMap::default();
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
        self.index_readers();

        for file in &mut self.files {
            self.modules.extend(std::mem::take(&mut file.modules));
            self.loose.extend(std::mem::take(&mut file.loose));
            self.quoted.extend(std::mem::take(&mut file.quoted));
        }
        // Of those that are no modules it is asked whether they are imported.
        let deep = self.files.iter().flat_map(|file| &file.needs).filter(|need| need.is_deep);
        let deep: HashSet<u32> = deep.map(|need| need.number).filter(|number| !self.modules.contains(number)).collect();
        let imports = self.files.par_iter().filter(|_| !deep.is_empty()).flat_map_iter(|file| &file.imports);
        let imported: HashSet<u32> =
            imports.flat_map_iter(lookup::spellings).filter(|number| deep.contains(number)).collect();
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
        self.by_name.akin_to(module).filter(move |id| {
            let name = &self.file(*id).name;
            let folder = name.as_str().strip_suffix(module.as_str()).map(|head| head.trim_end_matches('.'));
            // A root inside a package shows by an `__init__.py` of its own.
            let outside = module.as_str().len() > name.as_str().len() && !self.root_is_package;
            name.may_be(module) && !outside && !folder.is_some_and(|folder| self.packages.contains_key(folder))
        })
    }

    /// The folder from which the file's own package is found, dotted; empty for the project's root.
    pub fn root_of<'f>(&self, file: &'f FileIndex) -> &'f str {
        let parent = |name: &'f str| name.rsplit_once('.').map_or("", |(head, _)| head);
        let name = file.name.as_str();
        let mut folder = if file.is_package { name } else { parent(name) };
        while !folder.is_empty() && self.packages.contains_key(folder) {
            folder = parent(folder);
        }
        folder
    }

    /// What others call a module that `importer` names by its path from the project's root, as relative imports do:
    /// `app.db` for `src.app.db`. `None` if that is the same.
    pub fn below_root(&self, importer: &FileIndex, module: &ModuleName) -> Option<ModuleName> {
        self.below(self.root_of(importer), module)
    }

    /// The same for files of which the root is known.
    fn below(&self, root: &str, module: &ModuleName) -> Option<ModuleName> {
        let root = Some(root).filter(|root| !root.is_empty())?;
        ModuleName::new(module.as_str().strip_prefix(root)?.strip_prefix('.')?)
    }

    /// The name by which a module is imported, as far as its path tells: a `src` folder is no part of it.
    pub fn import_name(&self, name: &ModuleName) -> ModuleName {
        let below = name.as_str().strip_prefix("src.").filter(|_| !self.packages.contains_key("src"));
        below.and_then(ModuleName::new).unwrap_or_else(|| name.clone())
    }

    /// Where the project replaces `module`, or a package above it, in `sys.modules`.
    pub fn sys_modules_write(&self, module: &ModuleName) -> Option<(&FileIndex, LineColumn)> {
        let (id, place) = self.sys_modules.get(module.as_str()).or_else(|| self.sys_modules.get(module.root()))?;
        Some((self.file(*id), *place))
    }

    /// Where the project asks a class for its subclasses, which exist only once their modules are imported.
    pub fn subclasses_query(&self) -> Option<(&str, LineColumn)> {
        let file = self.file(self.subclasses?);
        file.asks_subclasses.map(|place| (file.path.as_str(), place))
    }

    /// Where a test replaces a name in a module that it computes, if `name` may be that name.
    pub fn patched_anywhere(&self, name: &str) -> Option<(&FileIndex, LineColumn)> {
        let (id, place) = self.patched_anywhere.get(name)?;
        Some((self.file(*id), *place))
    }

    /// Whether a module of the project has another thing by the name of a fixture that patches.
    pub fn defines_fixture(&self, fixture: &SmolStr) -> bool {
        let fixtures = self.fixtures.get_or_init(|| {
            let named = self.files.iter().flat_map(|file| &file.patches).filter_map(|patch| patch.fixture.as_ref());
            let named: BTreeSet<&SmolStr> = named.collect();
            let is_defined = |name: &&&SmolStr| self.files.iter().any(|file| file.defined.contains_key(**name));
            named.iter().filter(is_defined).map(|name| (*name).clone()).collect()
        });
        fixtures.contains(fixture)
    }

    /// Whether some file imports something from `module`, which tells that it is one.
    pub fn imports_below(&self, module: &ModuleName) -> bool {
        let parents = || {
            let all = self.files.iter().flat_map(|file| &file.imports).map(ModuleName::as_str);
            let all: HashSet<&str> = all.filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
            all.into_iter().filter_map(ModuleName::new).collect()
        };
        self.parents.get_or_init(parents).contains(module)
    }

    /// The library by which the project stops the clock.
    pub fn clock_stopper(&self) -> Option<&'static str> {
        let imports = |name: &&str| self.files.iter().any(|file| file.roots.contains(*name));
        *self.clock_stopper.get_or_init(|| FREEZERS.into_iter().find(imports))
    }

    /// The chain of import-time imports from a file of `target` to `home`, if there is one: what a module-level import
    /// of `target` in `home` would close into a cycle.
    pub fn cycle(&self, home: FileId, target: &ModuleName, wants: Wants) -> Option<Vec<cycle::Step>> {
        self.cycles.get_or_init(|| cycle::Cycles::new(self)).find(self, home, target, wants)
    }
}
