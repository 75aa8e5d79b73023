//! What the forge knows: pull requests and comments, over the branches of the bare repository.

use std::sync::Arc;

use super::git::Bare;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Closed,
    Merged,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub state: State,
    /// The branch it goes into.
    pub base: String,
    /// The branch it comes from.
    pub head: String,
    /// Where the branch stands, or stood when it was closed.
    pub head_sha: String,
    pub labels: Vec<String>,
    pub draft: bool,
    pub author: String,
    pub created: i64,
    pub updated: i64,
}

#[derive(Clone, Debug)]
pub struct Comment {
    pub id: u64,
    pub pull: u64,
    pub author: String,
    pub body: String,
}

/// Everything the forge knows.
pub struct World {
    pub url: String,
    pub pulls: Vec<Pull>,
    pub comments: Vec<Comment>,
    pub bare: Arc<Bare>,
    pub identity: Identity,
    clock: i64,
}

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The token of a workflow, which may not ask who it is.
    Workflow,
    /// The token of a person.
    Person,
}

impl World {
    pub fn new(bare: Arc<Bare>, identity: Identity) -> Self {
        // The fifth of January 2026, so that times can be told from numbers.
        Self { url: String::new(), pulls: vec![], comments: vec![], bare, identity, clock: 1_767_571_200 }
    }

    /// A second later.
    pub fn tick(&mut self) -> i64 {
        self.clock += 1;
        self.clock
    }

    pub fn pull_mut(&mut self, number: u64) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    pub fn comment(&mut self, pull: u64, author: &str, body: &str) -> Comment {
        let id = 1000 + self.comments.len() as u64;
        let comment = Comment { id, pull, author: author.to_owned(), body: body.to_owned() };
        self.comments.push(comment.clone());
        comment
    }

    /// Takes in what happened to the branches: GitHub closes a pull request whose branch is gone or has nothing left
    /// that the base has not, and calls one merged whose commits came into the base.
    pub fn refresh(&mut self) {
        let bare = Arc::clone(&self.bare);
        for pull in self.pulls.iter_mut().filter(|pull| pull.state == State::Open) {
            let Some(head) = bare.head(&pull.head) else {
                pull.state = State::Closed;
                continue;
            };
            if bare.is_ancestor(&pull.head_sha, &pull.base) {
                pull.state = State::Merged;
            } else if bare.is_ancestor(&head, &pull.base) {
                pull.state = State::Closed;
            }
            pull.head_sha = head;
        }
    }

    /// The account that the token belongs to.
    pub fn login(&self) -> &'static str {
        match self.identity {
            Identity::Workflow => "github-actions[bot]",
            Identity::Person => "hotcold-user",
        }
    }
}
