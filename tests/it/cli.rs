//! The program as users run it: commands, flags, exit codes, streams.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const CONFIGURATION: &str = "[modules.pandas]\nimport-ms = 1200\nusage-percent = 5\n\
                             [modules.websocket]\nimport-ms = 220\nusage-percent = 30\n";
const COLD: &str = "import pandas\n\n\ndef report(rows):\n    return pandas.DataFrame(rows)\n";
const STUCK: &str = "import pandas\n\n\n@pandas.api.register\ndef report(rows):\n    return rows\n";
const FINE: &str = "import os\n\n\ndef report(rows):\n    return os.name\n";

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("hotcold.toml", CONFIGURATION)].iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn hotcold(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotcold"));
    command.args(arguments).current_dir(folder);
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
        command.env_remove(name);
    }
    command
}

fn with_stdin(folder: &Path, arguments: &[&str], text: &str) -> Output {
    let mut child =
        command(folder, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn check_exits_with_one_if_something_is_out_of_place() {
    let folder = project(&[("a.py", COLD)]);
    let output = hotcold(folder.path(), &["check"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("HC001 `pandas` (1200ms, 5% usage) belongs in `report`"), "{text}");
    assert!(text.contains("1 | import pandas\n"), "{text}");
    assert!(text.ends_with("Found 1 import out of place (1 fixable with `hotcold fix`).\n"), "{text}");
    assert_eq!(code(&hotcold(folder.path(), &["check", "--exit-zero"])), 0);
    assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), COLD);
}

#[test]
fn check_exits_with_zero_if_all_is_in_place() {
    let folder = project(&[("a.py", FINE)]);
    let output = hotcold(folder.path(), &["check", "."]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "All imports are in place.\n"));
    let output = hotcold(folder.path(), &["check", "-q"]);
    assert_eq!((code(&output), stdout(&output).as_str(), stderr(&output).as_str()), (0, "", ""));
}

#[test]
fn an_import_that_cannot_move_is_a_note_unless_strict() {
    let folder = project(&[("a.py", STUCK)]);
    let output = hotcold(folder.path(), &["check", "--output-format", "concise"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains(": note[used-in-decorator] `pandas`"), "{}", stdout(&output));
    assert!(stdout(&output).contains("(a.py:4:2"), "{}", stdout(&output));
    assert_eq!(code(&hotcold(folder.path(), &["check", "--strict"])), 1);
}

#[test]
fn fix_rewrites_and_a_second_run_has_nothing_to_do() {
    let folder = project(&[("app/a.py", COLD)]);
    assert_eq!(code(&hotcold(folder.path(), &["fix", "app"])), 0);
    let fixed = fs::read_to_string(folder.path().join("app/a.py")).unwrap();
    assert_ne!(fixed, COLD);
    let output = hotcold(folder.path(), &["fix", "--exit-non-zero-on-fix"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "Nothing to change.\n"));
    assert_eq!(fs::read_to_string(folder.path().join("app/a.py")).unwrap(), fixed);
    fs::write(folder.path().join("app/a.py"), COLD).unwrap();
    assert_eq!(code(&hotcold(folder.path(), &["fix", "--exit-non-zero-on-fix"])), 1);
}

#[test]
fn the_diff_is_what_fix_does_and_git_applies_it_from_any_folder() {
    let folder = project(&[("app/a.py", COLD), ("app/with blank.py", COLD)]);
    assert!(Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status().unwrap().success());
    let output = hotcold(&folder.path().join("app"), &["diff"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).starts_with("--- a/app/a.py\n+++ b/app/a.py\n@@ "), "{}", stdout(&output));
    assert_eq!(stderr(&output), "Would move 2 imports in 2 files.\n");
    assert_eq!(fs::read_to_string(folder.path().join("app/a.py")).unwrap(), COLD);

    let mut git =
        Command::new("git").args(["apply", "-"]).current_dir(folder.path()).stdin(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(&output.stdout).unwrap();
    assert!(git.wait().unwrap().success());
    let applied = fs::read_to_string(folder.path().join("app/a.py")).unwrap();
    fs::write(folder.path().join("app/a.py"), COLD).unwrap();
    hotcold(folder.path(), &["fix"]);
    assert_eq!(fs::read_to_string(folder.path().join("app/a.py")).unwrap(), applied);
    let output = hotcold(folder.path(), &["diff"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let folder = project(&[("app/a.py", FINE)]);
    let fixed = with_stdin(folder.path(), &["fix", "-", "--stdin-filename", "app/a.py"], COLD);
    assert_eq!(code(&fixed), 0, "{}", stderr(&fixed));
    assert!(stdout(&fixed).contains("    import pandas\n"), "{}", stdout(&fixed));
    assert_eq!(fs::read_to_string(folder.path().join("app/a.py")).unwrap(), FINE);
    assert_eq!(stdout(&with_stdin(folder.path(), &["fix", "-"], COLD)), stdout(&fixed));
    assert_eq!(stdout(&with_stdin(folder.path(), &["fix", "-"], FINE)), FINE);
    let diff = with_stdin(folder.path(), &["diff", "-", "--stdin-filename", "app/new.py"], COLD);
    assert!(stdout(&diff).starts_with("--- a/app/new.py\n"), "{}", stdout(&diff));
    assert_eq!(code(&with_stdin(folder.path(), &["check", "-"], COLD)), 1);
}

#[test]
fn a_configuration_above_a_repository_does_not_widen_the_project() {
    let reader = "from repo import a\n\nprint(a.pandas)\n";
    let folder = project(&[("repo/a.py", COLD), ("other.py", reader)]);
    let repository = folder.path().join("repo");
    let check = |arguments: &[&str]| code(&hotcold(&repository, arguments));
    assert_eq!(check(&["check"]), 0, "another file reads the name");
    fs::create_dir_all(repository.join(".git")).unwrap();
    for arguments in [&["check"][..], &["check", "--config", "../hotcold.toml"]] {
        assert_eq!(check(arguments), 1, "that file is of another project: {arguments:?}");
    }
}

#[test]
fn a_file_that_names_no_module_is_read_again_when_another_does() {
    let (files, reader) = (("z.py", COLD), ("a.py", "import z\n\nprint(vars(z))\n"));
    for jobs in ["1", "2"] {
        let check = |files: &[(&str, &str)]| code(&hotcold(project(files).path(), &["check", "-j", jobs]));
        assert_eq!(check(&[files]), 1, "the import moves");
        assert_eq!(check(&[reader, files]), 0, "somebody reads all names of the file");
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    let folder = project(&[("a.py", FINE)]);
    for arguments in [
        &["chek"][..],
        &[],
        &["check", "--no-such-flag"],
        &["check", "-", "a.py"],
        &["check", "--stdin-filename", "a.py"],
        &["check", "--target-version", "py27"],
        &["check", "--only", "a..b"],
        &["check", "--exclude", "a["],
        &["check", "-j", "0"],
        &["check", "--config", "nope.toml"],
        &["explain", "no-such-code"],
        &["explain", "HC999"],
    ] {
        let output = hotcold(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert_ne!(stderr(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_wrong_configuration_is_shown_with_its_place() {
    let folder = project(&[("a.py", COLD), ("hotcold.toml", "[modules.pandas]\nimport-mss = 1\n")]);
    let output = hotcold(folder.path(), &["fix"]);
    assert_eq!(code(&output), 2);
    let expected = "error: hotcold.toml:2:1: unknown key `import-mss` in `[modules.pandas]`\n  |\n2 | import-mss = 1\n";
    assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
    assert!(stderr(&output).ends_with("= help: did you mean `import-ms`?\n"), "{}", stderr(&output));
}

#[test]
fn without_a_configured_module_check_says_so_and_succeeds() {
    let folder = project(&[("a.py", COLD), ("hotcold.toml", "")]);
    let output = hotcold(folder.path(), &["check"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    assert!(stderr(&output).starts_with("warning: no module is configured"), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1);
}

#[test]
fn what_cannot_be_read_is_a_problem_and_the_rest_is_fixed() {
    let folder = project(&[("a.py", COLD), ("b.py", "x = '\0'\n"), ("bad.py", "import pandas\ndef f(:\n")]);
    fs::write(folder.path().join("c.py"), b"x = '\xe9'\n").unwrap();
    let output = hotcold(folder.path(), &["fix", ".", "nope.py"]);
    assert_eq!(code(&output), 2);
    let errors = stderr(&output);
    for expected in [
        "error[nul-byte]: b.py:1:6: ",
        "error[encoding]: c.py:1:6: ",
        "error[io]: nope.py: no such file or folder",
        ": bad.py:2:",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    assert_ne!(fs::read_to_string(folder.path().join("a.py")).unwrap(), COLD);
    assert_eq!(fs::read(folder.path().join("c.py")).unwrap(), b"x = '\xe9'\n");
}

/// Whether it could be read does not matter to any import.
#[test]
fn a_fault_in_a_file_that_cannot_matter_is_not_told() {
    let folder = project(&[("a.py", COLD), ("bad.py", "def f(:\n")]);
    let output = hotcold(folder.path(), &["fix"]);
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    assert_ne!(fs::read_to_string(folder.path().join("a.py")).unwrap(), COLD);
}

#[test]
fn files_that_are_too_large_are_refused_by_name() {
    let folder = project(&[]);
    fs::write(folder.path().join("big.py"), "#".repeat(33 * 1024 * 1024)).unwrap();
    let output = hotcold(folder.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("error[too-large]: big.py: is larger than 32 MiB"), "{}", stderr(&output));
}

#[test]
fn generated_files_and_stubs_are_only_read() {
    let generated = format!("# Generated by protoc. DO NOT EDIT!\n{COLD}");
    let folder = project(&[("gen.py", &generated), ("a.pyi", "import pandas\n")]);
    let output = hotcold(folder.path(), &["fix", "-v"]);
    assert_eq!(code(&output), 0);
    assert_eq!(stderr(&output), "read only: a.pyi (stub)\nread only: gen.py (generated file)\n");
    assert_eq!(fs::read_to_string(folder.path().join("gen.py")).unwrap(), generated);
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_leaves_the_file_and_no_rubbish() {
    let folder = project(&[("a.py", COLD)]);
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" fix";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_hotcold")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("error[io]: a.py: cannot be written, and is left as it is"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), COLD);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let files: Vec<(String, &str)> = (0..2000).map(|number| (format!("m{number}.py"), COLD)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let folder = project(&files);
    let mut child = command(folder.path(), &["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (1, ""));
}

#[test]
fn colours_follow_the_flag_then_the_environment() {
    let folder = project(&[("a.py", COLD)]);
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(folder.path(), arguments);
        command.envs(variables.iter().copied());
        command.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(!is_coloured(&["check"], &[]));
    assert!(is_coloured(&["check"], &[("FORCE_COLOR", "1")]));
    assert!(is_coloured(&["check"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&["check"], &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]));
    assert!(is_coloured(&["check", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color", "never", "diff"], &[("FORCE_COLOR", "1")]));
}

#[test]
fn machine_formats_are_well_formed_also_when_nothing_was_found() {
    let faulty = "import pandas\ndef f(:\n";
    let folders = [project(&[("a.py", COLD), ("b.py", STUCK), ("c.py", faulty)]), project(&[("a.py", FINE)])];
    for folder in &folders {
        for format in ["json", "gitlab", "sarif"] {
            let output = hotcold(folder.path(), &["check", "--output-format", format]);
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        }
        let lines = stdout(&hotcold(folder.path(), &["check", "--output-format", "json-lines"]));
        for line in lines.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
    let output = hotcold(folders[0].path(), &["check", "--output-format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["findings"][0]["code"], "HC001");
    assert_eq!(report["findings"][0]["verdict"]["costs"]["per-request"]["function"], 600_000.0);
    assert_eq!(report["refusals"][0]["code"], "used-in-decorator");
    assert_eq!(report["problems"][0]["path"], "c.py");
    assert_eq!(report["statistics"]["cold-moved"], 1);

    let github = stdout(&hotcold(folders[0].path(), &["check", "--output-format", "github"]));
    let expected = "::error title=hotcold (HC001),file=a.py,line=1,col=";
    assert!(github.starts_with(expected), "{github}");
    assert!(github.contains("(1200ms, 5%25 usage)"), "{github}");
}

#[test]
fn explain_shows_the_arithmetic_under_both_cost_models() {
    let folder = project(&[]);
    let output = hotcold(folder.path(), &["explain", "websocket.client"]);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    for expected in [
        "websocket.client: module level (hot path by cost)\n  covered by `websocket`\n",
        "220 ms   hotcold.toml:5\n",
        "module    220 * 10000 * 10% = 220000\n",
        "function  220 * 30% * 10000 = 660000\n",
        "module level is cheaper, 3x\n",
        "+ 0.5 * 30% * 10000 = 215285.5\n",
        "break-even: module level is cheaper above 37.8 % usage\n",
        "The cost models disagree: per-request says module, per-container says function.",
        "Its comment: # 220ms but 30% usage - HOT PATH EXCEPTION\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let unknown = hotcold(folder.path(), &["explain", "google.cloud"]);
    assert!(stdout(&unknown).contains("    [modules.\"google.cloud\"]\n"), "{}", stdout(&unknown));
    for code_name in ["HC001", "hot-import", "hc003", "used-in-decorator"] {
        assert_eq!(code(&hotcold(folder.path(), &["explain", code_name])), 0, "{code_name}");
    }
}

#[test]
fn only_the_named_modules_are_looked_at() {
    let folder = project(&[("a.py", COLD)]);
    assert_eq!(code(&hotcold(folder.path(), &["check", "--only", "websocket"])), 0);
    assert_eq!(code(&hotcold(folder.path(), &["check", "--only", "pandas", "--only", "websocket"])), 1);
    let output = hotcold(folder.path(), &["check", "--only", "pandass"]);
    assert_eq!(stderr(&output), "warning: `pandass` (--only) is not a configured module\n");
}

const REPORTS: &str = "import pandas\n\nROWS = pandas.DataFrame()\n\n\ndef monthly():\n    return ROWS\n";
const HANDLER: &str = "from app import reports\n\n\ndef handler(event):\n    return reports.monthly()\n";
const UNMEASURED: &str = "entries = [\"app.handler\"]\n[modules.pandas]\nimport-ms = 1200\nusage-percent = 5\n\
                          [modules.\"app.reports\"]\nusage-percent = 5\n";

#[test]
fn the_section_on_start_up_is_part_of_the_full_form_only() {
    let folder = project(&[("app/handler.py", HANDLER), ("app/reports.py", REPORTS), ("hotcold.toml", UNMEASURED)]);
    let text = |arguments: &[&str]| stdout(&hotcold(folder.path(), arguments));
    let full = text(&["check"]);
    let section = "\nImport time at start\n  app.handler: 1200ms -> 0ms (-1200ms)\n";
    assert!(full.contains(section), "{full}");
    assert!(full.ends_with("cannot move).\n"), "{full}");
    for arguments in [&["check", "-q"][..], &["check", "--output-format", "concise"], &["fix", "-q"]] {
        assert!(!text(arguments).contains("Import time"), "{arguments:?}");
    }
    let report: serde_json::Value = serde_json::from_str(&text(&["check", "--output-format", "json"])).unwrap();
    assert!(report["startup"]["entries"].is_array(), "{report}");
}

#[test]
fn a_plan_is_printed_also_when_quiet() {
    let configuration = UNMEASURED.split("[modules.\"app.reports\"]").next().unwrap();
    let folder = project(&[("app/handler.py", HANDLER), ("app/reports.py", REPORTS), ("hotcold.toml", configuration)]);
    let text = stdout(&hotcold(folder.path(), &["check", "-q", "--plan"]));
    assert!(!text.contains("Import time at start"), "{text}");
    let plan =
        "To take `pandas` (1200ms) off the start of app.handler, move\n  app/handler.py:1  from app import reports\n";
    assert!(text.contains(plan), "{text}");
    assert!(text.contains("\n  [modules.\"app.reports\"]\n  pin = \"function\"\n"), "{text}");
}

#[test]
fn a_module_of_the_project_is_explained_by_what_it_loads() {
    let folder = project(&[("app/handler.py", HANDLER), ("app/reports.py", REPORTS), ("hotcold.toml", UNMEASURED)]);
    let text = stdout(&hotcold(folder.path(), &["explain", "app.reports"]));
    assert!(text.starts_with("app.reports: the functions that use it (heavy and cold)\n"), "{text}");
    assert!(text.contains("  import time          1200 ms   derived from what it loads: `pandas`\n"), "{text}");
    let found = stdout(&hotcold(folder.path(), &["check", "--output-format", "concise"]));
    let finding =
        "app/handler.py:1:1: HC001 `app.reports` (1200ms derived from what it loads, 5% usage) belongs in `handler`\n";
    assert!(found.contains(finding), "{found}");
}

#[test]
fn a_cycle_is_shown_with_the_imports_that_make_it() {
    let configuration = "[modules.\"app.rates\"]\nimport-ms = 350\nusage-percent = 90\n";
    let files = [
        ("app/rates.py", "import os\n\nfrom app.tables import *\n\nRATE = os.sep\n"),
        ("app/tables.py", "from app import prices\n\nBASE = prices.BASE\n"),
        ("app/prices.py", "BASE = 1\n\n\ndef price():\n    from app import rates\n\n    return rates.RATE * 2\n"),
        ("hotcold.toml", configuration),
    ];
    let text = stdout(&hotcold(project(&files).path(), &["check"]));
    let places = "  --> app/prices.py:5:5: imports `app.rates`, and so closes the cycle\n  \
                  --> app/rates.py:3:1: imports `app.tables`\n  --> app/tables.py:1:1: imports `app.prices`\n";
    assert!(text.contains(places), "{text}");
}

/// Errors show lines of a configuration at fault; no configuration makes them show those of another kind of file.
#[test]
fn a_configuration_cannot_have_secrets_shown() {
    for key in ["extend", "evidence"] {
        let configuration = format!("{key} = \"credentials\"\n");
        let folder = project(&[("hotcold.toml", &configuration), ("credentials", "aws_key = AKIA123\n"), ("a.py", "")]);
        let output = hotcold(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.contains("names `credentials`, which is no `.toml` file") && !said.contains("AKIA"), "{said}");
    }
}
