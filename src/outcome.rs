//! What a run found, as data: findings, refusals, problems, counts. Reports print it; nothing here decides or prints.

mod review;
mod startup;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use review::{Kind, Prospect, Review, Reviewed, Standing};
pub use startup::{ChainLink, EntryTime, Kept, Pinned, Startup, Stays, UnknownEntry, Way, Why};

use crate::name::ModuleName;
use crate::plan::{Code, Identity};
use crate::policy::Verdict;
use crate::text::LineColumn;
use crate::verify::Rewrite;

/// The result of one run over a project.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sorted by path; only files with something to say.
    pub files: Vec<FileOutcome>,
    /// Files that could not be read, parsed, proved or written: exit code 2. Sorted by path.
    pub problems: Vec<Problem>,
    pub statistics: Statistics,
    pub startup: Startup,
}

#[derive(Debug)]
pub struct FileOutcome {
    /// Relative to the working directory, with `/`.
    pub path: String,
    pub findings: Vec<Finding>,
    pub refusals: Vec<Note>,
    /// The proved new text, if anything changes.
    pub rewrite: Option<Rewrite>,
    /// The imports that are judged, if the run is a review.
    pub standings: Vec<Standing>,
}

/// An import out of place that a fix moves, or an exception comment that a fix mends.
#[derive(Debug, Clone)]
pub struct Finding {
    pub code: FindingCode,
    pub module: ModuleName,
    pub start: LineColumn,
    pub end: LineColumn,
    /// What is out of place and why, in one line: ``"`pandas` (1200ms, 5% usage) belongs in `report`, `export`"``.
    pub message: String,
    pub verdict: Verdict,
    /// What the move means for the start of the project's entries, each in a sentence without a full stop.
    pub notes: Vec<String>,
    /// What changes in other files along with it.
    pub companions: Vec<PatchTarget>,
    /// What it is called in other runs.
    pub identity: Identity,
    /// Where the import goes, in words; empty for a comment.
    pub to: Vec<String>,
}

/// A string in another file that a test patches by, and what it becomes when the import moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchTarget {
    pub path: String,
    /// With its quotes.
    pub start: LineColumn,
    pub end: LineColumn,
    pub old: String,
    pub new: String,
}

impl Finding {
    /// The message, and what changes along: ``"..., and 2 patch targets in tests/test_app.py"``.
    pub fn text(&self) -> String {
        let files: BTreeSet<&str> = self.companions.iter().map(|target| target.path.as_str()).collect();
        let targets = match self.companions.len() {
            0 => return self.message.clone(),
            1 => "one patch target".to_owned(),
            count => format!("{count} patch targets"),
        };
        let files = match files.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => (*one).to_owned(),
            [first, rest @ ..] => format!("{first} and {} more files", rest.len()),
            [] => String::new(),
        };
        format!("{}, and {targets} in {files}", self.message)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// HC001: a module-level import that belongs in the functions that use it.
    ColdImport,
    /// HC002: a function-level import that belongs at module level.
    HotImport,
    /// HC003: a hot path exception whose comment is missing, outdated or no longer true.
    ExceptionComment,
}

impl FindingCode {
    pub const ALL: [FindingCode; 3] = [FindingCode::ColdImport, FindingCode::HotImport, FindingCode::ExceptionComment];

    pub fn code(self) -> &'static str {
        match self {
            FindingCode::ColdImport => "HC001",
            FindingCode::HotImport => "HC002",
            FindingCode::ExceptionComment => "HC003",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            FindingCode::ColdImport => "cold-import",
            FindingCode::HotImport => "hot-import",
            FindingCode::ExceptionComment => "exception-comment",
        }
    }
}

/// An import out of place that stays where it is, and why.
#[derive(Debug, Clone)]
pub struct Note {
    pub code: Code,
    /// HC001 or HC002: what would have been reported.
    pub finding: FindingCode,
    pub module: ModuleName,
    /// The import statement.
    pub start: LineColumn,
    pub end: LineColumn,
    /// Why, in one line, naming what the user could change.
    pub message: String,
    /// The places that prove it, most telling first; may lie in other files.
    pub proofs: Vec<Proof>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub path: String,
    pub place: LineColumn,
    /// What stands there: "used in a decorator".
    pub what: String,
}

/// Something that went wrong with one file.
#[derive(Debug, Clone)]
pub struct Problem {
    pub path: String,
    pub place: Option<LineColumn>,
    /// A word for filters: `parse-error`, `encoding`, `self-check-failed`, `io`.
    pub code: &'static str,
    /// What happened and what to do.
    pub message: String,
}

/// Counts of a run.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Statistics {
    pub files: usize,
    pub files_skipped: usize,
    pub files_changed: usize,
    /// Imports (one alias each) whose module has a verdict, by verdict and reason: `function: heavy and cold`.
    pub verdicts: BTreeMap<String, usize>,
    /// Module-level imports with the verdict *function*.
    pub cold_imports: usize,
    pub cold_moved: usize,
    /// Function-level imports with the verdict *module*.
    pub hot_imports: usize,
    pub hot_moved: usize,
    pub comments_changed: usize,
    /// Strings in other files that changed with moves.
    pub patch_targets_changed: usize,
    /// Imports refused, by code.
    pub refusals: BTreeMap<String, usize>,
    /// Imports that only `--unsafe` would move.
    pub held_back: usize,
}

impl Statistics {
    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: &Statistics) {
        self.files += other.files;
        self.files_skipped += other.files_skipped;
        self.files_changed += other.files_changed;
        self.cold_imports += other.cold_imports;
        self.cold_moved += other.cold_moved;
        self.hot_imports += other.hot_imports;
        self.hot_moved += other.hot_moved;
        self.comments_changed += other.comments_changed;
        self.patch_targets_changed += other.patch_targets_changed;
        self.held_back += other.held_back;
        for (verdict, count) in &other.verdicts {
            *self.verdicts.entry(verdict.clone()).or_default() += count;
        }
        for (code, count) in &other.refusals {
            *self.refusals.entry(code.clone()).or_default() += count;
        }
    }
}
