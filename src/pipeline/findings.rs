//! A plan in the words of the outcome: what is out of place, and what stays and why. Decides nothing.

use super::companions;
use crate::outcome::{Finding, FindingCode, Note, Proof};
use crate::plan::{At, Code, Destination, File, Level, Plan, Refusal, Subject};

pub(super) fn findings(file: &File<'_>, plan: &Plan<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for planned in &plan.moves {
        let subject = planned.subject();
        let figures = subject.verdict.figures();
        let figures = if figures.is_empty() { String::new() } else { format!(" ({figures})") };
        let (code, message) = match planned.to() {
            Destination::Functions(receivers) => {
                let places = names(receivers.iter().map(|receiver| file.name_of_receiver(receiver)));
                let hints = planned.hints().map_or("", |_| ", and under `if TYPE_CHECKING:` for annotations");
                (FindingCode::ColdImport, format!("`{}`{figures} belongs in {places}{hints}", subject.module()))
            }
            Destination::Hints => {
                let message = format!("`{}`{figures} belongs under `if TYPE_CHECKING:`", subject.module());
                (FindingCode::ColdImport, format!("{message}: only annotations name it"))
            }
            Destination::Module(_) => {
                (FindingCode::HotImport, format!("`{}`{figures} belongs at module level", subject.module()))
            }
            Destination::Present => {
                (FindingCode::HotImport, format!("`{}`{figures} is imported at module level already", subject.module()))
            }
        };
        let mut finding = finding(file, subject, code, message);
        finding.to = match planned.to() {
            Destination::Functions(receivers) => {
                receivers.iter().map(|receiver| file.name_of_receiver(receiver)).collect()
            }
            Destination::Hints => vec!["`if TYPE_CHECKING:`".to_owned()],
            Destination::Module(_) | Destination::Present => vec!["module level".to_owned()],
        };
        finding.companions = planned.companions().iter().map(companions::note).collect();
        findings.push(finding);
    }
    for change in &plan.comments {
        let message = match &change.comment {
            Some(comment) => format!("`{}` needs the comment `# {comment}`", change.subject.module()),
            None => format!("`{}` is not a hot path exception any more", change.subject.module()),
        };
        findings.push(finding(file, &change.subject, FindingCode::ExceptionComment, message));
    }
    findings.sort_by_key(|finding| (finding.start, finding.code));
    findings
}

/// "`a`", "`a` and `b`", "`a`, `b` and 3 more functions".
fn names(mut blocks: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = blocks.by_ref().take(2).collect();
    match (shown.as_slice(), blocks.count()) {
        ([one], _) => one.clone(),
        ([one, two], 0) => format!("{one} and {two}"),
        ([one, two], 1) => format!("{one}, {two} and one more function"),
        ([one, two], rest) => format!("{one}, {two} and {rest} more functions"),
        _ => String::new(),
    }
}

fn finding(file: &File<'_>, subject: &Subject, code: FindingCode, message: String) -> Finding {
    let span = file.span_of(subject);
    Finding {
        code,
        module: subject.key.clone(),
        start: file.module.line_column(span.start()),
        end: file.module.line_column(span.end()),
        message,
        verdict: (*subject.verdict).clone(),
        notes: Vec::new(),
        companions: Vec::new(),
        identity: file.identity(subject),
        to: Vec::new(),
    }
}

pub(super) fn note(file: &File<'_>, subject: &Subject, refusal: &Refusal) -> Note {
    let span = file.span_of(subject);
    let proofs = refusal.places.iter().map(|place| match &place.at {
        At::Here(span) => Proof {
            path: file.index().path.clone(),
            place: file.module.line_column(span.start()),
            what: place.what.clone(),
        },
        At::File { path, place: at } => Proof { path: path.clone(), place: *at, what: place.what.clone() },
    });
    Note {
        code: refusal.code,
        finding: match subject.level {
            Level::Module => FindingCode::ColdImport,
            Level::Function => FindingCode::HotImport,
        },
        module: subject.key.clone(),
        start: file.module.line_column(span.start()),
        end: file.module.line_column(span.end()),
        message: message(subject, refusal.code),
        proofs: proofs.collect(),
    }
}

fn message(subject: &Subject, code: Code) -> String {
    let place = match subject.level {
        Level::Module => "stays at module level",
        Level::Function => "stays in the function",
    };
    format!("`{}` {place}: {}", subject.module(), code.summary())
}
