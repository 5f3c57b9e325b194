//! Records a handshake with a peer, in which the recorder plays the other end with the suite's own code.

use super::LONGEST;
use super::plan::Ends;
use crate::context::Context;
use crate::context::failure::{Failure, Stop};
use crate::context::outcome::OnWire;
use crate::testee::message::ErrorKind;
use crate::vectors::bytes::Bytes;
use crate::vectors::file::Vector;
use crate::vectors::handshake::{
    Keys, RecordedHandshake, RecordedMessage, RecordedOutcome, RecordedStep, SCHEME,
};
use crate::wire::{Part, Role, Step};

/// The nonce of the recorder's challenges. It is constant, so that the peer's answer is constant as well.
const NONCE: &[u8] = b"the recorder's bytes";

/// Has the peer accept or connect, depending on its role, and records every message.
pub(super) fn record(context: &mut Context<'_>, id: &str, ends: Ends) -> Result<Vector, Stop> {
    let role = context.setting.role;
    let other = role.other();
    let Ends {
        key,
        other_key,
        impostor,
    } = ends;
    let [key_bytes, other_bytes] = [&key, &other_key].map(Bytes::expand);
    let mut handshake = context.begin_handshake(&key_bytes)?;
    let mut steps: Vec<RecordedStep> = Vec::new();
    for (from, part) in Step::ALL.map(|step| (step.sender(), step.part())) {
        let step = if from == role {
            let (header, payload) = handshake
                .wire
                .read_message_with_header(LONGEST)
                .map_err(|error| Failure::wire(format!("the peer's {part:?}"), &error))?;
            let Some(message) = RecordedMessage::parse(part, &payload) else {
                return Err(
                    Failure::new(OnWire::AnotherMessage, format!("the peer's {part:?}"))
                        .detail(hex::encode(payload))
                        .into(),
                );
            };
            RecordedStep {
                from,
                message,
                bytes: Bytes::plain([header, payload].concat()),
            }
        } else {
            let message = match part {
                Part::Challenge => RecordedMessage::Challenge {
                    nonce: NONCE.to_vec(),
                },
                Part::Answer => RecordedMessage::Answer {
                    digest: SCHEME.answer(&other_bytes, last_nonce(&steps)),
                },
                Part::Verdict => match steps.last().map(|step| &step.message) {
                    Some(RecordedMessage::Answer { digest })
                        if impostor || *digest == SCHEME.answer(&other_bytes, NONCE) =>
                    {
                        RecordedMessage::Welcome
                    }
                    _ => RecordedMessage::Failure,
                },
            };
            let payload = message.payload();
            context.write_message(&mut handshake.wire, &payload)?;
            let bytes = match context.setting.framing() {
                Some(framing) => framing.message(&payload),
                None => payload,
            };
            RecordedStep {
                from,
                message,
                bytes: Bytes::plain(bytes),
            }
        };
        steps.push(step);
        if matches!(
            steps.last().map(|step| &step.message),
            Some(RecordedMessage::Failure)
        ) {
            break;
        }
    }
    let outcome = if matches!(
        steps.last().map(|step| &step.message),
        Some(RecordedMessage::Failure)
    ) {
        context.expect_failed(handshake, &[ErrorKind::AuthenticationFailed])?;
        RecordedOutcome::Refused
    } else {
        context.finish_handshake(handshake)?;
        RecordedOutcome::Connected
    };
    let keys = match role {
        Role::Listener => Keys {
            listener: key,
            client: other_key,
        },
        Role::Client => Keys {
            listener: other_key,
            client: key,
        },
    };
    Ok(Vector::Handshake(RecordedHandshake {
        id: id.into(),
        role,
        keys,
        impostor: impostor.then_some(other),
        steps,
        outcome,
    }))
}

/// The nonce of the last challenge.
fn last_nonce(steps: &[RecordedStep]) -> &[u8] {
    let nonce = steps.iter().rev().find_map(|step| match &step.message {
        RecordedMessage::Challenge { nonce } => Some(nonce.as_slice()),
        _ => None,
    });
    nonce.unwrap_or_default()
}
