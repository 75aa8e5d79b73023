//! Git's service over http and the checkouts behave as the real ones.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::prelude::{BASE64_STANDARD, Engine};

use super::forge::{Forge, TOKEN};
use super::forge_tests::{BRANCH, with_branch};
use super::git::{BASE, Bare, clean};
use crate::support::{run, stderr};

/// `git push` of a checkout, with a token that stands in its environment and in no argument.
pub fn push_command(checkout: &Path, token: &str, arguments: &[&str]) -> Command {
    let encoded = BASE64_STANDARD.encode(format!("x-access-token:{token}"));
    let header = format!("Authorization: Basic {encoded}");
    let settings =
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.extraHeader"), ("GIT_CONFIG_VALUE_0", &header)];
    let mut command = clean(checkout);
    command.arg("push").args(arguments).envs(settings);
    command
}

pub fn push(checkout: &Path, token: &str, arguments: &[&str]) -> Output {
    run(&mut push_command(checkout, token, arguments))
}

#[test]
fn git_pushes_over_http_with_the_token_only() {
    let forge = Forge::start(Bare::worked_example());
    let clone = forge.check_out();
    clone.git(&["commit", "--allow-empty", "--quiet", "--message", "One"]);
    let target = format!("HEAD:refs/heads/{BRANCH}");
    let push = |token: &str| push(clone.path(), token, &["--porcelain", &forge.clone_url(), &target]);
    let wrong = push("ghs_wrong");
    assert!(!wrong.status.success() && forge.bare().head(BRANCH).is_none(), "{}", stderr(&wrong));
    let right = push(TOKEN);
    assert!(right.status.success(), "{}", stderr(&right));
    assert_eq!(forge.bare().head(BRANCH), Some(clone.git(&["rev-parse", "HEAD"])));
    assert_eq!(forge.bare().author(BRANCH), "Developer <developer@example.com>");
    forge.assert_no_violations();
}

/// More than `http.postBuffer`, and not compressible: git sends it in chunks.
#[test]
fn git_pushes_what_does_not_fit_into_one_request() {
    let forge = Forge::start(Bare::worked_example());
    let clone = forge.check_out();
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..2_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .collect();
    fs::write(clone.path().join("noise.bin"), &noise).expect("a file can be written");
    clone.git(&["add", "--all"]);
    clone.git(&["commit", "--quiet", "--message", "Noise"]);
    let pushed = push(clone.path(), TOKEN, &["--quiet", &forge.clone_url(), &format!("HEAD:{BASE}")]);
    assert!(pushed.status.success(), "{}", stderr(&pushed));
    let chunked = |name: &str| forge.recorded().iter().any(|recorded| recorded.request.header(name) == Some("chunked"));
    assert!(chunked("transfer-encoding"));
    assert_eq!(forge.bare().git(&["cat-file", "-s", &format!("{BASE}:noise.bin")]), "2000000");
}

#[test]
fn git_refuses_a_stale_lease() {
    let forge = with_branch();
    let clone = forge.check_out();
    let read = forge.bare().head(BRANCH).expect("the branch is there");
    let theirs = forge.bare().commit(BRANCH, &[("orders/new.py", Some("NEW = 2\n"))], "Somebody's commit");
    clone.git(&["commit", "--allow-empty", "--quiet", "--message", "Mine"]);
    let push = |expected: &str| {
        let lease = format!("--force-with-lease=refs/heads/{BRANCH}:{expected}");
        let target = format!("HEAD:refs/heads/{BRANCH}");
        push(clone.path(), TOKEN, &["--porcelain", &lease, &forge.clone_url(), &target])
    };
    let stale = push(&read);
    assert!(!stale.status.success());
    assert!(String::from_utf8_lossy(&stale.stdout).contains("[rejected] (stale info)"), "{stale:?}");
    assert_eq!(forge.bare().head(BRANCH), Some(theirs.clone()));
    assert!(push(&theirs).status.success());
    assert_eq!(forge.bare().message(BRANCH), "Mine");
}

#[test]
fn a_clone_stands_where_the_repository_does() {
    let forge = Forge::start(Bare::worked_example());
    let clone = forge.check_out();
    let before = clone.condition();
    assert_eq!(clone.git(&["remote", "get-url", "origin"]), forge.clone_url());
    forge.bare().commit(BASE, &[("orders/new.py", Some("NEW = 1\n"))], "The base moves");
    clone.pull(forge.bare());
    assert_ne!(clone.condition(), before);
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), forge.bare().head(BASE).expect("the base branch is there"));
    assert_eq!(forge.bare().file(BASE, "orders/new.py"), "NEW = 1\n");
}
