//! Where questions lead from one file to another: along imports, along names, along decorators and bases.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::rules::Rule;
use super::{FileId, FileIndex, Relevance, Start, words};
use crate::name::ModuleName;
use crate::project::index::Meaning;
use crate::project::lookup::MOST_NAMES;
use crate::project::{ReadKind, ScanKind};

impl Relevance<'_> {
    /// What a file that was read makes of others.
    pub(super) fn regard(&mut self, position: usize, index: &FileIndex) {
        let patches = |kind| matches!(kind, ReadKind::Through(Some(_)));
        let concerned = index.reads.iter().filter(|read| patches(read.kind) && self.bound.contains(&read.name));
        if concerned.into_iter().any(|read| self.subjects.has(&read.module)) {
            // Whether the test loads the module before it patches.
            self.is_passed[position] = true;
            let fixtures: BTreeSet<&SmolStr> =
                index.patches.iter().filter_map(|patch| patch.fixture.as_ref()).collect();
            fixtures.into_iter().for_each(|fixture| self.rules.add(fixture, Rule::Anywhere));
        }
        // Whether it has loaded itself what it asks `sys.modules` for.
        let last = |module: &str| module.rsplit('.').next().is_some_and(|last| self.asked_for.contains(last));
        self.is_passed[position] |= index.probes.iter().any(|(module, _)| last(module));
        let keeps = |module: &ModuleName| match module.as_str().strip_suffix('*') {
            // Anything at all is looked into by nobody.
            Some("") => false,
            Some(head) => self.subjects.begin(head),
            None => self.subjects.has(module),
        };
        let takes = |kind| index.scans.iter().any(|scan| scan.kind == kind && keeps(&scan.module));
        let (kept, named) = (takes(ScanKind::Kept), takes(ScanKind::Named));
        if kept && !std::mem::replace(&mut self.asks_loosely, true) {
            self.bound.iter().for_each(|name| self.rules.add(name, Rule::Loose));
        }
        if named && !std::mem::replace(&mut self.asks_strings, true) {
            self.bound.iter().for_each(|name| self.rules.add(name, Rule::Quoted));
        }
    }

    /// Follows imports to files whose effects matter when they are loaded.
    pub(super) fn follow<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let mut queue: Vec<usize> =
            (0..self.files.len()).filter(|at| self.is_followed[*at] || self.loaded[*at]).collect();
        while let Some(position) = queue.pop() {
            let Some(index) = index_of(position) else { continue };
            if std::mem::replace(&mut self.is_walked[position], true) {
                continue;
            }
            let classes = index.classes.iter().flat_map(|class| class.bases.iter().chain(&class.metaclass));
            let modules: Vec<ModuleName> = loads(index).chain(classes.flat_map(ModuleName::with_parents)).collect();
            for module in modules {
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
        }
    }

    /// Follows imports to files of which it matters only that they are loaded: from files that use a submodule without
    /// importing it, ask `sys.modules`, or patch, and from imports under another `sys.path`. `known` are files whose imports
    /// are known. Tests and the like are passed by the start-up if the program loads them.
    pub fn pass(&mut self, known: &[(usize, &FileIndex)]) {
        let users = self.needs.iter().filter(|(number, _)| self.provided.contains(number)).flat_map(|(_, users)| users);
        let users: Vec<FileId> = users.copied().collect();
        users.into_iter().for_each(|id| self.is_passed[id.index()] = true);
        let windows = known.iter().flat_map(|(_, index)| &index.process.windows);
        let mut modules: Vec<ModuleName> = windows.flat_map(|window| window.module.with_parents()).collect();
        loop {
            for module in std::mem::take(&mut modules) {
                if !self.passed.insert(module.clone()) {
                    continue;
                }
                for id in self.names.files_of(&module).collect::<Vec<_>>() {
                    self.leads[id.index()] = true;
                    self.is_passed[id.index()] = true;
                    self.may_hide(id, &module);
                }
            }
            for (position, index) in known {
                if self.is_passed[*position] && !std::mem::replace(&mut self.is_done[*position], true) {
                    modules.extend(loads(index));
                }
            }
            if modules.is_empty() {
                break;
            }
        }
        // What no start passes is not asked about.
        let is_told = self.files.iter().any(|file| file.start != Start::Untold);
        if !is_told || (0..self.files.len()).all(|at| self.leads[at] || !self.leading[at]) {
            return;
        }
        for (position, index) in known.iter().filter(|(at, _)| self.leading[*at]) {
            if std::mem::replace(&mut self.is_told[*position], true) {
                continue;
            }
            for module in &index.imports {
                let mut around = Some(module.clone());
                while let Some(name) = around.filter(|name| self.started.insert(name.clone())) {
                    let files = self.names.files_of(&name);
                    files.for_each(|id| self.leads[id.index()] |= self.leading[id.index()]);
                    around = name.parent();
                }
            }
        }
    }

    /// A package that has a name of its own for a submodule hides it; only its tree tells.
    fn may_hide(&mut self, submodule: FileId, module: &ModuleName) {
        let Some(package) = module.parent() else { return };
        let last = self.names.file(submodule).name.last();
        for id in self.names.files_of(&package) {
            self.matters[id.index()] |= words::names_beside_imports(self.files[id.index()].text, last);
        }
    }

    /// The packages and modules on the way of names by which something is read that is asked about, and of what second names
    /// stand for: they say what these mean.
    pub(super) fn resolve<'i>(&mut self, index_of: &(impl Fn(usize) -> Option<&'i FileIndex> + Sync)) {
        let spelled: Vec<&ModuleName> = (0..self.files.len())
            .into_par_iter()
            .filter_map(index_of)
            .flat_map_iter(|index| {
                let subjects = &self.subjects;
                let reads = index.reads.iter().filter(|read| subjects.are_asked_for(&read.module, &read.name));
                let others = index.scans.iter().map(|scan| &scan.module).chain(index.stars.iter().map(|star| &star.0));
                let others = others.chain(index.bound.iter().map(|bound| &bound.1));
                let others = others.filter(|module| subjects.ends(module));
                reads.map(|read| &read.module).chain(others).filter(|module| !self.resolved.contains(*module))
            })
            .collect();
        for module in spelled.into_iter().collect::<HashSet<_>>() {
            self.meanings(module, index_of);
        }
    }

    /// What a module may be that is spelled so is asked of whoever could tell: they matter.
    fn meanings<'i>(&mut self, module: &ModuleName, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        let mut open = vec![module.clone()];
        let mut seen: HashSet<ModuleName> = HashSet::default();
        let mut is_all = true;
        while let Some(module) = open.pop() {
            if seen.len() > MOST_NAMES || !seen.insert(module.clone()) {
                continue;
            }
            let parts: Vec<&str> = module.as_str().split('.').collect();
            for package in module.with_parents().skip(1) {
                let end = package.as_str().split('.').count();
                let (part, rest) = (parts[end], &parts[end + 1..]);
                for id in self.names.files_of(&package).collect::<Vec<_>>() {
                    self.matters[id.index()] = true;
                    let Some(index) = index_of(id.index()) else {
                        is_all = false;
                        continue;
                    };
                    let meant = index.bound_to(part);
                    open.extend(meant.map(|target| rest.iter().fold(target.clone(), |name, part| name.join(part))));
                }
            }
        }
        if is_all {
            self.resolved.insert(module.clone());
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
        let mut seen: HashSet<ModuleName> = HashSet::default();
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

/// The modules that a file may load, with the packages around them and around the file.
fn loads(index: &FileIndex) -> impl Iterator<Item = ModuleName> {
    let imports = index.imports.iter().flat_map(ModuleName::with_parents);
    let edges = index.edges.iter().flat_map(|edge| edge.target.dotted().with_parents());
    imports.chain(edges).chain(index.name.with_parents().skip(1))
}
