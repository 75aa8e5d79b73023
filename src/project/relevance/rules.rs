//! Words that make a file matter, with where they must stand in it and what must stand beside them.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use smol_str::SmolStr;

use super::super::index::{PATCHING, hash};
use super::words::{Imports, Occurrence, Statements, contains, normalised};
use crate::name::ModuleName;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// As the last part of a module's name whose part before is `parent`, or that begins with it.
    Named {
        parent: Option<SmolStr>,
    },
    /// As the last part of a module's name, with one of `names` of the module.
    Reads {
        parents: Parents,
        names: Arc<BTreeSet<SmolStr>>,
    },
    /// As a module that is taken as a whole, or gets another name.
    Whole {
        parents: Parents,
    },
    /// As a package that gets another name.
    RenamedIn {
        parents: Parents,
    },
    /// A package may get another name.
    Renamed,
    /// In a file of this last component, which may bind the word.
    BoundIn(SmolStr),
    /// With another word.
    With(SmolStr),
    /// With its package, where an import begins with one of these.
    Begun {
        package: SmolStr,
        by: BTreeSet<SmolStr>,
    },
    /// In a patch target that is computed.
    Patched,
    Anywhere,
    /// As a function or class that is used other than by calling it: the first file may be told.
    HandedOn,
    /// As an attribute, or in a string that may name one, of something that cannot be told: one file is enough.
    Loose,
}

/// What the part before the last one of a module's name may be, however the module is spelled; empty where none is needed.
pub(super) type Parents = Arc<BTreeSet<SmolStr>>;

/// Rules by word, each once.
#[derive(Debug, Default)]
pub(super) struct Rules {
    seen: HashSet<(SmolStr, Rule)>,
    new: HashMap<SmolStr, Vec<Rule>>,
    /// By their word, of rules by which a first file is told: the files that hold it and did not matter then, in their order.
    pub(super) handed_on: HashMap<SmolStr, Vec<usize>>,
    pub(super) loose: HashMap<SmolStr, Vec<usize>>,
}

impl Rules {
    pub(super) fn add(&mut self, word: &str, rule: Rule) {
        let word = SmolStr::new(word);
        if self.seen.insert((word.clone(), rule.clone())) {
            self.new.entry(word).or_default().push(rule);
        }
    }

    /// The rules that nobody has searched by.
    pub(super) fn take(&mut self) -> Option<Search> {
        let new = std::mem::take(&mut self.new);
        let (words, rules): (Vec<SmolStr>, Vec<Vec<Rule>>) = new.into_iter().unzip();
        if words.is_empty() {
            return None;
        }
        let read: BTreeSet<SmolStr> = rules.iter().flatten().flat_map(Rule::reads).cloned().collect();
        let numbers = words.iter().cloned().enumerate().map(|(number, word)| (word, number)).collect();
        Some(Search { searcher: searcher(&words), words, numbers, rules, read: Read::new(read) })
    }
}

/// Of words that begin alike the longest that fits is the whole word.
fn searcher(words: &[SmolStr]) -> Option<AhoCorasick> {
    AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(words).ok()
}

impl Rule {
    fn reads(&self) -> impl Iterator<Item = &SmolStr> {
        let names = if let Rule::Reads { names, .. } = self { Some(names) } else { None };
        names.into_iter().flat_map(|names| names.iter())
    }
}

/// Names that some rule asks for beside its own word.
struct Read {
    searcher: Option<AhoCorasick>,
    names: Vec<SmolStr>,
}

impl Read {
    fn new(names: BTreeSet<SmolStr>) -> Read {
        let names: Vec<SmolStr> = names.into_iter().collect();
        Read { searcher: searcher(&names), names }
    }

    /// Those that the file may read of something.
    fn in_file(&self, file: &Searched<'_>, normal: &str) -> HashSet<&SmolStr> {
        let Some(searcher) = &self.searcher else { return self.names.iter().collect() };
        let patches = LazyCell::new(|| PATCHING.iter().any(|word| contains(file.text, word)));
        let patches = &patches;
        let found = file.texts(normal).flat_map(|text| {
            searcher.find_iter(text).filter_map(move |found| {
                let occurrence = Occurrence::new(text, found.start(), found.end())?;
                let is_read = occurrence.is_part_of_name(file.imports) || (occurrence.may_be_keyword() && **patches);
                is_read.then_some(found.pattern().as_usize())
            })
        });
        found.map(|number| &self.names[number]).collect()
    }
}

pub(super) struct Search {
    /// `None` if it cannot be made: then every file may hold all words.
    searcher: Option<AhoCorasick>,
    words: Vec<SmolStr>,
    numbers: HashMap<SmolStr, usize>,
    rules: Vec<Vec<Rule>>,
    read: Read,
}

/// What a search finds in a file.
pub(super) enum Found<'s> {
    Matters,
    /// The words of rules by which a first file is told.
    First {
        handed_on: Vec<&'s SmolStr>,
        loose: Vec<&'s SmolStr>,
    },
}

pub(super) struct Searched<'f> {
    pub(super) text: &'f str,
    pub(super) name: &'f ModuleName,
    pub(super) imports: &'f Imports,
}

impl Searched<'_> {
    /// As it is written, and as Python reads it if that differs.
    fn texts<'n>(&'n self, normal: &'n str) -> impl Iterator<Item = &'n str> {
        [Some(self.text), Some(normal).filter(|normal| *normal != self.text)].into_iter().flatten()
    }
}

/// Whether a rule holds for some occurrence of the word.
pub(super) fn hold_anywhere(file: &Searched<'_>, word: &str, rule: &Rule) -> bool {
    let normal = normalised(file.text);
    let read = Read::new(rule.reads().cloned().collect());
    let reads = LazyCell::new(|| read.in_file(file, &normal));
    let is_around = file.name.as_str().split('.').any(|part| part == word) && names_package(word, rule, file, &reads);
    is_around
        || file.texts(&normal).any(|text| {
            let statements = Statements::default();
            let found = memchr::memmem::find_iter(text.as_bytes(), word);
            let occurrences = found.filter_map(|at| Occurrence::new(text, at, at + word.len()));
            occurrences.into_iter().any(|occurrence| holds(rule, occurrence, file, &statements, &reads))
        })
}

impl Search {
    pub(super) fn in_file(&self, file: &Searched<'_>) -> Found<'_> {
        let Some(searcher) = &self.searcher else { return Found::Matters };
        let normal = normalised(file.text);
        let reads = LazyCell::new(|| self.read.in_file(file, &normal));
        let own = file.name.as_str().split('.').filter_map(|part| self.numbers.get(part));
        let names = |number: &usize| {
            self.rules[*number].iter().any(|rule| names_package(&self.words[*number], rule, file, &reads))
        };
        if own.into_iter().any(names) {
            return Found::Matters;
        }
        let (mut handed_on, mut loose) = (BTreeSet::new(), BTreeSet::new());
        for text in file.texts(&normal) {
            let statements = Statements::default();
            for found in searcher.find_iter(text) {
                let number = found.pattern().as_usize();
                let Some(occurrence) = Occurrence::new(text, found.start(), found.end()) else { continue };
                for rule in &self.rules[number] {
                    if !holds(rule, occurrence, file, &statements, &reads) {
                        continue;
                    }
                    match rule {
                        Rule::HandedOn => handed_on.insert(&self.words[number]),
                        Rule::Loose => loose.insert(&self.words[number]),
                        _ => return Found::Matters,
                    };
                }
            }
        }
        Found::First { handed_on: handed_on.into_iter().collect(), loose: loose.into_iter().collect() }
    }
}

/// The names that a file may read of something, looked up when somebody asks.
type Reads<'r, F> = LazyCell<HashSet<&'r SmolStr>, F>;

/// Whether dots may stand for a package that is looked for by a part of the file's own name.
fn names_package<'r, F: FnOnce() -> HashSet<&'r SmolStr>>(
    word: &str,
    rule: &Rule,
    file: &Searched<'_>,
    reads: &Reads<'r, F>,
) -> bool {
    match rule {
        Rule::Named { parent } => {
            let is_own = |parent: &SmolStr| file.name.as_str().split('.').any(|part| part == parent);
            let has = |parent: &SmolStr| is_own(parent) || contains(file.text, parent);
            file.imports.is_relative && (file.name.root() == word || parent.as_ref().is_none_or(has))
        }
        // `from . import name`
        Rule::Reads { names, parents } => {
            let parts: Vec<&str> = file.name.as_str().split('.').collect();
            let is_within = parts.first() == Some(&word)
                || parts.windows(2).any(|pair| pair[1] == word && (parents.is_empty() || parents.contains(pair[0])));
            let imports = |name: &SmolStr| file.imports.binds(hash(name)) && reads.contains(name);
            file.imports.is_relative && is_within && names.iter().any(imports)
        }
        _ => false,
    }
}

fn holds<'r, F: FnOnce() -> HashSet<&'r SmolStr>>(
    rule: &Rule,
    occurrence: Occurrence<'_>,
    file: &Searched<'_>,
    statements: &Statements,
    reads: &Reads<'r, F>,
) -> bool {
    let has = |word: &str| file.name.as_str().split('.').any(|part| part == word) || contains(occurrence.text, word);
    let has_any = |words: &Parents| words.is_empty() || words.iter().any(|word| has(word));
    // In the path of an import the part before stands before it.
    let may_follow = |parents: &Parents| match statements.part_before(occurrence) {
        Some(before) if !before.is_empty() => parents.is_empty() || parents.contains(before),
        _ => has_any(parents),
    };
    match rule {
        Rule::Named { parent } => {
            occurrence.is_part_of_name(file.imports)
                && (parent.as_ref().is_none_or(|parent| has(parent)) || occurrence.begins_name(file.imports))
        }
        Rule::Reads { parents, names } => {
            occurrence.is_part_of_name(file.imports)
                && names.iter().any(|name| reads.contains(name))
                && (may_follow(parents) || occurrence.begins_name(file.imports))
        }
        Rule::Whole { parents } => {
            occurrence.may_be_whole(file.imports, statements)
                && (may_follow(parents) || occurrence.begins_name(file.imports))
        }
        Rule::RenamedIn { parents } => {
            occurrence.may_be_renamed(file.imports, statements)
                && (may_follow(parents) || occurrence.begins_name(file.imports))
        }
        Rule::Begun { package, by } => by.iter().any(|part| file.imports.begins_with(hash(part))) && has(package),
        Rule::Renamed => occurrence.is_renamed(file.imports),
        Rule::BoundIn(last) => file.name.last() == last,
        Rule::With(other) => has(other),
        Rule::Patched => occurrence.may_end_computed() && PATCHING.iter().any(|word| contains(occurrence.text, word)),
        Rule::Loose => occurrence.may_be_read_loosely(statements),
        Rule::HandedOn => occurrence.may_be_handed_on(statements),
        Rule::Anywhere => true,
    }
}
