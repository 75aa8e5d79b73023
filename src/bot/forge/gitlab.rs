//! GitLab, where pull requests are merge requests.

use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Client, encoded};
use super::{Forge, ForgeError, Place, PullRequest, Secret};

/// One project.
pub struct Gitlab {
    client: Client,
    project: String,
}

impl Gitlab {
    /// `base` is the API's address, `project` its number or its path.
    pub fn new(base: &str, project: &str, token: &Secret, variable: &'static str) -> Gitlab {
        let header = if variable == "CI_JOB_TOKEN" { "job-token" } else { "private-token" };
        let headers = vec![("accept", "application/json".to_owned()), (header, token.reveal().to_owned())];
        Gitlab { client: Client::new(base, headers, variable), project: encoded(project) }
    }

    fn path(&self, rest: &str) -> String {
        format!("/projects/{}/merge_requests{rest}", self.project)
    }

    fn list(&mut self, place: &Place, state: &str) -> Result<Vec<PullRequest>, ForgeError> {
        let path = self.path(&format!("?state={state}&source_branch={}", encoded(&place.branch)));
        let found = self.client.pages(&path)?;
        // A fork may have a branch of the same name.
        let is_ours = |merge: &&Value| merge["source_project_id"] == merge["target_project_id"];
        found.iter().filter(is_ours).map(|merge| self.merge_request(merge)).collect()
    }

    fn merge_request(&self, merge: &Value) -> Result<PullRequest, ForgeError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(PullRequest {
            number: merge["iid"].as_u64().ok_or_else(|| self.client.lacks("a merge request"))?,
            url: text(&merge["web_url"]),
            title: text(&merge["title"]),
            body: text(&merge["description"]),
            base: text(&merge["target_branch"]),
            labels: merge["labels"].as_array().into_iter().flatten().map(text).collect(),
        })
    }
}

impl Forge for Gitlab {
    fn open(&mut self, place: &Place) -> Result<Option<PullRequest>, ForgeError> {
        Ok(self.list(place, "opened")?.into_iter().next())
    }

    fn closed(&mut self, place: &Place) -> Result<Vec<PullRequest>, ForgeError> {
        self.list(place, "closed")
    }

    fn create(&mut self, place: &Place, title: &str, body: &str) -> Result<PullRequest, ForgeError> {
        let Place { base, branch, draft } = place;
        let titled = if *draft { format!("Draft: {title}") } else { title.to_owned() };
        let new = json!({
            "source_branch": branch, "target_branch": base, "title": titled, "description": body,
            "remove_source_branch": true,
        });
        let path = self.path("");
        let answer = self.client.ask(Method::POST, &path, Some(&new), &|_| false)?;
        if answer.status == 409 {
            let open = self.open(place)?.ok_or_else(|| self.client.refusal(&answer))?;
            self.update(open.number, &titled, body)?;
            return Ok(open);
        }
        self.client.json(&answer).and_then(|merge| self.merge_request(&merge))
    }

    fn update(&mut self, number: u64, title: &str, body: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/{number}"));
        self.client.write(Method::PUT, &path, &json!({"title": title, "description": body})).map(drop)
    }

    fn close(&mut self, number: u64, body: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/{number}"));
        self.client.write(Method::PUT, &path, &json!({"state_event": "close", "description": body})).map(drop)
    }

    fn comments(&mut self, number: u64) -> Result<Vec<String>, ForgeError> {
        let found = self.client.pages(&self.path(&format!("/{number}/notes")))?;
        Ok(found.iter().filter_map(|note| note["body"].as_str().map(str::to_owned)).collect())
    }

    fn comment(&mut self, number: u64, text: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/{number}/notes"));
        self.client.write(Method::POST, &path, &json!({"body": text})).map(drop)
    }
}
