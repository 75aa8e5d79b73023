//! The standard comment of a hot path exception, written and recognised. No comment of another form is ever touched.

use std::ops::Range;

use super::{Basis, Criterion, Place, Reason, Verdict, number};

const END: &str = " - HOT PATH EXCEPTION";

/// The comment that documents `verdict`, without `#`; `None` if it is no exception.
///
/// ```text
/// 350ms but 90% usage - HOT PATH EXCEPTION
/// ```
pub fn exception_comment(verdict: &Verdict) -> Option<String> {
    // A derived time changes with the project's imports; a comment would be outdated by the next of them.
    if verdict.place != Place::Module || !verdict.heavy || verdict.basis == Basis::Derived {
        return None;
    }
    let usage = verdict.usage_percent.map(|percent| format!("{}% usage", number(percent)));
    let because = match (verdict.reason, usage) {
        (Reason::Pinned, _) => "pinned".to_owned(),
        (Reason::HotPath(Criterion::CriticalPath), None) => "critical path".to_owned(),
        (Reason::HotPath(Criterion::CriticalPath), Some(usage)) => format!("critical path, {usage}"),
        (Reason::HotPath(Criterion::Usage | Criterion::Cost), Some(usage)) => usage,
        _ => return None,
    };
    Some(format!("{}ms but {because}{END}", number(verdict.import_ms?)))
}

/// Whether `comment` is the standard comment, with whatever numbers, with or without `#` and the blanks around it.
pub fn parse_exception_comment(comment: &str) -> bool {
    let text = comment.trim().trim_start_matches('#').trim_start();
    let Some((import, because)) = text.strip_suffix(END).and_then(|text| text.split_once("ms but ")) else {
        return false;
    };
    let usage = because.strip_prefix("critical path, ").unwrap_or(because).strip_suffix("% usage");
    is_number(import) && (matches!(because, "pinned" | "critical path") || usage.is_some_and(is_number))
}

/// The standard comments within the comment of a line, which may begin with pragmas; each as [`exception_comment`]
/// writes it, with the numbers that stand there.
///
/// ```text
/// # noqa: F401  # 350ms but 90% usage - HOT PATH EXCEPTION
///                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
/// ```
pub fn exception_comments_in(comment: &str) -> Vec<String> {
    pieces(comment).filter(|piece| parse_exception_comment(piece)).map(|piece| piece.trim().to_owned()).collect()
}

/// What else the comment of a line holds: its parts between `#`, without the standard comments.
pub fn without_exception_comments(comment: &str) -> Vec<String> {
    pieces(comment).filter(|piece| !parse_exception_comment(piece)).map(|piece| piece.trim_end().to_owned()).collect()
}

/// Where the first standard comment stands in the comment of a line, from its own `#` to its end.
pub fn find_exception_comment(comment: &str) -> Option<Range<usize>> {
    let starts = comment.match_indices('#').map(|(at, _)| at);
    for start in starts {
        let end = comment[start + 1..].find('#').map_or(comment.len(), |length| start + 1 + length);
        let part = comment[start..end].trim_end();
        if parse_exception_comment(part) {
            return Some(start..start + part.len());
        }
    }
    None
}

fn pieces(comment: &str) -> impl Iterator<Item = &str> {
    comment.strip_prefix('#').unwrap_or(comment).split('#')
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(text),
    }
}
