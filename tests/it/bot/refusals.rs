//! What GitHub says when it refuses, word for word, for a test to lay in the way of a request.

use serde_json::{Value, json};

use super::http::Answer;

const PULLS: &str = "https://docs.github.com/rest/pulls/pulls#create-a-pull-request";
const REFS: &str = "https://docs.github.com/rest/git/refs#delete-a-reference";
const LIMITS: &str = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";

/// 422: the branch has an open pull request.
pub fn already_exists(owner: &str, branch: &str) -> Answer {
    custom(&format!("A pull request already exists for {owner}:{branch}."))
}

/// 422: the branch holds nothing that the base has not.
pub fn no_commits(base: &str, head: &str) -> Answer {
    custom(&format!("No commits between {base} and {head}"))
}

/// 422: the branch is not there, or not there yet.
pub fn head_sha_blank() -> Answer {
    custom("Head sha can't be blank")
}

/// 422: a field holds what does not exist.
pub fn invalid(field: &str) -> Answer {
    failed(&json!([{ "resource": "PullRequest", "field": field, "code": "invalid" }]))
}

/// 422: GitHub's own race right after a push.
pub fn unresolved_node() -> Answer {
    failed(&json!(["Could not resolve to a node with the global id of 'PR_kwDOABCDEF5abcde'."]))
}

/// 422: a body of more than 65,536 characters.
pub fn body_too_long() -> Answer {
    let message = "body is too long (maximum is 65536 characters)";
    failed(&json!([{ "resource": "PullRequest", "field": "body", "code": "custom", "message": message }]))
}

/// 422: the reference to be deleted is not there.
pub fn no_reference() -> Answer {
    plain(422, "Reference does not exist", REFS)
}

/// 422: the reference to be made is there.
pub fn reference_exists() -> Answer {
    plain(422, "Reference already exists", REFS)
}

/// 422: the branch would lose commits, and `force` is not asked for.
pub fn no_fast_forward() -> Answer {
    plain(422, "Update is not a fast forward", REFS)
}

/// 422: no branch and no commit is of that name.
pub fn no_commit() -> Answer {
    plain(422, "No commit found for SHA", "https://docs.github.com/rest/commits/commits#get-a-commit")
}

/// 401: no token, or a wrong one.
pub fn bad_credentials() -> Answer {
    plain(401, "Bad credentials", "https://docs.github.com/rest")
}

/// 403: the workflow lacks a permission.
pub fn not_accessible() -> Answer {
    plain(403, "Resource not accessible by integration", PULLS)
}

/// 403: the setting of the repository or organisation that lets workflows open pull requests is off.
pub fn actions_not_permitted() -> Answer {
    plain(403, "GitHub Actions is not permitted to create or approve pull requests.", PULLS)
}

pub fn not_found() -> Answer {
    plain(404, "Not Found", "https://docs.github.com/rest")
}

/// 429 with the seconds to wait.
pub fn too_many(retry_after: u64) -> Answer {
    secondary_limit(429).with("retry-after", &retry_after.to_string())
}

/// 403 with the time, in seconds since 1970, at which there are requests left again.
pub fn limit_until(reset: i64) -> Answer {
    plain(403, "API rate limit exceeded for installation ID 1.", LIMITS)
        .with("x-ratelimit-limit", "1000")
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-reset", &reset.to_string())
}

/// 403 or 429 without a word of how long.
pub fn secondary_limit(status: u16) -> Answer {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    plain(status, message, LIMITS)
}

pub fn server_error() -> Answer {
    plain(500, "Server Error", "")
}

/// The page of a proxy or of GitHub's unicorn, where JSON was asked for.
pub fn page(status: u16) -> Answer {
    Answer::html(status, "<!DOCTYPE html>\n<html><head><title>Unicorn! · GitHub</title></head><body></body></html>\n")
}

fn custom(message: &str) -> Answer {
    failed(&json!([{ "resource": "PullRequest", "code": "custom", "message": message }]))
}

fn failed(errors: &Value) -> Answer {
    let body = json!({
        "message": "Validation Failed", "errors": errors, "documentation_url": PULLS, "status": "422",
    });
    Answer::json(422, &body)
}

fn plain(status: u16, message: &str, documentation: &str) -> Answer {
    let body = json!({ "message": message, "documentation_url": documentation, "status": status.to_string() });
    Answer::json(status, &body)
}
