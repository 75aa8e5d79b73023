//! What a file imports and when, told from its logical lines: for files of which nothing else matters. It says the same as
//! [`edges`](super::edges) does of the tree, or nothing.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::edges::{By, CONSTRUCTORS, Edge, When};
use super::{FileIndex, ImportTarget, module_of_path};
use crate::name::{ModuleName, resolve_relative};
use crate::python::lines::{Imported, Line, Lines, Unclear, is_word};
use crate::text::LineColumn;

impl FileIndex {
    /// The imports of the file and those that run when it is imported, and nothing else; `None` if that takes its tree.
    pub fn outline(path: &str, text: &str, is_cold: &dyn Fn(&ModuleName) -> bool) -> Option<FileIndex> {
        let (name, is_package) = module_of_path(path)?;
        let mut index = FileIndex::bare(path, name, is_package);
        let mut reader = Reader { index: &mut index, is_cold, open: Vec::new(), in_functions: BTreeSet::new() };
        reader.read(text).ok()?;
        let in_functions = reader.in_functions;
        // Of functions that the file may call while it is imported only the tree can tell.
        (!in_functions.into_iter().any(|name| may_be_called(name, text))).then_some(index)
    }
}

/// A block that is open: the clause of a compound statement.
struct Open<'t> {
    indent: usize,
    kind: Clause<'t>,
    /// When its statements run.
    when: When,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause<'t> {
    Function(&'t str),
    Class(&'t str),
    /// For type checkers, or for the file as a program.
    Never,
    /// The handlers follow; edges from this position on are those of its body.
    Try {
        first: usize,
    },
    /// A handler of such a statement.
    Handler {
        fallback: When,
    },
    Other,
}

struct Reader<'i, 't> {
    index: &'i mut FileIndex,
    is_cold: &'i dyn Fn(&ModuleName) -> bool,
    open: Vec<Open<'t>>,
    /// Names by which functions are called that import something.
    in_functions: BTreeSet<&'t str>,
}

impl<'t> Reader<'_, 't> {
    fn read(&mut self, text: &'t str) -> Result<(), Unclear> {
        for line in Lines::new(text)? {
            let line = line?;
            let mut closed = None;
            while self.open.last().is_some_and(|open| open.indent >= line.indent) {
                closed = self.open.pop().filter(|open| open.indent == line.indent);
            }
            match line.word {
                "import" | "from" => self.import(&line)?,
                _ => self.statement(&line, closed)?,
            }
        }
        Ok(())
    }

    /// Opens the block of a clause. A simple statement imports nothing.
    fn statement(&mut self, line: &Line<'t>, before: Option<Open<'t>>) -> Result<(), Unclear> {
        let outer = self.open.last().map_or(When::Always, |open| open.when);
        let before = before.map(|open| open.kind);
        let (kind, when) = match line.word {
            "def" => (Clause::Function(name_of(line.text)), outer),
            "async" if line.text["async".len()..].trim_start_matches(' ').starts_with("def ") => {
                (Clause::Function(name_of(line.text["async".len()..].trim_start_matches(' '))), outer)
            }
            "class" => (Clause::Class(name_of(line.text)), outer),
            "if" | "elif" => (condition(line)?, outer),
            "try" => (Clause::Try { first: self.index.edges.len() }, outer),
            "except" => {
                let fallback = match before {
                    Some(Clause::Try { first }) if self.index.edges.len() > first => When::IfFails(first as u32),
                    Some(Clause::Try { .. }) => outer,
                    Some(Clause::Handler { fallback }) => fallback,
                    _ => return Err(Unclear),
                };
                (Clause::Handler { fallback }, fallback)
            }
            "lazy" => return Err(Unclear),
            _ => (Clause::Other, outer),
        };
        self.open.push(Open { indent: line.indent, kind, when });
        Ok(())
    }

    fn import(&mut self, line: &Line<'t>) -> Result<(), Unclear> {
        let Imported { from, names } = Imported::of(line)?;
        let index = &mut *self.index;
        let from = match from {
            None => None,
            Some((0, module)) => Some(module.and_then(ModuleName::new).ok_or(Unclear)?),
            Some((level, module)) => match resolve_relative(&index.name, index.is_package, level, module) {
                Some(from) => Some(from),
                // It leads out of the project.
                None => return Ok(()),
            },
        };
        let mut targets: Vec<ImportTarget> = Vec::new();
        for name in &names {
            targets.push(match &from {
                Some(module) => ImportTarget { module: module.clone(), member: Some(SmolStr::new(name)) },
                None => ImportTarget { module: ModuleName::new(name).ok_or(Unclear)?, member: None },
            });
        }
        index.roots.extend(from.iter().map(|from| SmolStr::new(from.root())));
        index.imports.extend(from.iter().cloned());
        for target in &targets {
            let dotted = target.dotted();
            index.roots.insert(SmolStr::new(dotted.root()));
            index.imports.insert(dotted);
        }
        if names.is_empty() {
            targets.extend(from.map(|module| ImportTarget { module, member: None }));
        }
        if self.open.iter().any(|open| open.kind == Clause::Never) {
            return Ok(());
        }
        if let Some(name) = self.function() {
            self.in_functions.extend(name);
            return Ok(());
        }
        let when = self.open.last().map_or(When::Always, |open| open.when);
        let is_certain = self.open.is_empty() && when == When::Always;
        let place = LineColumn { line: line.number, column: line.indent as u32 + 1 };
        for target in targets {
            let is_cold = (self.is_cold)(&target.dotted());
            self.index.edges.push(Edge { target, place, when, by: By::Body, is_certain, is_cold });
        }
        Ok(())
    }

    /// Whether a function is around; with the name whose call runs it, if it is one that the file may call as it is
    /// imported.
    fn function(&self) -> Option<Option<&'t str>> {
        let mut class = None;
        for open in &self.open {
            match open.kind {
                Clause::Class(name) => class = Some(name),
                Clause::Function(name) => {
                    let called = match class {
                        Some(class) => CONSTRUCTORS.contains(&name).then_some(class),
                        None => Some(name),
                    };
                    return Some(called);
                }
                _ => {}
            }
        }
        None
    }
}

/// The clause of an `if` or `elif`.
fn condition<'t>(line: &Line<'t>) -> Result<Clause<'t>, Unclear> {
    let test = line.text[line.word.len()..].trim_matches(' ');
    if !test.contains("TYPE_CHECKING") && !test.contains("__name__") {
        return Ok(Clause::Other);
    }
    let test = test.trim_end_matches([' ', '\n']).strip_suffix(':').ok_or(Unclear)?.trim_end_matches(' ');
    let is_dotted = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let is_type_checking = is_dotted(test) && test.rsplit('.').next() == Some("TYPE_CHECKING");
    let is_main = matches!(test, "__name__ == \"__main__\"" | "__name__ == '__main__'");
    if is_type_checking || is_main { Ok(Clause::Never) } else { Err(Unclear) }
}

/// The name behind the first word.
fn name_of(text: &str) -> &str {
    let rest = text.split_once(' ').map_or("", |(_, rest)| rest).trim_start_matches(' ');
    // Only ASCII ends a word, so this is between characters.
    &rest[..rest.bytes().take_while(|byte| is_word(*byte)).count()]
}

/// Whether the text may call the function or class `name`, or decorate something with it.
fn may_be_called(name: &str, text: &str) -> bool {
    let bytes = text.as_bytes();
    !name.is_ascii()
        || memchr::memmem::find_iter(bytes, name).any(|at| {
            let before = text[..at].trim_end_matches(' ');
            let after = text[at + name.len()..].trim_start_matches([' ', '\\', '\n']);
            let is_part = at.checked_sub(1).is_some_and(|before| is_word(bytes[before]) || bytes[before] == b'.')
                || bytes.get(at + name.len()).is_some_and(|byte| is_word(*byte));
            let is_defined = ["def", "class"].iter().any(|word| before.ends_with(word));
            !is_part && !is_defined && (after.starts_with('(') || before.ends_with('@'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(text: &str) -> Option<Vec<String>> {
        let index = FileIndex::outline("app/part.py", text, &|_| false)?;
        let told = |edge: &Edge| format!("{} {} {:?} {}", edge.place, edge.target.dotted(), edge.when, edge.is_certain);
        Some(index.edges.iter().map(told).collect())
    }

    #[test]
    fn imports_that_run_are_told_with_their_place() {
        let text = "'''import no'''\nimport a.b as c, d\nfrom . import (\n    e,  # import f\n    g as h,\n)\n";
        let told = ["2:1 a.b Always true", "2:1 d Always true", "3:1 app.e Always true", "3:1 app.g Always true"];
        assert_eq!(edges(text).expect("it is clear"), told);
    }

    #[test]
    fn a_handler_runs_if_the_first_import_fails() {
        let text = "try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\n";
        let told = ["2:5 a Always false", "4:5 b IfFails(0) false", "6:5 c Always false"];
        assert_eq!(edges(text).expect("it is clear"), told);
    }

    #[test]
    fn what_never_runs_is_no_edge() {
        let text = "if TYPE_CHECKING:\n    import a\nelse:\n    import b\ndef f():\n    import c\n";
        assert_eq!(edges(text).expect("it is clear"), ["4:5 b Always false"]);
    }

    #[test]
    fn what_takes_a_tree_is_given_up() {
        for text in [
            "def f():\n    import a\nf()\n",
            "x = 1; import a\n",
            "if not TYPE_CHECKING:\n    import a\n",
            "x = f\"{y[\"z\"]}\"\nimport a\n",
            "\timport a\n",
            "\u{feff}import a\n",
            "import_module('a')\n",
            "import a; import b\n",
        ] {
            assert_eq!(edges(text), None, "{text}");
        }
    }
}
