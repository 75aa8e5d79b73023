//! The README tells the truth: the diff that it shows is the one that its first command prints.

use crate::support::{copy, hotcold, repository, run, stdout};

#[test]
fn the_diff_shown_is_the_diff_printed() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README can be read");
    let shown = readme.split("```diff\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it shows a diff");
    let printed = stdout(&run(hotcold(&repository()).args(["diff", "fixtures/sink/worked-example/before"])));
    assert_eq!(printed, shown);
}

#[test]
fn the_sample_is_configured_as_the_case_is() {
    let folder = repository().join("fixtures/sink/worked-example");
    let read = |path: &str| {
        let text = std::fs::read_to_string(folder.join(path)).expect("the sample can be read");
        text.parse::<toml::Table>().expect("the sample is TOML")
    };
    assert_eq!(read("case.toml")["config"].as_table(), Some(&read("before/hotcold.toml")));
}

#[test]
fn the_plan_shown_is_the_plan_recorded() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README can be read");
    let path = repository().join("fixtures/startup/a-plan-of-one-import/plan.txt");
    let recorded = std::fs::read_to_string(path).expect("the plan is recorded");
    let section = recorded.split("\n\n").skip_while(|part| !part.starts_with("Import time at start"));
    let told: Vec<&str> = section.take_while(|part| !part.starts_with("Found")).collect();
    assert!(!told.is_empty() && readme.contains(&told.join("\n\n")), "the README does not show\n{}", told.join("\n\n"));
}

/// The session was recorded with the evidence that lies beside the handler; what follows from it is printed as it is shown.
#[test]
fn the_session_shown_is_what_the_recorded_evidence_gives() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README can be read");
    let sample = repository().join("fixtures/session");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    copy(&sample, folder.path());
    std::fs::rename(folder.path().join("recorded-evidence.toml"), folder.path().join("hotcold-evidence.toml"))
        .expect("the evidence was recorded");
    for command in ["usage logs", "explain pandas", "check", "diff"] {
        let output = run(hotcold(folder.path()).args(command.split(' ')));
        let shown = format!("$ hotcold {command}\n{}", stdout(&output).trim_end());
        assert!(readme.contains(&shown), "the README does not show\n{shown}");
    }
    let evidence = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("it is there");
    let (before, after) = (sample.join("recorded-evidence.toml"), folder.path().join("hotcold-evidence.toml"));
    assert_eq!(evidence(before), evidence(after), "counting the logs again changed the evidence");
}
