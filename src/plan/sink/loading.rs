//! What loading the imported module at another time would change: effects of modules, what they take from the process,
//! and what the project does to the process between the old time and the new.

use crate::name::ModuleName;
use crate::plan::{Code, File, Refusal, Subject, known};
use crate::project::{ReadKind, ScanKind};
use crate::sort::stdlib;

/// The lists, built-in and configured, and first-party modules that visibly do something when imported.
pub(in crate::plan) fn side_effect_module(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let dotted = subject.target.dotted();
    let is_below = |name: &str| dotted.as_str().strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    if known::SIDE_EFFECTS.iter().any(|name| dotted.as_str() == *name || is_below(name)) {
        let what = format!("importing `{}` has effects that others rely on", subject.target.module);
        return Some(Refusal::here(Code::SideEffectModule, file.span_of(subject), what));
    }
    if let Some(name) = file.config.side_effects.iter().find(|name| dotted.is_within(name)) {
        let what = format!("`side-effects` in the configuration lists `{name}`");
        return Some(Refusal::here(Code::SideEffectModule, file.span_of(subject), what));
    }
    let effect = file.project.effect(file.id, &modules(subject))?;
    Some(Refusal::elsewhere(Code::SideEffectModule, &effect.file.path, effect.place, effect.what))
}

/// First-party modules that keep what the process had when they were imported.
pub(in crate::plan) fn import_time_input(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let input = file.project.input(file.id, &modules(subject))?;
    Some(Refusal::elsewhere(Code::ImportTimeInput, &input.file.path, input.place, input.what))
}

/// What an import loads, the packages around it aside.
fn modules(subject: &Subject) -> [ModuleName; 2] {
    [subject.target.module.clone(), subject.target.dotted()]
}

/// Hooks of the import system, and instruments that rewrite modules as they are loaded.
pub(in crate::plan) fn import_hook(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    file.project.import_hooks().find_map(|other| {
        if let Some((place, what)) = &other.process.import_hook {
            return Some(Refusal::elsewhere(Code::ImportHook, &other.path, *place, what.clone()));
        }
        let (package, place) = other.process.instrumented.iter().find(|(package, _)| {
            modules(subject).iter().any(|module| module.is_within(package))
                || file.project.files_of(&subject.target.module).any(|id| file.project.file(id).name.is_within(package))
        })?;
        let what = format!("has the modules of `{package}` rewritten as they are loaded");
        Some(Refusal::elsewhere(Code::ImportHook, &other.path, *place, what))
    })
}

/// Privileges or the file system are taken away once the program runs.
pub(super) fn sandboxed(file: &File<'_>, _: &Subject) -> Option<Refusal> {
    let other = file.project.sandbox()?;
    let (place, what) = other.process.sandbox.as_ref()?;
    Some(Refusal::elsewhere(Code::SandboxedProcess, &other.path, *place, what.clone()))
}

/// The project changes `sys.path`, and a file of its own has the name of what is imported.
pub(in crate::plan) fn ambiguous(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = ModuleName::new(subject.target.module.root())?;
    let (changer, place) = file.project.path_change()?;
    let homes: Vec<_> = file.project.running(&root).map(|id| file.project.file(id)).collect();
    let home = homes.iter().find(|home| home.name != root)?;
    // One file of the project and nothing else: it was found by way of the changed path.
    let is_sure = homes.len() == 1 && !stdlib::is_stdlib(root.as_str());
    let what = format!("changes `sys.path`, and `{}` may be what is found", home.path);
    (!is_sure).then(|| Refusal::elsewhere(Code::AmbiguousModule, &changer.path, place, what))
}

/// An entry of `sys.path` that the import may need is gone when a function is called.
pub(super) fn path_taken_away(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let root = subject.target.module.root();
    if stdlib::is_stdlib(root) {
        return None;
    }
    let window = file.project.window_on(file.id).map(|(other, window)| (other, window.place));
    let is_test = |other| known::is_test_file(&file.project.file(other).path);
    let loss = file.project.path_losses().find(|(other, _)| !is_test(*other));
    let (other, place, what) = match (window, loss) {
        (Some((other, place)), loss) if loss.is_none_or(|(first, _)| other <= first) => {
            (other, place, "takes an entry of `sys.path` away that stood there during the import")
        }
        (_, Some((other, place))) => (other, place, "takes an entry of `sys.path` away"),
        _ => return None,
    };
    Some(Refusal::elsewhere(Code::OrderBarrier, &file.project.file(other).path, place, what))
}

/// A from-import reads the value when it runs; if the project rebinds it, when matters.
pub(in crate::plan) fn late_binding(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let member = subject.target.member.as_ref()?;
    let module = &subject.target.module;
    for home in file.project.files_of(module) {
        let own = file.project.file(home);
        if let Some(place) = own.rebound.get(member) {
            let what = format!("a function here rebinds `{member}`");
            return Some(Refusal::elsewhere(Code::LateBinding, &own.path, *place, what));
        }
        if let Some(place) = own.rebinds_any {
            let what = "a function here rebinds names of its module that cannot be told";
            return Some(Refusal::elsewhere(Code::LateBinding, &own.path, place, what));
        }
        let scan =
            file.project.scans_of(home).find(|(_, scan)| matches!(scan.kind, ScanKind::Writes | ScanKind::Reloaded));
        if let Some((other, scan)) = scan {
            let (code, what) = match scan.kind {
                ScanKind::Reloaded => (Code::Reloaded, "reloads the module that it comes from"),
                _ => (Code::LateBinding, "assigns names of its module that cannot be told"),
            };
            return Some(Refusal::elsewhere(code, &other.path, scan.place, what));
        }
    }
    let change = file.project.reads_of(module, member).find(|reader| reader.read.kind.replaces())?;
    let (code, what) = match change.read.kind {
        ReadKind::Store => (Code::LateBinding, "assigns it anew"),
        _ => (Code::PatchedSource, "replaces it where it is defined"),
    };
    Some(Refusal::elsewhere(code, change.path, change.read.place, what))
}
