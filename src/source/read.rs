//! Bytes to text. A file that is not what it must be is a problem with a place, never a guess.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::outcome::Problem;
use crate::text::LineColumn;

/// Larger files are refused.
pub const SIZE_LIMIT: u64 = 32 * 1024 * 1024;

/// The text of the file at `path`, which the user knows as `name`.
pub fn read(path: &Path, name: &str) -> Result<String, Problem> {
    let bytes = bytes(path, name)?;
    decode(bytes, name)
}

/// Text enough to see what a file reads of others, also if it is not UTF-8; `None` if it cannot be read at all.
pub fn read_leniently(path: &Path) -> Option<String> {
    let bytes = bytes(path, "").ok()?;
    Some(String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect()))
}

/// The text that the bytes of a Python file mean: UTF-8, declared or not. A byte order mark stays in the text.
pub fn decode(bytes: Vec<u8>, name: &str) -> Result<String, Problem> {
    if let Some(at) = memchr::memchr(0, &bytes) {
        let message = "holds a NUL byte, which Python source cannot: remove it, or exclude the file".to_owned();
        return Err(problem(name, Some(place(&bytes, at)), "nul-byte", message));
    }
    if let Some((at, encoding)) = declared_encoding(&bytes)
        && !is_utf8(&encoding)
        && !(bytes.is_ascii() && extends_ascii(&encoding))
    {
        let message = format!(
            "declares the encoding `{encoding}`, and only UTF-8 is read: \
             convert it (`iconv -f {encoding} -t utf-8`) and remove the declaration"
        );
        return Err(problem(name, Some(place(&bytes, at)), "encoding", message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = "is not valid UTF-8 here: convert the file to UTF-8, or exclude it".to_owned();
        problem(name, Some(place(error.as_bytes(), at)), "encoding", message)
    })
}

/// Why a file must be read only, by its first lines; `None` if it may be rewritten.
pub fn why_read_only(text: &str) -> Option<&'static str> {
    let head = text.lines().take(10);
    let generated = |line: &str| line.contains("@generated") || line.to_ascii_uppercase().contains("DO NOT EDIT");
    head.map(|line| line.get(..400).unwrap_or(line)).any(generated).then_some("generated file")
}

fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let io = |error: io::Error| {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
            io::ErrorKind::IsADirectory => "is a folder".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        problem(name, None, "io", what)
    };
    let too_large = || {
        let message = format!("is larger than {} MiB: exclude it", SIZE_LIMIT / 1024 / 1024);
        problem(name, None, "too-large", message)
    };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(io(io::ErrorKind::IsADirectory.into()));
    }
    // Opening a pipe or a device could wait for ever.
    if !metadata.is_file() {
        return Err(problem(name, None, "io", "is not a regular file: name a file, or exclude it".to_owned()));
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(too_large());
    }
    let file = fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // It may have grown since.
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > SIZE_LIMIT { Err(too_large()) } else { Ok(bytes) }
}

/// PEP 263: the encoding that a comment in the first two lines declares, with its offset.
fn declared_encoding(bytes: &[u8]) -> Option<(usize, String)> {
    let mut start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for _ in 0..2 {
        let rest = &bytes[start..];
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..length];
        let blank = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
        if blank < line.len() && line[blank] != b'#' {
            return None;
        }
        if let Some((at, name)) = cookie(line) {
            return Some((start + at, name));
        }
        start += length;
        start += match bytes.get(start..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            _ => return None,
        };
    }
    None
}

/// `coding[:=][ \t]*([-_.a-zA-Z0-9]+)` in a comment line.
fn cookie(line: &[u8]) -> Option<(usize, String)> {
    let word = b"coding";
    (0..line.len().saturating_sub(word.len())).find_map(|at| {
        let rest = line[at..].strip_prefix(word)?;
        let rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"="))?;
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let name: Vec<u8> = rest[blank..].iter().take_while(is_name).copied().collect();
        let start = line.len() - rest.len() + blank;
        (!name.is_empty()).then(|| (start, String::from_utf8_lossy(&name).into_owned()))
    })
}

fn is_utf8(encoding: &str) -> bool {
    let name = encoding.to_ascii_lowercase().replace('_', "-");
    matches!(name.as_str(), "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001") || name.starts_with("utf-8-")
}

/// Encodings in which ASCII bytes mean ASCII.
fn extends_ascii(encoding: &str) -> bool {
    let name = encoding.to_ascii_lowercase().replace('_', "-");
    let families =
        ["ascii", "us-ascii", "latin", "iso-8859", "iso8859", "l1", "cp125", "windows-125", "koi8", "euc", "gb"];
    families.iter().any(|family| name.starts_with(family))
}

fn place(bytes: &[u8], at: usize) -> LineColumn {
    let before = &bytes[..at];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).trim_start_matches('\u{feff}').chars().count() + 1;
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    LineColumn { line: number(line), column: number(column) }
}

fn problem(name: &str, place: Option<LineColumn>, code: &'static str, message: String) -> Problem {
    Problem { path: name.to_owned(), place, code, message }
}
