//! Programs without an adapter: the seed's own examples, on Python 2.7 with both flavours, and servers and clients with
//! a fault.
//!
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns missing peers into failures.

#[path = "planted/command.rs"]
mod command;
#[path = "harness/peers.rs"]
mod peers;
#[path = "harness/program.rs"]
mod program;
#[cfg(unix)]
#[path = "bare/programs.rs"]
mod programs;
#[cfg(unix)]
#[path = "planted/report.rs"]
mod report;
#[path = "bare/seed.rs"]
mod seed;
#[cfg(unix)]
#[path = "bare/wrong.rs"]
mod wrong;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // The tests mostly wait for other programs, whatever the number of processors.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials()).exit();
}

fn trials() -> Vec<Trial> {
    seed::trials().into_iter().chain(wrong()).collect()
}

#[cfg(unix)]
fn wrong() -> Vec<Trial> {
    wrong::trials()
}

#[cfg(not(unix))]
fn wrong() -> Vec<Trial> {
    let reason = "the recorded messages name errors of a POSIX system";
    ["server", "client"]
        .map(|group| {
            Trial::ignorable_test(group, move || {
                Ok(libtest_mimic::Completion::ignored_with(reason))
            })
        })
        .into()
}
