//! Every import that is judged, and every one that calls itself a hot path exception, as it stands in the code.

use std::collections::BTreeSet;

use crate::outcome::{Prospect, Standing};
use crate::plan::{File, Level, Plan, Subject};
use crate::policy;
use crate::project::targets;

/// The standings of a file's imports, in the order of the text. What the user keeps by a comment is left out.
pub(super) fn standings(file: &File<'_>, plan: &Plan<'_>) -> Vec<Standing> {
    let changes: BTreeSet<(usize, usize)> = plan
        .moves
        .iter()
        .map(|planned| planned.subject())
        .chain(plan.comments.iter().map(|change| &change.subject))
        .map(|subject| (subject.site, subject.alias))
        .collect();
    let prospect = |subject: &Subject| {
        let same = |other: &Subject| (other.site, other.alias) == (subject.site, subject.alias);
        if changes.contains(&(subject.site, subject.alias)) {
            return Prospect::Changes;
        }
        let refused = plan.refused.iter().find(|(other, _)| same(other));
        refused.map_or(Prospect::Stays, |(_, refusal)| Prospect::Refused(refusal.code))
    };
    let mut standings = Vec::new();
    let mut judged = BTreeSet::new();
    for subject in &plan.subjects {
        let site = file.site(subject);
        // The names of one statement stand and fall together.
        if !judged.insert((subject.site, subject.key.clone())) || file.facts.is_kept(site.stmt) {
            continue;
        }
        standings.push(Standing {
            module: subject.key.clone(),
            place: file.module.line_column(site.stmt.span.start()),
            level: subject.level,
            comments: file.facts.exception_comments(site.stmt),
            verdict: (*subject.verdict).clone(),
            documents: file.config.exception_comments,
            prospect: prospect(subject),
        });
    }
    standings.extend(unjudged(file, &judged.into_iter().map(|(site, _)| site).collect()));
    standings.sort_by_key(|standing| standing.place);
    standings
}

/// Imports with the standard comment whose modules nothing is known of.
fn unjudged(file: &File<'_>, judged: &BTreeSet<usize>) -> Vec<Standing> {
    let sites = file.model.imports().iter().enumerate().filter(|(number, _)| !judged.contains(number));
    let unjudged = sites.filter_map(|(_, site)| {
        let comments = file.facts.exception_comments(site.stmt);
        let index = file.index();
        let target = targets(site.import, site.import.aliases.first()?, &index.name, index.is_package)?;
        (!comments.is_empty() && !file.facts.is_kept(site.stmt)).then(|| Standing {
            module: target.module,
            place: file.module.line_column(site.stmt.span.start()),
            level: Level::Module,
            comments,
            verdict: policy::decide(&file.config.policy, None),
            documents: file.config.exception_comments,
            prospect: Prospect::Stays,
        })
    });
    unjudged.collect()
}
