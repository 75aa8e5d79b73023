//! Rules about the code itself: layers, files of a readable length, a fixture for every refusal, no world in the core.

use std::fs;
use std::path::{Path, PathBuf};

use hotcold::plan::Code;

use crate::support::repository;

fn sources() -> Vec<(PathBuf, String)> {
    let root = repository().join("src");
    let files: Vec<(PathBuf, String)> = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("src can be read"))
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("a source file can be read");
            (entry.path().strip_prefix(&root).expect("below src").to_owned(), text)
        })
        .collect();
    assert!(files.len() > 20, "src was not found");
    files
}

fn in_layer(path: &Path, layer: &str) -> bool {
    path.starts_with(layer) || path.with_extension("") == Path::new(layer)
}

#[test]
fn every_file_says_what_it_owns() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with //!", path.display());
    }
}

#[test]
fn only_the_python_layer_names_tree_sitter() {
    for (path, text) in sources() {
        let names = text.contains("tree_sitter") || text.contains("tree-sitter");
        assert!(!names || in_layer(&path, "python") || path == Path::new("lib.rs"), "{} does", path.display());
    }
}

/// Each layer uses only what stands before it.
#[test]
fn layers_look_down_only() {
    const LAYERS: &[&str] = &[
        "text", "name", "python", "sort", "semantic", "project", "evidence", "policy", "config", "plan", "edit",
        "verify", "outcome", "startup", "pipeline", "track", "cli", "source", "measure", "bot", "report", "run",
    ];
    let rank = |path: &Path| LAYERS.iter().position(|layer| in_layer(path, layer));
    for (path, text) in sources() {
        let Some(own) = rank(&path) else { continue };
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, layer) in LAYERS.iter().enumerate().skip(own + 1) {
            // A configuration holds policies and evidence; an error names what it found.
            let allowed = matches!((LAYERS[own], *layer), ("policy", "config") | ("verify", "outcome"));
            let uses = code.lines().any(|line| {
                !line.trim_start().starts_with("//") && line.contains(&format!("crate::{layer}::")) && number > own
            });
            assert!(!uses || allowed, "{} uses {layer}, which stands above it", path.display());
        }
    }
}

#[test]
fn the_core_touches_no_disk_process_or_clock() {
    const WORLD: &[&str] = &["std::fs", "std::process::Command", "std::net", "std::time", "std::env", "Command::new"];
    const OUTSIDE: &[&str] = &["source", "measure", "bot", "run", "main", "terminal"];
    for (path, text) in sources() {
        if OUTSIDE.iter().any(|layer| in_layer(&path, layer)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in WORLD {
            let tests = path.ends_with("tests.rs");
            assert!(tests || !code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn files_are_of_a_readable_length() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 580, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_refusal_has_a_fixture_and_every_fixture_a_refusal() {
    let folder = repository().join("fixtures/refuse");
    let faults = ["encoding", "indentation", "newline", "parse-error", "python2", "unsupported-syntax"];
    let found: Vec<String> = fs::read_dir(&folder)
        .expect("fixtures/refuse can be read")
        .map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned())
        .collect();
    for code in Code::ALL {
        assert!(found.iter().any(|name| name == code.name()), "no fixture shows {}", code.name());
        assert!(!code.hazards().is_empty() && !code.summary().is_empty() && !code.advice().is_empty());
    }
    for name in &found {
        let known = Code::from_name(name).is_some() || faults.contains(&name.as_str());
        assert!(known, "fixtures/refuse/{name} is of no code");
    }
}
