//! How much room what an import loads takes on disk: whole packages, as they are deployed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Files and bytes, byte code left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub files: u64,
    pub bytes: u64,
}

/// The packages that hold these files, among the folders where packages are installed. The standard library comes with
/// Python and is not counted; of other folders only the files themselves.
pub(super) fn of<'p>(files: impl Iterator<Item = &'p PathBuf>, installed: &[PathBuf], standard: &[PathBuf]) -> Size {
    let mut roots: BTreeSet<PathBuf> = BTreeSet::new();
    for file in files.filter(|file| file.is_absolute()) {
        match installed.iter().find_map(|folder| Some((folder, file.strip_prefix(folder).ok()?))) {
            Some((folder, inside)) => roots.extend(inside.components().next().map(|first| folder.join(first))),
            None if standard.iter().any(|folder| file.starts_with(folder)) => {}
            None => {
                roots.insert(file.clone());
            }
        }
    }
    roots
        .iter()
        .map(|root| walk(root))
        .fold(Size::default(), |all, one| Size { files: all.files + one.files, bytes: all.bytes + one.bytes })
}

fn walk(root: &Path) -> Size {
    let is_source = |entry: &walkdir::DirEntry| entry.file_name() != "__pycache__";
    let entries = WalkDir::new(root).into_iter().filter_entry(is_source).filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .filter_map(|entry| entry.metadata().ok())
        .fold(Size::default(), |all, file| Size { files: all.files + 1, bytes: all.bytes + file.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_as_a_whole_and_the_standard_library_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("lib/site-packages");
        std::fs::create_dir_all(site.join("heavy/__pycache__")).unwrap();
        for (name, text) in [("__init__.py", "1234"), ("data.json", "12"), ("__pycache__/x.pyc", "123456")] {
            std::fs::write(site.join("heavy").join(name), text).unwrap();
        }
        let own = folder.path().join("app.py");
        std::fs::write(&own, "123").unwrap();
        let files = [site.join("heavy/__init__.py"), folder.path().join("lib/json.py"), own];
        let size = of(files.iter(), &[site], &[folder.path().join("lib")]);
        assert_eq!(size, Size { files: 3, bytes: 9 });
    }
}
