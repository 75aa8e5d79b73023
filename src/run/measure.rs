//! `hotcold measure`: runs the user's Python, prints what was found, and keeps it in the evidence file.

mod against;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use hotcold::cli::{Exit, Measure};
use hotcold::config::{Config, Loader, Overrides};
use hotcold::evidence::store::{Detail, Figure, Found};
use hotcold::measure::{self, Bench, Failure, Interpreter, Measurement};
use hotcold::name::ModuleName;
use hotcold::pipeline;
use hotcold::report::measure as report;

use super::{display, evidence, files_of, read_configuration, threads, working_directory};
use crate::terminal::Terminal;

pub fn measure(request: &Measure, terminal: &Terminal) -> anyhow::Result<Exit> {
    threads(None)?.install(|| measure_here(request, terminal))
}

fn measure_here(request: &Measure, terminal: &Terminal) -> anyhow::Result<Exit> {
    let working_directory = working_directory()?;
    let overrides = Overrides { config: request.config.clone(), writes_evidence: true, ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &working_directory, overrides);
    let config = loader.config(&working_directory)?;
    let folder = config.root.clone().unwrap_or_else(|| working_directory.clone());
    if let (Some(entry), Some(revision)) = (&request.entry, &request.against) {
        return against::against(request, entry, revision, &config, terminal);
    }
    let bench = bench(request.python.as_deref(), timeout(request), &folder, None)?;
    if let Some(entry) = &request.entry {
        return start(&bench, entry);
    }
    let modules = match request.modules.as_slice() {
        [] => imported(&folder, &mut loader)?,
        named => named.iter().cloned().collect(),
    };
    anyhow::ensure!(
        !modules.is_empty(),
        "no file of the project imports a module from outside: name modules to measure"
    );
    let runs = request.runs.unwrap_or(0).max(measure::FEWEST_RUNS);
    let taken = take(&bench, &modules, runs, &config, &folder, report::Rows::All, terminal)?;
    // A module that was asked for by name must be there.
    let failed = taken.failed > 0 && !request.modules.is_empty();
    Ok(if failed { Exit::Failure } else { Exit::Success })
}

/// What was measured, and kept.
pub(super) struct Taken {
    pub(super) measured: Vec<ModuleName>,
    pub(super) failed: usize,
}

/// Measures modules, prints what is found and keeps it in the evidence file.
pub(super) fn take(
    bench: &Bench,
    modules: &BTreeSet<ModuleName>,
    runs: usize,
    config: &Config,
    folder: &Path,
    rows: report::Rows,
    terminal: &Terminal,
) -> anyhow::Result<Taken> {
    let path = evidence::writable_place(config, folder)?;

    let progress = terminal.progress();
    let (mut measured, mut failures) = (Vec::new(), Vec::new());
    for (done, module) in modules.iter().enumerate() {
        match bench.measure(module, runs) {
            Ok(found) => measured.push(found),
            Err(failure) => failures.push(failure),
        }
        progress.step(done + 1, modules.len());
    }
    progress.finish();
    report::write_table(&measured, &failures, rows, terminal.stdout, &mut io::stdout().lock())?;
    evidence::keep(&path, &figures(&measured, config, bench), &[])?;
    if !terminal.quiet {
        let count = measured.len();
        writeln!(
            io::stderr().lock(),
            "{count} module{} written to {} (Python {}, median of {} runs)",
            if count == 1 { "" } else { "s" },
            display(&path, &working_directory()?),
            bench.version,
            runs
        )?;
    }
    let failed = failures.len();
    Ok(Taken { measured: measured.into_iter().map(|measurement| measurement.module).collect(), failed })
}

pub(super) fn bench(
    python: Option<&Path>,
    timeout: Duration,
    folder: &Path,
    byte_code: Option<PathBuf>,
) -> anyhow::Result<Bench> {
    let mut program = measure::interpreter(python);
    // A path is one from where the user stands, not from where the interpreter runs; a name alone is looked up on PATH.
    if program.components().count() > 1 {
        program = working_directory()?.join(program);
    }
    let src = folder.join("src");
    let interpreter = Interpreter {
        program: program.clone(),
        folder: folder.to_owned(),
        paths: if src.is_dir() { vec![src] } else { Vec::new() },
        byte_code,
        timeout,
    };
    Bench::new(interpreter)
        .with_context(|| format!("cannot measure with `{}`: name another with --python", program.display()))
}

fn timeout(request: &Measure) -> Duration {
    Duration::from_secs(request.timeout)
}

/// The tree of what a start imports, as it is.
fn start(bench: &Bench, entry: &ModuleName) -> anyhow::Result<Exit> {
    let explain = |Failure { module, why }: Failure| anyhow::anyhow!("`{module}` {why}");
    // The first start may have to write byte code.
    bench.start(entry).map_err(explain)?;
    let mut starts = Vec::new();
    for _ in 0..measure::FEWEST_RUNS {
        starts.push(bench.start(entry).map_err(explain)?);
    }
    let whole = |profile: &_| bench.row(profile, entry).map_or(0, |row| row.cumulative_us);
    starts.sort_by_key(whole);
    let median = &starts[starts.len() / 2];
    report::write_tree(median, bench.own_rows(), &mut io::stdout().lock())?;
    Ok(Exit::Success)
}

/// The modules from outside that files of the project import.
fn imported(folder: &Path, loader: &mut Loader<'_>) -> anyhow::Result<BTreeSet<ModuleName>> {
    Ok(pipeline::imported_modules(&files_of(folder, loader)?, &|_| true))
}

fn figures(measured: &[Measurement], config: &Config, bench: &Bench) -> Vec<Found> {
    let named = measured.iter().map(|found| found.module.as_str());
    let known: BTreeSet<&str> = named.chain(config.modules.keys().map(ModuleName::as_str)).collect();
    measured.iter().map(|measurement| found(measurement, &known, bench)).collect()
}

fn found(measurement: &Measurement, known: &BTreeSet<&str>, bench: &Bench) -> Found {
    let Measurement { module, import_ms, self_ms, loaded, memory, size, .. } = measurement;
    let others = loaded.iter().filter(|name| known.contains(name.as_str()) && *name != module.as_str());
    let loads = others.filter_map(|name| ModuleName::new(name)).collect();
    let mut details = vec![
        ("runs", Detail::Count(import_ms.runs() as u64)),
        ("spread-ms", Detail::Number(import_ms.spread())),
        ("python", Detail::Text(bench.version.clone())),
        ("self-ms", Detail::Number(self_ms.median())),
        ("modules", Detail::Count(loaded.len() as u64)),
    ];
    if let Some(memory) = memory {
        details.push(("memory-mb", Detail::Number(*memory as f64 / 1e6)));
    }
    if size.files > 0 {
        details.push(("files", Detail::Count(size.files)));
        details.push(("disk-mb", Detail::Number(size.bytes as f64 / 1e6)));
    }
    Found { module: module.clone(), figure: Figure::ImportMs(import_ms.median(), loads), source: details }
}
