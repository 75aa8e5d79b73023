//! The whole program as one function from texts to an outcome. Reads no disk, writes nothing.

mod companions;

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use smol_str::SmolStr;

use crate::config::{self, Config};
use crate::edit;
use crate::name::ModuleName;
use crate::outcome::{FileOutcome, Finding, FindingCode, Note, Outcome, Problem, Proof, Statistics};
use crate::plan::{self, At, Code, Companion, Destination, Facts, File, Level, Plan, Refusal, Subject};
use crate::policy;
use crate::project::{self, FileIndex, Project, ReadKind, Surroundings, module_of_path};
use crate::python::{self, Module};
use crate::semantic::Model;
use crate::sort::Sections;
use crate::text::{Edit, LineIndex};
use crate::verify;

/// One file of the project.
#[derive(Debug, Clone)]
pub struct Input {
    /// Relative to the project's root, with `/`.
    pub path: String,
    pub text: String,
    /// Named by the user, directly or through a folder.
    pub selected: bool,
    /// Stubs, scripts and generated files are read only.
    pub rewritable: bool,
    pub config: Arc<Config>,
}

/// What a run needs to know.
pub struct Inputs<'a> {
    pub files: Vec<Input>,
    /// Packaging settings, by their path: they name entry points.
    pub settings: Vec<(String, String)>,
    /// Modules to consider; empty means all that are configured.
    pub only: &'a [ModuleName],
    /// Called after each file of either pass, with the number of steps done and of all.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Checks every selected file, with the whole project in sight. The result depends on the inputs alone, not on the
/// number of threads.
pub fn run(inputs: Inputs<'_>) -> Outcome {
    let mut files = inputs.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let known: HashSet<SmolStr> =
        files.iter().filter_map(|file| module_of_path(&file.path)).map(|(name, _)| SmolStr::new(name.last())).collect();
    let steps = files.len() * 2;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let step = || (inputs.progress)(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, steps);

    let read: Vec<Read> = files
        .par_iter()
        .map(|file| {
            let read = read(file, &known);
            step();
            read
        })
        .collect();
    let (indexes, modules): (Vec<Option<FileIndex>>, Vec<_>) =
        read.into_iter().map(|read| (read.index, read.module)).unzip();
    let first_party = first_party(&files);
    let project = Project::new(indexes.into_iter().flatten().collect()).naming(entry_points(&inputs.settings));

    let mut results: Vec<Result<Option<Checked>, Problem>> = files
        .par_iter()
        .zip(modules)
        .map(|(file, module)| {
            let result = module.and_then(|module| match module {
                Some(module) => check(file, &module, &project, &first_party, inputs.only),
                None => Ok(None),
            });
            step();
            result
        })
        .collect();
    companions::settle(&files, &mut results, |input, module, companions| {
        check_with(input, module, &project, &first_party, inputs.only, companions)
    });
    let mut outcome = Outcome::default();
    for (file, result) in files.iter().zip(results) {
        if file.selected {
            outcome.statistics.files += 1;
        }
        match result {
            Ok(Some(checked)) => collect(&mut outcome, checked),
            Ok(None) => {}
            Err(problem) if file.selected => outcome.problems.push(problem),
            Err(_) => {}
        }
    }
    outcome
}

/// What packaging settings read of modules.
fn entry_points(settings: &[(String, String)]) -> Vec<(String, project::Read)> {
    let read = |path: &String, text: &String| {
        let entries = config::entry_points::read(path, text).into_iter();
        let reads = entries.map(|entry| project::Read {
            module: entry.module,
            name: SmolStr::new(entry.name),
            kind: ReadKind::String,
            place: entry.place,
        });
        reads.map(|read| (path.clone(), read)).collect::<Vec<_>>()
    };
    settings.iter().flat_map(|(path, text)| read(path, text)).collect()
}

/// A file after the first pass.
struct Read {
    index: Option<FileIndex>,
    /// Kept only if the second pass needs it.
    module: Result<Option<Module>, Problem>,
}

fn read(file: &Input, known: &HashSet<SmolStr>) -> Read {
    let module = match python::parse(file.text.clone()) {
        Ok(module) => module,
        Err(faults) => return Read { index: None, module: Err(problem(file, &faults)) },
    };
    let is_writable = file.selected && file.rewritable && !opted_out(&module);
    let is_cold = |name: &ModuleName| {
        file.config.lookup(name).is_some_and(|(key, _)| file.config.verdict(key).place == policy::Place::Function)
    };
    let line_length = file.config.line_length;
    let around = Surroundings { modules: known, is_writable, line_length, is_cold: &is_cold };
    let index = FileIndex::new(&file.path, &module, &around);
    let wanted = file.selected && file.rewritable && index.as_ref().is_some_and(|index| concerns(file, index));
    Read { index, module: Ok(wanted.then_some(module)) }
}

/// Whether the file imports a configured module, so that there may be something to do.
fn concerns(file: &Input, index: &FileIndex) -> bool {
    index.imports.iter().any(|module| file.config.lookup(module).is_some())
}

fn problem(file: &Input, faults: &[python::Fault]) -> Problem {
    let first = faults.first();
    Problem {
        path: file.path.clone(),
        place: first.map(|fault| LineIndex::new(&file.text).line_column(&file.text, fault.span.start())),
        code: first.map_or("parse-error", |fault| fault.kind.code()),
        message: first.map(ToString::to_string).unwrap_or_default(),
    }
}

/// Top-level names that isort would take for first-party: folders and files of the root and of `src`.
fn first_party(files: &[Input]) -> Arc<std::collections::BTreeSet<SmolStr>> {
    let mut names = std::collections::BTreeSet::new();
    for file in files {
        for path in [Some(file.path.as_str()), file.path.strip_prefix("src/")].into_iter().flatten() {
            let name = match path.split_once('/') {
                Some((folder, _)) => Some(folder),
                None => path.strip_suffix(".py"),
            };
            names.extend(name.map(SmolStr::new));
        }
    }
    Arc::new(names)
}

/// One file's part of the outcome.
struct Checked {
    file: FileOutcome,
    problem: Option<Problem>,
    statistics: Statistics,
    /// What changes in other files along with its moves.
    companions: Vec<Companion>,
}

fn check(
    input: &Input,
    module: &Module,
    project: &Project,
    first_party: &std::collections::BTreeSet<SmolStr>,
    only: &[ModuleName],
) -> Result<Option<Checked>, Problem> {
    check_with(input, module, project, first_party, only, &[])
}

/// The same, with strings of the file that change along with moves in other files.
fn check_with(
    input: &Input,
    module: &Module,
    project: &Project,
    first_party: &std::collections::BTreeSet<SmolStr>,
    only: &[ModuleName],
    strings: &[Companion],
) -> Result<Option<Checked>, Problem> {
    if opted_out(module) {
        return Ok(None);
    }
    let Some(id) = project.find(&input.path) else { return Ok(None) };
    let model = Model::new(module);
    let facts = Facts::new(module, &model);
    let file = File { module, model: &model, project, id, config: &input.config, only, facts };
    let plan = plan::plan(&file);
    if plan.subjects.is_empty() && strings.is_empty() {
        return Ok(None);
    }
    let sections = sections(input, first_party);
    let (rewrite, problem) = match rewrite(&file, &plan, &sections, only, strings) {
        Ok(rewrite) => (rewrite, None),
        Err(violation) => {
            let message = format!(
                "{violation}; the file stays as it is. This is a bug in hotcold: please report it with the file"
            );
            let code = "self-check-failed";
            (None, Some(Problem { path: input.path.clone(), place: None, code, message }))
        }
    };
    let failed = problem.is_some();
    let companions = if failed { Vec::new() } else { companions::of(&plan) };
    let statistics =
        Statistics { patch_targets_changed: companions.len(), ..statistics(&plan, rewrite.is_some(), failed) };
    let findings = if failed { Vec::new() } else { findings(&file, &plan) };
    let refusals = plan.refused.iter().map(|(subject, refusal)| note(&file, subject, refusal)).collect();
    let file = FileOutcome { path: input.path.clone(), findings, refusals, rewrite };
    Ok(Some(Checked { file, problem, statistics, companions }))
}

/// `# hotcold: skip-file`
fn opted_out(module: &Module) -> bool {
    let text = module.text();
    text.contains("hotcold:")
        && module.comments().iter().any(|comment| plan::directive(&text[*comment]) == Some("skip-file"))
}

fn sections(input: &Input, first_party: &std::collections::BTreeSet<SmolStr>) -> Sections {
    let mut names = first_party.clone();
    names.extend(input.config.known_first_party.iter().map(SmolStr::new));
    Sections { minor: input.config.target_minor(), first_party: names }
}

fn rewrite(
    file: &File<'_>,
    plan: &Plan<'_>,
    sections: &Sections,
    only: &[ModuleName],
    strings: &[Companion],
) -> Result<Option<verify::Rewrite>, verify::Violation> {
    if plan.changes_nothing() && strings.is_empty() {
        return Ok(None);
    }
    let new = strings.iter().map(|string| Edit::replace(string.content, string.new.as_str()));
    let edits = edit::lower(file, plan, sections).and_then(|edits| edits.with(new));
    let after = edits.map_err(|conflict| verify::Violation::Fault(conflict.to_string()))?.apply(file.module.text());
    let literals = verify::Literals { companions: strings, project: file.project };
    let proved =
        verify::prove_with(&file.index().path, file.module, file.index(), literals, after, |module, model| {
            let facts = Facts::new(module, model);
            let again = File { module, model, project: file.project, id: file.id, config: file.config, only, facts };
            plan::plan(&again).changes_nothing()
        })?;
    Ok(Some(proved))
}

fn findings(file: &File<'_>, plan: &Plan<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for planned in &plan.moves {
        let subject = planned.subject();
        let figures = subject.verdict.figures();
        let figures = if figures.is_empty() { String::new() } else { format!(" ({figures})") };
        let (code, message) = match planned.to() {
            Destination::Functions(functions) => {
                let places = names(functions.iter().map(|block| file.name_of_block(block)));
                (FindingCode::ColdImport, format!("`{}`{figures} belongs in {places}", subject.target.module))
            }
            Destination::Module(_) => {
                (FindingCode::HotImport, format!("`{}`{figures} belongs at module level", subject.target.module))
            }
            Destination::Present => (
                FindingCode::HotImport,
                format!("`{}`{figures} is imported at module level already", subject.target.module),
            ),
        };
        let mut finding = finding(file, subject, code, message);
        finding.companions = planned.companions().iter().map(companions::note).collect();
        findings.push(finding);
    }
    for change in &plan.comments {
        let message = match &change.comment {
            Some(comment) => format!("`{}` needs the comment `# {comment}`", change.subject.target.module),
            None => format!("`{}` is not a hot path exception any more", change.subject.target.module),
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
        companions: Vec::new(),
    }
}

fn note(file: &File<'_>, subject: &Subject, refusal: &Refusal) -> Note {
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
    format!("`{}` {place}: {}", subject.target.module, code.summary())
}

fn statistics(plan: &Plan<'_>, changed: bool, failed: bool) -> Statistics {
    let mut statistics = Statistics { files_changed: usize::from(changed), ..Statistics::default() };
    for subject in &plan.subjects {
        let verdict = &subject.verdict;
        let place = match verdict.place {
            policy::Place::Module => "module",
            policy::Place::Function => "function",
            policy::Place::Leave => "leave",
        };
        *statistics.verdicts.entry(format!("{place}: {}", verdict.reason)).or_default() += 1;
        match (subject.level, verdict.place) {
            (Level::Module, policy::Place::Function) => statistics.cold_imports += 1,
            (Level::Function, policy::Place::Module) => statistics.hot_imports += 1,
            _ => {}
        }
    }
    if !failed {
        for planned in &plan.moves {
            match planned.subject().level {
                Level::Module => statistics.cold_moved += 1,
                Level::Function => statistics.hot_moved += 1,
            }
        }
        statistics.comments_changed = plan.comments.len();
    }
    for (_, refusal) in &plan.refused {
        *statistics.refusals.entry(refusal.code.name().to_owned()).or_default() += 1;
    }
    statistics
}

fn collect(outcome: &mut Outcome, checked: Checked) {
    let Checked { file, problem, statistics, .. } = checked;
    outcome.problems.extend(problem);
    outcome.statistics.add(&statistics);
    if !file.findings.is_empty() || !file.refusals.is_empty() || file.rewrite.is_some() {
        outcome.files.push(file);
    }
}
