//! The words of the import statements of a text, before it is parsed. What is told may be too much, in comments and strings
//! for one, and never too little. Words are kept as hashes: two that share one are taken for the same.

use std::borrow::Cow;

use super::super::index::hash;
use super::statements::{Shape, shapes};
use super::words::{BLANKS, normalised, words};
use crate::name::ModuleName;

/// The words of the import statements of one file. With them the components of the file's own name, if dots stand for a
/// part of it (`from . import x`).
#[derive(Debug, Clone, Default)]
pub struct Imports {
    named: Box<[u32]>,
    /// Those that may begin the name of a module.
    rooted: Box<[u32]>,
    /// Those that an import may bind, each with where it stands once.
    bound: Box<[(u32, usize)]>,
    /// Other names, each with the last part of what it stands for: `b as c` in an import.
    renamed: Box<[(u32, u32)]>,
    /// `from module import *`
    pub has_star: bool,
    /// Dots stand for packages around the file.
    pub is_relative: bool,
    /// Modules without a package that something is taken from.
    taken_from: Box<[u32]>,
}

/// The place of a word that only stands in the text as Python reads it.
pub(super) const NOWHERE: usize = usize::MAX;

impl Imports {
    pub fn of(text: &str, name: &ModuleName) -> Imports {
        let mut scan = Scan { depth: name.as_str().split('.').count(), ..Scan::default() };
        scan.text(text);
        if let Cow::Owned(normal) = normalised(text) {
            let written = scan.bound.len();
            scan.text(&normal);
            scan.bound[written..].iter_mut().for_each(|(_, at)| *at = NOWHERE);
        }
        if scan.is_relative {
            scan.named.extend(name.as_str().split('.').map(hash));
            scan.rooted.push(hash(name.root()));
        }
        let set = |mut hashes: Vec<u32>| {
            hashes.sort_unstable();
            hashes.dedup();
            hashes.into_boxed_slice()
        };
        let mut bound = scan.bound;
        bound.sort_unstable();
        bound.dedup_by_key(|(word, _)| *word);
        let bound = bound.into_boxed_slice();
        Imports {
            named: set(scan.named),
            rooted: set(scan.rooted),
            bound,
            renamed: scan.renamed.into_boxed_slice(),
            has_star: scan.has_star,
            is_relative: scan.is_relative,
            taken_from: set(scan.taken_from),
        }
    }

    /// Whether a module within `module` may be imported.
    pub fn may_import(&self, module: &ModuleName) -> bool {
        module.as_str().split('.').all(|part| self.has(hash(part)))
    }

    /// Whether an import may load the file that is the module `name`, or run it as the package around what it loads.
    pub fn may_load(&self, name: &ModuleName) -> bool {
        self.loads(Ending::of(name))
    }

    pub(super) fn loads(&self, Ending { last, parent }: Ending) -> bool {
        self.has(last) && (parent.is_none_or(|parent| self.has(parent)) || self.begins_with(last))
    }

    pub(super) fn has(&self, word: u32) -> bool {
        self.named.binary_search(&word).is_ok()
    }

    pub(super) fn begins_with(&self, word: u32) -> bool {
        self.rooted.binary_search(&word).is_ok()
    }

    /// Whether some import may bind the word.
    pub(super) fn binds(&self, word: u32) -> bool {
        self.bound.binary_search_by_key(&word, |(word, _)| *word).is_ok()
    }

    /// Whether something is taken from the module `word`, or it gets another name.
    pub(super) fn takes_from(&self, word: u32) -> bool {
        self.taken_from.binary_search(&word).is_ok() || self.renamed().any(|(_, source)| source == word)
    }

    pub(super) fn named(&self) -> impl Iterator<Item = u32> {
        self.named.iter().copied()
    }

    pub(super) fn bound(&self) -> impl Iterator<Item = u32> {
        self.bound.iter().map(|(word, _)| *word)
    }

    /// Words that an import may bind, each with where it stands once; [`NOWHERE`] in the text as it is written for some.
    pub(super) fn bound_at(&self) -> impl Iterator<Item = (u32, usize)> {
        self.bound.iter().copied()
    }

    /// Other names, each with the last part of what it stands for.
    pub(super) fn renamed(&self) -> impl Iterator<Item = (u32, u32)> {
        self.renamed.iter().copied()
    }

    pub(super) fn rooted(&self) -> impl Iterator<Item = u32> {
        self.rooted.iter().copied()
    }
}

/// How the name of a module ends. Whoever imports the module in full or from another root spells both parts, or begins
/// with the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ending {
    pub(super) last: u32,
    pub(super) parent: Option<u32>,
}

impl Ending {
    pub(super) fn of(name: &ModuleName) -> Ending {
        let mut parts = name.as_str().rsplit('.').map(hash);
        Ending { last: parts.next().unwrap_or_default(), parent: parts.next() }
    }
}

#[derive(Default)]
struct Scan {
    /// Components of the file's own name: so many dots may lead out of all folders around it.
    depth: usize,
    named: Vec<u32>,
    rooted: Vec<u32>,
    bound: Vec<(u32, usize)>,
    renamed: Vec<(u32, u32)>,
    is_relative: bool,
    has_star: bool,
    taken_from: Vec<u32>,
}

impl Scan {
    fn text(&mut self, text: &str) {
        for Shape { from, import, end, is_plain } in shapes(text) {
            let names = &text[import..end];
            if let Some(from) = from {
                self.import_from(&text[from + "from".len()..import - "import".len()], names);
            }
            if is_plain {
                self.import_plain(names);
            }
            self.bind(names, import);
        }
    }

    fn import_from(&mut self, module: &str, members: &str) {
        let first = words(module).next();
        let dots = module[..first.map_or(module.len(), |(start, _)| start)].matches('.').count();
        self.is_relative |= dots > 0;
        self.has_star |= members.contains('*');
        if dots == 0 && words(module).nth(1).is_none() {
            self.taken_from.extend(first.map(|(_, word)| hash(word)));
        }
        let is_rooted = dots == 0 || dots >= self.depth;
        self.rooted.extend(first.filter(|_| is_rooted).map(|(_, word)| hash(word)));
        self.named.extend(words(module).chain(words(members)).map(|(_, word)| hash(word)));
    }

    /// What the names of an import bind, with those that it renames.
    fn bind(&mut self, names: &str, at: usize) {
        let (mut last, mut is_other) = (None, false);
        for (start, word) in words(names) {
            let number = hash(word);
            if names[..start].trim_end_matches(BLANKS).ends_with('.') {
                last = Some(number);
                continue;
            }
            self.bound.push((number, at + start));
            if is_other {
                self.renamed.extend(last.filter(|last| *last != number).map(|last| (number, last)));
            }
            is_other = word == "as";
            if !is_other {
                last = Some(number);
            }
        }
    }

    fn import_plain(&mut self, modules: &str) {
        let mut after_as = false;
        for (start, word) in words(modules) {
            let is_dotted = modules[..start].trim_end_matches(BLANKS).ends_with('.');
            if !is_dotted && !after_as && word != "as" {
                self.rooted.push(hash(word));
            }
            after_as = word == "as";
            self.named.push(hash(word));
        }
    }
}
