//! One process of the user's interpreter, from start to end, with a limit of time. What it prints goes to files: a child
//! that it leaves behind may keep a pipe open for ever.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use process_wrap::std::CommandWrap;

/// How often a running process is looked at.
const POLL: Duration = Duration::from_millis(2);

/// As much of what a process prints as is read.
const MOST_OUTPUT: u64 = 64 * 1024 * 1024;

/// Where and how the interpreter runs.
#[derive(Debug, Clone)]
pub struct Interpreter {
    pub program: PathBuf,
    /// The working directory, which is first on the path of modules.
    pub folder: PathBuf,
    /// Added to `PYTHONPATH`, in front.
    pub paths: Vec<PathBuf>,
    /// Where byte code goes; `None` for beside the files.
    pub byte_code: Option<PathBuf>,
    pub timeout: Duration,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("cannot run `{program}`: {source}")]
    Start { program: String, source: io::Error },
    #[error("takes longer than {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("cannot read what it prints: {0}")]
    Output(#[from] io::Error),
}

impl Interpreter {
    /// Runs the interpreter with these arguments.
    pub fn run(&self, arguments: &[OsString]) -> Result<Ended, ProcessError> {
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            // Byte code must be warm, and another tool's setting must not print into ours.
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .env_remove("PYTHONPROFILEIMPORTTIME")
            .env_remove("PYTHONSAFEPATH")
            .stdin(Stdio::null())
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?);
        if let Some(folder) = &self.byte_code {
            command.env("PYTHONPYCACHEPREFIX", folder);
        }
        if !self.paths.is_empty() {
            command.env("PYTHONPATH", self.python_path());
        }
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::std::JobObject);
        let start = Instant::now();
        let program = || self.program.display().to_string();
        let mut child = command.spawn().map_err(|source| ProcessError::Start { program: program(), source })?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > self.timeout {
                // The process may have ended by itself just now.
                let _ = child.kill();
                return Err(ProcessError::Timeout(self.timeout));
            }
            std::thread::sleep(POLL);
        };
        let took = start.elapsed();
        // What it left running is no business of the next measurement.
        let _ = child.start_kill();
        Ok(Ended { status, stdout: read(stdout)?, stderr: read(stderr)?, took })
    }

    fn python_path(&self) -> OsString {
        let inherited = std::env::var_os("PYTHONPATH").unwrap_or_default();
        let inherited = std::env::split_paths(&inherited).filter(|path| path != Path::new(""));
        let all: Vec<PathBuf> = self.paths.iter().cloned().chain(inherited).collect();
        // A path that cannot stand in the list is one that Python could not use either.
        std::env::join_paths(all).unwrap_or_default()
    }
}

fn read(mut file: File) -> io::Result<String> {
    use std::io::Seek;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST_OUTPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
