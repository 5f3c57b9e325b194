//! Bytes that people can read: headers and opcodes named, and a caret where two versions part.

use std::fmt::Write;

use processing_connection::Framing;

use crate::context::failure::{Evidence, EvidenceKind};
use crate::pickle::{Shown, disassemble};
use crate::wire::frame;

/// How many bytes stand in a line.
const WIDTH: usize = 16;
/// How many lines are shown at the beginning.
const BEGINNING: usize = 6;
/// How many lines are shown at the beginning of bytes that stand alone.
const BEGINNING_ALONE: usize = 40;
/// How many lines are shown before and after the first difference.
const AROUND: usize = 3;

/// Some bytes that belong together, and what they are.
struct Line {
    offset: usize,
    bytes: Vec<u8>,
    label: String,
}

/// Expected and actual bytes, one under the other, with a caret at the first difference.
pub fn render(evidence: &Evidence, framing: Framing) -> String {
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

/// One stretch of bytes, annotated, without a second one to compare it with: all of it, but for long runs of bytes
/// that are neither header nor opcode.
pub fn annotate_stream(framing: Framing, bytes: &[u8]) -> String {
    let mut text = String::new();
    write_lines(
        &mut text,
        &lines(EvidenceKind::Stream, framing, bytes),
        None,
        BEGINNING_ALONE,
    );
    text
}

/// Where two versions part: in a byte, or where one of them ends.
fn first_difference(expected: &[u8], actual: &[u8]) -> Option<usize> {
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

fn lines(kind: EvidenceKind, framing: Framing, bytes: &[u8]) -> Vec<Line> {
    match kind {
        EvidenceKind::Stream => stream_lines(framing, bytes),
        EvidenceKind::Pickle => pickle_lines(bytes, 0),
        EvidenceKind::String => plain_lines(bytes, 0),
    }
}

fn stream_lines(framing: Framing, bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some((header, rest)) = rest.split_at_checked(frame::header_length(framing)) else {
            lines.push(Line {
                offset: at,
                bytes: rest.to_vec(),
                label: format!("a part of a {framing} header"),
            });
            break;
        };
        let announced = frame::announced(framing, header);
        lines.push(Line {
            offset: at,
            bytes: header.to_vec(),
            label: describe_header(framing, announced),
        });
        at += header.len();
        let length = announced.map_or(rest.len(), |length| rest.len().min(length as usize));
        let payload = &rest[..length];
        lines.extend(if looks_like_a_pickle(payload) {
            pickle_lines(payload, at)
        } else {
            plain_lines(payload, at)
        });
        at += length;
    }
    lines
}

fn describe_header(framing: Framing, announced: Option<u32>) -> String {
    match announced {
        Some(1) => format!("{framing} header: 1 byte follows"),
        Some(length) => format!("{framing} header: {length} bytes follow"),
        None => format!("not a {framing} header"),
    }
}

/// A pickle of protocol 2 or later begins with `PROTO`; earlier ones are told by being readable to the end.
fn looks_like_a_pickle(payload: &[u8]) -> bool {
    payload.first() == Some(&0x80)
        || (payload.last() == Some(&b'.') && disassemble(payload).all(|step| step.is_ok()))
}

fn pickle_lines(pickle: &[u8], base: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut instructions = disassemble(pickle);
    while let Some(step) = instructions.next() {
        let (from, label) = match step {
            Ok(step) => (
                step.offset,
                format!("{} {}", step.opcode.name(), Shown(step.argument))
                    .trim_end()
                    .to_owned(),
            ),
            Err(error) => {
                let from = error.offset.min(pickle.len());
                let mut rest = plain_lines(&pickle[from..], base + from);
                match rest.first_mut() {
                    Some(first) => first.label = error.reason.to_string(),
                    None => rest.push(Line {
                        offset: base + from,
                        bytes: Vec::new(),
                        label: error.reason.to_string(),
                    }),
                }
                lines.extend(rest);
                return lines;
            }
        };
        lines.push(Line {
            offset: base + from,
            bytes: pickle[from..instructions.position()].to_vec(),
            label,
        });
    }
    let end = instructions.position();
    lines.extend(plain_lines(&pickle[end..], base + end));
    lines
}

fn plain_lines(bytes: &[u8], base: usize) -> Vec<Line> {
    bytes
        .chunks(WIDTH)
        .enumerate()
        .map(|(number, chunk)| Line {
            offset: base + number * WIDTH,
            bytes: chunk.to_vec(),
            label: chunk
                .iter()
                .map(|byte| {
                    if matches!(byte, b' '..=b'~') {
                        char::from(*byte)
                    } else {
                        '.'
                    }
                })
                .collect(),
        })
        .collect()
}

fn write_lines(text: &mut String, lines: &[Line], differs: Option<usize>, beginning: usize) {
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
        let shown = &line.bytes[..line.bytes.len().min(WIDTH)];
        let hex: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
        let more = if line.bytes.len() > WIDTH { " …" } else { "" };
        let _ = writeln!(
            text,
            "    {:06x}  {:<width$}  {}",
            line.offset,
            hex.join(" ") + more,
            line.label,
            width = 3 * WIDTH + 1
        );
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
        let expected = frame::message(Framing::Be32, b"abc");
        let actual = frame::message(Framing::Le32, b"abc");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Stream, &expected, &actual),
            Framing::Be32
        ));
    }

    #[test]
    fn a_message_that_is_cut_gets_a_caret_where_it_ends() {
        let expected = frame::message(Framing::Le32, b"0123456789abcdefXYZ");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Stream, &expected, &expected[..22]),
            Framing::Le32
        ));
    }

    #[test]
    fn pickles_are_shown_opcode_by_opcode() {
        let (expected, actual) = (b"\x80\x02]q\x01K*a.", b"\x80\x02]q\x01L42L\na.");
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::Pickle, expected, actual),
            Framing::Le32
        ));
    }

    #[test]
    fn long_messages_are_shown_where_they_differ() {
        let expected = vec![b'a'; 4000];
        let mut actual = expected.clone();
        actual[2001] = b'b';
        insta::assert_snapshot!(render(
            &evidence(EvidenceKind::String, &expected, &actual),
            Framing::Le32
        ));
    }

    #[test]
    fn a_stream_of_two_messages_is_annotated() {
        let stream = [
            frame::message(Framing::Hex8, b"\x80\x02K*."),
            frame::message(Framing::Hex8, b""),
        ]
        .concat();
        insta::assert_snapshot!(annotate_stream(Framing::Hex8, &stream));
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
            for framing in frame::FRAMINGS {
                annotate_stream(framing, bytes);
            }
        }
    }
}
