//! Start-up of projects that nobody would write: long chains of imports, large circles, modules that import themselves.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{hotcold, run, stderr, stdout};

const CONFIGURATION: &str = "[modules.wave]\nimport-ms = 1200\nusage-percent = 5\n";
const HEAVY: &str = "import wave\n\nPCM = wave.WAVE_FORMAT_PCM\n";

/// Modules `m0`, `m1`, ... with these bodies.
fn project(bodies: impl Iterator<Item = String>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("hotcold.toml"), CONFIGURATION).expect("a file can be written");
    for (number, body) in bodies.enumerate() {
        fs::write(folder.path().join(format!("m{number}.py")), body).expect("a file can be written");
    }
    folder
}

fn entries(folder: &Path, flags: &[&str]) -> Vec<Value> {
    let output = run(hotcold(folder).args(["check", "--output-format", "json"]).args(flags));
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).expect("the report is JSON");
    report["startup"]["entries"].as_array().expect("entries are a list").clone()
}

fn modules(chain: &Value) -> Vec<&str> {
    chain.as_array().into_iter().flatten().filter_map(|link| link["module"].as_str()).collect()
}

#[test]
fn a_chain_of_five_thousand_files_is_followed_to_its_end() {
    const FILES: usize = 5000;
    let body = |number| if number + 1 == FILES { HEAVY.to_owned() } else { format!("import m{}\n", number + 1) };
    let folder = project((0..FILES).map(body));
    let entries = entries(folder.path(), &[]);
    assert_eq!(entries.len(), 1);
    let chain = &entries[0]["stays"][0]["chain"];
    let modules = modules(chain);
    assert_eq!(modules.len(), FILES + 1);
    assert_eq!((modules[0], modules[FILES - 1], modules[FILES]), ("m0", "m4999", "wave"));
    let text = stdout(&run(hotcold(folder.path()).arg("check")));
    let shown = "m0:1 -> m1:1 -> m2:1 -> m3:1 -> 4993 more -> m4997:1 -> m4998:1 -> m4999:1 -> wave\n";
    assert!(text.contains(shown), "{}", &text[text.len().saturating_sub(400)..]);
}

#[test]
fn a_circle_of_a_thousand_files_ends() {
    const FILES: usize = 1000;
    let body = |number| {
        let heavy = if number == FILES / 2 { HEAVY } else { "" };
        format!("{heavy}import m{0}\n\n\ndef f():\n    return m{0}.f\n", (number + 1) % FILES)
    };
    let folder = project((0..FILES).map(body));
    let entries = entries(folder.path(), &["--plan"]);
    assert_eq!(entries.len(), 1);
    let stays = &entries[0]["stays"][0];
    assert_eq!(modules(&stays["chain"]).len(), FILES / 2 + 2);
    let imports = stays["plan"]["imports"].as_array().expect("one import of the circle can move");
    assert_eq!(imports.len(), 1, "{imports:?}");
    assert_eq!(imports[0]["module"], "m500");
}

#[test]
fn a_module_that_imports_itself_is_loaded_once() {
    let folder = project(std::iter::once(format!("import m0\nfrom m0 import *\n{HEAVY}")));
    let entries = entries(folder.path(), &["--plan"]);
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0]["before-ms"].as_f64(), entries[0]["after-ms"].as_f64()), (Some(1200.0), Some(1200.0)));
    assert_eq!(modules(&entries[0]["stays"][0]["chain"]), ["m0", "wave"]);
}

#[test]
fn the_order_of_the_report_does_not_depend_on_the_number_of_threads() {
    let body = |number: usize| match number % 3 {
        0 => format!("import m{}\n{HEAVY}", number + 1),
        1 => format!("from m{} import *\n", number + 1),
        _ => "import wave\n\n\ndef f():\n    return wave\n".to_owned(),
    };
    let folder = project((0..60).map(body));
    let report = |jobs| stdout(&run(hotcold(folder.path()).args(["check", "--plan", "-j", jobs])));
    let one = report("1");
    assert!(one.contains("Import time at start"), "{one}");
    assert_eq!(one, report("2"));
    assert_eq!(one, report("7"));
}
