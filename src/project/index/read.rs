//! What a file reads of other modules: attributes, stores, patch targets, dotted paths in strings, and modules that are
//! taken as a whole or handed on.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::filter::Filter;
use super::names::Names;
use super::patch::Patches;
use super::scope::{Locals, provided};
use super::strings::{FILE_ENDINGS, SpelledModules, dotted_path, quoted_names};
use super::{FileIndex, Surroundings, from_module, hash};
use crate::name::ModuleName;
use crate::project::{Need, PatchId, Read, ReadKind, Scan, ScanKind};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Function, Import, Module, Stmt, StmtKind};
use crate::text::Span;

/// Second walk: what is read of the modules that the file's names stand for.
pub(super) struct Reader<'i, 'm> {
    pub(super) index: &'i mut FileIndex,
    pub(super) module: &'m Module,
    pub(super) names: Names<'m>,
    pub(super) around: &'i Surroundings<'i>,
    /// The logical line that is being read.
    pub(super) header: Span,
    pub(super) patches: Patches<'m>,
    pub(super) in_patch: bool,
    /// The last expression whose value goes nowhere.
    pub(super) discarded: Span,
    /// What the functions around bind themselves, innermost last.
    locals: Vec<Locals<'m>>,
    /// The modules whose import the functions around, and the module's body, have seen to.
    provided: Vec<HashSet<ModuleName>>,
    pub(super) in_function: bool,
    loose: BTreeSet<u32>,
    quoted: BTreeSet<u32>,
    pub(super) spelled: SpelledModules,
    /// In a call of hotcold's own, which names a module to log its use.
    pub(super) is_logging: bool,
    needs: BTreeSet<(u32, bool)>,
    seen: HashSet<(ModuleName, SmolStr, ReadKind)>,
    scanned: HashSet<(ModuleName, ScanKind)>,
}

impl<'i, 'm> Reader<'i, 'm> {
    pub(super) fn new(
        index: &'i mut FileIndex,
        module: &'m Module,
        names: Names<'m>,
        around: &'i Surroundings<'i>,
    ) -> Reader<'i, 'm> {
        let own = provided(&module.body().body, index);
        Reader {
            index,
            module,
            names,
            around,
            header: Span::default(),
            patches: Patches::new(module),
            in_patch: false,
            discarded: Span::default(),
            locals: Vec::new(),
            provided: vec![own],
            in_function: false,
            loose: BTreeSet::new(),
            quoted: BTreeSet::new(),
            spelled: SpelledModules::of(module.text()),
            is_logging: false,
            needs: BTreeSet::new(),
            seen: HashSet::default(),
            scanned: HashSet::default(),
        }
    }

    pub(super) fn read_file(mut self) {
        for stmt in &self.module.body().body {
            self.visit_stmt(stmt);
        }
        if let Some(span) = self.spelled.taken {
            std::mem::take(&mut self.spelled.modules)
                .iter()
                .for_each(|module| self.scan(module, ScanKind::Named, span));
        }
        let replaced = self.spelled.replaced().map(|(name, span)| (name, self.module.line_column(span.start())));
        self.index.sys_modules.extend(replaced);
        self.index.loose = self.loose.into_iter().collect();
        self.index.quoted = self.quoted.into_iter().collect();
    }
}

impl<'m> Visitor<'m> for Reader<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        self.header = header(stmt);
        match &stmt.kind {
            StmtKind::Import(import) => self.members_of(import),
            StmtKind::Function(function) => self.function(function),
            StmtKind::Class(class) => {
                self.decorators(&class.decorators);
                class.bases.iter().for_each(|base| self.mention(base));
                class.keywords.iter().for_each(|keyword| self.visit_expr(&keyword.value));
                class.body.body.iter().for_each(|inner| self.visit_stmt(inner));
            }
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|target| self.target(target));
                self.assigned(targets, value);
            }
            StmtKind::AugAssign { target, value } => {
                self.target(target);
                if self.names.is_loaded_modules(target) {
                    self.sys_modules_entries(value);
                }
                self.visit_expr(value);
            }
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.target(target)),
            StmtKind::AnnAssign { target, annotation, value, .. } => {
                self.target(target);
                self.visit_expr(annotation);
                if let Some(value) = value {
                    self.assigned(std::slice::from_ref(target), value);
                }
            }
            StmtKind::For(node) => {
                self.target(&node.target);
                self.iterated(&node.iter);
                self.blocks(stmt);
            }
            StmtKind::If { arms, .. } => {
                arms.iter().for_each(|arm| self.condition(&arm.test));
                self.blocks(stmt);
            }
            StmtKind::While { test, .. } => {
                self.condition(test);
                self.blocks(stmt);
            }
            StmtKind::Expr(value) => {
                self.discarded = value.span;
                self.mention(value);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    /// An expression whose value goes somewhere.
    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Name(_) => self.handed_on(expr, ScanKind::Passed),
            ExprKind::Attribute { .. } => {
                self.mention(expr);
                self.handed_on(expr, ScanKind::Passed);
            }
            ExprKind::Subscript { value, index } => {
                if !self.item(value, index) {
                    self.mention(value);
                }
                self.visit_expr(index);
            }
            ExprKind::Call { .. } => {
                self.handed_on(expr, ScanKind::Passed);
                self.mention(expr);
            }
            ExprKind::Lambda { params, body } => {
                params.iter().filter_map(|param| param.default.as_ref()).for_each(|default| self.visit_expr(default));
                self.locals.push(Locals::of_params(params, &self.names));
                let outer = std::mem::replace(&mut self.in_function, true);
                self.visit_expr(body);
                self.in_function = outer;
                self.locals.pop();
            }
            ExprKind::Operation(operands) if self.compares(operands) => {
                operands.iter().for_each(|operand| self.mention(operand));
            }
            ExprKind::Comprehension(comprehension) => {
                for generator in &comprehension.generators {
                    self.iterated_under(&generator.iter, &generator.conditions);
                    self.visit_expr(&generator.target);
                    generator.conditions.iter().for_each(|condition| self.visit_expr(condition));
                }
                comprehension.elements.iter().for_each(|element| self.visit_expr(element));
            }
            ExprKind::Str(string) => {
                if let Some(content) = string.plain(self.module.text()) {
                    self.string(content, expr.span);
                    if string.parts.len() == 1 && !self.is_logging {
                        self.quoted.extend(quoted_names(content).map(hash));
                    }
                }
                string.parts.iter().flat_map(|part| &part.interpolations).for_each(|inner| self.mention(inner));
            }
            _ => walk_expr(self, expr),
        }
    }
}

impl<'m> Reader<'_, 'm> {
    fn function(&mut self, function: &'m Function) {
        // Decorators, defaults and annotations see the scope around.
        self.decorators(&function.decorators);
        for param in &function.params {
            param.annotation.iter().for_each(|annotation| self.visit_expr(annotation));
            param.default.iter().for_each(|default| self.followed(default));
        }
        function.returns.iter().for_each(|annotation| self.visit_expr(annotation));
        self.locals.push(Locals::of_function(function, &self.names));
        self.provided.push(provided(&function.body.body, self.index));
        let outer = std::mem::replace(&mut self.in_function, true);
        function.body.body.iter().for_each(|stmt| self.visit_stmt(stmt));
        self.in_function = outer;
        self.provided.pop();
        self.locals.pop();
    }

    fn decorators(&mut self, decorators: &'m [Expr]) {
        for decorator in decorators {
            self.header = decorator.span;
            self.mention(decorator);
        }
    }

    fn blocks(&mut self, stmt: &'m Stmt) {
        stmt.blocks().into_iter().flat_map(|block| &block.body).for_each(|inner| self.visit_stmt(inner));
    }

    /// Whether a module is there tells nothing about it.
    fn condition(&mut self, test: &'m Expr) {
        match &test.kind {
            ExprKind::Operation(operands) => operands.iter().for_each(|operand| self.condition(operand)),
            _ if self.is_module(test) => self.mention(test),
            _ => self.visit_expr(test),
        }
    }

    /// A value under a name that is followed: a second name of a module is none that it is handed on to.
    fn followed(&mut self, value: &'m Expr) {
        if self.meant(value).is_empty() { self.visit_expr(value) } else { self.mention_parts(value) }
    }

    fn members_of(&mut self, import: &Import) {
        let Some(from) = from_module(import, &self.index.name, self.index.is_package) else { return };
        for alias in &import.aliases {
            self.read(&from, &alias.name, alias.span, ReadKind::FromImport);
        }
    }

    /// What an expression may stand for here: nothing if a function around binds its name itself.
    pub(super) fn meant(&self, expr: &Expr) -> BTreeSet<ModuleName> {
        match &expr.kind {
            ExprKind::Name(name) if self.is_hidden(name) => BTreeSet::new(),
            ExprKind::Attribute { value, attr } => self.names.part_of(self.meant(value), &attr.name),
            _ => self.names.of(expr),
        }
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.locals.iter().rev().find_map(|locals| locals.hides(name)).unwrap_or(false)
    }

    /// Whether the expression is, as far as can be told, a module of the project and nothing else.
    fn is_module(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Name(_) | ExprKind::Attribute { .. }) && !self.meant(expr).is_empty()
    }

    fn target(&mut self, target: &'m Expr) {
        match &target.kind {
            ExprKind::Name(_) => {}
            ExprKind::Attribute { value, attr } => {
                for module in self.meant(value) {
                    self.read(&module, &attr.name, target.span, ReadKind::Store);
                }
                self.mention(value);
            }
            ExprKind::Subscript { value, index } => {
                self.sys_modules_item(value, index);
                // `mod.__dict__["name"] = x`, `globals()["name"] = x`
                if !self.store_item(value, index) {
                    self.mention(value);
                }
                self.visit_expr(index);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|item| self.target(item)),
            ExprKind::Starred(inner) => self.target(inner),
            _ => self.visit_expr(target),
        }
    }

    /// `name = value`: a module gets a second name, which is followed; in an attribute it is kept for others to read.
    fn assigned(&mut self, targets: &'m [Expr], value: &'m Expr) {
        let named = |target: &Expr| matches!(target.kind, ExprKind::Name(_));
        match &value.kind {
            ExprKind::Tuple(values) | ExprKind::List(values) if targets.iter().all(|t| pairs_up(t, values.len())) => {
                for (at, value) in values.iter().enumerate() {
                    for target in targets {
                        if let ExprKind::Tuple(names) | ExprKind::List(names) = &target.kind {
                            self.assigned(std::slice::from_ref(&names[at]), value);
                        }
                    }
                }
            }
            _ if self.meant(value).is_empty() => self.visit_expr(value),
            _ if targets.iter().all(named) => self.mention_parts(value),
            _ => {
                self.mention_parts(value);
                self.handed_on(value, ScanKind::Kept);
            }
        }
    }

    /// The operands of `a or b` and the arguments of `import_module(...)`, without handing on their value.
    fn mention_parts(&mut self, value: &'m Expr) {
        match &value.kind {
            ExprKind::Operation(operands) => operands.iter().for_each(|operand| self.mention_parts(operand)),
            ExprKind::Named { value, .. } => self.mention_parts(value),
            _ => self.mention(value),
        }
    }

    /// `for m in (a, b):` gives modules a second name.
    fn iterated(&mut self, iter: &'m Expr) {
        match &iter.kind {
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.followed(item));
            }
            _ => self.iterated_under(iter, &[]),
        }
    }

    /// `getmembers(mod)` under a condition that only classes or functions fulfil.
    fn iterated_under(&mut self, iter: &'m Expr, conditions: &'m [Expr]) {
        if let ExprKind::Call { func, args, .. } = &iter.kind
            && super::call::is_members(&func.as_dotted().unwrap_or_default())
            && args.len() == 1
        {
            let filters = conditions.iter().map(|condition| Filter::of_condition(condition, self.module, &self.names));
            let filter = filters.into_iter().find(|filter| *filter != Filter::Everything);
            for module in self.meant(&args[0]) {
                self.members(&module, filter.as_ref(), iter.span);
            }
            self.mention(func);
            self.mention(&args[0]);
            return;
        }
        self.visit_expr(iter);
    }

    /// Reads what a chain of attributes reads, without its value going anywhere.
    pub(super) fn mention(&mut self, expr: &'m Expr) {
        self.mention_part(expr, Use::Value);
    }

    fn mention_part(&mut self, expr: &'m Expr, use_: Use) {
        match &expr.kind {
            ExprKind::Name(_) => {}
            ExprKind::Attribute { value, attr } => {
                if attr.name == "__subclasses__" {
                    let place = self.module.line_column(expr.span.start());
                    self.index.asks_subclasses.get_or_insert(place);
                }
                let modules = self.meant(value);
                if modules.is_empty() {
                    self.loose.insert(hash(&attr.name));
                }
                for module in &modules {
                    match attr.name.as_str() {
                        "__dict__" => self.scan(module, ScanKind::Reads, expr.span),
                        _ => self.read(module, &attr.name, expr.span, ReadKind::Attribute),
                    }
                    self.need(module, &attr.name, expr, use_);
                }
                self.mention_part(value, Use::Part);
            }
            ExprKind::Call { func, args, keywords } => {
                self.mention_part(func, Use::Call);
                self.call(expr, func, args, keywords);
            }
            _ => self.visit_expr(expr),
        }
    }

    /// A module whose value goes where it cannot be followed.
    pub(super) fn handed_on(&mut self, expr: &Expr, kind: ScanKind) {
        for module in self.meant(expr) {
            // What may be any of several modules is looked into by name only.
            let kind = if module.as_str().ends_with('*') { ScanKind::Kept } else { kind };
            self.scan(&module, kind, expr.span);
        }
    }

    /// `mod is None`, `mod == other`
    fn compares(&self, operands: &[Expr]) -> bool {
        let text = self.module.text();
        let between = |pair: &[Expr]| {
            let (left, right) = (pair[0].span.end(), pair[1].span.start());
            if left <= right { text[Span::new(left, right)].trim() } else { "" }
        };
        operands.len() > 1
            && operands.windows(2).all(|pair| matches!(between(pair), "is" | "is not" | "==" | "!=" | "in" | "not in"))
            && operands.iter().all(|operand| !matches!(operand.kind, ExprKind::Str(_)))
    }

    /// `"app.handler.boto3.client"` and `"app.handler:boto3"` may read any of their parts of the part before.
    pub(super) fn string(&mut self, content: &str, span: Span) {
        if self.index.path.rsplit('/').next() == Some("setup.py") {
            self.entry_points(content, span);
        }
        self.spelled.add(content, self.index, self.around.modules);
        let Some(parts) = dotted_path(content) else { return };
        let is_file_name = !self.in_patch && parts.len() == 2 && FILE_ENDINGS.contains(&parts[1]);
        if is_file_name {
            return;
        }
        let kind = if self.in_patch { ReadKind::Patched } else { ReadKind::String };
        self.path(&parts, span, |_| kind);
    }

    /// `entry_points={"console_scripts": ["tool = pkg.mod:name"]}`, also as one string of many lines.
    fn entry_points(&mut self, content: &str, span: Span) {
        let references = content.lines().filter_map(|line| line.split_once('='));
        for (_, reference) in references {
            let reference = reference.split('[').next().unwrap_or_default().trim();
            if let Some(parts) = dotted_path(reference).filter(|_| reference.contains(':')) {
                self.path(&parts, span, |_| ReadKind::String);
            }
        }
    }

    /// Each part of a dotted path is read of the parts before it.
    pub(super) fn path(&mut self, parts: &[&str], span: Span, kind: impl Fn(usize) -> ReadKind) {
        let mut module = parts.first().and_then(|first| ModuleName::new(first));
        for (position, part) in parts.iter().enumerate().skip(1) {
            let Some(name) = module else { return };
            self.read(&name, part, span, kind(position));
            module = Some(name.join(part));
        }
    }

    pub(super) fn read(&mut self, module: &ModuleName, name: &str, span: Span, kind: ReadKind) {
        // Patches of foreign modules matter too: a hoisted from-import would not see them.
        let matters = self.may_be_of_project(module) || matches!(kind, ReadKind::Patched | ReadKind::Store);
        let one_of_many = matches!(kind, ReadKind::Through(Some(PatchId(_))));
        if matters && (one_of_many || self.seen.insert((module.clone(), SmolStr::new(name), kind))) {
            let place = self.module.line_column(span.start());
            self.index.reads.push(Read { module: module.clone(), name: SmolStr::new(name), kind, place });
        }
    }

    pub(super) fn scan(&mut self, module: &ModuleName, kind: ScanKind, span: Span) {
        if self.may_be_of_project(module) && self.scanned.insert((module.clone(), kind)) {
            let place = self.module.line_column(span.start());
            self.index.scans.push(Scan { module: module.clone(), kind, place });
        }
    }

    fn may_be_of_project(&self, module: &ModuleName) -> bool {
        let module = module.as_str();
        module.ends_with('*') || module.split('.').any(|part| self.around.modules.contains(part))
    }

    /// A submodule, as it may be, that is used without an import of its own.
    fn need(&mut self, module: &ModuleName, name: &str, expr: &Expr, use_: Use) {
        // A stub never runs, and no module can be called, but for one of the project that puts something in its place.
        let is_function = use_ == Use::Call && !self.around.modules.contains(name);
        if module.as_str().ends_with('*') || self.index.is_stub() || is_function {
            return;
        }
        let used = module.join(name);
        let own = self.provided.iter().flatten().any(|import| import.is_within(&used));
        let number = hash(used.as_str());
        let is_deep = use_ == Use::Part && !module.as_str().contains('.');
        if !own && self.needs.insert((number, is_deep)) {
            self.index.needs.push(Need { number, is_deep, place: self.module.line_column(expr.span.start()) });
        }
    }

    /// `getattr(package, "name")`
    pub(super) fn need_by_name(&mut self, module: &ModuleName, name: &str, expr: &Expr) {
        self.need(module, name, expr, Use::Value);
    }

    pub(super) fn loosely(&mut self, name: &str) {
        self.loose.insert(hash(name));
    }
}

/// What is done with an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Value,
    Call,
    /// An attribute of it is asked for in turn.
    Part,
}

/// A simple statement, or a compound one up to its first colon.
fn header(stmt: &Stmt) -> Span {
    let colon = stmt.blocks().first().and_then(|block| block.colon);
    Span::new(stmt.span.start(), colon.unwrap_or(stmt.span.end()))
}

fn pairs_up(target: &Expr, values: usize) -> bool {
    matches!(&target.kind, ExprKind::Tuple(names) | ExprKind::List(names)
        if names.len() == values && names.iter().all(|name| !matches!(name.kind, ExprKind::Starred(_))))
}
