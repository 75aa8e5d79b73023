//! GitHub and GitHub Enterprise, by REST.

use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Answer, Client, encoded};
use super::{Forge, ForgeError, Place, PullRequest, Secret};

/// One repository.
pub struct Github {
    client: Client,
    /// Where people look at it.
    web: String,
    owner: String,
    name: String,
}

impl Github {
    /// `base` is the API's address, `web` that of the pages.
    pub fn new(base: &str, web: &str, owner: &str, name: &str, token: &Secret, variable: &'static str) -> Github {
        let headers = vec![
            // The second is for servers that know nothing of GitHub.
            ("accept", "application/vnd.github+json, application/json;q=0.9".to_owned()),
            ("authorization", format!("Bearer {}", token.reveal())),
            ("x-github-api-version", "2022-11-28".to_owned()),
        ];
        Github {
            client: Client::new(base, headers, variable),
            web: web.trim_end_matches('/').to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", encoded(&self.owner), encoded(&self.name))
    }

    fn list(&mut self, place: &Place, state: &str) -> Result<Vec<Value>, ForgeError> {
        let head = encoded(&format!("{}:{}", self.owner, place.branch));
        let path = self.path(&format!("/pulls?state={state}&head={head}"));
        let found = self.client.pages(&path)?;
        // Some servers do not know the filter.
        let is_ours = |pull: &Value| pull["head"]["ref"].as_str() == Some(place.branch.as_str());
        Ok(found.into_iter().filter(is_ours).collect())
    }

    fn pull_request(&self, pull: &Value) -> Result<PullRequest, ForgeError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let labels = pull["labels"].as_array().into_iter().flatten();
        Ok(PullRequest {
            number: pull["number"].as_u64().ok_or_else(|| self.client.lacks("a pull request"))?,
            url: text(&pull["html_url"]),
            title: text(&pull["title"]),
            body: text(&pull["body"]),
            base: text(&pull["base"]["ref"]),
            labels: labels.map(|label| text(&label["name"])).collect(),
        })
    }
}

impl Forge for Github {
    fn open(&mut self, place: &Place) -> Result<Option<PullRequest>, ForgeError> {
        let found = self.list(place, "open")?;
        found.first().map(|pull| self.pull_request(pull)).transpose()
    }

    fn closed(&mut self, place: &Place) -> Result<Vec<PullRequest>, ForgeError> {
        let found = self.list(place, "closed")?;
        found.iter().filter(|pull| pull["merged_at"].is_null()).map(|pull| self.pull_request(pull)).collect()
    }

    fn create(&mut self, place: &Place, title: &str, body: &str) -> Result<PullRequest, ForgeError> {
        let Place { base, branch, draft } = place;
        let new = json!({"title": title, "body": body, "head": branch, "base": base, "draft": draft});
        // A branch that was pushed a moment ago is not known everywhere yet.
        let early = |answer: &Answer| {
            let said = answer.message();
            answer.status == 422
                && (said.contains("Could not resolve to a node") || said.contains("Head sha can't be blank"))
        };
        let path = self.path("/pulls");
        let answer = self.client.ask(Method::POST, &path, Some(&new), &early)?;
        let said = answer.message();
        match answer.status {
            422 if said.contains("A pull request already exists") => {
                let open = self.open(place)?.ok_or_else(|| self.client.refusal(&answer))?;
                self.update(open.number, title, body)?;
                Ok(open)
            }
            422 if said.contains("No commits between") => {
                Err(ForgeError::NoCommits { base: base.clone(), branch: branch.clone() })
            }
            422 if early(&answer) => Err(ForgeError::NoHead(branch.clone())),
            403 if said.contains("not permitted to create or approve pull requests") => {
                let compare = format!("{}/{}/{}/compare/{base}...{branch}?expand=1", self.web, self.owner, self.name);
                Err(ForgeError::NotPermitted { compare })
            }
            _ => self.client.json(&answer).and_then(|pull| self.pull_request(&pull)),
        }
    }

    fn update(&mut self, number: u64, title: &str, body: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/pulls/{number}"));
        self.client.write(Method::PATCH, &path, &json!({"title": title, "body": body})).map(drop)
    }

    fn close(&mut self, number: u64, body: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/pulls/{number}"));
        self.client.write(Method::PATCH, &path, &json!({"state": "closed", "body": body})).map(drop)
    }

    fn comments(&mut self, number: u64) -> Result<Vec<String>, ForgeError> {
        let found = self.client.pages(&self.path(&format!("/issues/{number}/comments")))?;
        Ok(found.iter().filter_map(|comment| comment["body"].as_str().map(str::to_owned)).collect())
    }

    fn comment(&mut self, number: u64, text: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/issues/{number}/comments"));
        self.client.write(Method::POST, &path, &json!({"body": text})).map(drop)
    }
}
