//! Entry points that packaging settings name: `pkg.mod:name` in `pyproject.toml` and `setup.cfg`. Read leniently: a fault in
//! them is the business of other tools. Those of `setup.py` are strings of a Python file like any other.

use configparser::ini::Ini;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::name::ModuleName;
use crate::text::{LineColumn, LineIndex, size};

/// One object that an installed script or plugin names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    pub module: ModuleName,
    pub name: String,
    pub place: LineColumn,
}

/// The tables whose strings are entry points, at any depth.
const TABLES: &[&[&str]] = &[
    &["project", "entry-points"],
    &["project", "gui-scripts"],
    &["project", "scripts"],
    &["tool", "flit", "entrypoints"],
    &["tool", "flit", "scripts"],
    &["tool", "poetry", "plugins"],
    &["tool", "poetry", "scripts"],
];

/// The files that may name entry points.
pub const FILES: [&str; 2] = ["pyproject.toml", "setup.cfg"];

/// The entry points that a file of that name holds, in the order of the text.
pub fn read(path: &str, text: &str) -> Vec<EntryPoint> {
    let mut found = match path.rsplit('/').next() {
        Some("pyproject.toml") => in_pyproject(text),
        Some("setup.cfg") => in_setup_cfg(text),
        _ => Vec::new(),
    };
    found.sort_by_key(|entry| entry.place);
    found
}

fn in_pyproject(text: &str) -> Vec<EntryPoint> {
    let (document, _) = DeTable::parse_recoverable(text);
    let lines = LineIndex::new(text);
    let mut found = Vec::new();
    for path in TABLES {
        let mut table = Some(document.get_ref());
        let (last, above) = path.split_last().unwrap_or((&"", &[]));
        for key in above {
            table = table.and_then(|table| table.get(*key)?.get_ref().as_table());
        }
        if let Some(value) = table.and_then(|table| table.get(*last)) {
            strings(value, &mut |string, start| found.extend(entry(string, lines.line_column(text, size(start)))));
        }
    }
    found
}

fn strings<'t>(value: &'t Spanned<DeValue<'t>>, take: &mut impl FnMut(&'t str, usize)) {
    match value.get_ref() {
        DeValue::String(string) => take(string, value.span().start),
        DeValue::Table(table) => table.values().for_each(|value| strings(value, take)),
        DeValue::Array(items) => items.iter().for_each(|value| strings(value, take)),
        _ => {}
    }
}

fn in_setup_cfg(text: &str) -> Vec<EntryPoint> {
    let mut ini = Ini::new_cs();
    ini.set_multiline(true);
    let Ok(sections) = ini.read(text.to_owned()) else { return Vec::new() };
    let Some(groups) = sections.get("options.entry_points") else { return Vec::new() };
    let lines = LineIndex::new(text);
    // The parser tells no places; a reference is unlike anything else in the file.
    let section = text.find("options.entry_points").unwrap_or(0);
    let values = groups.values().flatten().flat_map(|value| value.lines());
    let references = values.filter_map(|line| Some(line.split_once('=')?.1.trim()));
    let places = references.filter_map(|reference| {
        let start = section + text[section..].find(reference)?;
        entry(reference, lines.line_column(text, size(start)))
    });
    places.collect()
}

/// `pkg.mod:name.part [extra]`
fn entry(reference: &str, place: LineColumn) -> Option<EntryPoint> {
    let (module, object) = reference.split('[').next()?.trim().split_once(':')?;
    let name = object.trim().split('.').next().filter(|name| !name.is_empty())?;
    Some(EntryPoint { module: ModuleName::new(module.trim())?, name: name.to_owned(), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        read(path, text).into_iter().map(|entry| format!("{} {}:{}", entry.place, entry.module, entry.name)).collect()
    }

    #[test]
    fn scripts_and_plugins_of_several_tools_are_entry_points() {
        let text = r#"
[project.scripts]
app = "app.cli:main"
[project.entry-points."app.plugins"]
csv = "app.csv:Plugin.load [extra]"
[tool.poetry.scripts]
old = { reference = "app.old:run", type = "console" }
[tool.other]
x = "app.not:this"
"#;
        assert_eq!(shown("a/pyproject.toml", text), ["3:7 app.cli:main", "5:7 app.csv:Plugin", "7:21 app.old:run"]);
    }

    #[test]
    fn the_groups_of_setup_cfg_hold_one_entry_point_a_line() {
        let text = "[metadata]\nname = app\n\n[options.entry_points]\nconsole_scripts =\n    app = app.cli:main\n    \
                    tool=app.tool:run\n";
        assert_eq!(shown("setup.cfg", text), ["6:11 app.cli:main", "7:10 app.tool:run"]);
    }

    #[test]
    fn broken_settings_of_others_name_nothing() {
        assert!(shown("pyproject.toml", "[project.scripts\napp =").is_empty());
        assert!(shown("setup.cfg", "]\n[options.entry_points").is_empty());
    }
}
