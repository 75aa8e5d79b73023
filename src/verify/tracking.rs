//! The proof of an edit that adds or takes away usage logging: nothing else has changed, every name means what it meant,
//! each call logs what it must and finds the function that logs, and what is left without them is the same text.

use std::collections::BTreeSet;

use super::{Rewrite, Violation};
use crate::name::ModuleName;
use crate::python::{self, Module, TRACKER, Tracking};
use crate::semantic::{BindingKind, Model, Reference, Resolution};
use crate::text::{LineColumn, Span, TextSize, size, span};

/// Comments that are about the whole file if no statement stands above them.
const FILE_PRAGMAS: &[&str] =
    &["type: ignore", "type:ignore", "mypy:", "pyright:", "ruff: noqa", "flake8: noqa", "pylint: disable"];

/// What the new text must log.
pub struct Wanted<'a> {
    /// By function, in the order of the text and counted from zero, and module.
    pub calls: &'a BTreeSet<(usize, ModuleName)>,
    /// Whether a module of that name holds hotcold's function.
    pub is_home: &'a dyn Fn(&str) -> bool,
}

/// Accepts `after` as the new text of `before`, or says what is wrong with it. `without` gives the text of a module without
/// its usage logging.
pub fn prove_tracking(
    path: &str,
    before: &Module,
    after: String,
    wanted: &Wanted<'_>,
    without: impl Fn(&Module) -> String,
) -> Result<Rewrite, Violation> {
    let new = python::parse(after).map_err(|faults| {
        let fault = faults.first().map(ToString::to_string);
        Violation::Fault(fault.unwrap_or_default())
    })?;
    let (old_model, new_model) = (Model::new(before), Model::new(&new));
    let old = Side::new(&old_model, wanted);
    let now = Side::new(&new_model, wanted);
    same_code(&old, &now)?;
    same_comments(&old, &now)?;
    same_head(&old, &now)?;
    same_imports(&old, &now)?;
    same_meaning(&old, &now)?;
    logs_what_it_must(&now, wanted)?;
    finds_the_function(&now)?;
    if without(before) != without(&new) {
        return Err(Violation::Tracking("taking it away again would not give the same text".to_owned()));
    }
    drop(now);
    drop(new_model);
    Ok(Rewrite { path: path.to_owned(), before: before.text().to_owned(), after: new.into_text() })
}

/// One of the two texts.
struct Side<'a, 'm> {
    model: &'a Model<'m>,
    module: &'m Module,
    tracking: Tracking<'m>,
    /// The statements of usage logging, in the order of the text.
    statements: Vec<Span>,
}

impl<'a, 'm> Side<'a, 'm> {
    fn new(model: &'a Model<'m>, wanted: &Wanted<'_>) -> Side<'a, 'm> {
        let tracking = Tracking::of(model.module(), wanted.is_home);
        let mut statements: Vec<Span> = tracking.statements().map(|logging| logging.stmt.span).collect();
        statements.sort_by_key(|span| span.start());
        Side { model, module: model.module(), tracking, statements }
    }

    fn is_logging(&self, place: Span) -> bool {
        let next = self.statements.partition_point(|span| span.start() <= place.start());
        next > 0 && self.statements[next - 1].contains_range(place)
    }

    fn place(&self, offset: TextSize) -> LineColumn {
        self.module.line_column(offset)
    }

    /// Every reference but those of the logging, in the order of the text.
    fn references(&self) -> Vec<&'a Reference> {
        let mut references: Vec<&Reference> =
            self.model.references().iter().filter(|reference| !self.is_logging(reference.span)).collect();
        references.sort_by_key(|reference| (reference.span.start(), reference.span.end()));
        references
    }

    /// Every comment but those on lines that hold nothing but logging.
    fn comments(&self) -> Vec<&'m str> {
        let text = self.module.text();
        let is_logging = |comment: &Span| {
            let line = self.module.line_start(comment.start());
            let code = text[Span::new(line, comment.start())].trim_end();
            let end = line + size(code.len());
            let first = self.statements.iter().find(|span| span.end() > line);
            first.is_some_and(|first| {
                first.end() <= end && text[Span::new(first.end(), end)].trim_matches([' ', '\t', ';']).is_empty()
            })
        };
        let comments = self.module.comments().iter().filter(|comment| !is_logging(comment));
        comments.map(|comment| text[*comment].trim_end()).collect()
    }
}

/// The tree without the logging, imports and `pass` is the same, nesting and docstrings included.
fn same_code(old: &Side<'_, '_>, now: &Side<'_, '_>) -> Result<(), Violation> {
    let (was, is) = (old.module.skeleton_without(&old.statements), now.module.skeleton_without(&now.statements));
    match was.first_difference(&is) {
        None => Ok(()),
        Some((place, _)) => Err(Violation::Code(old.place(place.start()))),
    }
}

fn same_comments(old: &Side<'_, '_>, now: &Side<'_, '_>) -> Result<(), Violation> {
    let (was, is) = (old.comments(), now.comments());
    if was == is {
        return Ok(());
    }
    let at = was.iter().zip(&is).take_while(|(was, is)| was == is).count();
    Err(match (was.get(at), is.get(at)) {
        (Some(lost), _) => Violation::CommentLost((*lost).to_owned()),
        (None, found) => Violation::CommentInvented(found.copied().unwrap_or_default().to_owned()),
    })
}

/// No comment comes to be about the whole file, or ceases to be, by what stands above it.
fn same_head(old: &Side<'_, '_>, now: &Side<'_, '_>) -> Result<(), Violation> {
    let of_file = |side: &Side<'_, '_>| -> Vec<String> {
        let text = side.module.text();
        let code = side.module.body().body.first().map_or(size(text.len()), |stmt| stmt.span.start());
        let is_of_file = |comment: &&Span| {
            let words = text[**comment].trim_start_matches('#').trim();
            let is_cookie = words.contains("coding:") || words.contains("coding=");
            let is_pragma = FILE_PRAGMAS.iter().any(|pragma| words.starts_with(pragma));
            (is_cookie && side.place(comment.start()).line <= 2) || (is_pragma && comment.start() < code)
        };
        side.module.comments().iter().filter(is_of_file).map(|comment| text[*comment].to_owned()).collect()
    };
    let (was, is) = (of_file(old), of_file(now));
    match was.iter().chain(&is).find(|comment| was.contains(comment) != is.contains(comment)) {
        None => Ok(()),
        Some(comment) => Err(Violation::Tracking(format!("`{comment}` would mean something else"))),
    }
}

/// The same import statements, word for word, in the same scopes and in the same order.
fn same_imports(old: &Side<'_, '_>, now: &Side<'_, '_>) -> Result<(), Violation> {
    let all = |side: &Side<'_, '_>| -> Vec<_> {
        let sites = side.model.imports().iter().filter(|site| !side.is_logging(site.stmt.span));
        sites.map(|site| (side.module.text()[site.stmt.span].to_owned(), site.scope, site.guards.len())).collect()
    };
    let (was, is) = (all(old), all(now));
    if was == is {
        return Ok(());
    }
    let at = was.iter().zip(&is).take_while(|(was, is)| was == is).count();
    Err(match (was.get(at), is.get(at)) {
        (Some((lost, ..)), _) => Violation::ImportLost(lost.clone()),
        (None, found) => Violation::ImportInvented(found.map_or(String::new(), |(text, ..)| text.clone())),
    })
}

/// Logging opens no scope and binds one name that nothing else reads, so scopes are numbered as before and every
/// reference resolves to the very same.
fn same_meaning(old: &Side<'_, '_>, now: &Side<'_, '_>) -> Result<(), Violation> {
    let (was, is) = (old.references(), now.references());
    for (reference, twin) in was.iter().zip(&is) {
        let same = reference.name == twin.name
            && reference.scope == twin.scope
            && reference.context == twin.context
            && reference.resolution == twin.resolution;
        if !same || reference.name == TRACKER {
            let place = old.place(reference.span.start());
            return Err(Violation::Meaning { name: reference.name.clone(), place });
        }
    }
    if was.len() == is.len() { Ok(()) } else { Err(Violation::Code(LineColumn { line: 1, column: 1 })) }
}

/// Exactly the calls that are wanted, each once and as the function's own statement.
fn logs_what_it_must(now: &Side<'_, '_>, wanted: &Wanted<'_>) -> Result<(), Violation> {
    let mut functions: Vec<TextSize> = now
        .model
        .scopes()
        .filter_map(|(_, scope)| match scope.node {
            crate::semantic::ScopeNode::Function(function) => Some(function.name.span.start()),
            _ => None,
        })
        .collect();
    functions.sort();
    let mut found = BTreeSet::new();
    for call in &now.tracking.calls {
        let place = now.place(call.at.stmt.span.start());
        let wrong = |what: &str| Violation::Tracking(format!("the call at line {place} {what}"));
        let function = call.function.ok_or_else(|| wrong("stands in no function"))?;
        let number = functions.binary_search(&function.name.span.start()).ok();
        let claim = number.zip(ModuleName::new(call.module)).ok_or_else(|| wrong("names no module"))?;
        if !wanted.calls.contains(&claim) || !std::ptr::eq(call.at.block, &function.body) {
            return Err(wrong("is not wanted there"));
        }
        if !found.insert(claim) {
            return Err(wrong("stands there twice"));
        }
    }
    match wanted.calls.difference(&found).next() {
        None => Ok(()),
        Some((_, module)) => Err(Violation::Tracking(format!("a call that logs `{module}` would be missing"))),
    }
}

/// The name is bound by one import of the module's body, above all calls, and read by the calls alone.
fn finds_the_function(now: &Side<'_, '_>) -> Result<(), Violation> {
    let wrong = |what: &str| Violation::Tracking(what.to_owned());
    let imports = now.tracking.imports.as_slice();
    if imports.len() > 1 || imports.is_empty() != now.tracking.calls.is_empty() {
        return Err(wrong("there would not be one import of the function that logs"));
    }
    let home = now.model.module_scope();
    for binding in now.model.bindings().iter().filter(|binding| binding.name == TRACKER) {
        let is_import = matches!(binding.kind, BindingKind::Import { .. })
            && binding.scope == home
            && imports.iter().any(|import| import.stmt.span.contains_range(binding.span));
        if !is_import {
            return Err(wrong("its name would be bound twice"));
        }
    }
    for reference in now.model.references_named(TRACKER) {
        let is_below = imports.first().is_some_and(|import| import.stmt.span.end() <= reference.span.start());
        if reference.resolution != Resolution::Scope(home) || !now.is_logging(reference.span) || !is_below {
            return Err(wrong("a call would not find the function that logs"));
        }
    }
    let text = now.module.text();
    let calls = now.tracking.calls.iter();
    let resolved = calls.filter(|call| {
        let start = usize::from(call.at.stmt.span.start());
        let name = span(start, start + TRACKER.len());
        text[name] == *TRACKER && now.model.references_named(TRACKER).any(|reference| reference.span == name)
    });
    if resolved.count() == now.tracking.calls.len() {
        Ok(())
    } else {
        Err(wrong("a call would not find the function that logs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str =
        "\"\"\"Doc.\"\"\"\n\nimport json\n\n\n# f\ndef f():\n    return json\n\n\ndef g():\n    pass\n";
    const IMPORT: &str = "from hotcold_usage import track_module_usage\n";
    const CALL: &str = "    track_module_usage(\"json\")\n";

    fn good() -> String {
        BEFORE
            .replace("import json\n", &format!("import json\n{IMPORT}"))
            .replace("    return", &format!("{CALL}    return"))
    }

    /// The lines that hold no logging: enough for texts whose logging stands on lines of its own.
    fn without(module: &Module) -> String {
        module.text().split_inclusive('\n').filter(|line| !line.contains(TRACKER)).collect()
    }

    fn prove(before: &str, after: &str, calls: &[(usize, &str)]) -> Result<Rewrite, Violation> {
        let before = python::parse(before.to_owned()).unwrap();
        let calls = calls.iter().map(|(number, module)| (*number, ModuleName::new(module).unwrap())).collect();
        let wanted = Wanted { calls: &calls, is_home: &|name| name == "hotcold_usage" };
        prove_tracking("a.py", &before, after.to_owned(), &wanted, without)
    }

    #[track_caller]
    fn refused(after: &str, calls: &[(usize, &str)]) {
        assert!(prove(BEFORE, after, calls).is_err(), "{after}");
    }

    #[test]
    fn logging_comes_and_goes() {
        assert_eq!(prove(BEFORE, &good(), &[(0, "json")]).unwrap().after(), good());
        assert_eq!(prove(&good(), BEFORE, &[]).unwrap().after(), BEFORE);
    }

    #[test]
    fn exactly_the_wanted_calls_stand_in_exactly_their_functions() {
        refused(&good(), &[]);
        refused(&good(), &[(1, "json")]);
        refused(&good(), &[(0, "csv")]);
        refused(&good(), &[(0, "json"), (1, "json")]);
        refused(&good().replace(CALL, &CALL.repeat(2)), &[(0, "json")]);
        refused(&good().replace(CALL, &format!("    if json:\n    {CALL}")), &[(0, "json")]);
        refused(&format!("{}{}", good(), CALL.trim_start()), &[(0, "json")]);
    }

    #[test]
    fn every_call_finds_the_one_import_above_it() {
        refused(&good().replace(IMPORT, ""), &[(0, "json")]);
        refused(&good().replace(IMPORT, &IMPORT.repeat(2)), &[(0, "json")]);
        refused(&format!("{}{IMPORT}", good().replace(IMPORT, "")), &[(0, "json")]);
        refused(&format!("{IMPORT}{}", good().replace(IMPORT, "")), &[(0, "json")]);
        refused(&good().replace("pass", "track_module_usage = 1"), &[(0, "json")]);
        let shadowed = BEFORE.replace("def f():", "def f(track_module_usage):");
        let after = good().replace("def f():", "def f(track_module_usage):");
        assert!(prove(&shadowed, &after, &[(0, "json")]).is_err());
    }

    #[test]
    fn nothing_else_changes() {
        refused(&good().replace("return json", "return 1"), &[(0, "json")]);
        refused(&good().replace("# f\n", ""), &[(0, "json")]);
        refused(&good().replace("import json\n", "import json\nimport csv\n"), &[(0, "json")]);
        refused(&good().replace("import json\n", ""), &[(0, "json")]);
        refused(&good().replace("\n\ndef g", "\ndef g"), &[(0, "json")]);
        refused(&good().replace("\"\"\"Doc.\"\"\"\n\n", ""), &[(0, "json")]);
        refused("def f(:\n", &[(0, "json")]);
    }

    #[test]
    fn a_comment_about_the_whole_file_stays_that() {
        let tracked = format!("{IMPORT}# mypy: ignore-errors\nimport json\n\n\ndef f():\n{CALL}    return json\n");
        let bare = tracked.replace(IMPORT, "").replace(CALL, "");
        assert!(prove(&tracked, &bare, &[]).is_err());
    }
}
