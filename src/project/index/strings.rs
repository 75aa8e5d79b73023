//! What a string may name: a path of names, several names, or a file.

/// Endings that make a two-part string a file name and not a dotted path.
pub(super) const FILE_ENDINGS: &[&str] = &[
    "bz2", "cfg", "conf", "css", "csv", "db", "gz", "html", "ini", "js", "json", "log", "lzma", "md", "pickle", "png",
    "py", "sh", "sqlite3", "tar", "toml", "txt", "xml", "yaml", "yml", "zip",
];

/// Longer strings name nothing.
pub(in crate::project) const LONGEST_PATH: usize = 200;

/// The parts of a string that may be the path of a name: `a.b.c`, `a.b:c`.
pub(super) fn dotted_path(content: &str) -> Option<Vec<&str>> {
    let is_path = content.len() < LONGEST_PATH
        && content.contains(['.', ':'])
        && content.split(['.', ':']).all(|part| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
    is_path.then(|| content.split(['.', ':']).collect())
}

/// What stands between names in a string that holds several.
const BETWEEN_NAMES: [char; 7] = ['.', ':', ',', ';', '|', '/', '-'];

/// Whether the character is one that strings of names have.
pub(in crate::project) fn is_of_names(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || BETWEEN_NAMES.contains(&c)
}

/// The names that a string is made of: `"handler"`, `"app.handler:run"`, `"first,second"`.
pub(super) fn quoted_names(content: &str) -> impl Iterator<Item = &str> {
    let is_made_of_names = content.len() < LONGEST_PATH && content.chars().all(is_of_names);
    let names = content.split(BETWEEN_NAMES).filter(move |_| is_made_of_names);
    names.filter(|name| !name.is_empty())
}
