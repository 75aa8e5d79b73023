//! The forge and git's service behave as the real ones, before the bot is held against them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::description::Description;
use super::forge::{Forge, OWNER, REPOSITORY, TOKEN};
use super::git::{BASE, Bare, Merge, clean};
use super::git_tests::push;
use super::github::ANSWERS;
use super::loopback::{Moment, Reaction, shortest_pause};
use super::refusals;
use super::world::{Identity, State};

pub const BRANCH: &str = "hotcold/import-placement";
const PULLS: &str = "/repos/octo/orders/pulls";

/// What came back for a request: the status, the JSON, the `Link` header.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub link: String,
}

/// A request as the bot sends it.
fn ask(forge: &Forge, method: &str, path: &str, body: Option<Value>) -> Result<Reply, ureq::Error> {
    ask_with(forge, method, path, body, &[("Authorization", &format!("Bearer {TOKEN}"))])
}

/// A request with headers besides the usual ones, or in their place.
fn ask_with(
    forge: &Forge,
    method: &str,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> Result<Reply, ureq::Error> {
    let usual = [
        ("Accept", "application/vnd.github+json, application/json;q=0.9"),
        ("X-GitHub-Api-Version", "2022-11-28"),
        ("User-Agent", "hotcold/0"),
        ("Content-Type", "application/json"),
    ];
    let replaced = |name: &str| headers.iter().any(|(own, _)| *own == name);
    let headers: Vec<_> =
        usual.into_iter().filter(|(name, _)| !replaced(name)).chain(headers.iter().copied()).collect();
    send(forge, method, path, body, &headers)
}

/// A request to the API with these headers.
pub fn send(
    forge: &Forge,
    method: &str,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> Result<Reply, ureq::Error> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", forge.api()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let text = body.map(|body| body.to_string()).unwrap_or_default();
    let mut answer = agent.run(request.body(text).expect("a request can be made"))?;
    let link = answer.headers().get("link").and_then(|link| link.to_str().ok()).unwrap_or_default().to_owned();
    let text = answer.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Reply { status: answer.status().as_u16(), body, link })
}

#[track_caller]
fn expect(forge: &Forge, method: &str, path: &str, body: Option<Value>) -> Reply {
    ask(forge, method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// What is sent to open a pull request.
fn proposal() -> Value {
    json!({ "title": "Move imports", "head": BRANCH, "base": BASE, "body": "text", "maintainer_can_modify": true })
}

/// A forge whose repository has the branch with one commit on it.
pub fn with_branch() -> Forge {
    let bare = Bare::worked_example();
    bare.commit(BRANCH, &[("orders/new.py", Some("NEW = 1\n"))], "Move imports");
    Forge::start(bare)
}

/// A branch as a part of a path.
fn encoded(branch: &str) -> String {
    branch.replace('/', "%2F")
}

#[test]
fn every_operation_of_the_description_is_answered() {
    let described: BTreeSet<&str> = Description::github().operations().into_iter().collect();
    let answered: BTreeSet<&str> = ANSWERS.iter().map(|(id, _)| *id).collect();
    assert_eq!(described, answered);
}

#[test]
fn a_pull_request_that_keeps_to_the_description_is_made() {
    let forge = with_branch();
    let made = expect(&forge, "POST", PULLS, Some(proposal()));
    assert_eq!((made.status, &made.body["number"], &made.body["state"]), (201, &json!(1), &json!("open")));
    assert_eq!(made.body["head"]["sha"], json!(forge.bare().head(BRANCH)));
    assert_eq!(made.body["user"]["login"], json!("github-actions[bot]"));
    assert_eq!(forge.pull(1).body.as_deref(), Some("text"));
    forge.assert_no_violations();
    let lines: Vec<String> = forge.requests().iter().map(|recorded| recorded.line()).collect();
    assert_eq!(lines, [format!("POST /api/v3{PULLS}")]);
}

#[test]
fn each_departure_from_the_description_is_written_down() {
    let cases = [
        ("POST", PULLS, Some(json!({ "title": "t", "head": BRANCH })), "\"base\" is a required property"),
        ("POST", PULLS, Some(json!({ "title": 1, "head": BRANCH, "base": BASE })), "/title: 1 is not of type"),
        ("POST", PULLS, Some(json!({ "titel": "t", "head": BRANCH, "base": BASE })), "/titel: there is no such field"),
        ("POST", PULLS, None, "its body is no JSON"),
        ("GET", "/repos/octo/orders/pulls?state=opened", None, "\"opened\" is not one of"),
        ("GET", "/repos/octo/orders/pulls?per_page=many", None, "\"many\" is not of type"),
        ("GET", "/repos/octo/orders/pulls?branch=x", None, "branch: there is no such parameter"),
        ("GET", "/repos/octo/orders/pulls/one", None, "\"one\" is not of type"),
        ("GET", "/repos/octo/orders/merges", None, "there is no such operation"),
        ("PUT", "/repos/octo/orders/pulls/1", None, "there is no such operation"),
        ("GET", "/repos/octo/orders", Some(json!({})), "it takes no body"),
        ("GET", "/repos/octo/orders/git/ref/heads/main", None, "a slash in a name is not encoded"),
    ];
    for (method, path, body, violation) in cases {
        let forge = with_branch();
        expect(&forge, method, path, body);
        let found = forge.violations();
        assert!(found.iter().any(|found| found.contains(violation)), "{method} {path}: {found:?} has no {violation}");
    }
}

#[test]
fn each_departure_in_the_headers_is_written_down() {
    let bearer = format!("Bearer {TOKEN}");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("Accept", "*/*"), ("Authorization", &bearer)], "Accept is"),
        (&[("Accept", "application/vnd.github+json"), ("Authorization", &bearer)], "Accept is"),
        (&[("X-GitHub-Api-Version", "2020-01-01"), ("Authorization", &bearer)], "X-GitHub-Api-Version is"),
        (&[("User-Agent", "ureq/3"), ("Authorization", &bearer)], "User-Agent is"),
        (&[], "Authorization is missing"),
        (&[("Authorization", &bearer), ("X-Trace", TOKEN)], "holds the token"),
    ];
    for (headers, violation) in cases {
        let forge = with_branch();
        ask_with(&forge, "GET", "/repos/octo/orders", None, headers).expect("it answers");
        let found = forge.violations();
        assert!(found.len() == 1 && found[0].contains(violation), "{found:?} is not {violation}");
    }
}

#[test]
fn a_wrong_token_and_another_repository_are_refused() {
    let forge = with_branch();
    let wrong = ask_with(&forge, "GET", "/repos/octo/orders", None, &[("Authorization", "Bearer ghs_wrong")]);
    assert_eq!(wrong.expect("it answers").status, 401);
    assert_eq!(expect(&forge, "GET", "/repos/octo/other", None).status, 404);
    assert_eq!(expect(&forge, "GET", "/user", None).status, 403);
    assert_eq!(expect(&forge, "GET", "/repos/octo/orders", None).body["full_name"], json!(REPOSITORY));
    forge.assert_no_violations();

    let person = Forge::start_as(Bare::worked_example(), Identity::Person);
    assert_eq!(expect(&person, "GET", "/user", None).status, 200);
}

#[test]
fn what_github_refuses_by_itself_is_refused() {
    let forge = with_branch();
    let refused = |body: Value| {
        let reply = expect(&forge, "POST", PULLS, Some(body));
        (reply.status, reply.body["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
    };
    forge.bare().set("level", &forge.bare().head(BASE).expect("the base branch is there"));
    let level = refused(json!({ "title": "t", "head": "level", "base": BASE }));
    assert_eq!(level, (422, "No commits between main and level".to_owned()));
    assert_eq!(refused(json!({ "title": "t", "head": "absent", "base": BASE })).0, 422);
    let long = "x".repeat(65_537);
    let too_long = refused(json!({ "title": "t", "head": BRANCH, "base": BASE, "body": long }));
    assert_eq!(too_long, (422, "body is too long (maximum is 65536 characters)".to_owned()));
    assert_eq!(expect(&forge, "POST", PULLS, Some(proposal())).status, 201);
    let again = refused(proposal());
    assert_eq!(again, (422, format!("A pull request already exists for {OWNER}:{BRANCH}.")));
    forge.assert_no_violations();
}

#[test]
fn a_pull_request_follows_its_branch_until_it_is_closed() {
    let forge = with_branch();
    expect(&forge, "POST", PULLS, Some(proposal()));
    let second = forge.bare().commit(BRANCH, &[("orders/new.py", None)], "Somebody's commit");
    let read = expect(&forge, "GET", "/repos/octo/orders/pulls/1", None);
    assert_eq!(read.body["head"]["sha"], json!(second));
    let commits = expect(&forge, "GET", "/repos/octo/orders/pulls/1/commits", None);
    assert_eq!(commits.body[1]["commit"]["author"]["email"], json!("developer@example.com"));
    assert_eq!(commits.body.as_array().map(Vec::len), Some(2));

    let closed = expect(&forge, "PATCH", "/repos/octo/orders/pulls/1", Some(json!({ "state": "closed" })));
    assert_eq!((&closed.body["state"], &closed.body["merged_at"]), (&json!("closed"), &Value::Null));
    forge.bare().commit(BRANCH, &[("orders/more.py", Some("MORE = 1\n"))], "Another");
    assert_eq!(forge.pull(1).head_sha, second);

    let reference = format!("/repos/octo/orders/git/refs/heads%2F{}", encoded(BRANCH));
    let gone = expect(&forge, "DELETE", &reference, None);
    assert_eq!((gone.status, forge.bare().head(BRANCH)), (204, None));
    assert_eq!(expect(&forge, "GET", "/repos/octo/orders/pulls/1", None).status, 200);
    let again = expect(&forge, "DELETE", &reference, None);
    assert_eq!((again.status, &again.body["message"]), (422, &json!("Reference does not exist")));
    forge.assert_no_violations();
}

#[test]
fn deleting_or_merging_the_branch_ends_the_pull_request() {
    for (end, state) in [("delete", State::Closed), ("merge", State::Merged), ("squash", State::Merged)] {
        let forge = with_branch();
        expect(&forge, "POST", PULLS, Some(proposal()));
        match end {
            "delete" => forge.bare().delete(BRANCH),
            "merge" => drop(forge.merge(1, Merge::Commit)),
            _ => drop(forge.merge(1, Merge::Squash)),
        }
        assert_eq!(forge.pull(1).state, state, "{end}");
        let merged = expect(&forge, "GET", "/repos/octo/orders/pulls/1", None).body["merged_at"].is_string();
        assert_eq!(merged, state == State::Merged, "{end}");
        forge.assert_no_violations();
    }
    // The commits came into the base by a push, which nobody told the forge.
    let forge = with_branch();
    expect(&forge, "POST", PULLS, Some(proposal()));
    forge.bare().merge(BRANCH, BASE, Merge::Commit);
    assert_eq!(forge.pull(1).state, State::Merged);
}

#[test]
fn lists_are_filtered_sorted_and_come_in_pages() {
    let forge = with_branch();
    for number in 1..=5 {
        forge.bare().commit(&format!("b{number}"), &[("orders/new.py", Some("N = 1\n"))], "One");
        let body = json!({ "title": "t", "head": format!("b{number}"), "base": BASE });
        assert_eq!(expect(&forge, "POST", PULLS, Some(body)).status, 201);
    }
    forge.close(2);
    let numbers = |query: &str| {
        let reply = expect(&forge, "GET", &format!("{PULLS}?{query}"), None);
        let found = reply.body.as_array().expect("it is a list").iter().map(|pull| pull["number"].as_u64()).collect();
        let numbers: Option<Vec<u64>> = found;
        (numbers.expect("each has a number"), reply.link)
    };
    assert_eq!(numbers("").0, [5, 4, 3, 1]);
    assert_eq!(numbers("state=all").0, [5, 4, 3, 2, 1]);
    assert_eq!(numbers("state=closed").0, [2]);
    assert_eq!(numbers("state=all&sort=updated&direction=desc").0, [2, 5, 4, 3, 1]);
    assert_eq!(numbers("head=octo:b3").0, [3]);
    assert_eq!(numbers("head=b3").0, [5, 4, 3, 1], "GitHub passes over a head without an owner");
    assert_eq!(numbers("base=other").0, [0_u64; 0]);
    let (first, link) = numbers("state=all&per_page=2");
    assert_eq!(first, [5, 4]);
    let next = format!("<{}{PULLS}?state=all&per_page=2&page=2>; rel=\"next\"", forge.api());
    assert!(link.starts_with(&next) && link.contains("page=3>; rel=\"last\""), "{link}");
    let (last, link) = numbers("state=all&per_page=2&page=3");
    assert_eq!(last, [1]);
    assert!(!link.contains("next") && link.contains("page=2>; rel=\"prev\""), "{link}");
    forge.assert_no_violations();
}

#[test]
fn comments_labels_references_and_commits_are_kept() {
    let forge = with_branch();
    expect(&forge, "POST", PULLS, Some(proposal()));
    let issue = "/repos/octo/orders/issues/1";
    forge.comment(1, "By a person");
    let made = expect(&forge, "POST", &format!("{issue}/comments"), Some(json!({ "body": "By the bot" })));
    assert_eq!(made.status, 201);
    let comments = expect(&forge, "GET", &format!("{issue}/comments?per_page=100"), None);
    assert_eq!(comments.body[1]["user"]["type"], json!("Bot"));
    assert_eq!(forge.comments(1), ["By a person", "By the bot"]);
    let id = format!("/repos/octo/orders/issues/comments/{}", made.body["id"]);
    expect(&forge, "PATCH", &id, Some(json!({ "body": "Better" })));
    assert_eq!(forge.comments(1)[1], "Better");
    assert_eq!(expect(&forge, "DELETE", &id, None).status, 204);
    assert_eq!(forge.comments(1), ["By a person"]);

    expect(&forge, "POST", &format!("{issue}/labels"), Some(json!({ "labels": ["imports"] })));
    forge.label(1, "hotcold:stop");
    let labels = expect(&forge, "GET", &format!("{issue}/labels"), None);
    assert_eq!(labels.body[1]["name"], json!("hotcold:stop"));
    assert_eq!(expect(&forge, "DELETE", &format!("{issue}/labels/hotcold:stop"), None).status, 200);
    assert_eq!(expect(&forge, "GET", issue, None).body["labels"][0]["name"], json!("imports"));

    let head = forge.bare().head(BRANCH).expect("the branch is there");
    let found = expect(&forge, "GET", &format!("/repos/octo/orders/git/ref/heads%2F{}", encoded(BRANCH)), None);
    assert_eq!(found.body["object"]["sha"], json!(head));
    let all = expect(&forge, "GET", "/repos/octo/orders/git/matching-refs/heads%2Fhotcold%2F", None);
    assert_eq!(all.body.as_array().map(Vec::len), Some(1));
    let branch = expect(&forge, "GET", &format!("/repos/octo/orders/branches/{}", encoded(BRANCH)), None);
    assert_eq!(branch.body["commit"]["sha"], json!(head));
    let commit = expect(&forge, "GET", &format!("/repos/octo/orders/commits/{head}"), None);
    assert_eq!(commit.body["commit"]["tree"]["sha"], json!(forge.bare().tree(BRANCH)));
    let compared = expect(&forge, "GET", &format!("/repos/octo/orders/compare/{BASE}...{}", encoded(BRANCH)), None);
    assert_eq!((&compared.body["status"], &compared.body["ahead_by"]), (&json!("ahead"), &json!(1)));
    let files = expect(&forge, "GET", "/repos/octo/orders/pulls/1/files", None);
    assert_eq!(files.body[0]["filename"], json!("orders/new.py"));

    let (refs, base) = ("/repos/octo/orders/git/refs", forge.bare().head(BASE));
    let new = json!({ "ref": "refs/heads/new", "sha": head });
    assert_eq!(expect(&forge, "POST", refs, Some(new.clone())).status, 201);
    assert_eq!(expect(&forge, "POST", refs, Some(new)).status, 422);
    let back = |force: bool| json!({ "sha": base, "force": force });
    assert_eq!(expect(&forge, "PATCH", &format!("{refs}/heads%2Fnew"), Some(back(false))).status, 422);
    assert_eq!(expect(&forge, "PATCH", &format!("{refs}/heads%2Fnew"), Some(back(true))).status, 200);
    assert_eq!(forge.bare().head("new"), base);
    forge.assert_no_violations();
}

#[test]
fn a_test_lays_failures_in_the_way_of_requests() {
    let forge = with_branch();
    forge.fail_next("POST", "/pulls", refusals::too_many(7));
    forge.fail_next("POST", "/pulls", refusals::page(502));
    forge.script("POST", "/pulls", Reaction::Cut);
    forge.script("POST", "/pulls", Reaction::LoseAnswer);
    assert_eq!(expect(&forge, "GET", PULLS, None).status, 200);
    assert_eq!(expect(&forge, "POST", PULLS, Some(proposal())).status, 429);
    let page = expect(&forge, "POST", PULLS, Some(proposal()));
    assert!(page.status == 502 && page.body.as_str().is_some_and(|text| text.starts_with("<!DOCTYPE")));
    assert!(ask(&forge, "POST", PULLS, Some(proposal())).is_err());
    assert_eq!(forge.pulls().len(), 0);
    assert_eq!(forge.unmet(), ["POST /pulls"]);
    assert!(ask(&forge, "POST", PULLS, Some(proposal())).is_err());
    assert_eq!((forge.pulls().len(), forge.unmet().len()), (1, 0));
    let statuses: Vec<Option<u16>> = forge.writes().iter().map(|recorded| recorded.status).collect();
    assert_eq!(statuses, [Some(429), Some(502), None, None]);
    assert!(shortest_pause(&forge.writes()).is_some_and(|pause| pause < Duration::from_secs(1)));
    forge.assert_no_violations();
}

#[test]
fn a_test_acts_between_two_requests() {
    let forge = with_branch();
    let clone = forge.check_out();
    let (url, folder) = (forge.clone_url(), clone.path().to_owned());
    let late = Box::new(move || {
        clean(&folder).args(["commit", "--allow-empty", "--quiet", "--message", "Late"]).status().expect("git runs");
        assert!(push(&folder, TOKEN, &["--quiet", &url, &format!("HEAD:{BASE}")]).status.success());
    });
    forge.script("POST", "/pulls", Reaction::First(late));
    let (seen, moments) = std::sync::mpsc::channel();
    forge.watch(move |number, moment, request| {
        seen.send((number, moment, request.method.clone())).expect("the test listens");
    });
    assert_eq!(expect(&forge, "POST", PULLS, Some(proposal())).status, 201);
    assert_eq!(forge.bare().message(BASE), "Late");
    let moments: Vec<_> = moments.try_iter().filter(|(number, ..)| *number == 0).map(|(_, moment, _)| moment).collect();
    assert_eq!(moments, [Moment::Before, Moment::Done]);
    assert!(forge.recorded().iter().any(|recorded| recorded.is_git()));
    assert_eq!(forge.requests().len(), 1);
}

#[test]
fn each_refusal_says_its_status_and_a_message() {
    let all = [
        (refusals::head_sha_blank(), 422, "Head sha can't be blank"),
        (refusals::unresolved_node(), 422, "Could not resolve to a node"),
        (refusals::actions_not_permitted(), 403, "GitHub Actions is not permitted to create or approve pull requests."),
        (refusals::not_accessible(), 403, "Resource not accessible by integration"),
        (refusals::limit_until(1_767_571_260), 403, "API rate limit exceeded"),
        (refusals::secondary_limit(403), 403, "secondary rate limit"),
        (refusals::server_error(), 500, "Server Error"),
    ];
    let forge = with_branch();
    for (refusal, status, message) in all {
        forge.fail_next("POST", "/pulls", refusal);
        let reply = expect(&forge, "POST", PULLS, Some(proposal()));
        assert_eq!(reply.status, status, "{message}");
        assert!(reply.body["message"].is_string() && reply.body.to_string().contains(message), "{}", reply.body);
    }
    assert_eq!(forge.writes()[0].json(), proposal());
    assert_eq!(forge.pulls().len(), 0);
}

#[test]
fn a_person_edits_closes_and_opens_again() {
    let forge = with_branch();
    let made = expect(&forge, "POST", PULLS, Some(proposal()));
    assert_eq!(made.body["html_url"], json!(format!("{}/{REPOSITORY}/pull/1", forge.url())));
    forge.forget();
    forge.edit(1, "By a person");
    forge.close(1);
    assert_eq!((forge.pull(1).state, forge.pull(1).body.as_deref()), (State::Closed, Some("By a person")));
    forge.reopen(1);
    let read = expect(&forge, "GET", "/repos/octo/orders/pulls/1", None);
    assert_eq!((&read.body["state"], &read.body["body"]), (&json!("open"), &json!("By a person")));
    assert_eq!(forge.recorded().len(), 1);
}
