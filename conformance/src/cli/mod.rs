//! The command line.

mod args;
mod catalogue;
mod inspect;
mod peers;
mod run;
mod vectors;

use std::io::Write;
use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser;

/// No execution failed.
const GOOD: u8 = 0;
/// Something failed, or a documented deviation did not occur.
const FAILED: u8 = 1;
/// The command line, or a file that it names, is wrong.
const USAGE: u8 = 2;
/// Nothing was selected.
const NOTHING_SELECTED: u8 = 3;
/// Nothing could be run.
const NOTHING_RUN: u8 = 4;
/// The user interrupted the command; this is the code that shells use.
const INTERRUPTED: u8 = 130;

/// The reason why a command ends early: an exit code and a message.
struct Refusal {
    code: u8,
    message: String,
}

impl Refusal {
    fn usage(message: impl ToString) -> Self {
        Self {
            code: USAGE,
            message: message.to_string(),
        }
    }
}

pub(super) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => run::run(&arguments.run),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::List(arguments)) => catalogue::list(&arguments),
        Some(Command::Explain(arguments)) => catalogue::explain(&arguments),
        Some(Command::Peers(arguments)) => peers::peers(&arguments),
        Some(Command::Vectors { command }) => vectors::vectors(&command),
        Some(Command::Inspect(arguments)) => inspect::inspect(&arguments),
        Some(Command::Adapter) => adapter(),
    };
    ExitCode::from(outcome.unwrap_or_else(|refusal| {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        anstream::eprintln!("{style}error:{style:#} {}", refusal.message);
        refusal.code
    }))
}

/// Runs the reference as a separate testee, which shows how an adapter answers.
fn adapter() -> Result<u8, Refusal> {
    processing_conformance::adapter::serve(processing_conformance::adapter::Reference)
        .map(|()| GOOD)
        .map_err(Refusal::usage)
}

/// Writes to standard output. It is not an error if nobody reads it any more.
fn print(text: &str) {
    let _ = anstream::stdout().lock().write_all(text.as_bytes());
}
