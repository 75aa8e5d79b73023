//! Where files may be written, in the project and nowhere else, and what git calls them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hotcold::source;

/// The real place of a file that is or will be at `path`, if it lies in the project that `folder` is part of: neither a
/// configuration nor a link must have files elsewhere written.
pub fn writable(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let real =
        |path: &Path| fs::canonicalize(path).with_context(|| format!("cannot follow the path {}", path.display()));
    let place = if path.exists() {
        real(path)?
    } else {
        let (parent, name) = (path.parent().unwrap_or(folder), path.file_name().unwrap_or_default());
        real(parent)?.join(name)
    };
    let top = source::find_upwards(folder, ".git").and_then(|git| Some(git.parent()?.to_owned()));
    let top = real(top.as_deref().unwrap_or(folder))?;
    anyhow::ensure!(place.starts_with(&top), "{} lies outside the project {}", place.display(), top.display());
    Ok(place)
}

/// Relative to the root of the repository, as `git apply` takes it; without one to the working directory.
pub fn in_repository(path: &str, working_directory: &Path) -> String {
    let absolute = working_directory.join(path);
    let repository = source::find_upwards(absolute.parent().unwrap_or(&absolute), ".git");
    let inside = repository.as_deref().and_then(|root| absolute.strip_prefix(root).ok());
    inside.map_or_else(|| path.trim_start_matches('/').to_owned(), source::with_slashes)
}
