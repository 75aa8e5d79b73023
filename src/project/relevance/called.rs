//! By which names the modules are called that are asked about: their own, those by which others have them, and the names
//! that these are given.

use smol_str::SmolStr;

use super::super::index::hash;
use super::modules::Text;
use super::names::{By, Names};
use super::rules::Shown;
use super::words::without_mark;
use super::{Relevance, Unread};
use crate::name::ModuleName;
use crate::sort::stdlib;

impl Relevance<'_> {
    /// Starts looking for who names what is asked about of a module that lies there, or would.
    pub(super) fn look_for(&mut self, name: &ModuleName, asked: &Names) {
        let is_inside = name.parent().is_some_and(|parent| self.names.packages.contains_key(parent.as_str()));
        let by = if is_inside && stdlib::is_stdlib(name.last()) { By::PathInPackage } else { By::Path };
        self.look_for_named(name, asked, by);
    }

    fn look_for_named(&mut self, name: &ModuleName, asked: &Names, by: By) {
        if self.subjects.add(name, asked, by) {
            self.open.insert(SmolStr::new(name.last()));
        }
    }

    /// Looks for the readers of all that the open words end, also under other names that files give it, and as whoever has it
    /// under its own name.
    pub(super) fn follow_names(&mut self) {
        while let Some(last) = self.open.pop_first() {
            self.rules.renew(&last);
            let number = hash(&last);
            // Whoever has it from somebody who has it.
            let mut binders: Vec<usize> = self.binders_of(number).collect();
            let mut is_new = true;
            while std::mem::take(&mut is_new) {
                let Some(word) = self.subjects.word(&last) else { break };
                let (having, others): (Vec<usize>, Vec<usize>) = binders.iter().partition(|at| {
                    let imports = &self.shown[**at].imports;
                    imports.begins_with(number) || word.may_follow_one_of(imports.named())
                });
                binders = others;
                for at in having {
                    let own = self.names.files[at].name.join(&last);
                    is_new |= self.subjects.add(&own, &Names::default(), By::Binding);
                }
            }
            self.subjects.learn_owners(&last, &self.modules);
            let Some(word) = self.subjects.word(&last) else { continue };
            let asked = word.asked.clone();
            let leads = |module: &ModuleName| {
                let parent = module.parent().map(|parent| hash(parent.last()));
                parent.is_none_or(|parent| word.may_be_of(parent))
            };
            let bound = self.bound_to.get(&number).into_iter().flatten().filter(|(.., module)| leads(module));
            let bound: Vec<ModuleName> = bound.map(|(at, name, _)| self.names.files[*at].name.join(name)).collect();
            bound.iter().for_each(|own| self.look_for_named(own, &asked, By::Binding));
        }
    }

    /// The files where an import may bind the word.
    fn binders_of(&self, word: u32) -> impl Iterator<Item = usize> {
        let first = self.binders.partition_point(|(bound, _)| *bound < word);
        self.binders[first..].iter().take_while(move |(bound, _)| *bound == word).map(|(_, at)| *at as usize)
    }

    /// New words that may stand for modules show more in every text.
    pub(super) fn learn_module_words(&mut self) {
        let new = std::mem::take(&mut self.new_words);
        if new.iter().any(|word| !self.modules.has(*word)) {
            self.modules.learn(new, &texts(self.files, &self.shown));
            self.open.extend(self.subjects.words().cloned());
        }
    }
}

/// The texts with what they show.
pub(super) fn texts<'t>(files: &[Unread<'t>], shown: &'t [Shown]) -> Vec<Text<'t>> {
    files.iter().map(|file| without_mark(file.text)).zip(shown).collect()
}
