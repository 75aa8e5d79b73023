//! What calls read of modules, replace in them, or learn of them as a whole: `getattr`, `patch`, `vars`, `reload`.

use super::filter::Filter;
use super::module_of_path;
use super::patch::Form;
use super::read::Reader;
use super::strings::dotted_path;
use crate::name::ModuleName;
use crate::project::{ReadKind, ScanKind};
use crate::python::visit::Visitor;
use crate::python::{Expr, ExprKind, Ident, Keyword, TRACKER};
use crate::text::Span;

/// Parts of the names of functions that replace an attribute or an item.
pub(in crate::project) const PATCHING: &[&str] =
    &["patch", "setattr", "delattr", "monkeypatch", "mocker", "swap_attr", "stub", "replace"];

/// What changes one entry of `sys.modules`.
const CHANGING: &[&str] = &["__delitem__", "__setitem__", "delitem", "pop", "setdefault", "setitem"];

/// Methods that take a path apart.
const SPLITTING: &[&str] = &["split", "rsplit", "partition", "rpartition"];

/// Functions that look at a module, but at none of its names.
const INDIFFERENT: &[&str] = &[
    "bool",
    "django.conf.urls.include",
    "django.urls.include",
    "doctest.DocTestSuite",
    "doctest.testmod",
    "hash",
    "id",
    "importlib.resources.as_file",
    "importlib.resources.contents",
    "importlib.resources.files",
    "importlib.resources.is_resource",
    "importlib.resources.open_binary",
    "importlib.resources.open_text",
    "importlib.resources.path",
    "importlib.resources.read_binary",
    "importlib.resources.read_text",
    "inspect.getdoc",
    "inspect.getfile",
    "inspect.getmodule",
    "inspect.getmodulename",
    "inspect.getsource",
    "inspect.getsourcefile",
    "inspect.getsourcelines",
    "inspect.ismodule",
    "isinstance",
    "print",
    "repr",
    "str",
    "type",
];

/// `inspect.getmembers`
pub(super) fn is_members(func: &[&str]) -> bool {
    matches!(func.last(), Some(&("getmembers" | "getmembers_static")))
}

impl<'m> Reader<'_, 'm> {
    /// A call, without what its function's name reads.
    pub(super) fn call(&mut self, call: &'m Expr, func: &'m Expr, args: &'m [Expr], keywords: &'m [Keyword]) {
        let parts = func.as_dotted().unwrap_or_default();
        let full = self.names.full(&parts);
        let written = match &func.kind {
            ExprKind::Attribute { attr, .. } => attr.name.as_str(),
            _ => parts.last().copied().unwrap_or_default(),
        };
        // `from importlib import reload as again`
        let last = full.first().and_then(|name| name.rsplit('.').next()).unwrap_or(written);
        self.sys_modules_call(last, &full, args, keywords);
        if matches!(last, "run_path" | "run_module") && self.discarded != call.span {
            self.names_of_a_run(args, call.span);
        }
        self.changes_own_names(call);
        self.attribute_paths(last, func, args);
        let patching = parts.iter().any(|part| PATCHING.contains(part));
        let outer = std::mem::replace(&mut self.in_patch, patching);
        let outer_logging = std::mem::replace(&mut self.is_logging, func.as_name() == Some(TRACKER));
        let literal = self.patched_literal(call, func, args);
        if patching && (literal.is_none() || last == "multiple") {
            self.patched_keywords(call, args, keywords);
        }
        // Arguments that need no further look.
        let done = match literal {
            Some(()) => 1,
            None if self.is_indifferent(&parts) => args.len(),
            None => self.module_argument(last, args, keywords, call.span),
        };
        for (number, arg) in args.iter().enumerate() {
            match number < done {
                true if literal.is_some() => {}
                true => self.mention(arg),
                false => self.visit_expr(arg),
            }
        }
        keywords.iter().for_each(|keyword| self.visit_expr(&keyword.value));
        self.in_patch = outer;
        self.is_logging = outer_logging;
    }

    /// `attrgetter("handler.json")`, `"handler.json".split(".")`: no name of a file, whatever it ends with.
    fn attribute_paths(&mut self, last: &str, func: &'m Expr, args: &'m [Expr]) {
        let split = match &func.kind {
            ExprKind::Attribute { value, attr } if SPLITTING.contains(&attr.name.as_str()) => Some(&**value),
            _ => None,
        };
        for path in args.iter().filter(|_| last == "attrgetter").chain(split) {
            let content = path.as_str().and_then(|string| string.plain(self.module.text()));
            if let Some(parts) = content.and_then(dotted_path) {
                self.path(&parts, path.span, |_| ReadKind::String);
            }
        }
    }

    fn is_indifferent(&self, func: &[&str]) -> bool {
        self.names.full(func).iter().any(|name| INDIFFERENT.contains(&name.as_str()))
    }

    /// What the call does with a module as its first argument; how many arguments that covers.
    fn module_argument(&mut self, last: &str, args: &'m [Expr], keywords: &'m [Keyword], span: Span) -> usize {
        let Some(first) = args.first() else { return 0 };
        let text = self.module.text();
        let second = args.get(1);
        let name = second.and_then(|second| second.as_str()?.plain(text));
        let modules = self.meant(first);
        if modules.is_empty() {
            if let (Some(name), "getattr" | "hasattr") = (name, last) {
                self.loosely(name);
            }
            // The second is the name of an attribute of something unknown.
            return 0;
        }
        let kind = match (last, name) {
            ("getattr" | "hasattr", Some(_)) => ReadKind::Attribute,
            (_, Some(_)) => ReadKind::Patched,
            _ => ReadKind::Attribute,
        };
        if let Some(name) = name {
            for module in &modules {
                self.read(module, name, second.map_or(span, |second| second.span), kind);
                if matches!(last, "getattr" | "hasattr") {
                    self.need_by_name(module, name, first);
                }
            }
            if kind == ReadKind::Patched {
                self.through(first);
            }
            let is_known = matches!(last, "getattr" | "hasattr") || self.in_patch || matches!(last, "object" | "spy");
            return usize::from(is_known);
        }
        let scan = match last {
            "getattr" | "hasattr" => ScanKind::Reads,
            "setattr" | "delattr" | "object" if second.is_some() => ScanKind::Writes,
            "vars" | "dir" => ScanKind::Reads,
            "getmembers" | "getmembers_static" => {
                let predicate = second.or_else(|| keywords.first().map(|keyword| &keyword.value));
                let filter = predicate.map(|predicate| Filter::of_predicate(predicate, self.module, &self.names));
                modules.iter().for_each(|module| self.members(module, filter.as_ref(), span));
                return 1;
            }
            "reload" => ScanKind::Reloaded,
            "multiple" if self.in_patch => return 1,
            _ => return 0,
        };
        let is_one_name = matches!(last, "getattr" | "hasattr");
        for module in &modules {
            match module.as_str() {
                "*" if is_one_name => drop(self.spelled.taken.get_or_insert(span)),
                computed if is_one_name && computed.ends_with('*') => self.scan(module, ScanKind::Named, span),
                _ => self.scan(module, scan, span),
            }
        }
        1
    }

    /// `runpy.run_path("app/handler.py")` gives the names of the module, run once more.
    fn names_of_a_run(&mut self, args: &'m [Expr], span: Span) {
        let target = args.first().and_then(|arg| arg.as_str()?.plain(self.module.text()));
        let module = target.and_then(|target| match target.ends_with(".py") {
            true => module_of_path(target).map(|(module, _)| module),
            false => ModuleName::new(target),
        });
        if let Some(module) = module {
            self.scan(&module, ScanKind::Reads, span);
        }
    }

    /// What is looked at among the members of a module.
    pub(super) fn members(&mut self, module: &ModuleName, filter: Option<&Filter>, span: Span) {
        match filter {
            None | Some(Filter::Everything) => self.scan(module, ScanKind::Reads, span),
            Some(Filter::Definitions) => self.scan(module, ScanKind::Definitions, span),
            Some(Filter::SubclassesOf(base)) => {
                let known = base.parent().is_some_and(|home| self.around.modules.contains(home.last()));
                self.scan(module, if known { ScanKind::Subclasses } else { ScanKind::Definitions }, span);
            }
        }
    }

    /// `patch.object(app.handler.boto3, "client")` changes what `boto3` stands for.
    fn through(&mut self, expr: &'m Expr) {
        let mut current = expr;
        while let ExprKind::Attribute { value, attr } = &current.kind {
            for module in self.meant(value) {
                self.read(&module, &attr.name, current.span, ReadKind::Through(None));
            }
            current = value;
        }
    }

    /// A string, as the first argument, that a patching function finds its target by.
    fn patched_literal(&mut self, call: &'m Expr, func: &'m Expr, args: &'m [Expr]) -> Option<()> {
        let first = args.first()?;
        let content = first.as_str()?.plain(self.module.text())?;
        let parts = dotted_path(content).filter(|_| !content.contains(':'))?;
        if !parts.iter().any(|part| self.around.modules.contains(*part)) {
            return None;
        }
        let form = self.patches.form(func, args)?;
        let patch = self.patches.patch(call, first, form, self.header, self.around)?;
        let id = self.index.add_patch(patch);
        let last = match form {
            // The last part is replaced; those before it lead there.
            Form::Attribute => parts.len() - 1,
            // What the whole string names is changed.
            Form::Object => parts.len(),
        };
        self.path(&parts, first.span, |at| match at == last {
            true => ReadKind::Patched,
            false => ReadKind::Through(Some(id)),
        });
        Some(())
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
            let module = ModuleName::new(module);
            names.iter().zip(module.iter().cycle()).for_each(|(name, module)| {
                self.read(module, name, call.span, ReadKind::Patched);
            });
        } else if home.as_dotted().is_some() {
            for module in self.meant(home) {
                names.iter().for_each(|name| self.read(&module, name, call.span, ReadKind::Patched));
            }
            self.through(home);
        } else if matches!(home.kind, ExprKind::Str(_) | ExprKind::Operation(_)) {
            // The module is computed: `f"{module}.name"` may mean any module's name.
            let place = self.module.line_column(home.span.start());
            let words = text[home.span].split('.').skip(1).filter_map(|part| {
                part.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|word| !word.is_empty())
            });
            self.index.patched_anywhere.extend(words.map(|word| (word.into(), place)));
        }
    }

    /// `mod.__dict__["name"]`, `vars(mod)["name"]`: whether it is one.
    pub(super) fn item(&mut self, value: &'m Expr, index: &'m Expr) -> bool {
        self.namespace_item(value, index, ReadKind::Attribute)
    }

    /// `mod.__dict__["name"] = x`, `globals()["name"] = x`: whether it is one.
    pub(super) fn store_item(&mut self, value: &'m Expr, index: &'m Expr) -> bool {
        let own = matches!(&value.kind, ExprKind::Call { func, args, .. }
            if func.as_name() == Some("globals") && args.is_empty());
        if own {
            self.rebinds(index);
            return true;
        }
        self.namespace_item(value, index, ReadKind::Store)
    }

    fn namespace_item(&mut self, value: &'m Expr, index: &'m Expr, kind: ReadKind) -> bool {
        let Some(name) = index.as_str().and_then(|string| string.plain(self.module.text())) else { return false };
        let home = match &value.kind {
            ExprKind::Call { func, args, .. } if func.as_name() == Some("vars") => args.first(),
            ExprKind::Attribute { value, attr } if attr.name == "__dict__" => Some(&**value),
            _ => None,
        };
        let Some(home) = home else { return false };
        let modules = self.meant(home);
        for module in &modules {
            self.read(module, name, index.span, kind);
        }
        self.mention(home);
        !modules.is_empty()
    }

    /// A function of this module gives one of its names, or any of them, another value.
    fn rebinds(&mut self, name: &'m Expr) {
        if !self.in_function {
            return;
        }
        let place = self.module.line_column(name.span.start());
        match name.as_str().and_then(|string| string.plain(self.module.text())) {
            Some(name) => {
                self.index.rebound.entry(name.into()).or_insert(place);
            }
            None => {
                self.index.rebinds_any.get_or_insert(place);
            }
        }
    }

    /// Calls that change `sys.modules`: its own, and those of `patch.dict`, `monkeypatch.setitem` and the like.
    fn sys_modules_call(&mut self, last: &str, full: &[String], args: &'m [Expr], keywords: &'m [Keyword]) {
        let is_sys_modules = |expr: &Expr| {
            self.names.is_loaded_modules(expr)
                || expr.as_str().and_then(|string| string.plain(self.module.text())) == Some("sys.modules")
        };
        let is_own = full.iter().any(|name| name.rsplit('.').nth(1) == Some("modules"));
        let (entries, keys) = match args {
            _ if is_own && last == "update" => (args.first(), None),
            [key, ..] if is_own && CHANGING.contains(&last) => (None, Some(key)),
            [first, rest @ ..] if is_sys_modules(first) && last == "dict" => (rest.first(), None),
            [first, key, ..] if is_sys_modules(first) => {
                (None, Some(key).filter(|key| CHANGING.contains(&last) || key.as_str().is_some()))
            }
            _ => return,
        };
        entries.into_iter().for_each(|entries| self.sys_modules_entries(entries));
        keys.into_iter().for_each(|key| self.sys_modules_key(key));
        if matches!(last, "update" | "dict") {
            let names = keywords.iter().filter_map(|keyword| keyword.name.as_ref()).filter(|name| name.name != "clear");
            let place = |name: &Ident| self.module.line_column(name.span.start());
            let written: Vec<_> = names.map(|name| (name.name.clone(), place(name))).collect();
            self.index.sys_modules.extend(written);
        }
    }

    /// What is put into `sys.modules` at once.
    pub(super) fn sys_modules_entries(&mut self, entries: &'m Expr) {
        match &entries.kind {
            ExprKind::Dict(items) => {
                items.iter().filter_map(|(key, _)| key.as_ref()).for_each(|key| self.sys_modules_key(key));
            }
            _ => self.sys_modules_any(entries.span),
        }
    }

    /// One that cannot be told, but that some string of the file may name.
    fn sys_modules_any(&mut self, span: Span) {
        self.spelled.replaced.get_or_insert(span);
    }

    pub(super) fn sys_modules_item(&mut self, value: &'m Expr, index: &'m Expr) {
        if self.names.is_loaded_modules(value) {
            self.sys_modules_key(index);
        }
    }

    fn sys_modules_key(&mut self, key: &'m Expr) {
        match key.as_str().and_then(|string| string.plain(self.module.text())) {
            Some(name) => {
                let place = self.module.line_column(key.span.start());
                self.index.sys_modules.push((name.into(), place));
            }
            // `sys.modules[__name__]` is the file's own.
            None if key.as_name() != Some("__name__") => self.sys_modules_any(key.span),
            None => {}
        }
    }

    /// `globals().update(...)`, `setattr(sys.modules[__name__], name, x)`
    pub(super) fn changes_own_names(&mut self, call: &'m Expr) {
        let ExprKind::Call { func, .. } = &call.kind else { return };
        let ExprKind::Attribute { value, attr } = &func.kind else { return };
        let own = matches!(&value.kind, ExprKind::Call { func, args, .. }
            if func.as_name() == Some("globals") && args.is_empty());
        if own && matches!(attr.name.as_str(), "update" | "setdefault" | "pop" | "clear" | "__setitem__") {
            self.rebinds(call);
        }
    }
}
