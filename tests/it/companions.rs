//! Moves that change strings in other files: what the reports say of them, and what happens when one of the files cannot
//! be written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::support::{hotcold, run, stderr, stdout};

const CONFIGURATION: &str = "[modules.json]\nimport-ms = 300\nusage-percent = 1\n";
const MODULE: &str = "import json\n\n\ndef f():\n    return json.dumps(1)\n";
const MOVED: &str = "def f():\n    import json\n\n    return json.dumps(1)\n";
const TEST: &str = "from unittest import mock\n\nimport app\n\n\n@mock.patch(\"app.json.dumps\", return_value=\"fake\")\n\
                    def test_f(dumps):\n    assert app.f() == \"fake\"\n";

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::create_dir(folder.path().join("tests")).expect("a folder can be made");
    for (path, text) in [("hotcold.toml", CONFIGURATION), ("app.py", MODULE), ("tests/test_app.py", TEST)] {
        fs::write(folder.path().join(path), text).expect("a file can be written");
    }
    folder
}

fn with(folder: &Path, arguments: &[&str]) -> Output {
    run(hotcold(folder).args(arguments))
}

fn text(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).expect("a file can be read")
}

fn protect(folder: &Path, path: &str) {
    let path = folder.join(path);
    let mut permissions = fs::metadata(&path).expect("the file is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("permissions can be set");
}

#[test]
fn a_finding_tells_the_patch_targets_that_move_along() {
    let folder = project();
    let report = stdout(&with(folder.path(), &["check", "--output-format", "concise"]));
    let line = "app.py:1:1: HC001 `json` (300ms, 1% usage) belongs in `f`, and one patch target in tests/test_app.py\n";
    assert!(report.starts_with(line), "{report}");

    let report = with(folder.path(), &["check", "--output-format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("it is JSON");
    let target = &report["findings"][0]["patch-targets"][0];
    assert_eq!(target["path"], "tests/test_app.py");
    assert_eq!((target["start"]["line"].as_u64(), target["start"]["column"].as_u64()), (Some(6), Some(13)));
    assert_eq!((target["end"]["line"].as_u64(), target["end"]["column"].as_u64()), (Some(6), Some(29)));
    assert_eq!((target["old"].as_str(), target["new"].as_str()), (Some("app.json.dumps"), Some("json.dumps")));
    assert_eq!(report["statistics"]["patch-targets-changed"], 1);
    assert_eq!(report["statistics"]["files-changed"], 2);
}

#[test]
fn the_diff_shows_both_files() {
    let folder = project();
    let diff = stdout(&with(folder.path(), &["diff"]));
    assert!(diff.contains("+++ b/app.py") && diff.contains("+++ b/tests/test_app.py"), "{diff}");
    assert!(diff.contains("+@mock.patch(\"json.dumps\", return_value=\"fake\")"), "{diff}");
}

#[test]
fn the_module_stays_if_the_test_file_cannot_be_written() {
    let folder = project();
    protect(folder.path(), "tests/test_app.py");
    let output = with(folder.path(), &["fix"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(errors.contains("tests/test_app.py: is read-only, and is left as it is"), "{errors}");
    let because =
        "app.py: is left as it is, because `tests/test_app.py`, which has to change with it, could not be written";
    assert!(errors.contains(because), "{errors}");
    assert_eq!(
        (text(folder.path(), "app.py").as_str(), text(folder.path(), "tests/test_app.py").as_str()),
        (MODULE, TEST)
    );
}

#[test]
fn the_test_file_holds_for_the_old_module_if_that_cannot_be_written() {
    let folder = project();
    protect(folder.path(), "app.py");
    let output = with(folder.path(), &["fix"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("app.py: is read-only, and is left as it is"), "{}", stderr(&output));
    assert_eq!(text(folder.path(), "app.py"), MODULE);
    let script = "import sys; sys.path[:0] = ['.', 'tests']; import test_app; test_app.test_f(); print('passed')";
    let tested = run(crate::support::python().current_dir(folder.path()).args(["-c", script]));
    assert_eq!(stdout(&tested), "passed\n", "{}", stderr(&tested));
}

#[test]
fn a_module_on_standard_input_cannot_take_the_test_file_along() {
    let folder = project();
    let mut child = hotcold(folder.path())
        .args(["fix", "-", "--stdin-filename", "app.py"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hotcold can be started");
    child.stdin.take().expect("it is piped").write_all(MODULE.as_bytes()).expect("it can be written to");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(stdout(&output), MODULE);
    assert_eq!(text(folder.path(), "tests/test_app.py"), TEST);
}

#[test]
fn one_run_does_all_and_a_second_one_nothing() {
    let folder = project();
    assert_eq!(with(folder.path(), &["fix"]).status.code(), Some(0));
    assert_eq!(text(folder.path(), "app.py"), MOVED);
    assert_eq!(text(folder.path(), "tests/test_app.py"), TEST.replace("app.json", "json"));
    assert_eq!(stdout(&with(folder.path(), &["check"])), "All imports are in place.\n");
}
