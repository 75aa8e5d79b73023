//! The concrete syntax tree as one flat list in the order of the text: the only code that calls tree-sitter.
//! Comments are kept aside; nothing here knows what a node means.

mod packed;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use tree_sitter::{Language, Parser};

use crate::text::{Span, TextSize, span};
pub use packed::Packed;

/// Index of a node in its tree.
pub type Id = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    pub field: Field,
    /// tree-sitter's own number of the kind, for comparing trees.
    pub symbol: u16,
    pub start: u32,
    pub end: u32,
    /// The first node after this node's descendants.
    next: u32,
}

/// Nodes in preorder. The first one is the root.
#[derive(Debug, PartialEq, Eq)]
pub struct Cst {
    pub nodes: Vec<Node>,
    pub comments: Vec<Span>,
    /// Places that tree-sitter could not make sense of: innermost ones, in the order of the text.
    pub errors: Vec<Unparsed>,
    /// tree-sitter saw an error, maybe one that no node shows.
    pub has_error: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparsed {
    Error(Span),
    /// Something is missing here; the name is tree-sitter's.
    Missing(Span, &'static str),
}

impl Unparsed {
    pub fn span(&self) -> Span {
        match self {
            Unparsed::Error(span) | Unparsed::Missing(span, _) => *span,
        }
    }
}

impl Cst {
    /// Parses `text`; `None` only if tree-sitter gives up, which it does not without a time limit.
    pub fn parse(text: &str) -> Option<Cst> {
        thread_local! {
            static PARSER: RefCell<Option<Parser>> = const { RefCell::new(None) };
        }
        PARSER.with(|slot| {
            let mut slot = slot.borrow_mut();
            if slot.is_none() {
                let mut parser = Parser::new();
                parser.set_language(&tables().language).ok()?;
                *slot = Some(parser);
            }
            let tree = slot.as_mut()?.parse(text, None)?;
            Some(flatten(text, &tree))
        })
    }

    /// A module in which nothing stands yet.
    pub fn empty() -> Cst {
        let root = Node { kind: Kind::Module, field: Field::None, symbol: tables().module, start: 0, end: 0, next: 1 };
        Cst { nodes: vec![root], comments: Vec::new(), errors: Vec::new(), has_error: false }
    }

    /// Adds the nodes of another tree, children of its root with all that is below them, and its comments within `place`,
    /// a part of its text. In this tree's text that part stands at `at`.
    pub fn append(&mut self, other: &Cst, nodes: Range<Id>, place: Range<usize>, at: usize) {
        let (old, new) = (place.start as u32, at as u32);
        let (first, base) = (nodes.start as u32, self.nodes.len() as u32);
        let moved = other.nodes[nodes].iter().map(|node| Node {
            start: node.start - old + new,
            end: node.end - old + new,
            next: node.next - first + base,
            ..*node
        });
        self.nodes.extend(moved);
        let from = other.comments.partition_point(|comment| usize::from(comment.start()) < place.start);
        let within = other.comments[from..].iter().take_while(|comment| usize::from(comment.end()) <= place.end);
        let shift = |offset: TextSize| usize::from(offset) - place.start + at;
        self.comments.extend(within.map(|comment| span(shift(comment.start()), shift(comment.end()))));
    }

    /// The module, now that all of its text is there.
    pub fn closed(mut self, length: usize) -> Cst {
        let first = self.nodes.get(1).map(|node| node.start);
        let first = first.into_iter().chain(self.comments.first().map(|comment| u32::from(comment.start()))).min();
        let next = self.nodes.len() as u32;
        self.nodes[0] = Node { start: first.unwrap_or(length as u32), end: length as u32, next, ..self.nodes[0] };
        self
    }

    pub fn node(&self, id: Id) -> Node {
        self.nodes[id]
    }

    pub fn kind(&self, id: Id) -> Kind {
        self.nodes[id].kind
    }

    /// The first node after the descendants of `id`.
    pub fn after(&self, id: Id) -> Id {
        self.nodes[id].next as Id
    }

    pub fn is_leaf(&self, id: Id) -> bool {
        self.after(id) == id + 1
    }

    pub fn children(&self, id: Id) -> Children<'_> {
        Children { cst: self, at: id + 1, end: self.after(id) }
    }

    pub fn child_of(&self, id: Id, kind: Kind) -> Option<Id> {
        self.children(id).find(|&child| self.kind(child) == kind)
    }

    pub fn field(&self, id: Id, field: Field) -> Option<Id> {
        self.children(id).find(|&child| self.nodes[child].field == field)
    }

    pub fn symbol_name(symbol: u16) -> &'static str {
        tables().language.node_kind_for_id(symbol).unwrap_or("error")
    }
}

/// The children of a node in order, punctuation included.
#[derive(Clone)]
pub struct Children<'c> {
    cst: &'c Cst,
    at: Id,
    end: Id,
}

impl Iterator for Children<'_> {
    type Item = Id;

    fn next(&mut self) -> Option<Id> {
        if self.at >= self.end {
            return None;
        }
        let id = self.at;
        self.at = self.cst.after(id);
        Some(id)
    }
}

fn flatten(text: &str, tree: &tree_sitter::Tree) -> Cst {
    let tables = tables();
    let has_error = tree.root_node().has_error();
    let nodes = Vec::with_capacity(tree.root_node().descendant_count());
    let mut cst = Cst { nodes, comments: Vec::new(), errors: Vec::new(), has_error };
    let mut open: Vec<Id> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let symbol = node.kind_id();
        let kind = tables.kind(symbol);
        let place = node.byte_range();
        if has_error && (node.is_error() || node.is_missing()) {
            let place = span(place.start, place.end);
            if node.is_missing() {
                cst.errors.push(Unparsed::Missing(place, Cst::symbol_name(symbol)));
            } else {
                if let Some(&Unparsed::Error(last)) = cst.errors.last()
                    && last.contains_range(place)
                {
                    cst.errors.pop();
                }
                cst.errors.push(Unparsed::Error(place));
            }
        }
        let skipped = matches!(kind, Kind::Comment | Kind::LineContinuation);
        if kind == Kind::Comment {
            // A comment's node may swallow the carriage return before the newline.
            let crlf = text.as_bytes()[place.clone()].ends_with(b"\r");
            cst.comments.push(span(place.start, place.end - usize::from(crlf)));
        }
        if !skipped {
            let field = cursor.field_id().map_or(Field::None, |field| {
                tables.fields.get(usize::from(field.get())).copied().unwrap_or(Field::Other)
            });
            let (start, end) = (place.start as u32, place.end as u32);
            let id = cst.nodes.len();
            cst.nodes.push(Node { kind, field, symbol, start, end, next: id as u32 + 1 });
            let is_token = tables.tokens.get(usize::from(symbol)).copied().unwrap_or(false);
            debug_assert!(!is_token || node.child_count() == 0, "{} has children", node.kind());
            // The inside of a string's text is of no interest, and not all of it is in the tree.
            if !is_token && kind != Kind::StringContent && cursor.goto_first_child() {
                open.push(id);
                continue;
            }
        }
        loop {
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return cst;
            }
            if let Some(id) = open.pop() {
                let next = cst.nodes.len() as u32;
                cst.nodes[id].next = next;
            }
            if open.is_empty() {
                return cst;
            }
        }
    }
}

struct Tables {
    language: Language,
    kinds: Vec<Kind>,
    fields: Vec<Field>,
    /// Symbols that never have children.
    tokens: Vec<bool>,
    /// The symbol of a module.
    module: u16,
}

impl Tables {
    fn kind(&self, symbol: u16) -> Kind {
        self.kinds.get(usize::from(symbol)).copied().unwrap_or(Kind::Error)
    }
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let language = Language::new(tree_sitter_python::LANGUAGE);
        let symbols = 0..language.node_kind_count() as u16;
        let name = |id: u16| language.node_kind_for_id(id).unwrap_or("");
        let kinds: Vec<Kind> = symbols.clone().map(|id| Kind::of(name(id), language.node_kind_is_named(id))).collect();
        let is_token = |id: u16| match language.node_kind_is_named(id) {
            true => kinds[usize::from(id)].is_named_token(),
            // `not in` has its words below it.
            false => !name(id).contains(' '),
        };
        let tokens = symbols.map(is_token).collect();
        let module = language.id_for_node_kind("module", true);
        let fields = (0..=language.field_count() as u16)
            .map(|id| language.field_name_for_id(id).map_or(Field::Other, Field::of))
            .collect();
        Tables { language, kinds, fields, tokens, module }
    })
}

macro_rules! kinds {
    (named { $($named:ident = $named_text:literal,)* } tokens { $($token:ident = $token_text:literal,)* }) => {
        /// What a node is. Tokens that nobody asks about are `Other`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { Error, Other, OtherNamed, $($named,)* $($token,)* }

        impl Kind {
            fn of(name: &str, named: bool) -> Kind {
                match (name, named) {
                    $(($named_text, true) => Kind::$named,)*
                    $(($token_text, false) => Kind::$token,)*
                    ("ERROR", _) => Kind::Error,
                    (_, true) => Kind::OtherNamed,
                    (_, false) => Kind::Other,
                }
            }
        }
    };
}

kinds! {
    named {
        Module = "module", Block = "block", Comment = "comment", LineContinuation = "line_continuation",
        Import = "import_statement", ImportFrom = "import_from_statement", FutureImport = "future_import_statement",
        RelativeImport = "relative_import", ImportPrefix = "import_prefix", AliasedImport = "aliased_import",
        WildcardImport = "wildcard_import", DottedName = "dotted_name",
        PrintStatement = "print_statement", ExecStatement = "exec_statement", Assert = "assert_statement",
        ExpressionStatement = "expression_statement", Return = "return_statement", Delete = "delete_statement",
        Raise = "raise_statement", Pass = "pass_statement", Break = "break_statement",
        Continue = "continue_statement", Global = "global_statement", Nonlocal = "nonlocal_statement",
        TypeAlias = "type_alias_statement",
        If = "if_statement", Elif = "elif_clause", Else = "else_clause", For = "for_statement",
        While = "while_statement", Try = "try_statement", Except = "except_clause", Finally = "finally_clause",
        With = "with_statement", WithClause = "with_clause", WithItem = "with_item",
        Function = "function_definition", Class = "class_definition", Decorated = "decorated_definition",
        Decorator = "decorator", Match = "match_statement", CaseClause = "case_clause",
        Parameters = "parameters", LambdaParameters = "lambda_parameters", DefaultParameter = "default_parameter",
        TypedParameter = "typed_parameter", TypedDefaultParameter = "typed_default_parameter",
        KeywordSeparator = "keyword_separator", PositionalSeparator = "positional_separator",
        ListSplat = "list_splat", DictionarySplat = "dictionary_splat", ListSplatPattern = "list_splat_pattern",
        DictionarySplatPattern = "dictionary_splat_pattern", TuplePattern = "tuple_pattern",
        ListPattern = "list_pattern", PatternList = "pattern_list", ExpressionList = "expression_list",
        ArgumentList = "argument_list", KeywordArgument = "keyword_argument", TypeParameter = "type_parameter",
        Type = "type", SplatType = "splat_type", GenericType = "generic_type", UnionType = "union_type",
        ConstrainedType = "constrained_type", MemberType = "member_type",
        CasePattern = "case_pattern", AsPattern = "as_pattern", AsPatternTarget = "as_pattern_target",
        KeywordPattern = "keyword_pattern", ClassPattern = "class_pattern", SplatPattern = "splat_pattern",
        UnionPattern = "union_pattern", DictPattern = "dict_pattern", ComplexPattern = "complex_pattern",
        Identifier = "identifier", NamedExpression = "named_expression", Comparison = "comparison_operator",
        Not = "not_operator", Boolean = "boolean_operator", Binary = "binary_operator", Unary = "unary_operator",
        Conditional = "conditional_expression", Lambda = "lambda", Await = "await", Yield = "yield",
        Attribute = "attribute", Subscript = "subscript", Slice = "slice", Call = "call", List = "list",
        Set = "set", Tuple = "tuple", Dictionary = "dictionary", Pair = "pair",
        ListComprehension = "list_comprehension", SetComprehension = "set_comprehension",
        DictionaryComprehension = "dictionary_comprehension", GeneratorExpression = "generator_expression",
        Parenthesized = "parenthesized_expression", ForIn = "for_in_clause", IfClause = "if_clause",
        Assignment = "assignment", AugmentedAssignment = "augmented_assignment",
        String = "string", StringStart = "string_start", StringContent = "string_content",
        StringEnd = "string_end", ConcatenatedString = "concatenated_string", Interpolation = "interpolation",
        FormatSpecifier = "format_specifier", FormatExpression = "format_expression",
        TypeConversion = "type_conversion", Integer = "integer", Float = "float", True = "true", False = "false",
        None = "none", Ellipsis = "ellipsis",
    }
    tokens {
        LeftParen = "(", RightParen = ")", LeftBracket = "[", RightBracket = "]", LeftBrace = "{",
        RightBrace = "}", Comma = ",", Colon = ":", Semicolon = ";", Star = "*", DoubleStar = "**",
        Minus = "-", Pipe = "|", Async = "async", As = "as", Underscore = "_", NotEqual = "<>", From = "from",
        TypeKeyword = "type", Dot = ".", Equal = "=",
    }
}

macro_rules! fields {
    ($($field:ident = $text:literal,)*) => {
        /// The field that a node fills in its parent, as far as anyone asks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { None, Other, $($field,)* }

        impl Field {
            /// In the order of their numbers.
            const ALL: &[Field] = &[Field::None, Field::Other, $(Field::$field,)*];

            fn of(name: &str) -> Field {
                match name {
                    $($text => Field::$field,)*
                    _ => Field::Other,
                }
            }
        }
    };
}

fields! {
    Alias = "alias", Arguments = "arguments", Body = "body", Cause = "cause", Expression = "expression",
    FormatSpecifier = "format_specifier", Function = "function", Guard = "guard", Left = "left",
    ModuleName = "module_name", Name = "name", Parameters = "parameters", ReturnType = "return_type", Right = "right",
    Subject = "subject", Superclasses = "superclasses", Type = "type", TypeParameters = "type_parameters",
    Value = "value",
}

impl Kind {
    fn is_named_token(self) -> bool {
        use Kind::*;
        matches!(self, Identifier | Integer | Float | True | False | None | Ellipsis | StringStart | StringEnd)
    }

    /// Whether a node of this kind is a statement, or a clause of one that starts a line.
    pub fn starts_line(self) -> bool {
        use Kind::*;
        self.is_statement() || matches!(self, Elif | Else | Except | Finally | CaseClause | Decorator)
    }

    pub fn is_statement(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Import
                | ImportFrom
                | FutureImport
                | PrintStatement
                | ExecStatement
                | Assert
                | ExpressionStatement
                | Return
                | Delete
                | Raise
                | Pass
                | Break
                | Continue
                | Global
                | Nonlocal
                | TypeAlias
                | If
                | For
                | While
                | Try
                | With
                | Function
                | Class
                | Decorated
                | Match
        )
    }
}
