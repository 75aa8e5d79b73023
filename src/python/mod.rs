//! One Python file: its text, its syntax tree, its comments and its layout. Only this folder names tree-sitter.
//! Nothing here knows scopes, the project or policy.

pub mod ast;
mod fault;
mod lower;
mod skeleton;
pub mod visit;

use smol_str::SmolStr;

use crate::text::{LineColumn, LineIndex, Span, TextSize};
pub use ast::*;
pub use fault::{Fault, FaultKind};
pub use skeleton::{Skeleton, SkeletonItem};

/// A file that hotcold can read: no fault was found in it.
#[derive(Debug)]
pub struct Module {
    text: String,
    tree: tree_sitter::Tree,
    body: Block,
    comments: Vec<Span>,
    lines: LineIndex,
}
