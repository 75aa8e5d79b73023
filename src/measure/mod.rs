//! Measures imports with the user's own interpreter: a fresh process each time, warm byte code, the interpreter's own
//! start taken off. Runs the code of the modules that it is asked for, which is what it is for; writes nothing.

mod pairs;
mod process;
mod sample;
mod size;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use pairs::{Compared, Side, compare};
pub use process::{Ended, Interpreter, ProcessError};
pub use sample::Sample;
pub use size::Size;

use crate::evidence::importtime::{Profile, Row};
use crate::name::ModuleName;

/// Tells what an import loads and does.
const PROBE: &str = include_str!("probe.py");

/// The fewest runs whose median is worth the name.
pub const FEWEST_RUNS: usize = 5;

/// What one module takes.
#[derive(Debug, Clone)]
pub struct Measurement {
    pub module: ModuleName,
    /// Milliseconds of the import with everything that it loads.
    pub import_ms: Sample,
    /// Milliseconds without.
    pub self_ms: Sample,
    /// All modules that it loads, itself included.
    pub loaded: Vec<String>,
    /// Bytes by which the peak of the process's memory grew; `None` where the system does not tell.
    pub memory: Option<u64>,
    /// What it loads of installed packages.
    pub size: Size,
    /// What else it does: prints, starts threads.
    pub notes: Vec<String>,
}

/// Why a module has no measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub module: ModuleName,
    pub why: String,
}

/// One import of a module.
#[derive(Debug, Clone)]
pub struct Once {
    /// Milliseconds of the import statement with everything that it loads.
    pub ms: f64,
    /// What it loaded, with the files where these have one.
    pub origins: BTreeMap<String, Option<PathBuf>>,
}

/// The interpreter, with what it loads by itself.
#[derive(Debug)]
pub struct Bench {
    interpreter: Interpreter,
    /// `3.11.7`
    pub version: String,
    /// How many rows of a profile are the interpreter's own.
    own_rows: usize,
}

/// What the probe writes.
#[derive(Debug, Deserialize)]
struct Seen {
    failure: Option<String>,
    exited: bool,
    /// The module itself, or a package around it, is not there.
    missing: bool,
    /// Milliseconds of the import.
    took: f64,
    loaded: BTreeMap<String, Option<PathBuf>>,
    peak: Option<u64>,
    threads: usize,
    site: Vec<PathBuf>,
    standard: Vec<PathBuf>,
}

impl Bench {
    /// Starts the interpreter once to learn its version and what it loads by itself.
    pub fn new(interpreter: Interpreter) -> Result<Bench, ProcessError> {
        let code = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
        let mut version = String::new();
        // The first run may have to write byte code.
        for _ in 0..2 {
            let ended = interpreter.run(&arguments(&["-c", code]))?;
            version = ended.stdout.trim().to_owned();
        }
        let own = interpreter.run(&arguments(&["-X", "importtime", "-c", "pass"]))?;
        if !own.status.success() || version.is_empty() {
            let source = std::io::Error::other(first_line(&own.stderr, "it is no Python of version 3.7 or later"));
            return Err(ProcessError::Start { program: interpreter.program.display().to_string(), source });
        }
        Ok(Bench { interpreter, version, own_rows: Profile::parse(&own.stderr).rows().len() })
    }

    /// Measures one module. The first import, which is not counted, warms the byte code and tells what is loaded.
    pub fn measure(&self, module: &ModuleName, runs: usize) -> Result<Measurement, Failure> {
        let fail = |why: String| Failure { module: module.clone(), why };
        let (seen, printed) = self.look(module).map_err(fail)?;
        if let Some(why) = seen.failure {
            return Err(fail(if seen.exited { why } else { format!("cannot be imported: {why}") }));
        }
        let (mut whole, mut own) = (Vec::new(), Vec::new());
        let mut processes = 1;
        for _ in 0..runs.max(FEWEST_RUNS) {
            let profile = self.profile(module).map_err(fail)?;
            processes = processes.max(profile.processes);
            let row = self.row(&profile, module);
            whole.push(row.map_or(0.0, |row| row.cumulative_us as f64 / 1000.0));
            own.push(row.map_or(0.0, |row| row.self_us as f64 / 1000.0));
        }
        let (Some(import_ms), Some(self_ms)) = (Sample::new(whole), Sample::new(own)) else {
            return Err(fail("was not measured".to_owned()));
        };
        let mut notes = Vec::new();
        if printed {
            notes.push("prints something".to_owned());
        }
        if seen.threads > 0 {
            notes.push(format!("starts {} thread{}", seen.threads, if seen.threads == 1 { "" } else { "s" }));
        }
        if processes > 1 {
            notes.push("starts another Python".to_owned());
        }
        if seen.loaded.is_empty() {
            notes.push("is loaded in every Python process".to_owned());
        }
        let size = size::of(seen.loaded.values().flatten(), &seen.site, &seen.standard);
        let loaded = seen.loaded.into_keys().collect();
        Ok(Measurement { module: module.clone(), import_ms, self_ms, loaded, memory: seen.peak, size, notes })
    }

    /// Imports `module` once, by the clock.
    pub fn once(&self, module: &ModuleName) -> Result<Once, Failure> {
        let fail = |why: String| Failure { module: module.clone(), why };
        let (Seen { failure, missing, took, loaded, .. }, _) = self.look(module).map_err(fail)?;
        match failure {
            Some(_) if missing => Err(fail("is not there".to_owned())),
            Some(why) => Err(fail(format!("cannot be imported: {why}"))),
            None => Ok(Once { ms: took, origins: loaded }),
        }
    }

    /// How many rows of a profile are the interpreter's own.
    pub fn own_rows(&self) -> usize {
        self.own_rows
    }

    /// The rows of one import of `module`, behind the interpreter's own.
    pub fn start(&self, module: &ModuleName) -> Result<Profile, Failure> {
        self.profile(module).map_err(|why| Failure { module: module.clone(), why })
    }

    /// The row of the import of `module`; `None` if the interpreter had loaded it already.
    pub fn row<'p>(&self, profile: &'p Profile, module: &ModuleName) -> Option<&'p Row> {
        profile.find_from(self.own_rows, module.as_str()).map(|at| &profile.rows()[at])
    }

    fn profile(&self, module: &ModuleName) -> Result<Profile, String> {
        let code = format!("import {module}");
        let ended = self.interpreter.run(&arguments(&["-X", "importtime", "-c", &code]));
        let ended = ended.map_err(|error| error.to_string())?;
        if !ended.status.success() {
            return Err(format!("fails in some runs: {}", last_line(&ended.stderr, &ended.status.to_string())));
        }
        Ok(Profile::parse(&ended.stderr))
    }

    /// What the probe saw, and whether the module printed.
    fn look(&self, module: &ModuleName) -> Result<(Seen, bool), String> {
        let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
        let answer = folder.path().join("answer.json");
        let mut arguments = arguments(&["-c", PROBE, module.as_str()]);
        arguments.push(answer.clone().into_os_string());
        let ended = self.interpreter.run(&arguments).map_err(|error| error.to_string())?;
        let Ok(text) = std::fs::read_to_string(&answer) else {
            return Err(format!(
                "ends the process when it is imported ({}): {}",
                ended.status,
                last_line(&ended.stderr, "nothing is printed")
            ));
        };
        let seen = serde_json::from_str(&text).map_err(|error| format!("tells nothing that can be read: {error}"))?;
        Ok((seen, !ended.stdout.trim().is_empty() || !ended.stderr.trim().is_empty()))
    }
}

/// The interpreter to use: the one that was named, else that of the active virtual environment, else the one on the path.
pub fn interpreter(named: Option<&Path>) -> PathBuf {
    if let Some(named) = named {
        return named.to_owned();
    }
    let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let environment = std::env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join(inside));
    environment.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("python3"))
}

fn arguments(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn first_line(text: &str, otherwise: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(otherwise).to_owned()
}

/// The last line that is no row of a profile: of a traceback, the error.
fn last_line(text: &str, otherwise: &str) -> String {
    let mut lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    lines.find(|line| !line.contains("import time:")).unwrap_or(otherwise).to_owned()
}
