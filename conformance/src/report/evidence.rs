//! Shows bytes to people: with the names of headers and opcodes, and with a caret where two versions differ.

use std::fmt::Write;

use super::lines::{Line, WIDTH, header_label, pickle_lines, plain_lines};
use crate::context::failure::{Evidence, EvidenceKind};
use crate::inspect::payload::is_pickle;
use crate::wire::frame::frames;
use crate::wire::{Framing, Header};

/// How many lines are shown at the beginning.
const BEGINNING: usize = 6;
/// How many lines are shown at the beginning of bytes that are not compared with others.
const BEGINNING_ALONE: usize = 40;
/// How many lines are shown before and after the first difference.
const AROUND: usize = 3;

/// Shows the expected bytes above the actual ones, with a caret at the first difference.
pub fn render(evidence: &Evidence, framing: Option<Framing>) -> String {
    let differs = first_difference(&evidence.expected, &evidence.actual);
    let mut text = String::new();
    for (title, bytes) in [
        ("expected", &evidence.expected),
        ("actual", &evidence.actual),
    ] {
        let unit = if bytes.len() == 1 { "byte" } else { "bytes" };
        let _ = writeln!(text, "{title} ({} {unit})", bytes.len());
        if bytes.is_empty() {
            text.push_str("    nothing\n");
            continue;
        }
        write_lines(
            &mut text,
            &lines(evidence.kind, framing, bytes),
            differs,
            BEGINNING,
        );
    }
    text
}

/// Annotates the bytes of a stream, or one message of a pipe, without a comparison. Long runs of bytes that are neither
/// headers nor opcodes are left out.
pub fn annotate_stream(framing: Option<Framing>, bytes: &[u8]) -> String {
    let mut text = String::new();
    write_lines(
        &mut text,
        &lines(EvidenceKind::Stream, framing, bytes),
        None,
        BEGINNING_ALONE,
    );
    text
}

/// Annotates the beginning of a pickle, without a comparison.
pub fn annotate_pickle(pickle: &[u8], framing: Option<Framing>) -> String {
    let mut text = String::new();
    write_lines(
        &mut text,
        &lines(EvidenceKind::Pickle, framing, pickle),
        None,
        BEGINNING_ALONE,
    );
    text
}

/// The offset at which two versions begin to differ, or at which one of them ends.
pub(super) fn first_difference(expected: &[u8], actual: &[u8]) -> Option<usize> {
    if expected == actual {
        return None;
    }
    let common = expected
        .iter()
        .zip(actual)
        .take_while(|(a, b)| a == b)
        .count();
    Some(common)
}

fn lines(kind: EvidenceKind, framing: Option<Framing>, bytes: &[u8]) -> Vec<Line<'_>> {
    match kind {
        EvidenceKind::Stream => match framing {
            Some(framing) => stream_lines(framing, bytes),
            None => payload_lines(bytes, 0),
        },
        EvidenceKind::Pickle => pickle_lines(bytes, 0).collect(),
        EvidenceKind::String => plain_lines(bytes, 0).collect(),
    }
}

fn stream_lines(framing: Framing, bytes: &[u8]) -> Vec<Line<'_>> {
    frames(framing, bytes)
        .flat_map(|frame| {
            let header = Line {
                offset: frame.offset,
                bytes: frame.header,
                label: match framing.read_header(frame.header) {
                    Header::Part { .. } => format!("a part of a {framing} header"),
                    Header::Whole { .. } | Header::Invalid => {
                        header_label(framing, frame.announced)
                    }
                },
            };
            let payload = payload_lines(frame.payload, frame.offset + frame.header.len());
            [header].into_iter().chain(payload)
        })
        .collect()
}

fn payload_lines(payload: &[u8], at: usize) -> Vec<Line<'_>> {
    if is_pickle(payload) {
        pickle_lines(payload, at).collect()
    } else {
        plain_lines(payload, at).collect()
    }
}

fn write_lines(text: &mut String, lines: &[Line<'_>], differs: Option<usize>, beginning: usize) {
    let differing = differs.map(|at| {
        lines
            .iter()
            .rposition(|line| line.offset <= at)
            .unwrap_or(0)
    });
    let mut silent = false;
    for (number, line) in lines.iter().enumerate() {
        let shown = number < beginning || differing.is_some_and(|at| number.abs_diff(at) <= AROUND);
        if !shown {
            if !silent {
                text.push_str("    …\n");
            }
            silent = true;
            continue;
        }
        silent = false;
        line.write(text);
        if let (Some(at), Some(differing)) = (differs, differing)
            && differing == number
        {
            let column = (at - line.offset).min(line.bytes.len()).min(WIDTH);
            let _ = writeln!(
                text,
                "            {}^ first difference, at byte {at}",
                "   ".repeat(column)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(kind: EvidenceKind, expected: &[u8], actual: &[u8]) -> Evidence {
        Evidence {
            kind,
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    #[test]
    fn a_header_in_the_wrong_byte_order_gets_a_caret() {
        let expected = Framing::Be32.message(b"abc");
        let actual = Framing::Le32.message(b"abc");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Stream, &expected, &actual),
            Some(Framing::Be32)
        ));
    }

    #[test]
    fn a_message_that_is_cut_gets_a_caret_where_it_ends() {
        let expected = Framing::Le32.message(b"0123456789abcdefXYZ");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Stream, &expected, &expected[..22]),
            Some(Framing::Le32)
        ));
    }

    #[test]
    fn pickles_are_shown_opcode_by_opcode() {
        let (expected, actual) = (b"\x80\x02]q\x01K*a.", b"\x80\x02]q\x01L42L\na.");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Pickle, expected, actual),
            Some(Framing::Le32)
        ));
    }

    #[test]
    fn long_messages_are_shown_where_they_differ() {
        let expected = vec![b'a'; 4000];
        let mut actual = expected.clone();
        actual[2001] = b'b';
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::String, &expected, &actual),
            Some(Framing::Le32)
        ));
    }

    #[test]
    fn a_stream_of_two_messages_is_annotated() {
        let stream = [
            Framing::Hex8.message(b"\x80\x02K*."),
            Framing::Hex8.message(b""),
        ]
        .concat();
        insta::assert_snapshot!(annotate_stream(Some(Framing::Hex8), &stream));
    }

    #[test]
    fn nothing_can_be_shown_that_panics() {
        for bytes in [
            &b""[..],
            b"\0",
            b"\0\0\0",
            b"\0\0\0\x05",
            b"\x80",
            b"\xff\xff\xff\xff\x80\x02",
        ] {
            for framing in Framing::ALL.iter().copied().map(Some).chain([None]) {
                annotate_stream(framing, bytes);
            }
        }
    }
}
