//! The words of a text, to tell which texts hold a word without reading them again.

use std::cell::RefCell;

use rustc_hash::FxHashSet;

use super::super::index::hash_of;
use super::words::normalised;
use crate::python::lines::is_word;

/// Hashes of all words of a text, also as Python compares them. Sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary(Box<[u32]>);

thread_local! {
    static FOUND: RefCell<FxHashSet<u32>> = RefCell::default();
}

impl Vocabulary {
    pub(super) fn of(text: &str) -> Vocabulary {
        FOUND.with_borrow_mut(|found| {
            found.clear();
            let normal = normalised(text);
            for text in std::iter::once(text).chain(Some(&*normal).filter(|normal| *normal != text)) {
                found
                    .extend(text.as_bytes().split(|byte| !is_word(*byte)).filter(|word| !word.is_empty()).map(hash_of));
            }
            let mut words: Vec<u32> = found.iter().copied().collect();
            words.sort_unstable();
            Vocabulary(words.into_boxed_slice())
        })
    }

    pub(super) fn has(&self, word: u32) -> bool {
        self.0.binary_search(&word).is_ok()
    }

    /// Whether the text has one of `words`, which is sorted.
    pub(super) fn has_one_of(&self, words: &[u32]) -> bool {
        match words.len() > self.0.len() {
            true => self.0.iter().any(|own| words.binary_search(own).is_ok()),
            false => words.iter().any(|word| self.has(*word)),
        }
    }

    /// Positions in `words`, which is sorted, of those that the text has.
    pub(super) fn common<T>(&self, words: &[T], number: impl Fn(&T) -> u32) -> Vec<usize> {
        if words.len() * 8 < self.0.len() {
            return (0..words.len()).filter(|at| self.has(number(&words[*at]))).collect();
        }
        let mut own = self.0.iter().copied().peekable();
        let mut is_own = |word: u32| {
            while own.next_if(|own| *own < word).is_some() {}
            own.peek() == Some(&word)
        };
        (0..words.len()).filter(|at| is_own(number(&words[*at]))).collect()
    }
}
