//! Strings that become others: each must be the first argument of a patching call, written plainly, and lead to the same
//! object as before. What is compared with the new text is the old one with exactly these strings replaced.

use super::Violation;
use crate::plan::Companion;
use crate::project::{Project, patches_by_string};
use crate::python::visit::{Visitor, walk_expr};
use crate::python::{self, Expr, ExprKind, Module};
use crate::semantic::Model;
use crate::text::{Edit, EditSet, Span};

/// The strings of one file that change, and the project that tells what they lead to.
#[derive(Clone, Copy)]
pub struct Literals<'l> {
    pub companions: &'l [Companion],
    pub project: &'l Project,
}

impl Literals<'_> {
    /// The text with the strings replaced and nothing else.
    pub(super) fn replaced(&self, model: &Model<'_>) -> Result<Module, Violation> {
        let before = model.module();
        let mut targets = Targets { model, contents: Vec::new() };
        before.body().body.iter().for_each(|stmt| targets.visit_stmt(stmt));
        for companion in self.companions {
            let Companion { content, old, new, .. } = companion;
            let is_whole = targets.contents.contains(content);
            let is_old = before.text().get(usize::from(content.start())..usize::from(content.end())) == Some(old);
            if !is_whole || !is_old || !is_dotted(new) || !self.project.are_same(old, new) {
                return Err(Violation::Literal(before.line_column(content.start())));
            }
        }
        let edits = self.companions.iter().map(|companion| Edit::replace(companion.content, companion.new.as_str()));
        let edits = EditSet::new(edits.collect()).map_err(|conflict| Violation::Fault(conflict.to_string()))?;
        python::reparse(edits.apply(before.text()), before).map_err(|faults| {
            let fault = faults.first().map(ToString::to_string);
            Violation::Fault(fault.unwrap_or_default())
        })
    }
}

fn is_dotted(target: &str) -> bool {
    target.split('.').all(|part| {
        let is_word = part.chars().all(|c| c.is_alphanumeric() || c == '_');
        is_word && !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// The plain strings by which calls of the file patch.
struct Targets<'t, 'm> {
    model: &'t Model<'m>,
    contents: Vec<Span>,
}

impl<'m> Visitor<'m> for Targets<'_, 'm> {
    fn visit_expr(&mut self, expr: &'m Expr) {
        if let ExprKind::Call { func, args, .. } = &expr.kind
            && let Some(ExprKind::Str(string)) = args.first().map(|first| &first.kind)
            && let [part] = string.parts.as_slice()
            && part.span.start() + crate::text::size(1) == part.content.start()
            && patches_by_string(self.model, func, args)
        {
            self.contents.push(part.content);
        }
        walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashSet;

    use smol_str::SmolStr;

    use super::*;
    use crate::project::{FileIndex, Surroundings};
    use crate::text::LineColumn;

    const TEST: &str =
        "from unittest.mock import patch\nimport app\npatch('app.json.dumps')\nprint('app.json.loads')\n";

    fn index(path: &str, text: &str) -> FileIndex {
        let modules: FxHashSet<SmolStr> = ["app", "test_app"].map(SmolStr::new).into_iter().collect();
        let around = Surroundings { modules: &modules, is_writable: true, line_length: 88, is_cold: &|_| false };
        FileIndex::new(path, &python::parse(text.to_owned()).expect("it is Python"), &around).expect("it has a name")
    }

    fn replace(old: &str, new: &str) -> Result<String, String> {
        let project = Project::new(vec![index("app.py", "import json\n"), index("test_app.py", TEST)]);
        let start = TEST.find(old).expect("it stands there");
        let companion = Companion {
            path: "test_app.py".to_owned(),
            content: crate::text::span(start, start + old.len()),
            place: LineColumn { line: 3, column: 7 },
            old: old.into(),
            new: new.into(),
        };
        let before = python::parse(TEST.to_owned()).expect("it is Python");
        let replaced = Literals { companions: &[companion], project: &project }.replaced(&Model::new(&before));
        replaced.map(Module::into_text).map_err(|violation| violation.to_string())
    }

    #[test]
    fn a_patch_target_may_become_another_path_to_the_same_object() {
        assert_eq!(replace("app.json.dumps", "json.dumps"), Ok(TEST.replace("app.json.dumps", "json.dumps")));
    }

    #[test]
    fn nothing_else_may_change() {
        assert!(replace("app.json.dumps", "json.loads").is_err(), "another object");
        assert!(replace("app.json.dumps", "json.dumps'").is_err(), "more than a path");
        assert!(replace("app.json.loads", "json.loads").is_err(), "no patch");
        assert!(replace("app.json", "json").is_err(), "a part of a string");
    }
}
