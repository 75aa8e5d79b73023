//! GitLab's API behaves as the real one, as far as the bot meets it.

use serde_json::{Value, json};

use super::forge::Forge;
use super::forge_tests::{BRANCH, Reply, send};
use super::git::{BASE, Bare};
use super::gitlab::{JOB_TOKEN, TOKEN};
use super::world::State;

const MERGE_REQUESTS: &str = "/projects/42/merge_requests";

#[track_caller]
fn ask(forge: &Forge, method: &str, path: &str, body: Option<Value>) -> Reply {
    ask_with(forge, method, path, body, ("PRIVATE-TOKEN", TOKEN))
}

#[track_caller]
fn ask_with(forge: &Forge, method: &str, path: &str, body: Option<Value>, token: (&str, &str)) -> Reply {
    let headers = [("User-Agent", "hotcold/0"), ("Content-Type", "application/json"), token];
    send(forge, method, path, body, &headers).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn with_branch() -> Forge {
    let bare = Bare::worked_example();
    bare.commit(BRANCH, &[("orders/new.py", Some("NEW = 1\n"))], "Move imports");
    Forge::gitlab(bare)
}

fn proposal() -> Value {
    json!({ "source_branch": BRANCH, "target_branch": BASE, "title": "Draft: Move imports", "description": "text" })
}

#[test]
fn a_merge_request_lives_on_gitlab() {
    let forge = with_branch();
    let made = ask(&forge, "POST", MERGE_REQUESTS, Some(proposal()));
    assert_eq!((made.status, &made.body["iid"], &made.body["state"]), (201, &json!(1), &json!("opened")));
    assert_eq!((&made.body["sha"], &made.body["draft"]), (&json!(forge.bare().head(BRANCH)), &json!(true)));
    let again = ask(&forge, "POST", MERGE_REQUESTS, Some(proposal()));
    let text = json!(["Another open merge request already exists for this source branch: !1"]);
    assert_eq!((again.status, &again.body["message"]), (409, &text));

    let absent = json!({ "source_branch": "absent", "target_branch": BASE, "title": "t" });
    let refused = ask(&forge, "POST", MERGE_REQUESTS, Some(absent));
    assert_eq!((refused.status, &refused.body["message"][0]), (422, &json!("Source branch \"absent\" does not exist")));

    let one = format!("{MERGE_REQUESTS}/1");
    forge.bare().commit(BRANCH, &[("orders/new.py", None)], "Somebody's commit");
    let commits = ask(&forge, "GET", &format!("{one}/commits?per_page=100"), None);
    assert_eq!(commits.body[0]["title"], json!("Somebody's commit"));
    assert_eq!(commits.body[1]["author_email"], json!("developer@example.com"));

    let note = ask(&forge, "POST", &format!("{one}/notes"), Some(json!({ "body": "By the bot" })));
    ask(&forge, "PUT", &format!("{one}/notes/{}", note.body["id"]), Some(json!({ "body": "Better" })));
    forge.comment(1, "By a person");
    assert_eq!(ask(&forge, "GET", &format!("{one}/notes?sort=asc"), None).body[0]["body"], json!("Better"));
    assert_eq!(forge.comments(1), ["Better", "By a person"]);

    forge.label(1, "hotcold:stop");
    let labels = json!({ "title": "Move imports", "add_labels": "imports", "remove_labels": ["hotcold:stop"] });
    let changed = ask(&forge, "PUT", &one, Some(labels));
    assert_eq!((&changed.body["labels"], &changed.body["draft"]), (&json!(["imports"]), &json!(false)));

    let encoded = "/projects/octo%2Forders";
    assert_eq!(ask(&forge, "GET", encoded, None).body["default_branch"], json!(BASE));
    let closed = ask(&forge, "PUT", &one, Some(json!({ "state_event": "close" })));
    assert_eq!(closed.body["state"], json!("closed"));
    let branch = format!("/projects/42/repository/branches/{}", BRANCH.replace('/', "%2F"));
    assert_eq!(ask(&forge, "DELETE", &branch, None).status, 204);
    assert_eq!(ask(&forge, "GET", &branch, None).body["message"], json!("404 Branch Not Found"));
    assert_eq!((forge.pull(1).state, forge.bare().head(BRANCH)), (State::Closed, None));
    forge.assert_no_violations();
}

#[test]
fn lists_of_gitlab_are_filtered_and_come_in_pages() {
    let forge = with_branch();
    for number in 1..=3 {
        forge.bare().commit(&format!("b{number}"), &[("orders/new.py", Some("N = 1\n"))], "One");
        let body = json!({ "title": "t", "source_branch": format!("b{number}"), "target_branch": BASE });
        assert_eq!(ask(&forge, "POST", MERGE_REQUESTS, Some(body)).status, 201);
    }
    forge.close(2);
    let numbers = |query: &str| {
        let reply = ask(&forge, "GET", &format!("{MERGE_REQUESTS}?{query}"), None);
        let found =
            reply.body.as_array().expect("it is a list").iter().filter_map(|pull| pull["iid"].as_u64()).collect();
        let numbers: Vec<u64> = found;
        (numbers, reply.link)
    };
    assert_eq!(numbers("").0, [3, 2, 1]);
    assert_eq!(numbers("state=opened&sort=asc").0, [1, 3]);
    assert_eq!(numbers("source_branch=b2&target_branch=main").0, [2]);
    let (first, link) = numbers("per_page=2");
    assert!(first == [3, 2] && link.contains("page=2&per_page=2>; rel=\"next\""), "{link}");
    assert_eq!(numbers("per_page=2&page=2"), (vec![1], String::new()));
    forge.assert_no_violations();
}

#[test]
fn gitlab_refuses_what_it_does_not_know() {
    let forge = with_branch();
    let user = |token| ask_with(&forge, "GET", "/user", None, token).status;
    assert_eq!(user(("PRIVATE-TOKEN", "glpat-wrong")), 401);
    assert_eq!((user(("PRIVATE-TOKEN", TOKEN)), user(("Authorization", &format!("Bearer {TOKEN}")))), (200, 200));
    assert_eq!(ask_with(&forge, "GET", MERGE_REQUESTS, None, ("JOB-TOKEN", JOB_TOKEN)).status, 200);
    assert_eq!(ask_with(&forge, "POST", MERGE_REQUESTS, Some(proposal()), ("JOB-TOKEN", JOB_TOKEN)).status, 401);
    forge.assert_no_violations();

    let cases = [
        ("POST", MERGE_REQUESTS, Some(json!({ "source_branch": "b", "target_branch": "m" })), "title: it is required"),
        ("POST", MERGE_REQUESTS, Some(json!({ "body": "text" })), "body: there is no such parameter"),
        ("PUT", "/projects/42/merge_requests/1", Some(json!({ "state_event": "closed" })), "\"closed\" is not allowed"),
        ("PUT", "/projects/42/merge_requests/1", Some(json!({})), "it changes nothing"),
        ("PUT", "/projects/42/merge_requests/1", None, "its body is no JSON object"),
        ("GET", "/projects/42/merge_requests?state=open", None, "\"open\" is not allowed"),
        ("GET", "/projects/42/pulls", None, "there is no such operation"),
    ];
    for (method, path, body, violation) in cases {
        let forge = with_branch();
        ask(&forge, method, path, body);
        let found = forge.violations();
        assert!(found.iter().any(|found| found.contains(violation)), "{method} {path}: {found:?} has no {violation}");
    }
}
