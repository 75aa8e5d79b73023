//! A module without its imports (those for type checkers with their `if`), comments and `pass`: two texts with equal skeletons differ in nothing else, but for
//! layout outside tokens. The nesting is kept, since tokens alone do not show which block a statement is in.

use super::cst::{Cst, Id, Kind};
use crate::text::{Span, span};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkeletonItem<'m> {
    /// A node with children; the number says of which kind.
    Open(u16),
    Leaf(u16, &'m str),
    /// The string below is the docstring of its module, class or function.
    Docstring,
    Close,
}

#[derive(Debug, Clone)]
pub struct Skeleton<'m> {
    items: Vec<SkeletonItem<'m>>,
    spans: Vec<Span>,
}

impl PartialEq for Skeleton<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl Eq for Skeleton<'_> {}

impl<'m> Skeleton<'m> {
    /// `left_out` are statements, in the order of the text, that are left out as imports are.
    pub(super) fn new(text: &'m str, cst: &Cst, left_out: &[Span]) -> Skeleton<'m> {
        let mut skeleton = Skeleton { items: Vec::new(), spans: Vec::new() };
        skeleton.fill(text, cst, left_out);
        skeleton
    }

    pub fn items(&self) -> &[SkeletonItem<'m>] {
        &self.items
    }

    /// Where two skeletons first differ: the place in each text, or `None` if they are equal. A text that ends too soon
    /// has its place at its last item.
    pub fn first_difference(&self, other: &Skeleton<'_>) -> Option<(Span, Span)> {
        let at = self.items.iter().zip(&other.items).position(|(a, b)| a != b);
        let at = match at {
            Some(at) => at,
            None if self.items.len() == other.items.len() => return None,
            None => self.items.len().min(other.items.len()),
        };
        let place = |spans: &[Span]| spans.get(at).or(spans.last()).copied().unwrap_or_default();
        Some((place(&self.spans), place(&other.spans)))
    }

    fn fill(&mut self, text: &'m str, cst: &Cst, left_out: &[Span]) {
        let mut open: Vec<Open> = Vec::new();
        let mut id = 0;
        while id < cst.nodes.len() {
            self.close(text, &mut open, id);
            let node = cst.node(id);
            let place = span(node.start as usize, node.end as usize);
            match node.kind {
                Kind::Import | Kind::ImportFrom | Kind::Pass | Kind::Semicolon => {
                    id = cst.after(id);
                    continue;
                }
                Kind::If | Kind::FutureImport | Kind::ExpressionStatement
                    if left_out.binary_search_by_key(&place.start(), |span| span.start()).is_ok() =>
                {
                    id = cst.after(id);
                    continue;
                }
                _ => {}
            }
            if let Some(parent) = open.last_mut()
                && parent.verbatim
            {
                let gap = span(parent.done, (node.start as usize).max(parent.done));
                if !gap.is_empty() {
                    self.push(SkeletonItem::Leaf(0, &text[gap]), gap);
                }
                parent.done = node.end as usize;
            }
            if is_docstring(text, cst, id) {
                self.push(SkeletonItem::Docstring, place);
            }
            if cst.is_leaf(id) && !matches!(node.kind, Kind::Block | Kind::Module) {
                self.push(SkeletonItem::Leaf(node.symbol, &text[place]), place);
            } else {
                let verbatim = matches!(node.kind, Kind::String | Kind::FormatSpecifier);
                self.push(SkeletonItem::Open(node.symbol), place);
                open.push(Open { end: cst.after(id), place, verbatim, done: node.start as usize });
            }
            id += 1;
        }
        self.close(text, &mut open, id);
    }

    /// Closes the nodes that end before `id`.
    fn close(&mut self, text: &'m str, open: &mut Vec<Open>, id: Id) {
        while let Some(last) = open.last()
            && last.end <= id
        {
            let (place, end) = (last.place, usize::from(last.place.end()));
            if last.verbatim && last.done < end {
                let gap = span(last.done, end);
                self.push(SkeletonItem::Leaf(0, &text[gap]), gap);
            }
            self.push(SkeletonItem::Close, place);
            open.pop();
        }
    }

    fn push(&mut self, item: SkeletonItem<'m>, span: Span) {
        self.items.push(item);
        self.spans.push(span);
    }
}

struct Open {
    end: Id,
    place: Span,
    /// The tree does not hold all of the node's text: what stands between its children counts too.
    verbatim: bool,
    /// Up to where the text of a verbatim node is in the skeleton.
    done: usize,
}

/// Whether a node is the first statement, imports included, of a module, class or function, and a plain string.
fn is_docstring(text: &str, cst: &Cst, id: Id) -> bool {
    cst.kind(id) == Kind::ExpressionStatement && {
        // In preorder the first statement of a block directly follows its block, and a block its owner's colon.
        let first = id > 0 && matches!(cst.kind(id - 1), Kind::Block | Kind::Module);
        first && (cst.kind(id - 1) == Kind::Module || owns_docstring(cst, id - 1)) && is_plain_string(text, cst, id)
    }
}

/// Whether a block is the body of a class or function.
fn owns_docstring(cst: &Cst, block: Id) -> bool {
    let end = cst.after(block);
    let is_parent = |id: &Id| cst.after(*id) >= end && !cst.is_leaf(*id);
    let parent = (0..block).rev().find(is_parent);
    parent.is_some_and(|parent| matches!(cst.kind(parent), Kind::Function | Kind::Class))
}

fn is_plain_string(text: &str, cst: &Cst, statement: Id) -> bool {
    let mut id = statement + 1;
    while cst.kind(id) == Kind::Parenthesized {
        id += 2;
    }
    let only = cst.children(statement).count() == 1;
    let prefixes = |id: Id| {
        let node = cst.node(id);
        text[node.start as usize..node.end as usize].trim_end_matches(['"', '\''])
    };
    only && matches!(cst.kind(id), Kind::String | Kind::ConcatenatedString)
        && (id..cst.after(id))
            .filter(|&part| cst.kind(part) == Kind::StringStart)
            .all(|start| !prefixes(start).contains(['b', 'B', 'f', 'F', 't', 'T']))
}
