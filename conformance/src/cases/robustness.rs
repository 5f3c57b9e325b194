//! What a testee does when the other end is broken or malicious, or dies.

use super::{Case, Needs, each, each_named};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure};
use crate::context::outcome::Did;
use crate::context::pattern;
use crate::testee::message::OperationName;
use crate::testee::message::{ErrorKind, Operation, Profile};

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "robustness/garbage/received-as-string",
        about: "Garbage instead of messages is an error once the stream ends, and the process survives.",
        requirements: &["error.survive", "framing.too-long"],
        parameters: |_| each_named("garbage", &GARBAGE),
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            garbage(context, |handle| Operation::RecvString {
                connection: handle,
            })
        },
        ..Case::WIRE
    },
    Case {
        id: "robustness/garbage/received-as-object",
        about: "Garbage instead of messages is an error from `recv`, and the process survives.",
        requirements: &["error.survive", "framing.too-long"],
        parameters: |_| each_named("garbage", &GARBAGE),
        needs: Needs::OBJECTS.over_streams(),
        run: |context| garbage(context, Operation::recv),
        ..Case::WIRE
    },
    Case {
        id: "robustness/pickle/nesting",
        about: "A pickle that is nested 100000 deep does not crash the reader.",
        requirements: &["object.hostile"],
        parameters: |_| each("of", ["list", "tuple", "dict"]),
        needs: Needs::OBJECTS,
        run: nesting,
        ..Case::LISTENER
    },
    Case {
        id: "robustness/pickle/memo-bomb",
        about: "A pickle whose references multiply exponentially does not exhaust the reader's memory.",
        requirements: &["object.hostile"],
        needs: Needs {
            only: Some(Profile::Serde),
            ..Needs::OBJECTS
        },
        run: memo_bomb,
        ..Case::LISTENER
    },
    Case {
        id: "robustness/pickle/announced-lengths",
        about: "A length inside a pickle that exceeds the pickle is an error, and the connection stays in step.",
        requirements: &["object.hostile", "object.undecodable"],
        parameters: |_| each_named("pickle", &ANNOUNCING),
        needs: Needs::OBJECTS,
        run: announced_lengths,
        ..Case::LISTENER
    },
    Case {
        id: "robustness/death/before-anything",
        about: "When the other end dies right after connecting, an operation that waits for it is an error.",
        requirements: &["closing.end-between", "error.survive"],
        run: dies_before_anything,
        ..Case::WIRE
    },
    Case {
        id: "robustness/death/inside-header",
        about: "When the other end dies inside a header, receiving is an error, and the testee's listener or client keeps working.",
        requirements: &["closing.end-in-header", "error.survive"],
        needs: Needs::NOTHING.over_streams(),
        run: |context| dies_after(context, 1),
        ..Case::WIRE
    },
    Case {
        id: "robustness/death/inside-payload",
        about: "When the other end dies inside a payload, receiving is an error, and the testee's listener or client keeps working.",
        requirements: &["closing.end-in-payload", "error.survive"],
        needs: Needs::NOTHING.over_streams(),
        run: |context| dies_after(context, context.header(0).len() + 500),
        ..Case::WIRE
    },
    Case {
        id: "robustness/death/while-both-wait",
        about: "When the other end dies while the testee is sending and receiving, both operations end.",
        requirements: &[
            "closing.send-to-gone",
            "closing.end-between",
            "error.survive",
        ],
        run: dies_while_both_wait,
        ..Case::WIRE
    },
    Case {
        id: "robustness/death/many",
        about: "A testee can still serve clients after a hundred others have died in the middle of a message.",
        requirements: &["listener.survives-client", "error.survive"],
        needs: Needs::NOTHING.over_streams(),
        run: many_die,
        ..Case::LISTENER
    },
];

const GARBAGE: [(&str, &[u8]); 6] = [
    ("zeros-cut", &[0, 0, 0]),
    ("ones", &[0xff; 40]),
    ("high-bits", &[0x80; 40]),
    ("http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("text", b"hello, is anybody there?\n"),
];

/// Pickles that announce more bytes than they hold.
const ANNOUNCING: [(&str, &[u8]); 5] = [
    ("binstring", b"\x80\x02T\xff\xff\xff\x7fabc."),
    ("binstring-negative", b"\x80\x02T\xff\xff\xff\xffabc."),
    ("binunicode", b"\x80\x02X\xff\xff\xff\x7fabc."),
    ("long4", b"\x80\x02\x8b\xff\xff\xff\x7f\x01."),
    ("long4-negative", b"\x80\x02\x8b\xff\xff\xff\xff\x01."),
];

fn garbage(context: &mut Context<'_>, operation: fn(u64) -> Operation) -> CaseResult {
    let bytes = context.setting.parameters.look_up("garbage", &GARBAGE);
    let (mut wire, end) = context.open()?;
    let receiving = context.start(end.who, operation(end.handle))?;
    context.write(&mut wire, bytes)?;
    wire.close();
    let kinds = [ErrorKind::TooLong, ErrorKind::BadHeader, ErrorKind::Cut];
    context.finish_error(end.who, &receiving, &kinds)?;
    // The process survives and serves another connection.
    let (mut wire, end) = context.open()?;
    context.expect_in_step(&mut wire, end)
}

fn nesting(context: &mut Context<'_>) -> CaseResult {
    const DEPTH: usize = 100_000;
    let payload = match context.setting.parameters.text("of") {
        "list" => [
            &b"\x80\x02"[..],
            &b"]".repeat(DEPTH + 1),
            &b"a".repeat(DEPTH),
            b".",
        ]
        .concat(),
        "tuple" => [&b"\x80\x02)"[..], &b"\x85".repeat(DEPTH), b"."].concat(),
        _ => [
            &b"\x80\x02"[..],
            &b"}K\x01".repeat(DEPTH),
            b"N",
            &b"s".repeat(DEPTH),
            b".",
        ]
        .concat(),
    };
    let (mut wire, end) = context.open()?;
    // Describing that many nodes would be a lot of work for the adapter, and prove nothing.
    let receiving = context.start(
        end.who,
        Operation::Recv {
            connection: end.handle,
            describe: false,
        },
    )?;
    context.write_message(&mut wire, &payload)?;
    match context.finish_operation(end.who, &receiving)? {
        Ok(_) if context.hello().profile == Profile::Serde => {
            return Err(Failure::new(
                (OperationName::Recv, Did::ReturnedObject),
                "an error that names the limit",
            )
            .into());
        }
        Ok(_) => {}
        Err(error) => context.recommend_kind(OperationName::Recv, &error, &[ErrorKind::Limit]),
    }
    context.expect_in_step(&mut wire, end)
}

fn memo_bomb(context: &mut Context<'_>) -> CaseResult {
    // Sixty-four lists, each of which holds the previous one twice: 2**64 leaves in 450 bytes.
    let mut payload = b"\x80\x02]q\x00".to_vec();
    for level in 0..64_u8 {
        payload.extend([b'0', b'(', b'h', level, b'h', level, b'l', b'q', level + 1]);
    }
    payload.push(b'.');
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &payload)?;
    context.expect_no_object(end, &[ErrorKind::Limit])?;
    context.expect_in_step(&mut wire, end)
}

fn announced_lengths(context: &mut Context<'_>) -> CaseResult {
    let payload = context.setting.parameters.look_up("pickle", &ANNOUNCING);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, payload)?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.expect_in_step(&mut wire, end)
}

fn dies_before_anything(context: &mut Context<'_>) -> CaseResult {
    let (wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    wire.reset()
        .map_err(|error| Failure::wire("the connection is open", &error))?;
    context.finish_error(end.who, &receiving, &[ErrorKind::Closed, ErrorKind::Cut])?;
    let (mut wire, end) = context.open()?;
    context.expect_in_step(&mut wire, end)
}

fn dies_after(context: &mut Context<'_>, bytes: usize) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write(&mut wire, &context.message(&pattern::bytes(1000))[..bytes])?;
    wire.close();
    context.finish_error(end.who, &receiving, &[ErrorKind::Cut])?;
    let (mut wire, end) = context.open()?;
    context.expect_in_step(&mut wire, end)
}

fn dies_while_both_wait(context: &mut Context<'_>) -> CaseResult {
    let kinds = [ErrorKind::Closed, ErrorKind::Cut, ErrorKind::Poisoned];
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    let sending = context.start_send_string(end, &pattern::bytes(8 << 20))?;
    // The directions end one after the other. If both ended at once, the system would inform one of the two waiting
    // operations of the reset and the other one of the end, in an unpredictable order. (On a pipe both end at once.)
    context.end(&mut wire)?;
    context.finish_error(end.who, &receiving, &kinds)?;
    wire.close();
    context.finish_error(end.who, &sending, &kinds).map(drop)
}

fn many_die(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    for number in 0..100 {
        let mut wire = context.wire_to(&listening)?;
        let end = context.accept(listening.listener)?;
        let message = context.message(&pattern::bytes(10));
        context.write(&mut wire, &message[..=(number % (message.len() - 1))])?;
        wire.close();
        context.expect_no_string(end, &[ErrorKind::Cut])?;
        context.release(end.who, end.handle)?;
    }
    let mut wire = context.wire_to(&listening)?;
    let end = context.accept(listening.listener)?;
    context.expect_in_step(&mut wire, end)
}

/// Checks that the hostile pickles really are invalid, with the suite's own reader.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::pickle;

    #[test]
    fn announced_lengths_are_rejected_by_the_suite_too() {
        for (name, payload) in ANNOUNCING {
            assert!(
                pickle::read(payload, &pickle::Limits::default()).is_err(),
                "{name}"
            );
        }
    }
}
