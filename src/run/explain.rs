//! `hotcold explain`: the arithmetic behind the verdict on a module with the imports that it concerns, or what a code means.

use std::io;
use std::path::Path;
use std::sync::Arc;

use hotcold::cli::{Exit, Explain};
use hotcold::config::{Config, Loader, Overrides};
use hotcold::name::ModuleName;
use hotcold::outcome::Standing;
use hotcold::pipeline::{self, Extent, Filter, Input, Inputs};
use hotcold::plan::{Code, NOTHING_DECLINED, Safety};
use hotcold::report::explain as report;
use hotcold::source::{self, Selection, Tree};

use super::{display, inputs, read_configuration, settings, threads, working_directory};
use crate::terminal::Terminal;

pub fn explain(request: &Explain, terminal: &Terminal) -> anyhow::Result<Exit> {
    let out = &mut io::stdout().lock();
    let subject = request.subject.trim();
    if let Some(code) = report::finding_code(subject) {
        report::write_finding(code, terminal.stdout, out)?;
        return Ok(Exit::Success);
    }
    if let Some(code) = Code::from_name(subject) {
        report::write_refusal(code, terminal.stdout, out)?;
        return Ok(Exit::Success);
    }
    let looks_like_a_code = subject.contains('-') || (subject.starts_with("HC") && subject[2..].parse::<u32>().is_ok());
    let Some(module) = ModuleName::new(subject).filter(|_| !looks_like_a_code) else {
        let names = Code::ALL.iter().map(|code| code.name());
        let closest = names.max_by(|a, b| strsim::jaro(a, subject).total_cmp(&strsim::jaro(b, subject)));
        let meant = closest.map_or(String::new(), |name| format!(": did you mean `{name}`?"));
        anyhow::bail!("`{subject}` is neither a module name nor a code{meant}");
    };
    let working_directory = working_directory()?;
    let overrides = Overrides { config: request.config.clone(), ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &working_directory, overrides);
    let config = loader.config(&working_directory)?;
    let (config, imports) = match config.lookup(&module) {
        Some((key, _)) => {
            let key = key.clone();
            let paths = [working_directory.clone()];
            let selection = Selection { paths: &paths, working_directory: &working_directory, force_exclude: false };
            let tree = source::discover(&selection, &mut loader)?;
            threads(None)?.install(|| concerned(&key, config, &tree, &working_directory))
        }
        None => (config, Vec::new()),
    };
    report::write_module(&module, &config, &imports, terminal.stdout, out)?;
    Ok(Exit::Success)
}

/// The imports of `key` in the files of `tree` with their paths, as far as files can be read; and the configuration
/// with what the project's own modules load.
fn concerned(
    key: &ModuleName,
    config: Arc<Config>,
    tree: &Tree,
    working_directory: &Path,
) -> (Arc<Config>, Vec<(String, Standing)>) {
    let is_unmeasured = config.lookup(key).is_some_and(|(_, found)| found.import_ms.is_none());
    let mut config = config;
    let mut imports = Vec::new();
    for root in &tree.roots {
        let entries = root.files.iter();
        let files: Vec<Input> = entries.filter_map(|entry| inputs::one(entry, None, &entry.relative).file).collect();
        if is_unmeasured {
            config = pipeline::with_loaded(files.clone(), config);
        }
        let outcome = pipeline::run(Inputs {
            files,
            settings: settings(root),
            only: std::slice::from_ref(key),
            declined: NOTHING_DECLINED,
            safety: Safety::Safe,
            extent: Extent::Review,
            filter: Filter::Irrelevant,
            progress: &|_, _| {},
        });
        for file in outcome.files {
            let path = display(&root.folder.join(&file.path), working_directory);
            let own = file.standings.into_iter().filter(|standing| standing.module == *key);
            imports.extend(own.map(|standing| (path.clone(), standing)));
        }
    }
    imports.sort_by(|a, b| (&a.0, a.1.place).cmp(&(&b.0, b.1.place)));
    (config, imports)
}
