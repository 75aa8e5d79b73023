//! What the rest of the project must know of one file: which names of other modules it reads, what it imports when it is
//! imported, what that changes. Reads that cannot concern a file of the project are dropped at once, to keep it small.

mod body;
mod call;
mod class;
mod edges;
mod evaluate;
mod exports;
mod filter;
mod hints;
mod known;
mod names;
mod outline;
mod patch;
mod probe;
mod process;
mod read;
mod scope;
mod strings;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

pub(super) use call::PATCHING;
pub(super) use evaluate::{Clue, loaders, may_inspect, reads_annotations_by};
pub use patch::patches_by_string;
pub(super) use process::WORDS as PROCESS_WORDS;
pub(super) use strings::{LONGEST_PATH, is_of_names};

use body::Body;
pub use edges::{By, Edge, When};
pub use hints::{Evaluated, Evaluation, HintFacts, Meaning, Shape, bare};
use names::Names;
use read::Reader;

use super::record::{Class, Need, Patch, PatchId, Process, Read, Scan};
use crate::name::{ModuleName, resolve_relative};
use crate::python::{Alias, Expr, ExprKind, Import, ImportForm, Module};
use crate::text::LineColumn;

/// One file, as the project sees it.
#[derive(Debug)]
pub struct FileIndex {
    /// Relative to the project's root, with `/`.
    pub path: String,
    /// The dotted name by its path; imports may use any suffix of it.
    pub name: ModuleName,
    pub is_package: bool,
    /// Whether this run may change the file.
    pub is_writable: bool,
    /// Each kind of read of a name once, the first of its kind; patched strings all.
    pub reads: Vec<Read>,
    /// Modules that are taken as a whole, or handed on.
    pub scans: Vec<Scan>,
    pub patches: Vec<Patch>,
    /// `from module import *`
    pub stars: Vec<(ModuleName, LineColumn)>,
    /// Every module imported, at any time; for `from a import b` both `a` and `a.b`.
    pub imports: BTreeSet<ModuleName>,
    /// Imports that run when the file is imported.
    pub edges: Vec<Edge>,
    /// Top-level components of all imports.
    pub roots: BTreeSet<SmolStr>,
    /// Modules replaced in or removed from `sys.modules`.
    pub sys_modules: Vec<(SmolStr, LineColumn)>,
    /// Modules that `sys.modules` is asked for.
    pub probes: Vec<(SmolStr, LineColumn)>,
    /// Names that a function of the file rebinds.
    pub rebound: BTreeMap<SmolStr, LineColumn>,
    /// Where a function of the file rebinds names that cannot be told.
    pub rebinds_any: Option<LineColumn>,
    /// Names that the module's body binds other than by import.
    pub defined: BTreeMap<SmolStr, LineColumn>,
    /// What names of the module's body stand for that an import, or a second name, gives it. Sorted.
    pub bound: Vec<(SmolStr, ModuleName)>,
    /// Names that a stub promises to others.
    pub exported: BTreeMap<SmolStr, LineColumn>,
    /// Words of patch targets whose module is computed.
    pub patched_anywhere: BTreeMap<SmolStr, LineColumn>,
    pub main_guard: Option<LineColumn>,
    pub classes: Vec<Class>,
    /// Where `__subclasses__()` is asked for.
    pub asks_subclasses: Option<LineColumn>,
    /// The first statement of the module's body that changes something beyond the module.
    pub effect: Option<(LineColumn, String)>,
    /// What bears on who evaluates annotations.
    pub hints: HintFacts,
    /// The first thing that the module's body takes from the process: environment, clock, files.
    pub input: Option<(LineColumn, String)>,
    pub process: Process,
    /// Hashes of attributes read of things that cannot be told. Sorted.
    pub(super) loose: Vec<u32>,
    /// Hashes of the names that strings are made of, of those that hold nothing but names. Sorted.
    pub(super) quoted: Vec<u32>,
    pub(super) needs: Vec<Need>,
    /// Hashes of dotted names that imports name as modules.
    pub(super) modules: BTreeSet<u32>,
}

/// What must be known around a file to index it.
pub struct Surroundings<'a> {
    /// The last components of the names of all modules of the project: reads of other modules are of no interest.
    pub modules: &'a HashSet<SmolStr>,
    /// Whether this run may change the file.
    pub is_writable: bool,
    /// Columns of a line.
    pub line_length: usize,
    /// Whether imports of a module are configured to stand in functions.
    pub is_cold: &'a dyn Fn(&ModuleName) -> bool,
}

/// The dotted module name and package flag of a path relative to the root: `src/app/__init__.py` is `src.app`.
pub fn module_of_path(path: &str) -> Option<(ModuleName, bool)> {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let dotted = stem.trim_start_matches("./").replace('/', ".");
    match dotted.strip_suffix("__init__") {
        Some("") => ModuleName::new("__init__").map(|name| (name, true)),
        Some(package) => ModuleName::new(package.trim_end_matches('.')).map(|name| (name, true)),
        None => ModuleName::new(&dotted).map(|name| (name, false)),
    }
}

/// The modules that an import names, absolute: the module itself, then module and member for a from-import.
pub fn targets(import: &Import, alias: &Alias, name: &ModuleName, is_package: bool) -> Option<ImportTarget> {
    match &import.form {
        ImportForm::Import => ModuleName::new(&alias.name).map(|module| ImportTarget { module, member: None }),
        ImportForm::From { .. } => {
            let module = from_module(import, name, is_package)?;
            Some(ImportTarget { module, member: Some(alias.name.clone()) })
        }
    }
}

/// The absolute module of a from-import.
pub fn from_module(import: &Import, name: &ModuleName, is_package: bool) -> Option<ModuleName> {
    match &import.form {
        ImportForm::Import => None,
        ImportForm::From { level: 0, module, .. } => ModuleName::new(module.as_deref()?),
        ImportForm::From { level, module, .. } => resolve_relative(name, is_package, *level, module.as_deref()),
    }
}

/// What an alias imports, by absolute name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportTarget {
    pub module: ModuleName,
    /// `b` in `from a import b`.
    pub member: Option<SmolStr>,
}

impl ImportTarget {
    /// `a.b` for both `import a.b` and `from a import b`.
    pub fn dotted(&self) -> ModuleName {
        match &self.member {
            Some(member) => self.module.join(member),
            None => self.module.clone(),
        }
    }
}

impl FileIndex {
    pub fn new(path: &str, module: &Module, around: &Surroundings<'_>) -> Option<FileIndex> {
        let (name, is_package) = module_of_path(path)?;
        let hints = HintFacts::of(module, &name, is_package);
        let edges = edges::read(module, &name, is_package, around.is_cold);
        let mut index =
            FileIndex { is_writable: around.is_writable, edges, hints, ..FileIndex::bare(path, name, is_package) };
        let names = Names::new(&mut index, module);
        Body::read(&mut index, module, &names);
        index.bound.sort();
        index.bound.dedup();
        if index.is_stub() {
            exports::read(&mut index, module);
        }
        index.process = process::read(&index, module, &names);
        index.probes = probe::read(module, &names);
        Reader::new(&mut index, module, names, around).read_file();
        Some(index)
    }

    /// A file of which nothing is known but its name: it was not parsed.
    pub fn bare(path: &str, name: ModuleName, is_package: bool) -> FileIndex {
        FileIndex {
            path: path.to_owned(),
            name,
            is_package,
            is_writable: false,
            reads: Vec::new(),
            scans: Vec::new(),
            patches: Vec::new(),
            stars: Vec::new(),
            imports: BTreeSet::new(),
            edges: Vec::new(),
            roots: BTreeSet::new(),
            sys_modules: Vec::new(),
            probes: Vec::new(),
            rebound: BTreeMap::new(),
            rebinds_any: None,
            defined: BTreeMap::new(),
            bound: Vec::new(),
            exported: BTreeMap::new(),
            patched_anywhere: BTreeMap::new(),
            main_guard: None,
            classes: Vec::new(),
            asks_subclasses: None,
            effect: None,
            hints: HintFacts::default(),
            input: None,
            process: Process::default(),
            loose: Vec::new(),
            quoted: Vec::new(),
            needs: Vec::new(),
            modules: BTreeSet::new(),
        }
    }

    /// A type stub, which no process loads.
    pub fn is_stub(&self) -> bool {
        self.path.ends_with(".pyi")
    }

    pub fn patch(&self, id: PatchId) -> &Patch {
        &self.patches[id.0 as usize]
    }

    /// What a name of the module's body stands for by import, if it can be told.
    pub fn bound_to(&self, name: &str) -> impl Iterator<Item = &ModuleName> {
        let first = self.bound.partition_point(|(bound, _)| bound.as_str() < name);
        self.bound[first..].iter().take_while(move |(bound, _)| bound == name).map(|(_, module)| module)
    }

    fn add_patch(&mut self, patch: Patch) -> PatchId {
        self.patches.push(patch);
        PatchId((self.patches.len() - 1) as u32)
    }
}

/// A short number for a name. Two names with one number only make a refusal more.
pub(super) fn hash(name: &str) -> u32 {
    hash_of(name.as_bytes())
}

pub(super) fn hash_of(name: &[u8]) -> u32 {
    // FNV-1a: the same on every machine and in every run.
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// `TYPE_CHECKING`, `typing.TYPE_CHECKING`.
pub fn is_type_checking(test: &Expr) -> bool {
    test.is_type_checking()
}

/// `__name__ == "__main__"`
pub fn is_main_guard(test: &Expr, text: &str) -> bool {
    let ExprKind::Operation(operands) = &test.kind else { return false };
    let [left, right] = operands.as_slice() else { return false };
    let source = &text[test.span];
    let main = |expr: &Expr| expr.as_str().and_then(|s| s.plain(text)) == Some("__main__");
    source.contains("==")
        && ((left.as_name() == Some("__name__") && main(right)) || (right.as_name() == Some("__name__") && main(left)))
}
