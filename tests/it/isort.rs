//! Blocks of imports as `ruff check --select I001` makes them: the tool itself is the judge.

mod minimal;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use hotcold::python::import::{Entry, Style};
use hotcold::python::{Block, Module, Stmt, parse};
use hotcold::sort::{Layout, Sections, Slot, canonical, rewrite_block};

const BLOCKS: usize = 3000;
const INDENTS: &[&str] = &["    ", "    ", "\t", "  "];
const FIRST_PARTY: [&str; 3] = ["app", "core", "Zed"];

/// A small generator of numbers: the same every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.roll(from.len())]
    }
}

const MODULES: &[&str] = &[
    "os",
    "os.path",
    "sys",
    "json",
    "collections.abc",
    "typing",
    "tomllib",
    "cgi",
    "asyncore",
    "concurrent.futures",
    "ast",
    "_thread",
    "numpy",
    "Numpy",
    "numpy.linalg",
    "boto3",
    "botocore.config",
    "PIL",
    "yaml",
    "a2",
    "a10",
    "a02",
    "_private",
    "requests",
    "google.cloud.bigquery",
    "x9y",
    "x10y",
    "x1",
    "X1",
    "app",
    "app.db",
    "core",
    "core.Models",
    "Zed",
    "zed",
    "__future__",
    "some.rather.long.package.name.that.goes.on",
    "__main__",
];
const MEMBERS: &[&str] = &[
    "a",
    "A",
    "b",
    "B",
    "CONST",
    "Const",
    "const",
    "_x",
    "_X",
    "X",
    "x",
    "A1",
    "A10",
    "A2",
    "a1",
    "a10",
    "a2",
    "a02",
    "OrderedDict",
    "defaultdict",
    "abc",
    "ABC",
    "Path",
    "path",
    "HTTP",
    "HTTPServer",
    "some_long_function_name",
    "AnotherLongClassName",
    "YET_ANOTHER_CONSTANT",
    "d_1",
    "d_10",
    "d_2",
    "T",
    "Tt",
    "_",
    "é",
    "É",
];
const COMMENTS: &[&str] = &[
    "# note",
    "# noqa: F401",
    "# type: ignore[import-untyped]",
    "# 350ms but 90% usage - HOT PATH EXCEPTION",
    "# why # noqa: F401",
    "# a comment that is long enough to carry most lines over the limit of the formatter",
    "# größer als ½",
    "# 日本語のコメント",
    "# pragma: no cover",
];

#[derive(Debug, Clone)]
struct Case {
    text: String,
    indent: &'static str,
    crlf: bool,
}

fn statement(dice: &mut Dice, indent: &str, lazy: bool) -> String {
    let step = if indent.is_empty() { "    " } else { indent };
    let mut module = dice.pick(MODULES).to_string();
    let alias = |dice: &mut Dice| format!(" as {}", dice.pick(&["q", "np", "Alias", "z1", "z10", "z9", "Q"]));
    let comment = |dice: &mut Dice, odds: usize| {
        if dice.one_in(odds) { format!("  {}", dice.pick(COMMENTS)) } else { String::new() }
    };
    let lazy = if lazy && module != "__future__" && dice.one_in(3) { "lazy " } else { "" };
    if dice.one_in(2) {
        let mut names = module;
        if dice.one_in(4) {
            names += &alias(dice);
        }
        if dice.one_in(8) {
            write!(names, ", {}", dice.pick(MODULES)).unwrap();
        }
        return format!("{indent}{lazy}import {names}{}", comment(dice, 6));
    }
    if module == "__future__" {
        module = "six".into();
    }
    match dice.roll(8) {
        0 => module.insert(0, '.'),
        1 => module.insert_str(0, ".."),
        2 => module = ".".repeat(1 + dice.roll(4)),
        _ => {}
    }
    let head = format!("{indent}{lazy}from {module} import ");
    if dice.one_in(12) && indent.is_empty() && lazy.is_empty() {
        return format!("{head}*{}", comment(dice, 4));
    }
    let count = [1, 1, 1, 2, 2, 3, 4, 9][dice.roll(8)];
    let names: Vec<String> = (0..count)
        .map(|_| {
            let name = dice.pick(MEMBERS).to_string();
            if dice.one_in(6) { name + &alias(dice) } else { name }
        })
        .collect();
    match dice.roll(7) {
        0 => {
            let mut out = format!("{head}({}\n", comment(dice, 5));
            for name in &names {
                if dice.one_in(9) {
                    writeln!(out, "{indent}{step}{}", dice.pick(COMMENTS)).unwrap();
                }
                writeln!(out, "{indent}{step}{name},{}", comment(dice, 7)).unwrap();
            }
            if dice.one_in(9) {
                writeln!(out, "{indent}{step}{}", dice.pick(COMMENTS)).unwrap();
            }
            write!(out, "{indent}){}", comment(dice, 7)).unwrap();
            out
        }
        1 => format!("{head}({}){}", names.join(", "), comment(dice, 4)),
        2 => format!("{head}\\\n{indent}{step}{}{}", names.join(",\\\n  "), comment(dice, 4)),
        3 if lazy.is_empty() => format!("{head}{}; import zlib{}", names.join(", "), comment(dice, 4)),
        _ => format!("{head}{}{}", names.join(", "), comment(dice, 5)),
    }
}

fn case(dice: &mut Dice, lazy: bool, indents: &[&'static str]) -> Case {
    let nested = !lazy && dice.one_in(3);
    let indent = if nested { indents[dice.roll(indents.len())] } else { "" };
    let mut text = String::new();
    if nested {
        text.push_str("def f():\n");
    }
    if !nested && dice.one_in(8) {
        writeln!(text, "from __future__ import {}", dice.pick(&["annotations", "generators, annotations"])).unwrap();
    }
    for index in 0..1 + dice.roll(7) {
        if index > 0 && dice.one_in(5) {
            text.push('\n');
        }
        if index > 0 && dice.one_in(6) {
            writeln!(text, "{indent}{}", dice.pick(COMMENTS)).unwrap();
        }
        let line = statement(dice, indent, lazy);
        text.push_str(&line);
        text.push('\n');
    }
    writeln!(text, "\n{indent}x = 1").unwrap();
    let crlf = dice.one_in(10);
    if crlf {
        text = text.replace('\n', "\r\n");
    }
    Case { text, indent, crlf }
}

fn suite(module: &Module) -> &Block {
    let body = module.body();
    match body.body[0].as_import() {
        Some(_) => body,
        None => body.body[0].blocks()[0],
    }
}

fn imports(suite: &Block) -> &[Stmt] {
    let count = suite.body.iter().take_while(|stmt| stmt.as_import().is_some()).count();
    &suite.body[..count]
}

fn sections(minor: u8) -> Sections {
    Sections { minor, first_party: FIRST_PARTY.iter().map(|name| (*name).into()).collect() }
}

fn style(case: &Case) -> Style {
    let step = if case.indent.is_empty() { "    " } else { case.indent };
    let newline = if case.crlf { "\r\n" } else { "\n" };
    let nested = !case.indent.is_empty();
    Style { indent: case.indent.into(), step: step.into(), newline, nested, ..Style::default() }
}

/// A folder with one file a text, and the project's own modules beside them.
fn folder(texts: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in FIRST_PARTY {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("__init__.py"), "").unwrap();
    }
    // A module counts as the project's own if its file is there.
    for name in ["app/db.py", "core/Models.py"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    std::fs::create_dir(folder.path().join("cases")).unwrap();
    for (index, text) in texts.iter().enumerate() {
        std::fs::write(file(folder.path(), index), text).unwrap();
    }
    folder
}

fn file(folder: &Path, index: usize) -> std::path::PathBuf {
    folder.join("cases").join(format!("t{index:05}.py"))
}

fn ruff(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("ruff");
    command.current_dir(folder).args(arguments).args(["--isolated", "--no-cache", "cases"]);
    command.output().expect("these tests need `ruff` on the PATH")
}

fn fixed_by_ruff(texts: &[String], target: &str) -> Vec<String> {
    let folder = folder(texts);
    let output = ruff(folder.path(), &["check", "-q", "--select", "I001", "--fix", "--target-version", target]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    (0..texts.len()).map(|index| std::fs::read_to_string(file(folder.path(), index)).unwrap()).collect()
}

fn random_cases(lazy: bool, seed: u64, blocks: usize) -> Vec<Case> {
    let mut dice = Dice(seed);
    (0..blocks).map(|_| case(&mut dice, lazy, INDENTS)).collect()
}

fn assert_equal_to_ruff(minor: u8, cases: &[Case]) {
    let texts: Vec<String> = cases.iter().map(|case| case.text.clone()).collect();
    let fixed = fixed_by_ruff(&texts, &format!("py3{minor}"));
    let mut different = Vec::new();
    for (case, theirs) in cases.iter().zip(&fixed) {
        let module = parse(case.text.clone()).unwrap_or_else(|faults| panic!("{faults:?}\n{}", case.text));
        let block = imports(suite(&module));
        let entries = Entry::read_block(&module, block).into_iter().flatten().collect();
        let style = style(case);
        let sorted = canonical(entries, &sections(minor), &style);
        let (newline, indent) = (style.newline, case.indent);
        let head = if style.nested { format!("def f():{newline}") } else { String::new() };
        let ours = format!("{head}{sorted}{newline}{indent}x = 1{newline}");
        if ours != *theirs {
            different.push(format!("{}=== ours\n{ours}=== ruff\n{theirs}", case.text));
        }
    }
    different.sort_by_key(String::len);
    assert!(different.is_empty(), "{} of {}; the shortest:\n{}", different.len(), cases.len(), different[0]);
}

#[test]
fn random_blocks_are_sorted_as_ruff_sorts_them() {
    assert_equal_to_ruff(12, &random_cases(false, 0x9e37_79b9_7f4a_7c15, BLOCKS));
}

#[test]
fn lazy_imports_are_sorted_as_ruff_sorts_them() {
    assert_equal_to_ruff(15, &random_cases(true, 0x1234_5678_9abc_def1, BLOCKS / 6));
}

#[test]
fn old_targets_know_other_modules() {
    for minor in [9, 10, 11, 13, 14] {
        assert_equal_to_ruff(minor, &random_cases(false, 0x5555_0000_1111_2222 + u64::from(minor), BLOCKS / 20));
    }
}

#[test]
fn lines_break_at_the_limit_as_ruff_breaks_them() {
    let comments =
        COMMENTS.iter().copied().chain(["", "# nosec", "# x# noqa: E501", "# fmt: skip", "# ty: ignore", "#: doc"]);
    let mut cases = Vec::new();
    for (nth, comment) in comments.enumerate() {
        for width in 60..92 {
            let indent = ["", "    ", "\t"][(nth + width) % 3];
            let member = if width % 2 == 0 { "b" } else { "b, c" };
            let module = "m".repeat(width - "from  import ".len() - member.len());
            let head = if indent.is_empty() { "" } else { "def f():\n" };
            let tail = if comment.is_empty() { String::new() } else { format!("  {comment}") };
            let line = format!("from {module} import {member}{tail}");
            let text = format!("{head}{indent}{line}\n\n{indent}x = 1\n");
            cases.push(Case { text, indent, crlf: false });
        }
    }
    assert_equal_to_ruff(12, &cases);
}

#[test]
fn the_formatter_leaves_sorted_blocks_as_they_are() {
    let mut dice = Dice(0xdead_beef_cafe_f00d);
    let texts: Vec<String> = (0..BLOCKS / 3).map(|_| case(&mut dice, false, &["    "]).text).collect();
    let fixed = fixed_by_ruff(&texts, "py312");
    let folder = folder(&fixed);
    let output = ruff(folder.path(), &["format", "--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_change_of_a_sorted_block_is_sorted_for_ruff() {
    let mut dice = Dice(0x0bad_cafe_1234_5677);
    let cases: Vec<Case> = (0..BLOCKS / 2).map(|_| case(&mut dice, false, INDENTS)).collect();
    let texts: Vec<String> = cases.iter().map(|case| case.text.clone()).collect();
    let fixed = fixed_by_ruff(&texts, "py312");
    let mut changed = Vec::new();
    for (case, text) in cases.iter().zip(fixed) {
        let module = parse(text.clone()).unwrap();
        let block = imports(suite(&module));
        let mut slots = Vec::new();
        for (index, stmt) in block.iter().enumerate() {
            if dice.one_in(4) && block.len() > 1 {
                continue;
            }
            let entries = Entry::read(&module, stmt).into_iter();
            slots.extend(entries.map(|entry| Slot { origin: Some(index), entry, changed: false }));
        }
        for _ in 0..dice.roll(3) {
            let line = statement(&mut dice, "", false);
            let more = parse(line.clone()).unwrap_or_else(|faults| panic!("{faults:?}\n{line}"));
            let entries = more.body().body.iter().flat_map(|stmt| Entry::read(&more, stmt));
            slots.extend(entries.map(|entry| Slot { origin: None, entry, changed: true }));
        }
        if slots.is_empty() {
            continue;
        }
        let rewritten = rewrite_block(&module, block, slots, &sections(12), &style(case));
        assert_eq!(rewritten.layout, Layout::Canonical, "{text}");
        let mut new = text.clone();
        new.replace_range(std::ops::Range::<usize>::from(rewritten.span), &rewritten.text);
        changed.push(new);
    }
    let folder = folder(&changed);
    let arguments = ["check", "-q", "--select", "I001", "--target-version", "py312"];
    let output = ruff(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_unsorted_block_loses_only_what_is_removed() {
    let mut dice = Dice(0x7777_1234_5678_9abd);
    for _ in 0..BLOCKS {
        let case = case(&mut dice, false, INDENTS);
        let module = parse(case.text.clone()).unwrap_or_else(|faults| panic!("{faults:?}\n{}", case.text));
        let block = imports(suite(&module));
        let mut slots = Vec::new();
        let mut whole = true;
        for (index, stmt) in block.iter().enumerate() {
            if dice.one_in(6) {
                whole = false;
                continue;
            }
            let entries = Entry::read(&module, stmt).into_iter();
            slots.extend(entries.map(|entry| Slot { origin: Some(index), entry, changed: false }));
        }
        let wanted: Vec<String> = slots.iter().map(|slot| slot.entry.one_line()).collect();
        let rewritten = rewrite_block(&module, block, slots, &sections(12), &style(&case));
        if rewritten.emptied {
            continue;
        }
        let mut new = case.text.clone();
        new.replace_range(std::ops::Range::<usize>::from(rewritten.span), &rewritten.text);
        if whole {
            assert_eq!(new, case.text);
        }
        if rewritten.layout == Layout::Minimal {
            let module = parse(new.clone()).unwrap_or_else(|_| panic!("{}\n===\n{new}", case.text));
            let left = imports(suite(&module)).iter().flat_map(|stmt| Entry::read(&module, stmt));
            assert_eq!(left.map(|entry| entry.one_line()).collect::<Vec<_>>(), wanted, "{}\n===\n{new}", case.text);
            let code = |line: &str| line.split("  #").next().unwrap_or_default().trim().to_string();
            let odd: Vec<&str> = new.lines().filter(|line| !case.text.contains(&code(line))).collect();
            assert!(odd.is_empty(), "{odd:?}\n{}\n===\n{new}", case.text);
        }
    }
}

#[test]
fn an_unsorted_block_keeps_its_lines_beside_new_imports() {
    let mut dice = Dice(0x3141_5926_5358_9793);
    for _ in 0..BLOCKS {
        let case = case(&mut dice, false, INDENTS);
        let module = parse(case.text.clone()).unwrap_or_else(|faults| panic!("{faults:?}\n{}", case.text));
        let block = imports(suite(&module));
        let old = block.iter().enumerate().flat_map(|(index, stmt)| {
            Entry::read(&module, stmt).into_iter().map(move |entry| Slot { origin: Some(index), entry, changed: false })
        });
        let names = ["new_a", "os.new", "app.new", "new_b as n"];
        let new = (0..1 + dice.roll(3)).map(|nth| {
            let (name, asname) = names[nth].split_once(" as ").map_or((names[nth], None), |(a, b)| (a, Some(b)));
            Slot { origin: None, entry: Entry::import(name, asname), changed: true }
        });
        let slots: Vec<Slot> = old.chain(new).collect();
        let mut wanted: Vec<String> = slots.iter().map(|slot| slot.entry.one_line()).collect();
        let rewritten = rewrite_block(&module, block, slots, &sections(12), &style(&case));
        if rewritten.layout == Layout::Canonical {
            continue;
        }
        let mut text = case.text.clone();
        text.replace_range(std::ops::Range::<usize>::from(rewritten.span), &rewritten.text);
        let module = parse(text.clone()).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        let entries = imports(suite(&module)).iter().flat_map(|stmt| Entry::read(&module, stmt));
        let mut found: Vec<String> = entries.map(|entry| entry.one_line()).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{}\n===\n{text}", case.text);
        let is_new = |line: &&str| names.iter().any(|name| line.trim() == format!("import {name}"));
        let lines =
            |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_string).collect::<Vec<_>>();
        let rest: Vec<&str> = text.lines().filter(|line| !is_new(line)).collect();
        assert_eq!(lines(&rest.join("\n")), lines(&case.text));
    }
}
