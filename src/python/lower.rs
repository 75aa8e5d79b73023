//! From the concrete tree to the typed one: statements. Also finds the faults that belong to one construct.
//! The tree holds no errors when it comes here.

mod compound;
mod expr;
mod import;
mod pattern;
mod string;

use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;

use super::ast::*;
use super::cst::{Cst, Field, Id, Kind};
use super::fault::{self, Fault, FaultKind};
use crate::text::{Span, TextSize, size, span};

/// How deep expressions and blocks may nest, counted in the typed tree; chains of calls and attributes count their
/// links. CPython has a limit of the same order.
pub const MAX_DEPTH: usize = 1000;

/// Trees deeper than this are lowered on a thread with a stack of its own.
const SHALLOW: usize = 120;

/// The body of a module, and what is wrong with it. `lazy` holds where the `lazy` of imports stand.
pub fn module(text: &str, cst: &Cst, lazy: &[u32]) -> (Block, Vec<Fault>) {
    let run = || {
        let mut lower = Lower::new(text, cst);
        lower.lazy = lazy;
        let body = lower.module_body();
        (body, lower.faults)
    };
    if cst_depth(cst) <= SHALLOW { run() } else { on_large_stack(run) }
}

/// One expression, in a text that wraps it in parentheses; `offset` is where it stands without them.
pub fn expression(text: &str, cst: &Cst, offset: TextSize) -> Option<Expr> {
    // Strings in annotations that nest deeper than this are no annotations.
    if cst_depth(cst) > SHALLOW {
        return None;
    }
    let mut statements = cst.children(0);
    let (statement, None) = (statements.next()?, statements.next()) else { return None };
    let mut inner = cst.children(statement);
    let (whole, None) = (inner.next()?, inner.next()) else { return None };
    let node = cst.node(whole);
    let spans_all = node.start == 0 && node.end as usize == text.len();
    let blank = cst.after(whole) == whole + 3;
    if !spans_all || blank || !matches!(node.kind, Kind::Parenthesized | Kind::Tuple) {
        return None;
    }
    let mut lower = Lower::new(text, cst);
    lower.shift = Some(offset);
    let expr = lower.expr(whole);
    lower.faults.is_empty().then_some(expr)
}

fn cst_depth(cst: &Cst) -> usize {
    let mut open: Vec<Id> = Vec::new();
    let mut deepest = 0;
    for id in 0..cst.nodes.len() {
        while open.last().is_some_and(|&end| end <= id) {
            open.pop();
        }
        if !cst.is_leaf(id) {
            open.push(cst.after(id));
            deepest = deepest.max(open.len());
        }
    }
    deepest
}

fn on_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    const STACK: usize = 64 << 20;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        match thread.expect("the system can start a thread").join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// What encloses a statement, as far as it decides on faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Module,
    Class,
    Function,
}

/// A star that belongs to more than the operand that tree-sitter gives it.
#[derive(Debug, Clone, Copy)]
struct Star {
    id: Id,
    start: u32,
    /// Where the operand starts.
    operand: u32,
}

struct Lower<'c> {
    text: &'c str,
    cst: &'c Cst,
    lazy: &'c [u32],
    faults: Vec<Fault>,
    depth: usize,
    place: Place,
    in_loop: bool,
    /// The star that is being read, which is no part of the expressions below it.
    star: Option<Star>,
    /// For a text that is one expression in parentheses: where the expression stands in its file.
    shift: Option<TextSize>,
}

impl<'c> Lower<'c> {
    fn new(text: &'c str, cst: &'c Cst) -> Lower<'c> {
        let (faults, depth) = (Vec::new(), 0);
        Lower { text, cst, lazy: &[], faults, depth, place: Place::Module, in_loop: false, star: None, shift: None }
    }

    fn module_body(&mut self) -> Block {
        let body = self.stmts(0);
        let span = block_span(&body).unwrap_or_else(|| Span::empty(size(0)));
        self.late_futures(&body);
        Block { span, colon: None, inline: false, body }
    }

    fn late_futures(&mut self, body: &[Stmt]) {
        let rest = body.iter().enumerate().skip_while(|(index, stmt)| match &stmt.kind {
            StmtKind::Import(import) => import.is_future(),
            _ => *index == 0 && stmt.is_docstring_like(),
        });
        for (_, stmt) in rest {
            if stmt.as_import().is_some_and(Import::is_future) {
                self.late_future(stmt.span);
            }
        }
    }

    fn late_future(&mut self, span: Span) {
        let message = "a `__future__` import must stand before all other statements; move it up";
        self.fault(FaultKind::LateFuture, span, message);
    }

    /// The statements directly below a module or block.
    fn stmts(&mut self, id: Id) -> Vec<Stmt> {
        let mut body = Vec::new();
        for child in self.cst.children(id) {
            if self.cst.kind(child).is_statement() {
                body.push(self.stmt(child));
            }
        }
        body
    }

    fn stmt(&mut self, id: Id) -> Stmt {
        self.depth += 1;
        let kind = if self.too_deep(id, 0) { StmtKind::Pass } else { self.stmt_kind(id) };
        self.depth -= 1;
        let mut span = self.span(id);
        let stmt = Stmt { span, kind };
        // A block's node may hold comments below its last statement.
        if let Some(last) = stmt.blocks().last() {
            span = Span::new(span.start(), last.span.end().max(span.start()));
        }
        Stmt { span, ..stmt }
    }

    fn stmt_kind(&mut self, id: Id) -> StmtKind {
        match self.cst.kind(id) {
            Kind::Import | Kind::ImportFrom | Kind::FutureImport => self.import_stmt(id),
            Kind::PrintStatement => self.python2_stmt(id, "the print statement"),
            Kind::ExecStatement => self.python2_stmt(id, "the exec statement"),
            Kind::ExpressionStatement => self.expression_stmt(id),
            Kind::Return => {
                if self.place != Place::Function {
                    let message = "`return` stands outside a function; remove it";
                    self.fault(FaultKind::OutsideFunction, self.span(id), message);
                }
                StmtKind::Return(self.operands(id).next().map(|value| self.expr(value)))
            }
            Kind::Delete => self.delete(id),
            Kind::Raise => self.raise(id),
            Kind::Assert => self.assert(id),
            Kind::Pass => StmtKind::Pass,
            Kind::Break => {
                self.outside_loop(id);
                StmtKind::Break
            }
            Kind::Continue => {
                self.outside_loop(id);
                StmtKind::Continue
            }
            Kind::Global => StmtKind::Global(self.idents(id)),
            Kind::Nonlocal => StmtKind::Nonlocal(self.idents(id)),
            Kind::TypeAlias => self.type_alias(id),
            Kind::If => self.if_stmt(id),
            Kind::For => self.for_stmt(id),
            Kind::While => self.while_stmt(id),
            Kind::Try => self.try_stmt(id),
            Kind::With => self.with_stmt(id),
            Kind::Function => self.function(id, Vec::new()),
            Kind::Class => self.class(id, Vec::new()),
            Kind::Decorated => self.decorated(id),
            Kind::Match => self.match_stmt(id),
            _ => self.unknown_stmt(id),
        }
    }

    fn import_stmt(&mut self, id: Id) -> StmtKind {
        let import = self.import(id);
        if import.is_star() && self.place != Place::Module {
            let message = "`import *` stands in a function or class, which Python rejects; name what is imported";
            self.fault(FaultKind::NestedStar, self.span(id), message);
        }
        if import.is_future() {
            if self.depth > 1 {
                self.late_future(self.span(id));
            }
            self.unknown_features(id, &import);
        }
        StmtKind::Import(import)
    }

    fn unknown_features(&mut self, id: Id, import: &Import) {
        const FEATURES: [&str; 10] = [
            "nested_scopes",
            "generators",
            "division",
            "absolute_import",
            "with_statement",
            "print_function",
            "unicode_literals",
            "barry_as_FLUFL",
            "generator_stop",
            "annotations",
        ];
        let unknown = import.aliases.iter().find(|alias| !FEATURES.contains(&alias.name.as_str()));
        if unknown.is_some() || import.is_star() {
            let span = unknown.map_or_else(|| self.span(id), |alias| alias.span);
            self.fault(FaultKind::ParseError, span, "`__future__` has no such feature; remove the import");
        }
    }

    fn python2_stmt(&mut self, id: Id, what: &str) -> StmtKind {
        self.python2(id, what);
        StmtKind::Pass
    }

    fn outside_loop(&mut self, id: Id) {
        if !self.in_loop {
            let message = "`break` or `continue` stands outside a loop; remove it";
            self.fault(FaultKind::ParseError, self.span(id), message);
        }
    }

    fn unknown_stmt(&mut self, id: Id) -> StmtKind {
        self.unknown(id);
        StmtKind::Pass
    }

    fn expression_stmt(&mut self, id: Id) -> StmtKind {
        let first = self.operands(id).next();
        match first.map(|first| (first, self.cst.kind(first))) {
            Some((first, Kind::Assignment)) => self.assignment(first),
            Some((first, Kind::AugmentedAssignment)) => self.aug_assignment(first),
            Some((first, _)) if self.cst.child_of(id, Kind::Comma).is_none() => StmtKind::Expr(self.expr(first)),
            Some(_) => StmtKind::Expr(self.tuple(id)),
            None => self.unknown_stmt(id),
        }
    }

    /// `a = b = value`, `target: annotation = value`
    fn assignment(&mut self, id: Id) -> StmtKind {
        let mut targets = Vec::new();
        let mut at = id;
        loop {
            let Some(left) = self.cst.field(at, Field::Left) else { return self.unknown_stmt(at) };
            let right = self.cst.field(at, Field::Right);
            if let Some(annotation) = self.cst.field(at, Field::Type) {
                let nested = right
                    .is_some_and(|right| matches!(self.cst.kind(right), Kind::Assignment | Kind::AugmentedAssignment));
                if !targets.is_empty() || nested {
                    return self.unknown_stmt(at);
                }
                let parenthesized = self.cst.kind(left) == Kind::TuplePattern;
                let target = self.expr(left);
                let annotation = self.expr(annotation);
                let value = right.map(|right| self.expr(right));
                return StmtKind::AnnAssign { target, annotation, value, parenthesized };
            }
            targets.push(self.expr(left));
            let Some(right) = right else { return self.unknown_stmt(at) };
            match self.cst.kind(right) {
                Kind::Assignment => at = right,
                Kind::AugmentedAssignment => return self.unknown_stmt(right),
                _ => return StmtKind::Assign { targets, value: self.expr(right) },
            }
        }
    }

    fn aug_assignment(&mut self, id: Id) -> StmtKind {
        let (left, right) = (self.cst.field(id, Field::Left), self.cst.field(id, Field::Right));
        let (Some(left), Some(right)) = (left, right) else { return self.unknown_stmt(id) };
        let chained = matches!(self.cst.kind(right), Kind::Assignment | Kind::AugmentedAssignment);
        if chained || self.cst.kind(left) == Kind::PatternList {
            return self.unknown_stmt(right);
        }
        StmtKind::AugAssign { target: self.expr(left), value: self.expr(right) }
    }

    fn delete(&mut self, id: Id) -> StmtKind {
        let list = self.cst.child_of(id, Kind::ExpressionList).unwrap_or(id);
        let targets = self.operands(list);
        StmtKind::Delete(targets.map(|target| self.expr(target)).collect())
    }

    fn raise(&mut self, id: Id) -> StmtKind {
        let cause = self.cst.field(id, Field::Cause);
        let exception = self.operands(id).find(|&child| Some(child) != cause);
        if let Some(exception) = exception
            && self.cst.kind(exception) == Kind::ExpressionList
        {
            self.python2(id, "`raise` with a comma");
        }
        let exception = exception.map(|exception| self.expr(exception));
        StmtKind::Raise { exception, cause: cause.map(|cause| self.expr(cause)) }
    }

    fn assert(&mut self, id: Id) -> StmtKind {
        let mut parts = self.operands(id);
        let Some(test) = parts.next() else { return self.unknown_stmt(id) };
        let test = self.expr(test);
        let message = parts.next().map(|message| self.expr(message));
        if let Some(more) = parts.next() {
            self.unknown(more);
        }
        StmtKind::Assert { test, message }
    }

    fn type_alias(&mut self, id: Id) -> StmtKind {
        let (left, right) = (self.cst.field(id, Field::Left), self.cst.field(id, Field::Right));
        let (Some(left), Some(right)) = (left, right) else { return self.unknown_stmt(id) };
        let left = self.bare_type(left);
        let keyword = self.cst.children(id).next().unwrap_or(id);
        if let Some(target) = self.type_target(keyword, left) {
            return StmtKind::Assign { targets: vec![target], value: self.expr(right) };
        }
        match self.cst.kind(left) {
            Kind::Identifier => {
                let name = self.ident(left);
                StmtKind::TypeAlias { name, type_params: Vec::new(), value: self.expr(right) }
            }
            Kind::GenericType | Kind::Subscript => {
                let mut children = self.cst.children(left);
                let Some(name) = children.next() else { return self.unknown_stmt(id) };
                if self.cst.kind(name) != Kind::Identifier {
                    return self.unknown_stmt(id);
                }
                let params = self.cst.child_of(left, Kind::TypeParameter).unwrap_or(left);
                let params = self.operands(params).filter(|&param| param != name);
                let type_params = params.map(|param| self.type_param(param)).collect();
                StmtKind::TypeAlias { name: self.ident(name), type_params, value: self.expr(right) }
            }
            _ => self.unknown_stmt(id),
        }
    }

    /// The first block directly below `id`.
    fn block(&mut self, id: Id) -> Block {
        let mut colon = None;
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::Colon => colon = Some(self.cst.node(child).end),
                Kind::Block => {
                    let body = self.stmts(child);
                    let at = colon.map_or_else(|| self.span(child).start(), TextSize::from);
                    let span = block_span(&body).unwrap_or_else(|| Span::empty(at));
                    let inline = self.is_inline(at, span.start());
                    return Block { span, colon: Some(at), inline, body };
                }
                _ => {}
            }
        }
        // The layout's check reports it.
        let at = size(self.cst.node(id).end as usize);
        if self.faults.is_empty() {
            self.fault(FaultKind::EmptyBlock, Span::empty(at), "a block is missing; give it a body or `pass`");
        }
        Block { span: Span::empty(at), colon: Some(at), inline: true, body: Vec::new() }
    }

    /// Whether no line ends between a colon and a statement, but for those that a backslash continues.
    fn is_inline(&self, colon: TextSize, first: TextSize) -> bool {
        !fault::ends_line(&self.text[usize::from(colon)..usize::from(first)])
    }

    fn is_async(&self, id: Id) -> bool {
        self.cst.child_of(id, Kind::Async).is_some()
    }

    fn idents(&self, id: Id) -> Vec<Ident> {
        let children = self.cst.children(id).filter(|&child| self.cst.kind(child) == Kind::Identifier);
        children.map(|child| self.ident(child)).collect()
    }

    fn ident(&self, id: Id) -> Ident {
        Ident { name: self.name(id), span: self.span(id) }
    }

    /// The text of a node as Python compares names.
    fn name(&self, id: Id) -> SmolStr {
        let text = self.slice(id);
        if text.is_ascii() { SmolStr::new(text) } else { text.nfkc().collect() }
    }

    fn slice(&self, id: Id) -> &'c str {
        let node = self.cst.node(id);
        &self.text[node.start as usize..node.end as usize]
    }

    fn span(&self, id: Id) -> Span {
        let node = self.cst.node(id);
        match self.star {
            Some(star) if star.start == node.start => self.place_of(star.operand, node.end),
            _ => self.place_of(node.start, node.end),
        }
    }

    fn place_of(&self, start: u32, end: u32) -> Span {
        match self.shift {
            None => span(start as usize, end as usize),
            Some(offset) => {
                // The text is the expression in parentheses, which stand outside.
                let last = self.text.len() as u32 - 2;
                let shift = |at: u32| offset + TextSize::from(at.saturating_sub(1).min(last));
                Span::new(shift(start), shift(end))
            }
        }
    }

    /// A deeper level than a recursive reader can bear.
    fn too_deep(&mut self, id: Id, more: usize) -> bool {
        if self.depth + more <= MAX_DEPTH {
            return false;
        }
        if !self.faults.iter().any(|fault| fault.kind == FaultKind::TooDeep) {
            let message = "the code is nested too deep to be read safely; exclude the file";
            self.fault(FaultKind::TooDeep, self.span(id), message);
        }
        true
    }

    fn python2(&mut self, id: Id, what: &str) {
        let message = format!("{what} is Python 2; convert the file to Python 3 or exclude it");
        self.fault(FaultKind::Python2, self.span(id), message);
    }

    fn unknown(&mut self, id: Id) {
        self.fault(FaultKind::ParseError, self.span(id), "invalid syntax; fix or exclude the file");
    }

    fn fault(&mut self, kind: FaultKind, span: Span, message: impl Into<String>) {
        self.faults.push(Fault::new(kind, span, message));
    }
}

fn block_span(body: &[Stmt]) -> Option<Span> {
    Some(body.first()?.span.cover(body.last()?.span))
}
