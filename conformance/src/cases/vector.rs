//! Vectors: the testee receives the messages that live peers sent, and sends the same objects and strings as they did,
//! for comparison.
//!
//! A payload is the same in every family, framing and role. Each one is received in only one role, and only once,
//! however many peers were recorded with it. It is sent over only one family, because the cases of `object` and
//! `string` send most of the payloads anyway.

use super::{Case, Handshakes, Needs, Parameters, each};
use crate::context::Context;
use crate::context::expectation::{Expectation, HandshakeMessage};
use crate::context::failure::{CaseResult, EvidenceKind, Failure, Stop};
use crate::context::outcome::OnWire;
use crate::notation::{Graph, outside_values};
use crate::testee::message::{ErrorKind, Operation, Profile};
use crate::vectors::{self, Distinct, Recorded, RecordedMessage, RecordedStep, SCHEME, distinct};
use crate::wire::handshake::LONGEST;
use crate::wire::{Part, Wire};

const BYTES: Needs = Needs::NOTHING.over_one_family();
const OBJECTS: Needs = Needs::OBJECTS.over_one_family();
const GRAPHS: Needs = Needs {
    profile: Profile::Graph,
    ..BYTES
};
/// The dialect has the handshake that was recorded.
const KEYED: Needs = Needs {
    handshake: Handshakes::Among(&[SCHEME]),
    ..Needs::NOTHING
};

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "vector/string/received",
        about: "A string that a live peer sent is received as it was recorded.",
        requirements: &["string.raw", "framing.any-byte", "framing.any-size"],
        parameters: |_| named(|recorded| matches!(recorded, Recorded::String(_))),
        run: string_received,
        ..Case::CLIENT
    },
    Case {
        id: "vector/string/sent",
        about: "A string is sent with exactly the payload with which a live peer sent it.",
        requirements: &["string.raw", "framing.any-byte", "framing.any-size"],
        parameters: |_| named(|recorded| matches!(recorded, Recorded::String(_))),
        needs: BYTES,
        run: string_sent,
        ..Case::CLIENT
    },
    Case {
        id: "vector/value/received",
        about: "A pickle of plain values that a live peer sent is received as the object that the peer sent.",
        requirements: &["object.value", "object.older-protocols"],
        parameters: |_| named(is_value),
        needs: OBJECTS,
        run: object_received,
        ..Case::CLIENT
    },
    Case {
        id: "vector/value/sent",
        about: "Plain values are sent as a pickle with the same meaning as a live peer's.",
        requirements: &["object.value", "object.pickle", "object.protocol-ceiling"],
        parameters: |_| named(is_value),
        needs: OBJECTS,
        run: object_sent,
        ..Case::CLIENT
    },
    Case {
        id: "vector/graph/received",
        about: "A pickle of any other object that a live peer sent is received as that object, or is an error if the profile cannot hold it.",
        requirements: &[
            "object.instance",
            "object.sharing",
            "object.recursion",
            "object.outside-profile",
        ],
        parameters: |_| named(is_graph),
        needs: OBJECTS,
        run: object_received,
        ..Case::CLIENT
    },
    Case {
        id: "vector/graph/sent",
        about: "Any other object is sent as a pickle with the same meaning as a live peer's.",
        requirements: &[
            "object.instance",
            "object.sharing",
            "object.recursion",
            "object.pickle",
            "object.protocol-ceiling",
        ],
        parameters: |_| named(is_graph),
        needs: GRAPHS,
        run: object_sent,
        ..Case::CLIENT
    },
    Case {
        id: "vector/handshake/listener",
        about: "A listener answers a recorded challenge with exactly the bytes of a live peer, and reaches the same verdict.",
        requirements: &["handshake.answer", "handshake.verdict", "handshake.mutual"],
        parameters: |_| named(|recorded| is_handshake_of(recorded, "handshake/listener/")),
        needs: KEYED,
        run: replayed,
        ..Case::LISTENER
    },
    Case {
        id: "vector/handshake/client",
        about: "A client answers a recorded challenge with exactly the bytes of a live peer, and reaches the same verdict.",
        requirements: &["handshake.answer", "handshake.verdict", "handshake.mutual"],
        parameters: |_| named(|recorded| is_handshake_of(recorded, "handshake/client/")),
        needs: KEYED,
        run: replayed,
        ..Case::CLIENT
    },
];

/// A parameter `vector` for each recorded vector that is wanted.
fn named(is_wanted: fn(&Recorded) -> bool) -> Vec<Parameters> {
    let chosen = distinct().iter().filter(|one| is_wanted(&one.recorded));
    each("vector", chosen.map(|one| &one.name))
}

fn is_value(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::Object(object, _) if outside_values(object).is_none())
}

fn is_graph(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::Object(object, _) if outside_values(object).is_some())
}

fn is_handshake_of(recorded: &Recorded, role: &str) -> bool {
    matches!(recorded, Recorded::Handshake(handshake) if handshake.id.starts_with(role))
}

fn recorded(context: &Context<'_>) -> &'static Recorded {
    let name = context.setting.parameters.text("vector");
    let found = distinct().iter().find(|one| one.name == name);
    let Distinct { recorded, .. } = found.unwrap_or_else(|| panic!("there is no vector `{name}`"));
    recorded
}

fn recorded_object(context: &Context<'_>) -> (&'static Graph, &'static [u8]) {
    match recorded(context) {
        Recorded::Object(object, pickle) => (object, pickle),
        other => unreachable!("the parameters of this case are objects, not {other:?}"),
    }
}

fn recorded_string(context: &Context<'_>) -> &'static [u8] {
    match recorded(context) {
        Recorded::String(string) => string,
        other => unreachable!("the parameters of this case are strings, not {other:?}"),
    }
}

fn string_received(context: &mut Context<'_>) -> CaseResult {
    let string = recorded_string(context);
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv_string(end)?;
    context.write_message(&mut wire, string)?;
    context.finish_string(end, &receiving, string)
}

fn string_sent(context: &mut Context<'_>) -> CaseResult {
    let string = recorded_string(context);
    let (mut wire, end) = context.open()?;
    let sending = context.start_send_string(end, string)?;
    context.expect_message(&mut wire, string)?;
    context.finish_sent(end, &sending)
}

fn object_received(context: &mut Context<'_>) -> CaseResult {
    let (object, pickle) = recorded_object(context);
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv(end)?;
    context.write_message(&mut wire, pickle)?;
    if context.profile() == Profile::Graph || outside_values(object).is_none() {
        return context.finish_object(end, &receiving, object);
    }
    let kinds = &[ErrorKind::NeedsClass, ErrorKind::Undecodable];
    context.finish_error(end.who, &receiving, kinds).map(drop)
}

fn object_sent(context: &mut Context<'_>) -> CaseResult {
    let (object, _) = recorded_object(context);
    let (mut wire, end) = context.open()?;
    let operation = Operation::Send {
        connection: end.handle,
        object: object.clone(),
    };
    let sending = context.start(end.who, operation)?;
    context.expect_pickle_sent(&mut wire, end, &sending, object)
}

/// The suite sends what the recorder sent, except for the answer to the testee's challenge, which is random.
fn replayed(context: &mut Context<'_>) -> CaseResult {
    let Recorded::Handshake(recording) = recorded(context) else {
        unreachable!("the parameters of this case are handshakes")
    };
    let key = recording.keys.of(recording.role);
    let other_key = recording.keys.of(recording.role.other());
    let mut shaking = context.begin_handshake(&key)?;
    let mut nonce = Vec::new();
    for step in &recording.steps {
        if step.from == recording.role {
            let came = expect_step(&mut shaking.wire, step)?;
            if let RecordedMessage::Challenge { .. } = step.message {
                nonce = came;
            }
            continue;
        }
        shaking.write(&match &step.message {
            RecordedMessage::Answer { .. } => SCHEME.answer(&other_key, &nonce),
            message => message.payload(),
        })?;
    }
    match recording.outcome {
        vectors::RecordedOutcome::Connected => context.finish_handshake(shaking).map(drop),
        vectors::RecordedOutcome::Refused => context
            .expect_failed(shaking, &[ErrorKind::AuthenticationFailed])
            .map(drop),
    }
}

/// Reads the testee's message at a step, which must be exactly as recorded, or a challenge, whose nonce is returned.
fn expect_step(wire: &mut Wire, step: &RecordedStep) -> Result<Vec<u8>, Stop> {
    let (part, requirement) = match step.message {
        RecordedMessage::Challenge { .. } => (Part::Challenge, "handshake.challenge"),
        RecordedMessage::Answer { .. } => (Part::Answer, "handshake.answer"),
        RecordedMessage::Welcome | RecordedMessage::Failure => (Part::Verdict, "handshake.verdict"),
    };
    let expected = step.message.payload();
    let what = Expectation::from(HandshakeMessage::Recorded(part));
    let came = wire
        .read_message(LONGEST)
        .map_err(|error| Failure::wire(what.clone(), &error).breaks(requirement))?;
    let nonce = SCHEME.nonce(&came).filter(|_| part == Part::Challenge);
    match nonce {
        Some(nonce) => Ok(nonce.to_vec()),
        None if came == expected => Ok(came),
        None => {
            let outcome = OnWire::Another(part);
            Err(Failure::new(outcome, what)
                .breaks(requirement)
                .showing(EvidenceKind::String, &expected, &came)
                .into())
        }
    }
}
