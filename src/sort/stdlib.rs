//! The top-level modules of Python's standard library and the versions that have them, 3.9 to 3.15.
//! `stdlib.table` is written by `scripts/stdlib_table.py`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

const FIRST: u8 = 9;
const LAST: u8 = 15;

static TABLE: LazyLock<BTreeMap<&str, RangeInclusive<u8>>> = LazyLock::new(|| {
    let version = |field: Option<&str>| field.and_then(|minor| minor.parse().ok()).expect("the table has three fields");
    let row = |line: &'static str| {
        let mut fields = line.split(' ');
        (fields.next().expect("no line is empty"), version(fields.next())..=version(fields.next()))
    };
    include_str!("stdlib.table").lines().map(row).collect()
});

/// Whether Python 3.`minor` has the module; older and newer versions count as the nearest known one.
pub fn exists(name: &str, minor: u8) -> bool {
    TABLE.get(name).is_some_and(|versions| versions.contains(&minor.clamp(FIRST, LAST)))
}

/// Whether any version has the module.
pub fn is_stdlib(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// The minor version that brought the module and the one that dropped it, each only if it is known to have happened.
/// `None` if the module is in all versions or in none.
pub fn removed_or_added(name: &str) -> Option<(Option<u8>, Option<u8>)> {
    let versions = TABLE.get(name)?;
    let added = (*versions.start() > FIRST).then_some(*versions.start());
    let removed = (*versions.end() < LAST).then_some(*versions.end() + 1);
    (added.is_some() || removed.is_some()).then_some((added, removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_exists_from_its_first_version_to_its_last() {
        assert!(exists("json", 9) && exists("json", 15));
        assert!(!exists("tomllib", 10) && exists("tomllib", 11));
        assert!(exists("cgi", 12) && !exists("cgi", 13));
        assert!(!exists("requests", 12));
    }

    #[test]
    fn versions_beyond_the_table_count_as_its_ends() {
        assert!(exists("annotationlib", 40) && exists("formatter", 6));
    }

    #[test]
    fn changes_over_the_versions_are_told() {
        assert_eq!(removed_or_added("distutils"), Some((None, Some(12))));
        assert_eq!(removed_or_added("tomllib"), Some((Some(11), None)));
        assert_eq!(removed_or_added("os"), None);
        assert_eq!(removed_or_added("requests"), None);
    }
}
