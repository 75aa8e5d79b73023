//! Where a name is mentioned other than by code that reads it: in doctests, strings, type comments, and where a definition
//! is handed on.

use super::Facts;
use crate::python::Ident;
use crate::semantic::{Model, ScopeNode};
use crate::text::{Span, span};

impl<'m> Facts<'m> {
    /// A doctest that uses `name` without importing it.
    pub fn doctest_use(&self, name: &str) -> Option<Span> {
        self.doctests.iter().copied().find(|place| {
            let lines = self.text[*place].lines().map(str::trim_start);
            let code: Vec<&str> = lines.filter(|line| line.starts_with(">>>") || line.starts_with("...")).collect();
            let first = code.iter().find(|line| has_word(line, name));
            first.is_some_and(|line| {
                let words = line.trim_start_matches(['>', '.', ' ']);
                !words.starts_with("import ") && !words.starts_with("from ")
            })
        })
    }

    /// A string that imports `name` from this module as a script: `"from __main__ import name"`.
    pub fn main_string_use(&self, name: &str) -> Option<Span> {
        self.main_strings.iter().copied().find(|place| has_word(&self.text[*place], name))
    }

    /// A type comment that mentions `name`.
    pub fn type_comment_use(&self, name: &str) -> Option<Span> {
        self.comments.iter().copied().find(|place| {
            let comment = &self.text[*place];
            let body = comment.trim_start_matches('#').trim_start();
            body.strip_prefix("type:")
                .is_some_and(|kind| !kind.trim_start().starts_with("ignore") && has_word(kind, name))
        })
    }

    /// A place where a function or class is used other than by calling it: it may be given to anybody there.
    pub fn escape_of(&self, model: &Model<'m>, definition: &Ident) -> Option<Span> {
        let name = definition.name.as_str();
        let scope = model.bindings().iter().find(|binding| binding.span == definition.span)?.scope;
        if !matches!(model.scope(scope).node, ScopeNode::Class(_)) {
            let mut references = model.references_to(scope, name);
            return references.find(|reference| !self.called.contains(&reference.span.start())).map(|r| r.span);
        }
        // A method is reached through any object, by its name in the text.
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        self.text.match_indices(name).find_map(|(at, _)| {
            let before = self.text[..at].chars().next_back()?;
            let after = self.text[at + name.len()..].chars().next().unwrap_or(' ');
            let escapes =
                (before == '.' && after != '(' && !is_part(after)) || matches!(before, '"' | '\'') && after == before;
            escapes.then(|| span(at, at + name.len()))
        })
    }
}

/// Whether `name` stands in `text` as a whole identifier.
fn has_word(text: &str, name: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name)
        .any(|(at, _)| boundary(text[..at].chars().next_back()) && boundary(text[at + name.len()..].chars().next()))
}
