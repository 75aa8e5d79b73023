//! What the forges of the tests share: one server for the API and for git, every request written down, and what a test
//! lays in the way of a request: an answer that is not the forge's, a cut connection, an act just before it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::git::Service;
use super::http::{Answer, Reply, Request, Server};

/// A forge's API.
pub trait Api: Send + Sync + 'static {
    /// What in a request breaks the rules of the forge.
    fn check(&self, request: &Request) -> Vec<String>;

    fn answer(&self, request: &Request) -> Answer;

    /// What in the forge's own answer would not come from the real one.
    fn check_answer(&self, _: &Request, _: &Answer) -> Vec<String> {
        vec![]
    }
}

/// What happens to one request instead of, or besides, what the forge does with it.
pub enum Reaction {
    /// This is the answer; the forge does nothing.
    Answer(Answer),
    /// The connection is cut; the forge does nothing.
    Cut,
    /// The forge does what is asked; then the connection is cut.
    LoseAnswer,
    /// This happens first; then the forge does what is asked.
    First(Box<dyn FnOnce() + Send>),
}

/// A request that came, and how it was answered.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub request: Request,
    /// Nothing where the connection was cut, or the answer is not there yet.
    pub status: Option<u16>,
}

/// At which side of a request a watcher is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has arrived; nothing is done yet.
    Before,
    /// What it asks for is done; no answer is sent yet.
    Done,
}

type Watcher = Box<dyn Fn(usize, Moment, &Request) + Send + Sync>;

pub struct Loopback {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    recorded: Mutex<Vec<Recorded>>,
    violations: Mutex<Vec<String>>,
    scripts: Mutex<Vec<Script>>,
    watcher: Mutex<Option<Arc<Watcher>>>,
    /// How many requests are being worked on.
    busy: AtomicUsize,
}

/// Counts one request as being worked on until it is dropped, by a panic as well.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn start(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Script {
    method: String,
    path: String,
    reaction: Reaction,
}

impl Loopback {
    pub fn start(api: Arc<dyn Api>, git: Service) -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let server = Server::start(move |request| {
            let _busy = Busy::start(&own.busy);
            own.handle(api.as_ref(), &git, request)
        });
        Self { server, shared }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Lays a reaction in the way of the next request with this method whose path ends with `path`.
    pub fn script(&self, method: &str, path: &str, reaction: Reaction) {
        let script = Script { method: method.to_owned(), path: path.to_owned(), reaction };
        lock(&self.shared.scripts).push(script);
    }

    /// The reactions that no request met yet: a test that laid them out asks whether they were of use.
    pub fn unmet(&self) -> Vec<String> {
        lock(&self.shared.scripts).iter().map(|script| format!("{} {}", script.method, script.path)).collect()
    }

    /// Calls this with each request from now on and its number from 0, git's requests included.
    pub fn watch(&self, watcher: impl Fn(usize, Moment, &Request) + Send + Sync + 'static) {
        *lock(&self.shared.watcher) = Some(Arc::new(Box::new(watcher)));
    }

    /// Waits until what came is done, also for a client that is gone.
    pub fn wait(&self) {
        while self.shared.busy.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn recorded(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).clone()
    }

    pub fn forget(&self) {
        lock(&self.shared.recorded).clear();
    }

    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.violations).clone()
    }
}

impl Shared {
    fn handle(&self, api: &dyn Api, git: &Service, request: &Request) -> Reply {
        let number = self.record(request);
        let is_git = git.serves(request);
        if !is_git {
            lock(&self.violations).extend(api.check(request));
        }
        self.tell(number, Moment::Before, request);
        let reaction = self.take(request);
        let lost = matches!(reaction, Some(Reaction::LoseAnswer));
        match reaction {
            Some(Reaction::Cut) => return Reply::Cut,
            Some(Reaction::Answer(answer)) => return self.reply(number, answer),
            Some(Reaction::First(act)) => act(),
            Some(Reaction::LoseAnswer) | None => {}
        }
        let answer = if is_git { git.answer(request) } else { api.answer(request) };
        if !is_git {
            lock(&self.violations).extend(api.check_answer(request, &answer));
        }
        self.tell(number, Moment::Done, request);
        if lost { Reply::Cut } else { self.reply(number, answer) }
    }

    fn record(&self, request: &Request) -> usize {
        let mut recorded = lock(&self.recorded);
        recorded.push(Recorded { request: request.clone(), status: None });
        recorded.len() - 1
    }

    fn reply(&self, number: usize, answer: Answer) -> Reply {
        if let Some(recorded) = lock(&self.recorded).get_mut(number) {
            recorded.status = Some(answer.status);
        }
        Reply::Answer(answer)
    }

    fn tell(&self, number: usize, moment: Moment, request: &Request) {
        let watcher = lock(&self.watcher).clone();
        if let Some(watcher) = watcher {
            watcher(number, moment, request);
        }
    }

    fn take(&self, request: &Request) -> Option<Reaction> {
        let mut scripts = lock(&self.scripts);
        let meant = |script: &Script| script.method == request.method && request.path.ends_with(&script.path);
        let position = scripts.iter().position(meant)?;
        Some(scripts.remove(position).reaction)
    }
}

impl Recorded {
    pub fn is_write(&self) -> bool {
        !matches!(self.request.method.as_str(), "GET" | "HEAD") && !self.is_git()
    }

    pub fn is_git(&self) -> bool {
        self.request.path.contains(".git/")
    }

    pub fn json(&self) -> Value {
        self.request.json()
    }

    /// `METHOD path?query`, for a comparison.
    pub fn line(&self) -> String {
        let query =
            if self.request.raw_query.is_empty() { String::new() } else { format!("?{}", self.request.raw_query) };
        format!("{} {}{query}", self.request.method, self.request.path)
    }
}

/// The shortest time between two writes to the API.
pub fn shortest_pause(recorded: &[Recorded]) -> Option<Duration> {
    let writes: Vec<_> = recorded.iter().filter(|recorded| recorded.is_write()).collect();
    writes.windows(2).map(|pair| pair[1].request.at - pair[0].request.at).min()
}

/// The lock's content, also after a test has panicked: the panic is the news, not the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
