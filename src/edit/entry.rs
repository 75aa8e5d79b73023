//! Import statements taken apart: the entry of one name, what is left of a statement, and exception comments on entries.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use crate::policy;
use crate::python::{Entry, Member, Statement, steers_a_tool};
use crate::semantic::ImportSite;
use crate::sort::Slot;

/// One name of the statement that `entries` were read of, as a statement of its own. If the whole statement leaves its place,
/// all its comments travel with each of its names; else only those that steer tools, for the others stay with what is left.
pub(super) fn of_alias(entries: &[Entry], alias: usize, leaves_whole: bool) -> Option<Entry> {
    let first = entries.first()?;
    let mut entry = if first.is_from() { first.alone(alias) } else { entries.get(alias)?.clone() };
    if alias > 0 && !first.is_from() {
        entry.above.clone_from(&first.above);
        entry.inline.clone_from(&first.inline);
        entry.trailing.clone_from(&first.trailing);
    }
    if let Statement::From { members, .. } = &mut entry.statement {
        members.iter_mut().filter(|_| !leaves_whole).for_each(|member| member.above.clear());
        entry.magic_comma &= leaves_whole;
    }
    Some(keep_comments(entry, leaves_whole))
}

fn keep_comments(mut entry: Entry, all: bool) -> Entry {
    if !all {
        entry.above.clear();
        entry.inline.retain(|comment| steers_a_tool(comment));
        entry.trailing.retain(|comment| steers_a_tool(comment));
    }
    entry
}

/// The names of `import a, b` that stay, with their position; comments of the statement go to the first of them.
pub(super) fn plain_left(entries: Vec<Entry>, stays: impl Fn(usize) -> bool) -> Vec<(usize, Entry)> {
    let comments = entries.first().cloned();
    let mut left: Vec<(usize, Entry)> = entries.into_iter().enumerate().filter(|(at, _)| stays(*at)).collect();
    if let (Some((at, first)), Some(comments)) = (left.first_mut(), comments)
        && *at > 0
    {
        first.above = comments.above;
        first.inline = comments.inline;
        first.trailing = comments.trailing;
    }
    left
}

/// A from-import with the members that stay.
pub(super) fn members_left(entries: Vec<Entry>, stays: impl Fn(usize) -> bool) -> Vec<(usize, Entry)> {
    let Some(mut entry) = entries.into_iter().next() else { return Vec::new() };
    let Statement::From { members, star, .. } = &mut entry.statement else { return Vec::new() };
    if *star {
        return if stays(0) { vec![(0, entry)] } else { Vec::new() };
    }
    let mut position = 0;
    members.retain(|_| {
        position += 1;
        stays(position - 1)
    });
    if members.is_empty() { Vec::new() } else { vec![(0, entry)] }
}

/// Sets or removes the exception comments of what is left of a statement.
pub(super) fn comment(
    mut left: Vec<(usize, Entry)>,
    comments: &BTreeMap<usize, Option<String>>,
    is_from: bool,
    aliases: usize,
) -> Vec<(usize, Entry)> {
    if !is_from {
        for (alias, entry) in &mut left {
            if let Some(wanted) = comments.get(alias) {
                *entry = without_exception_comment(entry.clone());
                entry.inline.extend(wanted.clone());
            }
        }
        return left;
    }
    let mut wanted: Vec<&Option<String>> = comments.values().collect();
    wanted.dedup();
    for (_, entry) in &mut left {
        *entry = without_exception_comment(entry.clone());
        match wanted.as_slice() {
            [one] if comments.len() == aliases.max(1) => entry.inline.extend((*one).clone()),
            _ => {
                // The names are different modules (`from google.cloud import bigquery, storage`): each has its own.
                if let Statement::From { members, .. } = &mut entry.statement {
                    for (at, member) in members.iter_mut().enumerate() {
                        member.inline.extend(comments.get(&at).cloned().flatten());
                    }
                }
            }
        }
    }
    // isort keeps names with an alias on statements of their own, so there the comment can stand on its module alone.
    let mut split = Vec::new();
    for (at, mut entry) in left {
        while entry.members().len() > 1
            && let Some(apart) = entry.members().iter().position(|member| {
                member.asname.is_some() && member.inline.iter().any(|c| policy::find_exception_comment(c).is_some())
            })
            && let Statement::From { members, .. } = &mut entry.statement
        {
            let mut member = members.remove(apart);
            let mut own = entry.clone();
            own.above = Vec::new();
            own.inline = std::mem::take(&mut member.inline);
            own.trailing = Vec::new();
            own.magic_comma = false;
            if let Statement::From { members, .. } = &mut own.statement {
                *members = vec![member];
            }
            split.push((at, own));
        }
        split.push((at, entry));
    }
    split
}

/// The entries that arrive in one block. The trailing comma that keeps names on lines of their own stays only if all
/// names of its statement arrive together.
pub(super) fn settled(arriving: Vec<(usize, Entry)>, sites: &[ImportSite<'_>]) -> Vec<Entry> {
    let mut names: BTreeMap<usize, usize> = BTreeMap::new();
    for (site, _) in &arriving {
        *names.entry(*site).or_default() += 1;
    }
    let settle = |(site, mut entry): (usize, Entry)| {
        entry.magic_comma &= names[&site] == sites[site].import.aliases.len();
        entry
    };
    let mut settled: Vec<Entry> = Vec::new();
    let mut first_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut added: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
    for (site, mut entry) in arriving.into_iter().map(|(site, entry)| (site, settle((site, entry)))) {
        let renames = entry.renames();
        let first = first_of.get(&site).copied().filter(|first| !renames && settled[*first].can_merge(&entry));
        match (first, &mut entry.statement) {
            // Names of one statement arrive as one again, its comments once.
            (Some(first), Statement::From { members, .. }) => {
                added.entry(first).or_default().append(members);
                settled[first].magic_comma |= entry.magic_comma;
                absorb_comments(&mut settled[first], entry);
            }
            _ => {
                first_of.entry(site).or_insert(settled.len());
                settled.push(entry);
            }
        }
    }
    added.into_iter().for_each(|(first, members)| settled[first].add_members(members));
    say_once(&mut settled);
    settled
}

/// Names of one hot module, from several functions, come to one statement: it has their exception comment once.
fn say_once(entries: &mut [Entry]) {
    let mut said: BTreeSet<(bool, u32, Option<SmolStr>, String)> = BTreeSet::new();
    for entry in entries.iter_mut().filter(|entry| !entry.renames()) {
        let Statement::From { level, module, star: false, .. } = &entry.statement else { continue };
        let (lazy, level) = (entry.lazy, *level);
        let mut is_new = |comment: &str| said.insert((lazy, level, module.clone(), comment.to_owned()));
        entry.inline.retain(|comment| policy::find_exception_comment(comment).is_none() || is_new(comment));
    }
}

pub(super) fn without_exception_comment(mut entry: Entry) -> Entry {
    strip(&mut entry.inline);
    strip(&mut entry.trailing);
    if let Statement::From { members, .. } = &mut entry.statement {
        members.iter_mut().for_each(|member| strip(&mut member.inline));
    }
    entry
}

fn strip(comments: &mut Vec<String>) {
    for comment in comments.iter_mut() {
        while let Some(range) = policy::find_exception_comment(comment) {
            let (before, after) = (comment[..range.start].trim_end(), comment[range.end..].trim_start());
            let gap = if before.is_empty() || after.is_empty() { "" } else { "  " };
            *comment = format!("{before}{gap}{after}");
        }
    }
    comments.retain(|comment| !comment.is_empty());
}

/// The slots for a block that merges: a new import whose statement stands there already, with the same exception
/// comment, leaves the comment to that. `None` if there is no such import.
pub(super) fn merging(slots: &[Slot]) -> Option<Vec<Slot>> {
    let mut lean = slots.to_vec();
    let mut changed = false;
    for slot in lean.iter_mut().filter(|slot| slot.origin.is_none() && !slot.entry.renames()) {
        let is_home = |home: &&Slot| home.origin.is_some() && !home.entry.renames();
        let homes = slots.iter().filter(is_home).filter(|home| home.entry.can_merge(&slot.entry));
        let said: Vec<&String> = homes.flat_map(|home| &home.entry.inline).collect();
        let before = slot.entry.inline.len();
        slot.entry.inline.retain(|comment| !said.contains(&comment));
        changed |= slot.entry.inline.len() != before;
    }
    changed.then_some(lean)
}

/// Comments of an equal import, those that are not there yet.
pub(super) fn absorb_comments(entry: &mut Entry, other: Entry) {
    let add = |mine: &mut Vec<String>, theirs: Vec<String>| {
        for comment in theirs {
            if !mine.contains(&comment) {
                mine.push(comment);
            }
        }
    };
    add(&mut entry.above, other.above);
    add(&mut entry.inline, other.inline);
    add(&mut entry.trailing, other.trailing);
}
