//! Lowers string literals, and the expressions inside f-strings and t-strings.

use super::Lower;
use crate::python::ast::*;
use crate::python::cst::{Field, Id, Kind};
use crate::python::fault::FaultKind;

impl Lower<'_> {
    pub(super) fn string_expr(&mut self, id: Id) -> Expr {
        let mut parts = Vec::new();
        if self.cst.kind(id) == Kind::String {
            parts.push(self.string_part(id));
        } else {
            for child in self.operands(id) {
                parts.push(self.string_part(child));
            }
        }
        self.make(id, ExprKind::Str(Str { parts }))
    }

    fn string_part(&mut self, id: Id) -> StrPart {
        let mut prefix = StrPrefix::default();
        let (mut start, mut end) = (self.cst.node(id).start, self.cst.node(id).end);
        let mut interpolations = Vec::new();
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::StringStart => {
                    start = self.cst.node(child).end;
                    prefix = self.string_prefix(child);
                }
                Kind::StringEnd => end = self.cst.node(child).start,
                Kind::Interpolation => self.interpolation(child, &mut interpolations),
                _ => {}
            }
        }
        self.unterminated(id, start, end);
        let content = self.place_of(start, end.max(start));
        StrPart { span: self.span(id), content, prefix, interpolations }
    }

    /// A string in single quotes ends on its line, but for lines that end with a backslash.
    fn unterminated(&mut self, id: Id, start: u32, end: u32) {
        let text: &str = self.text;
        let opening = &text[self.cst.node(id).start as usize..start as usize];
        let content = &text[start as usize..end.max(start) as usize];
        if opening.ends_with("\"\"\"") || opening.ends_with("'''") || !content.contains('\n') {
            return;
        }
        let cst = self.cst;
        let mut interpolations = cst.children(id).filter(|&child| cst.kind(child) == Kind::Interpolation).peekable();
        let mut at = start as usize;
        while at < end as usize {
            if let Some(inside) = interpolations.next_if(|&inside| cst.node(inside).start as usize <= at) {
                at = cst.node(inside).end as usize;
                continue;
            }
            match &text.as_bytes()[at..] {
                [b'\\', b'\r', ..] => at += 3,
                [b'\\', ..] => at += 2,
                [b'\n', ..] => {
                    let message = "a string does not end on its line; close it";
                    return self.fault(FaultKind::ParseError, self.span(id), message);
                }
                _ => at += 1,
            }
        }
    }

    fn string_prefix(&mut self, id: Id) -> StrPrefix {
        let text = self.slice(id);
        let letters = text.trim_end_matches(['"', '\'', '`']).to_ascii_lowercase();
        if text.ends_with('`') {
            self.python2(id, "a backtick");
        }
        match letters.as_str() {
            "" | "r" | "u" | "b" | "f" | "t" | "br" | "rb" | "fr" | "rf" | "tr" | "rt" => {}
            "ur" | "ru" => self.python2(id, "the string prefix `ur`"),
            _ => self.unknown(id),
        }
        StrPrefix {
            bytes: letters.contains('b'),
            format: letters.contains('f'),
            template: letters.contains('t'),
            raw: letters.contains('r'),
        }
    }

    /// The expressions of `{value:{width}}`.
    fn interpolation(&mut self, id: Id, interpolations: &mut Vec<Expr>) {
        for child in self.operands(id) {
            match self.cst.kind(child) {
                Kind::FormatSpecifier => {
                    self.depth += 1;
                    if !self.too_deep(id, 0) {
                        for inner in self.cst.children(child) {
                            if self.cst.kind(inner) == Kind::FormatExpression {
                                self.interpolation(inner, interpolations);
                            }
                        }
                    }
                    self.depth -= 1;
                }
                Kind::TypeConversion => {}
                // `{x:=10}` is no walrus: the format is `=10`.
                Kind::NamedExpression => self.formatted_name(child, interpolations),
                Kind::ExpressionList if self.cst.kind(child + 1) == Kind::NamedExpression => {
                    self.formatted_name(child + 1, interpolations);
                }
                _ => interpolations.push(self.expr(child)),
            }
        }
    }

    /// `{name:=10}`, `{name:={width}}`
    fn formatted_name(&mut self, id: Id, interpolations: &mut Vec<Expr>) {
        let Some(name) = self.cst.field(id, Field::Name) else { return self.unknown(id) };
        interpolations.push(self.name_expr(name));
        if let Some(value) = self.cst.field(id, Field::Value)
            && self.cst.kind(value) == Kind::Set
        {
            interpolations.extend(self.exprs(value));
        }
    }
}
