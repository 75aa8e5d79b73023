//! GitLab on loopback, API v4: merge requests, notes, labels and branches over the same world as GitHub's. There is no
//! machine-readable description of it at hand, so what its documentation says of each parameter stands here in a table.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::forge::REPOSITORY;
use super::git::BASE;
use super::http::{Answer, Request, decode};
use super::loopback::{Api, lock};
use super::world::{Comment, Pull, State, World};

pub const PREFIX: &str = "/api/v4";
pub const TOKEN: &str = "glpat-0123456789abcdefghij";
/// The token of a job, which may read and not write here.
pub const JOB_TOKEN: &str = "glcbt-64_0123456789abcdefghij";
/// What `CI_PROJECT_ID` is set to.
pub const PROJECT_ID: u64 = 42;

/// What a parameter holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Switch,
    /// A list, or a text with commas.
    Names,
    OneOf(&'static [&'static str]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// An operation: its method, its path below the project, its parameters, its answer.
struct Operation {
    method: &'static str,
    path: &'static str,
    parameters: &'static [(&'static str, Kind, Need)],
    respond: fn(&mut World, &[String], &Request) -> Answer,
}

const PAGE: (&str, Kind, Need) = ("page", Kind::Number, Need::Optional);
const PER_PAGE: (&str, Kind, Need) = ("per_page", Kind::Number, Need::Optional);
const SORT: (&str, Kind, Need) = ("sort", Kind::OneOf(&["asc", "desc"]), Need::Optional);
const ORDERS: &[&str] = &["created_at", "updated_at", "merged_at", "title"];
const ORDER: (&str, Kind, Need) = ("order_by", Kind::OneOf(ORDERS), Need::Optional);
const STATES: &[&str] = &["opened", "closed", "locked", "merged", "all"];

const OPERATIONS: &[Operation] = &[
    Operation { method: "GET", path: "", parameters: &[], respond: project },
    Operation {
        method: "GET",
        path: "/merge_requests",
        parameters: &[
            ("state", Kind::OneOf(STATES), Need::Optional),
            ("source_branch", Kind::Text, Need::Optional),
            ("target_branch", Kind::Text, Need::Optional),
            ("labels", Kind::Names, Need::Optional),
            ("scope", Kind::OneOf(&["created_by_me", "assigned_to_me", "all"]), Need::Optional),
            ORDER,
            SORT,
            PAGE,
            PER_PAGE,
        ],
        respond: list,
    },
    Operation {
        method: "POST",
        path: "/merge_requests",
        parameters: &[
            ("source_branch", Kind::Text, Need::Required),
            ("target_branch", Kind::Text, Need::Required),
            ("title", Kind::Text, Need::Required),
            ("description", Kind::Text, Need::Optional),
            ("labels", Kind::Names, Need::Optional),
            ("remove_source_branch", Kind::Switch, Need::Optional),
            ("allow_collaboration", Kind::Switch, Need::Optional),
            ("squash", Kind::Switch, Need::Optional),
        ],
        respond: create,
    },
    Operation { method: "GET", path: "/merge_requests/:iid", parameters: &[], respond: get },
    Operation {
        method: "PUT",
        path: "/merge_requests/:iid",
        parameters: &[
            ("target_branch", Kind::Text, Need::Optional),
            ("title", Kind::Text, Need::Optional),
            ("description", Kind::Text, Need::Optional),
            ("state_event", Kind::OneOf(&["close", "reopen"]), Need::Optional),
            ("labels", Kind::Names, Need::Optional),
            ("add_labels", Kind::Names, Need::Optional),
            ("remove_labels", Kind::Names, Need::Optional),
            ("remove_source_branch", Kind::Switch, Need::Optional),
            ("squash", Kind::Switch, Need::Optional),
        ],
        respond: update,
    },
    Operation { method: "GET", path: "/merge_requests/:iid/commits", parameters: &[PAGE, PER_PAGE], respond: commits },
    Operation {
        method: "GET",
        path: "/merge_requests/:iid/notes",
        parameters: &[SORT, ("order_by", Kind::OneOf(&["created_at", "updated_at"]), Need::Optional), PAGE, PER_PAGE],
        respond: notes,
    },
    Operation {
        method: "POST",
        path: "/merge_requests/:iid/notes",
        parameters: &[("body", Kind::Text, Need::Required)],
        respond: create_note,
    },
    Operation {
        method: "PUT",
        path: "/merge_requests/:iid/notes/:note",
        parameters: &[("body", Kind::Text, Need::Required)],
        respond: update_note,
    },
    Operation { method: "GET", path: "/repository/branches/:branch", parameters: &[], respond: branch },
    Operation { method: "DELETE", path: "/repository/branches/:branch", parameters: &[], respond: delete_branch },
];

pub struct GitLab {
    world: Arc<Mutex<World>>,
}

impl GitLab {
    pub fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world }
    }
}

impl Api for GitLab {
    fn check(&self, request: &Request) -> Vec<String> {
        let mut found = check_headers(request);
        match find(request) {
            Some((operation, _)) => found.extend(check_parameters(operation, request)),
            None if is_user(request) => {}
            None => found.push(format!("{} {}: there is no such operation", request.method, request.path)),
        }
        found
    }

    fn answer(&self, request: &Request) -> Answer {
        match Access::of(request) {
            None => return message(401, "401 Unauthorized"),
            // GitLab knows a job at few operations; to the others it is nobody.
            Some(Access::Job) if request.method != "GET" => return message(401, "401 Unauthorized"),
            Some(_) => {}
        }
        let mut world = lock(&self.world);
        if is_user(request) {
            return Answer::json(200, &user(world.login()));
        }
        world.refresh();
        match find(request) {
            Some((operation, arguments)) => {
                let missing = operation.parameters.iter().find(|(name, _, need)| {
                    *need == Need::Required && request.json()[name].as_str().unwrap_or_default().is_empty()
                });
                match missing {
                    Some((name, ..)) => Answer::json(400, &json!({ "error": format!("{name} is missing") })),
                    None => (operation.respond)(&mut world, &arguments, request),
                }
            }
            None => message(404, "404 Project Not Found"),
        }
    }
}

/// Who a token lets in.
enum Access {
    Person,
    Job,
}

impl Access {
    fn of(request: &Request) -> Option<Self> {
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if request.header("private-token").or(bearer) == Some(TOKEN) {
            return Some(Self::Person);
        }
        (request.header("job-token") == Some(JOB_TOKEN)).then_some(Self::Job)
    }
}

fn is_user(request: &Request) -> bool {
    request.method == "GET" && request.path == format!("{PREFIX}/user")
}

/// The operation and the arguments in its path below the project, which is named by its number or its encoded path.
fn find(request: &Request) -> Option<(&'static Operation, Vec<String>)> {
    let rest = request.path.strip_prefix(PREFIX)?.strip_prefix("/projects/")?;
    let (project, rest) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    if project != PROJECT_ID.to_string() && decode(project) != REPOSITORY {
        return None;
    }
    OPERATIONS.iter().filter(|operation| operation.method == request.method).find_map(|operation| {
        let (own, theirs): (Vec<_>, Vec<_>) = (operation.path.split('/').collect(), rest.split('/').collect());
        let same = own.len() == theirs.len() && own.iter().zip(&theirs).all(|(a, b)| a.starts_with(':') || a == b);
        let arguments = own.iter().zip(&theirs).filter(|(own, _)| own.starts_with(':'));
        same.then(|| (operation, arguments.map(|(_, value)| decode(value)).collect()))
    })
}

fn check_headers(request: &Request) -> Vec<String> {
    let mut found = vec![];
    if !["private-token", "job-token", "authorization"].iter().any(|name| request.header(name).is_some()) {
        found.push("PRIVATE-TOKEN, JOB-TOKEN and Authorization are missing".to_owned());
    }
    let agent = request.header("user-agent").unwrap_or_default();
    if !agent.starts_with("hotcold") {
        found.push(format!("User-Agent is {agent:?}"));
    }
    let kind = request.header("content-type").unwrap_or_default();
    if !request.body.is_empty() && !kind.starts_with("application/json") {
        found.push(format!("Content-Type is {kind:?}"));
    }
    let body = String::from_utf8_lossy(&request.body);
    if [request.path.as_str(), &request.raw_query, &body].iter().any(|place| place.contains(TOKEN)) {
        found.push(format!("{} {} holds the token", request.method, request.path));
    }
    found
}

fn check_parameters(operation: &Operation, request: &Request) -> Vec<String> {
    let place = format!("{} {}", operation.method, operation.path);
    let given: Vec<(String, Value)> = match request.method.as_str() {
        "GET" | "DELETE" => request.query().into_iter().map(|(name, value)| (name, typed(value))).collect(),
        _ => match request.json() {
            Value::Object(fields) => fields.into_iter().collect(),
            _ => return vec![format!("{place}: its body is no JSON object")],
        },
    };
    let mut found = vec![];
    for (name, value) in &given {
        match operation.parameters.iter().find(|(own, ..)| own == name) {
            Some((_, kind, _)) if !kind.takes(value) => found.push(format!("{place} {name}: {value} is not allowed")),
            Some(_) => {}
            None => found.push(format!("{place} {name}: there is no such parameter")),
        }
    }
    let missing = operation
        .parameters
        .iter()
        .filter(|(own, _, need)| *need == Need::Required && !given.iter().any(|(name, _)| name == own));
    found.extend(missing.map(|(name, ..)| format!("{place} {name}: it is required")));
    if operation.method == "PUT" && given.is_empty() {
        found.push(format!("{place}: it changes nothing"));
    }
    found
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string() || value.is_number(),
            Self::Number => value.is_u64(),
            Self::Switch => value.is_boolean(),
            Self::Names => {
                value.is_string() || value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
            }
            Self::OneOf(choices) => value.as_str().is_some_and(|value| choices.contains(&value)),
        }
    }
}

fn typed(text: String) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
}

fn project(world: &mut World, _: &[String], _: &Request) -> Answer {
    Answer::json(
        200,
        &json!({
            "id": PROJECT_ID, "path_with_namespace": REPOSITORY, "default_branch": BASE, "archived": false,
            "web_url": format!("{}/{REPOSITORY}", world.url),
            "http_url_to_repo": format!("{}/{REPOSITORY}.git", world.url),
        }),
    )
}

fn list(world: &mut World, _: &[String], request: &Request) -> Answer {
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

fn create(world: &mut World, _: &[String], request: &Request) -> Answer {
    let body = request.json();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let (head, base) = (text("source_branch"), text("target_branch"));
    let Some(head_sha) = world.bare.head(&head) else {
        return Answer::json(400, &json!({ "message": { "source_branch": ["does not exist"] } }));
    };
    if let Some(open) =
        world.pulls.iter().find(|pull| pull.state == State::Open && pull.head == head && pull.base == base)
    {
        let text = format!("Another open merge request already exists for this source branch: !{}", open.number);
        return Answer::json(409, &json!({ "message": [text] }));
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

fn get(world: &mut World, arguments: &[String], _: &Request) -> Answer {
    let found = world.pull_mut(number(&arguments[0])).cloned();
    found.map_or_else(not_found, |pull| Answer::json(200, &pull_json(world, &pull)))
}

fn update(world: &mut World, arguments: &[String], request: &Request) -> Answer {
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

fn commits(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let Some(pull) = world.pull_mut(number(&arguments[0])).cloned() else { return not_found() };
    // GitLab gives the newest first, GitHub the oldest.
    let shas = world.bare.between(&pull.base, &pull.head_sha);
    page(world, request, shas.iter().rev().map(|sha| commit_json(world, sha)).collect())
}

fn notes(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let number = number(&arguments[0]);
    let mut each: Vec<Value> = world.comments.iter().filter(|comment| comment.pull == number).map(note_json).collect();
    if request.query_value("sort").as_deref() != Some("asc") {
        each.reverse();
    }
    page(world, request, each)
}

fn create_note(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let number = number(&arguments[0]);
    if world.pull_mut(number).is_none() {
        return not_found();
    }
    let author = world.login();
    let comment = world.comment(number, author, request.json()["body"].as_str().unwrap_or_default());
    Answer::json(201, &note_json(&comment))
}

fn update_note(world: &mut World, arguments: &[String], request: &Request) -> Answer {
    let (pull, id) = (number(&arguments[0]), number(&arguments[1]));
    let found = world.comments.iter_mut().find(|comment| comment.id == id && comment.pull == pull);
    let Some(comment) = found else { return message(404, "404 Note Not Found") };
    request.json()["body"].as_str().unwrap_or_default().clone_into(&mut comment.body);
    Answer::json(200, &note_json(comment))
}

fn branch(world: &mut World, arguments: &[String], _: &Request) -> Answer {
    match world.bare.head(&arguments[0]) {
        Some(sha) => {
            Answer::json(200, &json!({ "name": arguments[0], "commit": commit_json(world, &sha), "protected": false }))
        }
        None => message(404, "404 Branch Not Found"),
    }
}

fn delete_branch(world: &mut World, arguments: &[String], _: &Request) -> Answer {
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

fn user(login: &str) -> Value {
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

fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": text }))
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).expect("a time of this century").to_string()
}
