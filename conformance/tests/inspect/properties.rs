//! Any bytes can be inspected, and any messages are found again.

use processing_conformance::inspect::capture::Capture;
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::pickle::write;
use processing_conformance::strategy;
use processing_conformance::wire::Framing;
use proptest::prelude::*;

use crate::{DEFAULT, both_ways, inspect, message, one_way, printed_bytes};

/// The longest payload that is printed in full: an instruction and three lines.
const SHORT: usize = 60;
/// The maximum length of a line, in bytes, including names of up to 80 characters.
const LINE: usize = 1000;

fn framings() -> impl Strategy<Value = Framing> {
    proptest::sample::select(Framing::ALL)
}

/// Payloads as they occur in practice: strings, pickles, messages of a handshake, and empty payloads.
fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let pickles = (strategy::graph(8), 0..=2_u8)
        .prop_filter_map("no such pickle", |(graph, protocol)| {
            write(&graph, protocol).ok()
        });
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..SHORT),
        "[ -~]{0,60}".prop_map(String::into_bytes),
        pickles,
        Just(b"#WELCOME".to_vec()),
        Just(b"#CHALLENGE:twenty random bytes!".to_vec()),
        Just(b"#CHALLENGE#{sha256}0123456789012345678901234567890123456789".to_vec()),
        Just(vec![0x80]),
    ];
    proptest::collection::vec(payload, 1..8)
}

fn stream(framing: Framing, payloads: &[Vec<u8>]) -> Vec<u8> {
    let framed = payloads.iter().map(|payload| message(framing, payload));
    framed.collect::<Vec<_>>().concat()
}

fn found_again(
    capture: &Capture,
    framing: Framing,
    payloads: &[Vec<u8>],
) -> Result<(), TestCaseError> {
    let told = Options {
        framing: Some(framing.into()),
        ..DEFAULT
    };
    let session = Session::find(capture, &told).expect("the framing is given");
    let found: Vec<&[u8]> = session.streams[0]
        .frames
        .iter()
        .map(|frame| frame.payload)
        .collect();
    prop_assert_eq!(found, payloads);
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_can_be_inspected(
        streams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..=2),
        framing in proptest::option::of(framings()),
        authkey in proptest::option::of(Just(&b"key"[..])),
        begin in payloads(),
        framed in framings(),
    ) {
        // Valid messages come first, so that the bytes after them are examined.
        let begin = stream(framed, &begin);
        let capture = match &streams[..] {
            [one] => one_way([&begin[..], one].concat()),
            [client, server] => both_ways([&begin[..], client].concat(), server.clone()),
            _ => unreachable!("there are one or two"),
        };
        let options = Options { framing: framing.map(Into::into), authkey, messages: 5 };
        let inspection = inspect(&capture, &options);
        let messages = 2 * (5 + 2);
        prop_assert!(inspection.text.len() < messages * (crate::LINES + 10) * LINE);
        prop_assert!(inspection.text.ends_with('\n'));
    }

    #[test]
    fn messages_are_found_again_in_any_framing(framing in framings(), payloads in payloads()) {
        let bytes = stream(framing, &payloads);
        let capture = one_way(bytes.clone());
        let session = Session::find(&capture, &DEFAULT).expect("a framing fits");
        // be32x is be32 below 2 GiB.
        let framing = if framing == Framing::Be32x { Framing::Be32 } else { framing };
        let best = session.detection.fits[0].extent;
        let candidates = session.detection.fits.iter().filter(|fit| fit.extent == best);
        prop_assert!(candidates.clone().any(|fit| fit.framing == framing));
        prop_assert!(candidates.count() > 1 || session.detection.framings == [Some(framing)]);
        found_again(&capture, framing, &payloads)?;
        let told = Options { framing: Some(framing.into()), messages: 100, ..DEFAULT };
        let inspection = inspect(&capture, &told);
        if payloads.iter().all(|payload| payload.len() <= SHORT) {
            prop_assert_eq!(printed_bytes(&inspection.text), bytes, "{}", inspection.text);
        }
    }

    #[test]
    fn the_framing_of_both_ends_is_found(framing in framings(), client in payloads(), server in payloads()) {
        let capture = both_ways(stream(framing, &client), stream(framing, &server));
        let session = Session::find(&capture, &DEFAULT).expect("a framing fits");
        let framing = if framing == Framing::Be32x { Framing::Be32 } else { framing };
        let candidates = session.detection.fits.iter().filter(|fit| fit.extent == session.detection.fits[0].extent);
        prop_assert!(candidates.into_iter().any(|fit| fit.framing == framing));
        let kept: usize = session.streams.iter().map(|stream| stream.frames.len()).sum();
        prop_assert_eq!(session.order.len(), kept);
    }
}
