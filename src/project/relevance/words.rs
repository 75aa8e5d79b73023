//! What a text shows before it is parsed: the words of its import statements, and where a word stands. What is told may be
//! too much, in comments and strings for one, and never too little. Words of imports are kept as hashes: two that share one
//! are taken for the same.

use std::borrow::Cow;
use std::cell::OnceCell;

use memchr::memmem;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use super::super::index::hash;
use crate::name::ModuleName;
use crate::python::lines::is_word;

/// The words of the import statements of one file. With them the components of the file's own name, if dots stand for a
/// part of it (`from . import x`).
#[derive(Debug, Clone, Default)]
pub struct Imports {
    named: Box<[u32]>,
    /// Those that may begin the name of a module.
    rooted: Box<[u32]>,
    /// Those that an import may bind.
    bound: Box<[u32]>,
    /// `from module import *`
    pub has_star: bool,
    /// Dots stand for packages around the file.
    pub is_relative: bool,
}

impl Imports {
    pub fn of(text: &str, name: &ModuleName) -> Imports {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut scan = Scan { depth: name.as_str().split('.').count(), ..Scan::default() };
        scan.text(text);
        if let Cow::Owned(normal) = normalised(text) {
            scan.text(&normal);
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
        Imports {
            named: set(scan.named),
            rooted: set(scan.rooted),
            bound: set(scan.bound),
            has_star: scan.has_star,
            is_relative: scan.is_relative,
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
        self.bound.binary_search(&word).is_ok()
    }

    pub(super) fn named(&self) -> impl Iterator<Item = u32> {
        self.named.iter().copied()
    }

    pub(super) fn bound(&self) -> impl Iterator<Item = u32> {
        self.bound.iter().copied()
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
    bound: Vec<u32>,
    is_relative: bool,
    has_star: bool,
}

/// What may be an import statement: where its `import` and its names end, and its `from` begins if it has one.
struct Shape {
    from: Option<usize>,
    import: usize,
    end: usize,
    /// Nothing stands before `import`.
    is_plain: bool,
}

/// Everything in the text that may be an import statement, comments and strings included.
fn shapes(text: &str) -> impl Iterator<Item = Shape> {
    let bytes = text.as_bytes();
    let mut done = 0;
    memmem::find_iter(bytes, "import").filter_map(move |at| {
        let import = at + "import".len();
        if at < done || !is_word_at(bytes, at, "import".len()) {
            return None;
        }
        let start = logical_start(bytes, at);
        let line = &text[start..at];
        let before = line.rfind(';').map_or(line, |semicolon| &line[semicolon + 1..]);
        let from = last_word(before, "from").map(|from| at - before.len() + from);
        let is_plain = begins_statement(before);
        if from.is_none() && !is_plain {
            return None;
        }
        done = statement_end(bytes, at);
        Some(Shape { from, import, end: done, is_plain })
    })
}

/// What is known of the statements of one text, found when somebody asks.
#[derive(Default)]
pub(super) struct Statements {
    imports: OnceCell<Vec<Place>>,
    has_patterns: OnceCell<bool>,
}

impl Statements {
    /// Whether classes may stand in patterns, which look like calls.
    fn have_patterns(&self, text: &str) -> bool {
        *self.has_patterns.get_or_init(|| contains(text, "case"))
    }

    /// Whether the word stands in one. The occurrences that are asked about are of one text.
    fn hold(&self, occurrence: Occurrence<'_>) -> bool {
        self.place(occurrence).is_some()
    }

    fn place(&self, occurrence: Occurrence<'_>) -> Option<&Place> {
        let place = |shape: Shape| Place {
            start: shape.from.unwrap_or(shape.import),
            path_end: if shape.from.is_some() { shape.import } else { shape.end },
            end: shape.end,
        };
        let places = self.imports.get_or_init(|| shapes(occurrence.text).map(place).collect());
        let next = places.partition_point(|place| place.end < occurrence.end);
        places.get(next).filter(|place| place.start <= occurrence.start)
    }

    /// In the path of an import the part of it before the word; empty behind the dots of a relative import, and for the
    /// first part.
    pub(super) fn part_before<'t>(&self, occurrence: Occurrence<'t>) -> Option<&'t str> {
        self.place(occurrence).filter(|place| occurrence.end <= place.path_end)?;
        let before = occurrence.before();
        Some(before.strip_suffix('.').map_or("", |before| last_part(before)))
    }
}

/// An import statement: where it begins, where the paths of modules end in it, and where it ends.
struct Place {
    start: usize,
    path_end: usize,
    end: usize,
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
        }
    }

    fn import_from(&mut self, module: &str, members: &str) {
        let first = words(module).next();
        let dots = module[..first.map_or(module.len(), |(start, _)| start)].matches('.').count();
        self.is_relative |= dots > 0;
        self.has_star |= members.contains('*');
        let is_rooted = dots == 0 || dots >= self.depth;
        self.rooted.extend(first.filter(|_| is_rooted).map(|(_, word)| hash(word)));
        self.named.extend(words(module).chain(words(members)).map(|(_, word)| hash(word)));
        self.bound.extend(words(members).map(|(_, word)| hash(word)));
    }

    fn import_plain(&mut self, modules: &str) {
        let mut after_as = false;
        for (start, word) in words(modules) {
            let is_dotted = modules[..start].trim_end_matches(BLANKS).ends_with('.');
            if !is_dotted && !after_as && word != "as" {
                self.rooted.push(hash(word));
            }
            if !is_dotted {
                self.bound.push(hash(word));
            }
            after_as = word == "as";
            self.named.push(hash(word));
        }
    }
}

/// Where a word stands in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'t> Occurrence<'t> {
    /// `None` if the word goes on to either side.
    pub(super) fn new(text: &'t str, start: usize, end: usize) -> Option<Occurrence<'t>> {
        is_word_at(text.as_bytes(), start, end - start).then_some(Occurrence { text, start, end })
    }

    /// Whether it may be a part of the name of a module: imported somewhere in the file, behind a dot, or at the start of
    /// a string.
    pub(super) fn is_part_of_name(self, imports: &Imports) -> bool {
        self.may_be_attribute() || imports.has_star || imports.has(hash(self.word()))
    }

    /// Whether it may be the first part of the name of a module.
    pub(super) fn begins_name(self, imports: &Imports) -> bool {
        self.is_quoted() || imports.begins_with(hash(self.word()))
    }

    /// Behind a dot, at the start of a string, or behind the colon of `"package.module:name"`.
    pub(super) fn may_be_attribute(self) -> bool {
        self.is_behind_dot() || self.is_quoted() || self.before().ends_with(':')
    }

    /// As an attribute of anything, or as the string that `getattr` takes.
    pub(super) fn may_be_read_loosely(self, statements: &Statements) -> bool {
        let ends_string = self.text[self.end..].starts_with(QUOTES);
        match ends_string {
            true => self.is_quoted() && ["getattr", "hasattr"].iter().any(|word| contains(self.text, word)),
            false => self.is_behind_dot() && !statements.hold(self),
        }
    }

    /// `name=`: patching functions take names so.
    pub(super) fn may_be_keyword(self) -> bool {
        let after = self.text[self.end..].trim_start_matches(BLANKS);
        after.starts_with('=') && !after.starts_with("==")
    }

    /// Right behind a dot in a string whose beginning is computed: `f"{module}.word"`, `module + ".word"`, `"%s.word" % module`.
    pub(super) fn may_end_computed(self) -> bool {
        let before = self.before();
        let chain = before.bytes().rev().take_while(|byte| is_word(*byte) || *byte == b'.').count();
        before.ends_with('.') && before[..before.len() - chain].ends_with(['}', '"', '\'', '%'])
    }

    /// Whether a module that is called so may get another name here: `import package as p`, `p = package`.
    pub(super) fn is_renamed(self, imports: &Imports) -> bool {
        let after = self.text[self.end..].trim_start_matches(BLANKS);
        let is_as = is_renaming(after);
        let line = &self.text[logical_start(self.text.as_bytes(), self.start)..self.start];
        let is_import = matches!(words(line).next(), Some((_, "from" | "import")));
        self.is_part_of_name(imports) && (is_as || !(is_import || after.starts_with(['.', '('])))
    }

    /// Whether a module that is called so may be taken as a whole here, or get another name: `check(module)`,
    /// `module.__dict__`, `import module as m`. Not one whose attribute is read, and not where it is imported.
    pub(super) fn may_be_whole(self, imports: &Imports, statements: &Statements) -> bool {
        let after = &self.text[self.end..];
        let next = after.trim_start_matches(BLANKS);
        if next.starts_with('(') || after.starts_with(QUOTES) || (next.starts_with('=') && !next.starts_with("==")) {
            return false;
        }
        if let Some(attribute) = next.strip_prefix('.') {
            return attribute.trim_start_matches(BLANKS).starts_with("__dict__");
        }
        let is_bound = imports.has_star || imports.binds(hash(self.word()));
        if !is_bound && (!self.is_behind_dot() || self.is_of_instance()) {
            return false;
        }
        let is_renamed = is_renaming(next);
        is_renamed || !statements.hold(self)
    }

    /// Whether a package that is called so may get another name here: `import package as p`, `p = package`, `p = a or package`.
    pub(super) fn may_be_renamed(self, imports: &Imports, statements: &Statements) -> bool {
        if !self.may_be_whole(imports, statements) {
            return false;
        }
        let before = self.before();
        let chain = before.bytes().rev().take_while(|byte| is_word(*byte) || *byte == b'.').count();
        let before = &before[..before.len() - chain];
        let value = before.trim_end_matches([' ', '\t']);
        // On a line of its own it goes on with whatever stands above.
        let goes_on = value.is_empty() || value.ends_with(['=', '(', ',', '[', '\\', '\n', '\r']);
        goes_on
            || matches!(last_part(value), "or" | "and" | "else")
            || is_renaming(self.text[self.end..].trim_start_matches(BLANKS))
    }

    /// Whether a function or class of this name may be used here other than by calling it: not where it is defined, called,
    /// or imported under its own name.
    pub(super) fn may_be_handed_on(self, statements: &Statements) -> bool {
        let next = self.text[self.end..].trim_start_matches(BLANKS);
        let is_defined = matches!(words_before(self.before()), "def" | "class");
        let is_renamed = is_renaming(next);
        let is_called = next.starts_with('(') && !statements.have_patterns(self.text);
        !is_called && !is_defined && (is_renamed || !statements.hold(self))
    }

    /// `self.word`: what a method keeps there it has by another name.
    fn is_of_instance(self) -> bool {
        let before = self.before();
        let owner = before.strip_suffix('.').unwrap_or_default();
        ["self", "cls"].into_iter().any(|name| {
            let before = owner.strip_suffix(name).map(|head| head.bytes().next_back());
            before.is_some_and(|byte| !byte.is_some_and(|byte| byte == b'.' || is_word(byte)))
        })
    }

    /// Whether `modules` here may be those of `sys`.
    pub(super) fn may_be_sys_modules(self) -> bool {
        let after = self.text[self.end..].trim_start_matches(BLANKS);
        (self.is_behind_dot() && self.text.contains("sys")) || (after.starts_with('.') && self.text.contains("pop"))
    }

    fn word(self) -> &'t str {
        &self.text[self.start..self.end]
    }

    fn before(self) -> &'t str {
        &self.text[..self.start]
    }

    fn is_behind_dot(self) -> bool {
        let before = self.before();
        before.trim_end_matches(BLANKS).ends_with('.') || {
            // A comment may stand between the two.
            let line = before.trim_end_matches([' ', '\t', '\x0c']);
            let above = line.trim_end_matches(['\n', '\r']);
            above.len() < line.len() && above.rsplit(['\n', '\r']).next().is_some_and(|above| above.contains('#'))
        }
    }

    fn is_quoted(self) -> bool {
        self.before().trim_end_matches('.').ends_with(QUOTES)
    }
}

/// Whether the word stands in the text.
pub(super) fn contains(text: &str, word: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, word).any(|at| is_word_at(bytes, at, word.len()))
}

/// Whether the word stands in the text other than in an import.
pub(super) fn names_beside_imports(text: &str, word: &str) -> bool {
    let statements = Statements::default();
    let found = memmem::find_iter(text.as_bytes(), word);
    let mut occurrences = found.filter_map(|at| Occurrence::new(text, at, at + word.len()));
    !text.is_ascii() || occurrences.any(|occurrence| !statements.hold(occurrence))
}

/// The text with its words as Python compares identifiers.
pub(super) fn normalised(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// White space, and backslashes that continue a line.
const BLANKS: [char; 6] = [' ', '\t', '\x0c', '\\', '\r', '\n'];
const QUOTES: [char; 2] = ['"', '\''];

/// Whether a text goes on with the word `as`.
fn is_renaming(next: &str) -> bool {
    next.starts_with("as") && is_word_at(next.as_bytes(), 0, 2)
}

fn is_word_at(bytes: &[u8], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).is_some_and(|before| is_word(bytes[before]));
    !before && !bytes.get(at + length).is_some_and(|byte| is_word(*byte))
}

/// Runs of letters, digits, `_` and anything beyond ASCII, with their start, comments left out.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            match bytes.get(at)? {
                b'#' => at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at),
                byte if is_word(*byte) => break,
                _ => at += 1,
            }
        }
        let start = at;
        at += bytes[start..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - start);
        // Only ASCII ends a word, so both ends are between characters.
        Some((start, &text[start..at]))
    })
}

/// The word right before the end of a text, but for blanks.
fn words_before(text: &str) -> &str {
    last_part(text.trim_end_matches(BLANKS))
}

/// The word at the end of a text.
fn last_part(text: &str) -> &str {
    let start = text.bytes().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
    &text[start..]
}

/// Where the last occurrence of a word is.
fn last_word(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memchr::memmem::rfind(&bytes[..end], word.as_bytes()) {
        if is_word_at(bytes, at, word.len()) {
            return Some(at);
        }
        end = at + word.len() - 1;
    }
    None
}

/// The start of the line, or of the first of those that backslashes join to it.
fn logical_start(bytes: &[u8], at: usize) -> usize {
    let mut start = at;
    loop {
        start = memchr::memrchr2(b'\n', b'\r', &bytes[..start]).map_or(0, |newline| newline + 1);
        let end = match &bytes[..start] {
            [.., b'\r', b'\n'] => start - 2,
            [.., b'\n' | b'\r'] => start - 1,
            _ => return start,
        };
        if !bytes[..end].ends_with(b"\\") {
            return start;
        }
        start = end;
    }
}

/// Whether a statement may begin behind `before`, which is on its line.
fn begins_statement(before: &str) -> bool {
    let before = before.trim_end_matches(BLANKS);
    before.is_empty() || before.ends_with([';', ':']) || before.ends_with("lazy")
}

/// The end of the import statement that goes on at `at`: of its line, or of one below where parentheses or backslashes lead
/// there.
fn statement_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    let mut depth = 0usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b'\\' if bytes.get(at + 1) == Some(&b'\r') && bytes.get(at + 2) == Some(&b'\n') => at += 2,
            b'\\' => at += 1,
            b'\n' | b'\r' | b';' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
