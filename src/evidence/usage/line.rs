//! One line of a log: what it says of requests. Text as the Lambda runtime and loggers write it, or JSON with it inside.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::USED;
use crate::name::ModuleName;

/// A line without any of these says nothing that matters.
pub const MARKERS: [&str; 4] = [USED, "RequestId:", "INIT_REPORT", "\"platform."];

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?")
});
/// Either stands in the report of a request that waited for a new process.
static COLD: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:Init|Restore)[ \t]+Duration:"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// Where lines are wrapped in JSON, under these names.
const MESSAGE_KEYS: [&str; 5] = ["message", "@message", "log", "msg", "event"];
const REQUEST_KEYS: [&str; 6] =
    ["requestId", "@requestId", "function_request_id", "aws_request_id", "awsRequestId", "AWSRequestId"];
const TIME_KEYS: [&str; 4] = ["timestamp", "@timestamp", "time", "ts"];
const STREAM_KEYS: [&str; 4] = ["logStreamName", "logStream", "@logStream", "log_stream"];

/// Words that an export puts before a line: a time, a stream.
const MOST_PREFIXES: usize = 2;

/// How deep JSON is looked into for lines within lines.
const DEPTH: usize = 4;

/// A request by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u128);

impl RequestId {
    pub fn new(text: &str) -> RequestId {
        let hashed = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, text).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        let uuid = Uuid::try_parse(text).map(|uuid| uuid.as_u128());
        RequestId(uuid.unwrap_or_else(|_| hashed(0) << 64 | hashed(1)))
    }
}

/// A line that says something.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub said: Said,
    pub time: Option<Timestamp>,
    /// The log stream, where lines of several stand together.
    pub stream: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Start(RequestId),
    /// The request has ended.
    Report {
        request: RequestId,
        /// It waited for a new process.
        cold: bool,
        /// Equal for equal rows.
        row: u64,
    },
    Used {
        module: ModuleName,
        /// A request id that stands in the line; a logger may also have put another id there.
        request: Option<RequestId>,
    },
    /// A process that could not be started in time, or not at all.
    FailedInit,
}

/// A line that begins to say something and cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// Reads one line; `None` if it says nothing that matters.
pub fn read(line: &str) -> Result<Option<Line>, Unreadable> {
    within(line, DEPTH)
}

fn within(line: &str, depth: usize) -> Result<Option<Line>, Unreadable> {
    match line.find('{').filter(|at| depth > 0 && is_prefix(&line[..*at])) {
        Some(at) => match serde_json::from_str::<Map<String, Value>>(line[at..].trim_end()) {
            Ok(object) => json(&object, &line[..at], depth),
            Err(_) if at == 0 && line.contains("\"platform.") => Err(Unreadable),
            Err(_) => text(line),
        },
        None => text(line),
    }
}

/// What an export puts before a line: a time, a stream.
fn is_prefix(text: &str) -> bool {
    let begins = text.is_empty() || text.starts_with(|first: char| first.is_ascii_digit());
    begins && text.split_ascii_whitespace().count() <= MOST_PREFIXES
}

fn text(line: &str) -> Result<Option<Line>, Unreadable> {
    if let Some((prefix, kind, rest)) = platform(line) {
        let (time, stream) = (time_in(prefix), stream_in(prefix));
        let mut words = rest.split_whitespace();
        let request = match (words.next(), words.next()) {
            (Some("RequestId:"), Some(id)) => Some(RequestId::new(id)),
            _ => None,
        };
        let said = match (kind, request) {
            ("INIT_REPORT", _) => Some(Said::FailedInit),
            ("START", Some(request)) => Some(Said::Start(request)),
            ("REPORT", Some(request)) if rest.contains("Duration:") => {
                Some(Said::Report { request, cold: COLD.is_match(rest), row: hash(rest.trim_end()) })
            }
            _ => None,
        };
        return said.map(|said| Some(Line { said, time, stream })).ok_or(Unreadable);
    }
    let Some(at) = line.find(USED) else { return Ok(None) };
    let module = module(&line[at + USED.len()..]).ok_or(Unreadable)?;
    let prefix = &line[..at];
    let request = uuid_in(prefix);
    Ok(Some(Line { said: Said::Used { module, request }, time: time_in(prefix), stream: stream_in(prefix) }))
}

/// A line of the Lambda platform: what an export put before it, its word, and the rest. The word stands first, so that a
/// program that prints it within a sentence is not taken for the platform.
fn platform(line: &str) -> Option<(&str, &str, &str)> {
    let mut start = line.len() - line.trim_start().len();
    for before in 0..=MOST_PREFIXES {
        let (word, rest) = line[start..].split_at(word_end(&line[start..]));
        let follows = match word {
            "START" | "REPORT" => "RequestId:",
            "INIT_REPORT" => "Init",
            _ if before == 0 && !word.starts_with(|first: char| first.is_ascii_digit()) => return None,
            _ => {
                start = line.len() - rest.trim_start().len();
                continue;
            }
        };
        let rest = rest.trim_start();
        return rest.starts_with(follows).then_some((&line[..start], word, rest));
    }
    None
}

fn word_end(text: &str) -> usize {
    memchr::memchr2(b' ', b'\t', text.as_bytes()).unwrap_or(text.len())
}

fn json(object: &Map<String, Value>, prefix: &str, depth: usize) -> Result<Option<Line>, Unreadable> {
    let string = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)?.as_str());
    let time = TIME_KEYS.iter().find_map(|key| time_of(object.get(*key)?)).or_else(|| time_in(prefix));
    let stream = string(&STREAM_KEYS).map(str::to_owned).or_else(|| stream_in(prefix));
    if let (Some(kind), Some(Value::Object(record))) = (string(&["type"]), object.get("record"))
        && kind.starts_with("platform.")
    {
        let said = record_said(kind, record)?;
        return Ok(said.map(|said| Line { said, time, stream }));
    }
    let request = string(&REQUEST_KEYS).map(RequestId::new);
    let first = MESSAGE_KEYS.iter().filter_map(|key| object.get(*key));
    let says = |value: &&Value| match value {
        Value::String(text) => MARKERS.iter().any(|marker| text.contains(marker)),
        Value::Object(_) => true,
        _ => false,
    };
    for value in first.chain(object.values()).filter(says) {
        let found = match value {
            Value::String(text) => within(text, depth - 1)?,
            Value::Object(inner) if depth > 1 => json(inner, "", depth - 1)?,
            _ => None,
        };
        if let Some(mut line) = found {
            if let Said::Used { request: own, .. } = &mut line.said {
                *own = request.or(*own);
            }
            return Ok(Some(Line { time: line.time.or(time), stream: line.stream.or(stream), ..line }));
        }
    }
    Ok(None)
}

/// What an event of the platform says, in Lambda's JSON log format.
fn record_said(kind: &str, record: &Map<String, Value>) -> Result<Option<Said>, Unreadable> {
    let request = || record.get("requestId").and_then(Value::as_str).map(RequestId::new).ok_or(Unreadable);
    Ok(match kind {
        "platform.start" => Some(Said::Start(request()?)),
        "platform.report" => {
            let metrics = record.get("metrics").and_then(Value::as_object).ok_or(Unreadable)?;
            let cold = ["initDurationMs", "restoreDurationMs"].iter().any(|key| metrics.contains_key(*key));
            let row = hash(&serde_json::to_string(record).unwrap_or_default());
            Some(Said::Report { request: request()?, cold, row })
        }
        "platform.initReport" => {
            let status = record.get("status").and_then(Value::as_str);
            status.is_some_and(|status| status != "success").then_some(Said::FailedInit)
        }
        _ => None,
    })
}

/// The module name at the beginning of `text`.
pub fn module(text: &str) -> Option<ModuleName> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(text.len());
    let name = text[..end].trim_end_matches('.');
    let is_name = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    ModuleName::new(name).filter(|_| name.split('.').all(is_name))
}

/// A time as text, or in milliseconds since 1970 as a number or text.
pub fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok().and_then(from_milliseconds).or_else(|| time_in(text)),
        Value::Number(number) => from_milliseconds(number.as_f64()?),
        _ => None,
    }
}

/// Seconds where milliseconds would lie in 1970.
fn from_milliseconds(number: f64) -> Option<Timestamp> {
    let milliseconds = if number < 1e11 { number * 1000.0 } else { number };
    Timestamp::from_millisecond(milliseconds as i64).ok().filter(|_| number > 0.0)
}

/// The last UUID in the text.
fn uuid_in(text: &str) -> Option<RequestId> {
    let mut words = text.rsplit(|c: char| !(c.is_ascii_hexdigit() || c == '-')).filter(|word| word.len() == 36);
    words.find_map(|word| Some(RequestId(Uuid::try_parse(word).ok()?.as_u128())))
}

/// The first time in the text; UTC if it names no zone.
fn time_in(text: &str) -> Option<Timestamp> {
    // The usual case, which needs no search.
    if let Ok(time) = Timestamp::from_str(&text[..word_end(text)]) {
        return Some(time);
    }
    let found = TIME.find(text)?.as_str().replace(',', ".");
    let civil = || TimeZone::UTC.to_timestamp(DateTime::from_str(&found).ok()?).ok();
    Timestamp::from_str(&found).ok().or_else(civil)
}

/// The name of a log stream: `2026/11/24/[$LATEST]0a1b2c`.
fn stream_in(prefix: &str) -> Option<String> {
    prefix.split_ascii_whitespace().find(|word| word.contains("/[") && word.contains(']')).map(str::to_owned)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
