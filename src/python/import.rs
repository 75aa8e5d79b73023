//! An import statement detached from the tree, with its comments: reading, printing, splitting and merging it.
//! Must not know sections, order or policy.

mod above;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::{Alias, ImportForm, Module, Stmt};
use crate::text::{Span, TextSize};
pub(crate) use above::directly_above;
pub use above::{attached_above, steers_a_tool};

/// How a statement is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// The indentation of the statement.
    pub indent: String,
    /// What the names between parentheses are indented by.
    pub step: String,
    pub newline: &'static str,
    pub line_length: usize,
    /// Below a function, class or other compound statement.
    pub nested: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { indent: String::new(), step: "    ".into(), newline: "\n", line_length: 88, nested: false }
    }
}

impl Style {
    /// The style of a statement of this file, where it stands.
    pub fn at(module: &Module, stmt: &Stmt, line_length: usize) -> Style {
        let line = &module.text()[Span::new(line_start(module.text(), stmt.span.start()), stmt.span.start())];
        let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let newline = module.newline_at(stmt.span.start());
        Style { nested: !indent.is_empty(), indent, step: module.indent_unit().to_string(), newline, line_length }
    }
}

/// One import statement with its comments, each as written from its `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub statement: Statement,
    pub lazy: bool,
    /// On lines of their own directly above.
    pub above: Vec<String>,
    /// At the end of the first line.
    pub inline: Vec<String>,
    /// After the closing parenthesis.
    pub trailing: Vec<String>,
    /// The comma after the last name, which keeps the names on lines of their own.
    pub magic_comma: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// `import name as asname`
    Import { name: SmolStr, asname: Option<SmolStr> },
    /// `from ..module import members`, or `import *` if `star`: then there are no members.
    From { level: u32, module: Option<SmolStr>, star: bool, members: Vec<Member> },
}

/// `name as asname` in a from-import, with the comments that belong to it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    pub name: SmolStr,
    pub asname: Option<SmolStr>,
    pub above: Vec<String>,
    pub inline: Vec<String>,
    /// On lines of their own below the last member.
    pub below: Vec<String>,
}

impl Member {
    pub fn new(name: &str, asname: Option<&str>) -> Member {
        Member { name: name.into(), asname: asname.map(SmolStr::new), ..Member::default() }
    }

    pub fn has_comments(&self) -> bool {
        !(self.above.is_empty() && self.inline.is_empty() && self.below.is_empty())
    }

    fn comments(&self) -> impl Iterator<Item = &String> {
        self.above.iter().chain(&self.inline).chain(&self.below)
    }

    fn absorb(&mut self, other: Member) {
        self.above.extend(other.above);
        self.inline.extend(other.inline);
        self.below.extend(other.below);
    }
}

impl Entry {
    pub fn new(statement: Statement) -> Entry {
        Entry {
            statement,
            lazy: false,
            above: Vec::new(),
            inline: Vec::new(),
            trailing: Vec::new(),
            magic_comma: false,
        }
    }

    /// `import name as asname`
    pub fn import(name: &str, asname: Option<&str>) -> Entry {
        Entry::new(Statement::Import { name: name.into(), asname: asname.map(SmolStr::new) })
    }

    /// `from ..module import name as asname`
    pub fn from(level: u32, module: Option<&str>, name: &str, asname: Option<&str>) -> Entry {
        let members = vec![Member::new(name, asname)];
        Entry::new(Statement::From { level, module: module.map(SmolStr::new), star: false, members })
    }

    /// The member at `position` in a statement of its own, with the comments of the whole; other statements as they are.
    pub fn alone(&self, position: usize) -> Entry {
        let statement = match &self.statement {
            Statement::From { level, module, star: false, members } => Statement::From {
                level: *level,
                module: module.clone(),
                star: false,
                members: members.get(position).cloned().into_iter().collect(),
            },
            other => other.clone(),
        };
        let (above, inline, trailing) = (self.above.clone(), self.inline.clone(), self.trailing.clone());
        Entry { statement, above, inline, trailing, ..*self }
    }

    /// The entries of an import statement: one for each name of `import a, b`, else exactly one. Empty for other
    /// statements. The comments above are those that [`attached_above`] gives; a plain import's comments go to its
    /// first name.
    pub fn read(module: &Module, stmt: &Stmt) -> Vec<Entry> {
        let above = attached_above(module, stmt.span.start());
        let above = above.iter().map(|comment| comment_text(module, *comment)).collect();
        Entry::read_from(&mut Comments::new(module, stmt.span.start()), stmt, above)
    }

    /// The entries of each statement of a block, every comment of the block in one of them: comments between two
    /// statements stand above the second, and those above the first are the ones that [`attached_above`] gives.
    pub fn read_block(module: &Module, block: &[Stmt]) -> Vec<Vec<Entry>> {
        let Some(first) = block.first() else { return Vec::new() };
        let attached = attached_above(module, first.span.start());
        let start = attached.first().map_or(first.span.start(), |comment| comment.start());
        let mut comments = Comments::new(module, start);
        let read = |stmt: &Stmt| {
            let above = comments.until(stmt.span.start());
            Entry::read_from(&mut comments, stmt, above)
        };
        block.iter().map(read).collect()
    }

    fn read_from(comments: &mut Comments, stmt: &Stmt, above: Vec<String>) -> Vec<Entry> {
        let Some(import) = stmt.as_import() else { return Vec::new() };
        let text = comments.module.text();
        let (start, end) = (stmt.span.start(), stmt.span.end());
        let mut entries = match &import.form {
            ImportForm::Import => {
                let entry =
                    |alias: &Alias| Entry::import(&alias.name, alias.asname.as_ref().map(|ident| &text[ident.span]));
                let mut entries: Vec<Entry> = import.aliases.iter().map(entry).collect();
                if let Some(first) = entries.first_mut() {
                    first.inline = comments.until(line_end(text, end));
                }
                entries
            }
            ImportForm::From { level, module, star } => {
                let first = import.aliases.first().map_or(end, |alias| alias.span.start());
                let on_one_line = line_end(text, start) == line_end(text, first);
                // A comment behind the only name of a one-line statement is that name's.
                let shared = *star || import.aliases.len() > 1 || !on_one_line;
                let mut inline = if shared { comments.until(line_end(text, start)) } else { Vec::new() };
                let member = |alias: &Alias| Member {
                    above: comments.until(alias.span.start()),
                    inline: comments.until(line_end(text, alias.span.end())),
                    ..Member::new(&alias.name, alias.asname.as_ref().map(|ident| &text[ident.span]))
                };
                let mut members: Vec<Member> = import.aliases.iter().map(member).collect();
                let below = comments.until(end);
                match members.last_mut() {
                    Some(last) => last.below = below,
                    None => inline.extend(below),
                }
                let statement = Statement::From { level: *level, module: module.clone(), star: *star, members };
                let trailing = comments.until(line_end(text, end));
                vec![Entry { inline, trailing, magic_comma: import.trailing_comma, ..Entry::new(statement) }]
            }
        };
        for entry in &mut entries {
            entry.lazy = import.lazy;
        }
        if let Some(first) = entries.first_mut() {
            first.above = above;
        }
        entries
    }

    pub fn is_from(&self) -> bool {
        matches!(self.statement, Statement::From { .. })
    }

    pub fn is_future(&self) -> bool {
        matches!(&self.statement, Statement::From { level: 0, module: Some(m), .. } if m == "__future__")
    }

    /// The members of a from-import; none of a plain or star import.
    pub fn members(&self) -> &[Member] {
        match &self.statement {
            Statement::Import { .. } => &[],
            Statement::From { members, .. } => members,
        }
    }

    /// The statement without the comments of its members.
    pub fn bare(&self) -> Statement {
        let mut statement = self.statement.clone();
        if let Statement::From { members, .. } = &mut statement {
            for member in members {
                *member = Member { name: member.name.clone(), asname: member.asname.clone(), ..Member::default() };
            }
        }
        statement
    }

    /// Whether both are from-imports of one module that can be one statement.
    pub fn can_merge(&self, other: &Entry) -> bool {
        match (&self.statement, &other.statement) {
            (
                Statement::From { level: l1, module: m1, star: false, .. },
                Statement::From { level: l2, module: m2, star: false, .. },
            ) => l1 == l2 && m1 == m2 && self.lazy == other.lazy,
            _ => false,
        }
    }

    /// Whether a name of a from-import gets another one: isort keeps such names on statements of their own.
    pub fn renames(&self) -> bool {
        self.members().iter().any(|member| member.asname.is_some())
    }

    /// Adds members to a from-import, or their comments to those that are there.
    pub fn add_members(&mut self, added: impl IntoIterator<Item = Member>) {
        let Statement::From { members, .. } = &mut self.statement else { return };
        let name = |member: &Member| (member.name.clone(), member.asname.clone());
        let mut places: HashMap<_, usize> = members.iter().enumerate().map(|(at, known)| (name(known), at)).collect();
        for member in added {
            let place = *places.entry(name(&member)).or_insert(members.len());
            match members.get_mut(place) {
                Some(known) => known.absorb(member),
                None => members.push(member),
            }
        }
    }

    /// Takes the members that `take` names out into an entry of their own: `(taken, rest)`, each `None` if it would be
    /// empty. Comments of a member go with it, those above the statement stay with the rest, and those behind it are
    /// copied to both. A plain or star import is taken whole if `take` says so of an empty member name.
    pub fn split(self, take: impl Fn(&Member) -> bool) -> (Option<Entry>, Option<Entry>) {
        let Statement::From { level, module, star: false, members } = self.statement.clone() else {
            return if take(&Member::default()) { (Some(self), None) } else { (None, Some(self)) };
        };
        let (taken, rest): (Vec<Member>, Vec<Member>) = members.into_iter().partition(take);
        if rest.is_empty() {
            return (Some(self), None);
        }
        if taken.is_empty() {
            return (None, Some(self));
        }
        let with = |members| Entry {
            statement: Statement::From { level, module: module.clone(), star: false, members },
            ..self.clone()
        };
        let mut taken = with(taken);
        taken.above.clear();
        taken.magic_comma = false;
        (Some(taken), Some(with(rest)))
    }

    /// The dotted module as written, with its leading dots.
    pub fn module_text(&self) -> String {
        match &self.statement {
            Statement::Import { name, .. } => name.to_string(),
            Statement::From { level, module, .. } => {
                format!("{}{}", ".".repeat(*level as usize), module.as_deref().unwrap_or(""))
            }
        }
    }

    /// The statement on one line, without comments, indentation and newline.
    pub fn one_line(&self) -> String {
        let head = self.head();
        match &self.statement {
            Statement::Import { name, asname } => format!("{head}{}", with_alias(name, asname.as_deref())),
            Statement::From { star: true, .. } => format!("{head}*"),
            Statement::From { members, .. } => {
                let names: Vec<String> = members.iter().map(|m| with_alias(&m.name, m.asname.as_deref())).collect();
                format!("{head}{}", names.join(", "))
            }
        }
    }

    /// The statement as lines with indentation and newline, the comments above it included. Names are printed in their
    /// order: on one line if they fit and nothing keeps them apart, else between parentheses, one a line.
    pub fn print(&self, style: &Style) -> String {
        let mut out = String::new();
        for comment in &self.above {
            push_line(&mut out, style, &[comment]);
        }
        out.push_str(&self.print_statement(style));
        out
    }

    /// As [`Entry::print`], without the comments above.
    pub fn print_statement(&self, style: &Style) -> String {
        let mut out = String::new();
        let members = self.members();
        let apart = self.magic_comma || (members.len() > 1 && members.iter().any(Member::has_comments));
        let line = self.one_line();
        let comments = || self.inline.iter().chain(members.iter().flat_map(Member::comments)).chain(&self.trailing);
        if members.is_empty() || (!apart && self.fits(style, &line, comments())) {
            let tail: String = comments().map(|comment| format!("  {comment}")).collect();
            push_line(&mut out, style, &[&line, &tail]);
            return out;
        }
        let inline: String = self.inline.iter().map(|comment| format!("  {comment}")).collect();
        push_line(&mut out, style, &[&self.head(), "(", &inline]);
        for member in members {
            for comment in &member.above {
                push_line(&mut out, style, &[&style.step, comment]);
            }
            let inline: String = member.inline.iter().map(|comment| format!("  {comment}")).collect();
            let name = with_alias(&member.name, member.asname.as_deref());
            push_line(&mut out, style, &[&style.step, &name, ",", &inline]);
            for comment in &member.below {
                push_line(&mut out, style, &[&style.step, comment]);
            }
        }
        let trailing: String = self.trailing.iter().map(|comment| format!("  {comment}")).collect();
        push_line(&mut out, style, &[")", &trailing]);
        out
    }

    fn head(&self) -> String {
        let lazy = if self.lazy { "lazy " } else { "" };
        match &self.statement {
            Statement::Import { .. } => format!("{lazy}import "),
            Statement::From { .. } => format!("{lazy}from {} import ", self.module_text()),
        }
    }

    fn fits<'a>(&self, style: &Style, line: &str, comments: impl Iterator<Item = &'a String>) -> bool {
        let mut width = add_width(add_width(0, &style.indent), line);
        for comment in comments {
            let measured = comment[..pragma_offset(comment).unwrap_or(comment.len())].trim_end();
            if !measured.is_empty() {
                width = add_width(width + 2, measured);
            }
        }
        width <= style.line_length
    }
}

pub(crate) fn comment_text(module: &Module, comment: Span) -> String {
    module.text()[comment].trim_end().to_string()
}

/// The start of the line that `offset` is on, behind a byte order mark.
pub(crate) fn line_start(text: &str, offset: TextSize) -> TextSize {
    let first = || if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    crate::text::size(text[..usize::from(offset)].rfind('\n').map_or_else(first, |newline| newline + 1))
}

/// Whether a line that starts at `offset` is the file's first.
pub(crate) fn is_first_line(text: &str, offset: TextSize) -> bool {
    offset == line_start(text, offset) && !text[..usize::from(offset)].contains('\n')
}

/// The end of the line that `offset` is on, before its newline.
pub(crate) fn line_end(text: &str, offset: TextSize) -> TextSize {
    let at = usize::from(offset);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let end = if text[at..end].ends_with('\r') { end - 1 } else { end };
    crate::text::size(end)
}

/// Walks the comments of a statement once, in order.
struct Comments<'m> {
    module: &'m Module,
    next: usize,
}

impl<'m> Comments<'m> {
    fn new(module: &'m Module, start: TextSize) -> Comments<'m> {
        Comments { module, next: module.comments().partition_point(|comment| comment.start() < start) }
    }

    fn until(&mut self, end: TextSize) -> Vec<String> {
        let rest = &self.module.comments()[self.next..];
        let taken = rest.iter().take_while(|comment| comment.start() < end).count();
        self.next += taken;
        rest[..taken].iter().map(|comment| comment_text(self.module, *comment)).collect()
    }
}

fn push_line(out: &mut String, style: &Style, parts: &[&str]) {
    out.push_str(&style.indent);
    for part in parts {
        out.push_str(part);
    }
    out.push_str(style.newline);
}

fn with_alias(name: &str, asname: Option<&str>) -> String {
    match asname {
        Some(asname) => format!("{name} as {asname}"),
        None => name.to_string(),
    }
}

/// Where a comment becomes a pragma, which formatters do not count into the width of its line.
fn pragma_offset(comment: &str) -> Option<usize> {
    comment.match_indices('#').map(|(offset, _)| offset).find(|offset| {
        let body = comment[offset + 1..].trim_start();
        let noqa = body.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("noqa"));
        const TOOLS: &[&str] = &["isort", "type", "pyright", "pyrefly", "pylint", "flake8", "ruff", "ty"];
        noqa || body.starts_with("nosec") || body.split_once(':').is_some_and(|(tool, _)| TOOLS.contains(&tool))
    })
}

/// The column after `text` written from column `width`: tabs stop at every fourth, wide characters take two.
fn add_width(width: usize, text: &str) -> usize {
    text.chars().fold(width, |width, c| match c {
        '\t' => (width / 4 + 1) * 4,
        c if c.is_ascii() => width + 1,
        c => width + wide(c),
    })
}

fn wide(c: char) -> usize {
    if unicode_normalization::char::is_combining_mark(c) || matches!(c as u32, 0x200b..=0x200f | 0xfe00..=0xfe0f) {
        return 0;
    }
    let two = matches!(
        c as u32,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
            | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd
    );
    1 + usize::from(two)
}
