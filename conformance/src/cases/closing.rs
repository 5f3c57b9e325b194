//! The end of a stream, from either side.

use std::time::Instant;

use super::{Case, Level, Needs, each};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure};
use crate::context::outcome::Did;
use crate::context::{End, pattern};
use crate::notation::Graph;
use crate::pickle;
use crate::testee::message::OperationName;
use crate::testee::message::{ErrorKind, Operation, OperationError};
use crate::testee::payload::Payload;

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "closing/end/before-header",
        about: "The end of the stream between two messages is an error, not an empty string.",
        requirements: &["closing.end-between", "error.kind"],
        run: |context| end_after(context, 0, &[ErrorKind::Closed]),
        ..Case::WIRE
    },
    Case {
        id: "closing/end/before-header-object",
        about: "The end of the stream between two messages is an error from `recv`, not an object.",
        requirements: &["closing.end-between", "error.kind"],
        needs: Needs::OBJECTS,
        run: end_for_an_object,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/while-waiting",
        about: "The end of the stream wakes a testee that is waiting for a message.",
        requirements: &["closing.end-between"],
        run: end_while_waiting,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/inside-header",
        about: "The end of the stream inside a header is an error.",
        requirements: &["closing.end-in-header", "error.kind"],
        parameters: |framing| each("at", 1..framing.shortest_header()),
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            end_after(
                context,
                context.setting.parameters.number("at"),
                &[ErrorKind::Cut],
            )
        },
        ..Case::WIRE
    },
    Case {
        id: "closing/end/inside-payload",
        about: "The end of the stream inside a payload is an error, and the part that arrived is not delivered.",
        requirements: &["closing.end-in-payload", "error.kind"],
        parameters: |_| each("after", 0..SHORT.len()),
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            let header = context.header(0).len();
            end_after(
                context,
                header + context.setting.parameters.number("after"),
                &[ErrorKind::Cut],
            )
        },
        ..Case::WIRE
    },
    Case {
        id: "closing/end/inside-large-payload",
        about: "The end of the stream inside a large payload is an error, and the part that arrived is not delivered.",
        requirements: &["closing.end-in-payload"],
        parameters: |_| each("missing", [1, 50_000]),
        needs: Needs::NOTHING.over_streams(),
        run: end_inside_large_payload,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/inside-object",
        about: "The end of the stream inside a pickle is an error from `recv`, not a partial object.",
        requirements: &["closing.end-in-payload"],
        needs: Needs::OBJECTS.over_streams(),
        run: end_inside_object,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/after-message",
        about: "A message that is complete before the end of the stream is delivered; the end is an error after that.",
        requirements: &["closing.drain", "closing.end-between"],
        parameters: |_| each("length", [0, 1, 1020, 1021, 70_000]),
        run: end_after_message,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/after-many",
        about: "All messages that are complete before the end of the stream are delivered.",
        requirements: &["closing.drain", "framing.order"],
        run: end_after_many,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/trailing-bytes",
        about: "Bytes after the last message that do not form a whole message are an error, after that message has been delivered.",
        requirements: &[
            "closing.drain",
            "closing.end-in-header",
            "closing.end-in-payload",
        ],
        parameters: |framing| {
            each(
                "bytes",
                [
                    1,
                    framing.shortest_header() - 1,
                    framing.shortest_header() + 1,
                ],
            )
        },
        needs: Needs::NOTHING.over_streams(),
        run: trailing_bytes,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/again",
        about: "The end of the stream is an error however often the testee tries to receive.",
        requirements: &["closing.end-between"],
        run: end_again,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/half",
        about: "A testee can still send after the other end has shut down its own direction of the stream.",
        requirements: &["connection.both-directions"],
        needs: Needs::NOTHING.over_streams(),
        run: half_open,
        ..Case::WIRE
    },
    Case {
        id: "closing/end/reset",
        about: "A connection that is aborted inside a message is an error.",
        requirements: &["closing.end-in-payload", "error.survive"],
        needs: Needs::NOTHING.over_streams(),
        run: reset_inside,
        ..Case::WIRE
    },
    Case {
        id: "closing/close/ends-stream",
        about: "After `close`, the other end sees the end of the stream.",
        requirements: &["closing.close"],
        run: |context| ends_stream(context, &[], Ending::Close),
        ..Case::WIRE
    },
    Case {
        id: "closing/close/after-messages",
        about: "Messages sent before `close` arrive before the end of the stream.",
        requirements: &["closing.close"],
        run: |context| ends_stream(context, &[b"first", b"", b"last"], Ending::Close),
        ..Case::WIRE
    },
    Case {
        id: "closing/close/twice",
        about: "Closing a connection twice is harmless.",
        requirements: &["closing.close-twice"],
        level: Level::Should,
        run: close_twice,
        ..Case::WIRE
    },
    Case {
        id: "closing/close/does-not-disturb",
        about: "Closing a connection leaves the others open, including those that are made afterwards.",
        requirements: &["closing.close", "listener.many-clients"],
        run: close_does_not_disturb,
        ..Case::LISTENER
    },
    Case {
        id: "closing/use-after-close/send",
        about: "Sending on a closed connection is an error.",
        requirements: &["closing.use-after-close", "error.kind"],
        run: |context| use_after_close(context, send_string),
        ..Case::WIRE
    },
    Case {
        id: "closing/use-after-close/receive",
        about: "Receiving from a closed connection is an error.",
        requirements: &["closing.use-after-close", "error.kind"],
        run: |context| {
            use_after_close(context, |end| Operation::RecvString {
                connection: end.handle,
            })
        },
        ..Case::WIRE
    },
    Case {
        id: "closing/use-after-close/receive-read-ahead",
        about: "Receiving from a closed connection is an error, even when the message arrived together with an earlier one.",
        requirements: &["closing.use-after-close", "error.kind"],
        run: read_ahead_after_close,
        ..Case::WIRE
    },
    Case {
        id: "closing/use-after-close/send-object",
        about: "Sending an object on a closed connection is an error.",
        requirements: &["closing.use-after-close", "error.kind"],
        needs: Needs::OBJECTS,
        run: |context| {
            use_after_close(context, |end| Operation::Send {
                connection: end.handle,
                object: Graph::int(42),
            })
        },
        ..Case::WIRE
    },
    Case {
        id: "closing/use-after-close/receive-object",
        about: "Receiving an object from a closed connection is an error.",
        requirements: &["closing.use-after-close", "error.kind"],
        needs: Needs::OBJECTS,
        run: |context| use_after_close(context, |end| Operation::recv(end.handle)),
        ..Case::WIRE
    },
    Case {
        id: "closing/use-after-close/poll",
        about: "Polling a closed connection is an error.",
        requirements: &["closing.use-after-close"],
        needs: Needs {
            operation: Some("poll"),
            ..Needs::NOTHING
        },
        run: |context| {
            use_after_close(context, |end| Operation::Poll {
                connection: end.handle,
                timeout: 0.0,
            })
        },
        ..Case::WIRE
    },
    Case {
        id: "closing/drop/ends-stream",
        about: "A connection that is dropped without `close` is closed.",
        requirements: &["closing.drop"],
        run: |context| ends_stream(context, &[], Ending::Drop),
        ..Case::CLIENT
    },
    Case {
        id: "closing/drop/accepted",
        about: "An accepted connection that is dropped without `close` is closed, even though its listener stays open.",
        requirements: &["closing.drop"],
        run: |context| ends_stream(context, &[], Ending::Drop),
        ..Case::LISTENER
    },
    Case {
        id: "closing/drop/after-messages",
        about: "Messages sent before the connection is dropped arrive before the end of the stream.",
        requirements: &["closing.drop", "closing.drain"],
        run: |context| ends_stream(context, &[b"first", b"last"], Ending::Drop),
        ..Case::CLIENT
    },
    Case {
        id: "closing/drop/after-error",
        about: "A connection that is dropped after an error is closed as well.",
        requirements: &["closing.drop"],
        needs: Needs::OBJECTS,
        run: drop_after_error,
        ..Case::CLIENT
    },
    Case {
        id: "closing/gone/send",
        about: "When the other end is gone, sending becomes an error after a few messages at most, and the process survives.",
        requirements: &["closing.send-to-gone"],
        run: send_to_gone,
        ..Case::WIRE
    },
    Case {
        id: "closing/gone/send-large",
        about: "Sending a large message is an error if the reader leaves in the middle of it, and the process survives.",
        requirements: &["closing.send-to-gone"],
        run: send_large_to_gone,
        ..Case::WIRE
    },
];

const SHORT: &[u8] = b"abcdef";

/// Ends the stream after the first `bytes` bytes of a short message.
fn end_after(context: &mut Context<'_>, bytes: usize, kinds: &[ErrorKind]) -> CaseResult {
    let (mut wire, end) = context.open()?;
    if bytes > 0 {
        context.write(&mut wire, &context.message(SHORT)[..bytes])?;
    }
    context.end(&mut wire)?;
    context.expect_no_string(end, kinds)
}

fn end_for_an_object(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.end(&mut wire)?;
    context.expect_no_object(end, &[ErrorKind::Closed])
}

fn end_while_waiting(context: &mut Context<'_>) -> CaseResult {
    let (wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    wire.close();
    context
        .finish_error(end.who, &receiving, &[ErrorKind::Closed])
        .map(drop)
}

fn end_inside_large_payload(context: &mut Context<'_>) -> CaseResult {
    let missing = context.setting.parameters.number("missing");
    let payload = pattern::bytes(100_000);
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    let message = context.message(&payload);
    context.write(&mut wire, &message[..message.len() - missing])?;
    context.end(&mut wire)?;
    context
        .finish_error(end.who, &receiving, &[ErrorKind::Cut])
        .map(drop)
}

fn end_inside_object(context: &mut Context<'_>) -> CaseResult {
    let payload = pickle::write(&Graph::list_of([&Graph::int(1), &Graph::int(2)]), 2)
        .expect("a list can be pickled");
    let (mut wire, end) = context.open()?;
    let message = context.message(&payload);
    context.write(&mut wire, &message[..message.len() - 1])?;
    context.end(&mut wire)?;
    context.expect_no_object(end, &[ErrorKind::Cut])
}

fn end_after_message(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write_message(&mut wire, &payload)?;
    context.end(&mut wire)?;
    context.finish_string(end, &receiving, &payload)?;
    context.expect_no_string(end, &[ErrorKind::Closed])
}

fn end_after_many(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for number in 0..50_u8 {
        context.write_message(&mut wire, &[number; 10])?;
    }
    wire.close();
    for number in 0..50_u8 {
        context.expect_string(end, &[number; 10])?;
    }
    context.expect_no_string(end, &[ErrorKind::Closed])
}

fn trailing_bytes(context: &mut Context<'_>) -> CaseResult {
    let trailing = context.setting.parameters.number("bytes");
    let (mut wire, end) = context.open()?;
    let message = context.message(SHORT);
    context.write(&mut wire, &[&message, &message[..trailing]].concat())?;
    context.end(&mut wire)?;
    context.expect_string(end, SHORT)?;
    context.expect_no_string(end, &[ErrorKind::Cut])
}

fn end_again(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.end(&mut wire)?;
    for _ in 0..3 {
        context.expect_no_string(end, &[ErrorKind::Closed])?;
    }
    Ok(())
}

fn half_open(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.end(&mut wire)?;
    context.send_string(end, SHORT)?;
    context.expect_message(&mut wire, SHORT)?;
    context.expect_no_string(end, &[ErrorKind::Closed])?;
    context.send_string(end, b"after the end")?;
    context.expect_message(&mut wire, b"after the end")
}

fn reset_inside(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    let message = context.message(SHORT);
    context.write(&mut wire, &message[..message.len() - 2])?;
    wire.reset()
        .map_err(|error| Failure::wire("the connection is open", &error))?;
    context
        .finish_error(end.who, &receiving, &[ErrorKind::Cut])
        .map(drop)
}

/// How an end gives up its connection.
#[derive(Clone, Copy)]
enum Ending {
    Close,
    Drop,
}

fn ends_stream(context: &mut Context<'_>, messages: &[&[u8]], ending: Ending) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for message in messages {
        context.send_string(end, message)?;
    }
    let requirement = match ending {
        Ending::Close => {
            context.close(end.who, end.handle)?;
            "closing.close"
        }
        Ending::Drop => {
            context.release(end.who, end.handle)?;
            "closing.drop"
        }
    };
    for message in messages {
        context.expect_message(&mut wire, message)?;
    }
    context.expect_end(&mut wire, requirement)
}

fn close_twice(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.close(end.who, end.handle)?;
    context.close(end.who, end.handle)?;
    context.expect_end(&mut wire, "closing.close")
}

fn close_does_not_disturb(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let mut wires = Vec::new();
    for _ in 0..3 {
        let wire = context.wire_to(&listening)?;
        wires.push((wire, context.accept(listening.listener)?));
    }
    let (mut closed, end) = wires.remove(1);
    context.close(end.who, end.handle)?;
    context.expect_end(&mut closed, "closing.close")?;
    // If a descriptor were closed twice, one of these connections would be closed with it.
    let wire = context.wire_to(&listening)?;
    wires.push((wire, context.accept(listening.listener)?));
    context.close(end.who, end.handle)?;
    for (mut wire, end) in wires {
        context.expect_in_step(&mut wire, end)?;
    }
    Ok(())
}

fn send_string(end: End) -> Operation {
    let payload = Payload::Bytes {
        bytes: SHORT.to_vec(),
    };
    Operation::SendString {
        connection: end.handle,
        payload,
    }
}

fn use_after_close(context: &mut Context<'_>, operation: fn(End) -> Operation) -> CaseResult {
    let (mut wire, end) = context.open()?;
    // A message is waiting, so only `close` can make receiving an error.
    context.write_message(&mut wire, SHORT)?;
    context.close(end.who, end.handle)?;
    context
        .expect_error(end.who, operation(end), &[ErrorKind::NotOpen])
        .map(drop)
}

fn read_ahead_after_close(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &[SHORT, b"read ahead"])?;
    context.expect_string(end, SHORT)?;
    context.close(end.who, end.handle)?;
    context.expect_no_string(end, &[ErrorKind::NotOpen])
}

fn drop_after_error(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, b"no pickle")?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.release(end.who, end.handle)?;
    context.expect_end(&mut wire, "closing.drop")
}

fn send_to_gone(context: &mut Context<'_>) -> CaseResult {
    let (wire, end) = context.open()?;
    wire.close();
    // The system informs the sender with some delay, so the first messages may still be accepted.
    let began = Instant::now();
    while began.elapsed() < context.setting.patience {
        if let Err(error) = context.call(end.who, send_string(end))? {
            recommend_gone(context, &error);
            return Ok(());
        }
    }
    Err(Failure::new(
        (OperationName::SendString, Did::Succeeded),
        "sending to an end that is gone becomes an error",
    )
    .into())
}

fn send_large_to_gone(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let payload = pattern::bytes(16 << 20);
    let sending = context.start_send_string(end, &payload)?;
    wire.read_beginning(1000)
        .map_err(|error| Failure::wire("the beginning of a large message", &error))?;
    wire.close();
    match context.finish_operation(end.who, &sending)? {
        Ok(_) => Err(Failure::new(
            (OperationName::SendString, Did::Succeeded),
            "sending a message that nobody can read is an error",
        )
        .into()),
        Err(error) => {
            recommend_gone(context, &error);
            Ok(())
        }
    }
}

/// Recommends the error kinds that say that the other end is gone.
fn recommend_gone(context: &mut Context<'_>, error: &OperationError) {
    context.recommend_kind(
        OperationName::SendString,
        error,
        &[ErrorKind::Closed, ErrorKind::Cut, ErrorKind::Poisoned],
    );
}
