//! One look at the start-up of a project: first at the code as it stands, which tells what modules of the project load;
//! then, with the moves known, at what they bring.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap as HashMap;

use super::after::After;
use super::ask::{Answer, Question};
use super::entries;
use super::fate::{End, Fate};
use super::times::{self, Times};
use crate::config::Config;
use crate::evidence::{ModuleEvidence, Source};
use crate::name::ModuleName;
use crate::outcome::{Startup, UnknownEntry};
use crate::policy::Place;
use crate::project::graph::{ImportGraph, Moment, Reach, Target};
use crate::project::{FileId, Finder, Project};
use crate::text::LineColumn;

/// The start-up of one project, as far as its configurations tell.
pub struct Survey<'p> {
    finder: Finder<'p>,
    terrains: Vec<Terrain>,
    grounds: Vec<Ground>,
    /// The ground of each file, if its configuration has evidence.
    of_file: Vec<Option<usize>>,
}

/// The project with one set of evidence. Many configurations may share one, and it is as large as the project.
pub(super) struct Terrain {
    evidence: BTreeMap<ModuleName, ModuleEvidence>,
    pub(super) graph: ImportGraph,
    pub(super) before: Reach,
    pub(super) times: Times,
}

/// The project under one configuration.
pub(super) struct Ground {
    /// As it was given, with what the project's own modules load.
    pub(super) config: Arc<Config>,
    /// Its position among those of the survey.
    terrain: usize,
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
        let (mut terrains, mut grounds): (Vec<Terrain>, Vec<Ground>) = Default::default();
        let mut of_file = Vec::new();
        let mut known: HashMap<*const Config, Option<usize>> = HashMap::default();
        for config in configs {
            let ground = known.entry(Arc::as_ptr(config)).or_insert_with(|| {
                // Without evidence there is nothing to say.
                if config.modules.is_empty() {
                    return None;
                }
                let known = terrains.iter().position(|known: &Terrain| known.evidence == config.modules);
                let terrain = known.unwrap_or_else(|| {
                    terrains.push(Terrain::new(&finder, config));
                    terrains.len() - 1
                });
                grounds.push(Ground::new(&finder, config, &terrains[terrain], terrain));
                Some(grounds.len() - 1)
            });
            of_file.push(*ground);
        }
        Survey { finder, terrains, grounds, of_file }
    }

    /// The configuration of a file with what the project's own modules load.
    pub fn config(&self, file: FileId) -> Option<&Arc<Config>> {
        self.ground(file).map(|ground| &ground.config)
    }

    /// The imports of a file that nobody wants to move, and that lead to a heavy cold module.
    pub fn questions(&self, file: FileId) -> Vec<Question> {
        let Some(ground) = self.ground(file) else { return Vec::new() };
        let Terrain { graph, before, .. } = &self.terrains[ground.terrain];
        let question = |id| {
            let import = graph.import(id);
            let key = self.finder.project().import_name(&import.module);
            let is_open = ground.verdict_on(&key).is_none_or(|place| place == Place::Leave);
            let is_asked = is_open && graph.loaded_by_import(id, before).intersection_count(&ground.cold) > 0;
            is_asked.then(|| Question { file, place: import.place, module: import.module.clone(), key })
        };
        graph.imports_of(file).iter().copied().filter_map(question).collect()
    }

    /// What the moves bring, and a sentence for each finding that needs one.
    pub fn report(mut self, known: &Known<'_>) -> (Startup, Vec<FindingNote>) {
        let mut startup = Startup::default();
        let mut notes = Vec::new();
        let free = entries::not_imported(&self.finder);
        for terrain in &mut self.terrains {
            terrain.carry_out(&self.finder, known.fates);
        }
        let reached: Vec<Reach> = self.terrains.iter().map(|terrain| terrain.graph.reach(Moment::After)).collect();
        for number in 0..self.grounds.len() {
            let ground = &self.grounds[number];
            let (terrain, reach) = (&self.terrains[ground.terrain], &reached[ground.terrain]);
            let starts: Vec<FileId> = match &ground.config.entries {
                Some(named) => self.named(named, &mut startup),
                None => free.iter().copied().filter(|id| !(known.is_excluded)(*id)).collect(),
            };
            // An entry under another configuration is told of there.
            let is_own = |id: &FileId| self.of_file[id.index()] == Some(number);
            let starts = starts.into_iter().filter(is_own).collect();
            let after = After::new(self.finder.project(), ground, terrain, reach, known, starts);
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

impl Terrain {
    fn new(finder: &Finder<'_>, config: &Config) -> Terrain {
        let graph = ImportGraph::new(finder, targets(config));
        let before = graph.reach(Moment::Before);
        let times = Times::new(config, &graph, &before);
        Terrain { evidence: config.modules.clone(), graph, before, times }
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

impl Ground {
    fn new(finder: &Finder<'_>, given: &Config, on: &Terrain, terrain: usize) -> Ground {
        let mut config = given.clone();
        for (name, loaded) in times::derived(given, finder, &on.graph, &on.before, &on.times) {
            config.modules.entry(name).or_default().loaded = Some(loaded);
        }
        let is_cold = |target: &Target| config.verdict(&target.name).place == Place::Function;
        let targets = on.graph.targets();
        let mut cold = FixedBitSet::with_capacity(targets.len());
        cold.extend(targets.iter().enumerate().filter(|(_, target)| is_cold(target)).map(|(at, _)| at));
        Ground { config: Arc::new(config), terrain, cold }
    }

    /// The verdict on a module, if a key covers it.
    pub(super) fn verdict_on(&self, module: &ModuleName) -> Option<Place> {
        let (key, _) = self.config.lookup(module)?;
        Some(self.config.verdict(key).place)
    }
}

/// Every configured module, with those of its `loads` that are configured.
fn targets(config: &Config) -> Vec<Target> {
    let positions: HashMap<&ModuleName, usize> =
        config.modules.keys().enumerate().map(|(at, name)| (name, at)).collect();
    let position = |name: &ModuleName| config.lookup(name).map(|(key, _)| positions[key]);
    let target = |(name, evidence): (&ModuleName, &ModuleEvidence)| Target {
        name: name.clone(),
        loads: evidence.loads.iter().flatten().filter_map(position).collect(),
        is_installed: evidence.import_ms.is_some(),
    };
    config.modules.iter().map(target).collect()
}
