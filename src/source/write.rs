//! Writing a file whole or not at all: a temporary file beside it, then a rename. Deleting one only as it was read. What a symlink points to is written,
//! never the link; permissions stay.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file still has its old text.
#[derive(Debug, Error)]
pub enum WriteError {
    #[error("changed on disk while it was being checked, and is left as it is: run hotcold again")]
    Changed,
    #[error("is read-only, and is left as it is")]
    ReadOnly,
    #[error("cannot be written, and is left as it is: {doing}: {source}")]
    Io { doing: String, source: io::Error },
}

/// Replaces the text of the file at `path`, which was `before` when it was read, by `after`.
///
/// Whenever the process is killed, the file has either text.
pub fn write(path: &Path, before: &str, after: &str) -> Result<(), WriteError> {
    let target = fs::canonicalize(path).map_err(io("following the path"))?;
    let metadata = fs::metadata(&target).map_err(io("reading its permissions"))?;
    if metadata.permissions().readonly() {
        return Err(WriteError::ReadOnly);
    }
    let folder = target.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let temporary = beside(&folder, after)?;
    temporary.as_file().set_permissions(metadata.permissions()).map_err(io("keeping its permissions"))?;
    keep_owner(&temporary, &metadata);
    temporary.as_file().sync_all().map_err(io("writing a temporary file beside it"))?;
    if fs::read(&target).map_err(io("reading it again"))? != before.as_bytes() {
        return Err(WriteError::Changed);
    }
    temporary.persist(&target).map_err(|error| io("replacing it")(error.error))?;
    Ok(())
}

/// Writes a file that is not there yet, whole or not at all.
pub fn create(path: &Path, text: &str) -> Result<(), WriteError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = beside(folder, text)?;
    readable_by_all(&temporary).map_err(io("setting its permissions"))?;
    temporary.as_file().sync_all().map_err(io("writing a temporary file beside it"))?;
    temporary.persist_noclobber(path).map_err(|error| io("making it")(error.error))?;
    Ok(())
}

/// Deletes the file at `path`, if it still has this text.
pub fn delete(path: &Path, text: &str) -> Result<(), WriteError> {
    if fs::read(path).map_err(io("reading it again"))? != text.as_bytes() {
        return Err(WriteError::Changed);
    }
    fs::remove_file(path).map_err(io("deleting it"))
}

/// A temporary file in the folder, with this text.
fn beside(folder: &Path, text: &str) -> Result<tempfile::NamedTempFile, WriteError> {
    let named = tempfile::Builder::new().prefix(".hotcold-").suffix(".tmp").tempfile_in(folder);
    let mut temporary = named.map_err(io("making a temporary file beside it"))?;
    temporary.write_all(text.as_bytes()).map_err(io("writing a temporary file beside it"))?;
    Ok(temporary)
}

/// What went wrong while `doing` it.
fn io(doing: &'static str) -> impl Fn(io::Error) -> WriteError {
    move |source| WriteError::Io { doing: doing.to_owned(), source }
}

/// Temporary files are private; a file of a project is not.
#[cfg(unix)]
fn readable_by_all(temporary: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &tempfile::NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// Only a privileged user can keep the owner of another's file, so failing is no error. The mode is set again, because
/// a change of owner clears bits of it.
#[cfg(unix)]
fn keep_owner(temporary: &tempfile::NamedTempFile, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Ok(own) = temporary.as_file().metadata() else { return };
    if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
        let changed = fchown(temporary.as_file(), Some(metadata.uid()), Some(metadata.gid()));
        if changed.is_err() {
            let _ = fchown(temporary.as_file(), None, Some(metadata.gid()));
        }
        let _ = temporary.as_file().set_permissions(metadata.permissions());
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &tempfile::NamedTempFile, _: &fs::Metadata) {}
