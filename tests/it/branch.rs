//! `placement = "branch"` on random programs, judged by CPython: whichever way each function goes, it does the same with
//! its imports in branches; no import runs twice in one call; and the failure of an import is never swallowed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{hotcold, python, repository, run, stderr, stdout};

const CONFIGURATION: &str = "placement = \"branch\"\n\
    [modules.cellar]\npin = \"function\"\n[modules.kitchen]\npin = \"function\"\n[modules.pantry]\npin = \"function\"\n";

/// What `branch_programs.py` says.
fn programs(command: &str, folder: &Path, numbers: &[&str]) -> String {
    let script: PathBuf = repository().join("tests/it/branch_programs.py");
    let output = run(python().env("PYTHONWARNINGS", "ignore").arg(script).arg(command).arg(folder).args(numbers));
    assert!(output.status.success(), "{command}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn random_programs_do_the_same_with_their_imports_in_branches() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    programs("write", folder.path(), &["30", "1"]);
    let before = programs("run", folder.path(), &[]);
    fs::write(folder.path().join("hotcold.toml"), CONFIGURATION).expect("the configuration can be written");
    let fix = run(hotcold(folder.path()).arg("fix"));
    assert_eq!(fix.status.code(), Some(0), "{}", stderr(&fix));

    let places = programs("places", folder.path(), &[]);
    let count = |key: &str| -> usize {
        let found = places.split_whitespace().find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        found.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no {key} in {places}"))
    };
    assert!(count("branch") > 50 && count("top") > 100 && count("module") < 20, "{places}");

    let after = programs("run", folder.path(), &[]);
    assert!(before.lines().count() > 2000, "only {} ways were tried", before.lines().count());
    let differs = before.lines().zip(after.lines()).find(|(before, after)| before != after);
    assert_eq!(differs, None, "{}", folder.keep().display());
    assert_eq!(before.len(), after.len());
    assert_eq!(programs("blocked", folder.path(), &[]), "");
}
