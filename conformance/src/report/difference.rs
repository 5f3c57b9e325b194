//! The differences between two recordings of one peer, byte by byte.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::evidence;
use crate::context::failure::{Evidence, EvidenceKind};
use crate::vectors::{
    File, RecordedHandshake, RecordedMessage, RecordedStep, SentObject, SentString, Vector,
};
use crate::wire::Framing;

/// One difference between two recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The id of the vector, or the name of another member of the file.
    pub what: String,
    /// A description of the difference, for people.
    pub text: String,
    /// Whether the difference is only about the machine on which the recording was made.
    pub of_the_machine: bool,
}

/// The differences between two recordings of the same peer. Values that are random in every recording are left out.
pub fn differences(before: &File, now: &File) -> Vec<Difference> {
    let mut found = about(before, now);
    let by_id = |file: &File| -> BTreeMap<String, Vector> {
        let entry = |vector: &Vector| (vector.id().to_owned(), vector.clone());
        file.vectors.iter().map(entry).collect()
    };
    let (old, new) = (by_id(before), by_id(now));
    let framing = before.dialect.framing();
    let mut add = |what: &str, text: String| {
        found.push(Difference {
            what: what.into(),
            text,
            of_the_machine: false,
        });
    };
    for (id, vector) in &old {
        match new.get(id) {
            None => add(id, "it is no longer recorded\n".into()),
            Some(now) => {
                if let Some(text) = compare(vector, now, framing) {
                    add(id, text);
                }
            }
        }
    }
    for id in new.keys().filter(|id| !old.contains_key(*id)) {
        add(id, "it was not recorded before\n".into());
    }
    found
}

/// Returns the differences in the descriptions of the peer and of the machine.
fn about(before: &File, now: &File) -> Vec<Difference> {
    let optional = |text: Option<&String>| text.map_or("none", String::as_str).to_owned();
    let flat = |file: &File| {
        let provenance = &file.provenance;
        let compiler = provenance.compiler.as_ref();
        let platform = &provenance.platform;
        [
            ("peer", file.peer.clone(), false),
            ("dialect", file.dialect.to_string(), false),
            ("package", provenance.package.clone(), false),
            ("release", provenance.release.clone(), false),
            (
                "archive_sha256",
                optional(provenance.archive_sha256.as_ref()),
                false,
            ),
            ("flavour", optional(provenance.flavour.as_ref()), false),
            ("help", provenance.help.join(" "), false),
            ("implementation", provenance.implementation.clone(), true),
            ("python", provenance.python.clone(), true),
            ("platform", format!("{platform:?}"), true),
            ("compiler", format!("{compiler:?}"), true),
            ("recorder", provenance.recorder.clone(), true),
        ]
    };
    let pairs = flat(before).into_iter().zip(flat(now));
    pairs
        .filter(|((_, before, _), (_, now, _))| before != now)
        .map(|((name, before, of_the_machine), (_, now, _))| Difference {
            what: name.into(),
            text: format!("it was {before}, and is now {now}\n"),
            of_the_machine,
        })
        .collect()
}

fn compare(before: &Vector, now: &Vector, framing: Option<Framing>) -> Option<String> {
    match (before, now) {
        (before, now) if before == now => None,
        (Vector::Send(before), Vector::Send(now)) => Some(compare_objects(before, now, framing)),
        (Vector::SendString(before), Vector::SendString(now)) => {
            Some(compare_strings(before, now, framing))
        }
        (Vector::Handshake(before), Vector::Handshake(now)) => {
            compare_handshakes(before, now, framing)
        }
        _ => Some("the operation is different\n".into()),
    }
}

fn compare_objects(before: &SentObject, now: &SentObject, framing: Option<Framing>) -> String {
    let mut text = String::new();
    if before.object != now.object {
        let _ = writeln!(
            text,
            "the object was {}, and is now {}",
            before.object, now.object
        );
    }
    if before.reads_as != now.reads_as {
        let _ = writeln!(
            text,
            "it was read as {:?}, and is now read as {:?}",
            before.reads_as, now.reads_as
        );
    }
    text + &compare_bytes(&before.bytes.expand(), &now.bytes.expand(), framing)
}

fn compare_strings(before: &SentString, now: &SentString, framing: Option<Framing>) -> String {
    let mut text = String::new();
    if before.payload != now.payload {
        text += "the string is different\n";
    }
    text + &compare_bytes(&before.bytes.expand(), &now.bytes.expand(), framing)
}

/// Shows the bytes of both, with a caret at the first difference. The result is empty if they are the same.
fn compare_bytes(before: &[u8], now: &[u8], framing: Option<Framing>) -> String {
    if before == now {
        return String::new();
    }
    let evidence = Evidence {
        kind: EvidenceKind::Stream,
        expected: before.into(),
        actual: now.into(),
    };
    evidence::render(&evidence, framing)
}

/// Describes the differences between two handshakes, except for nonces, which are random, and digests, which depend on
/// them. `vectors check` verifies the digests.
fn compare_handshakes(
    before: &RecordedHandshake,
    now: &RecordedHandshake,
    framing: Option<Framing>,
) -> Option<String> {
    let mut text = String::new();
    let settings = |handshake: &RecordedHandshake| {
        let RecordedHandshake {
            role,
            keys,
            impostor,
            outcome,
            ..
        } = handshake;
        format!("{role:?} {keys:?} {impostor:?} {outcome:?}")
    };
    if settings(before) != settings(now) {
        let _ = writeln!(
            text,
            "it was {}, and is now {}",
            settings(before),
            settings(now)
        );
    }
    if before.steps.len() != now.steps.len() {
        let (before, now) = (before.steps.len(), now.steps.len());
        let _ = writeln!(text, "it had {before} steps, and now has {now}");
    }
    for (number, (before, now)) in before.steps.iter().zip(&now.steps).enumerate() {
        if before.from != now.from {
            let _ = writeln!(
                text,
                "step {} was the {}'s, and is now the {}'s",
                number + 1,
                before.from,
                now.from
            );
        }
        let (before, now) = (derandomised(before), derandomised(now));
        if before != now {
            let _ = writeln!(
                text,
                "step {}, with zeros in place of random bytes:",
                number + 1
            );
            text += &compare_bytes(&before, &now, framing);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The bytes of a step, with zeros for a nonce or a digest at their end.
fn derandomised(step: &RecordedStep) -> Vec<u8> {
    let mut bytes = step.bytes.expand();
    let random = match &step.message {
        RecordedMessage::Challenge { nonce } => nonce.as_slice(),
        RecordedMessage::Answer { digest } => digest.as_slice(),
        RecordedMessage::Welcome | RecordedMessage::Failure => &[],
    };
    if bytes.ends_with(random) {
        let from = bytes.len() - random.len();
        bytes[from..].fill(0);
    }
    bytes
}
