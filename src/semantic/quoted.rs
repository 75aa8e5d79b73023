//! Where types are expected, and the names that stand in strings there: `x: "a.B"`, `Optional["a.B"]`,
//! `cast("a.B", x)`, `TypeVar("T", bound="a.B")`. Strings under `Literal` and in the metadata of `Annotated` are data.

use smol_str::SmolStr;

use super::build::Builder;
use super::{Annotation, Context};
use crate::python::{self, Expr, ExprKind, Keyword, Param, Str};
use crate::text::{Span, TextSize, size};

/// Subscripts of these hold types, wherever they stand. Sorted.
#[rustfmt::skip]
const GENERICS: &[&str] = &[
    "AbstractSet", "Annotated", "AsyncContextManager", "AsyncGenerator", "AsyncIterable", "AsyncIterator", "Awaitable",
    "Callable", "ChainMap", "ClassVar", "Collection", "Concatenate", "Container", "ContextManager", "Coroutine",
    "Counter", "DefaultDict", "Deque", "Dict", "Final", "FrozenSet", "Generator", "Generic", "InitVar", "Iterable",
    "Iterator", "List", "Mapping", "MutableMapping", "MutableSequence", "MutableSet", "NotRequired", "Optional",
    "OrderedDict", "Protocol", "ReadOnly", "Required", "Sequence", "Set", "Tuple", "Type", "TypeGuard", "TypeIs",
    "Union", "Unpack", "dict", "frozenset", "list", "set", "tuple", "type",
];

impl<'m> Builder<'m> {
    /// An expression where a type is expected: strings in it are types too.
    pub(super) fn type_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Str(string) if is_text(string) => self.quoted(expr.span, string),
            ExprKind::Subscript { value, index } => self.type_subscript(value, index),
            ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Operation(items) => {
                items.iter().for_each(|item| self.type_expr(item));
            }
            ExprKind::Starred(item) => self.type_expr(item),
            _ => self.expr(expr),
        }
    }

    pub(super) fn subscript(&mut self, value: &'m Expr, index: &'m Expr) {
        if last_name(value).is_some_and(|name| GENERICS.binary_search(&name).is_ok()) {
            self.type_subscript(value, index);
        } else {
            self.expr(value);
            self.expr(index);
        }
    }

    fn type_subscript(&mut self, value: &'m Expr, index: &'m Expr) {
        self.expr(value);
        for (item, holds) in subscript_items(value, index) {
            match holds {
                Holds::Type => self.type_expr(item),
                Holds::Value => self.expr(item),
            }
        }
    }

    pub(super) fn call(&mut self, func: &'m Expr, args: &'m [Expr], keywords: &'m [Keyword]) {
        self.expr(func);
        let callee = last_name(func).unwrap_or_default();
        for (index, arg) in args.iter().enumerate() {
            match (callee, index, &arg.kind) {
                ("NamedTuple", 1, ExprKind::List(fields)) => fields.iter().for_each(|field| self.field(field)),
                ("TypedDict", 1, ExprKind::Dict(items)) => items.iter().for_each(|(key, value)| {
                    key.iter().for_each(|key| self.expr(key));
                    self.type_expr(value);
                }),
                _ if is_type_argument(callee, index, args.len()) => self.type_expr(arg),
                _ => self.expr(arg),
            }
        }
        for keyword in keywords {
            let name = keyword.name.as_ref().map_or("", |name| &name.name);
            let is_type = matches!(
                (callee, name),
                ("TypeVar" | "TypeVarTuple" | "ParamSpec", "bound" | "default")
                    | ("cast", "typ")
                    | ("NewType", "tp")
                    | ("TypeAliasType", "value")
            );
            if is_type { self.type_expr(&keyword.value) } else { self.expr(&keyword.value) }
        }
    }

    /// `("name", type)` of a `NamedTuple`.
    fn field(&mut self, field: &'m Expr) {
        match &field.kind {
            ExprKind::Tuple(items) if items.len() == 2 => {
                self.expr(&items[0]);
                self.type_expr(&items[1]);
            }
            _ => self.expr(field),
        }
    }

    fn quoted(&mut self, span: Span, string: &Str) {
        let module = self.model.module;
        let before = self.context;
        if before != Context::Annotation(Annotation::Never) {
            self.context = Context::Annotation(Annotation::Quoted);
        }
        let compiled = std::mem::replace(&mut self.uncompiled, true);
        let root = Quote { text: module.text(), whole: None };
        self.quote(&root, span, string, &mut Vec::new());
        self.uncompiled = compiled;
        self.context = before;
    }

    /// Records the names of a string that stands in `around`.
    fn quote(&mut self, around: &Quote<'_>, span: Span, string: &Str, hidden: &mut Vec<SmolStr>) {
        let decoded;
        let (content, start, inner) = match string.plain(around.text) {
            Some(content) => {
                (content, string.parts[0].content.start(), Quote { text: around.text, whole: around.whole })
            }
            None => {
                decoded = decode(string, around.text);
                let whole = Some(around.whole.unwrap_or(span));
                (decoded.as_str(), TextSize::from(0), Quote { text: &decoded, whole })
            }
        };
        let trimmed = content.trim_start();
        let start = start + size(content.len() - trimmed.len());
        // Python reads a type of several lines as if it stood in parentheses.
        let line = trimmed.trim_end().replace(['\n', '\r'], " ");
        if let Some(expr) = python::parse_expression(&line, start) {
            self.names(&inner, &expr, Holds::Type, hidden);
        }
    }

    /// The names of a parsed string. `hidden` are those that a lambda or comprehension in it binds: no scope is opened
    /// for them, because no Python ever runs it.
    fn names(&mut self, quote: &Quote<'_>, expr: &Expr, holds: Holds, hidden: &mut Vec<SmolStr>) {
        match &expr.kind {
            ExprKind::Name(name) => {
                if !hidden.contains(name) {
                    self.reference(name, quote.whole.unwrap_or(expr.span), self.context);
                }
            }
            ExprKind::Str(string) if holds == Holds::Type && is_text(string) => {
                self.quote(quote, expr.span, string, hidden);
            }
            ExprKind::Subscript { value, index } => {
                self.names(quote, value, Holds::Value, hidden);
                for (item, holds) in subscript_items(value, index) {
                    self.names(quote, item, holds, hidden);
                }
            }
            ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Operation(items) | ExprKind::Set(items) => {
                items.iter().for_each(|item| self.names(quote, item, holds, hidden));
            }
            ExprKind::Starred(item) => self.names(quote, item, holds, hidden),
            ExprKind::Attribute { value, .. } | ExprKind::Await(value) => {
                self.names(quote, value, Holds::Value, hidden);
            }
            ExprKind::Call { func, args, keywords } => {
                let keywords = keywords.iter().map(|keyword| &keyword.value);
                let all = std::iter::once(&**func).chain(args).chain(keywords);
                all.for_each(|item| self.names(quote, item, Holds::Value, hidden));
            }
            ExprKind::Dict(items) => {
                let all = items.iter().flat_map(|(key, value)| key.iter().chain([value]));
                all.for_each(|item| self.names(quote, item, Holds::Value, hidden));
            }
            ExprKind::Str(string) => {
                let all = string.parts.iter().flat_map(|part| &part.interpolations);
                all.for_each(|item| self.names(quote, item, Holds::Value, hidden));
            }
            ExprKind::Lambda { params, body } => {
                let defaults = params.iter().filter_map(|param: &Param| param.default.as_ref());
                defaults.for_each(|default| self.names(quote, default, Holds::Value, hidden));
                let outside = hidden.len();
                hidden.extend(params.iter().map(|param| param.ident.name.clone()));
                self.names(quote, body, Holds::Value, hidden);
                hidden.truncate(outside);
            }
            ExprKind::Comprehension(comprehension) => {
                let outside = hidden.len();
                for generator in &comprehension.generators {
                    self.names(quote, &generator.iter, Holds::Value, hidden);
                    hide(&generator.target, hidden);
                    let conditions = generator.conditions.iter();
                    conditions.for_each(|item| self.names(quote, item, Holds::Value, hidden));
                }
                let elements = comprehension.elements.iter();
                elements.for_each(|item| self.names(quote, item, Holds::Value, hidden));
                hidden.truncate(outside);
            }
            ExprKind::Named { value, .. } => self.names(quote, value, Holds::Value, hidden),
            ExprKind::Yield(value) => {
                value.iter().for_each(|value| self.names(quote, value, Holds::Value, hidden));
            }
            ExprKind::Constant => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Type,
    Value,
}

/// Where the text of a quoted type stands: its spans are those of `text`.
#[derive(Debug)]
struct Quote<'t> {
    /// The file, or what a string says that is not the same bytes as in the file (escapes, several literals).
    text: &'t str,
    /// That whole string in the file.
    whole: Option<Span>,
}

/// The parts of a subscript and whether a string in each would be a type.
fn subscript_items<'e>(value: &Expr, index: &'e Expr) -> Vec<(&'e Expr, Holds)> {
    match (last_name(value), &index.kind) {
        (Some("Literal"), _) => vec![(index, Holds::Value)],
        (Some("Annotated"), ExprKind::Tuple(items)) => {
            let holds = std::iter::once(Holds::Type).chain(std::iter::repeat(Holds::Value));
            items.iter().zip(holds).collect()
        }
        _ => vec![(index, Holds::Type)],
    }
}

/// Whether the positional argument `index` of a call of `callee` is a type.
fn is_type_argument(callee: &str, index: usize, count: usize) -> bool {
    match callee {
        "cast" => index == 0 && count == 2,
        "TypeVar" => index > 0,
        "NewType" | "assert_type" | "TypeAliasType" => index == 1,
        "ForwardRef" => index == 0,
        _ => false,
    }
}

/// `c` of `c` and of `a.b.c`.
fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        _ => None,
    }
}

fn is_text(string: &Str) -> bool {
    string.may_be_docstring()
}

/// What a string of several literals or with escapes says. Escapes of characters that no type contains stay as written.
fn decode(string: &Str, text: &str) -> String {
    let mut out = String::new();
    for part in &string.parts {
        let mut chars = text[part.content].chars();
        while let Some(char) = chars.next() {
            if char != '\\' || part.prefix.raw {
                out.push(char);
                continue;
            }
            match chars.next() {
                Some('\n') | None => {}
                Some(quote @ ('\'' | '"' | '\\')) => out.push(quote),
                Some(other) => out.extend(['\\', other]),
            }
        }
    }
    out
}

fn hide(target: &Expr, hidden: &mut Vec<SmolStr>) {
    match &target.kind {
        ExprKind::Name(name) => hidden.push(name.clone()),
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|item| hide(item, hidden)),
        ExprKind::Starred(item) => hide(item, hidden),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_generics_is_sorted() {
        assert!(GENERICS.is_sorted());
    }
}
