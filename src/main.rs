//! The program: parse arguments, call run, print the error, return the exit code.

mod run;
mod terminal;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use hotcold::cli::{Action, Check, Cli, Command, Diff, Exit, Fix, Review, Run};

/// Parsing makes and drops many small pieces, in C as in Rust: the parser gets its memory from here as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = terminal::Terminal::new(&cli.global);
    let exit = match execute(cli, &terminal) {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Success,
        Err(error) => {
            // With nobody left to tell, the exit code tells.
            let _ = writeln!(io::stderr(), "{} {error:#}", terminal.error_word());
            Exit::Failure
        }
    };
    exit.into()
}

fn execute(cli: Cli, terminal: &terminal::Terminal) -> anyhow::Result<Exit> {
    let (action, common) = match cli.command {
        Command::Measure(measure) => return run::measure(&measure, terminal),
        Command::Usage(usage) => return run::usage(&usage, terminal),
        Command::Track(track) => return run::track(&track, terminal),
        Command::Bot(bot) => return run::bot(&bot, terminal),
        Command::Explain(explain) => return run::explain(&explain, terminal),
        Command::Init(init) => return run::init(&init, terminal),
        Command::Check(Check { common, strict, plan }) => (Action::Check { strict, plan }, common),
        Command::Review(Review { common }) => (Action::Review, common),
        Command::Diff(Diff { common }) => (Action::Diff, common),
        Command::Fix(Fix { common, exit_non_zero_on_fix }) => (Action::Fix { exit_non_zero_on_fix }, common),
    };
    run::run(&Run::new(action, common)?, terminal)
}

/// The reader of a pipe that goes away is no error: `hotcold check | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
