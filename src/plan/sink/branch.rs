//! Which block of a function receives an import under `placement = "branch"`: the innermost one that holds all uses,
//! runs only sometimes, and runs an import as the top of the function would. Whether the function may receive one at all
//! is `place`'s business.

use std::collections::BTreeMap;

use super::place::Destinations;
use crate::name::ModuleName;
use crate::plan::{File, Receiver, Receivers, Subject, known};
use crate::python::visit::{Visitor, walk_block, walk_expr, walk_stmt};
use crate::python::{Block, Expr, ExprKind, Function, Handler, Stmt, StmtKind};
use crate::text::{Span, TextSize};

/// What an import goes to if it goes to no branch of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home<'a> {
    Function(&'a Function),
    /// The block of `if __name__ == "__main__":`.
    MainGuard(&'a Block),
}

impl<'a> Home<'a> {
    pub(super) fn body(self) -> &'a Block {
        match self {
            Home::Function(function) => &function.body,
            Home::MainGuard(block) => block,
        }
    }
}

/// The block of `home` that receives the import. `uses` covers every reference in it.
pub(super) fn innermost<'a>(file: &File<'a>, home: Home<'a>, uses: Span) -> &'a Block {
    let body = home.body();
    let branches = branches(body, uses);
    if branches.is_empty() || handles_being_closed(home) {
        return body;
    }
    let change = first_change(file, body);
    let unchanged = |branch: &&Block| change.is_none_or(|change| branch.span.start() <= change);
    branches.into_iter().rev().find(unchanged).unwrap_or(body)
}

/// A branch saves nothing where a block around it imports the module anyway, for another of its names: they stand
/// together there.
pub(super) fn join_outer(planned: &mut [(&Subject, Destinations<'_>)]) {
    let mut by_home: BTreeMap<Option<TextSize>, Vec<(&ModuleName, Receiver<'_>)>> = BTreeMap::new();
    for (subject, to) in planned.iter() {
        for receiver in to.receivers.iter().flat_map(Receivers::iter) {
            by_home.entry(receiver.home.colon).or_default().push((&subject.target.module, receiver));
        }
    }
    for (subject, to) in planned {
        // Around the home itself there is nothing to join.
        let in_branches = |receiver: &&mut Receiver<'_>| !std::ptr::eq(receiver.block, receiver.home);
        for receiver in to.receivers.iter_mut().flat_map(Receivers::iter_mut).filter(in_branches) {
            let beside = by_home.get(&receiver.home.colon).map_or(&[][..], Vec::as_slice);
            let loads = beside.iter().filter(|(module, _)| loads(module, subject));
            let around = loads.filter(|(_, other)| other.block.span.contains_range(receiver.block.span));
            if let Some((_, outer)) = around.max_by_key(|(_, other)| other.block.span.len()) {
                receiver.block = outer.block;
            }
        }
    }
}

/// Whether importing `module` loads all that the import of `subject` would. A name of the same package counts, though
/// it may be a submodule.
fn loads(module: &ModuleName, subject: &Subject) -> bool {
    module == &subject.target.module || module.is_within(&subject.target.dotted())
}

/// The branches around `uses`, outermost first.
fn branches(body: &Block, uses: Span) -> Vec<&Block> {
    let mut branches = Vec::new();
    let mut block = body;
    while let Some((inner, runs)) = block_around(block, uses) {
        match runs {
            Runs::Sometimes => branches.push(inner),
            Runs::Always => {}
            Runs::Otherwise => break,
        }
        block = inner;
    }
    branches
}

/// When the block of a compound statement runs, for an import that would stand in it.
enum Runs {
    /// At most once, if it is chosen.
    Sometimes,
    /// As the statement does: an import gains nothing here, but may further inside.
    Always,
    /// In another way than the code around the statement: again and again, with a failing import caught, with another
    /// context, or while an exception passes through.
    Otherwise,
}

/// The block directly below a statement of `block` that holds all of `uses`.
fn block_around(block: &Block, uses: Span) -> Option<(&Block, Runs)> {
    let stmt = block.body.iter().find(|stmt| stmt.span.contains_range(uses))?;
    let holds = |block: &&Block| block.span.contains_range(uses);
    let chosen = |block| (block, Runs::Sometimes);
    match &stmt.kind {
        StmtKind::If { .. } | StmtKind::Match { .. } => stmt.blocks().into_iter().find(holds).map(chosen),
        StmtKind::For(node) => node.orelse.iter().find(holds).map(chosen),
        StmtKind::While { orelse, .. } => orelse.iter().find(holds).map(chosen),
        StmtKind::Try(node) if holds(&&node.body) => {
            let runs = if node.may_catch_import_error() { Runs::Otherwise } else { Runs::Always };
            Some((&node.body, runs))
        }
        StmtKind::Try(node) if !node.drops_exceptions() => {
            node.handlers.iter().map(|handler| &handler.body).chain(&node.orelse).find(holds).map(chosen)
        }
        _ => None,
    }
}

/// A generator or coroutine that is never finished is closed at the latest when the interpreter shuts down, and then
/// importing fails. Its top has run long before; what it does when it is closed has not.
fn handles_being_closed(home: Home<'_>) -> bool {
    struct Finder {
        suspends: bool,
        handles: bool,
    }
    impl<'m> Visitor<'m> for Finder {
        fn visit_stmt(&mut self, stmt: &'m Stmt) {
            match &stmt.kind {
                StmtKind::Function(_) | StmtKind::Class(_) => return,
                StmtKind::Try(node) => self.handles |= node.handlers.iter().any(Handler::may_catch_generator_exit),
                _ => {}
            }
            walk_stmt(self, stmt);
        }
        fn visit_expr(&mut self, expr: &'m Expr) {
            match &expr.kind {
                ExprKind::Lambda { .. } => {}
                ExprKind::Yield(_) | ExprKind::Await(_) => self.suspends = true,
                _ => walk_expr(self, expr),
            }
        }
    }
    let Home::Function(function) = home else { return false };
    let mut finder = Finder { suspends: function.is_async, handles: false };
    walk_block(&mut finder, &function.body);
    finder.suspends && finder.handles
}

/// The first place that changes what an import finds or does: the search path, the loaded modules, the environment, the
/// working directory. An import below it would not be the one that the top of the function runs.
fn first_change(file: &File<'_>, body: &Block) -> Option<TextSize> {
    struct Finder<'f, 'a> {
        file: &'f File<'a>,
        first: Option<TextSize>,
    }
    impl Finder<'_, '_> {
        fn found(&mut self, place: &Expr) {
            let start = place.span.start();
            self.first = Some(self.first.map_or(start, |first| first.min(start)));
        }

        /// `sys.path = ...`, `os.environ["X"] = ...`, `del sys.modules["x"]`
        fn target(&mut self, target: &Expr) {
            let changed = match &target.kind {
                ExprKind::Tuple(items) | ExprKind::List(items) => {
                    return items.iter().for_each(|item| self.target(item));
                }
                ExprKind::Subscript { value, .. } => value,
                _ => target,
            };
            let name = changed.as_dotted().map(|parts| self.file.full_name(&parts));
            if name.is_some_and(|name| known::is_import_state(&name)) {
                self.found(target);
            }
        }
    }
    impl<'m> Visitor<'m> for Finder<'_, '_> {
        fn visit_stmt(&mut self, stmt: &'m Stmt) {
            match &stmt.kind {
                StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => {
                    targets.iter().for_each(|target| self.target(target));
                }
                StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => self.target(target),
                _ => {}
            }
            walk_stmt(self, stmt);
        }
        fn visit_expr(&mut self, expr: &'m Expr) {
            if let ExprKind::Call { func, .. } = &expr.kind
                && let Some(parts) = func.as_dotted()
                && known::changes_import_state(&self.file.full_name(&parts))
            {
                self.found(expr);
            }
            walk_expr(self, expr);
        }
    }
    let mut finder = Finder { file, first: None };
    walk_block(&mut finder, body);
    finder.first
}
