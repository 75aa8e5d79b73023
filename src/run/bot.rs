//! `hotcold bot`: finds out where it runs, makes the changes in a temporary worktree, and has the pull request follow.

mod place;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use hotcold::bot::{Change, Forge, Git, Life, Printed, Secret, Worktree, id};
use hotcold::cli::{Action, Bot, Common, Exit, Run};
use hotcold::outcome::Outcome;
use hotcold::plan::Identity;
use hotcold::verify;

use super::{Found, find, sink, threads, working_directory};
use crate::terminal::Terminal;

pub fn bot(request: &Bot, terminal: &Terminal) -> anyhow::Result<Exit> {
    let working_directory = working_directory()?;
    let git = Git::around(&working_directory, &request.remote)?;
    // Folders of the user's working tree stand for those of the worktree.
    let top = fs::canonicalize(git.top()).context("cannot follow the path of the repository")?;
    let inside = fs::canonicalize(&working_directory)?.strip_prefix(&top).map(Path::to_owned);
    let inside = inside.context("the working directory lies outside the repository")?;
    let template = request.template.as_deref().map(read_template).transpose()?;
    let stdout = &mut io::stdout();
    let mut printed = io::stdout();
    let (git, mut forge): (Git, Box<dyn Forge + '_>) = match request.dry_run {
        true => (git, Box::new(Printed::new(stdout))),
        false => place::forge(request, git)?,
    };
    let mut life = Life {
        git: &git,
        forge: forge.as_mut(),
        base: request.base.as_deref(),
        branch: &request.branch,
        draft: request.draft,
        template: template.as_deref(),
        dry_run: request.dry_run.then_some(&mut printed as &mut dyn Write),
    };
    let end = life.run(&mut |worktree, declined| change(request, &inside, worktree, declined, terminal))?;
    let note = if end.note.is_empty() { String::new() } else { format!(": {}", end.note) };
    writeln!(io::stdout().lock(), "{}{note}", end.word)?;
    Ok(Exit::Success)
}

fn read_template(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read the template {}", path.display()))
}

/// Does in the worktree what `hotcold fix` would do in the folder `inside`.
fn change(
    request: &Bot,
    inside: &Path,
    worktree: &Worktree<'_>,
    declined: &BTreeSet<String>,
    terminal: &Terminal,
) -> anyhow::Result<Change> {
    let folder = real(&worktree.top.join(inside), &worktree.top)?;
    let common = Common {
        paths: request.paths.iter().map(|path| real(&folder.join(path), &worktree.top)).collect::<Result<_, _>>()?,
        config: request.config.as_deref().map(|path| real(&folder.join(path), &worktree.top)).transpose()?,
        unsafe_moves: request.unsafe_moves,
        ..Common::default()
    };
    let run = Run::new(Action::Fix { exit_non_zero_on_fix: false }, common)?;
    let left_out = AtomicUsize::new(0);
    // Between repositories and runs a change is named from the top of the repository.
    let named = |identity: &Identity| {
        id(&Identity { path: inside.join(&identity.path).to_string_lossy().replace('\\', "/"), ..identity.clone() })
    };
    let is_declined = |identity: &Identity| {
        let is_declined = declined.contains(&named(identity));
        left_out.fetch_add(usize::from(is_declined), Ordering::Relaxed);
        is_declined
    };
    let mut outcome = threads(None)?.install(|| {
        let Found { mut outcome, judges, .. } = find(&run, &folder, &is_declined, terminal)?;
        let sink = sink::Sink { run: &run, terminal, working_directory: &folder, stdin: None, judges };
        sink.write_files(&mut outcome);
        anyhow::Ok(outcome)
    })?;
    if let Some(problem) = outcome.problems.first() {
        let place = problem.place.map_or(String::new(), |place| format!(":{place}"));
        anyhow::bail!("nothing was pushed, because of {}{place}: {}", problem.path, problem.message);
    }
    let written: Vec<PathBuf> = rewrites(&outcome).map(|(path, _)| folder.join(path)).collect();
    if let Some(command) = request.post_command.as_deref().filter(|_| !written.is_empty()) {
        post(command, &folder, &written)?;
        hold(&outcome, &folder)?;
    }
    let expected = written.iter().map(|path| path.strip_prefix(&worktree.top).unwrap_or(path));
    let expected: BTreeSet<String> = expected.map(|path| path.to_string_lossy().replace('\\', "/")).collect();
    let files = worktree.changed()?;
    if let Some(other) = files.iter().find(|file| !expected.contains(*file)) {
        anyhow::bail!("the post-command changed `{other}`, which hotcold did not: let it change only what it is given");
    }
    let moves = outcome.files.iter().flat_map(|file| &file.findings).map(|finding| named(&finding.identity)).collect();
    outcome.files.iter_mut().for_each(|file| file.path = inside.join(&file.path).to_string_lossy().into_owned());
    let body = text::body(&outcome, request, inside, &worktree.top)?;
    Ok(Change { files, moves, left_out: left_out.into_inner(), body })
}

/// Where a path of the base branch leads, if that is in the worktree: a link must not have files elsewhere written.
fn real(path: &Path, top: &Path) -> anyhow::Result<PathBuf> {
    let shown = path.strip_prefix(top).unwrap_or(path).display();
    let real = fs::canonicalize(path).with_context(|| format!("{shown} is not on the base branch"))?;
    anyhow::ensure!(real.starts_with(top), "{shown} leads out of the repository on the base branch");
    Ok(real)
}

fn rewrites(outcome: &Outcome) -> impl Iterator<Item = (&str, &str)> {
    outcome.files.iter().filter_map(|file| Some((file.path.as_str(), file.rewrite.as_ref()?.after())))
}

/// Runs the user's command on the changed files, with none of the bot's secrets.
fn post(command: &str, folder: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let words = shlex::split(command).filter(|words| !words.is_empty()).context("--post-command is no command")?;
    let mut process = Command::new(&words[0]);
    process.args(&words[1..]).args(files).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    Secret::hide_from(&mut process);
    let output = process.output().with_context(|| format!("cannot run the post-command `{}`", words[0]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().lines().next_back().unwrap_or_default();
    anyhow::ensure!(output.status.success(), "the post-command failed ({}): {said}", output.status);
    Ok(())
}

/// What the command left must be the proved text but for its layout.
fn hold(outcome: &Outcome, folder: &Path) -> anyhow::Result<()> {
    for (path, proved) in rewrites(outcome) {
        let after = fs::read_to_string(folder.join(path)).with_context(|| format!("cannot read {path} again"))?;
        let same = after == proved || verify::same_but_layout(proved, &after);
        anyhow::ensure!(same, "the post-command changed more than the layout of {path}: nothing was pushed");
    }
    Ok(())
}
