//! How the tests run a program against a forge: as a job of CI does, killed at a step of theirs, with an eye on secrets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use process_wrap::std::{ChildWrapper, CommandWrap};

use super::forge::{Forge, REPOSITORY, TOKEN};
use super::git::{Checkout, isolate};
use super::gitlab;
use super::loopback::{Moment, lock};
use crate::support::hotcold;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Killed,
    /// It was over before the step came.
    Over,
}

/// `hotcold` in a checkout, in the environment of a workflow of GitHub.
pub fn in_workflow(forge: &Forge, checkout: &Checkout) -> Command {
    let mut command = outside_ci(checkout);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_TOKEN", TOKEN)
        .env("GITHUB_API_URL", forge.api())
        .env("GITHUB_SERVER_URL", forge.url())
        .env("GITHUB_REPOSITORY", REPOSITORY);
    command
}

/// `hotcold` in a checkout, in the environment of a pipeline of GitLab.
pub fn in_pipeline(forge: &Forge, checkout: &Checkout) -> Command {
    let mut command = outside_ci(checkout);
    command
        .env("GITLAB_CI", "true")
        .env("HOTCOLD_TOKEN", gitlab::TOKEN)
        .env("CI_API_V4_URL", forge.api())
        .env("CI_SERVER_URL", forge.url())
        .env("CI_PROJECT_ID", gitlab::PROJECT_ID.to_string())
        .env("CI_PROJECT_PATH", REPOSITORY);
    command
}

/// `hotcold` in a checkout, with no token and no CI in its environment and none of the user's settings for git.
pub fn outside_ci(checkout: &Checkout) -> Command {
    let mut command = hotcold(checkout.path());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let of_ci = ["GITHUB_", "GITLAB_", "CI_", "GIT_", "HOTCOLD_"].iter().any(|start| name.starts_with(start));
        if of_ci || name == "CI" || name == "GH_TOKEN" {
            command.env_remove(&*name);
        }
    }
    // A folder that is empty in place of the user's, so that no credential of theirs is found either.
    command.env("HOME", checkout.home()).env_remove("XDG_CONFIG_HOME");
    isolate(&mut command);
    command
}

/// Runs a command and kills it, and the processes that it started, at a request, counted from 0 over those that the forge
/// has recorded since it last forgot. What the forge was asked for by then is done when this returns.
pub fn kill_at(forge: &Forge, command: Command, step: usize, at: Moment) -> End {
    let running: Arc<Mutex<Option<Box<dyn ChildWrapper>>>> = Arc::default();
    let own = Arc::clone(&running);
    // Nobody gets to kill it before it is here.
    let mut started = lock(&running);
    forge.watch(move |number, moment, _| {
        if (number, moment) == (step, at) {
            let child = lock(&own).take();
            child.expect("it sends a request while it runs").kill().expect("it can be killed");
        }
    });
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::std::JobObject);
    *started = Some(command.spawn().expect("it can be started"));
    drop(started);
    let end = loop {
        match lock(&running).as_mut().map(|child| child.try_wait().expect("its end can be asked for")) {
            None => break End::Killed,
            Some(Some(_)) => break End::Over,
            Some(None) => {}
        }
        thread::sleep(Duration::from_millis(5));
    };
    forge.wait();
    forge.watch(|_, _, _| {});
    end
}

/// A secret as it may stand somewhere: itself, and the ways it is sent in.
fn spellings(secret: &str) -> Vec<String> {
    let names = ["x-access-token", "oauth2", "gitlab-ci-token", ""];
    let encoded = names.iter().map(|name| BASE64_STANDARD.encode(format!("{name}:{secret}")));
    encoded.chain([secret.to_owned(), BASE64_STANDARD.encode(secret)]).collect()
}

/// Whether a text holds a secret in any of its spellings.
pub fn holds(text: &[u8], secret: &str) -> bool {
    spellings(secret).iter().any(|spelling| memchr::memmem::find(text, spelling.as_bytes()).is_some())
}

/// The files below a folder that hold a secret, `.git` included.
pub fn files_with(folder: &Path, secret: &str) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    // A file of git's may go between being listed and being read.
    let read =
        files.filter(|entry| entry.file_type().is_file()).map(|entry| (fs::read(entry.path()), entry.into_path()));
    read.filter(|(text, _)| text.as_ref().is_ok_and(|text| holds(text, secret))).map(|(_, path)| path).collect()
}

/// The command lines of all processes that hold a secret, where the system shows them.
pub fn command_lines_with(secret: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| holds(line, secret)).map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}
