//! Testees with a planted fault must fail, and the message must name the place of the fault. Testees that misbehave
//! must not break the run.
//!
//! When started with `testee NAME`, this executable is such a testee: an adapter on standard input and output.

#[cfg(unix)]
#[path = "planted/command.rs"]
mod command;
#[cfg(unix)]
#[path = "planted/faults.rs"]
mod faults;
#[cfg(unix)]
#[path = "planted/handshake.rs"]
mod handshake;
#[cfg(unix)]
#[path = "planted/misbehaviour.rs"]
mod misbehaviour;
#[cfg(unix)]
#[path = "planted/naive.rs"]
mod naive;
#[cfg(unix)]
#[path = "harness/objects.rs"]
mod objects;
#[cfg(unix)]
#[path = "planted/pickles.rs"]
mod pickles;
#[cfg(unix)]
#[path = "planted/report.rs"]
mod report;
#[cfg(unix)]
#[path = "planted/reports.rs"]
mod reports;
#[cfg(unix)]
#[path = "planted/trouble.rs"]
mod trouble;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [role, name, ..] = &words[..]
        && role == "testee"
    {
        return testee(name);
    }
    let mut arguments = Arguments::from_args();
    // The tests mostly wait for deadlines, whatever the number of processors.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials()).exit();
}

#[cfg(unix)]
fn trials() -> Vec<Trial> {
    let mut trials = trouble::trials();
    trials.extend(faults::trials());
    trials.extend(pickles::trials());
    trials.extend(reports::trials());
    trials
}

#[cfg(unix)]
fn testee(name: &str) {
    use naive::{Fault, Naive};
    let of_objects = objects::Fault::ALL.iter().find(|(known, _)| *known == name);
    if let Some((_, fault)) = of_objects {
        let testee = objects::Objects {
            strings: Naive::with(Fault::None),
            fault: *fault,
        };
        return processing_conformance::adapter::serve(testee)
            .expect("the suite speaks the adapter protocol");
    }
    let planted = Fault::ALL.iter().find(|(known, _)| *known == name);
    match planted {
        Some((_, fault)) => processing_conformance::adapter::serve(Naive::with(*fault))
            .expect("the suite speaks the adapter protocol"),
        None => misbehaviour::testee(name),
    }
}

/// The planted testees use Unix sockets and signals, so no trial of any group can run.
#[cfg(not(unix))]
fn trials() -> Vec<Trial> {
    let reason = "the planted testees need a POSIX system";
    ["planted", "trouble"]
        .map(|group| {
            Trial::ignorable_test(group, move || {
                Ok(libtest_mimic::Completion::ignored_with(reason))
            })
        })
        .into()
}

#[cfg(not(unix))]
fn testee(_: &str) {}
