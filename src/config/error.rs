//! What is wrong with a configuration file, and where. Owns the wording of the excerpt; decides nothing.

use std::fmt;

use thiserror::Error;

use crate::text::LineColumn;

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// As the user would write it.
    pub path: String,
    pub excerpt: Option<Box<Excerpt>>,
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub place: LineColumn,
    pub line: String,
    /// Characters to underline, at least one.
    pub width: usize,
}

impl ConfigError {
    pub fn whole_file(path: impl Into<String>, message: impl Into<String>) -> ConfigError {
        ConfigError { path: path.into(), excerpt: None, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> ConfigError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(excerpt) = &self.excerpt else {
            write!(f, "{}: {}", self.path, self.message)?;
            return match &self.help {
                Some(help) => write!(f, "\n  = help: {help}"),
                None => Ok(()),
            };
        };
        let Excerpt { place, line, width } = excerpt.as_ref();
        let number = place.line.to_string();
        let gutter = " ".repeat(number.len());
        // Tabs are kept, so that the marks stand below what they mark.
        let indent: String = line
            .chars()
            .take(place.column as usize - 1)
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{}:{place}: {}", self.path, self.message)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {line}")?;
        write!(f, "{gutter} | {indent}{}", "^".repeat(*width))?;
        match &self.help {
            Some(help) => write!(f, "\n{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}
