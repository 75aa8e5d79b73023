//! What other files read of the name: imports and attributes, star imports, stubs, patches, modules taken as a whole.

use super::patches;
use crate::plan::facts::All;
use crate::plan::{Code, File, Refusal, Subject};
use crate::project::{ReadKind, Reader, ScanKind};

pub(super) fn exported(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    stub(file, subject).or_else(|| file.facts.export_refusal(&subject.bound))
}

/// What the stub beside the module promises.
fn stub(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    let stub = file.project.find(&format!("{}i", file.index().path)).map(|id| file.project.file(id))?;
    let what = format!("the stub promises `{}`", subject.bound);
    if let Some(place) = stub.exported.get(&subject.bound) {
        return Some(Refusal::elsewhere(Code::Exported, &stub.path, *place, what));
    }
    // A star re-exports what its module has: nothing else, where that is known.
    let (_, place) = stub.stars.iter().find(|(module, _)| {
        let mut homes = file.project.running(module).map(|id| file.project.file(id)).peekable();
        let has = |name: &str| {
            homes.peek().is_none()
                || homes.any(|home| home.defined.contains_key(name) || home.bound_to(name).next().is_some())
        };
        !subject.bound.starts_with('_') && { has }(&subject.bound)
    })?;
    Some(Refusal::elsewhere(Code::Exported, &stub.path, *place, what))
}

/// Other files that read, replace or name it.
pub(super) fn readers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if let Some((reader, place)) = file.project.patched_anywhere(&subject.bound) {
        let what = "replaces a name of this spelling in a module that cannot be told";
        return Some(Refusal::elsewhere(Code::PatchedName, &reader.path, place, what));
    }
    let readers = file.project.readers_of(file.id, &subject.bound);
    let (strings, others): (Vec<Reader<'_>>, Vec<Reader<'_>>) =
        readers.partition(|reader| matches!(reader.read.kind, ReadKind::Through(Some(_))));
    let Some(reader) = others.iter().max_by_key(|reader| reader.read.kind) else {
        return strings.iter().find_map(|reader| patches::refusal(file, subject, reader));
    };
    let (code, what) = match reader.read.kind {
        ReadKind::FromImport => (Code::Reexported, "imports it from this module"),
        ReadKind::Attribute => (Code::Reexported, "reads it from this module"),
        ReadKind::Through(_) => (Code::PatchedName, "changes a part of it through this module"),
        ReadKind::Store => (Code::PatchedName, "assigns it in this module"),
        ReadKind::Patched => (Code::PatchedName, "replaces it in this module"),
        ReadKind::String => (Code::ReferencedInString, "names it by its path in this module"),
    };
    Some(Refusal::elsewhere(code, reader.path, reader.read.place, what))
}

/// The module as a whole in somebody's hands.
pub(super) fn scans(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    file.project.scans_of(file.id).find_map(|(reader, scan)| {
        let (code, what) = match scan.kind {
            ScanKind::Reads => (Code::NamespaceScanned, "reads names of this module that cannot be told"),
            // Who computes both the module and the name has the name from a string.
            ScanKind::Named if !file.project.is_quoted(&subject.bound) => return None,
            ScanKind::Named => {
                (Code::NamespaceScanned, "reads a name of a module, both are computed, and a string is this name")
            }
            // A module among the names is passed over.
            ScanKind::Definitions if subject.target.member.is_none() => return None,
            // A class of the project has no heirs outside.
            ScanKind::Subclasses if subject.target.member.is_none() || !file.is_first_party(&subject.target) => {
                return None;
            }
            ScanKind::Definitions | ScanKind::Subclasses => {
                (Code::NamespaceScanned, "collects the classes and functions of this module")
            }
            ScanKind::Writes => (Code::PatchedName, "replaces names of this module that cannot be told"),
            ScanKind::Passed => (Code::NamespaceScanned, "hands this module on, and what is read of it cannot be told"),
            ScanKind::Kept if !file.project.is_read_loosely(&subject.bound) => return None,
            ScanKind::Kept => {
                (Code::NamespaceScanned, "keeps this module, and an attribute of this name is read of something")
            }
            ScanKind::Reloaded => (Code::Reloaded, "reloads this module"),
        };
        Some(Refusal::elsewhere(code, &reader.path, scan.place, what))
    })
}

pub(super) fn star_importers(file: &File<'_>, subject: &Subject) -> Option<Refusal> {
    if subject.bound.starts_with('_') || !matches!(file.facts.all, All::Absent) {
        return None;
    }
    let (importer, place) = file.project.star_importers(file.id).next()?;
    Some(Refusal::elsewhere(Code::StarImportedBy, &importer.path, place, "star-imports this module"))
}
