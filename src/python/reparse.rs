//! Reads a text that is an earlier one with some statements changed. The statements of the module's body that are there
//! byte for byte, with all that follows up to the next one, are taken over from the earlier tree; the rest is parsed.
//!
//! Why the tree is that of a fresh parse: each piece begins at the start of a line and is, alone, a module without faults.
//! Python's tokens of such pieces, one after the other, are those of the whole text, and its statements are those of the
//! pieces. What does not fit is parsed as a whole; where tests run, so is everything, and the trees are compared.

use std::ops::Range;

use rustc_hash::FxHashMap as HashMap;

use super::cst::{Cst, Id};

/// A statement of the module's body, or several on one line, with all that follows up to the next.
struct Chunk {
    nodes: Range<Id>,
    text: Range<usize>,
}

/// A part of the new text.
enum Piece {
    /// The chunk stands there as it is.
    Same {
        chunk: usize,
        at: usize,
    },
    New(Range<usize>),
}

/// The tree of `text`, or `None` if it shares too little with the earlier text, or does not fall into statements.
pub fn tree(text: &str, earlier: &Cst, earlier_text: &str) -> Option<Cst> {
    let chunks = chunks(earlier, earlier_text);
    let pieces = pieces(text, earlier_text, &chunks);
    let fresh: usize = pieces.iter().map(|piece| if let Piece::New(place) = piece { place.len() } else { 0 }).sum();
    if fresh > text.len() / 4 * 3 {
        return None;
    }
    let mut tree = Cst::empty();
    for piece in pieces {
        match piece {
            Piece::Same { chunk, at } => {
                let Chunk { nodes, text } = &chunks[chunk];
                tree.append(earlier, nodes.clone(), text.clone(), at);
            }
            Piece::New(place) => {
                let part = Cst::parse(&text[place.clone()])?;
                if part.has_error {
                    return None;
                }
                tree.append(&part, 1..part.nodes.len(), 0..place.len(), place.start);
            }
        }
    }
    Some(tree.closed(text.len()))
}

fn chunks(cst: &Cst, text: &str) -> Vec<Chunk> {
    let mut starts: Vec<(Id, usize)> = vec![(1, 0)];
    for id in cst.children(0).skip(1) {
        let start = cst.node(id).start as usize;
        if cst.kind(id).is_statement() && begins_logical_line(text, start) {
            starts.push((id, start));
        }
    }
    let ends = starts[1..].iter().copied().chain([(cst.nodes.len(), text.len())]);
    let pairs = starts.iter().zip(ends);
    pairs.map(|(&(first, start), (last, end))| Chunk { nodes: first..last, text: start..end }).collect()
}

/// Whether nothing stands before `at` on its line, and no backslash continues the line above.
fn begins_logical_line(text: &str, at: usize) -> bool {
    let above = text[..at].strip_suffix('\n');
    above.is_some_and(|above| !above.strip_suffix('\r').unwrap_or(above).ends_with('\\'))
}

/// Finds the chunks in the new text, in their order, and what is new between them.
fn pieces(text: &str, earlier: &str, chunks: &[Chunk]) -> Vec<Piece> {
    let mut by_first_line: HashMap<&str, Vec<usize>> = HashMap::default();
    for (number, chunk) in chunks.iter().enumerate().skip(1) {
        by_first_line.entry(first_line(&earlier[chunk.text.clone()])).or_default().push(number);
    }
    let stands_at = |chunk: &Chunk, at: usize| {
        let old = &earlier[chunk.text.clone()];
        // What is indented below it would be part of it.
        let follows = |rest: &str| rest.is_empty() || (old.ends_with('\n') && !rest.starts_with([' ', '\t', '\x0c']));
        text[at..].strip_prefix(old).is_some_and(follows)
    };
    let mut pieces = Vec::new();
    let (mut at, mut next, mut fresh) = (0, 0, 0);
    while at < text.len() {
        let found = match chunks.get(next) {
            Some(chunk) if stands_at(chunk, at) => Some(next),
            // Comments and blank lines begin no chunk but the first.
            _ if at == 0 || text[at..].starts_with([' ', '\t', '\x0c', '#', '\r', '\n', ')', ']', '}']) => None,
            _ => {
                let numbers = by_first_line.get(first_line(&text[at..])).map_or(&[][..], Vec::as_slice);
                let candidate = numbers.get(numbers.partition_point(|number| *number < next)).copied();
                candidate.filter(|number| begins_logical_line(text, at) && stands_at(&chunks[*number], at))
            }
        };
        match found {
            Some(chunk) => {
                if fresh < at {
                    pieces.push(Piece::New(fresh..at));
                }
                pieces.push(Piece::Same { chunk, at });
                (at, next) = (at + chunks[chunk].text.len(), chunk + 1);
                fresh = at;
            }
            None => at += text[at..].find('\n').map_or(text.len() - at, |length| length + 1),
        }
    }
    if fresh < text.len() {
        pieces.push(Piece::New(fresh..text.len()));
    }
    pieces
}

fn first_line(text: &str) -> &str {
    text.split_once('\n').map_or(text, |(line, _)| line)
}
