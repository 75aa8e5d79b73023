//! The cases under `fixtures/`, found by walking. Beyond what a case states, each gets, unasked: a second run changes
//! nothing; the result compiles under CPython; the printed diff applied to `before/` gives `after/`; the same in CRLF,
//! tabs, with a byte order mark and without a final newline; `run.py` prints the same before and after.

mod startup;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use serde::Deserialize;

use crate::support::{copy, hotcold, python, python_minor, repository, run, stderr, stdout, tree};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The fact that the case states.
    about: String,
    #[serde(default)]
    hazards: Vec<String>,
    /// The place that the refusal names, as it must stand in the report.
    place: Option<String>,
    /// The lowest Python that compiles it: "3.12".
    requires: Option<String>,
    /// Paths given to hotcold; the whole project if there are none.
    #[serde(default)]
    files: Vec<String>,
    /// Flags given to hotcold.
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    config: toml::Table,
    #[serde(rename = "type")]
    _type: Option<String>,
    /// Style variants that cannot be made of this case mechanically.
    #[serde(default)]
    without: Vec<String>,
}

pub(crate) struct Found {
    folder: PathBuf,
    pub(crate) name: String,
    case: Case,
}

impl Found {
    fn is_refusal(&self) -> Option<&str> {
        self.name.strip_prefix("refuse/")?.split('/').next()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn config(&self) -> &toml::Table {
        &self.case.config
    }

    fn after(&self) -> PathBuf {
        let after = self.folder.join("after");
        if after.exists() { after } else { self.folder.join("before") }
    }

    fn paths(&self) -> Vec<&str> {
        if self.case.files.is_empty() { vec!["."] } else { self.case.files.iter().map(String::as_str).collect() }
    }
}

pub(crate) fn cases() -> Vec<Found> {
    let root = repository().join("fixtures");
    let mut cases: Vec<Found> = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("fixtures can be read"))
        .filter(|entry| entry.file_name() == "case.toml")
        .map(|entry| {
            let folder = entry.path().parent().expect("a file has a folder").to_owned();
            let name = folder.strip_prefix(&root).expect("below fixtures").to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(entry.path()).expect("case.toml can be read");
            (folder, name, text)
        })
        // Those of `track` have a form of their own.
        .filter(|(_, name, _)| !name.starts_with("track/"))
        .map(|(folder, name, text)| {
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.toml: {error}"));
            Found { folder, name, case }
        })
        .collect();
    if let Ok(filter) = std::env::var("HOTCOLD_CASE") {
        cases.retain(|case| case.name.contains(&filter));
    }
    assert!(!cases.is_empty(), "no case was found under fixtures/");
    cases
}

/// Runs `check` on every case and shows all failures at once.
fn for_each_case(check: impl Fn(&Found) -> Result<(), String> + Sync) {
    let cases = cases();
    let failures: Vec<String> = cases
        .par_iter()
        .filter_map(|case| check(case).err().map(|error| format!("--- {} ({})\n{error}", case.name, case.case.about)))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases fail\n\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// A copy of the case's project, in which hotcold can run.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(case: &Found, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&case.folder.join("before"), folder.path());
        for (path, bytes) in tree(folder.path()) {
            let changed = change(&path, bytes.clone());
            if changed != bytes {
                fs::write(folder.path().join(path), changed).expect("a file can be written");
            }
        }
        let config = toml::to_string(&case.case.config).expect("a table can be printed");
        fs::write(folder.path().join("hotcold.toml"), config).expect("the configuration can be written");
        Project { folder }
    }

    pub(crate) fn plain(case: &Found) -> Project {
        Project::new(case, |_, bytes| bytes)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn hotcold(&self, case: &Found, command: &str) -> Command {
        let mut hotcold = hotcold(self.path());
        hotcold.arg(command).args(&case.case.flags).args(case.paths());
        hotcold
    }
}

fn same_tree(what: &str, expected: &[(String, Vec<u8>)], found: &[(String, Vec<u8>)]) -> Result<(), String> {
    let expected: BTreeMap<&str, &[u8]> =
        expected.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let found: BTreeMap<&str, &[u8]> = found.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    for path in expected.keys().chain(found.keys()) {
        match (expected.get(path), found.get(path)) {
            (Some(wanted), Some(made)) if wanted == made => {}
            (Some(wanted), Some(made)) => {
                let (wanted, made) = (String::from_utf8_lossy(wanted), String::from_utf8_lossy(made));
                let diff = similar::TextDiff::from_lines(wanted.as_ref(), made.as_ref());
                return Err(format!("{what}: {path} (- expected, + made)\n{}", diff.unified_diff()));
            }
            _ => return Err(format!("{what}: {path} stands on one side only")),
        }
    }
    Ok(())
}

#[test]
fn every_case_becomes_what_it_must() {
    for_each_case(|case| {
        let project = Project::plain(case);
        let output = run(&mut project.hotcold(case, "fix"));
        let expected = tree(&case.after());
        let made = tree(project.path());
        let errors = stderr(&output);
        same_tree("fix", &expected, &made).map_err(|error| format!("{error}\nstderr: {errors}"))?;
        if errors.contains("self-check-failed") || errors.contains("panicked") {
            return Err(errors);
        }
        let again = run(&mut project.hotcold(case, "fix"));
        same_tree("a second run", &made, &tree(project.path()))?;
        let finds_more = case.is_refusal().is_none() && again.status.code() != Some(0);
        if finds_more { Err(format!("a second run fails: {}", stderr(&again))) } else { Ok(()) }
    });
}

#[test]
fn every_refusal_names_its_code_and_its_place() {
    for_each_case(|case| {
        let Some(code) = case.is_refusal() else { return Ok(()) };
        let project = Project::plain(case);
        let output = run(project.hotcold(case, "check").args(["--output-format", "concise"]));
        let report = stdout(&output) + &stderr(&output);
        if !report.contains(&format!("[{code}]")) {
            return Err(format!("the report does not say [{code}]:\n{report}"));
        }
        match &case.case.place {
            Some(place) if !report.contains(place.as_str()) => {
                Err(format!("the report does not name {place}:\n{report}"))
            }
            _ => Ok(()),
        }
    });
}

#[test]
fn every_report_is_as_recorded() {
    let update = std::env::var_os("HOTCOLD_UPDATE").is_some();
    for_each_case(|case| {
        let project = Project::plain(case);
        let output = run(project.hotcold(case, "check").args(["--output-format", "concise"]));
        let report = stdout(&output);
        let path = case.folder.join("report.txt");
        if update {
            return fs::write(&path, report).map_err(|error| error.to_string());
        }
        let recorded = fs::read_to_string(&path).map_err(|error| format!("report.txt: {error}"))?;
        if recorded == report { Ok(()) } else { Err(format!("report.txt says\n{recorded}\nthe report says\n{report}")) }
    });
}

#[test]
fn every_diff_applied_gives_what_fix_gives() {
    for_each_case(|case| {
        let project = Project::plain(case);
        let output = run(&mut project.hotcold(case, "diff"));
        let patch = project.path().join("change.patch");
        fs::write(&patch, &output.stdout).expect("a file can be written");
        if !output.stdout.is_empty() {
            let applied = run(Command::new("git").current_dir(project.path()).args(["apply", "change.patch"]));
            if !applied.status.success() {
                return Err(format!("git apply: {}\n{}", stderr(&applied), stdout(&output)));
            }
        }
        fs::remove_file(&patch).expect("a file can be removed");
        same_tree("diff", &tree(&case.after()), &tree(project.path()))
    });
}

#[test]
fn every_result_compiles_under_cpython() {
    let minor = python_minor();
    let mut folders = Vec::new();
    for case in cases() {
        if needs_newer(&case, minor) || is_unreadable(&case) {
            continue;
        }
        folders.push(case.after());
    }
    let script = "import sys, pathlib\n\
        for folder in sys.argv[1:]:\n\
        \x20   for path in pathlib.Path(folder).rglob('*.py'):\n\
        \x20       try: compile(path.read_bytes(), str(path), 'exec', dont_inherit=True)\n\
        \x20       except (SyntaxError, ValueError) as error:\n\
        \x20           if 'lazy import' not in path.read_text('utf-8') and 'lazy from' not in path.read_text('utf-8'): print(path, error)\n";
    let output = run(python().arg("-c").arg(script).args(&folders));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "", "these files do not compile");
}

#[test]
fn every_program_prints_the_same_before_and_after() {
    let minor = python_minor();
    for_each_case(|case| {
        let script = case.folder.join("run.py");
        if !script.exists() || needs_newer(case, minor) {
            return Ok(());
        }
        let project = Project::plain(case);
        let before = execute(&script, project.path());
        run(&mut project.hotcold(case, "fix"));
        let after = execute(&script, project.path());
        if before == after { Ok(()) } else { Err(format!("before: {before:?}\nafter:  {after:?}")) }
    });
}

fn execute(script: &Path, folder: &Path) -> (Option<i32>, String) {
    // Run as the issue says: the project is the working directory and the first entry of `sys.path`.
    let runner = "import runpy, sys; sys.path[0] = ''; runpy.run_path(sys.argv[1], run_name='__main__')";
    let output = run(python().current_dir(folder).env("PYTHONPATH", folder).args(["-c", runner]).arg(script));
    (output.status.code(), stdout(&output))
}

#[test]
fn every_case_comes_out_the_same_in_other_styles() {
    for_each_case(|case| {
        for (name, style) in STYLES {
            let raw = [tree(&case.folder.join("before")), tree(&case.after())].concat();
            let fits = raw.iter().filter(|(path, _)| path.ends_with(".py")).all(|(_, bytes)| style.fits(bytes));
            if !fits || is_unreadable(case) || case.case.without.iter().any(|without| without == name) {
                continue;
            }
            let change = |path: &str, bytes: Vec<u8>| if path.ends_with(".py") { style.apply(bytes) } else { bytes };
            let project = Project::new(case, change);
            run(&mut project.hotcold(case, "fix"));
            let expected: Vec<_> =
                tree(&case.after()).into_iter().map(|(path, bytes)| (path.clone(), change(&path, bytes))).collect();
            same_tree(name, &expected, &tree(project.path()))?;
        }
        Ok(())
    });
}

#[derive(Clone, Copy)]
enum Style {
    Crlf,
    Tabs,
    ByteOrderMark,
    NoFinalNewline,
}

const STYLES: [(&str, Style); 4] = [
    ("crlf", Style::Crlf),
    ("tabs", Style::Tabs),
    ("byte-order-mark", Style::ByteOrderMark),
    ("no-final-newline", Style::NoFinalNewline),
];

impl Style {
    /// Whether a text can be brought into the style without changing what it means.
    fn fits(self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        match self {
            Style::Crlf => !text.contains('\r'),
            // Columns of continuation lines and contents of strings would change.
            Style::Tabs => {
                !text.contains('\t')
                    && !text.contains("\"\"\"")
                    && !text.contains("'''")
                    && text.lines().all(|line| (line.len() - line.trim_start_matches(' ').len()).is_multiple_of(4))
            }
            Style::ByteOrderMark => {
                !text.starts_with('\u{feff}') && !text.starts_with("#!") && !text.contains("coding")
            }
            Style::NoFinalNewline => text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains('\r'),
        }
    }

    fn apply(self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8(bytes).expect("cases for styles are UTF-8");
        let changed = match self {
            Style::Crlf => text.replace('\n', "\r\n"),
            Style::Tabs => text
                .split_inclusive('\n')
                .map(|line| {
                    let rest = line.trim_start_matches(' ');
                    "\t".repeat((line.len() - rest.len()) / 4) + rest
                })
                .collect(),
            Style::ByteOrderMark => format!("\u{feff}{text}"),
            Style::NoFinalNewline => text.strip_suffix('\n').unwrap_or(&text).to_owned(),
        };
        changed.into_bytes()
    }
}

fn needs_newer(case: &Found, minor: u8) -> bool {
    let required = case.case.requires.as_deref().and_then(|version| version.strip_prefix("3.")?.parse::<u8>().ok());
    required.is_some_and(|required| required > minor)
}

/// Cases about files that hotcold must not touch because they are no Python it knows.
fn is_unreadable(case: &Found) -> bool {
    const CODES: &[&str] = &["parse-error", "python2", "indentation", "newline", "encoding", "unsupported-syntax"];
    case.is_refusal().is_some_and(|code| CODES.contains(&code))
}

#[test]
fn every_hazard_of_a_case_is_a_number() {
    for_each_case(|case| {
        let wrong = case.case.hazards.iter().find(|hazard| {
            !(hazard.len() == 4 && hazard.starts_with('H') && hazard[1..].bytes().all(|byte| byte.is_ascii_digit()))
        });
        wrong.map_or(Ok(()), |hazard| Err(format!("`{hazard}` is no hazard")))
    });
}
