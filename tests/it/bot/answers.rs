//! GitHub's answers about pull requests, their comments and labels.

use std::sync::Arc;

use serde_json::json;

use super::description::Operation;
use super::forge::OWNER;
use super::http::{Answer, Request};
use super::refusals;
use super::shapes::{comment_json, commit_json, example, filled, labels_json, page, pull_json, text};
use super::world::{Pull, State, World};

const LONGEST_BODY: usize = 65_536;

pub fn create_pull(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let body = request.json();
    let (base, given) = (text(&body, "base"), text(&body, "head"));
    let head = given.split_once(':').map_or(given.as_str(), |(_, branch)| branch).to_owned();
    let Some(head_sha) = world.bare.head(&head) else { return refusals::invalid("head") };
    if world.bare.head(&base).is_none() {
        return refusals::invalid("base");
    }
    if world.pulls.iter().any(|pull| pull.state == State::Open && pull.head == head && pull.base == base) {
        return refusals::already_exists(OWNER, &head);
    }
    if world.bare.is_ancestor(&head_sha, &base) {
        return refusals::no_commits(&base, &head);
    }
    if text(&body, "body").chars().count() > LONGEST_BODY {
        return refusals::body_too_long();
    }
    let now = world.tick();
    let pull = Pull {
        number: world.pulls.len() as u64 + 1,
        title: text(&body, "title"),
        body: body["body"].as_str().map(str::to_owned),
        state: State::Open,
        base,
        head,
        head_sha,
        labels: vec![],
        draft: body["draft"] == json!(true),
        author: world.login().to_owned(),
        created: now,
        updated: now,
    };
    world.pulls.push(pull.clone());
    Answer::json(201, &example(operation, 201, pull_json(world, &pull)))
}

pub fn get_pull(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let found = world.pull_mut(operation.number("pull_number")).cloned();
    found.map_or_else(refusals::not_found, |pull| Answer::json(200, &example(operation, 200, pull_json(world, &pull))))
}

pub fn update_pull(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let body = request.json();
    if text(&body, "body").chars().count() > LONGEST_BODY {
        return refusals::body_too_long();
    }
    let now = world.tick();
    let bare = Arc::clone(&world.bare);
    let Some(pull) = world.pull_mut(operation.number("pull_number")) else { return refusals::not_found() };
    match (body["state"].as_str(), pull.state) {
        (Some("closed"), State::Open) => pull.state = State::Closed,
        (Some("open"), State::Closed) if bare.head(&pull.head).is_some() => pull.state = State::Open,
        (Some("open"), State::Closed | State::Merged) => return refusals::invalid("state"),
        _ => {}
    }
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut pull.title);
    }
    if let Some(text) = body["body"].as_str() {
        pull.body = Some(text.to_owned());
    }
    if let Some(base) = body["base"].as_str() {
        base.clone_into(&mut pull.base);
    }
    pull.updated = now;
    let pull = pull.clone();
    Answer::json(200, &example(operation, 200, pull_json(world, &pull)))
}

pub fn list_pulls(world: &mut World, _: &Operation, request: &Request) -> Answer {
    let asked = |name: &str| request.query_value(name);
    let state = asked("state").unwrap_or_else(|| "open".to_owned());
    let mut pulls: Vec<Pull> = world
        .pulls
        .iter()
        .filter(|pull| state == "all" || (state == "open") == (pull.state == State::Open))
        .filter(|pull| asked("base").is_none_or(|base| base == pull.base))
        // GitHub passes over a head without an owner.
        .filter(|pull| asked("head").is_none_or(|head| !head.contains(':') || head == format!("{OWNER}:{}", pull.head)))
        .cloned()
        .collect();
    let by_update = asked("sort").as_deref() == Some("updated");
    pulls.sort_by_key(|pull| if by_update { pull.updated } else { pull.created });
    let newest_first = if asked("sort").is_none_or(|sort| sort == "created") { "desc" } else { "asc" };
    if asked("direction").as_deref().unwrap_or(newest_first) == "desc" {
        pulls.reverse();
    }
    let each = pulls.iter().map(|pull| pull_json(world, pull)).collect();
    page(world, request, "pull-request-simple", each)
}

pub fn pull_commits(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let Some(pull) = world.pull_mut(operation.number("pull_number")).cloned() else { return refusals::not_found() };
    let shas = world.bare.between(&pull.base, &pull.head_sha);
    let each = shas.iter().map(|sha| commit_json(world, sha)).collect();
    page(world, request, "commit", each)
}

pub fn pull_files(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let Some(pull) = world.pull_mut(operation.number("pull_number")).cloned() else { return refusals::not_found() };
    let names = world.bare.git(&["diff", "--name-only", &format!("{}...{}", pull.base, pull.head_sha)]);
    let each = names.lines().map(|name| json!({ "filename": name, "status": "modified" })).collect();
    page(world, request, "diff-entry", each)
}

pub fn get_issue(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let Some(pull) = world.pull_mut(operation.number("issue_number")).cloned() else { return refusals::not_found() };
    let whole = pull_json(world, &pull);
    let mut above = json!({});
    for field in ["number", "title", "body", "state", "labels", "created_at", "updated_at"] {
        above[field] = whole[field].clone();
    }
    Answer::json(200, &example(operation, 200, above))
}

pub fn list_comments(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let number = operation.number("issue_number");
    let each = world.comments.iter().filter(|comment| comment.pull == number).map(comment_json).collect();
    page(world, request, "issue-comment", each)
}

pub fn create_comment(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let number = operation.number("issue_number");
    if world.pull_mut(number).is_none() {
        return refusals::not_found();
    }
    let comment = world.comment(number, world.login(), &text(&request.json(), "body"));
    Answer::json(201, &example(operation, 201, comment_json(&comment)))
}

pub fn update_comment(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let id = operation.number("comment_id");
    let Some(comment) = world.comments.iter_mut().find(|comment| comment.id == id) else {
        return refusals::not_found();
    };
    comment.body = text(&request.json(), "body");
    Answer::json(200, &example(operation, 200, comment_json(comment)))
}

pub fn delete_comment(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let id = operation.number("comment_id");
    let Some(position) = world.comments.iter().position(|comment| comment.id == id) else {
        return refusals::not_found();
    };
    world.comments.remove(position);
    Answer::empty(204)
}

pub fn list_labels(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let found = world.pull_mut(operation.number("issue_number")).map(|pull| labels_json(&pull.labels));
    found.map_or_else(refusals::not_found, |each| page(world, request, "label", each))
}

pub fn add_labels(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let body = request.json();
    let names = body["labels"].as_array().or_else(|| body.as_array()).cloned().unwrap_or_default();
    let Some(pull) = world.pull_mut(operation.number("issue_number")) else { return refusals::not_found() };
    for name in names.iter().filter_map(|name| name.as_str().or_else(|| name["name"].as_str())) {
        if !pull.labels.iter().any(|own| own == name) {
            pull.labels.push(name.to_owned());
        }
    }
    Answer::json(200, &filled("label", labels_json(&pull.labels)))
}

pub fn remove_label(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let name = operation.argument("name");
    let Some(pull) = world.pull_mut(operation.number("issue_number")) else { return refusals::not_found() };
    let Some(position) = pull.labels.iter().position(|own| own == name) else { return refusals::not_found() };
    pull.labels.remove(position);
    Answer::json(200, &filled("label", labels_json(&pull.labels)))
}
