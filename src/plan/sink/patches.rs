//! Strings of tests that patch through the name: `patch("app.handler.boto3.client")` becomes `patch("boto3.client")` with
//! the move, where both find the same object in the same moment. Otherwise the import stays.

use smol_str::SmolStr;

use crate::name::ModuleName;
use crate::plan::{Code, Companion, File, Refusal, Subject, known};
use crate::project::{FileIndex, Patch, ReadKind, Reader};
use crate::python::ImportForm;
use crate::sort::stdlib;

/// What goes along with the move of `subject`. Complete only if nothing refuses.
pub(super) fn companions(file: &File<'_>, subject: &Subject) -> Vec<Companion> {
    let readers = file.project.readers_of(file.id, &subject.bound);
    let mut companions: Vec<Companion> = readers.filter_map(|reader| companion(file, subject, &reader)?.ok()).collect();
    companions.sort_by(|a, b| (&a.path, a.content.start()).cmp(&(&b.path, b.content.start())));
    companions.dedup();
    companions
}

/// Why a string that a patch goes through cannot go along.
pub(super) fn refusal(file: &File<'_>, subject: &Subject, reader: &Reader<'_>) -> Option<Refusal> {
    let why = companion(file, subject, reader)?.err()?;
    let what = format!("a patch goes through this name, and {why}");
    Some(Refusal::elsewhere(Code::PatchedName, reader.path, reader.read.place, what))
}

/// `None` if the reader is no such string.
fn companion(file: &File<'_>, subject: &Subject, reader: &Reader<'_>) -> Option<Result<Companion, String>> {
    let (ReadKind::Through(Some(id)), Some(test)) = (reader.read.kind, reader.file) else { return None };
    let patch = test.patch(id);
    Some(rewritten(file, subject, reader, test, patch).map(|new| Companion {
        path: test.path.clone(),
        content: patch.content,
        place: patch.place,
        old: patch.target.clone(),
        new,
    }))
}

type Why = Result<SmolStr, String>;

fn rewritten(file: &File<'_>, subject: &Subject, reader: &Reader<'_>, test: &FileIndex, patch: &Patch) -> Why {
    let home = &reader.read.module;
    may_change(file, test, patch)?;
    let prefix = runtime_prefix(file, home).ok_or_else(|| format!("`{home}` may mean another module"))?;
    if file.project.sys_modules_write(home).is_some() {
        return Err(format!("the project changes `{home}` in `sys.modules`"));
    }
    if !file.project.loads_before(test, patch.place, home) {
        return Err(format!("its file does not import `{home}` before, whatever moves"));
    }
    let parts: Vec<&str> = patch.target.split('.').collect();
    let rest = &parts[home.as_str().split('.').count() + 1..];
    let target = runtime_target(file, subject, prefix);
    let new = std::iter::once(target.as_str()).chain(rest.iter().copied()).collect::<Vec<_>>().join(".");
    same_object(file, subject, &target, rest, patch)?;
    fits(patch, &new)?;
    Ok(SmolStr::new(new))
}

/// Whether this run may write the string anew.
fn may_change(file: &File<'_>, test: &FileIndex, patch: &Patch) -> Result<(), String> {
    let why = if test.path == file.index().path {
        "it is in this very file"
    } else if !test.is_writable {
        "its file is not among those that this run may change"
    } else if patch.is_kept {
        "a comment on its line speaks to hotcold"
    } else if !patch.is_plain {
        "its string is not written plainly"
    } else if patch.fixture.as_ref().is_some_and(|fixture| file.project.defines_fixture(fixture)) {
        "the project defines the fixture that patches"
    } else {
        return Ok(());
    };
    Err(why.to_owned())
}

/// The folders before the name by which this file is loaded, with a dot at the end: `src.` for `app.handler` in
/// `src/app/handler.py`. `None` if the name may mean something else.
fn runtime_prefix<'f>(file: &File<'f>, home: &ModuleName) -> Option<&'f str> {
    let sure = file.project.sure(home) == Some(file.id);
    let whole = file.index().name.as_str();
    whole.strip_suffix(home.as_str()).filter(|_| sure && !file.project.has_second_name(home))
}

/// The dotted name of what the import binds, as the running program has it.
fn runtime_target(file: &File<'_>, subject: &Subject, prefix: &str) -> String {
    let import = file.site(subject).import;
    let alias = &import.aliases[subject.alias];
    let dotted = subject.target.dotted();
    match &import.form {
        ImportForm::Import if alias.asname.is_none() => dotted.root().to_owned(),
        ImportForm::Import | ImportForm::From { level: 0, .. } => dotted.to_string(),
        ImportForm::From { .. } => dotted.as_str().strip_prefix(prefix).unwrap_or(dotted.as_str()).to_owned(),
    }
}

/// Whether the new path leads to the object that the old one leads to. A patching function imports as much of a path as
/// it can and takes the rest by attribute; the import, and the old path behind it, went by attribute. The two differ
/// where a package has a submodule and another thing under one name.
fn same_object(file: &File<'_>, subject: &Subject, target: &str, rest: &[&str], patch: &Patch) -> Result<(), String> {
    let index = file.index();
    if index.is_package && file.project.files_of(&index.name.join(&subject.bound)).next().is_some() {
        return Err(format!("the package has a submodule `{}` as well", subject.bound));
    }
    let leads = if patch.names_object { rest.len() } else { rest.len() - 1 };
    // Parts that are taken of the part before them.
    let mut package = ModuleName::new(target).ok_or("its target has no name")?;
    let mut taken = Vec::new();
    if subject.target.member.is_some() {
        let parent = package.parent().ok_or("its target has no home")?;
        taken.push((parent, package.last().to_owned(), String::new()));
    }
    let mut chain = String::new();
    for part in &rest[..leads] {
        chain.push('.');
        chain.push_str(part);
        taken.push((package.clone(), (*part).to_owned(), chain.clone()));
        package = package.join(part);
    }
    for (home, name, chain) in &taken {
        if known::SHADOWED.contains(&home.join(name).as_str()) {
            return Err(format!("`{home}.{name}` is not the submodule of that name"));
        }
        let own: Vec<&FileIndex> = file.project.running(home).map(|id| file.project.file(id)).collect();
        if let Some(first) = own.first() {
            let submodule = home.join(name);
            let has_submodule = file.project.files_of(&submodule).next().is_some();
            if has_submodule && own.iter().any(|home| home.defined.contains_key(name.as_str())) {
                return Err(format!("`{}` has both a submodule and another thing called `{name}`", first.path));
            }
            if !has_submodule && own.iter().any(|home| home.bound_to(name).next().is_some()) {
                return Err(format!("it goes through `{name}` of `{}` as well", first.path));
            }
        } else if !stdlib::is_stdlib(home.root()) && !is_class_name(name) && file.is_called(subject, chain) {
            return Err(format!("`{home}.{name}` may also be a module of that name"));
        }
    }
    Ok(())
}

/// `Session`: no module is called so.
fn is_class_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
}

/// Whether a formatter would leave the lines as they are.
fn fits(patch: &Patch, new: &str) -> Result<(), String> {
    let (old, new) = (patch.target.chars().count(), new.chars().count());
    let too_long = new > old && new - old > usize::from(patch.layout.room);
    let joins = patch.layout.joins_below.is_some_and(|excess| old >= new + usize::from(excess));
    if too_long || joins { Err("its lines would have to be laid out anew".to_owned()) } else { Ok(()) }
}
