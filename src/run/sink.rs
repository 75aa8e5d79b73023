//! Where an outcome goes: a report, a patch, or the files themselves. The only place that tells the commands apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hotcold::cli::{Action, Exit, Format, Run};
use hotcold::outcome::{FileOutcome, Outcome, Problem, Review};
use hotcold::report::{self, Colour, Options, diff, summary};
use hotcold::source;
use rayon::prelude::*;

use super::Stdin;
use crate::terminal::Terminal;

pub struct Sink<'s> {
    pub run: &'s Run,
    pub terminal: &'s Terminal,
    pub working_directory: &'s Path,
    pub stdin: Option<&'s Stdin>,
    pub judges: Judges,
}

/// Whether any file and any configured module was found. If not, a warning has said so, and a summary would mislead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    Something,
    Nothing,
}

impl Sink<'_> {
    /// Prints or writes the outcome; what went wrong goes to standard error.
    pub fn take(&self, mut outcome: Outcome) -> anyhow::Result<Exit> {
        if let (Action::Fix { .. }, None) = (self.run.action, self.stdin) {
            self.write_files(&mut outcome);
        }
        let exit = self.exit(&outcome);
        let printed = match self.run.action {
            Action::Check { plan, .. } => self.check(&outcome, plan),
            Action::Diff => self.diff(&outcome),
            Action::Review => self.review(&outcome),
            Action::Fix { .. } => self.fix(&outcome),
        };
        let printed = printed.and_then(|()| {
            let mut stderr = io::stderr().lock();
            summary::problems(&outcome.problems, self.terminal.stderr, &mut stderr)
        });
        match printed {
            // The reader has gone; what was found is still so.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
            other => Ok(other.map(|()| exit)?),
        }
    }

    fn check(&self, outcome: &Outcome, plan: bool) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let format = self.format();
        self.report(outcome, format, &mut out)?;
        if matches!(format, Format::Full | Format::Concise) {
            if format == Format::Full && self.sums_up() {
                report::startup::write(&outcome.startup, self.terminal.stdout, &mut out)?;
            }
            if format == Format::Full && plan {
                report::startup::plan(&outcome.startup, self.terminal.stdout, &mut out)?;
            }
            if self.sums_up() {
                writeln!(out, "{}", summary::check(outcome))?;
            }
            self.statistics(outcome, self.terminal.stdout, &mut out)?;
        } else if !matches!(format, Format::Json | Format::JsonLines) {
            self.statistics(outcome, self.terminal.stderr, &mut io::stderr().lock())?;
        }
        out.flush()
    }

    fn diff(&self, outcome: &Outcome) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        for file in &outcome.files {
            if let Some(rewrite) = &file.rewrite {
                diff::write(rewrite, &self.path_in_repository(&file.path), self.terminal.stdout, &mut out)?;
            }
        }
        out.flush()?;
        let mut stderr = io::stderr().lock();
        if self.sums_up() {
            writeln!(stderr, "{}", summary::diff(outcome))?;
        }
        self.statistics(outcome, self.terminal.stderr, &mut stderr)
    }

    fn review(&self, outcome: &Outcome) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let review = Review::of(&outcome.files);
        if self.format() == Format::Json {
            writeln!(out, "{:#}", report::review::json(&review))?;
            return out.flush();
        }
        report::review::write(&review, self.terminal.stdout, &mut out)?;
        if self.sums_up() {
            writeln!(out, "{}", report::review::conclusion(&review))?;
        }
        self.statistics(outcome, self.terminal.stdout, &mut out)?;
        out.flush()
    }

    fn fix(&self, outcome: &Outcome) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let Some(stdin) = self.stdin else {
            if self.run.common.output_format.is_some() || self.terminal.verbose {
                self.report(outcome, self.format(), &mut out)?;
            }
            let structured = !matches!(self.format(), Format::Full | Format::Concise);
            if structured {
                out.flush()?;
                return self.fix_summary(outcome, self.terminal.stderr, &mut io::stderr().lock());
            }
            self.fix_summary(outcome, self.terminal.stdout, &mut out)?;
            return out.flush();
        };
        let rewrite = outcome.files.iter().find_map(|file| file.rewrite.as_ref());
        // Text that cannot be rewritten comes out as it went in: nothing is lost in a pipe.
        out.write_all(rewrite.map_or(stdin.text.as_str(), |rewrite| rewrite.after()).as_bytes())?;
        out.flush()?;
        self.fix_summary(outcome, self.terminal.stderr, &mut io::stderr().lock())
    }

    fn fix_summary(&self, outcome: &Outcome, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
        if self.sums_up() {
            writeln!(out, "{}", summary::fix(outcome))?;
        }
        self.statistics(outcome, colour, out)
    }

    fn report(&self, outcome: &Outcome, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let text_of = |path: &str| {
            let at = outcome.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok();
            match (at.and_then(|at| outcome.files[at].rewrite.as_ref()), self.stdin) {
                // After `fix` the disk has the new text already.
                (Some(rewrite), _) => Some(rewrite.before().to_owned()),
                (None, Some(stdin)) if stdin.shown == path => Some(stdin.text.clone()),
                _ => fs::read_to_string(self.working_directory.join(path)).ok(),
            }
        };
        let strict = matches!(self.run.action, Action::Check { strict: true, .. });
        report::write(outcome, &Options { format, colour: self.terminal.stdout, strict, text_of: &text_of }, out)
    }

    fn statistics(&self, outcome: &Outcome, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
        match self.run.common.statistics {
            true => summary::statistics(&outcome.statistics, colour, out),
            false => Ok(()),
        }
    }

    /// Writes every rewrite; a file that cannot be written becomes a problem and keeps its text.
    ///
    /// What changes along with a move is written first: a patch by the new target holds with the old module as well, but
    /// not the other way round. So a module stays as it is if a file that its moves need could not be written.
    pub fn write_files(&self, outcome: &mut Outcome) {
        let needs: Vec<BTreeSet<usize>> = outcome.files.iter().map(|file| needed(file, outcome)).collect();
        let mut open: BTreeSet<usize> =
            outcome.files.iter().enumerate().filter(|(_, file)| file.rewrite.is_some()).map(|(at, _)| at).collect();
        let mut failed: BTreeMap<usize, Problem> = BTreeMap::new();
        while !open.is_empty() {
            let blocked =
                open.iter().find_map(|at| Some((*at, *needs[*at].iter().find(|need| failed.contains_key(need))?)));
            if let Some((at, need)) = blocked {
                let message = format!(
                    "is left as it is, because `{}`, which has to change with it, could not be written",
                    outcome.files[need].path
                );
                let path = outcome.files[at].path.clone();
                failed.insert(at, Problem { path, place: None, code: "io", message });
                open.remove(&at);
                continue;
            }
            let ready: Vec<usize> = open.iter().copied().filter(|at| needs[*at].is_disjoint(&open)).collect();
            // Files that need each other are written in the order of their paths.
            let ready = if ready.is_empty() { open.iter().copied().take(1).collect() } else { ready };
            let written: Vec<(usize, Option<Problem>)> =
                ready.par_iter().map(|at| (*at, self.write_file(&outcome.files[*at]))).collect();
            for (at, problem) in written {
                open.remove(&at);
                failed.extend(problem.map(|problem| (at, problem)));
            }
        }
        for at in failed.keys() {
            let file = &mut outcome.files[*at];
            file.rewrite = None;
            file.findings.clear();
            outcome.statistics.files_changed = outcome.statistics.files_changed.saturating_sub(1);
        }
        outcome.problems.extend(failed.into_values());
        outcome.problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    }

    fn write_file(&self, file: &FileOutcome) -> Option<Problem> {
        let rewrite = file.rewrite.as_ref()?;
        let path = self.working_directory.join(&file.path);
        let error = source::write(&path, rewrite.before(), rewrite.after()).err()?;
        Some(Problem { path: file.path.clone(), place: None, code: "io", message: error.to_string() })
    }

    fn exit(&self, outcome: &Outcome) -> Exit {
        if !outcome.problems.is_empty() {
            return Exit::Failure;
        }
        let found = || outcome.files.iter().any(|file| !file.findings.is_empty());
        let refused = || outcome.files.iter().any(|file| !file.refusals.is_empty());
        let changed = || outcome.files.iter().any(|file| file.rewrite.is_some());
        let is_findings = match self.run.action {
            Action::Check { strict, .. } => found() || (strict && refused()),
            Action::Diff => changed(),
            Action::Review => Review::of(&outcome.files).is_stale(),
            Action::Fix { exit_non_zero_on_fix } => exit_non_zero_on_fix && changed(),
        };
        if is_findings && !self.run.common.exit_zero { Exit::Findings } else { Exit::Success }
    }

    fn sums_up(&self) -> bool {
        !self.terminal.quiet && self.judges == Judges::Something
    }

    fn format(&self) -> Format {
        self.run.common.output_format.unwrap_or(Format::Full)
    }

    fn path_in_repository(&self, path: &str) -> String {
        super::place::in_repository(path, self.working_directory)
    }
}

/// The files, by their place in the outcome, that have to change before `file` does.
fn needed(file: &FileOutcome, outcome: &Outcome) -> BTreeSet<usize> {
    let paths = file.findings.iter().flat_map(|finding| &finding.companions).map(|target| &target.path);
    paths.filter_map(|path| outcome.files.binary_search_by(|file| file.path.cmp(path)).ok()).collect()
}
