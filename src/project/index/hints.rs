//! What a file says that bears on who evaluates annotations: the functions and classes of its body, and what its names
//! mean. The calls and libraries that evaluate them are `evaluate`'s business. Decides nothing.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::evaluate::{self, HandedOn};
use super::targets;
use crate::name::ModuleName;
use crate::python::{Block, Class, Expr, ExprKind, Keyword, Module, StmtKind};
use crate::text::LineColumn;

/// See the module's comment.
#[derive(Debug, Default)]
pub struct HintFacts {
    /// What the names of the module's body mean.
    pub names: BTreeMap<SmolStr, Meaning>,
    /// The first import of a library that evaluates annotations.
    pub library: Option<(SmolStr, LineColumn)>,
    pub evaluations: Vec<Evaluation>,
    /// `eval` is called somewhere.
    pub evals: bool,
    /// A module is loaded whose name cannot be told.
    pub loads_any: bool,
    /// `functools.singledispatch` is used: it evaluates the annotations of what is registered.
    pub dispatches: bool,
    pub handed_on: HandedOn,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        evaluate::read(&mut facts, module, name, is_package);
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
                    let meaning = self.meaning(value, home);
                    for name in targets.iter().filter_map(|target| target.as_name()) {
                        self.bind(name, meaning.clone());
                    }
                }
                StmtKind::AnnAssign { target, value: Some(value), .. } => {
                    if let Some(name) = target.as_name() {
                        self.bind(name, self.meaning(value, home));
                    }
                }
                _ => stmt.blocks().into_iter().for_each(|inner| self.read_body(inner, home)),
            }
        }
    }

    /// What a name means that is given the value.
    fn meaning(&self, value: &Expr, home: &Home<'_>) -> Meaning {
        match &value.kind {
            ExprKind::Call { func, .. } => Meaning::Made(self.absolute(func, home.name)),
            _ => self.absolute(value, home.name).map_or(Meaning::Other, Meaning::Imported),
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

pub(super) fn is_named(keyword: &Keyword, names: &[&str]) -> bool {
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
