//! What the bot asks of a forge, and the forges that answer. No git here.

mod github;
mod gitlab;
mod http;
mod printed;

use std::fmt;
use std::process::Command;

pub use github::Github;
pub use gitlab::Gitlab;
pub use printed::Printed;

/// A pull request, or a merge request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// For people.
    pub url: String,
    pub title: String,
    pub body: String,
    /// The branch that it goes into.
    pub base: String,
    pub labels: Vec<String>,
}

/// The branches of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub base: String,
    pub branch: String,
    pub draft: bool,
}

/// All that the bot asks. Each call is one request or a few, in turn.
pub trait Forge {
    /// The open pull request of the branch.
    fn open(&mut self, place: &Place) -> Result<Option<PullRequest>, ForgeError>;
    /// Those of the branch that were closed and not merged.
    fn closed(&mut self, place: &Place) -> Result<Vec<PullRequest>, ForgeError>;
    /// Opens one; if there is one after all, that one is brought up to date.
    fn create(&mut self, place: &Place, title: &str, body: &str) -> Result<PullRequest, ForgeError>;
    fn update(&mut self, number: u64, title: &str, body: &str) -> Result<(), ForgeError>;
    fn close(&mut self, number: u64, body: &str) -> Result<(), ForgeError>;
    fn comments(&mut self, number: u64) -> Result<Vec<String>, ForgeError>;
    fn comment(&mut self, number: u64, text: &str) -> Result<(), ForgeError>;
}

/// What went wrong, with what to do about it and without secrets.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    #[error("cannot reach {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error(
        "{host} does not accept the token (401): give a valid one in {variable}, with the right to write contents and \
         pull requests"
    )]
    Token { host: String, variable: &'static str },
    #[error(
        "the token may not do this ({said}): give the workflow `permissions: contents: write, pull-requests: write`, or a \
         token that has them"
    )]
    Permission { said: String },
    #[error(
        "the repository's settings do not let Actions open pull requests: allow it under Settings, Actions, General, or \
         open it by hand: {compare}"
    )]
    NotPermitted { compare: String },
    #[error("the forge finds no difference between `{base}` and `{branch}`: run again when both are as they should be")]
    NoCommits { base: String, branch: String },
    #[error("the forge does not know the branch `{0}` yet, after several tries: run again in some minutes")]
    NoHead(String),
    #[error("{host} has no such repository, or the token may not see it ({path})")]
    NotFound { host: String, path: String },
    #[error("{host} asks to wait for {seconds} s, which is too long for one run: run again later")]
    Limited { host: String, seconds: u64 },
    #[error("{host} says that the repository has moved to {to}: change the address of the remote")]
    Moved { host: String, to: String },
    #[error("{host} answered {status} to {what}: {said}")]
    Answer { host: String, status: u16, what: String, said: String },
    #[error("{host} answered {what} with something that cannot be read: {why}")]
    Unreadable { host: String, what: String, why: String },
}

/// A token. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The variables that may hold secrets of the bot.
pub const TOKEN_VARIABLES: [&str; 5] = ["HOTCOLD_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"];

impl Secret {
    pub fn new(text: String) -> Option<Secret> {
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(Secret(text))
    }

    /// The text itself, for headers and for the environment of git.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Programs that the bot starts do not get its secrets.
    pub fn hide_from(command: &mut Command) {
        for variable in TOKEN_VARIABLES {
            command.env_remove(variable);
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}
