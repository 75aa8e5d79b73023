//! Which submodules a package has as soon as it is imported: `requests.exceptions` is there after `import requests`,
//! `xml.dom` is not after `import xml`. `submodules.table` is written by `scripts/submodules_table.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::name::ModuleName;

/// The submodules by their package, both without and with several parts.
static TABLE: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut names = line.split(' ');
        (names.next().unwrap_or_default(), names.collect())
    };
    include_str!("submodules.table").lines().map(row).collect()
});

/// Whether importing the top-level package is known to bring the submodule.
pub fn comes_with_its_package(module: &ModuleName) -> bool {
    let Some((root, rest)) = module.as_str().split_once('.') else { return true };
    TABLE.get(root).is_some_and(|names| names.contains(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_brings_some_of_its_submodules() {
        let comes = |name: &str| comes_with_its_package(&ModuleName::new(name).expect("a name"));
        assert!(comes("requests.exceptions") && comes("os.path") && comes("pandas.api.types"));
        assert!(!comes("xml.dom") && !comes("matplotlib.pyplot") && !comes("botocore.exceptions"));
    }
}
