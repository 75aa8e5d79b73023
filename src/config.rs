//! What the user says about a project: `hotcold.toml`, and what `pyproject.toml` and ruff's settings add to it.
//! Parsing is pure; files are read through the closure that the [`Loader`] is given.

pub mod entry_points;
mod error;
mod exclude;
pub mod handlers;
mod load;
mod project;
mod read;
mod table;
pub mod template;
mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use error::{ConfigError, Excerpt};
pub use exclude::{Exclude, glob};
pub use load::{Loader, Overrides};
pub use read::is_key;
pub use version::PythonVersion;

use crate::evidence::{ModuleEvidence, Source};
use crate::name::ModuleName;
use crate::policy::{self, Policy, Verdict};

/// The names of configuration files, nearest first within a folder.
pub const FILE_NAMES: [&str; 3] = [".hotcold.toml", "hotcold.toml", "pyproject.toml"];

/// The evidence that is read without being named.
pub const EVIDENCE_FILE: &str = "hotcold-evidence.toml";

/// Where in a function an import goes that leaves the module's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// To the top of the function.
    #[default]
    Function,
    /// To the innermost branch that holds all of the function's uses.
    Branch,
}

impl Placement {
    pub const ALL: [Placement; 2] = [Placement::Function, Placement::Branch];

    pub fn name(self) -> &'static str {
        match self {
            Placement::Function => "function",
            Placement::Branch => "branch",
        }
    }
}

/// The configuration of the files of one folder.
#[derive(Debug, Clone)]
pub struct Config {
    /// As the user would write it; `None` without a configuration file.
    pub path: Option<String>,
    /// The folder of the configuration file, absolute.
    pub root: Option<PathBuf>,
    /// The lowest version of Python that the code must run on.
    pub target_version: PythonVersion,
    pub policy: Policy,
    /// Where the numbers of the policy are written; those that are not there are the decision's own.
    pub policy_sources: BTreeMap<String, Source>,
    pub exclude: Exclude,
    /// Whether hot path exceptions are documented in the code.
    pub exception_comments: bool,
    /// What is done with imports that annotations name.
    pub type_hints: TypeHints,
    pub placement: Placement,
    /// Modules that do something when they are imported, beyond those that hotcold knows.
    pub side_effects: Vec<ModuleName>,
    /// The modules that a process starts with, and where that is written; `None` for those that nobody imports.
    pub entries: Option<Vec<(ModuleName, Source)>>,
    pub modules: BTreeMap<ModuleName, ModuleEvidence>,
    /// The evidence file that the configuration names, relative to its folder.
    pub evidence_file: Option<PathBuf>,
    /// ruff's `banned-module-level-imports`.
    pub banned_module_level: Vec<ModuleName>,
    /// isort's `known-first-party`, as ruff or isort are configured; may hold globs.
    pub known_first_party: Vec<String>,
    /// Columns of a line, as ruff, black or isort are configured; 88 by default.
    pub line_length: usize,
    /// ruff's `src` or isort's `src_paths`, absolute: folders whose modules are first-party.
    pub source_roots: Vec<PathBuf>,
}

/// What is done with imports that annotations name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypeHints {
    /// They stay at module level.
    Keep,
    /// Where Python does not evaluate the annotations they go under `if TYPE_CHECKING:`, beside the functions.
    #[default]
    Guard,
    /// As `Guard`, and where Python does evaluate them `from __future__ import annotations` is added. Every annotation of
    /// the file becomes text by that, which the user must judge.
    Future,
}

impl TypeHints {
    /// With the names that the configuration uses.
    pub const ALL: [(&str, TypeHints); 3] =
        [("keep", TypeHints::Keep), ("guard", TypeHints::Guard), ("future", TypeHints::Future)];
}

impl Config {
    /// The evidence about `name`, under the longest configured name that covers it.
    pub fn lookup(&self, name: &ModuleName) -> Option<(&ModuleName, &ModuleEvidence)> {
        name.heads().find_map(|head| self.modules.get_key_value(head))
    }

    /// The verdict on what `key`, a key of `modules`, covers.
    pub fn verdict(&self, key: &ModuleName) -> Verdict {
        policy::decide(&self.policy, self.modules.get(key))
    }

    /// Whether the usage of what `key` covers can change its verdict.
    pub fn usage_decides(&self, key: &ModuleName) -> bool {
        self.modules.get(key).is_some_and(|evidence| policy::usage_decides(&self.policy, evidence))
    }

    /// The minor version of `target_version`.
    pub fn target_minor(&self) -> u8 {
        self.target_version.minor()
    }

    /// Whether there is nothing that imports could be judged by.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty() && self.banned_module_level.is_empty()
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            path: None,
            root: None,
            target_version: PythonVersion::DEFAULT,
            policy: Policy::default(),
            policy_sources: BTreeMap::new(),
            exclude: Exclude::default(),
            exception_comments: true,
            type_hints: TypeHints::default(),
            placement: Placement::default(),
            side_effects: Vec::new(),
            entries: None,
            modules: BTreeMap::new(),
            evidence_file: None,
            banned_module_level: Vec::new(),
            known_first_party: Vec::new(),
            line_length: 88,
            source_roots: Vec::new(),
        }
    }
}
