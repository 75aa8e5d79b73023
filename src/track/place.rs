//! Where the module that logs stands, and by which name each file imports it. A name that cannot be known is refused: an
//! import that fails would take the file down.

use std::collections::{BTreeMap, BTreeSet};

use super::Refusal;
use super::helper::{self, Owner};
use crate::name::ModuleName;
use crate::pipeline::Input;
use crate::project::{FileIndex, Project};
use crate::sort::stdlib;

/// A module that logs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// The folder that it is found from, relative to the project's root; empty for that itself.
    pub root: String,
    pub name: ModuleName,
}

impl Home {
    pub fn path(&self) -> String {
        join(&self.root, &format!("{}.py", self.name.as_str().replace('.', "/")))
    }
}

/// What is known of the project's folders.
pub struct Places<'a> {
    project: &'a Project,
    files: &'a [Input],
    /// Folders with an `__init__.py`.
    packages: BTreeSet<&'a str>,
    /// Modules that log, of hotcold's making.
    pub helpers: BTreeMap<Home, Owner>,
    /// `--module`
    wished: Option<&'a ModuleName>,
}

/// Where a file stands: the folder that its package is found from, and its path below that.
struct Location<'f> {
    root: &'f str,
    below: &'f str,
}

impl<'f> Location<'f> {
    fn package(&self) -> Option<&'f str> {
        self.below.split_once('/').map(|(package, _)| package)
    }
}

impl<'a> Places<'a> {
    pub fn new(files: &'a [Input], project: &'a Project, wished: Option<&'a ModuleName>) -> Places<'a> {
        let init = |file: &'a Input| file.path.strip_suffix("__init__.py").map(|folder| folder.trim_end_matches('/'));
        let packages = files.iter().filter_map(init).collect();
        let mut places = Places { project, files, packages, helpers: BTreeMap::new(), wished };
        for file in files.iter().filter(|file| file.text.contains("def track_module_usage(")) {
            let owner = helper::owner(&file.text);
            let home = places.home_at(&file.path);
            if let (Owner::Ours | Owner::Edited, Some(home)) = (owner, home) {
                places.helpers.insert(home, owner);
            }
        }
        places
    }

    /// Whether files import hotcold's function from a module of this name. A file of that name that is somebody else's is
    /// not hotcold's; one that is gone was.
    pub fn is_home(&self, name: &str) -> bool {
        let is_helper = || self.helpers.keys().any(|home| home.name.as_str() == name);
        let is_wished = || self.wished.is_some_and(|wished| wished.as_str() == name);
        let has_our_name = name.rsplit('.').next() == Some(helper::NAME);
        let path = format!("{}.py", name.replace('.', "/"));
        let is_anothers = || {
            let is_it = |file: &&Input| file.path == path || file.path.ends_with(&format!("/{path}"));
            self.files.iter().filter(is_it).any(|file| helper::owner(&file.text) == Owner::Other)
        };
        is_helper() || is_wished() || (has_our_name && !is_anothers())
    }

    pub fn is_helper(&self, path: &str) -> bool {
        self.helpers.keys().any(|home| home.path() == path)
    }

    /// The home that a file imports by `name`: the name of one is not unique in a project of several.
    pub fn imported(&self, path: &str, name: &ModuleName) -> Home {
        Home { root: self.locate(path).root.to_owned(), name: name.clone() }
    }

    /// The homes of files that need one, in their order.
    pub fn choose(&self, paths: &[&str]) -> Vec<Result<Home, Refusal>> {
        let located: Vec<Result<Location<'_>, Refusal>> = paths.iter().map(|path| self.known(path)).collect();
        // By root: whether all files lie in one package.
        let mut packages: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
        for location in located.iter().flatten() {
            packages.entry(location.root).or_default().insert(location.package());
        }
        let choose = |location: Location<'_>| {
            let root = location.root.to_owned();
            if let Some(wished) = self.wished {
                return self.wished_home(wished, &location, packages.len());
            }
            let inside = |package: &str| ModuleName::new(&format!("{package}.{}", helper::NAME));
            let beside = ModuleName::new(helper::NAME);
            let own = location.package().and_then(inside);
            let homes = [own, beside.clone()].into_iter().flatten().map(|name| Home { root: root.clone(), name });
            let known = homes.into_iter().find(|home| self.helpers.contains_key(home));
            let all = &packages[location.root];
            let common = all.first().filter(|_| all.len() == 1).and_then(|package| inside((*package)?));
            let new = common.or(beside).map(|name| Home { root, name });
            known.or(new).ok_or_else(|| unknown("its folder has no name that Python can import".to_owned()))
        };
        located.into_iter().map(|location| location.and_then(choose)).collect()
    }

    /// Whether the user has named no other module.
    pub fn wishes(&self, home: &Home) -> bool {
        self.wished.is_none_or(|wished| *wished == home.name)
    }

    /// Why a new home cannot be written: its name is taken.
    pub fn is_taken(&self, home: &Home) -> Option<String> {
        let path = home.path();
        let folder = format!("{}/", path.trim_end_matches(".py"));
        let taken = self.files.iter().find(|file| {
            (file.path == path && helper::owner(&file.text) == Owner::Other) || file.path.starts_with(&folder)
        })?;
        Some(format!("is no file of hotcold's ({} stands there): name another module with --module", taken.path))
    }

    fn home_at(&self, path: &str) -> Option<Home> {
        let location = self.locate(path);
        let name = location.below.strip_suffix(".py")?.replace('/', ".");
        Some(Home { root: location.root.to_owned(), name: ModuleName::new(&name)? })
    }

    fn locate<'f>(&self, path: &'f str) -> Location<'f> {
        let mut root = parent(path);
        while !root.is_empty() && self.packages.contains(root) {
            root = parent(root);
        }
        Location { root, below: path[root.len()..].trim_start_matches('/') }
    }

    /// The location of a file that can import what stands in its root.
    fn known<'f>(&self, path: &'f str) -> Result<Location<'f>, Refusal> {
        let location = self.locate(path);
        if location.package().is_some() {
            let parts = location.below.trim_end_matches(".py").split('/');
            if let Some(part) = parts.into_iter().find(|part| !is_identifier(part)) {
                return Err(unknown(format!("`{part}` is no name that Python can import")));
            }
            self.finds_its_package(path, &location)?;
        }
        match self.wished {
            Some(_) => Ok(location),
            None => self.is_root(path, &location).map(|()| location),
        }
    }

    /// Whether other files of the package, and so a module that is added to it, can be imported when the file runs.
    fn finds_its_package(&self, path: &str, location: &Location<'_>) -> Result<(), Refusal> {
        let Some(file) = self.project.find(path).map(|id| self.project.file(id)) else { return Ok(()) };
        if let Some(place) = file.process.path_change {
            let message = "the file changes `sys.path`: whether its package is found above that cannot be told";
            return Err(Refusal { code: "path-changed", place: Some(place), message: message.to_owned() });
        }
        let package = location.package().unwrap_or_default();
        let whole = ModuleName::new(&join(location.root, package).replace('/', "."));
        let is_own = |module: &ModuleName| {
            module.root() == package || whole.as_ref().is_some_and(|whole| module.is_within(whole))
        };
        let is_main = file.path.ends_with("__main__.py");
        if (file.main_guard.is_some() || is_main) && !file.imports.iter().any(is_own) {
            let message = format!("the file may be run by its path, where `{package}` cannot be imported");
            return Err(Refusal { code: "run-by-path", place: file.main_guard, message });
        }
        Ok(())
    }

    /// Whether Python finds modules in the location's root: it is the project's, a `src`, that of a configuration, or files
    /// in it import each other so.
    fn is_root(&self, path: &str, location: &Location<'_>) -> Result<(), Refusal> {
        let root = location.root;
        if root.is_empty() && self.packages.contains("") {
            return Err(unknown(
                "the project's own folder is a package: say with --module what files import".to_owned(),
            ));
        }
        if let Some((user, module)) = self.named_from_above(root) {
            return Err(unknown(format!("{user} imports `{module}`, so its folder is part of the name")));
        }
        if root.is_empty() || root == "src" || self.is_configured(path, root) || self.is_imported_from(root) {
            return Ok(());
        }
        Err(unknown(format!(
            "whether Python finds modules in `{root}` cannot be told: write a hotcold.toml there, or say with --module what \
             files import"
        )))
    }

    fn is_configured(&self, path: &str, root: &str) -> bool {
        let Ok(at) = self.files.binary_search_by(|file| file.path.as_str().cmp(path)) else { return false };
        let config = &self.files[at].config;
        let ends_so = |folder: &std::path::Path| folder.ends_with(root);
        let own = config.root.iter().flat_map(|folder| [folder.clone(), folder.join("src")]);
        own.chain(config.source_roots.iter().cloned()).any(|folder| ends_so(&folder))
    }

    /// Whether a file in the folder imports another by a name from there.
    fn is_imported_from(&self, root: &str) -> bool {
        let inside = format!("{root}/");
        let paths: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let stands = |folder: &str, top: &str| {
            paths.contains(&*join(folder, &format!("{top}.py"))) || self.packages.contains(&*join(folder, top))
        };
        let finds = |file: &FileIndex| {
            file.imports.iter().any(|module| {
                let top = module.root();
                stands(root, top) && !stands("", top) && !stdlib::is_stdlib(top)
            })
        };
        self.project.files().any(|(_, file)| file.path.starts_with(&inside) && finds(file))
    }

    /// A file that imports something by a name that begins above the root. What is relative inside a package of the root
    /// is recorded so as well, and does not count.
    fn named_from_above(&self, root: &str) -> Option<(&str, &ModuleName)> {
        let whole = ModuleName::new(&root.replace('/', ".")).filter(|_| !root.is_empty())?;
        let inside = format!("{root}/");
        let is_within_package = |file: &FileIndex| {
            file.path
                .strip_prefix(&inside)
                .and_then(|below| below.split_once('/'))
                .is_some_and(|(package, _)| self.packages.contains(&*join(root, package)))
        };
        self.project.files().filter(|(_, file)| !is_within_package(file)).find_map(|(_, file)| {
            let module = file.imports.iter().find(|module| **module != whole && module.is_within(&whole))?;
            Some((file.path.as_str(), module))
        })
    }

    /// The home that the user names, for a file.
    fn wished_home(&self, wished: &ModuleName, location: &Location<'_>, roots: usize) -> Result<Home, Refusal> {
        let refuse = |message: String| Refusal { code: "other-package", place: None, message };
        if stdlib::is_stdlib(wished.root()) {
            return Err(refuse(format!("`{wished}` would hide a module of the standard library")));
        }
        let Some(parent) = wished.parent() else {
            let message = "the files are found from several folders, and `--module` names one: run hotcold for each";
            let home = Home { root: location.root.to_owned(), name: wished.clone() };
            return if roots == 1 { Ok(home) } else { Err(refuse(message.to_owned())) };
        };
        // A package of which the file is no part would be loaded for this alone.
        let folder = parent.as_str().replace('.', "/");
        let file = join(location.root, location.below);
        let mut roots = [location.root, "src", ""].into_iter();
        let root = roots.find(|root| file.starts_with(&format!("{}/", join(root, top(&folder)))));
        match root
            .filter(|root| self.files.iter().any(|file| file.path.starts_with(&join(root, &format!("{folder}/")))))
        {
            Some(root) => Ok(Home { root: root.to_owned(), name: wished.clone() }),
            None => Err(refuse(format!("the file is not in `{}`, of which `{wished}` is a part", wished.root()))),
        }
    }
}

fn unknown(message: String) -> Refusal {
    Refusal { code: "unknown-module-name", place: None, message }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn is_identifier(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}
