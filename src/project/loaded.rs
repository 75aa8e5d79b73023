//! What importing a module loads of the project, and what that changes or takes from the process.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap as HashMap;

use super::{Class, Edge, FileId, FileIndex, Project};
use crate::name::ModuleName;
use crate::text::LineColumn;

/// Why it matters when a module is loaded first.
#[derive(Debug, Clone)]
pub struct Loaded<'p> {
    pub file: &'p FileIndex,
    pub place: LineColumn,
    pub what: String,
}

/// Who loads a submodule for a file that uses it without importing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provision {
    /// An import that stays in any case.
    Sure,
    /// An import of this file, if it stays; of several, the first in the order of paths.
    Keeper(FileId),
    /// Whatever the program imports before.
    Unknown,
}

/// Answers that others ask for again, each found when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Loading {
    /// What is loaded with each file. Sorted.
    sure: Vec<OnceLock<Box<[FileId]>>>,
    /// What each file's imports may load.
    every: Vec<OnceLock<Box<[FileId]>>>,
    /// What each file's imports load that stay and run under no condition.
    next: Vec<OnceLock<Vec<FileId>>>,
    effects: Memo<[ModuleName; 2], Arc<[Matter]>>,
    inputs: Memo<[ModuleName; 2], Arc<[Matter]>>,
    provisions: Memo<(FileId, ModuleName), Provision>,
}

impl Loading {
    pub(super) fn new(files: usize) -> Loading {
        let mut loading = Loading::default();
        loading.sure.resize_with(files, OnceLock::new);
        loading.every.resize_with(files, OnceLock::new);
        loading.next.resize_with(files, OnceLock::new);
        loading
    }
}

/// Why it matters that a file is loaded.
type Matter = (FileId, LineColumn, String);

#[derive(Debug)]
struct Memo<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Memo<K, V> {
        Memo(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// Two that ask at once may both find the answer: it is the same.
    fn get_or(&self, key: K, find: impl FnOnce(&K) -> V) -> V {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known().get(&key) {
            return value.clone();
        }
        let value = find(&key);
        known().insert(key, value.clone());
        value
    }
}

impl Project {
    /// The first thing beyond itself that loading `modules` changes, if `home` does not load it anyway.
    pub fn effect(&self, home: FileId, modules: &[ModuleName; 2]) -> Option<Loaded<'_>> {
        let found = self.loading.effects.get_or(modules.clone(), |modules| {
            self.matters(modules, |file| {
                if let (Some((path, _)), Some(class)) =
                    (self.subclasses_query(), file.classes.iter().find(|class| !class.bases.is_empty()))
                {
                    return Some((class.place, format!("defines a subclass, and `{path}` asks for all subclasses")));
                }
                let registered = file.classes.iter().find_map(|class| {
                    let by = self.registrar(class, &mut BTreeSet::new())?;
                    Some((class.place, format!("defines `{}`, of which {by} takes note", class.name)))
                });
                registered.or_else(|| file.effect.clone())
            })
        });
        self.first(home, modules, &found)
    }

    /// The first thing that loading `modules` takes from the process, if `home` does not load it anyway.
    pub fn input(&self, home: FileId, modules: &[ModuleName; 2]) -> Option<Loaded<'_>> {
        let found =
            self.loading.inputs.get_or(modules.clone(), |modules| self.matters(modules, |file| file.input.clone()));
        self.first(home, modules, &found)
    }

    /// What matters of all that loading `modules` loads, in the order in which it comes up.
    fn matters(
        &self,
        modules: &[ModuleName],
        matter: impl Fn(&FileIndex) -> Option<(LineColumn, String)>,
    ) -> Arc<[Matter]> {
        let found = self.loads(modules).into_iter().filter_map(|id| {
            let (place, what) = matter(self.file(id))?;
            Some((id, place, what))
        });
        found.collect()
    }

    fn first(&self, home: FileId, modules: &[ModuleName], found: &[Matter]) -> Option<Loaded<'_>> {
        if found.is_empty() {
            return None;
        }
        // The import in question is no reason why it is loaded anyway.
        let anyway = self.follow_sure_imports(home, modules);
        let (id, place, what) = found.iter().find(|(id, ..)| !anyway.contains(id.index()))?;
        Some(Loaded { file: self.file(*id), place: *place, what: what.clone() })
    }

    /// The files that importing `modules` runs, in the order in which they come up. Stubs never run.
    pub fn loads(&self, modules: &[ModuleName]) -> Vec<FileId> {
        let start = modules.iter().flat_map(|module| self.with_packages(module));
        let next = |id: FileId| {
            let modules = || self.file(id).edges.iter().flat_map(Edge::modules);
            let every = || modules().flat_map(|module| self.with_packages(&module)).collect();
            &**self.loading.every[id.index()].get_or_init(every)
        };
        self.follow(start, next).0
    }

    /// Files in the order in which they come up, and the set of them.
    fn follow<'n>(
        &self,
        start: impl IntoIterator<Item = FileId>,
        next: impl Fn(FileId) -> &'n [FileId],
    ) -> (Vec<FileId>, FixedBitSet) {
        let mut seen = FixedBitSet::with_capacity(self.files.len());
        let mut order: Vec<FileId> = start.into_iter().filter(|id| !seen.put(id.index())).collect();
        let mut at = 0;
        while let Some(id) = order.get(at).copied() {
            at += 1;
            order.extend(next(id).iter().filter(|next| !seen.put(next.index())));
        }
        (order, seen)
    }

    /// Who loads the submodule `module` for a file that uses it without importing it.
    pub fn provision(&self, user: FileId, module: &ModuleName) -> Provision {
        let find = |(user, module): &(FileId, ModuleName)| self.find_provision(*user, module);
        self.loading.provisions.get_or((user, module.clone()), find)
    }

    fn find_provision(&self, user: FileId, module: &ModuleName) -> Provision {
        let submodules: Vec<FileId> = self.running(module).collect();
        let mut keeper = None;
        for id in self.surely_loaded(user) {
            let file = self.file(*id);
            if submodules.contains(id) {
                return Provision::Sure;
            }
            let loads = |edge: &&Edge| edge.is_certain && edge.target.dotted().is_within(module);
            for edge in file.edges.iter().filter(loads) {
                if !edge.is_cold {
                    return Provision::Sure;
                }
                keeper = keeper.or(Some(*id));
            }
        }
        keeper.map_or(Provision::Unknown, Provision::Keeper)
    }

    /// Who asks `sys.modules` for `module`, where it is there only because of imports of the file `importer`, as far as
    /// can be told.
    pub fn prober(&self, importer: FileId, module: &ModuleName) -> Option<(&FileIndex, LineColumn)> {
        let probes = self.probes.get(module.last())?.iter().filter(|(asked, ..)| asked.may_be(module));
        let mut open = probes.filter(|(_, id, _)| match self.provision(*id, module) {
            Provision::Sure => false,
            Provision::Keeper(keeper) => keeper == importer,
            Provision::Unknown => true,
        });
        open.next().map(|(_, id, place)| (self.file(*id), *place))
    }

    /// The files that are loaded when `home` is, whatever this run moves: itself, the packages around it, and what
    /// imports that stay load under no condition.
    pub fn surely_loaded(&self, home: FileId) -> &[FileId] {
        self.loading.sure[home.index()].get_or_init(|| {
            let loaded = self.follow_sure_imports(home, &[]);
            loaded.ones().map(|at| FileId(at as u32)).collect()
        })
    }

    /// `except` are modules that imports of `home` itself do not count for.
    fn follow_sure_imports(&self, home: FileId, except: &[ModuleName]) -> FixedBitSet {
        let around = self.file(home).name.with_parents();
        let around = around.filter_map(|name| self.packages.get(name.as_str())).flatten().copied();
        let counts = |edge: &Edge| !edge.modules().any(|module| except.contains(&module));
        let own: Vec<FileId> = self.loads_surely(home, counts).collect();
        let next = |id: FileId| {
            let next = || self.loads_surely(id, |_| true).collect();
            if id == home { &own[..] } else { self.loading.next[id.index()].get_or_init(next) }
        };
        self.follow(std::iter::once(home).chain(around), next).1
    }

    /// The files that certain imports of `id` load which stay where they are, if they count.
    fn loads_surely(&self, id: FileId, counts: impl Fn(&Edge) -> bool) -> impl Iterator<Item = FileId> {
        let edges = self.file(id).edges.iter().filter(move |edge| edge.is_certain && !edge.is_cold && counts(edge));
        let names = edges.flat_map(Edge::modules).flat_map(|module| module.with_parents());
        names.filter_map(|name| self.sure(&name))
    }

    /// Whether `reader` has loaded `module`, by this very name, before the statement at `place`, whatever this run moves.
    pub fn loads_before(&self, reader: &FileIndex, place: LineColumn, module: &ModuleName) -> bool {
        let mut order: Vec<ModuleName> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut add = |order: &mut Vec<ModuleName>, name: &ModuleName| {
            let names = name.with_parents();
            order.extend(names.filter(|name| seen.insert(name.clone())));
        };
        for edge in reader.edges.iter().filter(|edge| edge.is_certain && !edge.is_cold && edge.place.line < place.line)
        {
            edge.modules().for_each(|module| add(&mut order, &module));
        }
        let mut at = 0;
        while let Some(name) = order.get(at).cloned() {
            at += 1;
            let Some(id) = self.sure(&name) else { continue };
            if name == *module {
                return true;
            }
            // What a relative import names is known by the file's path; it is loaded by the name that its importer has.
            let prefix = self.file(id).name.as_str().strip_suffix(name.as_str()).unwrap_or_default();
            let edges = self.file(id).edges.iter().filter(|edge| edge.is_certain && !edge.is_cold);
            for module in edges.flat_map(Edge::modules) {
                let loaded = module.as_str().strip_prefix(prefix).and_then(ModuleName::new);
                add(&mut order, loaded.as_ref().unwrap_or(&module));
            }
        }
        false
    }

    /// The one file that an import of `module` is sure to run.
    pub fn sure(&self, module: &ModuleName) -> Option<FileId> {
        let mut candidates = self.running(module);
        let only = candidates.next().filter(|_| candidates.next().is_none())?;
        // `from package import name` takes a name of the package before it looks for a submodule.
        let hidden = module.parent().is_some_and(|parent| {
            self.running(&parent).any(|package| self.file(package).defined.contains_key(module.last()))
        });
        (!hidden).then_some(only)
    }

    /// The files of a module and of the packages above it.
    fn with_packages(&self, module: &ModuleName) -> Vec<FileId> {
        let names = module.with_parents();
        let mut files = Vec::new();
        for name in names {
            files.extend(self.running(&name));
        }
        files
    }

    pub fn running<'p>(&'p self, module: &'p ModuleName) -> impl Iterator<Item = FileId> + 'p {
        self.files_of(module).filter(|id| !self.file(*id).is_stub())
    }

    /// Who takes note of a class when it is defined: a base's `__init_subclass__`, or a metaclass.
    fn registrar(&self, class: &Class, seen: &mut BTreeSet<ModuleName>) -> Option<String> {
        if let Some(metaclass) = &class.metaclass {
            match self.class_named(metaclass) {
                Some(found) if !self.is_initialised(found, seen) => {}
                _ => return Some(format!("the metaclass `{}`", metaclass.last())),
            }
        }
        class.bases.iter().find_map(|base| {
            if !seen.insert(base.clone()) {
                return None;
            }
            match self.class_named(base) {
                Some(found) if found.notes_subclasses => Some(format!("`{}`", found.name)),
                Some(found) => self.registrar(found, seen),
                None => Class::is_registering(base).then(|| format!("`{}`", base.last())),
            }
        })
    }

    fn is_initialised(&self, class: &Class, seen: &mut BTreeSet<ModuleName>) -> bool {
        class.is_initialised
            || class.bases.iter().any(|base| {
                seen.insert(base.clone())
                    && self.class_named(base).is_some_and(|found| self.is_initialised(found, seen))
            })
    }

    /// The class of that name in the project, also through modules that hand it on.
    fn class_named(&self, dotted: &ModuleName) -> Option<&Class> {
        let others = self.names_behind(dotted).unwrap_or_default();
        std::iter::once(dotted.clone()).chain(others).find_map(|name| {
            let home = name.parent()?;
            let files: Vec<FileId> = self.running(&home).collect();
            files.into_iter().find_map(|id| self.file(id).classes.iter().find(|class| class.name == name.last()))
        })
    }
}
