//! The life of the pull request: what is there, what should be there, and the fewest steps from one to the other. Each step
//! leaves a state from which the next run goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;

use super::body::Body;
use super::forge::{Forge, ForgeError, Place, PullRequest};
use super::git::{Git, GitError, Heads, Push, Worktree};
use super::marker::{Marker, fingerprint};

/// Other runs may push at the same time; after so many of them another run is soon enough.
const TRIES: usize = 3;

/// Whoever puts this on the pull request wants no more of it.
const STOP: &str = "hotcold:stop";

const TITLE: &str = "Move imports to where they are needed";

/// Lines at the end of the bot's commit.
const TREE: &str = "Hotcold-Tree: ";
const BASE: &str = "Hotcold-Base: ";

/// What a run did, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Created,
    Updated,
    Unchanged,
    Declined,
    Closed,
    Blocked,
    None,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub word: Word,
    /// Why, or where to look.
    pub note: String,
}

/// What was changed in a working tree.
#[derive(Debug, Default)]
pub struct Change {
    /// Relative to its top.
    pub files: Vec<String>,
    /// The changes' ids.
    pub moves: BTreeSet<String>,
    /// Changes that were left out because they were declined.
    pub left_out: usize,
    pub body: Body,
}

#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error("the template of the pull request's text: {0:#}")]
    Template(#[from] minijinja::Error),
    #[error("{0:#}")]
    Change(anyhow::Error),
    #[error("other runs push to `{0}` all the time: run again when they have ended")]
    Crowded(String),
    #[error(
        "a commit hook changed the files after they were proved, so nothing was pushed: have a formatter run by --post-command, \
         whose result is proved again"
    )]
    Hook,
    #[error("cannot print: {0}")]
    Print(#[from] std::io::Error),
}

/// A run over one repository.
pub struct Life<'a> {
    pub git: &'a Git,
    pub forge: &'a mut dyn Forge,
    /// The branch to change; the remote's default if none is named.
    pub base: Option<&'a str>,
    pub branch: &'a str,
    pub draft: bool,
    pub template: Option<&'a str>,
    /// Print the patch to this, and push nothing.
    pub dry_run: Option<&'a mut dyn Write>,
}

/// Changes the files of a working tree, but for the changes with these ids.
pub type Make<'m> = &'m mut dyn FnMut(&Worktree<'_>, &BTreeSet<String>) -> anyhow::Result<Change>;

/// What stands on the branch.
enum Branch {
    Absent,
    /// The bot's commit.
    Ours {
        commit: String,
        tree: String,
        base: String,
    },
    /// Somebody else's.
    Foreign(String),
}

/// Changes that nobody wants to see again.
#[derive(Default)]
struct Declined {
    moves: BTreeSet<String>,
    /// Fingerprints of those that were too many to list.
    together: BTreeSet<String>,
}

impl Life<'_> {
    pub fn run(&mut self, make: Make<'_>) -> Result<End, LifeError> {
        for _ in 0..TRIES {
            let heads = self.git.heads(self.base, self.branch)?;
            if let Some(end) = self.once(&heads, make)? {
                return Ok(end);
            }
        }
        Err(LifeError::Crowded(self.branch.to_owned()))
    }

    /// `None` if the branch changed meanwhile.
    fn once(&mut self, heads: &Heads, make: Make<'_>) -> Result<Option<End>, LifeError> {
        let place = Place { base: heads.base.clone(), branch: self.branch.to_owned(), draft: self.draft };
        let wanted: Vec<&str> = match heads.branch_commit {
            Some(_) => vec![&heads.base, self.branch],
            None => vec![&heads.base],
        };
        self.git.fetch(&wanted)?;
        let open = self.forge.open(&place)?;
        if let Some(open) = open.as_ref().filter(|open| open.labels.iter().any(|label| label == STOP)) {
            return end(Word::Blocked, format!("{} has the label `{STOP}`", open.url));
        }
        if let Some(open) = open.as_ref().filter(|open| open.base != heads.base) {
            // Its branch, built on another base, would bring that one's history along.
            let note = format!(
                "{} goes into `{}`, not into `{}`: close it, or name --branch",
                open.url, open.base, heads.base
            );
            return end(Word::Blocked, note);
        }
        let branch = self.branch(heads)?;
        if let Branch::Foreign(commit) = &branch {
            return self.leave_alone(open.as_ref(), commit).map(Some);
        }
        let closed = self.forge.closed(&place)?;
        if let Some(stopped) = closed.iter().find(|closed| closed.labels.iter().any(|label| label == STOP)) {
            return end(Word::Declined, format!("{} has the label `{STOP}`", stopped.url));
        }
        let declined = declined(&closed);
        let git = self.git;
        let worktree = git.worktree(&heads.base_commit)?;
        let change = make(&worktree, &declined.moves).map_err(LifeError::Change)?;
        let all_declined = change.left_out > 0 || declined.together.contains(&fingerprint(&change.moves));
        if change.moves.is_empty() || declined.together.contains(&fingerprint(&change.moves)) {
            drop(worktree);
            return self.withdraw(&place, open, &closed, branch, all_declined);
        }
        self.propose(heads, &place, open, branch, &worktree, &change)
    }

    fn branch(&self, heads: &Heads) -> Result<Branch, LifeError> {
        let Some(commit) = &heads.branch_commit else { return Ok(Branch::Absent) };
        let (message, tree) = (self.git.message(commit)?, self.git.tree(commit)?);
        let line = |start: &str| message.lines().find_map(|line| line.strip_prefix(start)).map(str::trim);
        Ok(match (line(TREE), line(BASE)) {
            (Some(told), Some(base)) if told == tree && message.starts_with(TITLE) => {
                Branch::Ours { commit: commit.clone(), tree, base: base.to_owned() }
            }
            _ => Branch::Foreign(commit.clone()),
        })
    }

    /// Somebody works on the branch.
    fn leave_alone(&mut self, open: Option<&PullRequest>, commit: &str) -> Result<End, LifeError> {
        let branch = self.branch;
        let Some(open) = open else {
            let note =
                format!("`{branch}` holds a commit that is not hotcold's ({commit}): delete it, or name another");
            return Ok(End { word: Word::Blocked, note });
        };
        let mark = format!("<!-- hotcold:left-alone {commit} -->");
        let known = Marker::read(&open.body).is_some_and(|marker| marker.head == commit);
        if !known && !self.forge.comments(open.number)?.iter().any(|comment| comment.contains("hotcold:left-alone")) {
            let text = format!(
                "{mark}\nThere is a commit here that is not hotcold's, so hotcold leaves this branch alone from now on. \
                 Merge or close the pull request when you are done with it."
            );
            self.forge.comment(open.number, &text)?;
        }
        Ok(End { word: Word::Blocked, note: format!("{} holds a commit that is not hotcold's", open.url) })
    }

    /// Nothing is left to propose.
    fn withdraw(
        &mut self,
        place: &Place,
        open: Option<PullRequest>,
        closed: &[PullRequest],
        branch: Branch,
        all_declined: bool,
    ) -> Result<Option<End>, LifeError> {
        let Branch::Ours { commit, base, .. } = branch else {
            if let Some(open) = open {
                self.close(&open, &place.base, "")?;
                return end(Word::Closed, open.url);
            }
            return end(if all_declined { Word::Declined } else { Word::None }, String::new());
        };
        // A run that was killed may have closed it and no more.
        let is_withdrawn = |pull: &&PullRequest| {
            Marker::read(&pull.body).is_some_and(|marker| marker.withdrawn && marker.head == commit)
        };
        let closing = match &open {
            Some(open) => {
                self.close(open, &base, &commit)?;
                Some(open)
            }
            None => closed.iter().find(is_withdrawn),
        };
        let Some(pull) = closing else {
            return end(if all_declined { Word::Declined } else { Word::None }, String::new());
        };
        self.say_goodbye(pull)?;
        if self.dry_run.is_none() && self.git.delete(self.branch, &commit)? == Push::Stale {
            return Ok(None);
        }
        end(Word::Closed, pull.url.clone())
    }

    fn close(&mut self, open: &PullRequest, base: &str, head: &str) -> Result<(), LifeError> {
        let marker = Marker::read(&open.body).unwrap_or_else(|| Marker::new(BTreeSet::new(), base, head));
        let marker = Marker { withdrawn: true, head: head.to_owned(), ..marker };
        Ok(self.forge.close(open.number, &marker.replace_in(&open.body))?)
    }

    fn say_goodbye(&mut self, pull: &PullRequest) -> Result<(), LifeError> {
        let mark = "<!-- hotcold:closed -->";
        if !self.forge.comments(pull.number)?.iter().any(|comment| comment.starts_with(mark)) {
            let text = format!("{mark}\nNothing is left to move: every import is where it belongs.");
            self.forge.comment(pull.number, &text)?;
        }
        Ok(())
    }

    /// Brings the branch and the pull request to what was found.
    fn propose(
        &mut self,
        heads: &Heads,
        place: &Place,
        open: Option<PullRequest>,
        branch: Branch,
        worktree: &Worktree<'_>,
        change: &Change,
    ) -> Result<Option<End>, LifeError> {
        let tree = worktree.stage(&change.files)?;
        let (head, base, pushed) = match branch {
            Branch::Ours { commit, tree: present, base } if present == tree => (commit, base, false),
            _ if self.dry_run.is_some() => (String::new(), heads.base_commit.clone(), true),
            _ => {
                let commit = commit(worktree, &tree, &heads.base_commit, change)?;
                match self.git.push(&commit, self.branch, heads.branch_commit.as_deref())? {
                    Push::Done => (commit, heads.base_commit.clone(), true),
                    Push::Stale => return Ok(None),
                }
            }
        };
        if let Some(out) = &mut self.dry_run {
            out.write_all(worktree.patch()?.as_bytes())?;
            writeln!(out, "would push one commit to `{}`, unless it is there", self.branch)?;
        }
        let marker = Marker::new(change.moves.clone(), &base, &head);
        let body = change.body.render(self.template, &marker.line())?;
        let Some(open) = open else {
            let created = self.forge.create(place, TITLE, &body)?;
            return end(Word::Created, created.url);
        };
        if open.body.replace("\r\n", "\n").trim_end() != body.trim_end() {
            self.forge.update(open.number, &open.title, &body)?;
        }
        end(if pushed { Word::Updated } else { Word::Unchanged }, open.url)
    }
}

/// The bot's commit: what was proved, and nothing that a hook has made of it.
fn commit(worktree: &Worktree<'_>, tree: &str, base: &str, change: &Change) -> Result<String, LifeError> {
    let message = format!("{TITLE}\n\n{}\n\n{BASE}{base}\n{TREE}{tree}\n", change.body.summary);
    let commit = worktree.commit(&message)?;
    if worktree.tree()? == tree { Ok(commit) } else { Err(LifeError::Hook) }
}

fn declined(closed: &[PullRequest]) -> Declined {
    let mut declined = Declined::default();
    let markers = closed.iter().filter_map(|closed| Marker::read(&closed.body));
    for marker in markers.filter(|marker| !marker.withdrawn) {
        if marker.moves.is_empty() {
            declined.together.insert(marker.fp);
        }
        declined.moves.extend(marker.moves);
    }
    declined
}

fn end(word: Word, note: String) -> Result<Option<End>, LifeError> {
    Ok(Some(End { word, note }))
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Word::Created => "created",
            Word::Updated => "updated",
            Word::Unchanged => "unchanged",
            Word::Declined => "declined",
            Word::Closed => "closed",
            Word::Blocked => "blocked",
            Word::None => "none",
        })
    }
}
