//! Programs without an adapter: the seed's own examples, on Python 2.7 with both flavours, and servers and
//! clients that get something wrong.
//!
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures.

#[cfg(unix)]
#[path = "planted/command.rs"]
mod command;
#[cfg(unix)]
#[path = "bare/programs.rs"]
mod programs;
#[cfg(unix)]
#[path = "bare/seed.rs"]
mod seed;
#[cfg(unix)]
#[path = "bare/wrong.rs"]
mod wrong;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // The tests wait for each other's programs most of the time, whatever the number of processors.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials()).exit();
}

#[cfg(unix)]
fn trials() -> Vec<Trial> {
    let mut trials = seed::trials();
    trials.extend(wrong::trials());
    trials
}

/// The programs use what Unix has.
#[cfg(not(unix))]
fn trials() -> Vec<Trial> {
    Vec::new()
}
