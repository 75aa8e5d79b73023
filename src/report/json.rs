//! The versioned machine format, whole or one object a line. Its words are a contract: they are not those of our types.

mod startup;

use std::io::{self, Write};

use serde::Serialize;

use super::Options;
use crate::outcome::{Finding, Note, Outcome, PatchTarget, Problem, Statistics};
use crate::policy::{Basis, Cost, Verdict};
use crate::text::LineColumn;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<FindingObject<'a>>,
    refusals: Vec<RefusalObject<'a>>,
    problems: Vec<ProblemObject<'a>>,
    startup: startup::StartupObject<'a>,
    statistics: &'a Statistics,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FindingObject<'a> {
    code: &'a str,
    name: &'a str,
    module: &'a str,
    path: &'a str,
    start: PlaceObject,
    end: PlaceObject,
    message: String,
    verdict: VerdictObject,
    /// What the move means at start, in sentences.
    notes: &'a [String],
    patch_targets: Vec<PatchTargetObject<'a>>,
}

#[derive(Serialize)]
struct PatchTargetObject<'a> {
    path: &'a str,
    start: PlaceObject,
    end: PlaceObject,
    old: &'a str,
    new: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RefusalObject<'a> {
    code: &'a str,
    finding: &'a str,
    module: &'a str,
    path: &'a str,
    start: PlaceObject,
    end: PlaceObject,
    message: &'a str,
    advice: &'a str,
    proofs: Vec<ProofObject<'a>>,
}

#[derive(Serialize)]
struct ProofObject<'a> {
    path: &'a str,
    start: PlaceObject,
    what: &'a str,
}

#[derive(Serialize)]
struct ProblemObject<'a> {
    code: &'a str,
    path: &'a str,
    start: Option<PlaceObject>,
    message: &'a str,
}

#[derive(Serialize)]
struct PlaceObject {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct VerdictObject {
    place: String,
    reason: String,
    import_ms: Option<f64>,
    /// `measured`, or `derived` from what a module of the project loads at import.
    basis: &'static str,
    usage_percent: Option<f64>,
    critical_path: bool,
    cost_model: &'static str,
    costs: Option<CostsObject>,
    models_disagree: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CostsObject {
    per_request: CostObject,
    per_container: CostObject,
}

#[derive(Serialize)]
struct CostObject {
    module: f64,
    function: f64,
}

pub fn write(outcome: &Outcome, _: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        version: 1,
        findings: findings(outcome).collect(),
        refusals: refusals(outcome).collect(),
        problems: outcome.problems.iter().map(problem).collect(),
        startup: startup::startup(&outcome.startup),
        statistics: &outcome.statistics,
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// Each object says in `kind` what it is; the last is the statistics.
pub fn write_lines(outcome: &Outcome, _: &Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'k, T> {
        version: u32,
        kind: &'k str,
        #[serde(flatten)]
        object: T,
    }
    fn line(kind: &str, object: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &Line { version: 1, kind, object })?;
        writeln!(out)
    }
    findings(outcome).try_for_each(|object| line("finding", object, out))?;
    refusals(outcome).try_for_each(|object| line("refusal", object, out))?;
    outcome.problems.iter().map(problem).try_for_each(|object| line("problem", object, out))?;
    line("statistics", &outcome.statistics, out)
}

fn findings(outcome: &Outcome) -> impl Iterator<Item = FindingObject<'_>> {
    outcome.files.iter().flat_map(|file| file.findings.iter().map(|found| finding(&file.path, found)))
}

fn refusals(outcome: &Outcome) -> impl Iterator<Item = RefusalObject<'_>> {
    outcome.files.iter().flat_map(|file| file.refusals.iter().map(|note| refusal(&file.path, note)))
}

fn finding<'a>(path: &'a str, finding: &'a Finding) -> FindingObject<'a> {
    FindingObject {
        code: finding.code.code(),
        name: finding.code.name(),
        module: finding.module.as_str(),
        path,
        start: place(finding.start),
        end: place(finding.end),
        message: finding.text(),
        verdict: verdict(&finding.verdict),
        notes: &finding.notes,
        patch_targets: finding.companions.iter().map(patch_target).collect(),
    }
}

fn patch_target(target: &PatchTarget) -> PatchTargetObject<'_> {
    PatchTargetObject {
        path: &target.path,
        start: place(target.start),
        end: place(target.end),
        old: &target.old,
        new: &target.new,
    }
}

fn refusal<'a>(path: &'a str, note: &'a Note) -> RefusalObject<'a> {
    let proofs = note.proofs.iter();
    RefusalObject {
        code: note.code.name(),
        finding: note.finding.code(),
        module: note.module.as_str(),
        path,
        start: place(note.start),
        end: place(note.end),
        message: &note.message,
        advice: note.code.advice(),
        proofs: proofs
            .map(|proof| ProofObject { path: &proof.path, start: place(proof.place), what: &proof.what })
            .collect(),
    }
}

fn problem(problem: &Problem) -> ProblemObject<'_> {
    ProblemObject {
        code: problem.code,
        path: &problem.path,
        start: problem.place.map(place),
        message: &problem.message,
    }
}

fn verdict(verdict: &Verdict) -> VerdictObject {
    let cost = |cost: Cost| CostObject { module: cost.module, function: cost.function };
    VerdictObject {
        place: verdict.place.to_string(),
        reason: verdict.reason.to_string(),
        import_ms: verdict.import_ms,
        basis: match verdict.basis {
            Basis::Measured => "measured",
            Basis::Derived => "derived",
        },
        usage_percent: verdict.usage_percent,
        critical_path: verdict.critical_path,
        cost_model: verdict.cost_model.name(),
        costs: verdict.costs.map(|costs| CostsObject {
            per_request: cost(costs.per_request),
            per_container: cost(costs.per_container),
        }),
        models_disagree: verdict.models_disagree(),
    }
}

fn place(place: LineColumn) -> PlaceObject {
    PlaceObject { line: place.line, column: place.column }
}
