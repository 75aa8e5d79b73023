//! Counts requests and the modules that they used, in bounded memory: a request is remembered until others have pushed
//! it out, long after its report.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;

use jiff::Timestamp;
use lru::LruCache;
use smallvec::SmallVec;

use super::line::{Line, RequestId, Said};
use crate::name::ModuleName;

/// Requests that are remembered: about 20 MB.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1 << 18).expect("it is not zero");

/// Log streams whose present request is remembered.
const STREAMS: NonZeroUsize = NonZeroUsize::new(1 << 14).expect("it is not zero");

/// More modules than any project has: logs are not to be trusted.
const MOST_MODULES: usize = 10_000;

/// Unreadable lines that are shown.
const SHOWN: usize = 3;

/// What logs say of the use of modules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Requests that used each module, the most used first.
    pub modules: Vec<(ModuleName, u64)>,
    pub requests: u64,
    /// Requests that waited for a new process.
    pub cold_starts: u64,
    pub window: Option<(Timestamp, Timestamp)>,
    pub notes: Notes,
}

/// What was seen besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    pub lines: u64,
    /// Lines that begin to say something and cannot be understood.
    pub unreadable: u64,
    /// The first of them, with their places.
    pub samples: Vec<(String, String)>,
    /// Lines of a use that belong to no request.
    pub unattributed: u64,
    /// Requests that used modules and whose report is not in the log.
    pub unreported: u64,
    /// Rows that had been read before.
    pub repeated: u64,
    pub failed_inits: u64,
    /// Modules whose use the project logs, and that have no line here. Whether the logging was deployed is not known.
    pub silent: Vec<ModuleName>,
}

/// Why there are no shares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    #[error(
        "no request was found: the share of requests needs their number, so keep the REPORT or platform.report lines \
         in the log, or give the result of the second query of `--query insights` too"
    )]
    NoRequests,
    #[error("{used} requests used `{module}`, but the log reports {requests} in all: it is not whole")]
    MoreThanAll { module: ModuleName, used: u64, requests: u64 },
}

/// Takes lines and numbers; see [`Counter::finish`].
pub struct Counter {
    requests: LruCache<RequestId, Request>,
    /// The request that each log stream is at.
    present: LruCache<String, Option<RequestId>>,
    by_name: HashMap<ModuleName, u16>,
    used: Vec<u64>,
    usage: Usage,
}

/// One invocation, and what is known of the next with the same id: a retry.
#[derive(Debug, Default)]
struct Request {
    modules: Modules,
    /// The row of its report, also of the invocation before.
    row: Option<u64>,
    is_reported: bool,
    /// Uses seen after the report that it had already.
    later: Modules,
}

/// Modules by their number.
type Modules = SmallVec<[u16; 4]>;

impl Default for Counter {
    fn default() -> Counter {
        Counter {
            requests: LruCache::new(REMEMBERED),
            present: LruCache::new(STREAMS),
            by_name: HashMap::new(),
            used: Vec::new(),
            usage: Usage::default(),
        }
    }
}

impl Counter {
    /// Takes one line of the log `source`, which names its stream if the line does not.
    pub fn line(&mut self, line: Line, source: &str) {
        // Only the times of all requests tell how many there are a day; those of uses tell less.
        if let (Some(time), Said::Start(_) | Said::Report { .. }) = (line.time, &line.said) {
            self.seen_at(time);
        }
        let stream = line.stream.as_deref().unwrap_or(source);
        match line.said {
            Said::Start(request) => self.start(request, stream),
            Said::Report { request, cold, row } => self.report(request, cold, row, stream),
            Said::Used { module, request } => self.uses(&module, request, stream),
            Said::FailedInit => self.usage.notes.failed_inits += 1,
        }
    }

    /// Takes a number that was counted elsewhere: of requests that used a module.
    pub fn module_requests(&mut self, module: &ModuleName, requests: u64) {
        if let Some(module) = self.module(module) {
            self.used[usize::from(module)] = self.used[usize::from(module)].saturating_add(requests);
        }
    }

    /// Takes numbers that were counted elsewhere: of all requests.
    pub fn all_requests(&mut self, requests: u64, cold_starts: u64) {
        self.usage.requests = self.usage.requests.saturating_add(requests);
        self.usage.cold_starts = self.usage.cold_starts.saturating_add(cold_starts);
    }

    /// Something in the log has this time.
    pub fn seen_at(&mut self, time: Timestamp) {
        let (first, last) = self.usage.window.unwrap_or((time, time));
        self.usage.window = Some((first.min(time), last.max(time)));
    }

    pub fn lines(&mut self, lines: u64) {
        self.usage.notes.lines += lines;
    }

    /// Notes what cannot be understood. `place` and `text` are asked for the first few only.
    pub fn unreadable(&mut self, sample: impl FnOnce() -> (String, String)) {
        self.usage.notes.unreadable += 1;
        if self.usage.notes.samples.len() < SHOWN {
            self.usage.notes.samples.push(sample());
        }
    }

    /// The shares, if the logs tell of any request.
    pub fn finish(mut self) -> Result<Usage, Unfinished> {
        let unreported = self.requests.iter().filter(|(_, request)| request.is_unreported()).count();
        self.usage.notes.unreported += unreported as u64;
        let mut modules: Vec<_> = std::mem::take(&mut self.by_name)
            .into_iter()
            .map(|(name, at)| (name, self.used[usize::from(at)]))
            .collect();
        modules.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let requests = self.usage.requests;
        if requests == 0 {
            return Err(Unfinished::NoRequests);
        }
        if let Some((module, used)) = modules.first().filter(|(_, used)| *used > requests) {
            return Err(Unfinished::MoreThanAll { module: module.clone(), used: *used, requests });
        }
        Ok(Usage { modules, ..self.usage })
    }

    fn start(&mut self, id: RequestId, stream: &str) {
        let request = self.request(id);
        if request.is_reported {
            *request = Request { row: request.row, modules: std::mem::take(&mut request.later), ..Request::default() };
        }
        match self.present.get_mut(stream) {
            Some(present) => *present = Some(id),
            None => drop(self.present.put(stream.to_owned(), Some(id))),
        }
    }

    fn report(&mut self, id: RequestId, cold: bool, row: u64, stream: &str) {
        if let Some(present) = self.present.get_mut(stream).filter(|present| **present == Some(id)) {
            *present = None;
        }
        let request = self.request(id);
        if request.row == Some(row) {
            request.is_reported = true;
            self.usage.notes.repeated += 1;
            return;
        }
        if request.is_reported {
            // Another invocation by the same id, whose start is not in the log.
            request.modules = std::mem::take(&mut request.later);
        }
        (request.row, request.is_reported) = (Some(row), true);
        for module in request.modules.clone() {
            self.used[usize::from(module)] += 1;
        }
        self.all_requests(1, u64::from(cold));
    }

    fn uses(&mut self, module: &ModuleName, named: Option<RequestId>, stream: &str) {
        let Some(module) = self.module(module) else { return };
        let present = self.present.peek(stream).copied().flatten();
        // An id in the line may be any id: one that no request has gives way to the stream's present request.
        let known = named.filter(|id| present.is_none() || self.requests.contains(id));
        let Some(id) = known.or(present) else {
            self.usage.notes.unattributed += 1;
            return;
        };
        let request = self.request(id);
        if request.modules.contains(&module) {
            if request.is_reported && !request.later.contains(&module) {
                request.later.push(module);
            }
            return;
        }
        request.modules.push(module);
        if request.is_reported {
            self.used[usize::from(module)] += 1;
        }
    }

    fn request(&mut self, id: RequestId) -> &mut Request {
        let is_full = self.requests.len() == self.requests.cap().get();
        if is_full
            && !self.requests.contains(&id)
            && let Some((_, request)) = self.requests.pop_lru()
        {
            self.usage.notes.unreported += u64::from(request.is_unreported());
        }
        self.requests.get_or_insert_mut(id, Request::default)
    }

    fn module(&mut self, name: &ModuleName) -> Option<u16> {
        if let Some(at) = self.by_name.get(name) {
            return Some(*at);
        }
        if self.used.len() >= MOST_MODULES {
            self.unreadable(|| ("another module".to_owned(), name.to_string()));
            return None;
        }
        let at = u16::try_from(self.used.len()).ok()?;
        self.by_name.insert(name.clone(), at);
        self.used.push(0);
        Some(at)
    }
}

impl Request {
    fn is_unreported(&self) -> bool {
        !self.is_reported && !self.modules.is_empty()
    }
}

impl Usage {
    /// Share of requests, 0 to 100.
    pub fn percent(&self, used: u64) -> f64 {
        used as f64 / self.requests as f64 * 100.0
    }

    /// Those of the modules that have no line.
    pub fn without_lines(&self, modules: impl IntoIterator<Item = ModuleName>) -> Vec<ModuleName> {
        let known: BTreeSet<&ModuleName> = self.modules.iter().map(|(module, _)| module).collect();
        modules.into_iter().filter(|module| !known.contains(module)).collect()
    }

    pub fn cold_start_percent(&self) -> f64 {
        self.percent(self.cold_starts)
    }

    /// Requests per day over the window; `None` if it is unknown or too short to say.
    pub fn daily_requests(&self) -> Option<f64> {
        const SHORTEST_HOURS: f64 = 1.0;
        let (first, last) = self.window?;
        let hours = last.duration_since(first).as_secs_f64() / 3600.0;
        (hours >= SHORTEST_HOURS).then(|| self.requests as f64 / hours * 24.0)
    }
}
