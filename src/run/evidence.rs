//! The evidence file of a project: where it stands, and putting figures into it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hotcold::config::{Config, EVIDENCE_FILE};
use hotcold::evidence::store::{self, Found, PolicyFound};
use hotcold::source;

use super::place;

/// The evidence file of the project at `folder`, if it lies in the project: a configuration must not have files elsewhere
/// written.
pub fn writable_place(config: &Config, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join(config.evidence_file.as_deref().unwrap_or(Path::new(EVIDENCE_FILE)));
    place::writable(&path, folder).context("change `evidence` in the configuration")
}

/// Puts figures into the evidence file; what others wrote there stays.
pub fn keep(path: &Path, found: &[Found], policy: &[PolicyFound]) -> anyhow::Result<()> {
    let shown = path.display();
    let before = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
    };
    let after = store::update(before.as_deref().unwrap_or_default(), found, policy)
        .with_context(|| format!("{shown} stays as it is"))?;
    match before {
        Some(before) if before == after => Ok(()),
        Some(before) => source::write(path, &before, &after).with_context(|| format!("{shown}")),
        None => source::create(path, &after).with_context(|| format!("cannot write {shown}")),
    }
}
