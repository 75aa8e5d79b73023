//! Import times: what every Python prints is read in full, and `hotcold measure` tells what modules do.

use std::fs;
use std::path::Path;
use std::process::Output;

use hotcold::evidence::importtime::Profile;
use tempfile::TempDir;

use crate::support::{hotcold, python, repository, run, stderr, stdout};

/// Captured from CPython 3.8 to 3.15, with what each run prints for `-X importtime`.
fn captured() -> Vec<(String, String)> {
    let folder = repository().join("tests/it/importtime");
    let entries = fs::read_dir(folder).expect("the captured output is there");
    let read = |path: &Path| fs::read_to_string(path).expect("captured output is text");
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| (path.file_name().expect("a file").to_string_lossy().into_owned(), read(&path)))
        .collect();
    files.sort();
    files
}

#[test]
fn the_output_of_every_python_is_read_in_full() {
    let files = captured();
    assert_eq!(files.len(), 10);
    for (name, text) in files {
        let profile = Profile::parse(&text);
        let lines = text.lines().filter(|line| line.starts_with("import time:")).count();
        assert_eq!(profile.rows().len() + profile.cached + 1, lines, "{name}");
        assert_eq!((profile.unreadable, profile.processes), (0, 1), "{name}");
        assert_eq!(profile.cached > 0, name.contains("cached"), "{name}");
    }
}

/// What the rows of a tree take by themselves is what its top takes in all, but for rounding.
#[test]
fn times_add_up_in_every_python() {
    for (name, text) in captured() {
        let profile = Profile::parse(&text);
        for at in 0..profile.rows().len() {
            let row = &profile.rows()[at];
            let parts: u64 = profile.rows()[profile.tree(at)].iter().map(|row| row.self_us).sum();
            let most = 2 * profile.tree(at).count() as u64;
            assert!(row.cumulative_us.abs_diff(parts) <= most, "{name}: {}: {} {parts}", row.module, row.cumulative_us);
            let children = profile.children(at);
            let below = profile.tree(at).count() - 1;
            let reached: usize = children.iter().map(|child| profile.tree(*child).count()).sum();
            assert_eq!(reached, below, "{name}: {}", row.module);
        }
    }
}

#[test]
fn a_lazy_module_counts_only_once_it_is_loaded() {
    let (_, text) = captured().into_iter().find(|(name, _)| name.contains("lazy")).expect("it was captured");
    let profile = Profile::parse(&text);
    assert!(profile.find("json").is_some() && profile.find("decimal").is_none());
}

/// Cut at every byte of a line's length and more, and with bytes of it changed.
#[test]
fn damaged_output_never_panics() {
    let (_, text) = captured().swap_remove(0);
    let bytes = text.as_bytes();
    let mut state: u64 = 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..2000 {
        let mut damaged = bytes[..next() % bytes.len()].to_vec();
        for _ in 0..next() % 20 {
            let at = next() % damaged.len().max(1);
            match (next() % 3, damaged.get_mut(at)) {
                (0, Some(byte)) => *byte = b" |-0\n:x9"[next() % 8],
                (1, Some(_)) => drop(damaged.remove(at)),
                (_, _) => damaged.insert(at.min(damaged.len()), (next() % 256) as u8),
            }
        }
        let profile = Profile::parse(&String::from_utf8_lossy(&damaged));
        for at in 0..profile.rows().len() {
            assert!(profile.children(at).iter().all(|child| profile.tree(at).contains(child)));
        }
    }
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    folder
}

fn measure(folder: &Path, arguments: &[&str]) -> Output {
    let interpreter = run(python().args(["-c", "import sys; print(sys.executable)"]));
    let mut command = hotcold(folder);
    command.arg("measure").args(arguments).args(["--python", stdout(&interpreter).trim()]);
    // Where what is not of the project stands, if a test has it.
    command.env_remove("VIRTUAL_ENV").env("PYTHONPATH", folder.join("../installed"));
    run(&mut command)
}

fn evidence(folder: &Path) -> String {
    fs::read_to_string(folder.join("hotcold-evidence.toml")).unwrap_or_default()
}

#[test]
fn what_is_measured_is_the_evidence_of_check() {
    let slow = "import time\ntime.sleep(0.15)\n";
    let app = "import slow\n\n\ndef handler(event):\n    return slow.__name__\n";
    let all = project(&[("app/hotcold.toml", ""), ("installed/slow.py", slow), ("app/app.py", app)]);
    let folder = all.path().join("app");
    let output = measure(&folder, &["slow"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("slow"), "{}", stdout(&output));
    let evidence = evidence(&folder);
    let line = evidence.lines().find(|line| line.starts_with("import-ms = ")).expect("a time was written");
    let ms: f64 = line["import-ms = ".len()..].parse().expect("a number");
    assert!((150.0..1000.0).contains(&ms), "{ms}");
    let check = run(hotcold(&folder).args(["check", "--output-format", "concise", "."]));
    assert!(stdout(&check).contains("app.py:1:1: HC001"), "{}", stdout(&check));
    let explained = run(hotcold(&folder).args(["explain", "slow"]));
    assert!(stdout(&explained).contains("runs = 5"), "{}", stdout(&explained));
}

#[test]
fn a_module_that_misbehaves_is_reported_and_others_are_measured() {
    let folder = project(&[
        ("hotcold.toml", ""),
        ("fails.py", "import absent_module\n"),
        ("quits.py", "import sys\nsys.exit(3)\n"),
        ("dies.py", "import os\nos._exit(4)\n"),
        ("hangs.py", "import time\ntime.sleep(60)\n"),
        ("prints.py", "print('import time: 1 | 1 | prints')\n"),
        ("forks.py", "import os\nif os.fork() == 0:\n    pass\n"),
        ("threads.py", "import threading, time\nthreading.Thread(target=time.sleep, args=(30,)).start()\n"),
        ("reads.py", "import sys\nsys.stdin.read()\n"),
        ("fine.py", ""),
    ]);
    let modules = ["fails", "quits", "dies", "hangs", "prints", "forks", "reads", "fine"];
    let output = measure(folder.path(), &[&modules[..], &["--timeout", "3"]].concat());
    let text = stdout(&output);
    let says = |words: &str| assert!(text.contains(words), "{words}:\n{text}\n{}", stderr(&output));
    says("`fails` was not measured: cannot be imported: ModuleNotFoundError: No module named 'absent_module'");
    says("`quits` was not measured: calls `sys.exit(3)` when it is imported");
    says("`dies` was not measured: ends the process when it is imported (exit status: 4)");
    says("`hangs` was not measured: takes longer than 3 s");
    says("prints something");
    let evidence = evidence(folder.path());
    for module in ["prints", "forks", "reads", "fine"] {
        assert!(evidence.contains(&format!("[modules.{module}]")), "{module}:\n{evidence}\n{text}");
    }
    assert!(!evidence.contains("[modules.fails]"), "{evidence}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn without_names_everything_that_the_project_imports_is_measured() {
    let app = "import json\nfrom typing import TYPE_CHECKING\nfrom app.own import name\n\nif TYPE_CHECKING:\n    import decimal\n\n\n\
               def late():\n    import xml.dom\n";
    let folder =
        project(&[("hotcold.toml", ""), ("app/__init__.py", ""), ("app/main.py", app), ("app/own.py", "name = 1\n")]);
    let output = measure(folder.path(), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let evidence = evidence(folder.path());
    let modules: Vec<&str> = evidence.lines().filter(|line| line.starts_with("[modules")).collect();
    assert_eq!(modules, ["[modules.json]", "[modules.typing]", "[modules.\"xml.dom\"]"]);
}

#[test]
fn a_second_run_keeps_what_others_wrote() {
    let written = "# ours\n[modules.json]\nusage-percent = 40  # June\n\n[modules.wave]\nimport-ms = 7\n";
    let folder = project(&[("hotcold.toml", ""), ("hotcold-evidence.toml", written)]);
    assert!(measure(folder.path(), &["json"]).status.success());
    let evidence = evidence(folder.path());
    assert!(evidence.starts_with("# ours\n[modules.json]\nusage-percent = 40  # June\nimport-ms = "), "{evidence}");
    assert!(evidence.contains("[modules.wave]\nimport-ms = 7\n"), "{evidence}");
}

const OTHERS: &str = "[modules.wave]\nimport-ms = 7\n";

#[test]
fn an_evidence_file_outside_the_project_is_not_written() {
    let folder = project(&[("project/hotcold.toml", "evidence = '../elsewhere.toml'\n"), ("elsewhere.toml", OTHERS)]);
    let output = measure(&folder.path().join("project"), &["json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("lies outside the project"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("elsewhere.toml")).expect("it is there"), OTHERS);
}

#[test]
fn a_start_is_shown_as_a_tree() {
    let folder =
        project(&[("hotcold.toml", ""), ("app.py", "import heavy\n"), ("heavy.py", "import time\ntime.sleep(0.1)\n")]);
    let output = measure(folder.path(), &["--entry", "app"]);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end().get(12..).unwrap_or_default()).collect();
    assert_eq!(lines, ["app", "  heavy"], "{text}\n{}", stderr(&output));
    assert_eq!(evidence(folder.path()), "");
}

#[test]
fn a_python_that_is_not_there_is_an_error_that_says_so() {
    let folder = project(&[("hotcold.toml", "")]);
    let output = run(hotcold(folder.path()).args(["measure", "json", "--python", "/no/such/python"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("name another with --python"), "{}", stderr(&output));
}
