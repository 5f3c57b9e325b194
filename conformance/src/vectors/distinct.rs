//! The distinct vectors of the built-in files: most peers put the same payloads on the wire.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::bytes::Bytes;
use super::embedded_texts;
use super::file::Vector;
use super::handshake::RecordedHandshake;
use crate::context::setting::Spoken;
use crate::notation::Graph;
use crate::wire::frame::frames;

/// A vector for any dialect: its payloads, without headers.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// The id of the vector, followed by the name of the peer if it differs from the first peer that has this vector.
    pub name: String,
    /// The payloads.
    pub recorded: Recorded,
}

/// The payloads of a vector, without headers.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// An object and its pickle.
    Object(Graph, Vec<u8>),
    /// A string.
    String(Vec<u8>),
    /// A handshake, with the nonces of one of several recordings.
    Handshake(RecordedHandshake),
}

/// Every vector of the built-in files, with each payload only once, except for the pickles that only Python 3 can read.
pub fn distinct() -> &'static [Distinct] {
    static DISTINCT: LazyLock<Vec<Distinct>> = LazyLock::new(collect);
    &DISTINCT
}

/// A file whose vectors are not parsed yet, because most of them are equal to vectors of previous files.
#[derive(Deserialize)]
struct Outline<'a> {
    peer: &'a str,
    dialect: &'a str,
    #[serde(borrow)]
    vectors: Vec<&'a RawValue>,
}

fn collect() -> Vec<Distinct> {
    const WELL_FORMED: &str = "a test parses the same files";
    let mut seen = HashSet::new();
    let mut payloads: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let mut found = Vec::new();
    for (_, text) in embedded_texts() {
        let outline: Outline<'_> = serde_json::from_str(text).expect(WELL_FORMED);
        let dialect: Spoken = outline.dialect.parse().expect(WELL_FORMED);
        for raw in outline.vectors {
            if !seen.insert(raw.get()) {
                continue;
            }
            let vector: Vector = serde_json::from_str(raw.get()).expect(WELL_FORMED);
            let id = vector.id().to_owned();
            let (payload, recorded) = match vector {
                Vector::Send(sent) => {
                    let payload = payload_of(&sent.bytes, dialect);
                    if is_of_python_3(&payload) {
                        continue;
                    }
                    (payload.clone(), Recorded::Object(sent.object, payload))
                }
                Vector::SendString(sent) => {
                    let payload = payload_of(&sent.bytes, dialect);
                    (payload.clone(), Recorded::String(payload))
                }
                Vector::Handshake(handshake) => (Vec::new(), Recorded::Handshake(handshake)),
            };
            let known = payloads.entry(id.clone()).or_default();
            if known.contains(&payload) {
                continue;
            }
            let name = if known.is_empty() {
                id
            } else {
                format!("{id}@{}", outline.peer)
            };
            known.push(payload);
            found.push(Distinct { name, recorded });
        }
    }
    found
}

/// The payload of a recorded message.
fn payload_of(message: &Bytes, dialect: Spoken) -> Vec<u8> {
    let message = message.expand();
    let payload = frames(dialect.framing(), &message)
        .next()
        .map_or(&[][..], |frame| frame.payload);
    payload.to_vec()
}

/// Whether a pickle has a protocol of Python 3, which no testee has to read.
fn is_of_python_3(pickle: &[u8]) -> bool {
    matches!(pickle, [0x80, 3..=u8::MAX, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_vector_is_included() {
        let names: HashSet<&str> = distinct().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names.len(), distinct().len());
        for (name, text) in embedded_texts() {
            let outline: Outline<'_> = serde_json::from_str(text).unwrap();
            let dialect: Spoken = outline.dialect.parse().unwrap();
            for raw in outline.vectors {
                let vector: Vector = serde_json::from_str(raw.get()).unwrap();
                let is_left_out = matches!(&vector, Vector::Send(sent)
                    if is_of_python_3(&payload_of(&sent.bytes, dialect)));
                if is_left_out {
                    assert!(outline.peer.starts_with("multiprocessing-3"), "{name}");
                    continue;
                }
                assert!(names.contains(vector.id()), "{name}: {}", vector.id());
            }
        }
    }
}
