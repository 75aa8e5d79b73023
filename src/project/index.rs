//! What the rest of the project must know of one file: which names of other modules it reads, and what it imports when
//! it is imported. Reads that cannot concern a file of the project are dropped at once, to keep the index small.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

use super::{Read, ReadKind};
use crate::name::{ModuleName, resolve_relative};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Alias, Block, Expr, ExprKind, Import, ImportForm, Keyword, Module, Stmt, StmtKind};
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
    pub edges: Vec<(ModuleName, LineColumn)>,
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
    /// `known` holds the last components of all modules of the project: reads of other modules are of no interest.
    pub fn new(path: &str, module: &Module, known: &HashSet<SmolStr>) -> Option<FileIndex> {
        let (name, is_package) = module_of_path(path)?;
        let mut index = FileIndex {
            path: path.to_owned(),
            name,
            is_package,
            reads: Vec::new(),
            stars: Vec::new(),
            imports: BTreeSet::new(),
            edges: Vec::new(),
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
                    if let Some(from) = from_module(import, &self.name, self.is_package) {
                        self.edges.push((from, place));
                    }
                    for alias in &import.aliases {
                        if self.path.ends_with(".pyi") {
                            self.imported.insert(SmolStr::new(alias.bound()), place);
                        }
                        if let Some(target) = targets(import, alias, &self.name, self.is_package) {
                            // A name of the package that is not the submodule of that name.
                            if self.is_package && target.dotted() != self.name.join(alias.bound()) {
                                self.defined.insert(SmolStr::new(alias.bound()), place);
                            }
                            self.edges.push((target.dotted(), place));
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
                StmtKind::If { arms, .. } => {
                    if arms.iter().any(|arm| is_type_checking(&arm.test)) {
                        continue;
                    }
                    if arms.iter().any(|arm| is_main_guard(&arm.test, module.text())) {
                        self.main_guard.get_or_insert(module.line_column(stmt.span.start()));
                        continue;
                    }
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
    test.as_dotted().is_some_and(|dotted| dotted.last() == Some(&"TYPE_CHECKING"))
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

/// Second walk: what is read of those modules.
struct Reader<'i, 'm> {
    index: &'i mut FileIndex,
    module: &'m Module,
    names: HashMap<SmolStr, BTreeSet<ModuleName>>,
    known: &'i HashSet<SmolStr>,
    in_patch: bool,
}

impl<'m> Visitor<'m> for Reader<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.members_of(import),
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|target| self.target(target));
                self.visit_expr(value);
            }
            StmtKind::AugAssign { target, value } => {
                self.target(target);
                self.visit_expr(value);
            }
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.target(target)),
            StmtKind::AnnAssign { target, annotation, value, .. } => {
                self.target(target);
                std::iter::once(annotation).chain(value).for_each(|expr| self.visit_expr(expr));
            }
            StmtKind::For(node) => {
                self.target(&node.target);
                walk_stmt(self, stmt);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Attribute { attr, .. } if attr.name == "__subclasses__" => {
                let place = self.module.line_column(expr.span.start());
                self.index.asks_subclasses.get_or_insert(place);
            }
            ExprKind::Attribute { value, attr } => match expr.as_dotted() {
                Some(parts) => self.chain(&parts, expr.span, ReadKind::Attribute),
                None => {
                    if let Some(module) = self.module_object(value) {
                        self.read(module, &attr.name, expr.span, ReadKind::Attribute);
                    }
                    walk_expr(self, expr);
                }
            },
            ExprKind::Subscript { value, index } => {
                self.item(value, index);
                walk_expr(self, expr);
            }
            ExprKind::Call { func, args, keywords } => {
                let parts = func.as_dotted().unwrap_or_default();
                self.call(&parts, args);
                let patching = parts.iter().any(|part| PATCHING.contains(part));
                if patching {
                    self.patched_keywords(expr, args, keywords);
                }
                let outer = std::mem::replace(&mut self.in_patch, patching);
                walk_expr(self, expr);
                self.in_patch = outer;
            }
            ExprKind::Str(string) => {
                if let Some(content) = string.plain(self.module.text()) {
                    self.string(content, expr.span);
                }
                walk_expr(self, expr);
            }
            _ => walk_expr(self, expr),
        }
    }
}

/// Parts of the names of functions that replace an attribute or an item.
const PATCHING: &[&str] = &["patch", "setattr", "delattr", "monkeypatch", "mocker", "swap_attr", "stub", "replace"];

/// Endings that make a two-part string a file name and not a dotted path.
const FILE_ENDINGS: &[&str] = &[
    "bz2", "cfg", "conf", "css", "csv", "db", "gz", "html", "ini", "js", "json", "log", "lzma", "md", "pickle", "png",
    "py", "sh", "sqlite3", "tar", "toml", "txt", "xml", "yaml", "yml", "zip",
];

impl<'m> Reader<'_, 'm> {
    fn members_of(&mut self, import: &Import) {
        let Some(from) = from_module(import, &self.index.name, self.index.is_package) else { return };
        for alias in &import.aliases {
            self.read(from.as_str(), &alias.name, alias.span, ReadKind::FromImport);
        }
    }

    fn target(&mut self, target: &'m Expr) {
        match (&target.kind, target.as_dotted()) {
            (ExprKind::Attribute { .. }, Some(parts)) => self.chain(&parts, target.span, ReadKind::Store),
            (ExprKind::Subscript { value, index }, _) => {
                self.sys_modules_item(value, index);
                // `mod.__dict__["name"] = x`
                if let Some(parts) = value.as_dotted()
                    && parts.last() == Some(&"__dict__")
                    && let Some(key) = index.as_str().and_then(|s| s.plain(self.module.text()))
                {
                    let mut chain = parts[..parts.len() - 1].to_vec();
                    chain.push(key);
                    self.chain(&chain, target.span, ReadKind::Store);
                }
                walk_expr(self, target);
            }
            (ExprKind::Tuple(items) | ExprKind::List(items), _) => items.iter().for_each(|item| self.target(item)),
            _ => self.visit_expr(target),
        }
    }

    /// `mod.a.b` reads `a` of `mod` and `b` of `mod.a`; the last part has the kind, those before are read.
    fn chain(&mut self, parts: &[&str], span: Span, kind: ReadKind) {
        let Some(meant) = self.names.get(parts[0]).cloned() else { return };
        for target in meant {
            let mut module = target;
            for (position, part) in parts.iter().enumerate().skip(1) {
                let kind = if position + 1 == parts.len() { kind } else { ReadKind::Attribute };
                self.read(module.as_str(), part, span, kind);
                module = module.join(part);
            }
        }
    }

    fn call(&mut self, func: &[&str], args: &'m [Expr]) {
        let text = self.module.text();
        let plain = |expr: &'m Expr| expr.as_str().and_then(|string| string.plain(text));
        let [first, second, ..] = args else {
            if let ([.., "modules", "pop"], [key]) = (func, args) {
                self.sys_modules_key(key);
            }
            return;
        };
        let last = func.last().copied().unwrap_or_default();
        let is_sys_modules = first.as_dotted().is_some_and(|dotted| dotted.ends_with(&["sys", "modules"]))
            || plain(first) == Some("sys.modules");
        if is_sys_modules {
            match &second.kind {
                ExprKind::Dict(items) => {
                    items.iter().filter_map(|(key, _)| key.as_ref()).for_each(|key| self.sys_modules_key(key))
                }
                _ => self.sys_modules_key(second),
            }
        } else if let ([.., "modules", "pop"], _) = (func, args) {
            self.sys_modules_key(first);
        } else if let (Some(dotted), Some(name)) = (first.as_dotted(), plain(second)) {
            let kind = match last {
                "getattr" | "hasattr" => ReadKind::Attribute,
                _ => ReadKind::Patched,
            };
            let mut chain = dotted;
            chain.push(name);
            self.chain(&chain, second.span, kind);
        }
    }

    /// The module that `import_module("mod")`, `__import__("mod")` or `sys.modules["mod"]` gives.
    fn module_object(&self, expr: &'m Expr) -> Option<&'m str> {
        let plain = |expr: &'m Expr| expr.as_str()?.plain(self.module.text());
        match &expr.kind {
            ExprKind::Call { func, args, .. } => {
                let parts = func.as_dotted()?;
                let imports = matches!(parts.last(), Some(&("import_module" | "__import__" | "reload")));
                plain(args.first().filter(|_| imports)?)
            }
            ExprKind::Subscript { value, index } => {
                plain(index).filter(|_| value.as_dotted().is_some_and(|parts| parts.ends_with(&["sys", "modules"])))
            }
            _ => None,
        }
    }

    /// `mod.__dict__["name"]`, `vars(mod)["name"]`
    fn item(&mut self, value: &'m Expr, index: &'m Expr) {
        let Some(name) = index.as_str().and_then(|string| string.plain(self.module.text())) else { return };
        let parts = match &value.kind {
            ExprKind::Call { func, args, .. } if func.as_name() == Some("vars") => {
                args.first().and_then(|module| module.as_dotted())
            }
            _ => value.as_dotted().and_then(|mut parts| parts.pop().filter(|last| *last == "__dict__").map(|_| parts)),
        };
        if let Some(mut chain) = parts.filter(|parts| !parts.is_empty()) {
            chain.push(name);
            self.chain(&chain, index.span, ReadKind::Attribute);
        }
    }

    /// `patch.multiple("mod", name=...)`, `patch.object(target=mod, attribute="name")`, `patch(f"{mod}.name")`.
    fn patched_keywords(&mut self, call: &'m Expr, args: &'m [Expr], keywords: &'m [Keyword]) {
        let text = self.module.text();
        let named = |wanted: &str| {
            let found = keywords.iter().find(|keyword| keyword.name.as_ref().is_some_and(|name| name.name == wanted));
            found.map(|keyword| &keyword.value)
        };
        let Some(home) = args.first().or_else(|| named("target")) else { return };
        let attribute = named("attribute").and_then(|value| value.as_str()?.plain(text));
        let names = keywords.iter().filter_map(|keyword| keyword.name.as_ref()).map(|name| name.name.as_str());
        let names: Vec<&str> = names.chain(attribute).collect();
        if let Some(module) = home.as_str().and_then(|string| string.plain(text)) {
            names.iter().for_each(|name| self.read(module, name, call.span, ReadKind::Patched));
        } else if let Some(parts) = home.as_dotted() {
            for name in names {
                let chain: Vec<&str> = parts.iter().copied().chain([name]).collect();
                self.chain(&chain, call.span, ReadKind::Patched);
            }
        } else if matches!(home.kind, ExprKind::Str(_) | ExprKind::Operation(_)) {
            // The module is computed: `f"{module}.name"` may mean any module's name.
            let place = self.module.line_column(home.span.start());
            let words = text[home.span].split('.').skip(1).filter_map(|part| {
                part.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|word| !word.is_empty())
            });
            self.index.patched_anywhere.extend(words.map(|word| (SmolStr::new(word), place)));
        }
    }

    fn sys_modules_item(&mut self, value: &'m Expr, index: &'m Expr) {
        if value.as_dotted().is_some_and(|dotted| dotted.ends_with(&["sys", "modules"])) {
            self.sys_modules_key(index);
        }
    }

    fn sys_modules_key(&mut self, key: &'m Expr) {
        if let Some(name) = key.as_str().and_then(|string| string.plain(self.module.text())) {
            let place = self.module.line_column(key.span.start());
            self.index.sys_modules.push((SmolStr::new(name), place));
        }
    }

    /// `"app.handler.boto3.client"` and `"app.handler:boto3"` may read any of their parts of the part before.
    fn string(&mut self, content: &str, span: Span) {
        let is_path = content.len() < 200
            && content.contains(['.', ':'])
            && content.split(['.', ':']).all(|part| {
                part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            });
        if !is_path {
            return;
        }
        let parts: Vec<&str> = content.split(['.', ':']).collect();
        let is_file_name = !self.in_patch && parts.len() == 2 && FILE_ENDINGS.contains(&parts[1]);
        if is_file_name {
            return;
        }
        let kind = if self.in_patch { ReadKind::Patched } else { ReadKind::String };
        for end in 1..parts.len() {
            self.read(&parts[..end].join("."), parts[end], span, kind);
        }
    }

    fn read(&mut self, module: &str, name: &str, span: Span, kind: ReadKind) {
        let last = module.rsplit('.').next().unwrap_or(module);
        // Patches of foreign modules matter too: a hoisted from-import would not see them.
        let matters = self.known.contains(last) || matches!(kind, ReadKind::Patched | ReadKind::Store);
        if matters && let Some(module) = ModuleName::new(module) {
            let place = self.module.line_column(span.start());
            self.index.reads.push(Read { module, name: SmolStr::new(name), kind, place });
        }
    }
}
