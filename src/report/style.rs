//! Colours, as ruff uses them. Bytes stay as they are when colour is off: a patch may hold escapes of its own.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Never,
    Always,
}

pub const BOLD: Style = Style::new().bold();
pub const CODE: Style = AnsiColor::Red.on_default().bold();
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const NOTE: Style = AnsiColor::Yellow.on_default().bold();
pub const FRAME: Style = AnsiColor::BrightBlue.on_default().bold();
pub const HELP: Style = AnsiColor::Cyan.on_default().bold();
pub const ADDED: Style = AnsiColor::Green.on_default();
pub const REMOVED: Style = AnsiColor::Red.on_default();
pub const HUNK: Style = AnsiColor::Cyan.on_default();

impl Colour {
    pub fn paint(self, style: Style, text: impl Display) -> String {
        match self {
            Colour::Never => text.to_string(),
            Colour::Always => format!("{style}{text}{style:#}"),
        }
    }
}
