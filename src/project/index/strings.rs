//! What a string may name: a path of names, several names, a module, or a file.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::FileIndex;
use crate::name::{ModuleName, resolve_relative};
use crate::text::Span;

/// Endings that make a two-part string a file name and not a dotted path.
pub(super) const FILE_ENDINGS: &[&str] = &[
    "bz2", "cfg", "conf", "css", "csv", "db", "gz", "html", "ini", "js", "json", "log", "lzma", "md", "pickle", "png",
    "py", "sh", "sqlite3", "tar", "toml", "txt", "xml", "yaml", "yml", "zip",
];

/// Longer strings name nothing.
pub(in crate::project) const LONGEST_PATH: usize = 200;

/// The parts of a string that may be the path of a name: `a.b.c`, `a.b:c`.
pub(super) fn dotted_path(content: &str) -> Option<Vec<&str>> {
    let is_path = content.len() < LONGEST_PATH
        && content.contains(['.', ':'])
        && content.split(['.', ':']).all(|part| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
    is_path.then(|| content.split(['.', ':']).collect())
}

/// What stands between names in a string that holds several.
const BETWEEN_NAMES: [char; 7] = ['.', ':', ',', ';', '|', '/', '-'];

/// Whether the character is one that strings of names have.
pub(in crate::project) fn is_of_names(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || BETWEEN_NAMES.contains(&c)
}

/// The names that a string is made of: `"handler"`, `"app.handler:run"`, `"first,second"`.
pub(super) fn quoted_names(content: &str) -> impl Iterator<Item = &str> {
    let is_made_of_names = content.len() < LONGEST_PATH && content.chars().all(is_of_names);
    let names = content.split(BETWEEN_NAMES).filter(move |_| is_made_of_names);
    names.filter(|name| !name.is_empty())
}

/// Modules that strings of one file spell: `{"Client": ".client"}` beside `getattr(import_module(PLACES[name], __name__), name)`.
pub(super) struct SpelledModules {
    pub(super) modules: BTreeSet<ModuleName>,
    /// The dotted names among the strings, in a file that may have to do with `sys.modules`.
    names: Option<BTreeSet<SmolStr>>,
    /// Where `sys.modules` is changed in a way that does not tell for which module.
    pub(super) replaced: Option<Span>,
    /// Where a name that is computed is read of a module that is computed.
    pub(super) taken: Option<Span>,
}

impl SpelledModules {
    pub(super) fn of(text: &str) -> SpelledModules {
        let names = text.contains("modules").then(BTreeSet::new);
        SpelledModules { modules: BTreeSet::new(), names, replaced: None, taken: None }
    }

    /// `known` are the last components of the project's modules.
    pub(super) fn add(&mut self, content: &str, index: &FileIndex, known: &HashSet<SmolStr>) {
        if content.len() >= LONGEST_PATH {
            return;
        }
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        if let Some(names) = &mut self.names
            && content.split('.').all(is_name)
        {
            names.insert(SmolStr::new(content));
        }
        if !known.contains(content.rsplit('.').next().unwrap_or_default()) {
            return;
        }
        let name = content.trim_start_matches('.');
        let module = match u32::try_from(content.len() - name.len()) {
            Ok(0) => ModuleName::new(name),
            Ok(level) => resolve_relative(&index.name, index.is_package, level, Some(name)),
            Err(_) => None,
        };
        self.modules.extend(module);
    }

    /// Modules, of the project or not, that may have been replaced in `sys.modules`, and where.
    pub(super) fn replaced(&mut self) -> impl Iterator<Item = (SmolStr, Span)> + use<> {
        let (names, place) = (self.names.take(), self.replaced);
        let names = place.and(names).unwrap_or_default();
        names.into_iter().zip(place.into_iter().cycle())
    }
}
