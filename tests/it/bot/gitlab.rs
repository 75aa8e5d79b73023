//! GitLab on loopback, API v4: merge requests, notes, labels and branches over the same world as GitHub's. There is no
//! machine-readable description of it at hand, so what its documentation says of each parameter stands here in a table.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::forge::REPOSITORY;
use super::gitlab_answers::*;
use super::http::{Answer, Request, decode};
use super::loopback::{Api, lock};
use super::world::World;

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
