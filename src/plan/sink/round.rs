//! What the imports of a unit have in common when each is asked whether it may move: which others would move along, and
//! what the rest of the file imports of the same root.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::submodules::is_loaded_anyway;
use crate::name::ModuleName;
use crate::plan::memo::Answers;
use crate::plan::{At, Code, File, Place, Refusal, Subject};
use crate::python::{Import, ImportForm};
use crate::semantic::{BindingKind, Reference};
use crate::text::Span;

/// One round of asking, before an import that turns out to stay begins the next.
pub(super) struct Round {
    /// Statements by their address, with the alias.
    moving: HashSet<(*const Import, usize)>,
    typing_only: HashSet<*const Import>,
    /// By the name of the root.
    roots: Answers<SmolStr, Option<Refusal>>,
    providers: Answers<SmolStr, Rc<Providers>>,
}

impl Round {
    pub(super) fn new(file: &File<'_>, moving: &[&Subject]) -> Round {
        let typing_only = file.model.imports().iter().filter(|site| file.is_typing_only(site));
        Round {
            moving: moving.iter().map(|one| (std::ptr::from_ref(file.site(one).import), one.alias)).collect(),
            typing_only: typing_only.map(|site| std::ptr::from_ref(site.import)).collect(),
            roots: Answers::default(),
            providers: Answers::default(),
        }
    }

    /// All imports that bind the same root must move together.
    pub(super) fn shared_root(&self, file: &File<'_>, root: &SmolStr) -> Result<(), Refusal> {
        self.roots.get_or(root, || self.staying_import(file, root)).map_or(Ok(()), Err)
    }

    fn staying_import(&self, file: &File<'_>, root: &SmolStr) -> Option<Refusal> {
        let symbol = file.model.symbol(file.model.module_scope(), root)?;
        symbol.bindings.iter().find_map(|id| {
            let binding = file.model.binding(*id);
            let BindingKind::Import { import, alias } = binding.kind else { return None };
            let address = std::ptr::from_ref(import);
            let stays = !self.moving.contains(&(address, alias)) && !self.typing_only.contains(&address);
            let what = format!("this import binds `{root}` too and stays");
            (stays && !import.is_star()).then(|| Refusal::here(Code::SharedRootBinding, binding.span, what))
        })
    }

    pub(super) fn providers(&self, file: &File<'_>, root: &SmolStr) -> Rc<Providers> {
        self.providers.get_or(root, || Rc::new(Providers::of(file, root)))
    }
}

/// Submodules of the root `a` that only other statements of the file load (`from a.b import x`): a function that uses
/// `a.b.c` through a sunk `import a` would miss them.
#[derive(Default)]
pub(super) struct Providers {
    only_there: BTreeMap<ModuleName, Span>,
}

impl Providers {
    fn of(file: &File<'_>, root: &str) -> Providers {
        let mut providers = Providers::default();
        let mut own = BTreeSet::new();
        for site in file.model.imports() {
            for (position, alias) in site.import.aliases.iter().enumerate() {
                let Some(target) = file.target_of(site.import, position) else { continue };
                if target.module.root() != root {
                    continue;
                }
                let plain = site.import.form == ImportForm::Import && alias.asname.is_none();
                let mut module = Some(target.module);
                while let Some(name) = module.filter(|name| name.parent().is_some()) {
                    module = name.parent();
                    if plain && site.scope == file.model.module_scope() {
                        own.insert(name);
                    } else {
                        providers.only_there.entry(name).or_insert(alias.span);
                    }
                }
            }
        }
        providers.only_there.retain(|module, _| !own.contains(module));
        providers
    }

    pub(super) fn check(&self, file: &File<'_>, subject: &Subject, reference: &Reference) -> Result<(), Refusal> {
        if self.only_there.is_empty() {
            return Ok(());
        }
        let mut used = ModuleName::new(&subject.bound);
        for part in file.facts.chain(reference) {
            used = used.map(|name| name.join(part));
            let found = used.as_ref().and_then(|name| self.only_there.get_key_value(name));
            let Some((module, place)) = found.filter(|(module, _)| !is_loaded_anyway(file, module)) else { continue };
            let places = vec![
                Place { at: At::Here(reference.span), what: format!("uses `{module}`") },
                Place { at: At::Here(*place), what: "only this import loads it".to_owned() },
            ];
            return Err(Refusal { code: Code::ImplicitSubmodule, places });
        }
        Ok(())
    }
}
