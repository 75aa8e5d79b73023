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
    /// If annotations may name these.
    pub annotated: Option<Annotated>,
}

/// Who may be asked for annotations.
#[derive(Debug, Clone, Default)]
pub struct Annotated {
    /// The functions and classes that have them.
    pub names: BTreeSet<SmolStr>,
    /// Decorators, bases and metaclasses by absolute names: they say who evaluates them.
    pub around: BTreeSet<ModuleName>,
}

/// Of which annotations of a file it matters who evaluates them, once one names a bound name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hints {
    /// Those that name one.
    Naming,
    /// All: they would become text together.
    All,
}

impl Asked {
    /// What the imports of `module`, the file of `index`, hang on that name something `is_judged`.
    pub fn of(module: &Module, index: &FileIndex, hints: Hints, is_judged: &dyn Fn(&ModuleName) -> bool) -> Asked {
        let mut reader = AskedReader {
            index,
            is_judged,
            asked: Asked::default(),
            definitions: Vec::new(),
            around: None,
            annotations: Vec::new(),
            headers: BTreeSet::new(),
        };
        module.body().body.iter().for_each(|stmt| reader.visit_stmt(stmt));
        let AskedReader { mut asked, definitions, annotations, headers, .. } = reader;
        let names_bound = |span: &Span| asked.bound.iter().any(|name| words::contains(&module.text()[*span], name));
        let naming: Vec<bool> = annotations.iter().map(|(span, _)| names_bound(span)).collect();
        if naming.contains(&true) {
            let counts = |at: &usize| hints == Hints::All || naming[*at];
            let mut annotated = Annotated { names: BTreeSet::new(), around: headers };
            for at in (0..annotations.len()).filter(counts) {
                let mut inner = annotations[at].1;
                while let Some((name, around)) = inner.map(|at| &definitions[at]) {
                    annotated.names.insert(name.clone());
                    inner = *around;
                }
            }
            asked.annotated = Some(annotated);
        }
        asked
    }
}

/// Walks a whole file.
struct AskedReader<'a> {
    index: &'a FileIndex,
    is_judged: &'a dyn Fn(&ModuleName) -> bool,
    asked: Asked,
    /// The functions and classes, each with the one around it.
    definitions: Vec<(SmolStr, Option<usize>)>,
    /// The innermost around what is read.
    around: Option<usize>,
    /// Annotations, and strings that may be some, with whose they are.
    annotations: Vec<(Span, Option<usize>)>,
    headers: BTreeSet<ModuleName>,
}

impl<'m> Visitor<'m> for AskedReader<'_> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        let outer = self.around;
        match &stmt.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Function(function) => {
                self.define(&function.name.name);
                let annotations = function.params.iter().filter_map(|param| param.annotation.as_ref());
                annotations.chain(&function.returns).for_each(|annotation| self.annotation(annotation));
                function.decorators.iter().for_each(|decorator| self.header(decorator));
            }
            StmtKind::Class(class) => {
                self.define(&class.name.name);
                class.bases.iter().for_each(|base| self.annotation(base));
                let keywords = class.keywords.iter().map(|keyword| &keyword.value);
                class.bases.iter().chain(&class.decorators).chain(keywords).for_each(|expr| self.header(expr));
            }
            StmtKind::AnnAssign { annotation, .. } => self.annotation(annotation),
            // A string that stands alone, as docstrings do, is no type.
            StmtKind::Expr(value) if matches!(value.kind, ExprKind::Str(_)) => return,
            _ => {}
        }
        walk_stmt(self, stmt);
        self.around = outer;
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Str(_) = &expr.kind {
            self.annotation(expr);
        }
        walk_expr(self, expr);
    }
}

impl AskedReader<'_> {
    fn define(&mut self, name: &SmolStr) {
        self.definitions.push((name.clone(), self.around));
        self.around = Some(self.definitions.len() - 1);
    }

    fn annotation(&mut self, expr: &Expr) {
        self.annotations.push((expr.span, self.around));
    }

    fn header(&mut self, expr: &Expr) {
        self.headers.extend(self.index.hints.absolute(expr, &self.index.name));
    }

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
