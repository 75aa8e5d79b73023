//! The forge of a dry run: it knows of no pull request, and prints what it would be asked.

use std::io::Write;

use super::{Forge, ForgeError, Place, PullRequest};

pub struct Printed<'o> {
    out: &'o mut dyn Write,
}

impl<'o> Printed<'o> {
    pub fn new(out: &'o mut dyn Write) -> Printed<'o> {
        Printed { out }
    }

    /// What cannot be printed need not be known.
    fn say(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }
}

impl Forge for Printed<'_> {
    fn open(&mut self, place: &Place) -> Result<Option<PullRequest>, ForgeError> {
        self.say(&format!("would ask for the open pull request of `{}`", place.branch));
        Ok(None)
    }

    fn closed(&mut self, place: &Place) -> Result<Vec<PullRequest>, ForgeError> {
        self.say(&format!(
            "would ask for those of `{}` that were closed, and leave out what they declined",
            place.branch
        ));
        Ok(Vec::new())
    }

    fn create(&mut self, place: &Place, title: &str, body: &str) -> Result<PullRequest, ForgeError> {
        let draft = if place.draft { " draft" } else { "" };
        self.say(&format!("would open a{draft} pull request from `{}` to `{}`", place.branch, place.base));
        self.say(&format!("  title: {title}"));
        for line in body.lines() {
            self.say(format!("  {line}").trim_end());
        }
        Ok(PullRequest {
            number: 0,
            url: String::new(),
            title: title.to_owned(),
            body: body.to_owned(),
            base: place.base.clone(),
            labels: Vec::new(),
        })
    }

    fn update(&mut self, number: u64, title: &str, _: &str) -> Result<(), ForgeError> {
        self.say(&format!("would update pull request {number}: {title}"));
        Ok(())
    }

    fn close(&mut self, number: u64, _: &str) -> Result<(), ForgeError> {
        self.say(&format!("would close pull request {number}"));
        Ok(())
    }

    fn comments(&mut self, number: u64) -> Result<Vec<String>, ForgeError> {
        self.say(&format!("would read the comments of pull request {number}"));
        Ok(Vec::new())
    }

    fn comment(&mut self, number: u64, text: &str) -> Result<(), ForgeError> {
        self.say(&format!("would comment on pull request {number}: {text}"));
        Ok(())
    }
}
