//! JUnit XML: a test suite for each file, a failed case for each finding.

use std::io::{self, Write};

use super::{Options, proofs};
use crate::outcome::Outcome;

/// A name, and the kind, summary and text of what is wrong.
struct Case {
    name: String,
    failure: Option<(&'static str, String)>,
    output: Option<String>,
}

pub fn write(outcome: &Outcome, options: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
    for file in &outcome.files {
        let findings = file.findings.iter().map(|finding| Case {
            name: format!("{}:{}", finding.code.code(), finding.start),
            failure: Some(("failure", format!("{}: {}", finding.start, finding.text()))),
            output: None,
        });
        let refusals = file.refusals.iter().map(|note| {
            let text = format!("{}: {}{}", note.start, note.message, proofs(note));
            let name = format!("{}:{}", note.code.name(), note.start);
            match options.strict {
                true => Case { name, failure: Some(("failure", text)), output: None },
                false => Case { name, failure: None, output: Some(text) },
            }
        });
        suites.push((file.path.clone(), findings.chain(refusals).collect()));
    }
    for problem in &outcome.problems {
        let failure = Some(("error", problem.message.clone()));
        suites.push((problem.path.clone(), vec![Case { name: problem.code.to_owned(), failure, output: None }]));
    }
    if suites.is_empty() {
        suites.push(("hotcold".to_owned(), vec![Case { name: "hotcold".to_owned(), failure: None, output: None }]));
    }

    let count = |cases: &[Case], kind| cases.iter().filter(|c| c.failure.as_ref().is_some_and(|f| f.0 == kind)).count();
    let total = |kind| suites.iter().map(|(_, cases)| count(cases, kind)).sum::<usize>();
    let tests: usize = suites.iter().map(|(_, cases)| cases.len()).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let (failures, errors) = (total("failure"), total("error"));
    writeln!(out, r#"<testsuites name="hotcold" tests="{tests}" failures="{failures}" errors="{errors}">"#)?;
    for (path, cases) in &suites {
        let (failures, errors) = (count(cases, "failure"), count(cases, "error"));
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{failures}" errors="{errors}">"#,
            escape(path),
            cases.len(),
        )?;
        for case in cases {
            write!(out, r#"    <testcase name="{}" classname="{}""#, escape(&case.name), escape(path))?;
            match (&case.failure, &case.output) {
                (Some((kind, text)), _) => writeln!(out, r#"><{kind} message="{}"/></testcase>"#, escape(text))?,
                (None, Some(text)) => writeln!(out, "><system-out>{}</system-out></testcase>", escape(text))?,
                (None, None) => writeln!(out, "/>")?,
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            // XML 1.0 has no other control characters.
            '\u{0}'..='\u{1f}' if character != '\t' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}
