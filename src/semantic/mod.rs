//! What names mean in one module: scopes, bindings and references, resolved as CPython's symbol table does, and when
//! Python evaluates each reference. Knows nothing of other modules or of policy.

mod build;
mod phase;

use smol_str::SmolStr;
use std::collections::BTreeMap;

use crate::python::{Block, Class, Comprehension, Expr, Function, Import, Module, Param, Stmt};
use crate::text::Span;

/// Index of a scope in its model; the module's scope is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferenceId(u32);

/// The meaning of one module's names.
#[derive(Debug)]
pub struct Model<'m> {
    module: &'m Module,
    scopes: Vec<Scope<'m>>,
    bindings: Vec<Binding<'m>>,
    references: Vec<Reference>,
    imports: Vec<ImportSite<'m>>,
}

#[derive(Debug)]
pub struct Scope<'m> {
    pub node: ScopeNode<'m>,
    pub parent: Option<ScopeId>,
    /// Every name that the scope binds, declares or refers to.
    pub symbols: BTreeMap<SmolStr, Symbol>,
}

/// The syntax that opens a scope.
#[derive(Debug, Clone, Copy)]
pub enum ScopeNode<'m> {
    Module,
    Class(&'m Class),
    Function(&'m Function),
    Lambda { params: &'m [Param], body: &'m Expr },
    Comprehension(&'m Comprehension),
    /// The hidden scope of PEP 695 type parameters around a function, class or type alias; also a type alias's value
    /// and a type parameter's bound.
    TypeParameters(Span),
}

#[derive(Debug, Default)]
pub struct Symbol {
    /// Bindings that land in this scope, in the order of the text, also those written elsewhere (`global`, walrus).
    pub bindings: Vec<BindingId>,
    /// References written in this scope.
    pub references: Vec<ReferenceId>,
    pub class: SymbolClass,
}

/// CPython's classification (`symtable`), in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymbolClass {
    #[default]
    Unclassified,
    Local,
    /// Local, and captured by an inner scope.
    Cell,
    /// Of an enclosing function.
    Free,
    /// Declared `global`.
    GlobalExplicit,
    GlobalImplicit,
}

#[derive(Debug)]
pub struct Binding<'m> {
    pub name: SmolStr,
    pub span: Span,
    /// Where the value lands.
    pub scope: ScopeId,
    /// Where it is written; differs from `scope` under `global`, `nonlocal` and for a walrus in a comprehension.
    pub written_in: ScopeId,
    pub kind: BindingKind<'m>,
}

#[derive(Debug, Clone, Copy)]
pub enum BindingKind<'m> {
    Import { import: &'m Import, alias: usize },
    Assignment,
    AugmentedAssignment,
    /// `x: T` (no value: the name is local, but nothing is stored) or `x: T = v`.
    Annotated { value: bool },
    For,
    With,
    Except,
    Capture,
    Walrus,
    Delete,
    Function(&'m Function),
    Class(&'m Class),
    Parameter,
    TypeParameter,
    TypeAlias,
    /// `global x` / `nonlocal x`: no value, but a declaration that planners must see. `scope` is the declaring scope.
    Global,
    Nonlocal,
}

#[derive(Debug)]
pub struct Reference {
    pub name: SmolStr,
    pub span: Span,
    /// The scope in which Python looks the name up: for a decorator, default, base or eager annotation of a definition
    /// the scope around it.
    pub scope: ScopeId,
    pub context: Context,
    pub phase: Phase,
    pub resolution: Resolution,
}

/// When Python evaluates a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// While the module's body runs: no function, lambda or type-parameter scope around it.
    Import,
    /// When a function or lambda is called, or a lazily evaluated scope is asked.
    Call,
    /// Only when somebody reads annotations, or never.
    Annotation,
}

/// The syntactic role of a reference, innermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    Value,
    Decorator,
    Default,
    /// A base, or a class keyword such as `metaclass=`.
    ClassHeader,
    /// The target of `x += 1`: read and bound.
    Augmented,
    Deleted,
    Annotation(Annotation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Annotation {
    /// Evaluated when the definition or annotated assignment runs.
    Eager,
    /// Not evaluated there: `from __future__ import annotations`.
    Deferred,
    /// Inside a string annotation, or a string where a type is expected (`cast("a.B", x)`, `TypeVar(bound="a.B")`).
    Quoted,
    /// Of a local variable in a function: never evaluated.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// Bound in that scope.
    Scope(ScopeId),
    /// In a class body that also binds the name: the class's own value if it is bound by then, else this global.
    ClassThenGlobal(ScopeId),
    Builtin,
    /// Neither bound in the module nor a builtin (a star import, an injected name, an error).
    Unknown,
}

/// One import statement and where it stands.
#[derive(Debug, Clone)]
pub struct ImportSite<'m> {
    pub stmt: &'m Stmt,
    pub import: &'m Import,
    pub scope: ScopeId,
    /// The block that holds it, and its place there.
    pub block: &'m Block,
    pub index: usize,
    /// The compound statements between the scope's body and the import, outermost first.
    pub guards: Vec<Guard<'m>>,
}

/// A compound statement around an import, and the arm that holds it.
#[derive(Debug, Clone, Copy)]
pub struct Guard<'m> {
    pub stmt: &'m Stmt,
    pub arm: Arm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// The n-th test of an `if` (0) or `elif`.
    If(usize),
    /// `else` of an `if`, `for` or `while`.
    Else,
    Loop,
    With,
    Case(usize),
    TryBody,
    Handler(usize),
    TryElse,
    Finally,
}
