//! The files of a git revision in a folder of their own, by the `git` command and an index of their own: the user's index,
//! working tree and list of worktrees stay as they are, and no hook runs. Nothing here reads the files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A repository with a working tree.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The top folder of the working tree, canonical.
    pub top: PathBuf,
}

/// A commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// As the user wrote it.
    pub name: String,
    /// The hash of the commit.
    pub commit: String,
}

/// The files of a revision, until it is dropped.
#[derive(Debug)]
pub struct Checkout {
    folder: TempDir,
    /// The top folder of the files, canonical.
    pub top: PathBuf,
    /// Submodules, whose files are not there.
    pub submodules: Vec<String>,
}

/// Why there are no files to look at.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    #[error("`git` is not installed, or not on PATH")]
    NoGit,
    #[error("{} lies in no git repository with a working tree{}", .0.display(), said(.1))]
    NoRepository(PathBuf, String),
    #[error("`{name}` is no commit of the repository {}: name a branch, a tag, a hash or something like `HEAD~1`", .top.display())]
    Unknown { name: String, top: PathBuf },
    #[error("`git {doing}` failed{}", said(.why))]
    Git { doing: &'static str, why: String },
    #[error("{doing}: {source}")]
    Io { doing: &'static str, source: io::Error },
}

/// Settings that would run somebody's program, write into the repository, or leave files out.
const SETTINGS: [&str; 4] =
    ["core.fsmonitor=false", "core.splitIndex=false", "core.sparseCheckout=false", "index.sparse=false"];

impl Repository {
    /// The repository that `folder` lies in.
    pub fn around(folder: &Path) -> Result<Repository, RevisionError> {
        let output = run(git(folder).args(["rev-parse", "--show-toplevel"]))?;
        let none = |said| RevisionError::NoRepository(folder.to_owned(), said);
        if !output.status.success() {
            return Err(none(last_line(&output.stderr)));
        }
        let top = PathBuf::from(path_text(&output.stdout));
        let top = fs::canonicalize(&top).map_err(|error| none(format!("{}: {error}", top.display())))?;
        Ok(Repository { top })
    }

    /// The commit that `name` means. What looks like an option is a name all the same.
    pub fn revision(&self, name: &str) -> Result<Revision, RevisionError> {
        let commit = format!("{name}^{{commit}}");
        let output = run(git(&self.top).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]))?;
        let commit = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if name.is_empty() || !output.status.success() || !is_hash {
            return Err(RevisionError::Unknown { name: name.to_owned(), top: self.top.clone() });
        }
        Ok(Revision { name: name.to_owned(), commit })
    }

    /// Writes the files of a revision to a temporary folder.
    pub fn check_out(&self, revision: &Revision) -> Result<Checkout, RevisionError> {
        let io = |doing| move |source| RevisionError::Io { doing, source };
        let made = tempfile::Builder::new().prefix("hotcold-").tempdir();
        let folder = made.map_err(io("cannot make a temporary folder"))?;
        // What is compared with it later is canonical, too.
        let base = fs::canonicalize(folder.path()).map_err(io("cannot follow the path of a temporary folder"))?;
        let top = base.join("tree");
        fs::create_dir(&top).map_err(io("cannot make a temporary folder"))?;
        let git = || {
            let mut git = git(&self.top);
            git.env("GIT_INDEX_FILE", base.join("index"));
            let mut hooks = OsString::from("core.hooksPath=");
            hooks.push(base.join("no-hooks"));
            git.arg("-c").arg(hooks);
            git.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
            git
        };
        succeed("read-tree", git().args(["read-tree", &revision.commit]))?;
        let mut prefix = OsString::from("--prefix=");
        prefix.push(&top);
        prefix.push("/");
        succeed("checkout-index", git().args(["checkout-index", "--all", "--quiet"]).arg(prefix))?;
        let listing = succeed("ls-files", git().args(["ls-files", "--stage", "-z"]))?;
        Ok(Checkout { folder, top, submodules: submodules(&listing) })
    }
}

impl Revision {
    /// Enough of the hash for people.
    pub fn short(&self) -> &str {
        &self.commit[..10]
    }
}

impl Checkout {
    /// A place for other files that go when this goes.
    pub fn aside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The paths of entries of mode 160000: `mode hash stage<tab>path<nul>`.
fn submodules(listing: &[u8]) -> Vec<String> {
    let entries = listing.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let path = |entry: &str| Some(entry.strip_prefix("160000 ")?.split_once('\t')?.1.to_owned());
    entries.filter_map(|entry| path(&entry)).collect()
}

/// `git` in a folder, which alone tells the repository, and with nobody to answer questions.
pub fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).stdin(std::process::Stdio::null());
    // The folder tells the repository, also where a hook of another one runs this.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    // Nobody can answer a question here.
    command.env("GIT_TERMINAL_PROMPT", "0");
    command
}

fn run(command: &mut Command) -> Result<Output, RevisionError> {
    command.output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RevisionError::NoGit,
        _ => RevisionError::Io { doing: "cannot run `git`", source },
    })
}

fn succeed(doing: &'static str, command: &mut Command) -> Result<Vec<u8>, RevisionError> {
    let output = run(command)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(RevisionError::Git { doing, why: last_line(&output.stderr) }),
    }
}

fn said(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!(" (git says: {line})") }
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// A path that git prints, without the end of the line.
#[cfg(unix)]
fn path_text(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(bytes.strip_suffix(b"\n").unwrap_or(bytes)).to_owned()
}

#[cfg(not(unix))]
fn path_text(bytes: &[u8]) -> OsString {
    OsString::from(OsStr::new(String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_other_repositories_are_submodules() {
        let listing = b"100644 aa 0\ta.py\x00160000 bb 0\tvendor/a b\x00120000 cc 0\tlink\x00";
        assert_eq!(submodules(listing), ["vendor/a b"]);
    }
}
