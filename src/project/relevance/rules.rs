//! Words that make a file matter, with where they must stand in it and what must stand beside them.

use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use super::super::index::{Clue, PATCHING, hash, may_inspect};
use super::imports::Imports;
use super::modules::ModuleWords;
use super::names::{Names, Subjects, Word};
use super::occurrence::{Occurrence, occurrences};
use super::statements::{Role, Statements};
use super::vocabulary::Vocabulary;
use super::words::{normalised, without_mark};
use crate::name::ModuleName;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// As the last part of a subject's name, with a name of it that is asked about.
    Reads,
    /// As a subject that is taken as a whole, or gets another name.
    Whole,
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
    /// So that annotations may be evaluated by it.
    Evaluates(Clue),
    /// As a function or class that is used other than by calling it: the first file may be told.
    HandedOn,
    /// As an attribute, or in a string that may name one, of something that cannot be told: one file is enough.
    Loose,
    /// In a string that holds nothing but names: one file is enough.
    Quoted,
}

/// Rules by word, each once.
#[derive(Debug, Default)]
pub(super) struct Rules {
    seen: HashSet<(SmolStr, Rule)>,
    new: HashMap<SmolStr, Vec<Rule>>,
    /// By their word, of rules by which a first file is told: the files that hold it and did not matter then, in their order.
    pub(super) handed_on: HashMap<SmolStr, Vec<usize>>,
    pub(super) loose: HashMap<SmolStr, Vec<usize>>,
    pub(super) quoted: HashMap<SmolStr, Vec<usize>>,
}

impl Rules {
    pub(super) fn add(&mut self, word: &str, rule: Rule) {
        let word = SmolStr::new(word);
        if self.seen.insert((word.clone(), rule.clone())) {
            self.new.entry(word).or_default().push(rule);
        }
    }

    /// More is asked about the modules that end with the word.
    pub(super) fn renew(&mut self, word: &str) {
        let rules = self.new.entry(SmolStr::new(word)).or_default();
        for rule in [Rule::Reads, Rule::Whole] {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }

    /// The rules that nobody has searched by.
    pub(super) fn take(&mut self) -> Option<Search> {
        let new = std::mem::take(&mut self.new).into_iter();
        let mut words: Vec<(u32, SmolStr, Vec<Rule>)> = new.map(|(word, rules)| (hash(&word), word, rules)).collect();
        words.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        (!words.is_empty()).then_some(Search { words })
    }
}

/// Words with what is looked for by them, by their numbers.
pub(super) struct Search {
    words: Vec<(u32, SmolStr, Vec<Rule>)>,
}

/// A text is searched for each word that it has; where that is more than so many bytes, it is taken to hold one.
const MOST_SEARCHED: usize = 1 << 30;

/// What a search finds in a file.
pub(super) enum Found<'s> {
    Matters,
    First(First<'s>),
}

/// The words of rules by which a first file is told.
#[derive(Default)]
pub(super) struct First<'s> {
    pub(super) handed_on: BTreeSet<&'s SmolStr>,
    pub(super) loose: BTreeSet<&'s SmolStr>,
    pub(super) quoted: BTreeSet<&'s SmolStr>,
}

impl First<'_> {
    fn is_empty(&self) -> bool {
        self.handed_on.is_empty() && self.loose.is_empty() && self.quoted.is_empty()
    }
}

/// What a text shows before it is parsed.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) imports: Imports,
    pub(super) words: Vocabulary,
}

impl Shown {
    /// `text` is without a byte order mark.
    pub(super) fn by(text: &str, name: &ModuleName) -> Shown {
        Shown { imports: Imports::of(text, name), words: Vocabulary::of(text) }
    }
}

/// What is known when a file is searched.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) subjects: &'k Subjects,
    pub(super) modules: &'k ModuleWords,
}

pub(super) struct Searched<'f> {
    /// Its position among the files.
    at: usize,
    text: &'f str,
    name: &'f ModuleName,
    shown: &'f Shown,
    known: Known<'f>,
    /// Whether names that were asked about may be read of something.
    read: RefCell<HashMap<u32, bool>>,
    patches: OnceCell<bool>,
}

impl<'f> Searched<'f> {
    pub(super) fn new(
        at: usize,
        text: &'f str,
        name: &'f ModuleName,
        shown: &'f Shown,
        known: Known<'f>,
    ) -> Searched<'f> {
        Searched {
            at,
            text: without_mark(text),
            name,
            shown,
            known,
            read: RefCell::default(),
            patches: OnceCell::new(),
        }
    }

    fn has(&self, word: &str) -> bool {
        self.shown.words.has(hash(word)) || self.is_around(word)
    }

    fn is_around(&self, word: &str) -> bool {
        self.name.as_str().split('.').any(|part| part == word)
    }

    /// Whether some name of these may be read of something.
    fn reads_one_of(&self, names: &Names) -> bool {
        names.any(|name| self.reads(name))
    }

    /// Whether the text has one of them, wherever it stands.
    fn spells_one_of(&self, names: &Names) -> bool {
        names.any(|name| self.shown.words.has(hash(name)))
    }

    fn reads(&self, name: &str) -> bool {
        let number = hash(name);
        self.shown.words.has(number)
            && *self.read.borrow_mut().entry(number).or_insert_with(|| {
                let normal = normalised(self.text);
                self.texts(&normal).any(|text| {
                    occurrences(text, name).any(|occurrence| {
                        occurrence.is_part_of_name(&self.shown.imports)
                            || (occurrence.may_be_keyword() && self.patches())
                    })
                })
            })
    }

    /// Whether it may replace something in a module.
    fn patches(&self) -> bool {
        *self.patches.get_or_init(|| PATCHING.iter().any(|word| self.has(word)))
    }

    /// As it is written, and as Python reads it if that differs.
    fn texts<'n>(&self, normal: &'n str) -> impl Iterator<Item = &'n str>
    where
        'f: 'n,
    {
        [Some(self.text), Some(normal).filter(|normal| *normal != self.text)].into_iter().flatten()
    }

    /// Whether the word may stand for a module that `word` tells of.
    fn may_mean(&self, occurrence: Occurrence<'_>, word: &Word, statements: &Statements) -> bool {
        let imports = &self.shown.imports;
        match statements.role(occurrence) {
            Some(Role::First) => word.may_begin(),
            // Dots stand for a package around the file.
            Some(Role::Of("")) => word.may_follow_one_of(self.name.as_str().split('.').map(hash)),
            Some(Role::Of(before)) => word.may_follow(hash(before)),
            None if occurrence.is_behind_dot() => self.may_have(occurrence, word),
            None => imports.has_star || occurrence.may_begin_module(|| self.patches()),
        }
    }

    fn may_have(&self, occurrence: Occurrence<'_>, word: &Word) -> bool {
        self.known.modules.may_have(self.at, occurrence, &self.shown.imports, word)
    }
}

/// Whether a rule holds for some occurrence of the word.
pub(super) fn hold_anywhere(file: &Searched<'_>, word: &str, rule: &Rule) -> bool {
    let is_held = |found| !matches!(found, Found::First(first) if first.is_empty());
    let search = Search { words: vec![(hash(word), SmolStr::new(word), vec![rule.clone()])] };
    is_held(search.in_file(file))
}

impl Search {
    pub(super) fn in_file(&self, file: &Searched<'_>) -> Found<'_> {
        let names = |word: &SmolStr, rules: &[Rule]| rules.iter().any(|rule| names_package(word, rule, file));
        if file.shown.imports.is_relative {
            for part in file.name.as_str().split('.') {
                let number = hash(part);
                let first = self.words.partition_point(|(word, ..)| *word < number);
                let mut found = self.words[first..].iter().take_while(|(word, ..)| *word == number);
                if found.any(|(_, word, rules)| word == part && names(word, rules)) {
                    return Found::Matters;
                }
            }
        }
        let mut first = First::default();
        let common = file.shown.words.common(&self.words, |(number, ..)| *number);
        if common.len().saturating_mul(file.text.len()) > MOST_SEARCHED {
            return Found::Matters;
        }
        let normal = if common.is_empty() { file.text.into() } else { normalised(file.text) };
        for text in file.texts(&normal).filter(|_| !common.is_empty()) {
            let (statements, none) = (Statements::default(), Statements::none());
            for (number, word, rules) in common.iter().map(|at| &self.words[*at]) {
                let statements = if file.shown.imports.has(*number) { &statements } else { &none };
                for rule in rules {
                    if !holds(rule, text, word, file, statements) {
                        continue;
                    }
                    match rule {
                        Rule::HandedOn => first.handed_on.insert(word),
                        Rule::Loose => first.loose.insert(word),
                        Rule::Quoted => first.quoted.insert(word),
                        _ => return Found::Matters,
                    };
                }
            }
        }
        Found::First(first)
    }
}

/// Whether dots may stand for a package that is looked for by a part of the file's own name.
fn names_package(word: &str, rule: &Rule, file: &Searched<'_>) -> bool {
    match rule {
        // `from . import name`
        Rule::Reads => file.known.subjects.word(word).is_some_and(|subjects| {
            let parts: Vec<&str> = file.name.as_str().split('.').collect();
            let is_within = parts.first() == Some(&word)
                || parts.windows(2).any(|pair| pair[1] == word && subjects.may_follow(hash(pair[0])));
            let binds = |name: &SmolStr| file.shown.imports.binds(hash(name)) && file.reads(name);
            is_within && subjects.asked.any(binds)
        }),
        _ => false,
    }
}

/// Whether the rule holds for some occurrence of the word in `text`, which is that of the file.
fn holds(rule: &Rule, text: &str, word: &str, file: &Searched<'_>, statements: &Statements) -> bool {
    let imports = &file.shown.imports;
    let any = |test: &dyn Fn(Occurrence<'_>) -> bool| occurrences(text, word).any(test);
    let subjects = || file.known.subjects.word(word);
    match rule {
        Rule::Reads => subjects().filter(|subjects| file.spells_one_of(&subjects.asked)).is_some_and(|subjects| {
            any(&|occurrence| file.may_mean(occurrence, subjects, statements)) && file.reads_one_of(&subjects.asked)
        }),
        Rule::Whole => subjects().is_some_and(|subjects| {
            let is_named = LazyCell::new(|| {
                imports.has_star
                    || (imports.binds(hash(word))
                        && any(&|occurrence| {
                            statements.hold(occurrence) && file.may_mean(occurrence, subjects, statements)
                        }))
            });
            any(&|occurrence| {
                occurrence.may_be_whole(statements)
                    && match statements.hold(occurrence) {
                        true => file.may_mean(occurrence, subjects, statements),
                        false if occurrence.is_behind_dot() => file.may_have(occurrence, subjects),
                        false => *is_named,
                    }
                    && !occurrence.is_in_comment()
            })
        }),
        Rule::Begun { package, by } => {
            by.iter().any(|part| imports.begins_with(hash(part))) && file.has(package) && any(&|_| true)
        }
        Rule::With(other) => file.has(other) && any(&|_| true),
        Rule::Patched => file.patches() && any(&|occurrence| occurrence.may_end_computed()),
        Rule::Loose => any(&|occurrence| occurrence.may_be_read_loosely(statements)),
        Rule::Quoted => any(&|occurrence| occurrence.is_quoted_name()),
        Rule::HandedOn => any(&|occurrence| occurrence.may_be_handed_on(statements)),
        Rule::Anywhere => any(&|_| true),
        Rule::Evaluates(clue) => match clue {
            Clue::Anywhere => any(&|_| true),
            Clue::Attribute => any(&|occurrence| occurrence.is_behind_dot()),
            Clue::Name => any(&|occurrence| !occurrence.is_attribute() && !occurrence.is_in_comment()),
            Clue::Keyword => any(&|occurrence| occurrence.may_be_keyword()),
            Clue::Inspects => {
                let begins = |root: &str| imports.begins_with(hash(root)) || file.name.root() == root;
                (imports.has_star || may_inspect(begins)) && any(&|_| true)
            }
            Clue::WithAttribute(other) => {
                file.has(other) && occurrences(text, other).any(Occurrence::is_behind_dot) && any(&|_| true)
            }
        },
    }
}
