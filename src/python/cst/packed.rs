//! A syntax tree in little more room than its text: what lies between two nodes is told instead of where they are.
//! A tree as it is used takes four times its text.

use integer_encoding::VarInt;

use super::{Cst, Field, Node, tables};
use crate::text::Span;

/// A tree without errors, packed.
#[derive(Debug)]
pub struct Packed {
    nodes: Box<[u8]>,
    number: usize,
    comments: Box<[Span]>,
}

impl Cst {
    pub fn pack(self) -> Packed {
        debug_assert!(self.errors.is_empty(), "what holds errors is not kept");
        let mut packed = Vec::with_capacity(self.nodes.len() * 6);
        let mut write = |number: u32| {
            let mut bytes = [0; 5];
            let length = number.encode_var(&mut bytes);
            packed.extend_from_slice(&bytes[..length]);
        };
        let mut at = 0;
        for (id, node) in self.nodes.iter().enumerate() {
            write(u32::from(node.symbol));
            write(node.field as u32);
            // Nodes begin in the order of the text.
            write(node.start - at);
            write(node.end - node.start);
            write(node.next - id as u32 - 1);
            at = node.start;
        }
        packed.shrink_to_fit();
        Packed { nodes: packed.into(), number: self.nodes.len(), comments: self.comments.into() }
    }
}

impl Packed {
    pub fn unpack(self) -> Cst {
        let mut rest = &*self.nodes;
        let mut read = || {
            let (number, length) = u32::decode_var(rest).expect("what was packed is there");
            rest = &rest[length..];
            number
        };
        let mut nodes = Vec::with_capacity(self.number);
        let mut at = 0;
        for id in 0..self.number as u32 {
            let (symbol, field) = (read() as u16, Field::ALL[read() as usize]);
            at += read();
            let end = at + read();
            nodes.push(Node { kind: tables().kind(symbol), field, symbol, start: at, end, next: id + 1 + read() });
        }
        Cst { nodes, comments: self.comments.into(), errors: Vec::new(), has_error: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_tree_is_the_same_again() {
        let long = format!("x = [{}]\n", "f(a=1, *b), ".repeat(20_000));
        for text in ["", "# nothing\n", "def f(x: int = 1) -> 'é':\n    # here\n    return f\"{x!r:>{x}}\"\n", &long] {
            let [tree, same] = [(); 2].map(|()| Cst::parse(text).expect("it is parsed"));
            assert_eq!(tree.pack().unpack(), same, "{text:.80}");
        }
    }
}
