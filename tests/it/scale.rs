//! What a run holds in memory has a bound, and its time grows with the size of a file and no faster.

use std::process::Command;
use std::sync::LazyLock;

use crate::relevance::generate;
use crate::support::{hotcold, python, run, stderr, stdout};

/// What `check` takes for a project of so many files that all import a configured module.
struct Taken {
    megabytes: f64,
    seconds: f64,
}

fn taken(files: &str) -> Taken {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let project = generate(folder.path(), &["--files", files, "--configured", "100"]);
    let mut command = hotcold(&project);
    let output = run(&mut within(command.args(["check", "--quiet", "."]), &format!("{PEAK_MEGABYTES}\n{CPU_SECONDS}")));
    let numbers: Vec<f64> = stdout(&output).split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [megabytes, seconds] = numbers[..] else { panic!("{}", stderr(&output)) };
    Taken { megabytes, seconds }
}

/// Of 2,000 files.
static LARGE: LazyLock<Taken> = LazyLock::new(|| taken("2000"));

/// Texts, what is to be written and the trees that there is room for take 140 MB.
#[test]
fn memory_does_not_hold_all_trees() {
    let megabytes = LARGE.megabytes;
    assert!((10.0..220.0).contains(&megabytes), "the run took {megabytes} MB at its peak");
}

/// What asks each file about each other takes sixteen times as long for four times as many.
#[test]
fn time_grows_with_the_number_of_files() {
    let (small, large) = (taken("500").seconds, LARGE.seconds);
    assert!(large < 8.0 * small + 0.5, "{small} s for 500 files, {large} s for 2,000");
}

/// A file with so many of something.
type Shape = fn(usize) -> String;

/// What is many in the file of each shape.
const SHAPES: &[(&str, Shape)] = &[
    ("functions that use an import", |n| {
        format!("import boto3\n\n\n{}", each(n, |i| { format!("def f{i}(a):\n    return boto3.client(a)\n\n\n") }))
    }),
    ("functions that import", |n| {
        each(n, |i| format!("def f{i}(a):\n    import boto3\n\n    return boto3.x(a)\n\n\n"))
    }),
    ("classes", |n| {
        format!(
            "import boto3\n\n\n{}",
            each(n, |i| { format!("class C{i}:\n    def f(self):\n        return boto3.x\n\n\n") })
        )
    }),
    ("references", |n| format!("import boto3\n\n\ndef f(a):\n{}", each(2 * n, |i| format!("    boto3.x{i}(a)\n")))),
    ("imports of one name", |n| {
        format!("{}\n\ndef f():\n    return boto3.x\n", each(n, |_| "import boto3\n".to_owned()))
    }),
    ("names in `__all__`", |n| {
        format!(
            "import boto3\n\n__all__ = []\n{}\n\ndef f():\n    return boto3.x\n",
            each(n, |i| { format!("__all__.append(\"f{i}\")\n") })
        )
    }),
    ("comments", |n| {
        format!(
            "import boto3\n\n\ndef f():\n    return boto3.x\n\n\n{}",
            each(n, |i| { format!("# hotcold: keep\nimport m{i}  # noqa: E402  # isort:skip\n") })
        )
    }),
    ("nested blocks", |n| {
        format!(
            "import boto3\n\n\n{}",
            each(n / 40, |i| {
                let ifs = each(40, |depth| format!("{:1$}if a:\n", "", 4 * (depth + 1)));
                format!("def f{i}(a):\n{ifs}{:164}boto3.x(a)\n\n\n", "")
            })
        )
    }),
];

fn each(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

/// A quadratic one takes sixteen times as long for four times as much.
#[test]
fn time_grows_with_the_size_of_a_file() {
    let seconds = |text: &str, percent: u32| -> f64 {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let config = format!("[modules.boto3]\nimport-ms = 300\nusage-percent = {percent}\n");
        std::fs::write(folder.path().join("hotcold.toml"), config).expect("the folder can be written");
        std::fs::write(folder.path().join("app.py"), text).expect("the folder can be written");
        let mut command = hotcold(folder.path());
        let output = run(&mut within(command.args(["fix", "--quiet", "."]), CPU_SECONDS));
        stdout(&output).trim().parse().unwrap_or_else(|_| panic!("{}", stderr(&output)))
    };
    for (what, text) in SHAPES {
        for percent in [1, 90] {
            let (small, large) = (seconds(&text(1000), percent), seconds(&text(4000), percent));
            assert!(large < 8.0 * small + 0.5, "{what}, {percent} %: {small} s, then {large} s");
        }
    }
}

const PEAK_MEGABYTES: &str = "# Kilobytes, but on macOS.\n\
    unit = 1024 * 1024 if sys.platform == 'darwin' else 1024\n\
    print(used.ru_maxrss // unit)";

const CPU_SECONDS: &str = "print(used.ru_utime + used.ru_stime)";

/// The same command with its output thrown away; `report`, a Python program, prints something of what it `used`.
fn within(command: &Command, report: &str) -> Command {
    const PROGRAM: &str = "import resource, subprocess, sys\n\
        code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode\n\
        assert code in (0, 1), code\n\
        used = resource.getrusage(resource.RUSAGE_CHILDREN)\n";
    let mut python = python();
    python.args(["-c", &format!("{PROGRAM}{report}")]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        python.current_dir(folder);
    }
    python
}
