//! The recorded bytes of every known peer are decoded, without the name of the peer.

use processing_conformance::context::setting::Role;
use processing_conformance::inspect::capture::Capture;
use processing_conformance::inspect::detect::Certainty;
use processing_conformance::inspect::handshake::Content;
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::vectors::{
    File, RecordedHandshake, RecordedOutcome, Vector, embedded_texts,
};
use processing_conformance::wire::handshake::Scheme;

use crate::{DEFAULT, both_ways, one_way};

/// Longer messages would take longer, and are no harder to detect.
const LONGEST: usize = 16 << 10;

fn files() -> impl Iterator<Item = File> {
    embedded_texts()
        .map(|(name, text)| File::parse(text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn the_framing_of_every_peer_is_found() {
    for file in files() {
        // Bytes that were recorded over a pipe are not a stream.
        let Some(spoken) = file.dialect.framing() else {
            continue;
        };
        let messages: Vec<Vec<u8>> = file
            .vectors
            .iter()
            .filter_map(|vector| match vector {
                Vector::Send(sent) => Some(sent.bytes.expand()),
                Vector::SendString(sent) => Some(sent.bytes.expand()),
                Vector::Handshake(_) => None,
            })
            .filter(|bytes| bytes.len() <= LONGEST)
            .collect();
        let capture = one_way(messages.concat());
        let options = Options {
            messages: messages.len(),
            ..DEFAULT
        };
        let session = Session::find(&capture, &options).expect("a framing fits");
        assert_eq!(session.detection.framings, [Some(spoken)], "{}", file.peer);
        assert_eq!(
            session.detection.certainty,
            Certainty::Certain,
            "{}",
            file.peer
        );
        let found: Vec<usize> = session.streams[0]
            .frames
            .iter()
            .map(|frame| frame.header.len() + frame.payload.len())
            .collect();
        let sent: Vec<usize> = messages.iter().map(Vec::len).collect();
        assert_eq!(found, sent, "{}", file.peer);
    }
}

#[test]
fn the_handshakes_of_every_peer_are_found() {
    let mut connected = 0;
    for file in files() {
        for vector in &file.vectors {
            if let Vector::Handshake(handshake) = vector {
                let about = format!("{}: {}", file.peer, handshake.id);
                let capture = match file.dialect.framing() {
                    Some(_) => as_streams(handshake),
                    None => as_messages(handshake),
                };
                connected += usize::from(assert_is_found(handshake, &capture, &about));
            }
        }
    }
    assert!(
        connected > 20,
        "only {connected} handshakes ended with a connection"
    );
}

fn as_streams(handshake: &RecordedHandshake) -> Capture {
    let of = |role: Role| {
        let steps = handshake.steps.iter().filter(|step| step.from == role);
        steps
            .map(|step| step.bytes.expand())
            .collect::<Vec<_>>()
            .concat()
    };
    both_ways(of(Role::Client), of(Role::Listener))
}

/// A line for each message, as over a pipe.
fn as_messages(handshake: &RecordedHandshake) -> Capture {
    let lines = handshake.steps.iter().map(|step| {
        let arrow = match step.from {
            Role::Client => '>',
            Role::Listener => '<',
        };
        format!("{arrow} {}\n", hex::encode(step.bytes.expand()))
    });
    Capture::from_text(&lines.collect::<String>(), None).expect("lines with arrows")
}

/// Checks that the handshake is found. Returns whether both ends have the key and were connected.
fn assert_is_found(handshake: &RecordedHandshake, capture: &Capture, about: &str) -> bool {
    let key = handshake.keys.of(Role::Listener);
    let options = Options {
        authkey: Some(&key),
        ..DEFAULT
    };
    let session = Session::find(capture, &options).expect("a framing fits");
    let found = session.handshake.expect(about);
    assert_eq!(found.scheme, Some(Scheme::Processing), "{about}");
    assert_eq!(found.steps.len(), handshake.steps.len(), "{about}");
    let is_honest = handshake.impostor.is_none() && handshake.outcome == RecordedOutcome::Connected;
    for taken in found.steps {
        if let Content::Answer { right, .. } = taken.content {
            assert!(right == Some(true) || !is_honest, "{about}: {taken:?}");
        }
    }
    is_honest
}
