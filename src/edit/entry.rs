//! Import statements taken apart: the entry of one name, what is left of a statement, and exception comments on entries.

use std::collections::BTreeMap;

use crate::policy;
use crate::python::{Entry, Module, Statement, Stmt, steers_a_tool};

/// One name of a statement as a statement of its own. If the whole statement leaves its place, all its comments travel
/// with each of its names; else only those that steer tools, for the others stay with what is left.
pub(super) fn of_alias(module: &Module, stmt: &Stmt, alias: usize, leaves_whole: bool) -> Entry {
    let mut entries = Entry::read(module, stmt);
    let is_plain = !entries.first().is_some_and(Entry::is_from);
    let mut first = entries.first().cloned().unwrap_or_else(|| Entry::import("", None));
    if is_plain {
        let mut entry = entries.swap_remove(alias.min(entries.len() - 1));
        if alias > 0 {
            entry.above = std::mem::take(&mut first.above);
            entry.inline = std::mem::take(&mut first.inline);
            entry.trailing = std::mem::take(&mut first.trailing);
        }
        return keep_comments(entry, leaves_whole);
    }
    let alone = first.members().len() <= 1;
    if let Statement::From { members, star: false, .. } = &mut first.statement {
        let mut member = members[alias].clone();
        if !leaves_whole {
            member.above.clear();
        }
        *members = vec![member];
    }
    first.magic_comma &= alone;
    keep_comments(first, leaves_whole)
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
            [one] if comments.len() == aliases => entry.inline.extend((*one).clone()),
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
    left
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
    let old = std::mem::take(comments);
    for comment in old {
        if policy::find_exception_comment(&comment).is_none() {
            comments.push(comment);
        } else {
            comments.extend(policy::without_exception_comments(&comment));
        }
    }
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
