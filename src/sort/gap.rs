//! The blank lines and comments between statements, as text. This file knows no Python.

use crate::text::{TextSize, size};

/// Two gaps whose statement between them is gone: of the blank lines on both sides of it the more.
pub(super) fn joined_gaps(above: &str, below: &str) -> String {
    let (rest, blanks) = split_trailing_blanks(above);
    let (more, tail) = split_leading_blanks(below);
    let lines = if blanks >= more { &above[rest.len()..] } else { &below[..below.len() - tail.len()] };
    format!("{rest}{lines}{tail}")
}

fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t', '\r', '\n']).is_empty()
}

pub(super) fn split_leading_blanks(gap: &str) -> (usize, &str) {
    let blank: Vec<&str> = gap.split_inclusive('\n').take_while(|line| is_blank(line)).collect();
    (blank.len(), &gap[blank.iter().map(|line| line.len()).sum()..])
}

pub(super) fn split_trailing_blanks(gap: &str) -> (&str, usize) {
    let lines: Vec<&str> = gap.split_inclusive('\n').collect();
    let blank: Vec<&&str> = lines.iter().rev().take_while(|line| is_blank(line)).collect();
    (&gap[..gap.len() - blank.iter().map(|line| line.len()).sum::<usize>()], blank.len())
}

pub(super) fn blank_lines_before(text: &str, offset: TextSize) -> usize {
    let lines = text[..usize::from(offset)].split_inclusive('\n').rev();
    lines.take_while(|line| line.ends_with('\n') && is_blank(line)).count()
}

pub(super) fn blank_lines_at(text: &str, offset: TextSize) -> usize {
    text[usize::from(offset)..].split_inclusive('\n').take_while(|line| line.ends_with('\n') && is_blank(line)).count()
}

pub(super) fn back_over_lines(text: &str, offset: TextSize, lines: usize) -> TextSize {
    let before = text[..usize::from(offset)].split_inclusive('\n').rev().take(lines).map(str::len).sum::<usize>();
    offset - size(before)
}

pub(super) fn over_lines(text: &str, offset: TextSize, lines: usize) -> TextSize {
    let after = text[usize::from(offset)..].split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
    offset + size(after)
}
