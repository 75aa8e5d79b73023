//! Blocks that are not in isort's form keep theirs: only what has to change does.

use hotcold::python::import::{Entry, Style};
use hotcold::python::{Block, Module, Stmt, parse};
use hotcold::sort::{Layout, Rewritten, Sections, Slot, blocks, is_one_block, rewrite_block};

fn sections() -> Sections {
    Sections { minor: 12, first_party: ["app".into()].into() }
}

/// The first suite that holds imports and its first run of them.
fn block(suite: &Block) -> Option<&[Stmt]> {
    let is_import = |stmt: &Stmt| stmt.as_import().is_some();
    if let Some(start) = suite.body.iter().position(is_import) {
        let rest = &suite.body[start..];
        return Some(&rest[..rest.iter().position(|stmt| !is_import(stmt)).unwrap_or(rest.len())]);
    }
    suite.body.iter().flat_map(Stmt::blocks).find_map(block)
}

fn entry(line: &str) -> Entry {
    let module = parse(format!("{line}\n")).unwrap();
    Entry::read(&module, &module.body().body[0]).remove(0)
}

fn rewrite(module: &Module, remove: &[&str], add: &[&str]) -> Rewritten {
    let block = block(module.body()).unwrap();
    let mut slots = Vec::new();
    for (index, stmt) in block.iter().enumerate() {
        for entry in Entry::read(module, stmt) {
            let gone = |line: &str| remove.contains(&line);
            let module_text = entry.module_text();
            let members = entry.members().len();
            let (_, rest) = if members == 0 || gone(&entry.one_line()) {
                let whole = gone(&entry.one_line());
                entry.split(|_| whole)
            } else {
                entry.split(|member| gone(&format!("from {module_text} import {}", member.name)))
            };
            let Some(entry) = rest else { continue };
            let changed = entry.members().len() != members;
            slots.push(Slot { origin: Some(index), entry, changed });
        }
    }
    slots.extend(add.iter().map(|line| Slot { origin: None, entry: entry(line), changed: true }));
    let style = Style::at(module, &block[0], 88);
    rewrite_block(module, block, slots, &sections(), &style)
}

#[track_caller]
fn check(before: &str, remove: &[&str], add: &[&str], after: &str) {
    for newline in ["\n", "\r\n"] {
        let module = parse(before.replace('\n', newline)).unwrap();
        let rewritten = rewrite(&module, remove, add);
        let mut text = module.text().to_string();
        text.replace_range(std::ops::Range::<usize>::from(rewritten.span), &rewritten.text);
        assert_eq!(text, after.replace('\n', newline));
    }
}

#[track_caller]
fn check_minimal(before: &str, remove: &[&str], add: &[&str], after: &str) {
    let module = parse(before.to_string()).unwrap();
    assert_eq!(rewrite(&module, remove, add).layout, Layout::Minimal);
    check(before, remove, add, after);
}

#[test]
fn an_unsorted_block_without_changes_is_untouched() {
    let text = "import sys, os\nfrom a import (b,\n               c)\n\n\n# about json\nimport json;\n";
    check_minimal(text, &[], &[], text);
}

#[test]
fn a_removed_import_goes_with_its_line_and_the_comments_about_it() {
    check_minimal(
        "import sys\n# for uploads\nimport boto3  # slow\nimport os\n",
        &["import boto3"],
        &[],
        "import sys\nimport os\n",
    );
}

#[test]
fn blank_lines_around_a_removed_import_become_the_larger_run() {
    check_minimal(
        "import sys\nimport os\n\nimport b\n\n\nimport a\n",
        &["import b"],
        &[],
        "import sys\nimport os\n\n\nimport a\n",
    );
}

#[test]
fn no_blank_line_is_left_at_the_top_of_a_file_or_function() {
    check_minimal(
        "import sys\n\nimport os\nimport b\nimport a\n",
        &["import sys"],
        &[],
        "import os\nimport b\nimport a\n",
    );
    check_minimal(
        "def f():\n    import sys\n\n    import os\n    import b\n    import a\n\n    return 1\n",
        &["import sys"],
        &[],
        "def f():\n    import os\n    import b\n    import a\n\n    return 1\n",
    );
}

#[test]
fn a_header_keeps_its_distance_from_what_comes_after_a_removed_import() {
    let before = "# Licence\nimport sys\n\nimport os\nimport b\nimport a\n";
    check_minimal(before, &["import sys"], &[], "# Licence\n\nimport os\nimport b\nimport a\n");
}

#[test]
fn the_last_import_takes_the_blank_lines_before_it_along() {
    check_minimal(
        "import b\nimport a\n\nimport os\n\n\nx = 1\n",
        &["import os"],
        &[],
        "import b\nimport a\n\n\nx = 1\n",
    );
    check_minimal("import b\nimport a\n\nimport os\nx = 1\n", &["import os"], &[], "import b\nimport a\n\nx = 1\n");
    check_minimal(
        "def f():\n    import b\n    import a\n\n    import os\n",
        &["import os"],
        &[],
        "def f():\n    import b\n    import a\n",
    );
}

#[test]
fn a_block_that_is_gone_leaves_no_trace() {
    check(
        "\"\"\"Doc.\"\"\"\n\nimport os\n\n\ndef f():\n    pass\n",
        &["import os"],
        &[],
        "\"\"\"Doc.\"\"\"\n\n\ndef f():\n    pass\n",
    );
    check("import os\n\nx = 1\n", &["import os"], &[], "x = 1\n");
    check("def f():\n    \"\"\"Doc.\"\"\"\n\n    import os\n", &["import os"], &[], "def f():\n    \"\"\"Doc.\"\"\"\n");
    check("def f():\n    import os\n\n    return 1\n", &["import os"], &[], "def f():\n    return 1\n");
}

#[test]
fn a_block_that_was_its_whole_suite_is_reported_empty() {
    let module = parse("def f():\n    import os\n\n\nx = 1\n".to_string()).unwrap();
    let rewritten = rewrite(&module, &["import os"], &[]);
    assert!(rewritten.emptied && rewritten.text.is_empty());
    assert_eq!(&module.text()[rewritten.span], "    import os\n");
}

#[test]
fn a_name_leaves_a_plain_import_of_several() {
    check_minimal(
        "import sys, json as j, os  # std\nimport a\n",
        &["import json as j"],
        &[],
        "import sys, os  # std\nimport a\n",
    );
    check_minimal("import sys, json\nimport a\n", &["import sys"], &[], "import json\nimport a\n");
}

#[test]
fn a_member_leaves_a_from_import() {
    let before = "import b\nfrom a import (c,\n               d,)\nimport a\n";
    check_minimal(before, &["from a import c"], &[], "import b\nfrom a import (\n    d,\n)\nimport a\n");
    let before = "import b\nfrom a import c, \\\n    d\nimport a\n";
    check_minimal(before, &["from a import d"], &[], "import b\nfrom a import c\nimport a\n");
}

#[test]
fn semicolons_are_mended() {
    check_minimal("import b; import a; import c\n", &["import a"], &[], "import b; import c\n");
    check_minimal("import b; import a; import c\n", &["import c"], &[], "import b; import a\n");
    check_minimal("x = 1; import a; y = 2\n", &["import a"], &[], "x = 1; y = 2\n");
    check_minimal("x = 1; import a  # why\n", &["import a"], &[], "x = 1  # why\n");
    check_minimal("import a; x = 1\n", &["import a"], &[], "x = 1\n");
    check_minimal("import a; \\\n  x = 1\n", &["import a"], &[], "x = 1\n");
    check_minimal("import b; import a;\nx = 1\n", &["import a"], &[], "import b;\nx = 1\n");
    check_minimal("import b; import a\nx = 1\n", &["import a", "import b"], &[], "x = 1\n");
}

#[test]
fn a_new_import_never_separates_statements_on_one_line() {
    check_minimal("x = 1; import b\n", &[], &["import a"], "x = 1; import b\nimport a\n");
    check_minimal("import b; x = 1\n", &[], &["import c"], "import c\nimport b; x = 1\n");
    check_minimal("x = 1; import b; y = 2\n", &[], &["import c"], "x = 1; import b; import c; y = 2\n");
    check_minimal("if x: import b\ny = 1\n", &[], &["import c"], "if x: import b; import c\ny = 1\n");
}

#[test]
fn a_new_import_comes_after_the_last_one_that_sorts_before_it() {
    check_minimal(
        "import sys\nimport os\n\nimport c\nimport b\n",
        &[],
        &["import json"],
        "import json\nimport sys\nimport os\n\nimport c\nimport b\n",
    );
    check_minimal(
        "import sys\nimport abc\nimport os\n",
        &[],
        &["import json"],
        "import sys\nimport abc\nimport json\nimport os\n",
    );
    check_minimal(
        "import sys\nimport os\n\nimport c\nimport b\n",
        &[],
        &["import d"],
        "import sys\nimport os\n\nimport c\nimport b\nimport d\n",
    );
    check_minimal(
        "import sys\nimport os\n\nimport c\nimport b\n",
        &[],
        &["import a"],
        "import sys\nimport os\n\nimport a\nimport c\nimport b\n",
    );
}

#[test]
fn a_new_section_stands_between_blank_lines() {
    check_minimal(
        "import sys\nimport os\n\nimport app\n",
        &[],
        &["import boto3"],
        "import sys\nimport os\n\nimport boto3\n\nimport app\n",
    );
    check_minimal("import c\nimport b\n", &[], &["import os"], "import os\n\nimport c\nimport b\n");
    check_minimal("import c\nimport b\n", &[], &["from . import x"], "import c\nimport b\n\nfrom . import x\n");
}

#[test]
fn sections_stay_together_where_the_author_does_not_part_them() {
    check_minimal(
        "import boto3\nimport os\nimport app\n",
        &[],
        &["from . import x"],
        "import boto3\nimport os\nimport app\nfrom . import x\n",
    );
}

#[test]
fn a_section_keeps_its_heading() {
    let before = "import sys\nimport os\n\n# Third party\nimport c\nimport b\n";
    check_minimal(before, &[], &["import a"], "import sys\nimport os\n\n# Third party\nimport a\nimport c\nimport b\n");
    check_minimal(before, &["import c"], &[], "import sys\nimport os\n\n# Third party\nimport b\n");
    check_minimal(before, &["import c", "import b"], &[], "import sys\nimport os\n\n# Third party\n");
}

#[test]
fn a_sorted_block_keeps_a_heading_at_its_group() {
    let before = "x = 1\n# Standard library\nimport os\nimport sys\n\n# Third party\nimport boto3\nimport requests\n";
    check(
        before,
        &["import boto3"],
        &[],
        "x = 1\n# Standard library\nimport os\nimport sys\n\n# Third party\nimport requests\n",
    );
    // A comment is never lost, also when all that it headed has left.
    let emptied = "x = 1\n# Standard library\nimport os\nimport sys\n\n# Third party\n";
    check(before, &["import boto3", "import requests"], &[], emptied);
}

#[test]
fn a_pragma_between_imports_stays_when_the_import_below_it_goes() {
    let before = "import os\n\n# pylint: disable=all\nimport sys\n";
    check(before, &["import sys"], &[], "import os\n\n# pylint: disable=all\n");
    check_minimal(
        "import sys\n# pylint: disable=all\nimport os\nimport abc\n",
        &["import os"],
        &[],
        "import sys\n# pylint: disable=all\nimport abc\n",
    );
}

#[test]
fn imports_that_mix_their_forms_stay_mixed() {
    let before = "import abc\nfrom json import loads\nimport sys\n";
    check_minimal(
        before,
        &[],
        &["from os import path"],
        "import abc\nfrom json import loads\nfrom os import path\nimport sys\n",
    );
}

#[test]
fn a_switched_off_region_takes_no_new_import() {
    let before = "import sys\n# isort: off\nimport json\nimport abc\n# isort: on\nimport zlib\n";
    let after = "import sys\n# isort: off\nimport json\nimport abc\n# isort: on\nimport zlib\nimport zoneinfo\n";
    check_minimal(before, &[], &["import zoneinfo"], after);
    let after = "import os\nimport sys\n# isort: off\nimport json\nimport abc\n# isort: on\nimport zlib\n";
    check_minimal(before, &[], &["import os"], after);
    let before = "# fmt: off\nimport sys\nimport  abc\n# fmt: on\n";
    check_minimal(before, &[], &["import os"], "# fmt: off\nimport sys\nimport  abc\n# fmt: on\nimport os\n");
}

#[test]
fn a_skipped_line_has_no_new_neighbour_where_another_place_is_free() {
    let before = "import zlib\nimport abc\nimport json  # isort: skip\nimport tty\nimport sys\n";
    let after = "import zlib\nimport os\nimport abc\nimport json  # isort: skip\nimport tty\nimport sys\n";
    check_minimal(before, &[], &["import os"], after);
}

#[test]
fn a_new_import_stands_below_future_imports() {
    let before = "from __future__ import annotations\nimport sys\nimport os\n";
    check_minimal(
        before,
        &[],
        &["import abc"],
        "from __future__ import annotations\nimport abc\nimport sys\nimport os\n",
    );
}

#[test]
fn no_newline_at_the_end_of_the_file_stays_so() {
    check("import abc\nimport os", &[], &["import sys"], "import abc\nimport os\nimport sys");
    check_minimal("import sys\nimport os", &["import os"], &["import zlib"], "import sys\nimport zlib");
}

#[test]
fn a_byte_order_mark_stays_first() {
    check("\u{feff}import os\n", &[], &["import abc"], "\u{feff}import abc\nimport os\n");
}

#[test]
fn tabs_indent_what_is_new() {
    check("def f():\n\timport os\n", &[], &["import sys"], "def f():\n\timport os\n\timport sys\n");
}

#[test]
fn comments_and_blank_lines_do_not_part_a_block() {
    let module = parse("import b\n\n# c\nimport a\n# isort: split\nimport c\nx = 1\nimport d\n".to_string()).unwrap();
    assert_eq!(blocks(&module, &module.body().body), [0..2, 2..3, 4..5]);
    assert!(is_one_block(&module, &module.body().body[..2]));
    assert!(!is_one_block(&module, &module.body().body[..3]));
}

#[test]
fn a_skipped_import_parts_a_block() {
    let module = parse("import b\nimport a  # isort: skip\nimport c\n".to_string()).unwrap();
    assert_eq!(blocks(&module, &module.body().body), [0..1, 2..3]);
}

#[test]
fn a_changed_import_is_printed_at_its_place() {
    let module = parse("import sys\nfrom b import c, d\nimport os\n".to_string()).unwrap();
    let block = block(module.body()).unwrap();
    let mut slots: Vec<Slot> = Vec::new();
    for (index, stmt) in block.iter().enumerate() {
        for mut entry in Entry::read(&module, stmt) {
            let changed = entry.is_from();
            if changed {
                entry.inline = vec!["# hot path".into()];
                let (taken, rest) = entry.split(|member| member.name == "d");
                slots.extend(taken.into_iter().chain(rest).map(|entry| Slot { origin: Some(index), entry, changed }));
            } else {
                slots.push(Slot { origin: Some(index), entry, changed });
            }
        }
    }
    let rewritten = rewrite_block(&module, block, slots, &sections(), &Style::default());
    assert_eq!(rewritten.text, "import sys\nfrom b import d  # hot path\nfrom b import c  # hot path\nimport os\n");
}
