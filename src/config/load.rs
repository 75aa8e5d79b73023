//! Finds the configuration of each folder and puts it together: the nearest file, what it extends, the evidence beside
//! it, the settings of others. Files are read through a closure only.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use globset::Glob;

use super::error::ConfigError;
use super::project::Project;
use super::read::{self, Evidence, Layer};
use super::table::{Document, Placed};
use super::version::PythonVersion;
use super::{Config, EVIDENCE_FILE, FILE_NAMES};
use crate::evidence::{ModuleEvidence, Source};
use crate::name::ModuleName;

/// Reads a file whole; `None` if there is none.
pub type Read<'r> = &'r dyn Fn(&Path) -> io::Result<Option<Vec<u8>>>;

/// What the command line says instead of the files.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`: this file for every folder.
    pub config: Option<PathBuf>,
    pub target_version: Option<PythonVersion>,
    /// `--exclude`, relative to the working directory.
    pub exclude: Vec<Glob>,
    /// The evidence file that the configuration names is about to be written, and need not be there.
    pub writes_evidence: bool,
    /// This module is the only entry.
    pub entry: Option<ModuleName>,
}

/// Finds configurations, each folder once.
pub struct Loader<'r> {
    read: Read<'r>,
    working_directory: PathBuf,
    overrides: Overrides,
    folders: HashMap<PathBuf, Folder>,
    fixed: Option<Arc<Stack>>,
}

#[derive(Clone)]
struct Folder {
    stack: Option<Arc<Stack>>,
    project: Arc<Project>,
    config: Arc<Config>,
}

/// A configuration file with all that it extends.
#[derive(Debug)]
struct Stack {
    path: PathBuf,
    layer: Layer,
    /// The folder that the globs of `exclude` are relative to.
    exclude_base: PathBuf,
    evidence: Evidence,
}

impl<'r> Loader<'r> {
    /// `working_directory` is absolute; paths in messages are relative to it.
    pub fn new(read: Read<'r>, working_directory: &Path, overrides: Overrides) -> Loader<'r> {
        Loader {
            read,
            working_directory: working_directory.to_owned(),
            overrides,
            folders: HashMap::new(),
            fixed: None,
        }
    }

    /// The configuration of the files of `folder`, an absolute path.
    pub fn config(&mut self, folder: &Path) -> Result<Arc<Config>, ConfigError> {
        if let Some(path) = self.overrides.config.clone()
            && self.fixed.is_none()
        {
            let path = normal(&self.working_directory.join(path));
            self.fixed = Some(Arc::new(self.named(&path, None, &[])?));
        }
        Ok(self.folder(folder)?.config)
    }

    fn folder(&mut self, folder: &Path) -> Result<Folder, ConfigError> {
        if let Some(known) = self.folders.get(folder) {
            return Ok(known.clone());
        }
        let above = match folder.parent() {
            Some(parent) => self.folder(parent)?,
            None => {
                let (stack, project) = (self.fixed.clone(), Arc::default());
                let config = Arc::new(self.put_together(stack.as_deref(), &project));
                Folder { stack, project, config }
            }
        };
        let stack = if self.fixed.is_some() { None } else { self.own_stack(folder)?.map(Arc::new) };
        let project = self.own_project(folder, &above.project);
        let found = if stack.is_none() && project.is_none() {
            above
        } else {
            let stack = stack.or(above.stack);
            let project = project.map_or(above.project, Arc::new);
            let config = Arc::new(self.put_together(stack.as_deref(), &project));
            Folder { stack, project, config }
        };
        self.folders.insert(folder.to_owned(), found.clone());
        Ok(found)
    }

    /// The configuration file that stands in `folder` itself.
    fn own_stack(&self, folder: &Path) -> Result<Option<Stack>, ConfigError> {
        for name in FILE_NAMES {
            let path = folder.join(name);
            let Some(text) = self.text(&path, None)? else { continue };
            if let Some(layer) = self.layer(&path, &text)? {
                return self.stack(path, &text, layer, &[]).map(Some);
            }
        }
        Ok(None)
    }

    fn own_project(&self, folder: &Path, above: &Project) -> Option<Project> {
        let text = |name: &str| self.text(&folder.join(name), None).ok().flatten();
        let pyproject = text("pyproject.toml");
        let ruff = text(".ruff.toml").or_else(|| text("ruff.toml"));
        if pyproject.is_none() && ruff.is_none() {
            return None;
        }
        let mut project = above.clone();
        if let Some(text) = ruff {
            // `requires-python` of the project still beats ruff's version, so ruff comes first.
            project = project.with_ruff_toml(folder, &text);
            return Some(match pyproject {
                Some(text) => {
                    let own = Project::default().with_pyproject(folder, &text);
                    Project { target_version: own.target_version.or(project.target_version), ..project }
                }
                None => project,
            });
        }
        pyproject.map(|text| project.with_pyproject(folder, &text))
    }

    fn put_together(&self, stack: Option<&Stack>, project: &Project) -> Config {
        let mut config = Config {
            banned_module_level: project.banned_module_level.clone(),
            known_first_party: project.known_first_party.clone(),
            line_length: project.line_length.unwrap_or(88),
            source_roots: project.source_roots.clone(),
            ..Config::default()
        };
        let mut target_version = project.target_version;
        if let Some(stack) = stack {
            let layer = &stack.layer;
            config.path = Some(self.display(&stack.path));
            config.root = stack.path.parent().map(Path::to_owned);
            let policy = layer.policy.clone().over(stack.evidence.policy.clone());
            config.policy = policy.policy();
            config.policy_sources = policy.sources;
            config.exclude.add(&stack.exclude_base, layer.exclude.as_deref().unwrap_or_default());
            config.exception_comments = layer.exception_comments.unwrap_or(true);
            config.type_hints = layer.type_hints.unwrap_or_default();
            config.placement = layer.placement.unwrap_or_default();
            config.side_effects.clone_from(&layer.side_effects);
            config.entries.clone_from(&layer.entries);
            config.evidence_file = layer.evidence.as_ref().map(|placed| PathBuf::from(&placed.value));
            config.modules = with_evidence(layer.modules.clone(), &stack.evidence.modules);
            target_version = layer.target_version.or(target_version);
        }
        if let Some(entry) = &self.overrides.entry {
            let source = Source { file: "--entry".to_owned(), line: 1, detail: None };
            config.entries = Some(vec![(entry.clone(), source)]);
        }
        config.exclude.add(&self.working_directory, &self.overrides.exclude);
        config.target_version = self.overrides.target_version.or(target_version).unwrap_or(PythonVersion::DEFAULT);
        config
    }

    /// A file that was named, by `--config` or by `extend` at `named_at`.
    fn named(&self, path: &Path, named_at: Option<&ConfigError>, chain: &[PathBuf]) -> Result<Stack, ConfigError> {
        let Some(text) = self.text(path, named_at)? else {
            return Err(missing(self.display(path), named_at));
        };
        let Some(layer) = self.layer(path, &text)? else {
            return Err(ConfigError::whole_file(self.display(path), "has no table `[tool.hotcold]`"));
        };
        self.stack(path.to_owned(), &text, layer, chain)
    }

    fn layer(&self, path: &Path, text: &str) -> Result<Option<Layer>, ConfigError> {
        let display = self.display(path);
        let document = Document::new(&display, text);
        if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            read::pyproject(&document)
        } else {
            read::configuration(&document).map(Some)
        }
    }

    /// Follows `extend` and `evidence` of a file.
    fn stack(&self, path: PathBuf, text: &str, layer: Layer, chain: &[PathBuf]) -> Result<Stack, ConfigError> {
        let display = self.display(&path);
        let document = Document::new(&display, text);
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let evidence = self.evidence(&document, &folder, &layer)?;
        let Some(extend) = layer.extend.clone() else {
            check_band(&document, &layer, &layer)?;
            return Ok(Stack { exclude_base: folder, path, layer, evidence });
        };

        only_toml(&document, &extend, "extend")?;
        let base_path = normal(&folder.join(&extend.value));
        let mut chain = chain.to_vec();
        chain.push(path.clone());
        if chain.contains(&base_path) {
            let names: Vec<String> = chain.iter().chain([&base_path]).map(|path| self.display(path)).collect();
            let message = format!("`extend` leads back to where it started: {}", names.join(" -> "));
            return Err(document.error(extend.span, message));
        }
        let named_at = document.error(extend.span, "");
        let base = self.named(&base_path, Some(&named_at), &chain)?;
        let own = layer.clone();
        let layer = layer.over(base.layer);
        check_band(&document, &own, &layer)?;
        Ok(Stack {
            exclude_base: if own.exclude.is_some() { folder } else { base.exclude_base },
            path,
            layer,
            evidence: Evidence {
                modules: with_evidence(evidence.modules, &base.evidence.modules),
                policy: evidence.policy.over(base.evidence.policy),
            },
        })
    }

    fn evidence(&self, document: &Document<'_>, folder: &Path, layer: &Layer) -> Result<Evidence, ConfigError> {
        layer.evidence.iter().try_for_each(|evidence| only_toml(document, evidence, "evidence"))?;
        let name = layer.evidence.as_ref().map_or(EVIDENCE_FILE, |placed| &placed.value);
        let path = normal(&folder.join(name));
        let named_at = layer.evidence.as_ref().map(|placed| document.error(placed.span.clone(), ""));
        match (self.text(&path, named_at.as_ref())?, named_at) {
            (Some(text), _) => read::evidence(&Document::new(&self.display(&path), &text)),
            (None, Some(_)) if self.overrides.writes_evidence => Ok(Evidence::default()),
            (None, Some(named_at)) => Err(missing(self.display(&path), Some(&named_at))),
            (None, None) => Ok(Evidence::default()),
        }
    }

    fn text(&self, path: &Path, named_at: Option<&ConfigError>) -> Result<Option<String>, ConfigError> {
        let fail = |message: String| match named_at {
            Some(named_at) => {
                ConfigError { message: format!("`{}` {message}", self.display(path)), ..named_at.clone() }
            }
            None => ConfigError::whole_file(self.display(path), message),
        };
        let bytes = match (self.read)(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Err(fail("is a folder, not a configuration file".to_owned()));
            }
            Err(error) => return Err(fail(format!("cannot be read: {error}"))),
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
                let display = self.display(path);
                let end: Range<usize> = valid.len()..valid.len();
                Err(Document::new(&display, &valid).error(end, "is not UTF-8, which TOML must be"))
            }
        }
    }

    /// The path as the user would write it.
    fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.working_directory).unwrap_or(path).display().to_string()
    }
}

fn with_evidence(
    mut modules: BTreeMap<ModuleName, ModuleEvidence>,
    weaker: &BTreeMap<ModuleName, ModuleEvidence>,
) -> BTreeMap<ModuleName, ModuleEvidence> {
    for (name, evidence) in weaker {
        let merged = modules.remove(name).unwrap_or_default().or(evidence);
        modules.insert(name.clone(), merged);
    }
    modules
}

/// Errors show lines of the file at fault: a configuration must not make them show those of just any file.
fn only_toml(document: &Document<'_>, name: &Placed<String>, key: &str) -> Result<(), ConfigError> {
    let is_toml = Path::new(&name.value).extension().is_some_and(|extension| extension == "toml");
    let message = || format!("`{key}` names `{}`, which is no `.toml` file", name.value);
    if is_toml { Ok(()) } else { Err(document.error(name.span.clone(), message())) }
}

/// The middle band must not be empty: `light-ms`, wherever it was set, is not above `heavy-ms`.
fn check_band(document: &Document<'_>, own: &Layer, merged: &Layer) -> Result<(), ConfigError> {
    let policy = merged.policy.policy();
    if policy.light_ms.is_none_or(|light_ms| light_ms <= policy.heavy_ms) {
        return Ok(());
    }
    let message = format!("`light-ms` must not be above `heavy-ms`, which is {}", policy.heavy_ms);
    Err(match &own.policy.light_ms {
        Some(light_ms) => document.error(light_ms.span.clone(), message),
        None => ConfigError::whole_file(document.path, message),
    })
}

fn missing(path: String, named_at: Option<&ConfigError>) -> ConfigError {
    match named_at {
        Some(named_at) => ConfigError { message: format!("`{path}` does not exist"), ..named_at.clone() },
        None => ConfigError::whole_file(path, "no such file"),
    }
}

/// The path without `.` and `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

impl std::fmt::Debug for Loader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader").field("overrides", &self.overrides).finish_non_exhaustive()
    }
}
