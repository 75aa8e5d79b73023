//! What other tools' settings say of a project: the Python versions it supports, what ruff and isort know of its modules.
//! Read leniently: a fault in them is the business of those tools.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::version::PythonVersion;
use crate::name::ModuleName;

/// The settings of others that hold in a folder.
#[derive(Debug, Clone, Default)]
pub struct Project {
    pub target_version: Option<PythonVersion>,
    pub banned_module_level: Vec<ModuleName>,
    pub known_first_party: Vec<String>,
    pub source_roots: Vec<PathBuf>,
    /// `line-length` of ruff, black or isort, in columns.
    pub line_length: Option<usize>,
}

impl Project {
    /// These settings with what the `pyproject.toml` of `folder` says instead.
    pub fn with_pyproject(mut self, folder: &Path, text: &str) -> Project {
        let Ok(table) = text.parse::<Table>() else { return self };
        let ruff = at(&table, &["tool", "ruff"]).and_then(Value::as_table);
        let isort = at(&table, &["tool", "isort"]).and_then(Value::as_table);
        if let Some(isort) = isort {
            self.known_first_party = strings(isort, &["known_first_party"]);
            self.source_roots = folders(folder, strings(isort, &["src_paths"]));
        }
        let length = |table: Option<&Table>, key: &str| table?.get(key)?.as_integer()?.try_into().ok();
        let black = at(&table, &["tool", "black"]).and_then(Value::as_table);
        self.line_length = length(black, "line-length").or(length(isort, "line_length")).or(self.line_length);
        if let Some(ruff) = ruff {
            self = self.with_ruff(folder, ruff, isort.is_some());
        }
        let requires = [&["project", "requires-python"][..], &["tool", "poetry", "dependencies", "python"]]
            .iter()
            .find_map(|path| at(&table, path)?.as_str());
        if let Some(version) = requires.and_then(PythonVersion::lowest_of) {
            self.target_version = Some(version);
        }
        self
    }

    /// These settings with what the `ruff.toml` of `folder` says instead.
    pub fn with_ruff_toml(self, folder: &Path, text: &str) -> Project {
        match text.parse::<Table>() {
            Ok(table) => self.with_ruff(folder, &table, false),
            Err(_) => self,
        }
    }

    /// ruff does not merge its configurations: the nearest one holds alone.
    fn with_ruff(mut self, folder: &Path, ruff: &Table, isort_is_known: bool) -> Project {
        let either = |keys: &[&str]| {
            let nested: Vec<&str> = ["lint"].into_iter().chain(keys.iter().copied()).collect();
            let found = strings(ruff, &nested);
            if found.is_empty() { strings(ruff, keys) } else { found }
        };
        self.banned_module_level = either(&["flake8-tidy-imports", "banned-module-level-imports"])
            .iter()
            .filter_map(|name| ModuleName::new(name))
            .collect();
        let known_first_party = either(&["isort", "known-first-party"]);
        if !isort_is_known || !known_first_party.is_empty() {
            self.known_first_party = known_first_party;
        }
        let source_roots = folders(folder, strings(ruff, &["src"]));
        if !isort_is_known || !source_roots.is_empty() {
            self.source_roots = source_roots;
        }
        let length = ruff.get("line-length").and_then(Value::as_integer).and_then(|length| length.try_into().ok());
        self.line_length = length.or(self.line_length);
        let version = ruff.get("target-version").and_then(Value::as_str).and_then(|text| text.parse().ok());
        self.target_version = version.or(self.target_version);
        self
    }
}

fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (last, tables) = path.split_last()?;
    tables.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?.get(*last)
}

fn strings(table: &Table, path: &[&str]) -> Vec<String> {
    match at(table, path) {
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(Value::String(item)) => vec![item.clone()],
        _ => Vec::new(),
    }
}

fn folders(base: &Path, names: Vec<String>) -> Vec<PathBuf> {
    names.iter().map(|name| base.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_ruff_are_read_in_both_spellings() {
        let text = r#"
            [project]
            requires-python = ">=3.11"
            [tool.ruff]
            src = ["lib"]
            target-version = "py310"
            [tool.ruff.lint.flake8-tidy-imports]
            banned-module-level-imports = ["torch"]
            [tool.ruff.lint.isort]
            known-first-party = ["app"]
        "#;
        let project = Project::default().with_pyproject(Path::new("/p"), text);
        assert_eq!(project.banned_module_level, [ModuleName::new("torch").unwrap()]);
        assert_eq!(project.known_first_party, ["app"]);
        assert_eq!(project.source_roots, [PathBuf::from("/p/lib")]);
        assert_eq!(project.target_version, Some(PythonVersion::minor_version(11)));

        let text = "[flake8-tidy-imports]\nbanned-module-level-imports = ['torch']\n";
        let project = Project::default().with_ruff_toml(Path::new("/p"), text);
        assert_eq!(project.banned_module_level.len(), 1);
    }

    #[test]
    fn broken_settings_of_others_change_nothing() {
        let project = Project::default().with_pyproject(Path::new("/p"), "[tool.ruff\nsrc = 3");
        assert!(project.target_version.is_none() && project.source_roots.is_empty());
    }
}
