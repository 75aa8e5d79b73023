//! What was typed (clap), and what is meant by it. No files, no terminal.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use globset::Glob;

use crate::config::{self, PythonVersion};
use crate::name::ModuleName;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Success,
    /// Something is out of place.
    Findings,
    /// Wrong usage, wrong configuration, or a file that cannot be read, proved or written, or that matters and cannot
    /// be parsed.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Findings => 1,
            Exit::Failure => 2,
        })
    }
}

/// Moves Python imports between module level and the functions that use them, by measured evidence, and proves every
/// edit.
#[derive(Debug, Parser)]
#[command(name = "hotcold", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report imports that are out of place, and why others cannot move
    Check(Check),
    /// Print the changes as a unified diff; write nothing
    Diff(Diff),
    /// Rewrite files in place
    Fix(Fix),
    /// Time imports with your own Python, and write the evidence file
    Measure(Measure),
    /// Read logs of requests, and write the share of them that uses each module to the evidence file
    Usage(Usage),
    /// Hold the hot path exceptions in the code against today's evidence
    Review(Review),
    /// Add logging of module usage, or remove it
    Track(Track),
    /// Keep one pull request with the fixes up to date
    Bot(Bot),
    /// Explain the verdict on a module, or what a code means
    Explain(Explain),
    /// Write a commented configuration to start with
    Init(Init),
}

#[derive(Debug, Args)]
pub struct Global {
    /// Print only what was asked for: no summary
    #[arg(short, long, global = true, help_heading = "Log levels", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: files that are skipped and why
    #[arg(short, long, global = true, help_heading = "Log levels")]
    pub verbose: bool,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: ColorWhen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// The flags that check, diff, fix and review share.
#[derive(Debug, Default, Args)]
pub struct Common {
    /// Files or folders to look at, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Use this configuration file for every file
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// The lowest Python version that the code must run on [example: py311]
    #[arg(long, value_name = "VERSION", help_heading = "Configuration")]
    pub target_version: Option<PythonVersion>,
    /// Consider only this module and those below it; can be given more than once
    #[arg(long, value_name = "MODULE", value_parser = module_name, help_heading = "Selection")]
    pub only: Vec<ModuleName>,
    /// Leave out files and folders that match this glob; can be given more than once
    #[arg(long, value_name = "GLOB", value_parser = config::glob, value_delimiter = ',', help_heading = "Selection")]
    pub exclude: Vec<Glob>,
    /// Apply exclusions also to files that are named on the command line
    #[arg(long, help_heading = "Selection")]
    pub force_exclude: bool,
    /// Also make changes that rest on an assumption which you must judge
    #[arg(long = "unsafe")]
    pub unsafe_moves: bool,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub output_format: Option<Format>,
    /// Show counts by verdict and by reason for a refusal
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// Exit with 0 also when something is out of place
    #[arg(short, long, help_heading = "Miscellaneous")]
    pub exit_zero: bool,
    /// The number of threads [default: one for each core]
    #[arg(short, long, value_name = "N", help_heading = "Miscellaneous", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// The name under which standard input is judged
    #[arg(long, value_name = "NAME", help_heading = "Miscellaneous")]
    pub stdin_filename: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub common: Common,
    /// Imports that cannot move count as findings
    #[arg(long, help_heading = "Miscellaneous")]
    pub strict: bool,
    /// Also tell which imports would have to move to take each heavy cold module off the start
    #[arg(long, help_heading = "Output")]
    pub plan: bool,
}

#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Fix {
    #[command(flatten)]
    pub common: Common,
    /// Exit with 1 when a file was changed
    #[arg(long, help_heading = "Miscellaneous")]
    pub exit_non_zero_on_fix: bool,
}

#[derive(Debug, Args)]
pub struct Measure {
    /// Modules to measure [default: all that the project imports]
    #[arg(value_name = "MODULE", value_parser = module_name)]
    pub modules: Vec<ModuleName>,
    /// Show what the start of this module imports, as a tree, and write nothing
    #[arg(long, value_name = "MODULE", value_parser = module_name, conflicts_with = "modules")]
    pub entry: Option<ModuleName>,
    /// Compare the start of the entry at this git revision with that in the working tree
    ///
    /// Both are imported in turn, each time in a fresh process with warm byte code, and timed by a clock around the import:
    /// the interpreter's own start and end are not part of it. Files that git does not track are missing at the revision.
    #[arg(long, value_name = "REV", requires = "entry")]
    pub against: Option<String>,
    /// The Python to measure with [default: that of the active virtual environment, else python3]
    #[arg(long, value_name = "FILE")]
    pub python: Option<PathBuf>,
    /// How often each module is imported, at least 5 [default: 5, and 11 with --against]
    #[arg(long, value_name = "N")]
    pub runs: Option<usize>,
    /// Give up on an import that takes longer
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Review {
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Bot {
    /// Files or folders to look at, relative to the working directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Print the changes and what would be asked of the forge; change nothing, and read no token
    #[arg(long)]
    pub dry_run: bool,
    /// The forge [default: by the variables of its CI, else by the remote's address]
    #[arg(long, value_name = "FORGE")]
    pub forge: Option<ForgeKind>,
    /// The remote that is fetched from and pushed to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub remote: String,
    /// The branch to change [default: the remote's own default]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// The branch that is hotcold's alone
    #[arg(long, value_name = "BRANCH", default_value = "hotcold/import-placement")]
    pub branch: String,
    /// Open the pull request as a draft
    #[arg(long)]
    pub draft: bool,
    /// A template for the text of the pull request, as `minijinja` reads it
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A command to run on the changed files before the commit, such as a formatter; its result is proved again
    #[arg(long, value_name = "COMMAND")]
    pub post_command: Option<String>,
    /// Also make changes that rest on an assumption which you must judge
    #[arg(long = "unsafe")]
    pub unsafe_moves: bool,
    /// Use this configuration file for every file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where pull requests live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForgeKind {
    /// GitHub, also Enterprise
    Github,
    /// GitLab, where they are merge requests
    Gitlab,
}

#[derive(Debug, Args)]
pub struct Usage {
    /// Logs, or the results of queries over them; folders, and `-` for standard input; compressed with gzip or not
    #[arg(value_name = "FILE", required_unless_present = "query")]
    pub files: Vec<PathBuf>,
    /// Print the queries that have the same counted where the logs are
    #[arg(long, value_name = "WHERE", conflicts_with = "files")]
    pub query: Option<Query>,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Track {
    /// Files or folders to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Take all usage logging out again
    #[arg(long)]
    pub remove: bool,
    /// Print the changes as a patch, write nothing, and exit with 1 if there are any
    #[arg(long)]
    pub diff: bool,
    /// The module that holds the function which logs [default: `hotcold_usage`, in the package if there is one for all]
    #[arg(long, value_name = "MODULE", value_parser = importable_name)]
    pub module: Option<ModuleName>,
    /// Use this configuration file for every file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A place where logs can be queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Query {
    /// CloudWatch Logs Insights
    Insights,
    /// Amazon Athena, over logs in S3
    Athena,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A module such as `boto3`, or a code such as `HC001` or `used-in-decorator`
    #[arg(value_name = "MODULE|CODE")]
    pub subject: String,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Init {
    /// Measure the imports first, and write only modules that are heavy
    #[arg(long)]
    pub measure: bool,
    /// The Python to measure with [default: that of the active virtual environment, else python3]
    #[arg(long, value_name = "FILE", requires = "measure")]
    pub python: Option<PathBuf>,
    /// Give up on an import that takes longer
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Full,
    Concise,
    Json,
    JsonLines,
    Github,
    Gitlab,
    Sarif,
    Junit,
}

/// What is done with what was found: all that distinguishes the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Check { strict: bool, plan: bool },
    Diff,
    Review,
    Fix { exit_non_zero_on_fix: bool },
}

/// Where the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Paths(Vec<PathBuf>),
    /// Standard input, under this name if it has one.
    Stdin(Option<PathBuf>),
}

/// A check, diff, fix or review, as it is meant.
#[derive(Debug)]
pub struct Run {
    pub action: Action,
    pub origin: Origin,
    pub common: Common,
}

/// What was typed makes no sense together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    #[error("`-` (standard input) cannot be combined with other paths")]
    StdinAndPaths,
    #[error("`--stdin-filename` needs the path `-`")]
    NameWithoutStdin,
    #[error("`review` is printed as `full` or as `json`")]
    ReviewFormat,
}

impl Run {
    pub fn new(action: Action, common: Common) -> Result<Run, UsageError> {
        let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
        let origin = match common.paths.as_slice() {
            [path] if is_stdin(path) => Origin::Stdin(common.stdin_filename.clone()),
            paths if paths.iter().any(is_stdin) => return Err(UsageError::StdinAndPaths),
            _ if common.stdin_filename.is_some() => return Err(UsageError::NameWithoutStdin),
            paths => Origin::Paths(paths.to_vec()),
        };
        let is_printable = matches!(common.output_format, None | Some(Format::Full | Format::Json));
        if action == Action::Review && !is_printable {
            return Err(UsageError::ReviewFormat);
        }
        Ok(Run { action, origin, common })
    }
}

/// A name that can stand in an import statement, and so in a path.
fn importable_name(text: &str) -> Result<ModuleName, String> {
    let is_part = |part: &str| {
        part.chars().all(|c| c.is_alphanumeric() || c == '_') && !part.starts_with(|c: char| c.is_numeric())
    };
    let name = module_name(text)?;
    if name.as_str().split('.').all(is_part) { Ok(name) } else { Err(format!("`{text}` cannot be imported")) }
}

fn module_name(text: &str) -> Result<ModuleName, String> {
    ModuleName::new(text.trim()).ok_or_else(|| format!("`{text}` is no module name"))
}
