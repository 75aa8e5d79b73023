//! What the handlers of a `try` may catch. Judges by the names that are written, and takes anything unknown for caught.

use super::ast::{Expr, ExprKind, Handler, Try};

impl Try {
    /// Whether the failure of an import in the body may end in one of the handlers.
    pub fn may_catch_import_error(&self) -> bool {
        self.handlers.iter().any(|handler| handler.may_catch(may_be_import_error))
    }
}

impl Handler {
    fn may_catch(&self, may_be: impl Fn(&Expr) -> bool) -> bool {
        match self.exception.as_ref().map(|exception| (&exception.kind, exception)) {
            None => true,
            Some((ExprKind::Tuple(items), _)) => items.iter().any(may_be),
            Some((_, exception)) => may_be(exception),
        }
    }
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
