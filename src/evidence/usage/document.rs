//! JSON documents that hold log events or a query's result: what `aws logs filter-log-events` and `aws logs
//! get-query-results` print, what a subscription delivers. Read event by event; several may stand in one file.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::count::Counter;
use super::line;
use super::read::{ReadError, shortened, take};
use super::row::{self, Row};

/// How a document of each kind begins; other objects are lines of JSON.
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    let keys =
        r#"(?:events|logEvents|results)"\s*:\s*\[|(?:messageType|queryLanguage|ResponseMetadata|searchedLogStreams)""#;
    Regex::new(&format!(r#"^\s*(?:\[\s*[\{{\]]|\{{\s*"(?:{keys}))"#)).expect("the pattern is valid")
});

/// No event is larger, nor is all that a query gives.
const LARGEST_PART: usize = 64 << 20;

/// More rows than any query gives.
const MOST_ROWS: usize = 100_000;

/// Whether these bytes begin a document, and not a line of JSON.
pub fn is_document(head: &[u8]) -> bool {
    OPENING.is_match(&String::from_utf8_lossy(head))
}

/// Reads all documents of a stream.
pub fn read(stream: impl Read, source: &str, counter: &mut Counter) -> Result<(), ReadError> {
    let since = Cell::new(0);
    let mut stream = serde_json::Deserializer::from_reader(Metered { stream, since: &since });
    let mut events =
        Events { counter, source, since: &since, stream: None, number: 0, incomplete: None, order: Order::default() };
    while events.incomplete.is_none() {
        match stream.end() {
            Ok(()) => break,
            Err(_) => (&mut events).deserialize(&mut stream)?,
        }
    }
    match events.incomplete {
        Some(status) => Err(ReadError::Incomplete(shortened(&status))),
        None if events.order.falls > events.order.rises => Err(ReadError::NewestFirst),
        None => Ok(()),
    }
}

/// Gives events to the counter while the document is being read.
struct Events<'c> {
    counter: &'c mut Counter,
    /// Bytes since the last event.
    since: &'c Cell<usize>,
    source: &'c str,
    /// The log stream that the document speaks of.
    stream: Option<String>,
    number: u64,
    incomplete: Option<String>,
    order: Order,
}

/// How the times of events go.
#[derive(Default)]
struct Order {
    last: Option<Timestamp>,
    rises: u64,
    falls: u64,
}

impl Order {
    fn see(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        if let Some(last) = self.last {
            self.rises += u64::from(time > last);
            self.falls += u64::from(time < last);
        }
        self.last = Some(time);
    }
}

impl Events<'_> {
    fn event(&mut self, mut event: Map<String, Value>) {
        self.since.set(0);
        self.number += 1;
        self.counter.lines(1);
        let place = format!("{} (event {})", self.source, self.number);
        self.order.see(event.get("timestamp").and_then(line::time_of));
        if let Some(stream) = &self.stream {
            event.entry("logStreamName").or_insert_with(|| Value::String(stream.clone()));
        }
        if event.get("message").is_some_and(Value::is_string) {
            take(&Value::Object(event).to_string(), || place, self.source, self.counter);
        } else if event.values().all(|value| value.is_string() || value.is_number()) {
            let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let row: Row = event.into_iter().map(|(key, value)| (key, text(value))).collect();
            row::read(&row, &place, self.source, self.counter);
        } else {
            self.counter.unreadable(|| (place, shortened(&Value::Object(event).to_string())));
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Events<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Events<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log events or the result of a query")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        while let Some(event) = events.next_element()? {
            self.event(event);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut document: A) -> Result<(), A::Error> {
        let mut rows: Vec<Row> = Vec::new();
        let mut status = None;
        while let Some(key) = document.next_key::<String>()? {
            match key.as_str() {
                "events" | "logEvents" => document.next_value_seed(&mut *self)?,
                "results" => rows = document.next_value::<Rows>()?.0,
                "status" => status = document.next_value::<Option<String>>()?,
                "logStream" => self.stream = document.next_value::<Option<String>>()?,
                _ => drop(document.next_value::<IgnoredAny>()?),
            }
        }
        if let Some(status) = status.filter(|status| status != "Complete") {
            self.incomplete = Some(status);
            return Ok(());
        }
        for row in &rows {
            self.number += 1;
            let place = format!("{} (row {})", self.source, self.number);
            let time = row.iter().find(|(key, _)| key == "@timestamp");
            self.order.see(time.and_then(|(_, text)| line::time_of(&text.as_str().into())));
            row::read(row, &place, self.source, self.counter);
        }
        self.counter.lines(rows.len() as u64);
        Ok(())
    }
}

/// The rows of a query's result: `[[{"field": "module", "value": "boto3"}]]`. Held until the status is known.
struct Rows(Vec<Row>);

#[derive(Deserialize)]
struct Field {
    field: String,
    #[serde(default)]
    value: String,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rows, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Rows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows of fields with values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
                let mut rows = Vec::new();
                while let Some(cells) = seq.next_element::<Vec<Field>>()? {
                    rows.push(cells.into_iter().map(|cell| (cell.field, cell.value)).collect());
                    if rows.len() > MOST_ROWS {
                        return Err(serde::de::Error::custom("it has more rows than a query gives"));
                    }
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_seq(Reading)
    }
}

/// A stream that ends in an error rather than in one event that fills the memory.
struct Metered<'c, R> {
    stream: R,
    since: &'c Cell<usize>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.since.set(self.since.get() + count);
        if self.since.get() > LARGEST_PART {
            return Err(io::Error::other("an event is larger than 64 MiB"));
        }
        Ok(count)
    }
}
