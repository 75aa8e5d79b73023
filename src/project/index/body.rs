//! What happens when a file is imported: names it binds, modules it loads, what it changes beyond itself, and what it
//! takes from the process (environment, clock, files). Functions of the file that its body calls are followed.

use std::cell::OnceCell;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::known::{INPUTS, OPENERS, PURE_DECORATORS, PURE_PACKAGES};
use super::names::Names;
use super::{FileIndex, is_main_guard, is_type_checking, targets};
use crate::name::ModuleName;
use crate::project::Class;
use crate::python::visit::{Visitor, walk_block, walk_expr, walk_stmt};
use crate::python::{self, Expr, ExprKind, Function, Import, Module, Stmt, StmtKind};
use crate::text::Span;

/// One walk over the statements that run when the module is imported.
pub(super) struct Body<'i, 'm> {
    index: &'i mut FileIndex,
    module: &'m Module,
    names: &'i Names<'m>,
    /// What calling a name of this file runs: a function, or the constructors of a class.
    functions: HashMap<&'m str, Vec<&'m Function>>,
    /// Names of objects that belong to this module alone.
    own: HashSet<&'m str>,
    followed: HashSet<&'m str>,
    /// Names of paths beside this file.
    beside: OnceCell<HashSet<&'m str>>,
    /// Inside a function that the body calls: what it binds itself.
    local: Option<HashSet<&'m str>>,
    /// Compound statements around.
    depth: usize,
    in_class: bool,
}

impl<'i, 'm> Body<'i, 'm> {
    pub(super) fn read(index: &'i mut FileIndex, module: &'m Module, names: &'i Names<'m>) {
        let mut body = Body {
            index,
            module,
            names,
            functions: HashMap::default(),
            own: HashSet::default(),
            followed: HashSet::default(),
            beside: OnceCell::new(),
            local: None,
            depth: 0,
            in_class: false,
        };
        for stmt in &module.body().body {
            body.declare(stmt);
        }
        for stmt in &module.body().body {
            body.visit_stmt(stmt);
        }
    }

    /// What belongs to the module, before anything is done with it.
    fn declare(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Function(function) => {
                self.functions.insert(&function.name.name, vec![function]);
                self.own.insert(&function.name.name);
            }
            StmtKind::Class(class) => {
                let constructors = class.body.body.iter().filter_map(|stmt| match &stmt.kind {
                    StmtKind::Function(function) if CONSTRUCTORS.contains(&function.name.name.as_str()) => {
                        Some(&**function)
                    }
                    _ => None,
                });
                self.functions.insert(&class.name.name, constructors.collect());
                self.own.insert(&class.name.name);
            }
            StmtKind::Assign { targets, value } if is_new(value) => {
                self.own.extend(targets.iter().filter_map(|target| target.as_name()));
            }
            StmtKind::AnnAssign { target, value: Some(value), .. } if is_new(value) => {
                self.own.extend(target.as_name());
            }
            _ => stmt.blocks().into_iter().flat_map(|block| &block.body).for_each(|inner| self.declare(inner)),
        }
    }
}

impl<'m> Visitor<'m> for Body<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => return self.import(stmt, import),
            StmtKind::Function(function) => return self.function(function),
            StmtKind::Class(class) => return self.class(class),
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|target| self.assign(target));
                self.second_names(targets, value);
            }
            StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => self.assign(target),
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.changes(target)),
            StmtKind::For(node) => self.assign(&node.target),
            StmtKind::Expr(value) => self.statement(value),
            StmtKind::If { arms, orelse } => {
                self.depth += 1;
                for arm in arms {
                    if is_main_guard(&arm.test, self.module.text()) {
                        self.index.main_guard.get_or_insert(self.module.line_column(stmt.span.start()));
                    } else if !is_type_checking(&arm.test) {
                        self.visit_expr(&arm.test);
                        walk_block(self, &arm.body);
                    }
                }
                orelse.iter().for_each(|block| walk_block(self, block));
                self.depth -= 1;
                return;
            }
            _ => {}
        }
        self.depth += usize::from(!stmt.blocks().is_empty());
        walk_stmt(self, stmt);
        self.depth -= usize::from(!stmt.blocks().is_empty());
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Lambda { params, .. } => {
                params.iter().filter_map(|param| param.default.as_ref()).for_each(|default| self.visit_expr(default));
                return;
            }
            ExprKind::Attribute { .. } | ExprKind::Name(_) => self.input(expr),
            ExprKind::Call { func, args, .. } if !self.taken_from_files(func, args, expr) => self.follow(func),
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl<'m> Body<'_, 'm> {
    fn import(&mut self, stmt: &Stmt, import: &Import) {
        if self.local.is_some() {
            return;
        }
        let at_module_level = self.is_at_module_level();
        let place = self.module.line_column(stmt.span.start());
        let index = &mut *self.index;
        for alias in &import.aliases {
            let Some(target) = targets(import, alias, &index.name, index.is_package) else { continue };
            let bound = SmolStr::new(alias.bound());
            // A name of the package that is not the submodule of that name.
            if index.is_package && at_module_level && target.dotted() != index.name.join(&bound) {
                index.defined.insert(bound.clone(), place);
            }
            let stands_for = match (&target.member, &alias.asname) {
                (None, None) => ModuleName::new(target.module.root()),
                _ => Some(target.dotted()),
            };
            index.bound.extend(stands_for.filter(|_| at_module_level).map(|module| (bound, module)));
        }
    }

    /// `h = handler`
    fn second_names(&mut self, targets: &'m [Expr], value: &'m Expr) {
        if !self.is_at_module_level() {
            return;
        }
        let names = targets.iter().filter_map(|target| target.as_name());
        let meant = self.names.of(value);
        self.index
            .bound
            .extend(names.flat_map(|name| meant.iter().map(move |module| (SmolStr::new(name), module.clone()))));
    }

    fn class(&mut self, class: &'m python::Class) {
        self.decorators(&class.decorators);
        if self.local.is_none() {
            self.define(&class.name.name, class.name.span);
            let read = Class::read(class, self.index, self.module, self.names);
            self.index.classes.push(read);
        }
        class.decorators.iter().chain(&class.bases).for_each(|expr| self.visit_expr(expr));
        class.keywords.iter().for_each(|keyword| self.visit_expr(&keyword.value));
        let outer = std::mem::replace(&mut self.in_class, true);
        self.depth += 1;
        class.body.body.iter().for_each(|stmt| self.visit_stmt(stmt));
        self.depth -= 1;
        self.in_class = outer;
    }

    fn is_at_module_level(&self) -> bool {
        self.local.is_none() && !self.in_class
    }

    fn function(&mut self, function: &'m Function) {
        self.define(&function.name.name, function.name.span);
        self.decorators(&function.decorators);
        function.decorators.iter().for_each(|decorator| self.visit_expr(decorator));
        function.params.iter().filter_map(|param| param.default.as_ref()).for_each(|default| self.visit_expr(default));
    }

    fn define(&mut self, name: &SmolStr, span: Span) {
        if !self.is_at_module_level() {
            return;
        }
        self.index.defined.insert(name.clone(), self.module.line_column(span.start()));
    }

    fn assign(&mut self, target: &'m Expr) {
        match &target.kind {
            ExprKind::Name(name) => self.define(name, target.span),
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|item| self.assign(item)),
            ExprKind::Starred(inner) => self.assign(inner),
            _ => self.changes(target),
        }
    }

    /// `other.name = x`, `other.TABLE[key] = x`
    fn changes(&mut self, target: &'m Expr) {
        let (ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. }) = &target.kind else { return };
        let of_this_module = matches!(&value.kind, ExprKind::Call { func, args, .. }
            if args.is_empty() && matches!(func.as_name(), Some("globals" | "locals" | "vars")));
        if !of_this_module && root(value).is_some_and(|root| !self.is_own(root)) {
            self.note_effect(target.span, "assigns a part of another module at import".to_owned());
        }
    }

    /// An expression that stands for what it does.
    fn statement(&mut self, value: &'m Expr) {
        match &value.kind {
            ExprKind::Call { func, .. } => {
                let called = func.as_dotted().unwrap_or_default();
                let own_root = root(func).is_some_and(|root| self.is_own(root));
                let is_followed = called.len() == 1 && self.functions.contains_key(called[0]);
                let is_super = matches!(&func.kind, ExprKind::Attribute { value, .. }
                    if matches!(&value.kind, ExprKind::Call { func, .. } if func.as_name() == Some("super")));
                let of_own = own_root && called.len() != 1;
                if !is_followed && !is_super && !of_own {
                    let name = self.module.text()[func.span].lines().next().unwrap_or_default();
                    self.note_effect(value.span, format!("calls `{name}` at import"));
                }
            }
            ExprKind::Await(inner) => self.statement(inner),
            ExprKind::Comprehension(comprehension) => {
                comprehension.elements.iter().for_each(|element| self.statement(element));
            }
            ExprKind::Operation(operands) => operands.iter().for_each(|operand| self.statement(operand)),
            _ => {}
        }
    }

    fn decorators(&mut self, decorators: &'m [Expr]) {
        for decorator in decorators {
            let callee = match &decorator.kind {
                ExprKind::Call { func, .. } => func,
                _ => decorator,
            };
            let dotted = callee.as_dotted().unwrap_or_default();
            let last = dotted.last().copied().unwrap_or_default();
            let own = dotted.len() > 1 && self.is_own(dotted[0]);
            let wraps = self
                .names
                .full(&dotted)
                .iter()
                .all(|name| PURE_PACKAGES.contains(&name.split('.').next().unwrap_or_default()));
            let is_function = dotted.len() == 1 && self.functions.contains_key(dotted[0]);
            if is_function {
                self.follow(callee);
            } else if !PURE_DECORATORS.contains(&last) && !own && !wraps {
                let what = format!("the decorator `{}` may register it", dotted.join("."));
                self.note_effect(decorator.span, what);
            }
        }
    }

    /// Whether what is done to `name` stays in this module, or in a function that it calls.
    fn is_own(&self, name: &str) -> bool {
        match &self.local {
            Some(local) if local.contains(name) => true,
            _ => self.own.contains(name) && !self.names.is_import(name),
        }
    }

    /// A function of this file that runs at import.
    fn follow(&mut self, func: &'m Expr) {
        let Some(name) = func.as_name() else { return };
        let Some((&name, functions)) = self.functions.get_key_value(name) else { return };
        let functions = functions.clone();
        if !self.followed.insert(name) {
            return;
        }
        for function in functions {
            let mut bound = Bound::default();
            bound.0.extend(function.params.iter().map(|param| param.ident.name.as_str()));
            function.body.body.iter().for_each(|stmt| bound.visit_stmt(stmt));
            let outer = self.local.replace(bound.0);
            function.body.body.iter().for_each(|stmt| self.visit_stmt(stmt));
            self.local = outer;
        }
    }

    /// `os.environ`, `time.time`, `sys.argv`: what differs from process to process, or from moment to moment.
    fn input(&mut self, expr: &'m Expr) {
        let Some(parts) = expr.as_dotted() else { return };
        if parts.len() == 1 && !self.names.is_import(parts[0]) {
            return;
        }
        let full = self.names.full(&parts);
        if let Some(name) = full.iter().find(|name| INPUTS.contains(&name.as_str())) {
            self.note_input(expr.span, format!("reads `{name}` at import"));
        }
    }

    /// `open("x")`, `Path("x").read_text()`: a file beside this one is the same whoever asks.
    fn taken_from_files(&mut self, func: &'m Expr, args: &'m [Expr], call: &'m Expr) -> bool {
        let parts = func.as_dotted().unwrap_or_default();
        let opens = *parts == ["open"] || self.names.full(&parts).iter().any(|name| OPENERS.contains(&name.as_str()));
        let reads = match &func.kind {
            ExprKind::Attribute { value, attr } => {
                matches!(attr.name.as_str(), "read_text" | "read_bytes") && !matches!(value.kind, ExprKind::Str(_))
            }
            _ => false,
        };
        if !opens && !reads {
            return false;
        }
        let text = self.module.text();
        let beside = text[call.span].contains("__file__")
            || args.iter().chain([func]).any(|part| root(part).is_some_and(|root| self.is_beside(root)));
        if !beside {
            self.note_input(call.span, "reads a file at import".to_owned());
        }
        true
    }

    /// `HERE = Path(__file__).parent`
    fn is_beside(&self, name: &str) -> bool {
        let names = self.beside.get_or_init(|| {
            let text = self.module.text();
            let assigned = self.module.body().body.iter().filter_map(|stmt| match &stmt.kind {
                StmtKind::Assign { targets, value } if text[value.span].contains("__file__") => Some(targets),
                _ => None,
            });
            assigned.flatten().filter_map(|target| target.as_name()).collect()
        });
        names.contains(name)
    }

    fn note_effect(&mut self, span: Span, what: String) {
        self.index.effect.get_or_insert_with(|| (self.module.line_column(span.start()), what));
    }

    fn note_input(&mut self, span: Span, what: String) {
        self.index.input.get_or_insert_with(|| (self.module.line_column(span.start()), what));
    }
}

/// The names that a function binds.
#[derive(Default)]
struct Bound<'m>(HashSet<&'m str>);

impl<'m> Visitor<'m> for Bound<'m> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, .. } => self.0.extend(targets.iter().filter_map(|target| target.as_name())),
            StmtKind::With { items, .. } => {
                self.0.extend(items.iter().filter_map(|item| item.target.as_ref()?.as_name()));
            }
            StmtKind::Function(_) | StmtKind::Class(_) => return,
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, _: &'m Expr) {}
}

/// What making an object of a class runs.
const CONSTRUCTORS: &[&str] = &["__init__", "__new__", "__post_init__"];

/// An object that nobody else has: a display, or what a class makes.
fn is_new(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Set(_) | ExprKind::Comprehension(_) => true,
        ExprKind::Call { func, .. } => {
            let last = func.as_dotted().and_then(|parts| parts.last().map(|last| (*last).to_owned()));
            last.is_some_and(|last| {
                let makes = ["bytearray", "defaultdict", "deque", "dict", "list", "set"].contains(&last.as_str());
                let is_class = last.starts_with(char::is_uppercase) && last.contains(char::is_lowercase);
                makes || is_class
            })
        }
        _ => false,
    }
}

/// The name that a chain of attributes, calls and subscripts begins with.
fn root(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => root(value),
        ExprKind::Call { func, .. } => root(func),
        ExprKind::Operation(operands) => operands.first().and_then(root),
        _ => None,
    }
}
