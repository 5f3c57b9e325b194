//! What holds for any object and any string, between the reference, live peers and the suite's own wire.
//!
//! That a peer sends back what it got proves nothing: what it received is compared by its own description,
//! and what it sends by who receives it.
//!
//! Each property is tried with 200 examples for each family and dialect, or as many as `PROPTEST_CASES` says.
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures.

#[path = "properties/check.rs"]
mod check;
#[path = "properties/ends.rs"]
mod ends;
#[path = "properties/faulty.rs"]
mod faulty;
#[path = "harness/objects.rs"]
mod objects;
#[path = "properties/strings.rs"]
mod strings;

use std::io::Write;

use check::{check, examples_each};
use ends::{End, Exchanged, Held, Message, Outcome, Setting, Testee, reference_to_itself};
use processing_conformance::context::scratch::Scratch;
use processing_conformance::notation::{Fidelity, Graph, compare, outside_values};
use processing_conformance::pickle::{self, Limits};
use processing_conformance::strategy::{NODES, graph, values};
use processing_conformance::testee::message::{Answer, ErrorKind};
use processing_conformance::testee::payload::Payload;
use processing_conformance::wire::Wire;
use processing_connection::Family;
use proptest::strategy::Strategy;
use strings::{Bytes, string, strings_in_segments};

/// What no pickle of an example reaches, in bytes.
const LONGEST: usize = 1 << 20;
/// A message behind another one. When it arrives as it was sent, the connection is in step; and the pure
/// flavour of `processing` 0.20 delivers an empty message only when something follows it (deviation
/// `pure-empty-message-hangs`).
const NEXT: &[u8] = b"next";

#[test]
fn the_reference_receives_the_values_that_it_sends() {
    let (reference, scratch) = (Testee::reference(), Scratch::new().unwrap());
    for setting in reference.settings() {
        check(
            &setting,
            &values(),
            || reference_to_itself(setting.family, setting.dialect, &scratch),
            |(client, server), value| {
                object_crosses(client, server, value)?;
                object_crosses(server, client, value)
            },
        );
    }
}

#[test]
fn the_reference_receives_the_strings_that_it_sends() {
    let (reference, scratch) = (Testee::reference(), Scratch::new().unwrap());
    for setting in reference.settings() {
        check(
            &setting,
            &string(),
            || reference_to_itself(setting.family, setting.dialect, &scratch),
            |(client, server), string| string_crosses_and_returns(client, server, string),
        );
    }
}

#[test]
fn the_reference_and_live_peers_exchange_values() {
    for peer in Testee::live() {
        for setting in peer.settings() {
            check(
                &setting,
                &peer.having(values()),
                || setting.with_reference(),
                |(reference, peer), value| {
                    object_crosses(reference, peer, value)?;
                    object_crosses(peer, reference, value)
                },
            );
            held_to_be_real(&setting);
        }
    }
}

#[test]
fn the_reference_and_live_peers_exchange_strings() {
    for peer in Testee::live() {
        for setting in peer.settings() {
            check(
                &setting,
                &string(),
                || setting.with_reference(),
                |(reference, peer), string| string_crosses_and_returns(reference, peer, string),
            );
            held_to_be_real(&setting);
        }
    }
}

#[test]
fn live_peers_keep_identity_and_recursion() {
    let (mut peers, mut settings) = (0, 0);
    for peer in Testee::live().filter(Testee::is_python_2) {
        peers += 1;
        // A family once, whatever the dialects are.
        for family in Family::ALL {
            let of_family = |setting: &Setting| setting.family == family;
            let Some(setting) = peer.settings().into_iter().find(of_family) else {
                continue;
            };
            check(
                &setting,
                &in_any_protocol(peer.having(graph(NODES))),
                || setting.with_wire(),
                graph_crosses_both_ways,
            );
            held_to_be_real(&setting);
            settings += 1;
        }
    }
    // Past the capture of the test harness: a run of the tests says how much there was to it.
    let _ = writeln!(
        std::io::stderr(),
        "{} graphs each way with {peers} live peers, for each of {settings} families and peers",
        examples_each()
    );
}

/// What the wire carries the peer describes as it was meant, and what the peer sends means what it was told.
fn graph_crosses_both_ways(
    (wire, peer): &mut (Wire, Held),
    (graph, protocol): &(Graph, u8),
) -> Outcome<()> {
    let receiving = peer.start_recv()?;
    write_object(wire, graph, *protocol)?;
    same(graph, &peer.finish_object(&receiving)?, Fidelity::Graph)?;
    let received = peer.send_while(&[Message::Object(graph)], || read_object(wire))?;
    same(graph, &received, Fidelity::Graph)
}

/// That many examples were asked for does not prove that so many were run: the peer has counted.
fn held_to_be_real(setting: &Setting) {
    let Exchanged { received, sent } = setting.exchanged();
    let asked = examples_each();
    assert!(
        received >= asked && sent >= asked,
        "{setting}: {received} messages received and {sent} sent, of {asked}"
    );
}

#[test]
fn the_reference_reads_values_in_every_protocol_of_python_2() {
    let reference = Testee::reference();
    for setting in reference.settings() {
        check(
            &setting,
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
        );
    }
}

#[test]
fn whatever_object_comes_the_reference_tells_or_refuses_it_and_stays_in_step() {
    let reference = Testee::reference();
    for setting in reference.settings() {
        check(
            &setting,
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
        );
    }
}

#[test]
fn strings_arrive_whole_however_the_stream_is_cut() {
    for testee in std::iter::once(Testee::reference()).chain(Testee::live()) {
        // On a pipe there is no stream, but one message for each piece.
        let streams = testee.settings().into_iter();
        for setting in streams.filter(|setting| setting.family != Family::Pipe) {
            let framing = setting.dialect.framing;
            let examples = strings_in_segments(framing.shortest_header());
            check(
                &setting,
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
            );
        }
    }
}

/// What one end sends is what the other receives.
fn object_crosses(from: &mut impl End, to: &mut impl End, object: &Graph) -> Outcome<()> {
    let received = from.send_while(&[Message::Object(object)], || to.recv())?;
    same(object, &received, Fidelity::Values)
}

/// What one end sends is what the other receives, and so is what follows it; and so is what is sent back.
///
/// Nothing follows on the way back: the peers leave Nagle's algorithm on, and their second message in a row
/// would wait for an acknowledgement that TCP delays. The next example is what follows.
fn string_crosses_and_returns(
    near: &mut impl End,
    far: &mut impl End,
    Bytes(bytes): &Bytes,
) -> Outcome<()> {
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

fn write_object(wire: &mut Wire, object: &Graph, protocol: u8) -> Outcome<()> {
    let pickle = pickle::write(object, protocol).map_err(|error| error.to_string())?;
    wire.write_message(&pickle)
        .map_err(|error| error.to_string())
}

fn read_object(wire: &mut Wire) -> Outcome<Graph> {
    let pickle = wire
        .read_message(LONGEST)
        .map_err(|error| error.to_string())?;
    let reading = pickle::read(&pickle, &Limits::default());
    reading
        .map(|reading| reading.graph)
        .map_err(|error| format!("{error}\n{}", pickle::annotate(&pickle)))
}

/// Writes a stream in as many pieces as it has cuts, and one more.
fn write_in_segments(wire: &mut Wire, stream: &[u8], cuts: &[usize]) -> Outcome<()> {
    let ends = cuts.iter().copied().chain([stream.len()]);
    let mut written = 0;
    for end in ends {
        wire.write(&stream[written..end])
            .map_err(|error| error.to_string())?;
        written = end;
    }
    Ok(())
}

fn same(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Outcome<()> {
    compare(expected, actual, fidelity).map_err(|difference| difference.to_string())
}

fn same_bytes(expected: &[u8], actual: &Payload) -> Outcome<()> {
    if actual.describes(expected) {
        return Ok(());
    }
    let expected = Payload::describing(expected);
    Err(format!("{actual} were received, expected {expected}"))
}
