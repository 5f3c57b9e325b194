//! Hostile bytes: the length of the output is bounded, and nothing is executed.

use std::time::{Duration, Instant};

use processing_conformance::wire::Framing;

use crate::{DEFAULT, inspect, message, one_way};

/// The maximum length of the output for one message, in bytes: 200 lines, the longest of which is an instruction with a
/// shortened argument, and the object.
const LONGEST_OUTPUT: usize = 100_000;
/// The maximum time for one message, in a build without optimisation and on a busy machine.
const LONGEST_TIME: Duration = Duration::from_secs(10);

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let big = 20_000;
    let repeated =
        |start: &[u8], middle: &[u8], end: &[u8]| [start, &middle.repeat(big), end].concat();
    vec![
        (
            "nested lists",
            repeated(
                b"\x80\x02",
                b"]",
                &[&b"a".repeat(big - 1)[..], b"."].concat(),
            ),
        ),
        ("nested tuples", repeated(b"\x80\x02)", b"\x85", b".")),
        (
            "a memo bomb",
            repeated(b"\x80\x02]q\0", b"h\0h\0\x86q\0", b"."),
        ),
        ("marks alone", repeated(b"\x80\x02", b"(", b".")),
        ("a long list", repeated(b"\x80\x02](", b"K\x01", b"e.")),
        (
            "many globals",
            repeated(b"\x80\x02(", b"cos\nsystem\n", b"t."),
        ),
        (
            "a name without end",
            repeated(b"\x80\x02c", b"a", b"\nb\n."),
        ),
        ("digits without end", repeated(b"\x80\x02L", b"9", b"L\n.")),
        (
            "a string that is not there",
            b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.".to_vec(),
        ),
        (
            "a frame that is not there",
            b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.".to_vec(),
        ),
        (
            "frames alone",
            repeated(b"\x80\x04", b"\x95\0\0\0\0\0\0\0\0", b"N."),
        ),
        ("no opcode", b"\x80\x02\xff\xfe\xfd".to_vec()),
        ("an empty stack", b"\x80\x02.".to_vec()),
        (
            "a call",
            b"\x80\x02cos\nsystem\nU\x09rm -rf ~/\x85R.".to_vec(),
        ),
        (
            "a high memo slot",
            b"\x80\x02]r\xff\xff\xff\xffj\xff\xff\xff\xff.".to_vec(),
        ),
        ("a persistent id", b"\x80\x02U\x01aQ.".to_vec()),
        ("no STOP", b"\x80\x02N".to_vec()),
        ("bytes after STOP", repeated(b"\x80\x02N.", b"behind ", b"")),
        (
            "control characters",
            b"\x80\x02X\x0a\0\0\0\x1b[31mred\n\r.".to_vec(),
        ),
    ]
}

#[test]
fn the_output_for_hostile_pickles_is_bounded() {
    for (name, pickle) in hostile() {
        let began = Instant::now();
        let inspection = inspect(&one_way(message(Framing::Be32, &pickle)), &DEFAULT);
        assert!(
            began.elapsed() < LONGEST_TIME,
            "{name}: {:?}",
            began.elapsed()
        );
        let length = inspection.text.len();
        assert!(
            length < LONGEST_OUTPUT,
            "{name}: {length} bytes are printed"
        );
        let printable = |char: char| char == '\n' || !char.is_control();
        assert!(
            inspection.text.chars().all(printable),
            "{name} controls the terminal"
        );
    }
}

#[test]
fn short_hostile_pickles_are_explained() {
    let mut all = String::new();
    for (name, pickle) in hostile()
        .into_iter()
        .filter(|(_, pickle)| pickle.len() < 100)
    {
        let inspection = inspect(&one_way(message(Framing::Be32, &pickle)), &DEFAULT);
        let (_, shown) = inspection
            .text
            .split_once("\n\n")
            .expect("a summary, then the message");
        all.push_str(
            &[
                name,
                if inspection.is_sound {
                    ""
                } else {
                    " (not sound)"
                },
                "\n",
                shown,
                "\n",
            ]
            .concat(),
        );
    }
    insta::assert_snapshot!(all);
}

#[test]
fn millions_of_messages_are_counted() {
    let capture = one_way(vec![0; 4_000_000]);
    let began = Instant::now();
    let inspection = inspect(&capture, &DEFAULT);
    assert!(began.elapsed() < LONGEST_TIME, "{:?}", began.elapsed());
    assert!(inspection.text.len() < LONGEST_OUTPUT);
    let end = inspection.text.lines().last();
    assert_eq!(end, Some("… 999900 more messages; --messages shows more"));
}
