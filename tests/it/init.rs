//! `hotcold init`: a configuration that the loader takes, from what a project says of itself; never over another one.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::{hotcold, python, run, stderr, stdout};

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    write(folder.path(), files);
    folder
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
}

fn init(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = hotcold(folder);
    command.arg("init").args(arguments).env_remove("VIRTUAL_ENV").env_remove("PYTHONPATH");
    run(&mut command)
}

fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("hotcold.toml")).expect("a configuration was written")
}

/// Writes the configuration twice, each time anew, has it read, and gives its text and what was said.
#[track_caller]
fn written(folder: &Path) -> (String, String) {
    let output = init(folder, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let text = read(folder);
    let check = run(hotcold(folder).arg("check"));
    assert_eq!(check.status.code(), Some(0), "{}\n{text}", stderr(&check));
    fs::remove_file(folder.join("hotcold.toml")).expect("it is there");
    assert!(init(folder, &[]).status.success());
    assert_eq!(text, read(folder));
    (text, stdout(&output))
}

/// The lines that say something to the program.
fn settings(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn an_empty_folder_gets_a_configuration_that_says_nothing() {
    let folder = project(&[]);
    let (text, said) = written(folder.path());
    assert_eq!(settings(&text), ["[policy]"]);
    assert!(
        said.contains("no Python files were found here")
            && said.ends_with("next: hotcold measure   (once there is code)\n"),
        "{said}"
    );
    let files: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn entries_are_those_that_the_packaging_names_and_modules_those_from_outside() {
    let folder = project(&[
        ("pyproject.toml", "[project]\nrequires-python = '>=3.10'\n[project.scripts]\napp = 'app.cli:main'\n"),
        ("src/app/__init__.py", ""),
        (
            "src/app/cli.py",
            "import json\nimport boto3\nimport google.cloud.bigquery\nfrom app import db\nfrom . import db\n",
        ),
        ("src/app/db.py", "def connect():\n    from psycopg.rows import dict_row\n"),
        ("src/app/unused.py", ""),
        ("tests/test_app.py", "import pytest\nimport app\n"),
        ("setup.py", "import setuptools\n"),
    ]);
    let (text, said) = written(folder.path());
    let expected = [
        "entries = [\"app.cli\"]",
        "[policy]",
        "[modules.boto3]",
        "[modules.\"google.cloud.bigquery\"]",
        "[modules.\"psycopg.rows\"]",
    ];
    assert_eq!(settings(&text), expected);
    assert!(text.contains("\n# target-version = \"py310\"\n"), "{text}");
    assert!(said.contains("entries: `app.cli`\n"), "{said}");
    assert!(said.contains("not measured yet: `boto3`, `google.cloud.bigquery`, `psycopg.rows`\n"), "{said}");
}

#[test]
fn entries_are_the_handlers_that_templates_name_and_the_project_has() {
    let sam = "Resources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n      Role: !GetAtt R.Arn\n      \
               CodeUri: service/\n      Handler: app.handler.main\n  B:\n    Properties: {Handler: index.handler}\n";
    let serverless = "functions:\n  late:\n    handler: other/late.main\n    environment: ${self:custom.env}\n";
    let folder = project(&[
        ("template.yaml", sam),
        ("serverless.yml", serverless),
        ("service/app/__init__.py", ""),
        ("service/app/handler.py", ""),
        ("other/late.py", ""),
        ("scripts/once.py", ""),
    ]);
    let (text, _) = written(folder.path());
    assert_eq!(settings(&text)[0], "entries = [\"other.late\", \"app.handler\"]");
    // They are modules of the project to the program as well.
    write(folder.path(), &[("hotcold-evidence.toml", "[modules.json]\nimport-ms = 3\n")]);
    let check = run(hotcold(folder.path()).arg("check"));
    assert_eq!(stderr(&check), "");
}

#[test]
fn without_them_what_nobody_imports_is_a_guess_behind_a_hash() {
    let folder = project(&[("app.py", "import helper\n"), ("helper.py", ""), ("test_app.py", "import app\n")]);
    let (text, said) = written(folder.path());
    assert_eq!(settings(&text), ["[policy]"]);
    assert!(text.contains("\n# A guess: nobody imports these. Keep those that are started.\n# entries = "), "{text}");
    assert!(said.contains("as a guess, what nobody imports: "), "{said}");
}

#[test]
fn a_configuration_that_is_there_stays_as_it_is() {
    for (name, text) in [("hotcold.toml", "exclude = ['a']\n"), (".hotcold.toml", ""), ("hotcold.toml", "no toml [")] {
        let folder = project(&[(name, text), ("app.py", "import boto3\n")]);
        let output = init(folder.path(), &[]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
        assert!(
            stderr(&output).contains(&format!("{name} is there already and stays as it is")),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read_to_string(folder.path().join(name)).expect("it is there"), text);
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 2);
    }
}

#[test]
fn a_table_in_pyproject_is_a_configuration_too() {
    let folder = project(&[("pyproject.toml", "[tool.hotcold.policy]\nheavy-ms = 50\n"), ("app.py", "")]);
    let output = init(folder.path(), &["--measure"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("pyproject.toml has [tool.hotcold] already"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 2);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let folder = project(&[("project/app.py", ""), ("outside/there", "")]);
    let target = folder.path().join("outside/hotcold.toml");
    std::os::unix::fs::symlink(&target, folder.path().join("project/hotcold.toml")).expect("a link can be made");
    let output = init(&folder.path().join("project"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("hotcold.toml is there already"), "{}", stderr(&output));
    assert!(!target.exists());
}

#[test]
fn a_folder_of_a_project_with_a_configuration_gets_its_own() {
    let folder =
        project(&[("hotcold.toml", ""), ("other.py", "import boto3\n"), ("service/app.py", "import requests\n")]);
    let (text, said) = written(&folder.path().join("service"));
    assert_eq!(settings(&text), ["[policy]", "[modules.requests]"]);
    assert!(text.contains("# entries = [\"app\"]"), "{text}");
    assert!(said.contains("hotcold.toml says no longer holds in this folder"), "{said}");
}

/// Names of files that would be something else in TOML, or in a comment.
#[cfg(unix)]
#[test]
fn names_of_files_break_nothing() {
    let sam = "Resources:\n  A:\n    Properties:\n      Handler: \"x\\n[policy]\\nheavy-ms = 1.main\"\n";
    let folder = project(&[
        ("a\nheavy-ms = 1\n.py", "import boto3\n"),
        ("\"quoted\".py", ""),
        ("x]y.py", ""),
        ("with space.py", ""),
        ("1st.py", ""),
        ("dashed-name.py", ""),
        ("größe.py", "import größe_lib\nimport a·b\n"),
        ("folder\n[modules.wave]\nimport-ms = 500\n/template.yaml", sam),
        ("folder\n[modules.wave]\nimport-ms = 500\n/main.py", "import requests\n"),
        ("x\n[policy]\nheavy-ms = 1.py", ""),
    ]);
    let (text, said) = written(folder.path());
    assert_eq!(settings(&text), ["[policy]", "[modules.boto3]", "[modules.\"größe_lib\"]", "[modules.requests]"]);
    assert!(text.contains("\n# entries = [\"größe\"]\n"), "{text}");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn what_is_measured_to_be_heavy_is_written_and_judged() {
    let folder = project(&[
        ("hotcold-evidence.toml", "[modules.other]\nimport-ms = 300\nusage-percent = 3\n"),
        (
            "app.py",
            "import heavy\nimport light\nimport json\nimport absent.one\nimport absent.two\n\n\ndef main():\n    return heavy.x, light.x\n",
        ),
        ("site/heavy.py", "import time\ntime.sleep(0.15)\nx = 1\n"),
        ("site/light.py", "x = 1\n"),
        (".gitignore", "site\n"),
    ]);
    let interpreter = stdout(&run(python().args(["-c", "import sys; print(sys.executable)"])));
    let mut command = hotcold(folder.path());
    command.args(["init", "--measure", "--python", interpreter.trim()]);
    let output = run(command.env_remove("VIRTUAL_ENV").env("PYTHONPATH", folder.path().join("site")));
    let said = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(settings(&read(folder.path())), ["[policy]", "[modules.heavy]"]);
    assert!(said.contains("that take less than 10.0ms\n"), "{said}");
    assert!(said.contains("note: `absent.one`, `absent.two` were not measured: cannot be imported: "), "{said}");
    assert!(said.ends_with("  modules that take longer than 100ms: `heavy`\nnext: hotcold check\n"), "{said}");
    let evidence = fs::read_to_string(folder.path().join("hotcold-evidence.toml")).expect("it was written");
    let modules: Vec<&str> = evidence.lines().filter(|line| line.starts_with("[modules")).collect();
    assert_eq!(modules, ["[modules.heavy]", "[modules.json]", "[modules.light]", "[modules.other]"]);
    assert!(evidence.contains("usage-percent = 3"), "{evidence}");
    let check = run(hotcold(folder.path()).args(["check", "--output-format", "concise"]));
    assert!(stdout(&check).contains("app.py:1:1: HC001 `heavy`"), "{}", stdout(&check));
    assert_eq!(check.status.code(), Some(1));
}

#[test]
fn a_python_without_the_packages_is_told_and_the_modules_are_written() {
    let folder = project(&[("app.py", "import absent_one\nimport json\n")]);
    let output = init(folder.path(), &["--measure"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("next: hotcold measure --python FILE"), "{}", stdout(&output));
    assert_eq!(settings(&read(folder.path())), ["[policy]", "[modules.absent_one]"]);
}

#[test]
fn a_python_that_is_not_there_is_an_error_and_nothing_is_written() {
    let folder = project(&[("app.py", "import boto3\n")]);
    let output = init(folder.path(), &["--measure", "--python", "/no/such/python"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("name another with --python"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}
