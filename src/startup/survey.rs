//! One look at the start-up of a project: first at the code as it stands, which tells what modules of the project load;
//! then, with the moves known, at what they bring.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap as HashMap;

use super::after::After;
use super::ask::{Answer, Question};
use super::entries;
use super::fate::{End, Fate};
use super::times::{self, Times};
use crate::config::Config;
use crate::evidence::Source;
use crate::name::ModuleName;
use crate::outcome::{Startup, UnknownEntry};
use crate::policy::Place;
use crate::project::graph::{ImportGraph, Moment, Reach, Target};
use crate::project::{FileId, Finder, Project};
use crate::text::LineColumn;

/// The start-up of one project, as far as its configurations tell.
pub struct Survey<'p> {
    finder: Finder<'p>,
    grounds: Vec<Ground>,
    /// The ground of each file, if its configuration has evidence.
    of_file: Vec<Option<usize>>,
}

/// The project under one configuration.
pub(super) struct Ground {
    /// As it was given, with what the project's own modules load.
    pub(super) config: Arc<Config>,
    pub(super) graph: ImportGraph,
    pub(super) before: Reach,
    pub(super) times: Times,
    /// The targets whose imports belong in functions.
    pub(super) cold: FixedBitSet,
}

/// What a run knows when its moves are made.
pub struct Known<'k> {
    pub fates: &'k [Fate],
    /// `None` if nobody asked for the imports to move.
    pub answers: Option<&'k [Answer]>,
    pub is_selected: &'k (dyn Fn(FileId) -> bool + Sync),
    /// Files that the configuration leaves out.
    pub is_excluded: &'k (dyn Fn(FileId) -> bool + Sync),
    /// The text of the line of a file.
    pub line: &'k (dyn Fn(FileId, u32) -> String + Sync),
}

/// A sentence for the finding at `start` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingNote {
    pub path: String,
    pub start: LineColumn,
    pub key: ModuleName,
    pub text: String,
}

impl<'p> Survey<'p> {
    /// `configs` holds the configuration of each file of the project, in its order.
    pub fn new(project: &'p Project, configs: &[Arc<Config>]) -> Survey<'p> {
        let finder = Finder::new(project);
        let mut grounds: Vec<Ground> = Vec::new();
        let mut of_file = Vec::new();
        let mut known: HashMap<*const Config, Option<usize>> = HashMap::default();
        for config in configs {
            let ground = known.entry(Arc::as_ptr(config)).or_insert_with(|| {
                grounds.push(Ground::new(&finder, config)?);
                Some(grounds.len() - 1)
            });
            of_file.push(*ground);
        }
        Survey { finder, grounds, of_file }
    }

    /// The configuration of a file with what the project's own modules load.
    pub fn config(&self, file: FileId) -> Option<&Arc<Config>> {
        self.ground(file).map(|ground| &ground.config)
    }

    /// The imports of a file that nobody wants to move, and that lead to a heavy cold module.
    pub fn questions(&self, file: FileId) -> Vec<Question> {
        let Some(ground) = self.ground(file) else { return Vec::new() };
        let question = |id| {
            let import = ground.graph.import(id);
            let key = self.finder.project().import_name(&import.module);
            let is_open = ground.verdict_on(&key).is_none_or(|place| place == Place::Leave);
            let is_asked =
                is_open && ground.graph.loaded_by_import(id, &ground.before).intersection_count(&ground.cold) > 0;
            is_asked.then(|| Question { file, place: import.place, module: import.module.clone(), key })
        };
        ground.graph.imports_of(file).iter().copied().filter_map(question).collect()
    }

    /// What the moves bring, and a sentence for each finding that needs one.
    pub fn report(mut self, known: &Known<'_>) -> (Startup, Vec<FindingNote>) {
        let mut startup = Startup::default();
        let mut notes = Vec::new();
        let free = entries::not_imported(&self.finder);
        for number in 0..self.grounds.len() {
            self.grounds[number].carry_out(&self.finder, known.fates);
            let ground = &self.grounds[number];
            let starts: Vec<FileId> = match &ground.config.entries {
                Some(named) => self.named(named, &mut startup),
                None => free.iter().copied().filter(|id| !(known.is_excluded)(*id)).collect(),
            };
            // An entry under another configuration is told of there.
            let is_own = |id: &FileId| self.of_file[id.index()] == Some(number);
            let starts = starts.into_iter().filter(is_own).collect();
            let after = After::new(self.finder.project(), ground, known, starts);
            after.report(&mut startup);
            let own = known.fates.iter().filter(|fate| is_own(&fate.file) && fate.end == End::Leaves);
            notes.extend(own.flat_map(|fate| after.notes(fate)));
        }
        startup.entries.sort_by(|a, b| b.before_ms.total_cmp(&a.before_ms).then_with(|| a.path.cmp(&b.path)));
        (startup, notes)
    }

    fn ground(&self, file: FileId) -> Option<&Ground> {
        self.of_file.get(file.index()).copied().flatten().map(|number| &self.grounds[number])
    }

    fn named(&self, names: &[(ModuleName, Source)], startup: &mut Startup) -> Vec<FileId> {
        let mut starts: Vec<FileId> = Vec::new();
        for (name, source) in names {
            let files = entries::named(&self.finder, name);
            let unknown = || UnknownEntry { source: source.to_string(), meant: entries::closest(&self.finder, name) };
            startup.named.insert(name.clone(), files.is_empty().then(unknown));
            starts.extend(files);
        }
        starts.sort();
        starts.dedup();
        starts
    }
}

impl Ground {
    /// `None` without evidence: there is nothing to say then.
    fn new(finder: &Finder<'_>, given: &Arc<Config>) -> Option<Ground> {
        if given.modules.is_empty() {
            return None;
        }
        let graph = ImportGraph::new(finder, targets(given));
        let before = graph.reach(Moment::Before);
        let times = Times::new(given, &graph, &before);
        let mut config = (**given).clone();
        for (name, loaded) in times::derived(given, finder, &graph, &before, &times) {
            config.modules.entry(name).or_default().loaded = Some(loaded);
        }
        let is_cold = |target: &Target| config.verdict(&target.name).place == Place::Function;
        let mut cold = FixedBitSet::with_capacity(graph.targets().len());
        cold.extend(graph.targets().iter().enumerate().filter(|(_, target)| is_cold(target)).map(|(at, _)| at));
        Some(Ground { config: Arc::new(config), graph, before, times, cold })
    }

    /// The verdict on a module, if a key covers it.
    pub(super) fn verdict_on(&self, module: &ModuleName) -> Option<Place> {
        let (key, _) = self.config.lookup(module)?;
        Some(self.config.verdict(key).place)
    }

    fn carry_out(&mut self, finder: &Finder<'_>, fates: &[Fate]) {
        for fate in fates {
            match fate.end {
                End::Leaves => self.graph.leaves(fate.file, fate.place, &fate.target),
                End::Arrives => self.graph.arrives(finder, fate.file, fate.place, &fate.target),
                End::Refused(_) | End::Kept => {}
            }
        }
    }
}

/// Every configured module, with those of its `loads` that are configured.
fn targets(config: &Config) -> Vec<Target> {
    let positions: HashMap<&ModuleName, usize> =
        config.modules.keys().enumerate().map(|(at, name)| (name, at)).collect();
    let position = |name: &ModuleName| config.lookup(name).map(|(key, _)| positions[key]);
    let target = |(name, evidence): (&ModuleName, &crate::evidence::ModuleEvidence)| Target {
        name: name.clone(),
        loads: evidence.loads.iter().flatten().filter_map(position).collect(),
        is_installed: evidence.import_ms.is_some(),
    };
    config.modules.iter().map(target).collect()
}
