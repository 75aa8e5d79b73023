//! Which modules, or parts of modules, each name of a file may stand for: imports, second names, modules that are kept
//! in an attribute or taken by a string. Over-approximates: a name means everything that any scope lets it mean.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::{FileIndex, from_module, targets};
use crate::name::{ModuleName, resolve_relative};
use crate::project::lookup::spellings;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Function, Import, Module, Stmt, StmtKind, Str};
use crate::text::Span;

/// What the names of one file stand for. A dotted name that ends with `*` stands for every module whose name begins so.
pub(super) struct Names<'m> {
    module: &'m Module,
    own: ModuleName,
    is_package: bool,
    meant: HashMap<SmolStr, BTreeSet<ModuleName>>,
    /// By the attribute or the class's variable that keeps a module.
    kept: HashMap<SmolStr, BTreeSet<ModuleName>>,
    stars: Vec<ModuleName>,
}

impl<'m> Names<'m> {
    /// Walks the file once for its imports, and then as often as second names lead to further ones.
    pub(super) fn new(index: &mut FileIndex, module: &'m Module) -> Names<'m> {
        let mut names = Names {
            module,
            own: index.name.clone(),
            is_package: index.is_package,
            meant: HashMap::default(),
            kept: HashMap::default(),
            stars: Vec::new(),
        };
        let mut collector = Collector { index, names: &mut names, assigned: Vec::new(), in_class: false };
        for stmt in &module.body().body {
            collector.visit_stmt(stmt);
        }
        let assigned = collector.assigned;
        // A second name may be given to a second name; each round follows one more step.
        for _ in 0..4 {
            let mut changed = false;
            for (target, value) in &assigned {
                let meant = names.of(value);
                changed |= !meant.is_empty() && names.assign(target, meant);
            }
            if !changed {
                break;
            }
        }
        names
    }

    /// The modules, or parts of modules, that the value of an expression may be.
    pub(super) fn of(&self, expr: &Expr) -> BTreeSet<ModuleName> {
        match &expr.kind {
            ExprKind::Name(name) => self.named(name),
            ExprKind::Attribute { value, attr } => self.part_of(self.of(value), &attr.name),
            ExprKind::Call { func, args, keywords } => {
                let Some(parts) = func.as_dotted() else { return BTreeSet::new() };
                if !matches!(parts.last(), Some(&("import_module" | "__import__" | "reload"))) {
                    return BTreeSet::new();
                }
                let package = args.get(1).or_else(|| {
                    let named =
                        |wanted| keywords.iter().find(|k| k.name.as_ref().is_some_and(|name| name.name == wanted));
                    named("package").map(|keyword| &keyword.value)
                });
                let Some(first) = args.first() else { return BTreeSet::new() };
                if parts.last() == Some(&"reload") {
                    return self.of(first);
                }
                let taken = self.taken_by_name(first, package);
                // `__import__("a.b")` gives `a`.
                let root = taken.as_ref().filter(|_| parts.last() == Some(&"__import__"));
                let root = root.and_then(|module| ModuleName::new(module.root()));
                taken.into_iter().chain(root).collect()
            }
            ExprKind::Subscript { value, index } => {
                if self.is_loaded_modules(value) {
                    self.taken_by_name(index, None).into_iter().collect()
                } else {
                    BTreeSet::new()
                }
            }
            ExprKind::Operation(operands) => operands.iter().flat_map(|operand| self.of(operand)).collect(),
            ExprKind::Named { value, .. } => self.of(value),
            _ => BTreeSet::new(),
        }
    }

    /// What the attribute `name` of one of `modules` stands for; of anything unknown it may be a module kept there.
    pub(super) fn part_of(&self, modules: BTreeSet<ModuleName>, name: &str) -> BTreeSet<ModuleName> {
        match modules.is_empty() {
            true => self.kept.get(name).cloned().unwrap_or_default(),
            false => modules.iter().filter_map(|module| part(module, name)).collect(),
        }
    }

    /// What a name stands for; in a file with star imports an unknown one may be anything that they bring.
    pub(super) fn named(&self, name: &str) -> BTreeSet<ModuleName> {
        match self.meant.get(name) {
            Some(meant) => meant.clone(),
            None if matches!(name, "self" | "cls") => BTreeSet::new(),
            None => self.stars.iter().filter_map(|star| part(star, name)).collect(),
        }
    }

    pub(super) fn is_import(&self, name: &str) -> bool {
        self.meant.contains_key(name)
    }

    /// The dotted names that a chain may be spelled by: its own parts, or those that an import gives it.
    pub(super) fn full(&self, parts: &[&str]) -> Vec<String> {
        let rest = |root: &str| std::iter::once(root).chain(parts[1..].iter().copied()).collect::<Vec<_>>().join(".");
        match parts.first().and_then(|root| self.meant.get(*root)) {
            Some(meant) => meant.iter().map(|module| rest(module.as_str())).collect(),
            None => parts.first().map(|root| rest(root)).into_iter().collect(),
        }
    }

    /// Whether something of `module`, or the module itself by another name, is among what the names stand for.
    pub(super) fn rename(&self, module: &str) -> bool {
        self.meant.iter().any(|(name, meant)| {
            meant.iter().any(|meant| match meant.as_str().strip_prefix(module) {
                Some("") => name != module,
                Some(rest) => rest.starts_with('.'),
                None => false,
            })
        })
    }

    /// Whether the expression is `sys.modules`, under whichever name.
    pub(super) fn is_loaded_modules(&self, expr: &Expr) -> bool {
        let Some(parts) = expr.as_dotted() else { return false };
        let means = |name: &str, module: &str| {
            self.meant.get(name).is_some_and(|meant| meant.iter().any(|meant| meant.as_str() == module))
        };
        match parts.as_slice() {
            [.., "sys", "modules"] => true,
            [name, "modules"] => means(name, "sys"),
            [name] => means(name, "sys.modules"),
            _ => false,
        }
    }

    /// The module that a string, or a computed one, names to `import_module` or `sys.modules`.
    fn taken_by_name(&self, expr: &Expr, package: Option<&Expr>) -> Option<ModuleName> {
        let (prefix, is_whole) = self.prefix(expr);
        let absolute = match prefix.find(|c| c != '.') {
            // What is relative to a package may be so only by what is not known of it.
            None if prefix.is_empty() => return ModuleName::new("*"),
            Some(0) => prefix,
            start => {
                let dots = start.unwrap_or(prefix.len());
                let base = match package {
                    None => return None,
                    Some(package) => match self.prefix(package) {
                        (base, true) => ModuleName::new(&base)?,
                        _ => return ModuleName::new("*"),
                    },
                };
                let rest = &prefix[dots..];
                let whole = resolve_relative(&base, true, u32::try_from(dots).ok()?, None)?;
                if rest.is_empty() { format!("{whole}.") } else { format!("{whole}.{rest}") }
            }
        };
        let absolute = absolute.replace(':', ".");
        ModuleName::new(&if is_whole { absolute } else { format!("{absolute}*") })
    }

    /// The text that a string begins with, and whether that is all of it.
    fn prefix(&self, expr: &Expr) -> (String, bool) {
        match &expr.kind {
            ExprKind::Str(string) => self.prefix_of_literal(string),
            ExprKind::Name(name) if name == "__name__" => (self.own.to_string(), true),
            ExprKind::Name(name) if name == "__package__" => (self.package(), true),
            // `package.__name__`
            ExprKind::Attribute { value, attr } if attr.name == "__name__" => {
                match self.of(value).into_iter().collect::<Vec<_>>().as_slice() {
                    [one] => (one.to_string(), true),
                    _ => (String::new(), false),
                }
            }
            // `"pkg." + name`, `"pkg.%s" % name`
            ExprKind::Operation(operands) => {
                let [left, right] = operands.as_slice() else { return (String::new(), false) };
                let (mut text, is_whole) = self.prefix(left);
                match self.module.text()[Span::new(left.span.end(), right.span.start())].trim() {
                    "+" if is_whole => {
                        let (rest, is_whole) = self.prefix(right);
                        (text + &rest, is_whole)
                    }
                    "+" => (text, false),
                    "%" => {
                        text.truncate(text.find('%').unwrap_or(text.len()));
                        (text, false)
                    }
                    _ => (String::new(), false),
                }
            }
            // `"pkg.{}".format(name)`
            ExprKind::Call { func, .. } => match &func.kind {
                ExprKind::Attribute { value, attr } if attr.name == "format" => {
                    let (mut text, _) = self.prefix(value);
                    text.truncate(text.find('{').unwrap_or(text.len()));
                    (text, false)
                }
                _ => (String::new(), false),
            },
            _ => (String::new(), false),
        }
    }

    fn prefix_of_literal(&self, string: &Str) -> (String, bool) {
        let text = self.module.text();
        let mut prefix = String::new();
        for part in &string.parts {
            let content = &text[part.content];
            if part.prefix.bytes || content.contains('\\') || content.contains("{{") {
                return (prefix, false);
            }
            let mut done = part.content.start();
            for inner in &part.interpolations {
                let Some(open) = text[usize::from(done)..usize::from(inner.span.start())].find('{') else {
                    return (prefix, false);
                };
                prefix.push_str(&text[usize::from(done)..usize::from(done) + open]);
                let (value, is_whole) = self.prefix(inner);
                prefix.push_str(&value);
                if !is_whole {
                    return (prefix, false);
                }
                let end = text[usize::from(inner.span.end())..].find('}').unwrap_or(0);
                done = inner.span.end() + crate::text::size(end + 1);
            }
            prefix.push_str(&text[usize::from(done)..usize::from(part.content.end())]);
        }
        (prefix, true)
    }

    fn package(&self) -> String {
        match (self.is_package, self.own.parent()) {
            (true, _) | (false, None) => self.own.to_string(),
            (false, Some(parent)) => parent.to_string(),
        }
    }

    fn assign(&mut self, target: &Target<'_>, meant: BTreeSet<ModuleName>) -> bool {
        let known = match target {
            Target::Name(name) => self.meant.entry(SmolStr::new(name)).or_default(),
            Target::Kept(name) => self.kept.entry(SmolStr::new(name)).or_default(),
        };
        let before = known.len();
        known.extend(meant.into_iter().take(MOST_MEANINGS.saturating_sub(before)));
        known.len() > before
    }
}

/// A name stands for so many things at most: each of `x = x.left` and `x = x.right` doubles what it may be, and modules
/// have no such depth.
const MOST_MEANINGS: usize = 64;

/// `module.name`; below a prefix pattern nothing more can be told.
fn part(module: &ModuleName, name: &str) -> Option<ModuleName> {
    (!module.as_str().ends_with('*')).then(|| module.join(name))
}

/// What may come to hold a module.
enum Target<'m> {
    Name(&'m str),
    /// `self.name`, or a variable of a class's body.
    Kept(&'m str),
}

struct Collector<'i, 'n, 'm> {
    index: &'i mut FileIndex,
    names: &'n mut Names<'m>,
    assigned: Vec<(Target<'m>, &'m Expr)>,
    in_class: bool,
}

impl<'m> Visitor<'m> for Collector<'_, '_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(stmt, import),
            StmtKind::Global(idents) => {
                let module = self.names.module;
                let places = idents.iter().map(|ident| (ident.name.clone(), module.line_column(ident.span.start())));
                self.index.rebound.extend(places);
            }
            StmtKind::Assign { targets, value } => targets.iter().for_each(|target| self.assign(target, value)),
            StmtKind::AnnAssign { target, value: Some(value), .. } => self.assign(target, value),
            StmtKind::For(node) => {
                if let ExprKind::Tuple(items) | ExprKind::List(items) = &node.iter.kind {
                    items.iter().for_each(|item| self.assign(&node.target, item));
                }
            }
            StmtKind::Function(function) => self.defaults(function),
            _ => {}
        }
        let outer = self.in_class;
        self.in_class = match &stmt.kind {
            StmtKind::Class(_) => true,
            StmtKind::Function(_) => false,
            _ => outer,
        };
        walk_stmt(self, stmt);
        self.in_class = outer;
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Named { target, value } = &expr.kind {
            self.assigned.push((Target::Name(&target.name), value));
        }
        walk_expr(self, expr);
    }
}

impl<'m> Collector<'_, '_, 'm> {
    /// `m = app.handler`, `self.m = app.handler`, `a, b = x, y`
    fn assign(&mut self, target: &'m Expr, value: &'m Expr) {
        match (&target.kind, &value.kind) {
            (ExprKind::Tuple(names) | ExprKind::List(names), ExprKind::Tuple(values) | ExprKind::List(values)) => {
                names.iter().zip(values).for_each(|(name, value)| self.assign(name, value));
            }
            (ExprKind::Name(name), _) => {
                self.assigned.push((Target::Name(name), value));
                if self.in_class {
                    self.assigned.push((Target::Kept(name), value));
                }
            }
            (ExprKind::Attribute { attr, .. }, _) => self.assigned.push((Target::Kept(&attr.name), value)),
            _ => {}
        }
    }

    /// `def f(m=app.handler)`
    fn defaults(&mut self, function: &'m Function) {
        for param in &function.params {
            self.assigned.extend(param.default.as_ref().map(|value| (Target::Name(&param.ident.name), value)));
        }
    }

    fn import(&mut self, stmt: &Stmt, import: &Import) {
        let place = self.names.module.line_column(stmt.span.start());
        let index = &mut *self.index;
        if let Some(from) = from_module(import, &index.name, index.is_package) {
            index.roots.insert(SmolStr::new(from.root()));
            index.imports.insert(from.clone());
            if import.is_star() {
                self.names.stars.push(from.clone());
                index.stars.push((from, place));
            }
        }
        for alias in &import.aliases {
            let Some(target) = targets(import, alias, &index.name, index.is_package) else { continue };
            let above = target.module.with_parents();
            index.modules.extend(above.flat_map(|module| spellings(&module)));
            let dotted = target.dotted();
            let meant = match (&target.member, &alias.asname) {
                (None, None) => ModuleName::new(dotted.root()),
                _ => Some(dotted.clone()),
            };
            self.names.meant.entry(SmolStr::new(alias.bound())).or_default().extend(meant);
            index.roots.insert(SmolStr::new(dotted.root()));
            index.imports.insert(dotted);
        }
    }
}
