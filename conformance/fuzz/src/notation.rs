//! Objects as a testee may describe them. The input is JSON.

use processing_conformance::notation::{Fidelity, Graph, compare, outside_values};
use processing_conformance::pickle::{Limits, Reason, annotate, read, well_formed, write};

/// The suite can compare, show and pickle any object that a testee describes.
pub fn check(input: &[u8]) {
    let Ok(graph) = serde_json::from_slice::<Graph>(input) else {
        return;
    };
    let json = serde_json::to_string(&graph).expect("every graph can be written down");
    assert_eq!(
        serde_json::from_str::<Graph>(&json).expect("what was written down can be read"),
        graph
    );

    let compact = graph.clone().compact();
    assert_eq!(compact.clone().compact(), compact);
    for fidelity in [Fidelity::Graph, Fidelity::Values] {
        same(&graph, &graph, fidelity);
        same(&graph, &compact, fidelity);
        same(&compact, &graph, fidelity);
    }
    for length in [0, 20, 1000] {
        // The limit is only checked between two pieces.
        assert!(graph.python(length).len() <= length + 500);
    }
    assert!(outside_values(&graph).is_none_or(|reason| !reason.is_empty()));
    for protocol in 0..=2 {
        check_pickle(&compact, protocol);
    }
}

/// The pickle of a graph is well formed, even when the graph describes an impossible object. If it can be read, writing
/// and reading the result again changes nothing. (The first reading keeps only one of several equal keys.)
fn check_pickle(graph: &Graph, protocol: u8) {
    let Ok(pickle) = write(graph, protocol) else {
        return;
    };
    if let Err(error) = well_formed(&pickle) {
        panic!("{error}\n{}", annotate(&pickle));
    }
    let reading = match read(&pickle, &Limits::default()) {
        Ok(reading) => reading,
        Err(error) => {
            let meant = matches!(
                error.reason,
                Reason::Unhashable(..)
                    | Reason::Misapplied(..)
                    | Reason::ExtensionCode(..)
                    | Reason::Empty(..)
            );
            return assert!(meant, "{error}\n{}", annotate(&pickle));
        }
    };
    assert!(reading.protocol <= protocol);
    assert_eq!(reading.consumed, pickle.len());
    assert_eq!(reading.left_over, 0);
    let again = write(&reading.graph, protocol).expect("it was written before");
    let read_again = read(&again, &Limits::default()).expect("it was read before");
    same(&reading.graph, &read_again.graph, Fidelity::Graph);
}

fn same(one: &Graph, other: &Graph, fidelity: Fidelity) {
    if let Err(difference) = compare(one, other, fidelity) {
        panic!("{difference}");
    }
}
