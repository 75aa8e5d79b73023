//! What the rest of the project must know of one file: which names of other modules it reads, and what it imports when
//! it is imported. Reads that cannot concern a file of the project are dropped at once, to keep the index small.

mod edges;
mod hints;
mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

pub use edges::{By, Edge, When};
pub use hints::{Evaluated, Evaluation, HintFacts, Meaning, Shape, bare};
use read::Reader;

use super::Read;
use crate::name::{ModuleName, resolve_relative};
use crate::python::visit::{Visitor, walk_stmt};
use crate::python::{Alias, Block, Expr, ExprKind, Import, ImportForm, Module, Stmt, StmtKind};
use crate::text::{LineColumn, Span};

/// One file, as the project sees it.
#[derive(Debug)]
pub struct FileIndex {
    /// Relative to the project's root, with `/`.
    pub path: String,
    /// The dotted name by its path; imports may use any suffix of it.
    pub name: ModuleName,
    pub is_package: bool,
    pub reads: Vec<Read>,
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
    /// Names that a function rebinds through `global`.
    pub rebound: BTreeMap<SmolStr, LineColumn>,
    /// Names that the module's body binds other than by import.
    pub defined: BTreeMap<SmolStr, LineColumn>,
    /// Names that imports of the module's body bind, kept for stubs only.
    pub imported: BTreeMap<SmolStr, LineColumn>,
    /// Words of patch targets whose module is computed.
    pub patched_anywhere: BTreeMap<SmolStr, LineColumn>,
    pub main_guard: Option<LineColumn>,
    /// The first class with bases.
    pub subclass: Option<LineColumn>,
    /// Where `__subclasses__()` is asked for.
    pub asks_subclasses: Option<LineColumn>,
    /// The first statement of the module's body that changes something beyond the module.
    pub effect: Option<(LineColumn, String)>,
    /// What bears on who evaluates annotations.
    pub hints: HintFacts,
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
    /// A type stub, which no process loads.
    pub fn is_stub(&self) -> bool {
        self.path.ends_with(".pyi")
    }

    /// `known` holds the last components of all modules of the project: reads of other modules are of no interest.
    pub fn new(path: &str, module: &Module, known: &HashSet<SmolStr>) -> Option<FileIndex> {
        let (name, is_package) = module_of_path(path)?;
        let hints = HintFacts::of(module, &name, is_package);
        let edges = edges::read(module, &name, is_package);
        let mut index = FileIndex {
            path: path.to_owned(),
            name,
            is_package,
            reads: Vec::new(),
            stars: Vec::new(),
            imports: BTreeSet::new(),
            edges,
            roots: BTreeSet::new(),
            sys_modules: Vec::new(),
            rebound: BTreeMap::new(),
            defined: BTreeMap::new(),
            imported: BTreeMap::new(),
            patched_anywhere: BTreeMap::new(),
            main_guard: None,
            subclass: None,
            asks_subclasses: None,
            effect: None,
            hints,
        };
        index.read_body(module, module.body());
        let mut names = ImportedNames { index: &mut index, module, names: HashMap::new() };
        for stmt in &module.body().body {
            names.visit_stmt(stmt);
        }
        let names = names.names;
        let mut reader = Reader { index: &mut index, module, names, known, in_patch: false };
        for stmt in &module.body().body {
            reader.visit_stmt(stmt);
        }
        Some(index)
    }

    /// Statements that run when the module is imported.
    fn read_body(&mut self, module: &Module, block: &Block) {
        for stmt in &block.body {
            match &stmt.kind {
                StmtKind::Import(import) => {
                    let place = module.line_column(stmt.span.start());
                    for alias in &import.aliases {
                        if self.path.ends_with(".pyi") {
                            self.imported.insert(SmolStr::new(alias.bound()), place);
                        }
                        if let Some(target) = targets(import, alias, &self.name, self.is_package) {
                            // A name of the package that is not the submodule of that name.
                            if self.is_package && target.dotted() != self.name.join(alias.bound()) {
                                self.defined.insert(SmolStr::new(alias.bound()), place);
                            }
                        }
                    }
                    continue;
                }
                StmtKind::Function(function) => {
                    let place = module.line_column(function.name.span.start());
                    self.defined.insert(function.name.name.clone(), place);
                    self.effects_of_decorators(module, &function.decorators);
                    continue;
                }
                StmtKind::Class(class) => {
                    let place = module.line_column(class.name.span.start());
                    self.defined.insert(class.name.name.clone(), place);
                    if !class.bases.is_empty() {
                        self.subclass.get_or_insert(module.line_column(stmt.span.start()));
                    }
                    self.effects_of_decorators(module, &class.decorators);
                }
                StmtKind::Assign { targets, .. } => {
                    for target in targets {
                        let root = match &target.kind {
                            ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => value.as_dotted(),
                            _ => None,
                        };
                        if root.is_some_and(|root| !self.defined.contains_key(root[0])) {
                            self.note_effect(
                                module,
                                target.span,
                                "assigns a part of another module at import".to_owned(),
                            );
                        }
                    }
                    let names = targets.iter().filter_map(|target| Some((target.as_name()?, target.span.start())));
                    self.defined.extend(names.map(|(name, at)| (SmolStr::new(name), module.line_column(at))));
                }
                StmtKind::Expr(Expr { span, kind: ExprKind::Call { func, .. } }) => {
                    let called = func.as_dotted().unwrap_or_default().join(".");
                    self.note_effect(module, *span, format!("calls `{called}` at import"));
                }
                StmtKind::If { arms, orelse } => {
                    for arm in arms {
                        if is_main_guard(&arm.test, module.text()) {
                            self.main_guard.get_or_insert(module.line_column(stmt.span.start()));
                        } else if !is_type_checking(&arm.test) {
                            self.read_body(module, &arm.body);
                        }
                    }
                    orelse.iter().for_each(|block| self.read_body(module, block));
                    continue;
                }
                _ => {}
            }
            for inner in stmt.blocks() {
                self.read_body(module, inner);
            }
        }
    }

    fn effects_of_decorators(&mut self, module: &Module, decorators: &[Expr]) {
        for decorator in decorators {
            let callee = match &decorator.kind {
                ExprKind::Call { func, .. } => func,
                _ => decorator,
            };
            let dotted = callee.as_dotted().unwrap_or_default();
            let last = dotted.last().copied().unwrap_or_default();
            if !PURE_DECORATORS.contains(&last) {
                let what = format!("the decorator `{}` may register it", dotted.join("."));
                self.note_effect(module, decorator.span, what);
            }
        }
    }

    fn note_effect(&mut self, module: &Module, span: Span, what: String) {
        self.effect.get_or_insert_with(|| (module.line_column(span.start()), what));
    }
}

/// Decorators that change nothing beyond what they decorate.
const PURE_DECORATORS: &[&str] = &[
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "dataclass",
    "define",
    "deleter",
    "final",
    "frozen",
    "getter",
    "lru_cache",
    "overload",
    "override",
    "property",
    "runtime_checkable",
    "setter",
    "singledispatch",
    "staticmethod",
    "total_ordering",
    "unique",
    "wraps",
];

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

/// First walk: which names stand for which modules, in any scope.
struct ImportedNames<'i, 'm> {
    index: &'i mut FileIndex,
    module: &'m Module,
    names: HashMap<SmolStr, BTreeSet<ModuleName>>,
}

impl<'m> Visitor<'m> for ImportedNames<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(stmt, import),
            StmtKind::Global(names) => {
                let module = self.module;
                let places = names.iter().map(|ident| (ident.name.clone(), module.line_column(ident.span.start())));
                self.index.rebound.extend(places);
            }
            StmtKind::Assign { targets, value } => self.alias(targets, value),
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, _: &'m Expr) {}
}

impl ImportedNames<'_, '_> {
    /// `m = app.handler`: another name for a module, or for something in one.
    fn alias(&mut self, targets: &[Expr], value: &Expr) {
        let Some(parts) = value.as_dotted() else { return };
        let Some(meant) = self.names.get(parts[0]).cloned() else { return };
        let meant = meant.into_iter().map(|module| parts[1..].iter().fold(module, |module, part| module.join(part)));
        let meant: BTreeSet<ModuleName> = meant.collect();
        for name in targets.iter().filter_map(|target| target.as_name()) {
            self.names.entry(SmolStr::new(name)).or_default().extend(meant.iter().cloned());
        }
    }

    fn import(&mut self, stmt: &Stmt, import: &Import) {
        let place = self.module.line_column(stmt.span.start());
        let index = &mut *self.index;
        if let Some(from) = from_module(import, &index.name, index.is_package) {
            index.roots.insert(SmolStr::new(from.root()));
            index.imports.insert(from.clone());
            if import.is_star() {
                index.stars.push((from, place));
            }
        }
        for alias in &import.aliases {
            let Some(target) = targets(import, alias, &index.name, index.is_package) else { continue };
            let dotted = target.dotted();
            let meant = match (&target.member, &alias.asname) {
                (None, None) => ModuleName::new(dotted.root()),
                _ => Some(dotted.clone()),
            };
            self.names.entry(SmolStr::new(alias.bound())).or_default().extend(meant);
            index.roots.insert(SmolStr::new(dotted.root()));
            index.imports.insert(dotted);
        }
    }
}
