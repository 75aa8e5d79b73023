//! The syntax tree that the rest of the crate reads: Python as its reference describes it, with byte spans.
//! Knows nothing of tree-sitter, scopes or policy. Names are NFKC-normalised, as Python compares them.

use smallvec::{SmallVec, smallvec};
use smol_str::SmolStr;

use crate::text::{Span, TextSize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    pub name: SmolStr,
    pub span: Span,
}

/// A suite: the body of a module or of a compound statement.
#[derive(Debug, Clone)]
pub struct Block {
    /// From the first statement's start to the last one's end; empty for an empty module.
    pub span: Span,
    /// Just after the `:` that opens the block; `None` for a module.
    pub colon: Option<TextSize>,
    /// On the line of its `:` (`if x: import y`), also when a backslash continues that line.
    pub inline: bool,
    pub body: Vec<Stmt>,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    /// Without a trailing semicolon, newline or comment; a decorated definition starts at its first `@`.
    pub span: Span,
    pub kind: StmtKind,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    Import(Import),
    Function(Box<Function>),
    Class(Box<Class>),
    Return(Option<Expr>),
    Delete(Vec<Expr>),
    Assign {
        targets: Vec<Expr>,
        value: Expr,
    },
    AugAssign {
        target: Expr,
        value: Expr,
    },
    AnnAssign {
        target: Expr,
        annotation: Expr,
        value: Option<Expr>,
        parenthesized: bool,
    },
    For(Box<For>),
    While {
        test: Expr,
        body: Block,
        orelse: Option<Block>,
    },
    /// `if` and each `elif` in order, then `else`.
    If {
        arms: Vec<IfArm>,
        orelse: Option<Block>,
    },
    With {
        is_async: bool,
        items: Vec<WithItem>,
        body: Block,
    },
    Match {
        subject: Expr,
        cases: Vec<Case>,
    },
    Raise {
        exception: Option<Expr>,
        cause: Option<Expr>,
    },
    Try(Box<Try>),
    Assert {
        test: Expr,
        message: Option<Expr>,
    },
    Global(Vec<Ident>),
    Nonlocal(Vec<Ident>),
    TypeAlias {
        name: Ident,
        type_params: Vec<TypeParam>,
        value: Expr,
    },
    Expr(Expr),
    Pass,
    Break,
    Continue,
}

/// An import statement. `import a.b as c, d` or `from .a import b as c, d`.
#[derive(Debug, Clone)]
pub struct Import {
    pub form: ImportForm,
    /// PEP 810: the statement is written `lazy import ...`.
    pub lazy: bool,
    /// Empty for a star import.
    pub aliases: Vec<Alias>,
    /// The parentheses of a from-import, from `(` to `)`.
    pub parentheses: Option<Span>,
    pub trailing_comma: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportForm {
    /// `import a.b`
    Import,
    /// `from ..module import`; `module` is `None` in `from . import x`.
    From { level: u32, module: Option<SmolStr>, star: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The whole of `a.b as c`.
    pub span: Span,
    /// Dotted in `import a.b`, one component in a from-import; no spaces inside.
    pub name: SmolStr,
    pub asname: Option<Ident>,
}

impl Alias {
    /// The name that the alias binds: `c` for `a.b as c`, `a` for `a.b`.
    pub fn bound(&self) -> &str {
        match &self.asname {
            Some(ident) => &ident.name,
            None => self.name.split('.').next().unwrap_or(&self.name),
        }
    }
}

impl Import {
    pub fn is_future(&self) -> bool {
        matches!(&self.form, ImportForm::From { level: 0, module: Some(m), .. } if m == "__future__")
    }

    pub fn is_star(&self) -> bool {
        matches!(self.form, ImportForm::From { star: true, .. })
    }
}

#[derive(Debug, Clone)]
pub struct Function {
    pub name: Ident,
    pub is_async: bool,
    pub decorators: Vec<Expr>,
    pub type_params: Vec<TypeParam>,
    pub params: Vec<Param>,
    pub returns: Option<Expr>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct Class {
    pub name: Ident,
    pub decorators: Vec<Expr>,
    pub type_params: Vec<TypeParam>,
    pub bases: Vec<Expr>,
    pub keywords: Vec<Keyword>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct Param {
    pub ident: Ident,
    pub kind: ParamKind,
    pub annotation: Option<Expr>,
    pub default: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    PositionalOnly,
    Positional,
    VarPositional,
    KeywordOnly,
    VarKeyword,
}

/// `T: bound = default`, `*Ts`, `**P`.
#[derive(Debug, Clone)]
pub struct TypeParam {
    pub ident: Ident,
    pub bound: Option<Expr>,
    pub default: Option<Expr>,
}

#[derive(Debug, Clone)]
pub struct For {
    pub is_async: bool,
    pub target: Expr,
    pub iter: Expr,
    pub body: Block,
    pub orelse: Option<Block>,
}

#[derive(Debug, Clone)]
pub struct IfArm {
    pub test: Expr,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct WithItem {
    pub context: Expr,
    pub target: Option<Expr>,
}

#[derive(Debug, Clone)]
pub struct Try {
    pub body: Block,
    pub handlers: Vec<Handler>,
    pub orelse: Option<Block>,
    pub finally: Option<Block>,
}

#[derive(Debug, Clone)]
pub struct Handler {
    pub span: Span,
    /// `except*`
    pub star: bool,
    /// `None` for a bare `except:`.
    pub exception: Option<Expr>,
    pub name: Option<Ident>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub span: Span,
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub enum Pattern {
    /// `name`; a binding.
    Capture(Ident),
    Wildcard,
    /// A literal or a dotted name; names in it are loads.
    Value(Expr),
    Class {
        class: Expr,
        arguments: Vec<Pattern>,
        keywords: Vec<Pattern>,
    },
    Sequence(Vec<Pattern>),
    Mapping {
        items: Vec<(Expr, Pattern)>,
        rest: Option<Ident>,
    },
    /// `*rest`, `*_`
    Star(Option<Ident>),
    Or(Vec<Pattern>),
    As {
        pattern: Box<Pattern>,
        name: Ident,
    },
}

#[derive(Debug, Clone)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    Name(SmolStr),
    Attribute {
        value: Box<Expr>,
        attr: Ident,
    },
    Call {
        func: Box<Expr>,
        args: Vec<Expr>,
        keywords: Vec<Keyword>,
    },
    Subscript {
        value: Box<Expr>,
        index: Box<Expr>,
    },
    Lambda {
        params: Vec<Param>,
        body: Box<Expr>,
    },
    Comprehension(Box<Comprehension>),
    /// `(name := value)`
    Named {
        target: Ident,
        value: Box<Expr>,
    },
    Starred(Box<Expr>),
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    Set(Vec<Expr>),
    /// Keys are `None` for `**mapping`.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// A string literal or an implicit concatenation of them.
    Str(Str),
    /// Numbers, `None`, `True`, `False`, `...`.
    Constant,
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    /// Operators, comparisons, conditional expressions, slices: the operands in the order of evaluation.
    Operation(Vec<Expr>),
}

#[derive(Debug, Clone)]
pub struct Keyword {
    /// `None` for `**mapping`.
    pub name: Option<Ident>,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct Comprehension {
    pub kind: ComprehensionKind,
    /// Key and value for a dict, one expression otherwise.
    pub elements: Vec<Expr>,
    pub generators: Vec<Generator>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

#[derive(Debug, Clone)]
pub struct Generator {
    pub is_async: bool,
    pub target: Expr,
    pub iter: Expr,
    pub conditions: Vec<Expr>,
}

#[derive(Debug, Clone)]
pub struct Str {
    pub parts: Vec<StrPart>,
}

#[derive(Debug, Clone)]
pub struct StrPart {
    pub span: Span,
    /// Between the quotes.
    pub content: Span,
    pub prefix: StrPrefix,
    /// The expressions of an f-string or t-string, format specifiers included, in order.
    pub interpolations: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StrPrefix {
    pub bytes: bool,
    pub format: bool,
    pub template: bool,
    pub raw: bool,
}

impl Str {
    /// The content, if it is one plain literal that contains no backslash: then content and source are the same bytes.
    pub fn plain<'t>(&self, text: &'t str) -> Option<&'t str> {
        let [part] = self.parts.as_slice() else { return None };
        let prefix = part.prefix;
        if prefix.bytes || prefix.format || prefix.template {
            return None;
        }
        let content = &text[part.content];
        (!content.contains('\\')).then_some(content)
    }

    /// Whether it can be a docstring: no part is bytes, an f-string or a t-string.
    pub fn may_be_docstring(&self) -> bool {
        self.parts.iter().all(|part| !part.prefix.bytes && !part.prefix.format && !part.prefix.template)
    }
}

/// The parts of `a.b.c`. Most chains are short, and most expressions are asked for theirs.
pub type Dotted<'a> = SmallVec<[&'a str; 4]>;

impl Expr {
    /// The name, if the expression is just that.
    pub fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// `a.b.c` as its parts, if it is a chain of attributes on a name.
    pub fn as_dotted(&self) -> Option<Dotted<'_>> {
        let mut parts = Dotted::new();
        let mut expr = self;
        while let ExprKind::Attribute { value, attr } = &expr.kind {
            parts.push(&*attr.name);
            expr = value;
        }
        parts.push(expr.as_name()?);
        parts.reverse();
        Some(parts)
    }

    /// `TYPE_CHECKING`, `typing.TYPE_CHECKING`: a test that is true for type checkers only.
    pub fn is_type_checking(&self) -> bool {
        self.as_dotted().is_some_and(|dotted| dotted.last() == Some(&"TYPE_CHECKING"))
    }

    pub fn as_str(&self) -> Option<&Str> {
        match &self.kind {
            ExprKind::Str(string) => Some(string),
            _ => None,
        }
    }
}

impl Block {
    /// The docstring statement, if the block opens with one.
    pub fn docstring(&self) -> Option<&Stmt> {
        self.body.first().filter(|stmt| stmt.is_docstring_like())
    }
}

impl Stmt {
    /// A bare string statement: a docstring if it stands first.
    pub fn is_docstring_like(&self) -> bool {
        matches!(&self.kind, StmtKind::Expr(Expr { kind: ExprKind::Str(s), .. }) if s.may_be_docstring())
    }

    /// `if TYPE_CHECKING:` with nothing but imports in it: it never runs, and only binds names for type checkers.
    pub fn is_typing_guard(&self) -> bool {
        match &self.kind {
            StmtKind::If { arms, orelse: None } => {
                matches!(arms.as_slice(), [arm] if arm.test.is_type_checking()
                    && arm.body.body.iter().all(|stmt| matches!(stmt.kind, StmtKind::Import(_) | StmtKind::Pass)))
            }
            _ => false,
        }
    }

    /// A function or a class, which the formatters want blank lines around.
    pub fn is_definition(&self) -> bool {
        matches!(self.kind, StmtKind::Function(_) | StmtKind::Class(_))
    }

    pub fn as_import(&self) -> Option<&Import> {
        match &self.kind {
            StmtKind::Import(import) => Some(import),
            _ => None,
        }
    }

    /// The blocks directly below a compound statement, in the order of the text.
    pub fn blocks(&self) -> SmallVec<[&Block; 2]> {
        match &self.kind {
            StmtKind::Function(function) => smallvec![&function.body],
            StmtKind::Class(class) => smallvec![&class.body],
            StmtKind::For(node) => std::iter::once(&node.body).chain(&node.orelse).collect(),
            StmtKind::While { body, orelse, .. } => std::iter::once(body).chain(orelse).collect(),
            StmtKind::If { arms, orelse } => arms.iter().map(|arm| &arm.body).chain(orelse).collect(),
            StmtKind::With { body, .. } => smallvec![body],
            StmtKind::Match { cases, .. } => cases.iter().map(|case| &case.body).collect(),
            StmtKind::Try(node) => std::iter::once(&node.body)
                .chain(node.handlers.iter().map(|handler| &handler.body))
                .chain(&node.orelse)
                .chain(&node.finally)
                .collect(),
            _ => SmallVec::new(),
        }
    }
}
