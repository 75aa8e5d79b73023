//! GitLab's answers about the project, its merge requests with their notes and labels, and its branches.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::forge::REPOSITORY;
use super::git::BASE;
use super::gitlab::PROJECT_ID;
use super::http::{Answer, Request};
use super::world::{Comment, Pull, State, World};

pub fn project(world: &mut World, _: &[String], _: &Request) -> Answer {
    Answer::json(
        200,
        &json!({
            "id": PROJECT_ID, "path_with_namespace": REPOSITORY, "default_branch": BASE, "archived": false,
            "web_url": format!("{}/{REPOSITORY}", world.url),
            "http_url_to_repo": format!("{}/{REPOSITORY}.git", world.url),
        }),
    )
}

pub fn list(world: &mut World, _: &[String], request: &Request) -> Answer {
    let asked = |name: &str| request.query_value(name);
    let state = asked("state").unwrap_or_else(|| "all".to_owned());
    let mut pulls: Vec<&Pull> = world
        .pulls
        .iter()
        .filter(|pull| state == "all" || state == state_name(pull.state))
        .filter(|pull| asked("source_branch").is_none_or(|branch| branch == pull.head))
        .filter(|pull| asked("target_branch").is_none_or(|branch| branch == pull.base))
        .collect();
    let by_update = asked("order_by").as_deref() == Some("updated_at");
    pulls.sort_by_key(|pull| if by_update { pull.updated } else { pull.created });
    if asked("sort").as_deref() != Some("asc") {
        pulls.reverse();
    }
    page(world, request, pulls.iter().map(|pull| pull_json(world, pull)).collect())
}

pub fn create(world: &mut World, _: &[String], request: &Request) -> Answer {
    let body = request.json();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let (head, base) = (text("source_branch"), text("target_branch"));
    let Some(head_sha) = world.bare.head(&head) else {
        return refused(422, &format!("Source branch \"{head}\" does not exist"));
    };
    if world.bare.head(&base).is_none() {
        return refused(422, &format!("Target branch \"{base}\" does not exist"));
    }
    if let Some(open) =
        world.pulls.iter().find(|pull| pull.state == State::Open && pull.head == head && pull.base == base)
    {
        let text = format!("Another open merge request already exists for this source branch: !{}", open.number);
        return refused(409, &text);
    }
    let now = world.tick();
    let pull = Pull {
        number: world.pulls.len() as u64 + 1,
        title: text("title"),
        body: body["description"].as_str().map(str::to_owned),
        state: State::Open,
        base,
        head,
        head_sha,
        labels: names(&body["labels"]),
        draft: text("title").starts_with("Draft: "),
        author: world.login().to_owned(),
        created: now,
        updated: now,
    };
    world.pulls.push(pull.clone());
    Answer::json(201, &pull_json(world, &pull))
}

pub fn get(world: &mut World, arguments: &[String], _: &Request) -> Answer {
    let found = world.pull_mut(number(&arguments[0])).cloned();
    found.map_or_else(not_found, |pull| Answer::json(200, &pull_json(world, &pull)))
}

pub fn update(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let body = request.json();
    let now = world.tick();
    let Some(pull) = world.pull_mut(number(&arguments[0])) else { return not_found() };
    match body["state_event"].as_str() {
        Some("close") => pull.state = State::Closed,
        Some("reopen") if pull.state == State::Closed => pull.state = State::Open,
        _ => {}
    }
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut pull.title);
        pull.draft = title.starts_with("Draft: ");
    }
    if let Some(text) = body["description"].as_str() {
        pull.body = Some(text.to_owned());
    }
    if !body["labels"].is_null() {
        pull.labels = names(&body["labels"]);
    }
    let removed = names(&body["remove_labels"]);
    pull.labels.retain(|label| !removed.contains(label));
    for label in names(&body["add_labels"]) {
        if !pull.labels.contains(&label) {
            pull.labels.push(label);
        }
    }
    pull.updated = now;
    let pull = pull.clone();
    Answer::json(200, &pull_json(world, &pull))
}

pub fn commits(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let Some(pull) = world.pull_mut(number(&arguments[0])).cloned() else { return not_found() };
    // GitLab gives the newest first, GitHub the oldest.
    let shas = world.bare.between(&pull.base, &pull.head_sha);
    page(world, request, shas.iter().rev().map(|sha| commit_json(world, sha)).collect())
}

pub fn notes(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let number = number(&arguments[0]);
    let mut each: Vec<Value> = world.comments.iter().filter(|comment| comment.pull == number).map(note_json).collect();
    if request.query_value("sort").as_deref() != Some("asc") {
        each.reverse();
    }
    page(world, request, each)
}

pub fn create_note(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let number = number(&arguments[0]);
    if world.pull_mut(number).is_none() {
        return not_found();
    }
    let author = world.login();
    let comment = world.comment(number, author, request.json()["body"].as_str().unwrap_or_default());
    Answer::json(201, &note_json(&comment))
}

pub fn update_note(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let (pull, id) = (number(&arguments[0]), number(&arguments[1]));
    let found = world.comments.iter_mut().find(|comment| comment.id == id && comment.pull == pull);
    let Some(comment) = found else { return message(404, "404 Note Not Found") };
    request.json()["body"].as_str().unwrap_or_default().clone_into(&mut comment.body);
    Answer::json(200, &note_json(comment))
}

pub fn branch(world: &mut World, arguments: &[String], _: &Request) -> Answer {
    match world.bare.head(&arguments[0]) {
        Some(sha) => {
            Answer::json(200, &json!({ "name": arguments[0], "commit": commit_json(world, &sha), "protected": false }))
        }
        None => message(404, "404 Branch Not Found"),
    }
}

pub fn delete_branch(world: &mut World, arguments: &[String], _: &Request) -> Answer {
    if world.bare.head(&arguments[0]).is_none() {
        return message(404, "404 Branch Not Found");
    }
    world.bare.delete(&arguments[0]);
    world.refresh();
    Answer::empty(204)
}

/// A list's part that was asked for, with GitLab's headers of the others.
fn page(world: &World, request: &Request, each: Vec<Value>) -> Answer {
    let asked = |name: &str, default: usize| {
        request.query_value(name).and_then(|value| value.parse().ok()).unwrap_or(default).max(1)
    };
    let (size, number, total) = (asked("per_page", 20).min(100), asked("page", 1), each.len());
    let last = total.div_ceil(size).max(1);
    let next = if number < last { (number + 1).to_string() } else { String::new() };
    let part: Vec<Value> = each.into_iter().skip((number - 1) * size).take(size).collect();
    let link = format!("<{}{}?page={next}&per_page={size}>; rel=\"next\"", world.url, request.path);
    let answer = Answer::json(200, &json!(part))
        .with("X-Page", &number.to_string())
        .with("X-Per-Page", &size.to_string())
        .with("X-Total", &total.to_string())
        .with("X-Total-Pages", &last.to_string())
        .with("X-Next-Page", &next);
    if next.is_empty() { answer } else { answer.with("Link", &link) }
}

fn pull_json(world: &World, pull: &Pull) -> Value {
    json!({
        "id": 5000 + pull.number, "iid": pull.number, "project_id": PROJECT_ID, "title": pull.title,
        "description": pull.body, "state": state_name(pull.state), "draft": pull.draft, "sha": pull.head_sha,
        "source_branch": pull.head, "target_branch": pull.base, "source_project_id": PROJECT_ID,
        "target_project_id": PROJECT_ID, "labels": pull.labels, "author": user(&pull.author),
        "created_at": time(pull.created), "updated_at": time(pull.updated),
        "merged_at": (pull.state == State::Merged).then(|| time(pull.updated)),
        "closed_at": (pull.state == State::Closed).then(|| time(pull.updated)),
        "web_url": format!("{}/{REPOSITORY}/-/merge_requests/{}", world.url, pull.number),
    })
}

fn commit_json(world: &World, sha: &str) -> Value {
    let format = "--format=%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B";
    let shown = world.bare.git(&["show", "--no-patch", format, sha]);
    let fields: Vec<&str> = shown.splitn(6, '\0').collect();
    json!({
        "id": sha, "short_id": &sha[..8], "parent_ids": fields[0].split_whitespace().collect::<Vec<_>>(),
        "author_name": fields[1], "author_email": fields[2], "committer_name": fields[3], "committer_email": fields[4],
        "title": fields[5].lines().next(), "message": fields[5],
    })
}

fn note_json(comment: &Comment) -> Value {
    json!({ "id": comment.id, "body": comment.body, "author": user(&comment.author), "system": false })
}

pub fn user(login: &str) -> Value {
    json!({ "id": 7, "username": login, "name": login, "state": "active" })
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Open => "opened",
        State::Closed => "closed",
        State::Merged => "merged",
    }
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

fn not_found() -> Answer {
    message(404, "404 Not found")
}

pub fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": text }))
}

/// A refusal with a list of messages, as GitLab gives it where it has checked the fields.
fn refused(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": [text] }))
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).expect("a time of this century").to_string()
}
