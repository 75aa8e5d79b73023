//! What may be printed where: colours, the progress bar, how much is said.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use hotcold::cli::{ColorWhen, Global};
use hotcold::report::Colour;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that lasts longer shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Terminal {
    pub stdout: Colour,
    pub stderr: Colour,
    pub quiet: bool,
    pub verbose: bool,
}

impl Terminal {
    pub fn new(global: &Global) -> Terminal {
        Terminal {
            stdout: colour(global.color, AutoStream::choice(&io::stdout())),
            stderr: colour(global.color, AutoStream::choice(&io::stderr())),
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    pub fn error_word(&self) -> &'static str {
        match self.stderr {
            Colour::Always => "\u{1b}[1;31merror:\u{1b}[0m",
            Colour::Never => "error:",
        }
    }

    pub fn progress(&self) -> Progress {
        let shown = !self.quiet && io::stderr().is_terminal();
        Progress { started: shown.then(Instant::now), bar: OnceLock::new() }
    }
}

/// `--color` beats `NO_COLOR`, which beats `FORCE_COLOR`; what else the environment and the terminal say comes last.
fn colour(when: ColorWhen, automatic: ColorChoice) -> Colour {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = is_set("FORCE_COLOR") && std::env::var_os("FORCE_COLOR").is_none_or(|value| value != "0");
    match when {
        ColorWhen::Always => Colour::Always,
        ColorWhen::Never => Colour::Never,
        ColorWhen::Auto if is_set("NO_COLOR") => Colour::Never,
        ColorWhen::Auto if forced || automatic != ColorChoice::Never => Colour::Always,
        ColorWhen::Auto => Colour::Never,
    }
}

/// A bar on standard error that appears once the run has lasted a while.
pub struct Progress {
    started: Option<Instant>,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// `done` of `all` steps are done.
    pub fn step(&self, done: usize, all: usize) {
        if self.started.is_none_or(|started| started.elapsed() < PATIENCE) {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent}% ({eta} left)");
            let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr_with_hz(10));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(done as u64);
    }

    pub fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
