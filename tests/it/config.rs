//! Configuration files: what is found, what is merged, and how a mistake is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotcold::config::{Config, ConfigError, Loader, Overrides, Placement, PythonVersion};
use hotcold::evidence::Pin;
use hotcold::name::ModuleName;
use hotcold::policy::CostModel;

/// The configuration of `folder` in a world that holds `files`; a text `<folder>` is a folder.
fn load(files: &[(&str, &str)], folder: &str) -> Result<Arc<Config>, ConfigError> {
    load_with(files, folder, Overrides::default())
}

fn load_with(files: &[(&str, &str)], folder: &str, overrides: Overrides) -> Result<Arc<Config>, ConfigError> {
    let files: BTreeMap<PathBuf, &str> = files.iter().map(|(path, text)| (Path::new("/p").join(path), *text)).collect();
    let read = |path: &Path| match files.get(path) {
        Some(&"<folder>") => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Some(&"<forbidden>") => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
        Some(text) => Ok(Some(text.as_bytes().to_vec())),
        None => Ok(None),
    };
    Loader::new(&read, Path::new("/p"), overrides).config(&Path::new("/p").join(folder))
}

fn error(text: &str) -> String {
    load(&[("hotcold.toml", text)], "").unwrap_err().to_string()
}

fn name(dotted: &str) -> ModuleName {
    ModuleName::new(dotted).unwrap()
}

#[test]
fn every_key_is_read() {
    let text = r#"
target-version = "py311"
exclude = ["migrations"]
exception-comments = false
placement = "branch"
side-effects = ["sentry_sdk", "app.plugins"]

[policy]
heavy-ms = 50
hot-percent = 70.5
daily-requests = 1_000_000
cold-start-percent = 5
lazy-load-overhead-ms = 0.25
cost-model = "per-container"
hot-path-exceptions = false
light-ms = 10

[modules.boto3]
import-ms = 350
usage-percent = 90
critical-path = true
pin = "module"
"#;
    let config = load(&[("hotcold.toml", text)], "").unwrap();
    assert_eq!(config.path.as_deref(), Some("hotcold.toml"));
    assert_eq!(config.root.as_deref(), Some(Path::new("/p")));
    assert_eq!(config.target_version.to_string(), "py311");
    assert!(config.exclude.contains(Path::new("/p/app/migrations/1.py")));
    assert!(!config.exception_comments);
    assert_eq!(config.placement, Placement::Branch);
    assert_eq!(config.side_effects, [name("sentry_sdk"), name("app.plugins")]);
    let policy = &config.policy;
    assert_eq!((policy.heavy_ms, policy.hot_percent, policy.daily_requests), (50.0, 70.5, 1e6));
    assert_eq!((policy.cold_start_percent, policy.lazy_load_overhead_ms), (5.0, 0.25));
    assert_eq!((policy.cost_model, policy.hot_path_exceptions), (CostModel::PerContainer, false));
    assert_eq!(policy.light_ms, Some(10.0));
    let (_, boto3) = config.lookup(&name("boto3")).unwrap();
    assert_eq!((boto3.import_ms, boto3.usage_percent), (Some(350.0), Some(90.0)));
    assert_eq!((boto3.critical_path, boto3.pin), (true, Some(Pin::Module)));
    assert_eq!(boto3.sources.import_ms.as_ref().unwrap().to_string(), "hotcold.toml:19");
    assert_eq!(boto3.sources.pin.as_ref().unwrap().to_string(), "hotcold.toml:22");
}

#[test]
fn the_longest_dotted_prefix_wins() {
    let text = "[modules.\"google.cloud\"]\nimport-ms = 1\n[modules.\"google.cloud.bigquery\"]\nimport-ms = 2\n";
    let config = load(&[("hotcold.toml", text)], "").unwrap();
    let found = |dotted| config.lookup(&name(dotted)).map(|(key, _)| key.to_string());
    assert_eq!(found("google.cloud.bigquery.table").as_deref(), Some("google.cloud.bigquery"));
    assert_eq!(found("google.cloud.storage").as_deref(), Some("google.cloud"));
    assert_eq!(found("google.cloud_storage"), None);
    assert_eq!(found("google"), None);
}

#[test]
fn the_nearest_file_holds_alone() {
    let files = [
        ("hotcold.toml", "[modules.boto3]\nimport-ms = 1\n"),
        ("svc/a/pyproject.toml", "[tool.hotcold.modules.pandas]\nimport-ms = 2\n"),
        ("svc/b/pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        ("svc/c/.hotcold.toml", "[modules.x]\nimport-ms = 3\n"),
        ("svc/c/hotcold.toml", "[modules.y]\nimport-ms = 4\n"),
    ];
    let modules = |folder| {
        let config = load(&files, folder).unwrap();
        config.modules.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(modules("svc"), ["boto3"]);
    assert_eq!(modules("svc/a/app"), ["pandas"]);
    assert_eq!(modules("svc/b"), ["boto3"]);
    assert_eq!(modules("svc/c"), ["x"]);
}

#[test]
fn extend_inherits_and_what_is_near_wins() {
    let files = [
        (
            "hotcold.toml",
            "target-version = 'py310'\nexclude = ['gen']\n[policy]\nheavy-ms = 50\nhot-percent = 60\n\
          [modules.boto3]\nimport-ms = 350\nusage-percent = 10\n",
        ),
        (
            "svc/hotcold.toml",
            "extend = '../hotcold.toml'\n[policy]\nheavy-ms = 70\n[modules.boto3]\nusage-percent = 90\n",
        ),
    ];
    let config = load(&files, "svc").unwrap();
    assert_eq!((config.policy.heavy_ms, config.policy.hot_percent), (70.0, 60.0));
    assert_eq!(config.target_version.to_string(), "py310");
    let (_, boto3) = config.lookup(&name("boto3")).unwrap();
    assert_eq!((boto3.import_ms, boto3.usage_percent), (Some(350.0), Some(90.0)));
    assert_eq!(boto3.sources.import_ms.as_ref().unwrap().to_string(), "hotcold.toml:7");
    assert_eq!(boto3.sources.usage_percent.as_ref().unwrap().to_string(), "svc/hotcold.toml:5");
    assert!(config.exclude.contains(Path::new("/p/gen/x.py")));
}

#[test]
fn the_placement_is_inherited_until_a_nearer_file_says_another() {
    let files = [
        ("hotcold.toml", "placement = 'branch'\n"),
        ("a/hotcold.toml", "extend = '../hotcold.toml'\n"),
        ("b/hotcold.toml", "extend = '../hotcold.toml'\nplacement = 'function'\n"),
        ("c/hotcold.toml", ""),
    ];
    let placement = |folder| load(&files, folder).unwrap().placement;
    assert_eq!(placement(""), Placement::Branch);
    assert_eq!(placement("a"), Placement::Branch);
    assert_eq!(placement("b"), Placement::Function);
    assert_eq!(placement("c"), Placement::Function);
}

#[test]
fn a_number_in_the_configuration_beats_one_in_the_evidence() {
    let files = [
        ("hotcold.toml", "[modules.boto3]\nimport-ms = 350\n"),
        (
            "hotcold-evidence.toml",
            "[modules.boto3]\nimport-ms = 300\nusage-percent = 90\n\
          source = { import-ms = '10 runs', usage-percent = 'June' }\n[modules.pandas]\nimport-ms = 1200\n\
          [modules.pandas.source]\nruns = 10\npython = '3.11.4'\n",
        ),
    ];
    let config = load(&files, "").unwrap();
    let (_, boto3) = config.lookup(&name("boto3")).unwrap();
    assert_eq!((boto3.import_ms, boto3.usage_percent), (Some(350.0), Some(90.0)));
    assert_eq!(boto3.sources.import_ms.as_ref().unwrap().to_string(), "hotcold.toml:2");
    assert_eq!(boto3.sources.usage_percent.as_ref().unwrap().to_string(), "hotcold-evidence.toml:3 (June)");
    let (_, pandas) = config.lookup(&name("pandas")).unwrap();
    let source = pandas.sources.import_ms.as_ref().unwrap().to_string();
    assert_eq!(source, "hotcold-evidence.toml:6 (python = 3.11.4, runs = 10)");
}

#[test]
fn entries_are_read_with_their_place_and_the_nearer_list_holds() {
    let base = ("base.toml", "entries = ['app.a', 'app.b']\n");
    let own = load(&[base, ("hotcold.toml", "extend = 'base.toml'\nentries = ['app.c']\n")], "").unwrap();
    let entries: Vec<String> = own.entries.as_ref().unwrap().iter().map(|(name, at)| format!("{name} {at}")).collect();
    assert_eq!(entries, ["app.c hotcold.toml:2"]);
    let inherited = load(&[base, ("hotcold.toml", "extend = 'base.toml'\n")], "").unwrap();
    assert_eq!(inherited.entries.as_ref().unwrap().len(), 2);
    assert!(load(&[("hotcold.toml", "")], "").unwrap().entries.is_none());
    let message = error("entries = ['app.a', 'app..b']");
    assert!(message.starts_with("hotcold.toml:1:21: `app..b` is no module name"), "{message}");
    let message = error("entries = 'app.a'");
    assert!(
        message.starts_with("hotcold.toml:1:11: `entries` must be a list of strings, but is a string"),
        "{message}"
    );
}

#[test]
fn what_a_module_loads_is_read_from_configuration_and_evidence() {
    let files = [
        (
            "hotcold.toml",
            "[modules.pandas]\nimport-ms = 1200\nloads = ['numpy', 'pytz']\n[modules.boto3]\nloads = []\n",
        ),
        (
            "hotcold-evidence.toml",
            "[modules.pandas]\nloads = ['numpy']\n[modules.boto3]\nloads = ['botocore']\n[modules.s3]\nloads = ['boto3']\n",
        ),
    ];
    let config = load(&files, "").unwrap();
    let loads = |module: &str| {
        let loads = config.modules[&name(module)].loads.as_ref().unwrap();
        loads.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(loads("pandas"), ["numpy", "pytz"]);
    assert!(loads("boto3").is_empty());
    assert_eq!(loads("s3"), ["boto3"]);
    let message = error("[modules.x]\nloads = [3]");
    assert!(
        message.starts_with("hotcold.toml:2:10: `loads` must be a list of strings, but is an integer"),
        "{message}"
    );
}

#[test]
fn the_target_version_comes_from_requires_python_if_nothing_says_it() {
    let version = |files: &[(&str, &str)]| load(files, "").unwrap().target_version.to_string();
    assert_eq!(version(&[]), "py39");
    assert_eq!(version(&[("pyproject.toml", "[project]\nrequires-python = '>=3.11,<4'\n")]), "py311");
    let files =
        [("pyproject.toml", "[project]\nrequires-python = '>=3.11'\n[tool.hotcold]\ntarget-version = 'py312'\n")];
    assert_eq!(version(&files), "py312");
    let overrides = Overrides { target_version: Some(PythonVersion::minor_version(13)), ..Overrides::default() };
    assert_eq!(load_with(&files, "", overrides).unwrap().target_version.to_string(), "py313");
}

#[test]
fn the_settings_of_ruff_are_known() {
    let text = "[tool.ruff.lint.flake8-tidy-imports]\nbanned-module-level-imports = ['torch', 'tensorflow']\n\
                [tool.ruff.lint.isort]\nknown-first-party = ['app']\n";
    let config = load(&[("pyproject.toml", text)], "app").unwrap();
    assert_eq!(config.banned_module_level, [name("torch"), name("tensorflow")]);
    assert_eq!(config.known_first_party, ["app"]);
    assert!(config.modules.is_empty() && !config.is_empty());
}

#[test]
fn a_configuration_that_is_named_holds_everywhere() {
    let files = [
        ("hotcold.toml", "[modules.boto3]\nimport-ms = 1\n"),
        ("etc/strict.toml", "[modules.pandas]\nimport-ms = 2\n"),
    ];
    let named = |path: &str| load_with(&files, "svc", Overrides { config: Some(path.into()), ..Overrides::default() });
    assert!(named("etc/strict.toml").unwrap().modules.contains_key(&name("pandas")));
    assert_eq!(named("nope.toml").unwrap_err().to_string(), "nope.toml: no such file");
}

#[test]
fn an_unknown_key_is_shown_with_what_was_probably_meant() {
    assert_eq!(
        error("[modules.boto3]\nimport-ms = 350\n  usage_percent = 90\n"),
        "hotcold.toml:3:3: unknown key `usage_percent` in `[modules.boto3]`\n  \
           |\n\
         3 |   usage_percent = 90\n  \
           |   ^^^^^^^^^^^^^\n  \
           = help: did you mean `usage-percent`?"
    );
    let message = error("[policies]\nheavy-ms = 3\n");
    assert!(message.starts_with("hotcold.toml:1:2: unknown key `policies`\n"), "{message}");
    assert!(message.ends_with("did you mean `policy`?"), "{message}");
    assert!(error("placements = 'branch'").ends_with("did you mean `placement`?"));
    assert!(error("placement = 'brunch'").ends_with("did you mean `branch`?"));
    assert!(error("zzz = 1").ends_with("`side-effects`, `entries`, `policy`, `modules`"));
}

#[test]
fn a_wrong_type_or_number_is_shown_with_its_place() {
    let cases = [
        ("[modules.x]\nimport-ms = '350'", "hotcold.toml:2:13: `import-ms` must be a number, but is a string"),
        ("[modules.x]\nimport-ms = -1", "hotcold.toml:2:13: `import-ms` must be a finite number, 0 or more, but is -1"),
        (
            "[modules.x]\nimport-ms = nan",
            "hotcold.toml:2:13: `import-ms` must be a finite number, 0 or more, but is nan",
        ),
        (
            "[modules.x]\nimport-ms = inf",
            "hotcold.toml:2:13: `import-ms` must be a finite number, 0 or more, but is inf",
        ),
        (
            "[modules.x]\nimport-ms = 1e999",
            "hotcold.toml:2:13: `import-ms` must be a finite number, 0 or more, but is 1e999",
        ),
        (
            "[modules.x]\nusage-percent = 140",
            "hotcold.toml:2:17: `usage-percent` must be a number from 0 to 100, but is 140",
        ),
        (
            "[policy]\ndaily-requests = 0",
            "hotcold.toml:2:18: `daily-requests` must be a finite number above 0, but is 0",
        ),
        ("[policy]\nlight-ms = 200", "hotcold.toml:2:12: `light-ms` must not be above `heavy-ms`, which is 100"),
        ("[policy]\ncost-model = 'per-reqest'", "hotcold.toml:2:14: `cost-model` cannot be `per-reqest`"),
        ("[modules.x]\npin = 'top'", "hotcold.toml:2:7: `pin` cannot be `top`"),
        (
            "[modules.x]\ncritical-path = 1",
            "hotcold.toml:2:17: `critical-path` must be true or false, but is an integer",
        ),
        ("modules = 3", "hotcold.toml:1:11: `modules` must be a table, but is an integer"),
        ("[modules]\nx = 3", "hotcold.toml:2:5: `x` must be a table, but is an integer"),
        ("exclude = ['a', 3]", "hotcold.toml:1:17: `exclude` must be a list of strings, but is an integer"),
        ("exclude = ['a[']", "hotcold.toml:1:12: `exclude` holds no glob: unclosed character class; missing ']'"),
        ("target-version = 'py27'", "hotcold.toml:1:18: `py27` is no Python version that hotcold knows: py37 to py315"),
        ("placement = 'brunch'", "hotcold.toml:1:13: `placement` cannot be `brunch`"),
        ("placement = true", "hotcold.toml:1:13: `placement` must be a string, but is a boolean"),
        ("side-effects = ['a..b']", "hotcold.toml:1:17: `a..b` is no module name"),
        ("[modules.'my-lib']", "hotcold.toml:1:10: `my-lib` is no module name"),
        (
            "[modules.google.cloud]\nimport-ms = 1",
            "hotcold.toml:1:17: a dotted module name must be quoted in `[modules.google.cloud]`",
        ),
        ("évidence = 'é' x", "hotcold.toml:1:16: invalid TOML:"),
        ("a = 1\na = 2", "hotcold.toml:2:1: invalid TOML: duplicate key"),
    ];
    for (text, expected) in cases {
        let message = error(text);
        let first = message.lines().next().unwrap();
        assert!(first.starts_with(expected), "{text:?}\n  is      {first}\n  expects {expected}");
        assert!(message.lines().nth(2).unwrap().contains(" | "), "{message}");
    }
    assert!(error("[modules.google.cloud]\nimport-ms = 1").ends_with("write `[modules.\"google.cloud\"]`"));
}

#[test]
fn errors_count_columns_in_characters_and_keep_tabs() {
    let message = error("[modules.x]\n\timport-ms = \"ééé\"\n");
    assert_eq!(
        message,
        "hotcold.toml:2:14: `import-ms` must be a number, but is a string\n  \
           |\n\
         2 | \timport-ms = \"ééé\"\n  \
           | \t            ^^^^^"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = load(&[("hotcold.toml", "<folder>")], "").unwrap_err().to_string();
    assert_eq!(folder, "hotcold.toml: is a folder, not a configuration file");
    let forbidden = load(&[("hotcold.toml", "<forbidden>")], "").unwrap_err().to_string();
    assert_eq!(forbidden, "hotcold.toml: cannot be read: permission denied");
    let evidence = load(&[("hotcold.toml", "evidence = 'e.toml'")], "").unwrap_err().to_string();
    assert!(evidence.starts_with("hotcold.toml:1:12: `e.toml` does not exist\n"), "{evidence}");
    let base = load(&[("hotcold.toml", "extend = 'base.toml'"), ("base.toml", "<folder>")], "").unwrap_err();
    assert!(base.to_string().starts_with("hotcold.toml:1:10: `base.toml` is a folder"), "{base}");
}

#[test]
fn extending_in_a_circle_is_an_error() {
    let files = [("hotcold.toml", "extend = 'a.toml'"), ("a.toml", "extend = './b/../hotcold.toml'")];
    let message = load(&files, "").unwrap_err().to_string();
    let expected = "a.toml:1:10: `extend` leads back to where it started: hotcold.toml -> a.toml -> hotcold.toml\n";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_broken_pyproject_matters_only_if_it_speaks_of_hotcold() {
    assert!(load(&[("pyproject.toml", "[tool.ruff\n")], "").is_ok());
    assert!(load(&[("pyproject.toml", "[tool.hotcold\n")], "").is_err());
    assert!(load(&[("pyproject.toml", "tool = 3\n")], "").is_ok());
    let message = load(&[("pyproject.toml", "[tool.hotcold.policy]\nheavy = 3\n")], "").unwrap_err().to_string();
    assert!(message.starts_with("pyproject.toml:2:1: unknown key `heavy` in `[tool.hotcold.policy]`"), "{message}");
}
