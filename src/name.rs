//! Dotted module names: what they cover, and how a relative import becomes absolute. No files are looked at.

use std::borrow::Borrow;
use std::fmt;

use smol_str::SmolStr;

/// A dotted name such as `google.cloud.bigquery`. Never empty, no empty component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleName(SmolStr);

impl ModuleName {
    /// `None` if a component is empty.
    pub fn new(dotted: &str) -> Option<ModuleName> {
        (!dotted.split('.').any(str::is_empty)).then(|| ModuleName(SmolStr::new(dotted)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first component: what `import a.b.c` binds.
    pub fn root(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// The last component.
    pub fn last(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    pub fn parent(&self) -> Option<ModuleName> {
        self.0.rsplit_once('.').map(|(head, _)| ModuleName(SmolStr::new(head)))
    }

    /// `a.b.c`, `a.b`, `a`
    pub fn with_parents(&self) -> impl Iterator<Item = ModuleName> + use<> {
        std::iter::successors(Some(self.clone()), ModuleName::parent)
    }

    /// The same without making names of them.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |head| head.rsplit_once('.').map(|(head, _)| head))
    }

    pub fn join(&self, member: &str) -> ModuleName {
        ModuleName(SmolStr::from([self.as_str(), ".", member].concat()))
    }

    /// Whether this is `other` or a module below it.
    pub fn is_within(&self, other: &ModuleName) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether the two could name one file, when either may be written from another root (`src.app.db`, `app.db`).
    pub fn may_be(&self, other: &ModuleName) -> bool {
        is_dotted_suffix(&self.0, &other.0) || is_dotted_suffix(&other.0, &self.0)
    }
}

/// A name is found by its text.
impl Borrow<str> for ModuleName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_dotted_suffix(whole: &str, suffix: &str) -> bool {
    whole.strip_suffix(suffix).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

/// The absolute name that `from <level dots><module>` means in the module `importer`.
///
/// `is_package` tells whether the importer is an `__init__.py`. `None` if the dots lead above the root.
pub fn resolve_relative(
    importer: &ModuleName,
    is_package: bool,
    level: u32,
    module: Option<&str>,
) -> Option<ModuleName> {
    let mut parts: Vec<&str> = importer.as_str().split('.').collect();
    let drop = (level as usize).checked_sub(usize::from(is_package))?;
    if drop > parts.len() {
        return None;
    }
    parts.truncate(parts.len() - drop);
    parts.extend(module.iter().flat_map(|m| m.split('.')));
    ModuleName::new(&parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(dotted: &str) -> ModuleName {
        ModuleName::new(dotted).unwrap()
    }

    #[test]
    fn a_prefix_of_a_component_is_not_a_parent() {
        assert!(!name("boto3_stubs").is_within(&name("boto3")));
        assert!(name("boto3.session").is_within(&name("boto3")));
    }

    #[test]
    fn relative_imports_resolve_against_the_package() {
        let resolved = resolve_relative(&name("app.api.handler"), false, 2, Some("db"));
        assert_eq!(resolved, Some(name("app.db")));
        assert_eq!(resolve_relative(&name("app.api"), true, 1, Some("db")), Some(name("app.api.db")));
        assert_eq!(resolve_relative(&name("app"), false, 3, Some("db")), None);
    }

    #[test]
    fn suffixes_of_a_path_may_be_the_same_module() {
        assert!(name("src.app.db").may_be(&name("app.db")));
        assert!(!name("src.app.db").may_be(&name("pp.db")));
    }
}
