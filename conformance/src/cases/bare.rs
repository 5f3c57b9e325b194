//! Programs without an adapter, judged by what can be seen on the wire: a server that returns each object in a list,
//! and a client that sends an object and receives it back in a list, as in the seed's example.

use super::{Case, Needs, each};
use crate::context::Context;
use crate::context::check_pickle;
use crate::context::expectation::Expectation;
use crate::context::failure::{CaseResult, EvidenceKind, Failure, Stop};
use crate::context::outcome::OnWire;
use crate::notation::{Fidelity, Graph};
use crate::objects;
use crate::pickle;
use crate::wire::{Wire, WireError};

/// The cases of this area. The seed's own server serves one client and exits, so its case comes first.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "bare/server/seed",
        about: "The seed's example: the server receives 42, sends [42] back, and sends nothing else.",
        requirements: &["object.pickle", "object.value", "framing.message"],
        run: seed_server,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/server/boxes",
        about: "The server sends every object back in a list.",
        requirements: &["object.value", "object.pickle", "object.protocol-ceiling"],
        parameters: |_| each("kind", KINDS),
        run: boxes_a_kind,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/server/split-message",
        about: "The server sends an object back in a list even when its message arrives one byte at a time.",
        requirements: &["framing.segmentation"],
        needs: Needs::NOTHING.over_streams(),
        run: split_message,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/server/large",
        about: "The server sends a large object back in a list.",
        requirements: &["framing.any-size"],
        run: large_object,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/server/older-protocols",
        about: "The server reads pickles of protocols 0 and 1.",
        requirements: &["object.older-protocols"],
        parameters: |_| each("protocol", [0, 1]),
        run: older_protocols,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/server/survives-client",
        about: "A client that leaves in the middle of a message (over AF_PIPE, a client that connects and leaves while another one is being served) does not keep the server from serving the next client.",
        requirements: &["listener.survives-client"],
        run: survives_client,
        ..Case::BARE_SERVER
    },
    Case {
        id: "bare/client/seed",
        about: "The client sends one object, receives it back in a list, and leaves without sending anything else.",
        requirements: &[
            "object.pickle",
            "object.protocol-ceiling",
            "framing.message",
            "closing.drop",
        ],
        run: seed_client,
        ..Case::BARE_CLIENT
    },
    Case {
        id: "bare/client/split-reply",
        about: "The client reads a reply that arrives one byte at a time.",
        requirements: &["framing.segmentation"],
        needs: Needs::NOTHING.over_streams(),
        run: split_reply,
        ..Case::BARE_CLIENT
    },
];

const KINDS: [&str; 10] = [
    "none", "bool", "int", "float", "unicode", "list", "tuple", "dict", "set", "mixed",
];
/// No reply in these cases is longer than this.
const LONGEST: usize = 64 << 20;

fn pickled(object: &Graph, protocol: u8) -> Vec<u8> {
    pickle::write(object, protocol).expect("the suite can pickle its own samples")
}

fn seed_server(context: &mut Context<'_>) -> CaseResult {
    let mut wire = context.call_on_server()?;
    expect_boxed(context, &mut wire, &Graph::int(42), 2)?;
    expect_silence(&mut wire)
}

fn boxes_a_kind(context: &mut Context<'_>) -> CaseResult {
    for (_, sample) in objects::of(context.setting.parameters.text("kind")) {
        let mut wire = context.call_on_server()?;
        expect_boxed(context, &mut wire, sample, 2)?;
    }
    Ok(())
}

fn older_protocols(context: &mut Context<'_>) -> CaseResult {
    let protocol = u8::try_from(context.setting.parameters.number("protocol")).expect("0 or 1");
    let mut wire = context.call_on_server()?;
    expect_boxed(
        context,
        &mut wire,
        objects::named("list", "several"),
        protocol,
    )
}

fn large_object(context: &mut Context<'_>) -> CaseResult {
    let large = Graph::str(crate::context::pattern::bytes(1 << 20));
    let mut wire = context.call_on_server()?;
    expect_boxed(context, &mut wire, &large, 2)
}

fn split_message(context: &mut Context<'_>) -> CaseResult {
    let number = Graph::int(42);
    let mut wire = context.call_on_server()?;
    for byte in context.message(&pickled(&number, 2)) {
        context.write(&mut wire, &[byte])?;
        // The suite cannot tell when the server has read this byte, so it only leaves some time between the segments.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    expect_reply(context, &mut wire, &number)
}

fn survives_client(context: &mut Context<'_>) -> CaseResult {
    let number = Graph::int(42);
    let mut leaving = context.call_on_server()?;
    if leaving.framing().is_some() {
        let message = context.message(&pickled(&number, 2));
        context.write(&mut leaving, &message[..message.len() - 1])?;
        leaving.close();
    } else {
        // Messages on a pipe have no middle. A server that serves one client at a time accepts the second client only
        // after that client has left; a server with a single instance cannot be reached before it is done with the
        // first.
        expect_boxed(context, &mut leaving, &number, 2)?;
        match context.call_on_server() {
            Ok(second) => second.close(),
            Err(Stop::Failed(_)) => {}
            Err(other) => return Err(other),
        }
        leaving.close();
    }
    let mut wire = context.call_on_server()?;
    expect_boxed(context, &mut wire, &number, 2)
}

fn expect_boxed(
    context: &mut Context<'_>,
    wire: &mut Wire,
    object: &Graph,
    protocol: u8,
) -> CaseResult {
    context.write_message(wire, &pickled(object, protocol))?;
    expect_reply(context, wire, object)
}

/// The profile of a program without an adapter is unknown, so only values are compared.
fn expect_reply(context: &mut Context<'_>, wire: &mut Wire, object: &Graph) -> CaseResult {
    let payload = wire.read_message(LONGEST).map_err(|error| {
        let expected = context.message(&pickled(&Graph::list_of([object]), 2));
        let failure = Failure::wire(Expectation::boxed(object), &error);
        match error {
            WireError::TooLong { header, .. } | WireError::NotAHeader { header, .. } => {
                failure.showing(EvidenceKind::Stream, &expected, &header)
            }
            WireError::Quiet { got, .. } | WireError::Ended { got, .. } if !got.is_empty() => {
                failure.showing(EvidenceKind::Stream, &expected, &got)
            }
            _ => failure,
        }
    })?;
    check_pickle(&Graph::list_of([object]), &payload, Fidelity::Values)
}

/// Checks that nothing follows: either the stream ends, or the server waits for more.
fn expect_silence(wire: &mut Wire) -> CaseResult {
    if wire.framing().is_some() {
        wire.finish()
            .map_err(|error| Failure::wire("the connection is open", &error))?;
    }
    match wire.read_end() {
        Ok(()) | Err(WireError::Quiet { .. }) => Ok(()),
        Err(WireError::Ended { got, .. }) => Err(Failure::new(
            OnWire::BytesAfterReply,
            "one message and nothing else",
        )
        .showing(EvidenceKind::of(wire), &[], &got)
        .into()),
        Err(error) => Err(Failure::wire("the end of the stream", &error).into()),
    }
}

fn seed_client(context: &mut Context<'_>) -> CaseResult {
    let mut wire = context.receive_client()?;
    let object = expect_object(context, &mut wire)?;
    context.write_message(&mut wire, &pickled(&Graph::list_of([&object]), 2))?;
    expect_left(&mut wire)
}

fn split_reply(context: &mut Context<'_>) -> CaseResult {
    let mut wire = context.receive_client()?;
    let object = expect_object(context, &mut wire)?;
    for byte in context.message(&pickled(&Graph::list_of([&object]), 2)) {
        context.write(&mut wire, &[byte])?;
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    expect_left(&mut wire)
}

/// Reads the client's object, which must be one pickle that older readers can read.
fn expect_object(context: &mut Context<'_>, wire: &mut Wire) -> Result<Graph, Stop> {
    let payload = wire.read_message(LONGEST).map_err(|error| {
        let failure = Failure::wire("a message that holds an object", &error);
        match &error {
            WireError::TooLong { header, .. } | WireError::NotAHeader { header, .. } => {
                failure.showing(EvidenceKind::Stream, &context.header(4), header)
            }
            _ => failure,
        }
    })?;
    let reading = pickle::read(&payload, &pickle::Limits::default()).map_err(|error| {
        Failure::new(OnWire::NotAPickle, "a message that holds an object")
            .detail(error.to_string())
            .showing(EvidenceKind::Pickle, &[], &payload)
            .breaks("object.pickle")
    })?;
    check_pickle(&reading.graph, &payload, Fidelity::Graph)?;
    Ok(reading.graph)
}

fn expect_left(wire: &mut Wire) -> CaseResult {
    match wire.read_end() {
        Ok(()) => Ok(()),
        Err(WireError::Ended { got, .. }) => Err(Failure::new(
            OnWire::BytesAfterObject,
            "one message and nothing else",
        )
        .showing(EvidenceKind::of(wire), &[], &got)
        .into()),
        Err(error) => Err(Failure::wire(Expectation::Leaves, &error)
            .breaks("closing.drop")
            .into()),
    }
}
