//! Which files lead to a configured module, by the words of their import statements: importers, their importers and so on.

use super::imports::Ending;
use super::{Relevance, Start};
use crate::name::ModuleName;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

impl Relevance<'_> {
    /// Importers of `seeds`, their importers and so on.
    pub(super) fn lead(&mut self, seeds: Vec<usize>) {
        if self.files.iter().all(|file| file.start == Start::Untold) {
            return;
        }
        let counts = |at: &usize| !self.files[*at].path.ends_with(".pyi");
        let endings: Vec<Ending> = self.names.files.iter().map(|file| Ending::of(&file.name)).collect();
        let wanted: HashSet<u32> =
            endings.iter().flat_map(|ending| [Some(ending.last), ending.parent]).flatten().collect();
        let (mut naming, mut beginning): (HashMap<u32, Vec<usize>>, HashMap<u32, Vec<usize>>) = Default::default();
        for (at, imports) in self.shown.iter().map(|shown| &shown.imports).enumerate().filter(|(at, _)| counts(at)) {
            for word in imports.named().filter(|word| wanted.contains(word)) {
                naming.entry(word).or_default().push(at);
            }
            for word in imports.rooted().filter(|word| wanted.contains(word)) {
                beginning.entry(word).or_default().push(at);
            }
        }
        let mut inside: HashMap<ModuleName, Vec<usize>> = HashMap::default();
        for (at, file) in self.names.files.iter().enumerate().filter(|(at, _)| counts(at)) {
            for around in file.name.with_parents().skip(1) {
                inside.entry(around).or_default().push(at);
            }
        }
        let mut queue: Vec<usize> = seeds.into_iter().filter(counts).collect();
        queue.iter().for_each(|at| self.leading[*at] = true);
        // Modules of one name in packages of one name are led to by the same files.
        let mut asked: HashSet<Ending> = HashSet::default();
        while let Some(at) = queue.pop() {
            let ending = endings[at];
            let mut found = Vec::new();
            if asked.insert(ending) {
                let with = |word: &u32| naming.get(word).map_or(&[][..], Vec::as_slice);
                let words = [Some(ending.last), ending.parent].into_iter().flatten();
                let fewest = words.map(|word| with(&word)).min_by_key(|files| files.len()).unwrap_or_default();
                let begun = beginning.get(&ending.last).map_or(&[][..], Vec::as_slice);
                found.extend(fewest.iter().chain(begun).filter(|at| self.shown[**at].imports.loads(ending)));
            }
            if self.names.files[at].is_package {
                found.extend(inside.remove(&self.names.files[at].name).unwrap_or_default());
            }
            for at in found {
                if !std::mem::replace(&mut self.leading[at], true) {
                    queue.push(at);
                }
            }
        }
        for (at, file) in self.files.iter().enumerate() {
            self.leads[at] |= self.leading[at] && matches!(file.start, Start::Part | Start::Wanted);
        }
    }
}
