//! The `git` command: what the remote has, a temporary worktree, one commit, a push that overwrites nobody. Credentials,
//! hooks and signing stay as the user has them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::forge::Secret;
use crate::source;

/// A repository and its remote.
#[derive(Debug)]
pub struct Git {
    top: PathBuf,
    remote: String,
    /// Offered for addresses that begin so, when the user's own credentials are none.
    token: Option<(String, Secret)>,
}

/// What went wrong, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("`git` is not installed, or not on PATH")]
    NoGit,
    #[error("{} lies in no git repository with a working tree", .0.display())]
    NoRepository(PathBuf),
    #[error("the remote `{0}` has no branch `{1}`: name another with --base")]
    NoBranch(String, String),
    #[error("the remote `{0}` does not say which branch is its default: name it with --base")]
    NoDefault(String),
    #[error("`git {doing}` failed: {why}")]
    Failed { doing: &'static str, why: String },
    #[error(
        "the repository has the submodule `{0}`, whose code the bot would not see and so could break: run `hotcold fix` \
         where it is checked out"
    )]
    Submodule(String),
    #[error("`{0}` is the branch to be changed, and cannot be hotcold's own: name another with --branch")]
    SameBranch(String),
    #[error("cannot make a temporary folder: {0}")]
    Folder(std::io::Error),
    #[error("cannot run `git`: {0}")]
    Run(std::io::Error),
}

/// How a push ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    Done,
    /// The branch was not any more what it was when it was read.
    Stale,
}

/// The branches of the remote that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    pub base: String,
    pub base_commit: String,
    pub branch_commit: Option<String>,
}

/// A working tree of its own, until it is dropped.
#[derive(Debug)]
pub struct Worktree<'g> {
    git: &'g Git,
    _folder: TempDir,
    pub top: PathBuf,
}

impl Git {
    /// The repository around `folder`.
    pub fn around(folder: &Path, remote: &str) -> Result<Git, GitError> {
        let git = Git { top: folder.to_owned(), remote: remote.to_owned(), token: None };
        let output = run(&mut git.command(folder, &["rev-parse", "--show-toplevel"]))?;
        if !output.status.success() {
            return Err(GitError::NoRepository(folder.to_owned()));
        }
        Ok(Git { top: PathBuf::from(text(&output.stdout)), ..git })
    }

    /// Offers the token to git for addresses under `address`, after the user's own credentials.
    pub fn with_token(self, address: String, token: Secret) -> Git {
        Git { token: Some((address, token)), ..self }
    }

    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The remote's address as the user wrote it; may hold a secret.
    pub fn address(&self) -> Result<String, GitError> {
        self.tell("remote get-url", &["remote", "get-url", "--", &self.remote])
    }

    /// What the remote has now.
    pub fn heads(&self, base: Option<&str>, branch: &str) -> Result<Heads, GitError> {
        let mut arguments = vec!["ls-remote".to_owned(), "--symref".to_owned(), "--".to_owned(), self.remote.clone()];
        arguments.push("HEAD".to_owned());
        arguments.extend([base.unwrap_or(""), branch].iter().filter(|name| !name.is_empty()).map(|name| head(name)));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let listing = self.tell_remote("ls-remote", &arguments)?;
        let default = listing.lines().find_map(|line| {
            let target = line.strip_prefix("ref: refs/heads/")?;
            Some(target.strip_suffix("\tHEAD")?.to_owned())
        });
        let commit = |name: &str| {
            let name = head(name);
            listing.lines().filter_map(|line| line.split_once('\t')).find(|(_, found)| *found == name)
        };
        // The default branch is listed as HEAD.
        let at_head =
            || listing.lines().find_map(|line| line.strip_suffix("\tHEAD").filter(|line| !line.contains(' ')));
        let (base, base_commit) = match (base, default) {
            (Some(base), _) => (base.to_owned(), commit(base).map(|(commit, _)| commit)),
            (None, Some(default)) => (default, at_head()),
            (None, None) => return Err(GitError::NoDefault(self.remote.clone())),
        };
        let base_commit = base_commit.ok_or_else(|| GitError::NoBranch(self.remote.clone(), base.clone()))?.to_owned();
        if base == branch {
            return Err(GitError::SameBranch(base));
        }
        let branch_commit = commit(branch).map(|(commit, _)| commit.to_owned());
        Ok(Heads { base, base_commit, branch_commit })
    }

    /// Has these branches of the remote fetched; nothing of the user's moves by it.
    pub fn fetch(&self, branches: &[&str]) -> Result<(), GitError> {
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        arguments.extend(["--", self.remote.as_str()]);
        let names: Vec<String> = branches.iter().map(|branch| head(branch)).collect();
        arguments.extend(names.iter().map(String::as_str));
        self.tell_remote("fetch", &arguments).map(drop)
    }

    pub fn tree(&self, commit: &str) -> Result<String, GitError> {
        self.tell("rev-parse", &["rev-parse", "--verify", "--end-of-options", &format!("{commit}^{{tree}}")])
    }

    /// The message of a commit.
    pub fn message(&self, commit: &str) -> Result<String, GitError> {
        self.tell("log", &["log", "-1", "--no-show-signature", "--format=%B", "--end-of-options", commit])
    }

    /// A working tree of this commit, away from the user's.
    pub fn worktree(&self, commit: &str) -> Result<Worktree<'_>, GitError> {
        let listing = self.tell("ls-tree", &["ls-tree", "-r", "--full-tree", commit])?;
        if let Some(submodule) = listing.lines().find(|line| line.starts_with("160000 ")) {
            return Err(GitError::Submodule(submodule.split('\t').next_back().unwrap_or_default().to_owned()));
        }
        let folder = tempfile::Builder::new().prefix("hotcold-bot-").tempdir().map_err(GitError::Folder)?;
        let top = std::fs::canonicalize(folder.path()).map_err(GitError::Folder)?.join("tree");
        let path = top.to_string_lossy();
        // All files must be seen, also by those who look at a part of them.
        let whole = ["-c", "core.sparseCheckout=false", "worktree", "add", "--quiet", "--detach", "--", &path, commit];
        self.tell("worktree add", &whole)?;
        Ok(Worktree { git: self, _folder: folder, top })
    }

    /// Puts `commit` where `branch` is `expected` now; `None` is no branch.
    pub fn push(&self, commit: &str, branch: &str, expected: Option<&str>) -> Result<Push, GitError> {
        self.push_refspec(&format!("{commit}:{}", head(branch)), branch, expected)
    }

    /// Takes the branch away if it is `expected`.
    pub fn delete(&self, branch: &str, expected: &str) -> Result<Push, GitError> {
        self.push_refspec(&format!(":{}", head(branch)), branch, Some(expected))
    }

    fn push_refspec(&self, refspec: &str, branch: &str, expected: Option<&str>) -> Result<Push, GitError> {
        let lease = format!("--force-with-lease={}:{}", head(branch), expected.unwrap_or(""));
        let mut command = self.command(&self.top, &["push", "--porcelain", &lease, "--", &self.remote, refspec]);
        let output = run(self.offer_token(&mut command))?;
        if output.status.success() {
            return Ok(Push::Done);
        }
        let said = text(&output.stdout);
        // The last two: somebody was faster by a moment. But a branch that is in the way stays there.
        let stale = ["(stale info)", "(fetch first)", "(failed to update ref)", "cannot lock ref"];
        let in_the_way = format!("{said}{}", text(&output.stderr)).contains("exists; cannot create");
        if !in_the_way && stale.iter().any(|reason| said.contains(reason)) {
            return Ok(Push::Stale);
        }
        let refusal = said.lines().find(|line| line.starts_with('!')).unwrap_or_default();
        Err(GitError::Failed { doing: "push", why: self.readable(&format!("{refusal} {}", text(&output.stderr))) })
    }

    /// Runs git in the repository and gives what it prints.
    fn tell(&self, doing: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        self.tell_in(&self.top, doing, arguments)
    }

    fn tell_in(&self, folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        self.success(doing, &run(&mut self.command(folder, arguments))?)
    }

    /// The same, where git speaks to the remote.
    fn tell_remote(&self, doing: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        self.success(doing, &run(self.offer_token(&mut self.command(&self.top, arguments)))?)
    }

    fn success(&self, doing: &'static str, output: &Output) -> Result<String, GitError> {
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(GitError::Failed { doing, why: self.readable(&text(&output.stderr)) }),
        }
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = source::git(folder);
        command.args(arguments);
        Secret::hide_from(&mut command);
        command
    }

    /// Has the token told where git asks for a password, after what the user has set.
    fn offer_token<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        if let Some((address, token)) = &self.token {
            // By the environment, which nobody else can read: arguments are public.
            let count = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0u32);
            command
                .env("GIT_CONFIG_COUNT", (count + 1).to_string())
                .env(format!("GIT_CONFIG_KEY_{count}"), format!("credential.{address}.helper"))
                .env(format!("GIT_CONFIG_VALUE_{count}"), HELPER)
                .env("HOTCOLD_GIT_TOKEN", token.reveal());
        }
        command
    }

    /// The last words of an error, without passwords in addresses and without the token.
    fn readable(&self, said: &str) -> String {
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(4)..].join("; ");
        let hidden = without_passwords(&last);
        match &self.token {
            Some((_, token)) => hidden.replace(token.reveal(), "***"),
            None => hidden,
        }
    }
}

/// Tells the token when git asks for a password.
const HELPER: &str =
    "!f() { test \"$1\" = get && echo username=x-access-token && echo \"password=$HOTCOLD_GIT_TOKEN\"; }; f";

/// `https://name:secret@host/` becomes `https://***@host/`.
pub fn without_passwords(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(sign) => {
                shown.push_str("***");
                rest = &after[sign..];
            }
            None => rest = after,
        }
    }
    shown + rest
}

impl Worktree<'_> {
    /// Files of the working tree that are not as the commit has them, relative to its top.
    pub fn changed(&self) -> Result<Vec<String>, GitError> {
        let arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"];
        let output = run(&mut self.git.command(&self.top, &arguments))?;
        if !output.status.success() {
            return Err(GitError::Failed { doing: "status", why: self.git.readable(&text(&output.stderr)) });
        }
        let entries = output.stdout.split(|byte| *byte == 0).filter(|entry| entry.len() > 3);
        Ok(entries.map(|entry| String::from_utf8_lossy(&entry[3..]).into_owned()).collect())
    }

    /// The tree that a commit of these files would have.
    pub fn stage(&self, files: &[String]) -> Result<String, GitError> {
        let arguments = ["--literal-pathspecs", "add", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let output = fed(&mut self.git.command(&self.top, &arguments), files.join("\0").as_bytes())?;
        self.git.success("add", &output)?;
        self.git.tell_in(&self.top, "write-tree", &["write-tree"])
    }

    /// What is staged, as a patch.
    pub fn patch(&self) -> Result<String, GitError> {
        let arguments = ["diff", "--cached", "--no-color", "--no-ext-diff", "--no-textconv"];
        self.git.tell_in(&self.top, "diff", &arguments).map(|patch| patch + "\n")
    }

    /// The tree of the last commit.
    pub fn tree(&self) -> Result<String, GitError> {
        self.git.tell_in(&self.top, "rev-parse", &["rev-parse", "--verify", "HEAD^{tree}"])
    }

    /// Commits what is staged, with the user's hooks, and gives the commit.
    pub fn commit(&self, message: &str) -> Result<String, GitError> {
        let mut command = self.git.command(&self.top, &["commit", "--quiet", "--cleanup=verbatim", "--file=-"]);
        for (who, ident) in [("AUTHOR", "GIT_AUTHOR_IDENT"), ("COMMITTER", "GIT_COMMITTER_IDENT")] {
            let strict = ["-c", "user.useConfigOnly=true", "var", ident];
            if !run(&mut self.git.command(&self.top, &strict))?.status.success() {
                command.env(format!("GIT_{who}_NAME"), "hotcold").env(format!("GIT_{who}_EMAIL"), "hotcold@localhost");
            }
        }
        let output = fed(&mut command, message.as_bytes())?;
        if !output.status.success() {
            let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
            return Err(GitError::Failed { doing: "commit", why: self.git.readable(&said) });
        }
        self.git.tell_in(&self.top, "rev-parse", &["rev-parse", "--verify", "HEAD"])
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        // What a run leaves that is killed, git forgets by itself in time: `worktree prune` would take the user's, too.
        let path = self.top.to_string_lossy();
        let _ = self.git.tell("worktree remove", &["worktree", "remove", "--force", "--", &path]);
    }
}

fn head(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

fn run(command: &mut Command) -> Result<Output, GitError> {
    command.output().map_err(cannot_run)
}

/// Runs it with this on its standard input.
fn fed(command: &mut Command, input: &[u8]) -> Result<Output, GitError> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(cannot_run)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A git that does not read it says why itself.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().map_err(cannot_run)
}

fn cannot_run(error: std::io::Error) -> GitError {
    if error.kind() == std::io::ErrorKind::NotFound { GitError::NoGit } else { GitError::Run(error) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        let shown = without_passwords("fatal: 'https://me:abc@host/a.git' and http://x@y https://host/p@q end");
        assert_eq!(shown, "fatal: 'https://***@host/a.git' and http://***@y https://host/p@q end");
    }
}
