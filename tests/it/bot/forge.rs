//! GitHub, or GitLab, on loopback: it keeps pull requests, comments and labels over a bare repository, at the address of a GitHub
//! Enterprise, and holds every request against GitHub's own description. A test steers it and asks what came.

use std::sync::{Arc, Mutex};

use super::git::{Bare, Checkout, Merge, Service};
use super::github::{self, GitHub};
use super::gitlab::{self, GitLab};
use super::http::{Answer, Request};
use super::loopback::{Api, Loopback, Moment, Reaction, Recorded, lock};
use super::world::{Identity, Pull, State, World};

pub const OWNER: &str = "octo";
pub const REPOSITORY: &str = "octo/orders";
pub const TOKEN: &str = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";

pub struct Forge {
    loopback: Loopback,
    /// What stands before each path of the API.
    prefix: &'static str,
    world: Arc<Mutex<World>>,
    bare: Arc<Bare>,
}

impl Forge {
    /// A forge over a repository, which knows the token of a workflow.
    pub fn start(bare: Bare) -> Self {
        Self::start_as(bare, Identity::Workflow)
    }

    pub fn start_as(bare: Bare, identity: Identity) -> Self {
        let make = |world| -> Arc<dyn Api> { Arc::new(GitHub::new(world)) };
        Self::with(bare, identity, make, github::PREFIX, TOKEN)
    }

    /// GitLab over a repository, with the token of a person.
    pub fn gitlab(bare: Bare) -> Self {
        let make = |world| -> Arc<dyn Api> { Arc::new(GitLab::new(world)) };
        Self::with(bare, Identity::Person, make, gitlab::PREFIX, gitlab::TOKEN)
    }

    fn with(
        bare: Bare,
        identity: Identity,
        make: impl Fn(Arc<Mutex<World>>) -> Arc<dyn Api>,
        prefix: &'static str,
        token: &str,
    ) -> Self {
        let bare = Arc::new(bare);
        let world = Arc::new(Mutex::new(World::new(Arc::clone(&bare), identity)));
        let loopback = Loopback::start(make(Arc::clone(&world)), Service::new(&bare, REPOSITORY, token));
        lock(&world).url = loopback.url();
        Self { loopback, prefix, world, bare }
    }

    /// What `GITHUB_API_URL`, or `CI_API_V4_URL`, is set to.
    pub fn api(&self) -> String {
        format!("{}{}", self.loopback.url(), self.prefix)
    }

    /// What `GITHUB_SERVER_URL` is set to.
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// Where `git` fetches from and pushes to.
    pub fn clone_url(&self) -> String {
        format!("{}/{REPOSITORY}.git", self.loopback.url())
    }

    pub fn bare(&self) -> &Bare {
        &self.bare
    }

    /// A user's clone with the forge as its `origin`.
    pub fn check_out(&self) -> Checkout {
        self.bare.check_out(&self.clone_url())
    }

    /// Lays an answer in the way of the next request with this method whose path ends with `path`.
    pub fn fail_next(&self, method: &str, path: &str, answer: Answer) {
        self.loopback.script(method, path, Reaction::Answer(answer));
    }

    pub fn script(&self, method: &str, path: &str, reaction: Reaction) {
        self.loopback.script(method, path, reaction);
    }

    /// The scripted reactions that no request met.
    pub fn unmet(&self) -> Vec<String> {
        self.loopback.unmet()
    }

    pub fn watch(&self, watcher: impl Fn(usize, Moment, &Request) + Send + Sync + 'static) {
        self.loopback.watch(watcher);
    }

    /// Waits until what came is done, also for a client that is gone.
    pub fn wait(&self) {
        self.loopback.wait();
    }

    /// Every request that came, git's as well.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.loopback.recorded()
    }

    /// The requests that came to the API, without git's.
    pub fn requests(&self) -> Vec<Recorded> {
        self.recorded().into_iter().filter(|recorded| !recorded.is_git()).collect()
    }

    /// The requests to the API that change something.
    pub fn writes(&self) -> Vec<Recorded> {
        self.recorded().into_iter().filter(Recorded::is_write).collect()
    }

    /// Forgets what came so far; the state and the violations stay.
    pub fn forget(&self) {
        self.loopback.forget();
    }

    /// What in the requests broke GitHub's description or the forge's own rules.
    pub fn violations(&self) -> Vec<String> {
        self.loopback.violations()
    }

    #[track_caller]
    pub fn assert_no_violations(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }

    /// All pull requests as they are now, the oldest first.
    pub fn pulls(&self) -> Vec<Pull> {
        let mut world = lock(&self.world);
        world.refresh();
        world.pulls.clone()
    }

    #[track_caller]
    pub fn pull(&self, number: u64) -> Pull {
        let found = self.pulls().into_iter().find(|pull| pull.number == number);
        found.unwrap_or_else(|| panic!("there is no pull request {number}"))
    }

    /// The texts of the comments below a pull request.
    pub fn comments(&self, number: u64) -> Vec<String> {
        let world = lock(&self.world);
        world.comments.iter().filter(|comment| comment.pull == number).map(|comment| comment.body.clone()).collect()
    }

    /// A person comments.
    pub fn comment(&self, number: u64, body: &str) {
        lock(&self.world).comment(number, "developer", body);
    }

    /// A person closes it without merging.
    pub fn close(&self, number: u64) {
        self.change(number, |pull| pull.state = State::Closed);
    }

    pub fn reopen(&self, number: u64) {
        self.change(number, |pull| pull.state = State::Open);
    }

    pub fn label(&self, number: u64, label: &str) {
        self.change(number, |pull| pull.labels.push(label.to_owned()));
    }

    /// A person changes the text.
    pub fn edit(&self, number: u64, body: &str) {
        self.change(number, |pull| pull.body = Some(body.to_owned()));
    }

    /// A person merges it; the branch stays. Gives the new head of the base branch.
    pub fn merge(&self, number: u64, how: Merge) -> String {
        let pull = self.pull(number);
        let commit = self.bare.merge(&pull.head, &pull.base, how);
        self.change(number, |pull| pull.state = State::Merged);
        commit
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Pull)) {
        let mut world = lock(&self.world);
        world.refresh();
        let now = world.tick();
        let pull = world.pull_mut(number).unwrap_or_else(|| panic!("there is no pull request {number}"));
        change(pull);
        pull.updated = now;
    }
}
