//! What a run found about start-up, as data: the time of each entry before and after the moves, what stays and why, what
//! would take it off. Reports print it; nothing here decides or prints.

use std::collections::BTreeMap;

use crate::name::ModuleName;
use crate::plan::Code;
use crate::text::LineColumn;

/// Start-up of a project.
#[derive(Debug, Default)]
pub struct Startup {
    /// The entries that load a module with evidence, the most expensive first.
    pub entries: Vec<EntryTime>,
    /// Modules of which nothing is known of what they load: times with them count what they share more than once.
    pub separate: Vec<ModuleName>,
    /// The modules named in `entries`, and for those that the project does not have where they are named.
    pub named: BTreeMap<ModuleName, Option<UnknownEntry>>,
}

impl Startup {
    /// Adds another project of the same run.
    pub fn add(&mut self, other: Startup) {
        self.entries.extend(other.entries);
        self.entries.sort_by(|a, b| b.before_ms.total_cmp(&a.before_ms).then_with(|| a.path.cmp(&b.path)));
        self.separate.extend(other.separate);
        self.separate.sort();
        self.separate.dedup();
        for (name, unknown) in other.named {
            let known = self.named.entry(name).or_insert_with(|| unknown.clone());
            // One project that has the module is enough.
            if unknown.is_none() {
                *known = None;
            }
        }
    }

    /// Every path in it.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.entries.iter_mut().flat_map(|entry| {
            let stays = entry.stays.iter_mut().flat_map(|stays| {
                let chain = stays.chain.iter_mut().filter_map(ChainLink::path_mut);
                let kept = stays.kept.iter_mut().map(|kept| &mut kept.path);
                chain.chain(kept).chain(stays.way.iter_mut().flat_map(Way::paths_mut))
            });
            std::iter::once(&mut entry.path).chain(stays)
        })
    }
}

/// A module in `entries` that is none of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEntry {
    /// `hotcold.toml:1`
    pub source: String,
    pub meant: Option<ModuleName>,
}

/// What the import of one module costs, by the evidence of the modules that it loads.
#[derive(Debug)]
pub struct EntryTime {
    pub module: ModuleName,
    pub path: String,
    /// The modules with evidence that it loads, sorted.
    pub loads_before: Vec<ModuleName>,
    pub loads_after: Vec<ModuleName>,
    pub before_ms: f64,
    /// After the moves of this run.
    pub after_ms: f64,
    /// Loaded modules whose time is not known, and so not counted.
    pub unmeasured: Vec<ModuleName>,
    /// Heavy cold modules that are still loaded after the moves, the most expensive first.
    pub stays: Vec<Stays>,
}

impl EntryTime {
    /// Whether there is more to say of it than what it takes.
    pub fn is_of_interest(&self) -> bool {
        self.before_ms != self.after_ms || !self.stays.is_empty() || !self.unmeasured.is_empty()
    }
}

/// A heavy cold module that an entry loads.
#[derive(Debug)]
pub struct Stays {
    pub module: ModuleName,
    pub import_ms: Option<f64>,
    /// The shortest chain of imports from the entry to it.
    pub chain: Vec<ChainLink>,
    /// The last import of the chain that something keeps in its place.
    pub kept: Option<Kept>,
    /// Asked for with `--plan`.
    pub way: Option<Way>,
}

/// A module of a chain of imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    pub module: ModuleName,
    /// The import in it that loads the next, if it is an import and not Python itself: a package runs before its modules.
    pub import: Option<(String, LineColumn)>,
}

impl ChainLink {
    fn path_mut(&mut self) -> Option<&mut String> {
        self.import.as_mut().map(|(path, _)| path)
    }
}

/// An import that stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub path: String,
    pub place: LineColumn,
    pub why: Why,
}

/// Why an import stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    Refused(Code),
    /// `# hotcold: keep`, `# hotcold: skip-file`
    Comment,
    /// The module that it names belongs at module level by its own evidence.
    Hot(ModuleName),
    /// In a function that runs at import.
    InFunction,
    /// `importlib.import_module("a.b")`
    ByName,
    /// The run does not look at the file or at the module.
    NotInRun,
    /// Nothing says that the module which it names is cold.
    NotCold(ModuleName),
}

/// What takes a module off the start of an entry.
#[derive(Debug)]
pub enum Way {
    /// The fewest imports whose move does it.
    Imports(Vec<Pinned>),
    /// A chain of imports none of which can move.
    Blocked { chain: Vec<ChainLink>, by: Vec<Kept> },
}

impl Way {
    fn paths_mut(&mut self) -> Vec<&mut String> {
        match self {
            Way::Imports(imports) => imports.iter_mut().map(|import| &mut import.path).collect(),
            Way::Blocked { chain, by } => chain
                .iter_mut()
                .filter_map(ChainLink::path_mut)
                .chain(by.iter_mut().map(|kept| &mut kept.path))
                .collect(),
        }
    }
}

/// An import that moves if its module is pinned to functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    pub path: String,
    pub place: LineColumn,
    /// The first line of the import statement.
    pub statement: String,
    /// The key under which to write `pin = "function"`.
    pub module: ModuleName,
}
