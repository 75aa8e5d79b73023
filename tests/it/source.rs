//! Files on disk: which are found, how they are read, that they are written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hotcold::config::{Loader, Overrides, glob};
use hotcold::source::{Kind, Selection, Tree, WriteError, decode, discover, why_read_only, write};
use tempfile::TempDir;

fn project(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = fs::canonicalize(folder.path()).unwrap();
    (folder, root)
}

fn tree(root: &Path, paths: &[&str], force_exclude: bool) -> Tree {
    let read = |path: &Path| match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let overrides = Overrides { exclude: vec![glob("excluded.py").unwrap()], ..Overrides::default() };
    let mut loader = Loader::new(&read, root, overrides);
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let selection = Selection { paths: &paths, working_directory: root, force_exclude };
    discover(&selection, &mut loader).unwrap()
}

/// `+` selected and rewritable, `r` selected reader, `-` not selected.
fn listing(tree: &Tree) -> Vec<String> {
    let entry = |entry: &hotcold::source::Entry| {
        let sign = match (entry.selected, entry.kind) {
            (true, Kind::Rewritable) => '+',
            (true, Kind::Reader(_)) => 'r',
            (false, _) => '-',
        };
        format!("{sign}{}", entry.relative)
    };
    tree.roots.iter().flat_map(|root| &root.files).map(entry).collect()
}

#[test]
fn what_git_ignores_and_folders_of_tools_are_left_out() {
    let (_guard, root) = project(&[
        ("hotcold.toml", ""),
        (".gitignore", "ignored/\n"),
        ("app/a.py", ""),
        ("app/a.pyi", ""),
        ("app/data.txt", "import x"),
        ("ignored/b.py", ""),
        (".venv/lib/c.py", ""),
        ("node_modules/d.py", ""),
        ("app/__pycache__/e.py", ""),
        ("site-packages/f.py", ""),
        (".github/g.py", ""),
        ("bin/run", "#!/usr/bin/env python3\nimport x\n"),
        ("bin/other", "#!/bin/sh\n"),
    ]);
    assert_eq!(listing(&tree(&root, &["."], false)), ["+.github/g.py", "+app/a.py", "rapp/a.pyi", "rbin/run"]);
}

#[test]
fn the_whole_project_is_read_and_only_what_is_named_is_selected() {
    let (_guard, root) = project(&[("hotcold.toml", ""), ("app/a.py", ""), ("app/b.py", ""), ("lib/c.py", "")]);
    assert_eq!(listing(&tree(&root, &["lib"], false)), ["-app/a.py", "-app/b.py", "+lib/c.py"]);
    assert_eq!(listing(&tree(&root, &["app/b.py", "./app/b.py"], false)), ["-app/a.py", "+app/b.py", "-lib/c.py"]);
}

#[test]
fn excluded_files_are_still_read() {
    let (_guard, root) = project(&[
        ("hotcold.toml", "exclude = ['migrations']\n"),
        ("app/a.py", ""),
        ("app/migrations/m.py", ""),
        ("excluded.py", ""),
    ]);
    assert_eq!(listing(&tree(&root, &["."], false)), ["+app/a.py", "-app/migrations/m.py", "-excluded.py"]);
    let named = ["app/migrations/m.py", "excluded.py"];
    assert_eq!(listing(&tree(&root, &named, false)), ["-app/a.py", "+app/migrations/m.py", "+excluded.py"]);
    assert_eq!(listing(&tree(&root, &named, true)), ["-app/a.py", "-app/migrations/m.py", "-excluded.py"]);
}

#[test]
fn services_with_their_own_configuration_are_projects_of_their_own() {
    let (_guard, root) = project(&[("a/hotcold.toml", ""), ("a/x.py", ""), ("b/hotcold.toml", ""), ("b/y.py", "")]);
    let tree = tree(&root, &["a", "b/y.py"], false);
    let folders: Vec<_> = tree.roots.iter().map(|found| found.folder.strip_prefix(&root).unwrap()).collect();
    assert_eq!(folders, [Path::new("a"), Path::new("b")]);
    assert_eq!(listing(&tree), ["+x.py", "+y.py"]);
}

#[test]
fn a_path_that_is_not_there_is_a_problem_and_the_rest_goes_on() {
    let (_guard, root) = project(&[("hotcold.toml", ""), ("a.py", "")]);
    let tree = tree(&root, &["nope.py", "a.py"], false);
    assert_eq!(tree.problems.len(), 1);
    assert_eq!((tree.problems[0].path.as_str(), tree.problems[0].code), ("nope.py", "io"));
    assert_eq!(listing(&tree), ["+a.py"]);
}

#[cfg(unix)]
#[test]
fn symlinks_give_each_file_once_and_nothing_outside_the_project() {
    use std::os::unix::fs::symlink;
    let (_outside_guard, outside) = project(&[("o.py", ""), ("deep/p.py", "")]);
    let (_guard, root) = project(&[("hotcold.toml", ""), ("a.py", "")]);
    symlink(root.join("a.py"), root.join("alias.py")).unwrap();
    symlink(outside.join("o.py"), root.join("out.py")).unwrap();
    symlink(outside.join("deep"), root.join("folder")).unwrap();
    symlink(root.join("gone.py"), root.join("broken.py")).unwrap();
    symlink(&root, root.join("loop")).unwrap();
    let all = tree(&root, &["."], false);
    assert_eq!(listing(&all), ["+a.py", "rout.py"]);
    assert_eq!(all.roots[0].files[1].kind, Kind::Reader("symlink out of the project"));
    assert_eq!(listing(&tree(&root, &["alias.py"], false)), ["+a.py", "-out.py"]);
}

#[test]
fn text_is_utf8_or_a_problem_with_its_place() {
    let problem = |bytes: &[u8]| {
        let problem = decode(bytes.to_vec(), "x.py").unwrap_err();
        format!("{} {}", problem.code, problem.place.unwrap())
    };
    assert_eq!(problem(b"import os\nx = '\xe9'\n"), "encoding 2:6");
    assert_eq!(problem(b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n"), "encoding 2:15");
    assert_eq!(problem("# vim: set fileencoding=utf-16 :\n".as_bytes()), "encoding 1:25");
    assert_eq!(problem("é = 1\0".as_bytes()), "nul-byte 1:6");
    for good in [
        "\u{feff}# coding: utf8\nx = 'é'\n",
        "# -*- coding: utf-8 -*-\nx = 'é'\n",
        "# coding: latin-1\nx = 1\n",
        "x = 1\n# coding: latin-1\ny = 'é'\n",
        "\n\n# coding: latin-1\ny = 'é'\n",
        "",
    ] {
        assert_eq!(decode(good.as_bytes().to_vec(), "x.py").unwrap(), good);
    }
}

#[test]
fn generated_files_are_known_by_their_first_lines() {
    assert_eq!(why_read_only("# Generated by protoc.  DO NOT EDIT!\nimport x\n"), Some("generated file"));
    assert_eq!(why_read_only("\n# @generated\n"), Some("generated file"));
    assert_eq!(why_read_only(&format!("{}# DO NOT EDIT\n", "\n".repeat(20))), None);
}

#[test]
fn writing_replaces_the_text_and_leaves_nothing_else() {
    let (_guard, root) = project(&[("a.py", "old\r\n")]);
    write(&root.join("a.py"), "old\r\n", "new\r\n").unwrap();
    assert_eq!(fs::read_to_string(root.join("a.py")).unwrap(), "new\r\n");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_the_target_of_a_symlink_is_written() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_guard, root) = project(&[("real/a.py", "old")]);
    let (real, link) = (root.join("real/a.py"), root.join("link.py"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o754)).unwrap();
    symlink("real/a.py", &link).unwrap();
    write(&link, "old", "new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o754);
}

#[test]
fn a_file_that_changed_meanwhile_is_left_as_it_is() {
    let (_guard, root) = project(&[("a.py", "mine")]);
    assert!(matches!(write(&root.join("a.py"), "old", "new"), Err(WriteError::Changed)));
    assert_eq!(fs::read_to_string(root.join("a.py")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_an_error_that_says_so() {
    // Nobody, not even root, can make files here.
    let path = Path::new("/proc/self/comm");
    let before = fs::read_to_string(path).unwrap();
    let error = write(path, &before, "new").unwrap_err().to_string();
    assert!(error.starts_with("cannot be written, and is left as it is: making a temporary file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, root) = project(&[("a.py", "old")]);
    fs::set_permissions(root.join("a.py"), fs::Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(write(&root.join("a.py"), "old", "new"), Err(WriteError::ReadOnly)));
    assert_eq!(fs::read_to_string(root.join("a.py")).unwrap(), "old");
}
