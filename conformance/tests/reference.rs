//! The whole catalogue against the reference.

mod harness;

use processing_conformance::run::Testee;

fn main() {
    harness::main(vec![Testee::reference()]);
}
