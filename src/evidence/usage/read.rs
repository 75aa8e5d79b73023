//! A stream of any of the formats in which logs come: lines, JSON documents of the AWS command line, tables of a query's
//! results, all of them compressed or not.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::LazyLock;

use flate2::bufread::MultiGzDecoder;
use memchr::memmem::Finder;
use std::borrow::Cow;

use super::count::Counter;
use super::line::{self, MARKERS};
use super::{document, row};

/// As much as is looked at to tell the format.
const HEAD: u64 = 64 * 1024;

/// As much as is read at once.
const CHUNK: usize = 1 << 20;

/// A line that is longer is none: CloudWatch takes no event above 1 MiB.
const LONGEST_LINE: usize = 8 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];

static FINDERS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| MARKERS.map(Finder::new));

/// Why a log was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is UTF-16, as PowerShell writes it: save it as UTF-8")]
    Utf16,
    #[error("is no JSON that can be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("holds the result of a query that is not complete (status `{0}`): ask for it again when it is")]
    Incomplete(String),
    #[error(
        "holds its events newest first, so that a line cannot be told from those of the request before it: sort them by time \
         (in Insights `| sort @timestamp asc`)"
    )]
    NewestFirst,
    #[error("is no table that can be read: {0}")]
    Csv(#[from] csv::Error),
}

/// Reads `stream` to its end. `source` is its name, for messages.
pub fn read(stream: impl Read, source: &str, counter: &mut Counter) -> Result<(), ReadError> {
    let (head, stream) = opened(stream)?;
    if head.starts_with(&GZIP) {
        let (head, unpacked) = opened(MultiGzDecoder::new(stream))?;
        return plain(unpacked, &head, source, counter);
    }
    plain(stream, &head, source, counter)
}

/// The beginning of a stream, and the whole of it. A byte-order mark is left out.
fn opened(stream: impl Read) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut stream = BufReader::with_capacity(CHUNK, stream);
    let mut head = Vec::new();
    stream.by_ref().take(HEAD).read_to_end(&mut head)?;
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    Ok((head.clone(), Cursor::new(head).chain(stream)))
}

fn plain(stream: impl BufRead, head: &[u8], source: &str, counter: &mut Counter) -> Result<(), ReadError> {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(ReadError::Utf16);
    }
    if document::is_document(head) {
        document::read(stream, source, counter)
    } else if row::is_table(head) {
        row::read_table(stream, source, counter)
    } else {
        Ok(lines(stream, source, counter)?)
    }
}

/// Lines that hold no marker are only counted.
fn lines(mut stream: impl Read, source: &str, counter: &mut Counter) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    // Bytes of a line whose end is not read yet stand at the beginning of the buffer.
    let mut held = 0;
    let mut before = 0;
    let mut skipping = false;
    loop {
        if held == buffer.len() {
            if buffer.len() >= LONGEST_LINE {
                if !skipping {
                    counter.unreadable(|| (format!("{source}:{}", before + 1), "a line of more than 8 MiB".to_owned()));
                }
                (held, skipping) = (0, true);
            } else {
                buffer.resize(buffer.len() * 2, 0);
            }
        }
        let count = match stream.read(&mut buffer[held..]) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let filled = held + count;
        let end = match memchr::memrchr(b'\n', &buffer[held..filled]) {
            _ if count == 0 => filled,
            Some(at) => held + at + 1,
            None => {
                held = filled;
                continue;
            }
        };
        let mut start = 0;
        if skipping {
            start = memchr::memchr(b'\n', &buffer[..end]).map_or(end, |at| at + 1);
            skipping = false;
            before += 1;
        }
        before += region(&buffer[start..end], before, source, counter);
        if count == 0 {
            counter.lines(before);
            return Ok(());
        }
        buffer.copy_within(end..filled, 0);
        held = filled - end;
    }
}

/// Takes whole lines, and gives their number.
fn region(bytes: &[u8], before: u64, source: &str, counter: &mut Counter) -> u64 {
    let newlines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
    let mut from = 0;
    // Where each marker stands next; a search for all of them at once is slower where they are frequent.
    let mut next = FINDERS.each_ref().map(|finder| finder.find(bytes));
    loop {
        for (finder, next) in FINDERS.iter().zip(&mut next) {
            if next.is_some_and(|at| at < from) {
                *next = finder.find(&bytes[from..]).map(|at| from + at);
            }
        }
        let Some(at) = next.iter().flatten().min().copied() else { break };
        let start = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |newline| from + newline + 1);
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline);
        let line = &bytes[start..end];
        let text = str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        take(&text, || format!("{source}:{}", before + newlines(&bytes[..start]) + 1), source, counter);
        from = end;
    }
    newlines(bytes) + u64::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// Gives one line to the counter, or notes that it cannot be understood.
pub(super) fn take(text: &str, place: impl FnOnce() -> String, source: &str, counter: &mut Counter) {
    match line::read(text) {
        Ok(Some(line)) => counter.line(line, source),
        Ok(None) => {}
        Err(line::Unreadable) => counter.unreadable(|| (place(), shortened(text))),
    }
}

/// As much of a line as is shown.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
