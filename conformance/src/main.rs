//! `processing-conformance`: judges implementations of the connection protocol of Python's `processing`.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
