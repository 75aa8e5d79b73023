//! `hotcold measure --entry MODULE --against REV`: a start at a git revision and in the working tree, from a repository
//! that stays as it is.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::{hotcold, python, run, stderr, stdout};

const EAGER: &str = "import slow\n\n\ndef main(event):\n    return slow.__name__\n";
const LATE: &str = "def main(event):\n    import slow\n\n    return slow.__name__\n";
const SLOW: &str = "import time\n\ntime.sleep(0.08)\n";
const CONFIGURATION: &str = "entries = ['app.handler']\n\n[modules.slow]\nimport-ms = 80\nusage-percent = 1\n";

struct Repository {
    folder: TempDir,
}

impl Repository {
    /// A repository whose only commit has these files.
    fn new(files: &[(&str, &str)]) -> Repository {
        let repository = Repository { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        fs::create_dir(repository.top()).expect("a folder can be made");
        fs::create_dir(repository.temporary()).expect("a folder can be made");
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit(files);
        repository
    }

    fn top(&self) -> std::path::PathBuf {
        self.folder.path().join("repository")
    }

    /// Where temporary files go.
    fn temporary(&self) -> std::path::PathBuf {
        self.folder.path().join("temporary")
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.top().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
    }

    fn commit(&self, files: &[(&str, &str)]) {
        self.write(files);
        self.git(&["add", "--all"]);
        let author = ["-c", "user.name=Author", "-c", "user.email=author@example.org"];
        self.git(&[&author[..], &["commit", "--quiet", "--allow-empty", "--message", "A change"]].concat());
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = run(Command::new("git").arg("--no-optional-locks").arg("-C").arg(self.top()).args(arguments));
        assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    fn measure(&self, entry: &str, revision: &str, change: impl FnOnce(&mut Command)) -> Output {
        let interpreter = run(python().args(["-c", "import sys; print(sys.executable)"]));
        let mut command = hotcold(&self.top());
        command.args(["measure", "--entry", entry, "--runs", "5", &format!("--against={revision}")]);
        command.args(["--python", stdout(&interpreter).trim()]);
        command.env_remove("VIRTUAL_ENV").env_remove("PYTHONPATH").env("TMPDIR", self.temporary());
        change(&mut command);
        run(&mut command)
    }

    #[track_caller]
    fn fails(&self, entry: &str, revision: &str, words: &str) {
        let output = self.measure(entry, revision, |_| {});
        assert!(stderr(&output).contains(words), "{words}:\n{}{}", stdout(&output), stderr(&output));
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
        self.left_nothing();
    }

    #[track_caller]
    fn left_nothing(&self) {
        let left: Vec<_> = fs::read_dir(self.temporary()).expect("it is there").collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Everything that git knows of the state of the repository, and every file of it.
    fn state(&self) -> Vec<(String, Vec<u8>)> {
        let mut state: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(self.top())
            .sort_by_file_name()
            .into_iter()
            .map(|entry| entry.expect("the folder can be read"))
            .map(|entry| {
                let bytes =
                    if entry.file_type().is_file() { fs::read(entry.path()).expect("it is read") } else { Vec::new() };
                (entry.path().display().to_string(), bytes)
            })
            .collect();
        for command in [&["status", "--porcelain", "--ignored"][..], &["worktree", "list"], &["ls-files", "--stage"]] {
            state.push((command.join(" "), self.git(command).into_bytes()));
        }
        state
    }
}

/// The numbers of the row that begins with `name`, in milliseconds.
fn row(text: &str, name: &str) -> Vec<f64> {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no row {name}:\n{text}"));
    line[name.len()..].split("ms").filter_map(|part| part.trim().rsplit(' ').next()?.parse().ok()).collect()
}

fn moved() -> Repository {
    let repository = Repository::new(&[
        ("hotcold.toml", CONFIGURATION),
        ("app/__init__.py", ""),
        ("app/handler.py", EAGER),
        ("slow.py", SLOW),
    ]);
    repository.write(&[("app/handler.py", LATE)]);
    repository
}

#[test]
fn a_start_without_its_slow_import_is_measured_and_predicted() {
    let repository = moved();
    // Something is staged, something is not, something is not tracked.
    repository.write(&[("staged.py", "x = 1\n")]);
    repository.git(&["add", "staged.py"]);
    repository.write(&[("staged.py", "x = 2\n"), ("untracked.py", "")]);
    let before = repository.state();
    let output = repository.measure("app.handler", "HEAD", |_| {});
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    let hash = repository.git(&["rev-parse", "HEAD"]);
    let old = row(&text, &format!("HEAD ({})", &hash[..10]));
    let [old_ms, _, old_predicted] = old[..] else { panic!("{text}") };
    let [new_ms, _, new_predicted] = row(&text, "working tree")[..] else { panic!("{text}") };
    assert!((80.0..400.0).contains(&old_ms), "{text}");
    assert!(new_ms < 40.0, "{text}");
    assert_eq!((old_predicted, new_predicted), (80.0, 0.0), "{text}");
    let [saved, predicted] = row(&text, "saved")[..] else { panic!("{text}") };
    assert!((saved - predicted).abs() < 60.0 && predicted == 80.0, "{text}");
    let ratio = text.lines().find_map(|line| line.strip_prefix("ratio ")).expect("a ratio is printed");
    let ratio: f64 = ratio.split(' ').next().and_then(|ratio| ratio.parse().ok()).expect("a number");
    assert!(ratio < 0.5, "{text}");
    assert!(!text.contains("note:"), "{text}");

    let after = repository.state();
    let changed: Vec<_> = before.iter().filter(|entry| !after.contains(entry)).map(|(name, _)| name).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{changed:?}");
    repository.left_nothing();
}

#[test]
fn no_hook_runs_and_no_file_of_the_revision_is_dropped() {
    let repository = moved();
    repository.commit(&[(".gitattributes", "slow.py export-ignore\n"), ("app/handler.py", EAGER)]);
    repository.write(&[("app/handler.py", LATE)]);
    let hook = repository.top().join(".git/hooks/post-index-change");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder can be made");
    fs::write(&hook, "#!/bin/sh\ntouch \"$(git rev-parse --show-toplevel)/ran\"\n").expect("a hook can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    }
    repository.git(&["config", "core.splitIndex", "true"]);
    repository.git(&["config", "core.sparseCheckout", "true"]);
    fs::write(repository.top().join(".git/info/sparse-checkout"), "/app/\n").expect("it can be written");
    let before = repository.git(&["ls-files", "--stage", "--debug"]);
    let output = repository.measure("app.handler", "HEAD", |_| {});
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(row(&stdout(&output), "saved")[0] > 40.0, "{}", stdout(&output));
    assert!(!repository.top().join("ran").exists(), "the hook ran");
    assert_eq!(before, repository.git(&["ls-files", "--stage", "--debug"]));
}

#[test]
fn without_evidence_the_way_to_get_it_is_told() {
    let repository = moved();
    repository.write(&[("hotcold.toml", "")]);
    let output = repository.measure("app.handler", "main", |_| {});
    let text = stdout(&output);
    assert!(text.contains("nothing is known of the modules that the start loads: `hotcold measure`"), "{text}");
    assert!(row(&text, "saved")[0] > 40.0, "{text}");
}

#[test]
fn an_entry_that_the_configuration_leaves_out_is_measured_and_not_predicted() {
    let repository = moved();
    repository.write(&[("hotcold.toml", &format!("exclude = ['app']\n{CONFIGURATION}"))]);
    let text = stdout(&repository.measure("app.handler", "HEAD", |_| {}));
    assert!(text.contains("nothing is predicted: `app.handler` is left out by the configuration"), "{text}");
}

#[test]
fn a_project_in_a_folder_of_the_repository_is_that_folder_at_the_revision() {
    let repository = Repository::new(&[
        ("service/hotcold.toml", CONFIGURATION),
        ("service/src/app/__init__.py", ""),
        ("service/src/app/handler.py", EAGER),
        ("service/src/slow.py", SLOW),
    ]);
    repository.write(&[("service/src/app/handler.py", LATE)]);
    let service = repository.top().join("service");
    let output = repository.measure("app.handler", "HEAD", |command| {
        command.current_dir(&service);
    });
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!((row(&text, "saved")[0] - 80.0).abs() < 60.0 && row(&text, "saved")[1] == 80.0, "{text}");

    repository.write(&[("later/hotcold.toml", ""), ("later/app.py", "")]);
    let later = repository.top().join("later");
    let output = repository.measure("app", "HEAD", |command| {
        command.current_dir(&later);
    });
    assert!(stderr(&output).contains("there is no folder `later` at HEAD ("), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_python_named_by_its_path_from_here_is_that_one_for_both() {
    let repository = moved();
    let interpreter = stdout(&run(python().args(["-c", "import sys; print(sys.executable)"])));
    let service = repository.top().join("service");
    repository.commit(&[("service/app.py", "")]);
    fs::create_dir(service.join("bin")).expect("a folder can be made");
    std::os::unix::fs::symlink(interpreter.trim(), service.join("bin/python")).expect("a link can be made");
    let arguments = ["measure", "--entry", "app.handler", "--against", "HEAD", "--python", "bin/python", "--runs", "5"];
    let output = run(hotcold(&service).args(arguments).env("TMPDIR", repository.temporary()));
    assert!(output.status.success(), "{}", stderr(&output));
    repository.left_nothing();
}

#[test]
fn what_is_no_revision_is_refused() {
    let repository = moved();
    repository.fails("app.handler", "no-such-branch", "`no-such-branch` is no commit of the repository");
    repository.fails("app.handler", "--output=x", "`--output=x` is no commit of the repository");
    repository.fails("app.handler", "--all", "`--all` is no commit of the repository");
    repository.fails("app.handler", "", "`` is no commit of the repository");
    repository.fails("app.handler", "HEAD..HEAD", "`HEAD..HEAD` is no commit of the repository");
    repository.fails("app.handler", "HEAD:app", "`HEAD:app` is no commit of the repository");
    assert!(!repository.top().join("x").exists());
}

#[test]
fn the_side_that_fails_is_named() {
    let repository = moved();
    repository.write(&[("app/new.py", ""), ("app/broken.py", "import no_such_module\n")]);
    repository.fails("app.new", "HEAD", "HEAD (");
    repository.fails("app.new", "HEAD", "): `app.new` is not there");
    repository.fails("nothing", "HEAD", "): `nothing` is not there");
    repository.git(&["rm", "--quiet", "--force", "app/handler.py"]);
    repository.fails("app.handler", "HEAD", "the working tree: `app.handler` is not there");
    repository.commit(&[]);
    let words = "): `app.broken` cannot be imported: ModuleNotFoundError: No module named 'no_such_module'";
    repository.fails("app.broken", "HEAD", words);
}

#[test]
fn a_folder_in_no_repository_and_a_missing_git_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("app.py"), "").expect("a file can be written");
    let measure = |path: Option<&Path>| {
        let mut command = hotcold(folder.path());
        command.args(["measure", "--entry", "app", "--against", "HEAD"]).env("GIT_CEILING_DIRECTORIES", folder.path());
        path.map(|path| command.env("PATH", path));
        run(&mut command)
    };
    let output = measure(None);
    assert!(stderr(&output).contains("lies in no git repository with a working tree"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
    let output = measure(Some(folder.path()));
    assert!(stderr(&output).contains("`git` is not installed, or not on PATH"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_path_that_leads_to_the_working_tree_is_found_out() {
    let repository = Repository::new(&[("hotcold.toml", ""), ("app.py", "import slow\n"), ("lib/slow.py", SLOW)]);
    let lib = repository.top().join("lib");
    let output = repository.measure("app", "HEAD", |command| {
        command.env("PYTHONPATH", &lib);
    });
    let text = stderr(&output);
    assert!(
        text.contains("`slow` is loaded from ") && text.contains("lib/slow.py, which is not of that tree"),
        "{text}"
    );
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    let output = repository.measure("slow", "HEAD", |command| {
        command.env("PYTHONPATH", &lib);
    });
    assert!(stderr(&output).contains("`slow` is loaded from "), "{}", stderr(&output));
    let output = repository.measure("json", "HEAD", |_| {});
    assert!(stderr(&output).contains("`json` is loaded from "), "{}", stderr(&output));
    repository.left_nothing();
}

/// Python writes byte code beside the file that a link leads to, if nobody stops it.
#[cfg(unix)]
#[test]
fn nothing_is_written_through_the_links_of_a_revision() {
    let repository = Repository::new(&[("hotcold.toml", ""), ("app.py", "import package.module\n")]);
    let outside = repository.folder.path().join("outside");
    fs::create_dir(&outside).expect("a folder can be made");
    fs::write(outside.join("module.py"), "").expect("a file can be written");
    std::os::unix::fs::symlink(&outside, repository.top().join("package")).expect("a link can be made");
    repository.commit(&[]);
    let output = repository.measure("app", "HEAD", |_| {});
    assert!(output.status.success(), "{}", stderr(&output));
    let files: Vec<_> = fs::read_dir(&outside).expect("it is there").collect();
    assert_eq!(files.len(), 1, "{files:?}");
    repository.left_nothing();
}

#[test]
fn the_files_of_submodules_are_told_to_be_missing() {
    let inner = Repository::new(&[("part.py", "")]);
    let repository = moved();
    let url = inner.top().display().to_string();
    repository.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "vendor/part"]);
    repository.commit(&[("app/handler.py", EAGER)]);
    let text = stdout(&repository.measure("app.handler", "HEAD", |_| {}));
    assert!(text.contains("note: the files of submodules are missing at HEAD ("), "{text}");
    assert!(text.contains("): `vendor/part`"), "{text}");
}
