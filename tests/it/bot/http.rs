//! A small HTTP/1.1 server on loopback, a thread for each connection. `httparse` reads the heads; what is done with a
//! request is the handler's business, and an answer may be to cut the connection, which no server crate offers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// As it stands in the request line: nothing decoded, without the query.
    pub path: String,
    pub raw_query: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
}

/// What the server says to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub enum Reply {
    Answer(Answer),
    /// The connection is closed without a word.
    Cut,
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Request {
    /// A request that came over no wire.
    pub fn new(method: &str, path: &str, raw_query: &str, body: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            raw_query: raw_query.to_owned(),
            headers: vec![],
            body: body.into(),
            at: Instant::now(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The pairs of the query, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let pairs = self.raw_query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
            })
            .collect()
    }

    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        let kind = "application/json; charset=utf-8";
        Self { status, headers: vec![], body: body.to_string().into_bytes() }.with("Content-Type", kind)
    }

    pub fn html(status: u16, body: &str) -> Self {
        Self { status, headers: vec![], body: body.into() }.with("Content-Type", "text/html")
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![], body: vec![] }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Server {
    /// Answers at a free port of 127.0.0.1.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("the port is known");
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let handler = Arc::new(handler);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let handler = Arc::clone(&handler);
                thread::spawn(move || serve(stream, handler.as_ref()));
            }
        });
        Self { address, stopped, accepting: Some(accepting) }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // `accept` has no time limit: a last connection wakes it.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            accepting.join().expect("the server did not panic");
        }
    }
}

/// A percent-encoded text, decoded.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Answers the requests of one connection until it ends.
fn serve(stream: TcpStream, handler: &(dyn Fn(&Request) -> Reply + Send + Sync)) {
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).expect("a time limit can be set");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let Reply::Answer(answer) = handler(&request) else { return };
        if write(reader.get_mut(), &request, &answer).is_none() || request.header("connection") == Some("close") {
            return;
        }
    }
}

/// The next request; nothing where the connection ended or what came is not HTTP.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).ok()? == 0 || head.len() > 64 * 1024 {
            return None;
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(&head).ok()?;
    let (path, raw_query) = parsed.path?.split_once('?').unwrap_or((parsed.path?, ""));
    let mut request = Request {
        method: parsed.method?.to_owned(),
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
            .collect(),
        body: vec![],
        at: Instant::now(),
    };
    if request.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    request.body = body(reader, &request)?;
    Some(request)
}

/// The body of a request, by its length or in chunks.
fn body(reader: &mut BufReader<TcpStream>, request: &Request) -> Option<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let mut whole = Vec::new();
        loop {
            let size = usize::from_str_radix(line(reader)?.split(';').next()?.trim(), 16).ok()?;
            whole.extend(exactly(reader, size)?);
            line(reader)?;
            if size == 0 {
                return Some(whole);
            }
        }
    }
    match request.header("content-length") {
        Some(length) => exactly(reader, length.trim().parse().ok()?),
        None => Some(vec![]),
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().map(|_| line)
}

fn exactly(reader: &mut BufReader<TcpStream>, size: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size];
    reader.read_exact(&mut bytes).ok().map(|()| bytes)
}

fn write(stream: &mut TcpStream, request: &Request, answer: &Answer) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if answer.status != 204 && answer.status != 304 {
        head += &format!("Content-Length: {}\r\n", answer.body.len());
    }
    let mut bytes = (head + "\r\n").into_bytes();
    if request.method != "HEAD" {
        bytes.extend(&answer.body);
    }
    stream.write_all(&bytes).ok()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "Status",
    }
}
