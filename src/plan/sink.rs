//! Module to functions: a module-level import whose verdict is *function*. All or nothing per configured module, because
//! one import that stays loads the module at start all the same.

mod checks;
mod loading;
mod patches;
mod place;
mod readers;
mod submodules;

use std::collections::{BTreeMap, BTreeSet};

use super::facts::first_survivor;
use super::{Code, Destination, File, Move, Refusal, Subject};
use crate::python::ImportForm;
use crate::semantic::BindingKind;
use crate::text::{Span, TextSize};

/// Plans all module-level imports with the verdict *function*.
pub(super) fn plan<'a>(
    file: &File<'a>,
    cold: &[&Subject],
    moves: &mut Vec<Move<'a>>,
    refused: &mut Vec<(Subject, Refusal)>,
) {
    for unit in units(file, cold) {
        match plan_unit(file, &unit) {
            Ok(planned) => moves.extend(planned),
            Err(reasons) => refuse_unit(file, &unit, reasons, refused),
        }
    }
    promoted_lines(file, moves, refused);
}

/// Imports that move together: those of one configured module, and those that share the binding of a root (`import a.b`,
/// `import a.c`).
fn units<'s>(file: &File<'_>, cold: &[&'s Subject]) -> Vec<Vec<&'s Subject>> {
    let mut units: Vec<Vec<&Subject>> = Vec::new();
    let mut by_label: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for subject in cold {
        let mut labels = vec![(true, subject.key.as_str())];
        if is_plain(file, subject) {
            labels.push((false, &*subject.bound));
        }
        let found: BTreeSet<usize> = labels.iter().filter_map(|label| by_label.get(label).copied()).collect();
        let mut found = found.into_iter();
        let home = found.next().unwrap_or_else(|| {
            units.push(Vec::new());
            units.len() - 1
        });
        for other in found {
            let members = std::mem::take(&mut units[other]);
            units[home].extend(members);
            by_label.values_mut().filter(|unit| **unit == other).for_each(|unit| *unit = home);
        }
        units[home].push(subject);
        by_label.extend(labels.into_iter().map(|label| (label, home)));
    }
    units.retain(|unit| !unit.is_empty());
    units
}

/// `import a.b` without an alias: it binds the root `a`, which other imports may bind too.
pub(super) fn is_plain(file: &File<'_>, subject: &Subject) -> bool {
    let site = file.site(subject);
    site.import.form == ImportForm::Import && site.import.aliases[subject.alias].asname.is_none()
}

/// The moves of a unit, or for each member the reason why it stays, if it has one of its own.
fn plan_unit<'a>(file: &File<'a>, unit: &[&Subject]) -> Result<Vec<Move<'a>>, Vec<Option<Refusal>>> {
    let mut reasons: Vec<Option<Refusal>> = Vec::new();
    let mut kept = false;
    for subject in unit {
        kept |= file.facts.is_kept(file.site(subject).stmt);
        reasons.push(checks::refusal(file, subject));
    }
    let mut moves = Vec::new();
    for (subject, reason) in unit.iter().zip(&mut reasons) {
        if reason.is_some() {
            continue;
        }
        match place::destinations(file, subject, unit) {
            Ok(to) => {
                let to = Destination::Functions(to);
                let companions = patches::companions(file, subject);
                moves.push(Move { subject: (*subject).clone(), to, companions });
            }
            Err(refusal) => *reason = Some(refusal),
        }
    }
    if kept || reasons.iter().any(Option::is_some) { Err(reasons) } else { Ok(moves) }
}

/// Each member with a reason of its own says so; the others point at the first of those.
fn refuse_unit(
    file: &File<'_>,
    unit: &[&Subject],
    reasons: Vec<Option<Refusal>>,
    refused: &mut Vec<(Subject, Refusal)>,
) {
    let blocker = unit
        .iter()
        .zip(&reasons)
        .find(|(subject, reason)| reason.is_some() || file.facts.is_kept(file.site(subject).stmt));
    let blocker = blocker.map(|(subject, reason)| (file.span_of(subject), reason.as_ref().map(|reason| reason.code)));
    for (subject, reason) in unit.iter().zip(reasons) {
        if file.facts.is_kept(file.site(subject).stmt) {
            continue;
        }
        let refusal = reason.unwrap_or_else(|| {
            let (span, code) = blocker.unwrap_or((file.span_of(subject), None));
            let why = code.map_or("kept by a comment", Code::name);
            Refusal::here(Code::LoadedAnyway, span, format!("this import of the module stays: {why}"))
        });
        refused.push(((*subject).clone(), refusal));
    }
}

/// Removing the first statements of a file may turn a string into a docstring, or a comment into a file-level one.
/// Moves whose removal would do that are refused, with their unit.
fn promoted_lines<'a>(file: &File<'a>, moves: &mut Vec<Move<'a>>, refused: &mut Vec<(Subject, Refusal)>) {
    let mut gone_aliases: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for planned in moves.iter() {
        gone_aliases.entry(planned.subject.site).or_default().insert(planned.subject.alias);
    }
    let gone: BTreeSet<TextSize> = gone_aliases
        .iter()
        .filter(|(site, aliases)| aliases.len() == file.model.imports()[**site].import.aliases.len())
        .map(|(site, _)| file.model.imports()[*site].stmt.span.start())
        .collect();
    let body = &file.module.body().body;
    let Some((survivor, stmt)) = first_survivor(file.module, &gone) else { return };
    if survivor == 0 {
        return;
    }
    let text = file.module.text();
    let promoted = if stmt.is_docstring_like() {
        Some((Code::StringWouldBecomeDocstring, stmt.span, "this string would become the docstring"))
    } else {
        let between = Span::new(body[survivor - 1].span.end(), stmt.span.start());
        let inside = Span::new(body[0].span.start(), between.end());
        let pragma = file.module.comments().iter().find(|comment| {
            inside.contains_range(**comment) && is_file_pragma(&text[**comment]) && file.owns_line(**comment)
        });
        let cookie = file.module.comments().iter().find(|comment| {
            let line = file.module.line_column(comment.start()).line;
            let above = gone.iter().filter(|start| file.module.line_column(**start).line < line).count() as u32;
            line > 2 && line - above <= 2 && is_cookie(&text[**comment])
        });
        pragma
            .or(cookie)
            .map(|comment| (Code::PragmaWouldBecomeFileLevel, *comment, "this comment would apply to the whole file"))
    };
    let Some((code, place, what)) = promoted else { return };
    let leading: BTreeSet<&str> = moves
        .iter()
        .filter(|planned| file.site(&planned.subject).stmt.span.start() < stmt.span.start())
        .map(|planned| planned.subject.key.as_str())
        .collect();
    let leading: BTreeSet<String> = leading.into_iter().map(str::to_owned).collect();
    moves.retain(|planned| {
        let stays = leading.contains(planned.subject.key.as_str());
        if stays {
            refused.push((planned.subject.clone(), Refusal::here(code, place, what)));
        }
        !stays
    });
}

fn is_file_pragma(comment: &str) -> bool {
    let words = comment.trim_start_matches('#').trim();
    ["type: ignore", "type:ignore", "mypy:", "pyright:", "ruff: noqa", "flake8: noqa", "pylint: disable"]
        .iter()
        .any(|pragma| words.starts_with(pragma))
}

fn is_cookie(comment: &str) -> bool {
    comment.contains("coding:") || comment.contains("coding=")
}

pub(super) use checks::{clash, framework_file, frozen_time, is_private, is_suppress, notebook};
pub(super) use loading::{ambiguous, import_hook, import_time_input, late_binding, side_effect_module};

impl<'a> File<'a> {
    /// A dotted name with its root replaced by what the module imports under it: `compiled` is `numba.njit`.
    pub(super) fn full_name(&self, parts: &[&str]) -> String {
        let symbol = parts.first().and_then(|root| self.model.symbol(self.model.module_scope(), root));
        let target = symbol.and_then(|symbol| {
            symbol.bindings.iter().find_map(|id| match self.model.binding(*id).kind {
                BindingKind::Import { import, alias }
                    if import.aliases.get(alias)?.asname.is_some() || import.form != ImportForm::Import =>
                {
                    self.target_of(import, alias)
                }
                _ => None,
            })
        });
        match target {
            Some(target) => std::iter::once(target.dotted().as_str())
                .chain(parts[1..].iter().copied())
                .collect::<Vec<_>>()
                .join("."),
            None => parts.join("."),
        }
    }

    /// Whether the file calls what `chain` (`.part.part`) leads to from the imported name: then it is no module, and no
    /// fixture of a test.
    fn is_called(&self, subject: &Subject, chain: &str) -> bool {
        let text = self.module.text();
        self.model.references_to(self.model.module_scope(), &subject.bound).any(|reference| {
            let after = &text[usize::from(reference.span.end())..];
            after.strip_prefix(chain).is_some_and(|after| after.trim_start_matches([' ', '\t']).starts_with('('))
        })
    }

    pub(super) fn target_of(
        &self,
        import: &crate::python::Import,
        alias: usize,
    ) -> Option<crate::project::ImportTarget> {
        let index = self.index();
        crate::project::targets(import, import.aliases.get(alias)?, &index.name, index.is_package)
    }

    fn owns_line(&self, comment: Span) -> bool {
        let text = self.module.text();
        let start = text[..usize::from(comment.start())].rfind('\n').map_or(0, |at| at + 1);
        text[start..usize::from(comment.start())].trim().is_empty()
    }
}
