//! `hotcold track`: finds files, has usage logging planned and proved, and writes it or prints the patch.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hotcold::cli::{Exit, Track};
use hotcold::config::{Loader, Overrides};
use hotcold::outcome::Problem;
use hotcold::report::track as report;
use hotcold::report::{diff, summary};
use hotcold::source::{self, Root, Selection};
use hotcold::track::{self, Aim, Change, Helper, Inputs, Outcome};
use rayon::prelude::*;

use super::{display, inputs, place, read_configuration, threads, working_directory};
use crate::terminal::Terminal;

pub fn track(request: &Track, terminal: &Terminal) -> anyhow::Result<Exit> {
    threads(None)?.install(|| track_here(request, terminal))
}

fn track_here(request: &Track, terminal: &Terminal) -> anyhow::Result<Exit> {
    let working_directory = working_directory()?;
    let overrides = Overrides { config: request.config.clone(), ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &working_directory, overrides);
    let selection = Selection { paths: &request.paths, working_directory: &working_directory, force_exclude: false };
    let mut tree = source::discover(&selection, &mut loader)?;
    let aim = if request.remove { Aim::Remove } else { Aim::Add };
    if aim == Aim::Add && !terminal.quiet {
        warn(&tree.roots)?;
    }
    let mut whole = Outcome { problems: std::mem::take(&mut tree.problems), ..Outcome::default() };
    let mut patch = BufWriter::new(io::stdout().lock());
    for root in &tree.roots {
        let mut part = plan(root, request, aim);
        let shown = |path: &str| display(&root.folder.join(path), &working_directory);
        if request.diff {
            print(&part, &shown, &working_directory, terminal, &mut patch)?;
        } else {
            write(root, &mut part);
        }
        part.problems.iter_mut().for_each(|problem| problem.path = shown(&problem.path));
        part.refusals.iter_mut().for_each(|(path, _)| *path = shown(path));
        part.helpers.iter_mut().for_each(|helper| helper.path = shown(&helper.path));
        whole.files.extend(part.files);
        whole.helpers.extend(part.helpers);
        whole.refusals.extend(part.refusals);
        whole.problems.extend(part.problems);
        whole.calls += part.calls;
        whole.modules.extend(part.modules);
    }
    patch.flush()?;
    drop(patch);
    let changed = !whole.files.is_empty() || !whole.helpers.is_empty();
    let mut stderr = io::stderr().lock();
    if !terminal.quiet {
        report::refusals(&whole.refusals, terminal.stderr, &mut stderr)?;
        let sums_up = report::summary(&whole, aim, request.diff);
        // A patch stands alone on standard output.
        match request.diff {
            true => writeln!(stderr, "{sums_up}")?,
            false => writeln!(io::stdout().lock(), "{sums_up}")?,
        }
    }
    summary::problems(&whole.problems, terminal.stderr, &mut stderr)?;
    Ok(match (whole.problems.is_empty(), request.diff && changed) {
        (false, _) => Exit::Failure,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Success,
    })
}

/// Says if there is nothing whose usage could be logged.
fn warn(roots: &[Root]) -> io::Result<()> {
    let selected: Vec<_> = roots.iter().flat_map(|root| &root.files).filter(|file| file.selected).collect();
    let warning = if roots.is_empty() {
        return Ok(());
    } else if selected.is_empty() {
        "no Python files were found under the given paths"
    } else if selected.iter().all(|file| file.config.modules.is_empty()) {
        "no module is configured, so there is no usage to log: write `[modules.boto3]` to hotcold.toml"
    } else {
        return Ok(());
    };
    writeln!(io::stderr().lock(), "warning: {warning}")
}

/// The outcome for one project, by paths relative to it.
fn plan(root: &Root, request: &Track, aim: Aim) -> Outcome {
    let read: Vec<_> = root.files.par_iter().map(|entry| inputs::one(entry, None, &entry.relative)).collect();
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for read in read {
        files.extend(read.file);
        problems.extend(read.problem);
    }
    let module = request.module.clone();
    let mut outcome = track::run(Inputs { files, aim, module });
    outcome.problems.extend(problems);
    refuse_taken(root, &mut outcome);
    outcome
}

/// A file that discovery does not see (ignored, a link) may still stand where one would be written.
fn refuse_taken(root: &Root, outcome: &mut Outcome) {
    let mut refused = BTreeSet::new();
    for helper in outcome.helpers.iter().filter(|helper| helper.change == Change::Create) {
        let path = root.folder.join(&helper.path);
        let why = match place::writable(&path, &root.folder) {
            Err(error) => Some(format!("cannot be written: {error:#}")),
            Ok(_) if path.symlink_metadata().is_ok() => {
                Some("stands there already, and is no file of hotcold's: name another module with --module".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(message) = why {
            let path = helper.path.clone();
            outcome.problems.push(Problem { path, place: None, code: "name-taken", message });
            refused.insert(helper.path.clone());
        }
    }
    leave_out(outcome, &refused);
}

/// Files that need a module which cannot be written stay as they are.
fn leave_out(outcome: &mut Outcome, missing: &BTreeSet<String>) {
    outcome.helpers.retain(|helper| helper.change == Change::Delete || !missing.contains(&helper.path));
    outcome.files.retain(|file| file.helper.as_ref().is_none_or(|helper| !missing.contains(helper)));
}

fn print(
    outcome: &Outcome,
    shown: &dyn Fn(&str) -> String,
    working_directory: &Path,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = |path: &str| place::in_repository(&shown(path), working_directory);
    for Helper { path, change, text } in &outcome.helpers {
        match change {
            Change::Create => diff::write_created(text, &name(path), terminal.stdout, out)?,
            Change::Delete => diff::write_deleted(text, &name(path), terminal.stdout, out)?,
        }
    }
    for file in &outcome.files {
        diff::write(&file.rewrite, &name(file.rewrite.path()), terminal.stdout, out)?;
    }
    Ok(())
}

/// Writes what was planned: modules that log before the files that import them, and deletes them after.
fn write(root: &Root, outcome: &mut Outcome) {
    let mut problems: Vec<Problem> = Vec::new();
    let mut failed = |path: &str, error: source::WriteError| {
        problems.push(Problem { path: path.to_owned(), place: None, code: "io", message: error.to_string() });
    };
    let mut missing = BTreeSet::new();
    for helper in outcome.helpers.iter().filter(|helper| helper.change == Change::Create) {
        if let Err(error) = source::create(&root.folder.join(&helper.path), &helper.text) {
            failed(&helper.path, error);
            missing.insert(helper.path.clone());
        }
    }
    leave_out(outcome, &missing);
    let written: Vec<_> = outcome
        .files
        .par_iter()
        .map(|file| {
            let rewrite = &file.rewrite;
            source::write(&root.folder.join(rewrite.path()), rewrite.before(), rewrite.after())
        })
        .collect();
    let mut is_written = Vec::new();
    for (file, written) in outcome.files.iter().zip(written) {
        is_written.push(written.is_ok());
        if let Err(error) = written {
            failed(file.rewrite.path(), error);
        }
    }
    // A file that could not be written may still import what would be deleted.
    let all_written = is_written.iter().all(|is_written| *is_written);
    let mut is_written = is_written.into_iter();
    outcome.files.retain(|_| is_written.next().unwrap_or(false));
    outcome.helpers.retain(|helper| {
        if helper.change == Change::Create {
            return true;
        }
        let deleted = all_written.then(|| source::delete(&root.folder.join(&helper.path), &helper.text));
        match deleted {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                failed(&helper.path, error);
                false
            }
            None => false,
        }
    });
    outcome.problems.extend(problems);
}
