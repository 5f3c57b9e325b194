//! The whole catalogue against the reference.

mod harness;

use harness::{Subject, start_reference};
use processing_conformance::adapter::{Implementation, Reference};

fn main() {
    harness::main(vec![Subject {
        name: "reference",
        claims: Reference.hello(),
        start: &start_reference,
        sister: None,
        absent: |_| None,
    }]);
}
