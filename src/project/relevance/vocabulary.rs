//! The words of a text, to tell which texts hold a word without reading them again.

use std::cell::RefCell;

use super::super::index::hash_of;
use super::words::normalised;
use crate::python::lines::is_word;

/// Hashes of all words of a text, also as Python compares them. Sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary(Box<[u32]>);

/// Words that were seen last, by some bits of their hashes: most words of a text are repeated.
struct Seen {
    slots: Box<[u32; SLOTS]>,
    found: Vec<u32>,
}

const SLOTS: usize = 4096;

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::new(Seen { slots: Box::new([0; SLOTS]), found: Vec::new() });
}

impl Vocabulary {
    pub(super) fn of(text: &str) -> Vocabulary {
        SEEN.with_borrow_mut(|Seen { slots, found }| {
            found.clear();
            slots.fill(0);
            let normal = normalised(text);
            for text in std::iter::once(text).chain(Some(&*normal).filter(|normal| *normal != text)) {
                for word in text.as_bytes().split(|byte| !is_word(*byte)).filter(|word| !word.is_empty()) {
                    let number = hash_of(word);
                    let slot = &mut slots[number as usize % SLOTS];
                    // An empty slot is no word of that number.
                    if *slot != number || number == 0 {
                        *slot = number;
                        found.push(number);
                    }
                }
            }
            found.sort_unstable();
            found.dedup();
            Vocabulary(found.as_slice().into())
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
