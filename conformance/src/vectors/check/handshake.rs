//! A handshake: every message follows from the keys and the nonces, and the reference says the same in either role.

use processing_connection::AuthKey;
use processing_connection::auth::{self, Exchange, Turn};

use super::payload_of;
use crate::context::failure::{EvidenceKind, Failure};
use crate::context::setting::Spoken;
use crate::vectors::handshake::{Handshake, Message, Outcome, SCHEME};
use crate::wire::{Part, Role, Step};

/// A message: who sent it, what it says, and its payload.
struct Sent<'a> {
    from: Role,
    message: &'a Message,
    payload: Vec<u8>,
}

pub(super) fn check(handshake: &Handshake, dialect: Spoken) -> Result<(), Failure> {
    if dialect.dialect.handshake != Some(SCHEME) {
        let outcome = format!("a handshake in {dialect}");
        return Err(Failure::recording(outcome, "a dialect that has one"));
    }
    if !handshake
        .id
        .starts_with(&format!("handshake/{}/", handshake.role))
    {
        let outcome = format!("the peer is the {}", handshake.role);
        return Err(Failure::recording(outcome, "the role that the id tells"));
    }
    let messages = messages(handshake, dialect)?;
    let verdict = check_meaning(handshake, &messages)?;
    let expected = if verdict {
        Outcome::Connected
    } else {
        Outcome::Refused
    };
    if handshake.outcome != expected {
        let outcome = format!("the outcome is {:?}", handshake.outcome);
        return Err(Failure::recording(
            outcome,
            format!("{expected:?}, as the last verdict has it"),
        ));
    }
    [Role::Listener, Role::Client]
        .into_iter()
        .filter(|role| handshake.impostor != Some(*role))
        .try_for_each(|role| check_reference(handshake, &messages, role))
}

/// Takes every message out of its frame and compares it with what it is said to be.
fn messages(handshake: &Handshake, dialect: Spoken) -> Result<Vec<Sent<'_>>, Failure> {
    let read = |step: &crate::vectors::Step| -> Result<Vec<u8>, Failure> {
        let bytes = step.bytes.expand();
        let payload = payload_of(&bytes, dialect.framing())?;
        let expected = step.message.payload();
        if payload == expected {
            return Ok(expected);
        }
        Err(Failure::recording(
            "another message than it is said to be",
            format!("{:?}", step.message),
        )
        .showing(EvidenceKind::String, &expected, payload))
    };
    handshake
        .steps
        .iter()
        .map(|step| {
            let payload = read(step)?;
            Ok(Sent {
                from: step.from,
                message: &step.message,
                payload,
            })
        })
        .collect()
}

/// Every message stands in its place and is right, as the suite itself has it. Returns the last verdict.
fn check_meaning(handshake: &Handshake, messages: &[Sent<'_>]) -> Result<bool, Failure> {
    let wrong = |number: usize, outcome: &str, expected: String| {
        Failure::recording(format!("step {}: {outcome}", number + 1), expected)
            .breaks("handshake.mutual")
    };
    let mut order = Step::ALL.into_iter();
    let (mut nonce, mut digest, mut verdict) = (&[][..], &[][..], None);
    let mut impostor = None;
    for (number, sent) in messages.iter().enumerate() {
        let due = order.next().filter(|_| verdict != Some(false));
        let Some((from, part)) = due.map(|step| (step.sender(), step.part())) else {
            return Err(wrong(number, "it comes after the end", "nothing".into()));
        };
        if sent.from != from {
            return Err(wrong(
                number,
                "the wrong end sends it",
                format!("the {from} sends it"),
            ));
        }
        match (part, sent.message) {
            (Part::Challenge, Message::Challenge { nonce: new })
                if new.len() == SCHEME.nonce_length() =>
            {
                nonce = new;
            }
            (Part::Answer, Message::Answer { digest: new })
                if *new == SCHEME.answer(&handshake.keys.of(from), nonce) =>
            {
                digest = new;
            }
            (Part::Answer, Message::Answer { .. }) => {
                let expected = format!(
                    "{} of the nonce under the key of the {from}",
                    SCHEME.digest()
                );
                return Err(wrong(number, "another digest", expected));
            }
            (Part::Verdict, message @ (Message::Welcome | Message::Failure)) => {
                let right = digest == SCHEME.answer(&handshake.keys.of(from), nonce);
                let welcome = *message == Message::Welcome;
                if welcome && !right {
                    impostor = Some(from);
                } else if welcome != right {
                    return Err(wrong(number, "a right answer is refused", "welcome".into()));
                }
                verdict = Some(welcome);
            }
            _ => return Err(wrong(number, "another message", format!("{part:?}"))),
        }
    }
    if handshake.impostor != impostor {
        let outcome = format!("the impostor is said to be {:?}", handshake.impostor);
        let expected = format!("{impostor:?}: whoever welcomes a wrong answer");
        return Err(Failure::recording(outcome, expected));
    }
    match (verdict, order.next()) {
        (Some(true), None) => Ok(true),
        (Some(false), _) => Ok(false),
        _ => Err(wrong(
            messages.len(),
            "it is missing",
            "a verdict at the end".into(),
        )),
    }
}

/// The reference at one end, with the nonce that this end chose, sends what was recorded of it, to the byte, and
/// decides as was recorded when it receives what was recorded of the other end.
fn check_reference(
    handshake: &Handshake,
    messages: &[Sent<'_>],
    role: Role,
) -> Result<(), Failure> {
    let expected = format!("the reference as {role} does what was recorded");
    let wrong =
        |outcome: String| Failure::recording(outcome, expected.clone()).breaks("handshake.mutual");
    let chosen = |sent: &Sent<'_>| match sent.message {
        Message::Challenge { nonce } if sent.from == role => {
            <[u8; auth::CHALLENGE_LENGTH]>::try_from(nonce.as_slice()).ok()
        }
        _ => None,
    };
    // An end that was refused before it challenged the other chose none.
    let nonce = messages
        .iter()
        .find_map(chosen)
        .unwrap_or([0; auth::CHALLENGE_LENGTH]);
    let key = AuthKey::from(handshake.keys.of(role));
    let end = match role {
        Role::Listener => auth::Role::Listener,
        Role::Client => auth::Role::Client,
    };
    let mut exchange = Exchange::new(end, &key, nonce);
    for sent in messages {
        match exchange.turn() {
            Turn::Send(..) if sent.from != role => {
                return Err(wrong("it sends where it should receive".into()));
            }
            Turn::Send(step, message) if message != sent.payload => {
                return Err(wrong(format!("another message at {step}")).showing(
                    EvidenceKind::String,
                    &sent.payload,
                    &message,
                ));
            }
            Turn::Send(..) => {}
            Turn::Receive(_) if sent.from != role => exchange.receive(&sent.payload),
            other => return Err(wrong(format!("it comes to {other:?} before the end"))),
        }
    }
    let connected = messages
        .last()
        .is_some_and(|sent| *sent.message == Message::Welcome);
    match exchange.turn() {
        Turn::Accepted if connected => Ok(()),
        Turn::Failed(..) if !connected => Ok(()),
        other => Err(wrong(format!("it comes to {other:?}"))),
    }
}
