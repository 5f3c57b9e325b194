//! Payloads that may be pickles. The input is the payload.

use processing_conformance::notation::{Fidelity, Graph, compare};
use processing_conformance::pickle::{Limits, Opcode, PickleError, annotate, disassemble, read};

/// Takes a payload apart in every way there is.
pub fn check(input: &[u8]) {
    let disassembled = check_tiles(input);
    check_listing(input);
    check_reading(input, disassembled.as_ref());
}

/// The instructions lie one after the other from the first byte on, up to STOP or the first error, and each says where.
fn check_tiles(input: &[u8]) -> Result<(), PickleError> {
    let mut instructions = disassemble(input);
    let mut position = 0;
    let mut last = Ok(());
    while let Some(instruction) = instructions.next() {
        match instruction {
            Ok(instruction) => {
                assert_eq!(instruction.offset, position);
                assert_eq!(instruction.opcode.byte(), input[position]);
                assert!(instructions.position() > position);
                position = instructions.position();
                assert!(last.is_ok(), "it goes on after STOP or an error");
                if instruction.opcode == Opcode::Stop {
                    assert!(instructions.clone().next().is_none());
                }
            }
            Err(error) => {
                assert_eq!(error.offset, position);
                last = Err(error);
            }
        }
    }
    assert!(position <= input.len());
    last
}

/// A listing is bounded, and every line ends.
fn check_listing(input: &[u8]) {
    let listing = annotate(input);
    assert!(listing.ends_with('\n'));
    assert!(listing.lines().count() <= 402);
    assert!(listing.lines().all(|line| line.len() < 1000));
    assert!(!listing.contains(|c: char| c.is_control() && c != '\n'));
}

/// What is read was disassembled, and is a graph that can be written down and read again.
fn check_reading(input: &[u8], disassembled: Result<&(), &PickleError>) {
    let reading = match read(input, &Limits::default()) {
        Ok(reading) => reading,
        Err(error) => {
            assert!(error.offset <= input.len());
            assert!(!error.reason.to_string().is_empty());
            if let Err(first) = disassembled {
                assert!(error.offset <= first.offset);
            }
            return;
        }
    };
    assert_eq!(disassembled, Ok(&()), "what is no instruction was read");
    assert!(reading.protocol <= 5);
    assert_eq!(input[reading.consumed - 1], Opcode::Stop.byte());
    assert!(reading.graph.nodes.len() <= 3 * input.len());

    let json = serde_json::to_string(&reading.graph).expect("every graph can be written down");
    let again: Graph = serde_json::from_str(&json).expect("what was written down can be read");
    assert_eq!(again, reading.graph);
    assert_eq!(reading.graph.clone().compact(), reading.graph);
    assert_eq!(compare(&reading.graph, &again, Fidelity::Graph), Ok(()));
    let end = &input[..reading.consumed];
    let alone = read(end, &Limits::default());
    assert!(alone.is_ok_and(|alone| alone.graph == reading.graph));
}
