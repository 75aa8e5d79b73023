//! Submodules that are used without an import of their own: whoever imports them first provides for all others.

use smol_str::SmolStr;

use super::is_plain;
use crate::name::ModuleName;
use crate::plan::memo::{Member, Used, is_function};
use crate::plan::submodules::comes_with_its_package;
use crate::plan::{Code, File, Refusal, Subject, known};
use crate::project::Provision;
use crate::python::ImportForm;
use crate::semantic::Reference;
use crate::sort::stdlib;

/// Another file uses a submodule that nothing but this import loads.
pub(super) fn provider(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let first = if may_be_submodule(file, subject) { subject.target.dotted() } else { subject.target.module.clone() };
    let candidates = first.with_parents();
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

/// `sys.modules["pandas"]`, `"pandas" in sys.modules`
pub(in crate::plan) fn probed(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let first = if may_be_submodule(file, subject) { subject.target.dotted() } else { subject.target.module.clone() };
    first.with_parents().find_map(|module| {
        let (asker, place) = file.project.prober(file.id, &module)?;
        let what = format!("asks whether `{module}` is loaded");
        Some(Refusal::elsewhere(Code::SysModulesProbe, &asker.path, place, what))
    })
}

/// `p.sub` works through another import of `p`, under whichever name, only because this import loads `p.sub`.
pub(super) fn own(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let own_name = is_plain(file, subject).then_some(&*subject.bound);
    let member = Some(subject.target.dotted()).filter(|_| may_be_submodule(file, subject));
    let is_submodule = member.as_ref().is_some_and(|member| file.project.running(member).next().is_some());
    let root = subject.target.module.root();
    let imports = file.facts.memo.imports_from(file, root)?;
    let modules = subject.target.module.with_parents().map(|module| (module, false));
    let modules = modules.chain(member.map(|member| (member, true)));
    let uses = modules.filter_map(|(module, is_member)| {
        let uses = file.facts.memo.used(file, &module).iter().filter(|used| Some(used.name.as_str()) != own_name);
        let by_others = |used: &&Used| {
            let members = imports.get(&used.name);
            let Some(other) = members.and_then(|members| Imported::by_others(members, subject)) else { return false };
            // Through a second name a member of a foreign package is taken for a function or class, as most are.
            let loads = !is_member || is_submodule || other.is_plain;
            let is_provided =
                || other.loads.iter().any(|own| own.is_within(&module)) || is_loaded_anyway(file, &module);
            used.member == other.number && loads && !is_provided()
        };
        let first = uses.filter(by_others).min_by(|a, b| a.order().cmp(&b.order()))?;
        Some((first, module.clone()))
    });
    let (first, module) = uses.min_by(|(a, _), (b, _)| a.order().cmp(&b.order()))?;
    let what = format!("uses `{module}`, which this import loads");
    Some(Refusal::here(Code::ImplicitSubmodule, first.place, what))
}

/// What a module-level name is imported as.
struct Imported<'f> {
    /// The number of the first of the imports that bind it.
    number: usize,
    /// `import p.sub`: the name is that of the root.
    is_plain: bool,
    loads: Vec<&'f ModuleName>,
}

impl<'f> Imported<'f> {
    /// By all imports of the name but the subject, if there are any.
    fn by_others(members: &'f [Member], subject: &Subject) -> Option<Imported<'f>> {
        let is_other = |one: &Member| (one.site, one.alias) != (subject.site, subject.alias);
        let mut others = members.iter().enumerate().filter(|(_, one)| is_other(one));
        let (number, first) = others.next()?;
        let loads = std::iter::once(first).chain(others.map(|(_, one)| one)).map(|member| &member.loads).collect();
        Some(Imported { number, is_plain: first.is_plain, loads })
    }
}

/// `import p.a` and `from p.b import x`, and the file uses `p.c`: one of the two loads it, and nobody can tell which.
/// Beside `import p` it is taken for a name of the package itself.
pub(super) fn unnamed(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = SmolStr::new(subject.target.module.root());
    file.facts.memo.unnamed.get_or(&root, || unnamed_of(file, &root))
}

fn unnamed_of(file: &File<'_>, root: &str) -> Option<Refusal> {
    let module_scope = file.model.module_scope();
    let mut named: Vec<ModuleName> = Vec::new();
    let mut others = false;
    for site in file.model.imports() {
        for (alias, written) in site.import.aliases.iter().enumerate() {
            let Some(target) = file.target_of(site.import, alias).filter(|target| target.module.root() == root) else {
                continue;
            };
            let plain = site.import.form == ImportForm::Import && written.asname.is_none();
            match plain {
                true if target.module.parent().is_none() => return None,
                true => named.push(target.module),
                false => others |= target.dotted().parent().is_some(),
            }
        }
    }
    if named.is_empty() || !others {
        return None;
    }
    file.model.references_to(module_scope, root).find_map(|reference| {
        let used = ModuleName::new(root)?.join(file.facts.chain(reference).first()?);
        if is_function(file, reference, 1, &used) {
            return None;
        }
        let what = format!("uses `{used}`, which no import of the file names");
        let is_named = named.iter().any(|module| module.is_within(&used));
        (!is_named).then(|| Refusal::here(Code::ImplicitSubmodule, reference.span, what))
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
            submodules.iter().any(|submodule| loaded.binary_search(submodule).is_ok())
        })
}
