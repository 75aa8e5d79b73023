//! GitLab's code quality report.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Options;
use crate::outcome::Outcome;
use crate::text::LineColumn;

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut seen = BTreeMap::new();
    let mut issues: Vec<Value> = Vec::new();
    let refusal_severity = if options.strict { "minor" } else { "info" };
    for file in &outcome.files {
        for finding in &file.findings {
            let key = (finding.code.code(), file.path.as_str(), finding.module.as_str());
            issues.push(issue(&mut seen, key, "minor", &finding.text(), Some((finding.start, finding.end))));
        }
        for note in &file.refusals {
            let key = (note.code.name(), file.path.as_str(), note.module.as_str());
            issues.push(issue(&mut seen, key, refusal_severity, &note.message, Some((note.start, note.end))));
        }
    }
    for problem in &outcome.problems {
        let place = problem.place.map(|place| (place, place));
        issues.push(issue(&mut seen, (problem.code, &problem.path, ""), "blocker", &problem.message, place));
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

/// Code, path and module of an issue: what stays the same when lines move.
type Key<'a> = (&'a str, &'a str, &'a str);

fn issue<'a>(
    seen: &mut BTreeMap<Key<'a>, usize>,
    key: Key<'a>,
    severity: &str,
    message: &str,
    place: Option<(LineColumn, LineColumn)>,
) -> Value {
    let (code, path, module) = key;
    let occurrence = seen.entry(key).and_modify(|count| *count += 1).or_insert(0);
    let fingerprint = fingerprint(&format!("{code}\0{path}\0{module}\0{occurrence}"));
    let (begin, end) = place.map_or((1, 1), |(start, end)| (start.line, end.line));
    json!({
        "description": message,
        "check_name": code,
        "fingerprint": format!("{fingerprint:016x}"),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": begin, "end": end } },
    })
}

/// FNV-1a, which stays the same across builds.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
