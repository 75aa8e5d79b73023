//! A row of a query's result: counts that were made elsewhere, or a line of the log.

use std::io::Read;

use super::count::Counter;
use super::line;
use super::read::{ReadError, shortened, take};

/// Columns by one of which a table is known.
const KNOWN: [&str; 3] = ["requests", "@message", "message"];

/// The cells of a row by their column.
pub type Row = Vec<(String, String)>;

/// Takes a row; `place` tells where it stands.
pub fn read(row: &Row, place: &str, source: &str, counter: &mut Counter) {
    let cell = |name: &str| row.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let time = |name: &str| cell(name).and_then(|text| line::time_of(&text.into()));
    let unreadable = |counter: &mut Counter| {
        let text = row.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
        counter.unreadable(|| (place.to_owned(), shortened(&text)));
    };
    if let Some(message) = cell("@message").or_else(|| cell("message")) {
        let fields: serde_json::Map<_, _> =
            row.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        let text = if row.len() > 1 { serde_json::Value::Object(fields).to_string() } else { message.to_owned() };
        return take(&text, || place.to_owned(), source, counter);
    }
    let Some(requests) = cell("requests").and_then(count) else { return unreadable(counter) };
    match cell("module") {
        Some(module) => match line::module(module) {
            Some(module) => counter.module_requests(&module, requests),
            None => unreadable(counter),
        },
        // A group whose module could not be told has no such cell: it is not all requests.
        None if !["cold_starts", "first", "last"].iter().any(|name| cell(name).is_some()) => unreadable(counter),
        None => {
            let cold_starts = match cell("cold_starts") {
                Some(text) => match count(text) {
                    Some(cold_starts) => cold_starts,
                    None => return unreadable(counter),
                },
                None => 0,
            };
            counter.all_requests(requests, cold_starts);
            [time("first"), time("last")].into_iter().flatten().for_each(|time| counter.seen_at(time));
        }
    }
}

/// A count as a query's result has it: `9012`, `9012.0`.
fn count(text: &str) -> Option<u64> {
    let number: f64 = text.replace(',', "").parse().ok()?;
    (number >= 0.0 && number.fract() == 0.0 && number < 1e15).then_some(number as u64)
}

/// Whether these bytes begin a table with a heading, as consoles let their users download it.
pub fn is_table(head: &[u8]) -> bool {
    let Some(line) = head.split(|byte| *byte == b'\n').next() else { return false };
    let line = String::from_utf8_lossy(line);
    let columns: Vec<&str> = line.trim().split(',').map(|column| column.trim_matches('"')).collect();
    let is_name = |column: &&str| column.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '.'));
    columns.iter().any(|column| KNOWN.contains(column)) && columns.iter().all(is_name)
}

/// Reads a table of comma-separated values.
pub fn read_table(stream: impl Read, source: &str, counter: &mut Counter) -> Result<(), ReadError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    for record in reader.byte_records() {
        let record = record?;
        let place = format!("{source}:{}", record.position().map_or(0, csv::Position::line));
        let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned());
        let cells = columns.iter().cloned().zip(cells).filter(|(_, value)| !value.is_empty());
        read(&cells.collect(), &place, source, counter);
        counter.lines(1);
    }
    Ok(())
}
