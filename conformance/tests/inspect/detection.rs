//! The output for a framing that is not clear.

use processing_conformance::inspect::capture::Capture;
use processing_conformance::inspect::framing::FramingOrNone;
use processing_conformance::inspect::session::Options;
use processing_conformance::wire::Framing;

use crate::{DEFAULT, both_ways, inspect, message, one_way};

fn shown(capture: &Capture) -> String {
    inspect(capture, &DEFAULT).text
}

/// Separates outputs that are in the same snapshot.
fn separated(shown: &str) -> String {
    [shown, "\n---\n"].concat()
}

#[test]
fn two_framings_that_both_fit_are_both_named() {
    insta::assert_snapshot!(shown(&one_way([0; 8])));
}

#[test]
fn a_header_that_announces_more_bytes_than_there_are_is_a_guess() {
    insta::assert_snapshot!(shown(&one_way(*b"\0\0\x01\0abcdef")));
}

#[test]
fn the_two_ends_may_use_different_framings() {
    let pickle = b"\x80\x02K*.";
    let client = message(Framing::Le32, pickle).repeat(2);
    let server = message(Framing::Be32, pickle);
    insta::assert_snapshot!(shown(&both_ways(client, server)));
}

#[test]
fn the_long_header_of_multiprocessing_is_found() {
    // CPython writes it only for payloads above 2 GiB, but reads it for any length.
    let mut stream = message(Framing::Be32, b"\x80\x04K*.");
    stream.extend_from_slice(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x02ab");
    insta::assert_snapshot!(shown(&one_way(stream)));
}

#[test]
fn pickles_without_a_header_are_recognised() {
    let mut all = String::new();
    for pickle in [
        &b"\x80\x02]q\x01(K\x01h\x01e."[..],
        b"(lp0\nI1\naI01\na.",
        b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01K\x02K\x03e.",
        b"\x80\x02]q\x01(K\x01h",
        b"\x80\x02]\xff",
    ] {
        all.push_str(&separated(&shown(&one_way(pickle))));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_given_framing_is_used_even_if_it_does_not_fit() {
    let stream = message(Framing::Be32, b"\x80\x02K*.");
    let mut all = String::new();
    for framing in [
        Some(Framing::Be32),
        Some(Framing::Le32),
        Some(Framing::Hex8),
        Some(Framing::Be32x),
        None,
    ] {
        let options = Options {
            framing: Some(FramingOrNone(framing)),
            ..DEFAULT
        };
        all.push_str(&separated(
            &inspect(&one_way(stream.clone()), &options).text,
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn cut_and_invalid_messages_are_reported_with_their_offset() {
    let first = message(Framing::Be32, b"\x80\x02K*.");
    let hex8 = message(Framing::Hex8, b"\x80\x02K*.");
    let mut all = String::new();
    for (end, told) in [
        (&b"\0\0\0"[..], None),
        (b"\0\0\x01\0abc", None),
        (b"\x50\x4f\x53\x54 / HTTP/1.1", None),
        (b"0000001", Some(Framing::Hex8)),
        (b"0000000G and so on", Some(Framing::Hex8)),
        (b"\xff\xff\xff\xff\0\0\0", Some(Framing::Be32x)),
        (b"\x80\0\0\0abc", Some(Framing::Be32x)),
    ] {
        let begin = if told == Some(Framing::Hex8) {
            &hex8
        } else {
            &first
        };
        let stream = [begin, end].concat();
        let inspection = inspect(
            &one_way(stream),
            &Options {
                framing: told.map(Into::into),
                ..DEFAULT
            },
        );
        assert!(!inspection.is_sound);
        all.push_str(&separated(&inspection.text));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn nonsense_has_no_framing() {
    let mut all = String::new();
    for nonsense in [
        &b"hello world\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x7fELF\x02\x01\x01\0",
        b"a",
    ] {
        all.push_str(&separated(&shown(&one_way(nonsense))));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn one_direction_may_be_silent() {
    let said = message(Framing::Le32, b"\x80\x02K*.");
    insta::assert_snapshot!(shown(&both_ways(said, [])));
}
