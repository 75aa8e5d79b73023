//! The first pass over a file: parse it, see what the rest of the project must know of it, and keep its tree only if the
//! second pass needs it. Decides nothing about imports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::second::opted_out;
use super::{Extent, Filter, Input, Outlook};
use crate::config::{self, Config, TypeHints};
use crate::name::ModuleName;
use crate::outcome::Problem;
use crate::policy::{Place, Reason};
use crate::project::{
    self, Asked, FileIndex, Hints, Project, ReadKind, Relevance, Start, Surroundings, Unread, module_of_path,
};
use crate::python::{Fault, Folded, Module};
use crate::startup;
use crate::text::LineIndex;

/// A file after the first pass.
pub(super) struct Read {
    pub(super) index: Option<FileIndex>,
    pub(super) tree: Result<Tree, Problem>,
}

/// What the second pass has of a file.
pub(super) enum Tree {
    /// Nothing of it can change.
    Unwanted,
    Kept(Folded),
    /// It did not fit in the room for trees, and is parsed once more.
    Dropped,
}

/// Room for trees between the passes, in bytes of source; what does not fit is parsed twice. A folded tree takes about as
/// much as its source, which is there as well, so that trees make what a run takes at most twice as much.
pub(super) const ROOM: usize = 64 * 1024 * 1024;

/// The first pass over all files that can matter. Texts of others are dropped.
pub(super) fn read_all(files: &mut [Input], filter: Filter, extent: Extent, step: &(dyn Fn() + Sync)) -> Vec<Read> {
    let outlook = Outlook::new(files.iter().map(|file| &file.config), filter, extent);
    if !files.par_iter().any(|file| outlook.may_matter(file)) {
        return files.iter_mut().map(|file| unwanted(file, step)).collect();
    }
    let known = last_names(files);
    let room = AtomicUsize::new(ROOM);
    let mut reads: Vec<Option<Read>> = files.iter().map(|_| None).collect();
    {
        let named = files.iter().enumerate().filter_map(|(at, file)| Some((at, module_of_path(&file.path)?)));
        let (positions, names): (Vec<usize>, Vec<(ModuleName, bool)>) = named.unzip();
        let bare = positions
            .iter()
            .zip(&names)
            .map(|(at, (name, is_package))| FileIndex::bare(&files[*at].path, name.clone(), *is_package));
        let bare = Project::new(bare.collect());
        let unread = unread(files, &positions, extent);
        // Of what could take an import off the start, nobody has asked yet: any file may be asked about.
        let relevance = match (filter, extent) {
            (Filter::Irrelevant, Extent::Moves | Extent::Startup | Extent::Review) => {
                Relevance::new(&unread, bare, &configured(files.iter().map(|file| &file.config)))
            }
            (Filter::Nothing, _) | (_, Extent::Plan) => Relevance::everything(&unread, bare),
        };
        let mut is_nameless = vec![true; files.len()];
        positions.iter().for_each(|at| is_nameless[*at] = false);
        let nameless: Vec<usize> = (0..files.len()).filter(|at| is_nameless[*at]).collect();
        let mut relevance = relevance;
        let mut wanted = nameless;
        let mut outlines: Vec<Option<FileIndex>> = positions.iter().map(|_| None).collect();
        // What files turn out to import makes others matter.
        loop {
            let open = (0..positions.len()).filter(|at| reads[positions[*at]].is_none() && relevance.matters(*at));
            let open: Vec<usize> = open.collect();
            wanted.extend(open.iter().map(|at| positions[*at]));
            if wanted.is_empty() {
                if pass(files, &positions, &mut relevance, &reads, &mut outlines) == Passed::All {
                    break;
                }
                continue;
            }
            let parsed: Vec<(Read, Option<Asked>)> = wanted
                .par_iter()
                .map(|at| {
                    let read = read(&files[*at], &known, &room);
                    step();
                    read
                })
                .collect();
            let mut asked: HashMap<usize, Asked> = HashMap::default();
            for (at, (read, asks)) in wanted.drain(..).zip(parsed) {
                asked.extend(asks.map(|asks| (at, asks)));
                reads[at] = Some(read);
            }
            let index_of = |at: usize| reads[positions[at]].as_ref().and_then(|read| read.index.as_ref());
            let fresh = open.iter().filter_map(|at| Some((*at, index_of(*at)?, asked.get(&positions[*at]))));
            relevance.learn(&fresh.collect::<Vec<_>>(), index_of);
        }
        for (at, outline) in positions.iter().zip(outlines) {
            if let (None, Some(index)) = (&reads[*at], outline) {
                reads[*at] = Some(Read { index: Some(index), tree: Ok(Tree::Unwanted) });
            }
        }
    }
    reads.into_iter().zip(files).map(|(read, file)| read.unwrap_or_else(|| unwanted(file, step))).collect()
}

/// Drops the text of a file that does not matter.
fn unwanted(file: &mut Input, step: &(dyn Fn() + Sync)) -> Read {
    step();
    file.text = String::new();
    Read { index: bare(file), tree: Ok(Tree::Unwanted) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    All,
    More,
}

/// Reads the imports of files of which nothing else matters. A file that takes its tree for that matters as others do.
fn pass(
    files: &[Input],
    positions: &[usize],
    relevance: &mut Relevance<'_>,
    reads: &[Option<Read>],
    outlines: &mut [Option<FileIndex>],
) -> Passed {
    let index_of = |at: usize| {
        let read = reads[positions[at]].as_ref().and_then(|read| read.index.as_ref());
        read.or(outlines[at].as_ref())
    };
    let known: Vec<(usize, &FileIndex)> = (0..positions.len()).filter_map(|at| Some((at, index_of(at)?))).collect();
    relevance.pass(&known);
    let is_open = |at: usize| reads[positions[at]].is_none() && outlines[at].is_none();
    let fresh: Vec<usize> = (0..positions.len()).filter(|at| is_open(*at) && relevance.leads(*at)).collect();
    let more = (0..positions.len()).any(|at| reads[positions[at]].is_none() && relevance.matters(at));
    let read: Vec<Option<FileIndex>> = fresh
        .par_iter()
        .map(|at| {
            let file = &files[positions[*at]];
            FileIndex::outline(&file.path, &file.text, &|name| may_sink(file, name))
        })
        .collect();
    let passed = if fresh.is_empty() && !more { Passed::All } else { Passed::More };
    for (at, outline) in fresh.into_iter().zip(read) {
        match outline {
            Some(outline) => outlines[at] = Some(outline),
            None => relevance.needs_tree(at),
        }
    }
    passed
}

/// The last components of all module names.
pub(super) fn last_names(files: &[Input]) -> HashSet<SmolStr> {
    files.iter().filter_map(|file| module_of_path(&file.path)).map(|(name, _)| SmolStr::new(name.last())).collect()
}

/// Every module that any of the configurations judges.
pub(super) fn configured<'c>(configs: impl Iterator<Item = &'c Arc<Config>>) -> Vec<ModuleName> {
    let configs: BTreeMap<usize, &Config> = configs.map(|config| (Arc::as_ptr(config).addr(), &**config)).collect();
    let modules: BTreeSet<&ModuleName> = configs.values().flat_map(|config| config.modules.keys()).collect();
    modules.into_iter().cloned().collect()
}

fn unread<'f>(files: &'f [Input], positions: &[usize], extent: Extent) -> Vec<Unread<'f>> {
    let has_entries = files.iter().any(|file| file.config.entries.is_some());
    let is_apart = |file: &Input| !has_entries && startup::is_apart(&file.path);
    // A start that is not of the run is told of if it loads a file of the run.
    let may_start = |file: &Input| {
        !file.selected && !file.path.ends_with(".pyi") && (has_entries || !(is_apart(file) || is_excluded(file)))
    };
    let asks_for_selected = files.iter().any(may_start);
    let start = |file: &Input| match extent {
        Extent::Moves | Extent::Review => Start::Untold,
        Extent::Startup | Extent::Plan => match (asks_for_selected && file.selected, is_apart(file)) {
            (true, _) => Start::Wanted,
            (false, true) => Start::Apart,
            (false, false) => Start::Part,
        },
    };
    let unread = |at: &usize| Unread { path: &files[*at].path, text: &files[*at].text, start: start(&files[*at]) };
    positions.iter().map(unread).collect()
}

/// Whether the configuration leaves the file out.
pub(super) fn is_excluded(file: &Input) -> bool {
    let root = file.config.root.as_ref();
    root.is_some_and(|root| file.config.exclude.contains(&root.join(&file.path)))
}

fn bare(file: &Input) -> Option<FileIndex> {
    let (name, is_package) = module_of_path(&file.path)?;
    Some(FileIndex::bare(&file.path, name, is_package))
}

/// The first pass over one file, and what is asked about its imports. `room` is what is left for trees.
pub(super) fn read(file: &Input, known: &HashSet<SmolStr>, room: &AtomicUsize) -> (Read, Option<Asked>) {
    let module = match super::parse(file) {
        Ok(module) => module,
        // Others still find it by its name.
        Err(problem) => return (Read { index: bare(file), tree: Err(problem) }, None),
    };
    let is_writable = file.selected && file.rewritable && !opted_out(&module);
    let line_length = file.config.line_length;
    let around = Surroundings { modules: known, is_writable, line_length, is_cold: &|name| may_sink(file, name) };
    let index = FileIndex::new(&file.path, &module, &around);
    let wanted = file.selected && file.rewritable && index.as_ref().is_some_and(|index| concerns(file, index));
    let hints = if file.config.type_hints == TypeHints::Future { Hints::All } else { Hints::Naming };
    let asked = index.as_ref().filter(|_| wanted);
    let asked = asked.map(|index| Asked::of(&module, index, hints, &|name| is_judged(file, name)));
    let takes = |left: usize| left.checked_sub(file.text.len());
    let tree = match wanted {
        false => Tree::Unwanted,
        true if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_ok() => Tree::Kept(module.fold()),
        true => Tree::Dropped,
    };
    (Read { index, tree: Ok(tree) }, asked)
}

impl Tree {
    /// The module for the second pass, parsed again if it was dropped.
    pub(super) fn module(self, file: &Input) -> Result<Option<Module>, Problem> {
        match self {
            Tree::Unwanted => Ok(None),
            Tree::Kept(folded) => Ok(Some(folded.unfold(file.text.clone()))),
            Tree::Dropped => super::parse(file).map(Some),
        }
    }
}

/// Whether module-level imports of the module may be gone after this run. What loads something heavy may prove so only
/// when all files are known.
fn may_sink(file: &Input, name: &ModuleName) -> bool {
    file.config.lookup(name).is_some_and(|(key, _)| {
        let verdict = file.config.verdict(key);
        verdict.place == Place::Function || verdict.reason == Reason::Unmeasured
    })
}

/// Whether the file imports a configured module, so that there may be something to do.
fn concerns(file: &Input, index: &FileIndex) -> bool {
    index.imports.iter().any(|module| is_judged(file, module))
}

/// Whether a module is configured, or one above it. A name by a path that begins above the package may be configured
/// without what stands above.
fn is_judged(file: &Input, module: &ModuleName) -> bool {
    let mut name = Some(module.as_str());
    std::iter::from_fn(|| {
        let this = name?;
        name = this.split_once('.').map(|(_, rest)| rest);
        ModuleName::new(this)
    })
    .any(|module| file.config.lookup(&module).is_some())
}

/// What packaging settings read of modules.
pub(super) fn entry_points(settings: &[(String, String)]) -> Vec<(String, project::Read)> {
    let read = |path: &String, text: &String| {
        let entries = config::entry_points::read(path, text).into_iter();
        let reads = entries.map(|entry| project::Read {
            module: entry.module,
            name: SmolStr::new(entry.name),
            kind: ReadKind::String,
            place: entry.place,
        });
        reads.map(|read| (path.clone(), read)).collect::<Vec<_>>()
    };
    settings.iter().flat_map(|(path, text)| read(path, text)).collect()
}

pub(super) fn problem(file: &Input, faults: &[Fault]) -> Problem {
    let first = faults.first();
    Problem {
        path: file.path.clone(),
        place: first.map(|fault| LineIndex::new(&file.text).line_column(&file.text, fault.span.start())),
        code: first.map_or("parse-error", |fault| fault.kind.code()),
        message: first.map(ToString::to_string).unwrap_or_default(),
    }
}

/// Top-level names that isort would take for first-party: folders and files of the root and of `src`.
pub(crate) fn first_party(files: &[Input]) -> BTreeSet<SmolStr> {
    let mut names = BTreeSet::new();
    for file in files {
        for path in [Some(file.path.as_str()), file.path.strip_prefix("src/")].into_iter().flatten() {
            let name = match path.split_once('/') {
                Some((folder, _)) => Some(folder),
                None => path.strip_suffix(".py"),
            };
            names.extend(name.map(SmolStr::new));
        }
    }
    names
}
