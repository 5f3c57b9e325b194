//! Properties that hold for any object and any string, between the reference, live peers and the suite's own wire.
//!
//! An echo proves nothing. Therefore a peer describes each object that it receives, and the description is compared; an
//! object that it sends is compared at the other end.
//!
//! Each property is a test for each testee, tried with 200 examples for each family and dialect, or with the number
//! that `PROPTEST_CASES` specifies. A test is ignored if its peer is missing;
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures.

#[path = "properties/check.rs"]
mod check;
#[path = "properties/ends.rs"]
mod ends;
#[path = "properties/faulty.rs"]
mod faulty;
#[path = "harness/objects.rs"]
mod objects;
#[path = "harness/peers.rs"]
mod peers;
#[path = "properties/strings.rs"]
mod strings;
#[path = "properties/trials.rs"]
mod trials;

use std::num::NonZero;

use check::{check, examples_each};
use ends::{End, Exchanged, Fallible, Held, Message, Setting};
use libtest_mimic::Arguments;
use processing_conformance::notation::{Fidelity, Graph, compare, outside_values};
use processing_conformance::pickle::{self, Limits};
use processing_conformance::strategy::{NODES, graph, values};
use processing_conformance::testee::message::{Answer, ErrorKind};
use processing_conformance::testee::payload::Payload;
use processing_conformance::wire::Wire;
use proptest::strategy::Strategy;
use strings::{Bytes, string, strings_in_segments};
use trials::Property;

/// More bytes than the pickle of any example has.
const LONGEST: usize = 1 << 20;
/// A message that follows another one. When it arrives as it was sent, the connection is in step. The pure flavour of
/// `processing` 0.20 also delivers an empty message only when something follows it (deviation
/// `pure-empty-message-hangs`).
const NEXT: &[u8] = b"next";

fn main() {
    let mut arguments = Arguments::from_args();
    // Both ends of a connection work most of the time: with many more tests at once than processors, a slow machine
    // would take longer for an answer than an end waits.
    arguments
        .test_threads
        .get_or_insert_with(|| 2 * std::thread::available_parallelism().map_or(1, NonZero::get));
    let trials = trials::of_reference(OF_REFERENCE)
        .chain(trials::of_live_peers(OF_LIVE_PEERS))
        .chain(faulty::trials());
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

const OF_REFERENCE: &[Property] = &[
    Property {
        name: "the_reference_receives_the_values_that_it_sends",
        settings: trials::everywhere,
        holds: the_reference_receives_the_values_that_it_sends,
    },
    Property {
        name: "the_reference_receives_the_strings_that_it_sends",
        settings: trials::everywhere,
        holds: the_reference_receives_the_strings_that_it_sends,
    },
    Property {
        name: "the_reference_reads_values_in_every_protocol_of_python_2",
        settings: trials::everywhere,
        holds: the_reference_reads_values_in_every_protocol_of_python_2,
    },
    Property {
        name: "the_reference_describes_or_refuses_any_object_and_stays_in_step",
        settings: trials::everywhere,
        holds: the_reference_describes_or_refuses_any_object_and_stays_in_step,
    },
    Property {
        name: "strings_arrive_whole_however_the_stream_is_cut",
        settings: trials::over_streams,
        holds: strings_arrive_whole_however_the_stream_is_cut,
    },
];

const OF_LIVE_PEERS: &[Property] = &[
    Property {
        name: "the_reference_and_live_peers_exchange_values",
        settings: trials::everywhere,
        holds: the_reference_and_live_peers_exchange_values,
    },
    Property {
        name: "the_reference_and_live_peers_exchange_strings",
        settings: trials::everywhere,
        holds: the_reference_and_live_peers_exchange_strings,
    },
    Property {
        name: "live_peers_keep_identity_and_recursion",
        settings: trials::with_objects_of_python_2,
        holds: live_peers_keep_identity_and_recursion,
    },
    Property {
        name: "strings_arrive_whole_however_the_stream_is_cut",
        settings: trials::over_streams,
        holds: strings_arrive_whole_however_the_stream_is_cut,
    },
];

fn the_reference_receives_the_values_that_it_sends(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &values(),
        || setting.reference_to_itself(),
        |(client, server), value| {
            object_crosses(client, server, value)?;
            object_crosses(server, client, value)
        },
    )
}

fn the_reference_receives_the_strings_that_it_sends(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &string(),
        || setting.reference_to_itself(),
        |(client, server), string| string_crosses_and_returns(client, server, string),
    )
}

fn the_reference_and_live_peers_exchange_values(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &setting.testee.having(values()),
        || setting.with_reference(),
        |(reference, peer), value| {
            object_crosses(reference, peer, value)?;
            object_crosses(peer, reference, value)
        },
    )?;
    all_examples_were_exchanged(setting)
}

fn the_reference_and_live_peers_exchange_strings(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &string(),
        || setting.with_reference(),
        |(reference, peer), string| string_crosses_and_returns(reference, peer, string),
    )?;
    all_examples_were_exchanged(setting)
}

fn live_peers_keep_identity_and_recursion(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &in_any_protocol(setting.testee.having(graph(NODES))),
        || setting.with_wire(),
        graph_crosses_both_ways,
    )?;
    all_examples_were_exchanged(setting)
}

/// The peer describes the object of a pickle correctly, and sends a pickle of the object that it was asked to send.
fn graph_crosses_both_ways(
    (wire, peer): &mut (Wire, Held),
    (graph, protocol): &(Graph, u8),
) -> Fallible<()> {
    let receiving = peer.start_recv()?;
    write_object(wire, graph, *protocol)?;
    same(graph, &peer.finish_object(&receiving)?, Fidelity::Graph)?;
    let received = peer.send_while(&[Message::Object(graph)], || read_object(wire))?;
    same(graph, &received, Fidelity::Graph)
}

/// Requesting a number of examples does not prove that all of them were run, so the messages are counted.
fn all_examples_were_exchanged(setting: &Setting<'_>) -> Fallible<()> {
    let Exchanged { received, sent } = setting.exchanged();
    let asked = examples_each();
    if received >= asked && sent >= asked {
        return Ok(());
    }
    Err(format!(
        "{setting}: {received} messages were received and {sent} were sent, of {asked}"
    ))
}

fn the_reference_reads_values_in_every_protocol_of_python_2(setting: &Setting<'_>) -> Fallible<()> {
    check(
        setting,
        &in_any_protocol(values()),
        || setting.with_wire(),
        |(wire, reference), (value, protocol)| {
            let receiving = reference.start_recv()?;
            write_object(wire, value, *protocol)?;
            same(
                value,
                &reference.finish_object(&receiving)?,
                Fidelity::Values,
            )
        },
    )
}

fn the_reference_describes_or_refuses_any_object_and_stays_in_step(
    setting: &Setting<'_>,
) -> Fallible<()> {
    check(
        setting,
        &in_any_protocol(graph(NODES)),
        || setting.with_wire(),
        |(wire, reference), (graph, protocol)| {
            let receiving = reference.start_recv()?;
            write_object(wire, graph, *protocol)?;
            let received = reference.finish(&receiving)?;
            match (outside_values(graph), received) {
                (None, Ok(Answer::Object(value))) => {
                    same(graph, &value, Fidelity::Values)?;
                }
                // Without sharing, a small graph can be a large tree.
                (None, Err(error)) if error.kind == ErrorKind::Limit => {}
                (Some(_), Err(error)) if error.kind != ErrorKind::Unclassified => {}
                (Some(reason), received) => {
                    return Err(format!("{reason}, and `recv` returned {received:?}"));
                }
                (None, received) => return Err(format!("`recv` returned {received:?}")),
            }
            wire.write_message(NEXT)
                .map_err(|error| error.to_string())?;
            same_bytes(NEXT, &reference.recv_string()?)
        },
    )
}

fn strings_arrive_whole_however_the_stream_is_cut(setting: &Setting<'_>) -> Fallible<()> {
    let framing = setting.dialect.framing;
    let examples = strings_in_segments(framing.shortest_header());
    check(
        setting,
        &examples,
        || setting.with_wire(),
        |(wire, testee), (strings, cuts)| {
            let messages = strings.iter().map(|Bytes(bytes)| framing.message(bytes));
            let mut stream = messages.collect::<Vec<_>>().concat();
            stream.extend(framing.message(NEXT));

            let first = testee.start_recv_string()?;
            write_in_segments(wire, &stream, cuts)?;
            same_bytes(&strings[0].0, &testee.finish_string(&first)?)?;
            for Bytes(bytes) in &strings[1..] {
                same_bytes(bytes, &testee.recv_string()?)?;
            }
            same_bytes(NEXT, &testee.recv_string()?)
        },
    )
}

/// One end receives the object that the other one sends.
fn object_crosses(from: &mut impl End, to: &mut impl End, object: &Graph) -> Fallible<()> {
    let received = from.send_while(&[Message::Object(object)], || to.recv())?;
    same(object, &received, Fidelity::Values)
}

/// One end receives the string that the other one sends, the message that follows it, and the string when it is sent
/// back.
///
/// No message follows the string that is sent back: the peers do not turn off Nagle's algorithm, so their second
/// message in a row would wait for an acknowledgement that TCP delays. The next example follows instead.
fn string_crosses_and_returns(
    near: &mut impl End,
    far: &mut impl End,
    Bytes(bytes): &Bytes,
) -> Fallible<()> {
    let messages = [Message::String(bytes), Message::String(NEXT)];
    let received = near.send_while(&messages, || Ok([far.recv_string()?, far.recv_string()?]))?;
    same_bytes(bytes, &received[0])?;
    same_bytes(NEXT, &received[1])?;
    let returned = far.send_while(&[Message::String(bytes)], || near.recv_string())?;
    same_bytes(bytes, &returned)
}

fn in_any_protocol(graphs: impl Strategy<Value = Graph>) -> impl Strategy<Value = (Graph, u8)> {
    (graphs, 0..=2u8)
}

fn write_object(wire: &mut Wire, object: &Graph, protocol: u8) -> Fallible<()> {
    let pickle = pickle::write(object, protocol).map_err(|error| error.to_string())?;
    wire.write_message(&pickle)
        .map_err(|error| error.to_string())
}

fn read_object(wire: &mut Wire) -> Fallible<Graph> {
    let pickle = wire
        .read_message(LONGEST)
        .map_err(|error| error.to_string())?;
    let reading = pickle::read(&pickle, &Limits::default());
    reading
        .map(|reading| reading.graph)
        .map_err(|error| format!("{error}\n{}", pickle::annotate(&pickle)))
}

/// Writes a stream in segments, which end at the cuts.
fn write_in_segments(wire: &mut Wire, stream: &[u8], cuts: &[usize]) -> Fallible<()> {
    let ends = cuts.iter().copied().chain([stream.len()]);
    let mut written = 0;
    for end in ends {
        wire.write(&stream[written..end])
            .map_err(|error| error.to_string())?;
        written = end;
    }
    Ok(())
}

fn same(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Fallible<()> {
    compare(expected, actual, fidelity).map_err(|difference| difference.to_string())
}

fn same_bytes(expected: &[u8], actual: &Payload) -> Fallible<()> {
    if actual.describes(expected) {
        return Ok(());
    }
    let expected = Payload::describing(expected);
    Err(format!("{actual} were received, expected {expected}"))
}
