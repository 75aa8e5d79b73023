//! Submodules that are used without an import of their own: whoever imports them first provides for all others.

use crate::name::ModuleName;
use crate::plan::submodules::comes_with_its_package;
use crate::plan::{Code, File, Refusal, Subject, known};
use crate::project::Provision;
use crate::python::ImportForm;
use crate::semantic::{BindingKind, Reference};
use crate::sort::stdlib;

use super::is_plain;

/// Another file uses a submodule that nothing but this import loads.
pub(super) fn provider(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let first = if may_be_submodule(file, subject) { subject.target.dotted() } else { subject.target.module.clone() };
    let candidates = std::iter::successors(Some(first), ModuleName::parent);
    candidates.filter(|module| module.parent().is_some()).find_map(|module| {
        let is_own = file.project.files_of(&module).any(|id| id == file.id);
        if is_own || is_loaded_anyway(file, &module) {
            return None;
        }
        let users = file.project.submodule_users(&module, file.id);
        let (user, place) = users.into_iter().find(|(user, _)| match file.project.provision(*user, &module) {
            Provision::Sure => false,
            Provision::Keeper(keeper) => keeper == file.id,
            Provision::Unknown => true,
        })?;
        let what = format!("uses `{module}` through this import");
        Some(Refusal::elsewhere(Code::SubmoduleProvider, &file.project.file(user).path, place, what))
    })
}

/// `import p` stays, and `p.sub` works through it only because this import loads `p.sub`.
pub(super) fn own(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    let root = subject.target.module.root();
    let symbol = file.model.symbol(module_scope, root).filter(|_| !is_plain(file, subject))?;
    let plain: Vec<ModuleName> = symbol
        .bindings
        .iter()
        .filter_map(|id| match file.model.binding(*id).kind {
            BindingKind::Import { import, alias } if import.form == ImportForm::Import => {
                file.target_of(import, alias).map(|target| target.module)
            }
            _ => None,
        })
        .collect();
    if plain.is_empty() {
        return None;
    }
    file.model.references_to(module_scope, root).find_map(|reference| {
        let mut used = ModuleName::new(root)?;
        for part in file.facts.chain(reference) {
            used = used.join(part);
            let loads = subject.target.module.is_within(&used)
                || (subject.target.dotted() == used && may_be_submodule(file, subject));
            if loads && !plain.iter().any(|own| own.is_within(&used)) && !is_loaded_anyway(file, &used) {
                let what = format!("uses `{used}`, which this import loads");
                return Some(Refusal::here(Code::ImplicitSubmodule, reference.span, what));
            }
        }
        None
    })
}

/// Whether `b` of `from a import b` may be the module `a.b`.
fn may_be_submodule(file: &File<'_>, subject: &Subject) -> bool {
    let (Some(member), module) = (&subject.target.member, &subject.target.module) else { return true };
    if file.project.running(&subject.target.dotted()).next().is_some() {
        return true;
    }
    let is_own = file.project.running(module).next().is_some();
    let has_none = stdlib::is_stdlib(module.root()) && !known::STDLIB_PACKAGES.contains(&module.as_str());
    // What is called, or never asked for a part of it, is used as no module.
    let by_part = |reference: &Reference| !file.facts.chain(reference).is_empty();
    let is_used_so = file.model.references_to(file.model.module_scope(), &subject.bound).all(by_part);
    !is_own && !has_none && is_used_so && !member.contains(char::is_uppercase)
}

/// Whether the package loads the submodule whenever it is loaded itself.
pub(super) fn is_loaded_anyway(file: &File<'_>, module: &ModuleName) -> bool {
    if comes_with_its_package(module) {
        return true;
    }
    let Some(package) = module.parent() else { return true };
    let submodules: Vec<_> = file.project.running(module).collect();
    !submodules.is_empty()
        && file.project.running(&package).any(|id| {
            let loaded = file.project.surely_loaded(id);
            submodules.iter().any(|submodule| loaded.contains(submodule))
        })
}
