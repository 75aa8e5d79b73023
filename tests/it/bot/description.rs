//! GitHub's OpenAPI description, as far as `scripts/github_description.py` cut it out: which operation a request is,
//! what in a request breaks the description, and the smallest answer that keeps to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

use super::http::{Answer, Request, decode};

const ROOT: &str = "https://description.invalid/github.json";

pub struct Description {
    document: Value,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// An operation that a request asks for.
#[derive(Clone)]
pub struct Operation {
    pub id: String,
    /// The arguments in the path, decoded.
    pub arguments: HashMap<String, String>,
    /// Whether a name in the path holds a slash that is not encoded.
    has_bare_slash: bool,
    pointer: String,
}

impl Operation {
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).map_or("", String::as_str)
    }

    pub fn number(&self, name: &str) -> u64 {
        self.argument(name).parse().unwrap_or(0)
    }
}

impl Description {
    pub fn github() -> &'static Self {
        static GITHUB: OnceLock<Description> = OnceLock::new();
        GITHUB.get_or_init(|| {
            let document: Value = serde_json::from_str(include_str!("github.json")).expect("github.json is JSON");
            let registry = Registry::new()
                .add(ROOT, document.clone())
                .expect("the description can be referred to")
                .prepare()
                .expect("each reference in it leads somewhere");
            Self { document, registry, validators: Mutex::default() }
        })
    }

    /// The identifiers of all operations.
    pub fn operations(&self) -> Vec<&str> {
        let paths = self.document["paths"].as_object().expect("it has paths");
        let methods = paths.values().flat_map(|methods| methods.as_object().expect("a path has methods").values());
        methods.map(|operation| operation["operationId"].as_str().expect("an operation has a name")).collect()
    }

    /// The operation for a method and a path: of several templates, the one with the most fixed parts.
    pub fn find(&self, method: &str, path: &str) -> Option<Operation> {
        let paths = self.document["paths"].as_object().expect("it has paths");
        let method = method.to_lowercase();
        let matching = paths.iter().filter_map(|(template, methods)| {
            let operation = methods.get(&method)?;
            let (arguments, has_bare_slash) = arguments(template, path)?;
            let id = operation["operationId"].as_str()?.to_owned();
            let pointer = format!("/paths/{}/{method}", escape(template));
            Some((template.matches('{').count(), Operation { id, arguments, has_bare_slash, pointer }))
        });
        matching.min_by_key(|(parameters, _)| *parameters).map(|(_, operation)| operation)
    }

    /// What in a request breaks the description of its operation.
    pub fn check(&self, operation: &Operation, request: &Request) -> Vec<String> {
        let mut found = self.check_parameters(operation, request);
        // GitHub takes `refs/heads/a/b` as well; the description has one part of the path there.
        if operation.has_bare_slash {
            found.push(format!("{} {}: a slash in a name is not encoded", operation.id, request.path));
        }
        found.extend(self.check_body(operation, request));
        found
    }

    /// What in an answer breaks the description of the operation.
    pub fn check_answer(&self, operation: &Operation, answer: &Answer) -> Vec<String> {
        let Some(pointer) = self.answer_schema(operation, answer.status) else {
            return vec![];
        };
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        self.errors(&pointer, &body, &format!("{} {}", operation.id, answer.status))
    }

    /// An answer with what the description requires, and no more.
    pub fn example(&self, operation: &Operation, status: u16) -> Value {
        let pointer = self.answer_schema(operation, status).expect("the operation has such an answer");
        self.example_of(self.at(&pointer))
    }

    /// A component's value with what the description requires, and no more.
    pub fn example_component(&self, name: &str) -> Value {
        self.example_of(self.at(&format!("/components/schemas/{name}")))
    }

    fn check_parameters(&self, operation: &Operation, request: &Request) -> Vec<String> {
        let mut found = vec![];
        let mut known = vec![];
        let parameters = self.at(&operation.pointer)["parameters"].as_array().expect("an operation has parameters");
        for number in 0..parameters.len() {
            let pointer = self.follow(&format!("{}/parameters/{number}", operation.pointer));
            let parameter = self.at(&pointer);
            let name = parameter["name"].as_str().expect("a parameter has a name");
            let value = match parameter["in"].as_str() {
                Some("path") => operation.arguments.get(name).cloned(),
                _ => request.query_value(name),
            };
            known.push(name);
            let place = format!("{} {name}", operation.id);
            match value {
                Some(value) => {
                    let pointer = format!("{pointer}/schema");
                    found.extend(self.errors(&pointer, &typed(&value, self.at(&pointer)), &place));
                }
                None if parameter["required"] == json!(true) => found.push(format!("{place}: it is required")),
                None => {}
            }
        }
        // GitHub passes over what it does not know, and with it over a misspelt name.
        for (name, _) in request.query().iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            found.push(format!("{} {name}: there is no such parameter", operation.id));
        }
        found
    }

    fn check_body(&self, operation: &Operation, request: &Request) -> Vec<String> {
        let described = &self.at(&operation.pointer)["requestBody"];
        if described.is_null() {
            let empty = request.body.is_empty();
            return if empty { vec![] } else { vec![format!("{}: it takes no body", operation.id)] };
        }
        if request.body.is_empty() && described["required"] != json!(true) {
            return vec![];
        }
        let body = match serde_json::from_slice::<Value>(&request.body) {
            Ok(body) => body,
            Err(error) => return vec![format!("{}: its body is no JSON: {error}", operation.id)],
        };
        let pointer = format!("{}/requestBody/content/application~1json/schema", operation.pointer);
        let mut found = self.errors(&pointer, &body, &format!("{} body", operation.id));
        let fields = &self.at(&pointer)["properties"];
        for name in body.as_object().into_iter().flat_map(Map::keys) {
            if fields.is_object() && fields[name].is_null() {
                found.push(format!("{} body /{name}: there is no such field", operation.id));
            }
        }
        found
    }

    /// Where the schema of an answer stands.
    fn answer_schema(&self, operation: &Operation, status: u16) -> Option<String> {
        let pointer = self.follow(&format!("{}/responses/{status}", operation.pointer));
        let pointer = format!("{pointer}/content/application~1json/schema");
        self.document.pointer(&pointer).map(|_| pointer)
    }

    fn errors(&self, pointer: &str, value: &Value, place: &str) -> Vec<String> {
        let validator = self.validator(pointer);
        let errors = validator.iter_errors(value);
        errors.map(|error| format!("{place} {}: {error}", error.instance_path())).collect()
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().expect("no test panicked here");
        let made = validators.entry(pointer.to_owned()).or_insert_with(|| {
            let made = jsonschema::options()
                .with_registry(&self.registry)
                .should_validate_formats(true)
                .should_ignore_unknown_formats(true)
                .build(&json!({ "$ref": format!("{ROOT}#{}", pointer.replace('{', "%7B").replace('}', "%7D")) }));
            Arc::new(made.unwrap_or_else(|error| panic!("{pointer} is no schema: {error}")))
        });
        Arc::clone(made)
    }

    fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(pointer).unwrap_or_else(|| panic!("the description has no {pointer}"))
    }

    /// The pointer itself, or where the reference that stands there leads.
    fn follow(&self, pointer: &str) -> String {
        let reference = self.document.pointer(pointer).and_then(|value| value["$ref"].as_str());
        reference.map_or_else(|| pointer.to_owned(), |reference| reference.trim_start_matches('#').to_owned())
    }

    fn example_of(&self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.example_of(self.at(reference.trim_start_matches('#')));
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = json!({});
            for part in parts {
                merge(&mut whole, self.example_of(part));
            }
            return whole;
        }
        if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return self.example_of(&choices[0]);
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) if kinds.contains(&json!("null")) => "null",
            Value::Array(kinds) => kinds[0].as_str().unwrap_or_default(),
            kind => kind.as_str().unwrap_or("object"),
        };
        match kind {
            "null" => Value::Null,
            "string" => json!(string_of(schema["format"].as_str())),
            "integer" | "number" => json!(1),
            "boolean" => json!(false),
            "array" => json!([]),
            _ => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                required
                    .map(|name| (name.to_owned(), self.example_of(&schema["properties"][name])))
                    .collect::<Map<_, _>>()
                    .into()
            }
        }
    }
}

/// Puts one value over another one, field by field.
pub fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                merge(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

/// The arguments of a path in a template; nothing where it is not of it. The last one of a name that holds slashes, such
/// as a branch, takes the rest; with the arguments comes whether it held a slash as it is.
fn arguments(template: &str, path: &str) -> Option<(HashMap<String, String>, bool)> {
    const WITH_SLASHES: &[&str] = &["{ref}", "{branch}", "{basehead}"];
    let mut arguments = HashMap::new();
    let mut rest = path;
    let mut has_bare_slash = false;
    let parts: Vec<&str> = template.trim_start_matches('/').split('/').collect();
    for (number, part) in parts.iter().enumerate() {
        rest = rest.strip_prefix('/')?;
        let all = number + 1 == parts.len() && WITH_SLASHES.contains(part);
        let end = if all { rest.len() } else { rest.find('/').unwrap_or(rest.len()) };
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(_) if end == 0 => return None,
            Some(name) => {
                has_bare_slash |= rest[..end].contains('/');
                arguments.insert(name.to_owned(), decode(&rest[..end]));
            }
            None if *part != &rest[..end] => return None,
            None => {}
        }
        rest = &rest[end..];
    }
    rest.is_empty().then_some((arguments, has_bare_slash))
}

/// The value that a text in a path or a query stands for.
fn typed(text: &str, schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        Some("boolean") => text.parse::<bool>().map_or_else(|_| json!(text), |value| json!(value)),
        _ => json!(text),
    }
}

fn string_of(format: Option<&str>) -> &'static str {
    match format {
        Some("date-time") => "2026-01-05T00:00:00Z",
        Some("uri") => "https://example.com/",
        Some("email") => "somebody@example.com",
        _ => "text",
    }
}

fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}
