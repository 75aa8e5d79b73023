//! Real git: a bare repository, what people do to it, and its service over http by `git http-backend`, with a token.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use base64::prelude::{BASE64_STANDARD, Engine};
use tempfile::TempDir;

use super::http::{Answer, Request};
use crate::support::{copy, repository, run, stderr, stdout};

pub const BASE: &str = "main";

/// Who commits where nobody else is named.
pub const DEVELOPER: (&str, &str) = ("Developer", "developer@example.com");

/// A bare repository in a folder of its own.
pub struct Bare {
    folder: TempDir,
}

/// A clone with a working tree.
pub struct Checkout {
    folder: TempDir,
    home: TempDir,
}

/// How a branch gets into another one.
#[derive(Clone, Copy)]
pub enum Merge {
    Commit,
    Squash,
}

impl Bare {
    /// A repository whose base branch holds the example of the documentation, where `pandas` is to be moved.
    pub fn worked_example() -> Self {
        Self::of(&repository().join("fixtures/sink/worked-example/before"))
    }

    /// A repository whose base branch holds the files of a folder.
    pub fn of(files: &Path) -> Self {
        let bare = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        let head = format!("--initial-branch={BASE}");
        git(bare.folder.path(), &["init", "--quiet", "--bare", &head, "."]);
        // The service takes pushes, and no housekeeping runs on after a test.
        for setting in [["http.receivepack", "true"], ["receive.autogc", "false"], ["gc.auto", "0"]] {
            git(bare.folder.path(), &["config", setting[0], setting[1]]);
        }
        let clone = Checkout::empty();
        git(clone.path(), &["init", "--quiet", &head, "."]);
        copy(files, clone.path());
        git(clone.path(), &["add", "--all"]);
        git(clone.path(), &["commit", "--quiet", "--message", "The project"]);
        let target = bare.path().to_str().expect("the path is text").to_owned();
        git(clone.path(), &["push", "--quiet", &target, BASE]);
        bare
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    /// A clone of it, by way of `url`, which stays the clone's `origin`.
    pub fn check_out(&self, url: &str) -> Checkout {
        let clone = Checkout::empty();
        let own = self.path().to_str().expect("the path is text");
        git(clone.path(), &["clone", "--quiet", own, "."]);
        git(clone.path(), &["remote", "set-url", "origin", url]);
        clone
    }

    /// The commit a branch stands at.
    pub fn head(&self, branch: &str) -> Option<String> {
        let reference = format!("refs/heads/{branch}");
        let output = run(clean(self.path()).args(["rev-parse", "--verify", "--quiet", &reference]));
        output.status.success().then(|| stdout(&output).trim().to_owned())
    }

    /// The commit that a whole or shortened hash names.
    pub fn commit_named(&self, hash: &str) -> Option<String> {
        let is_hash = hash.len() >= 4 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let revision = format!("{hash}^{{commit}}");
        let output = run(clean(self.path()).args(["rev-parse", "--verify", "--quiet", &revision]));
        (is_hash && output.status.success()).then(|| stdout(&output).trim().to_owned())
    }

    /// The branches there are.
    pub fn branches(&self) -> Vec<String> {
        let found = self.git(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]);
        found.lines().map(str::to_owned).collect()
    }

    /// The tree of a commit.
    pub fn tree(&self, revision: &str) -> String {
        self.git(&["rev-parse", &format!("{revision}^{{tree}}")])
    }

    /// `Name <address>` of a commit.
    pub fn author(&self, revision: &str) -> String {
        self.git(&["show", "--no-patch", "--format=%an <%ae>", revision])
    }

    pub fn message(&self, revision: &str) -> String {
        self.git(&["show", "--no-patch", "--format=%B", revision])
    }

    pub fn file(&self, revision: &str, path: &str) -> String {
        let output = run(clean(self.path()).args(["show", &format!("{revision}:{path}")]));
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    }

    /// The commits that `to` has and `from` has not, the oldest first.
    pub fn between(&self, from: &str, to: &str) -> Vec<String> {
        let range = format!("{from}..{to}");
        self.git(&["rev-list", "--reverse", &range]).lines().map(str::to_owned).collect()
    }

    pub fn is_ancestor(&self, one: &str, of: &str) -> bool {
        run(clean(self.path()).args(["merge-base", "--is-ancestor", one, of])).status.success()
    }

    /// Commits files onto a branch as a person does who pushes it; nothing for a text deletes the file. A branch that is
    /// not there yet starts at the base branch. Gives the new commit.
    pub fn commit(&self, branch: &str, files: &[(&str, Option<&str>)], message: &str) -> String {
        let parent = self.head(branch).or_else(|| self.head(BASE)).expect("the base branch is there");
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let with_index = |arguments: &[&str]| {
            let mut command = clean(self.path());
            command.env("GIT_INDEX_FILE", scratch.path().join("index")).args(arguments);
            succeed(&mut command)
        };
        with_index(&["read-tree", &parent]);
        for (path, text) in files {
            match text {
                Some(text) => {
                    let file = scratch.path().join("file");
                    fs::write(&file, text).expect("a file can be written");
                    let blob = self.git(&["hash-object", "-w", file.to_str().expect("the path is text")]);
                    with_index(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")]);
                }
                None => {
                    with_index(&["rm", "--cached", "--quiet", path]);
                }
            }
        }
        let tree = with_index(&["write-tree"]);
        let commit = self.git(&["commit-tree", &tree, "-p", &parent, "-m", message]);
        self.set(branch, &commit);
        commit
    }

    /// Lets a branch stand at a commit, whatever it was before.
    pub fn set(&self, branch: &str, commit: &str) {
        self.git(&["update-ref", &format!("refs/heads/{branch}"), commit]);
    }

    pub fn delete(&self, branch: &str) {
        self.git(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
    }

    /// Merges a branch into another one; gives the new commit.
    pub fn merge(&self, branch: &str, into: &str, how: Merge) -> String {
        let head = self.head(branch).expect("the branch is there");
        let base = self.head(into).expect("the base branch is there");
        let tree = self.git(&["merge-tree", "--write-tree", &base, &head]);
        let message = format!("Merge {branch}");
        let commit = match how {
            Merge::Commit => self.git(&["commit-tree", &tree, "-p", &base, "-p", &head, "-m", &message]),
            Merge::Squash => self.git(&["commit-tree", &tree, "-p", &base, "-m", &message]),
        };
        self.set(into, &commit);
        commit
    }
}

impl Checkout {
    fn empty() -> Self {
        let make = || tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder: make(), home: make() }
    }

    /// The folder of a user who has no settings.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    /// Takes the base branch as it is now in the repository.
    pub fn pull(&self, from: &Bare) {
        let source = from.path().to_str().expect("the path is text");
        self.git(&["fetch", "--quiet", source, "+refs/heads/*:refs/remotes/origin/*"]);
        self.git(&["reset", "--quiet", "--hard", &format!("origin/{BASE}")]);
    }

    /// What `git status` and `git worktree list` tell of it: the same before and after a run that leaves nothing behind.
    pub fn condition(&self) -> String {
        let status = self.git(&["status", "--porcelain=v2", "--branch", "--ignored"]);
        format!("{status}\n{}", self.git(&["worktree", "list", "--porcelain"]))
    }
}

/// A repository as a forge serves it to `git` at `/OWNER/NAME.git`.
pub struct Service {
    repository: PathBuf,
    prefix: String,
    token: String,
}

impl Service {
    pub fn new(bare: &Bare, full_name: &str, token: &str) -> Self {
        let prefix = format!("/{full_name}.git/");
        Self { repository: bare.path().to_owned(), prefix, token: token.to_owned() }
    }

    /// Whether a request is one of `git`'s.
    pub fn serves(&self, request: &Request) -> bool {
        request.path.starts_with(&self.prefix)
    }

    /// Answers as the forges do: 401 without the token, else what `git http-backend` says.
    pub fn answer(&self, request: &Request) -> Answer {
        if !self.is_allowed(request) {
            return Answer::html(401, "Bad credentials").with("WWW-Authenticate", "Basic realm=\"git\"");
        }
        let rest = request.path.strip_prefix(&self.prefix).expect("asked for this repository");
        let mut command = clean(&self.repository);
        command
            .arg("http-backend")
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_PROJECT_ROOT", &self.repository)
            .env("PATH_INFO", format!("/{rest}"))
            .env("QUERY_STRING", &request.raw_query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", request.header("content-encoding").unwrap_or_default())
            .env("GIT_PROTOCOL", request.header("git-protocol").unwrap_or_default())
            .env("REMOTE_USER", "x-access-token");
        from_cgi(&through(&mut command, &request.body))
    }

    /// Whether the request carries the token as the password of one of the names that forges take for it.
    fn is_allowed(&self, request: &Request) -> bool {
        let basic = request.header("authorization").and_then(|value| value.split_once(' '));
        let Some((scheme, encoded)) = basic else { return false };
        let decoded = BASE64_STANDARD.decode(encoded.trim()).unwrap_or_default();
        let names = ["x-access-token", "oauth2", "gitlab-ci-token"];
        scheme.eq_ignore_ascii_case("basic")
            && names.iter().any(|name| decoded == format!("{name}:{}", self.token).as_bytes())
    }
}

/// `git` in a folder, untouched by the settings of who runs the tests, as the developer.
pub fn clean(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_ASKPASS", "SSH_ASKPASS"] {
        command.env_remove(variable);
    }
    isolate(&mut command);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), DEVELOPER.0).env(format!("GIT_{role}_EMAIL"), DEVELOPER.1);
    }
    command
}

/// Keeps the settings of who runs the tests from a command that calls `git`; it asks nobody for a password.
pub fn isolate(command: &mut Command) -> &mut Command {
    command
        .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
}

/// What `git` prints, without the end of the last line.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    succeed(clean(folder).args(arguments))
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    stdout(&output).trim_end().to_owned()
}

/// What a command writes when it is given `input`.
fn through(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    thread::scope(|scope| {
        // It may answer before it has read everything: then the rest is not for it.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().expect("it ends").stdout
    })
}

/// The answer in what a CGI program writes.
fn from_cgi(output: &[u8]) -> Answer {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("git http-backend writes a head");
    let mut answer = Answer { status: 200, headers: vec![], body: output[end + 4..].to_vec() };
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header has a name and a value");
        if name == "Status" {
            answer.status = value.split(' ').next().and_then(|code| code.parse().ok()).expect("a status is a number");
        } else {
            answer = answer.with(name, value);
        }
    }
    answer
}
