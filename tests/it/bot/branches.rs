//! GitHub's answers about the repository, its branches and its commits, all read from the bare repository.

use serde_json::{Value, json};

use super::description::Operation;
use super::forge::{OWNER, REPOSITORY};
use super::git::BASE;
use super::http::{Answer, Request};
use super::refusals;
use super::shapes::{commit_json, example, filled, page, reference_json, text};
use super::world::{Identity, World};

pub fn get_repository(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let above = json!({
        "full_name": REPOSITORY, "name": operation.argument("repo"), "default_branch": BASE, "private": true,
        "owner": { "login": OWNER }, "html_url": format!("{}/{REPOSITORY}", world.url),
        "clone_url": format!("{}/{REPOSITORY}.git", world.url), "archived": false,
        "permissions": { "admin": false, "pull": true, "push": true },
    });
    Answer::json(200, &example(operation, 200, above))
}

pub fn get_user(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    match world.identity {
        Identity::Workflow => refusals::not_accessible(),
        Identity::Person => Answer::json(200, &example(operation, 200, json!({ "login": world.login() }))),
    }
}

pub fn get_branch(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let name = operation.argument("branch");
    let Some(sha) = world.bare.head(name) else { return refusals::not_found() };
    let above = json!({ "name": name, "commit": commit_json(world, &sha), "protected": false });
    Answer::json(200, &example(operation, 200, above))
}

pub fn get_commit(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    match commit_of(world, operation.argument("ref")) {
        Some(sha) => Answer::json(200, &example(operation, 200, commit_json(world, &sha))),
        None => refusals::no_commit(),
    }
}

pub fn compare(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let ends = operation.argument("basehead").split_once("...");
    let ends = ends.and_then(|(base, head)| Some((commit_of(world, base)?, commit_of(world, head)?)));
    let Some((base, head)) = ends else { return refusals::not_found() };
    let (ahead, behind) = (world.bare.between(&base, &head), world.bare.between(&head, &base));
    let status = match (ahead.is_empty(), behind.is_empty()) {
        (true, true) => "identical",
        (false, true) => "ahead",
        (true, false) => "behind",
        (false, false) => "diverged",
    };
    let commits: Vec<Value> = ahead.iter().map(|sha| commit_json(world, sha)).collect();
    let above = json!({
        "status": status, "ahead_by": ahead.len(), "behind_by": behind.len(), "total_commits": ahead.len(),
        "base_commit": commit_json(world, &base),
        "merge_base_commit": commit_json(world, &world.bare.git(&["merge-base", &base, &head])),
        "commits": filled("commit", commits), "files": [],
    });
    Answer::json(200, &example(operation, 200, above))
}

pub fn get_reference(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    let branch = operation.argument("ref").strip_prefix("heads/");
    let found = branch.and_then(|branch| Some((branch, world.bare.head(branch)?)));
    found.map_or_else(refusals::not_found, |(branch, sha)| {
        Answer::json(200, &example(operation, 200, reference_json(world, branch, &sha)))
    })
}

pub fn matching_references(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let Some(start) = operation.argument("ref").strip_prefix("heads/") else { return refusals::not_found() };
    let branches = world.bare.branches().into_iter().filter(|branch| branch.starts_with(start));
    let found: Vec<(String, String)> =
        branches.filter_map(|name| world.bare.head(&name).map(|sha| (name, sha))).collect();
    let each = found.iter().map(|(branch, sha)| reference_json(world, branch, sha)).collect();
    page(world, request, "git-ref", each)
}

pub fn create_reference(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let body = request.json();
    let name = text(&body, "ref");
    let Some(branch) = name.strip_prefix("refs/heads/") else { return refusals::invalid("ref") };
    if world.bare.head(branch).is_some() {
        return refusals::reference_exists();
    }
    let Some(sha) = commit_of(world, &text(&body, "sha")) else { return refusals::invalid("sha") };
    world.bare.set(branch, &sha);
    Answer::json(201, &example(operation, 201, reference_json(world, branch, &sha)))
}

pub fn update_reference(world: &mut World, operation: &Operation, request: &Request) -> Answer {
    let body = request.json();
    let branch = operation.argument("ref").strip_prefix("heads/").unwrap_or_default();
    let Some(old) = world.bare.head(branch) else { return refusals::no_reference() };
    let Some(sha) = commit_of(world, &text(&body, "sha")) else { return refusals::invalid("sha") };
    if body["force"] != json!(true) && !world.bare.is_ancestor(&old, &sha) {
        return refusals::no_fast_forward();
    }
    world.bare.set(branch, &sha);
    Answer::json(200, &example(operation, 200, reference_json(world, branch, &sha)))
}

pub fn delete_reference(world: &mut World, operation: &Operation, _: &Request) -> Answer {
    match operation.argument("ref").strip_prefix("heads/").filter(|branch| world.bare.head(branch).is_some()) {
        Some(branch) => {
            world.bare.delete(branch);
            world.refresh();
            Answer::empty(204)
        }
        None => refusals::no_reference(),
    }
}

/// The commit that a branch or the beginning of a hash names.
fn commit_of(world: &World, name: &str) -> Option<String> {
    let name = name.strip_prefix("heads/").unwrap_or(name);
    world.bare.head(name).or_else(|| world.bare.commit_named(name))
}
