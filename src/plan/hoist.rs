//! Function to module: a function-level import whose verdict is *module*. Each import is judged on its own; it leaves
//! its function only if every function that it would then be visible to means the same by the name.

mod anchor;
mod local;
mod wide;

use std::collections::BTreeMap;

use smol_str::SmolStr;

pub(super) use local::ships;

use super::{Anchor, Code, Destination, File, Refusal, Subject};
use crate::project::ImportTarget;
use crate::python::{Function, Import};
use crate::semantic::{ScopeId, ScopeNode};
use crate::sort::stdlib;
use crate::text::Span;

/// What holds for more than one import of a file; each is asked for once.
#[derive(Default)]
pub(super) struct Answers {
    /// The span is of the import that was asked about first.
    kinds: BTreeMap<(ImportTarget, SmolStr), (Span, Option<Refusal>)>,
    /// Where modules of the standard library go, and where others do.
    anchors: BTreeMap<bool, Result<Anchor, Refusal>>,
}

/// The function that holds the import.
struct Context<'a> {
    scope: ScopeId,
    function: &'a Function,
}

/// Where the import goes, a refusal, or `None` if the user asked to keep it.
pub(super) fn plan<'a>(
    file: &File<'a>,
    subject: &Subject,
    answers: &mut Answers,
) -> Result<Destination<'a>, Option<Refusal>> {
    let site = file.site(subject);
    if file.facts.is_kept(site.stmt) {
        return Err(None);
    }
    if file.is_class_scope(site) {
        let what = "an import in a class body";
        return Err(Some(Refusal::here(Code::ClassScopeImport, site.stmt.span, what)));
    }
    let ScopeNode::Function(function) = file.model.scope(site.scope).node else { return Err(None) };
    let context = Context { scope: site.scope, function };
    if let Some(refusal) = local::refusal(file, subject, &context) {
        return Err(Some(refusal));
    }
    let kind = (subject.target.clone(), subject.bound.clone());
    let own = file.span_of(subject);
    let ask = || (own, wide::refusal(file, subject));
    let (asked, answer) = answers.kinds.entry(kind).or_insert_with(ask);
    let answer = answer.clone().map(|refusal| refusal.at(*asked, own));
    if let Some(refusal) = answer.or_else(|| local::loader(file, subject, &context)) {
        return Err(Some(refusal));
    }
    if let Some(place) = present(file, subject) {
        if let Some(comment) = own_comment(file, subject) {
            let what = "this comment would be lost with the import, which stands at module level already";
            return Err(Some(Refusal::here(Code::DocumentedLocal, comment, what)));
        }
        return match file.facts.executed.get(&context.scope) {
            Some(call) if call.start() < place.start() => {
                let what = format!("this runs `{}` before the import at module level", function.name.name);
                Err(Some(Refusal::here(Code::OrderBarrier, *call, what)))
            }
            _ => Ok(Destination::Present),
        };
    }
    let is_stdlib = stdlib::is_stdlib(subject.target.module.root());
    let anchor = answers.anchors.entry(is_stdlib).or_insert_with(|| anchor::find(file, is_stdlib));
    anchor.clone().map(Destination::Module).map_err(Some)
}

/// The same import, unconditional, in the module's body.
fn present(file: &File<'_>, subject: &Subject) -> Option<Span> {
    let wanted = written(file, subject)?;
    file.facts.memo.imports_as(file, &wanted.2).iter().find_map(|(site, alias)| {
        let site = &file.model.imports()[*site];
        let at_module = site.scope == file.model.module_scope() && site.guards.is_empty() && !site.import.lazy;
        (at_module && same(file, site.import, *alias, &wanted)).then_some(site.stmt.span)
    })
}

/// A comment on the statement or directly above it, other than an exception comment.
fn own_comment(file: &File<'_>, subject: &Subject) -> Option<Span> {
    let stmt = file.site(subject).stmt;
    let text = file.module.text();
    let first = file.module.line_start(stmt.span.start());
    let lines = Span::new(first, file.module.line_end(stmt.span.end()));
    let beside = file.module.comments().iter().copied().filter(|comment| lines.contains_range(*comment));
    let own = |comment: &Span| !crate::policy::without_exception_comments(&text[*comment]).is_empty();
    beside.chain(file.facts.comment_above(stmt)).find(own)
}

/// What an alias binds, and to what: equal for imports that are interchangeable in this file.
fn written(file: &File<'_>, subject: &Subject) -> Option<(ImportTarget, bool, String)> {
    key_of(file, file.site(subject).import, subject.alias)
}

fn key_of(file: &File<'_>, import: &Import, alias: usize) -> Option<(ImportTarget, bool, String)> {
    let target = file.target_of(import, alias)?;
    let alias = import.aliases.get(alias)?;
    Some((target, alias.asname.is_some(), alias.bound().to_owned()))
}

fn same(file: &File<'_>, import: &Import, alias: usize, wanted: &(ImportTarget, bool, String)) -> bool {
    key_of(file, import, alias).is_some_and(|(target, aliased, bound)| {
        // `from a import b as b` and `from a import b` are the same to the function.
        let form = target.member.is_some() || aliased == wanted.1;
        target == wanted.0 && form && bound == wanted.2
    })
}
