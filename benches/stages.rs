//! What each stage of a run takes, by the bytes of source that go through it. Every stage gets what the one before it
//! made, outside the measured time, on one thread; the last ones are the whole program on all threads.
//!
//! The projects are one that `scripts/generate_project.py` writes and the standard library of the `python3` on the PATH; a
//! machine without Python has nothing to measure. `cargo bench --bench stages` measures; run as a test, each stage runs once on a
//! few files.

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use hotcold::config::{Config, Loader, Overrides};
use hotcold::name::ModuleName;
use hotcold::pipeline::{self, Extent, Filter, Input, Inputs};
use hotcold::plan::{self, Facts, File, NOTHING_DECLINED, Safety};
use hotcold::project::{FileId, FileIndex, Imports, Project, Surroundings, Triggers, module_of_path};
use hotcold::python::{self, Module};
use hotcold::semantic::Model;
use hotcold::sort::Sections;
use hotcold::source::{self, Kind, Selection};
use hotcold::startup::Survey;
use hotcold::{edit, verify};
use smol_str::SmolStr;

/// Deeply nested source needs deep recursion.
const STACK_SIZE: usize = 64 * 1024 * 1024;

/// Modules of the standard library that are declared cold in the standard library. They are those of `COLD` in
/// `generate_project.py`, and some that many files import.
const COLD: &[&str] = &[
    "argparse",
    "ast",
    "asyncio",
    "ctypes",
    "decimal",
    "email.message",
    "fractions",
    "inspect",
    "json",
    "logging",
    "re",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "traceback",
    "unittest",
    "xml.etree.ElementTree",
    "zipfile",
];

/// The files of one project as a command reads them, but for those that are not Python 3.
struct Sources {
    name: &'static str,
    files: Vec<Input>,
    bytes: u64,
}

/// A project after the first stages.
struct Known {
    names: Vec<(ModuleName, bool)>,
    last_names: rustc_hash::FxHashSet<SmolStr>,
    modules: Vec<Module>,
    project: Project,
    sections: Sections,
}

fn stages(criterion: &mut Criterion) {
    rayon::ThreadPoolBuilder::new().stack_size(STACK_SIZE).build_global().expect("threads can be started");
    for sources in [generated(), standard_library()].into_iter().flatten() {
        let known = Known::of(&sources);
        let mut group = criterion.benchmark_group(sources.name);
        group.throughput(Throughput::Bytes(sources.bytes));
        group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
        words(&mut group, &sources, &known);
        parse(&mut group, &sources);
        index(&mut group, &sources, &known);
        model(&mut group, &known);
        plan(&mut group, &sources, &known);
        edit_and_prove(&mut group, &sources, &known);
        start(&mut group, &sources, &known);
        whole(&mut group, &sources);
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);

type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// What words tell of a file that is not parsed.
fn words(group: &mut Group<'_>, sources: &Sources, known: &Known) {
    let triggers = Triggers::default();
    group.bench_function("words", |bencher| {
        bencher.iter(|| {
            let matters = |(file, (name, _)): &(&Input, &(ModuleName, bool))| {
                let imports = black_box(Imports::of(&file.text, name));
                triggers.stand_in(&file.text, &imports)
            };
            sources.files.iter().zip(&known.names).filter(matters).count()
        });
    });
}

fn parse(group: &mut Group<'_>, sources: &Sources) {
    group.bench_function("parse", |bencher| {
        let texts = || sources.files.iter().map(|file| file.text.clone()).collect::<Vec<String>>();
        let parsed = |texts: Vec<String>| texts.into_iter().map(python::parse).filter(Result::is_ok).count();
        bencher.iter_batched(texts, parsed, BatchSize::PerIteration);
    });
}

fn index(group: &mut Group<'_>, sources: &Sources, known: &Known) {
    group.bench_function("index", |bencher| {
        bencher.iter(|| known.modules.iter().zip(&sources.files).filter_map(|(m, f)| known.index(m, f)).count());
    });
}

fn model(group: &mut Group<'_>, known: &Known) {
    group.bench_function("model", |bencher| {
        bencher.iter(|| known.modules.iter().map(|module| Model::new(module).references().len()).sum::<usize>());
    });
}

/// Facts and plans of files that have a model.
fn plan(group: &mut Group<'_>, sources: &Sources, known: &Known) {
    let models: Vec<Model<'_>> = known.modules.iter().map(Model::new).collect();
    group.bench_function("plan", |bencher| {
        bencher.iter(|| {
            let planned = sources.files.iter().zip(&models).map(|(input, model)| {
                let file = known.file(input, model);
                plan::plan(&file).subjects.len()
            });
            planned.sum::<usize>()
        });
    });
}

/// Edits and proofs of what changes.
fn edit_and_prove(group: &mut Group<'_>, sources: &Sources, known: &Known) {
    let models: Vec<Model<'_>> = known.modules.iter().map(Model::new).collect();
    let files: Vec<File<'_>> =
        sources.files.iter().zip(&models).map(|(input, model)| known.file(input, model)).collect();
    let plans: Vec<_> =
        files.iter().map(|file| (file, plan::plan(file))).filter(|(_, plan)| !plan.changes_nothing()).collect();
    let bytes: usize = plans.iter().map(|(file, _)| file.module.text().len()).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("edit and prove", |bencher| {
        bencher.iter(|| {
            let proved = plans.iter().filter(|(file, plan)| {
                let edits = edit::lower(file, plan, &known.sections).expect("edits do not overlap");
                let after = edits.apply(file.module.text());
                let allowed = verify::Allowed::default();
                let is_final = |module: &Module, model: &Model<'_>| {
                    let again = File { module, model, facts: Facts::new(module, model), ..**file };
                    plan::plan(&again).changes_nothing()
                };
                let path = &file.index().path;
                verify::prove(path, file.model, file.index(), after, allowed, is_final).is_ok()
            });
            proved.count()
        });
    });
    group.throughput(Throughput::Bytes(sources.bytes));
}

/// What every start loads: the import graph with what it reaches.
fn start(group: &mut Group<'_>, sources: &Sources, known: &Known) {
    let configs: Vec<Arc<Config>> = sources.files.iter().map(|file| Arc::clone(&file.config)).collect();
    group.bench_function("start-up", |bencher| {
        bencher.iter_with_large_drop(|| Survey::new(&known.project, &configs));
    });
}

/// From texts to an outcome, with a filter and without.
fn whole(group: &mut Group<'_>, sources: &Sources) {
    for (name, filter) in [("whole run", Filter::Irrelevant), ("whole run, all files parsed", Filter::Nothing)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| sources.files.clone(), |files| run(files, filter), BatchSize::PerIteration);
        });
    }
}

fn run(files: Vec<Input>, filter: Filter) -> usize {
    let outcome = pipeline::run(Inputs {
        files,
        settings: Vec::new(),
        only: &[],
        declined: NOTHING_DECLINED,
        safety: Safety::Safe,
        extent: Extent::Startup,
        filter,
        progress: &|_, _| {},
    });
    outcome.files.len()
}

impl Known {
    fn of(sources: &Sources) -> Known {
        let names: Vec<(ModuleName, bool)> =
            sources.files.iter().filter_map(|file| module_of_path(&file.path)).collect();
        let modules: Vec<Module> =
            sources.files.iter().filter_map(|file| python::parse(file.text.clone()).ok()).collect();
        assert!(names.len() == modules.len(), "every file has a name and can be parsed");
        let first_party: BTreeSet<SmolStr> = names.iter().map(|(name, _)| SmolStr::new(name.root())).collect();
        let sections = Sections { minor: sources.files[0].config.target_minor(), first_party };
        let last_names = names.iter().map(|(name, _)| SmolStr::new(name.last())).collect();
        let mut known = Known { names, last_names, modules, project: Project::new(Vec::new()), sections };
        let indexes = known.modules.iter().zip(&sources.files).filter_map(|(module, file)| known.index(module, file));
        known.project = Project::new(indexes.collect());
        known
    }

    fn index(&self, module: &Module, file: &Input) -> Option<FileIndex> {
        let is_cold = &|name: &ModuleName| file.config.lookup(name).is_some();
        let line_length = file.config.line_length;
        FileIndex::new(
            &file.path,
            module,
            &Surroundings { modules: &self.last_names, is_writable: true, line_length, is_cold },
        )
    }

    fn file<'a>(&'a self, input: &'a Input, model: &'a Model<'a>) -> File<'a> {
        let module = model.module();
        let id: FileId = self.project.find(&input.path).expect("every file has an index");
        File {
            module,
            model,
            project: &self.project,
            id,
            config: &input.config,
            only: &[],
            declined: NOTHING_DECLINED,
            safety: Safety::Safe,
            facts: Facts::new(module, model),
        }
    }
}

/// A project that looks like an application, a fifth of which imports a configured module.
fn generated() -> Option<Sources> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let root = fs::canonicalize(folder.path()).expect("it is there").join("project");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/generate_project.py");
    let files = if is_measured() { "500" } else { "20" };
    let mut python = Command::new("python3");
    let status = python.arg(script).arg(&root).args(["--configured", "20", "--files", files]).output().ok()?.status;
    assert!(status.success(), "generate_project.py failed");
    Some(Sources::of("generated", &root))
}

/// The standard library without its tests, and without what is installed beside it. A copy: where Python is installed may be
/// a place that no configuration looks into.
fn standard_library() -> Option<Sources> {
    let program = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let output = Command::new("python3").args(["-c", program]).output().ok()?;
    let library = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let root = fs::canonicalize(folder.path()).expect("it is there").join("library");
    let is_wanted = |entry: &walkdir::DirEntry| {
        let left_out = ["test", "tests", "lib2to3", "site-packages"];
        !left_out.iter().any(|name| entry.file_name() == *name)
    };
    let walk = walkdir::WalkDir::new(&library).sort_by_file_name().into_iter().filter_entry(is_wanted);
    let files = walk.filter_map(Result::ok).filter(|entry| entry.path().extension().is_some_and(|e| e == "py"));
    for entry in files.take(if is_measured() { usize::MAX } else { 20 }) {
        let target = root.join(entry.path().strip_prefix(&library).expect("below the library"));
        fs::create_dir_all(target.parent().expect("below the root")).expect("a folder can be made");
        fs::copy(entry.path(), target).expect("a file can be copied");
    }
    let evidence = |module: &&str| format!("[modules.\"{module}\"]\nimport-ms = 300\nusage-percent = 1\n");
    let config = COLD.iter().map(evidence).collect::<String>();
    fs::write(root.join("hotcold.toml"), config).expect("the configuration can be written");
    Some(Sources::of("standard library", &root))
}

/// `cargo bench` says so to the program.
fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench") && !std::env::args().any(|argument| argument == "--test")
}

impl Sources {
    fn of(name: &'static str, folder: &Path) -> Sources {
        let read = |path: &Path| match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let mut loader = Loader::new(&read, folder, Overrides::default());
        let selection = Selection { paths: &[PathBuf::from(".")], working_directory: folder, force_exclude: false };
        let tree = source::discover(&selection, &mut loader).expect("the configuration can be read");
        let entries = tree.roots.into_iter().flat_map(|root| root.files).filter(|entry| entry.selected);
        let input = |entry: source::Entry| {
            let text = source::read_leniently(&entry.path)?;
            let rewritable = entry.kind == Kind::Rewritable && source::why_read_only(&text).is_none();
            Some(Input { path: entry.relative, text, selected: true, rewritable, config: entry.config })
        };
        let is_readable =
            |file: &Input| module_of_path(&file.path).is_some() && python::parse(file.text.clone()).is_ok();
        let mut files: Vec<Input> = entries.filter_map(input).filter(is_readable).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        assert!(!files.is_empty(), "{} holds no Python", folder.display());
        let bytes = files.iter().map(|file| file.text.len() as u64).sum();
        Sources { name, files, bytes }
    }
}
