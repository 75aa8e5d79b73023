//! Facts of which the first one is told, or one is enough: files are parsed in their order until it is found.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::names::Names;
use super::rules::Rule;
use super::{FileIndex, Relevance};
use crate::project::Evaluated;
use crate::project::hints::libraries;
use crate::project::index::{hash, loaders};

/// So many files are parsed at once that may be the first; twice as many each time that none of them was, up to a bound.
pub(super) const AT_ONCE: usize = 4;
const MOST_AT_ONCE: usize = 64;

impl Relevance<'_> {
    /// The next files that may hold such a fact.
    pub(super) fn find_first<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let mut wanted = self.hint_users(index_of);
        wanted.extend(self.any_with(&self.rules.loose, |index| &index.loose, index_of));
        wanted.extend(self.any_with(&self.rules.quoted, |index| &index.quoted, index_of));
        wanted.into_iter().for_each(|at| self.matters[at] = true);
        self.at_once = (self.at_once * 2).min(MOST_AT_ONCE);
    }

    /// Whoever uses a library that evaluates annotations; then whoever hands on what has some.
    fn hint_users<'i>(&self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) -> Vec<usize> {
        if !self.asks_hints {
            return Vec::new();
        }
        let uses = |index: &FileIndex| self.names.hint_library(index).is_some() || index.hints.dispatches;
        let user = (0..self.files.len()).find(|at| index_of(*at).is_some_and(uses));
        let may_use = |at: &usize| {
            let imports = &self.shown[*at].imports;
            libraries::readers().iter().any(|name| imports.begins_with(hash(name)))
        };
        let before = user.unwrap_or(self.files.len());
        let is_open = |at: &usize| index_of(*at).is_none() && !self.matters[*at];
        let mut wanted: Vec<usize> = (0..before).filter(|at| is_open(at) && may_use(at)).take(self.at_once).collect();
        // What anybody may evaluate, whatever it is, is told before.
        let evaluates_any = |index: &FileIndex| {
            index.hints.evaluations.iter().any(|known| known.of.is_none() && known.when == Evaluated::Text)
        };
        let is_told = (0..self.files.len()).filter_map(index_of).any(evaluates_any);
        if user.is_some() && !is_told {
            let mut handed: BTreeMap<&SmolStr, usize> = BTreeMap::new();
            for at in 0..self.files.len() {
                let Some(index) = index_of(at) else { continue };
                for name in self.annotated.names.iter().filter(|name| index.hints.handed_on.contains_key(*name)) {
                    handed.entry(name).or_insert(at);
                }
            }
            for name in &self.annotated.names {
                let before = handed.get(name).copied().unwrap_or(self.files.len());
                let holding = self.rules.handed_on.get(name).into_iter().flatten().copied();
                wanted.extend(holding.filter(|at| *at < before && is_open(at)).take(self.at_once));
            }
        }
        wanted
    }

    /// The next files that may have one of the names among what `of` gives, but for names that a file is known to have.
    fn any_with<'i>(
        &self,
        files: &HashMap<SmolStr, Vec<usize>>,
        of: impl Fn(&FileIndex) -> &Vec<u32>,
        index_of: &impl Fn(usize) -> Option<&'i FileIndex>,
    ) -> Vec<usize> {
        let is_open = |at: &usize| index_of(*at).is_none() && !self.matters[*at];
        let is_found = |name: &SmolStr| {
            let number = hash(name);
            (0..self.files.len()).filter_map(index_of).any(|index| of(index).binary_search(&number).is_ok())
        };
        let mut wanted = Vec::new();
        for (name, files) in files {
            let mut open = files.iter().copied().filter(is_open).peekable();
            if open.peek().is_some() && !is_found(name) {
                wanted.extend(open.take(self.at_once));
            }
        }
        wanted
    }

    /// Whether anybody gives text to a file that evaluates some, unless it is known that a file does which others reach.
    pub(super) fn look_for_evaluators<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let evaluators: Vec<(usize, &FileIndex)> = (0..self.files.len())
            .filter_map(|at| Some((at, index_of(at)?)))
            .filter(|(_, index)| index.hints.evals)
            .collect();
        let is_reached = evaluators.iter().any(|(at, index)| {
            let imported = index.imports.iter().flat_map(|module| self.names.files_of(module));
            imported.into_iter().any(|other| other.index() != *at)
        });
        if !is_reached {
            if !evaluators.is_empty() {
                loaders().for_each(|word| self.rules.add(word, Rule::Anywhere));
            }
            evaluators.into_iter().for_each(|(_, index)| self.look_for(&index.name, &Names::All));
        }
    }
}
