//! `hotcold measure`: runs the user's Python, prints what was found, and keeps it in the evidence file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hotcold::cli::{Exit, Measure};
use hotcold::config::{Config, EVIDENCE_FILE, Loader, Overrides};
use hotcold::evidence::store::{self, Detail, Figure, Found};
use hotcold::measure::{self, Bench, Failure, Interpreter, Measurement};
use hotcold::name::ModuleName;
use hotcold::pipeline;
use hotcold::report::measure as report;
use hotcold::source::{self, Selection};

use super::{display, input, place, read_configuration, working_directory};
use crate::terminal::Terminal;

pub fn measure(request: &Measure, terminal: &Terminal) -> anyhow::Result<Exit> {
    let working_directory = working_directory()?;
    let overrides = Overrides { config: request.config.clone(), writes_evidence: true, ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &working_directory, overrides);
    let config = loader.config(&working_directory)?;
    let folder = config.root.clone().unwrap_or_else(|| working_directory.clone());
    let bench = bench(request, &folder)?;
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
    let evidence = folder.join(config.evidence_file.as_deref().unwrap_or(Path::new(EVIDENCE_FILE)));
    let path = place::writable(&evidence, &folder).context("change `evidence` in the configuration")?;

    let progress = terminal.progress();
    let (mut measured, mut failures) = (Vec::new(), Vec::new());
    for (done, module) in modules.iter().enumerate() {
        match bench.measure(module, request.runs) {
            Ok(found) => measured.push(found),
            Err(failure) => failures.push(failure),
        }
        progress.step(done + 1, modules.len());
    }
    progress.finish();
    report::write_table(&measured, &failures, terminal.stdout, &mut io::stdout().lock())?;
    keep(&path, &measured, &config, &bench)?;
    if !terminal.quiet {
        let count = measured.len();
        writeln!(
            io::stderr().lock(),
            "{count} module{} written to {} (Python {}, median of {} runs)",
            if count == 1 { "" } else { "s" },
            display(&path, &working_directory),
            bench.version,
            request.runs.max(measure::FEWEST_RUNS)
        )?;
    }
    // A module that was asked for by name must be there.
    let failed = !failures.is_empty() && !request.modules.is_empty();
    Ok(if failed { Exit::Failure } else { Exit::Success })
}

fn bench(request: &Measure, folder: &Path) -> anyhow::Result<Bench> {
    let program = measure::interpreter(request.python.as_deref());
    let src = folder.join("src");
    let interpreter = Interpreter {
        program: program.clone(),
        folder: folder.to_owned(),
        paths: if src.is_dir() { vec![src] } else { Vec::new() },
        timeout: Duration::from_secs(request.timeout),
    };
    Bench::new(interpreter)
        .with_context(|| format!("cannot measure with `{}`: name another with --python", program.display()))
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
    let paths = [folder.to_owned()];
    let tree = source::discover(&Selection { paths: &paths, working_directory: folder, force_exclude: false }, loader)?;
    let entries = tree.roots.iter().flat_map(|root| &root.files);
    let files: Vec<_> = entries.filter_map(|entry| input(entry, None, &entry.relative).ok().flatten()).collect();
    Ok(pipeline::imported_modules(&files))
}

fn keep(path: &Path, measured: &[Measurement], config: &Arc<Config>, bench: &Bench) -> anyhow::Result<()> {
    let shown = path.display();
    let before = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
    };
    let known: BTreeSet<&str> = measured
        .iter()
        .map(|found| found.module.as_str())
        .chain(config.modules.keys().map(ModuleName::as_str))
        .collect();
    let found: Vec<Found> = measured.iter().map(|measurement| found(measurement, &known, bench)).collect();
    let after = store::update(before.as_deref().unwrap_or_default(), &found)
        .with_context(|| format!("{shown} stays as it is"))?;
    match before {
        Some(before) if before == after => Ok(()),
        Some(before) => source::write(path, &before, &after).with_context(|| format!("{shown}")),
        None => source::create(path, &after).with_context(|| format!("cannot write {shown}")),
    }
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
