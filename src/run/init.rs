//! `hotcold init`: looks at the project in the working directory, measures if asked, and writes a configuration that was
//! not there.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hotcold::cli::{Exit, Init};
use hotcold::config::template::{self, Basis, Entries, Facts};
use hotcold::config::{Config, FILE_NAMES, Loader, Overrides, entry_points, handlers, is_key};
use hotcold::measure::FEWEST_RUNS;
use hotcold::name::ModuleName;
use hotcold::pipeline::{self, Input, Look};
use hotcold::policy::Policy;
use hotcold::report::init::{self as report, Measuring, Written};
use hotcold::report::measure::Rows;
use hotcold::sort::stdlib;
use hotcold::source::{self, Root, Selection};

use super::measure::{Taken, bench, take};
use super::{inputs, read_configuration, texts, threads, working_directory};
use crate::terminal::Terminal;

const FILE: &str = "hotcold.toml";

/// Imports that take less milliseconds are nobody's concern; they are measured and kept all the same.
const TOLD_MS: f64 = 10.0;

pub fn init(request: &Init, terminal: &Terminal) -> anyhow::Result<Exit> {
    threads(None)?.install(|| init_here(request, terminal))
}

fn init_here(request: &Init, terminal: &Terminal) -> anyhow::Result<Exit> {
    let folder = working_directory()?;
    let folder = fs::canonicalize(&folder).context("the working directory is gone")?;
    let above = unconfigured(&folder)?;
    let (look, files) = look(&folder)?;
    let measuring = match request.measure {
        true => measure(request, &look, &folder, terminal)?,
        false => Measuring::NotAsked,
    };
    let config = configured(&folder, "")?;
    let facts = facts(look, &config);
    let text = template::text(&facts);
    // What cannot be read again is not written.
    configured(&folder, &text).with_context(|| format!("{FILE} was not written, for a fault of hotcold's own"))?;
    source::create(&folder.join(FILE), &text).with_context(|| FILE.to_owned())?;
    if !terminal.quiet {
        let written = Written { file: FILE, facts: &facts, files, above: above.as_deref(), measuring };
        report::write(&written, terminal.stdout, &mut io::stdout().lock())?;
    }
    Ok(Exit::Success)
}

/// Fails if the folder has a configuration of its own; gives the one of a folder above.
fn unconfigured(folder: &Path) -> anyhow::Result<Option<String>> {
    let own = FILE_NAMES.iter().filter(|name| **name != "pyproject.toml");
    for name in own {
        // A link that leads nowhere is somebody's file, too.
        let is_there = fs::symlink_metadata(folder.join(name)).is_ok();
        anyhow::ensure!(!is_there, "{name} is there already and stays as it is: `hotcold check` goes by it");
    }
    let overrides = Overrides { writes_evidence: true, ..Overrides::default() };
    let config = Loader::new(&read_configuration, folder, overrides).config(folder)?;
    anyhow::ensure!(
        config.root.as_deref() != Some(folder),
        "pyproject.toml has [tool.hotcold] already, and a {FILE} would hide it: write settings there, such as \
         [tool.hotcold.modules.boto3]"
    );
    Ok(config.path.clone())
}

/// The configuration of the folder if its file had this text.
fn configured(folder: &Path, text: &str) -> anyhow::Result<Arc<Config>> {
    let read = as_if(folder, text);
    Ok(Loader::new(&read, folder, Overrides::default()).config(folder)?)
}

/// Reads files as if the folder had a configuration with this text.
fn as_if(folder: &Path, text: &str) -> impl Fn(&Path) -> io::Result<Option<Vec<u8>>> {
    let (file, text) = (folder.join(FILE), text.to_owned());
    move |path| if path == file { Ok(Some(text.clone().into_bytes())) } else { read_configuration(path) }
}

/// What is seen of the project, and how many Python files it has.
fn look(folder: &Path) -> anyhow::Result<(Look, usize)> {
    let read = as_if(folder, "");
    let mut loader = Loader::new(&read, folder, Overrides::default());
    let paths = [folder.to_owned()];
    let selection = Selection { paths: &paths, working_directory: folder, force_exclude: false };
    let tree = source::discover(&selection, &mut loader)?;
    let Some(root) = tree.roots.into_iter().next() else { return Ok((Look::default(), 0)) };
    let entries = root.files.iter().filter_map(|entry| inputs::one(entry, None, &entry.relative).file);
    let files: Vec<Input> = entries.collect();
    let count = files.iter().filter(|file| file.selected).count();
    Ok((pipeline::look(files, &named(&root)), count))
}

/// The modules that settings of the project name as what is started, those of the deployment first.
fn named(root: &Root) -> Vec<ModuleName> {
    let templates = texts(root, &handlers::FILES);
    let settings = texts(root, &entry_points::FILES);
    let deployed = templates.iter().flat_map(|(path, text)| handlers::read(path, text));
    let installed = settings.iter().flat_map(|(path, text)| entry_points::read(path, text));
    let mut modules = Vec::new();
    for module in deployed.chain(installed.map(|entry| entry.module)) {
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    modules
}

fn measure(request: &Init, look: &Look, folder: &Path, terminal: &Terminal) -> anyhow::Result<Measuring> {
    let modules: BTreeSet<ModuleName> = look.imported.iter().filter(|module| is_key(module)).cloned().collect();
    if modules.is_empty() {
        return Ok(Measuring::Done);
    }
    let bench = bench(request.python.as_deref(), Duration::from_secs(request.timeout), folder, None)?;
    let config = configured(folder, "")?;
    let Taken { measured, .. } = take(&bench, &modules, FEWEST_RUNS, &config, folder, Rows::From(TOLD_MS), terminal)?;
    let is_outside = |module: &ModuleName| !stdlib::is_stdlib(module.root());
    let is_nothing = modules.iter().any(is_outside) && !measured.iter().any(is_outside);
    Ok(if is_nothing { Measuring::NothingImportable } else { Measuring::Done })
}

/// What goes into the configuration, by what is seen and by what `config` knows of the modules from evidence.
fn facts(look: Look, config: &Config) -> Facts {
    let Look { entries, not_imported, imported } = look;
    let keys = |modules: Vec<ModuleName>| modules.into_iter().filter(is_key).collect::<Vec<_>>();
    let entries = match keys(entries) {
        none if none.is_empty() => Entries::Guessed(keys(not_imported)),
        named => Entries::Named(named),
    };
    let import_ms = |module: &ModuleName| config.lookup(module).and_then(|(_, found)| found.import_ms);
    let is_outside = |module: &ModuleName| !stdlib::is_stdlib(module.root());
    let outside = || imported.iter().filter(|module| is_outside(module));
    let is_measured = imported.iter().any(|module| import_ms(module).is_some())
        && (outside().next().is_none() || outside().any(|module| import_ms(module).is_some()));
    let heavy_ms = Policy::default().heavy_ms;
    let is_heavy = |module: &&ModuleName| import_ms(module).is_some_and(|ms| ms > heavy_ms);
    let modules = match is_measured {
        true => imported.iter().filter(is_heavy).filter_map(|module| Some(config.lookup(module)?.0.clone())).collect(),
        false => outside().filter(|module| is_key(module)).cloned().collect(),
    };
    let basis = if is_measured { Basis::Measured } else { Basis::Imported };
    Facts { entries, target_version: config.target_version, modules, basis }
}
