//! What the index of a file records: reads of other modules' names, modules taken as a whole, patched strings, classes,
//! imports that run at import, and what is done to the process. Plain data.

use smol_str::SmolStr;

use crate::name::ModuleName;
use crate::text::{LineColumn, Span};

/// One place where a file names an attribute of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// As the file spells it. One that ends with `*` means every module whose name begins so.
    pub module: ModuleName,
    pub name: SmolStr,
    pub kind: ReadKind,
    pub place: LineColumn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadKind {
    /// `from module import name`
    FromImport,
    /// `module.name`
    Attribute,
    /// `patch("module.name.client")`, `patch.object(module.name, "client")`: what the name stands for is changed, and the
    /// name leads there. With the string, if a patching function finds its target by one.
    Through(Option<PatchId>),
    /// `module.name = x`, `del module.name`
    Store,
    /// `patch("module.name")`, `setattr(module, "name", x)`
    Patched,
    /// A dotted path in any other string.
    String,
}

/// A patched string in the index of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatchId(pub(super) u32);

/// A string by which a patching function finds its target: `patch("app.handler.boto3.client")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Between the quotes.
    pub content: Span,
    pub target: SmolStr,
    /// What the whole string names is changed (`patch.dict`), not the last part of it replaced.
    pub names_object: bool,
    pub place: LineColumn,
    /// The fixture of pytest that patches, by the name of its parameter.
    pub fixture: Option<SmolStr>,
    /// Neither prefix nor triple quotes.
    pub is_plain: bool,
    /// A comment to hotcold stands on its lines.
    pub is_kept: bool,
    pub layout: Layout,
}

/// How much the length of a line may change before a formatter would lay it out anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Columns to the line length.
    pub room: u16,
    /// The statement is split over lines, and would be written on one if it were shorter by so much.
    pub joins_below: Option<u16>,
}

/// A module as a value that is more than one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    pub module: ModuleName,
    pub kind: ScanKind,
    pub place: LineColumn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanKind {
    /// `vars(module)`, `module.__dict__`, `getattr(module, name)`
    Reads,
    /// `getattr(import_module("app." + module), name)`: one name, which is computed as the module is.
    Named,
    /// `getmembers(module, isclass)`: no module among its names is looked at.
    Definitions,
    /// The same, and only what is derived from a class of the project.
    Subclasses,
    /// `setattr(module, name, x)`
    Writes,
    /// `check(module)`, `return module`
    Passed,
    /// `self.module = module`
    Kept,
    /// `importlib.reload(module)`
    Reloaded,
}

/// A class of a module's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub name: SmolStr,
    pub place: LineColumn,
    /// By absolute name; a class of the same file by the file's.
    pub bases: Vec<ModuleName>,
    pub metaclass: Option<ModuleName>,
    /// Its `__init_subclass__` does something beyond the new class.
    pub notes_subclasses: bool,
    /// It has a constructor: as a metaclass it runs for every class.
    pub is_initialised: bool,
}

/// A part of a module, a submodule perhaps, that is used where no import of the file loads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The hash of its dotted name.
    pub number: u32,
    /// A part of it is asked for in turn, and its package is at the top: it may be a module though no import says so.
    pub is_deep: bool,
    pub place: LineColumn,
}

/// What a file does to the process that decides how a later import ends.
#[derive(Debug, Default)]
pub struct Process {
    /// Where and how modules come to be found or loaded by other rules.
    pub import_hook: Option<(LineColumn, String)>,
    /// Packages whose modules are rewritten as they are loaded.
    pub instrumented: Vec<(ModuleName, LineColumn)>,
    /// Where privileges or the file system are taken away.
    pub sandbox: Option<(LineColumn, String)>,
    /// Where `sys.path` is changed.
    pub path_change: Option<LineColumn>,
    /// Where an entry leaves `sys.path` that this file has not put there.
    pub path_loss: Option<LineColumn>,
    pub windows: Vec<Window>,
}

/// A module imported while an entry stood in `sys.path` that was taken away again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub module: ModuleName,
    pub place: LineColumn,
}
