//! TOML tables whose every fault has a place: unknown keys, wrong types, numbers out of range. Knows no key by name.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Excerpt};
use crate::text::{LineIndex, size};

/// A TOML file and the name under which the user knows it.
#[derive(Debug)]
pub struct Document<'t> {
    pub path: &'t str,
    pub text: &'t str,
    lines: LineIndex,
}

impl<'t> Document<'t> {
    pub fn new(path: &'t str, text: &'t str) -> Document<'t> {
        Document { path, text, lines: LineIndex::new(text) }
    }

    pub fn parse(&self) -> Result<DeTable<'t>, ConfigError> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => {
                let message = error.message().lines().collect::<Vec<_>>().join(", ");
                Err(self.error(error.span().unwrap_or(0..0), format!("invalid TOML: {message}")))
            }
        }
    }

    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> ConfigError {
        let start = self.floor(span.start);
        let place = self.lines.line_column(self.text, size(start));
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let end = self.floor(span.end).min(line_start + line.len()).max(start);
        let excerpt = Excerpt {
            place,
            line: line.trim_start_matches('\u{feff}').to_owned(),
            width: self.text[start..end].chars().count().max(1),
        };
        ConfigError {
            path: self.path.to_owned(),
            excerpt: Some(Box::new(excerpt)),
            message: message.into(),
            help: None,
        }
    }

    pub fn line(&self, offset: usize) -> u32 {
        self.lines.line_column(self.text, size(self.floor(offset))).line
    }

    fn floor(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len())).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0)
    }
}

/// The range a number must lie in.
#[derive(Debug, Clone, Copy)]
pub enum Bounds {
    NotNegative,
    Positive,
    Percent,
}

impl Bounds {
    fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Bounds::NotNegative => value >= 0.0,
                Bounds::Positive => value > 0.0,
                Bounds::Percent => (0.0..=100.0).contains(&value),
            }
    }

    fn describe(self) -> &'static str {
        match self {
            Bounds::NotNegative => "a finite number, 0 or more",
            Bounds::Positive => "a finite number above 0",
            Bounds::Percent => "a number from 0 to 100",
        }
    }
}

/// A value with the place where it stands.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// One table of a document.
#[derive(Debug, Clone)]
pub struct Table<'a, 't> {
    pub document: &'a Document<'t>,
    /// As in the header: `modules.boto3`; empty for the whole document.
    pub name: String,
    table: &'a DeTable<'t>,
}

impl<'a, 't> Table<'a, 't> {
    pub fn new(document: &'a Document<'t>, name: impl Into<String>, table: &'a DeTable<'t>) -> Table<'a, 't> {
        Table { document, name: name.into(), table }
    }

    /// The first key, in the order of the text, that is not among `known` is an error.
    pub fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self.keys().into_iter().find(|key| !known.contains(&key.value.as_str()));
        let Some(key) = unknown else { return Ok(()) };
        let place = if self.name.is_empty() { String::new() } else { format!(" in `[{}]`", self.name) };
        let error = self.document.error(key.span.clone(), format!("unknown key `{}`{place}", key.value));
        Err(error.help(match closest(&key.value, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys: {}", quoted(known)),
        }))
    }

    /// Sorted by place.
    pub fn keys(&self) -> Vec<Placed<String>> {
        let mut keys: Vec<_> =
            self.table.iter().map(|(key, _)| Placed { value: key.get_ref().to_string(), span: key.span() }).collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    pub fn number(&self, key: &str, bounds: Bounds) -> Result<Option<Placed<f64>>, ConfigError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        let value = match found.get_ref() {
            DeValue::Integer(integer) => {
                let digits = integer.as_str().replace('_', "");
                i128::from_str_radix(&digits, integer.radix()).map_or(f64::INFINITY, |value| value as f64)
            }
            DeValue::Float(float) => float.as_str().replace('_', "").parse().unwrap_or(f64::NAN),
            other => return Err(self.wrong_type(key, "a number", other, found.span())),
        };
        if bounds.contains(value) {
            return Ok(Some(Placed { value, span: found.span() }));
        }
        let written = self.document.text.get(found.span()).unwrap_or("out of range");
        let message = format!("`{key}` must be {}, but is {written}", bounds.describe());
        Err(self.document.error(found.span(), message))
    }

    pub fn boolean(&self, key: &str) -> Result<Option<Placed<bool>>, ConfigError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        match found.get_ref() {
            DeValue::Boolean(value) => Ok(Some(Placed { value: *value, span: found.span() })),
            other => Err(self.wrong_type(key, "true or false", other, found.span())),
        }
    }

    pub fn string(&self, key: &str) -> Result<Option<Placed<String>>, ConfigError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        match found.get_ref() {
            DeValue::String(value) => Ok(Some(Placed { value: value.to_string(), span: found.span() })),
            other => Err(self.wrong_type(key, "a string", other, found.span())),
        }
    }

    /// One of the words of `choices`.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(word) = self.string(key)? else { return Ok(None) };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word.value) {
            return Ok(Some(*value));
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{key}` cannot be `{}`", word.value);
        let help = match closest(&word.value, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of {}", quoted(&names)),
        };
        Err(self.document.error(word.span, message).help(help))
    }

    pub fn strings(&self, key: &str) -> Result<Option<Vec<Placed<String>>>, ConfigError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        let DeValue::Array(array) = found.get_ref() else {
            return Err(self.wrong_type(key, "a list of strings", found.get_ref(), found.span()));
        };
        let mut strings = Vec::new();
        for item in array.iter() {
            match item.get_ref() {
                DeValue::String(value) => strings.push(Placed { value: value.to_string(), span: item.span() }),
                other => return Err(self.wrong_type(key, "a list of strings", other, item.span())),
            }
        }
        Ok(Some(strings))
    }

    pub fn table(&self, key: &str) -> Result<Option<Table<'a, 't>>, ConfigError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        match found.get_ref() {
            DeValue::Table(table) => Ok(Some(Table { document: self.document, name: self.child_name(key), table })),
            other => Err(self.wrong_type(key, "a table", other, found.span())),
        }
    }

    /// The value as it is written, for tables that are kept as text.
    pub fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Where the key itself stands.
    pub fn key_span(&self, key: &str) -> Range<usize> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map_or(0..0, |(name, _)| name.span())
    }

    fn child_name(&self, key: &str) -> String {
        let bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let key = if bare && !key.is_empty() { key.to_owned() } else { format!("{key:?}") };
        if self.name.is_empty() { key } else { format!("{}.{key}", self.name) }
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &DeValue<'_>, span: Range<usize>) -> ConfigError {
        let kind = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.document.error(span, format!("`{key}` must be {expected}, but is {kind}"))
    }
}

/// The known word that was probably meant.
pub fn closest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let normal = word.replace('_', "-").to_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&normal, candidate), *candidate))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

pub fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
