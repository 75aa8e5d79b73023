//! `hotcold usage`: reads logs, prints the share of requests that use each module, and keeps it in the evidence file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use hotcold::cli::{Exit, Query, Usage as Request};
use hotcold::config::{Loader, Overrides};
use hotcold::evidence::store::{Detail, Figure, Found, PolicyFigure, PolicyFound};
use hotcold::evidence::usage::{self, Counter, Usage, query};
use hotcold::report::usage as report;
use hotcold::track;
use walkdir::WalkDir;

use super::{display, evidence, files_of, read_configuration, threads, working_directory};
use crate::terminal::{Progress, Terminal};

pub fn usage(request: &Request, terminal: &Terminal) -> anyhow::Result<Exit> {
    if let Some(query) = request.query {
        let text = match query {
            Query::Insights => query::INSIGHTS,
            Query::Athena => query::ATHENA,
        };
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(Exit::Success);
    }
    let working_directory = working_directory()?;
    let overrides = Overrides { config: request.config.clone(), writes_evidence: true, ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &working_directory, overrides);
    let config = loader.config(&working_directory)?;
    let folder = config.root.clone().unwrap_or_else(|| working_directory.clone());
    let path = evidence::writable_place(&config, &folder)?;

    let mut usage = count(&request.files, terminal)?;
    if !usage.modules.is_empty() {
        let files = files_of(&folder, &mut loader)?;
        usage.notes.silent = usage.without_lines(threads(None)?.install(|| track::tracked_modules(&files)));
    }
    report::write(&usage, terminal.stdout, &mut io::stdout().lock())?;
    let mut stderr = io::stderr().lock();
    if !terminal.quiet {
        report::notes(&usage.notes, terminal.stderr, &mut stderr)?;
    }
    if usage.modules.is_empty() {
        let advice = "no line `Module used: NAME` was found, so nothing was written: `hotcold track` adds the code that \
                      writes them";
        writeln!(stderr, "warning: {advice}")?;
        return Ok(Exit::Success);
    }
    evidence::keep(&path, &shares(&usage), &figures(&usage))?;
    if !terminal.quiet {
        let count = usage.modules.len();
        let modules = if count == 1 { "1 module".to_owned() } else { format!("{count} modules") };
        writeln!(stderr, "{modules} written to {}", display(&path, &working_directory))?;
    }
    Ok(Exit::Success)
}

/// Counts all files. One that cannot be read to its end stops everything: shares of a part would not be true.
fn count(paths: &[PathBuf], terminal: &Terminal) -> anyhow::Result<Usage> {
    let mut counter = Counter::default();
    let progress = terminal.progress();
    let files = files(paths)?;
    let mut seen = BTreeSet::new();
    let all: u64 = files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
    let mut done = 0;
    for path in files {
        let shown = if is_stdin(&path) { "standard input".to_owned() } else { printable(&path) };
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        anyhow::ensure!(seen.insert(real), "{shown} is given twice, and would be counted twice");
        let read = if is_stdin(&path) {
            usage::read(io::stdin().lock(), &shown, &mut counter)
        } else {
            let file = File::open(&path).with_context(|| format!("cannot open {shown}"))?;
            usage::read(Watched { file, done: &mut done, all, progress: &progress }, &shown, &mut counter)
        };
        read.with_context(|| format!("nothing was written, because {shown} was not read to its end"))?;
    }
    progress.finish();
    Ok(counter.finish()?)
}

/// A name of a file that moves no cursor.
fn printable(path: &Path) -> String {
    path.display().to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The files under the paths, in the order of their names.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if is_stdin(path) || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.with_context(|| format!("cannot look through {}", path.display()))?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    anyhow::ensure!(!files.is_empty(), "no file was found under the given paths");
    Ok(files)
}

/// A file that tells how much of it has been read.
struct Watched<'w> {
    file: File,
    done: &'w mut u64,
    all: u64,
    progress: &'w Progress,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        *self.done += count as u64;
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        self.progress.step(size(*self.done), size(self.all));
        Ok(count)
    }
}

fn shares(usage: &Usage) -> Vec<Found> {
    let found = |(module, used): &(_, u64)| {
        let mut source = vec![("used", Detail::Count(*used)), ("requests", Detail::Count(usage.requests))];
        source.extend(window(usage));
        Found { module: Clone::clone(module), figure: Figure::UsagePercent(usage.percent(*used)), source }
    };
    usage.modules.iter().map(found).collect()
}

fn figures(usage: &Usage) -> Vec<PolicyFound> {
    let mut cold = vec![("cold-starts", Detail::Count(usage.cold_starts)), ("requests", Detail::Count(usage.requests))];
    cold.extend(window(usage));
    let mut found =
        vec![PolicyFound { figure: PolicyFigure::ColdStartPercent(usage.cold_start_percent()), source: cold }];
    if let Some(daily) = usage.daily_requests() {
        let mut source = vec![("requests", Detail::Count(usage.requests))];
        source.extend(window(usage));
        found.insert(0, PolicyFound { figure: PolicyFigure::DailyRequests(daily), source });
    }
    found
}

fn window(usage: &Usage) -> Vec<(&'static str, Detail)> {
    let day = |time: jiff::Timestamp| Detail::Text(time.strftime("%Y-%m-%dT%H:%MZ").to_string());
    usage.window.map_or_else(Vec::new, |(first, last)| vec![("from", day(first)), ("to", day(last))])
}
