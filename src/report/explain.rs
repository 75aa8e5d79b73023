//! The arithmetic behind a verdict, and what a code means.

use std::io::{self, Write};

use super::style::{BOLD, Colour};
use crate::config::Config;
use crate::evidence::{ModuleEvidence, Pin, Source};
use crate::name::ModuleName;
use crate::outcome::{FindingCode, Prospect, Standing};
use crate::plan::{Code, Level};
use crate::policy::{Basis, CostModel, Costs, Place, Policy, Verdict, exception_comment, number};

/// What a finding code stands for, in a sentence.
pub fn summary(code: FindingCode) -> &'static str {
    match code {
        FindingCode::ColdImport => "A module-level import that belongs in the functions that use it.",
        FindingCode::HotImport => "A function-level import that belongs at module level.",
        FindingCode::ExceptionComment => {
            "A hot path exception whose standard comment is missing, outdated or no longer true."
        }
    }
}

/// The finding code that `text` names, by code or by name.
pub fn finding_code(text: &str) -> Option<FindingCode> {
    FindingCode::ALL.into_iter().find(|code| code.code().eq_ignore_ascii_case(text) || code.name() == text)
}

/// Explains HC001, HC002 or HC003.
pub fn write_finding(code: FindingCode, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let example = match code {
        FindingCode::ColdImport => &[
            "-import pandas",
            " ",
            " def report(rows):",
            "+    import pandas",
            "+",
            "     return pandas.DataFrame(rows)",
        ][..],
        FindingCode::HotImport => &[
            "+import boto3  # 350ms but 90% usage - HOT PATH EXCEPTION",
            "+",
            "+",
            " def handler(event):",
            "-    import boto3",
            "-",
            "     return boto3.client(\"s3\")",
        ],
        FindingCode::ExceptionComment => {
            &["-import boto3", "+import boto3  # 350ms but 90% usage - HOT PATH EXCEPTION"]
        }
    };
    writeln!(out, "{} ({})\n", colour.paint(BOLD, code.code()), code.name())?;
    writeln!(out, "{}\n", summary(code))?;
    for line in example {
        writeln!(out, "{}", format!("    {line}").trim_end())?;
    }
    writeln!(out)?;
    writeln!(out, "`# hotcold: keep` on the line of the import leaves it alone.")
}

/// Explains why a refusal of this code keeps an import where it is.
pub fn write_refusal(code: Code, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n\n{}\n", colour.paint(BOLD, code.name()), code.summary())?;
    writeln!(out, "What you can do: {}", code.advice())
}

/// Explains the verdict on `module` under `config`, and what becomes of `imports`, which are those of its key with their
/// paths.
pub fn write_module(
    module: &ModuleName,
    config: &Config,
    imports: &[(String, Standing)],
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some((key, evidence)) = config.lookup(module) else {
        return unknown(module, config, out);
    };
    let verdict = config.verdict(key);
    let title = match verdict.place {
        Place::Module => "module level",
        Place::Function => "the functions that use it",
        Place::Leave => "wherever it is",
    };
    writeln!(out, "{}: {title} ({})", colour.paint(BOLD, module), verdict.reason)?;
    if key != module {
        writeln!(out, "  covered by `{key}`")?;
    }
    writeln!(out)?;
    inputs(evidence, out)?;
    // A sum of what it loads says nothing of a module that is not heavy by it.
    if let Some(import_ms) = verdict.import_ms.filter(|_| verdict.heavy || verdict.basis == Basis::Measured) {
        comparison(&config.policy, import_ms, evidence, out)?;
        costs(&config.policy, import_ms, evidence, colour, out)?;
        rule(config, colour, out)?;
    }
    concerned(imports, colour, out)?;
    conclusion(&verdict, config, out)
}

fn unknown(module: &ModuleName, config: &Config, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{module}: unmeasured, so its imports stay wherever they are.\n")?;
    let file = config.path.as_deref().unwrap_or("hotcold.toml");
    let key = if module.as_str().contains('.') { format!("\"{module}\"") } else { module.to_string() };
    writeln!(out, "To have it judged, write in {file}, with numbers that you measured:\n")?;
    writeln!(out, "    [modules.{key}]\n    import-ms = 350\n    usage-percent = 90")
}

fn inputs(evidence: &ModuleEvidence, out: &mut dyn Write) -> io::Result<()> {
    let from = |source: &Option<Source>| source.as_ref().map_or(String::new(), |source| format!("   {source}"));
    let known = |value: Option<f64>, unit: &str| {
        value.map_or("unknown".to_owned(), |value| format!("{} {unit}", number(value)))
    };
    let sources = &evidence.sources;
    match (&evidence.import_ms, &evidence.loaded) {
        (None, Some(loaded)) => {
            let modules: Vec<String> = loaded.modules.iter().map(|module| format!("`{module}`")).collect();
            let what = if modules.is_empty() { "nothing that was measured".to_owned() } else { modules.join(", ") };
            writeln!(
                out,
                "  import time     {:>12}   derived from what it loads: {what}",
                known(Some(loaded.ms), "ms")
            )?;
        }
        (import_ms, _) => {
            writeln!(out, "  import time     {:>12}{}", known(*import_ms, "ms"), from(&sources.import_ms))?;
        }
    }
    writeln!(out, "  usage           {:>12}{}", known(evidence.usage_percent, "%"), from(&sources.usage_percent))?;
    if evidence.critical_path {
        writeln!(out, "  critical path   {:>12}{}", "yes", from(&sources.critical_path))?;
    }
    if let Some(pin) = evidence.pin {
        let place = match pin {
            Pin::Module => "module",
            Pin::Function => "function",
        };
        writeln!(out, "  pinned to       {place:>12}{}", from(&sources.pin))?;
    }
    writeln!(out)
}

/// The thresholds that the rule looks at, with what is above them.
fn comparison(policy: &Policy, import_ms: f64, evidence: &ModuleEvidence, out: &mut dyn Write) -> io::Result<()> {
    let compare = |value: f64, limit: f64| if value > limit { ">" } else { "<=" };
    let sign = compare(import_ms, policy.heavy_ms);
    let heavy = if import_ms > policy.heavy_ms { "heavy" } else { "not heavy" };
    writeln!(out, "  {} ms {sign} {} ms (heavy-ms): {heavy}", number(import_ms), number(policy.heavy_ms))?;
    if let Some(light_ms) = policy.light_ms
        && import_ms < light_ms
    {
        writeln!(out, "  {} ms < {} ms (light-ms): light", number(import_ms), number(light_ms))?;
    }
    if let Some(percent) = evidence.usage_percent {
        let sign = compare(percent, policy.hot_percent);
        let hot = if percent > policy.hot_percent { "hot path by usage" } else { "not hot by usage" };
        writeln!(out, "  {} % {sign} {} % (hot-percent): {hot}", number(percent), number(policy.hot_percent))?;
    }
    if !policy.hot_path_exceptions {
        writeln!(out, "  hot-path-exceptions = false: no exceptions are made")?;
    }
    writeln!(out)
}

fn costs(
    policy: &Policy,
    import_ms: f64,
    evidence: &ModuleEvidence,
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (requests, cold) = (number(policy.daily_requests), number(policy.cold_start_percent));
    let title = format!("Costs in ms a day, at {requests} requests and {cold} % cold starts");
    writeln!(out, "{}", colour.paint(BOLD, title))?;
    for model in CostModel::ALL {
        let decides = if model == policy.cost_model { "decides" } else { "for comparison" };
        writeln!(out, "  {model} ({decides})")?;
        let ms = number(import_ms);
        if let Some(percent) = evidence.usage_percent {
            let cost = Costs::of(policy, import_ms, percent).under(model);
            let used = number(percent);
            writeln!(out, "    module    {ms} * {requests} * {cold}% = {}", number(cost.module))?;
            match model {
                CostModel::PerRequest => {
                    writeln!(out, "    function  {ms} * {used}% * {requests} = {}", number(cost.function))?;
                }
                CostModel::PerContainer => {
                    let served = number(100.0 / policy.cold_start_percent);
                    let overhead = policy.lazy_load_overhead_ms;
                    let first = format!("{ms} * {requests} * {cold}% * (1 - (1 - {used}%)^{served})");
                    let then = format!("{overhead} * {used}% * {requests}");
                    writeln!(out, "    function  {first} + {then} = {}", number(cost.function))?;
                }
            }
            let cheaper = if cost.module < cost.function {
                format!("module level is cheaper, {}", cost.factor())
            } else if cost.module > cost.function {
                format!("function level is cheaper, {}", cost.factor())
            } else {
                "equal, so function level".to_owned()
            };
            writeln!(out, "    {cheaper}")?;
        }
        match Costs::break_even_percent(policy, import_ms, model) {
            Some(percent) => {
                writeln!(out, "    break-even: module level is cheaper above {} % usage", number(percent))?
            }
            None => writeln!(out, "    break-even: module level is never cheaper")?,
        }
    }
    writeln!(out)
}

/// The numbers that hold for all modules, and where they come from.
fn rule(config: &Config, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let policy = &config.policy;
    let numbers = [
        ("heavy-ms", policy.heavy_ms),
        ("hot-percent", policy.hot_percent),
        ("daily-requests", policy.daily_requests),
        ("cold-start-percent", policy.cold_start_percent),
        ("lazy-load-overhead-ms", policy.lazy_load_overhead_ms),
    ];
    writeln!(out, "{}", colour.paint(BOLD, "Numbers of the rule"))?;
    for (key, value) in numbers {
        let source = config.policy_sources.get(key).map_or("as LMMS-DEC-02 has it".to_owned(), Source::to_string);
        writeln!(out, "  {key:<21}  {:>8}   {source}", number(value))?;
    }
    writeln!(out)
}

/// Imports of the module, and what a fix does with each.
fn concerned(imports: &[(String, Standing)], colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    const SHOWN: usize = 20;
    let title = match imports.len() {
        0 => return writeln!(out, "No import of it was found.\n"),
        1 => "1 import".to_owned(),
        count => format!("{count} imports"),
    };
    writeln!(out, "{}", colour.paint(BOLD, title))?;
    let places: Vec<String> =
        imports.iter().take(SHOWN).map(|(path, standing)| format!("{path}:{}", standing.place)).collect();
    let width = places.iter().map(String::len).max().unwrap_or(0);
    for (place, (_, standing)) in places.iter().zip(imports) {
        let level = match standing.level {
            Level::Module => "at module level",
            Level::Function => "in a function",
        };
        let prospect = match (standing.prospect, standing.level, standing.verdict.place) {
            (Prospect::Changes, Level::Module, Place::Function) => "moves to the functions that use it".to_owned(),
            (Prospect::Changes, Level::Function, _) => "moves to module level".to_owned(),
            (Prospect::Changes, ..) => "gets its comment".to_owned(),
            (Prospect::Refused(code), ..) => format!("cannot move: {code}", code = code.name()),
            (Prospect::Stays, ..) => "stays".to_owned(),
        };
        writeln!(out, "  {place:<width$}   {level}, {prospect}")?;
    }
    if imports.len() > SHOWN {
        writeln!(out, "  and {} more", imports.len() - SHOWN)?;
    }
    writeln!(out)
}

fn conclusion(verdict: &Verdict, config: &Config, out: &mut dyn Write) -> io::Result<()> {
    if verdict.models_disagree() {
        writeln!(
            out,
            "The cost models disagree: {} says {}, {} says {}. CPython keeps a module for the life of the process, \
             which is what per-container counts; `cost-model` chooses.",
            verdict.cost_model,
            verdict.place,
            verdict.cost_model.other(),
            verdict.other_model_place,
        )?;
    } else {
        writeln!(out, "Both cost models lead to the same verdict.")?;
    }
    match exception_comment(verdict) {
        Some(comment) if config.exception_comments => writeln!(out, "Its comment: # {comment}"),
        _ => Ok(()),
    }
}
