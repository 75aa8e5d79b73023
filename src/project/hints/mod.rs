//! Who evaluates annotations: libraries, decorators, base classes and calls, seen across the whole project. What cannot be
//! told is taken to evaluate them.

pub(super) mod libraries;

use std::collections::{BTreeSet, VecDeque};

use super::index::{Evaluated, Evaluation, Meaning, Shape};
use super::{FileId, FileIndex, Project};
use crate::name::ModuleName;
use crate::sort::stdlib;
use crate::text::LineColumn;

/// How far names are followed through imports, calls and base classes.
const DEPTH: usize = 12;

impl Project {
    /// Whether a decorator of this absolute name leaves the annotations of what it decorates alone.
    pub fn is_blind_decorator(&self, dotted: &ModuleName) -> bool {
        self.is_blind(dotted, DEPTH)
    }

    /// Whether a base, a decorator or a metaclass of a class leaves its annotations alone.
    pub fn is_plain_class(&self, shape: &Shape) -> bool {
        self.is_plain(shape, DEPTH)
    }

    fn is_plain(&self, shape: &Shape, depth: usize) -> bool {
        let is_blind = |name: &Option<ModuleName>| name.as_ref().is_some_and(|name| self.is_blind(name, depth));
        !shape.has_keywords && shape.around.iter().all(is_blind)
    }

    fn is_blind(&self, dotted: &ModuleName, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match self.first_party(dotted) {
            Some((homes, rest)) => homes
                .iter()
                .all(|home| !self.reach_hint_libraries.contains(home) && self.means_blind(*home, &rest, depth)),
            None => libraries::is_blind(dotted.as_str(), stdlib::is_stdlib),
        }
    }

    /// The files that hold what `dotted` names, and the parts of the name behind the module.
    fn first_party<'d>(&self, dotted: &'d ModuleName) -> Option<(Vec<FileId>, Vec<&'d str>)> {
        let mut module = Some(dotted.clone());
        while let Some(name) = module {
            let homes: Vec<FileId> = self.files_of(&name).collect();
            if !homes.is_empty() {
                let rest = dotted.as_str()[name.as_str().len()..].split('.').filter(|part| !part.is_empty());
                return Some((homes, rest.collect()));
            }
            module = name.parent();
        }
        None
    }

    fn means_blind(&self, home: FileId, rest: &[&str], depth: usize) -> bool {
        let file = self.file(home);
        let Some((name, attributes)) = rest.split_first() else { return false };
        let follow =
            |target: &ModuleName| self.is_blind(&attributes.iter().fold(target.clone(), |n, a| n.join(a)), depth);
        match file.hints.names.get(*name) {
            Some(Meaning::Imported(target)) => follow(target),
            Some(Meaning::Function(decorators)) => {
                // `@cli.command()` of `@click.group() def cli()`: the decorators say what the name is.
                let all = |name: &Option<ModuleName>| name.as_ref().is_some_and(|name| self.is_blind(name, depth));
                attributes.is_empty()
                    || (!decorators.is_empty() && follow_all(attributes) && decorators.iter().all(all))
            }
            Some(Meaning::Class(shape)) => self.is_plain(shape, depth),
            Some(Meaning::Made(Some(callee))) => follow_all(attributes) && self.is_blind(callee, depth),
            Some(Meaning::Made(None) | Meaning::Other) | None => false,
        }
    }

    /// A call somewhere in the project that may evaluate annotations of `owner`, a function, class or module by its
    /// absolute name.
    pub fn evaluation_of(&self, owner: &ModuleName, when: Evaluated) -> Option<(&FileIndex, &Evaluation)> {
        self.evaluations.iter().find_map(|(id, number)| {
            let file = self.file(*id);
            let evaluation = &file.hints.evaluations[*number];
            let concerns = evaluation.of.as_ref().is_none_or(|of| self.may_concern(of, owner));
            (evaluation.when <= when && concerns).then_some((file, evaluation))
        })
    }

    /// Whether what is given to an evaluator may be `owner`, something in it, or something around it.
    fn may_concern(&self, of: &ModuleName, owner: &ModuleName) -> bool {
        let within = |a: &ModuleName, b: &ModuleName| {
            let mut current = Some(a.clone());
            std::iter::from_fn(|| {
                let name = current.take()?;
                current = name.parent();
                Some(name)
            })
            .any(|name| name.may_be(b))
        };
        // Another name for it, by an import through a third file, is not followed: then it may be anything of that name.
        within(of, owner) || within(owner, of) || of.last() == owner.last()
    }

    /// Where the file imports a library that evaluates annotations.
    pub fn hint_library<'f>(&self, file: &'f FileIndex) -> Option<(&'f str, LineColumn)> {
        let (library, place) = file.hints.library.as_ref()?;
        let is_own = ModuleName::new(library).is_some_and(|root| self.files_of(&root).next().is_some());
        (!is_own).then_some((library.as_str(), *place))
    }

    /// A file with such a library that reads `name` of the file `of`.
    pub fn hint_reader_of(&self, of: FileId, name: &str) -> Option<(&FileIndex, LineColumn)> {
        self.readers_of(of, name).find_map(|reader| {
            let file = reader.file?;
            self.hint_library(file).map(|_| (file, reader.read.place))
        })
    }

    /// Files that import such a library, and files that import those: a decorator of theirs may pass on what it is given.
    pub(super) fn index_hints(&mut self) {
        let mut queue: VecDeque<FileId> = VecDeque::new();
        for (position, file) in self.files.iter().enumerate() {
            let id = FileId(position as u32);
            self.evaluations.extend((0..file.hints.evaluations.len()).map(|number| (id, number)));
            queue.extend(self.hint_library(file).map(|_| id));
        }
        if queue.is_empty() {
            return;
        }
        let mut importers: Vec<BTreeSet<FileId>> = vec![BTreeSet::new(); self.files.len()];
        for (position, file) in self.files.iter().enumerate() {
            let id = FileId(position as u32);
            for imported in &file.imports {
                for home in self.files_of(imported) {
                    importers[home.0 as usize].insert(id);
                }
            }
        }
        let mut found = BTreeSet::new();
        while let Some(id) = queue.pop_front() {
            if found.insert(id) {
                queue.extend(importers[id.0 as usize].iter().copied());
            }
        }
        self.reach_hint_libraries = found;
    }
}

/// A method of an object is as blind as the object, but for registries that dispatch on annotations.
fn follow_all(attributes: &[&str]) -> bool {
    !attributes.contains(&"register")
}
