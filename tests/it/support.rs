//! What several tests need: the binary with a clean environment, folders, Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The repository's folder.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The built `hotcold`, with nothing in the environment that changes its output.
pub fn hotcold(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotcold"));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command and gives its output.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The Python that judges: `PYTHON`, else `python3`.
pub fn python() -> Command {
    let program = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(program);
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    command
}

/// The minor version of the Python that judges.
pub fn python_minor() -> u8 {
    let output = run(python().args(["-c", "import sys; print(sys.version_info[1])"]));
    stdout(&output).trim().parse().expect("python3 is on PATH and tells its version")
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.path().strip_prefix(from).expect("below the folder"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).expect("a folder can be made");
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

/// The files below a folder with their bytes, by relative path; the configuration left out.
pub fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("the folder can be read"))
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != "hotcold.toml")
        .filter(|entry| {
            !entry.path().components().any(|part| part.as_os_str() == "__pycache__" || part.as_os_str() == ".git")
        })
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).expect("below the folder");
            (path.to_string_lossy().replace('\\', "/"), fs::read(entry.path()).expect("a file can be read"))
        })
        .collect();
    files.sort();
    files
}
