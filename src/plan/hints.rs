//! Imports that annotations name: whether anything may evaluate the annotation at run time. If nothing does, the import
//! need not be there when the module runs, and an `if TYPE_CHECKING:` block keeps the name for type checkers.

mod guard;
mod owner;

pub(super) use guard::find as find_guard;
pub use guard::{NewGuard, TypingGuard};
pub use owner::Owners;
use owner::{Owner, Role};

use super::{At, Code, File, Place, Refusal, Subject};
use crate::name::ModuleName;
use crate::project::{Evaluated, bare};
use crate::python::{Class, Expr, ExprKind};
use crate::semantic::{Annotation, Context, Reference, Resolution};
use crate::text::Span;

/// How the annotation of a reference is kept from being evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deferral {
    /// It is text: a string, or `from __future__ import annotations` makes it one.
    Text,
    /// By Python itself, from 3.14 on.
    Python,
    /// Not at all, unless `from __future__ import annotations` is added.
    ByFutureImport,
}

/// How Python treats an annotation of this kind at module level.
pub fn deferral(file: &File<'_>, annotation: Annotation) -> Deferral {
    match annotation {
        Annotation::Deferred | Annotation::Quoted | Annotation::Never => Deferral::Text,
        Annotation::Eager if file.config.target_minor() >= 14 => Deferral::Python,
        Annotation::Eager => Deferral::ByFutureImport,
    }
}

type Check = fn(&Hint<'_, '_>) -> Option<Refusal>;

/// Who may evaluate an annotation, cheap and decisive first.
const CHECKS: &[Check] = &[class_header, special_form, decorators, class, test_runner, evaluation, library];

/// One annotation that names the import.
struct Hint<'h, 'a> {
    file: &'h File<'a>,
    owner: Owner<'a>,
    /// Where it stands.
    span: Span,
    deferral: Deferral,
    /// What the annotation names there: the name, and the attributes behind it.
    named: Vec<String>,
}

/// Why the annotation at `reference` may be evaluated, if it may.
pub(super) fn refusal(file: &File<'_>, subject: &Subject, reference: &Reference) -> Option<Refusal> {
    let Context::Annotation(annotation) = reference.context else { return None };
    let member = subject.target.member.iter().map(ToString::to_string);
    let chain = file.facts.chain(reference).iter().map(|part| (*part).to_owned());
    let named = std::iter::once(subject.bound.to_string()).chain(member).chain(chain).collect();
    let owner = file.facts.owners.of(reference.span);
    let hint = Hint { file, owner, span: reference.span, deferral: deferral(file, annotation), named };
    CHECKS.iter().find_map(|check| check(&hint))
}

/// Why some annotation of the file may be evaluated: then not all of them can become text.
pub(super) fn file_refusal(file: &File<'_>) -> Option<Refusal> {
    file.facts.owners.iter().find_map(|(span, owner)| {
        let hint = Hint { file, owner: owner.clone(), span, deferral: Deferral::ByFutureImport, named: Vec::new() };
        CHECKS.iter().find_map(|check| check(&hint))
    })
}

/// Why `from __future__ import annotations` cannot be added beside the imports that get the guard: only a docstring may
/// stand before it.
pub(super) fn no_future_import(file: &File<'_>, guard: &TypingGuard<'_>) -> Option<Refusal> {
    let body = &file.module.body().body;
    let head = usize::from(file.module.body().docstring().is_some());
    let first = body.get(head)?;
    let in_head = first.as_import().is_some()
        && match guard {
            TypingGuard::Found(_) => true,
            TypingGuard::Made(guard) => {
                let runs = crate::sort::blocks(file.module, body);
                runs.first().is_some_and(|run| run.start == head && run.contains(&guard.below))
            }
        };
    if !in_head {
        let what = "only a docstring may stand before `from __future__ import annotations`";
        return Some(Refusal::here(Code::UsedInAnnotation, first.span, what));
    }
    let what = "this annotation does something that no text can";
    file.facts.owners.acting().map(|place| Refusal::here(Code::UsedInAnnotation, place, what))
}

impl<'a> Hint<'_, 'a> {
    fn refuse(&self, place: Span, what: impl Into<String>) -> Refusal {
        let mut refusal = Refusal::here(Code::AnnotationReader, place, what);
        if place != self.span {
            refusal.places.push(Place { at: At::Here(self.span), what: "named in this annotation".to_owned() });
        }
        refusal
    }

    /// The function or class of the module's body that holds the annotation, by its absolute name; else the module.
    fn outermost(&self) -> ModuleName {
        let home = &self.file.index().name;
        self.owner.outermost().map_or_else(|| home.clone(), |name| home.join(name))
    }

    /// The absolute name of a decorator or base, if its first name is one of the module's or a builtin.
    fn absolute(&self, expr: &Expr) -> Option<ModuleName> {
        let mut root = bare(expr);
        while let ExprKind::Attribute { value, .. } = &root.kind {
            root = value;
        }
        let reference = self.file.facts.reference(self.file.model, root.span.start())?;
        let is_global = match reference.resolution {
            Resolution::Builtin => true,
            Resolution::Scope(scope) => scope == self.file.model.module_scope(),
            _ => false,
        };
        let index = self.file.index();
        is_global.then(|| index.hints.absolute(expr, &index.name)).flatten()
    }
}

/// `class C(Base["pandas.DataFrame"])`
fn class_header(hint: &Hint<'_, '_>) -> Option<Refusal> {
    (hint.owner.role == Role::Header).then(|| hint.refuse(hint.span, "the base class is given this type"))
}

/// `dataclasses` looks for these names in the text of an annotation, and for what they mean among the module's names.
fn special_form(hint: &Hint<'_, '_>) -> Option<Refusal> {
    const FORMS: &[&str] = &["ClassVar", "InitVar", "KW_ONLY"];
    // In capitals it is no class, and may be another name of such a form.
    let is_form = hint.named.iter().any(|name| FORMS.contains(&name.as_str()) || !name.contains(char::is_lowercase));
    let is_field = hint.owner.role == Role::Variable && hint.owner.class().is_some();
    // Inside a function the forms themselves may be local names, which `dataclasses` does not find once they are text.
    let in_function = hint.deferral == Deferral::ByFutureImport && hint.owner.names().count() > 1;
    ((is_form || in_function) && is_field)
        .then(|| hint.refuse(hint.span, "a dataclass looks the name up while the class is made"))
}

/// ```python
/// @router.get("/")
/// def items(limit: Limit): ...
/// ```
fn decorators(hint: &Hint<'_, '_>) -> Option<Refusal> {
    let function = hint.owner.function()?;
    let reader = function.decorators.iter().find(|decorator| !is_blind(hint, decorator))?;
    Some(hint.refuse(reader.span, "this decorator may evaluate the annotations of the function"))
}

fn is_blind(hint: &Hint<'_, '_>, decorator: &Expr) -> bool {
    if let ExprKind::Call { keywords, .. } = &decorator.kind
        && keywords.iter().any(|keyword| keyword.name.as_ref().is_some_and(|name| name.name == "pydantic"))
    {
        return false;
    }
    let parts = bare(decorator).as_dotted();
    if matches!(parts.as_deref(), Some([_, "setter" | "getter" | "deleter"])) {
        return true;
    }
    hint.absolute(decorator).is_some_and(|name| hint.file.project.is_blind_decorator(&name))
}

/// ```python
/// class Item(BaseModel):
///     price: Decimal
/// ```
fn class(hint: &Hint<'_, '_>) -> Option<Refusal> {
    let class = hint.owner.class()?;
    let index = hint.file.index();
    let known = class.bases.iter().chain(&class.decorators).all(|expr| hint.absolute(expr).is_some());
    if known && hint.file.project.is_plain_class(&index.hints.shape(class, &index.name)) {
        return None;
    }
    Some(hint.refuse(header(class), "a base or decorator of this class may evaluate its annotations"))
}

fn header(class: &Class) -> Span {
    let first = class.decorators.iter().chain(&class.bases).next();
    first.map_or(class.name.span, |expr| expr.span)
}

/// Test runners ask for the signatures of tests and fixtures, which evaluates annotations unless they are text.
fn test_runner(hint: &Hint<'_, '_>) -> Option<Refusal> {
    let concerned = hint.deferral == Deferral::Python && super::known::is_test_file(&hint.file.index().path);
    concerned.then(|| hint.refuse(hint.span, "a test runner may evaluate the annotations of a test"))
}

/// `typing.get_type_hints(handler)` anywhere in the project.
fn evaluation(hint: &Hint<'_, '_>) -> Option<Refusal> {
    let when = if hint.deferral == Deferral::Text { Evaluated::Text } else { Evaluated::Deferred };
    let (reader, evaluation) = hint.file.project.evaluation_of(&hint.outermost(), when)?;
    let what = match &evaluation.of {
        Some(of) => format!("`{}` evaluates the annotations of `{of}`", evaluation.call),
        None => format!("`{}` evaluates the annotations of something that cannot be told", evaluation.call),
    };
    let mut refusal = Refusal::elsewhere(Code::AnnotationReader, &reader.path, evaluation.place, what);
    refusal.places.push(Place { at: At::Here(hint.span), what: "named in this annotation".to_owned() });
    Some(refusal)
}

/// A library that evaluates annotations, and a function or class that may be given to it: somewhere it is used other than
/// by calling it.
fn library(hint: &Hint<'_, '_>) -> Option<Refusal> {
    let project = hint.file.project;
    let (user, library) = project.hint_user()?;
    if hint.owner.role == Role::Cast {
        return None;
    }
    let names = || hint.owner.names().map(|name| name.name.as_str());
    let (path, place) = match names().find_map(|name| project.hands_on(name)) {
        Some((file, place)) => (&file.path, place),
        None if names().next().is_none() => {
            let what = format!("the project uses `{library}`, which may evaluate this type");
            return Some(hint.refuse(hint.span, what));
        }
        None => {
            let (file, scan) = project.scans_of(hint.file.id).next()?;
            (&file.path, scan.place)
        }
    };
    let what = format!("hands it on here, and `{library}` (in {}) evaluates annotations", user.path);
    let mut refusal = Refusal::elsewhere(Code::AnnotationReader, path, place, what);
    refusal.places.push(Place { at: At::Here(hint.span), what: "named in this annotation".to_owned() });
    Some(refusal)
}
