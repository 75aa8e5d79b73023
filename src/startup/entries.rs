//! Which modules a process starts with: those that the configuration names, else those that nobody imports. Decides
//! nothing else.

use std::collections::BTreeSet;

use petgraph::Incoming;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, EdgeReference, NodeIndex};
use petgraph::visit::EdgeRef;
use rayon::prelude::*;
use rustc_hash::FxHashSet as HashSet;

use crate::name::ModuleName;
use crate::plan::is_test_file;
use crate::project::{FileId, FileIndex, Finder};

/// The files that `name` in `entries` may mean: the one of that very name, else every one whose name ends so.
pub fn named(finder: &Finder<'_>, name: &ModuleName) -> Vec<FileId> {
    let project = finder.project();
    let files = || project.files().filter(|(_, file)| !file.is_stub());
    let is_exact = |file: &FileIndex| file.name == *name || project.import_name(&file.name) == *name;
    let exact: Vec<FileId> = files().filter(|(_, file)| is_exact(file)).map(|(id, _)| id).collect();
    if !exact.is_empty() {
        return exact;
    }
    project.files_of(name).filter(|id| !project.file(*id).is_stub()).collect()
}

/// The module of the project whose name is closest to `name`, for a word that was mistyped.
pub fn closest(finder: &Finder<'_>, name: &ModuleName) -> Option<ModuleName> {
    let project = finder.project();
    let names: BTreeSet<ModuleName> = project.files().map(|(_, file)| project.import_name(&file.name)).collect();
    let scored = names.into_iter().map(|known| (strsim::jaro_winkler(known.as_str(), name.as_str()), known));
    scored.filter(|(score, _)| *score >= 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// Modules that nobody imports, tests and the like left out. Of modules that import each other in a circle, and that
/// nobody else imports, those that no other of them imports at import time, else the first. A package is none if one of
/// its modules is: it starts with that.
pub fn not_imported(finder: &Finder<'_>) -> Vec<FileId> {
    let project = finder.project();
    let mut graph: DiGraph<FileId, ()> = DiGraph::new();
    for (id, _) in project.files() {
        graph.add_node(id);
    }
    let counts = |file: &FileIndex| !file.is_stub() && !is_apart(&file.path);
    let of_path: Vec<NodeIndex> = graph.node_indices().collect();
    let files: Vec<(FileId, &FileIndex)> = project.files().collect();
    let imported: Vec<Vec<FileId>> = files
        .par_iter()
        .map(|(id, file)| {
            let modules = file.imports.iter().filter(|_| counts(file));
            let mut imported: Vec<FileId> = modules.flat_map(|module| loaded(finder, file, module)).collect();
            imported.sort_unstable();
            imported.dedup();
            // A package is not imported by what is in it.
            let is_around = |other: &FileIndex| other.is_package && file.name.is_within(&other.name);
            imported.retain(|other| other != id && !is_around(project.file(*other)));
            imported
        })
        .collect();
    for (number, imported) in imported.into_iter().enumerate() {
        for other in imported {
            graph.add_edge(of_path[number], of_path[other.index()], ());
        }
    }
    let components = kosaraju_scc(&graph);
    let mut component_of = vec![0; graph.node_count()];
    for (number, component) in components.iter().enumerate() {
        component.iter().for_each(|node| component_of[node.index()] = number);
    }
    let mut found: Vec<FileId> = Vec::new();
    for (number, component) in components.iter().enumerate() {
        let from_outside = |edge: EdgeReference<'_, ()>| component_of[edge.source().index()] != number;
        let imported = component.iter().any(|node| graph.edges_directed(*node, Incoming).any(from_outside));
        let mut members: Vec<FileId> = component.iter().map(|node| graph[*node]).collect();
        members.sort();
        if !imported {
            found.extend(starts_of(finder, &members));
        }
    }
    found.retain(|id| counts(project.file(*id)));
    found.sort();
    let above = |id: &FileId| project.file(*id).name.heads().skip(1);
    let around: HashSet<&str> = found.iter().flat_map(above).collect();
    found.retain(|id| !(project.file(*id).is_package && around.contains(project.file(*id).name.as_str())));
    found
}

/// The file that a name means and the packages around it.
fn loaded(finder: &Finder<'_>, importer: &FileIndex, module: &ModuleName) -> Vec<FileId> {
    let mut files: Vec<FileId> = finder.find(importer, module).into_iter().collect();
    while let Some(package) = files.last().and_then(|id| finder.package_of(finder.project().file(*id))) {
        files.push(package);
    }
    files
}

fn starts_of(finder: &Finder<'_>, circle: &[FileId]) -> Vec<FileId> {
    let [_, _, ..] = circle else { return circle.to_vec() };
    let mut imported = BTreeSet::new();
    for id in circle {
        let file = finder.project().file(*id);
        for edge in &file.edges {
            let target = finder.find(file, &edge.target.dotted()).or_else(|| finder.find(file, &edge.target.module));
            imported.extend(target.filter(|target| target != id));
        }
    }
    let starts: Vec<FileId> = circle.iter().copied().filter(|id| !imported.contains(id)).collect();
    if starts.is_empty() { circle[..1].to_vec() } else { starts }
}

/// Files that import the program without being its start.
pub fn is_apart(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_test_file(path)
        || matches!(name, "conftest.py" | "setup.py" | "noxfile.py")
        || path == "docs/conf.py"
        || path.ends_with("/docs/conf.py")
        || path == "doc/conf.py"
        || path.ends_with("/doc/conf.py")
        || path == "docs/source/conf.py"
}
