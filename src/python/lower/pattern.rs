//! Lowers the patterns of `match`, by CPython's rules of what is bound and what is read.

use super::Lower;
use crate::python::ast::*;
use crate::python::cst::{Id, Kind};

impl Lower<'_> {
    /// The patterns of a `case`: one, or a sequence without brackets.
    pub(super) fn case_pattern(&mut self, id: Id) -> Pattern {
        let mut patterns = Vec::new();
        let mut comma = false;
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::CasePattern => patterns.push(self.pattern(child)),
                Kind::Comma => comma = true,
                Kind::Colon | Kind::IfClause => break,
                _ => {}
            }
        }
        let lone_star = matches!(patterns.as_slice(), [Pattern::Star(_)]);
        match patterns.pop() {
            Some(only) if patterns.is_empty() && !comma => {
                if lone_star {
                    self.unknown(id);
                }
                only
            }
            Some(last) => {
                patterns.push(last);
                Pattern::Sequence(patterns)
            }
            None => {
                self.unknown(id);
                Pattern::Wildcard
            }
        }
    }

    fn pattern(&mut self, id: Id) -> Pattern {
        self.depth += 1;
        let pattern = if self.too_deep(id, 0) { Pattern::Wildcard } else { self.pattern_inner(id) };
        self.depth -= 1;
        pattern
    }

    fn pattern_inner(&mut self, id: Id) -> Pattern {
        match self.cst.kind(id) {
            // `-1` stands as two tokens in its pattern.
            Kind::CasePattern => match self.patterns(id).pop() {
                Some(pattern) => pattern,
                None => self.no_pattern(id),
            },
            Kind::AsPattern => self.as_pattern(id),
            Kind::ClassPattern => self.class_pattern(id),
            Kind::SplatPattern => Pattern::Star(self.rest_name(id)),
            Kind::UnionPattern => Pattern::Or(self.patterns(id)),
            Kind::ListPattern => Pattern::Sequence(self.patterns(id)),
            Kind::TuplePattern => {
                let comma = self.cst.child_of(id, Kind::Comma).is_some();
                let mut patterns = self.patterns(id);
                match patterns.pop() {
                    Some(only) if patterns.is_empty() && !comma && !matches!(only, Pattern::Star(_)) => only,
                    last => {
                        patterns.extend(last);
                        Pattern::Sequence(patterns)
                    }
                }
            }
            Kind::DictPattern => self.dict_pattern(id),
            Kind::KeywordPattern => {
                let equal = self.cst.child_of(id, Kind::Equal).unwrap_or(id);
                match self.patterns_from(id, equal).pop() {
                    Some(pattern) => pattern,
                    None => self.no_pattern(id),
                }
            }
            Kind::Underscore => Pattern::Wildcard,
            Kind::Identifier => self.capture(id),
            Kind::DottedName => {
                let mut parts = self.operands(id);
                match (parts.next(), parts.next()) {
                    (Some(only), None) => self.capture(only),
                    _ => Pattern::Value(self.dotted_value(id)),
                }
            }
            Kind::ComplexPattern => Pattern::Value(Expr { span: self.span(id), kind: ExprKind::Constant }),
            _ => Pattern::Value(self.expr(id)),
        }
    }

    fn no_pattern(&mut self, id: Id) -> Pattern {
        self.unknown(id);
        Pattern::Wildcard
    }

    fn capture(&self, id: Id) -> Pattern {
        let ident = self.ident(id);
        if ident.name == "_" { Pattern::Wildcard } else { Pattern::Capture(ident) }
    }

    /// The patterns directly below a node.
    fn patterns(&mut self, id: Id) -> Vec<Pattern> {
        self.patterns_from(id, id)
    }

    /// The patterns directly below a node, after the child `from`.
    fn patterns_from(&mut self, id: Id, from: Id) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        let mut minus = None;
        for child in self.cst.children(id).filter(|&child| child > from) {
            match self.cst.kind(child) {
                Kind::Minus => minus = Some(child),
                Kind::Other | Kind::Comma | Kind::Colon | Kind::Equal | Kind::Pipe => {}
                Kind::LeftParen | Kind::RightParen | Kind::LeftBracket | Kind::RightBracket => {}
                _ => match minus.take() {
                    Some(minus) => {
                        let span = self.span(minus).cover(self.span(child));
                        patterns.push(Pattern::Value(Expr { span, kind: ExprKind::Constant }));
                    }
                    None => patterns.push(self.pattern(child)),
                },
            }
        }
        patterns
    }

    /// `pattern as name`
    fn as_pattern(&mut self, id: Id) -> Pattern {
        let mut parts = self.operands(id);
        let (Some(pattern), Some(name)) = (parts.next(), parts.next()) else { return self.no_pattern(id) };
        let pattern = Box::new(self.pattern(pattern));
        Pattern::As { pattern, name: self.ident(name) }
    }

    fn class_pattern(&mut self, id: Id) -> Pattern {
        let Some(class) = self.cst.child_of(id, Kind::DottedName) else { return self.no_pattern(id) };
        let class = self.dotted_value(class);
        let (mut arguments, mut keywords) = (Vec::new(), Vec::new());
        for child in self.cst.children(id) {
            if self.cst.kind(child) != Kind::CasePattern {
                continue;
            }
            let keyword = self.cst.child_of(child, Kind::KeywordPattern).is_some();
            let pattern = self.pattern(child);
            if keyword { keywords.push(pattern) } else { arguments.push(pattern) }
        }
        Pattern::Class { class, arguments, keywords }
    }

    fn dict_pattern(&mut self, id: Id) -> Pattern {
        let (mut items, mut rest) = (Vec::new(), None);
        let (mut key, mut minus) = (None, None);
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::SplatPattern => rest = self.rest_name(child),
                Kind::Minus => minus = Some(child),
                Kind::Comma | Kind::Colon | Kind::LeftBrace | Kind::RightBrace => {}
                Kind::CasePattern if key.is_some() => {
                    let value = self.pattern(child);
                    items.extend(key.take().map(|key| (key, value)));
                }
                Kind::DottedName => key = Some(self.dotted_value(child)),
                Kind::ComplexPattern => {
                    key = Some(Expr { span: self.span(child), kind: ExprKind::Constant });
                }
                _ => {
                    let mut value = self.expr(child);
                    if let Some(minus) = minus.take() {
                        value.span = self.span(minus).cover(value.span);
                    }
                    key = Some(value);
                }
            }
        }
        Pattern::Mapping { items, rest }
    }

    /// The name of `*name` or `**name`, unless it is `_`.
    fn rest_name(&self, id: Id) -> Option<Ident> {
        let name = self.cst.child_of(id, Kind::Identifier)?;
        Some(self.ident(name)).filter(|ident| ident.name != "_")
    }

    /// A dotted name as an expression that reads it.
    fn dotted_value(&mut self, id: Id) -> Expr {
        let mut value: Option<Expr> = None;
        let parts = self.operands(id);
        for part in parts {
            let ident = self.ident(part);
            value = Some(match value {
                None => Expr { span: ident.span, kind: ExprKind::Name(ident.name) },
                Some(value) => {
                    let span = value.span.cover(ident.span);
                    Expr { span, kind: ExprKind::Attribute { value: Box::new(value), attr: ident } }
                }
            });
        }
        value.unwrap_or_else(|| Expr { span: self.span(id), kind: ExprKind::Constant })
    }
}
