//! The text of the pull request: a template, filled with what the run found, never longer than a forge takes.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

/// The text that is used when the user gives none.
const TEMPLATE: &str = include_str!("body.md");

/// Forges take 65,536 characters; some count them differently.
const LONGEST: usize = 58_000;

/// Steps of a template: a limit for one that never ends.
const FUEL: u64 = 10_000_000;

/// What a template can show.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Body {
    /// What the changes bring, in a sentence.
    pub summary: String,
    pub rows: Vec<Row>,
    pub refused: Vec<Refused>,
    pub refused_count: usize,
    /// What makes the same changes.
    pub command: String,
    /// Where the numbers come from.
    pub sources: String,
}

/// A change, in cells of a table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub file: String,
    pub module: String,
    pub from: String,
    pub to: String,
    pub import: String,
    pub usage: String,
    pub rule: String,
}

/// Imports that stay for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    pub code: &'static str,
    pub count: usize,
    pub why: String,
    /// The first of them.
    pub place: String,
}

impl Body {
    /// The text, with `marker` as its first line. Rows are left out until it is short enough.
    pub fn render(&self, template: Option<&str>, marker: &str) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build()?);
        environment.add_template("body", template.unwrap_or(TEMPLATE))?;
        let template = environment.get_template("body")?;
        let mut shown = self.rows.len();
        loop {
            let more = self.rows.len() - shown;
            let values = context! { rows => Serde(&self.rows[..shown]), more => more, ..Value::from(Serde(self)) };
            let text = format!("{marker}\n{}", template.render(values)?);
            if text.chars().count() <= LONGEST || shown == 0 {
                return Ok(text.chars().take(LONGEST).collect());
            }
            shown = shown * 9 / 10;
        }
    }
}

/// Text of the repository as a cell of a table: as code, so that nothing in it is Markdown or a mention.
pub fn cell(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() && *c != '`').collect();
    if plain.is_empty() { String::new() } else { format!("`{}`", plain.replace('|', "\\|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(rows: usize) -> Body {
        let row = Row {
            file: cell("app/a.py"),
            module: cell("pandas"),
            from: "module level".to_owned(),
            to: cell("report"),
            import: "1200 ms".to_owned(),
            usage: "5 %".to_owned(),
            rule: "heavy and cold".to_owned(),
        };
        Body { summary: "It brings much.".to_owned(), rows: vec![row; rows], ..Body::default() }
    }

    #[test]
    fn the_marker_comes_first_and_the_footer_last() {
        let text = body(1).render(None, "<!-- m -->").unwrap();
        assert!(text.starts_with("<!-- m -->\nIt brings much.\n\n| file | module |"), "{text}");
        assert!(
            text.contains("\n| `app/a.py` | `pandas` | module level | `report` | 1200 ms | 5 % | heavy and cold |\n")
        );
        assert!(text.ends_with("for good.\n"), "{text}");
    }

    #[test]
    fn a_long_table_is_cut_and_the_rest_stays() {
        let text = body(5000).render(None, "<!-- m -->").unwrap();
        assert!(text.chars().count() <= LONGEST && text.starts_with("<!-- m -->\n"));
        assert!(text.contains(" more: see the changed files.") && text.ends_with("for good.\n"));
    }

    #[test]
    fn a_template_of_the_user_may_say_less_but_not_run_for_ever() {
        let text = body(2).render(Some("{% for row in rows %}{{ row.module }} {% endfor %}{{ more }}"), "<!-- m -->");
        assert_eq!(text.unwrap(), "<!-- m -->\n`pandas` `pandas` 0");
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert!(body(1).render(Some(endless), "").is_err());
        assert!(body(1).render(Some("{% for"), "").is_err());
    }

    #[test]
    fn names_cannot_break_out_of_their_cell() {
        assert_eq!(cell("a|b`@someone\n"), "`a\\|b@someone`");
    }
}
