//! Logs are counted right: a folder of `fixtures/usage` holds logs, what is said of them, and the evidence that comes of
//! them; and generated logs give exactly the shares that they were made with.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use hotcold::evidence::usage::{Counter, ReadError, Usage, read};

use crate::support::{copy, hotcold, repository, run, stderr, stdout};

fn cases() -> Vec<PathBuf> {
    let folder = repository().join("fixtures/usage");
    let entries = fs::read_dir(folder).expect("fixtures/usage can be read");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(cases.len() > 10, "no cases were found");
    cases
}

/// What is printed and written for the logs of a case.
fn outcome(logs: &Path) -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("hotcold.toml"), "").expect("a file can be written");
    copy(logs, &folder.path().join("logs"));
    let output = run(hotcold(folder.path()).args(["usage", "logs"]));
    let exit = output.status.code().expect("it ends by itself");
    let printed = format!("{}{}exit code {exit}\n", stdout(&output), stderr(&output));
    (printed, fs::read_to_string(folder.path().join("hotcold-evidence.toml")).unwrap_or_default())
}

#[test]
fn every_log_is_counted_as_recorded() {
    let update = std::env::var_os("HOTCOLD_UPDATE").is_some();
    for case in cases() {
        let (printed, evidence) = outcome(&case.join("logs"));
        for (name, found) in [("report.txt", printed), ("evidence.toml", evidence)] {
            let path = case.join(name);
            if !update {
                let expected = fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(found, expected, "{}", path.display());
            } else if found.is_empty() {
                drop(fs::remove_file(&path));
            } else {
                fs::write(&path, found).expect("the expectation can be written");
            }
        }
    }
}

/// Compression, other line ends, a byte-order mark and small reads make no difference.
#[test]
fn every_log_says_the_same_in_another_dress() {
    for case in cases() {
        let mut dresses =
            vec![(Counter::default(), "plain"), (Counter::default(), "gzip"), (Counter::default(), "slow")];
        dresses.push((Counter::default(), "crlf"));
        let mut outcomes: Vec<Vec<Result<(), String>>> = vec![Vec::new(); dresses.len()];
        for entry in walkdir::WalkDir::new(case.join("logs")).sort_by_file_name() {
            let entry = entry.expect("the logs can be read");
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = fs::read(entry.path()).expect("a log can be read");
            for ((counter, dress), outcomes) in dresses.iter_mut().zip(&mut outcomes) {
                let stream: Box<dyn Read> = match *dress {
                    "gzip" => Box::new(io::Cursor::new(packed(&bytes))),
                    "slow" => Box::new(Slow(io::Cursor::new([b"\xef\xbb\xbf", &bytes[..]].concat()))),
                    "crlf" => {
                        Box::new(io::Cursor::new(String::from_utf8_lossy(&bytes).replace('\n', "\r\n").into_bytes()))
                    }
                    _ => Box::new(io::Cursor::new(bytes.clone())),
                };
                // Names are the same for all: the place of a line is part of the outcome.
                outcomes.push(read(stream, "log", counter).map_err(|error| kind(&error)));
            }
        }
        let mut results = dresses.into_iter().zip(outcomes).map(|((counter, _), outcomes)| {
            let finished = counter.finish().map_err(|error| error.to_string());
            (finished.map(|usage| (usage.modules, usage.requests, usage.cold_starts, usage.notes.unreadable)), outcomes)
        });
        let plain = results.next().expect("there is one");
        for other in results {
            assert_eq!(other, plain, "{}", case.display());
        }
    }
}

fn kind(error: &ReadError) -> String {
    error.to_string().split(':').next().unwrap_or_default().to_owned()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    // Two members, as `cat a.gz b.gz` makes them.
    let (first, second) = bytes.split_at(bytes.len() / 2);
    [first, second]
        .into_iter()
        .flat_map(|part| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part).expect("memory can be written");
            encoder.finish().expect("memory can be written")
        })
        .collect()
}

/// Gives few bytes at a time.
struct Slow<R>(R);

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(7);
        self.0.read(&mut buffer[..most])
    }
}

/// A log that is made while it is read: of every hundred requests 90 use boto3, 40 requests and 5 pandas, 10 are cold.
struct Requests {
    all: u64,
    made: u64,
    text: Vec<u8>,
    at: usize,
}

impl Read for Requests {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            // Ten requests at once, whose lines stand between each other.
            let batch: Vec<u64> = (self.made..self.all.min(self.made + 10)).collect();
            self.made += batch.len() as u64;
            let id = |request: &u64| format!("{request:08x}-0000-4000-8000-000000000000");
            for request in &batch {
                writeln!(self.text, "START RequestId: {} Version: $LATEST", id(request))?;
            }
            for (module, share) in [("boto3", 90), ("pandas", 5), ("requests", 40)] {
                for request in batch.iter().filter(|request| (*request * 37) % 100 < share) {
                    writeln!(self.text, "[INFO]\t2026-11-01T00:00:00Z\t{}\tModule used: {module}", id(request))?;
                }
            }
            for request in &batch {
                let cold = if request % 10 == 0 { "Init Duration: 130.49 ms\t" } else { "" };
                writeln!(self.text, "REPORT RequestId: {}\tDuration: 15.74 ms\t{cold}", id(request))?;
            }
        }
        let count = (&self.text[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

fn counted(stream: impl Read) -> Usage {
    let mut counter = Counter::default();
    read(stream, "log", &mut counter).expect("the log can be read");
    counter.finish().expect("it tells of requests")
}

#[test]
fn a_million_requests_give_exactly_the_shares_that_they_were_made_with() {
    let usage = counted(Requests { all: 1_000_000, made: 0, text: Vec::new(), at: 0 });
    let found: Vec<(&str, u64)> = usage.modules.iter().map(|(name, used)| (name.as_str(), *used)).collect();
    assert_eq!(found, [("boto3", 900_000), ("requests", 400_000), ("pandas", 50_000)]);
    assert_eq!((usage.requests, usage.cold_starts), (1_000_000, 100_000));
    assert_eq!((usage.notes.unreadable, usage.notes.unattributed, usage.notes.unreported), (0, 0, 0));
}

/// A line without an end takes no memory, and what follows it is read.
#[test]
fn a_line_of_many_megabytes_is_left_out() {
    let endless = io::repeat(b'x').take(100 << 20).chain(&b"\n"[..]);
    let usage = counted(endless.chain(Requests { all: 100, made: 0, text: Vec::new(), at: 0 }));
    assert_eq!((usage.requests, usage.notes.unreadable), (100, 1));
}

/// Nor does an event of a document: a small file may unpack to a large one.
#[test]
fn an_event_without_an_end_takes_no_memory() {
    let endless = &b"{\"events\": [{\"message\": \""[..];
    let error = read(endless.chain(io::repeat(b'x').take(1 << 30)), "log", &mut Counter::default());
    assert!(error.is_err_and(|error| error.to_string().contains("larger than 64 MiB")));
}

#[test]
fn a_log_that_ends_too_early_writes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut text = Vec::new();
    Requests { all: 1000, made: 0, text: Vec::new(), at: 0 }.read_to_end(&mut text).expect("it can be made");
    let whole = packed(&text);
    fs::write(folder.path().join("cut.log.gz"), &whole[..whole.len() - 100]).expect("a file can be written");
    let utf16: Vec<u8> = "\u{feff}REPORT".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(folder.path().join("powershell.log"), utf16).expect("a file can be written");
    fs::write(folder.path().join("cut.json"), "{\"events\": [{\"message\": \"x\"}, {").expect("a file can be written");
    for (name, says) in [
        ("cut.log.gz", "cannot be read"),
        ("powershell.log", "save it as UTF-8"),
        ("cut.json", "no JSON that can be read"),
        ("absent.log", "cannot open absent.log"),
    ] {
        let output = run(hotcold(folder.path()).args(["usage", name]));
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stdout(&output));
        assert!(stderr(&output).contains(says) && stderr(&output).contains(name), "{}", stderr(&output));
    }
    assert!(!folder.path().join("hotcold-evidence.toml").exists());
}

#[test]
fn a_log_can_come_through_a_pipe() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = hotcold(folder.path());
    command.args(["usage", "-"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut stdin = child.stdin.take().expect("it has one");
    io::copy(&mut Requests { all: 200, made: 0, text: Vec::new(), at: 0 }, &mut stdin).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(stdout(&output).contains("200 requests, 10.0 % of them cold starts"), "{}", stdout(&output));
}

/// Bytes of the fixtures changed, cut and repeated: an error or numbers, and never a panic.
#[test]
fn damaged_logs_never_panic() {
    let mut state: u64 = 7;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for case in cases() {
        for entry in walkdir::WalkDir::new(case.join("logs")) {
            let entry = entry.expect("the logs can be read");
            let Ok(bytes) = fs::read(entry.path()) else { continue };
            for _ in 0..100 {
                let mut damaged = bytes[next() % bytes.len()..].to_vec();
                for _ in 0..next() % 10 {
                    let at = next() % damaged.len().max(1);
                    match (next() % 3, damaged.get_mut(at)) {
                        (0, Some(byte)) => *byte = b"\n{}[]\":\xffM"[next() % 9],
                        (1, Some(_)) => damaged.truncate(at),
                        (_, _) => damaged.extend_from_within(..at.min(damaged.len())),
                    }
                }
                let mut counter = Counter::default();
                if read(&damaged[..], "log", &mut counter).is_ok()
                    && let Ok(usage) = counter.finish()
                {
                    assert!(usage.modules.iter().all(|(_, used)| *used <= usage.requests));
                }
            }
        }
    }
}

/// The queries are printed as they are, and name the columns that their results are known by.
#[test]
fn the_queries_give_what_is_read() {
    for (name, first) in
        [("insights", "stats count_distinct(request) as requests by module"), ("athena", "AS requests")]
    {
        let output = run(hotcold(&repository()).args(["usage", "--query", name]));
        let text = stdout(&output);
        assert!(output.status.success() && text.contains(first), "{text}");
        for column in ["module", "requests", "cold_starts", "first", "last"] {
            assert!(
                text.contains(&format!("as {column}")) || text.contains(&format!("AS {column}")) || column == "module"
            );
        }
    }
}

/// A module that is tracked and has no line may be unused, or not deployed: it is told, and nothing is written of it.
#[test]
fn a_tracked_module_without_a_line_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file can be written");
    write(
        "hotcold.toml",
        "[modules.boto3]\nimport-ms = 300\n[modules.wave]\nimport-ms = 300\n[modules.light]\nimport-ms = 3\n",
    );
    write(
        "app.py",
        "import boto3\nimport light\nimport wave\n\n\ndef handler(event):\n    return boto3, light, wave\n",
    );
    let tracked = run(hotcold(folder.path()).arg("track"));
    assert!(tracked.status.success(), "{}", stderr(&tracked));
    write("log.txt", "START RequestId: a\nModule used: boto3\nREPORT RequestId: a\tDuration: 1 ms\n");
    let output = run(hotcold(folder.path()).args(["usage", "log.txt"]));
    let said = stderr(&output);
    assert!(said.contains("note: `wave` is tracked and has no line") && !said.contains("light"), "{said}");
    let evidence = fs::read_to_string(folder.path().join("hotcold-evidence.toml")).expect("it was written");
    assert!(!evidence.contains("wave"), "{evidence}");
}

#[test]
fn a_log_given_twice_is_not_counted_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("log.txt"), "REPORT RequestId: a\tDuration: 1 ms\n").expect("a file can be written");
    let output = run(hotcold(folder.path()).args(["usage", "log.txt", "./log.txt"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is given twice"), "{}", stderr(&output));
}
