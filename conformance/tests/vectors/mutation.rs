//! Changes to every field of every vector, and whether they are found.

use std::collections::BTreeSet;

use processing_conformance::vectors::{
    Bytes, ExpectedReading, File, ReadsAs, RecordedHandshake, SentObject, SentString, Vector,
};
use processing_conformance::wire::Framing;

use super::{distinct, handshakes, holds, meaning, objects};

/// How thoroughly some bytes are changed.
///
/// If several peers sent the same, except for the framing and what is random, it is changed thoroughly only once,
/// because the check does not use anything else.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Effort {
    /// At many places, or at all of them.
    Thorough,
    /// At a few places.
    Sample,
}

impl Effort {
    /// Places from 0 to `length`: the first and the last ones, and some in between.
    pub(crate) fn places(self, length: usize) -> Vec<usize> {
        let each = match self {
            Self::Thorough => 8,
            Self::Sample => 1,
        };
        if length <= 3 * each {
            return (0..length).collect();
        }
        let between = (each..length - each).step_by((length - 2 * each).div_ceil(each));
        (0..each)
            .chain(between)
            .chain(length - each..length)
            .collect()
    }
}

/// The bytes that are inserted: a zero, opcodes that push, pop and mark, and a digit.
const BYTES: [u8; 8] = [0, b'(', b'N', b'0', b'1', b'2', b')', b'.'];

/// The results of all changes.
#[derive(Default)]
pub(crate) struct Survivors {
    /// The number of changes that were tried.
    pub(crate) tried: usize,
    /// The number of changes that were not found, and that are meaningless by an argument that is independent of the
    /// check.
    pub(crate) proven: usize,
    /// The changes that were not found, although nothing shows that they are meaningless.
    pub(crate) unproven: Vec<String>,
}

impl Survivors {
    fn try_one(&mut self, what: &str, changed: &Vector, file: &File, same: impl FnOnce() -> bool) {
        self.tried += 1;
        if !holds(changed, file) {
            return;
        }
        if same() {
            self.proven += 1;
        } else {
            self.unproven
                .push(format!("{} ({}): {what}", changed.id(), file.dialect));
        }
    }

    fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.proven += other.proven;
        self.unproven.extend(other.unproven);
    }
}

/// Changes everything, on all processors.
pub(crate) fn survivors() -> Survivors {
    let vectors = distinct();
    let mut seen = BTreeSet::new();
    let vectors: Vec<_> = vectors
        .into_iter()
        .map(|(file, vector)| {
            let effort = if seen.insert(vector.id().to_owned()) {
                Effort::Thorough
            } else {
                Effort::Sample
            };
            (file, vector, effort)
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut all = Survivors::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let vectors = &vectors;
                scope.spawn(move || {
                    let mut survivors = Survivors::default();
                    for (file, vector, effort) in vectors.iter().skip(part).step_by(threads) {
                        change(&mut survivors, vector, file, *effort);
                    }
                    survivors
                })
            })
            .collect();
        for part in parts {
            all.add(part.join().expect("no change makes the check panic"));
        }
    });
    all
}

/// The id of a vector, which can be changed.
pub(crate) fn id_of(vector: &mut Vector) -> &mut String {
    match vector {
        Vector::Send(sent) => &mut sent.id,
        Vector::SendString(sent) => &mut sent.id,
        Vector::Handshake(handshake) => &mut handshake.id,
    }
}

fn change(survivors: &mut Survivors, vector: &Vector, file: &File, effort: Effort) {
    let mut renamed = vector.clone();
    id_of(&mut renamed).insert(0, 'x');
    survivors.try_one("the id is of no operation", &renamed, file, || false);
    match vector {
        Vector::Send(sent) => change_object(survivors, sent, file, effort),
        Vector::SendString(sent) => change_string(survivors, sent, file, effort),
        Vector::Handshake(handshake) => change_handshake(survivors, handshake, file, effort),
    }
}

fn change_object(survivors: &mut Survivors, sent: &SentObject, file: &File, effort: Effort) {
    let framing = file.dialect.framing();
    let whole = sent.bytes.expand();
    let payload = &whole[header_length(framing)..];
    for (what, bytes) in changed_messages(&whole, framing, effort) {
        let mut changed = sent.clone();
        changed.bytes = Bytes::plain(bytes.clone());
        survivors.try_one(&what, &Vector::Send(changed), file, || {
            bytes.get(header_length(framing)..).is_some_and(|changed| {
                meaning::is_same_pickle(payload, changed, file.ceiling().protocol)
            })
        });
    }
    if effort == Effort::Sample {
        return;
    }
    for (what, object) in objects::changed(&sent.object) {
        let mut changed = sent.clone();
        changed.object = object.clone();
        survivors.try_one(&what, &Vector::Send(changed), file, || {
            objects::is_same(&sent.object, &object)
        });
    }
    let as_recorded = sent.reads_as;
    for reading in [
        ExpectedReading::Object,
        ExpectedReading::NeedsClass,
        ExpectedReading::Undecodable,
    ] {
        let changes = [
            ReadsAs {
                graph: reading,
                ..as_recorded
            },
            ReadsAs {
                serde: reading,
                ..as_recorded
            },
        ];
        for reads_as in changes.into_iter().filter(|&change| change != as_recorded) {
            let changed = SentObject {
                reads_as,
                ..sent.clone()
            };
            survivors.try_one(
                &format!("{reads_as:?}"),
                &Vector::Send(changed),
                file,
                || false,
            );
        }
    }
}

fn change_string(survivors: &mut Survivors, sent: &SentString, file: &File, effort: Effort) {
    let message = sent.bytes.expand();
    for (what, bytes) in changed_messages(&message, file.dialect.framing(), effort) {
        let mut changed = sent.clone();
        changed.bytes = Bytes::plain(bytes);
        survivors.try_one(&what, &Vector::SendString(changed), file, || false);
    }
    for (what, payload) in changed_strings(&sent.payload, effort) {
        let mut changed = sent.clone();
        changed.payload = payload;
        survivors.try_one(&what, &Vector::SendString(changed), file, || false);
    }
}

fn change_handshake(
    survivors: &mut Survivors,
    handshake: &RecordedHandshake,
    file: &File,
    effort: Effort,
) {
    for (what, changed) in handshakes::changed(handshake, file.dialect.framing(), effort) {
        let changed = Vector::Handshake(changed);
        survivors.try_one(&what, &changed, file, || match &changed {
            Vector::Handshake(changed) => handshakes::is_same(handshake, changed),
            _ => false,
        });
    }
}

/// The length of a header, or 0 without headers.
fn header_length(framing: Option<Framing>) -> usize {
    framing.map_or(0, Framing::shortest_header)
}

/// A payload, after its header if there are headers.
fn message(framing: Option<Framing>, payload: &[u8]) -> Vec<u8> {
    framing.map_or_else(|| payload.to_vec(), |framing| framing.message(payload))
}

/// A message with one byte changed, removed or added, both with the original header and with one that fits.
pub(crate) fn changed_messages(
    whole: &[u8],
    framing: Option<Framing>,
    effort: Effort,
) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for at in effort.places(whole.len()) {
        for bit in [0, 1 + at % 7] {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 1 << bit;
            found.push((format!("byte {at}: bit {bit} flipped"), flipped));
        }
        let mut shorter = whole.to_vec();
        shorter.remove(at);
        found.push((format!("byte {at} removed"), shorter));
    }
    for at in effort.places(whole.len() + 1) {
        let byte = BYTES[at % BYTES.len()];
        let mut longer = whole.to_vec();
        longer.insert(at, byte);
        found.push((format!("{byte:#04x} before byte {at}"), longer));
    }
    let payload = &whole[header_length(framing)..];
    for at in effort.places(payload.len()) {
        let mut shorter = payload.to_vec();
        shorter.remove(at);
        let what = format!("byte {at} of the payload removed, header and all");
        found.push((what, message(framing, &shorter)));
    }
    for at in effort.places(payload.len() + 1) {
        for byte in [at, 3 * at + 1, 5 * at + 2].map(|at| BYTES[at % BYTES.len()]) {
            let mut longer = payload.to_vec();
            longer.insert(at, byte);
            let what = format!("{byte:#04x} before byte {at} of the payload, header and all");
            found.push((what, message(framing, &longer)));
        }
    }
    found
}

/// Another string or key.
pub(crate) fn changed_strings(string: &Bytes, effort: Effort) -> Vec<(String, Bytes)> {
    let bytes = string.expand();
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for at in effort.places(bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        found.push((format!("byte {at} flipped"), flipped));
        let mut shorter = bytes.clone();
        shorter.remove(at);
        found.push((format!("byte {at} removed"), shorter));
        let mut longer = bytes.clone();
        longer.insert(at, bytes[at].wrapping_add(1));
        found.push((format!("a byte before byte {at}"), longer));
    }
    found.push(("a zero at the end".into(), [&bytes[..], &[0]].concat()));
    found
        .into_iter()
        .map(|(what, bytes)| (what, Bytes::plain(bytes)))
        .collect()
}
