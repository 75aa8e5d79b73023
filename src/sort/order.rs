//! The order of imports: by section, form, module and members, each compared case-blind first and with numbers as
//! numbers. Must not print anything.

use std::cmp::{Ordering, Reverse};

use smol_str::SmolStr;

use super::{Section, Sections};
use crate::python::import::{Entry, Member, Statement};

/// What decides the place of a statement in a block; less is earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub section: Section,
    lazy: bool,
    /// Plain imports before from-imports; the other way round for `__future__`.
    late_form: bool,
    module: ModuleKey,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ModuleKey {
    /// The most dots first.
    level: Reverse<u32>,
    name: Option<NameKey>,
    first_member: Option<MemberKey>,
    asname: Option<Natural>,
}

/// What decides the place of a name in a from-import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberKey {
    kind: Kind,
    name: NameKey,
    asname: Option<Natural>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Star,
    Constant,
    Class,
    Variable,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NameKey {
    lowercase: Natural,
    exact: Natural,
}

impl Place {
    pub fn of(entry: &Entry, sections: &Sections) -> Place {
        let (level, name, asname, first_member) = match &entry.statement {
            Statement::Import { name, asname } => (0, Some(name), asname.as_ref(), None),
            Statement::From { level, module, star: true, .. } => {
                (*level, module.as_ref(), None, Some(MemberKey::star()))
            }
            Statement::From { level, module, members, .. } => {
                (*level, module.as_ref(), None, members.iter().map(MemberKey::of).min())
            }
        };
        let section = sections.of(level, name.map_or("", |name| name.as_str()));
        let module = ModuleKey {
            level: Reverse(level),
            name: name.map(NameKey::of),
            first_member,
            asname: asname.map(|name| Natural(name.clone())),
        };
        Place { section, lazy: entry.lazy, late_form: entry.is_from() != (section == Section::Future), module }
    }

    /// As `cmp`, for a block that mixes plain and from-imports.
    pub fn cmp_mixed(&self, other: &Place) -> Ordering {
        let key = |place: &Place| (place.section, place.lazy, place.module.level, place.module.name.clone());
        key(self).cmp(&key(other)).then_with(|| self.cmp(other))
    }

    pub fn is_from(&self) -> bool {
        self.late_form != (self.section == Section::Future)
    }
}

impl MemberKey {
    pub fn of(member: &Member) -> MemberKey {
        let asname = member.asname.clone().map(Natural);
        MemberKey { kind: Kind::of(&member.name), name: NameKey::of(&member.name), asname }
    }

    fn star() -> MemberKey {
        MemberKey { kind: Kind::Star, name: NameKey::of(&SmolStr::new("*")), asname: None }
    }
}

impl Kind {
    fn of(name: &str) -> Kind {
        let upper = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
        match name.chars().next() {
            Some(_) if upper && name.len() > 1 => Kind::Constant,
            Some(first) if first.is_uppercase() => Kind::Class,
            _ => Kind::Variable,
        }
    }
}

impl NameKey {
    fn of(name: &SmolStr) -> NameKey {
        NameKey { lowercase: Natural(name.to_lowercase().into()), exact: Natural(name.clone()) }
    }
}

/// A text whose runs of digits compare as numbers: `a2` before `a10`. A run that opens with a zero compares as a
/// fraction does, digit by digit: `a015` before `a12`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Natural(SmolStr);

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        let (mut left, mut right) = (self.0.as_str(), other.0.as_str());
        loop {
            let (ours, our_rest) = digits(left);
            let (theirs, their_rest) = digits(right);
            if !ours.is_empty() && !theirs.is_empty() {
                let fraction = ours.starts_with('0') || theirs.starts_with('0');
                let by_length = if fraction { Ordering::Equal } else { ours.len().cmp(&theirs.len()) };
                let order = by_length.then_with(|| ours.cmp(theirs));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (our_rest, their_rest);
                continue;
            }
            let (mut ours, mut theirs) = (left.chars(), right.chars());
            match (ours.next(), theirs.next()) {
                (Some(a), Some(b)) if a == b => (left, right) = (ours.as_str(), theirs.as_str()),
                (a, b) => return a.cmp(&b).then_with(|| self.0.cmp(&other.0)),
            }
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(a: &str, b: &str) -> bool {
        Natural(a.into()) < Natural(b.into())
    }

    #[test]
    fn digits_compare_as_numbers_unless_they_open_with_zero() {
        assert!(before("a2", "a10") && before("a", "a1") && before("a1b", "a2"));
        assert!(before("a015", "a12") && before("a01", "a1"));
    }

    #[test]
    fn constants_come_before_classes_and_those_before_variables() {
        let mut names = ["beta", "Alpha", "CONST", "_X", "X"].map(|name| Member::new(name, None));
        names.sort_by_key(MemberKey::of);
        let names: Vec<&str> = names.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["_X", "CONST", "Alpha", "X", "beta"]);
    }
}
