//! The whole life of a pull request, run by run, against real git and a forge that remembers and checks every request.

use super::forge::{Forge, TOKEN};
use super::git::{Bare, Checkout, Merge};
use super::http::Answer;
use super::loopback::{Moment, Reaction, shortest_pause};
use super::refusals;
use super::runs::{End, command_lines_with, files_with, holds, in_pipeline, in_workflow, kill_at, outside_ci};
use super::world::State;
use crate::support::{run, stderr, stdout};

pub const BRANCH: &str = "hotcold/import-placement";

/// A forge with the example, a checkout of it, and what the bot says of each run.
struct Stage {
    forge: Forge,
    checkout: Checkout,
}

impl Stage {
    fn new() -> Stage {
        let forge = Forge::start(Bare::worked_example());
        let checkout = forge.check_out();
        Stage { forge, checkout }
    }

    /// Runs the bot; its one word, and what it says after it.
    #[track_caller]
    fn bot(&self, arguments: &[&str]) -> (String, String) {
        let output = run(in_workflow(&self.forge, &self.checkout).arg("bot").args(arguments));
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        self.forge.assert_no_violations();
        let said = stdout(&output);
        let line = said.lines().last().unwrap_or_default().to_owned();
        let (word, rest) = line.split_once(": ").unwrap_or((&line, ""));
        (word.to_owned(), rest.to_owned())
    }

    #[track_caller]
    fn expect(&self, word: &str) {
        let (found, rest) = self.bot(&[]);
        assert_eq!(found, word, "{rest}");
    }

    /// Runs the bot, which must fail, and gives what it says.
    #[track_caller]
    fn failure(&self) -> String {
        let output = run(in_workflow(&self.forge, &self.checkout).arg("bot"));
        assert_eq!(output.status.code(), Some(2), "{}{}", stdout(&output), stderr(&output));
        stderr(&output)
    }

    fn head(&self) -> Option<String> {
        self.forge.bare().head(BRANCH)
    }

    /// Makes everything that is out of place be in place on the base branch.
    fn nothing_to_do(&self) {
        let clean = "[modules.boto3]\nimport-ms = 1\n";
        self.forge.bare().commit("main", &[("hotcold.toml", Some(clean))], "Nothing is heavy");
    }
}

#[test]
fn a_pull_request_is_created_and_then_left_as_it_is() {
    let stage = Stage::new();
    let before = stage.checkout.condition();
    stage.expect("created");
    let pull = stage.forge.pull(1);
    let body = pull.body.clone().unwrap_or_default();
    assert!(body.starts_with("<!-- hotcold:{\"v\":1,\"fp\":\""), "{body}");
    assert!(body.contains("| `orders/handler.py` | `pandas` | module level | `report` | 1200 ms | 5 % |"), "{body}");
    let bare = stage.forge.bare();
    assert_eq!(bare.between("main", BRANCH).len(), 1, "one commit");
    assert!(bare.file(BRANCH, "orders/handler.py").contains("    import pandas as pd\n"));
    let (head, requests) = (stage.head(), stage.forge.writes().len());
    stage.expect("unchanged");
    assert_eq!((stage.head(), stage.forge.writes().len()), (head, requests), "nothing was pushed or written");
    assert_eq!(stage.checkout.condition(), before, "the user's working tree and repository are as they were");
}

#[test]
fn the_branch_is_rebuilt_on_a_base_that_moved() {
    let stage = Stage::new();
    stage.expect("created");
    let old = stage.head();
    stage.forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    stage.expect("updated");
    assert_ne!(stage.head(), old);
    assert_eq!(stage.forge.bare().between("main", BRANCH).len(), 1, "one commit on the new base");
    assert_eq!(stage.forge.pulls().len(), 1);
    let marker = stage.forge.pull(1).body.unwrap_or_default();
    assert!(marker.contains(&stage.head().unwrap_or_default()), "the text tells the new head: {marker}");
    stage.expect("unchanged");
}

#[test]
fn a_commit_of_somebody_else_is_left_alone_and_told_once() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.bare().commit(BRANCH, &[("orders/notes.txt", Some("mine\n"))], "By hand");
    let head = stage.head();
    stage.expect("blocked");
    stage.forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    stage.expect("blocked");
    assert_eq!(stage.head(), head);
    assert_eq!(stage.forge.comments(1).len(), 1, "{:?}", stage.forge.comments(1));
}

#[test]
fn what_was_closed_is_declined_and_only_new_moves_are_proposed() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.close(1);
    stage.expect("declined");
    stage.expect("declined");
    assert_eq!(stage.forge.pulls().len(), 1);
    let new = "import pandas as pd\n\n\ndef total(rows):\n    return pd.DataFrame(rows).sum()\n";
    stage.forge.bare().commit("main", &[("orders/totals.py", Some(new))], "Totals");
    stage.expect("created");
    let bare = stage.forge.bare();
    assert_eq!(bare.git(&["diff", "--name-only", "main", BRANCH]), "orders/totals.py");
    assert!(!stage.forge.pull(2).body.unwrap_or_default().contains("orders/handler.py"));
    stage.expect("unchanged");
}

#[test]
fn nothing_left_to_do_closes_it_and_takes_the_branch_away() {
    let stage = Stage::new();
    stage.expect("created");
    stage.nothing_to_do();
    stage.expect("closed");
    assert_eq!((stage.forge.pull(1).state, stage.head()), (State::Closed, None));
    assert_eq!(stage.forge.comments(1).len(), 1);
    stage.expect("none");
    // What the bot has closed itself is not declined.
    let heavy = "[modules.pandas]\nimport-ms = 1200\nusage-percent = 5\n";
    stage.forge.bare().commit("main", &[("hotcold.toml", Some(heavy))], "Heavy again");
    stage.expect("created");
}

#[test]
fn a_merged_one_is_done() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.merge(1, Merge::Squash);
    stage.expect("none");
    assert_eq!(stage.forge.pulls().len(), 1);
}

#[test]
fn a_label_stops_it() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.label(1, "hotcold:stop");
    stage.forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    let head = stage.head();
    stage.expect("blocked");
    stage.forge.close(1);
    stage.expect("declined");
    assert_eq!(stage.head(), head);
}

#[test]
fn somebody_who_pushes_meanwhile_is_not_overwritten() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    let checkout = stage.forge.check_out();
    let bare = stage.forge.bare().path().to_owned();
    // Between what the bot reads and what it pushes.
    let committed = std::sync::Once::new();
    stage.forge.watch(move |_, moment, request| {
        if moment == Moment::Before && request.path.ends_with("/pulls") {
            committed.call_once(|| {
                let bare = bare.to_string_lossy();
                checkout.git(&["fetch", "--quiet", &bare, BRANCH]);
                checkout.git(&["checkout", "--quiet", "FETCH_HEAD"]);
                checkout.git(&["commit", "--quiet", "--allow-empty", "--message", "Mine"]);
                checkout.git(&["push", "--quiet", &bare, &format!("HEAD:refs/heads/{BRANCH}")]);
            });
        }
    });
    stage.expect("blocked");
    assert!(stage.forge.bare().git(&["log", "--format=%s", BRANCH]).starts_with("Mine\n"));
}

#[test]
fn two_runs_at_once_make_one_pull_request() {
    let stage = Stage::new();
    let other = stage.forge.check_out();
    let mut second = in_workflow(&stage.forge, &other);
    second.arg("bot").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let second = second.spawn().expect("it can be started");
    let first = run(in_workflow(&stage.forge, &stage.checkout).arg("bot"));
    let second = second.wait_with_output().expect("it ends");
    for output in [&first, &second] {
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), stderr(output));
    }
    assert_eq!(stage.forge.pulls().len(), 1);
    stage.expect("unchanged");
}

/// Each error of a forge is told in words that say what to do.
#[test]
fn errors_of_the_forge_are_told_in_words() {
    let post = "/repos/{owner}/{repo}/pulls";
    let cases: [(&str, &str, Answer, &str); 6] = [
        ("POST", post, refusals::no_commits("main", BRANCH), "finds no difference between `main` and"),
        ("POST", post, refusals::not_accessible(), "permissions: contents: write, pull-requests: write"),
        ("POST", post, refusals::actions_not_permitted(), "/compare/main...hotcold/import-placement"),
        ("GET", post, refusals::bad_credentials(), "give a valid one in GITHUB_TOKEN"),
        ("GET", post, refusals::too_many(3600), "asks to wait for 3600 s"),
        ("GET", post, refusals::page(200), "cannot be read"),
    ];
    for (method, path, answer, says) in cases {
        let stage = Stage::new();
        let path = path.replace("{owner}/{repo}", super::forge::REPOSITORY);
        stage.forge.fail_next(method, &path, answer);
        let said = stage.failure();
        assert!(said.contains(says), "{says}: {said}");
        assert!(!holds(said.as_bytes(), TOKEN), "{said}");
        assert!(stage.forge.unmet().is_empty(), "{:?}", stage.forge.unmet());
        stage.expect("created");
    }
}

#[test]
fn a_base_that_is_not_there_is_told() {
    let stage = Stage::new();
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "--base", "trunk"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the remote `origin` has no branch `trunk`"), "{}", stderr(&output));
    // The variable is about the workflow's own repository.
    let mut command = in_workflow(&stage.forge, &stage.checkout);
    let output = run(command.env("GITHUB_REPOSITORY", "octo/another").args(["bot", "--base", "main"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn hiccups_of_the_forge_are_waited_for() {
    let path = format!("/repos/{}/pulls", super::forge::REPOSITORY);
    for (method, answer) in [
        ("POST", refusals::unresolved_node()),
        ("POST", refusals::head_sha_blank()),
        ("POST", refusals::too_many(1)),
        ("GET", refusals::server_error()),
    ] {
        let stage = Stage::new();
        stage.forge.fail_next(method, &path, answer);
        stage.expect("created");
        assert!(stage.forge.unmet().is_empty(), "{:?}", stage.forge.unmet());
    }
    // A limit that is over at a time which the forge tells.
    let stage = Stage::new();
    let now = jiff::Timestamp::now().as_second();
    stage.forge.fail_next("GET", &path, refusals::limit_until(now + 2));
    stage.expect("created");
    assert!(jiff::Timestamp::now().as_second() >= now + 2);
    // A connection that is cut while it is read is tried again.
    let stage = Stage::new();
    stage.forge.script("GET", &path, Reaction::Cut);
    stage.expect("created");
}

#[test]
fn a_pull_request_that_exists_after_all_is_brought_up_to_date() {
    let stage = Stage::new();
    stage.expect("created");
    // As if the list had not had it yet.
    let path = format!("/repos/{}/pulls", super::forge::REPOSITORY);
    stage.forge.edit(1, "Somebody's words");
    stage.forge.fail_next("GET", &path, Answer::json(200, &serde_json::json!([])));
    let (word, _) = stage.bot(&[]);
    assert_eq!(word, "created");
    assert_eq!(stage.forge.pulls().len(), 1);
    assert!(stage.forge.pull(1).body.unwrap_or_default().starts_with("<!-- hotcold:"));
}

#[test]
fn writes_are_a_second_apart() {
    let stage = Stage::new();
    stage.expect("created");
    stage.nothing_to_do();
    stage.forge.forget();
    stage.expect("closed");
    let pause = shortest_pause(&stage.forge.writes()).expect("it writes more than once");
    assert!(pause.as_millis() >= 990, "{pause:?}");
}

/// Killed at any request of any run, before or after it is carried out, the next run finishes the job.
#[test]
fn a_run_killed_at_any_step_is_finished_by_the_next() {
    for moment in [Moment::Before, Moment::Done] {
        for step in 0.. {
            let stage = Stage::new();
            let mut command = in_workflow(&stage.forge, &stage.checkout);
            command.arg("bot").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let end = kill_at(&stage.forge, command, step, moment);
            if end == End::Over {
                assert!(step > 5, "only {step} requests were seen");
                break;
            }
            let (word, rest) = stage.bot(&[]);
            assert!(matches!(word.as_str(), "created" | "unchanged" | "updated"), "{step}: {word} {rest}");
            assert_eq!(stage.forge.pulls().len(), 1, "{step}");
            stage.expect("unchanged");
        }
    }
}

#[test]
fn a_closing_that_was_killed_is_finished_by_the_next() {
    for moment in [Moment::Before, Moment::Done] {
        for step in 0.. {
            let stage = Stage::new();
            stage.expect("created");
            stage.nothing_to_do();
            stage.forge.forget();
            let mut command = in_workflow(&stage.forge, &stage.checkout);
            command.arg("bot").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let end = kill_at(&stage.forge, command, step, moment);
            if end == End::Over {
                break;
            }
            let (word, rest) = stage.bot(&[]);
            assert!(matches!(word.as_str(), "closed" | "none"), "{step}: {word} {rest}");
            assert_eq!((stage.forge.pull(1).state, stage.head()), (State::Closed, None), "{step}");
            assert!(stage.forge.comments(1).len() <= 1, "{step}: {:?}", stage.forge.comments(1));
        }
    }
}

#[test]
fn the_token_is_nowhere() {
    let stage = Stage::new();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let own = std::sync::Arc::clone(&seen);
    stage.forge.watch(move |_, _, _| own.lock().expect("nobody panics").extend(command_lines_with(TOKEN)));
    let post = stage.checkout.home().join("post.py");
    let print = "import os\nopen(os.path.join(os.environ['HOME'], 'environment'), 'w').write(str(os.environ))\n";
    std::fs::write(&post, print).expect("a file can be written");
    let command = format!("python3 {}", post.display());
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "--verbose", "--post-command", &command]));
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(!holds(&output.stdout, TOKEN) && !holds(&output.stderr, TOKEN), "{}{}", stdout(&output), stderr(&output));
    assert!(files_with(stage.checkout.path(), TOKEN).is_empty());
    assert!(stage.checkout.home().join("environment").exists());
    assert!(files_with(stage.checkout.home(), TOKEN).is_empty());
    assert!(seen.lock().expect("nobody panics").is_empty(), "{seen:?}");
    let pull = stage.forge.pull(1);
    assert!(!holds(pull.body.unwrap_or_default().as_bytes(), TOKEN));
    assert!(!holds(stage.forge.bare().message(BRANCH).as_bytes(), TOKEN));
}

#[test]
fn a_dry_run_asks_nobody_and_changes_nothing() {
    let stage = Stage::new();
    let before = stage.checkout.condition();
    let mut command = outside_ci(&stage.checkout);
    let bare = stage.forge.bare().path().to_string_lossy().into_owned();
    stage.checkout.git(&["remote", "set-url", "origin", &bare]);
    let output = run(command.args(["bot", "--dry-run"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    for words in ["+    import pandas as pd\n", "would push one commit", "would open a pull request from"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    stage.checkout.git(&["remote", "set-url", "origin", &stage.forge.clone_url()]);
    assert_eq!(stage.checkout.condition(), before);
    assert_eq!((stage.head(), stage.forge.recorded().len()), (None, 0));
}

#[test]
fn a_formatter_may_lay_out_and_nothing_else() {
    let stage = Stage::new();
    let script = stage.checkout.home().join("post.py");
    let write = |text: &str| std::fs::write(&script, text).expect("a file can be written");
    let command = format!("python3 {}", script.display());
    write(
        "import sys\nfor path in sys.argv[1:]:\n    text = open(path).read()\n    open(path, 'w').write(text + '\\n\\n')\n",
    );
    assert_eq!(stage.bot(&["--post-command", &command]).0, "created");
    assert!(stage.forge.bare().git(&["show", &format!("{BRANCH}:orders/handler.py")]).len() > 10);
    write("import sys\nfor path in sys.argv[1:]:\n    open(path, 'a').write('import os\\n')\n");
    stage.forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "--post-command", &command]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("changed more than the layout"), "{}", stderr(&output));
    write("open('other.txt', 'w').write('x')\n");
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "--post-command", &command]));
    assert!(stderr(&output).contains("changed `other.txt`"), "{}", stderr(&output));
}

#[test]
fn a_pull_request_into_another_base_is_not_rebuilt() {
    let stage = Stage::new();
    stage.expect("created");
    stage.forge.bare().commit("develop", &[("unreleased.py", Some("X = 1\n"))], "Not released");
    let head = stage.head();
    let (word, note) = stage.bot(&["--base", "develop"]);
    assert_eq!(word, "blocked");
    assert!(note.contains("goes into `main`, not into `develop`"), "{note}");
    assert_eq!(stage.head(), head);
}

#[test]
fn what_people_do_to_the_pull_request_is_respected() {
    // Words above the marker do not undo a decline.
    let stage = Stage::new();
    stage.expect("created");
    let body = stage.forge.pull(1).body.unwrap_or_default();
    stage.forge.edit(1, &format!("JIRA-12\n\n{body}"));
    stage.forge.close(1);
    stage.expect("declined");
    // A reworded commit is somebody's.
    let stage = Stage::new();
    stage.expect("created");
    let bare = stage.forge.bare();
    let (tree, parent) = (bare.tree(BRANCH), bare.git(&["rev-parse", &format!("{BRANCH}^")]));
    let message = bare.message(BRANCH).replacen("Move imports", "feat: move imports", 1);
    let mine =
        bare.git(&["-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", &tree, "-p", &parent, "-m", &message]);
    bare.set(BRANCH, mine.trim());
    bare.commit("main", &[("README.md", Some("new\n"))], "Something else");
    stage.expect("blocked");
    assert_eq!(stage.head().as_deref(), Some(mine.trim()));
}

#[test]
fn files_that_a_hook_changes_are_not_pushed() {
    let stage = Stage::new();
    let hook = stage.checkout.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder can be made");
    let text = "#!/bin/sh\nenv > \"$HOME/hook-environment\"\necho 'import os' >> orders/handler.py\ngit add orders/handler.py\n";
    std::fs::write(&hook, text).expect("a file can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    }
    let said = stage.failure();
    assert!(said.contains("a commit hook changed the files after they were proved"), "{said}");
    assert_eq!((stage.head(), stage.forge.pulls().len()), (None, 0));
    assert!(stage.checkout.home().join("hook-environment").exists());
    assert!(files_with(stage.checkout.home(), TOKEN).is_empty(), "the hook got the token");
}

#[test]
fn a_link_on_the_base_branch_leads_nowhere() {
    let stage = Stage::new();
    let victim = tempfile::tempdir().expect("a temporary folder can be made");
    let python = "import pandas\n\n\ndef f():\n    return pandas\n";
    let heavy = "[modules.pandas]\nimport-ms = 1200\nusage-percent = 5\n";
    std::fs::write(victim.path().join("app.py"), python).expect("a file can be written");
    std::fs::write(victim.path().join("hotcold.toml"), heavy).expect("a file can be written");
    let link = stage.checkout.path().join("lib");
    #[cfg(unix)]
    std::os::unix::fs::symlink(victim.path(), &link).expect("a link can be made");
    stage.checkout.git(&["add", "lib"]);
    stage.checkout.git(&["-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--message", "A link"]);
    let bare = stage.forge.bare().path().to_string_lossy().into_owned();
    stage.checkout.git(&["push", "--quiet", &bare, "HEAD:refs/heads/main"]);
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "lib"]));
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains("leads out of the repository"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(victim.path().join("app.py")).expect("it is there"), python);
}

#[test]
fn code_that_the_bot_would_not_see_stops_it_or_is_fetched() {
    // A reader outside of a sparse checkout keeps the import where it is.
    let stage = Stage::new();
    let reader = "from orders import handler\n\nprint(handler.pd, handler.boto3)\n";
    let exporter = "from orders import export\n\nprint(export.pd)\n";
    let files =
        [("other/reader.py", Some(reader)), ("other/again.py", Some(exporter)), ("other/__init__.py", Some(""))];
    stage.forge.bare().commit("main", &files, "Readers");
    stage.checkout.pull(stage.forge.bare());
    stage.checkout.git(&["sparse-checkout", "set", "orders"]);
    stage.bot(&[]);
    let handler = stage.forge.bare().head(BRANCH).map(|_| stage.forge.bare().file(BRANCH, "orders/handler.py"));
    assert!(handler.is_none_or(|text| text.contains("\nimport pandas as pd\n")), "the reader was not seen");
    // A submodule is named.
    let stage = Stage::new();
    let bare = stage.forge.bare();
    let tip = bare.head("main").expect("it has a commit");
    stage.checkout.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{tip},vendor")]);
    stage.checkout.git(&["-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--message", "Vendor"]);
    let path = bare.path().to_string_lossy().into_owned();
    stage.checkout.git(&["push", "--quiet", &path, "HEAD:refs/heads/main"]);
    let said = stage.failure();
    assert!(said.contains("the submodule `vendor`"), "{said}");
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let stage = Stage::new();
    let path = format!("/repos/{}/pulls", super::forge::REPOSITORY);
    let moved = Answer::json(301, &serde_json::json!({})).with("location", "http://127.0.0.1:9/elsewhere");
    stage.forge.fail_next("GET", &path, moved);
    let said = stage.failure();
    assert!(said.contains("has moved to http://127.0.0.1:9/elsewhere"), "{said}");
}

#[test]
fn a_branch_in_the_way_is_told() {
    let stage = Stage::new();
    let bare = stage.forge.bare();
    bare.set("hotcold", &bare.head("main").expect("it has a commit"));
    let said = stage.failure();
    assert!(said.contains("`git push` failed") && said.contains("exists; cannot create"), "{said}");
    let output = run(in_workflow(&stage.forge, &stage.checkout).args(["bot", "--branch", "main"]));
    assert!(stderr(&output).contains("`main` is the branch to be changed"), "{}", stderr(&output));
}

#[test]
fn gitlab_has_the_same_life() {
    let forge = Forge::gitlab(Bare::worked_example());
    let checkout = forge.check_out();
    let bot = |word: &str| {
        let output = run(in_pipeline(&forge, &checkout).arg("bot"));
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        forge.assert_no_violations();
        let said = stdout(&output);
        assert!(said.lines().last().is_some_and(|line| line.starts_with(word)), "{word}: {said}");
    };
    bot("created");
    bot("unchanged");
    forge.bare().commit("main", &[("README.md", Some("new\n"))], "Something else");
    bot("updated");
    forge.close(1);
    bot("declined");
    forge.reopen(1);
    forge.bare().commit("main", &[("hotcold.toml", Some("[modules.boto3]\nimport-ms = 1\n"))], "Nothing is heavy");
    bot("closed");
    assert_eq!(forge.bare().head(BRANCH), None);
}
