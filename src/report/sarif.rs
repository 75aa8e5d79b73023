//! SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Options, explain};
use crate::outcome::{FindingCode, Outcome};
use crate::text::LineColumn;

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<Value> = FindingCode::ALL
        .iter()
        .map(|code| json!({ "id": code.code(), "name": code.name(), "shortDescription": { "text": explain::summary(*code) } }))
        .collect();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    let refused: BTreeSet<_> =
        outcome.files.iter().flat_map(|file| file.refusals.iter().map(|note| note.code)).collect();
    for code in refused {
        let (text, help) = (code.summary(), code.advice());
        rules.push(json!({
            "id": code.name(), "name": code.name(), "shortDescription": { "text": text }, "help": { "text": help },
        }));
    }
    for file in &outcome.files {
        for finding in &file.findings {
            results.push(json!({
                "ruleId": finding.code.code(),
                "level": "warning",
                "message": { "text": finding.text() },
                "locations": [location(&file.path, Some((finding.start, finding.end)))],
            }));
        }
        for note in &file.refusals {
            let related = note.proofs.iter().map(|proof| {
                let mut place = location(&proof.path, Some((proof.place, proof.place)));
                place["message"] = json!({ "text": proof.what });
                place
            });
            results.push(json!({
                "ruleId": note.code.name(),
                "level": if options.strict { "warning" } else { "note" },
                "message": { "text": note.message },
                "locations": [location(&file.path, Some((note.start, note.end)))],
                "relatedLocations": related.collect::<Vec<_>>(),
            }));
        }
    }
    for problem in &outcome.problems {
        notifications.push(json!({
            "level": "error",
            "descriptor": { "id": problem.code },
            "message": { "text": problem.message },
            "locations": [location(&problem.path, problem.place.map(|place| (place, place)))],
        }));
    }
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hotcold",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": outcome.problems.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn location(path: &str, place: Option<(LineColumn, LineColumn)>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(path) } });
    if let Some((start, end)) = place {
        physical["region"] = json!({
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        });
    }
    json!({ "physicalLocation": physical })
}

fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
