//! PEP 810: `lazy import x`, which the grammar does not know. `lazy` trades places with the blanks after the keyword, so
//! that the parser sees `import      x` at the same column and every other offset stays true.
//! Inside strings and comments this may change a text that only the parser sees.

/// The text that the parser reads instead, and where each `lazy` starts.
pub struct Masked {
    pub text: String,
    pub places: Vec<u32>,
}

/// `None` if there is nothing to mask.
pub fn mask(text: &str) -> Option<Masked> {
    const LAZY: &str = "lazy";
    let mut masked: Option<Masked> = None;
    for (at, _) in text.match_indices(LAZY) {
        if !starts_statement(&text[..at]) {
            continue;
        }
        let rest = &text[at + LAZY.len()..];
        let keyword_at = rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len();
        let Some(keyword) = ["import", "from"].into_iter().find(|keyword| rest[keyword_at..].starts_with(keyword))
        else {
            continue;
        };
        let after = rest[keyword_at + keyword.len()..].chars().next();
        if keyword_at == 0 || after.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let masked = masked.get_or_insert_with(|| Masked { text: text.to_owned(), places: Vec::new() });
        let end = at + LAZY.len() + keyword_at + keyword.len();
        let width = end - at;
        masked.text.replace_range(at..end, &format!("{keyword:width$}"));
        masked.places.push(at as u32);
    }
    masked
}

/// Whether a statement can start after `before`: at the start of a line, or after `;` or `:`.
fn starts_statement(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t', '\x0c', '\u{feff}']);
    before.is_empty() || before.ends_with(['\n', ';', ':'])
}
