//! Where in the module a hoisted import goes, and the code that it must not pass.

use crate::plan::{Anchor, Code, File, Refusal};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Import, Module, Stmt, StmtKind};

/// The run of imports that takes the import, or why it cannot go before the code that follows it.
pub(super) fn find(file: &File<'_>, is_stdlib: bool) -> Result<Anchor, Refusal> {
    let body = &file.module.body().body;
    let mut anchor = None;
    let mut barrier: Option<&Stmt> = None;
    let mut at = usize::from(file.module.body().docstring().is_some());
    // Only the head of the file: nothing that a definition or a call may need comes before.
    while let Some(stmt) = body.get(at) {
        match &stmt.kind {
            StmtKind::Import(import) if import.is_future() => {}
            StmtKind::Import(_) => {
                if anchor.is_none() {
                    anchor = Some(Anchor::Block(at));
                }
                while body.get(at + 1).is_some_and(|next| next.as_import().is_some()) {
                    at += 1;
                }
            }
            StmtKind::Function(_) | StmtKind::Class(_) => break,
            _ if is_barrier(file.module, stmt, is_stdlib) => {
                barrier = Some(stmt);
                anchor = None;
            }
            _ => {}
        }
        at += 1;
    }
    let rest_has_barrier = body.get(at..).unwrap_or_default().iter().find(|stmt| is_patching(file.module, stmt));
    match (anchor, barrier.or(rest_has_barrier)) {
        (Some(anchor), None) => Ok(anchor),
        (Some(anchor), Some(found))
            if barrier.is_some()
                && rest_has_barrier.is_none()
                && found.span.start() < body[anchor.statement()].span.start() =>
        {
            Ok(anchor)
        }
        (_, Some(found)) => {
            let what = "this runs before the functions, and must run before the import";
            Err(Refusal::here(Code::OrderBarrier, found.span, what))
        }
        (None, None) => Ok(Anchor::Before(first_statement(file.module))),
    }
}

impl Anchor {
    /// The statement of the module's body that it names.
    pub fn statement(self) -> usize {
        match self {
            Anchor::Block(at) | Anchor::Before(at) => at,
        }
    }
}

/// After the docstring and the `__future__` imports.
fn first_statement(module: &Module) -> usize {
    let body = &module.body().body;
    let start = usize::from(module.body().docstring().is_some());
    let futures = body[start..].iter().take_while(|stmt| stmt.as_import().is_some_and(Import::is_future)).count();
    start + futures
}

/// A statement of the module's body that may change what a later import does or sees.
fn is_barrier(module: &Module, stmt: &Stmt, is_stdlib: bool) -> bool {
    if is_patching(module, stmt) {
        return true;
    }
    if is_stdlib {
        return false;
    }
    match &stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Call { .. } | ExprKind::Await(_), .. }) => true,
        StmtKind::Assign { targets, .. } => {
            targets.iter().any(|target| matches!(target.kind, ExprKind::Attribute { .. } | ExprKind::Subscript { .. }))
        }
        StmtKind::AugAssign { target, .. } => {
            matches!(target.kind, ExprKind::Attribute { .. } | ExprKind::Subscript { .. })
        }
        StmtKind::Delete(_) => false,
        StmtKind::If { .. } | StmtKind::For(_) | StmtKind::While { .. } | StmtKind::With { .. } | StmtKind::Try(_) => {
            contains_call_statement(stmt)
        }
        _ => false,
    }
}

fn contains_call_statement(stmt: &Stmt) -> bool {
    stmt.blocks().iter().flat_map(|block| &block.body).any(|inner| {
        matches!(&inner.kind, StmtKind::Expr(Expr { kind: ExprKind::Call { .. }, .. }))
            || contains_call_statement(inner)
    })
}

/// Monkey patching and the like, which must precede every import.
fn is_patching(module: &Module, stmt: &Stmt) -> bool {
    struct Finder {
        found: bool,
    }
    impl<'m> Visitor<'m> for Finder {
        fn visit_stmt(&mut self, stmt: &'m Stmt) {
            if !matches!(stmt.kind, StmtKind::Function(_) | StmtKind::Class(_)) {
                walk_stmt(self, stmt);
            }
        }
        fn visit_expr(&mut self, expr: &'m Expr) {
            if let ExprKind::Call { func, .. } = &expr.kind
                && func.as_dotted().is_some_and(|parts| {
                    matches!(
                        parts.last(),
                        Some(&("patch_all" | "monkey_patch" | "patch_socket" | "install_import_hook" | "importorskip"))
                    )
                })
            {
                self.found = true;
            }
            walk_expr(self, expr);
        }
    }
    // Cheap: only statements whose text mentions it are walked.
    let text = &module.text()[stmt.span];
    if !text.contains("patch") && !text.contains("import") {
        return false;
    }
    let mut finder = Finder { found: false };
    finder.visit_stmt(stmt);
    finder.found
}
