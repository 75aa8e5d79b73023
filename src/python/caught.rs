//! What a `try` may catch. Judges by the names that are written, and takes anything unknown for caught.

use super::ast::{Block, Expr, ExprKind, Handler, StmtKind, Try};

impl Try {
    /// Whether the failure of an import in the body may end in this statement.
    pub fn may_catch_import_error(&self) -> bool {
        self.drops_exceptions() || self.handlers.iter().any(|handler| handler.may_catch(may_be_import_error))
    }

    /// Whether the `finally` may end an exception of the body, a handler or the `else` by leaving, as with `return`.
    pub fn drops_exceptions(&self) -> bool {
        self.finally.as_ref().is_some_and(may_leave)
    }
}

impl Handler {
    /// Whether it may catch what Python raises in a generator or coroutine that is thrown away half-way.
    pub fn may_catch_generator_exit(&self) -> bool {
        self.may_catch(may_be_generator_exit)
    }

    fn may_catch(&self, may_be: impl Fn(&Expr) -> bool) -> bool {
        match &self.exception {
            None => true,
            Some(Expr { kind: ExprKind::Tuple(items), .. }) => items.iter().any(may_be),
            Some(exception) => may_be(exception),
        }
    }
}

fn may_leave(block: &Block) -> bool {
    block.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::Function(_) | StmtKind::Class(_) => false,
        _ => stmt.blocks().into_iter().any(may_leave),
    })
}

/// Anything but the well-known exceptions that have nothing to do with importing.
fn may_be_import_error(exception: &Expr) -> bool {
    const UNRELATED: &[&str] = &[
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "EOFError",
        "FileExistsError",
        "FileNotFoundError",
        "IndexError",
        "KeyError",
        "KeyboardInterrupt",
        "LookupError",
        "NameError",
        "OverflowError",
        "PermissionError",
        "RecursionError",
        "StopIteration",
        "TimeoutError",
        "TypeError",
        "UnicodeDecodeError",
        "UnicodeError",
        "ValueError",
        "ZeroDivisionError",
    ];
    !exception.as_name().is_some_and(|name| UNRELATED.contains(&name))
}

/// Classes that people name in handlers are subclasses of `Exception`, which `GeneratorExit` is not.
fn may_be_generator_exit(exception: &Expr) -> bool {
    let Some(parts) = exception.as_dotted() else { return true };
    matches!(parts.last(), Some(&("BaseException" | "GeneratorExit")))
}
