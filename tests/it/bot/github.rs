//! GitHub's API: which operation a request is, what in it breaks the description or GitHub's rules for headers, and the
//! table of who answers what.

use std::sync::{Arc, Mutex};

use super::answers::*;
use super::branches::*;
use super::description::{Description, Operation};
use super::forge::{REPOSITORY, TOKEN};
use super::http::{Answer, Request};
use super::loopback::{Api, lock};
use super::refusals;
use super::shapes::example;
use super::world::World;

pub const PREFIX: &str = "/api/v3";
const VERSION: &str = "2022-11-28";

pub struct GitHub {
    world: Arc<Mutex<World>>,
}

impl GitHub {
    pub fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world }
    }

    fn operation(&self, request: &Request) -> Option<Operation> {
        Description::github().find(&request.method, request.path.strip_prefix(PREFIX)?)
    }
}

impl Api for GitHub {
    fn check(&self, request: &Request) -> Vec<String> {
        let mut found: Vec<String> = HEADERS.iter().filter_map(|check| check(request)).collect();
        match self.operation(request) {
            Some(operation) => found.extend(Description::github().check(&operation, request)),
            None => found.push(format!("{} {}: there is no such operation", request.method, request.path)),
        }
        found
    }

    fn answer(&self, request: &Request) -> Answer {
        let authorization = request.header("authorization").unwrap_or_default();
        if authorization != format!("Bearer {TOKEN}") && authorization != format!("token {TOKEN}") {
            return refusals::bad_credentials();
        }
        let Some(operation) = self.operation(request) else { return refusals::not_found() };
        if !operation.arguments.is_empty()
            && format!("{}/{}", operation.argument("owner"), operation.argument("repo")) != REPOSITORY
        {
            return refusals::not_found();
        }
        let mut world = lock(&self.world);
        world.refresh();
        let found = ANSWERS.iter().find(|(id, _)| *id == operation.id);
        found.map_or_else(refusals::not_found, |(_, answer)| answer(&mut world, &operation, request))
    }

    fn check_answer(&self, request: &Request, answer: &Answer) -> Vec<String> {
        let operation = self.operation(request).filter(|_| answer.status < 300);
        let found = operation.map(|operation| Description::github().check_answer(&operation, answer));
        found.into_iter().flatten().map(|broken| format!("the forge's own answer: {broken}")).collect()
    }
}

/// What GitHub asks of the headers of each request.
const HEADERS: &[fn(&Request) -> Option<String>] =
    &[accept, version, user_agent, authorization, content_type, no_token];

fn accept(request: &Request) -> Option<String> {
    let accept = request.header("accept").unwrap_or_default();
    let good = ["application/vnd.github+json", "application/json"].iter().all(|kind| accept.contains(kind));
    (!good).then(|| format!("Accept is {accept:?}"))
}

fn version(request: &Request) -> Option<String> {
    let version = request.header("x-github-api-version");
    (version != Some(VERSION)).then(|| format!("X-GitHub-Api-Version is {version:?}"))
}

fn user_agent(request: &Request) -> Option<String> {
    let agent = request.header("user-agent").unwrap_or_default();
    (!agent.starts_with("hotcold")).then(|| format!("User-Agent is {agent:?}"))
}

/// A wrong token is answered, and none at all is a fault of who asks.
fn authorization(request: &Request) -> Option<String> {
    let value = request.header("authorization").unwrap_or_default();
    let good = value.starts_with("Bearer ") || value.starts_with("token ");
    (!good).then(|| "Authorization is missing, or neither Bearer nor token".to_owned())
}

fn content_type(request: &Request) -> Option<String> {
    let kind = request.header("content-type").unwrap_or_default();
    (!request.body.is_empty() && !kind.starts_with("application/json")).then(|| format!("Content-Type is {kind:?}"))
}

/// The token stands in its header and nowhere else.
fn no_token(request: &Request) -> Option<String> {
    let body = String::from_utf8_lossy(&request.body);
    let places = [request.path.as_str(), &request.raw_query, &body];
    let elsewhere = request.headers.iter().filter(|(name, _)| name != "authorization").map(|(_, value)| value.as_str());
    let leaks = places.into_iter().chain(elsewhere).any(|place| place.contains(TOKEN));
    leaks.then(|| format!("{} {} holds the token", request.method, request.path))
}

type Respond = fn(&mut World, &Operation, &Request) -> Answer;

/// What is answered to each operation.
pub const ANSWERS: &[(&str, Respond)] = &[
    ("apps/get-authenticated", |_, _, _| refusals::bad_credentials()),
    ("git/create-ref", create_reference),
    ("git/delete-ref", delete_reference),
    ("git/get-ref", get_reference),
    ("git/list-matching-refs", matching_references),
    ("git/update-ref", update_reference),
    ("issues/add-labels", add_labels),
    ("issues/create-comment", create_comment),
    ("issues/delete-comment", delete_comment),
    ("issues/get", get_issue),
    ("issues/list-comments", list_comments),
    ("issues/list-labels-on-issue", list_labels),
    ("issues/remove-label", remove_label),
    ("issues/update-comment", update_comment),
    ("pulls/create", create_pull),
    ("pulls/get", get_pull),
    ("pulls/list", list_pulls),
    ("pulls/list-commits", pull_commits),
    ("pulls/list-files", pull_files),
    ("pulls/update", update_pull),
    ("rate-limit/get", |_, operation, _| Answer::json(200, &example(operation, 200, serde_json::json!({})))),
    ("repos/compare-commits-with-basehead", compare),
    ("repos/get", get_repository),
    ("repos/get-branch", get_branch),
    ("repos/get-commit", get_commit),
    ("users/get-authenticated", get_user),
];
