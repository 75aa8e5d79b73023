//! Lowers expressions, parameters and arguments. Chains that nest to the left are read in a loop, since real code has
//! long ones; what nests otherwise is read by recursion, within [`MAX_DEPTH`](super::MAX_DEPTH).

use smol_str::SmolStr;

use super::{Lower, Place, Star};
use crate::python::ast::*;
use crate::python::cst::{Field, Id, Kind};
use crate::python::fault::FaultKind;

impl<'c> Lower<'c> {
    pub(super) fn expr(&mut self, id: Id) -> Expr {
        self.depth += 1;
        let expr = if self.too_deep(id, 0) { self.constant(id) } else { self.expr_inner(id) };
        self.depth -= 1;
        expr
    }

    fn expr_inner(&mut self, id: Id) -> Expr {
        let id = self.unwrapped(id);
        if let Some(star) = self.hidden_star(id) {
            return self.starred(id, star);
        }
        match self.cst.kind(id) {
            Kind::Identifier => self.name_expr(id),
            kind if is_link(kind) => self.chain(id),
            Kind::Binary | Kind::Boolean | Kind::UnionType => self.left_operands(id),
            Kind::String | Kind::ConcatenatedString => self.string_expr(id),
            Kind::Integer | Kind::Float => self.number(id),
            Kind::True | Kind::False | Kind::None | Kind::Ellipsis => self.constant(id),
            Kind::Comparison => self.comparison(id),
            Kind::Unary | Kind::Not | Kind::Slice => {
                let operands = self.exprs(id);
                self.make(id, ExprKind::Operation(operands))
            }
            Kind::Conditional => self.conditional(id),
            Kind::Tuple | Kind::TuplePattern | Kind::ExpressionList | Kind::PatternList => self.tuple(id),
            Kind::List | Kind::ListPattern => {
                let elements = self.exprs(id);
                self.make(id, ExprKind::List(elements))
            }
            Kind::Set => {
                let elements = self.exprs(id);
                self.make(id, ExprKind::Set(elements))
            }
            Kind::Dictionary => self.dictionary(id),
            Kind::ListComprehension => self.comprehension(id, ComprehensionKind::List),
            Kind::SetComprehension => self.comprehension(id, ComprehensionKind::Set),
            Kind::DictionaryComprehension => self.comprehension(id, ComprehensionKind::Dict),
            Kind::GeneratorExpression => self.comprehension(id, ComprehensionKind::Generator),
            Kind::Lambda => self.lambda(id),
            Kind::NamedExpression => self.named(id),
            Kind::Await => {
                let value = Box::new(self.first_expr(id));
                self.make(id, ExprKind::Await(value))
            }
            Kind::Yield => self.yield_expr(id),
            Kind::ListSplat if self.star.is_some_and(|star| star.id == id) => self.first_expr(id),
            Kind::ListSplat | Kind::ListSplatPattern | Kind::SplatType => {
                let value = Box::new(self.first_expr(id));
                self.make(id, ExprKind::Starred(value))
            }
            Kind::GenericType => self.generic_type(id),
            // The grammar has them wherever an expression can be; Python only where `with` and `except` read them.
            _ => {
                self.unknown(id);
                self.constant(id)
            }
        }
    }

    /// tree-sitter may take `*f(x)` for a call of `*f`: the star at the left end of a node that is no splat itself.
    fn hidden_star(&self, id: Id) -> Option<Star> {
        let start = self.cst.node(id).start;
        if self.text.as_bytes().get(start as usize) != Some(&b'*') || self.star.is_some_and(|star| star.start == start)
        {
            return None;
        }
        let mut at = id;
        loop {
            match self.cst.kind(at) {
                Kind::ListSplat if at == id => return None,
                Kind::ListSplat => {
                    let operand = self.operands(at).next()?;
                    return Some(Star { id: at, start, operand: self.cst.node(operand).start });
                }
                Kind::Attribute
                | Kind::Call
                | Kind::Subscript
                | Kind::Binary
                | Kind::Boolean
                | Kind::Comparison
                | Kind::Conditional => at += 1,
                _ => return None,
            }
        }
    }

    fn starred(&mut self, id: Id, star: Star) -> Expr {
        let span = self.span(id);
        let outer = self.star.replace(star);
        let value = Box::new(self.expr(id));
        self.star = outer;
        Expr { span, kind: ExprKind::Starred(value) }
    }

    /// What is in parentheses that only group, or in a node that only says that a type is expected.
    fn unwrapped(&self, mut id: Id) -> Id {
        loop {
            let inner = match self.cst.kind(id) {
                Kind::Type | Kind::Parenthesized | Kind::AsPatternTarget => self.operands(id).next(),
                Kind::Tuple | Kind::TuplePattern if self.cst.child_of(id, Kind::Comma).is_none() => self
                    .operands(id)
                    .next()
                    .filter(|&only| !matches!(self.cst.kind(only), Kind::ListSplat | Kind::ListSplatPattern)),
                _ => None,
            };
            match inner {
                Some(inner) => id = inner,
                None => return id,
            }
        }
    }

    pub(super) fn bare_type(&self, id: Id) -> Id {
        if self.cst.kind(id) == Kind::Type { id + 1 } else { id }
    }

    /// The children that are expressions and the like: all that are no punctuation and no keywords.
    pub(super) fn operands(&self, id: Id) -> impl Iterator<Item = Id> + use<'c> {
        let cst = self.cst;
        cst.children(id).filter(move |&child| !is_token(cst.kind(child)))
    }

    pub(super) fn exprs(&mut self, id: Id) -> Vec<Expr> {
        self.operands(id).map(|child| self.expr(child)).collect()
    }

    pub(super) fn first_expr(&mut self, id: Id) -> Expr {
        match self.operands(id).next() {
            Some(child) => self.expr(child),
            None => self.missing(id),
        }
    }

    pub(super) fn field_expr(&mut self, id: Id, field: Field) -> Expr {
        match self.cst.field(id, field) {
            Some(child) => self.expr(child),
            None => self.missing(id),
        }
    }

    fn missing(&mut self, id: Id) -> Expr {
        self.unknown(id);
        self.constant(id)
    }

    pub(super) fn make(&self, id: Id, kind: ExprKind) -> Expr {
        Expr { span: self.span(id), kind }
    }

    fn constant(&self, id: Id) -> Expr {
        self.make(id, ExprKind::Constant)
    }

    pub(super) fn name_expr(&mut self, id: Id) -> Expr {
        let text = self.slice(id);
        if text == "async" || text == "await" {
            self.unknown(id);
        }
        let name = self.name(id);
        self.make(id, ExprKind::Name(name))
    }

    pub(super) fn tuple(&mut self, id: Id) -> Expr {
        let elements = self.exprs(id);
        self.make(id, ExprKind::Tuple(elements))
    }

    /// `a.b(c)[d]`: links of calls, attributes and subscripts.
    fn chain(&mut self, id: Id) -> Expr {
        let mut links = Vec::new();
        let mut at = id;
        while is_link(self.cst.kind(at)) {
            links.push(at);
            let Some(inner) = self.operands(at).next() else { break };
            at = self.unwrapped(inner);
        }
        if self.too_deep(id, links.len()) {
            return self.constant(id);
        }
        // The head and the arguments stand below the links.
        self.depth += links.len();
        let mut value = self.expr(at);
        for &link in links.iter().rev() {
            self.depth -= 1;
            value = self.link(link, value);
        }
        value
    }

    /// `type(x).y = z` and `type[x] = y` come as aliases whose names are `(x).y` and `[x]`: the target that they mean.
    pub(super) fn type_target(&mut self, keyword: Id, left: Id) -> Option<Expr> {
        let mut links = Vec::new();
        let mut at = left;
        while is_link(self.cst.kind(at)) {
            links.push(at);
            at = self.bare_type(self.operands(at).next()?);
        }
        let func = Box::new(self.make(keyword, ExprKind::Name(SmolStr::new_static("type"))));
        let kind = match self.cst.kind(at) {
            Kind::List => ExprKind::Subscript { value: func, index: Box::new(self.index(at)) },
            Kind::Parenthesized | Kind::Tuple => {
                let args = self.exprs(at);
                ExprKind::Call { func, args, keywords: Vec::new() }
            }
            Kind::GeneratorExpression => {
                let args = vec![self.expr(at)];
                ExprKind::Call { func, args, keywords: Vec::new() }
            }
            _ => return None,
        };
        // An alias is one link deep, and a call is no target.
        if self.too_deep(left, links.len()) || (links.is_empty() && matches!(kind, ExprKind::Call { .. })) {
            return None;
        }
        let start = self.span(keyword);
        let mut value = Expr { span: start.cover(self.span(at)), kind };
        for &link in links.iter().rev() {
            value = self.link(link, value);
            value.span = value.span.cover(start);
        }
        Some(value)
    }

    fn link(&mut self, id: Id, value: Expr) -> Expr {
        let value = Box::new(value);
        let kind = match self.cst.kind(id) {
            Kind::Call => {
                let (args, keywords) = match self.cst.field(id, Field::Arguments) {
                    Some(arguments) => self.arguments(arguments),
                    None => Default::default(),
                };
                ExprKind::Call { func: value, args, keywords }
            }
            Kind::Subscript => ExprKind::Subscript { value, index: Box::new(self.index(id)) },
            _ => match self.operands(id).nth(1) {
                Some(attr) => ExprKind::Attribute { value, attr: self.ident(attr) },
                None => ExprKind::Constant,
            },
        };
        self.make(id, kind)
    }

    /// What stands between the brackets that are children of `id`.
    pub(super) fn index(&mut self, id: Id) -> Expr {
        let (mut inside, mut comma, mut parts) = (false, false, Vec::new());
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::LeftBracket => inside = true,
                Kind::Comma => comma = true,
                kind if inside && !is_token(kind) => parts.push(child),
                _ => {}
            }
        }
        match parts.as_slice() {
            [] => self.missing(id),
            [only] if !comma && !self.is_splat(*only) => self.index_part(*only),
            [first, .., last] | [first @ last] => {
                let span = self.span(*first).cover(self.span(*last));
                Expr { span, kind: ExprKind::Tuple(parts.iter().map(|&part| self.index_part(part)).collect()) }
            }
        }
    }

    /// Where a type is expected, a slice looks like the bound of a type parameter.
    fn index_part(&mut self, id: Id) -> Expr {
        let bare = self.bare_type(id);
        if self.cst.kind(bare) != Kind::ConstrainedType {
            return self.expr(id);
        }
        let operands = self.exprs(bare);
        self.make(bare, ExprKind::Operation(operands))
    }

    fn is_splat(&self, id: Id) -> bool {
        self.text.as_bytes().get(self.cst.node(id).start as usize) == Some(&b'*')
    }

    /// `list[int]` where a type is expected.
    fn generic_type(&mut self, id: Id) -> Expr {
        let mut children = self.cst.children(id);
        let (Some(name), Some(parameters)) = (children.next(), children.next()) else { return self.missing(id) };
        let name = self.name_expr(name);
        let index = self.index(parameters);
        self.make(id, ExprKind::Subscript { value: Box::new(name), index: Box::new(index) })
    }

    pub(super) fn arguments(&mut self, id: Id) -> (Vec<Expr>, Vec<Keyword>) {
        if self.cst.kind(id) == Kind::GeneratorExpression {
            return (vec![self.expr(id)], Vec::new());
        }
        let (mut args, mut keywords) = (Vec::new(), Vec::new());
        for child in self.operands(id) {
            match self.cst.kind(child) {
                Kind::KeywordArgument => {
                    let name = self.cst.field(child, Field::Name).map(|name| self.ident(name));
                    let value = self.field_expr(child, Field::Value);
                    keywords.push(Keyword { name, value });
                }
                Kind::DictionarySplat => {
                    let value = self.first_expr(child);
                    keywords.push(Keyword { name: None, value });
                }
                _ => {
                    // Python lets `*args` follow `a=1`, but nothing else.
                    let unpacked = keywords.iter().any(|keyword: &Keyword| keyword.name.is_none());
                    if unpacked || (!keywords.is_empty() && !self.is_splat(child)) {
                        let message = "a positional argument follows a keyword argument; move it forward";
                        self.fault(FaultKind::ParseError, self.span(child), message);
                    }
                    args.push(self.expr(child));
                }
            }
        }
        (args, keywords)
    }

    /// `a + b * c or d`: the operands of operators that nest to the left.
    fn left_operands(&mut self, id: Id) -> Expr {
        let mut rights = Vec::new();
        let mut at = id;
        while matches!(self.cst.kind(at), Kind::Binary | Kind::Boolean | Kind::UnionType) {
            let mut operands = self.operands(at);
            let Some(left) = operands.next() else { break };
            rights.extend(operands.next());
            at = self.bare_type(left);
        }
        let mut operands = vec![self.expr(at)];
        while let Some(right) = rights.pop() {
            operands.push(self.expr(right));
        }
        self.make(id, ExprKind::Operation(operands))
    }

    fn comparison(&mut self, id: Id) -> Expr {
        if self.cst.child_of(id, Kind::NotEqual).is_some() {
            self.python2(id, "the operator `<>`");
        }
        let operands = self.exprs(id);
        self.make(id, ExprKind::Operation(operands))
    }

    /// `a if b else c if d else e`: each condition, then what it guards, then the rest.
    fn conditional(&mut self, id: Id) -> Expr {
        let mut operands = Vec::new();
        let mut at = id;
        loop {
            let mut parts = self.operands(at);
            let (Some(value), Some(test), Some(orelse)) = (parts.next(), parts.next(), parts.next()) else {
                return self.missing(id);
            };
            operands.push(self.expr(test));
            operands.push(self.expr(value));
            if self.cst.kind(orelse) != Kind::Conditional {
                operands.push(self.expr(orelse));
                return self.make(id, ExprKind::Operation(operands));
            }
            at = orelse;
        }
    }

    fn dictionary(&mut self, id: Id) -> Expr {
        let mut items = Vec::new();
        for child in self.operands(id) {
            if self.cst.kind(child) == Kind::Pair {
                let (key, value) = self.pair(child);
                items.push((Some(key), value));
            } else {
                items.push((None, self.first_expr(child)));
            }
        }
        self.make(id, ExprKind::Dict(items))
    }

    fn pair(&mut self, id: Id) -> (Expr, Expr) {
        let mut parts = self.operands(id);
        match (parts.next(), parts.next()) {
            (Some(key), Some(value)) => (self.expr(key), self.expr(value)),
            _ => (self.missing(id), self.constant(id)),
        }
    }

    fn comprehension(&mut self, id: Id, kind: ComprehensionKind) -> Expr {
        let mut elements = Vec::new();
        let mut generators: Vec<Generator> = Vec::new();
        for child in self.operands(id) {
            match self.cst.kind(child) {
                Kind::ForIn => generators.push(self.generator(child)),
                Kind::IfClause => {
                    let condition = self.first_expr(child);
                    if let Some(generator) = generators.last_mut() {
                        generator.conditions.push(condition);
                    }
                }
                Kind::Pair => {
                    let (key, value) = self.pair(child);
                    elements.extend([key, value]);
                }
                _ => elements.push(self.expr(child)),
            }
        }
        self.make(id, ExprKind::Comprehension(Box::new(Comprehension { kind, elements, generators })))
    }

    fn generator(&mut self, id: Id) -> Generator {
        let is_async = self.is_async(id);
        let target = self.field_expr(id, Field::Left);
        let iter = self.field_expr(id, Field::Right);
        // `[x for x in 1, 2]`
        if self.cst.child_of(id, Kind::Comma).is_some() {
            self.python2(id, "a list of values without parentheses after `in`");
        }
        Generator { is_async, target, iter, conditions: Vec::new() }
    }

    fn lambda(&mut self, id: Id) -> Expr {
        let params = match self.cst.child_of(id, Kind::LambdaParameters) {
            Some(params) => self.params(params),
            None => Vec::new(),
        };
        let outside = std::mem::replace(&mut self.place, Place::Function);
        let body = Box::new(self.field_expr(id, Field::Body));
        self.place = outside;
        self.make(id, ExprKind::Lambda { params, body })
    }

    fn named(&mut self, id: Id) -> Expr {
        let Some(name) = self.cst.field(id, Field::Name) else { return self.missing(id) };
        let target = self.ident(name);
        let value = Box::new(self.field_expr(id, Field::Value));
        self.make(id, ExprKind::Named { target, value })
    }

    fn yield_expr(&mut self, id: Id) -> Expr {
        if self.place != Place::Function && self.shift.is_none() {
            let message = "`yield` stands outside a function; remove it";
            self.fault(FaultKind::OutsideFunction, self.span(id), message);
        }
        let value = self.operands(id).next().map(|value| Box::new(self.expr(value)));
        self.make(id, ExprKind::Yield(value))
    }

    fn number(&mut self, id: Id) -> Expr {
        let text = self.slice(id);
        let long = text.ends_with(['l', 'L']);
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        let octal = digits && text.starts_with('0') && text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0');
        if long {
            self.python2(id, "a long integer");
        } else if octal {
            self.python2(id, "an octal number without `0o`");
        }
        self.constant(id)
    }

    pub(super) fn params(&mut self, id: Id) -> Vec<Param> {
        let mut params: Vec<Param> = Vec::new();
        let mut plain = ParamKind::Positional;
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::PositionalSeparator => {
                    for param in &mut params {
                        if param.kind == ParamKind::Positional {
                            param.kind = ParamKind::PositionalOnly;
                        }
                    }
                }
                Kind::KeywordSeparator => plain = ParamKind::KeywordOnly,
                kind if is_token(kind) => {}
                _ => {
                    let Some(param) = self.param(child, plain) else { continue };
                    if params.iter().any(|other| other.ident.name == param.ident.name) {
                        let message = "two parameters have the same name; rename one";
                        self.fault(FaultKind::ParseError, param.ident.span, message);
                    }
                    if param.kind == ParamKind::VarPositional {
                        plain = ParamKind::KeywordOnly;
                    }
                    params.push(param);
                }
            }
        }
        params
    }

    fn param(&mut self, id: Id, plain: ParamKind) -> Option<Param> {
        let name = match self.cst.kind(id) {
            Kind::TypedParameter => self.operands(id).next()?,
            Kind::DefaultParameter | Kind::TypedDefaultParameter => self.cst.field(id, Field::Name)?,
            _ => id,
        };
        let (kind, name) = match self.cst.kind(name) {
            Kind::ListSplatPattern => (ParamKind::VarPositional, self.operands(name).next()?),
            Kind::DictionarySplatPattern => (ParamKind::VarKeyword, self.operands(name).next()?),
            _ => (plain, name),
        };
        match self.cst.kind(name) {
            Kind::Identifier => {}
            Kind::TuplePattern => {
                self.python2(name, "a tuple parameter");
                return None;
            }
            _ => {
                self.unknown(name);
                return None;
            }
        }
        let field = |lower: &Self, field| if name == id { None } else { lower.cst.field(id, field) };
        let annotation = field(self, Field::Type).map(|annotation| self.expr(annotation));
        let default = field(self, Field::Value).map(|default| self.expr(default));
        Some(Param { ident: self.ident(name), kind, annotation, default })
    }
}

/// What a chain is made of.
fn is_link(kind: Kind) -> bool {
    matches!(kind, Kind::Attribute | Kind::Call | Kind::Subscript | Kind::MemberType)
}

/// Punctuation and keywords.
fn is_token(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Other
            | LeftParen
            | RightParen
            | LeftBracket
            | RightBracket
            | LeftBrace
            | RightBrace
            | Comma
            | Colon
            | Semicolon
            | Star
            | DoubleStar
            | Minus
            | Pipe
            | Async
            | As
            | NotEqual
            | From
            | TypeKeyword
            | Dot
            | Equal
            | Underscore
            | Block
    )
}
