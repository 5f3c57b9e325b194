//! Finds the pickle that an end was given in the transcript.

use std::collections::BTreeMap;

use super::failure::{EvidenceKind, Failure};
use super::{Context, Who};
use crate::notation::{Fidelity, Graph, Node, NodeId, compare};
use crate::pickle;
use crate::wire::frame::{Decoder, Field};
use crate::wire::{Direction, Event, Framing, Transcript};

impl Context<'_> {
    /// The payload that an end was given for this object: the last payload that represents this object, or else the
    /// last payload. If `expected` is `None`, it is the first payload. Only the beginning of a long payload is
    /// available.
    pub(super) fn given(&self, who: Who, expected: Option<&Graph>) -> Option<Vec<u8>> {
        let direction = match who {
            Who::Testee => Direction::ToTestee,
            Who::Counterpart => Direction::FromTestee,
        };
        let mut payloads = payloads(&self.transcript, direction, self.setting.framing());
        let Some(expected) = expected else {
            return payloads.into_iter().next();
        };
        let meant = payloads
            .iter()
            .rposition(|payload| means(payload, expected));
        match meant {
            Some(place) => Some(payloads.swap_remove(place)),
            None => payloads.pop(),
        }
    }

    /// Adds the pickle that was given to a failure to receive an object, and a note if the other end of a pair had
    /// already sent another object.
    pub(super) fn with_given(
        &self,
        failure: Failure,
        who: Who,
        expected: Option<&Graph>,
    ) -> Failure {
        let Some(given) = self.given(who, expected) else {
            return failure;
        };
        let mut failure = failure.given(&given);
        if let Some(expected) = expected
            && let Ok(reading) = pickle::read(&given, &pickle::Limits::default())
            && let Err(difference) = compare(expected, &reading.graph, self.fidelity())
        {
            let already = format!(
                "\nthe pickle that it was given already represents another object: {difference}"
            );
            failure.detail.push_str(&already);
        }
        failure
    }
}

impl Failure {
    /// Adds the pickles of two objects for comparison. They have the protocol of the pickle that was given, if the
    /// suite would write it in the same way. Nothing is added for objects that cannot be pickled.
    pub(crate) fn showing_objects(self, expected: &Graph, actual: &Graph) -> Self {
        let (expected, actual) = (in_one_order(expected), in_one_order(actual));
        let is_given = |protocol: &u8| {
            pickle::write(&expected, *protocol).ok().as_deref() == self.given.as_deref()
        };
        let protocol = (0..=2).find(is_given).unwrap_or(2);
        match (
            pickle::write(&expected, protocol),
            pickle::write(&actual, protocol),
        ) {
            (Ok(expected), Ok(actual)) => self.showing(EvidenceKind::Pickle, &expected, &actual),
            _ => self,
        }
    }
}

/// Sorts the members of sets and dicts, so that the first difference between two pickles is not merely a different
/// order. Graphs that are too large are not changed.
fn in_one_order(graph: &Graph) -> Graph {
    const LARGEST: usize = 1000;
    let mut ordered = graph.clone();
    if graph.nodes.len() > LARGEST {
        return ordered;
    }
    let shown = |id: &NodeId| graph.python_from(*id, 100);
    for node in &mut ordered.nodes {
        match node {
            Node::Set(elements) | Node::FrozenSet(elements) => elements.sort_by_cached_key(shown),
            Node::Dict(pairs) => pairs.sort_by_cached_key(|(key, _)| shown(key)),
            Node::Object(object) => object.pairs.sort_by_cached_key(|(key, _)| shown(key)),
            _ => {}
        }
    }
    ordered
}

fn means(payload: &[u8], object: &Graph) -> bool {
    pickle::read(payload, &pickle::Limits::default())
        .is_ok_and(|reading| compare(object, &reading.graph, Fidelity::Values).is_ok())
}

/// The payloads of one direction, connection by connection, as far as the transcript contains them. A payload is cut
/// where bytes were not kept.
fn payloads(
    transcript: &Transcript,
    direction: Direction,
    framing: Option<Framing>,
) -> Vec<Vec<u8>> {
    let mut connections: BTreeMap<usize, Connection> = BTreeMap::new();
    for entry in transcript.entries() {
        let connection = connections.entry(entry.connection).or_default();
        match entry.event {
            Event::Bytes {
                direction: way,
                bytes,
                length,
            } if way == direction => {
                if let Some(framing) = framing {
                    connection.take(framing, &bytes, length);
                }
            }
            Event::Message {
                direction: way,
                bytes,
                ..
            } if way == direction => connection.payloads.push(bytes),
            _ => {}
        }
    }
    connections
        .into_values()
        .flat_map(|connection| connection.payloads)
        .collect()
}

/// One direction of a connection.
#[derive(Default)]
struct Connection {
    decoder: Option<Decoder>,
    payloads: Vec<Vec<u8>>,
    /// Whether bytes of the last payload were not kept.
    is_cut: bool,
}

impl Connection {
    fn take(&mut self, framing: Framing, known: &[u8], length: usize) {
        let decoder = self.decoder.get_or_insert_with(|| Decoder::new(framing));
        for field in decoder.take(known, length) {
            match field {
                Field::Header { .. } => {
                    self.payloads.push(Vec::new());
                    self.is_cut = false;
                }
                Field::Payload { bytes, length, .. } => {
                    if let (Some(payload), false) = (self.payloads.last_mut(), self.is_cut) {
                        payload.extend_from_slice(bytes);
                    }
                    self.is_cut |= (bytes.len() as u64) < length;
                }
                Field::PartOfHeader | Field::OutOfStep => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_found_in_any_segments_as_far_as_their_bytes_were_kept() {
        let transcript = Transcript::begin();
        let number = transcript.connection();
        let say = |bytes: &[u8]| transcript.bytes(number, Direction::ToTestee, bytes);
        let stream = [
            Framing::Be32.message(b"first"),
            Framing::Be32.message(b""),
            Framing::Be32.message(b"third"),
        ]
        .concat();
        say(&stream[..3]);
        say(&stream[3..11]);
        say(&stream[11..]);
        say(&Framing::Be32.message(&[b'x'; 9000]));
        say(&Framing::Be32.message(b"cut")[..6]);
        transcript.bytes(number, Direction::FromTestee, b"\0\0\0\x01y");

        let found = payloads(&transcript, Direction::ToTestee, Some(Framing::Be32));
        assert_eq!(found[..3], [&b"first"[..], b"", b"third"]);
        assert_eq!((found[3].len(), &found[4][..]), (4096 - 4, &b"cu"[..]));
        assert_eq!(found.len(), 5);
        let other = payloads(&transcript, Direction::FromTestee, Some(Framing::Be32));
        assert_eq!(other, [b"y"]);
    }
}
