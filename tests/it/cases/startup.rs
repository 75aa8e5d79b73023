//! What is told of start-up. A case with `startup.txt` has the whole output of `check` there, one with `plan.txt` that of
//! `check --plan`. Unasked, each of these cases gets: CPython loads at the start of each entry what it is said to load,
//! before and after the fix; and what a plan asks for, takes the module off the start.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Found, Project, for_each_case, needs_newer};
use crate::support::{python, python_minor, run, stderr, stdout};

#[test]
fn every_start_is_told_as_recorded() {
    for_each_case(|case| recorded(case, "startup.txt", &[]).and_then(|()| recorded(case, "plan.txt", &["--plan"])));
}

fn recorded(case: &Found, name: &str, flags: &[&str]) -> Result<(), String> {
    let path = case.folder.join(name);
    if !path.exists() {
        return Ok(());
    }
    let project = Project::plain(case);
    let output = run(project.hotcold(case, "check").args(flags));
    let told = stderr(&output) + &stdout(&output);
    if std::env::var_os("HOTCOLD_UPDATE").is_some() {
        return fs::write(&path, told).map_err(|error| error.to_string());
    }
    let expected = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    if expected == told { Ok(()) } else { Err(format!("{name} says\n{expected}\nthe report says\n{told}")) }
}

#[test]
fn every_start_loads_what_it_is_said_to() {
    let minor = python_minor();
    for_each_case(|case| {
        let is_without = case.case.without.iter().any(|without| without == "start");
        if !case.folder.join("startup.txt").exists() || is_without || needs_newer(case, minor) {
            return Ok(());
        }
        let project = Project::plain(case);
        let entries = entries(&project, case, &[]);
        if entries.is_empty() {
            return Err("no entry loads a configured module".to_owned());
        }
        for entry in &entries {
            same_modules(&project, case, entry, "loads-before")?;
        }
        run(&mut project.hotcold(case, "fix"));
        entries.iter().try_for_each(|entry| same_modules(&project, case, entry, "loads-after"))
    });
}

/// CPython, asked which of the configured modules are there once the entry is imported.
fn same_modules(project: &Project, case: &Found, entry: &Value, key: &str) -> Result<(), String> {
    let modules = case.case.config.get("modules").and_then(toml::Value::as_table).expect("the case has modules");
    let configured: Vec<&str> = modules.keys().map(String::as_str).collect();
    let name = entry["module"].as_str().expect("an entry has a name");
    let script = "import importlib, sys\n\
        importlib.import_module(sys.argv[1])\n\
        print(*(name for name in sorted(sys.argv[2:]) if name in sys.modules))";
    let output = run(python()
        .current_dir(project.path())
        .env("PYTHONPATH", source_folder(project.path()))
        .args(["-c", script, name])
        .args(&configured));
    if !output.status.success() {
        return Err(format!("{name} cannot be imported: {}", stderr(&output)));
    }
    let said: Vec<&str> = entry[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (said, loaded) = (said.join(" "), stdout(&output).trim().to_owned());
    if said == loaded { Ok(()) } else { Err(format!("{key} of {name}: said {said:?}, loaded {loaded:?}")) }
}

fn source_folder(project: &Path) -> std::path::PathBuf {
    let source = project.join("src");
    if source.exists() { source } else { project.to_owned() }
}

#[test]
fn every_plan_is_what_fix_does() {
    for_each_case(|case| {
        if !case.folder.join("plan.txt").exists() {
            return Ok(());
        }
        let project = Project::plain(case);
        for entry in entries(&project, case, &["--plan"]) {
            for stays in entry["stays"].as_array().into_iter().flatten() {
                carry_out(case, entry["path"].as_str(), stays)?;
            }
        }
        Ok(())
    });
}

/// Writes what the plan says into the configuration of a fresh copy, fixes, and looks again.
fn carry_out(case: &Found, path: Option<&str>, stays: &Value) -> Result<(), String> {
    let Some(imports) = stays["plan"]["imports"].as_array() else { return Ok(()) };
    let project = Project::plain(case);
    let file = project.path().join("hotcold.toml");
    let mut config: toml::Table = toml::from_str(&fs::read_to_string(&file).expect("it was written")).expect("TOML");
    let modules = config.entry("modules").or_insert_with(|| toml::Table::new().into());
    for import in imports {
        let name = import["module"].as_str().expect("an import has a module").to_owned();
        let table = modules.as_table_mut().expect("modules are a table").entry(name);
        let table = table.or_insert_with(|| toml::Table::new().into()).as_table_mut().expect("a module is a table");
        table.insert("pin".to_owned(), "function".into());
    }
    fs::write(&file, toml::to_string(&config).expect("a table can be printed")).expect("a file can be written");
    run(&mut project.hotcold(case, "fix"));
    let after = entries(&project, case, &[]);
    let entry = after.iter().find(|entry| entry["path"].as_str() == path);
    let module = &stays["module"];
    match entry
        .and_then(|entry| entry["stays"].as_array())
        .is_some_and(|left| left.iter().any(|s| s["module"] == *module))
    {
        true => Err(format!("{module} still stays on the start of {path:?} after {imports:?}")),
        false => Ok(()),
    }
}

fn entries(project: &Project, case: &Found, flags: &[&str]) -> Vec<Value> {
    let output = run(project.hotcold(case, "check").args(["--output-format", "json"]).args(flags));
    let report: Value = serde_json::from_str(&stdout(&output)).expect("the report is JSON");
    report["startup"]["entries"].as_array().cloned().unwrap_or_default()
}
