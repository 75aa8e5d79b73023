//! What each module adds to a start: its import time without that of the modules which it loads. Arithmetic only.

use fixedbitset::FixedBitSet;

use crate::config::Config;
use crate::evidence::Loaded;
use crate::name::ModuleName;
use crate::project::Finder;
use crate::project::graph::{ImportGraph, Reach};

/// The own time of each target of a graph.
#[derive(Debug)]
pub struct Times {
    own: Vec<f64>,
}

impl Times {
    /// `before` is what the code loads as it stands: what was measured, was measured of that.
    pub fn new(config: &Config, graph: &ImportGraph, before: &Reach) -> Times {
        let loads: Vec<FixedBitSet> = (0..graph.targets().len()).map(|at| loads(graph, before, at)).collect();
        // What a module loads, loads less than the module itself does, so it comes first. Modules that load each other
        // share one time: the first has its own, the next only what it takes more.
        let mut order: Vec<usize> = (0..loads.len()).collect();
        order.sort_by_key(|at| (loads[*at].count_ones(..), *at));
        let mut own = vec![0.0; loads.len()];
        for at in order {
            let Some(import_ms) = config.modules[&graph.targets()[at].name].import_ms else { continue };
            let of_others: f64 = loads[at].ones().filter(|other| *other != at).map(|other| own[other]).sum();
            own[at] = (import_ms - of_others).max(0.0);
        }
        Times { own }
    }

    /// The time of the modules of a set.
    pub fn of(&self, modules: &FixedBitSet) -> f64 {
        modules.ones().map(|at| self.own[at]).sum()
    }
}

/// Modules of the project that nobody measured, with what they load at import. What the packages around them load is loaded
/// by whoever imports them from there, and does not count.
pub fn derived(
    config: &Config,
    finder: &Finder<'_>,
    graph: &ImportGraph,
    before: &Reach,
    times: &Times,
) -> Vec<(ModuleName, Loaded)> {
    let mut derived = Vec::new();
    for (at, target) in graph.targets().iter().enumerate() {
        if config.modules[&target.name].import_ms.is_some() || graph.homes(at).is_empty() {
            continue;
        }
        let mut set = loads(graph, before, at);
        for home in graph.homes(at) {
            if let Some(package) = finder.package_of(finder.project().file(*home)) {
                set.difference_with(before.of_file(package));
            }
        }
        let measured = set.ones().map(|at| &graph.targets()[at]).filter(|target| target.is_installed);
        let modules = measured.map(|target| target.name.clone()).collect();
        derived.push((target.name.clone(), Loaded { ms: times.of(&set), modules }));
    }
    derived
}

/// Every target that the import of a target loads, itself among them.
fn loads(graph: &ImportGraph, before: &Reach, target: usize) -> FixedBitSet {
    let mut set = before.of_target(target).clone();
    for home in graph.homes(target) {
        set.union_with(before.of_file(*home));
    }
    set
}
