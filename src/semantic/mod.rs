//! What names mean in one module: scopes, bindings and references, resolved as CPython's symbol table does, and when
//! Python evaluates each reference. Knows nothing of other modules or of policy.

mod build;
mod builtins;
mod definition;
mod phase;
mod quoted;
mod resolve;
#[cfg(test)]
mod tests;

pub use builtins::is_builtin;
use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;

use crate::python::{Block, Class, Comprehension, Expr, Function, Import, Module, Param, Stmt};
use crate::text::{Span, TextSize, size};

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
    /// The scope of each function, by the place of its name.
    functions: HashMap<TextSize, ScopeId>,
    /// The references that may read a name of a scope, in the order of the text.
    readers: HashMap<(ScopeId, SmolStr), Vec<ReferenceId>>,
    /// All references by name, in the order of the text.
    named: HashMap<SmolStr, Vec<ReferenceId>>,
}

#[derive(Debug)]
pub struct Scope<'m> {
    pub node: ScopeNode<'m>,
    /// The syntax that opens the scope; a decorated definition starts at its first `@`.
    pub span: Span,
    pub parent: Option<ScopeId>,
    /// When its body runs: `Import` or `Call`.
    pub phase: Phase,
    /// Inside an annotation that is never compiled (`from __future__ import annotations`): no symbol table has it.
    pub uncompiled: bool,
    /// Every name that the scope binds, declares or refers to.
    pub symbols: BTreeMap<SmolStr, Symbol>,
}

/// The syntax that opens a scope.
#[derive(Debug, Clone, Copy)]
pub enum ScopeNode<'m> {
    Module,
    Class(&'m Class),
    Function(&'m Function),
    Lambda {
        params: &'m [Param],
        body: &'m Expr,
    },
    Comprehension(&'m Comprehension),
    /// The hidden scope of PEP 695 type parameters around a function, class or type alias.
    TypeParameters(Span),
    /// The value of a type alias, or the bound or default of a type parameter: evaluated when somebody asks.
    Lazy(Span),
}

#[derive(Debug, Default)]
pub struct Symbol {
    /// Bindings that land in this scope, in the order of the text, also those written elsewhere (`global`, walrus).
    pub bindings: Vec<BindingId>,
    /// References written in this scope.
    pub references: Vec<ReferenceId>,
    pub class: SymbolClass,
    flags: Flags,
}

/// What is done with a name in one scope, as CPython's symbol table records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Flags(u16);

impl Flags {
    const USED: Flags = Flags(1);
    const ASSIGNED: Flags = Flags(1 << 1);
    const PARAMETER: Flags = Flags(1 << 2);
    const IMPORTED: Flags = Flags(1 << 3);
    const GLOBAL: Flags = Flags(1 << 4);
    const NONLOCAL: Flags = Flags(1 << 5);
    /// Some binding lands here that stores or deletes a value.
    const STORED: Flags = Flags(1 << 6);
    /// CPython's symbol table has the name.
    const COMPILED: Flags = Flags((1 << 6) - 1);
    const BOUND: Flags = Flags(Self::ASSIGNED.0 | Self::PARAMETER.0 | Self::IMPORTED.0);

    fn has(self, any: Flags) -> bool {
        self.0 & any.0 != 0
    }

    fn add(&mut self, more: Flags) {
        self.0 |= more.0;
    }
}

impl Symbol {
    /// Whether the scope's own code reads it, as the symbol table sees that: `x += 1` and `del x` do not count.
    pub fn is_used(&self) -> bool {
        self.flags.has(Flags::USED)
    }

    /// Whether the scope's own code stores or deletes it, other than by an import or as a parameter.
    pub fn is_assigned(&self) -> bool {
        self.flags.has(Flags::ASSIGNED)
    }

    pub fn is_parameter(&self) -> bool {
        self.flags.has(Flags::PARAMETER)
    }

    /// Whether an import statement in the scope's own code stores it.
    pub fn is_imported(&self) -> bool {
        self.flags.has(Flags::IMPORTED)
    }
}

/// CPython's classification (`symtable`), in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymbolClass {
    /// Only named where Python compiles nothing: in a string, or in an annotation under the future import.
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
    Import {
        import: &'m Import,
        alias: usize,
    },
    Assignment,
    AugmentedAssignment,
    /// `x: T` (no value: the name is local, but nothing is stored) or `x: T = v`.
    Annotated {
        value: bool,
    },
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
    /// While the module's body runs: no function, lambda or lazily evaluated scope around it.
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
    /// Bound in that scope; for the implicit `__class__` the scope of its class.
    Scope(ScopeId),
    /// In the body of that class, which also binds the name: the class's own value if it is bound by then, else the
    /// global or the builtin. Functions between the two are passed over.
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

impl<'m> Model<'m> {
    /// Reads a module: one walk over the tree, then each name is resolved.
    pub fn new(module: &'m Module) -> Model<'m> {
        resolve::resolve(build::build(module))
    }

    pub fn module(&self) -> &'m Module {
        self.module
    }

    pub fn module_scope(&self) -> ScopeId {
        ScopeId::MODULE
    }

    /// All scopes; each stands after the scopes around it.
    pub fn scopes(&self) -> impl Iterator<Item = (ScopeId, &Scope<'m>)> {
        self.scopes.iter().enumerate().map(|(index, scope)| (ScopeId::new(index), scope))
    }

    pub fn scope(&self, id: ScopeId) -> &Scope<'m> {
        &self.scopes[id.index()]
    }

    pub fn bindings(&self) -> &[Binding<'m>] {
        &self.bindings
    }

    pub fn binding(&self, id: BindingId) -> &Binding<'m> {
        &self.bindings[id.index()]
    }

    /// All references, in the order in which Python evaluates the code around them.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    pub fn reference(&self, id: ReferenceId) -> &Reference {
        &self.references[id.index()]
    }

    /// All import statements, in the order of the text.
    pub fn imports(&self) -> &[ImportSite<'m>] {
        &self.imports
    }

    /// What `scope` itself knows of `name`, which is given as Python stores it (see [`Model::mangled`]).
    pub fn symbol(&self, scope: ScopeId, name: &str) -> Option<&Symbol> {
        self.scope(scope).symbols.get(name)
    }

    /// The scope, the scope around it, and so on up to the module.
    pub fn ancestors(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |&scope| self.scope(scope).parent)
    }

    /// The innermost `def` at or around a scope. A lambda is not a `def`: it holds no statements.
    pub fn enclosing_function(&self, scope: ScopeId) -> Option<ScopeId> {
        self.ancestors(scope).find(|&scope| matches!(self.scope(scope).node, ScopeNode::Function(_)))
    }

    /// Whether `scope` is `ancestor` or stands inside it.
    pub fn is_within(&self, scope: ScopeId, ancestor: ScopeId) -> bool {
        self.ancestors(scope).any(|scope| scope == ancestor)
    }

    /// The references that may read what `scope` binds to `name`, in the order of the text. For the module they include
    /// those in a class that also binds the name, which read the module's value until the class's own is there.
    pub fn references_to(&self, scope: ScopeId, name: &str) -> impl Iterator<Item = &Reference> {
        self.readers.get(&(scope, SmolStr::new(name))).into_iter().flatten().map(|&id| self.reference(id))
    }

    /// All references of that name, whatever they mean, in the order of the text.
    pub fn references_named(&self, name: &str) -> impl Iterator<Item = &Reference> {
        self.named.get(name).into_iter().flatten().map(|&id| self.reference(id))
    }

    pub fn scope_of_function(&self, function: &Function) -> Option<ScopeId> {
        self.functions.get(&function.name.span.start()).copied()
    }

    /// What `name` means, or would mean, if it were read in the scope `from` as the source stands. The name is given as
    /// Python stores it (see [`Model::mangled`]).
    pub fn would_resolve(&self, name: &str, from: ScopeId) -> Resolution {
        resolve::lookup(&self.scopes, name, from).resolution
    }

    /// The name that Python stores for `name` written in `scope`: `_C__x` for a private `__x` in a class `C`.
    pub fn mangled(&self, name: &str, scope: ScopeId) -> SmolStr {
        let class = self.ancestors(scope).find_map(|scope| match self.scope(scope).node {
            ScopeNode::Class(class) => Some(class.name.name.as_str()),
            _ => None,
        });
        build::mangle(class, name)
    }
}

impl ScopeId {
    const MODULE: ScopeId = ScopeId(0);

    fn new(index: usize) -> ScopeId {
        ScopeId(u32::from(size(index)))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl BindingId {
    fn new(index: usize) -> BindingId {
        BindingId(u32::from(size(index)))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl ReferenceId {
    fn new(index: usize) -> ReferenceId {
        ReferenceId(u32::from(size(index)))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Reference {
    /// Whether Python evaluates it when the code around it runs.
    pub fn is_evaluated(&self) -> bool {
        self.phase != Phase::Annotation
    }
}
