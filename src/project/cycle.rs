//! Import cycles: whether a module reaches another through imports that run at import time. Every file that a name may
//! mean counts, so that the answer "none" can be trusted. Decides nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use fixedbitset::FixedBitSet;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, NodeFiltered};
use rustc_hash::FxHashMap as HashMap;

use super::way::shortest;
use super::{FileId, Project};
use crate::name::ModuleName;
use crate::text::LineColumn;

/// One import on the way: the file, the place of the import in it, and the module that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub path: String,
    pub place: LineColumn,
    pub module: ModuleName,
}

/// What an import names: `module`, and maybe a member of it that is no module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    Module,
    /// `from module import member`: the module must have run as far as the member's definition.
    Member,
}

/// Files by their id; an edge is the position of an import among those of its file.
type Graph = DiGraph<(), u32>;

/// Every file that every import may load, and what each file leads to, once somebody asked.
#[derive(Debug)]
pub(super) struct Cycles {
    graph: Graph,
    reached: Mutex<HashMap<NodeIndex, Arc<FixedBitSet>>>,
}

impl Cycles {
    /// Importing `a.b.c` runs `a` and `a.b` as well.
    pub(super) fn new(project: &Project) -> Cycles {
        let mut graph = Graph::with_capacity(project.files.len(), 0);
        project.files.iter().for_each(|_| {
            graph.add_node(());
        });
        for (number, file) in project.files.iter().enumerate() {
            for (position, edge) in file.edges.iter().enumerate() {
                for loaded in with_parents(project, &edge.target.dotted()) {
                    graph.add_edge(NodeIndex::new(number), node(loaded), position as u32);
                }
            }
        }
        Cycles { graph, reached: Mutex::default() }
    }

    /// The shortest chain from a file of `target` to `home`.
    pub(super) fn find(&self, project: &Project, home: FileId, target: &ModuleName, wants: Wants) -> Option<Vec<Step>> {
        let graph = &self.graph;
        // Packages around `home` are being loaded already when it runs.
        let around = |id: FileId| {
            let file = project.file(id);
            file.is_package && id != home && project.file(home).name.is_within(&file.name)
        };
        let inside = NodeFiltered::from_fn(graph, |at| !around(file(at)));
        let loaded = with_parents(project, target);
        let (packages, starts): (Vec<FileId>, Vec<FileId>) = loaded.into_iter().partition(|id| around(*id));
        let path_from = |start: NodeIndex| {
            // Many homes ask about one target, and few are reached from it.
            self.reached(start).contains(home.index()).then_some(())?;
            shortest(&inside, start, node(home))
        };
        let mut chains: Vec<Vec<NodeIndex>> = starts.into_iter().filter_map(|id| path_from(node(id))).collect();
        if wants == Wants::Member {
            // A name of a package around `home` is there only if the package does not wait for `home`.
            let named = packages.into_iter().filter(|id| project.files_of(target).any(|file| file == *id));
            for package in named {
                let next: BTreeSet<NodeIndex> =
                    graph.neighbors(node(package)).filter(|at| !around(file(*at))).collect();
                let chain = next.into_iter().filter_map(path_from).min_by_key(Vec::len);
                chains.extend(chain.map(|chain| std::iter::once(node(package)).chain(chain).collect()));
            }
        }
        let chain = chains.into_iter().min_by_key(Vec::len)?;
        Some(chain.windows(2).map(|pair| step(project, graph, pair[0], pair[1])).collect())
    }

    /// Every file that `start` leads to.
    fn reached(&self, start: NodeIndex) -> Arc<FixedBitSet> {
        let known = || self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reached) = known().get(&start) {
            return Arc::clone(reached);
        }
        let mut walk = Dfs::new(&self.graph, start);
        while walk.next(&self.graph).is_some() {}
        let reached = Arc::new(walk.discovered);
        known().insert(start, Arc::clone(&reached));
        reached
    }
}

/// The files that run when the module is imported: its own, and those of the packages around it.
fn with_parents(project: &Project, module: &ModuleName) -> Vec<FileId> {
    module.with_parents().flat_map(|name| project.files_of(&name).collect::<Vec<_>>()).collect()
}

/// The first import of one file that loads the other.
fn step(project: &Project, graph: &Graph, from: NodeIndex, to: NodeIndex) -> Step {
    let importer = project.file(file(from));
    let position = graph.edges_connecting(from, to).map(|edge| *edge.weight()).min().unwrap_or_default();
    let edge = &importer.edges[position as usize];
    // `from a import b` names a module below `a` only if there is one.
    let dotted = edge.target.dotted();
    let is_module = project.files_of(&dotted).next().is_some();
    let module = if is_module { dotted } else { edge.target.module.clone() };
    Step { path: importer.path.clone(), place: edge.place, module }
}

fn node(id: FileId) -> NodeIndex {
    NodeIndex::new(id.0 as usize)
}

fn file(node: NodeIndex) -> FileId {
    FileId(node.index() as u32)
}
