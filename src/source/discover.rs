//! Which files a run is about: all Python files of the project as readers, those under the named paths as selected.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, mpsc};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::config::{Config, ConfigError, Loader};
use crate::outcome::Problem;

/// Folders that hold no source of the project, wherever they stand.
const SKIPPED_FOLDERS: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
];

/// What the user named.
#[derive(Debug, Clone)]
pub struct Selection<'s> {
    pub paths: &'s [PathBuf],
    /// Absolute.
    pub working_directory: &'s Path,
    /// `--force-exclude`: exclusion holds also for files that were named.
    pub force_exclude: bool,
}

/// The files of a run, by project.
#[derive(Debug, Default)]
pub struct Tree {
    /// Sorted by folder; no root lies within another.
    pub roots: Vec<Root>,
    /// Paths that are not there.
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
pub struct Root {
    /// Absolute.
    pub folder: PathBuf,
    /// Sorted by path, each file once.
    pub files: Vec<Entry>,
}

/// A Python file.
#[derive(Debug)]
pub struct Entry {
    /// Absolute.
    pub path: PathBuf,
    /// Relative to the root, with `/`.
    pub relative: String,
    /// Under a path that was named, and not excluded.
    pub selected: bool,
    pub kind: Kind,
    pub config: Arc<Config>,
}

/// What may be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rewritable,
    /// Why it is read only: `stub`, `script`, `symlink out of the project`.
    Reader(&'static str),
}

/// Finds the files of the projects that the named paths lie in.
pub fn discover(selection: &Selection<'_>, loader: &mut Loader<'_>) -> Result<Tree, ConfigError> {
    let mut tree = Tree::default();
    let mut named = Vec::new();
    for path in selection.paths {
        match fs::canonicalize(selection.working_directory.join(path)) {
            Ok(absolute) => named.push(Named { is_file: !absolute.is_dir(), path: absolute }),
            Err(error) => {
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
                    _ => format!("cannot be read: {error}"),
                };
                tree.problems.push(Problem { path: path.display().to_string(), place: None, code: "io", message });
            }
        }
    }

    let mut folders = BTreeSet::new();
    for named in &named {
        folders.insert(project_root(named, selection.working_directory, loader)?);
    }
    let all = folders.clone();
    folders.retain(|folder| !all.iter().any(|other| other != folder && folder.starts_with(other)));
    for folder in folders {
        let files = files(&folder, &named, selection, loader)?;
        tree.roots.push(Root { folder, files });
    }
    Ok(tree)
}

/// A path as the user named it, canonical.
struct Named {
    path: PathBuf,
    is_file: bool,
}

impl Named {
    fn folder(&self) -> &Path {
        if self.is_file { self.path.parent().unwrap_or(&self.path) } else { &self.path }
    }
}

/// The folder of the configuration, else of the repository, else the working directory if it holds the path. A
/// configuration that stands above a repository, in a home folder maybe, does not make one project of all that is there.
fn project_root(named: &Named, working_directory: &Path, loader: &mut Loader<'_>) -> Result<PathBuf, ConfigError> {
    let folder = named.folder();
    let configured = loader.config(folder)?.root.clone().filter(|root| folder.starts_with(root));
    // Where `.git` is a file, this is a submodule, or another view of a repository.
    let is_repository = |folder: &&Path| folder.join(".git").is_dir();
    let repository = configured.as_ref().and_then(|root| {
        let within = folder.ancestors().take_while(|folder| folder.starts_with(root) && folder != root);
        within.into_iter().find(is_repository).map(Path::to_owned)
    });
    Ok(repository
        .or(configured)
        .or_else(|| find_upwards(folder, ".git"))
        .or_else(|| folder.starts_with(working_directory).then(|| working_directory.to_owned()))
        .unwrap_or_else(|| folder.to_owned()))
}

/// The nearest folder, from `folder` upwards, that holds an entry called `name`.
pub fn find_upwards(folder: &Path, name: &str) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join(name).exists()).map(Path::to_owned)
}

/// What may be a file of Python.
enum Walked {
    Python(PathBuf, Kind),
    Link(PathBuf),
}

fn walked(entry: DirEntry) -> Option<Walked> {
    let kind = entry.file_type()?;
    let path = entry.into_path();
    match kind.is_file() {
        true => python_kind(&path).map(|kind| Walked::Python(path, kind)),
        false => kind.is_symlink().then_some(Walked::Link(path)),
    }
}

fn files(
    root: &Path,
    named: &[Named],
    selection: &Selection<'_>,
    loader: &mut Loader<'_>,
) -> Result<Vec<Entry>, ConfigError> {
    let mut found: BTreeMap<PathBuf, Kind> = BTreeMap::new();
    let mut links = Vec::new();
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false).require_git(false).follow_links(false).filter_entry(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let skipped = entry.file_name().to_str().is_some_and(|name| SKIPPED_FOLDERS.contains(&name));
        entry.depth() == 0 || !(is_folder && skipped)
    });
    let (sender, receiver) = mpsc::channel();
    walk.threads(rayon::current_num_threads()).build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            // The receiver outlives the walk.
            let _ = entry.ok().and_then(walked).map(|walked| sender.send(walked));
            WalkState::Continue
        })
    });
    drop(sender);
    for walked in receiver {
        match walked {
            Walked::Python(path, kind) => drop(found.insert(path, kind)),
            Walked::Link(path) => links.push(path),
        }
    }
    // Threads find them in any order.
    links.sort();
    for named in named.iter().filter(|named| named.is_file && named.path.starts_with(root)) {
        // Named files count whatever they are called and wherever they stand.
        found.entry(named.path.clone()).or_insert_with(|| python_kind(&named.path).unwrap_or(Kind::Rewritable));
    }
    for link in links {
        let Ok(target) = fs::canonicalize(&link) else { continue };
        if python_kind(&link).is_none() || !target.is_file() {
            continue;
        }
        if !target.starts_with(root) {
            found.insert(link, Kind::Reader("symlink out of the project"));
        } else if !found.contains_key(&target) {
            found.insert(link, Kind::Reader("symlink to a file that is left out"));
        }
    }

    let mut files = Vec::with_capacity(found.len());
    let mut last: Option<(PathBuf, Arc<Config>)> = None;
    for (path, kind) in found {
        let folder = path.parent().unwrap_or(root);
        let config = match &last {
            Some((known, config)) if known == folder => Arc::clone(config),
            _ => {
                let config = loader.config(folder)?;
                last = Some((folder.to_owned(), Arc::clone(&config)));
                config
            }
        };
        let excluded = config.exclude.contains(&path);
        let by_name = named.iter().any(|named| named.is_file && named.path == path);
        let under = named.iter().any(|named| !named.is_file && path.starts_with(&named.path));
        let selected = if excluded { by_name && !selection.force_exclude } else { by_name || under };
        let relative = with_slashes(path.strip_prefix(root).unwrap_or(&path));
        files.push(Entry { relative, path, selected, kind, config });
    }
    Ok(files)
}

/// One file alone, as if it had been found: for text from standard input.
pub fn file(path: &Path, root: &Path, config: Arc<Config>) -> Entry {
    Entry {
        relative: with_slashes(path.strip_prefix(root).unwrap_or(path)),
        path: path.to_owned(),
        selected: true,
        kind: Kind::Rewritable,
        config,
    }
}

/// `None` if the file is not Python.
fn python_kind(path: &Path) -> Option<Kind> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("py") => Some(Kind::Rewritable),
        Some("pyi") => Some(Kind::Reader("stub")),
        Some("pyw") => Some(Kind::Reader("script")),
        Some(_) => None,
        None => is_python_script(path).then_some(Kind::Reader("script")),
    }
}

/// Whether the first line is `#!` and names Python.
fn is_python_script(path: &Path) -> bool {
    let mut head = [0; 128];
    let length = fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    let line = head[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"#!") && line.windows(6).any(|word| word == b"python")
}

/// The path with `/` between its parts.
pub fn with_slashes(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for (number, component) in path.components().enumerate() {
        if number > 0 {
            text.push('/');
        }
        if component != Component::RootDir {
            text.push_str(&component.as_os_str().to_string_lossy());
        }
    }
    text
}
