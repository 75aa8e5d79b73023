//! The `if TYPE_CHECKING:` block of a file: the one that is there, or where a new one goes. Edits nothing.

use crate::name::ModuleName;
use crate::plan::{Code, File, Refusal, policy};
use crate::project::is_type_checking;
use crate::python::{Block, Expr, Import, ImportForm, StmtKind};
use crate::semantic::{BindingId, BindingKind, ImportSite};
use crate::sort;
use crate::text::Span;

/// Where imports for type checkers go.
#[derive(Debug, Clone)]
pub enum TypingGuard<'m> {
    /// The body of an `if TYPE_CHECKING:` of the module.
    Found(&'m Block),
    Made(NewGuard),
}

/// An `if TYPE_CHECKING:` that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGuard {
    /// `TYPE_CHECKING`, or what stands for it in this file.
    pub test: String,
    /// It goes below the run of imports that holds this statement of the module's body.
    pub below: usize,
    /// Whether `TYPE_CHECKING` has to be imported first, into that run.
    pub imports: bool,
}

/// The file's block, or why it can have none.
pub fn find<'a>(file: &File<'a>) -> Result<TypingGuard<'a>, Refusal> {
    let found = file.module.body().body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::If { arms, .. } => arms.first().filter(|arm| is_constant_test(file, &arm.test)).map(|arm| &arm.body),
        _ => None,
    });
    if let Some(block) = found {
        return Ok(TypingGuard::Found(block));
    }
    let made = match bound(file)? {
        Some((test, below)) => NewGuard { test, below, imports: false },
        None => NewGuard { test: "TYPE_CHECKING".to_owned(), below: first_run(file)?, imports: true },
    };
    let body = &file.module.body().body;
    let run = sort::blocks(file.module, body).into_iter().find(|run| run.contains(&made.below));
    let stands_alone = run.is_some_and(|mut run| {
        run.all(|at| file.facts.begins_its_line(&body[at]) && file.facts.ends_its_line(&body[at]))
    });
    if stands_alone {
        return Ok(TypingGuard::Made(made));
    }
    let place = body.get(made.below).map_or(Span::default(), |stmt| stmt.span);
    Err(Refusal::here(Code::UsedInAnnotation, place, "no `if TYPE_CHECKING:` can be written below these imports"))
}

/// `TYPE_CHECKING` as a test, unless the module binds the name to a value of its own that may be true.
fn is_constant_test(file: &File<'_>, test: &Expr) -> bool {
    let symbol = test.as_name().and_then(|name| file.model.symbol(file.model.module_scope(), name));
    let is_import = |id: &BindingId| matches!(file.model.binding(*id).kind, BindingKind::Import { .. });
    is_type_checking(test) && symbol.is_none_or(|symbol| symbol.bindings.iter().all(is_import))
}

/// What stands for `TYPE_CHECKING` in the module, and the statement that binds it.
fn bound(file: &File<'_>) -> Result<Option<(String, usize)>, Refusal> {
    let module_scope = file.model.module_scope();
    let symbol = file.model.symbol(module_scope, "TYPE_CHECKING").filter(|symbol| !symbol.bindings.is_empty());
    if let Some(symbol) = symbol {
        let site = symbol.bindings.iter().find_map(|id| match file.model.binding(*id).kind {
            BindingKind::Import { import, alias } if is_constant(file, import, alias) => in_body(file, import),
            _ => None,
        });
        if let Some(site) = site.filter(|_| symbol.bindings.len() == 1) {
            return Ok(Some(("TYPE_CHECKING".to_owned(), site.index)));
        }
        let place = file.model.binding(symbol.bindings[0]).span;
        return Err(Refusal::here(Code::UsedInAnnotation, place, "here `TYPE_CHECKING` is bound to something else"));
    }
    // `import typing`, as long as nothing moves it away.
    let typing = ModuleName::new("typing");
    let leaves = typing
        .and_then(|typing| file.config.lookup(&typing).map(|(key, _)| file.config.verdict(key)))
        .is_some_and(|verdict| verdict.place == policy::Place::Function);
    let plain = file.model.imports().iter().filter(|site| site.import.form == ImportForm::Import).find_map(|site| {
        let alias = site.import.aliases.iter().find(|alias| alias.name == "typing")?;
        let alone = file.model.symbol(module_scope, alias.bound()).is_some_and(|symbol| symbol.bindings.len() == 1);
        let site = in_body(file, site.import).filter(|_| alone)?;
        Some((format!("{}.TYPE_CHECKING", alias.bound()), site.index))
    });
    Ok(plain.filter(|_| !leaves))
}

fn is_constant(file: &File<'_>, import: &Import, alias: usize) -> bool {
    let is_plain = import.aliases.get(alias).is_some_and(|alias| alias.asname.is_none());
    let target = file.target_of(import, alias);
    is_plain && target.is_some_and(|target| matches!(target.module.as_str(), "typing" | "typing_extensions"))
}

/// The site of an import that stands in the module's body, without a condition.
fn in_body<'a>(file: &File<'a>, import: &Import) -> Option<&'a ImportSite<'a>> {
    let site = &file.model.imports()[file.facts.memo.site_of(file, import)?];
    (site.scope == file.model.module_scope() && site.guards.is_empty()).then_some(site)
}

fn first_run(file: &File<'_>) -> Result<usize, Refusal> {
    let runs = sort::blocks(file.module, &file.module.body().body);
    let what = "no `if TYPE_CHECKING:` can be written: a sorter may touch none of the imports";
    runs.first().map(|run| run.start).ok_or_else(|| Refusal::here(Code::UsedInAnnotation, Span::default(), what))
}
