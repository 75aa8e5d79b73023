//! Which files a configuration leaves out. Matches paths as text; looks at no file.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};

/// Globs, each relative to a folder: a glob without `/` matches the name of a file or folder at any depth, another the
/// path from that folder. What lies in an excluded folder is excluded.
#[derive(Debug, Clone, Default)]
pub struct Exclude {
    groups: Vec<(PathBuf, Vec<GlobMatcher>)>,
}

impl Exclude {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub fn add(&mut self, base: &Path, globs: &[Glob]) {
        if !globs.is_empty() {
            self.groups.push((base.to_owned(), globs.iter().map(Glob::compile_matcher).collect()));
        }
    }

    /// Whether the file or folder at the absolute `path` is excluded.
    pub fn contains(&self, path: &Path) -> bool {
        self.groups.iter().any(|(base, globs)| {
            let matches = |part: &Path| globs.iter().any(|glob| glob.is_match(part));
            let Ok(inside) = path.strip_prefix(base) else { return false };
            inside
                .ancestors()
                .filter(|part| !part.as_os_str().is_empty())
                .any(|part| matches(part) || part.file_name().is_some_and(|name| matches(Path::new(name))))
        })
    }
}

/// A glob as the configuration and `--exclude` take it.
pub fn glob(pattern: &str) -> Result<Glob, String> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclude(patterns: &[&str]) -> Exclude {
        let mut exclude = Exclude::default();
        let globs: Vec<Glob> = patterns.iter().map(|pattern| glob(pattern).unwrap()).collect();
        exclude.add(Path::new("/p"), &globs);
        exclude
    }

    #[test]
    fn a_name_is_excluded_at_any_depth_with_all_below_it() {
        let exclude = exclude(&["migrations"]);
        assert!(exclude.contains(Path::new("/p/app/migrations/0001.py")));
        assert!(!exclude.contains(Path::new("/p/app/my_migrations.py")));
        assert!(!exclude.contains(Path::new("/q/migrations/0001.py")));
    }

    #[test]
    fn a_path_is_relative_to_the_configuration() {
        let exclude = exclude(&["./app/gen/", "docs/**/*.py", "*_pb2.py"]);
        assert!(exclude.contains(Path::new("/p/app/gen/x.py")));
        assert!(!exclude.contains(Path::new("/p/lib/app/gen/x.py")));
        assert!(exclude.contains(Path::new("/p/docs/a/b.py")));
        assert!(exclude.contains(Path::new("/p/x/a_pb2.py")));
    }
}
