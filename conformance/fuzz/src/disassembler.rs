//! Payloads that may be pickles. The input is a payload.

use processing_conformance::notation::{Fidelity, Graph, compare};
use processing_conformance::pickle::{
    Limits, Opcode, PickleError, Reading, Unpickler, annotate, disassemble, loadable, read,
    well_formed,
};

/// Reads a payload in every way that the suite has.
pub fn check(input: &[u8]) {
    let end = check_tiles(input);
    check_listing(input);
    check_discipline(input, end.as_ref());
    let limits = Limits::default();
    check_reading(input, read(input, &limits));
    for unpickler in [Unpickler::Python2, Unpickler::Python3] {
        check_reading(input, loadable(input, unpickler, &limits));
    }
}

/// The instructions follow each other without a gap, from the first byte to STOP or the first error, and each has the
/// right offset. Returns where they end.
fn check_tiles(input: &[u8]) -> Result<usize, PickleError> {
    let mut instructions = disassemble(input);
    let mut position = 0;
    while let Some(instruction) = instructions.next() {
        let instruction = match instruction {
            Ok(instruction) => instruction,
            Err(error) => {
                assert_eq!(error.offset, position);
                assert!(instructions.next().is_none(), "it goes on after an error");
                return Err(error);
            }
        };
        assert_eq!(instruction.offset, position);
        assert_eq!(instruction.opcode.byte(), input[position]);
        assert!(instructions.position() > position);
        position = instructions.position();
        if instruction.opcode == Opcode::Stop {
            assert!(instructions.next().is_none(), "it goes on after STOP");
            return Ok(position);
        }
    }
    panic!("it ends without STOP or an error")
}

/// A listing is bounded and contains no control characters.
fn check_listing(input: &[u8]) {
    let listing = annotate(input);
    assert!(listing.ends_with('\n'));
    assert!(listing.lines().count() <= 402);
    assert!(listing.lines().all(|line| line.len() < 1000));
    assert!(!listing.contains(|c: char| c.is_control() && c != '\n'));
}

/// A well-formed pickle can be disassembled.
fn check_discipline(input: &[u8], end: Result<&usize, &PickleError>) {
    match (well_formed(input), end) {
        (Ok(well), Ok(end)) => {
            assert_eq!(well.consumed, *end);
            assert!(well.protocol <= 5);
        }
        (Ok(_), Err(error)) => panic!("well formed, but {error}"),
        (Err(error), Ok(_)) => check_error(input, &error),
        (Err(error), Err(first)) => assert!(error.offset <= first.offset),
    }
}

/// The graph that was read can be written as JSON and read again, and is as compact as possible.
fn check_reading(input: &[u8], reading: Result<Reading, PickleError>) {
    let reading = match reading {
        Ok(reading) => reading,
        Err(error) => {
            return check_error(input, &error);
        }
    };
    assert!(reading.protocol <= 5);
    assert_eq!(input[reading.consumed - 1], Opcode::Stop.byte());
    assert!(reading.graph.nodes.len() <= 3 * input.len());
    assert!(reading.needs.is_sorted_by_key(|(offset, _)| *offset));
    for (offset, need) in &reading.needs {
        assert!(*offset < reading.consumed);
        assert!(!need.to_string().is_empty());
    }

    let json = serde_json::to_string(&reading.graph).expect("every graph can be written down");
    let again: Graph = serde_json::from_str(&json).expect("what was written down can be read");
    assert_eq!(again, reading.graph);
    assert_eq!(reading.graph.clone().compact(), reading.graph);
    if let Err(difference) = compare(&reading.graph, &again, Fidelity::Graph) {
        panic!("{difference}");
    }
}

/// An error has an offset and a reason, which is short whatever the pickle contains.
fn check_error(input: &[u8], error: &PickleError) {
    assert!(error.offset <= input.len());
    assert!((1..1000).contains(&error.reason.to_string().len()));
}
