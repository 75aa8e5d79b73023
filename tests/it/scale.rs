//! What a run holds in memory has a bound.

use std::process::Command;

use crate::relevance::generate;
use crate::support::{hotcold, python, run, stderr, stdout};

/// Texts, what is to be written and the trees that there is room for take 290 MB.
#[test]
fn memory_does_not_hold_all_trees() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let project = generate(folder.path(), &["--files", "2000", "--configured", "100"]);
    let mut command = hotcold(&project);
    let output = run(&mut measured(command.args(["check", "--quiet", "."])));
    let megabytes: usize = stdout(&output).trim().parse().unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert!((10..340).contains(&megabytes), "the run took {megabytes} MB at its peak");
}

/// The same command with its output thrown away, printing its peak memory in megabytes.
fn measured(command: &Command) -> Command {
    const PROGRAM: &str = "import resource, subprocess, sys\n\
        code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode\n\
        assert code in (0, 1), code\n\
        # Kilobytes, but on macOS.\n\
        unit = 1024 * 1024 if sys.platform == 'darwin' else 1024\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // unit)";
    let mut python = python();
    python.args(["-c", PROGRAM]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        python.current_dir(folder);
    }
    python
}
