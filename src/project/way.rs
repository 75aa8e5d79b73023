//! The shortest way through a graph. Of several that are equally short, which one is found depends on them alone, and not
//! on what else is in the graph.

use std::collections::VecDeque;
use std::hash::Hash;

use petgraph::visit::IntoNeighbors;
use rustc_hash::FxHashMap as HashMap;

/// The nodes from `from` to `to`, both among them.
pub(super) fn shortest<G: IntoNeighbors>(graph: G, from: G::NodeId, to: G::NodeId) -> Option<Vec<G::NodeId>>
where
    G::NodeId: Eq + Hash,
{
    let mut before: HashMap<_, _> = std::iter::once((from, from)).collect();
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if node == to {
            let mut way = vec![to];
            while let Some(at) = way.last().copied().filter(|at| *at != from) {
                way.push(before[&at]);
            }
            way.reverse();
            return Some(way);
        }
        for next in graph.neighbors(node) {
            before.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
    None
}
