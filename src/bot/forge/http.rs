//! Requests to a forge's API, one at a time: writes are spaced, limits and hiccups are waited for, within reason.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

use super::ForgeError;

/// Forges ask for at least this much between requests that change something.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Who is told to wait without being told how long waits so long.
const UNTOLD_WAIT: Duration = Duration::from_secs(60);

/// Longer than this a run does not wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

const TRIES: usize = 4;

/// As many items as a page holds.
const PAGE: usize = 100;

/// More pages than a branch has pull requests.
const MOST_PAGES: usize = 20;

/// No answer of an API is larger.
const LARGEST_ANSWER: u64 = 32 * 1024 * 1024;

/// All but letters, digits and `-_.~`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An API under one address, with the headers that it wants.
pub(super) struct Client {
    agent: Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
    variable: &'static str,
    last_write: Option<Instant>,
}

/// An answer, of whatever status.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    text: String,
    what: String,
}

impl Client {
    /// `variable` is where the token comes from, for messages.
    pub(super) fn new(base: &str, headers: Vec<(&'static str, String)>, variable: &'static str) -> Client {
        // An Enterprise server may have a certificate that only the system trusts.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A token must not follow to another host.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .user_agent(concat!("hotcold/", env!("CARGO_PKG_VERSION")))
            .build();
        let base = base.trim_end_matches('/').to_owned();
        Client { agent: Agent::new_with_config(config), base, headers, variable, last_write: None }
    }

    /// The host, for messages.
    pub(super) fn host(&self) -> String {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    }

    /// Asks until there is an answer that waiting does not change. `retry` tells of further answers that it may change.
    pub(super) fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        retry: &dyn Fn(&Answer) -> bool,
    ) -> Result<Answer, ForgeError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let answer = self.once(&method, path, body);
            let wait = match &answer {
                // A write may have been carried out all the same: the caller looks before it is tried again.
                Err(_) if method == Method::GET => Duration::from_secs(2),
                Err(_) => return answer,
                Ok(answer) => match answer.wait() {
                    Some(wait) if wait > LONGEST_WAIT => {
                        return Err(ForgeError::Limited { host: self.host(), seconds: wait.as_secs() });
                    }
                    Some(wait) => wait,
                    None if answer.status >= 500 && method == Method::GET => Duration::from_secs(2),
                    None if retry(answer) => Duration::from_secs(3),
                    None => Duration::ZERO,
                },
            };
            if wait.is_zero() || tried == TRIES {
                return answer;
            }
            std::thread::sleep(wait);
        }
    }

    /// Asks for a change, and gives what it comes to.
    pub(super) fn write(&mut self, method: Method, path: &str, body: &Value) -> Result<Value, ForgeError> {
        let answer = self.ask(method, path, Some(body), &|_| false)?;
        self.json(&answer)
    }

    /// All items of all pages of a list.
    pub(super) fn pages(&mut self, path: &str) -> Result<Vec<Value>, ForgeError> {
        let mut items = Vec::new();
        let sign = if path.contains('?') { '&' } else { '?' };
        // Pages are counted: the address of the next one that an answer names could be anybody's.
        for page in 1..=MOST_PAGES {
            let path = format!("{path}{sign}per_page={PAGE}&page={page}");
            let answer = self.ask(Method::GET, &path, None, &|_| false)?;
            let Value::Array(found) = self.json(&answer)? else { return Err(self.lacks(&answer.what)) };
            items.extend(found);
            if !answer.has_next_page() {
                break;
            }
        }
        Ok(items)
    }

    /// What of an answer is no success, in words that are the same for all forges.
    pub(super) fn refusal(&self, answer: &Answer) -> ForgeError {
        let (host, said) = (self.host(), answer.message());
        match answer.status {
            300..=399 => ForgeError::Moved { host, to: answer.header("location").unwrap_or_default().to_owned() },
            401 => ForgeError::Token { host, variable: self.variable },
            403 => ForgeError::Permission { said },
            404 => ForgeError::NotFound { host, path: answer.what.clone() },
            status => ForgeError::Answer { host, status, what: answer.what.clone(), said },
        }
    }

    /// The answer as JSON, if it is a success.
    pub(super) fn json(&self, answer: &Answer) -> Result<Value, ForgeError> {
        if !(200..300).contains(&answer.status) {
            return Err(self.refusal(answer));
        }
        serde_json::from_str(&answer.text).map_err(|error| ForgeError::Unreadable {
            host: self.host(),
            what: answer.what.clone(),
            why: error.to_string(),
        })
    }

    /// Something is missing from an answer.
    pub(super) fn lacks(&self, what: &str) -> ForgeError {
        ForgeError::Unreadable {
            host: self.host(),
            what: what.to_owned(),
            why: "it lacks what it should have".to_owned(),
        }
    }

    fn once(&mut self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, ForgeError> {
        if *method != Method::GET {
            if let Some(last) = self.last_write {
                std::thread::sleep(BETWEEN_WRITES.saturating_sub(last.elapsed()));
            }
            self.last_write = Some(Instant::now());
        }
        let what = format!("{method} {}", path.split('?').next().unwrap_or_default());
        let unreachable = |why: String| ForgeError::Unreachable { host: self.host(), why };
        let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answered: Result<Response<ureq::Body>, ureq::Error> = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                let request = request.body(body.to_string()).map_err(|error| unreachable(error.to_string()))?;
                self.agent.run(request)
            }
            None => {
                let request = request.body(()).map_err(|error| unreachable(error.to_string()))?;
                self.agent.run(request)
            }
        };
        let mut response = answered.map_err(|error| unreachable(error.to_string()))?;
        let text = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
        let text = text.map_err(|error| unreachable(error.to_string()))?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, what })
    }
}

impl Answer {
    /// What the forge says in its own words, in one line.
    pub(super) fn message(&self) -> String {
        let value: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        let mut said: Vec<String> = Vec::new();
        collect(&value, &mut said);
        if said.is_empty() {
            said.push(self.text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let said = said.join("; ");
        said.chars().take(300).collect()
    }

    /// Whether there is another page.
    fn has_next_page(&self) -> bool {
        self.header("link").is_some_and(|link| link.contains("rel=\"next\""))
    }

    /// How long the forge wants to be left alone.
    fn wait(&self) -> Option<Duration> {
        if self.status != 429 && self.status != 403 {
            return None;
        }
        let number = |name: &str| self.header(name)?.trim().parse::<u64>().ok();
        if let Some(seconds) = number("retry-after") {
            return Some(Duration::from_secs(seconds.max(1)));
        }
        let is_used_up = number("x-ratelimit-remaining") == Some(0);
        if is_used_up && let Some(reset) = number("x-ratelimit-reset") {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            return Some(Duration::from_secs(reset.saturating_sub(now).max(1)));
        }
        (self.status == 429 || self.message().contains("secondary rate limit")).then_some(UNTOLD_WAIT)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// As a part of an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The sentences in an error: `message`, and those of its `errors`.
fn collect(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
        Value::Object(fields) => {
            for key in ["message", "error", "errors", "error_description", "base"] {
                fields.get(key).into_iter().for_each(|value| collect(value, said));
            }
        }
        _ => {}
    }
}
