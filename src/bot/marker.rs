//! What the bot remembers: a line in the pull request's text that people do not see.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::{Change, Identity};

const OPENING: &str = "<!-- hotcold:";
const CLOSING: &str = " -->";

/// More changes than these are remembered together only: the text of a pull request has a limit.
const MOST_MOVES: usize = 2500;

/// The state of a pull request when the bot last wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub v: u32,
    /// [`fingerprint`] of the changes.
    pub fp: String,
    /// The commit that the branch stands on.
    pub base: String,
    /// The commit that the bot put there.
    pub head: String,
    /// [`id`] of each change, if there is room for them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moves: BTreeSet<String>,
    /// The bot has closed it itself, which declines nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl Marker {
    pub fn new(moves: BTreeSet<String>, base: &str, head: &str) -> Marker {
        let fp = fingerprint(&moves);
        let moves = if moves.len() > MOST_MOVES { BTreeSet::new() } else { moves };
        Marker { v: 1, fp, base: base.to_owned(), head: head.to_owned(), moves, withdrawn: false }
    }

    /// The marker in a pull request's text: its first line, unless people wrote something above it.
    pub fn read(body: &str) -> Option<Marker> {
        body.lines().find_map(Marker::of_line)
    }

    fn of_line(line: &str) -> Option<Marker> {
        let json = line.trim().strip_prefix(OPENING)?.strip_suffix(CLOSING)?;
        serde_json::from_str(json).ok().filter(|marker: &Marker| marker.v == 1)
    }

    pub fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("strings and numbers are JSON");
        format!("{OPENING}{json}{CLOSING}")
    }

    /// The text of a pull request with this marker in the place of its own.
    pub fn replace_in(&self, body: &str) -> String {
        let rest: Vec<&str> = body.lines().filter(|line| Marker::of_line(line).is_none()).collect();
        format!("{}\n{}\n", self.line(), rest.join("\n"))
    }
}

/// A change in twelve letters: its file, module, name and way, no line numbers and no times.
pub fn id(identity: &Identity) -> String {
    let Identity { path, module, bound, change } = identity;
    let way = match change {
        Change::Sink => "module -> functions".to_owned(),
        Change::Hoist(function) => format!("{function} -> module"),
        Change::Comment => "comment".to_owned(),
    };
    let mut hash = hex(&[path, module.as_str(), bound, &way].join("\0"));
    hash.truncate(12);
    hash
}

/// All changes together, in whatever order they were found.
pub fn fingerprint(moves: &BTreeSet<String>) -> String {
    hex(&moves.iter().map(String::as_str).collect::<Vec<_>>().join("\n"))
}

fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ModuleName;

    fn marker() -> Marker {
        Marker::new(["a1".to_owned(), "b2".to_owned()].into(), "base", "head")
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let body = format!("{}\nText\n", marker().line());
        assert_eq!(Marker::read(&body), Some(marker()));
        assert_eq!(Marker::read(&body.replace('\n', "\r\n")), Some(marker()));
        let withdrawn = Marker { withdrawn: true, ..marker() };
        assert_eq!(Marker::read(&withdrawn.replace_in(&body)), Some(withdrawn));
        assert_eq!(Marker::read(&format!("Somebody's words\n\n{body}")), Some(marker()));
        for other in ["", "Text", "<!-- hotcold:{} -->", "Text\n<!-- hotcold:{\"v\":1} -->"] {
            assert_eq!(Marker::read(other), None);
        }
    }

    #[test]
    fn a_change_is_the_same_wherever_it_stands_in_the_file() {
        let identity = |path: &str, change| Identity {
            path: path.to_owned(),
            module: ModuleName::new("boto3").unwrap(),
            bound: "boto3".into(),
            change,
        };
        assert_eq!(id(&identity("a.py", Change::Sink)), id(&identity("a.py", Change::Sink)));
        assert_ne!(id(&identity("a.py", Change::Sink)), id(&identity("b.py", Change::Sink)));
        assert_ne!(id(&identity("a.py", Change::Sink)), id(&identity("a.py", Change::Comment)));
        assert_eq!(id(&identity("a.py", Change::Hoist("f".into()))).len(), 12);
    }
}
