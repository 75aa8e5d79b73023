//! The project when the moves of a run are made: what each entry still loads and through which imports, and what a move
//! means for it. The wording of notes on findings is here; that of reports is not.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::FxHashMap as HashMap;

use super::cut::{self, Cut};
use super::fate::{End, Fate};
use super::survey::{FindingNote, Ground, Known, Terrain};
use crate::name::ModuleName;
use crate::outcome::{ChainLink, EntryTime, Kept, Pinned, Startup, Stays, Way, Why};
use crate::policy::Place;
use crate::project::graph::{Distances, ImportId, Link, Moment, Node, Reach};
use crate::project::{By, FileId, Project};

pub(super) struct After<'a> {
    project: &'a Project,
    ground: &'a Ground,
    terrain: &'a Terrain,
    known: &'a Known<'a>,
    starts: Vec<FileId>,
    reach: &'a Reach,
    /// For each file, the starts that load it before the moves.
    loaded_by: Vec<FixedBitSet>,
    /// For each cold target that some start still loads, how far everything is from it, and which starts load it.
    distances: BTreeMap<usize, Distances>,
    loading: BTreeMap<usize, FixedBitSet>,
    /// What became of imports, and what would become of others.
    ends: HashMap<ImportId, End>,
}

impl<'a> After<'a> {
    pub(super) fn new(
        project: &'a Project,
        ground: &'a Ground,
        terrain: &'a Terrain,
        reach: &'a Reach,
        known: &'a Known<'a>,
        starts: Vec<FileId>,
    ) -> After<'a> {
        let graph = &terrain.graph;
        // Where none loads a configured module, of none is told anything.
        let loads = |start: &FileId| !terrain.before.of_file(*start).is_clear() || !reach.of_file(*start).is_clear();
        let starts = if starts.iter().any(loads) { starts } else { Vec::new() };
        let loaded_by = graph.loaded_by(Moment::Before, &terrain.before, &starts);
        let mut stay = FixedBitSet::with_capacity(graph.targets().len());
        starts.iter().for_each(|start| stay.union_with(reach.of_file(*start)));
        stay.intersect_with(&ground.cold);
        let distances = stay.ones().map(|target| (target, graph.distances(Moment::After, target))).collect();
        let loading_it = |target: usize| {
            let mut loading = FixedBitSet::with_capacity(starts.len());
            let numbers = 0..starts.len();
            loading.extend(numbers.filter(|number| reach.of_file(starts[*number]).contains(target)));
            loading
        };
        let loading = stay.ones().map(|target| (target, loading_it(target))).collect();
        let mut ends = HashMap::default();
        for fate in known.fates {
            if let Some(import) = graph.import_of(fate.file, fate.place, &fate.target) {
                let end = ends.entry(import).or_insert(fate.end);
                // One name that stays keeps the import.
                if *end == End::Leaves {
                    *end = fate.end;
                }
            }
        }
        for answer in known.answers.unwrap_or_default() {
            let question = &answer.question;
            let import = graph.import_at(question.file, question.place, &question.module);
            ends.extend(import.map(|import| (import, answer.end)));
        }
        After { project, ground, terrain, known, starts, reach, loaded_by, distances, loading, ends }
    }

    /// Adds what is known of each start.
    pub(super) fn report(&self, startup: &mut Startup) {
        let mut of_run = FixedBitSet::with_capacity(self.starts.len());
        let selected = self.project.files().filter(|(id, _)| (self.known.is_selected)(*id));
        selected.for_each(|(id, _)| of_run.union_with(&self.loaded_by[id.index()]));
        let loads = |start: FileId| self.terrain.before.of_file(start).ones().chain(self.reach.of_file(start).ones());
        let told: Vec<FileId> = of_run.ones().map(|number| self.starts[number]).collect();
        let told: Vec<FileId> = told.into_iter().filter(|start| loads(*start).next().is_some()).collect();
        startup.entries.par_extend(told.par_iter().map(|start| self.entry(*start)));

        let mut separate = FixedBitSet::with_capacity(self.terrain.graph.targets().len());
        for before in told.iter().map(|start| self.terrain.before.of_file(*start)) {
            // Two that may share what they load.
            if before.ones().filter(|at| self.is_measured(*at)).nth(1).is_some() {
                separate.union_with(before);
            }
        }
        let unknown = |at: &usize| self.is_measured(*at) && self.ground.config.modules[self.name(*at)].loads.is_none();
        startup.separate.extend(separate.ones().filter(unknown).map(|at| self.name(at).clone()));
    }

    /// What is to be said about a move that was made.
    pub(super) fn notes(&self, fate: &Fate) -> Vec<FindingNote> {
        let texts = [self.in_vain(fate), self.opened_cycle(fate)];
        let note = |text| FindingNote {
            path: self.project.file(fate.file).path.clone(),
            start: fate.named_at,
            key: fate.key.clone(),
            text,
        };
        texts.into_iter().flatten().map(note).collect()
    }

    fn entry(&self, start: FileId) -> EntryTime {
        let (before, after) = (self.terrain.before.of_file(start), self.reach.of_file(start));
        // A start cannot be without itself and the packages around it.
        let own = &self.project.file(start).name;
        let is_own =
            |at: usize| self.terrain.graph.homes(at).iter().any(|home| own.is_within(&self.project.file(*home).name));
        let is_told = |at: &usize| self.ground.cold.contains(*at) && !is_own(*at);
        let mut stays: Vec<Stays> = after.ones().filter(is_told).map(|at| self.stays(start, at)).collect();
        stays.sort_by(|a, b| {
            let ms = |stays: &Stays| stays.import_ms.unwrap_or(0.0);
            ms(b).total_cmp(&ms(a)).then_with(|| a.module.cmp(&b.module))
        });
        let is_unmeasured = |at: &usize| {
            self.ground.config.modules[self.name(*at)].import_ms.is_none() && self.terrain.graph.homes(*at).is_empty()
        };
        EntryTime {
            module: self.project.import_name(&self.project.file(start).name),
            path: self.project.file(start).path.clone(),
            loads_before: self.names(before),
            loads_after: self.names(after),
            before_ms: self.terrain.times.of(before),
            after_ms: self.terrain.times.of(after),
            unmeasured: before.ones().filter(is_unmeasured).map(|at| self.name(at).clone()).collect(),
            stays,
        }
    }

    fn stays(&self, start: FileId, target: usize) -> Stays {
        let chain = self.terrain.graph.chain(start, &self.distances[&target]);
        Stays {
            module: self.name(target).clone(),
            import_ms: self.ground.config.verdict(self.name(target)).import_ms,
            kept: self.kept(&chain),
            chain: self.links(&chain, target),
            way: self.known.answers.map(|_| self.way(start, target)),
        }
    }

    /// The last import of the chain that is refused; of a chain without one, the last import.
    fn kept(&self, chain: &[(Node, Link)]) -> Option<Kept> {
        let imports = || chain.iter().rev().filter_map(|(_, link)| import_of(*link));
        let refused = imports().find(|import| matches!(self.ends.get(import), Some(End::Refused(_) | End::Kept)));
        refused.or_else(|| imports().next()).map(|import| self.keeper(import))
    }

    /// Why an import stays where it is.
    fn keeper(&self, id: ImportId) -> Kept {
        let import = self.terrain.graph.import(id);
        let module = self.project.import_name(&import.module);
        let why = match self.ends.get(&id) {
            Some(End::Refused(code)) => Why::Refused(*code),
            Some(End::Kept) => Why::Comment,
            _ if import.by == By::Function => Why::InFunction,
            _ if import.by == By::Name => Why::ByName,
            // It could move, had somebody asked for it.
            Some(End::Leaves) => Why::NotCold(module),
            _ => match self.ground.verdict_on(&module) {
                Some(Place::Module) => Why::Hot(module),
                Some(Place::Function) => Why::NotInRun,
                _ if self.known.answers.is_some() => Why::NotInRun,
                _ => Why::NotCold(module),
            },
        };
        Kept { path: self.project.file(import.file).path.clone(), place: import.place, why }
    }

    fn links(&self, chain: &[(Node, Link)], target: usize) -> Vec<ChainLink> {
        let mut links: Vec<ChainLink> = Vec::new();
        for (node, link) in chain {
            let import = import_of(*link).map(|id| {
                let import = self.terrain.graph.import(id);
                (self.project.file(import.file).path.clone(), import.place)
            });
            links.push(ChainLink { module: self.module(*node), import });
        }
        // A module of the project is the file that stands before it.
        let is_named = links.last().is_some_and(|last| last.import.is_none() && last.module == *self.name(target));
        if !is_named {
            links.push(ChainLink { module: self.name(target).clone(), import: None });
        }
        links
    }

    fn module(&self, node: Node) -> ModuleName {
        match node {
            Node::File(id) => self.project.import_name(&self.project.file(id).name),
            Node::Module(at) => self.name(at).clone(),
        }
    }

    fn way(&self, start: FileId, target: usize) -> Way {
        let can_move = |id: ImportId| self.ends.get(&id) == Some(&End::Leaves);
        match cut::smallest(&self.terrain.graph, start, target, &self.distances[&target], &can_move) {
            Cut::Imports(imports) => Way::Imports(imports.into_iter().map(|id| self.pinned(id)).collect()),
            Cut::Blocked(chain) => {
                let imports = chain.iter().filter_map(|(_, link)| import_of(*link));
                Way::Blocked { by: imports.map(|id| self.keeper(id)).collect(), chain: self.links(&chain, target) }
            }
        }
    }

    fn pinned(&self, id: ImportId) -> Pinned {
        let import = self.terrain.graph.import(id);
        Pinned {
            path: self.project.file(import.file).path.clone(),
            place: import.place,
            statement: (self.known.line)(import.file, import.place.line),
            module: self.project.import_name(&import.module),
        }
    }

    /// The module that moved is loaded all the same, by every entry that loads the file.
    fn in_vain(&self, fate: &Fate) -> Option<String> {
        let target = self.terrain.graph.target(&fate.key)?;
        let starts = &self.loaded_by[fate.file.index()];
        let first = starts.ones().next()?;
        if !starts.is_subset(self.loading.get(&target)?) {
            return None;
        }
        let chain = self.terrain.graph.chain(self.starts[first], self.distances.get(&target)?);
        let (node, import) = chain.iter().rev().find_map(|(node, link)| Some((*node, import_of(*link)?)))?;
        let place = self.terrain.graph.import(import).place;
        Some(format!("brings nothing yet: `{}:{}` loads it at start anyway", self.module(node), place.line))
    }

    /// The import was part of an import cycle, and nothing else closes that.
    fn opened_cycle(&self, fate: &Fate) -> Option<String> {
        let graph = &self.terrain.graph;
        let import = graph.import(graph.import_of(fate.file, fate.place, &fate.target)?);
        let loaded = import.loads.filter(|loaded| self.terrain.before.in_one_circle(*loaded, fate.file))?;
        let back = graph.way_back(self.project, Moment::Before, loaded, fate.file)?;
        let is_closed = graph.way_back(self.project, Moment::After, loaded, fate.file).is_some()
            && graph.way_back(self.project, Moment::After, fate.file, loaded).is_some();
        if is_closed {
            return None;
        }
        let own = (Node::File(fate.file), import.place.line);
        let steps = std::iter::once(own).chain(back.iter().filter_map(|(node, link)| {
            let line = graph.import(import_of(*link)?).place.line;
            Some((*node, line))
        }));
        let mut shown: Vec<String> = steps.map(|(node, line)| format!("{}:{line}", self.module(node))).collect();
        shown.push(self.module(Node::File(fate.file)).to_string());
        Some(format!("opens the import cycle `{}`", shown.join(" -> ")))
    }

    /// A measured module outside the project.
    fn is_measured(&self, at: usize) -> bool {
        self.ground.config.modules[self.name(at)].import_ms.is_some() && self.terrain.graph.homes(at).is_empty()
    }

    fn names(&self, targets: &FixedBitSet) -> Vec<ModuleName> {
        targets.ones().map(|at| self.name(at).clone()).collect()
    }

    fn name(&self, target: usize) -> &ModuleName {
        &self.terrain.graph.targets()[target].name
    }
}

fn import_of(link: Link) -> Option<ImportId> {
    match link {
        Link::Import(import) => Some(import),
        Link::Implied => None,
    }
}
