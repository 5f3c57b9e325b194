//! Strings, and what happens when one end sends a string and the other receives an object, or the other way round.

use super::{Case, Needs, each_named};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure};
use crate::context::outcome::OnWire;
use crate::notation::Graph;
use crate::pickle;
use crate::testee::message::ErrorKind;

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "string/raw/sent",
        about: "The payload of a string is its bytes, whatever they look like.",
        requirements: &["string.raw"],
        parameters: |_| each_named("like", &LOOKS),
        run: raw_sent,
        ..Case::WIRE
    },
    Case {
        id: "string/raw/received",
        about: "A payload that is received as a string is unchanged, whatever it looks like.",
        requirements: &["string.raw"],
        parameters: |_| each_named("like", &LOOKS),
        run: raw_received,
        ..Case::WIRE
    },
    Case {
        id: "string/same-wire/object-as-string",
        about: "Receiving a string where an object was sent returns the object's pickle.",
        requirements: &["string.same-wire"],
        run: object_as_string,
        ..Case::WIRE
    },
    Case {
        id: "string/same-wire/string-as-object",
        about: "Receiving an object where a string was sent unpickles the string.",
        requirements: &["string.same-wire"],
        needs: Needs::OBJECTS,
        run: string_as_object,
        ..Case::WIRE
    },
    Case {
        id: "string/same-wire/not-a-pickle",
        about: "Receiving an object where the other end sent a string that is not a pickle is an error, and the connection stays in step.",
        requirements: &["string.same-wire", "object.undecodable"],
        needs: Needs::OBJECTS,
        run: string_that_is_not_a_pickle,
        ..Case::WIRE
    },
    Case {
        id: "string/same-wire/alternating",
        about: "Strings and objects can alternate on one connection.",
        requirements: &["string.same-wire", "framing.order"],
        needs: Needs::OBJECTS,
        run: alternating,
        ..Case::LISTENER
    },
    Case {
        id: "string/same-wire/empty-as-object",
        about: "Receiving an object where an empty string was sent is an error, and the connection stays in step.",
        requirements: &["string.same-wire", "object.undecodable"],
        needs: Needs::OBJECTS,
        run: empty_string_as_object,
        ..Case::WIRE
    },
];

const LOOKS: [(&str, &[u8]); 7] = [
    ("text", b"some string"),
    ("newlines", b"\n\r\n\r\0\n"),
    ("pickle", b"\x80\x02K*."),
    ("text-pickle", b"I42\n."),
    ("challenge", b"#CHALLENGE:01234567890123456789"),
    ("utf-8", "gr\u{fc}n \u{1f40d}".as_bytes()),
    ("not-utf-8", b"\xff\xfe\xed\xa0\x80"),
];

fn look(context: &Context<'_>) -> &'static [u8] {
    context.setting.parameters.look_up("like", &LOOKS)
}

fn raw_sent(context: &mut Context<'_>) -> CaseResult {
    let payload = look(context);
    let (mut wire, end) = context.open()?;
    context.send_string(end, payload)?;
    context.expect_message(&mut wire, payload)
}

fn raw_received(context: &mut Context<'_>) -> CaseResult {
    let payload = look(context);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, payload)?;
    context.expect_string(end, payload)
}

/// The list `[1, 'two']` and its pickle.
fn pickled() -> (Graph, Vec<u8>) {
    let object = Graph::build(|b| {
        let (one, two) = (b.int(1), b.unicode("two"));
        b.list([one, two])
    });
    let payload = pickle::write(&object, 2).expect("the suite can pickle a list");
    (object, payload)
}

fn object_as_string(context: &mut Context<'_>) -> CaseResult {
    let (_, payload) = pickled();
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &payload)?;
    context.expect_string(end, &payload)?;
    context.expect_in_step(&mut wire, end)
}

fn string_as_object(context: &mut Context<'_>) -> CaseResult {
    // A string from an unknown implementation may be a pickle of any protocol: `I42\n.` is protocol 0.
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, b"I42\n.")?;
    context.expect_object(end, &Graph::int(42))?;
    context.expect_in_step(&mut wire, end)
}

fn string_that_is_not_a_pickle(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, b"some string")?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.expect_in_step(&mut wire, end)
}

fn empty_string_as_object(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, b"")?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.expect_in_step(&mut wire, end)
}

fn alternating(context: &mut Context<'_>) -> CaseResult {
    let (object, payload) = pickled();
    let (mut wire, end) = context.open()?;
    for number in 0..3 {
        let string = format!("string {number}");
        context.write_message(&mut wire, string.as_bytes())?;
        context.write_message(&mut wire, &payload)?;
        context.expect_string(end, string.as_bytes())?;
        context.expect_object(end, &object)?;
        context.send(end, &object)?;
        context.send_string(end, string.as_bytes())?;
        context.expect_pickle(&mut wire, &object)?;
        let sent = wire
            .read_message(1 << 10)
            .map_err(|error| Failure::wire("the string that was sent after the object", &error))?;
        if sent != string.as_bytes() {
            return Err(Failure::new(
                OnWire::WrongPayload,
                "the string that was sent after the object",
            )
            .into());
        }
    }
    Ok(())
}
