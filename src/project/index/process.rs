//! What a file does to the process that decides how a later import ends: hooks of the import system, `sys.path`,
//! privileges. One walk over the whole file, whenever the code runs.

use super::FileIndex;
use super::names::Names;
use crate::name::ModuleName;
use crate::project::{Process, Window};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Keyword, Module, Stmt, StmtKind};
use crate::text::{LineColumn, Span};

/// A file with none of these anywhere in it, which calls `sys` by no other name, does nothing to the process.
pub(in crate::project) const WORDS: &[&str] = &[
    "__import__",
    "meta_path",
    "path_hooks",
    "import_hook",
    "beartype",
    "chroot",
    "initgroups",
    "setegid",
    "seteuid",
    "setgid",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setuid",
    "prctl",
    "sys.path",
];

/// Reads what `index`'s file does to the process.
pub(super) fn read(index: &FileIndex, module: &Module, names: &Names<'_>) -> Process {
    let text = module.text();
    if !WORDS.iter().any(|word| text.contains(word)) && !names.rename("sys") {
        return Process::default();
    }
    let mut walk = Walk { process: Process::default(), module, names, index, events: vec![Vec::new()] };
    for stmt in &module.body().body {
        walk.visit_stmt(stmt);
    }
    walk.close_scope();
    walk.process
}

struct Walk<'w, 'm> {
    process: Process,
    module: &'m Module,
    names: &'w Names<'m>,
    index: &'w FileIndex,
    /// What happens in each of the scopes around, in the order of the text.
    events: Vec<Vec<Event>>,
}

enum Event {
    /// An entry comes to `sys.path`.
    Added,
    Imported(ModuleName),
    /// An entry leaves `sys.path`.
    Removed(LineColumn),
}

/// Functions that take privileges, or the file system, away from the process.
const SANDBOXES: &[&str] = &[
    "os.chroot",
    "os.initgroups",
    "os.setegid",
    "os.seteuid",
    "os.setgid",
    "os.setregid",
    "os.setresgid",
    "os.setresuid",
    "os.setreuid",
    "os.setuid",
    "pledge.pledge",
    "prctl.set_seccomp",
];

/// Functions that have modules of the named packages rewritten as they are loaded.
const INSTRUMENTS: &[&str] = &[
    "beartype.claw.beartype_all",
    "beartype.claw.beartype_package",
    "beartype.claw.beartype_packages",
    "beartype.claw.beartype_this_package",
    "jaxtyping.install_import_hook",
    "typeguard.importhook.install_import_hook",
    "typeguard.install_import_hook",
];

impl<'m> Visitor<'m> for Walk<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => {
                let targets = import
                    .aliases
                    .iter()
                    .filter_map(|alias| super::targets(import, alias, &self.index.name, self.index.is_package));
                let found: Vec<Event> =
                    targets.flat_map(|target| [target.module.clone(), target.dotted()]).map(Event::Imported).collect();
                self.note(found);
            }
            StmtKind::Function(function) => {
                function.decorators.iter().for_each(|decorator| self.visit_expr(decorator));
                self.events.push(Vec::new());
                function.body.body.iter().for_each(|inner| self.visit_stmt(inner));
                self.close_scope();
                return;
            }
            StmtKind::Assign { targets, value } => targets.iter().for_each(|target| self.assigned(target, Some(value))),
            StmtKind::AugAssign { target, .. } => self.assigned(target, None),
            StmtKind::Delete(targets) => {
                for target in targets {
                    if let ExprKind::Subscript { value, .. } = &target.kind
                        && self.is(value, "sys.path")
                    {
                        let place = self.place(target.span);
                        self.note([Event::Removed(place)]);
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Call { func, args, keywords } = &expr.kind {
            self.call(expr.span, func, args, keywords);
        }
        walk_expr(self, expr);
    }
}

impl<'m> Walk<'_, 'm> {
    fn is(&self, expr: &Expr, name: &str) -> bool {
        expr.as_dotted().is_some_and(|parts| self.names.full(&parts).iter().any(|full| full == name))
    }

    fn place(&self, span: Span) -> LineColumn {
        self.module.line_column(span.start())
    }

    fn note(&mut self, events: impl IntoIterator<Item = Event>) {
        if let Some(scope) = self.events.last_mut() {
            scope.extend(events);
        }
    }

    fn hook(&mut self, span: Span, what: &str) {
        let place = self.place(span);
        self.process.import_hook.get_or_insert_with(|| (place, what.to_owned()));
    }

    /// `builtins.__import__ = f`, `sys.meta_path = [...]`, `sys.path[:] = saved`
    fn assigned(&mut self, target: &'m Expr, value: Option<&'m Expr>) {
        let whole = match &target.kind {
            ExprKind::Subscript { value, .. } => value,
            // A name of this file's own, that it keeps the old value under.
            ExprKind::Name(_) if value.is_some() => return,
            _ => target,
        };
        if self.is(whole, "builtins.__import__") {
            self.hook(target.span, "replaces the function that imports");
        }
        // What is appended only finds what nothing else does.
        let appends = value.is_none_or(|value| matches!(&value.kind, ExprKind::Operation(operands)
            if operands.first().is_some_and(|first| self.is(first, "sys.meta_path") || self.is(first, "sys.path_hooks"))));
        if (self.is(whole, "sys.meta_path") || self.is(whole, "sys.path_hooks")) && !appends {
            self.hook(target.span, "changes who finds modules");
        }
        if self.is(whole, "sys.path") {
            let place = self.place(target.span);
            self.process.path_change.get_or_insert(place);
            let adds = value.is_none_or(|value| matches!(value.kind, ExprKind::Operation(_) | ExprKind::List(_)));
            self.note([if adds { Event::Added } else { Event::Removed(place) }]);
        }
    }

    fn call(&mut self, span: Span, func: &'m Expr, args: &'m [Expr], keywords: &'m [Keyword]) {
        if let ExprKind::Attribute { value, attr } = &func.kind {
            let method = attr.name.as_str();
            if (self.is(value, "sys.meta_path") || self.is(value, "sys.path_hooks"))
                && matches!(method, "insert" | "clear")
            {
                self.hook(span, "changes who finds modules");
            }
            if self.is(value, "sys.path") {
                let place = self.place(span);
                self.process.path_change.get_or_insert(place);
                match method {
                    "append" | "extend" | "insert" => self.note([Event::Added]),
                    "remove" | "pop" | "clear" => self.note([Event::Removed(place)]),
                    _ => {}
                }
            }
            if method == "syspath_prepend" {
                let place = self.place(span);
                self.process.path_change.get_or_insert(place);
            }
        }
        let Some(parts) = func.as_dotted() else { return };
        let full = self.names.full(&parts);
        if full.iter().any(|name| SANDBOXES.contains(&name.as_str())) {
            let (place, name) = (self.place(span), full[0].clone());
            self.process.sandbox.get_or_insert_with(|| (place, format!("calls `{name}`")));
        }
        if full.iter().any(|name| INSTRUMENTS.contains(&name.as_str())) {
            self.instruments(span, &parts, args, keywords);
        }
        if let Some(first) = args.first()
            && matches!(parts.last(), Some(&("import_module" | "__import__")))
            && let Some(name) = first.as_str().and_then(|string| string.plain(self.module.text()))
        {
            let module = ModuleName::new(name).map(Event::Imported);
            self.note(module);
        }
        // `patch("builtins.__import__", ...)`, `monkeypatch.setattr(builtins, "__import__", f)`
        let text = self.module.text();
        let patches = parts.iter().any(|part| matches!(*part, "patch" | "setattr"));
        let target: Vec<&str> =
            args.iter().take(2).filter_map(|arg| arg.as_str().and_then(|string| string.plain(text))).collect();
        const HOOKS: &[&str] =
            &["__import__", "builtins.__import__", "meta_path", "path_hooks", "sys.meta_path", "sys.path_hooks"];
        if patches && target.iter().any(|target| HOOKS.contains(target)) {
            self.hook(span, "replaces what imports modules");
        }
        if patches && target.first() == Some(&"sys.path") {
            let place = self.place(span);
            self.process.path_change.get_or_insert(place);
        }
    }

    /// `typeguard.install_import_hook("pkg")` concerns that package; without a name anything.
    fn instruments(&mut self, span: Span, parts: &[&str], args: &'m [Expr], keywords: &'m [Keyword]) {
        let text = self.module.text();
        let place = self.place(span);
        if parts.last() == Some(&"beartype_this_package") {
            let package = if self.index.is_package { Some(self.index.name.clone()) } else { self.index.name.parent() };
            self.process.instrumented.extend(package.map(|package| (package, place)));
            return;
        }
        let values = args.first().or_else(|| keywords.first().map(|keyword| &keyword.value));
        let literal = |expr: &Expr| expr.as_str().and_then(|string| string.plain(text)).and_then(ModuleName::new);
        let named: Option<Vec<ModuleName>> = match values.map(|value| &value.kind) {
            Some(ExprKind::List(items) | ExprKind::Tuple(items)) => items.iter().map(literal).collect(),
            Some(_) => values.and_then(literal).map(|name| vec![name]),
            None => None,
        };
        match named {
            Some(named) => self.process.instrumented.extend(named.into_iter().map(|module| (module, place))),
            None => self.hook(span, "has modules rewritten as they are loaded"),
        }
    }

    /// What was imported while an entry stood in `sys.path` that was taken away again.
    fn close_scope(&mut self) {
        let mut imported = Vec::new();
        let mut is_open = false;
        for event in self.events.pop().unwrap_or_default() {
            match event {
                Event::Added => is_open = true,
                Event::Imported(module) if is_open => imported.push(module),
                Event::Imported(_) => {}
                Event::Removed(place) if is_open => {
                    let modules = std::mem::take(&mut imported);
                    self.process.windows.extend(modules.into_iter().map(|module| Window { module, place }));
                    is_open = false;
                }
                Event::Removed(place) => {
                    self.process.path_loss.get_or_insert(place);
                }
            }
        }
    }
}
