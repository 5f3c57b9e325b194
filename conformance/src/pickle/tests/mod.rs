mod annotate;
mod encode;
mod golden;
mod oracle;
mod read;
mod verdicts;

use crate::notation::{Fidelity, Graph, compare};
use crate::pickle::{Limits, PickleError, Reading, read};

fn read_default(pickle: &[u8]) -> Result<Reading, PickleError> {
    read(pickle, &Limits::default())
}

fn graph_of(pickle: &[u8]) -> Graph {
    read_default(pickle).unwrap().graph
}

#[track_caller]
fn assert_same(expected: &Graph, actual: &Graph) {
    if let Err(difference) = compare(expected, actual, Fidelity::Graph) {
        panic!("{difference}\nexpected {expected}\nactual {actual}");
    }
}
