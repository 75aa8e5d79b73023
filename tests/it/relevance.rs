//! Files that cannot matter are not parsed, and nothing but that changes: the outcome is that of a run which parses every
//! file, and what the index reads of a file shows in its text. `HOTCOLD_TREES`, a path list, names real projects to hold
//! the outcome on as well, `HOTCOLD_PARSE_ROOTS` other trees to read than the standard library.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotcold::config::{Loader, Overrides};
use hotcold::name::ModuleName;
use hotcold::outcome::Outcome;
use hotcold::pipeline::{self, Extent, Filter, Input, Inputs};
use hotcold::plan::{NOTHING_DECLINED, Safety};
use hotcold::project::{By, FileIndex, Glance, Surroundings, Triggers, module_of_path};
use hotcold::python;
use hotcold::source::{self, Kind, Selection};
use rayon::prelude::*;
use rustc_hash::FxHashSet as HashSet;

use crate::cases::{Project, cases};
use crate::support::{python as interpreter, repository, run, stderr, stdout, tree};

/// The files of one project, as a command reads them.
struct Sources {
    files: Vec<Input>,
}

impl Sources {
    fn of(folder: &Path, selected: &[&str], config: Option<PathBuf>) -> Sources {
        let read = |path: &Path| match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let mut loader = Loader::new(&read, folder, Overrides { config, ..Overrides::default() });
        let paths: Vec<PathBuf> = selected.iter().map(PathBuf::from).collect();
        let selection = Selection { paths: &paths, working_directory: folder, force_exclude: false };
        let tree = source::discover(&selection, &mut loader).expect("the configuration can be read");
        let entries = tree.roots.into_iter().flat_map(|root| root.files);
        let input = |entry: source::Entry| {
            let text = source::read_leniently(&entry.path)?;
            let rewritable = entry.kind == Kind::Rewritable && source::why_read_only(&text).is_none();
            let selected = entry.selected;
            Some(Input { path: entry.relative, text, selected, rewritable, config: Arc::clone(&entry.config) })
        };
        Sources { files: entries.filter_map(input).collect() }
    }

    fn outcome(&self, filter: Filter, extent: Extent, safety: Safety) -> Outcome {
        let progress = &|_, _| {};
        let (files, settings) = (self.files.clone(), Vec::new());
        pipeline::run(Inputs {
            files,
            settings,
            only: &[],
            declined: NOTHING_DECLINED,
            safety,
            extent,
            filter,
            progress,
        })
    }

    /// What differs when files that cannot matter are not parsed.
    fn difference(&self) -> Option<String> {
        [(Extent::Startup, Safety::Safe), (Extent::Moves, Safety::Unsafe)].into_iter().find_map(|(extent, safety)| {
            let some = self.outcome(Filter::Irrelevant, extent, safety);
            let mut all = self.outcome(Filter::Nothing, extent, safety);
            // Faults of files that were not parsed.
            let known: HashSet<&str> = some.problems.iter().map(|problem| problem.path.as_str()).collect();
            all.problems.retain(|problem| known.contains(problem.path.as_str()) || problem.place.is_none());
            let (some, all) = (format!("{some:#?}"), format!("{all:#?}"));
            let line = some.lines().zip(all.lines()).position(|(a, b)| a != b);
            let line = line.or_else(|| (some != all).then(|| some.lines().count().min(all.lines().count())))?;
            let around =
                |text: &str| text.lines().skip(line.saturating_sub(12)).take(24).collect::<Vec<_>>().join("\n");
            Some(format!("{extent:?}, without the rest:\n{}\nwith it:\n{}", around(&some), around(&all)))
        })
    }
}

/// One file alone needs to know the most about files that nobody selected.
#[test]
fn what_is_found_in_a_case_does_not_depend_on_files_that_cannot_matter() {
    let cases = cases();
    let differences: Vec<String> = cases
        .par_iter()
        .filter_map(|case| {
            let project = Project::plain(case);
            let folder = fs::canonicalize(project.path()).expect("the folder is there");
            let files: Vec<String> = tree(&folder).into_iter().map(|(path, _)| path).collect();
            let python = files.iter().filter(|path| path.ends_with(".py"));
            let alone: Vec<&str> = python.map(String::as_str).filter(|_| files.len() > 1).collect();
            let selections = alone.chunks(1).chain([&["."][..]]);
            let difference = selections.into_iter().find_map(|paths| {
                let difference = Sources::of(&folder, paths, None).difference()?;
                Some(format!("{paths:?}: {difference}"))
            })?;
            Some(format!("--- {}\n{difference}", case.name))
        })
        .collect();
    assert!(differences.is_empty(), "{} of {}\n{}", differences.len(), cases.len(), differences.join("\n"));
}

#[test]
fn what_is_found_in_a_large_project_does_not_depend_on_files_that_cannot_matter() {
    for arguments in
        [&["--seed", "2", "--configured", "20"][..], &["--seed", "3", "--configured", "50", "--first-party"]]
    {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let project = generate(folder.path(), &[&["--files", "60"], arguments].concat());
        let project = fs::canonicalize(project).expect("the folder is there");
        let python = tree(&project).into_iter().map(|(path, _)| path).filter(|path| path.ends_with(".py"));
        let files: Vec<String> = python.collect();
        let alone = files.iter().step_by(20).map(|path| vec![path.as_str()]);
        let mut selections = alone.chain([vec!["."], vec!["acme"], vec!["tests"]]);
        let difference = selections.find_map(|paths| Sources::of(&project, &paths, None).difference());
        assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }
}

/// Real projects, each under several configurations.
#[test]
fn what_is_found_in_real_projects_does_not_depend_on_files_that_cannot_matter() {
    let Some(named) = std::env::var_os("HOTCOLD_TREES") else { return };
    for root in std::env::split_paths(&named) {
        let root = fs::canonicalize(root).expect("the tree is there");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, text) in configurations(&root) {
            let config = folder.path().join("hotcold.toml");
            fs::write(&config, text).expect("the configuration can be written");
            let sources = Sources::of(&root, &["."], Some(config));
            let difference = sources.difference();
            assert!(difference.is_none(), "{} ({name})\n{}", root.display(), difference.unwrap_or_default());
        }
    }
}

/// Modules that the files import, own ones and others, the rare ones and many at once.
fn configurations(root: &Path) -> Vec<(String, String)> {
    let files = texts(root);
    let own: BTreeSet<String> =
        files.iter().filter_map(|(path, _)| module_of_path(path)).map(|(name, _)| name.to_string()).collect();
    let imports = files.par_iter().flat_map_iter(|(path, text)| {
        index(path, text, &HashSet::default()).map_or(BTreeSet::new(), |index| index.imports)
    });
    let imports: Vec<ModuleName> = imports.collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for module in imports {
        *counts.entry(module.to_string()).or_default() += 1;
    }
    let of = |modules: Vec<&String>, usage: u32| {
        let text = |name: &&String| format!("[modules.\"{name}\"]\nimport-ms = 300\nusage-percent = {usage}\n\n");
        modules.iter().map(text).collect::<String>()
    };
    let is_own = |name: &&String| own.iter().any(|own| own == *name || own.ends_with(&format!(".{name}")));
    let some = |wanted: &dyn Fn(&&String) -> bool, step: usize| -> Vec<&String> {
        counts.keys().filter(wanted).skip(step / 2).step_by(step).collect()
    };
    let rare = |name: &&String| counts[*name] <= 2 && !is_own(name);
    let (rare_count, other, own_count) = (
        counts.keys().filter(rare).count(),
        counts.keys().filter(|name| !is_own(name)).count(),
        counts.keys().filter(is_own).count(),
    );
    let step = |count: usize, wanted: usize| (count / wanted).max(1);
    let foreign = |name: &&String| !is_own(name);
    vec![
        ("rare".to_owned(), of(some(&rare, step(rare_count, 3)), 1)),
        ("some".to_owned(), of(some(&foreign, step(other, 4)), 1)),
        ("hot".to_owned(), of(some(&foreign, step(other, 7)), 90)),
        ("own".to_owned(), of(some(&is_own, step(own_count, 4)), 1)),
        ("own hot".to_owned(), of(some(&is_own, step(own_count, 5)), 90) + &of(some(&rare, step(rare_count, 2)), 1)),
        ("nobody's".to_owned(), of(vec![&"imported_by_nobody".to_owned()], 1)),
        ("all".to_owned(), of(counts.keys().filter(foreign).collect(), 1)),
    ]
}

#[test]
fn what_the_index_reads_of_a_file_shows_in_its_text() {
    let mut roots = vec![repository().join("fixtures")];
    match std::env::var_os("HOTCOLD_PARSE_ROOTS") {
        Some(named) => roots.extend(std::env::split_paths(&named)),
        None => roots.extend(standard_library()),
    }
    let files: Vec<(String, String)> = roots.iter().flat_map(|root| texts(root)).collect();
    assert!(files.len() > 500, "only {} files were found", files.len());
    let names = files.iter().filter_map(|(path, _)| module_of_path(path));
    let known: HashSet<_> = names.map(|(name, _)| name.last().into()).collect();
    let triggers = Triggers::default();
    let missing: Vec<String> =
        files.par_iter().flat_map_iter(|(path, text)| missing(path, text, &known, &triggers)).collect();
    assert!(missing.is_empty(), "{} facts do not show:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn files_without_the_words_of_a_name_are_told_apart() {
    let name = |dotted| ModuleName::new(dotted).expect("a module name");
    let own = name("shop.cart.lines");
    let of = |text: &'static str| Glance::at(text, &own);
    assert!(!of("import os  # not the order of models\n").imports().may_load(&name("order.models")));
    assert!(!of("from .models import Cart\n").imports().may_load(&name("shop.order.models")));
    assert!(of("from .models import Cart\n").imports().may_load(&name("shop.cart.models")));
    assert!(!of("note = 'import the models of an order'\n").imports().may_import(&name("order")));
    assert!(of("from order import (  # all :)\n    models,\n)\n").imports().may_import(&name("order.models")));
    assert!(of("if slow: import order; import models\n").imports().may_load(&name("shop.models")));
    assert!(!of("call(models)\n").may_name(&name("shop.order.models")));
    assert!(of("patch('order.models.boto3')\n").may_name(&name("shop.order.models")));
    assert!(!of("boto3 = None\n").may_read("boto3"));
    assert!(of("patch(f'{where}.boto3')\n").may_patch("boto3"));
    let triggers = Triggers::default();
    let is_triggered = |text| triggers.stand_in(text, of(text).imports());
    assert!(!is_triggered("self.modules['a'] = b\n") && is_triggered("sys.modules['a'] = b\n"));
    assert!(is_triggered("import sys as s\ns.modules['a'] = b\n"));
    assert!(is_triggered("from sys import (\n    modules\n)\nmodules['a'] = b\n"));
    assert!(is_triggered("import sys\ns = sys\ns.modules['a'] = b\n") && !is_triggered("import sys\nf(sys.argv)\n"));
}

fn index(path: &str, text: &str, known: &HashSet<smol_str::SmolStr>) -> Option<FileIndex> {
    let module = python::parse(text.to_owned()).ok()?;
    let around = Surroundings { modules: known, is_writable: true, line_length: 88, is_cold: &|_| false };
    FileIndex::new(path, &module, &around)
}

/// What the index of a file holds and its text does not show.
fn missing(path: &str, text: &str, known: &HashSet<smol_str::SmolStr>, triggers: &Triggers) -> Vec<String> {
    let Some((name, _)) = module_of_path(path) else { return Vec::new() };
    let Some(index) = index(path, text, known) else { return Vec::new() };
    let glance = Glance::at(text, &name);
    let is_triggered = triggers.stand_in(text, glance.imports());
    let mut missing = Vec::new();
    let mut hold = |shows: bool, what: &dyn Fn() -> String| {
        if !shows {
            missing.push(format!("{path}: {}", what()));
        }
    };
    // A file may be the module, or lie somewhere below another root.
    let spellings =
        |module: &ModuleName| [module.clone(), ModuleName::new(&format!("elsewhere.{module}")).expect("a module name")];
    for import in &index.imports {
        hold(glance.imports().may_import(import), &|| format!("the import of {import}"));
        for module in std::iter::successors(Some(import.clone()), ModuleName::parent) {
            let loads = spellings(&module).iter().all(|file| glance.imports().may_load(file));
            hold(loads, &|| format!("that {import} loads {module}"));
        }
    }
    for edge in &index.edges {
        let is_import = edge.by != By::Name && edge.modules().all(|module| index.imports.contains(&module));
        hold(is_import || is_triggered, &|| format!("that {edge:?} is among the imports"));
    }
    let is_setup = path.rsplit('/').next() == Some("setup.py");
    let named = index.reads.iter().map(|read| &read.module).chain(index.scans.iter().map(|scan| &scan.module));
    let named: BTreeSet<&ModuleName> = named.chain(index.stars.iter().map(|(module, _)| module)).collect();
    for module in named.into_iter().filter(|_| !is_triggered && !is_setup) {
        hold(spellings(module).iter().all(|file| glance.may_name(file)), &|| format!("that it names {module}"));
    }
    let is_told = |module: &ModuleName| !is_triggered && !is_setup && !module.as_str().ends_with('*');
    // Strings that may name something are read too; nobody asks about what is no name.
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    for read in index.reads.iter().filter(|read| is_told(&read.module) && is_name(&read.name)) {
        let (module, name) = (&read.module, &read.name);
        hold(glance.may_read_of(module, name), &|| format!("that it reads {name} of {module}"));
    }
    let is_module = |module: &ModuleName| is_told(module) && known.contains(module.last());
    for scan in index.scans.iter().filter(|scan| is_module(&scan.module)) {
        hold(glance.may_take(&scan.module), &|| format!("that it takes {} as a whole", scan.module));
    }
    for name in index.hints.handed_on.keys() {
        hold(glance.may_hand_on(name), &|| format!("that it hands on {name}"));
    }
    for name in index.patched_anywhere.keys() {
        hold(glance.may_patch(name), &|| format!("the patch of {name}"));
    }
    hold(index.sys_modules.is_empty() || is_triggered, &|| "that it changes `sys.modules`".to_owned());
    hold(index.probes.is_empty() || is_triggered, &|| "that it asks `sys.modules`".to_owned());
    hold(index.asks_subclasses.is_none() || is_triggered, &|| "`__subclasses__`".to_owned());
    let process = &index.process;
    let meddles = process.import_hook.is_some()
        || process.sandbox.is_some()
        || process.path_change.is_some()
        || process.path_loss.is_some()
        || !process.instrumented.is_empty()
        || !process.windows.is_empty();
    hold(!meddles || is_triggered, &|| "what it does to the process".to_owned());
    let hints = &index.hints;
    let evaluates = !hints.evaluations.is_empty() || hints.evals || hints.dispatches;
    hold(!evaluates || glance.may_evaluate(), &|| "that it evaluates annotations".to_owned());
    if let Some(outline) = FileIndex::outline(path, text, &|_| false) {
        let same = (&outline.edges, &outline.imports, &outline.roots) == (&index.edges, &index.imports, &index.roots);
        hold(same, &|| format!("its imports: {:?} for {:?}", outline.edges, index.edges));
    }
    hold(!hints.loads_any || glance.may_load_by_name(), &|| "that it loads what it is told to".to_owned());
    hold(hints.library.is_none() || glance.may_use_library() || is_triggered, &|| "its library".to_owned());
    missing
}

fn standard_library() -> Option<PathBuf> {
    let program = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    let output = run(interpreter().args(["-c", program]));
    output.status.success().then(|| PathBuf::from(stdout(&output).trim()))
}

/// Python files below a folder, by relative path; what is installed, and the tests of the standard library, left out.
fn texts(root: &Path) -> Vec<(String, String)> {
    let is_apart = |entry: &walkdir::DirEntry| {
        entry.depth() == 1 && matches!(entry.file_name().to_str(), Some("site-packages" | "test"))
    };
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    walk.filter_entry(|entry| !is_apart(entry))
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "py" || extension == "pyi"))
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
            Some((path, fs::read_to_string(entry.path()).ok()?))
        })
        .collect()
}

pub(crate) fn generate(folder: &Path, arguments: &[&str]) -> PathBuf {
    let project = folder.join("project");
    let output = run(interpreter().arg(repository().join("scripts/generate_project.py")).arg(&project).args(arguments));
    assert!(output.status.success(), "{}", stderr(&output));
    project
}
