//! A command from start to end: find files, run the analysis, hand the outcome to its sink, tell the exit code.
//! Check, diff and fix share everything but the sink.

mod bot;
mod evidence;
mod explain;
mod init;
mod inputs;
mod measure;
mod place;
mod sink;

mod track;
mod usage;

pub use bot::bot;
pub use explain::explain;
pub use init::init;
pub use measure::measure;
pub use track::track;
pub use usage::usage;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use hotcold::cli::{Action, Common, Exit, Origin, Run};
use hotcold::config::{Config, Loader, Overrides, entry_points};
use hotcold::outcome::Outcome;
use hotcold::pipeline::{self, Extent, Filter, Input, Inputs, Outlook};
use hotcold::plan::{Declined, Identity, NOTHING_DECLINED, Safety};
use hotcold::source::{self, Entry, Kind, Root, Selection, Tree};
use rayon::prelude::*;

use crate::terminal::{Progress, Terminal};

/// Deeply nested source needs deep recursion.
const STACK_SIZE: usize = 64 * 1024 * 1024;

/// The name of text from standard input that has none.
const UNNAMED: &str = "stdin.py";

/// Text from standard input, with the file that it stands for.
pub struct Stdin {
    path: PathBuf,
    shown: String,
    text: String,
}

/// Runs check, diff, fix or review.
pub fn run(run: &Run, terminal: &Terminal) -> anyhow::Result<Exit> {
    threads(run.common.jobs)?.install(|| run_here(run, terminal))
}

/// As many threads as there are cores, if nobody says how many.
fn threads(jobs: Option<u16>) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_SIZE)
        .num_threads(jobs.map_or(0, usize::from))
        .build()
        .context("cannot start threads")
}

fn run_here(run: &Run, terminal: &Terminal) -> anyhow::Result<Exit> {
    let working_directory = working_directory()?;
    let Found { outcome, stdin, judges } = find(run, &working_directory, NOTHING_DECLINED, terminal)?;
    let sink = sink::Sink { run, terminal, working_directory: &working_directory, stdin: stdin.as_ref(), judges };
    sink.take(outcome)
}

/// What an analysis gives.
struct Found {
    outcome: Outcome,
    stdin: Option<Stdin>,
    judges: sink::Judges,
}

/// Finds files from the working directory on and runs the analysis; paths in the outcome are relative to it, as are those
/// that `declined` is asked about.
fn find(run: &Run, working_directory: &Path, declined: Declined<'_>, terminal: &Terminal) -> anyhow::Result<Found> {
    let overrides = Overrides {
        config: run.common.config.clone(),
        target_version: run.common.target_version,
        exclude: run.common.exclude.clone(),
        ..Overrides::default()
    };
    let mut loader = Loader::new(&read_configuration, working_directory, overrides);
    let (mut tree, stdin) = match &run.origin {
        Origin::Paths(paths) => {
            let force_exclude = run.common.force_exclude;
            let selection = Selection { paths, working_directory, force_exclude };
            (source::discover(&selection, &mut loader)?, None)
        }
        Origin::Stdin(name) => {
            let (tree, stdin) = stdin(name.as_deref(), working_directory, run, &mut loader)?;
            (tree, Some(stdin))
        }
    };
    let judges = advise(&tree, run, terminal)?;

    let mut outcome = Outcome { problems: std::mem::take(&mut tree.problems), ..Outcome::default() };
    let progress = terminal.progress();
    let mut skipped = Vec::new();
    for root in tree.roots {
        let part = analyse(root, stdin.as_ref(), run, working_directory, declined, &progress, &mut skipped);
        outcome.files.extend(part.files);
        outcome.problems.extend(part.problems);
        outcome.statistics.add(&part.statistics);
        outcome.startup.add(part.startup);
    }
    progress.finish();
    warn_of_entries(&outcome, terminal)?;
    outcome.files.sort_by(|a, b| a.path.cmp(&b.path));
    outcome.problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    outcome.statistics.files_skipped += skipped.len();
    if terminal.verbose {
        let mut stderr = io::stderr().lock();
        for (path, why) in &skipped {
            writeln!(stderr, "read only: {path} ({why})")?;
        }
    }
    Ok(Found { outcome, stdin, judges })
}

/// Whether there is something that imports can be judged by; says so on standard error if not.
fn advise(tree: &Tree, run: &Run, terminal: &Terminal) -> io::Result<sink::Judges> {
    let configs =
        || tree.roots.iter().flat_map(|root| &root.files).filter(|file| file.selected).map(|file| &file.config);
    let mut warnings = Vec::new();
    let mut judges = sink::Judges::Nothing;
    if tree.roots.is_empty() {
        // No path could be read, which is told as a problem.
    } else if configs().next().is_none() {
        warnings.push("no Python files were found under the given paths".to_owned());
    } else if configs().all(|config| config.modules.is_empty()) {
        warnings.push(
            "no module is configured, so there is nothing to judge: write `[modules.boto3]` with `import-ms = 350` \
             and `usage-percent = 90` to hotcold.toml"
                .to_owned(),
        );
    } else {
        judges = sink::Judges::Something;
        for only in &run.common.only {
            let is_known = |config: &Arc<Config>| {
                config.lookup(only).is_some() || config.modules.keys().any(|module| module.is_within(only))
            };
            if !configs().any(is_known) {
                warnings.push(format!("`{only}` (--only) is not a configured module"));
            }
        }
    }
    if !terminal.quiet {
        let mut stderr = io::stderr().lock();
        for warning in warnings {
            writeln!(stderr, "warning: {warning}")?;
        }
    }
    Ok(judges)
}

/// Says which names in `entries` are no modules.
fn warn_of_entries(outcome: &Outcome, terminal: &Terminal) -> io::Result<()> {
    if terminal.quiet {
        return Ok(());
    }
    let mut stderr = io::stderr().lock();
    for (name, unknown) in &outcome.startup.named {
        let Some(unknown) = unknown else { continue };
        let meant = unknown.meant.as_ref().map_or(String::new(), |meant| format!(": did you mean `{meant}`?"));
        writeln!(stderr, "warning: {}: `{name}` in `entries` is no module of the project{meant}", unknown.source)?;
    }
    Ok(())
}

/// One project: reads its files, runs the analysis, and names files as the user would.
fn analyse(
    root: Root,
    stdin: Option<&Stdin>,
    run: &Run,
    working_directory: &Path,
    declined: Declined<'_>,
    progress: &Progress,
    skipped: &mut Vec<(String, &'static str)>,
) -> Outcome {
    let shown = |relative: &str| match stdin {
        Some(stdin) if root.folder.join(relative) == stdin.path => stdin.shown.clone(),
        _ => display(&root.folder.join(relative), working_directory),
    };
    let concerned = |entry: &Entry| entry.selected && !entry.config.is_empty();
    if !root.files.iter().any(concerned) {
        return Outcome::default();
    }
    let extent = match run.action {
        Action::Check { plan: true, .. } => Extent::Plan,
        Action::Check { plan: false, .. } | Action::Fix { .. } => Extent::Startup,
        Action::Diff => Extent::Moves,
        Action::Review => Extent::Review,
    };
    // An exception may name a module of which nothing is known any more.
    let filter = if run.action == Action::Review { Filter::Nothing } else { Filter::Irrelevant };
    let outlook = Outlook::new(root.files.iter().map(|entry| &entry.config), filter, extent);
    let read = inputs::all(&root.files, &outlook, |entry| inputs::one(entry, stdin, &shown(&entry.relative)));
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for (entry, read) in root.files.iter().zip(read) {
        problems.extend(read.problem);
        let Some(input) = read.file else { continue };
        if let (true, false, why) = (input.selected, input.rewritable, why_reader(entry)) {
            skipped.push((shown(&entry.relative), why));
        }
        files.push(input);
    }
    let step = |done, all| progress.step(done, all);
    let declined: Declined<'_> = &|identity| declined(&Identity { path: shown(&identity.path), ..identity.clone() });
    let (settings, only, safety) = (settings(&root), &run.common.only, safety(&run.common));
    let mut outcome =
        pipeline::run(Inputs { files, settings, only, declined, safety, extent, filter, progress: &step });
    for file in &mut outcome.files {
        file.path = shown(&file.path);
        file.findings.iter_mut().for_each(|finding| finding.identity.path = shown(&finding.identity.path));
        for proof in file.refusals.iter_mut().flat_map(|note| &mut note.proofs) {
            proof.path = shown(&proof.path);
        }
        for target in file.findings.iter_mut().flat_map(|finding| &mut finding.companions) {
            target.path = shown(&target.path);
        }
    }
    outcome.startup.paths_mut().for_each(|path| *path = shown(path));
    for problem in &mut outcome.problems {
        problem.path = shown(&problem.path);
    }
    outcome.problems.extend(problems);
    outcome
}

fn safety(common: &Common) -> Safety {
    if common.unsafe_moves { Safety::Unsafe } else { Safety::Safe }
}

/// The packaging settings in the folders of the project, relative to its root.
fn settings(root: &Root) -> Vec<(String, String)> {
    texts(root, &entry_points::FILES)
}

/// The files of these names in the folders of the project, relative to its root.
fn texts(root: &Root, names: &[&str]) -> Vec<(String, String)> {
    let mut known: HashSet<&Path> = HashSet::from_iter([&*root.folder]);
    for entry in &root.files {
        // What stands above a known folder is known.
        entry.path.ancestors().skip(1).find(|folder| !known.insert(folder));
    }
    let folders: BTreeSet<&Path> = known.into_iter().filter(|folder| folder.starts_with(&root.folder)).collect();
    let read = |path: PathBuf| {
        let text = source::read_leniently(&path)?;
        Some((source::with_slashes(path.strip_prefix(&root.folder).unwrap_or(&path)), text))
    };
    let paths = |folder: &Path| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
    folders.into_par_iter().flat_map_iter(paths).filter(|path| path.is_file()).filter_map(read).collect()
}

fn why_reader(entry: &Entry) -> &'static str {
    match entry.kind {
        Kind::Reader(why) => why,
        Kind::Rewritable => "generated file",
    }
}

/// The files of the project at `folder`, as far as they can be read.
fn files_of(folder: &Path, loader: &mut Loader<'_>) -> anyhow::Result<Vec<Input>> {
    let paths = [folder.to_owned()];
    let tree = source::discover(&Selection { paths: &paths, working_directory: folder, force_exclude: false }, loader)?;
    let entries = tree.roots.iter().flat_map(|root| &root.files);
    Ok(entries.filter_map(|entry| inputs::one(entry, None, &entry.relative).file).collect())
}

/// The project of the file that standard input stands for, with that file selected alone.
fn stdin(
    name: Option<&Path>,
    working_directory: &Path,
    run: &Run,
    loader: &mut Loader<'_>,
) -> anyhow::Result<(Tree, Stdin)> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(source::SIZE_LIMIT + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    anyhow::ensure!(bytes.len() as u64 <= source::SIZE_LIMIT, "standard input is larger than 32 MiB");
    let shown = name.map_or("-".to_owned(), |name| name.display().to_string());
    let text = source::decode(bytes, &shown).map_err(|problem| {
        let place = problem.place.map_or(String::new(), |place| format!(":{place}"));
        anyhow::anyhow!("{}{place}: {}", problem.path, problem.message)
    })?;

    let path = working_directory.join(name.unwrap_or(Path::new(UNNAMED)));
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    let folder = folder.unwrap_or_else(|| working_directory.to_owned());
    let path = folder.join(path.file_name().unwrap_or(UNNAMED.as_ref()));
    let mut tree = Tree::default();
    if name.is_some() {
        let paths = [folder.clone()];
        tree = source::discover(&Selection { paths: &paths, working_directory, force_exclude: false }, loader)?;
    }
    if tree.roots.is_empty() {
        tree.roots.push(Root { folder: folder.clone(), files: Vec::new() });
    }
    let config = loader.config(&folder)?;
    for root in &mut tree.roots {
        root.files.iter_mut().for_each(|entry| entry.selected = false);
        root.files.retain(|entry| entry.path != path);
        let mut entry = source::file(&path, &root.folder, Arc::clone(&config));
        entry.selected = !(run.common.force_exclude && config.exclude.contains(&path));
        if path.extension().is_some_and(|extension| extension == "pyi") {
            entry.kind = Kind::Reader("stub");
        }
        root.files.push(entry);
    }
    Ok((tree, Stdin { path, shown, text }))
}

fn working_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("the working directory is gone")
}

fn read_configuration(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return Err(io::Error::other("it is not a regular file"));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Relative to the working directory where it lies below, else absolute.
fn display(path: &Path, working_directory: &Path) -> String {
    source::with_slashes(path.strip_prefix(working_directory).unwrap_or(path))
}
