//! Who evaluates annotations: libraries, decorators, base classes and calls, seen across the whole project. What cannot be
//! told is taken to evaluate them.

pub(super) mod libraries;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

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
            Some((homes, rest)) => {
                // A decorator of the project may pass on what it is given.
                self.hint_user.is_none() && homes.iter().all(|home| self.means_blind(*home, &rest, depth))
            }
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
        let (id, number) = self.evaluations.first(owner, when)?;
        let file = self.file(id);
        Some((file, &file.hints.evaluations[number as usize]))
    }

    /// Whose annotations an evaluator may be given with `of`; `None` for nobody's of the project. Only a plain function,
    /// or a class without bases, has no annotations but its own.
    fn concerned(&self, of: &ModuleName) -> Option<Concerned> {
        let (homes, rest) = self.first_party(of)?;
        let is_exact = homes.iter().all(|home| {
            let meaning = rest.first().and_then(|name| self.file(*home).hints.names.get(*name));
            match meaning {
                Some(Meaning::Function(_)) => rest.len() == 1,
                Some(Meaning::Class(shape)) => shape.around.is_empty(),
                _ => false,
            }
        });
        Some(if is_exact { Concerned::Named } else { Concerned::Anybody })
    }

    /// Where the file imports a library that evaluates annotations.
    pub fn hint_library<'f>(&self, file: &'f FileIndex) -> Option<(&'f str, LineColumn)> {
        let (library, place) = file.hints.library.as_ref()?;
        let is_own = ModuleName::new(library).is_some_and(|root| self.files_of(&root).next().is_some());
        (!is_own).then_some((library.as_str(), *place))
    }

    /// What the project uses that evaluates the annotations of whatever it is given.
    pub fn hint_user(&self) -> Option<(&FileIndex, &str)> {
        let file = self.file(self.hint_user?);
        let library = self.hint_library(file).map_or("functools.singledispatch", |(library, _)| library);
        Some((file, library))
    }

    /// Where some file uses a function or class of that name other than by calling it.
    pub fn hands_on(&self, name: &str) -> Option<(&FileIndex, LineColumn)> {
        let (id, place) = self.handed_on.get(name)?;
        Some((self.file(*id), *place))
    }

    /// Whether some file calls `eval` on what another file may give it. Nothing reaches a file that imports no other and
    /// that no other imports or names: a script that runs the examples of the documentation.
    fn evaluates_strangers(&self) -> bool {
        let mut alone: HashMap<&str, Vec<FileId>> = HashMap::default();
        for (id, file) in self.files().filter(|(_, file)| file.hints.evals) {
            if file.imports.iter().flat_map(|module| self.files_of(module)).any(|other| other != id) {
                return true;
            }
            alone.entry(file.name.last()).or_default().push(id);
        }
        !alone.is_empty()
            && self.files().any(|(other, file)| {
                if file.hints.loads_any {
                    return true;
                }
                let read = file.reads.iter().map(|read| &read.module);
                let named = file.imports.iter().chain(read).chain(file.scans.iter().map(|scan| &scan.module));
                // Of `sys.modules[name]` it is enough that nobody loads the file.
                let named = named.filter(|module| module.as_str() != "*");
                named.filter(|module| module.as_str().ends_with('*') || alone.contains_key(module.last())).any(
                    |module| {
                        let mut candidates = alone.values().flatten();
                        candidates.any(|id| *id != other && self.means(module, *id))
                    },
                )
            })
    }

    /// Names are followed only in a project that has something to hand them to.
    pub(super) fn index_hints(&mut self) {
        let uses = |file: &FileIndex| self.hint_library(file).is_some() || file.hints.dispatches;
        let user = self.files().find(|(_, file)| uses(file)).map(|(id, _)| id);
        self.hint_user = user;
        // What one file reads as text another may evaluate.
        let evals = self.evaluates_strangers();
        let mut evaluations = Evaluations::default();
        for (id, file) in self.files() {
            for (number, evaluation) in file.hints.evaluations.iter().enumerate() {
                let concerned = evaluation.of.as_ref().map_or(Some(Concerned::Anybody), |of| self.concerned(of));
                let whens: &[Evaluated] = match evaluation.when {
                    Evaluated::Deferred if !evals => &[Evaluated::Deferred],
                    _ => &[Evaluated::Text, Evaluated::Deferred],
                };
                for when in whens {
                    evaluations.add(*when, concerned, evaluation.of.as_ref(), (id, number as u32));
                }
            }
        }
        self.evaluations = evaluations;
        for position in 0..self.files.len() {
            let id = FileId(position as u32);
            let handed_on = std::mem::take(&mut self.files[position].hints.handed_on);
            if user.is_some() {
                for (name, place) in handed_on {
                    self.handed_on.entry(name).or_insert((id, place));
                }
            }
        }
    }
}

/// Calls that evaluate annotations, by whom they may concern: the first of each, as (file, position in its evaluations).
#[derive(Debug, Default)]
pub(super) struct Evaluations {
    anybody: BTreeMap<Evaluated, EvaluationId>,
    /// By the last component of what is evaluated.
    by_last: HashMap<(Evaluated, SmolStr), EvaluationId>,
    /// By each module, class and so on around it.
    by_owner: HashMap<(Evaluated, ModuleName), EvaluationId>,
}

type EvaluationId = (FileId, u32);

/// Whose annotations a call may evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerned {
    Anybody,
    /// Those of what is named, and what is within.
    Named,
}

impl Evaluations {
    fn add(&mut self, when: Evaluated, concerned: Option<Concerned>, of: Option<&ModuleName>, id: EvaluationId) {
        match (concerned, of) {
            (None, _) => {}
            (Some(Concerned::Named), Some(of)) => {
                self.by_last.entry((when, SmolStr::new(of.last()))).or_insert(id);
                for owner in of.with_parents() {
                    self.by_owner.entry((when, owner)).or_insert(id);
                }
            }
            _ => {
                self.anybody.entry(when).or_insert(id);
            }
        }
    }

    /// A name from another root ends in the same component.
    fn first(&self, owner: &ModuleName, when: Evaluated) -> Option<EvaluationId> {
        let anybody = self.anybody.get(&when);
        let by_last = self.by_last.get(&(when, SmolStr::new(owner.last())));
        let by_owner = self.by_owner.get(&(when, owner.clone()));
        anybody.into_iter().chain(by_last).chain(by_owner).min().copied()
    }
}

/// A method of an object is as blind as the object, but for registries that dispatch on annotations.
fn follow_all(attributes: &[&str]) -> bool {
    !attributes.contains(&"register")
}
