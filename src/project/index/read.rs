//! What a file reads of other modules: attributes, stores, patch targets, dotted paths in strings.

use std::collections::{BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

use super::{FileIndex, from_module};
use crate::name::ModuleName;
use crate::project::{Read, ReadKind};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Import, Keyword, Module, Stmt, StmtKind};
use crate::text::Span;

/// Second walk: what is read of those modules.
pub(super) struct Reader<'i, 'm> {
    pub(super) index: &'i mut FileIndex,
    pub(super) module: &'m Module,
    pub(super) names: HashMap<SmolStr, BTreeSet<ModuleName>>,
    pub(super) known: &'i HashSet<SmolStr>,
    pub(super) in_patch: bool,
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
