//! What is known about a module: how long its import takes and how often it is used. Absent is unknown, never zero.
//! Nothing here decides; nothing here reads files.

pub mod importtime;
pub mod store;
pub mod usage;

use std::collections::BTreeSet;
use std::fmt;

use crate::name::ModuleName;

/// What is known about one module. Numbers are finite and in range: whoever makes this has checked them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModuleEvidence {
    /// Milliseconds to import it once in a fresh process.
    pub import_ms: Option<f64>,
    /// For a module of the project that nobody measured: what the project's own imports make it load. Nobody writes it.
    pub loaded: Option<Loaded>,
    /// Share of requests that use it, 0 to 100.
    pub usage_percent: Option<f64>,
    /// Used on the critical path of the majority workflow.
    pub critical_path: bool,
    /// The user's word, above every rule.
    pub pin: Option<Pin>,
    /// The other modules that its import loads, as far as they have evidence too: their time is part of `import_ms`.
    pub loads: Option<BTreeSet<ModuleName>>,
    /// Where each of these was written.
    pub sources: Sources,
}

/// Modules with evidence that a module of the project loads when it is imported.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Their time together: less than the import of the module takes.
    pub ms: f64,
    /// Sorted.
    pub modules: Vec<ModuleName>,
}

/// The place that the user demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    Module,
    Function,
}

/// Where each figure of a module comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    pub import_ms: Option<Source>,
    pub usage_percent: Option<Source>,
    pub critical_path: Option<Source>,
    pub pin: Option<Source>,
}

/// A file and a line, and what the evidence says about how the number was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub file: String,
    pub line: u32,
    /// The `source` table of the evidence file, as text: `runs = 10, python = "3.11.4"`.
    pub detail: Option<String>,
}

impl ModuleEvidence {
    /// Takes from `weaker` what is unknown here.
    pub fn or(mut self, weaker: &ModuleEvidence) -> ModuleEvidence {
        if self.import_ms.is_none() {
            self.import_ms = weaker.import_ms;
            self.sources.import_ms.clone_from(&weaker.sources.import_ms);
        }
        if self.usage_percent.is_none() {
            self.usage_percent = weaker.usage_percent;
            self.sources.usage_percent.clone_from(&weaker.sources.usage_percent);
        }
        if self.sources.critical_path.is_none() {
            self.critical_path = weaker.critical_path;
            self.sources.critical_path.clone_from(&weaker.sources.critical_path);
        }
        if self.pin.is_none() {
            self.pin = weaker.pin;
            self.sources.pin.clone_from(&weaker.sources.pin);
        }
        if self.loads.is_none() {
            self.loads.clone_from(&weaker.loads);
        }
        self
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_known_here_beats_a_weaker_one_and_the_rest_is_taken() {
        let own = ModuleEvidence { import_ms: Some(350.0), ..ModuleEvidence::default() };
        let weaker = ModuleEvidence { import_ms: Some(300.0), usage_percent: Some(90.0), ..ModuleEvidence::default() };
        let merged = own.or(&weaker);
        assert_eq!((merged.import_ms, merged.usage_percent), (Some(350.0), Some(90.0)));
    }
}
