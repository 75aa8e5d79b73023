//! Lowers import statements.

use smol_str::{SmolStr, SmolStrBuilder};

use super::Lower;
use crate::python::ast::*;
use crate::python::cst::{Field, Id, Kind};

impl Lower<'_> {
    pub(super) fn import(&mut self, id: Id) -> Import {
        let form = match self.cst.kind(id) {
            Kind::Import => ImportForm::Import,
            Kind::FutureImport => {
                let module = Some(SmolStr::new_static("__future__"));
                ImportForm::From { level: 0, module, star: false }
            }
            _ => self.module_form(id),
        };
        let mut aliases = Vec::new();
        let (mut open, mut parentheses, mut trailing_comma) = (None, None, false);
        for child in self.cst.children(id) {
            match self.cst.kind(child) {
                Kind::LeftParen => open = Some(self.span(child)),
                Kind::RightParen => parentheses = open.map(|open| open.cover(self.span(child))),
                Kind::Comma => trailing_comma = true,
                _ if self.cst.node(child).field == Field::Name => {
                    trailing_comma = false;
                    aliases.push(self.alias(child));
                }
                _ => {}
            }
        }
        if trailing_comma && parentheses.is_none() {
            self.unknown(id);
        }
        let lazy = self.lazy.binary_search(&self.cst.node(id).start).is_ok();
        Import { form, lazy, aliases, parentheses, trailing_comma }
    }

    fn module_form(&self, id: Id) -> ImportForm {
        let star = self.cst.child_of(id, Kind::WildcardImport).is_some();
        let Some(module) = self.cst.field(id, Field::ModuleName) else {
            return ImportForm::From { level: 0, module: None, star };
        };
        if self.cst.kind(module) != Kind::RelativeImport {
            return ImportForm::From { level: 0, module: Some(self.dotted(module)), star };
        }
        let prefix = self.cst.child_of(module, Kind::ImportPrefix).map_or("", |prefix| self.slice(prefix));
        let level = prefix.bytes().filter(|&byte| byte == b'.').count() as u32;
        let module = self.cst.child_of(module, Kind::DottedName).map(|name| self.dotted(name));
        ImportForm::From { level, module, star }
    }

    fn alias(&self, id: Id) -> Alias {
        let span = self.span(id);
        if self.cst.kind(id) != Kind::AliasedImport {
            return Alias { span, name: self.dotted(id), asname: None };
        }
        let name = self.cst.field(id, Field::Name).map(|name| self.dotted(name)).unwrap_or_default();
        let asname = self.cst.field(id, Field::Alias).map(|alias| self.ident(alias));
        Alias { span, name, asname }
    }

    /// A dotted name without the blanks that may stand around its dots.
    pub(super) fn dotted(&self, id: Id) -> SmolStr {
        let mut name = SmolStrBuilder::new();
        let parts = self.cst.children(id).filter(|&part| self.cst.kind(part) == Kind::Identifier);
        for (index, part) in parts.enumerate() {
            if index > 0 {
                name.push('.');
            }
            name.push_str(&self.name(part));
        }
        name.finish()
    }
}
