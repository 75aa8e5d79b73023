//! Who may have to do with the configured modules at all. Reads words only.

use aho_corasick::AhoCorasick;

use super::words::normalised;
use crate::name::ModuleName;

/// Finds the last words of configured modules' names: where no file holds one, nobody loads such a module.
pub struct Lookout(Option<AhoCorasick>);

impl Lookout {
    pub fn new<'m>(configured: impl IntoIterator<Item = &'m ModuleName>) -> Lookout {
        Lookout(AhoCorasick::new(configured.into_iter().map(ModuleName::last)).ok())
    }

    /// Whether the path or the text of a file holds one of the words.
    pub fn sees(&self, path: &str, text: &str) -> bool {
        self.0.as_ref().is_none_or(|words| words.is_match(path) || words.is_match(&*normalised(text)))
    }
}
