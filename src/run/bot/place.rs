//! Which forge this is about, and with which token: by what the CI says, else by the remote's address.

use std::env;

use anyhow::Context;
use hotcold::bot::{Forge, Git, Github, Gitlab, Secret, without_passwords};
use hotcold::cli::{Bot, ForgeKind};

/// Variables that hold a token, the first that is set.
const GITHUB_TOKENS: [&str; 3] = ["HOTCOLD_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"];
const GITLAB_TOKENS: [&str; 3] = ["HOTCOLD_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"];

/// An address in its parts: `https`, `github.com`, `owner/name`.
struct Remote {
    scheme: String,
    host: String,
    path: String,
}

/// The forge of the repository, and git with the token for the forge's own addresses.
pub(super) fn forge(request: &Bot, git: Git) -> anyhow::Result<(Git, Box<dyn Forge>)> {
    let address = git.address()?;
    let remote = remote(&address);
    let kind = match request.forge.or_else(kind_of_ci).or_else(|| kind_of_host(remote.as_ref())) {
        Some(kind) => kind,
        None => {
            anyhow::bail!("which forge {} belongs to cannot be told: name it with --forge", without_passwords(&address))
        }
    };
    let variables = match kind {
        ForgeKind::Github => GITHUB_TOKENS,
        ForgeKind::Gitlab => GITLAB_TOKENS,
    };
    let token = variables.into_iter().find_map(|name| Some((name, Secret::new(env::var(name).ok()?)?)));
    let (variable, token) = token.with_context(|| format!("no token: give one in {}", variables.join(", ")))?;
    let remote = remote.as_ref();
    match kind {
        ForgeKind::Github => github(remote, variable, &token, git),
        ForgeKind::Gitlab => gitlab(remote, variable, &token, git),
    }
}

fn github(
    remote: Option<&Remote>,
    variable: &'static str,
    token: &Secret,
    git: Git,
) -> anyhow::Result<(Git, Box<dyn Forge>)> {
    // The variable names the repository that the workflow is of, which need not be the one that was checked out.
    let named = remote.map(|remote| remote.path.clone()).or_else(|| set("GITHUB_REPOSITORY"));
    let named = named.context("which repository this is cannot be told: set GITHUB_REPOSITORY to owner/name")?;
    let (owner, name) = named
        .split_once('/')
        .filter(|(owner, name)| !owner.is_empty() && !name.contains('/'))
        .with_context(|| format!("`{named}` is no repository: set GITHUB_REPOSITORY to owner/name"))?;
    let web = set("GITHUB_SERVER_URL").or_else(|| remote.map(Remote::web));
    let web = web.unwrap_or_else(|| "https://github.com".to_owned());
    let api = set("GITHUB_API_URL").unwrap_or_else(|| match web.as_str() {
        "https://github.com" => "https://api.github.com".to_owned(),
        enterprise => format!("{enterprise}/api/v3"),
    });
    let forge = Github::new(&api, &web, owner, name, token, variable);
    Ok((git.with_token(web, token.clone()), Box::new(forge)))
}

fn gitlab(
    remote: Option<&Remote>,
    variable: &'static str,
    token: &Secret,
    git: Git,
) -> anyhow::Result<(Git, Box<dyn Forge>)> {
    let project = remote.map(|remote| remote.path.clone()).or_else(|| set("CI_PROJECT_ID"));
    let project = project.context("which project this is cannot be told: set CI_PROJECT_ID")?;
    let web = set("CI_SERVER_URL").or_else(|| remote.map(Remote::web));
    let web = web.unwrap_or_else(|| "https://gitlab.com".to_owned());
    let api = set("CI_API_V4_URL").unwrap_or_else(|| format!("{web}/api/v4"));
    let forge = Gitlab::new(&api, &project, token, variable);
    Ok((git.with_token(web, token.clone()), Box::new(forge)))
}

fn kind_of_ci() -> Option<ForgeKind> {
    if set("GITHUB_ACTIONS").is_some() || set("GITHUB_API_URL").is_some() {
        Some(ForgeKind::Github)
    } else if set("GITLAB_CI").is_some() || set("CI_API_V4_URL").is_some() {
        Some(ForgeKind::Gitlab)
    } else {
        None
    }
}

fn kind_of_host(remote: Option<&Remote>) -> Option<ForgeKind> {
    let host = &remote?.host;
    let is_under = |name: &str| host.split('.').any(|part| part == name);
    if is_under("github") {
        Some(ForgeKind::Github)
    } else if is_under("gitlab") {
        Some(ForgeKind::Gitlab)
    } else {
        None
    }
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().map(|value| value.trim_end_matches('/').to_owned()).filter(|value| !value.is_empty())
}

/// `https://github.com/owner/name.git`, `git@github.com:owner/name.git`, `ssh://git@host:22/owner/name`.
fn remote(address: &str) -> Option<Remote> {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.to_owned()),
        None => ("ssh", address.replacen(':', "/", 1)),
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit('@').next()?;
    let path = path.trim_matches('/').trim_end_matches(".git");
    let is_web = matches!(scheme, "http" | "https");
    // A port of ssh says nothing of the pages.
    let host = if is_web { host } else { host.split(':').next()? };
    let scheme = if is_web { scheme } else { "https" };
    Some(Remote { scheme: scheme.to_owned(), host: host.to_owned(), path: path.to_owned() })
        .filter(|remote| !remote.host.is_empty() && !remote.path.is_empty())
}

impl Remote {
    fn web(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::remote;

    #[test]
    fn an_address_is_read_in_every_form() {
        for address in [
            "https://github.com/acme/shop.git",
            "https://name:secret@github.com/acme/shop",
            "git@github.com:acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git",
        ] {
            let found = remote(address).expect(address);
            assert_eq!((found.web().as_str(), found.path.as_str()), ("https://github.com", "acme/shop"), "{address}");
        }
        assert!(remote("/srv/git/shop.git").is_none_or(|found| found.host.is_empty()));
    }
}
