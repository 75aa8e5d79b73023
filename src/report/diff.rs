//! A unified diff that `git apply` takes.

use std::fmt::Write as _;
use std::io::{self, Write};

use similar::{Algorithm, ChangeTag, TextDiff};

use super::style::{ADDED, BOLD, Colour, HUNK, REMOVED};
use crate::verify::Rewrite;

/// Writes the changes of one file, whose path relative to the root of the repository is `path`.
pub fn write(rewrite: &Rewrite, path: &str, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    write_texts(rewrite.before(), rewrite.after(), path, colour, out)
}

/// Writes a file that comes to be.
pub fn write_created(text: &str, path: &str, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    header(path, "new file mode 100644", colour, out)?;
    write_named("", text, ("/dev/null", &name("b", path)), colour, out)
}

/// Writes a file that is deleted.
pub fn write_deleted(text: &str, path: &str, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    header(path, "deleted file mode 100644", colour, out)?;
    write_named(text, "", (&name("a", path), "/dev/null"), colour, out)
}

/// git tells a file that comes to be from an empty one by its own header alone.
fn header(path: &str, mode: &str, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let names =
        format!("diff --git {} {}", name("a", path).trim_end_matches('\t'), name("b", path).trim_end_matches('\t'));
    writeln!(out, "{}", colour.paint(BOLD, names))?;
    writeln!(out, "{}", colour.paint(BOLD, mode.to_owned()))
}

fn write_texts(before: &str, after: &str, path: &str, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    write_named(before, after, (&name("a", path), &name("b", path)), colour, out)
}

fn write_named(
    before: &str,
    after: &str,
    (old_name, new_name): (&str, &str),
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    // Only `\n` ends a line, as in git; a lone `\r` does not.
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let groups = diff.grouped_ops(3);
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", colour.paint(BOLD, format!("--- {old_name}")))?;
    writeln!(out, "{}", colour.paint(BOLD, format!("+++ {new_name}")))?;
    for group in groups {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = range(first.old_range().start, last.old_range().end);
        let new = range(first.new_range().start, last.new_range().end);
        writeln!(out, "{}", colour.paint(HUNK, format!("@@ -{old} +{new} @@")))?;
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', None),
                ChangeTag::Delete => ('-', Some(REMOVED)),
                ChangeTag::Insert => ('+', Some(ADDED)),
            };
            let line = change.value();
            let (text, ending) = match line.strip_suffix('\n') {
                Some(text) => (text, "\n"),
                None => (line, "\n\\ No newline at end of file\n"),
            };
            let text = format!("{sign}{text}");
            let text = style.map_or(text.clone(), |style| colour.paint(style, &text));
            write!(out, "{text}{ending}")?;
        }
    }
    Ok(())
}

/// `12,3`; one line is told by its number alone, and no line by the number of the line before.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        length => format!("{},{length}", start + 1),
    }
}

/// The name of a file as git writes it: quoted if it holds what a header cannot, a tab behind it if it holds a blank.
fn name(prefix: &str, path: &str) -> String {
    let special = |character: char| character.is_control() || matches!(character, '"' | '\\');
    if !path.contains(special) {
        let tab = if path.contains(' ') { "\t" } else { "" };
        return format!("{prefix}/{path}{tab}");
    }
    let mut quoted = format!("\"{prefix}/");
    for character in path.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            _ if character.is_control() => {
                for byte in character.to_string().bytes() {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::{Command, Stdio};

    fn diff(before: &str, after: &str, path: &str) -> Vec<u8> {
        let mut patch = Vec::new();
        write_texts(before, after, path, Colour::Never, &mut patch).unwrap();
        patch
    }

    #[test]
    fn git_applies_the_diff_of_every_layout_of_text() {
        let long: String = (0..40).map(|number| format!("x{number} = {number}\n")).collect();
        let cases = [
            ("import a\nx = 1\n", "x = 1\n"),
            ("x = 1\n", "import a\nx = 1\n"),
            ("import a\r\nx = 1\r\n", "x = 1\r\n\r\n"),
            ("import a\nx = 1", "x = 1"),
            ("x = 1", "x = 1\n"),
            ("x = 1\n", "x = 1"),
            ("\u{feff}import a\nx = 'é'\n", "\u{feff}x = 'é'\n"),
            ("a = 'x\ry'\nimport a\n", "a = 'x\ry'\n"),
            ("\x0cimport a\nb\u{2028}c\n", "\x0cb\u{2028}c\n"),
            ("e = '\u{1b}[31m'\nimport a\n", "e = '\u{1b}[31m'\n"),
            (&format!("import a\n{long}import b\n"), &format!("{long}\n")),
            ("import a\n", ""),
        ];
        for path in ["app/a.py", "with blank.py", "é/x.py", "quo\"te\\x.py", "tab\tx.py"] {
            for (before, after) in cases {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join(path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, before).unwrap();
                let mut git = Command::new("git")
                    .args(["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"])
                    .current_dir(folder.path())
                    .env("GIT_CEILING_DIRECTORIES", folder.path())
                    .stdin(Stdio::piped())
                    .spawn()
                    .unwrap();
                let patch = diff(before, after, path);
                git.stdin.take().unwrap().write_all(&patch).unwrap();
                assert!(git.wait().unwrap().success(), "{path}\n{}", String::from_utf8_lossy(&patch));
                // A patch that empties a file leaves an empty one: it says nothing of a deletion.
                assert_eq!(fs::read_to_string(&file).unwrap_or_default(), after, "{path}");
            }
        }
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert!(diff("x\n", "x\n", "a.py").is_empty());
    }

    #[test]
    fn colours_go_around_lines_and_never_into_a_plain_patch() {
        let mut patch = Vec::new();
        write_texts("a\n", "b\n", "a.py", Colour::Always, &mut patch).unwrap();
        assert!(String::from_utf8(patch).unwrap().contains("\u{1b}[31m-a\u{1b}[0m\n"));
        assert!(!diff("a\n", "b\n", "a.py").contains(&0x1b));
    }
}
