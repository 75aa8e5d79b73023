//! What a file says that bears on who evaluates annotations: the functions and classes of its body, what its names mean,
//! and the calls and libraries in it that evaluate annotations. Decides nothing.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{from_module, is_type_checking, targets};
use crate::name::ModuleName;
use crate::project::hints::libraries;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Block, Class, Expr, ExprKind, Keyword, Module, Stmt, StmtKind};
use crate::text::{LineColumn, Span};

/// See the module's comment.
#[derive(Debug, Default)]
pub struct HintFacts {
    /// What the names of the module's body mean.
    pub names: BTreeMap<SmolStr, Meaning>,
    /// The first import of a library that evaluates annotations.
    pub library: Option<(SmolStr, LineColumn)>,
    pub evaluations: Vec<Evaluation>,
}

/// What a name of a module's body means to those who use it as a decorator or a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// What is imported under it.
    Imported(ModuleName),
    /// A function, with the names of its decorators; `None` for one that is no dotted name.
    Function(Vec<Option<ModuleName>>),
    Class(Shape),
    /// `x = Callee(...)`
    Made(Option<ModuleName>),
    Other,
}

/// The header of a class, as far as it tells who reads its annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bases, decorators and the metaclass by absolute names; `None` for one that is no dotted name.
    pub around: Vec<Option<ModuleName>>,
    /// A class keyword other than `metaclass`, `total` and the like, which goes to a base's `__init_subclass__`.
    pub has_keywords: bool,
}

/// A call that evaluates annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Whose, by its absolute name; `None` if it cannot be told.
    pub of: Option<ModuleName>,
    pub when: Evaluated,
    pub call: SmolStr,
    pub place: LineColumn,
}

/// Which annotations a reader evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evaluated {
    /// Also those that are text.
    Text,
    /// Those that Python keeps unevaluated by itself, from 3.14 on.
    Deferred,
}

impl HintFacts {
    pub(super) fn of(module: &Module, name: &ModuleName, is_package: bool) -> HintFacts {
        let mut facts = HintFacts::default();
        let home = Home { name, is_package };
        facts.read_body(module.body(), &home);
        let mut finder = Finder { facts: &mut facts, module, home: &home, evals: false };
        for stmt in &module.body().body {
            finder.visit_stmt(stmt);
        }
        if finder.evals {
            facts.evaluations.iter_mut().for_each(|evaluation| evaluation.when = Evaluated::Text);
        }
        facts
    }

    fn read_body(&mut self, block: &Block, home: &Home<'_>) {
        for stmt in &block.body {
            match &stmt.kind {
                StmtKind::Import(import) => {
                    for alias in &import.aliases {
                        let Some(target) = targets(import, alias, home.name, home.is_package) else { continue };
                        let meant = match (&target.member, &alias.asname) {
                            (None, None) => ModuleName::new(target.module.root()),
                            _ => Some(target.dotted()),
                        };
                        if let Some(meant) = meant {
                            self.names.insert(SmolStr::new(alias.bound()), Meaning::Imported(meant));
                        }
                    }
                }
                StmtKind::Function(function) => {
                    let decorators = function.decorators.iter().map(|decorator| self.absolute(decorator, home.name));
                    let meaning = Meaning::Function(decorators.collect());
                    self.bind(&function.name.name, meaning);
                }
                StmtKind::Class(class) => {
                    let shape = self.shape(class, home.name);
                    self.bind(&class.name.name, Meaning::Class(shape));
                }
                StmtKind::Assign { targets, value } => {
                    let meaning = match &value.kind {
                        ExprKind::Call { func, .. } => Meaning::Made(self.absolute(func, home.name)),
                        _ => self.absolute(value, home.name).map_or(Meaning::Other, Meaning::Imported),
                    };
                    for name in targets.iter().filter_map(|target| target.as_name()) {
                        self.bind(name, meaning.clone());
                    }
                }
                _ => stmt.blocks().into_iter().for_each(|inner| self.read_body(inner, home)),
            }
        }
    }

    /// A name that is bound twice means neither.
    fn bind(&mut self, name: &str, meaning: Meaning) {
        let known = self.names.entry(SmolStr::new(name)).or_insert_with(|| meaning.clone());
        if *known != meaning {
            *known = Meaning::Other;
        }
    }

    /// The absolute name of a decorator, base or callee, without the arguments of its call and its subscript.
    pub fn absolute(&self, expr: &Expr, home: &ModuleName) -> Option<ModuleName> {
        let parts = bare(expr).as_dotted()?;
        self.resolve(&parts, home)
    }

    /// The absolute name of `a.b.c`, read at module level of the module `home`.
    pub fn resolve(&self, parts: &[&str], home: &ModuleName) -> Option<ModuleName> {
        let (first, rest) = parts.split_first()?;
        let start = match self.names.get(*first) {
            Some(Meaning::Imported(target)) => target.clone(),
            Some(_) => home.join(first),
            None if crate::semantic::is_builtin(first) => ModuleName::new("builtins")?.join(first),
            None => return None,
        };
        Some(rest.iter().fold(start, |name, part| name.join(part)))
    }

    /// The header of a class whose names are those of the module `home`.
    pub fn shape(&self, class: &Class, home: &ModuleName) -> Shape {
        let metaclass = class.keywords.iter().filter(|keyword| is_named(keyword, &["metaclass"]));
        let around = class.bases.iter().chain(&class.decorators).chain(metaclass.map(|keyword| &keyword.value));
        Shape {
            around: around.map(|expr| self.absolute(expr, home)).collect(),
            has_keywords: !class.keywords.iter().all(|keyword| is_named(keyword, &["metaclass", "total", "closed"])),
        }
    }
}

/// The file that names are resolved in.
pub(super) struct Home<'n> {
    name: &'n ModuleName,
    is_package: bool,
}

fn is_named(keyword: &Keyword, names: &[&str]) -> bool {
    keyword.name.as_ref().is_some_and(|name| names.contains(&name.name.as_str()))
}

/// `a.b` of `a.b(...)` and of `a.b[...]`.
pub fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call { func, .. } => func,
        ExprKind::Subscript { value, .. } => value,
        _ => expr,
    }
}

/// Names of functions that evaluate annotations, also those that are text.
#[rustfmt::skip]
pub const EVALUATORS: &[&str] =
    &["get_type_hints", "evaluate_forward_ref", "resolve_types", "_eval_type", "update_forward_refs", "model_rebuild",
    // Hooks that make every module imported later check its annotations.
    "install_import_hook", "beartype_this_package", "beartype_package", "beartype_packages", "beartype_all"];

/// Names of functions that evaluate annotations which Python keeps unevaluated, and those that are text if they are
/// called with `eval_str`.
pub const INSPECTORS: &[&str] = &["signature", "get_annotations", "getfullargspec", "create_autospec"];

/// The modules that these functions are of.
const INSPECTING: &[&str] = &["inspect", "annotationlib", "unittest", "mock"];

/// Finds the libraries and calls that evaluate annotations, in any scope.
struct Finder<'f, 'm> {
    facts: &'f mut HintFacts,
    module: &'m Module,
    home: &'f Home<'f>,
    /// `eval` stands in the file: what it does with text that it reads cannot be told.
    evals: bool,
}

impl<'m> Visitor<'m> for Finder<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        if let StmtKind::Import(import) = &stmt.kind {
            let from = from_module(import, self.home.name, self.home.is_package);
            let names = import.aliases.iter().map(|alias| alias.name.as_str());
            let modules: Vec<&str> = match &from {
                Some(from) => vec![from.as_str()],
                None => names.collect(),
            };
            let roots = modules.iter().filter_map(|module| module.split('.').next());
            if let Some(root) = roots.into_iter().find(|root| libraries::reads_annotations(root)) {
                let place = self.module.line_column(stmt.span.start());
                self.facts.library.get_or_insert_with(|| (SmolStr::new(root), place));
            }
        }
        if let StmtKind::If { arms, .. } = &stmt.kind
            && arms.first().is_some_and(|arm| is_type_checking(&arm.test))
        {
            // What is imported for type checkers only evaluates nothing.
            return;
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Call { func, args, keywords } => {
                let has = |name: &str| keywords.iter().any(|keyword| is_named(keyword, &[name]));
                match self.reader(func) {
                    Some((name, when)) => {
                        let when = if has("eval_str") { Evaluated::Text } else { when };
                        self.evaluation(when, &name, args.first(), expr.span);
                        // Not the name of the function again, which would be taken for one that is passed on.
                        args.iter()
                            .chain(keywords.iter().map(|keyword| &keyword.value))
                            .for_each(|e| self.visit_expr(e));
                        return;
                    }
                    None if has("autospec") => self.evaluation(Evaluated::Deferred, "autospec", None, expr.span),
                    None => {}
                }
            }
            ExprKind::Attribute { value, attr } if matches!(attr.name.as_str(), "__annotations__" | "__annotate__") => {
                self.evaluation(Evaluated::Deferred, &attr.name, Some(value), expr.span);
            }
            ExprKind::Name(_) | ExprKind::Attribute { .. } => {
                // Passed on as a value it may be called with anything.
                if let Some((name, when)) = self.reader(expr) {
                    self.evaluation(when, &name, None, expr.span);
                }
                self.evals |= expr.as_name() == Some("eval");
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl Finder<'_, '_> {
    /// The function that evaluates annotations, if the expression names one, under whichever name it was imported.
    fn reader(&self, expr: &Expr) -> Option<(SmolStr, Evaluated)> {
        let written = last(expr)?;
        let meant = expr.as_dotted().and_then(|parts| self.facts.resolve(&parts, self.home.name));
        let names = [written, meant.as_ref().map_or(written, ModuleName::last)];
        let found = |list: &[&str]| names.iter().any(|name| list.contains(name));
        let when = match () {
            () if found(EVALUATORS) => Evaluated::Text,
            // Words that other things are called by too.
            () if found(INSPECTORS) && meant.as_ref().is_some_and(|meant| INSPECTING.contains(&meant.root())) => {
                Evaluated::Deferred
            }
            () => return None,
        };
        Some((SmolStr::new(names[1]), when))
    }

    fn evaluation(&mut self, when: Evaluated, call: &str, of: Option<&Expr>, span: Span) {
        let parts = of.and_then(Expr::as_dotted);
        // A name that is not one of the module's is a parameter or a local: anything.
        let of = parts.and_then(|parts| self.facts.resolve(&parts, self.home.name));
        let place = self.module.line_column(span.start());
        self.facts.evaluations.push(Evaluation { of, when, call: SmolStr::new(call), place });
    }
}

fn last(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        _ => None,
    }
}
