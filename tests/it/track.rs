//! `hotcold track`: the cases under `fixtures/track/`, and every project of the other cases. Whatever usage logging is put
//! into, taking it out again gives the same bytes, and in between Python compiles every file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rayon::prelude::*;
use serde::Deserialize;

use crate::support::{copy, hotcold, python, repository, run, stderr, stdout, tree};

type Tree = Vec<(String, Vec<u8>)>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The fact that the case states.
    about: String,
    /// Flags given to hotcold.
    #[serde(default)]
    flags: Vec<String>,
    /// Files of after/ that are hotcold's module and so not written down.
    #[serde(default)]
    helpers: Vec<String>,
    /// Notes and errors that must be told: `a.py:3:1: note[star-import]`.
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    exit: i32,
    /// What is logged when `run.py` has run, a module a line.
    logs: Option<Vec<String>>,
    #[serde(default)]
    config: toml::Table,
}

fn cases() -> Vec<(String, PathBuf, Case)> {
    let root = repository().join("fixtures/track");
    let mut cases = Vec::new();
    for entry in fs::read_dir(&root).expect("fixtures/track can be read") {
        let folder = entry.expect("an entry can be read").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("case.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.toml: {error}"));
        cases.push((name, folder, case));
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    if let Ok(filter) = std::env::var("HOTCOLD_CASE") {
        cases.retain(|(name, ..)| name.contains(&filter));
    }
    assert!(!cases.is_empty(), "no case was found under fixtures/track");
    cases
}

fn helper() -> Vec<u8> {
    fs::read(repository().join("src/track/hotcold_usage.py")).expect("the module can be read")
}

fn project(folder: &Path, config: &toml::Table) -> tempfile::TempDir {
    let project = tempfile::tempdir().expect("a temporary folder can be made");
    copy(folder, project.path());
    fs::write(project.path().join("hotcold.toml"), toml::to_string(config).expect("a table can be printed")).unwrap();
    project
}

/// Every Python file that compiled before still does.
fn compiles(before: &Tree, after: &Tree) -> Result<(), String> {
    let script = "import sys, warnings\nwarnings.simplefilter('ignore')\nfor path in sys.stdin.read().split('\\0'):\n    \
                  try:\n        compile(open(path, 'rb').read(), path, 'exec')\n    except (SyntaxError, ValueError) as \
                  error:\n        print(path, error)\n";
    let failures = |files: &Tree| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (number, (name, bytes)) in files.iter().filter(|(name, _)| name.ends_with(".py")).enumerate() {
            let path = folder.path().join(format!("{number}.py"));
            fs::write(&path, bytes).unwrap();
            paths.push((name.clone(), path.to_string_lossy().into_owned()));
        }
        let input = paths.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>().join("\0");
        let mut child =
            python().args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = stdout(&output);
        assert!(output.status.success(), "{said}");
        let failing = paths.iter().filter(|(_, path)| said.contains(path.as_str())).map(|(name, _)| name.clone());
        failing.collect()
    };
    let was = failures(before);
    match failures(after).into_iter().find(|name| !was.contains(name)) {
        None => Ok(()),
        Some(name) => Err(format!("{name} does not compile any more")),
    }
}

fn same(what: &str, expected: &Tree, found: &Tree) -> Result<(), String> {
    let names = |tree: &Tree| tree.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if names(expected) != names(found) {
        return Err(format!("{what}: {:?} instead of {:?}", names(found), names(expected)));
    }
    for ((name, wanted), (_, made)) in expected.iter().zip(found) {
        if wanted != made {
            let (wanted, made) = (String::from_utf8_lossy(wanted), String::from_utf8_lossy(made));
            let diff = similar::TextDiff::from_lines(wanted.as_ref(), made.as_ref());
            return Err(format!("{what}: {name} (- expected, + made)\n{}", diff.unified_diff()));
        }
    }
    Ok(())
}

/// Tracks, compiles, tracks again, removes: what must hold of any project. Gives what `track` said and made.
fn there_and_back(folder: &Path, flags: &[String], exit: i32) -> Result<(String, Tree), String> {
    let before = tree(folder);
    let patch = run(hotcold(folder).arg("track").args(flags).args(["--diff", "-q"]));
    let output = run(hotcold(folder).arg("track").args(flags));
    let said = stdout(&output) + &stderr(&output);
    if output.status.code() != Some(exit) || said.contains("panicked") {
        return Err(format!("exit code {:?} instead of {exit}: {said}", output.status.code()));
    }
    let made = tree(folder);
    compiles(&before, &made)?;
    if (before != made) == patch.stdout.is_empty() {
        return Err(format!("the patch is empty, or should be: {}", stdout(&patch)));
    }
    run(hotcold(folder).arg("track").args(flags).arg("-q"));
    same("a second run", &made, &tree(folder))?;
    let output = run(hotcold(folder).arg("track").args(flags).arg("--remove"));
    same("--remove", &before, &tree(folder)).map_err(|error| format!("{error}\n{}", stderr(&output)))?;
    Ok((said, made))
}

#[test]
fn every_case_is_tracked_as_it_must_be_and_back() {
    let failures: Vec<String> = cases()
        .par_iter()
        .filter_map(|(name, folder, case)| {
            check(folder, case).err().map(|e| format!("--- {name} ({})\n{e}", case.about))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(folder: &Path, case: &Case) -> Result<(), String> {
    let project = project(&folder.join("before"), &case.config);
    let before = tree(project.path());
    let (said, made) = there_and_back(project.path(), &case.flags, case.exit)?;
    for wanted in &case.says {
        if !said.contains(wanted.as_str()) {
            return Err(format!("does not say `{wanted}`:\n{said}"));
        }
    }
    let after = folder.join("after");
    if std::env::var_os("HOTCOLD_UPDATE").is_some() && made != before {
        for (path, bytes) in made.iter().filter(|(path, _)| !case.helpers.contains(path)) {
            fs::create_dir_all(after.join(path).parent().unwrap()).unwrap();
            fs::write(after.join(path), bytes).unwrap();
        }
    }
    let mut expected = if after.exists() { tree(&after) } else { tree(&folder.join("before")) };
    expected.extend(case.helpers.iter().map(|path| (path.clone(), helper())));
    expected.sort();
    same("track", &expected, &made)?;
    applies(folder, case, &made)?;
    runs_the_same(folder, case, &made)
}

/// `git apply` of the printed patch gives what a run writes.
fn applies(folder: &Path, case: &Case, made: &Tree) -> Result<(), String> {
    let project = project(&folder.join("before"), &case.config);
    let patch = run(hotcold(project.path()).arg("track").args(&case.flags).args(["--diff", "-q"]));
    if !patch.stdout.is_empty() {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]).current_dir(project.path());
        git.env("GIT_CEILING_DIRECTORIES", project.path().parent().unwrap()).stdin(Stdio::piped());
        let mut child = git.spawn().expect("git runs");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &patch.stdout).unwrap();
        child.wait().unwrap();
    }
    same("the patch", made, &tree(project.path()))
}

/// `run.py` prints the same with usage logging and without, and what is logged is what the case says.
fn runs_the_same(folder: &Path, case: &Case, made: &Tree) -> Result<(), String> {
    let Some(logs) = &case.logs else { return Ok(()) };
    let script = fs::read(folder.join("run.py")).expect("a case with logs has a run.py");
    let print = |tree: &Tree| {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in tree.iter().chain([&("run.py".to_owned(), script.clone())]) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let output = run(python().arg("run.py").current_dir(folder.path()));
        assert!(output.status.success(), "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let project = project(&folder.join("before"), &case.config);
    let (before, after) = (print(&tree(project.path())), print(made));
    if before.0 != after.0 || !before.1.is_empty() {
        return Err(format!("run.py prints {:?} before and {:?} after", before, after));
    }
    let logged: Vec<&str> = after.1.lines().collect();
    if logged == *logs { Ok(()) } else { Err(format!("{logged:?} is logged instead of {logs:?}")) }
}

/// The projects of all other cases side by side, each a project of its own, in one folder: one run is about all of them.
fn projects() -> (tempfile::TempDir, Vec<String>) {
    let all = tempfile::tempdir().expect("a temporary folder can be made");
    let mut names = Vec::new();
    for case in crate::cases::cases() {
        let name = case.name.replace('/', ".");
        let folder = all.path().join(&name);
        copy(&case.folder().join("before"), &folder);
        let config = toml::to_string(case.config()).expect("a table can be printed");
        fs::write(folder.join("hotcold.toml"), config).expect("the configuration can be written");
        names.push(name);
    }
    (all, names)
}

#[test]
fn every_project_of_the_other_cases_comes_back_byte_for_byte() {
    let (all, names) = projects();
    // Files that Python does not read either are problems, and told by the exit code.
    let (_, made) = there_and_back(all.path(), &names, 2).unwrap_or_else(|error| panic!("{error}"));
    let calls = made.iter().filter(|(_, text)| text.windows(20).any(|word| word == b"track_module_usage(\""));
    assert!(calls.count() > 500, "hardly any file got usage logging");
}

#[test]
fn usage_logging_stops_no_move() {
    let (plain, names) = projects();
    let (tracked, _) = projects();
    run(hotcold(tracked.path()).args(["track", "-q"]).args(&names));
    let findings = |folder: &Path| -> Vec<String> {
        let output = run(hotcold(folder).args(["check", "--output-format", "json-lines", "-q"]).args(&names));
        assert!(!stderr(&output).contains("self-check"), "{}", stderr(&output));
        let said = stdout(&output);
        let rows = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut found: Vec<String> = rows
            .filter(|row| row["code"].as_str().is_some_and(|code| code.starts_with("HC")))
            .map(|row| format!("{} {} {}", row["path"], row["code"], row["module"]))
            .collect();
        found.sort();
        found
    };
    let (was, is) = (findings(plain.path()), findings(tracked.path()));
    assert!(was.len() > 300, "hardly any finding was read: {}", was.len());
    let diff = similar::TextDiff::from_slices(
        &was.iter().map(String::as_str).collect::<Vec<_>>(),
        &is.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let changed: Vec<String> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("{}{}", change.tag(), change.value()))
        .collect();
    // An import at the top that stays keeps strings and comments from becoming the file's: then more may move.
    let changed: Vec<String> =
        changed.into_iter().filter(|row| !(row.starts_with('+') && row.contains("would-become"))).collect();
    assert!(changed.is_empty(), "- only without usage logging, + only with it\n{}", changed.join("\n"));
    let before = tree(tracked.path());
    run(hotcold(tracked.path()).arg("fix").args(&names));
    let after = tree(tracked.path());
    compiles(&before, &after).unwrap_or_else(|error| panic!("{error}"));
    assert!(before != after);
}

const PACKAGE: &[(&str, &str)] = &[
    ("hotcold.toml", "[modules.json]\nimport-ms = 300\n"),
    ("app/__init__.py", ""),
    ("app/a.py", "import csv\nimport json\n\n\ndef f():\n    return json, csv\n"),
    ("app/b.py", "import json\n\n\ndef f():\n    return json\n"),
];

fn package() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in PACKAGE {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn track(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(hotcold(folder).arg("track").args(arguments));
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn a_changed_configuration_adds_and_takes_away_what_it_must() {
    let package = package();
    let folder = package.path();
    let before = tree(folder);
    assert_eq!(track(folder, &[]).0, Some(0));
    fs::write(folder.join("hotcold.toml"), "[modules.csv]\nimport-ms = 300\n").unwrap();
    assert_eq!(track(folder, &[]).0, Some(0));
    let text = fs::read_to_string(folder.join("app/a.py")).unwrap();
    assert!(text.contains("track_module_usage(\"csv\")") && !text.contains("\"json\""), "{text}");
    assert_eq!(fs::read_to_string(folder.join("app/b.py")).unwrap(), PACKAGE[3].1);
    fs::write(folder.join("hotcold.toml"), "").unwrap();
    assert_eq!(track(folder, &[]).0, Some(0));
    assert_eq!(tree(folder), before);
}

#[test]
fn the_module_stays_as_long_as_a_file_needs_it() {
    let package = package();
    let folder = package.path();
    let before = tree(folder);
    track(folder, &[]);
    let (exit, said) = track(folder, &["--remove", "app/a.py"]);
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(fs::read_to_string(folder.join("app/a.py")).unwrap(), PACKAGE[2].1);
    assert!(folder.join("app/hotcold_usage.py").exists());
    let (_, said) = track(folder, &["--remove", "app/b.py"]);
    assert!(said.contains("deleted: app/hotcold_usage.py"), "{said}");
    assert_eq!(tree(folder), before);
}

#[test]
fn what_users_made_of_the_logging_is_not_lost_and_not_in_the_way() {
    let package = package();
    let folder = package.path();
    track(folder, &[]);
    let helper = folder.join("app/hotcold_usage.py");
    let edited = fs::read_to_string(&helper).unwrap() + "\nMORE = 1\n";
    fs::write(&helper, &edited).unwrap();
    let a = folder.join("app/a.py");
    let text = fs::read_to_string(&a).unwrap();
    fs::write(&a, text.replace("    return", "    # Mine.\n    x = 1\n\n    return") + "\n\nY = 2\n").unwrap();
    assert!(track(folder, &[]).1.contains("Nothing to change"));
    assert_eq!(track(folder, &["--remove"]).0, Some(0));
    assert_eq!(fs::read_to_string(&helper).unwrap(), edited, "a module that was edited is not deleted");
    let expected = PACKAGE[2].1.replace("    return", "    # Mine.\n    x = 1\n\n    return") + "\n\nY = 2\n";
    assert_eq!(fs::read_to_string(&a).unwrap(), expected);
}

#[test]
fn a_use_that_is_not_hotcolds_keeps_the_logging() {
    let package = package();
    let folder = package.path();
    track(folder, &[]);
    let a = folder.join("app/a.py");
    let text = fs::read_to_string(&a).unwrap() + "\n\ntrack = track_module_usage\n";
    fs::write(&a, &text).unwrap();
    let (exit, said) = track(folder, &["--remove"]);
    assert_eq!((exit, said.contains("app/a.py:12:9: note[name-taken]")), (Some(0), true), "{said}");
    assert_eq!(fs::read_to_string(&a).unwrap(), text);
    assert!(folder.join("app/hotcold_usage.py").exists());
}

#[test]
fn the_patch_exits_with_one_if_it_is_not_empty() {
    let package = package();
    let (exit, said) = track(package.path(), &["--diff"]);
    assert!(exit == Some(1) && said.contains("new file mode 100644\n--- /dev/null\n"), "{said}");
    track(package.path(), &[]);
    assert_eq!(track(package.path(), &["--diff", "-q"]), (Some(0), String::new()));
    let (exit, said) = track(package.path(), &["--remove", "--diff"]);
    assert!(exit == Some(1) && said.contains("deleted file mode 100644\n--- a/app/hotcold_usage.py\n"), "{said}");
}
