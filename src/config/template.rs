//! The configuration that a newcomer starts with, as text: what was found in the project, and every default with its
//! meaning. Pure; numbers are never invented.

use std::collections::BTreeSet;
use std::fmt::Write;

use toml_edit::{Array, Key, Value};

use super::PythonVersion;
use crate::name::ModuleName;
use crate::policy::{CostModel, Policy, number};

/// Guesses that are shown; the rest is counted.
const GUESSES: usize = 8;

/// A longer list is broken into lines.
const WIDTH: usize = 100;

/// What was found in a project.
#[derive(Debug, Clone)]
pub struct Facts {
    pub entries: Entries,
    /// What holds if the configuration does not say.
    pub target_version: PythonVersion,
    /// The modules that get a table.
    pub modules: BTreeSet<ModuleName>,
    pub basis: Basis,
}

/// The modules that a process starts with.
#[derive(Debug, Clone)]
pub enum Entries {
    /// As settings of the project name them.
    Named(Vec<ModuleName>),
    /// Those that nobody imports.
    Guessed(Vec<ModuleName>),
}

/// How the modules were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Those from outside the project and Python that it imports.
    Imported,
    /// Those that were measured to be heavy.
    Measured,
}

/// The text of the configuration.
pub fn text(facts: &Facts) -> String {
    let mut text = String::from(
        "\
# What hotcold goes by. `hotcold check` reports, `hotcold diff` shows the changes, `hotcold fix` makes them.
# A setting behind a `#` stands for its default: take the `#` away to change it.

# The modules that a process starts with. Without them: those that nobody imports.
",
    );
    entries(&facts.entries, &mut text);
    let version = Value::from(facts.target_version.to_string());
    let _ = write!(
        text,
        "
# The oldest Python that the code must run on. Without it: what `requires-python` says, else 3.{}.
# target-version = {}

[policy]
{}",
        PythonVersion::DEFAULT.minor(),
        version,
        policy(&Policy::default()),
    );
    modules(facts, &mut text);
    text
}

fn entries(entries: &Entries, text: &mut String) {
    match entries {
        Entries::Named(modules) => text.push_str(&list(modules)),
        Entries::Guessed(modules) if modules.is_empty() => {
            text.push_str("# For example:\n# entries = [\"app.handler\"]\n")
        }
        Entries::Guessed(modules) => {
            let shown = &modules[..modules.len().min(GUESSES)];
            match modules.len() - shown.len() {
                0 => text.push_str("# A guess: nobody imports these. Keep those that are started.\n"),
                more => {
                    let _ = writeln!(
                        text,
                        "# A guess: nobody imports these, and {more} more. Keep those that are started."
                    );
                }
            }
            list(shown).lines().for_each(|line| text.extend(["# ", line, "\n"]));
        }
    }
}

/// The setting, on several lines if it is long.
fn list(modules: &[ModuleName]) -> String {
    let mut names: Array = modules.iter().map(ModuleName::as_str).collect();
    let line = format!("entries = {}\n", Value::from(names.clone()));
    if line.len() <= WIDTH {
        return line;
    }
    names.iter_mut().for_each(|name| name.decor_mut().set_prefix("\n    "));
    names.set_trailing("\n");
    names.set_trailing_comma(true);
    format!("entries = {}\n", Value::from(names))
}

/// Every number of the rule with its default and its meaning.
fn policy(policy: &Policy) -> String {
    let percent_model = CostModel::PerRequest.name();
    let container_model = CostModel::PerContainer.name();
    format!(
        "\
# Milliseconds of import time above which a module is heavy: it belongs in the functions that use it, unless it is hot.
# heavy-ms = {heavy}
# Hot is a module that more than this share of requests use,
# hot-percent = {hot}
# or whose import at every cold start costs less than its import at every use. For that: how many requests a day,
# daily-requests = {daily}
# what share of them is a cold start,
# cold-start-percent = {cold}
# and the milliseconds of an import statement whose module is loaded already.
# lazy-load-overhead-ms = {overhead}
# What a use costs: the whole import every time ({percent_model:?}), or once in each process ({container_model:?}).
# cost-model = {model:?}
# With false nothing is hot: all heavy modules belong in functions.
# hot-path-exceptions = {exceptions}
# Not set by default. Modules below it belong at module level, those from it to heavy-ms go by hot-percent.
# light-ms = 10
",
        heavy = number(policy.heavy_ms),
        hot = number(policy.hot_percent),
        daily = number(policy.daily_requests),
        cold = number(policy.cold_start_percent),
        overhead = number(policy.lazy_load_overhead_ms),
        model = policy.cost_model.name(),
        exceptions = policy.hot_path_exceptions,
    )
}

fn modules(facts: &Facts, text: &mut String) {
    if facts.modules.is_empty() {
        return;
    }
    text.push_str(match facts.basis {
        Basis::Measured => "\n# Modules that were measured to be heavy; their times stand in the evidence file.\n",
        Basis::Imported => "\n# Modules from outside that the project imports. `hotcold measure` finds out how long each import takes.\n",
    });
    text.push_str(
        "\
# usage-percent is the share of requests that use a module: `hotcold track` makes the program log it, `hotcold usage`
# reads the logs. Known or well estimated, it can be written here, which beats what was measured.
",
    );
    for module in &facts.modules {
        let _ = write!(text, "\n[modules.{}]\n# usage-percent = ?\n", Key::new(module.as_str()).display_repr());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ModuleName {
        ModuleName::new(name).expect("a name")
    }

    fn facts(entries: Entries, modules: &[&str]) -> Facts {
        let modules = modules.iter().map(|module| name(module)).collect();
        Facts { entries, target_version: PythonVersion::DEFAULT, modules, basis: Basis::Imported }
    }

    /// The text with each setting that stands behind a `#`.
    fn uncommented(text: &str) -> String {
        let setting = |line: &str| {
            let rest = line.strip_prefix("# ")?;
            let (key, value) = rest.split_once(" = ")?;
            (!key.contains(' ') && value != "?").then(|| rest.to_owned())
        };
        text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
    }

    #[test]
    fn every_setting_that_is_shown_is_the_default() {
        let text = text(&facts(Entries::Guessed(vec![name("app")]), &["boto3"]));
        let full: toml_edit::DocumentMut = uncommented(&text).parse().expect("it is TOML");
        let keys: Vec<&str> = full["policy"].as_table().expect("a table").iter().map(|(key, _)| key).collect();
        let all = [
            "heavy-ms",
            "hot-percent",
            "daily-requests",
            "cold-start-percent",
            "lazy-load-overhead-ms",
            "cost-model",
            "hot-path-exceptions",
            "light-ms",
        ];
        assert_eq!(keys, all);
        assert_eq!(full["entries"].to_string().trim(), "[\"app\"]");
        assert_eq!(full["target-version"].as_str(), Some("py39"));
        assert!(full["modules"]["boto3"].as_table().is_some_and(toml_edit::Table::is_empty));
    }

    #[test]
    fn names_are_quoted_where_toml_demands_it() {
        let text = text(&facts(Entries::Named(vec![name("app.handler")]), &["boto3", "google.cloud.bigquery"]));
        assert!(text.contains("\nentries = [\"app.handler\"]\n"), "{text}");
        assert!(text.contains("\n[modules.boto3]\n# usage-percent = ?\n"), "{text}");
        assert!(text.ends_with("\n[modules.\"google.cloud.bigquery\"]\n# usage-percent = ?\n"), "{text}");
    }

    #[test]
    fn many_guesses_are_counted() {
        let modules = (0..12).map(|number| name(&format!("m{number}"))).collect();
        let text = text(&facts(Entries::Guessed(modules), &[]));
        assert!(text.contains("nobody imports these, and 4 more."), "{text}");
        assert!(!text.contains("m8"), "{text}");
    }
}
