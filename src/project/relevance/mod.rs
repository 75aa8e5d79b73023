//! Which files can matter to a run, told before they are parsed: by their words, then by what was read of other files.
//!
//! # Why it is sound
//!
//! The project is asked about imports of configured modules in *subjects*, files that the run may change. An answer depends
//! on a file only if one of these holds of it:
//!
//! 1. *It may import a configured module*, or is within one by its path. Every component of the module's name is a word of
//!    an import statement, or of the file's own path where dots stand for that ([`Imports`]).
//! 2. *It names a subject, or a foreign module that a subject takes a name from*, to read or patch that name, to star-import the
//!    subject or to hand it on. Then it spells the last word of a name of that module in one of these places, and the name
//!    that is asked about beside it, or it takes the module as a whole ([`Subjects`]):
//!    - in an import, behind its package or whoever else has it by this name; or first, where it may lie at a root;
//!    - in a string;
//!    - as an attribute of something that may be one of these. Names by which modules may be had are told from imports,
//!      and from what names get ([`Flow`](flow::Flow)), also over several files ([`ModuleWords`]).
//!
//!    Who has the module by its own name is told by the words of imports; other names are read in files that take it as a
//!    whole, as such a file matters. Files through which a name leads that is read matter. Of what a subject imports, if that is of
//!    the project, anything may be read.
//! 3. *A subject loads it*, itself or through others: it has effects then. Followed are imports of parsed files, where a
//!    question goes that way: of what a subject imports if that is of the project, of files that use a submodule without
//!    importing it, of tests that patch. Where annotations name an import, decorators and bases are followed to their
//!    definitions, by name.
//! 4. *It says something of what an import binds*: the words of a submodule and its package, of a module and its member, or
//!    the bound name in a patch target that is computed; in a string of names, where somebody computes both a module and a
//!    name of it.
//! 5. *It holds a fact that names nothing*: a hook of the import system, a change of `sys.path`, `__subclasses__`, a module
//!    imported by a computed name ([`Triggers`]); where annotations are asked about, whoever evaluates some. Of facts of which
//!    the first one is told, files are parsed in their order until it is found.
//! 6. *It leads to a configured module*, where start-up is told: importers of files of the first kind, their importers and so
//!    on, and modules of packages that lead there. Tests and the like are among them only if one of those loads them.
//!
//! Of files of the last kind, and of those that are merely loaded by somebody who is asked about, nothing matters but what
//! they import: that is read from their lines ([`FileIndex::outline`]), without a tree where the lines tell it.
//!
//! A stub matters with its module, and a package with the subjects in it. What is left out is left out as a whole: the
//! project has every file by its name, and of a file all that the index reads, or its imports, or nothing. So a fault in the
//! syntax of a file is not found where no tree of it is asked for; where no text holds the last word of a configured module's
//! name, nothing of any file matters. Two things are left to chance: that two words of one
//! import share a short hash, and of more than thirty-two second names of one module some are not followed.

mod asked;
mod called;
mod first;
mod flow;
mod follow;
mod glance;
mod imports;
mod leading;
mod lookout;
mod modules;
mod names;
mod occurrence;
mod rules;
mod statements;
mod vocabulary;
mod words;

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::hints::libraries;
use super::index::{hash, loaders, reads_annotations_by};
use super::lookup::spellings;
use super::{FREEZERS, FileId, FileIndex, ImportTarget, Project};
use crate::name::ModuleName;
use called::texts;
use imports::Ending;
use modules::ModuleWords;
use names::{Names, Subjects};
use rules::{First, Found, Known, Rule, Rules, Searched, Shown};
use vocabulary::Vocabulary;
use words::without_mark;

pub use asked::{Annotated, Asked, Hints};
pub use glance::{Glance, Triggers};
pub use imports::Imports;
pub use lookout::Lookout;

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
    shown: Vec<Shown>,
    modules: ModuleWords,
    configured: HashSet<ModuleName>,
    /// Every file by its name.
    names: Project,
    matters: Vec<bool>,
    leading: Vec<bool>,
    /// Those of them that the start-up may pass.
    leads: Vec<bool>,
    /// Files that something loads that is asked about.
    loaded: Vec<bool>,
    followed: HashSet<ModuleName>,
    /// Modules of which something is asked about.
    subjects: Subjects,
    rules: Rules,
    bound: BTreeSet<SmolStr>,
    /// Last components of the modules that are asked about, and of the packages around them.
    asked_for: HashSet<SmolStr>,
    asks_loosely: bool,
    asks_strings: bool,
    asks_hints: bool,
    /// Functions and classes with annotations in question, and what stands around them.
    annotated: Annotated,
    /// Submodules that may be used without an import of their own, and who uses which.
    provided: HashSet<u32>,
    needs: HashMap<u32, Vec<FileId>>,
    /// Files whose imports are followed to what has effects; those of them, and of what they load, that were.
    is_followed: Vec<bool>,
    is_walked: Vec<bool>,
    /// Files whose imports are followed to what is loaded; those of them that were, and the modules on the way.
    is_passed: Vec<bool>,
    is_done: Vec<bool>,
    passed: HashSet<ModuleName>,
    /// Files whose imports were followed to what a start passes, and the modules on the way.
    is_told: Vec<bool>,
    started: HashSet<ModuleName>,
    /// Hashes of words, each with a file where an import may bind it. Sorted.
    binders: Vec<(u32, u32)>,
    /// By the hash of a word: files that were read, with other names, or the same, for what ends with it.
    bound_to: HashMap<u32, Vec<(usize, SmolStr, ModuleName)>>,
    /// Words that may stand for modules, and that were not looked for.
    new_words: Vec<u32>,
    /// Words of which subjects are known that were not followed to other names.
    open: BTreeSet<SmolStr>,
    /// Files with star imports.
    stars: Vec<usize>,
    /// Of what is spelled so, all is known.
    resolved: HashSet<ModuleName>,
    /// How many files are parsed at once of which one may be the first with some fact.
    at_once: usize,
    /// What is read of files makes no others matter.
    is_settled: bool,
}

impl<'a> Relevance<'a> {
    /// What words alone tell. `files` are in the order of the ids; `configured` are the modules that any configuration
    /// judges.
    pub fn new(files: &'a [Unread<'a>], names: Project, configured: &[ModuleName]) -> Relevance<'a> {
        let triggers = Triggers::default();
        let first: Vec<(Imports, bool)> = files
            .par_iter()
            .zip(&names.files)
            .map(|(file, index)| {
                let imports = Imports::of(without_mark(file.text), &index.name);
                let is_triggered = triggers.stand_in(file.text, &imports);
                (imports, is_triggered)
            })
            .collect();
        let (imports, triggered): (Vec<Imports>, Vec<bool>) = first.into_iter().unzip();
        let own = importing(configured, &names, &imports);
        // Where nobody imports a configured module, nobody asks about words.
        let is_asked = own.contains(&true);
        let words = |text| if is_asked { Vocabulary::of(without_mark(text)) } else { Vocabulary::default() };
        let shown = files.par_iter().zip(imports).map(|(file, imports)| Shown { imports, words: words(file.text) });
        let mut relevance = Relevance::with(files, names, shown.collect(), false);
        relevance.configured = configured.iter().cloned().collect();
        for position in 0..files.len() {
            let is_setup = files[position].path.rsplit('/').next() == Some("setup.py");
            let freezes = FREEZERS.iter().any(|name| relevance.shown[position].imports.has(hash(name)));
            relevance.matters[position] = own[position] || triggered[position] || is_setup || freezes;
        }
        for position in (0..files.len()).filter(|position| own[*position]) {
            let id = FileId(position as u32);
            let name = relevance.names.file(id).name.clone();
            relevance.packages_around(&name);
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

    /// Every file matters, whatever is read.
    pub fn everything(files: &'a [Unread<'a>], names: Project) -> Relevance<'a> {
        let shown = files.iter().map(|_| Shown::default()).collect();
        let mut relevance = Relevance::with(files, names, shown, true);
        relevance.matters.fill(true);
        relevance
    }

    fn with(files: &'a [Unread<'a>], names: Project, shown: Vec<Shown>, is_settled: bool) -> Relevance<'a> {
        let none = || vec![false; files.len()];
        let modules = names.files.iter().map(|file| &file.name);
        let modules = ModuleWords::new(modules, &texts(files, &shown));
        let bound = |at: usize| shown[at].imports.bound().map(move |word| (word, at as u32));
        let mut binders: Vec<(u32, u32)> = (0..files.len()).flat_map(bound).collect();
        binders.par_sort_unstable();
        let stars = (0..files.len()).filter(|at| shown[*at].imports.has_star).collect();
        Relevance {
            files,
            shown,
            modules,
            configured: HashSet::default(),
            names,
            matters: none(),
            leading: none(),
            leads: none(),
            loaded: none(),
            followed: HashSet::default(),
            subjects: Subjects::default(),
            rules: Rules::default(),
            bound: BTreeSet::new(),
            asked_for: HashSet::default(),
            asks_loosely: false,
            asks_strings: false,
            asks_hints: false,
            annotated: Annotated::default(),
            provided: HashSet::default(),
            needs: HashMap::default(),
            is_followed: none(),
            is_passed: none(),
            is_done: none(),
            passed: HashSet::default(),
            is_told: none(),
            started: HashSet::default(),
            binders,
            bound_to: HashMap::default(),
            new_words: Vec::new(),
            is_walked: none(),
            open: BTreeSet::new(),
            stars,
            resolved: HashSet::default(),
            at_once: first::AT_ONCE,
            is_settled,
        }
    }

    pub fn matters(&self, position: usize) -> bool {
        self.matters[position]
    }

    /// Whether it matters what the file imports, and nothing else of it.
    pub fn leads(&self, position: usize) -> bool {
        self.leads[position] && !self.matters[position]
    }

    /// Only the tree of the file tells what it imports.
    pub fn needs_tree(&mut self, position: usize) {
        self.matters[position] = true;
    }

    /// Takes in what was read of more files; of subjects also what is asked about them. `index_of` gives what has been read
    /// of a file.
    pub fn learn<'i>(
        &mut self,
        fresh: &[(usize, &'i FileIndex, Option<&Asked>)],
        index_of: impl Fn(usize) -> Option<&'i FileIndex> + Sync,
    ) {
        if self.is_settled {
            return;
        }
        let mut is_renewed = false;
        for (position, index, asked) in fresh {
            if let Some(asked) = asked {
                self.ask(*position, asked);
            }
            for need in &index.needs {
                self.needs.entry(need.number).or_default().push(FileId(*position as u32));
            }
            for (name, module) in &index.bound {
                let found = self.bound_to.entry(hash(module.last())).or_default();
                found.push((*position, name.clone(), module.clone()));
                if self.subjects.ends(module) {
                    self.open.insert(SmolStr::new(module.last()));
                }
                // What the text does not show: what is taken by a string, for one.
                let is_new = self.modules.give(hash(name), hash(module.last()));
                let is_module = self.modules.has(hash(module.last()));
                is_renewed |= is_new && is_module;
                self.new_words.extend(is_module.then(|| hash(name)));
            }
        }
        if self.matters.iter().all(|matters| *matters) {
            return;
        }
        if is_renewed {
            self.open.extend(self.subjects.words().cloned());
        }
        self.learn_module_words();
        if self.asks_hints {
            self.look_for_evaluators(&index_of);
        }
        self.follow_names();
        self.resolve(&index_of);
        for position in 0..self.files.len() {
            if let Some(index) = index_of(position) {
                self.regard(position, index);
            }
        }
        self.follow(&index_of);
        self.follow_hints(&index_of);
        self.search();
        self.find_first(&index_of);
    }

    fn packages_around(&mut self, name: &ModuleName) {
        for around in name.with_parents() {
            for id in self.names.packages.get(around.as_str()).into_iter().flatten() {
                self.matters[id.index()] = true;
            }
        }
    }

    /// What is asked about the imports of a subject.
    fn ask(&mut self, position: usize, asked: &Asked) {
        let targets: Vec<&ImportTarget> =
            asked.targets.iter().filter(|target| self.is_configured(position, target)).collect();
        if targets.is_empty() {
            return;
        }
        for name in asked.bound.iter().filter(|name| !self.bound.contains(*name)).cloned().collect::<Vec<_>>() {
            self.rules.add(&name, Rule::Patched);
            if self.asks_loosely {
                self.rules.add(&name, Rule::Loose);
            }
            if self.asks_strings {
                self.rules.add(&name, Rule::Quoted);
            }
            self.bound.insert(name);
        }
        let name = self.names.files[position].name.clone();
        self.look_for(&name, &Names::These(asked.bound.clone()));
        self.star_importers(&name);
        for target in targets {
            let dotted = target.dotted();
            if let Some(member) = &target.member {
                self.look_for(&target.module, &Names::These(BTreeSet::from([member.clone()])));
            }
            self.new_words.extend(dotted.as_str().split('.').map(hash));
            for module in dotted.with_parents() {
                self.asked_for.insert(SmolStr::new(module.last()));
                let homes: Vec<FileId> = self.names.files_of(&module).collect();
                let is_own = !homes.is_empty();
                self.is_followed[position] |= is_own;
                for id in homes {
                    let home = self.names.file(id).name.clone();
                    self.matters[id.index()] = true;
                    self.is_followed[id.index()] = true;
                    self.provided.extend(spellings(&home));
                    if module.is_within(&target.module) {
                        self.look_for(&home, &Names::All);
                    }
                }
                if let Some(parent) = module.parent() {
                    // Whoever uses a submodule of a foreign package without importing it begins with a part of its name.
                    let package = SmolStr::new(parent.last());
                    let rule = match is_own {
                        true => Rule::With(package),
                        false => Rule::Begun { package, by: parent.as_str().split('.').map(SmolStr::new).collect() },
                    };
                    self.rules.add(module.last(), rule);
                    self.provided.extend(spellings(&module));
                }
            }
        }
        if let Some(annotated) = &asked.annotated {
            if !std::mem::replace(&mut self.asks_hints, true) {
                self.look_for_hints();
            }
            let known = &self.annotated.names;
            for name in annotated.names.iter().filter(|name| !known.contains(*name)) {
                self.rules.add(name, Rule::HandedOn);
            }
            self.annotated.names.extend(annotated.names.iter().cloned());
            self.annotated.around.extend(annotated.around.iter().cloned());
        }
    }

    /// Whoever evaluates annotations.
    fn look_for_hints(&mut self) {
        for (word, clue) in reads_annotations_by() {
            self.rules.add(word, Rule::Evaluates(clue));
        }
        // A library may be loaded by its name.
        for word in loaders() {
            libraries::readers().iter().for_each(|library| self.rules.add(library, Rule::With(SmolStr::new(word))));
        }
    }

    /// Whether what a file imports is configured under the name that it has there, or below the file's own root.
    fn is_configured(&self, position: usize, target: &ImportTarget) -> bool {
        let dotted = target.dotted();
        let below = self.names.below_root(&self.names.files[position], &dotted);
        let mut names = [Some(dotted), below].into_iter().flatten();
        names.any(|name| name.with_parents().any(|module| self.configured.contains(&module)))
    }

    /// Files that may star-import a subject.
    fn star_importers(&mut self, name: &ModuleName) {
        let ending = Ending::of(name);
        for at in &self.stars {
            self.matters[*at] |= self.shown[*at].imports.loads(ending);
        }
    }

    /// Looks for what is new in files that do not matter yet.
    fn search(&mut self) {
        let Some(search) = self.rules.take() else { return };
        let found: Vec<Option<Found<'_>>> = (0..self.files.len())
            .into_par_iter()
            .map(|at| {
                let known = Known { subjects: &self.subjects, modules: &self.modules };
                let (text, name) = (self.files[at].text, &self.names.files[at].name);
                (!self.matters[at]).then(|| search.in_file(&Searched::new(at, text, name, &self.shown[at], known)))
            })
            .collect();
        for (at, found) in found.into_iter().enumerate() {
            match found {
                Some(Found::Matters) => self.matters[at] = true,
                Some(Found::First(First { handed_on, loose, quoted })) => {
                    let rules = &mut self.rules;
                    let found =
                        [(handed_on, &mut rules.handed_on), (loose, &mut rules.loose), (quoted, &mut rules.quoted)];
                    for (words, files) in found {
                        words.into_iter().for_each(|word| files.entry(word.clone()).or_default().push(at));
                    }
                }
                None => {}
            }
        }
    }
}

/// Files that may import a configured module, and those within one.
fn importing(configured: &[ModuleName], names: &Project, imports: &[Imports]) -> Vec<bool> {
    let keys: HashSet<&str> = configured.iter().map(ModuleName::as_str).collect();
    let is_within = |name: &str| {
        let ends = || name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
        starts.into_iter().any(|start| ends().any(|end| start < end && keys.contains(&name[start..end])))
    };
    let importing = names.files.par_iter().zip(imports).map(|(file, imports)| {
        is_within(file.name.as_str()) || configured.iter().any(|module| imports.may_import(module))
    });
    importing.collect()
}
