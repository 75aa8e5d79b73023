//! The JSON of GitHub's things: what the forge knows of them, laid over the least that the description requires.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::description::{Description, Operation, merge};
use super::forge::{OWNER, REPOSITORY};
use super::github::PREFIX;
use super::http::{Answer, Request};
use super::world::{Comment, Pull, State, World};

/// A list's part that was asked for, with the links to the others. Each element is laid over its component.
pub fn page(world: &World, request: &Request, component: &str, each: Vec<Value>) -> Answer {
    let asked = |name: &str, default: usize| {
        request.query_value(name).and_then(|value| value.parse().ok()).unwrap_or(default).max(1)
    };
    let (size, number) = (asked("per_page", 30).min(100), asked("page", 1));
    let last = each.len().div_ceil(size).max(1);
    let url = |page: usize| {
        let kept = request.query().into_iter().filter(|(name, _)| name != "page");
        let query: String = kept.map(|(name, value)| format!("{name}={value}&")).collect();
        format!("{}{}?{query}page={page}", world.url, request.path)
    };
    let links = [
        (number > 1).then(|| ("prev", number - 1)),
        (number < last).then(|| ("next", number + 1)),
        (number < last).then_some(("last", last)),
        (number > 1).then_some(("first", 1)),
    ];
    let links: Vec<String> =
        links.iter().flatten().map(|(name, page)| format!("<{}>; rel=\"{name}\"", url(*page))).collect();
    let part: Vec<Value> = each.into_iter().skip((number - 1) * size).take(size).collect();
    let answer = Answer::json(200, &filled(component, part));
    if links.is_empty() { answer } else { answer.with("Link", &links.join(", ")) }
}

/// An answer to an operation, with the fields of `above`.
pub fn example(operation: &Operation, status: u16, above: Value) -> Value {
    let mut whole = Description::github().example(operation, status);
    merge(&mut whole, above);
    whole
}

/// A list whose elements are laid over a component.
pub fn filled(component: &str, each: Vec<Value>) -> Value {
    let each = each.into_iter().map(|above| {
        let mut whole = Description::github().example_component(component);
        merge(&mut whole, above);
        whole
    });
    each.collect()
}

pub fn pull_json(world: &World, pull: &Pull) -> Value {
    let end = |branch: &str, sha: &str| {
        json!({
            "ref": branch, "sha": sha, "label": format!("{OWNER}:{branch}"), "user": account(OWNER),
            "repo": { "full_name": REPOSITORY, "owner": { "login": OWNER } },
        })
    };
    let base_sha = world.bare.head(&pull.base).unwrap_or_default();
    let closed = (pull.state != State::Open).then(|| time(pull.updated));
    json!({
        "number": pull.number, "id": 5000 + pull.number, "title": pull.title, "body": pull.body, "draft": pull.draft,
        "state": if pull.state == State::Open { "open" } else { "closed" },
        "user": account(&pull.author),
        "head": end(&pull.head, &pull.head_sha), "base": end(&pull.base, &base_sha),
        "labels": filled("label", labels_json(&pull.labels)),
        "created_at": time(pull.created), "updated_at": time(pull.updated), "closed_at": closed,
        "merged_at": (pull.state == State::Merged).then(|| time(pull.updated)),
        "html_url": format!("{}/{REPOSITORY}/pull/{}", world.url, pull.number),
        "url": format!("{}{PREFIX}/repos/{REPOSITORY}/pulls/{}", world.url, pull.number),
    })
}

pub fn comment_json(comment: &Comment) -> Value {
    json!({ "id": comment.id, "body": comment.body, "user": account(&comment.author) })
}

pub fn labels_json(labels: &[String]) -> Vec<Value> {
    labels.iter().map(|name| json!({ "name": name, "description": "" })).collect()
}

pub fn reference_json(world: &World, branch: &str, sha: &str) -> Value {
    let url = format!("{}{PREFIX}/repos/{REPOSITORY}/git/commits/{sha}", world.url);
    json!({ "ref": format!("refs/heads/{branch}"), "object": { "sha": sha, "type": "commit", "url": url } })
}

/// A commit, with what git knows of it.
pub fn commit_json(world: &World, sha: &str) -> Value {
    let mut whole = Description::github().example_component("commit");
    let format = "--format=%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B";
    let shown = world.bare.git(&["show", "--no-patch", format, sha]);
    let fields: Vec<&str> = shown.splitn(7, '\0').collect();
    let parents: Vec<Value> =
        fields[1].split_whitespace().map(|sha| json!({ "sha": sha, "url": "https://example.com/" })).collect();
    let above = json!({
        "sha": sha, "parents": parents, "author": null, "committer": null,
        "commit": {
            "message": fields[6].trim_end(), "tree": { "sha": fields[0], "url": "https://example.com/" },
            "author": { "name": fields[2], "email": fields[3] },
            "committer": { "name": fields[4], "email": fields[5] },
        },
    });
    merge(&mut whole, above);
    whole
}

/// The text of a field; empty where there is none.
pub fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_default().to_owned()
}

/// An account, with all that the description requires of one.
fn account(login: &str) -> Value {
    let mut whole = Description::github().example_component("simple-user");
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    merge(&mut whole, json!({ "login": login, "type": kind }));
    whole
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).expect("a time of this century").to_string()
}
