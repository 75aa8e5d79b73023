//! What keeps a function-level import in its function, whichever function that is: what the file and the project say of
//! the module and the name.

use std::collections::BTreeSet;

use super::{present, same, written};
use crate::plan::facts::All;
use crate::plan::sink::{
    ambiguous, clash, framework_file, frozen_time, import_hook, import_time_input, is_private, late_binding, notebook,
    probed, side_effect_module,
};
use crate::plan::{At, Code, File, Place, Refusal, Subject, known};
use crate::project::{ScanKind, Wants};
use crate::semantic::{Arm, BindingKind, Resolution};
use crate::sort::stdlib;

type Check = fn(&File<'_>, &Subject) -> Option<Refusal>;

/// What the file and the project say of an import, whichever function it stands in; asked once for each kind of import.
const CHECKS: &[Check] = &[
    notebook,
    debugger,
    platform,
    version,
    configured,
    mangled,
    type_checking_twin,
    collision,
    star,
    namespace,
    package,
    test_file,
    framework_file,
    effects,
    fixed_by_readers,
    sources,
    cycle,
];

/// The first reason why imports of this kind stay.
pub(super) fn refusal(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    CHECKS.iter().find_map(|check| check(file, subject))
}

fn debugger(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    let what = format!("`{root}` is a debugger");
    known::DEBUGGERS.contains(&root).then(|| Refusal::here(Code::DebugImport, file.span_of(subject), what))
}

fn platform(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let module = &subject.target.module;
    let listed = known::PLATFORM.contains(&module.root()) || known::PLATFORM.contains(&module.as_str());
    let what = format!("`{module}` exists on some systems only");
    listed.then(|| Refusal::here(Code::PlatformModule, file.span_of(subject), what))
}

fn version(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    let lowest = file.config.target_minor();
    let missing = stdlib::removed_or_added(root)
        .is_some_and(|(added, removed)| added.is_some_and(|added| added > lowest) || removed.is_some());
    let what = format!("`{root}` is not part of every Python from 3.{lowest} on");
    missing.then(|| Refusal::here(Code::VersionDependentModule, file.span_of(subject), what))
}

fn configured(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let banned = file.config.banned_module_level.iter().find(|banned| subject.target.dotted().is_within(banned))?;
    let what = format!("`banned-module-level-imports` lists `{banned}`");
    Some(Refusal::here(Code::ConfiguredLocal, file.span_of(subject), what))
}

fn mangled(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let member = subject.target.member.as_deref().unwrap_or_default();
    let mangled = is_private(&subject.bound) || is_private(member);
    mangled.then(|| Refusal::here(Code::MangledName, file.span_of(subject), "Python rewrites this name inside a class"))
}

fn type_checking_twin(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let mut sites = file.facts.memo.typing_only(file).iter().map(|site| &file.model.imports()[*site]);
    let twin = sites.find(|site| {
        (0..site.import.aliases.len()).any(|alias| {
            file.target_of(site.import, alias).is_some_and(|target| target.module == subject.target.module)
        })
    })?;
    let what = "the same module is imported for type checking only";
    Some(Refusal::here(Code::TypeCheckingOnly, twin.stmt.span, what))
}

/// What the name means at module level, and to functions that look it up there.
fn collision(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let wanted = written(file, subject)?;
    let module_scope = file.model.module_scope();
    if let Some(symbol) = file.model.symbol(module_scope, &subject.bound) {
        for id in &symbol.bindings {
            let binding = file.model.binding(*id);
            let what = format!("`{}` is bound at module level here", subject.bound);
            let BindingKind::Import { import, alias } = binding.kind else {
                return Some(Refusal::here(Code::NameCollision, binding.span, what));
            };
            let site = &file.model.imports()[file.facts.memo.site_of(file, import)?];
            let plain_root = wanted.0.member.is_none()
                && !wanted.1
                && file
                    .target_of(import, alias)
                    .is_some_and(|target| target.member.is_none() && import.aliases[alias].asname.is_none());
            if !same(file, import, alias, &wanted) && !plain_root {
                return Some(Refusal::here(Code::NameCollision, binding.span, what));
            }
            if let Some(guard) = site.guards.last() {
                let code = match guard.arm {
                    Arm::With => Code::InWith,
                    Arm::If(_) | Arm::Else | Arm::Case(_) | Arm::Loop => Code::ConditionalImport,
                    _ => Code::GuardedImport,
                };
                return Some(Refusal::here(code, site.stmt.span, "at module level it is imported under a condition"));
            }
        }
    }
    // Other functions import something else by this name: only one of them can have it.
    let other = file.facts.memo.imports_as(file, &subject.bound).iter().find_map(|(site, position)| {
        let site = &file.model.imports()[*site];
        let function_level = file.model.enclosing_function(site.scope).is_some();
        if !function_level || same(file, site.import, *position, &wanted) {
            return None;
        }
        let other = &site.import.aliases[*position];
        let plain = wanted.0.member.is_none() && !wanted.1 && other.asname.is_none();
        let root = plain && file.target_of(site.import, *position).is_some_and(|target| target.member.is_none());
        (!root).then_some(other.span)
    });
    if let Some(place) = other {
        let what = format!("another function imports something else as `{}`", subject.bound);
        return Some(Refusal::here(Code::MultipleBindings, place, what));
    }
    // References that look the name up among the globals and find the builtin, or nothing.
    let stray = file
        .model
        .references_named(&subject.bound)
        .find(|reference| matches!(reference.resolution, Resolution::Builtin | Resolution::Unknown))?;
    let what = format!("here `{}` means something else", subject.bound);
    Some(Refusal::here(Code::NameCollision, stray.span, what))
}

fn star(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    file.facts.star.map(|place| Refusal::here(Code::StarImportInModule, place, "this star import may bind the name"))
}

/// A new name at module level that somebody would see.
fn namespace(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if present(file, subject).is_some() {
        return None;
    }
    if let Some(place) = file.facts.module_getattr {
        return Some(Refusal::here(Code::ModuleGetattr, place, "the module's attribute hook"));
    }
    if let (Some((Code::DynamicNamespace, place, what)), false) =
        (&file.facts.dynamic, matches!(file.facts.all, All::Computed(_)))
    {
        return Some(Refusal::here(Code::DynamicNamespace, *place, what.clone()));
    }
    match &file.facts.all {
        All::Computed(place) => Some(Refusal::here(Code::DynamicAll, *place, "`__all__` is computed here")),
        All::Names(_) => None,
        All::Absent if subject.bound.starts_with('_') => None,
        All::Absent => {
            let (importer, place) = file.project.star_importers(file.id).next()?;
            Some(Refusal::elsewhere(Code::StarImportedBy, &importer.path, place, "star-imports this module"))
        }
    }
}

fn package(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let index = file.index();
    if !index.is_package {
        return None;
    }
    if file.is_first_party(&subject.target) {
        let what = "the package's interface would include it";
        return Some(Refusal::here(Code::PackageInit, file.span_of(subject), what));
    }
    let submodule = index.name.join(&subject.bound);
    let id = file.project.files_of(&submodule).next()?;
    let what = format!("`{}` has the same name", file.project.file(id).path);
    Some(Refusal::here(Code::AttrSubmoduleClash, file.span_of(subject), what))
}

fn test_file(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if !known::is_test_file(&file.index().path) {
        return None;
    }
    let collected = subject.target.member.is_some()
        && (subject.bound.starts_with("test")
            || subject.bound.contains("Test")
            || file.facts.parameters.contains(subject.bound.as_str()));
    let what = "tests import first-party code where they need it";
    (collected || file.is_first_party(&subject.target))
        .then(|| Refusal::here(Code::TestModule, file.span_of(subject), what))
}

fn effects(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    const EFFECTS: &[Check] = &[side_effect_module, import_time_input, clash, frozen_time, import_hook, ambiguous];
    EFFECTS.iter().find_map(|check| check(file, subject))
}

/// Tests replace the module-level name, which the function did not use so far.
fn fixed_by_readers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let mut readers = file.project.readers_of(file.id, &subject.bound);
    if let Some(reader) = readers.find(|reader| reader.read.kind.replaces()) {
        let what = "replaces it in this module";
        return Some(Refusal::elsewhere(Code::PatchedName, reader.path, reader.read.place, what));
    }
    let (other, scan) = file.project.scans_of(file.id).find(|(_, scan)| scan.kind == ScanKind::Writes)?;
    let what = "replaces names of this module that cannot be told";
    Some(Refusal::elsewhere(Code::PatchedName, &other.path, scan.place, what))
}

/// The module it comes from changes under it.
fn sources(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if let Some((reader, place)) = file.project.sys_modules_write(&subject.target.module) {
        return Some(Refusal::elsewhere(Code::SysModulesPatched, &reader.path, place, "replaces it in `sys.modules`"));
    }
    probed(file, subject).or_else(|| late_binding(file, subject))
}

fn cycle(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    for target in BTreeSet::from([subject.target.module.clone(), subject.target.dotted()]) {
        if let Some(home) = file.project.files_of(&target).find_map(|id| {
            let target = file.project.file(id);
            target.main_guard.map(|place| (target.path.clone(), place))
        }) {
            return Some(Refusal::elsewhere(Code::MainModule, &home.0, home.1, "the module is run as a script"));
        }
        let is_module = file.project.files_of(&subject.target.dotted()).next().is_some();
        let wants = if target == subject.target.module && !is_module { Wants::Member } else { Wants::Module };
        if let Some(steps) = file.project.cycle(file.id, &target, wants) {
            let what = format!("imports `{target}`, and so closes the cycle");
            let mut refusal = Refusal::here(Code::WouldCreateCycle, file.span_of(subject), what);
            refusal.places.extend(steps.into_iter().map(|step| Place {
                at: At::File { path: step.path, place: step.place },
                what: format!("imports `{}`", step.module),
            }));
            return Some(refusal);
        }
    }
    None
}
