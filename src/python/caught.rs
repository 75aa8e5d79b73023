//! What the handlers of a `try` may catch. Judges by the names that are written, and takes anything unknown for caught.

use super::ast::{Expr, ExprKind, Handler, Try};

impl Try {
    /// Whether the failure of an import in the body may end in one of the handlers.
    pub fn may_catch_import_error(&self) -> bool {
        self.handlers.iter().any(|handler| handler.may_catch(may_be_import_error))
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
