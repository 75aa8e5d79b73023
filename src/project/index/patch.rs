//! Strings that tests patch by: `patch("app.handler.boto3.client")`. Which calls find their target by such a string, told
//! by the meaning of the function's name and not by its spelling, and whether the string could be another.

use std::cell::OnceCell;

use smol_str::SmolStr;

use super::Surroundings;
use crate::project::{Layout, Patch};
use crate::python::{Expr, ExprKind, ImportForm, Module};
use crate::semantic::{BindingKind, Model, Resolution, ScopeNode};
use crate::text::Span;

/// What a patching call does with its string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `patch("a.b")` replaces `b` of `a`.
    Attribute,
    /// `patch.dict("a.b")`, `patch.multiple("a.b", c=...)` change what `a.b` names.
    Object,
}

/// The patching functions by their full names.
const FUNCTIONS: &[(&str, Form)] = &[
    ("mock.patch", Form::Attribute),
    ("mock.patch.dict", Form::Object),
    ("mock.patch.multiple", Form::Object),
    ("unittest.mock.patch", Form::Attribute),
    ("unittest.mock.patch.dict", Form::Object),
    ("unittest.mock.patch.multiple", Form::Object),
];

/// The fixtures of pytest and pytest-mock, which come as parameters, and their patching methods.
const FIXTURES: &[&str] =
    &["class_mocker", "mocker", "module_mocker", "monkeypatch", "package_mocker", "session_mocker"];
const METHODS: &[(&str, Form)] =
    &[("patch", Form::Attribute), ("patch.dict", Form::Object), ("patch.multiple", Form::Object)];

/// Tells patching calls of one file; the file's model is made only if a call looks like one.
pub(super) struct Patches<'m> {
    module: &'m Module,
    model: OnceCell<Model<'m>>,
}

impl<'m> Patches<'m> {
    pub(super) fn new(module: &'m Module) -> Patches<'m> {
        Patches { module, model: OnceCell::new() }
    }

    /// What the function does with a string as its first argument, if it patches by it.
    pub(super) fn form(&self, func: &Expr, args: &[Expr]) -> Option<Form> {
        let parts = func.as_dotted()?;
        form(self.model.get_or_init(|| Model::new(self.module)), func, &parts, args)
    }

    /// The string as what a move may have to rewrite; `header` is the logical line that holds the call.
    pub(super) fn patch(
        &self,
        call: &Expr,
        first: &Expr,
        form: Form,
        header: Span,
        around: &Surroundings<'_>,
    ) -> Option<Patch> {
        let text = self.module.text();
        let [part] = first.as_str()?.parts.as_slice() else { return None };
        let lines = self.lines(header.cover(call.span));
        let kept = |comment: &Span| lines.contains_range(*comment) && text[*comment].contains("hotcold:");
        Some(Patch {
            content: part.content,
            target: text[part.content].into(),
            names_object: form == Form::Object,
            place: self.module.line_column(first.span.start()),
            fixture: fixture(call),
            is_plain: text[Span::new(part.span.start(), part.content.start())].len() == 1,
            is_kept: self.module.comments().iter().any(kept),
            layout: self.layout(call, header, part.content, around.line_length),
        })
    }

    /// What a formatter would think of another length of the string.
    fn layout(&self, call: &Expr, header: Span, content: Span, limit: usize) -> Layout {
        let width = |lines: Span| self.module.text()[lines].chars().count();
        let room = limit.saturating_sub(width(self.lines(Span::empty(content.start()))));
        let joined = [call.span, header].into_iter().filter_map(|split| self.joined(split, limit)).min();
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        Layout { room: short(room), joins_below: joined.map(short) }
    }

    /// By how much the lines of `split`, written as one, exceed the limit; `None` if they stay apart or are one line.
    fn joined(&self, split: Span, limit: usize) -> Option<usize> {
        let lines: Vec<&str> = self.module.text()[self.lines(split)].lines().collect();
        let mut pairs = lines.windows(2);
        // A comma before a closing bracket keeps them apart, whatever their length.
        let stays =
            pairs.any(|pair| pair[0].trim_end().ends_with(',') && pair[1].trim_start().starts_with([')', ']', '}']));
        let width = |line: &&str| line.trim().chars().count() + usize::from(line.trim_end().ends_with(','));
        let joined = lines.iter().map(width).sum::<usize>();
        let indent = lines.first().map_or(0, |line| line.chars().count() - line.trim_start().chars().count());
        (lines.len() > 1 && !stays && indent + joined > limit).then(|| indent + joined - limit)
    }

    fn lines(&self, span: Span) -> Span {
        Span::new(self.module.line_start(span.start()), self.module.line_end(span.end()))
    }
}

/// Whether the call patches what its first argument, a string, names.
pub fn patches_by_string(model: &Model<'_>, func: &Expr, args: &[Expr]) -> bool {
    func.as_dotted().is_some_and(|parts| form(model, func, &parts, args).is_some())
}

/// See [`Patches::form`].
fn form(model: &Model<'_>, func: &Expr, parts: &[&str], args: &[Expr]) -> Option<Form> {
    let root = root(func)?;
    let reference = model.references_named(parts.first()?).find(|reference| reference.span == root.span)?;
    let Resolution::Scope(scope) = reference.resolution else { return None };
    let bindings = &model.symbol(scope, parts[0])?.bindings;
    let mut forms = bindings.iter().map(|id| match model.binding(*id).kind {
        BindingKind::Import { import, alias } => {
            let alias = import.aliases.get(alias)?;
            let from = match &import.form {
                ImportForm::Import => None,
                ImportForm::From { level: 0, module, .. } => module.as_deref(),
                ImportForm::From { .. } => return None,
            };
            let bound = match (from, &alias.asname) {
                (Some(from), _) => format!("{from}.{}", alias.name),
                (None, Some(_)) => alias.name.to_string(),
                (None, None) => alias.bound().to_owned(),
            };
            let full = std::iter::once(bound.as_str()).chain(parts[1..].iter().copied()).collect::<Vec<_>>().join(".");
            lookup(FUNCTIONS, &full)
        }
        BindingKind::Parameter if matches!(model.scope(scope).node, ScopeNode::Function(_)) => {
            fixture_form(parts, args)
        }
        _ => None,
    });
    let first = forms.next()??;
    forms.all(|form| form == Some(first)).then_some(first)
}

fn fixture_form(parts: &[&str], args: &[Expr]) -> Option<Form> {
    if !FIXTURES.contains(&parts[0]) {
        return None;
    }
    match (parts, args.len()) {
        // With three arguments the first is an object.
        (["monkeypatch", "setattr"], 2) | (["monkeypatch", "delattr"], 1) => Some(Form::Attribute),
        (["monkeypatch", ..], _) => None,
        _ => lookup(METHODS, &parts[1..].join(".")),
    }
}

/// The fixture whose method is called.
fn fixture(call: &Expr) -> Option<SmolStr> {
    let ExprKind::Call { func, .. } = &call.kind else { return None };
    let name = root(func)?.as_name()?;
    FIXTURES.contains(&name).then(|| SmolStr::new(name))
}

fn lookup(list: &[(&str, Form)], name: &str) -> Option<Form> {
    list.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
}

fn root(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Name(_) => Some(expr),
        ExprKind::Attribute { value, .. } => root(value),
        _ => None,
    }
}
