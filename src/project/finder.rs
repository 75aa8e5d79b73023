//! Which one file Python finds for a module name: from the folder that the importer is found from, else from the nearest
//! other. For questions about what happens, such as what a start loads; questions of safety ask for every candidate.

use rustc_hash::FxHashMap;

use super::{FileId, FileIndex, Project};
use crate::name::ModuleName;
use crate::sort::stdlib;

/// Finds modules as the files of a project do.
pub struct Finder<'p> {
    project: &'p Project,
    /// Files by the dotted name of their path; a package before a module of that name, as Python has it.
    by_path: FxHashMap<&'p str, FileId>,
}

impl<'p> Finder<'p> {
    pub fn new(project: &'p Project) -> Finder<'p> {
        let mut by_path: FxHashMap<&str, FileId> = FxHashMap::default();
        for (id, file) in project.files().filter(|(_, file)| !file.is_stub()) {
            let known = by_path.entry(file.name.as_str()).or_insert(id);
            if file.is_package && !project.file(*known).is_package {
                *known = id;
            }
        }
        Finder { project, by_path }
    }

    pub fn project(&self) -> &'p Project {
        self.project
    }

    /// The file that an import of `module` loads, or `None` if that is no file of the project.
    pub fn find(&self, importer: &FileIndex, module: &ModuleName) -> Option<FileId> {
        self.find_from(self.project.root_of(importer), module)
    }

    /// The same from a file of which the root is known.
    pub(super) fn find_from(&self, root: &str, module: &ModuleName) -> Option<FileId> {
        let mut path = String::new();
        let mut root = Some(root);
        while let Some(folder) = root {
            path.clear();
            path.push_str(folder);
            path.extend((!folder.is_empty()).then_some('.'));
            path.push_str(module.as_str());
            if let Some(id) = self.by_path.get(path.as_str()) {
                return Some(*id);
            }
            root = (!folder.is_empty()).then(|| folder.rsplit_once('.').map_or("", |(head, _)| head));
        }
        if stdlib::is_stdlib(module.root()) {
            return None;
        }
        self.nearest(module)
    }

    /// The file of a module that is named outside any file, as in the configuration.
    pub fn named(&self, module: &ModuleName) -> Option<FileId> {
        self.by_path.get(module.as_str()).copied().or_else(|| self.nearest(module))
    }

    /// The package that holds the file, and so runs before it.
    pub fn package_of(&self, file: &FileIndex) -> Option<FileId> {
        let mut parent = file.name.parent();
        while let Some(name) = parent {
            let found = self.by_path.get(name.as_str()).filter(|id| self.project.file(**id).is_package);
            if let Some(id) = found {
                return Some(*id);
            }
            parent = name.parent();
        }
        None
    }

    fn nearest(&self, module: &ModuleName) -> Option<FileId> {
        let candidates = self.project.files_of(module).filter(|id| !self.project.file(*id).is_stub());
        candidates.min_by_key(|id| {
            let file = self.project.file(*id);
            (file.name.as_str().matches('.').count(), !file.is_package, &file.path)
        })
    }
}
