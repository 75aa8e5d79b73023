//! What loads what when it is imported: files of the project, and the modules that somebody has numbers of. Answers from
//! which file a module is reached, and through which imports; knows no numbers and decides nothing.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use fixedbitset::FixedBitSet;
use petgraph::algo::{dijkstra, kosaraju_scc};
use petgraph::graph::{DiGraph, EdgeReference, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef, NodeFiltered, Reversed};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::way::shortest;
use super::{By, Edge, FileId, FileIndex, Finder, ImportTarget, Project, When};
use crate::name::ModuleName;
use crate::sort::stdlib;
use crate::text::LineColumn;

/// Index of an import in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportId(u32);

/// What one import statement loads: one module with the packages around it.
#[derive(Debug, Clone)]
pub struct Import {
    pub file: FileId,
    pub place: LineColumn,
    /// As the statement names it, made absolute.
    pub module: ModuleName,
    /// The file that it loads, if it is of the project.
    pub loads: Option<FileId>,
    pub state: State,
    pub by: By,
    /// Names of the statement that ask for this module.
    names: u32,
}

/// Whether an import runs at import time before the moves, after them, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Stays,
    Leaves,
    Arrives,
}

/// The project before or after the moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// What leads from one node to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// A package runs before its modules; a module is known to load another.
    Implied,
    Import(ImportId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    File(FileId),
    /// A module by its position among those asked for.
    Module(usize),
}

/// A module that the graph is asked about.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: ModuleName,
    /// Other targets that its import loads.
    pub loads: Vec<usize>,
    /// Measured, so its import is known to work.
    pub is_installed: bool,
}

#[derive(Debug)]
pub struct ImportGraph {
    graph: DiGraph<Node, Link>,
    files: usize,
    targets: Vec<Target>,
    positions: BTreeMap<ModuleName, usize>,
    /// The files of targets that belong to the project.
    homes: Vec<Vec<FileId>>,
    imports: Vec<Import>,
    by_file: Vec<Vec<ImportId>>,
    by_place: FxHashMap<(FileId, LineColumn, ModuleName), ImportId>,
}

/// Where an import leads.
struct LedTo {
    place: LineColumn,
    by: By,
    module: ModuleName,
    /// The file that it loads.
    loads: Option<FileId>,
    /// The target that covers it.
    covering: Option<usize>,
}

impl ImportGraph {
    /// `targets` sorted by name.
    pub fn new(finder: &Finder<'_>, targets: Vec<Target>) -> ImportGraph {
        let project = finder.project();
        let positions = targets.iter().enumerate().map(|(at, target)| (target.name.clone(), at)).collect();
        let homes = targets.iter().map(|target| homes(project, &target.name)).collect();
        let mut graph = ImportGraph {
            graph: DiGraph::with_capacity(project.files.len() + targets.len(), 0),
            files: project.files.len(),
            targets,
            positions,
            homes,
            imports: Vec::new(),
            by_file: vec![Vec::new(); project.files.len()],
            by_place: FxHashMap::default(),
        };
        for (id, _) in project.files() {
            graph.graph.add_node(Node::File(id));
        }
        for at in 0..graph.targets.len() {
            graph.graph.add_node(Node::Module(at));
        }
        graph.link_targets();
        let led_to = |file: &FileIndex| {
            let running = file.edges.iter().filter(|edge| graph.runs(finder, file, edge));
            let found = running.filter_map(|edge| graph.led_to(finder, file, edge));
            (finder.package_of(file), found.collect::<Vec<LedTo>>())
        };
        let found: Vec<Option<(Option<FileId>, Vec<LedTo>)>> =
            project.files.par_iter().map(|file| (!file.is_stub()).then(|| led_to(file))).collect();
        for ((id, _), found) in project.files().zip(found) {
            let Some((package, found)) = found else { continue };
            if let Some(package) = package {
                graph.graph.add_edge(graph.file(id), graph.file(package), Link::Implied);
            }
            found.into_iter().for_each(|led_to| graph.add(id, led_to, State::Stays));
        }
        graph
    }

    pub fn import(&self, id: ImportId) -> &Import {
        &self.imports[id.0 as usize]
    }

    pub fn imports_of(&self, file: FileId) -> &[ImportId] {
        &self.by_file[file.index()]
    }

    /// The import of `module` by the statement at `place`.
    pub fn import_at(&self, file: FileId, place: LineColumn, module: &ModuleName) -> Option<ImportId> {
        self.by_place.get(&(file, place, module.clone())).copied()
    }

    /// The import of the statement at `place` that loads `target`.
    pub fn import_of(&self, file: FileId, place: LineColumn, target: &ImportTarget) -> Option<ImportId> {
        self.import_at(file, place, &target.dotted()).or_else(|| self.import_at(file, place, &target.module))
    }

    /// A name of a statement moves into functions; the import goes with its last one.
    pub fn leaves(&mut self, file: FileId, place: LineColumn, target: &ImportTarget) {
        if let Some(id) = self.import_of(file, place, target) {
            let import = &mut self.imports[id.0 as usize];
            import.names = import.names.saturating_sub(1);
            if import.names == 0 {
                import.state = State::Leaves;
            }
        }
    }

    /// A name of a function's statement moves to module level.
    pub fn arrives(&mut self, finder: &Finder<'_>, file: FileId, place: LineColumn, target: &ImportTarget) {
        let edge =
            Edge { target: target.clone(), place, when: When::Always, by: By::Body, is_certain: true, is_cold: false };
        if let Some(led_to) = self.led_to(finder, finder.project().file(file), &edge) {
            self.add(file, led_to, State::Arrives);
        }
    }

    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub fn target(&self, name: &ModuleName) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// The files of a target that belongs to the project.
    pub fn homes(&self, target: usize) -> &[FileId] {
        &self.homes[target]
    }

    /// The targets that each node loads.
    pub fn reach(&self, moment: Moment) -> Reach {
        let view = EdgeFiltered::from_fn(&self.graph, |edge| self.holds(moment, *edge.weight()));
        let components = kosaraju_scc(&view);
        let mut component_of = vec![0; self.graph.node_count()];
        let mut sets: Vec<FixedBitSet> = Vec::with_capacity(components.len());
        // Each component stands after those that it leads to.
        for (number, component) in components.iter().enumerate() {
            component.iter().for_each(|node| component_of[node.index()] = number);
            let mut set = FixedBitSet::with_capacity(self.targets.len());
            for node in component {
                if let Node::Module(at) = self.graph[*node] {
                    set.insert(at);
                }
                for edge in self.graph.edges(*node).filter(|edge| self.holds(moment, *edge.weight())) {
                    let next: usize = component_of[edge.target().index()];
                    if next != number {
                        set.union_with(&sets[next]);
                    }
                }
            }
            sets.push(set);
        }
        Reach { component_of, components, sets, files: self.files }
    }

    /// For each file, which of `starts` load it.
    pub fn loaded_by(&self, moment: Moment, reach: &Reach, starts: &[FileId]) -> Vec<FixedBitSet> {
        let mut sets = vec![FixedBitSet::with_capacity(starts.len()); reach.components.len()];
        for (number, start) in starts.iter().enumerate() {
            sets[reach.component_of[start.0 as usize]].insert(number);
        }
        for number in (0..reach.components.len()).rev() {
            for node in &reach.components[number] {
                for edge in self.graph.edges(*node).filter(|edge| self.holds(moment, *edge.weight())) {
                    let next = reach.component_of[edge.target().index()];
                    // Each component stands after those that it leads to.
                    if next != number {
                        let (before, from) = sets.split_at_mut(number);
                        before[next].union_with(&from[0]);
                    }
                }
            }
        }
        (0..self.files).map(|file| sets[reach.component_of[file]].clone()).collect()
    }

    /// How far each node is from the target, for [`ImportGraph::chain`].
    pub fn distances(&self, moment: Moment, target: usize) -> Distances {
        let view = EdgeFiltered::from_fn(&self.graph, |edge| self.holds(moment, *edge.weight()));
        let mut steps = vec![None; self.graph.node_count()];
        for (node, distance) in dijkstra(Reversed(&view), self.module(target), None, |_| 1) {
            steps[node.index()] = Some(distance);
        }
        Distances { steps, moment, files: self.files }
    }

    /// The shortest way from a file to the target that `distances` is about: each node with what leads on from it.
    pub fn chain(&self, from: FileId, distances: &Distances) -> Vec<(Node, Link)> {
        let mut chain = Vec::new();
        let mut node = self.file(from);
        while let Some(left) = distances.steps[node.index()].filter(|left| *left > 0) {
            let nearer = |edge: &EdgeReference<'_, Link>| {
                let is_nearer = distances.steps[edge.target().index()] == Some(left - 1);
                is_nearer && self.holds(distances.moment, *edge.weight())
            };
            let Some(edge) = self.graph.edges(node).filter(nearer).min_by_key(|edge| self.order(*edge.weight())) else {
                break;
            };
            chain.push((self.graph[node], *edge.weight()));
            node = edge.target();
        }
        chain
    }

    /// The targets that one import loads.
    pub fn loaded_by_import(&self, id: ImportId, reach: &Reach) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.targets.len());
        let own = self.graph.edges(self.file(self.import(id).file)).filter(|edge| *edge.weight() == Link::Import(id));
        own.for_each(|edge| set.union_with(&reach.sets[reach.component_of[edge.target().index()]]));
        set
    }

    /// The shortest way from one file to another. Packages around the other are being loaded already when it runs, and are
    /// not passed.
    pub fn way_back(&self, project: &Project, moment: Moment, from: FileId, to: FileId) -> Option<Vec<(Node, Link)>> {
        let around = |at: NodeIndex| match self.graph[at] {
            Node::File(id) => {
                let file = project.file(id);
                file.is_package && id != to && project.file(to).name.is_within(&file.name)
            }
            Node::Module(_) => false,
        };
        let nodes = NodeFiltered::from_fn(&self.graph, |at| at == self.file(from) || !around(at));
        let view = EdgeFiltered::from_fn(&nodes, |edge| self.holds(moment, *edge.weight()));
        let path = shortest(&view, self.file(from), self.file(to))?;
        let step = |pair: &[NodeIndex]| {
            let links = self.graph.edges_connecting(pair[0], pair[1]).map(|edge| *edge.weight());
            let link = links.filter(|link| self.holds(moment, *link)).min_by_key(|link| self.order(*link))?;
            Some((self.graph[pair[0]], link))
        };
        path.windows(2).map(step).collect()
    }

    /// What a node leads to.
    pub fn next(&self, moment: Moment, node: Node) -> impl Iterator<Item = (Node, Link)> {
        let at = match node {
            Node::File(id) => self.file(id),
            Node::Module(target) => self.module(target),
        };
        let edges = self.graph.edges(at).filter(move |edge| self.holds(moment, *edge.weight()));
        edges.map(|edge| (self.graph[edge.target()], *edge.weight()))
    }

    fn holds(&self, moment: Moment, link: Link) -> bool {
        match link {
            Link::Implied => true,
            Link::Import(id) => match self.import(id).state {
                State::Stays => true,
                State::Leaves => moment == Moment::Before,
                State::Arrives => moment == Moment::After,
            },
        }
    }

    fn order(&self, link: Link) -> (Option<LineColumn>, Link) {
        match link {
            Link::Implied => (None, link),
            Link::Import(id) => (Some(self.import(id).place), link),
        }
    }

    fn file(&self, id: FileId) -> NodeIndex {
        NodeIndex::new(id.0 as usize)
    }

    fn module(&self, target: usize) -> NodeIndex {
        NodeIndex::new(self.files + target)
    }

    fn link_targets(&mut self) {
        for at in 0..self.targets.len() {
            let above = self.targets[at].name.parent().and_then(|parent| self.covering(&parent));
            let loads: Vec<usize> = self.targets[at].loads.iter().copied().chain(above).collect();
            for loaded in loads.into_iter().filter(|loaded| *loaded != at) {
                self.graph.add_edge(self.module(at), self.module(loaded), Link::Implied);
            }
            for home in self.homes[at].clone() {
                self.graph.add_edge(self.file(home), self.module(at), Link::Implied);
            }
        }
    }

    /// The target with the longest name that covers the module, if that is no file of the project.
    fn covering(&self, module: &ModuleName) -> Option<usize> {
        let mut candidate = Some(module.clone());
        while let Some(name) = candidate {
            if let Some(at) = self.target(&name).filter(|at| self.homes[*at].is_empty()) {
                return Some(at);
            }
            candidate = name.parent();
        }
        None
    }

    /// Whether the import is taken to run when its file is imported.
    fn runs(&self, finder: &Finder<'_>, file: &FileIndex, edge: &Edge) -> bool {
        match edge.when {
            When::Always => true,
            When::OnUse => false,
            When::IfFails(tried) => !file.edges.get(tried as usize).is_some_and(|tried| {
                let module = &tried.target.module;
                let measured = self.covering(module).is_some_and(|at| self.targets[at].is_installed);
                let always = stdlib::is_stdlib(module.root()) && stdlib::removed_or_added(module.root()).is_none();
                measured || always || finder.find(file, module).is_some()
            }),
        }
    }

    /// `None` if nothing is known of what it loads.
    fn led_to(&self, finder: &Finder<'_>, file: &FileIndex, edge: &Edge) -> Option<LedTo> {
        let Edge { target, place, by, .. } = edge;
        let project = finder.project();
        let root = project.root_of(file);
        let dotted = target.dotted();
        let outside = project.below(root, &dotted);
        let is_module = target.member.is_none()
            || self.positions.contains_key(&dotted)
            || outside.as_ref().is_some_and(|dotted| self.positions.contains_key(dotted))
            || finder.find_from(root, &dotted).is_some();
        let module = if is_module { dotted } else { target.module.clone() };
        let loads = module.with_parents().find_map(|name| finder.find_from(root, &name));
        let outside = project.below(root, &module);
        let covering = self.covering(&module).or_else(|| outside.and_then(|module| self.covering(&module)));
        (loads.is_some() || covering.is_some()).then_some(LedTo { place: *place, by: *by, module, loads, covering })
    }

    fn add(&mut self, id: FileId, led_to: LedTo, state: State) {
        let LedTo { place, by, module, loads, covering } = led_to;
        let import = ImportId(self.imports.len() as u32);
        match self.by_place.entry((id, place, module.clone())) {
            Entry::Occupied(known) => {
                self.imports[known.get().0 as usize].names += 1;
                return;
            }
            Entry::Vacant(place) => drop(place.insert(import)),
        }
        self.imports.push(Import { file: id, place, module, loads, state, by, names: 1 });
        self.by_file[id.index()].push(import);
        for node in loads.map(|file| self.file(file)).into_iter().chain(covering.map(|at| self.module(at))) {
            if node != self.file(id) {
                self.graph.add_edge(self.file(id), node, Link::Import(import));
            }
        }
    }
}

/// What each node of a graph loads at one moment.
#[derive(Debug)]
pub struct Reach {
    component_of: Vec<usize>,
    components: Vec<Vec<NodeIndex>>,
    sets: Vec<FixedBitSet>,
    files: usize,
}

impl Reach {
    /// The targets that importing the file loads.
    pub fn of_file(&self, id: FileId) -> &FixedBitSet {
        &self.sets[self.component_of[id.0 as usize]]
    }

    /// Whether each of two files loads the other.
    pub fn in_one_circle(&self, a: FileId, b: FileId) -> bool {
        self.component_of[a.index()] == self.component_of[b.index()]
    }

    /// The targets that importing a target loads, itself among them.
    pub fn of_target(&self, target: usize) -> &FixedBitSet {
        &self.sets[self.component_of[self.files + target]]
    }
}

/// How far the nodes that reach a target are from it, at one moment.
#[derive(Debug)]
pub struct Distances {
    steps: Vec<Option<u32>>,
    moment: Moment,
    /// How many nodes are files; the targets stand after them.
    files: usize,
}

impl Distances {
    pub fn of(&self, node: Node) -> Option<u32> {
        match node {
            Node::File(id) => self.steps[id.index()],
            Node::Module(target) => self.steps[self.files + target],
        }
    }
}

/// The files of the project that a name given outside of it may mean.
fn homes(project: &Project, name: &ModuleName) -> Vec<FileId> {
    let is_stdlib = stdlib::is_stdlib(name.root());
    project.files_of(name).filter(|id| !project.file(*id).is_stub() && !is_stdlib).collect()
}
