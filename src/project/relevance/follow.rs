//! Where questions lead from one file to another: along imports, along names, along decorators and bases.

use std::collections::{BTreeSet, HashSet};

use smol_str::SmolStr;

use super::rules::Rule;
use super::{FileId, FileIndex, Relevance};
use crate::name::ModuleName;
use crate::project::index::Meaning;
use crate::project::{ReadKind, ScanKind};

impl Relevance<'_> {
    /// What a file that was read makes of others.
    pub(super) fn regard(&mut self, position: usize, index: &FileIndex) {
        let is_vague = |module: &ModuleName| module.as_str().ends_with('*');
        let patches = |kind| matches!(kind, ReadKind::Through(Some(_)));
        let concerned = index.reads.iter().filter(|read| patches(read.kind) && self.bound.contains(&read.name));
        if concerned.into_iter().any(|read| self.looked_for.has(&read.module) || self.subjects.has(&read.module)) {
            // Whether the test loads the module before it patches.
            self.is_followed[position] = true;
            let fixtures: BTreeSet<&SmolStr> =
                index.patches.iter().filter_map(|patch| patch.fixture.as_ref()).collect();
            fixtures.into_iter().for_each(|fixture| self.rules.add(fixture, Rule::Anywhere));
        }
        // Whether it has loaded itself what it asks `sys.modules` for.
        let last = |module: &str| module.rsplit('.').next().is_some_and(|last| self.asked_for.contains(last));
        self.is_followed[position] |= index.probes.iter().any(|(module, _)| last(module));
        let keeps =
            |module: &ModuleName| is_vague(module) || self.looked_for.has(module) || self.subjects.has(module);
        let kept = index.scans.iter().any(|scan| scan.kind == ScanKind::Kept && keeps(&scan.module));
        if kept && !std::mem::replace(&mut self.asks_loosely, true) {
            self.bound.iter().for_each(|name| self.rules.add(name, Rule::Loose));
        }
    }

    /// Follows imports of files where a question goes that way.
    pub(super) fn follow<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let users: Vec<FileId> = self
            .needs
            .iter()
            .filter(|(number, _)| self.provided.contains(number))
            .flat_map(|(_, users)| users.clone())
            .collect();
        users.into_iter().for_each(|id| self.is_followed[id.index()] = true);
        let mut queue: Vec<usize> =
            (0..self.files.len()).filter(|at| self.is_followed[*at] || self.loaded[*at]).collect();
        let windows = (0..self.files.len()).filter_map(index_of).flat_map(|index| &index.process.windows);
        let mut modules: Vec<ModuleName> = windows.flat_map(|window| window.module.with_parents()).collect();
        loop {
            for module in std::mem::take(&mut modules) {
                if !self.followed.insert(module.clone()) {
                    continue;
                }
                for id in self.names.files_of(&module) {
                    self.matters[id.index()] = true;
                    if !std::mem::replace(&mut self.loaded[id.index()], true) {
                        queue.push(id.index());
                    }
                }
            }
            let Some(position) = queue.pop() else { return };
            let Some(index) = index_of(position) else { continue };
            modules.extend(index.imports.iter().flat_map(ModuleName::with_parents));
            modules.extend(index.edges.iter().flat_map(|edge| edge.target.dotted().with_parents()));
            let classes = index.classes.iter().flat_map(|class| class.bases.iter().chain(&class.metaclass));
            modules.extend(classes.flat_map(ModuleName::with_parents));
            let around: Vec<ModuleName> = index.name.with_parents().skip(1).collect();
            modules.extend(around);
        }
    }

    /// What names lead to by which something is read that is asked about: the packages and modules on their way say it.
    pub(super) fn resolve<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let mut open: Vec<ModuleName> = Vec::new();
        let ends = |module: &ModuleName| self.subjects.ends(module);
        for index in (0..self.files.len()).filter_map(index_of) {
            let reads = index.reads.iter().filter(|read| self.bound.contains(&read.name)).map(|read| &read.module);
            let scans = index.scans.iter().map(|scan| &scan.module);
            let stars = index.stars.iter().map(|(module, _)| module);
            open.extend(reads.chain(scans).chain(stars).filter(|module| ends(module)).cloned());
        }
        let mut seen: HashSet<ModuleName> = HashSet::new();
        while let Some(module) = open.pop() {
            if !seen.insert(module.clone()) {
                continue;
            }
            let parts: Vec<&str> = module.as_str().split('.').collect();
            for package in module.with_parents().skip(1) {
                let (part, rest) = {
                    let end = package.as_str().split('.').count();
                    (parts[end], &parts[end + 1..])
                };
                for id in self.names.files_of(&package).collect::<Vec<_>>() {
                    self.matters[id.index()] = true;
                    let Some(index) = index_of(id.index()) else { continue };
                    let meant = index.bound_to(part);
                    open.extend(meant.map(|target| rest.iter().fold(target.clone(), |name, part| name.join(part))));
                }
            }
        }
    }

    /// Decorators, bases and whoever evaluates annotations of something, to where the names are defined.
    pub(super) fn follow_hints<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        if !self.asks_hints {
            return;
        }
        let mut open: Vec<ModuleName> = self.annotated.around.iter().cloned().collect();
        let evaluations = (0..self.files.len()).filter_map(index_of).flat_map(|index| &index.hints.evaluations);
        open.extend(evaluations.filter_map(|evaluation| evaluation.of.clone()));
        let mut seen: HashSet<ModuleName> = HashSet::new();
        while let Some(dotted) = open.pop() {
            if !seen.insert(dotted.clone()) {
                continue;
            }
            let home = dotted.with_parents().find(|module| self.names.files_of(module).next().is_some());
            let Some(home) = home else { continue };
            let mut rest = dotted.as_str()[home.as_str().len()..].split('.').filter(|part| !part.is_empty());
            let Some(name) = rest.next() else { continue };
            let rest: Vec<&str> = rest.collect();
            let follow = |target: &ModuleName| rest.iter().fold(target.clone(), |name, part| name.join(part));
            for id in self.names.files_of(&home).collect::<Vec<_>>() {
                self.matters[id.index()] = true;
                let Some(index) = index_of(id.index()) else { continue };
                match index.hints.names.get(name) {
                    Some(Meaning::Imported(target)) => open.push(follow(target)),
                    Some(Meaning::Function(decorators)) => open.extend(decorators.iter().flatten().cloned()),
                    Some(Meaning::Class(shape)) => open.extend(shape.around.iter().flatten().cloned()),
                    Some(Meaning::Made(callee)) => open.extend(callee.clone()),
                    Some(Meaning::Other) | None => {}
                }
            }
        }
    }
}
