//! Where the import statements of a text stand, before it is parsed.

use std::cell::OnceCell;

use memchr::memmem;

use super::occurrence::Occurrence;
use super::words::{
    BLANKS, begins_statement, contains, is_word_at, last_word, logical_start, statement_end, words_before,
};

/// What is known of the statements of one text, found when somebody asks.
#[derive(Default)]
pub(super) struct Statements {
    imports: OnceCell<Vec<Place>>,
    has_patterns: OnceCell<bool>,
}

impl Statements {
    /// Those of a word that no import statement has.
    pub(super) fn none() -> Statements {
        Statements { imports: OnceCell::from(Vec::new()), has_patterns: OnceCell::new() }
    }

    /// Whether classes may stand in patterns, which look like calls.
    pub(super) fn have_patterns(&self, text: &str) -> bool {
        *self.has_patterns.get_or_init(|| contains(text, "case"))
    }

    /// Whether the word stands in one. The occurrences that are asked about are of one text.
    pub(super) fn hold(&self, occurrence: Occurrence<'_>) -> bool {
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

    /// What the word is in the import statement in which it stands.
    pub(super) fn role<'t>(&self, occurrence: Occurrence<'t>) -> Option<Role<'t>> {
        let place = self.place(occurrence)?;
        if occurrence.end > place.path_end {
            let path = &occurrence.text[place.start + "from".len()..place.path_end - "import".len()];
            return Some(Role::Of(words_before(path)));
        }
        let keyword = if place.path_end < place.end { "from".len() } else { 0 };
        let path = occurrence.text[place.start + keyword..occurrence.start].trim_end_matches(BLANKS);
        Some(match path.strip_suffix('.') {
            Some(before) => Role::Of(words_before(before)),
            None => Role::First,
        })
    }
}

/// What a word is in an import statement.
pub(super) enum Role<'t> {
    /// The first part of a path.
    First,
    /// Of the module, or package, of that last part; empty where only dots stand before.
    Of(&'t str),
}

/// An import statement: where it begins, where the paths of modules end in it, and where it ends.
struct Place {
    start: usize,
    path_end: usize,
    pub(super) end: usize,
}

/// What may be an import statement: where its `import` and its names end, and its `from` begins if it has one.
pub(super) struct Shape {
    pub(super) from: Option<usize>,
    pub(super) import: usize,
    pub(super) end: usize,
    /// Nothing stands before `import`.
    pub(super) is_plain: bool,
}

/// Everything in the text that may be an import statement, comments and strings included.
pub(super) fn shapes(text: &str) -> impl Iterator<Item = Shape> {
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
