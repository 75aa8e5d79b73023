//! Blocks of imports: their sections and order, the text that isort's rules (as `ruff check --select I` with default
//! settings has them) give them, and rewriting a block that follows other rules with the least change.
//! Must not decide which imports there are.

mod gap;
mod order;
mod rewrite;
mod row;
pub mod stdlib;
mod suppress;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use smol_str::SmolStr;

pub use crate::python::import::Style;
pub use order::{MemberKey, Place};
pub use rewrite::{Layout, Rewritten, Slot, rewrite_block};
pub use suppress::Suppressions;

use crate::python::import::{Entry, Member, Statement};
use crate::python::{Module, Stmt, StmtKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    Future,
    StandardLibrary,
    ThirdParty,
    FirstParty,
    LocalFolder,
}

/// What tells the section of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sections {
    /// The target is Python 3.`minor`.
    pub minor: u8,
    /// The project's modules and packages. A top-level name alone stands for all below it; where dotted names below it
    /// are listed too, only what is listed counts, as ruff takes `app.gone` without a file for a third party.
    pub first_party: BTreeSet<SmolStr>,
}

impl Sections {
    /// The section of `import module` (level 0) or `from ..module import`.
    pub fn of(&self, level: u32, module: &str) -> Section {
        let root = module.split('.').next().unwrap_or(module);
        match root {
            _ if level > 0 => Section::LocalFolder,
            "__future__" => Section::Future,
            _ if stdlib::exists(root, self.minor) => Section::StandardLibrary,
            _ if self.is_first_party(root, module) || module == "__main__" => Section::FirstParty,
            _ => Section::ThirdParty,
        }
    }

    fn is_first_party(&self, root: &str, module: &str) -> bool {
        let below = format!("{root}.");
        let mut listed = self.first_party.range(SmolStr::new(&below)..);
        let has_parts = listed.next().is_some_and(|name| name.starts_with(&below));
        self.first_party.contains(if has_parts { module } else { root })
    }
}

/// The imports as isort writes them: merged, without duplicates, in order, with a blank line between sections. The
/// blank line that a comment gets above it is left out for the first statement of a section.
pub fn canonical(entries: Vec<Entry>, sections: &Sections, style: &Style) -> String {
    let mut placed: Vec<(Place, Entry)> =
        merged(entries).into_iter().map(|entry| (Place::of(&entry, sections), entry)).collect();
    placed.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut out = String::new();
    let mut section = None;
    for (place, entry) in placed {
        let opens_section = section != Some(place.section);
        if section.is_some() && (opens_section || !entry.above.is_empty()) {
            out.push_str(style.newline);
        }
        out.push_str(&entry.print(style));
        section = Some(place.section);
    }
    out
}

/// One entry for each statement that isort would write, names in order: members of one module together, but names with
/// an alias and stars apart. A comment on a statement goes to where its first name goes.
pub fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::new();
    let mut added: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
    let mut index: BTreeMap<(bool, Statement), usize> = BTreeMap::new();
    let mut place_of = |kept: &mut Vec<Entry>, lazy: bool, statement: Statement| -> usize {
        *index.entry((lazy, statement)).or_insert_with_key(|(lazy, statement)| {
            let statement = match statement.clone() {
                Statement::From { level, module, star, .. } => Statement::From { level, module, star, members: vec![] },
                import => import,
            };
            kept.push(Entry { lazy: *lazy, ..Entry::new(statement) });
            kept.len() - 1
        })
    };
    for entry in entries {
        let Entry { statement, lazy, above, inline, trailing, magic_comma } = entry;
        let mut comments = Some((above, inline, trailing));
        let (level, module, star, members) = match statement {
            Statement::Import { .. } => {
                let place = place_of(&mut kept, lazy, statement);
                take_comments(&mut kept[place], comments.take());
                continue;
            }
            Statement::From { level, module, star, members } => (level, module, star, members),
        };
        let empty = |star| Statement::From { level, module: module.clone(), star, members: Vec::new() };
        if star {
            let place = place_of(&mut kept, lazy, empty(true));
            take_comments(&mut kept[place], comments.take());
            continue;
        }
        for member in members {
            let key = if member.asname.is_some() {
                let members = vec![Member::new(&member.name, member.asname.as_deref())];
                Statement::From { level, module: module.clone(), star: false, members }
            } else {
                empty(false)
            };
            let place = place_of(&mut kept, lazy, key);
            take_comments(&mut kept[place], comments.take());
            kept[place].magic_comma |= magic_comma;
            added.entry(place).or_default().push(member);
        }
    }
    added.into_iter().for_each(|(place, members)| kept[place].add_members(members));
    for entry in &mut kept {
        if let Statement::From { members, .. } = &mut entry.statement {
            members.sort_by_cached_key(MemberKey::of);
        }
    }
    kept
}

fn take_comments(entry: &mut Entry, comments: Option<(Vec<String>, Vec<String>, Vec<String>)>) {
    if let Some((above, inline, trailing)) = comments {
        entry.above.extend(above);
        entry.inline.extend(inline);
        entry.trailing.extend(trailing);
    }
}

/// The blocks that isort sorts by themselves, as ranges of `suite`: runs of imports. Comments and blank lines do not
/// end a run; another statement does, and `# isort: split`, and an import that isort is told to leave alone.
pub fn blocks(module: &Module, suite: &[Stmt]) -> Vec<Range<usize>> {
    let suppressions = Suppressions::of(module);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (index, stmt) in suite.iter().enumerate() {
        if !matches!(stmt.kind, StmtKind::Import(_)) || suppressions.is_unsorted(stmt) {
            open = false;
            continue;
        }
        let split = index > 0 && suppressions.splits_between(suite[index - 1].span.end(), stmt.span.start());
        match found.last_mut() {
            Some(block) if open && !split => block.end = index + 1,
            _ => found.push(index..index + 1),
        }
        open = true;
    }
    found
}

/// Whether isort sorts these statements together.
pub fn is_one_block(module: &Module, statements: &[Stmt]) -> bool {
    matches!(blocks(module, statements).as_slice(), [all] if *all == (0..statements.len()))
}

/// What stands after a block of imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// The suite or the file ends.
    Nothing,
    /// A function or class, directly or below comments and decorators that touch it.
    Definition,
    /// Another statement, or a comment with a blank line below it.
    Other,
}

/// How many blank lines isort and the formatter want after a block.
pub fn blank_lines_after(nested: bool, following: Following) -> usize {
    match following {
        Following::Nothing => 0,
        Following::Definition if !nested => 2,
        Following::Definition | Following::Other => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_package_decides_for_what_is_below_it() {
        let whole = Sections { minor: 12, first_party: ["app".into()].into() };
        assert_eq!(whole.of(0, "app.gone"), Section::FirstParty);
        let parts = Sections { minor: 12, first_party: ["app".into(), "app.db".into()].into() };
        assert_eq!(parts.of(0, "app"), Section::FirstParty);
        assert_eq!(parts.of(0, "app.db"), Section::FirstParty);
        assert_eq!(parts.of(0, "app.gone"), Section::ThirdParty);
        assert_eq!(parts.of(0, "application"), Section::ThirdParty);
    }

    #[test]
    fn sections_follow_the_target() {
        let of = |minor, module| Sections { minor, first_party: BTreeSet::new() }.of(0, module);
        assert_eq!(of(10, "tomllib"), Section::ThirdParty);
        assert_eq!(of(11, "tomllib"), Section::StandardLibrary);
        assert_eq!(of(11, "__future__"), Section::Future);
        assert_eq!(of(11, "__main__"), Section::FirstParty);
    }

    #[test]
    fn relative_imports_are_local_whatever_their_name() {
        let sections = Sections { minor: 12, first_party: BTreeSet::new() };
        assert_eq!(sections.of(1, "os"), Section::LocalFolder);
    }
}
