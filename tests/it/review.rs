//! `hotcold review`: what it says of the projects in `fixtures/review`, and that a fix leaves nothing stale that it can mend.

use std::fs;
use std::path::PathBuf;

use crate::support::{copy, hotcold, repository, run, stderr, stdout};

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("fixtures/review")).expect("fixtures/review can be read");
    let cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    assert!(!cases.is_empty(), "no cases were found");
    cases
}

#[test]
fn every_review_is_as_recorded() {
    for case in cases() {
        let output = run(hotcold(&case.join("before")).arg("review"));
        let exit = output.status.code().expect("it ends by itself");
        let found = format!("{}{}exit code {exit}\n", stdout(&output), stderr(&output));
        let path = case.join("report.txt");
        if std::env::var_os("HOTCOLD_UPDATE").is_some() {
            fs::write(&path, &found).expect("the expectation can be written");
        }
        assert_eq!(found, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
    }
}

/// What programs read says the same as what people read.
#[test]
fn every_review_is_told_to_programs() {
    for case in cases() {
        let before = case.join("before");
        let json = run(hotcold(&before).args(["review", "--output-format", "json"]));
        let value: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
        assert_eq!(value["stale"], json.status.code() == Some(1), "{}", case.display());
        let text = stdout(&run(hotcold(&before).arg("review")));
        for entry in value["entries"].as_array().expect("a list") {
            let named = text.contains(entry["module"].as_str().expect("a name"));
            assert!(named || entry["kind"] == "holds", "{entry}\n{text}");
        }
    }
}

#[test]
fn after_a_fix_only_what_it_cannot_know_is_stale() {
    for case in cases() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&case.join("before"), folder.path());
        assert!(run(hotcold(folder.path()).arg("fix")).status.success());
        let output = run(hotcold(folder.path()).args(["review", "--output-format", "json"]));
        let value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
        let entries = value["entries"].as_array().expect("a list");
        for entry in entries.iter().filter(|entry| entry["stale"] == true) {
            assert_eq!(entry["verdict"]["reason"], "unmeasured", "{}: {entry}", case.display());
        }
    }
}

#[test]
fn formats_that_have_no_review_are_refused() {
    let output = run(hotcold(&repository()).args(["review", "--output-format", "sarif"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`review` is printed as `full` or as `json`"), "{}", stderr(&output));
}
