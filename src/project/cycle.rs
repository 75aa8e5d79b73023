//! Import cycles: whether a module reaches another through imports that run at import time. Decides nothing.

use std::collections::{BTreeMap, VecDeque};

use super::{FileId, Project};
use crate::name::ModuleName;
use crate::text::LineColumn;

/// One import on the way: the file, and the place of the import in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub path: String,
    pub place: LineColumn,
}

/// Breadth first, so that the shortest chain is shown. Importing `a.b.c` runs `a` and `a.b` as well.
pub(super) fn find(project: &Project, home: FileId, target: &ModuleName) -> Option<Vec<Step>> {
    let mut came_from: BTreeMap<FileId, Option<(FileId, LineColumn)>> = BTreeMap::new();
    let mut queue = VecDeque::new();
    // Packages around `home` are being loaded already when it runs.
    let around = |id: &FileId| {
        let file = project.file(*id);
        file.is_package && *id != home && project.file(home).name.is_within(&file.name)
    };
    for id in with_parents(project, target).into_iter().filter(|id| !around(id)) {
        if came_from.insert(id, None).is_none() {
            queue.push_back(id);
        }
    }
    while let Some(id) = queue.pop_front() {
        if id == home {
            return Some(chain(project, &came_from, home));
        }
        for edge in &project.file(id).edges {
            for next in with_parents(project, &edge.module).into_iter().filter(|next| !around(next)) {
                came_from.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    Some((id, edge.place))
                });
            }
        }
    }
    None
}

fn with_parents(project: &Project, module: &ModuleName) -> Vec<FileId> {
    let mut files = Vec::new();
    let mut current = Some(module.clone());
    while let Some(name) = current {
        files.extend(project.files_of(&name));
        current = name.parent();
    }
    files
}

fn chain(project: &Project, came_from: &BTreeMap<FileId, Option<(FileId, LineColumn)>>, home: FileId) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut current = home;
    while let Some(Some((previous, place))) = came_from.get(&current) {
        steps.push(Step { path: project.file(*previous).path.clone(), place: *place });
        current = *previous;
    }
    steps.reverse();
    steps
}
