//! Which files can matter to a run, told before they are parsed: by their words, then by what was read of other files.
//!
//! # Why it is sound
//!
//! The project is asked about imports of configured modules in *subjects*, files that the run may change. An answer depends
//! on a file only if one of these holds of it:
//!
//! 1. *It may import a configured module*, or is within one by its path. Every component of the module's name is a word of
//!    an import statement, or of the file's own path where dots stand for that ([`Imports`]).
//! 2. *It names such a file, or what a subject imports*, to read a name of it, patch it, star-import it or hand it on. Then
//!    it spells the last component of the name where a part of a module's name can stand, and the one before it, or begins
//!    with the last. Names by which parsed files call a module are further names to look for, to any depth.
//! 3. *A subject loads it*, itself or through others: it has effects then, or says what a name means. Followed are imports
//!    of parsed files, where a question goes that way: of what a subject imports if that is of the project, of subjects whose
//!    annotations name an import, of files that use a submodule without importing it, of tests that patch.
//! 4. *It says something of what an import binds*: the words of a submodule and its package, of a module and its member, or
//!    the bound name in a patch target that is computed.
//! 5. *It holds a fact that names nothing*: a hook of the import system, a change of `sys.path`, `__subclasses__`, a module
//!    imported by a computed name ([`Triggers`]); where annotations are asked about, whoever evaluates some. Of facts of which
//!    the first one is told, files are parsed in their order until it is found.
//! 6. *It leads to a configured module*, where start-up is told: importers of files of the first kind, their importers and so
//!    on, and modules of packages that lead there. Tests and the like are among them only if one of those loads them.
//!
//! A stub matters with its module, and a package with the subjects in it. What is left out is left out as a whole: the
//! project has every file by its name, and of a file either all that the index reads or nothing. So a fault in the syntax of
//! a file that cannot matter is not found. Two things are left to chance: names whose short hashes are the same make a
//! refusal more in the whole project only, and of more than thirty-two second names of one module some are not followed.

mod asked;
mod glance;
mod leading;
mod names;
mod rules;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;
use smol_str::SmolStr;

use super::hints::libraries;
use super::index::{hash, reads_annotations_by};
use super::lookup::spellings;
use super::{FREEZERS, FileId, FileIndex, Project, ReadKind, ScanKind};
use crate::name::ModuleName;
use names::LookedFor;
use rules::{Rule, Rules};

pub use asked::Asked;
pub use glance::{Glance, Triggers};
pub use words::Imports;

/// A file before it is parsed.
#[derive(Debug, Clone, Copy)]
pub struct Unread<'a> {
    pub path: &'a str,
    pub text: &'a str,
    /// Whether a start-up is told of it or through it.
    pub start: Start,
}

/// What a file is to the start-up of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing is told of start-up.
    Untold,
    /// A test or the like: only if the program loads it.
    Apart,
    Part,
    /// It is told whether a start that is not of the run loads it.
    Wanted,
}

/// Which files matter, as far as it is known yet.
pub struct Relevance<'a> {
    files: &'a [Unread<'a>],
    imports: Vec<Imports>,
    /// Every file by its name.
    names: Project,
    matters: Vec<bool>,
    leading: Vec<bool>,
    /// Files that something loads that is asked about.
    loaded: Vec<bool>,
    followed: HashSet<ModuleName>,
    looked_for: LookedFor,
    rules: Rules,
    bound: BTreeSet<SmolStr>,
    asks_loosely: bool,
    asks_hints: bool,
    /// Functions and classes with annotations in question.
    annotated: BTreeSet<SmolStr>,
    /// Submodules that may be used without an import of their own, and who uses which.
    provided: HashSet<u32>,
    needs: HashMap<u32, Vec<FileId>>,
    /// Files whose imports are followed.
    is_followed: Vec<bool>,
    is_everything: bool,
}

impl<'a> Relevance<'a> {
    /// What words alone tell. `files` are in the order of the ids; `configured` are the modules that any configuration
    /// judges.
    pub fn new(files: &'a [Unread<'a>], names: Project, configured: &[ModuleName]) -> Relevance<'a> {
        let triggers = Triggers::default();
        let first: Vec<(Imports, bool)> = files
            .par_iter()
            .zip(&names.files)
            .map(|(file, index)| (Imports::of(file.text, &index.name), triggers.stand_in(file.text)))
            .collect();
        let (imports, triggered): (Vec<Imports>, Vec<bool>) = first.into_iter().unzip();
        let mut relevance = Relevance::with(files, names, imports, false);
        let own = relevance.importing(configured);
        for position in 0..files.len() {
            let is_setup = files[position].path.rsplit('/').next() == Some("setup.py");
            let freezes = FREEZERS.iter().any(|name| relevance.imports[position].has(hash(name)));
            relevance.matters[position] = own[position] || triggered[position] || is_setup || freezes;
        }
        for position in (0..files.len()).filter(|position| own[*position]) {
            let id = FileId(position as u32);
            let name = relevance.names.file(id).name.clone();
            relevance.packages_around(&name);
            relevance.look_for(&name);
            if let Some(stub) = relevance.names.find(&format!("{}i", files[position].path)) {
                relevance.matters[stub.index()] = true;
                relevance.is_followed[stub.index()] = true;
            }
        }
        let seeds = (0..files.len()).filter(|at| own[*at] || triggered[*at] || files[*at].start == Start::Wanted);
        relevance.lead(seeds.collect());
        relevance.search();
        relevance
    }

    /// Every file matters.
    pub fn everything(files: &'a [Unread<'a>], names: Project) -> Relevance<'a> {
        let imports = files.iter().map(|_| Imports::default()).collect();
        let mut relevance = Relevance::with(files, names, imports, true);
        relevance.matters.fill(true);
        relevance
    }

    fn with(files: &'a [Unread<'a>], names: Project, imports: Vec<Imports>, is_everything: bool) -> Relevance<'a> {
        let none = || vec![false; files.len()];
        Relevance {
            files,
            imports,
            names,
            matters: none(),
            leading: none(),
            loaded: none(),
            followed: HashSet::new(),
            looked_for: LookedFor::default(),
            rules: Rules::default(),
            bound: BTreeSet::new(),
            asks_loosely: false,
            asks_hints: false,
            annotated: BTreeSet::new(),
            provided: HashSet::new(),
            needs: HashMap::new(),
            is_followed: none(),
            is_everything,
        }
    }

    pub fn matters(&self, position: usize) -> bool {
        self.matters[position]
    }

    /// Takes in what was read of more files; of subjects also what is asked about them. `index_of` gives what has been read
    /// of a file.
    pub fn learn<'i>(
        &mut self,
        fresh: &[(usize, &'i FileIndex, Option<&Asked>)],
        index_of: impl Fn(usize) -> Option<&'i FileIndex>,
    ) {
        if self.is_everything {
            return;
        }
        for (position, index, asked) in fresh {
            if let Some(asked) = asked {
                self.ask(*position, asked);
            }
            for need in &index.needs {
                self.needs.entry(need.number).or_default().push(FileId(*position as u32));
            }
        }
        if self.matters.iter().all(|matters| *matters) {
            return;
        }
        if self.asks_hints {
            // Whether anybody gives text to a file that evaluates some.
            let evaluators = (0..self.files.len()).filter_map(&index_of).filter(|index| index.hints.evals);
            evaluators.for_each(|index| self.look_for(&index.name));
        }
        // Names may be found in any order.
        let mut known = None;
        while known != Some(self.looked_for.names.len()) {
            known = Some(self.looked_for.names.len());
            for position in 0..self.files.len() {
                if let Some(index) = index_of(position) {
                    self.second_names(index);
                }
            }
        }
        for position in 0..self.files.len() {
            if let Some(index) = index_of(position) {
                self.regard(position, index);
            }
        }
        self.follow(&index_of);
        self.search();
        if self.asks_hints {
            self.find_first(&index_of);
        }
    }

    /// Files that may import a configured module, and those within one.
    fn importing(&self, configured: &[ModuleName]) -> Vec<bool> {
        let keys: HashSet<&str> = configured.iter().map(ModuleName::as_str).collect();
        let is_within = |name: &str| {
            let ends = || name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
            let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
            starts.into_iter().any(|start| ends().any(|end| start < end && keys.contains(&name[start..end])))
        };
        let importing = self.names.files.par_iter().zip(&self.imports).map(|(file, imports)| {
            is_within(file.name.as_str()) || configured.iter().any(|module| imports.may_import(module))
        });
        importing.collect()
    }

    fn packages_around(&mut self, name: &ModuleName) {
        for around in name.with_parents() {
            for id in self.names.packages.get(around.as_str()).into_iter().flatten() {
                self.matters[id.index()] = true;
            }
        }
    }

    /// Starts looking for who calls a module so.
    fn look_for(&mut self, name: &ModuleName) {
        if !self.looked_for.add(name) {
            return;
        }
        let parts: Vec<&str> = name.as_str().split('.').collect();
        let parent = parts.len().checked_sub(2).map(|at| SmolStr::new(parts[at]));
        self.rules.add(name.last(), Rule::Named { parent: parent.clone() });
        if let Some(parent) = parent {
            self.rules.add(&parent, Rule::Renamed);
        }
        for pair in parts.windows(2) {
            self.rules.add(pair[1], Rule::BoundIn(SmolStr::new(pair[0])));
        }
    }

    /// Names that the module's body has for what is looked for.
    fn second_names(&mut self, index: &FileIndex) {
        for (bound, module) in &index.bound {
            let own = index.name.join(bound);
            if self.looked_for.has(module) {
                self.look_for(&own);
            }
            // `import package as p`, and `p.module` is looked for.
            if bound != module.last() {
                let inside: Vec<ModuleName> =
                    self.looked_for.inside(module).map(|name| own.join(name.last())).collect();
                inside.iter().for_each(|name| self.look_for(name));
            }
        }
    }

    /// What is asked about the imports of a subject.
    fn ask(&mut self, position: usize, asked: &Asked) {
        for name in asked.bound.iter().filter(|name| !self.bound.contains(*name)).cloned().collect::<Vec<_>>() {
            self.rules.add(&name, Rule::Patched);
            if self.asks_loosely {
                self.rules.add(&name, Rule::Attribute);
            }
            self.bound.insert(name);
        }
        for target in &asked.targets {
            let dotted = target.dotted();
            if let Some(member) = &target.member {
                self.rules.add(member, Rule::With(SmolStr::new(target.module.last())));
            }
            for module in dotted.with_parents() {
                let homes: Vec<FileId> = self.names.files_of(&module).collect();
                self.is_followed[position] |= !homes.is_empty();
                for id in homes {
                    let home = self.names.file(id).name.clone();
                    self.matters[id.index()] = true;
                    self.is_followed[id.index()] = true;
                    self.provided.extend(spellings(&home));
                    if module.is_within(&target.module) {
                        self.look_for(&home);
                    }
                }
                if let Some(parent) = module.parent() {
                    self.rules.add(module.last(), Rule::With(SmolStr::new(parent.last())));
                    self.provided.extend(spellings(&module));
                }
            }
        }
        if let Some(annotated) = &asked.annotated {
            self.asks_hints = true;
            self.is_followed[position] = true;
            for name in annotated.iter().filter(|name| !self.annotated.contains(*name)).cloned().collect::<Vec<_>>() {
                self.rules.add(&name, Rule::First);
                self.annotated.insert(name);
            }
        }
        if self.asks_hints {
            for (word, other) in reads_annotations_by() {
                self.rules.add(word, other.map_or(Rule::Anywhere, |other| Rule::With(SmolStr::new(other))));
            }
        }
    }

    /// What a file that was read makes of others.
    fn regard(&mut self, position: usize, index: &FileIndex) {
        let is_vague = |module: &ModuleName| module.as_str().ends_with('*');
        let patches = |kind| matches!(kind, ReadKind::Through(Some(_)));
        let concerned = index.reads.iter().filter(|read| patches(read.kind) && self.bound.contains(&read.name));
        if concerned.into_iter().any(|read| self.looked_for.has(&read.module)) {
            // Whether the test loads the module before it patches.
            self.is_followed[position] = true;
            let fixtures: BTreeSet<&SmolStr> =
                index.patches.iter().filter_map(|patch| patch.fixture.as_ref()).collect();
            fixtures.into_iter().for_each(|fixture| self.rules.add(fixture, Rule::Anywhere));
        }
        // Whether it has loaded itself what it asks `sys.modules` for.
        self.is_followed[position] |= !index.probes.is_empty();
        let keeps = |module: &ModuleName| is_vague(module) || self.looked_for.has(module);
        let kept = index.scans.iter().any(|scan| scan.kind == ScanKind::Kept && keeps(&scan.module));
        if kept && !std::mem::replace(&mut self.asks_loosely, true) {
            self.bound.iter().for_each(|name| self.rules.add(name, Rule::Attribute));
        }
        if self.leading[position] {
            let loaded = index.imports.iter().flat_map(ModuleName::with_parents).collect::<BTreeSet<ModuleName>>();
            for id in loaded.iter().flat_map(|module| self.names.files_of(module)).collect::<Vec<_>>() {
                self.matters[id.index()] |= self.leading[id.index()];
            }
        }
    }

    /// Follows imports of files where a question goes that way.
    fn follow<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
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

    /// Looks for what is new in files that do not matter yet.
    fn search(&mut self) {
        let Some(search) = self.rules.take() else { return };
        let found: Vec<Vec<SmolStr>> = (0..self.files.len())
            .into_par_iter()
            .map(|at| {
                let file = rules::Searched {
                    text: self.files[at].text,
                    name: &self.names.files[at].name,
                    imports: &self.imports[at],
                };
                if self.matters[at] { Vec::new() } else { search.in_file(&file) }
            })
            .collect();
        for (at, words) in found.into_iter().enumerate() {
            for word in words {
                match word.as_str() {
                    "" => self.matters[at] = true,
                    _ => self.rules.first.entry(word).or_default().push(at),
                }
            }
        }
    }

    /// Of facts of which the first is told, the next files that may hold it.
    fn find_first<'i>(&mut self, index_of: &impl Fn(usize) -> Option<&'i FileIndex>) {
        const AT_ONCE: usize = 16;
        let uses = |index: &FileIndex| self.names.hint_library(index).is_some() || index.hints.dispatches;
        let user = (0..self.files.len()).find(|at| index_of(*at).is_some_and(uses));
        let may_use = |at: &usize| {
            let imports = &self.imports[*at];
            libraries::readers().iter().any(|name| imports.begins_with(hash(name)))
        };
        let before = user.unwrap_or(self.files.len());
        let open = |at: &usize| index_of(*at).is_none() && !self.matters[*at];
        let next: Vec<usize> = (0..before).filter(|at| open(at) && may_use(at)).take(AT_ONCE).collect();
        let mut wanted = next;
        if user.is_some() {
            let mut handed: BTreeMap<&SmolStr, usize> = BTreeMap::new();
            for at in 0..self.files.len() {
                let Some(index) = index_of(at) else { continue };
                for name in self.annotated.iter().filter(|name| index.hints.handed_on.contains_key(*name)) {
                    handed.entry(name).or_insert(at);
                }
            }
            for name in &self.annotated {
                let before = handed.get(name).copied().unwrap_or(self.files.len());
                let holding = self.rules.first.get(name).into_iter().flatten().copied();
                wanted.extend(holding.filter(|at| *at < before && open(at)).take(AT_ONCE));
            }
        }
        wanted.into_iter().for_each(|at| self.matters[at] = true);
    }
}
