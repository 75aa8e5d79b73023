//! The monthly review, for people and as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::style::{BOLD, Colour};
use crate::outcome::{Kind, Review, Reviewed};
use crate::policy::{Place, Reason, Verdict, number};

/// Places that are shown of one entry.
const SHOWN: usize = 3;

pub fn write(review: &Review, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    for kind in [Kind::NoLongerHolds, Kind::Drifted, Kind::Undocumented, Kind::NoException, Kind::BecomeHot] {
        let entries: Vec<&Reviewed> = review.entries.iter().filter(|entry| entry.kind == kind).collect();
        if entries.is_empty() {
            continue;
        }
        writeln!(out, "{}", colour.paint(BOLD, title(kind)))?;
        for entry in entries {
            writeln!(out, "  {}", sentence(entry))?;
            writeln!(out, "    {}", places(entry))?;
            if let Some(refused) = refused(entry) {
                writeln!(out, "    {refused}")?;
            }
        }
        writeln!(out)?;
    }
    if !review.disagreements.is_empty() {
        writeln!(out, "{}", colour.paint(BOLD, "The cost models disagree"))?;
        for (module, verdict) in &review.disagreements {
            let (model, other) = (verdict.cost_model, verdict.cost_model.other());
            let (place, other_place) = (verdict.place, verdict.other_model_place);
            writeln!(out, "  {module} ({}): {model} says {place}, {other} says {other_place}", verdict.figures())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What the review comes to, in a line.
pub fn conclusion(review: &Review) -> String {
    let holds: usize = review.entries.iter().filter(|entry| entry.kind == Kind::Holds).map(|e| e.places.len()).sum();
    let holding = match holds {
        0 => "no hot path exception was found that holds".to_owned(),
        1 => "1 hot path exception holds".to_owned(),
        count => format!("{count} hot path exceptions hold"),
    };
    match review.entries.iter().filter(|entry| entry.is_stale()).count() {
        0 => format!("Nothing is stale: {holding}."),
        1 => format!("1 thing is stale; {holding}. `hotcold diff` shows what `hotcold fix` would do."),
        count => format!("{count} things are stale; {holding}. `hotcold diff` shows what `hotcold fix` would do."),
    }
}

/// The same for programs.
pub fn json(review: &Review) -> Value {
    let verdict = |verdict: &Verdict| {
        json!({
            "place": verdict.place.to_string(),
            "reason": verdict.reason.to_string(),
            "import-ms": verdict.import_ms,
            "usage-percent": verdict.usage_percent,
            "critical-path": verdict.critical_path,
        })
    };
    let entries = review.entries.iter().map(|entry| {
        json!({
            "kind": entry.kind.name(),
            "stale": entry.is_stale(),
            "module": entry.module.as_str(),
            "verdict": verdict(&entry.verdict),
            "comments": entry.comments,
            "imports": entry.places.iter().map(|(path, place)| {
                json!({"path": path, "line": place.line, "column": place.column})
            }).collect::<Vec<_>>(),
            "refused": entry.refused,
        })
    });
    let disagreements = review.disagreements.iter().map(|(module, found)| {
        json!({
            "module": module.as_str(),
            "verdict": verdict(found),
            "cost-model": found.cost_model.name(),
            "other-cost-model-place": found.other_model_place.to_string(),
        })
    });
    json!({
        "stale": review.is_stale(),
        "entries": entries.collect::<Vec<_>>(),
        "cost-models-disagree": disagreements.collect::<Vec<_>>(),
    })
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::NoLongerHolds => "Hot path exceptions that no longer hold",
        Kind::Drifted => "Hot path exceptions whose numbers drifted",
        Kind::Undocumented => "Hot path exceptions without their comment",
        Kind::NoException => "Modules at module level without an exception",
        Kind::BecomeHot => "Modules in functions that have become hot",
        Kind::Holds => "Hot path exceptions that hold",
    }
}

fn sentence(entry: &Reviewed) -> String {
    let Reviewed { module, verdict, .. } = entry;
    let figures = verdict.figures();
    let comments: Vec<&str> =
        entry.comments.iter().map(|comment| comment.split(" - ").next().unwrap_or_default()).collect();
    match (entry.kind, verdict.place, verdict.usage_percent) {
        // In the words of the decision.
        (Kind::NoLongerHolds, Place::Function, Some(percent)) => {
            format!("Consider lazy loading: {module} ({}%)", number(percent))
        }
        (Kind::NoLongerHolds, Place::Function, None) => format!("Consider lazy loading: {module} ({figures})"),
        (Kind::NoLongerHolds, ..) if verdict.reason == Reason::Unmeasured => {
            format!("{module} ({}): nothing is known of it any more", comments.join("; "))
        }
        (Kind::NoLongerHolds, ..) => format!("{module} ({figures}): {}", verdict.reason),
        (Kind::Drifted, ..) => format!("{module}: the code says {}; now {figures}", comments.join("; ")),
        _ => format!("{module} ({figures}): {}", verdict.reason),
    }
}

fn places(entry: &Reviewed) -> String {
    let shown: Vec<String> = entry.places.iter().take(SHOWN).map(|(path, place)| format!("{path}:{place}")).collect();
    match entry.places.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

fn refused(entry: &Reviewed) -> Option<String> {
    let reasons: Vec<String> = entry.refused.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    (!reasons.is_empty()).then(|| format!("cannot move: {}", reasons.join(", ")))
}
