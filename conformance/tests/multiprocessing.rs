//! The reference with `multiprocessing` of each version of `CPython`: the seed's programs, handshakes in every combination
//! of version, role and digest, and the addresses and keys of other implementations.
//!
//! A version that is missing is ignored, unless `PROCESSING_CONFORMANCE_REQUIRE_CPYTHON=2.7,3.8,…` lists it.

#[path = "multiprocessing/handshake.rs"]
mod handshake;
#[path = "multiprocessing/interpreter.rs"]
mod interpreter;
#[path = "harness/program.rs"]
mod program;
#[path = "multiprocessing/seed.rs"]
mod seed;
#[path = "multiprocessing/wild.rs"]
mod wild;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // The tests mostly wait for other programs, whatever the number of processors.
    arguments.test_threads.get_or_insert(8);
    let trials: Vec<Trial> = seed::trials()
        .into_iter()
        .chain(handshake::trials())
        .chain(wild::trials())
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
