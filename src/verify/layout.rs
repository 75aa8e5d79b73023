//! Whether a formatter has left a proved text what it was: the same program, imports and comments included.

use std::collections::BTreeMap;

use super::{Allowed, same_code, same_comments};
use crate::python::{self, ImportForm};
use crate::semantic::Model;

/// Whether two texts are one program in two layouts. Comments may not come, go or double, and each import is in the scope
/// in which it was.
pub fn same_but_layout(proved: &str, formatted: &str) -> bool {
    let (Ok(before), Ok(after)) = (python::parse(proved.to_owned()), python::parse(formatted.to_owned())) else {
        return false;
    };
    let (old, new) = (Model::new(&before), Model::new(&after));
    same_code(&before, &after, Allowed::default()).is_ok()
        && same_comments(&old, &new).is_ok()
        && same_comments(&new, &old).is_ok()
        && imports(&old) == imports(&new)
}

/// How often each name is imported in each scope, and under how many compound statements.
fn imports(model: &Model<'_>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for site in model.imports() {
        let from = match &site.import.form {
            ImportForm::Import => String::new(),
            ImportForm::From { level, module, .. } => {
                format!("{}{}", ".".repeat(*level as usize), module.as_deref().unwrap_or_default())
            }
        };
        let place = format!("{:?} {} {from}", site.scope, site.guards.len());
        if site.import.is_star() {
            *counts.entry(format!("{place} *")).or_default() += 1;
        }
        for alias in &site.import.aliases {
            *counts.entry(format!("{place} {} as {}", alias.name, alias.bound())).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::same_but_layout;

    #[test]
    fn a_formatter_may_change_the_layout() {
        let proved = "import b\nimport a\n\ndef f( x ):\n    import c # why\n    return (x,\n        c)\n";
        assert!(same_but_layout(
            proved,
            "import a\nimport b\n\n\ndef f(x):\n    import c  # why\n\n    return (x, c)\n"
        ));
    }

    #[test]
    fn a_formatter_may_change_nothing_else() {
        let proved = "import a\n\n\ndef f(x):\n    import c  # why\n\n    return (x, c)\n";
        for other in [
            "import a\nimport c\n\n\ndef f(x):\n    # why\n    return (x, c)\n",
            "import a\n\n\ndef f(x):\n    import c\n\n    return (x, c)\n",
            "import a\n\n\ndef f(x):\n    import d as c  # why\n\n    return (x, c)\n",
            "import a\n\n\ndef f(x):\n    import c  # why\n\n    return (c, x)\n",
            "import a, os\n\n\ndef f(x):\n    import c  # why\n\n    return (x, c)\n",
            "import a\n\n\ndef f(x:\n",
        ] {
            assert!(!same_but_layout(proved, other), "{other}");
        }
    }
}
