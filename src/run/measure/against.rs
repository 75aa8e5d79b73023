//! `hotcold measure --entry MODULE --against REV`: one start at a revision and in the working tree, measured and
//! predicted.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hotcold::cli::{Exit, Measure};
use hotcold::config::{Config, Loader, Overrides};
use hotcold::measure::{self, Bench, Failure, Once, Side};
use hotcold::name::ModuleName;
use hotcold::outcome::Startup;
use hotcold::pipeline::{self, Extent, Filter, Inputs};
use hotcold::plan::{NOTHING_DECLINED, Safety};
use hotcold::report::against::{self as report, Against, Predicted};
use hotcold::source::{self, Checkout, Repository, Selection};

use super::{bench, timeout};
use crate::run::{inputs, read_configuration, settings, working_directory};
use crate::terminal::Terminal;

/// Pairs of starts, if nobody says how many: the ratio of two medians needs more than one median does.
const PAIRS: usize = 11;

/// One state of the project.
struct Tree<'t> {
    /// `HEAD~1 (695e704f1a)`, `the working tree`
    name: String,
    /// The top folder, canonical.
    top: &'t Path,
    /// Where the user stands in it.
    working_directory: PathBuf,
    /// Where the configuration stands in it, and where the interpreter runs.
    folder: PathBuf,
    /// What `--config` names.
    config: Option<PathBuf>,
}

pub(super) fn against(
    request: &Measure,
    entry: &ModuleName,
    revision: &str,
    config: &Config,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    let here = working_directory()?;
    let folder = config.root.clone().unwrap_or_else(|| here.clone());
    let repository = Repository::around(&folder).context("cannot compare with a revision")?;
    let revision = repository.revision(revision).context("cannot compare with a revision")?;
    let new = working_tree(request, &repository, &here, &folder)?;
    let checkout =
        repository.check_out(&revision).with_context(|| format!("cannot get the files of {}", revision.name))?;
    let old = moved(&new, format!("{} ({})", revision.name, revision.short()), &checkout)?;

    // Byte code goes where nothing of the user's is, also where a link of the revision leads out of the checkout.
    let byte_code = Some(checkout.aside("byte-code"));
    let bench = |tree: &Tree<'_>| bench(request.python.as_deref(), timeout(request), &tree.folder, byte_code.clone());
    let (old_bench, new_bench) = (bench(&old)?, bench(&new)?);
    let old_file = warm(&old_bench, entry, &old, &new)?;
    let new_file = warm(&new_bench, entry, &new, &old)?;
    let pairs = request.runs.map_or(PAIRS, |runs| runs.max(measure::FEWEST_RUNS));
    let progress = terminal.progress();
    let measured = measure::compare(&old_bench, &new_bench, entry, pairs, &|done| progress.step(done, pairs));
    progress.finish();
    let measured = measured.map_err(|side| match side {
        Side::Before(failure) => failed(&old, &failure),
        Side::After(failure) => failed(&new, &failure),
    })?;

    let before = startup(&old, entry, new.top)?;
    let after = startup(&new, entry, new.top)?;
    let unmeasured = |startup: &Startup| startup.entries.iter().flat_map(|entry| entry.unmeasured.clone()).collect();
    let found = Against {
        entry,
        revision: old.name.clone(),
        python: &new_bench.version,
        measured: &measured,
        predicted: predicted((&before, &old_file), (&after, &new_file)),
        unmeasured: union(unmeasured(&before.startup), unmeasured(&after.startup)),
        separate: union(before.startup.separate, after.startup.separate),
        submodules: &checkout.submodules,
    };
    report::write(&found, terminal.stdout, &mut io::stdout().lock())?;
    Ok(Exit::Success)
}

fn working_tree<'t>(
    request: &Measure,
    repository: &'t Repository,
    here: &Path,
    folder: &Path,
) -> anyhow::Result<Tree<'t>> {
    let real =
        |path: &Path| fs::canonicalize(path).with_context(|| format!("cannot follow the path {}", path.display()));
    Ok(Tree {
        name: "the working tree".to_owned(),
        top: &repository.top,
        working_directory: real(here)?,
        folder: real(folder)?,
        config: request.config.as_deref().map(real).transpose()?,
    })
}

/// The same places at the revision.
fn moved<'t>(new: &Tree<'_>, name: String, checkout: &'t Checkout) -> anyhow::Result<Tree<'t>> {
    let moved = |path: &Path| {
        let inside = path.strip_prefix(new.top).ok();
        let outside = || format!("{} lies outside the repository {}", path.display(), new.top.display());
        inside.map(|inside| checkout.top.join(inside)).with_context(outside)
    };
    let folder = moved(&new.folder)?;
    let shown = new.folder.strip_prefix(new.top).unwrap_or(&new.folder).display();
    anyhow::ensure!(folder.is_dir(), "there is no folder `{shown}` at {name}");
    // Where the user stands matters to messages only.
    let working_directory = moved(&new.working_directory).unwrap_or_else(|_| folder.clone());
    let config = new.config.as_deref().map(moved).transpose()?;
    Ok(Tree { name, top: &checkout.top, working_directory, folder, config })
}

/// Imports the entry until its byte code is warm, and tells its file. Fails if it, or another file that both trees have,
/// was loaded from elsewhere: what is measured then would not be what was asked for.
fn warm(bench: &Bench, entry: &ModuleName, tree: &Tree<'_>, other: &Tree<'_>) -> anyhow::Result<PathBuf> {
    let once = bench.once(entry).map_err(|failure| failed(tree, &failure))?;
    let why = "an installed package, PYTHONPATH or an import hook leads there";
    let file = origin(&once, entry.as_str());
    let from = file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    let file = file
        .filter(|file| file.starts_with(tree.top) && !is_of_other(file, tree, other))
        .with_context(|| format!("{}: `{entry}` is loaded from {from}, which is not of that tree: {why}", tree.name))?;
    for module in once.origins.keys() {
        if let Some(file) = origin(&once, module).filter(|file| is_of_other(file, tree, other)) {
            anyhow::bail!(
                "{}: `{module}` is loaded from {}, which is not of that tree: {why}",
                tree.name,
                file.display()
            );
        }
    }
    // What is imported only by what was imported before is compiled now.
    bench.once(entry).map_err(|failure| failed(tree, &failure))?;
    Ok(file)
}

/// The file of a module, canonical.
fn origin(once: &Once, module: &str) -> Option<PathBuf> {
    fs::canonicalize(once.origins.get(module)?.as_ref()?).ok()
}

/// Whether a file is the other tree's, where this one has its own. What stands in the working tree alone, a virtual
/// environment for one, is for both.
fn is_of_other(file: &Path, tree: &Tree<'_>, other: &Tree<'_>) -> bool {
    let inside = file.strip_prefix(other.top).ok().filter(|_| !file.starts_with(tree.top));
    inside.is_some_and(|inside| tree.top.join(inside).exists())
}

fn failed(tree: &Tree<'_>, failure: &Failure) -> anyhow::Error {
    let Failure { module, why } = failure;
    anyhow::anyhow!("{}: `{module}` {why}", tree.name)
}

/// What the evidence tells of a tree.
struct Foretold {
    startup: Startup,
    /// The files that were looked at, canonical.
    files: BTreeSet<PathBuf>,
    /// The top folder of the project that each entry's path is relative to.
    folder: PathBuf,
}

/// Runs the analysis on a tree with the configuration and the evidence of the working tree, whose top folder is `top`.
fn startup(tree: &Tree<'_>, entry: &ModuleName, top: &Path) -> anyhow::Result<Foretold> {
    let read = |path: &Path| match path.strip_prefix(tree.top) {
        Ok(inside) => read_configuration(&top.join(inside)),
        Err(_) => read_configuration(path),
    };
    let overrides = Overrides {
        config: tree.config.clone(),
        writes_evidence: true,
        entry: Some(entry.clone()),
        ..Overrides::default()
    };
    let mut loader = Loader::new(&read, &tree.working_directory, overrides);
    let paths = [tree.folder.clone()];
    let selection = Selection { paths: &paths, working_directory: tree.top, force_exclude: false };
    let found = source::discover(&selection, &mut loader)?;
    let mut foretold = Foretold { startup: Startup::default(), files: BTreeSet::new(), folder: PathBuf::new() };
    // One path lies in one project.
    let Some(root) = found.roots.into_iter().next() else { return Ok(foretold) };
    let selected = || root.files.iter().filter(|entry| entry.selected);
    foretold.files = selected().filter_map(|entry| fs::canonicalize(&entry.path).ok()).collect();
    let inputs = Inputs {
        files: root.files.iter().filter_map(|entry| inputs::one(entry, None, &entry.relative).file).collect(),
        settings: settings(&root),
        only: &[],
        declined: NOTHING_DECLINED,
        safety: Safety::Safe,
        extent: Extent::Startup,
        filter: Filter::Irrelevant,
        progress: &|_, _| {},
    };
    let outcome = pipeline::run(inputs);
    foretold.startup = outcome.startup;
    foretold.files.retain(|file| !outcome.problems.iter().any(|problem| root.folder.join(&problem.path) == *file));
    foretold.folder = root.folder;
    Ok(foretold)
}

/// What the evidence predicts of both starts, which are those of these files.
fn predicted(before: (&Foretold, &Path), after: (&Foretold, &Path)) -> Predicted {
    if [before, after].iter().any(|(foretold, file)| !foretold.files.contains(*file)) {
        return Predicted::NoEntry;
    }
    let time = |(foretold, file): (&Foretold, &Path)| {
        let mut entries = foretold.startup.entries.iter();
        entries.find(|entry| foretold.folder.join(&entry.path) == file).map(|entry| entry.before_ms)
    };
    match (time(before), time(after)) {
        (None, None) => Predicted::NoEvidence,
        // A start that loads nothing of what is known takes no time of that.
        (before_ms, after_ms) => {
            Predicted::Times { before_ms: before_ms.unwrap_or(0.0), after_ms: after_ms.unwrap_or(0.0) }
        }
    }
}

fn union(mut one: Vec<ModuleName>, other: Vec<ModuleName>) -> Vec<ModuleName> {
    one.extend(other);
    one.sort();
    one.dedup();
    one
}
