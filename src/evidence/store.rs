//! The evidence file as text: what was found goes into it, and what others wrote stays as it is, comments included.

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value, value};

use crate::name::ModuleName;

/// Opens a file that is written for the first time.
const HEADING: &str = "\
# What is known of the project's imports. Written by `hotcold measure` and `hotcold usage`; to be committed.
# A number in hotcold.toml beats one that stands here.
";

/// A figure of one module, to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub module: ModuleName,
    pub figure: Figure,
    /// How it was found, in the order in which it is shown.
    pub source: Vec<(&'static str, Detail)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Milliseconds, and the other modules with evidence that the import loads.
    ImportMs(f64, Vec<ModuleName>),
    /// Share of requests, 0 to 100.
    UsagePercent(f64),
}

/// A figure of the policy that logs tell, to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyFound {
    pub figure: PolicyFigure,
    pub source: Vec<(&'static str, Detail)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PolicyFigure {
    DailyRequests(f64),
    /// Share of requests, 0 to 100.
    ColdStartPercent(f64),
}

/// A part of what is told about a figure's source.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    Text(String),
    Count(u64),
    Number(f64),
}

/// The text is no TOML, or holds something else where modules belong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("is not valid TOML: {0}")]
    Toml(String),
    #[error("`{0}` is not a table")]
    NoTable(String),
}

/// The text with these figures in it. Running it twice changes nothing.
pub fn update(text: &str, found: &[Found], policy: &[PolicyFound]) -> Result<String, StoreError> {
    let is_new = text.trim().is_empty();
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| StoreError::Toml(error.to_string().trim_end().replace('\n', " ")))?;
    let modules = document.entry("modules").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let modules = modules.as_table_mut().ok_or_else(|| StoreError::NoTable("modules".to_owned()))?;
    for found in found {
        let entry = modules.entry(found.module.as_str()).or_insert_with(|| Item::Table(Table::new()));
        let no_table = || StoreError::NoTable(format!("modules.\"{}\"", found.module));
        write(entry.as_table_mut().ok_or_else(no_table)?, found);
    }
    modules.sort_values();
    if !policy.is_empty() {
        let table = document.entry("policy").or_insert_with(|| Item::Table(Table::new()));
        let table = table.as_table_mut().ok_or_else(|| StoreError::NoTable("policy".to_owned()))?;
        let mut sources = Vec::new();
        for found in policy {
            let (key, figure) = match found.figure {
                PolicyFigure::DailyRequests(requests) => ("daily-requests", number(requests)),
                PolicyFigure::ColdStartPercent(percent) => ("cold-start-percent", share(percent)),
            };
            set(table, key, figure);
            sources.push((key, &found.source));
        }
        for (key, source) in sources {
            explain(table, key, source);
        }
        order(table);
    }
    let text = document.to_string();
    Ok(if is_new { format!("{HEADING}\n{}", text.trim_start()) } else { text })
}

fn write(table: &mut Table, found: &Found) {
    let figure = match &found.figure {
        Figure::ImportMs(ms, loads) => {
            set(table, "import-ms", time(*ms));
            // Empty, too: absent would be unknown.
            set(table, "loads", Value::Array(loads.iter().map(ModuleName::as_str).collect()));
            "import-ms"
        }
        Figure::UsagePercent(percent) => {
            set(table, "usage-percent", share(*percent));
            "usage-percent"
        }
    };
    explain(table, figure, &found.source);
    order(table);
}

/// Where figures come from stands behind them; nothing else changes its place.
fn order(table: &mut Table) {
    table.sort_values_by(|a, _, b, _| (*a == "source").cmp(&(*b == "source")));
}

/// Tells how a figure was found.
fn explain(table: &mut Table, figure: &str, source: &[(&str, Detail)]) {
    let mut details = InlineTable::new();
    for (name, detail) in source {
        let detail = match detail {
            Detail::Text(text) => Value::from(text.as_str()),
            Detail::Count(count) => Value::from(i64::try_from(*count).unwrap_or(i64::MAX)),
            Detail::Number(number) => self::number(*number),
        };
        details.insert(*name, detail);
    }
    let source = table.entry("source").or_insert(Item::None);
    // Somebody's own words about all figures give way to what is known of each.
    if source.as_table_like().is_none() {
        let mut table = Table::new();
        table.set_dotted(true);
        *source = Item::Table(table);
    }
    if let Some(source) = source.as_table_like_mut() {
        source.insert(figure, value(details));
    }
}

/// Replaces a value and keeps what stands around it, comments for one.
fn set(table: &mut Table, key: &str, mut new: Value) {
    if let Some(old) = table.get_mut(key).and_then(Item::as_value_mut) {
        *new.decor_mut() = old.decor().clone();
        *old = new;
    } else {
        table.insert(key, Item::Value(new));
    }
}

/// Whole milliseconds but for short times: what a measurement is good for. Comments in the code repeat it.
fn time(ms: f64) -> Value {
    rounded(ms, if ms < 10.0 { 10.0 } else { 1.0 })
}

/// With one decimal at most.
fn number(number: f64) -> Value {
    rounded(number, 10.0)
}

/// With two decimals at most: a module that hardly any request uses is not one that none does.
fn share(percent: f64) -> Value {
    rounded(percent, 100.0)
}

fn rounded(number: f64, parts: f64) -> Value {
    let rounded = (number * parts).round() / parts;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 { Value::from(rounded as i64) } else { Value::from(rounded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(module: &str, ms: f64, loads: &[&str]) -> Found {
        let name = |name: &str| ModuleName::new(name).expect("a name");
        let source = vec![("runs", Detail::Count(5)), ("python", Detail::Text("3.11.7".to_owned()))];
        let loads = loads.iter().map(|module| name(module)).collect();
        Found { module: name(module), figure: Figure::ImportMs(ms, loads), source }
    }

    #[test]
    fn a_new_file_says_what_it_is() {
        let text =
            update("", &[import("boto3", 212.44, &["botocore"]), import("google.cloud", 90.0, &[])], &[]).unwrap();
        assert_eq!(
            text,
            "# What is known of the project's imports. Written by `hotcold measure` and `hotcold usage`; to be committed.\n\
             # A number in hotcold.toml beats one that stands here.\n\
             \n\
             [modules.boto3]\n\
             import-ms = 212\n\
             loads = [\"botocore\"]\n\
             source.import-ms = { runs = 5, python = \"3.11.7\" }\n\
             \n\
             [modules.\"google.cloud\"]\n\
             import-ms = 90\n\
             loads = []\n\
             source.import-ms = { runs = 5, python = \"3.11.7\" }\n"
        );
        assert_eq!(update(&text, &[import("boto3", 212.44, &["botocore"])], &[]).unwrap(), text);
    }

    #[test]
    fn what_others_wrote_stays() {
        let before = "# ours\nversion = 1\n\n[modules.boto3]\n# from the load test\nusage-percent = 90  # June\nimport-ms = 1\n\
                      source = { usage-percent = 'June' }\n\n[modules.wave]\nimport-ms = 7\n";
        let after = update(before, &[import("boto3", 200.0, &[])], &[]).unwrap();
        assert_eq!(
            after,
            "# ours\nversion = 1\n\n[modules.boto3]\n# from the load test\nusage-percent = 90  # June\nimport-ms = 200\n\
             loads = []\nsource = { usage-percent = 'June' , import-ms = { runs = 5, python = \"3.11.7\" } }\n\n[modules.wave]\nimport-ms = 7\n"
        );
    }

    #[test]
    fn figures_of_the_policy_stand_beside_the_modules() {
        let found = PolicyFound {
            figure: PolicyFigure::ColdStartPercent(1.239),
            source: vec![("requests", Detail::Count(1000))],
        };
        let daily = PolicyFound { figure: PolicyFigure::DailyRequests(123_456.78), source: Vec::new() };
        let text = update("[policy]\ncold-start-percent = 3 # May\n", &[], &[found, daily]).unwrap();
        assert_eq!(
            text,
            "[policy]\ncold-start-percent = 1.24 # May\ndaily-requests = 123456.8\n\
             source.cold-start-percent = { requests = 1000 }\nsource.daily-requests = {}\n"
        );
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        assert!(matches!(update("modules = 3", &[], &[]), Err(StoreError::NoTable(name)) if name == "modules"));
        assert!(matches!(update("[modules", &[], &[]), Err(StoreError::Toml(_))));
    }
}
