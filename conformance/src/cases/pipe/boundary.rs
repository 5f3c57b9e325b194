//! One write is one message, whatever its length and however it is read.

use super::{PIPE, PIPE_OBJECTS};
use crate::cases::{Case, each};
use crate::context::failure::{CaseResult, EvidenceKind, Failure};
use crate::context::outcome::OnWire;
use crate::context::{Context, pattern};
use crate::notation::Graph;
use crate::pickle;
use crate::testee::message::ErrorKind;
use crate::wire::Reading;

/// The cases of this area about the boundaries of messages.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "pipe/boundary/no-header",
        about: "The first message that a testee sends is exactly its payload, without a header.",
        requirements: &["pipe.boundary"],
        parameters: |_| each("length", [1, 4, 8, 171, 258]),
        needs: PIPE,
        run: no_header,
        ..Case::WIRE
    },
    Case {
        id: "pipe/boundary/two-writes",
        about: "Bytes that are written in two writes are received as two messages.",
        requirements: &["pipe.one-write"],
        needs: PIPE,
        run: two_writes,
        ..Case::WIRE
    },
    Case {
        id: "pipe/boundary/half-a-pickle",
        about: "A message that holds half a pickle is an error from `recv`, whatever follows it, and the connection stays in step.",
        requirements: &["pipe.one-write", "object.undecodable"],
        needs: PIPE_OBJECTS,
        run: half_a_pickle,
        ..Case::WIRE
    },
    Case {
        id: "pipe/boundary/one-write",
        about: "A string of any length is written in one write.",
        requirements: &["pipe.one-write", "pipe.any-size"],
        parameters: |_| each("length", SIZES),
        needs: PIPE,
        run: one_write,
        ..Case::WIRE
    },
    Case {
        id: "pipe/boundary/object-in-one-write",
        about: "A large object is written in one write.",
        requirements: &["pipe.one-write", "object.pickle"],
        parameters: |_| each("length", [9000, 1_048_576]),
        needs: PIPE_OBJECTS,
        run: object_in_one_write,
        ..Case::WIRE
    },
    Case {
        id: "pipe/size/received",
        about: "A message that is larger than the first read, or than the pipe's buffer, is received whole.",
        requirements: &["pipe.any-size"],
        parameters: |_| each("length", SIZES),
        needs: PIPE,
        run: size_received,
        ..Case::WIRE
    },
    Case {
        id: "pipe/size/before-it-is-read",
        about: "Several messages that are each larger than the pipe's buffer can wait behind one another until they are read.",
        requirements: &["pipe.any-size", "framing.order"],
        needs: PIPE,
        run: large_ones_wait,
        ..Case::WIRE
    },
    Case {
        id: "pipe/empty/sent",
        about: "Empty strings are sent as empty messages, both alone and between others.",
        requirements: &["pipe.empty"],
        needs: PIPE,
        run: empty_sent,
        ..Case::WIRE
    },
    Case {
        id: "pipe/empty/before-the-end",
        about: "Empty messages right before the end are received as empty messages, and only the end is an error.",
        requirements: &["pipe.empty", "closing.end-between"],
        needs: PIPE,
        run: empty_before_the_end,
        ..Case::WIRE
    },
    Case {
        id: "pipe/byte-mode/client-writes",
        about: "Each write of a client that uses the pipe in byte mode is received as one message.",
        requirements: &["pipe.byte-mode"],
        needs: PIPE,
        run: byte_client_writes,
        ..Case::LISTENER
    },
    Case {
        id: "pipe/byte-mode/client-reads",
        about: "A client that uses the pipe in byte mode reads the payloads one after another.",
        requirements: &["pipe.byte-mode", "pipe.boundary"],
        needs: PIPE,
        run: byte_client_reads,
        ..Case::LISTENER
    },
];

/// Sizes around the first read of `multiprocessing` (128 bytes), the buffer and first read of 0.20 (1024), the buffer
/// of 0.52 (8192), and far beyond.
const SIZES: [usize; 14] = [
    127, 128, 129, 1023, 1024, 1025, 8191, 8192, 8193, 65_536, 65_537, 1_048_576, 1_048_577,
    16_777_216,
];

fn no_header(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, &payload)?;
    context.expect_message(&mut wire, &payload)?;
    context.finish_sent(end, &sending)
}

fn two_writes(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &[b"one half", b"the rest"])?;
    context.expect_string(end, b"one half")?;
    context.expect_string(end, b"the rest")?;
    context.expect_in_step(&mut wire, end)
}

fn half_a_pickle(context: &mut Context<'_>) -> CaseResult {
    let pickle = pickle::write(&Graph::list_of([&Graph::int(1), &Graph::int(2)]), 2)
        .expect("a list can be pickled");
    let (first, second) = pickle.split_at(pickle.len() / 2);
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &[first, second])?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.expect_string(end, second)?;
    context.expect_in_step(&mut wire, end)
}

fn one_write(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, &payload)?;
    context.expect_message(&mut wire, &payload)?;
    context.finish_sent(end, &sending)?;
    context.expect_in_step(&mut wire, end)
}

fn object_in_one_write(context: &mut Context<'_>) -> CaseResult {
    let object = Graph::str(pattern::bytes(context.setting.parameters.number("length")));
    let (mut wire, end) = context.open()?;
    let sending = context.start_send(end, &object)?;
    context.expect_pickle_sent(&mut wire, end, &sending, &object)?;
    context.expect_in_step(&mut wire, end)
}

fn size_received(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write_message(&mut wire, &payload)?;
    context.finish_string(end, &receiving, &payload)?;
    context.expect_in_step(&mut wire, end)
}

fn large_ones_wait(context: &mut Context<'_>) -> CaseResult {
    let payloads: Vec<Vec<u8>> = [20_000, 1, 100_000, 0, 9000, 30_000]
        .map(pattern::bytes)
        .into();
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &payloads)?;
    for payload in &payloads {
        context.expect_string(end, payload)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn empty_sent(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for payload in [&b""[..], b"between", b"", b""] {
        let sending = context.start_send_string(end, payload)?;
        context.expect_message(&mut wire, payload)?;
        context.finish_sent(end, &sending)?;
    }
    context.expect_in_step(&mut wire, end)
}

fn empty_before_the_end(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &[&b"before"[..], b"", b""])?;
    context.end(&mut wire)?;
    for payload in [&b"before"[..], b"", b""] {
        context.expect_string(end, payload)?;
    }
    context.expect_no_string(end, &[ErrorKind::Closed])
}

fn byte_client_writes(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let mut wire = context.wire_reading(Reading::Bytes, &listening)?;
    let end = context.accept(listening.listener)?;
    let payloads = [&b"one message"[..], b"", b"another"];
    context.write_messages(&mut wire, &payloads)?;
    for payload in payloads {
        context.expect_string(end, payload)?;
    }
    Ok(())
}

fn byte_client_reads(context: &mut Context<'_>) -> CaseResult {
    const BOTH: &[u8] = b"one messageanother";
    let listening = context.listen()?;
    let mut wire = context.wire_reading(Reading::Bytes, &listening)?;
    let end = context.accept(listening.listener)?;
    let first = context.start_send_string(end, &BOTH[..11])?;
    context.finish_sent(end, &first)?;
    let second = context.start_send_string(end, &BOTH[11..])?;
    let read = wire
        .read_across(BOTH.len())
        .map_err(|error| Failure::wire("the payloads of both messages", &error))?;
    context.finish_sent(end, &second)?;
    if read == BOTH {
        return Ok(());
    }
    Err(
        Failure::new(OnWire::WrongPayload, "the payloads, one after the other")
            .showing(EvidenceKind::String, BOTH, &read)
            .into(),
    )
}
