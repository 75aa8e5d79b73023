//! What the imports of one subject ask of the rest of the project, read from its tree.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::super::index::{from_module, targets};
use super::super::{FileIndex, ImportTarget};
use super::words;
use crate::name::ModuleName;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Import, Module, Stmt, StmtKind};
use crate::text::Span;

/// What answers about the imports of a subject may hang on in other files.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Of its imports of configured modules.
    pub targets: Vec<ImportTarget>,
    /// Names that these bind.
    pub bound: BTreeSet<SmolStr>,
    /// If annotations may name these: the functions and classes of the file.
    pub annotated: Option<BTreeSet<SmolStr>>,
}

impl Asked {
    /// What the imports of `module`, the file of `index`, hang on that name something `is_judged`.
    pub fn of(module: &Module, index: &FileIndex, is_judged: &dyn Fn(&ModuleName) -> bool) -> Asked {
        let mut reader =
            AskedReader { index, is_judged, asked: Asked::default(), names: BTreeSet::new(), hints: Vec::new() };
        module.body().body.iter().for_each(|stmt| reader.visit_stmt(stmt));
        let AskedReader { mut asked, names, hints, .. } = reader;
        let may_name = |hint: &Span| asked.bound.iter().any(|name| words::contains(&module.text()[*hint], name));
        asked.annotated = hints.iter().any(may_name).then_some(names);
        asked
    }
}

/// Walks a whole file.
struct AskedReader<'a> {
    index: &'a FileIndex,
    is_judged: &'a dyn Fn(&ModuleName) -> bool,
    asked: Asked,
    /// Of functions and classes.
    names: BTreeSet<SmolStr>,
    /// Annotations, and strings that may be some.
    hints: Vec<Span>,
}

impl<'m> Visitor<'m> for AskedReader<'_> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Function(function) => {
                self.names.insert(function.name.name.clone());
                let annotations = function.params.iter().filter_map(|param| param.annotation.as_ref());
                self.hints.extend(annotations.chain(&function.returns).map(|annotation| annotation.span));
            }
            StmtKind::Class(class) => {
                self.names.insert(class.name.name.clone());
            }
            StmtKind::AnnAssign { annotation, .. } => self.hints.push(annotation.span),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Str(_) = &expr.kind {
            self.hints.push(expr.span);
        }
        walk_expr(self, expr);
    }
}

impl AskedReader<'_> {
    fn import(&mut self, import: &Import) {
        let (name, is_package) = (&self.index.name, self.index.is_package);
        if import.is_star() {
            let module = from_module(import, name, is_package).filter(self.is_judged);
            self.asked.targets.extend(module.map(|module| ImportTarget { module, member: None }));
        }
        for alias in &import.aliases {
            let target = targets(import, alias, name, is_package);
            if let Some(target) = target.filter(|target| (self.is_judged)(&target.dotted())) {
                self.asked.bound.insert(SmolStr::new(alias.bound()));
                self.asked.targets.push(target);
            }
        }
    }
}
