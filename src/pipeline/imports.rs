//! Which modules from outside a project imports anywhere: what there is to measure.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Input;
use super::first::first_party;
use crate::name::ModuleName;
use crate::project::{is_type_checking, module_of_path, targets};
use crate::python::visit::{Visitor, walk_stmt};
use crate::python::{Expr, Stmt, StmtKind};

/// The modules that import statements of the files name, as far as the files can be read: `a.b` for `import a.b` and for
/// `from a.b import c`, or the configured module that this is. Those of the project itself, and those imported for type
/// checkers only, are left out. `counts` tells the files that are asked.
pub fn imported_modules(files: &[Input], counts: &(dyn Fn(&Input) -> bool + Sync)) -> BTreeSet<ModuleName> {
    let own = first_party(files);
    let found: Vec<BTreeSet<ModuleName>> = files.par_iter().filter(|file| counts(file)).map(of_file).collect();
    found.into_iter().flatten().filter(|module| !own.contains(module.root())).collect()
}

fn of_file(file: &Input) -> BTreeSet<ModuleName> {
    let (Some((name, is_package)), Ok(module)) = (module_of_path(&file.path), super::parse(file)) else {
        return BTreeSet::new();
    };
    let mut collector = Collector { file, name, is_package, found: BTreeSet::new() };
    module.body().body.iter().for_each(|stmt| collector.visit_stmt(stmt));
    collector.found
}

struct Collector<'f> {
    file: &'f Input,
    name: ModuleName,
    is_package: bool,
    found: BTreeSet<ModuleName>,
}

impl<'m> Visitor<'m> for Collector<'_> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => {
                let targets =
                    import.aliases.iter().filter_map(|alias| targets(import, alias, &self.name, self.is_package));
                for target in targets {
                    let key = self.file.config.lookup(&target.dotted()).map(|(key, _)| key.clone());
                    self.found.insert(key.unwrap_or(target.module));
                }
            }
            StmtKind::If { arms, orelse } if arms.first().is_some_and(|arm| is_type_checking(&arm.test)) => {
                let rest = arms[1..].iter().map(|arm| &arm.body).chain(orelse);
                rest.flat_map(|block| &block.body).for_each(|stmt| self.visit_stmt(stmt));
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, _: &'m Expr) {}
}
