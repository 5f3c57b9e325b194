//! Changes to a handshake.

use processing_conformance::cases::Role;
use processing_conformance::vectors::{Bytes, RecordedHandshake, RecordedMessage, RecordedOutcome};
use processing_conformance::wire::Framing;
use sha1::{Digest as _, Sha1};

use super::mutation::{Effort, changed_messages, changed_strings};

const ROLES: [Role; 2] = [Role::Listener, Role::Client];

/// The handshake with one thing changed.
pub(crate) fn changed(
    handshake: &RecordedHandshake,
    framing: Option<Framing>,
    effort: Effort,
) -> Vec<(String, RecordedHandshake)> {
    let mut found = Vec::new();
    let mut add = |what: String, change: &dyn Fn(&mut RecordedHandshake)| {
        let mut changed = handshake.clone();
        change(&mut changed);
        if changed != *handshake {
            found.push((what, changed));
        }
    };
    for (number, step) in handshake.steps.iter().enumerate() {
        let named = |what: &str| format!("step {number}: {what}");
        for (what, bytes) in changed_messages(&step.bytes.expand(), framing, effort) {
            add(named(&what), &|handshake| {
                handshake.steps[number].bytes = Bytes::plain(bytes.clone());
            });
        }
        for message in changed_message(&step.message, effort) {
            add(
                named(&format!("it is said to be {message:?}")),
                &|handshake| {
                    handshake.steps[number].message = message.clone();
                },
            );
        }
        add(named("from the other end"), &|handshake| {
            handshake.steps[number].from = step.from.other();
        });
        add(named("removed"), &|handshake| {
            handshake.steps.remove(number);
        });
        add(named("twice"), &|handshake| {
            handshake.steps.insert(number, step.clone());
        });
        add(named("the last"), &|handshake| {
            handshake.steps.truncate(number + 1);
        });
        for other in 0..number {
            add(
                named(&format!("changes places with {other}")),
                &|handshake| {
                    handshake.steps.swap(number, other);
                },
            );
        }
    }
    for (end, key) in [
        (Role::Listener, &handshake.keys.listener),
        (Role::Client, &handshake.keys.client),
    ] {
        for (what, key) in changed_strings(key, effort) {
            add(format!("key of the {end}: {what}"), &|handshake| {
                *key_of(handshake, end) = key.clone();
            });
        }
    }
    add("the keys change places".into(), &|handshake| {
        std::mem::swap(&mut handshake.keys.listener, &mut handshake.keys.client);
    });
    add("the other role".into(), &|handshake| {
        handshake.role = handshake.role.other();
    });
    for impostor in [None, Some(Role::Listener), Some(Role::Client)] {
        add(format!("impostor {impostor:?}"), &|handshake| {
            handshake.impostor = impostor;
        });
    }
    for outcome in [RecordedOutcome::Connected, RecordedOutcome::Refused] {
        add(format!("{outcome:?}"), &|handshake| {
            handshake.outcome = outcome;
        });
    }
    found
}

/// Whether a change is meaningless: the keys are the same for HMAC, or are not used for any byte of the handshake.
///
/// HMAC pads a key of up to 64 bytes with zeros, and hashes a longer one. An end that never answered has only compared
/// an answer with its own and found that they differ, so any key except the other end's would have had the same result.
pub(crate) fn is_same(one: &RecordedHandshake, other: &RecordedHandshake) -> bool {
    let mut same = other.clone();
    for end in ROLES {
        let [before, after] = [one, other].map(|handshake| block(&handshake.keys.of(end)));
        let others = block(&one.keys.of(end.other()));
        if before == after || (!answers(one, end) && before != others && after != others) {
            *key_of(&mut same, end) = match end {
                Role::Listener => one.keys.listener.clone(),
                Role::Client => one.keys.client.clone(),
            };
        }
    }
    same == *one
}

fn key_of(handshake: &mut RecordedHandshake, end: Role) -> &mut Bytes {
    match end {
        Role::Listener => &mut handshake.keys.listener,
        Role::Client => &mut handshake.keys.client,
    }
}

fn answers(handshake: &RecordedHandshake, end: Role) -> bool {
    let is_answer = |message: &RecordedMessage| matches!(message, RecordedMessage::Answer { .. });
    handshake
        .steps
        .iter()
        .any(|step| step.from == end && is_answer(&step.message))
}

/// The key as HMAC-SHA1 uses it (RFC 2104, section 2).
fn block(key: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    block
}

fn changed_message(message: &RecordedMessage, effort: Effort) -> Vec<RecordedMessage> {
    let mut found = vec![RecordedMessage::Welcome, RecordedMessage::Failure];
    let changed = |bytes: &[u8]| {
        let mut found = vec![bytes[1..].to_vec(), [bytes, &[0]].concat()];
        for at in effort.places(bytes.len()) {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << (at % 8);
            found.push(flipped);
        }
        found
    };
    match message {
        RecordedMessage::Challenge { nonce } => {
            let digest = nonce.clone();
            found.push(RecordedMessage::Answer { digest });
            found.extend(
                changed(nonce)
                    .into_iter()
                    .map(|nonce| RecordedMessage::Challenge { nonce }),
            );
        }
        RecordedMessage::Answer { digest } => {
            let nonce = digest.clone();
            found.push(RecordedMessage::Challenge { nonce });
            found.extend(
                changed(digest)
                    .into_iter()
                    .map(|digest| RecordedMessage::Answer { digest }),
            );
        }
        RecordedMessage::Welcome | RecordedMessage::Failure => {
            found.push(RecordedMessage::Answer {
                digest: message.payload(),
            });
        }
    }
    found.retain(|other| other != message);
    found
}
