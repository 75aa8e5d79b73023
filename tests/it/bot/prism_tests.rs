//! An independent judge of the checks: Prism, with the whole of GitHub's description, finds the same requests wrong.
//! `PRISM_LENIENT=1 scripts/prism.sh cargo test --test it -- --ignored bot::prism`

use serde_json::{Value, json};

use super::description::Description;
use super::git::Bare;
use super::http::Request;
use super::runs::outside_ci;
use crate::support::{run, stderr, stdout};

const ACCEPT: &str = "application/vnd.github+json, application/json;q=0.9";

/// Method, path with query, body. Prism checks no format such as a time in a query, nor names that are not described:
/// in both the checks here are stricter.
fn requests() -> Vec<(&'static str, &'static str, Option<Value>)> {
    let pull = |body: Value| ("POST", "/repos/octo/orders/pulls", Some(body));
    let change = |body: Value| ("PATCH", "/repos/octo/orders/pulls/1", Some(body));
    vec![
        pull(json!({ "title": "t", "head": "h", "base": "b", "body": "x", "draft": true })),
        pull(json!({ "title": "t", "head": "h" })),
        pull(json!({ "title": 1, "head": "h", "base": "b" })),
        pull(json!({ "title": "t", "head": "h", "base": "b", "draft": "yes" })),
        pull(json!({ "title": "t", "head": "h", "base": null })),
        pull(json!([])),
        change(json!({ "state": "closed" })),
        change(json!({ "state": "gone" })),
        change(json!({ "body": "x", "title": "t" })),
        change(json!({ "body": 1 })),
        ("PATCH", "/repos/octo/orders/pulls/one", Some(json!({}))),
        ("GET", "/repos/octo/orders/pulls?state=all&head=octo:h&per_page=100&page=2&sort=updated&direction=desc", None),
        ("GET", "/repos/octo/orders/pulls?state=opened", None),
        ("GET", "/repos/octo/orders/pulls?per_page=many", None),
        ("GET", "/repos/octo/orders/pulls?direction=up", None),
        ("GET", "/repos/octo/orders/pulls/1/commits?per_page=100", None),
        ("POST", "/repos/octo/orders/issues/1/comments", Some(json!({ "body": "text" }))),
        ("POST", "/repos/octo/orders/issues/1/comments", Some(json!({ "text": "text" }))),
        ("POST", "/repos/octo/orders/issues/1/labels", Some(json!({ "labels": ["a"] }))),
        ("POST", "/repos/octo/orders/issues/1/labels", Some(json!({ "labels": [] }))),
        ("DELETE", "/repos/octo/orders/git/refs/heads%2Fhotcold%2Fimport-placement", None),
        ("DELETE", "/repos/octo/orders/git/refs/heads/hotcold/import-placement", None),
        ("PATCH", "/repos/octo/orders/git/refs/heads%2Fx", Some(json!({ "sha": "0", "force": 1 }))),
        ("POST", "/repos/octo/orders/git/refs", Some(json!({ "ref": "refs/heads/x" }))),
        ("PUT", "/repos/octo/orders/pulls", None),
    ]
}

#[test]
#[ignore = "needs scripts/prism.sh, which fetches from npm"]
fn prism_finds_the_same_requests_wrong() {
    let url = std::env::var("PRISM_URL").expect("scripts/prism.sh sets PRISM_URL");
    let differences: Vec<String> = requests()
        .into_iter()
        .filter_map(|(method, path, body)| {
            let body = body.map(|body| body.to_string()).unwrap_or_default();
            let (own, theirs) = (own_verdict(method, path, &body), prism_verdict(&url, method, path, &body));
            let differ = own.is_empty() != theirs.is_empty();
            differ.then(|| format!("{method} {path} {body}\n  here: {own:?}\n  Prism: {theirs}"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn own_verdict(method: &str, path: &str, body: &str) -> Vec<String> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let Some(operation) = Description::github().find(method, path) else {
        return vec!["there is no such operation".to_owned()];
    };
    Description::github().check(&operation, &Request::new(method, path, query, body))
}

/// What Prism says about the request; what it says of GitHub's own example in the answer is left out.
fn prism_verdict(url: &str, method: &str, path: &str, body: &str) -> String {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{url}{path}"))
        .header("Accept", ACCEPT)
        .header("Authorization", "Bearer none")
        .header("Content-Type", "application/json")
        .body(body)
        .expect("a request can be made");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut answer = agent.run(request).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let header = answer.headers().get("sl-violations").and_then(|value| value.to_str().ok()).unwrap_or("[]");
    let violations: Vec<Value> = serde_json::from_str(header).expect("sl-violations is JSON");
    let of_request = violations.iter().filter(|violation| violation["location"][0] == json!("request"));
    let found: String = of_request.map(|violation| format!("{} ", violation["message"])).collect();
    match answer.status().as_u16() {
        404 | 405 if found.is_empty() => answer.body_mut().read_to_string().expect("an error has a text"),
        _ => found,
    }
}

/// Each kind of request that the bot makes, as the mock's own check of requests sees it: `scripts/prism.sh` tells if one
/// breaks the description. The mock's examples are about a pull request from `new-topic` into `master`.
#[test]
#[ignore = "needs scripts/prism.sh, which fetches from npm"]
fn the_bot_breaks_no_rule_of_the_full_description() {
    let url = std::env::var("PRISM_URL").expect("scripts/prism.sh sets PRISM_URL");
    let bare = Bare::worked_example();
    let checkout = bare.check_out(&bare.path().to_string_lossy());
    let bot = |arguments: &[&str], word: &str| {
        let mut command = outside_ci(&checkout);
        command.args(["bot"]).args(arguments);
        command.env("GITHUB_TOKEN", "a-token").env("GITHUB_API_URL", &url).env("GITHUB_REPOSITORY", "octo/orders");
        let output = run(&mut command);
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
        assert!(said.lines().last().is_some_and(|line| line.starts_with(word)), "{word}: {said}");
    };
    bot(&[], "created");
    bare.set("master", &bare.head("main").expect("it has a commit"));
    let theirs = ["--branch", "new-topic", "--base", "master"];
    bot(&theirs, "updated");
    bare.commit("new-topic", &[("notes.txt", Some("mine\n"))], "By hand");
    bot(&theirs, "blocked");
    bare.delete("new-topic");
    bot(&theirs, "updated");
    bare.commit("master", &[("hotcold.toml", Some("[modules.boto3]\nimport-ms = 1\n"))], "Nothing is heavy");
    bot(&theirs, "closed");
    // It goes into another base than that which was asked for.
    bare.delete("new-topic");
    bot(&["--branch", "new-topic"], "blocked");
}
