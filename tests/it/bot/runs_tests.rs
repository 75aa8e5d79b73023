//! The ways in which the tests run a program, before they run the bot.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use super::forge::{Forge, TOKEN};
use super::forge_tests::BRANCH;
use super::git::Bare;
use super::git_tests::push_command;
use super::loopback::Moment;
use super::runs::{End, command_lines_with, files_with, holds, in_pipeline, in_workflow, kill_at, outside_ci};
use crate::support::{python, run, stderr};

/// There is something to propose in the example, and `fix` asks no forge.
#[test]
fn the_example_has_a_move_and_fix_makes_it() {
    let forge = Forge::start(Bare::worked_example());
    let checkout = forge.check_out();
    let fix = run(outside_ci(&checkout).arg("fix"));
    assert_eq!(fix.status.code(), Some(0), "{}", stderr(&fix));
    assert_eq!(checkout.git(&["diff", "--name-only"]), "orders/export.py\norders/handler.py");
    for command in [in_workflow(&forge, &checkout), in_pipeline(&forge, &checkout)] {
        let value = |name: &str| command.get_envs().find(|(own, _)| *own == name).and_then(|(_, value)| value);
        assert!(value("GITHUB_TOKEN").or(value("HOTCOLD_TOKEN")).is_some());
        assert_eq!(value("GIT_TERMINAL_PROMPT").and_then(|value| value.to_str()), Some("0"));
    }
    assert_eq!(forge.recorded().len(), 0);
}

/// A push that is killed at any request leaves the old branch or the new one, and the next push finishes.
#[test]
fn a_push_killed_at_each_step_is_finished_by_the_next() {
    for moment in [Moment::Before, Moment::Done] {
        let mut steps = 0;
        loop {
            let forge = Forge::start(Bare::worked_example());
            let checkout = forge.check_out();
            checkout.git(&["commit", "--allow-empty", "--quiet", "--message", "One"]);
            let target = format!("HEAD:refs/heads/{BRANCH}");
            let url = forge.clone_url();
            let push = || push_command(checkout.path(), TOKEN, &["--quiet", &url, &target]);
            let mut first = push();
            first.stderr(Stdio::null());
            let end = kill_at(&forge, first, steps, moment);
            let head = checkout.git(&["rev-parse", "HEAD"]);
            assert!(forge.bare().head(BRANCH).is_none_or(|found| found == head));
            if end == End::Over {
                assert_eq!(forge.bare().head(BRANCH), Some(head));
                break;
            }
            let second = run(&mut push());
            assert!(second.status.success(), "{}", stderr(&second));
            assert_eq!(forge.bare().head(BRANCH), Some(head));
            steps += 1;
        }
        assert!(steps >= 2, "a push has at least two requests, {steps} were met");
    }
}

#[test]
fn a_secret_is_found_in_files_texts_and_command_lines() {
    // One of this test alone: the other tests run beside it with the forge's token.
    let secret = "ghs_only_for_this_test";
    let forge = Forge::start(Bare::worked_example());
    let checkout = forge.check_out();
    assert!(files_with(checkout.path(), secret).is_empty());
    checkout.git(&["remote", "set-url", "origin", &format!("http://x-access-token:{secret}@localhost/x.git")]);
    assert_eq!(files_with(checkout.path(), secret), [checkout.path().join(".git/config")]);
    assert!(holds(b"Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hzX29ubHlfZm9yX3RoaXNfdGVzdA==", secret));
    assert!(!holds(b"Authorization: Basic ***", secret));

    if fs::metadata("/proc/self/cmdline").is_ok() {
        assert!(command_lines_with(secret).is_empty());
        let mut command = python();
        command.args(["-c", "print(flush=True); input()", secret]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python can be started");
        let mut ready = [0];
        child.stdout.as_mut().expect("its output is a pipe").read_exact(&mut ready).expect("it says that it runs");
        let found = command_lines_with(secret);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
