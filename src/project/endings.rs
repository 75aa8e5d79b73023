//! A table by module names that is searched from the end of a name: values of all names that could be a given module, when
//! either may be written from another root. Knows no files.

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use crate::name::ModuleName;

/// Values are given in their order, and come out in it.
#[derive(Debug)]
pub(super) struct Endings<T> {
    by_last: HashMap<SmolStr, Group<T>>,
}

/// The names with one last component.
#[derive(Debug)]
struct Group<T> {
    all: Vec<T>,
    /// Names of this one component.
    short: Vec<T>,
    /// The others by the component before it.
    long: HashMap<SmolStr, Vec<T>>,
}

impl<T: Copy + Ord> Endings<T> {
    pub(super) fn add(&mut self, name: &ModuleName, value: T) {
        let (parent, last) = ending(name);
        let group = self.by_last.entry(SmolStr::new(last)).or_default();
        let part = match parent {
            Some(parent) => group.long.entry(SmolStr::new(parent)).or_default(),
            None => &mut group.short,
        };
        for values in [part, &mut group.all] {
            // A value may have several names that end alike.
            if values.last() != Some(&value) {
                values.push(value);
            }
        }
    }

    /// The values of all names that [`ModuleName::may_be`] `name`, each once, and of few others.
    pub(super) fn akin_to(&self, name: &ModuleName) -> impl Iterator<Item = T> + use<'_, T> {
        let (parent, last) = ending(name);
        let (one, other) = match (self.by_last.get(last), parent) {
            (None, _) => (&[][..], &[][..]),
            (Some(group), None) => (&group.all[..], &[][..]),
            (Some(group), Some(parent)) => (&group.short[..], group.long.get(parent).map_or(&[][..], Vec::as_slice)),
        };
        merged(one, other)
    }
}

impl<T> Default for Endings<T> {
    fn default() -> Endings<T> {
        Endings { by_last: HashMap::default() }
    }
}

impl<T> Default for Group<T> {
    fn default() -> Group<T> {
        Group { all: Vec::new(), short: Vec::new(), long: HashMap::default() }
    }
}

/// The last component and the one before it.
fn ending(name: &ModuleName) -> (Option<&str>, &str) {
    match name.as_str().rsplit_once('.') {
        Some((head, last)) => (Some(head.rsplit('.').next().unwrap_or(head)), last),
        None => (None, name.as_str()),
    }
}

fn merged<'a, T: Copy + Ord>(mut one: &'a [T], mut other: &'a [T]) -> impl Iterator<Item = T> + 'a {
    std::iter::from_fn(move || {
        let (a, b) = (one.first(), other.first());
        if a == b {
            other = other.get(1..).unwrap_or_default();
        }
        let next = if b.is_some_and(|b| a.is_none_or(|a| b < a)) { &mut other } else { &mut one };
        let (first, rest) = next.split_first()?;
        *next = rest;
        Some(*first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table against the definition, on all names of up to three components that share theirs.
    #[test]
    fn what_may_be_a_module_is_found_once_and_in_order() {
        let parts = ["a", "b", "ab", "a-b"];
        let mut names: Vec<String> = parts.iter().map(ToString::to_string).collect();
        for depth in 1..3 {
            let longer: Vec<String> = names.iter().filter(|name| name.split('.').count() == depth).cloned().collect();
            names.extend(longer.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}.{part}"))));
        }
        let names: Vec<ModuleName> = names.iter().map(|name| ModuleName::new(name).unwrap()).collect();
        let mut table = Endings::default();
        for (at, name) in names.iter().enumerate() {
            table.add(name, at);
            // A second name of the same value.
            table.add(&names[at / 2], at);
        }
        for name in &names {
            let found: Vec<usize> = table.akin_to(name).collect();
            assert!(found.is_sorted_by(|a, b| a < b), "{name}");
            let expected = (0..names.len()).filter(|at| names[*at].may_be(name) || names[*at / 2].may_be(name));
            assert!(expected.into_iter().all(|at| found.binary_search(&at).is_ok()), "{name}");
        }
    }
}
