//! The logical lines of a text without its tree: where statements begin, how deep they stand, which of them import
//! something. For a look at files that need no more than that. What it is not sure of it gives up on.

use memchr::memmem;

/// A statement, or a few of them on one line; of a compound statement, the header of one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'t> {
    /// Behind the indentation, up to the line's end, comments and continued lines included.
    pub text: &'t str,
    /// Spaces before it.
    pub indent: usize,
    /// Its number, from one.
    pub number: u32,
    /// The first word.
    pub word: &'t str,
}

/// Reads a text up to its last `import`. `None` comes out, and is the last, where something is beyond what can be told
/// here: a byte order mark, tabs, carriage returns, an `import` in the midst of a statement, strings in f-strings like those around them.
pub struct Lines<'t> {
    text: &'t str,
    at: usize,
    number: u32,
    /// Where `import` stands as a word, in this order; those before `at` are behind.
    imports: std::vec::IntoIter<usize>,
    next_import: Option<usize>,
    last_import: usize,
    is_done: bool,
}

/// The text has something that no look at its lines alone can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclear;

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Result<Lines<'t>, Unclear> {
        let bytes = text.as_bytes();
        if text.starts_with('\u{feff}') {
            return Err(Unclear);
        }
        let mut imports = Vec::new();
        for at in memmem::find_iter(bytes, "import") {
            let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
            let after = bytes.get(at + "import".len()).copied().unwrap_or(b' ');
            match (is_word(before), is_word(after)) {
                (false, false) => imports.push(at),
                // `import_module`, `__import__`
                (_, true) if after == b'_' => return Err(Unclear),
                _ => {}
            }
        }
        let last_import = imports.last().copied();
        let mut imports = imports.into_iter();
        let next_import = imports.next();
        let is_done = last_import.is_none();
        Ok(Lines { text, at: 0, number: 1, imports, next_import, last_import: last_import.unwrap_or(0), is_done })
    }

    /// Past strings and comments, and the names of an import statement, up to `at`.
    fn pass_anything(&mut self, at: usize) {
        while self.next_import.is_some_and(|import| import < at) {
            self.next_import = self.imports.next();
        }
    }

    fn line(&mut self) -> Result<Option<Line<'t>>, Unclear> {
        let bytes = self.text.as_bytes();
        loop {
            if self.at > self.last_import {
                return Ok(None);
            }
            let start = self.at + bytes[self.at..].iter().take_while(|byte| **byte == b' ').count();
            match bytes.get(start) {
                None => return Ok(None),
                Some(b'\n') => {
                    self.at = start + 1;
                    self.number += 1;
                }
                Some(b'#') => {
                    self.at = self.line_end(start);
                    self.pass_anything(self.at);
                }
                Some(b'\t' | b'\x0c' | b'\r') => return Err(Unclear),
                Some(_) => {
                    let indent = start - self.at;
                    let length = bytes[start..].iter().take_while(|byte| is_word(**byte)).count();
                    let word = &self.text[start..start + length];
                    let number = self.number;
                    let is_import = matches!(word, "import" | "from");
                    let end = self.statement(start, is_import)?;
                    self.at = end;
                    return Ok(Some(Line { text: &self.text[start..end], indent, number, word }));
                }
            }
        }
    }

    /// The end of the logical line that begins at `start`. An `import` may stand only where it begins one.
    fn statement(&mut self, start: usize, is_import: bool) -> Result<usize, Unclear> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut depth = 0usize;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' => {
                    self.number += 1;
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    at += 1;
                }
                b')' | b']' | b'}' => {
                    depth = depth.checked_sub(1).ok_or(Unclear)?;
                    at += 1;
                }
                b'\\' => {
                    if bytes.get(at + 1) != Some(&b'\n') {
                        return Err(Unclear);
                    }
                    self.number += 1;
                    at += 2;
                }
                b'#' => {
                    self.code(at, is_import)?;
                    at = self.line_end(at);
                    self.pass_anything(at);
                    // Its newline ends the statement, or not.
                    at -= usize::from(at > 0 && bytes.get(at - 1) == Some(&b'\n'));
                    self.number -= u32::from(bytes.get(at) == Some(&b'\n'));
                }
                b'"' | b'\'' => {
                    self.code(at, is_import)?;
                    at = self.string(at)?;
                    self.pass_anything(at);
                }
                b'\r' => return Err(Unclear),
                _ => at += 1,
            }
        }
        self.code(at, is_import)?;
        Ok(at)
    }

    /// Past the code of a statement up to `at`, in which no `import` may stand but the one that begins it.
    fn code(&mut self, at: usize, is_import: bool) -> Result<(), Unclear> {
        if is_import {
            self.pass_anything(at);
        }
        match self.next_import {
            Some(import) if import < at => Err(Unclear),
            _ => Ok(()),
        }
    }

    /// Behind the newline that ends the line of `at`.
    fn line_end(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        match memchr::memchr(b'\n', &bytes[at..]) {
            Some(length) => {
                self.number += 1;
                at + length + 1
            }
            None => bytes.len(),
        }
    }

    /// Behind the string whose first quote is at `start`.
    fn string(&mut self, start: usize) -> Result<usize, Unclear> {
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        let is_long = bytes[start..].starts_with(&[quote, quote, quote]);
        let width = if is_long { 3 } else { 1 };
        let mut at = start + width;
        let end = loop {
            let found = match is_long {
                true => memchr::memchr2(quote, b'\\', &bytes[at..]),
                false => memchr::memchr3(quote, b'\\', b'\n', &bytes[at..]),
            };
            at += found.ok_or(Unclear)?;
            match bytes[at] {
                b'\\' => at += 2,
                b'\n' => return Err(Unclear),
                _ if is_long && !bytes[at..].starts_with(&[quote, quote, quote]) => at += 1,
                _ => break at,
            }
            if at >= bytes.len() {
                return Err(Unclear);
            }
        };
        let content = &bytes[start + width..end];
        let prefix = bytes[..start].iter().rev().take_while(|byte| is_word(**byte)).take(3);
        if prefix.into_iter().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T')) {
            // Within braces a string like this one may stand, and the end that was found be its begin.
            let count = |wanted: u8| memchr::memchr_iter(wanted, content).count();
            if count(b'{') != count(b'}') {
                return Err(Unclear);
            }
        }
        self.number += memchr::memchr_iter(b'\n', content).count() as u32;
        if memchr::memchr(b'\r', content).is_some() {
            return Err(Unclear);
        }
        Ok(end + width)
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Result<Line<'t>, Unclear>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let line = self.line();
        self.is_done = !matches!(line, Ok(Some(_)));
        line.transpose()
    }
}

/// Names that one import statement imports, as it spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported<'t> {
    /// The dots and the module of a from-import.
    pub from: Option<(u32, Option<&'t str>)>,
    /// Without what they are called here; none for a star.
    pub names: Vec<&'t str>,
}

impl<'t> Imported<'t> {
    /// Of a line that begins with `import` or `from`.
    pub fn of(line: &Line<'t>) -> Result<Imported<'t>, Unclear> {
        let mut tokens = Tokens { text: line.text, at: 0 };
        let from = match tokens.next()? {
            "import" => None,
            "from" => {
                let mut level = 0;
                let mut module = None;
                loop {
                    match tokens.next()? {
                        "." if module.is_none() => level += 1,
                        "import" => break,
                        name if module.is_none() && is_name(name) => module = Some(name),
                        _ => return Err(Unclear),
                    }
                }
                (level > 0 || module.is_some()).then_some(()).ok_or(Unclear)?;
                Some((level, module))
            }
            _ => return Err(Unclear),
        };
        let mut names = Vec::new();
        let mut next = tokens.next()?;
        if next == "*" && from.is_some() {
            return if tokens.next()?.is_empty() { Ok(Imported { from, names }) } else { Err(Unclear) };
        }
        let in_parentheses = next == "(" && from.is_some();
        if in_parentheses {
            next = tokens.next()?;
        }
        loop {
            let is_fit = is_name(next) && (from.is_none() || !next.contains('.'));
            is_fit.then_some(()).ok_or(Unclear)?;
            names.push(next);
            next = tokens.next()?;
            if next == "as" {
                let bound = tokens.next()?;
                (is_name(bound) && !bound.contains('.')).then_some(()).ok_or(Unclear)?;
                next = tokens.next()?;
            }
            let is_last = match next {
                "," => {
                    next = tokens.next()?;
                    in_parentheses && next == ")"
                }
                _ => true,
            };
            if is_last {
                break;
            }
        }
        if in_parentheses {
            (next == ")").then_some(()).ok_or(Unclear)?;
            next = tokens.next()?;
        }
        if next.is_empty() { Ok(Imported { from, names }) } else { Err(Unclear) }
    }
}

/// The words and signs of an import statement; the empty text behind the last.
struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    fn next(&mut self) -> Result<&'t str, Unclear> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                None => return Ok(""),
                Some(b' ' | b'\n') => self.at += 1,
                Some(b'\\') if bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => {
                    let rest = &bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                Some(_) => break,
            }
        }
        let rest = &bytes[self.at..];
        // A name with its dots; those before it are apart.
        let length = match rest[0] {
            b'.' | b'*' | b',' | b'(' | b')' => 1,
            byte if is_word(byte) && byte.is_ascii() => {
                let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
                rest.iter().take_while(is_part).count()
            }
            _ => return Err(Unclear),
        };
        if rest.get(length).is_some_and(|byte| !byte.is_ascii()) {
            return Err(Unclear);
        }
        let start = self.at;
        self.at += length;
        Ok(&self.text[start..self.at])
    }
}

fn is_name(text: &str) -> bool {
    !matches!(text, "import" | "as" | "from")
        && text.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// Whether a byte is of a word: a letter, a digit, `_`, or anything beyond ASCII.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}
