//! Module to functions: a module-level import whose verdict is *function*. What an import that stays loads at start all
//! the same stays with it.

mod branch;
mod checks;
mod loading;
mod patches;
mod place;
mod readers;
mod round;
mod submodules;

use std::collections::{BTreeMap, BTreeSet};

use super::facts::first_survivor;
use super::{Code, Destination, File, Move, Refusal, Subject};
use crate::name::ModuleName;
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
        plan_unit(file, &unit, moves, refused);
    }
    promoted_lines(file, moves, refused);
}

/// Imports that bear on each other: those of one configured module, and those that share the binding of a root (`import a.b`,
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

/// The moves of a unit, and for each member that stays the reason why.
fn plan_unit<'a>(file: &File<'a>, unit: &[&Subject], moves: &mut Vec<Move<'a>>, refused: &mut Vec<(Subject, Refusal)>) {
    let is_kept = |subject: &Subject| file.facts.is_kept(file.site(subject).stmt);
    let mut staying: Vec<(&Subject, Option<Refusal>)> = Vec::new();
    let mut moving: Vec<&Subject> = Vec::new();
    for subject in unit {
        match checks::refusal(file, subject) {
            _ if is_kept(subject) => staying.push((subject, None)),
            Some(refusal) => staying.push((subject, Some(refusal))),
            None => moving.push(subject),
        }
    }
    // Each import that turns out to stay may keep others.
    let planned = loop {
        let round = round::Round::new(file, &moving);
        let stays = |subject: &&Subject| match place::destinations(file, subject, &round) {
            Ok(destinations) => match loaded_by(file, subject, &staying) {
                Some(refusal) => Err(refusal),
                None => Ok(destinations),
            },
            Err(refusal) => Err(refusal),
        };
        let answers: Vec<_> = moving.iter().map(stays).collect();
        if answers.iter().all(Result::is_ok) {
            break answers;
        }
        let (before, answers) = (std::mem::take(&mut moving), answers);
        for (subject, answer) in before.into_iter().zip(answers) {
            match answer {
                Ok(_) => moving.push(subject),
                Err(refusal) => staying.push((subject, Some(refusal))),
            }
        }
    };
    let mut planned: Vec<_> = moving.into_iter().zip(planned.into_iter().flatten()).collect();
    branch::join_outer(&mut planned);
    for (subject, place::Destinations { receivers, hints }) in planned {
        let to = receivers.map_or(Destination::Hints, Destination::Functions);
        let companions = patches::companions(file, subject);
        moves.push(Move { subject: subject.clone(), to, hints, companions });
    }
    staying.sort_by_key(|(subject, _)| (subject.site, subject.alias));
    refused.extend(staying.into_iter().filter_map(|(subject, refusal)| Some((subject.clone(), refusal?))));
}

/// An import that stays and loads all that this one does: its module, and the submodule that it may name.
fn loaded_by(file: &File<'_>, subject: &Subject, staying: &[(&Subject, Option<Refusal>)]) -> Option<Refusal> {
    let loads = |other: &Subject, module: &ModuleName| {
        let dotted = other.target.dotted();
        other.target.module.is_within(module) || (dotted.is_within(module) && is_module(file, &dotted))
    };
    let dotted = subject.target.dotted();
    let submodule = Some(&dotted).filter(|dotted| subject.target.member.is_some() && is_module(file, dotted));
    let (other, refusal) = staying.iter().find(|(other, _)| {
        loads(other, &subject.target.module) && submodule.is_none_or(|module| loads(other, module))
    })?;
    let why = refusal.as_ref().map_or("kept by a comment", |refusal| refusal.code.name());
    let what = format!("this import of the module stays: {why}");
    Some(Refusal::here(Code::LoadedAnyway, file.span_of(other), what))
}

/// Whether a name is visibly that of a module: of the project, or somebody imports from it.
fn is_module(file: &File<'_>, name: &ModuleName) -> bool {
    file.project.files_of(name).next().is_some() || file.project.imports_below(name)
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
pub(super) use place::decorator_allows;
pub(super) use submodules::probed;

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
