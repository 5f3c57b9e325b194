//! Sessions that `scripts/record-sessions` recorded from live peers. Their dialects are not given.

use processing_conformance::inspect::capture::{Capture, Sender};
use processing_conformance::inspect::detect::Certainty;
use processing_conformance::inspect::framing::FramingOrNone;
use processing_conformance::inspect::handshake::CapturedOutcome;
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::wire::handshake::Scheme;
use processing_conformance::wire::{Digest, Framing};

use crate::{DEFAULT, inspect, printed_bytes, sent_by};

const PROCESSING_0_20: &str = include_str!("../sessions/processing-0.20-c.txt");
const PROCESSING_0_52: &str = include_str!("../sessions/processing-0.52-c.txt");
const PYTHON_3_11: &str = include_str!("../sessions/multiprocessing-3.11.txt");
const PYTHON_3_13: &str = include_str!("../sessions/multiprocessing-3.13.txt");
/// A session over a named pipe, which has no headers.
const PROCESSING_0_52_PIPE: &str = include_str!("../sessions/processing-0.52-pipe.txt");
const ALL: [&str; 4] = [PROCESSING_0_20, PROCESSING_0_52, PYTHON_3_11, PYTHON_3_13];

const KEYED: Options<'static> = Options {
    authkey: Some(b"the key of the sessions"),
    ..DEFAULT
};

fn capture(session: &str) -> Capture {
    Capture::read(session.into(), None).expect("a recorder wrote it")
}

/// The same session as two files of raw bytes, which do not show the order of the two directions.
fn as_two_files(session: &str) -> Capture {
    let session = capture(session);
    let of = |sender| Capture::raw(sent_by(&session, sender).to_vec());
    Capture::pair(of(Sender::Client), of(Sender::Server)).expect("one direction each")
}

#[test]
fn processing_0_20_without_a_handshake() {
    insta::assert_snapshot!(inspect(&capture(PROCESSING_0_20), &DEFAULT).text);
}

#[test]
fn processing_0_52_with_a_handshake() {
    insta::assert_snapshot!(inspect(&capture(PROCESSING_0_52), &KEYED).text);
}

#[test]
fn multiprocessing_of_python_3_13_with_a_handshake() {
    insta::assert_snapshot!(inspect(&capture(PYTHON_3_13), &KEYED).text);
}

#[test]
fn processing_0_52_over_a_pipe_with_a_handshake() {
    let capture = capture(PROCESSING_0_52_PIPE);
    let inspection = inspect(&capture, &KEYED);
    insta::assert_snapshot!(inspection.text);
    let told = Options {
        framing: Some(FramingOrNone(None)),
        ..KEYED
    };
    let told = inspect(&capture, &told);
    assert!(told.is_sound, "{}", told.text);
    assert_eq!(printed_bytes(&told.text), printed_bytes(&inspection.text));
}

#[test]
fn an_empty_message_of_a_pipe_keeps_its_place() {
    let session = "> 80024b2a2e\n>\n< 80024b2a2e\n<\n>\n> 80024b\n  2a2e\n";
    let found = capture(session);
    let found = Session::find(&found, &DEFAULT).expect("the lines are messages");
    assert_eq!(found.detection.certainty, Certainty::Bare);
    let lengths = found.order.iter().map(|place| {
        let stream = &found.streams[place.stream];
        (stream.sender, stream.frames[place.message].payload.len())
    });
    let (client, server) = (Sender::Client, Sender::Server);
    assert_eq!(
        lengths.collect::<Vec<_>>(),
        [
            (client, 5),
            (client, 0),
            (server, 5),
            (server, 0),
            (client, 0),
            (client, 5)
        ]
    );
}

#[test]
fn two_files_are_interleaved_only_during_the_handshake() {
    insta::assert_snapshot!(inspect(&as_two_files(PYTHON_3_11), &DEFAULT).text);
}

#[test]
fn everything_is_found_in_every_session() {
    let expected = [
        (Framing::Le32, None),
        (Framing::Be32, Some(Scheme::Processing)),
        (Framing::Be32, Some(Scheme::Md5)),
        (Framing::Be32, Some(Scheme::Named(Digest::Sha256))),
    ];
    for (session, (framing, scheme)) in ALL.into_iter().zip(expected) {
        for capture in [capture(session), as_two_files(session)] {
            let found = Session::find(&capture, &KEYED).expect("a framing fits");
            assert_eq!(found.detection.certainty, Certainty::Certain);
            assert_eq!(found.detection.framings, [Some(framing); 2]);
            let handshake = found.handshake.as_ref();
            assert_eq!(handshake.and_then(|handshake| handshake.scheme), scheme);
            if let Some(handshake) = handshake {
                assert_eq!(handshake.outcome, CapturedOutcome::Welcome);
                assert_eq!(handshake.steps.len(), 6);
            }
            let inspection = inspect(&capture, &KEYED);
            assert!(inspection.is_sound, "{}", inspection.text);
            assert_eq!(printed_bytes(&inspection.text).len(), capture.length());
        }
    }
}

#[test]
fn each_direction_alone_is_understood_too() {
    for session in ALL {
        let capture = capture(session);
        for stream in &capture.streams {
            let alone = Capture::raw(stream.bytes.clone());
            let found = Session::find(&alone, &DEFAULT).expect("a framing fits");
            assert_eq!(found.detection.certainty, Certainty::Certain);
            let handshake = found.handshake.map(|handshake| handshake.steps.len());
            assert_eq!(handshake, (session != PROCESSING_0_20).then_some(3));
            let inspection = inspect(&alone, &DEFAULT);
            assert!(inspection.is_sound, "{}", inspection.text);
            assert_eq!(printed_bytes(&inspection.text), stream.bytes);
        }
    }
}

#[test]
fn both_directions_mixed_in_one_stream_are_understood() {
    for session in ALL {
        let capture = capture(session);
        let mut next = [0; 2];
        let mut mixed = Vec::new();
        for turn in &capture.turns {
            let from = &mut next[turn.stream];
            mixed
                .extend_from_slice(&capture.streams[turn.stream].bytes[*from..*from + turn.length]);
            *from += turn.length;
        }
        let mixed = Capture::raw(mixed);
        let found = Session::find(&mixed, &KEYED).expect("a framing fits");
        let handshake = found.handshake.map(|handshake| handshake.steps.len());
        assert_eq!(handshake, (session != PROCESSING_0_20).then_some(6));
        let inspection = inspect(&mixed, &KEYED);
        assert!(inspection.is_sound, "{}", inspection.text);
        assert_eq!(printed_bytes(&inspection.text), mixed.streams[0].bytes);
    }
}

#[test]
fn the_framing_of_a_session_that_is_cut_anywhere_is_still_detected() {
    for session in ALL {
        let whole = capture(session);
        let framing = if session == PROCESSING_0_20 {
            Framing::Le32
        } else {
            Framing::Be32
        };
        for stream in &whole.streams {
            for end in 5..stream.bytes.len() {
                let cut = Capture::raw(stream.bytes[..end].to_vec());
                let found = Session::find(&cut, &DEFAULT).expect("a framing fits");
                assert_eq!(found.detection.framings, [Some(framing)], "cut at {end}");
            }
        }
    }
}

#[test]
fn the_handshake_is_complete_however_few_messages_are_shown() {
    for session in [PROCESSING_0_52, PYTHON_3_13] {
        for capture in [capture(session), as_two_files(session)] {
            for messages in 0..4 {
                let inspection = inspect(&capture, &Options { messages, ..KEYED });
                assert!(inspection.is_sound, "{}", inspection.text);
                assert!(
                    inspection
                        .text
                        .contains("complete; the answers are correct")
                );
                let shown = inspection.text.matches("the listener's challenge").count();
                assert_eq!(shown, usize::from(messages > 0));
            }
        }
    }
}
