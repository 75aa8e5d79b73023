//! When Python evaluates a reference: while the module is imported, when something is called, or for annotations only.

use super::{Annotation, Context, Phase, ScopeNode};

/// When the body of a scope runs, given when the code around it runs. A comprehension runs where it stands; a generator
/// expression counts so too, because it can be consumed there.
pub(super) fn of_scope(node: &ScopeNode, around: Phase) -> Phase {
    match node {
        ScopeNode::Module => Phase::Import,
        ScopeNode::Class(_) | ScopeNode::Comprehension(_) | ScopeNode::TypeParameters(_) => around,
        ScopeNode::Function(_) | ScopeNode::Lambda { .. } | ScopeNode::Lazy(_) => Phase::Call,
    }
}

pub(super) fn of_reference(context: Context, scope: Phase) -> Phase {
    match context {
        Context::Annotation(Annotation::Deferred | Annotation::Quoted | Annotation::Never) => Phase::Annotation,
        _ => scope,
    }
}
