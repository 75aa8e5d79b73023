//! Which imports run when a file is imported: those of its body, of the classes in it, of the functions that it calls while
//! it runs. Read from syntax alone; what the names lead to is for the graph.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::{ImportTarget, from_module, is_main_guard, is_type_checking, targets};
use crate::name::ModuleName;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Block, Expr, ExprKind, Function, Import, Module, Stmt, StmtKind};
use crate::text::LineColumn;

/// An import that runs when its file is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub target: ImportTarget,
    /// The start of the import statement, or of the call that imports.
    pub place: LineColumn,
    pub when: When,
    pub by: By,
    /// A statement of the module's body itself: under no condition and in no `try`.
    pub is_certain: bool,
    /// Configured to stand in functions, so that it may be gone after this run.
    pub is_cold: bool,
}

impl Edge {
    /// The modules that it may load: for `from a import b` both `a` and `a.b`.
    pub fn modules(&self) -> impl Iterator<Item = ModuleName> {
        let member = self.target.member.is_some().then(|| self.target.dotted());
        std::iter::once(self.target.module.clone()).chain(member)
    }
}

/// Under which condition an import runs, as far as that can be told without running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// `lazy import`: at the first use of the name.
    OnUse,
    /// In the handler of a `try`: if the import at this position of the list fails.
    IfFails(u32),
}

/// What runs the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A statement of the module's body.
    Body,
    /// A statement of a function that the module's body calls.
    Function,
    /// `importlib.import_module("a.b")`
    Name,
}

/// The imports that run when `module` is imported under the name `name`, in the order in which they are met.
pub(super) fn read(
    module: &Module,
    name: &ModuleName,
    is_package: bool,
    is_cold: &dyn Fn(&ModuleName) -> bool,
) -> Vec<Edge> {
    let edges = Vec::new();
    let mut reader =
        Reader { module, name, is_package, is_cold, edges, by: By::Body, depth: 0, called: BTreeSet::new() };
    reader.block(module.body(), When::Always);
    reader.follow_calls();
    reader.edges
}

struct Reader<'m> {
    module: &'m Module,
    name: &'m ModuleName,
    is_package: bool,
    is_cold: &'m dyn Fn(&ModuleName) -> bool,
    edges: Vec<Edge>,
    /// What runs the statements that are read now.
    by: By,
    /// How many compound statements and classes are around it; a block of the module counts as one.
    depth: u32,
    /// Functions and classes of the file that are called while it is imported.
    called: BTreeSet<SmolStr>,
}

impl<'m> Reader<'m> {
    fn block(&mut self, block: &'m Block, when: When) {
        self.depth += 1;
        block.body.iter().for_each(|stmt| self.stmt(stmt, when));
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &'m Stmt, when: When) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(stmt, import, when),
            StmtKind::Function(function) => self.decorators(&function.decorators),
            StmtKind::Class(class) => {
                self.decorators(&class.decorators);
                self.block(&class.body, when);
            }
            StmtKind::If { arms, orelse } => {
                for arm in arms {
                    self.visit_expr(&arm.test);
                    if !is_type_checking(&arm.test) && !is_main_guard(&arm.test, self.module.text()) {
                        self.block(&arm.body, when);
                    }
                    if self.is_not_type_checking(&arm.test) {
                        return;
                    }
                }
                orelse.iter().for_each(|block| self.block(block, when));
            }
            StmtKind::Try(node) => {
                let first = self.edges.len();
                self.block(&node.body, when);
                let fallback = if self.edges.len() > first { When::IfFails(first as u32) } else { when };
                node.handlers.iter().for_each(|handler| self.block(&handler.body, fallback));
                node.orelse.iter().chain(&node.finally).for_each(|block| self.block(block, when));
            }
            _ => {
                Calls { reader: self }.visit_own(stmt);
                stmt.blocks().into_iter().for_each(|block| self.block(block, when));
            }
        }
    }

    fn import(&mut self, stmt: &Stmt, import: &Import, when: When) {
        let when = if import.lazy { When::OnUse } else { when };
        let place = self.module.line_column(stmt.span.start());
        if import.is_star()
            && let Some(module) = from_module(import, self.name, self.is_package)
        {
            self.edge(ImportTarget { module, member: None }, place, when);
        }
        for alias in &import.aliases {
            if let Some(target) = targets(import, alias, self.name, self.is_package) {
                self.edge(target, place, when);
            }
        }
    }

    fn edge(&mut self, target: ImportTarget, place: LineColumn, when: When) {
        let is_cold = (self.is_cold)(&target.dotted());
        let is_certain = self.by == By::Body && self.depth == 1 && when == When::Always;
        self.edges.push(Edge { target, place, when, by: self.by, is_certain, is_cold });
    }

    /// `if not TYPE_CHECKING:`, whose other arms never run.
    fn is_not_type_checking(&self, test: &Expr) -> bool {
        match &test.kind {
            ExprKind::Operation(operands) => match operands.as_slice() {
                [operand] => is_type_checking(operand) && self.module.text()[test.span].starts_with("not "),
                _ => false,
            },
            _ => false,
        }
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        Calls { reader: self }.visit_expr(expr);
    }

    fn decorators(&mut self, decorators: &'m [Expr]) {
        for decorator in decorators {
            self.called.extend(decorator.as_name().map(SmolStr::new));
            self.visit_expr(decorator);
        }
    }

    /// The imports of functions that the file calls while it is imported, and of those that they call.
    fn follow_calls(&mut self) {
        if self.called.is_empty() {
            return;
        }
        self.by = By::Function;
        let mut functions = Definitions::default();
        functions.block(self.module.body());
        let mut done = BTreeSet::new();
        while let Some(name) = self.called.pop_first() {
            if done.insert(name.clone()) {
                for function in functions.by_name.remove(&name).unwrap_or_default() {
                    self.block(&function.body, When::Always);
                }
            }
        }
    }
}

/// The functions that calling a name of the module's body runs.
#[derive(Default)]
struct Definitions<'m> {
    by_name: BTreeMap<SmolStr, Vec<&'m Function>>,
}

pub(super) const CONSTRUCTORS: &[&str] = &["__init__", "__new__", "__post_init__"];

impl<'m> Definitions<'m> {
    fn block(&mut self, block: &'m Block) {
        for stmt in &block.body {
            match &stmt.kind {
                StmtKind::Function(function) => self.add(&function.name.name, function),
                StmtKind::Class(class) => {
                    for inner in &class.body.body {
                        if let StmtKind::Function(function) = &inner.kind
                            && CONSTRUCTORS.contains(&function.name.name.as_str())
                        {
                            self.add(&class.name.name, function);
                        }
                    }
                }
                _ => stmt.blocks().into_iter().for_each(|block| self.block(block)),
            }
        }
    }

    fn add(&mut self, name: &SmolStr, function: &'m Function) {
        self.by_name.entry(name.clone()).or_default().push(function);
    }
}

/// Finds what the expressions of a statement call, and what they import by name.
struct Calls<'r, 'm> {
    reader: &'r mut Reader<'m>,
}

impl<'m> Calls<'_, 'm> {
    /// The statement's own expressions; its blocks are walked by the reader.
    fn visit_own(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::For(node) => self.visit_expr(&node.iter),
            StmtKind::While { test, .. } => self.visit_expr(test),
            StmtKind::With { items, .. } => items.iter().for_each(|item| self.visit_expr(&item.context)),
            StmtKind::Match { subject, .. } => self.visit_expr(subject),
            _ => walk_stmt(self, stmt),
        }
    }
}

impl<'m> Visitor<'m> for Calls<'_, 'm> {
    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            // Runs when it is called.
            ExprKind::Lambda { .. } => return,
            ExprKind::Call { func, args, .. } => {
                self.reader.called.extend(func.as_name().map(SmolStr::new));
                let imports = matches!(func.as_dotted().as_deref(), Some([.., "import_module" | "__import__"]));
                let named = args.first().filter(|_| imports).and_then(Expr::as_str);
                let named = named.and_then(|string| string.plain(self.reader.module.text()));
                if let Some(module) = named.and_then(ModuleName::new) {
                    let place = self.reader.module.line_column(expr.span.start());
                    let target = ImportTarget { module, member: None };
                    let (when, by) = (When::Always, By::Name);
                    self.reader.edges.push(Edge { target, place, when, by, is_certain: false, is_cold: false });
                }
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}
