//! The fewest imports whose move takes a module off a start: a minimum cut of what leads from one to the other, where an
//! import that can move counts one and everything else cannot be cut.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{astar, dinics};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef};
use petgraph::{Incoming, Outgoing};

use crate::project::FileId;
use crate::project::graph::{Distances, ImportGraph, ImportId, Link, Moment, Node};

/// What takes a module off a start.
#[derive(Debug)]
pub(super) enum Cut {
    /// Of several answers the one nearest to the module, in the order of the files.
    Imports(Vec<ImportId>),
    /// The shortest chain of which nothing can move.
    Blocked(Vec<(Node, Link)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Knot {
    Of(Node),
    /// Between a file and what one of its imports loads.
    Import(ImportId),
}

/// The smallest cut between `start` and the target that `distances` is about, after the moves.
pub(super) fn smallest(
    graph: &ImportGraph,
    start: FileId,
    target: usize,
    distances: &Distances,
    can_move: &dyn Fn(ImportId) -> bool,
) -> Cut {
    let Network { network, source, sink, uncut } = Network::new(graph, start, target, distances, can_move);
    if let Some(chain) = uncuttable(&network, source, sink, uncut) {
        return Cut::Blocked(chain);
    }
    // Every way passes an import that can move, so no more flows than there are of those.
    let (_, flows) = dinics(&network, source, sink);
    // What still reaches the module when everything that can flow does.
    let mut behind = BTreeSet::from([sink]);
    let mut open = vec![sink];
    while let Some(at) = open.pop() {
        let incoming = network.edges_directed(at, Incoming);
        let free = incoming.filter(|edge| *edge.weight() > flows[edge.id().index()]).map(|edge| edge.source());
        let outgoing = network.edges_directed(at, Outgoing);
        let used = outgoing.filter(|edge| flows[edge.id().index()] > 0).map(|edge| edge.target());
        open.extend(free.chain(used).filter(|next| behind.insert(*next)).collect::<Vec<_>>());
    }
    let crosses =
        network.edge_references().filter(|edge| behind.contains(&edge.target()) && !behind.contains(&edge.source()));
    let mut imports: Vec<ImportId> = crosses
        .filter_map(|edge| match network[edge.target()] {
            Knot::Import(id) => Some(id),
            Knot::Of(_) => None,
        })
        .collect();
    imports.sort();
    Cut::Imports(imports)
}

/// What leads from a start to a target, and nothing else.
struct Network {
    network: DiGraph<Knot, u32>,
    source: NodeIndex,
    sink: NodeIndex,
    /// The capacity of what cannot be cut: more than all imports together.
    uncut: u32,
}

impl Network {
    fn new(
        graph: &ImportGraph,
        start: FileId,
        target: usize,
        distances: &Distances,
        can_move: &dyn Fn(ImportId) -> bool,
    ) -> Network {
        let uncut = u32::MAX / 2;
        let mut network = DiGraph::new();
        let source = network.add_node(Knot::Of(Node::File(start)));
        let sink = network.add_node(Knot::Of(Node::Module(target)));
        let mut known = BTreeMap::from([(network[source], source), (network[sink], sink)]);
        let mut open = vec![source];
        while let Some(at) = open.pop() {
            let Knot::Of(node) = network[at] else { continue };
            for (next, link) in graph.next(Moment::After, node) {
                if next == node || distances.of(next).is_none() {
                    continue;
                }
                let from = match link {
                    Link::Implied => at,
                    Link::Import(id) => *known.entry(Knot::Import(id)).or_insert_with(|| {
                        let import = network.add_node(Knot::Import(id));
                        network.add_edge(at, import, if can_move(id) { 1 } else { uncut });
                        import
                    }),
                };
                let to = *known.entry(Knot::Of(next)).or_insert_with(|| {
                    let to = network.add_node(Knot::Of(next));
                    open.push(to);
                    to
                });
                network.add_edge(from, to, uncut);
            }
        }
        Network { network, source, sink, uncut }
    }
}

fn uncuttable(
    network: &DiGraph<Knot, u32>,
    source: NodeIndex,
    sink: NodeIndex,
    uncut: u32,
) -> Option<Vec<(Node, Link)>> {
    let view = EdgeFiltered::from_fn(network, |edge| *edge.weight() == uncut);
    let (_, path) = astar(&view, source, |at| at == sink, |_| 1u32, |_| 0)?;
    let mut chain = Vec::new();
    for pair in path.windows(2) {
        let Knot::Of(node) = network[pair[0]] else { continue };
        let link = match network[pair[1]] {
            Knot::Import(id) => Link::Import(id),
            Knot::Of(_) => Link::Implied,
        };
        chain.push((node, link));
    }
    Some(chain)
}
