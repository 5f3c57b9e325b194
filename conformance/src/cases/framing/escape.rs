//! The escape of `be32x`: the header -1, after which the length follows in eight bytes.
//!
//! No sender uses it for short messages, but every reader takes a short length after it, so that it can be tested
//! without messages of 2 GiB.

use super::super::{Case, Needs, each, each_named};
use super::{AFTER_A_HOSTILE_HEADER, SHORT, finish_ignoring_a_reset};
use crate::context::failure::{CaseResult, Cause};
use crate::context::{Context, pattern};
use crate::testee::message::ErrorKind;
use crate::wire::Framing;

const BE32X: Needs = Needs {
    framings: &[Framing::Be32x],
    ..Needs::NOTHING.over_streams()
};

const ESCAPE: Case = Case {
    needs: BE32X,
    ..Case::WIRE
};

/// The cases of this area about the escape.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "framing/be32x/escape",
        about: "After the header -1 the length is read from the next eight bytes, however short the message is.",
        requirements: &["framing.be32x-escape"],
        parameters: |_| each("length", [0, 1, 171, 258, 43_981, 1_048_577]),
        run: escaped,
        ..ESCAPE
    },
    Case {
        id: "framing/be32x/between-others",
        about: "A message whose length follows the escape is received in order between two other messages.",
        requirements: &["framing.be32x-escape", "framing.order"],
        run: between_others,
        ..ESCAPE
    },
    Case {
        id: "framing/be32x/split",
        about: "A header with the escape may be split between any two of its bytes.",
        requirements: &["framing.segmentation", "framing.be32x-escape"],
        parameters: |_| each("at", 1..=HEADER),
        run: split,
        ..ESCAPE
    },
    Case {
        id: "framing/be32x/end-inside",
        about: "It is an error if the stream ends inside a header with the escape.",
        requirements: &["closing.end-in-header", "framing.be32x-escape"],
        parameters: |_| each("after", 4..HEADER),
        run: end_inside,
        ..ESCAPE
    },
    Case {
        id: "framing/be32x/negative",
        about: "Every negative header except -1 is an error, and the bytes after it are not delivered.",
        requirements: &["framing.be32x-negative", "error.survive"],
        parameters: |_| each_named("header", &NEGATIVE),
        run: negative,
        ..ESCAPE
    },
    Case {
        id: "framing/be32x/hostile",
        about: "An escaped length that is greater than the number of bytes that arrive is an error when the stream ends, and the length is not read as a signed number.",
        requirements: &["framing.too-long", "framing.be32x-escape", "error.survive"],
        parameters: |_| each_named("length", &HOSTILE),
        run: hostile,
        ..ESCAPE
    },
];

/// The length of a header with the escape, in bytes.
const HEADER: usize = 12;

const NEGATIVE: [(&str, i32); 5] = [
    ("-2", -2),
    ("-128", -128),
    ("-256", -256),
    ("-65536", -65_536),
    ("-2147483648", i32::MIN),
];

const HOSTILE: [(&str, u64); 7] = [
    ("0x80000000", 0x8000_0000),
    ("0xffffffff", 0xffff_ffff),
    ("0x100000005", 0x1_0000_0005),
    ("0x7fffffffffffffff", 0x7fff_ffff_ffff_ffff),
    ("0x8000000000000000", 0x8000_0000_0000_0000),
    ("0xfffffffffffffffb", 0xffff_ffff_ffff_fffb),
    ("0xffffffffffffffff", u64::MAX),
];

/// A message whose length follows the escape.
fn with_escape(payload: &[u8]) -> Vec<u8> {
    [&*Framing::escaped_header(payload.len() as u64), payload].concat()
}

fn escaped(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write(&mut wire, &with_escape(&payload))?;
    context
        .finish_string(end, &receiving, &payload)
        .map_err(|stop| stop.caused_by(Cause::EscapeUnknown))?;
    context.expect_in_step(&mut wire, end)
}

fn between_others(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let bytes = [
        context.message(b"before"),
        with_escape(SHORT),
        with_escape(b""),
        context.message(b"after"),
    ];
    context.write(&mut wire, &bytes.concat())?;
    for payload in [b"before", SHORT, b"", b"after"] {
        context.expect_string(end, payload)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn split(context: &mut Context<'_>) -> CaseResult {
    let at = context.setting.parameters.number("at");
    let (mut wire, end) = context.open()?;
    let message = with_escape(SHORT);
    let receiving = context.start_recv_string(end)?;
    context.write(&mut wire, &message[..at])?;
    super::barrier(context, end.who)?;
    context.write(&mut wire, &message[at..])?;
    context.finish_string(end, &receiving, SHORT)?;
    context.expect_in_step(&mut wire, end)
}

fn end_inside(context: &mut Context<'_>) -> CaseResult {
    let after = context.setting.parameters.number("after");
    let (mut wire, end) = context.open()?;
    context.write(&mut wire, &with_escape(SHORT)[..after])?;
    finish_ignoring_a_reset(&mut wire)?;
    context.expect_no_string(end, &[ErrorKind::Cut])
}

fn negative(context: &mut Context<'_>) -> CaseResult {
    let header = context.setting.parameters.look_up("header", &NEGATIVE);
    let (mut wire, end) = context.open()?;
    // Whoever takes the header for the escape finds a whole message after it.
    let message = with_escape(SHORT);
    let bytes = [&header.to_be_bytes()[..], &message[4..]].concat();
    context.write(&mut wire, &bytes)?;
    finish_ignoring_a_reset(&mut wire)?;
    let kinds = &[ErrorKind::BadHeader, ErrorKind::TooLong];
    context
        .expect_no_string(end, kinds)
        .map_err(|stop| stop.caused_by(Cause::NegativeHeader))?;
    context.expect_no_string(end, &[AFTER_A_HOSTILE_HEADER, kinds].concat())
}

fn hostile(context: &mut Context<'_>) -> CaseResult {
    let length = context.setting.parameters.look_up("length", &HOSTILE);
    let (mut wire, end) = context.open()?;
    let bytes = [&*Framing::escaped_header(length), SHORT].concat();
    context.write(&mut wire, &bytes)?;
    finish_ignoring_a_reset(&mut wire)?;
    let kinds = &[ErrorKind::TooLong, ErrorKind::Cut];
    context
        .expect_no_string(end, kinds)
        .map_err(|stop| stop.caused_by(Cause::EscapedLength))?;
    context.expect_no_string(end, AFTER_A_HOSTILE_HEADER)
}
