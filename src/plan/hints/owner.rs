//! Whose annotation a place of the text is in. Decides nothing.

use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Class, Expr, ExprKind, Function, Ident, Module, Stmt, StmtKind};
use crate::text::Span;

/// The annotations of a file that Python may evaluate, in the order of the text.
#[derive(Debug, Default)]
pub struct Owners<'m> {
    places: Vec<(Span, Owner<'m>)>,
    /// The first annotation with a walrus, `yield` or `await` in it.
    acting: Option<Span>,
}

/// What an annotation belongs to.
#[derive(Debug, Clone)]
pub struct Owner<'m> {
    pub role: Role,
    /// The functions and classes around it, outermost first; the last is the one that it annotates something of.
    definitions: Vec<Definition<'m>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Of a parameter or the value of a function.
    Signature,
    /// Of a variable of a module or class.
    Variable,
    /// A type that the header of a class gives to a base.
    Header,
    /// The type that `cast` is given, which it never evaluates.
    Cast,
    /// Elsewhere: `TypeVar("T", bound="T")`.
    Elsewhere,
}

#[derive(Debug, Clone, Copy)]
enum Definition<'m> {
    Function(&'m Function),
    Class(&'m Class),
}

impl<'m> Owners<'m> {
    pub fn new(module: &'m Module) -> Owners<'m> {
        let mut collector = Collector { owners: Owners::default(), around: Vec::new() };
        for stmt in &module.body().body {
            collector.visit_stmt(stmt);
        }
        let mut owners = collector.owners;
        owners.places.sort_by_key(|(span, _)| span.start());
        owners
    }

    pub fn iter(&self) -> impl Iterator<Item = (Span, &Owner<'m>)> {
        self.places.iter().map(|(span, owner)| (*span, owner))
    }

    /// An annotation that does something: as text it would be no valid Python.
    pub fn acting(&self) -> Option<Span> {
        self.acting
    }

    /// Whose annotation `place` is in.
    pub fn of(&self, place: Span) -> Owner<'m> {
        let at = self.places.partition_point(|(span, _)| span.start() <= place.start());
        let found = at.checked_sub(1).map(|at| &self.places[at]).filter(|(span, _)| span.contains_range(place));
        match found {
            Some((_, owner)) => owner.clone(),
            None => Owner { role: Role::Elsewhere, definitions: Vec::new() },
        }
    }
}

impl<'m> Owner<'m> {
    /// The function whose signature it is in.
    pub fn function(&self) -> Option<&'m Function> {
        match (self.role, self.definitions.last()) {
            (Role::Signature, Some(Definition::Function(function))) => Some(function),
            _ => None,
        }
    }

    /// The class that it is a variable of, or whose method's signature it is in.
    pub fn class(&self) -> Option<&'m Class> {
        let inner = self.definitions.len().checked_sub(1 + usize::from(self.role == Role::Signature))?;
        match self.definitions.get(inner) {
            Some(Definition::Class(class)) => Some(class),
            _ => None,
        }
    }

    /// The name of the function or class of the module's body around it.
    pub fn outermost(&self) -> Option<&'m str> {
        self.definitions.first().map(|definition| definition.name().name.as_str())
    }

    /// The names of all functions and classes around it.
    pub fn names(&self) -> impl Iterator<Item = &'m Ident> {
        self.definitions.iter().map(|definition| definition.name())
    }
}

impl<'m> Definition<'m> {
    fn name(self) -> &'m Ident {
        match self {
            Definition::Function(function) => &function.name,
            Definition::Class(class) => &class.name,
        }
    }
}

struct Collector<'m> {
    owners: Owners<'m>,
    around: Vec<Definition<'m>>,
}

impl<'m> Visitor<'m> for Collector<'m> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Function(function) => {
                self.around.push(Definition::Function(function));
                let params = function.params.iter().filter_map(|param| param.annotation.as_ref());
                params.chain(&function.returns).for_each(|annotation| self.add(Role::Signature, annotation));
                walk_stmt(self, stmt);
                self.around.pop();
            }
            StmtKind::Class(class) => {
                self.around.push(Definition::Class(class));
                class.bases.iter().for_each(|base| self.add(Role::Header, base));
                walk_stmt(self, stmt);
                self.around.pop();
            }
            StmtKind::AnnAssign { annotation, .. } => {
                // In a function it is never evaluated.
                if !matches!(self.around.last(), Some(Definition::Function(_))) {
                    self.add(Role::Variable, annotation);
                }
                walk_stmt(self, stmt);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Call { func, args, .. } = &expr.kind
            && func.as_dotted().is_some_and(|parts| parts.last() == Some(&"cast"))
            && let Some(first) = args.first()
        {
            self.owners.places.push((first.span, Owner { role: Role::Cast, definitions: Vec::new() }));
        }
        walk_expr(self, expr);
    }
}

impl<'m> Collector<'m> {
    fn add(&mut self, role: Role, annotation: &'m Expr) {
        let definitions = self.around.clone();
        self.owners.places.push((annotation.span, Owner { role, definitions }));
        let mut acts = Acts { found: false };
        acts.visit_expr(annotation);
        if acts.found && role != Role::Header {
            self.owners.acting.get_or_insert(annotation.span);
        }
    }
}

/// Finds what may not stand in an annotation that is text.
struct Acts {
    found: bool,
}

impl<'m> Visitor<'m> for Acts {
    fn visit_expr(&mut self, expr: &'m Expr) {
        self.found |= matches!(expr.kind, ExprKind::Named { .. } | ExprKind::Yield(_) | ExprKind::Await(_));
        walk_expr(self, expr);
    }
}
