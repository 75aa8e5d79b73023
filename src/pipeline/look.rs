//! A first look at a project that has no configuration yet: what it may start with, and what it imports from outside.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;

use rayon::prelude::*;

use super::first::{self, read};
use super::{Input, imported_modules};
use crate::name::ModuleName;
use crate::project::{Finder, Project};
use crate::startup;

/// What is seen of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Of the names that were asked for, those of modules of the project, in that order.
    pub entries: Vec<ModuleName>,
    /// The modules that nobody imports, by name.
    pub not_imported: Vec<ModuleName>,
    /// The modules from outside that the selected files import, tests and the like left out.
    pub imported: BTreeSet<ModuleName>,
}

/// Looks at the files of a project. `names` are modules that it may start with.
pub fn look(mut files: Vec<Input>, names: &[ModuleName]) -> Look {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let known = first::last_names(&files);
    let room = AtomicUsize::new(0);
    let project = Project::new(files.par_iter().filter_map(|file| read(file, &known, &room).0.index).collect());
    let finder = Finder::new(&project);

    let is_selected = |path: &str| {
        let at = files.binary_search_by(|file| file.path.as_str().cmp(path));
        at.is_ok_and(|at| files[at].selected && files[at].rewritable)
    };
    let starts = startup::not_imported(&finder).into_iter().map(|id| project.file(id));
    let starts = starts.filter(|file| is_selected(&file.path)).map(|file| project.import_name(&file.name));
    let not_imported: BTreeSet<ModuleName> = starts.collect();
    let mut imported = imported_modules(&files, &|file| file.selected && !startup::is_apart(&file.path));
    // A folder below that is a root of its own has modules which look as if they came from outside.
    imported.retain(|module| ModuleName::new(module.root()).is_none_or(|root| finder.named(&root).is_none()));
    Look {
        entries: names.iter().filter(|name| !startup::named(&finder, name).is_empty()).cloned().collect(),
        not_imported: not_imported.into_iter().collect(),
        imported,
    }
}
