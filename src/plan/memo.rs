//! Answers about a file that each of its imports asks for, found when the first one does. Without them a file of many
//! imports would be read once for each.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::{File, Refusal};
use crate::name::ModuleName;
use crate::python::{Import, ImportForm};
use crate::semantic::{Binding, BindingId, BindingKind, ImportSite, Reference};
use crate::text::{Span, TextSize};

/// See the module's comment.
#[derive(Default)]
pub struct Memo {
    pub(super) restored: OnceCell<Vec<Restored>>,
    /// By the root of a package.
    pub(super) unnamed: Answers<SmolStr, Option<Refusal>>,
    /// Bindings of a name of the module that are no plain import (`import a.b`).
    pub(super) other_than_plain: Answers<SmolStr, Rc<[BindingId]>>,
    by_root: OnceCell<HashMap<SmolStr, BTreeMap<SmolStr, Vec<Member>>>>,
    used: OnceCell<HashMap<ModuleName, Vec<Used>>>,
    by_name: OnceCell<HashMap<SmolStr, Vec<(usize, usize)>>>,
    typing_only: OnceCell<Vec<usize>>,
    sites: OnceCell<HashMap<*const Import, usize>>,
    nonlocals: OnceCell<HashMap<SmolStr, Vec<usize>>>,
}

/// A change of what imports depend on, back to what it was.
pub(super) struct Restored {
    /// Where the statement of the module's body starts that holds it.
    pub(super) home: TextSize,
    pub(super) place: Span,
    pub(super) what: String,
    /// A value is set anew, instead of something being taken away.
    pub(super) sets: bool,
}

/// An import of the module's body from a package.
pub(super) struct Member {
    /// The statement's number among all imports, and the alias's in it.
    pub(super) site: usize,
    pub(super) alias: usize,
    pub(super) stands_for: ModuleName,
    /// `import p.sub`: the name is that of the root.
    pub(super) is_plain: bool,
    pub(super) loads: ModuleName,
}

/// What the file reads through an import of the module's body.
pub(super) struct Used {
    /// The name that the import binds, and the import's number among those that bind it.
    pub(super) name: SmolStr,
    pub(super) member: usize,
    pub(super) place: Span,
    /// The number of the reference among those to the name, and of how many names behind it this is.
    reference: usize,
    length: usize,
}

impl Used {
    /// By which the first of several is told.
    pub(super) fn order(&self) -> (&str, usize, usize) {
        (&self.name, self.reference, self.length)
    }
}

impl Memo {
    /// Where the file reads `module`, or what is called so, through an import of its root, in the order of the names.
    pub(super) fn used<'f>(&'f self, file: &File<'_>, module: &ModuleName) -> &'f [Used] {
        self.used.get_or_init(|| used(file, self.by_root(file))).get(module).map_or(&[][..], Vec::as_slice)
    }

    /// The imports anywhere in the file that bind the name: the statement's number among all, and the alias's in it.
    pub(super) fn imports_as<'f>(&'f self, file: &File<'_>, name: &str) -> &'f [(usize, usize)] {
        let by_name = self.by_name.get_or_init(|| {
            let mut found: HashMap<SmolStr, Vec<(usize, usize)>> = HashMap::default();
            for (site, import) in file.model.imports().iter().map(|site| site.import).enumerate() {
                for (position, alias) in import.aliases.iter().enumerate() {
                    found.entry(SmolStr::new(alias.bound())).or_default().push((site, position));
                }
            }
            found
        });
        by_name.get(name).map_or(&[][..], Vec::as_slice)
    }

    /// The number of an import's statement among all.
    pub(super) fn site_of(&self, file: &File<'_>, import: &Import) -> Option<usize> {
        let numbers =
            || file.model.imports().iter().enumerate().map(|(number, site)| (std::ptr::from_ref(site.import), number));
        self.sites.get_or_init(|| numbers().collect()).get(&std::ptr::from_ref(import)).copied()
    }

    /// Where functions declare the name `nonlocal`.
    pub(super) fn nonlocals<'f>(&self, file: &File<'f>, name: &str) -> impl Iterator<Item = &'f Binding<'f>> {
        let bindings = file.model.bindings();
        let nonlocals = self.nonlocals.get_or_init(|| {
            let mut found: HashMap<SmolStr, Vec<usize>> = HashMap::default();
            for (number, binding) in bindings.iter().enumerate() {
                if matches!(binding.kind, BindingKind::Nonlocal) {
                    found.entry(binding.name.clone()).or_default().push(number);
                }
            }
            found
        });
        nonlocals.get(name).into_iter().flatten().map(|number| &bindings[*number])
    }

    /// The imports for type checkers alone, by their numbers among all.
    pub(super) fn typing_only<'f>(&'f self, file: &File<'_>) -> &'f [usize] {
        self.typing_only.get_or_init(|| {
            let sites = file.model.imports().iter().enumerate();
            sites.filter(|(_, site)| file.is_typing_only(site)).map(|(number, _)| number).collect()
        })
    }

    /// The imports of the module's body from the package `root`, by the name that each binds; names of which the file
    /// uses no attribute are left out.
    pub(super) fn imports_from<'f>(
        &'f self,
        file: &File<'_>,
        root: &str,
    ) -> Option<&'f BTreeMap<SmolStr, Vec<Member>>> {
        self.by_root(file).get(root)
    }

    fn by_root(&self, file: &File<'_>) -> &HashMap<SmolStr, BTreeMap<SmolStr, Vec<Member>>> {
        self.by_root.get_or_init(|| members(file))
    }
}

fn members(file: &File<'_>) -> HashMap<SmolStr, BTreeMap<SmolStr, Vec<Member>>> {
    let mut members: HashMap<SmolStr, BTreeMap<SmolStr, Vec<Member>>> = HashMap::default();
    let home = file.model.module_scope();
    let mut has_parts: HashMap<&str, bool> = HashMap::default();
    for (number, site) in file.model.imports().iter().enumerate().filter(|(_, site)| site.scope == home) {
        for (position, alias) in site.import.aliases.iter().enumerate() {
            let Some(target) = file.target_of(site.import, position) else { continue };
            let bound = alias.bound();
            let mut references = file.model.references_to(home, bound);
            let is_used = || references.any(|reference| !file.facts.chain(reference).is_empty());
            if !*has_parts.entry(bound).or_insert_with(is_used) {
                continue;
            }
            let is_plain = site.import.form == ImportForm::Import && alias.asname.is_none();
            let loads = target.dotted();
            let stands_for = if is_plain { ModuleName::new(bound) } else { Some(loads.clone()) };
            let Some(stands_for) = stands_for else { continue };
            let named = members.entry(SmolStr::new(target.module.root())).or_default();
            let member = Member { site: number, alias: position, stands_for, is_plain, loads };
            named.entry(SmolStr::new(bound)).or_default().push(member);
        }
    }
    members
}

fn used(file: &File<'_>, by_root: &HashMap<SmolStr, BTreeMap<SmolStr, Vec<Member>>>) -> HashMap<ModuleName, Vec<Used>> {
    let mut found: HashMap<ModuleName, Vec<Used>> = HashMap::default();
    let length = |module: &ModuleName| module.as_str().split('.').count();
    let loaded = |site: &ImportSite<'_>| {
        let targets = (0..site.import.aliases.len()).filter_map(|alias| file.target_of(site.import, alias));
        targets.map(|target| length(&target.dotted())).max()
    };
    // Nobody asks about longer ones.
    let longest = file.model.imports().iter().filter_map(loaded).max().unwrap_or(0);
    for names in by_root.values() {
        for (name, members) in names {
            for (number, member) in members.iter().enumerate() {
                let rest = longest.saturating_sub(length(&member.stands_for));
                let references = file.model.references_to(file.model.module_scope(), name);
                for (at, reference) in references.enumerate() {
                    let mut module = member.stands_for.clone();
                    for (behind, part) in file.facts.chain(reference).iter().take(rest).enumerate() {
                        module = module.join(part);
                        if is_function(file, reference, behind + 1, &module) {
                            break;
                        }
                        let (name, place) = (name.clone(), reference.span);
                        let used = Used { name, member: number, place, reference: at, length: behind + 1 };
                        found.entry(module.clone()).or_default().push(used);
                    }
                }
            }
        }
    }
    found
}

/// Whether the first `length` names behind a reference are called together, which no module can be.
pub(super) fn is_function(file: &File<'_>, reference: &Reference, length: usize, used: &ModuleName) -> bool {
    let is_whole = file.facts.chain(reference).len() == length;
    is_whole && file.facts.is_called(reference) && file.project.running(used).next().is_none()
}

/// Answers to one question, by what it is asked about.
pub(super) struct Answers<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for Answers<K, V> {
    fn default() -> Answers<K, V> {
        Answers(RefCell::default())
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Answers<K, V> {
    pub(super) fn get_or(&self, key: &K, find: impl FnOnce() -> V) -> V {
        if let Some(value) = self.0.borrow().get(key) {
            return value.clone();
        }
        let value = find();
        self.0.borrow_mut().insert(key.clone(), value.clone());
        value
    }
}
