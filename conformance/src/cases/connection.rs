//! What a connection does while it is open.

use std::time::Duration;

use super::{Case, Level, Needs, each};
use crate::context::Context;
use crate::context::failure::{CaseResult, EvidenceKind, Failure, Stop};
use crate::context::outcome::{Did, OnWire};
use crate::context::{End, pattern};
use crate::testee::ask;
use crate::testee::message::OperationName;

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "connection/both-directions/send-while-receiving",
        about: "A testee that is waiting for a message can send.",
        requirements: &["connection.both-directions"],
        run: send_while_receiving,
        ..Case::WIRE
    },
    Case {
        id: "connection/both-directions/receive-while-sending",
        about: "A testee can receive while a large message that it is sending has not been read yet.",
        requirements: &["connection.both-directions"],
        run: receive_while_sending,
        ..Case::WIRE
    },
    Case {
        id: "connection/both-directions/large-both-ways",
        about: "Large messages that are sent in both directions at once arrive whole.",
        requirements: &["connection.both-directions", "framing.any-size"],
        run: large_both_ways,
        ..Case::WIRE
    },
    Case {
        id: "connection/both-directions/echo",
        about: "A conversation of many turns stays in step.",
        requirements: &["framing.order", "connection.both-directions"],
        run: conversation,
        ..Case::WIRE
    },
    Case {
        id: "connection/slow-reader",
        about: "A large message arrives whole even when its reader takes it in small pieces.",
        requirements: &["framing.any-size", "framing.segmentation"],
        parameters: |_| each("length", [300_000]),
        run: slow_reader,
        ..Case::WIRE
    },
    Case {
        id: "connection/poll/quiet",
        about: "`poll` returns false when nothing has been sent.",
        level: Level::Should,
        requirements: &["connection.poll-quiet", "connection.poll"],
        parameters: |_| each("timeout", ["0", "0.05"]),
        needs: POLL,
        run: poll_quiet,
        ..Case::WIRE
    },
    Case {
        id: "connection/poll/message",
        about: "`poll` returns true when a message is waiting, and leaves the message to be received.",
        level: Level::Should,
        requirements: &["connection.poll-ready", "connection.poll"],
        parameters: |_| each("length", [0, 1, 100_000]),
        needs: POLL,
        run: poll_message,
        ..Case::WIRE
    },
    Case {
        id: "connection/poll/wakes",
        about: "`poll` with a timeout returns true as soon as a message arrives.",
        level: Level::Should,
        requirements: &["connection.poll-ready", "connection.poll"],
        needs: POLL,
        run: poll_wakes,
        ..Case::WIRE
    },
    Case {
        id: "connection/poll/read-ahead",
        about: "`poll` returns true for a message that arrived right behind an earlier one.",
        level: Level::Should,
        requirements: &["connection.poll-ready", "connection.poll"],
        needs: POLL,
        run: poll_read_ahead,
        ..Case::WIRE
    },
    Case {
        id: "connection/poll/end",
        about: "`poll` returns true at the end of the stream.",
        level: Level::Should,
        requirements: &["connection.poll-end", "connection.poll"],
        needs: POLL,
        run: poll_end,
        ..Case::WIRE
    },
];

const POLL: Needs = Needs {
    operation: Some("poll"),
    ..Needs::NOTHING
};

fn send_while_receiving(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.send_string(end, b"out")?;
    context.expect_message(&mut wire, b"out")?;
    context.write_message(&mut wire, b"in")?;
    context.finish_string(end, &receiving, b"in")
}

fn receive_while_sending(context: &mut Context<'_>) -> CaseResult {
    // More than any socket buffer holds.
    let large = pattern::bytes(8 << 20);
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, &large)?;
    context.write_message(&mut wire, b"in")?;
    context.expect_string(end, b"in")?;
    context.expect_message(&mut wire, &large)?;
    context.finish_sent(end, &sending)
}

fn large_both_ways(context: &mut Context<'_>) -> CaseResult {
    let large = pattern::bytes(1 << 20);
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    let sending = context.start_send_string(end, &large)?;
    context.write_message(&mut wire, &large)?;
    context.expect_message(&mut wire, &large)?;
    context.finish_string(end, &receiving, &large)?;
    context.finish_sent(end, &sending)
}

fn conversation(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for turn in 0..50 {
        let question = format!("question {turn}");
        let answer = format!("and answer {turn}");
        context.write_message(&mut wire, question.as_bytes())?;
        context.expect_string(end, question.as_bytes())?;
        context.send_string(end, answer.as_bytes())?;
        context.expect_message(&mut wire, answer.as_bytes())?;
    }
    Ok(())
}

fn slow_reader(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, &payload)?;
    let received = wire
        .read_message_in_pieces(777, payload.len())
        .map_err(|error| Failure::wire("the message", &error))?;
    context.finish_sent(end, &sending)?;
    if received != payload {
        return Err(Failure::new(OnWire::WrongPayload, "the message")
            .showing(EvidenceKind::String, &payload, &received)
            .into());
    }
    context.expect_in_step(&mut wire, end)
}

fn poll(context: &mut Context<'_>, end: End, seconds: f64) -> Result<bool, Stop> {
    context
        .call(end.who, ask::poll(end.handle, seconds))?
        .map_err(|error| Failure::operation(OperationName::Poll, &error).into())
}

fn expect_poll(context: &mut Context<'_>, end: End, seconds: f64, expected: bool) -> CaseResult {
    if poll(context, end, seconds)? == expected {
        return Ok(());
    }
    Err(Failure::new(
        (OperationName::Poll, Did::Returned(!expected)),
        format!("poll returns {expected}"),
    )
    .into())
}

/// A timeout that is long enough for bytes that are already on their way.
fn a_while(context: &Context<'_>) -> f64 {
    context
        .setting
        .patience
        .min(Duration::from_secs(2))
        .as_secs_f64()
}

fn poll_quiet(context: &mut Context<'_>) -> CaseResult {
    let seconds = context
        .setting
        .parameters
        .text("timeout")
        .parse()
        .expect("the parameter is a number");
    let (mut wire, end) = context.open()?;
    expect_poll(context, end, seconds, false)?;
    context.expect_in_step(&mut wire, end)?;
    expect_poll(context, end, seconds, false)
}

fn poll_message(context: &mut Context<'_>) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &payload)?;
    expect_poll(context, end, a_while(context), true)?;
    expect_poll(context, end, 0.0, true)?;
    context.expect_string(end, &payload)?;
    expect_poll(context, end, 0.0, false)
}

fn poll_wakes(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let seconds = context.setting.patience.as_secs_f64();
    let polling = context.start(end.who, ask::poll(end.handle, seconds))?;
    context.write_message(&mut wire, b"in")?;
    match context.finish_operation(end.who, &polling)? {
        Ok(true) => context.expect_string(end, b"in"),
        Ok(false) => Err(Failure::new(
            (OperationName::Poll, Did::Returned(false)),
            "poll returns true",
        )
        .into()),
        Err(error) => Err(Failure::operation(OperationName::Poll, &error).into()),
    }
}

fn poll_read_ahead(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_messages(&mut wire, &[&b"first"[..], b"second"])?;
    context.expect_string(end, b"first")?;
    expect_poll(context, end, a_while(context), true)?;
    context.expect_string(end, b"second")
}

fn poll_end(context: &mut Context<'_>) -> CaseResult {
    let (wire, end) = context.open()?;
    wire.close();
    expect_poll(context, end, a_while(context), true)
}
