//! Checks a recorded handshake: every message follows from the keys and the nonces, and the reference sends the same in
//! either role.

use processing_connection::AuthKey;
use processing_connection::auth::{self, Exchange, Turn};

use super::payload_of;
use crate::adapter::reference;
use crate::context::failure::{EvidenceKind, Failure};
use crate::context::setting::Spoken;
use crate::vectors::handshake::{RecordedHandshake, RecordedMessage, RecordedOutcome, SCHEME};
use crate::wire::{Part, Role, Step};

/// A message: its sender, its decoded form, and its payload.
struct Sent<'a> {
    from: Role,
    message: &'a RecordedMessage,
    payload: Vec<u8>,
}

pub(super) fn check(handshake: &RecordedHandshake, dialect: Spoken) -> Result<(), Failure> {
    if dialect.dialect.handshake != Some(SCHEME) {
        let outcome = format!("a handshake in {dialect}");
        return Err(Failure::recording(outcome, "a dialect with a handshake"));
    }
    if !handshake
        .id
        .starts_with(&format!("handshake/{}/", handshake.role))
    {
        let outcome = format!("the peer is the {}", handshake.role);
        return Err(Failure::recording(outcome, "the role in the id"));
    }
    let messages = messages(handshake, dialect)?;
    let verdict = check_meaning(handshake, &messages)?;
    let expected = if verdict {
        RecordedOutcome::Connected
    } else {
        RecordedOutcome::Refused
    };
    if handshake.outcome != expected {
        let outcome = format!("the outcome is {:?}", handshake.outcome);
        return Err(Failure::recording(
            outcome,
            format!("{expected:?}, according to the last verdict"),
        ));
    }
    [Role::Listener, Role::Client]
        .into_iter()
        .filter(|role| handshake.impostor != Some(*role))
        .try_for_each(|role| check_reference(handshake, &messages, role))
}

/// Takes every message out of its frame and compares it with the decoded message in the file.
fn messages(handshake: &RecordedHandshake, dialect: Spoken) -> Result<Vec<Sent<'_>>, Failure> {
    let read = |step: &crate::vectors::RecordedStep| -> Result<Vec<u8>, Failure> {
        let bytes = step.bytes.expand();
        let payload = payload_of(&bytes, dialect.framing())?;
        let expected = step.message.payload();
        if payload == expected {
            return Ok(expected);
        }
        Err(Failure::recording(
            "the bytes are another message than the decoded one",
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

/// Checks with the suite's own code that every message is in its place and right. Returns the last verdict.
fn check_meaning(handshake: &RecordedHandshake, messages: &[Sent<'_>]) -> Result<bool, Failure> {
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
            return Err(wrong(
                number,
                "a message after the end",
                "no message".into(),
            ));
        };
        if sent.from != from {
            return Err(wrong(
                number,
                "the wrong end is the sender",
                format!("the {from} is the sender"),
            ));
        }
        match (part, sent.message) {
            (Part::Challenge, RecordedMessage::Challenge { nonce: new })
                if new.len() == SCHEME.nonce_length() =>
            {
                nonce = new;
            }
            (Part::Answer, RecordedMessage::Answer { digest: new })
                if *new == SCHEME.answer(&handshake.keys.of(from), nonce) =>
            {
                digest = new;
            }
            (Part::Answer, RecordedMessage::Answer { .. }) => {
                let expected = format!(
                    "{} of the nonce under the key of the {from}",
                    SCHEME.digest()
                );
                return Err(wrong(number, "another digest", expected));
            }
            (Part::Verdict, message @ (RecordedMessage::Welcome | RecordedMessage::Failure)) => {
                let right = digest == SCHEME.answer(&handshake.keys.of(from), nonce);
                let welcome = *message == RecordedMessage::Welcome;
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
        let outcome = format!(
            "the impostor is {:?}, according to the file",
            handshake.impostor
        );
        let expected = format!("{impostor:?}, because an impostor welcomes a wrong answer");
        return Err(Failure::recording(outcome, expected));
    }
    match (verdict, order.next()) {
        (Some(true), None) => Ok(true),
        (Some(false), _) => Ok(false),
        _ => Err(wrong(
            messages.len(),
            "no further message",
            "a verdict at the end".into(),
        )),
    }
}

/// Checks the reference as one end, with the recorded nonce of this end: if it receives the recorded messages of the
/// other end, it sends exactly the recorded bytes of this end, and reaches the recorded verdict.
fn check_reference(
    handshake: &RecordedHandshake,
    messages: &[Sent<'_>],
    role: Role,
) -> Result<(), Failure> {
    let expected = format!("the reference as {role} does what was recorded");
    let wrong =
        |outcome: String| Failure::recording(outcome, expected.clone()).breaks("handshake.mutual");
    let chosen = |sent: &Sent<'_>| match sent.message {
        RecordedMessage::Challenge { nonce } if sent.from == role => {
            let mut random = [0; auth::RANDOM_LENGTH];
            random.get_mut(..nonce.len())?.copy_from_slice(nonce);
            Some(random)
        }
        _ => None,
    };
    // An end that was refused before it challenged the other did not choose a nonce.
    let random = messages
        .iter()
        .find_map(chosen)
        .unwrap_or([0; auth::RANDOM_LENGTH]);
    let key = AuthKey::from(handshake.keys.of(role));
    let end = match role {
        Role::Listener => auth::Role::Listener,
        Role::Client => auth::Role::Client,
    };
    let scheme = reference::scheme(SCHEME).map_err(|error| wrong(error.to_string()))?;
    let mut exchange = Exchange::new(end, scheme, &key, &random);
    for sent in messages {
        match exchange.turn() {
            Turn::Send(..) if sent.from != role => {
                return Err(wrong("it sends instead of receiving".into()));
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
            other => return Err(wrong(format!("it returns {other:?} before the end"))),
        }
    }
    let connected = messages
        .last()
        .is_some_and(|sent| *sent.message == RecordedMessage::Welcome);
    match exchange.turn() {
        Turn::Accepted if connected => Ok(()),
        Turn::Failed(..) if !connected => Ok(()),
        other => Err(wrong(format!("it returns {other:?}"))),
    }
}
