//! How messages are delimited on a stream.

pub(super) mod escape;

use super::{Case, Level, Needs, Parameters, each, each_named};
use crate::context::Context;
use crate::context::failure::{CaseResult, EvidenceKind, Failure};
use crate::context::outcome::Did;
use crate::context::{Who, pattern};
use crate::testee::message::OperationName;
use crate::testee::message::{ErrorKind, Operation};
use crate::wire::{Framing, WireError};

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "framing/header/sent",
        about: "The header of a sent message is exactly the bytes that the framing specifies.",
        requirements: &[
            "framing.message",
            "framing.le32",
            "framing.be32",
            "framing.be32x",
            "framing.hex8",
        ],
        parameters: |_| each("length", [1, 171, 258, 43_981]),
        needs: Needs::NOTHING.over_streams(),
        run: header_sent,
        ..Case::WIRE
    },
    Case {
        id: "framing/header/received",
        about: "A received header is read as the framing specifies.",
        requirements: &[
            "framing.message",
            "framing.le32",
            "framing.be32",
            "framing.be32x",
            "framing.hex8",
        ],
        parameters: |_| each("length", [1, 171, 258, 43_981]),
        needs: Needs::NOTHING.over_streams(),
        run: header_received,
        ..Case::WIRE
    },
    Case {
        id: "framing/empty/sent",
        about: "An empty string is sent as an empty message: on a stream, a header that announces zero bytes, and no payload.",
        requirements: &["framing.empty"],
        run: |context| sent(context, b""),
        ..Case::WIRE
    },
    Case {
        id: "framing/empty/received",
        about: "A message without a payload is received as an empty string.",
        requirements: &["framing.empty"],
        run: |context| received(context, b""),
        ..Case::WIRE
    },
    Case {
        id: "framing/empty/between-others",
        about: "An empty message between two others is neither lost nor mistaken for the end of the stream.",
        requirements: &["framing.empty", "framing.order"],
        run: empty_between_others,
        ..Case::WIRE
    },
    Case {
        id: "framing/size/sent",
        about: "A string of any length is sent whole.",
        requirements: &["framing.any-size"],
        parameters: |_| each("length", SIZES),
        run: size_sent,
        ..Case::CLIENT
    },
    Case {
        id: "framing/size/received",
        about: "A string of any length is received whole.",
        requirements: &["framing.any-size"],
        parameters: |_| each("length", SIZES),
        run: size_received,
        ..Case::LISTENER
    },
    Case {
        id: "framing/size/mixed",
        about: "Messages of very different lengths are received whole, one after another.",
        requirements: &["framing.any-size", "framing.order"],
        run: mixed_sizes,
        ..Case::WIRE
    },
    Case {
        id: "framing/bytes/sent",
        about: "Every byte value is sent unchanged.",
        requirements: &["framing.any-byte"],
        run: |context| sent(context, &every_byte()),
        ..Case::WIRE
    },
    Case {
        id: "framing/bytes/received",
        about: "Every byte value is received unchanged.",
        requirements: &["framing.any-byte"],
        run: |context| received(context, &every_byte()),
        ..Case::WIRE
    },
    Case {
        id: "framing/bytes/like-a-header",
        about: "A payload that looks like a series of messages is received as one payload.",
        requirements: &["framing.any-byte", "framing.message"],
        run: payload_like_headers,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/two-in-one",
        about: "Two messages that arrive in one segment are received as two messages.",
        requirements: &["framing.segmentation"],
        needs: Needs::NOTHING.over_streams(),
        run: two_in_one_segment,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/many-in-one",
        about: "A hundred messages that arrive in one segment are received as a hundred messages.",
        requirements: &["framing.segmentation", "framing.order"],
        needs: Needs::NOTHING.over_streams(),
        run: many_in_one_segment,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/split",
        about: "A message that is split between any two of its bytes, in the header or in the payload, is received whole.",
        requirements: &["framing.segmentation"],
        parameters: |framing| each("at", 1..framing.shortest_header() + SHORT.len()),
        needs: Needs::NOTHING.over_streams(),
        run: split_message,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/byte-by-byte",
        about: "A message that arrives one byte at a time is received whole.",
        requirements: &["framing.segmentation"],
        needs: Needs::NOTHING.over_streams(),
        run: byte_by_byte,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/header-alone",
        about: "A message whose header and payload arrive in separate segments is received whole, even when it is large.",
        requirements: &["framing.segmentation"],
        parameters: |_| each("length", [1, 1024, 100_000]),
        needs: Needs::NOTHING.over_streams(),
        run: header_alone,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/message-and-a-half",
        about: "When a segment holds a message and the beginning of the next one, the first is received at once, and the next one when the rest of it arrives.",
        requirements: &["framing.segmentation"],
        parameters: |framing| {
            each(
                "beginning",
                [1, framing.shortest_header(), framing.shortest_header() + 2],
            )
        },
        needs: Needs::NOTHING.over_streams(),
        run: message_and_a_half,
        ..Case::WIRE
    },
    Case {
        id: "framing/segmentation/small-then-large",
        about: "A large message is received whole when its beginning arrives together with small messages.",
        requirements: &["framing.segmentation", "framing.any-size"],
        parameters: |_| each("length", [1016, 1020, 1021, 1024, 1025, 70_000]),
        needs: Needs::NOTHING.over_streams(),
        run: small_then_large,
        ..Case::WIRE
    },
    Case {
        id: "framing/order/thousand-received",
        about: "A thousand messages that are sent at once are received in order.",
        requirements: &["framing.order"],
        run: thousand_received,
        ..Case::CLIENT
    },
    Case {
        id: "framing/order/thousand-sent",
        about: "A thousand messages are sent in order.",
        requirements: &["framing.order"],
        run: thousand_sent,
        ..Case::LISTENER
    },
    Case {
        id: "framing/length/hostile",
        about: "A header that announces more bytes than arrive is an error when the stream ends; the testee neither returns a value nor crashes.",
        requirements: &["framing.too-long", "error.survive"],
        parameters: |_| {
            each(
                "length",
                ["0x7fffffff", "0x80000000", "0xfffffffe", "0xffffffff"],
            )
        },
        needs: Needs::NOTHING.over_streams(),
        run: hostile_length,
        ..Case::WIRE
    },
    Case {
        id: "framing/length/hostile-object",
        about: "A header that announces more bytes than arrive is an error from `recv` when the stream ends; the testee neither returns an object nor crashes.",
        requirements: &["framing.too-long", "error.survive"],
        parameters: |_| {
            each(
                "length",
                ["0x7fffffff", "0x80000000", "0xfffffffe", "0xffffffff"],
            )
        },
        needs: Needs::OBJECTS.over_streams(),
        run: hostile_length_object,
        ..Case::WIRE
    },
    Case {
        id: "framing/length/hostile-with-bytes",
        about: "Bytes that follow a hostile header are not delivered as messages of another length.",
        requirements: &["framing.too-long", "error.survive"],
        parameters: |_| {
            each(
                "length",
                ["0x7fffffff", "0x80000000", "0xfffffffe", "0xffffffff"],
            )
        },
        needs: Needs::NOTHING.over_streams(),
        run: hostile_length_with_bytes,
        ..Case::WIRE
    },
    Case {
        id: "framing/length/hostile-then-receive",
        about: "The process survives every further attempt to receive from a connection after a hostile header.",
        requirements: &["error.survive", "framing.too-long"],
        parameters: |_| {
            each(
                "length",
                ["0x7fffffff", "0x80000000", "0xfffffffe", "0xffffffff"],
            )
        },
        needs: Needs::NOTHING.over_streams(),
        run: hostile_length_then_receive,
        ..Case::LISTENER
    },
    Case {
        id: "framing/length/hostile-then-others",
        about: "A connection that receives a hostile header does not disturb the other connections of its process.",
        requirements: &["error.survive", "listener.many-clients"],
        parameters: |_| each("length", ["0x7fffffff", "0x80000000", "0xffffffff"]),
        needs: Needs::NOTHING.over_streams(),
        run: hostile_length_beside_others,
        ..Case::LISTENER
    },
    Case {
        id: "framing/length/claims-no-memory",
        about: "A header that announces 2 GiB and is followed by nothing does not make the testee allocate that much memory.",
        level: Level::Should,
        requirements: &["framing.no-memory-for-headers"],
        needs: Needs::NOTHING.over_streams(),
        run: claims_no_memory,
        ..Case::WIRE
    },
    Case {
        id: "framing/hex8/not-a-header",
        about: "A header that is not eight hexadecimal digits is an error.",
        requirements: &["framing.not-a-header"],
        parameters: |_| each_named("header", &INVALID_HEADERS),
        needs: Needs {
            framings: &[Framing::Hex8],
            ..Needs::NOTHING.over_streams()
        },
        run: not_a_header,
        ..Case::WIRE
    },
    Case {
        id: "framing/hex8/upper-case",
        about: "Upper-case digits are rejected, because no writer produces them.",
        level: Level::Should,
        requirements: &["framing.hex8-lower-case"],
        needs: Needs {
            framings: &[Framing::Hex8],
            ..Needs::NOTHING.over_streams()
        },
        run: upper_case,
        ..Case::WIRE
    },
];

/// Sizes around every size at which the behaviour of an implementation of the era changes: the header, the 1024-byte
/// buffer of 0.20, the 16384 bytes below which 0.33 and later write a message in one piece, and powers of two.
const SIZES: [usize; 27] = [
    1, 2, 3, 4, 5, 7, 8, 9, 1019, 1020, 1021, 1023, 1024, 1025, 8191, 8192, 16_383, 16_384, 16_385,
    65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 16_777_215, 16_777_216,
];

/// A payload short enough to be split between any two of its bytes.
const SHORT: &[u8] = b"abcdef";

const INVALID_HEADERS: [(&str, &[u8; 8]); 7] = [
    ("blank-before", b" 0000006"),
    ("blank-after", b"0000006 "),
    ("plus", b"+0000006"),
    ("minus", b"-0000006"),
    ("prefix", b"0x000006"),
    ("letters", b"0000000g"),
    ("zeros", b"\0\0\0\0\0\0\0\x06"),
];

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

fn sent(context: &mut Context<'_>, payload: &[u8]) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, payload)?;
    context.expect_message(&mut wire, payload)?;
    context.finish_sent(end, &sending)?;
    context.expect_in_step(&mut wire, end)
}

fn received(context: &mut Context<'_>, payload: &[u8]) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write_message(&mut wire, payload)?;
    context.finish_string(end, &receiving, payload)?;
    context.expect_in_step(&mut wire, end)
}

fn header_sent(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, &payload)?;
    context.expect_message(&mut wire, &payload)?;
    context.finish_sent(end, &sending)
}

fn header_received(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &payload)?;
    context.expect_string(end, &payload)
}

fn empty_between_others(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for payload in [&b"before"[..], b"", b"", b"after"] {
        context.write_message(&mut wire, payload)?;
    }
    for payload in [&b"before"[..], b"", b"", b"after"] {
        context.expect_string(end, payload)?;
    }
    Ok(())
}

fn size_sent(context: &mut Context<'_>) -> CaseResult {
    sent(
        context,
        &pattern::bytes(context.setting.parameters.number("length")),
    )
}

fn size_received(context: &mut Context<'_>) -> CaseResult {
    received(
        context,
        &pattern::bytes(context.setting.parameters.number("length")),
    )
}

fn mixed_sizes(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for length in [0, 1, 5000, 3, 1024, 0, 100_000, 1020, 4, 17, 8192, 2] {
        let payload = pattern::bytes(length);
        let receiving = context.start_recv_string(end)?;
        context.write_message(&mut wire, &payload)?;
        context.finish_string(end, &receiving, &payload)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn payload_like_headers(context: &mut Context<'_>) -> CaseResult {
    let payload = [
        context.message(b"one"),
        context.message(b""),
        context.header(u32::MAX.into()),
    ]
    .concat();
    received(context, &payload)
}

fn two_in_one_segment(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let both = [
        context.message(b"first"),
        context.message(b"second message"),
    ]
    .concat();
    context.write(&mut wire, &both)?;
    context.expect_string(end, b"first")?;
    context.expect_string(end, b"second message")?;
    context.expect_in_step(&mut wire, end)
}

fn many_in_one_segment(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let payloads: Vec<Vec<u8>> = (0..100).map(pattern::bytes).collect();
    let all: Vec<u8> = payloads
        .iter()
        .flat_map(|payload| context.message(payload))
        .collect();
    context.write(&mut wire, &all)?;
    for payload in &payloads {
        context.expect_string(end, payload)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn split_message(context: &mut Context<'_>) -> CaseResult {
    let at = context.setting.parameters.number("at");
    let (mut wire, end) = context.open()?;
    let message = context.message(SHORT);
    let receiving = context.start_recv_string(end)?;
    context.write(&mut wire, &message[..at])?;
    barrier(context, end.who)?;
    context.write(&mut wire, &message[at..])?;
    context.finish_string(end, &receiving, SHORT)?;
    context.expect_in_step(&mut wire, end)
}

fn byte_by_byte(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    for byte in context.message(SHORT) {
        context.write(&mut wire, &[byte])?;
        barrier(context, end.who)?;
    }
    context.finish_string(end, &receiving, SHORT)?;
    context.expect_in_step(&mut wire, end)
}

fn header_alone(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write(
        &mut wire,
        &context.message(&payload)[..context.header(0).len()],
    )?;
    barrier(context, end.who)?;
    context.write(&mut wire, &payload)?;
    context.finish_string(end, &receiving, &payload)?;
    context.expect_in_step(&mut wire, end)
}

fn message_and_a_half(context: &mut Context<'_>) -> CaseResult {
    let beginning = context.setting.parameters.number("beginning");
    let (mut wire, end) = context.open()?;
    let (first, second) = (context.message(b"whole"), context.message(SHORT));
    context.write(&mut wire, &[&first, &second[..beginning]].concat())?;
    context.expect_string(end, b"whole")?;
    let receiving = context.start_recv_string(end)?;
    barrier(context, end.who)?;
    context.write(&mut wire, &second[beginning..])?;
    context.finish_string(end, &receiving, SHORT)?;
    context.expect_in_step(&mut wire, end)
}

fn small_then_large(context: &mut Context<'_>) -> CaseResult {
    let large = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let small: Vec<Vec<u8>> = (1..8).map(pattern::bytes).collect();
    let mut all: Vec<u8> = small
        .iter()
        .flat_map(|payload| context.message(payload))
        .collect();
    all.extend(context.message(&large));
    all.extend(context.message(b"last"));
    context.write(&mut wire, &all)?;
    for payload in small.iter().chain([&large, &b"last".to_vec()]) {
        context.expect_string(end, payload)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn thousand_received(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let all: Vec<String> = (0..1000).map(numbered).collect();
    context.write_messages(&mut wire, &all)?;
    for number in 0..1000 {
        context.expect_string(end, numbered(number).as_bytes())?;
    }
    context.expect_in_step(&mut wire, end)
}

fn thousand_sent(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let ahead = match wire.framing() {
        // The socket buffers of every system hold this many: Linux charges a few hundred bytes for each.
        Some(_) => 100,
        // The smallest buffer of a pipe, the 1024 bytes of 0.20, holds this many.
        None => 50,
    };
    for number in 0..1000 + ahead {
        if number < 1000 {
            context.send_string(end, numbered(number).as_bytes())?;
        }
        if let Some(behind) = number.checked_sub(ahead) {
            context.expect_message(&mut wire, numbered(behind).as_bytes())?;
        }
    }
    context.expect_in_step(&mut wire, end)
}

fn numbered(number: usize) -> String {
    format!("message {number}")
}

fn hostile_length(context: &mut Context<'_>) -> CaseResult {
    let header = context.header(announced(&context.setting.parameters));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write(&mut wire, &header)?;
    finish_ignoring_a_reset(&mut wire)?;
    context.finish_error(end.who, &receiving, &[ErrorKind::TooLong, ErrorKind::Cut])?;
    // A second attempt has nothing to return either.
    context.expect_no_string(end, AFTER_A_HOSTILE_HEADER)
}

fn hostile_length_object(context: &mut Context<'_>) -> CaseResult {
    let header = context.header(announced(&context.setting.parameters));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv(end)?;
    context.write(&mut wire, &header)?;
    finish_ignoring_a_reset(&mut wire)?;
    context
        .finish_error(end.who, &receiving, &[ErrorKind::TooLong, ErrorKind::Cut])
        .map(drop)
}

fn hostile_length_with_bytes(context: &mut Context<'_>) -> CaseResult {
    let header = context.header(announced(&context.setting.parameters));
    let (mut wire, end) = context.open()?;
    let bytes = [
        header,
        context.message(b"not a message of its own"),
        context.message(b"nor this"),
    ]
    .concat();
    context.write(&mut wire, &bytes)?;
    finish_ignoring_a_reset(&mut wire)?;
    context.expect_no_string(end, &[ErrorKind::TooLong, ErrorKind::Cut])?;
    context.expect_no_string(end, AFTER_A_HOSTILE_HEADER)?;
    context.expect_no_string(end, AFTER_A_HOSTILE_HEADER)
}

/// The errors that a second attempt to receive may report once the stream is known to be broken.
const AFTER_A_HOSTILE_HEADER: &[ErrorKind] = &[
    ErrorKind::Poisoned,
    ErrorKind::Closed,
    ErrorKind::NotOpen,
    ErrorKind::TooLong,
    ErrorKind::Cut,
];

fn hostile_length_then_receive(context: &mut Context<'_>) -> CaseResult {
    const ATTEMPTS: usize = 3;
    let header = context.header(announced(&context.setting.parameters));
    let (mut wire, end) = context.open()?;
    context.write(&mut wire, &[&header[..], b"abc"].concat())?;
    // The first attempt finds the stream open, and the others find that it has ended. Other cases judge the values
    // and errors; here it only matters that there is an answer.
    let receiving = context.start_recv_string(end)?;
    barrier(context, end.who)?;
    let early = context.look(end.who, &receiving, std::time::Duration::ZERO)?;
    if early.is_some() {
        let again = context.start_recv_string(end)?;
        barrier(context, end.who)?;
        finish_ignoring_a_reset(&mut wire)?;
        let _ = context.finish_operation(end.who, &again)?;
    } else {
        finish_ignoring_a_reset(&mut wire)?;
        let _ = context.finish_operation(end.who, &receiving)?;
    }
    for _ in 0..ATTEMPTS {
        let _ = context.try_recv_string(end)?;
    }
    let (mut wire, end) = context.open()?;
    context.expect_in_step(&mut wire, end)
}

fn hostile_length_beside_others(context: &mut Context<'_>) -> CaseResult {
    let header = context.header(announced(&context.setting.parameters));
    let listening = context.listen()?;
    let mut good_wire = context.wire_to(&listening)?;
    let good = context.accept(listening.listener)?;
    let mut bad_wire = context.wire_to(&listening)?;
    let bad = context.accept(listening.listener)?;
    let receiving = context.start_recv_string(bad)?;
    context.write(&mut bad_wire, &header)?;
    context.expect_in_step(&mut good_wire, good)?;
    bad_wire.close();
    context.finish_error(bad.who, &receiving, &[ErrorKind::TooLong, ErrorKind::Cut])?;
    context.expect_in_step(&mut good_wire, good)
}

fn claims_no_memory(context: &mut Context<'_>) -> CaseResult {
    const ALLOWED: u64 = 1 << 20;
    let header = context.header(0x7fff_ffff);
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    barrier(context, end.who)?;
    let Some(before) = context.resident_memory() else {
        return Err(crate::context::failure::Stop::NotApplicable(
            "the memory of this testee cannot be measured separately from the suite's own, or not on this system"
                .into(),
        ));
    };
    context.write(&mut wire, &header)?;
    barrier(context, end.who)?;
    let after = context.resident_memory().unwrap_or(before);
    finish_ignoring_a_reset(&mut wire)?;
    context.finish_error(end.who, &receiving, &[ErrorKind::TooLong, ErrorKind::Cut])?;
    let grown = after.saturating_sub(before);
    if grown > ALLOWED {
        return Err(Failure::new(
            (OperationName::RecvString, Did::ClaimedMemory),
            "less than 1 MiB more resident memory",
        )
        .detail(format!("{} MiB more were resident", grown >> 20))
        .into());
    }
    Ok(())
}

fn not_a_header(context: &mut Context<'_>) -> CaseResult {
    let header = context
        .setting
        .parameters
        .look_up("header", &INVALID_HEADERS);
    let (mut wire, end) = context.open()?;
    context.write(&mut wire, &[&header[..], SHORT].concat())?;
    finish_ignoring_a_reset(&mut wire)?;
    context.expect_no_string(end, &[ErrorKind::BadHeader])
}

fn upper_case(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write(&mut wire, &[&b"0000000A"[..], b"0123456789"].concat())?;
    finish_ignoring_a_reset(&mut wire)?;
    context.expect_no_string(end, &[ErrorKind::BadHeader])
}

fn announced(parameters: &Parameters) -> u64 {
    let text = parameters.text("length");
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .expect("the parameter is a hexadecimal number")
}

/// Waits for the reply to another operation: by then the testee has had its chance to react to what was sent.
fn barrier(context: &mut Context<'_>, who: Who) -> CaseResult {
    context
        .call(
            who,
            Operation::Hello {
                protocol: crate::testee::message::PROTOCOL,
            },
        )
        .map(drop)
}

/// Ends the suite's direction of the stream. A testee that has given up on the stream may have closed it first.
fn finish_ignoring_a_reset(wire: &mut crate::wire::Wire) -> CaseResult {
    match wire.finish() {
        Ok(()) | Err(WireError::System(_)) => Ok(()),
        Err(error) => Err(Failure::wire("the connection is open", &error)
            .showing(EvidenceKind::Stream, &[], &[])
            .into()),
    }
}
