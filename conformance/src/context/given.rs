//! Which pickle an end was given, as the wire has shown it.

use std::collections::BTreeMap;

use processing_connection::Framing;

use super::failure::{EvidenceKind, Failure};
use super::{Context, Who};
use crate::notation::{Fidelity, Graph, Node, NodeId, compare};
use crate::pickle;
use crate::wire::{Direction, Event, Transcript, frame};

impl Context<'_> {
    /// The payload that an end was given for this object: the last that means it, or else the last one; without an
    /// object the first one. Of a long payload only the beginning.
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

    /// Adds to a failure to receive an object what was given for it; and whether the other end of a pair was wrong
    /// before.
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
            let already = format!("\nwhat it was given already means another object: {difference}");
            failure.detail.push_str(&already);
        }
        failure
    }
}

impl Failure {
    /// Adds the pickles of two objects to compare, in the protocol of the pickle that was given where that is written
    /// in the suite's own way. Objects that have no pickle are left to words.
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

/// The members of sets and dicts in the order in which they are shown, so that the first difference of two pickles is
/// none of order. What is too large for that stays as it is.
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

/// What went one way on all connections, message by message, as far as the transcript has it: of a message that is
/// not there to the end, the beginning.
fn payloads(
    transcript: &Transcript,
    direction: Direction,
    framing: Option<Framing>,
) -> Vec<Vec<u8>> {
    let mut streams: BTreeMap<usize, Stream> = BTreeMap::new();
    let mut messages = Vec::new();
    for entry in transcript.entries() {
        match entry.event {
            Event::Bytes {
                direction: way,
                bytes,
                length,
            } if way == direction => {
                let stream = streams.entry(entry.connection).or_default();
                stream.pieces.push((stream.length, bytes));
                stream.length += length;
            }
            Event::Message {
                direction: way,
                bytes,
                ..
            } if way == direction => messages.push(bytes),
            _ => {}
        }
    }
    let Some(framing) = framing else {
        return messages;
    };
    let each = streams.values().flat_map(|stream| stream.messages(framing));
    each.collect()
}

/// The bytes of one direction, of which some are only counted.
#[derive(Default)]
struct Stream {
    /// Where each piece begins, and the first bytes of it.
    pieces: Vec<(usize, Vec<u8>)>,
    length: usize,
}

impl Stream {
    fn messages(&self, framing: Framing) -> Vec<Vec<u8>> {
        let header = frame::header_length(framing);
        let mut messages = Vec::new();
        let mut at = 0;
        while at < self.length {
            let read = self.known(at, header);
            let announced = frame::announced(framing, &read).filter(|_| read.len() == header);
            let Some(length) = announced else {
                break;
            };
            messages.push(self.known(at + header, length as usize));
            at = at.saturating_add(header + length as usize);
        }
        messages
    }

    /// So many bytes from a place on, or those before the first that was not kept.
    fn known(&self, from: usize, length: usize) -> Vec<u8> {
        let mut known = Vec::new();
        for (begin, bytes) in &self.pieces {
            let next = from + known.len();
            if (*begin..begin + bytes.len()).contains(&next) {
                let rest = &bytes[next - begin..];
                known.extend(&rest[..rest.len().min(length - known.len())]);
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_they_were_cut_and_as_far_as_they_were_kept() {
        let transcript = Transcript::begin();
        let number = transcript.connection();
        let say = |bytes: &[u8]| transcript.bytes(number, Direction::ToTestee, bytes);
        let stream = [
            frame::message(Framing::Be32, b"first"),
            frame::message(Framing::Be32, b""),
            frame::message(Framing::Be32, b"third"),
        ]
        .concat();
        say(&stream[..3]);
        say(&stream[3..11]);
        say(&stream[11..]);
        say(&frame::message(Framing::Be32, &[b'x'; 9000]));
        say(&frame::message(Framing::Be32, b"cut")[..6]);
        transcript.bytes(number, Direction::FromTestee, b"\0\0\0\x01y");

        let found = payloads(&transcript, Direction::ToTestee, Some(Framing::Be32));
        assert_eq!(found[..3], [&b"first"[..], b"", b"third"]);
        assert_eq!((found[3].len(), &found[4][..]), (4096 - 4, &b"cu"[..]));
        assert_eq!(found.len(), 5);
        let other = payloads(&transcript, Direction::FromTestee, Some(Framing::Be32));
        assert_eq!(other, [b"y"]);
    }
}
