//! Whether a run can come to anything, told of each file as it is read.

use std::sync::Arc;

use super::first::configured;
use super::{Extent, Filter, Input};
use crate::config::Config;
use crate::project::{Lookout, module_of_path};

/// Tells which files can matter, before others are known. Where none can, none is parsed: their texts are not looked at.
pub struct Outlook(Option<Lookout>);

impl Outlook {
    /// For files of these configurations.
    pub fn new<'c>(configs: impl Iterator<Item = &'c Arc<Config>>, filter: Filter, extent: Extent) -> Outlook {
        let is_filtered = filter == Filter::Irrelevant && extent != Extent::Plan;
        Outlook(is_filtered.then(|| Lookout::new(&configured(configs))))
    }

    pub fn may_matter(&self, file: &Input) -> bool {
        // What no module's name leads to (`.github/check.py`) is of no project, and judged by nobody.
        let is_seen = |lookout: &Lookout| module_of_path(&file.path).is_some() && lookout.sees(&file.path, &file.text);
        self.0.as_ref().is_none_or(is_seen)
    }
}
