//! Shows recorded vectors to people.

use std::fmt::Write;

use super::evidence::annotate_stream;
use crate::context::setting::{Role, Spoken};
use crate::testee::payload::Payload;
use crate::vectors::{
    ExpectedReading, RecordedHandshake, RecordedMessage, RecordedOutcome, SentObject, SentString,
    Vector,
};
use crate::wire::Framing;

/// How much of an object is shown, in bytes.
const SHOWN: usize = 1000;
/// How much of an object is shown in a summary, in bytes.
const SUMMARY: usize = 60;

/// Describes a vector in a few words.
pub fn summary(vector: &Vector) -> String {
    match vector {
        Vector::Send(sent) => sent.object.python(SUMMARY).replace('\n', " "),
        Vector::SendString(sent) => Payload::describing(&sent.payload.expand()).to_string(),
        Vector::Handshake(handshake) => format!(
            "{:?}, in {} steps",
            handshake.outcome,
            handshake.steps.len()
        )
        .to_lowercase(),
    }
}

/// Shows a vector, with every byte of it by header, opcode or field.
pub fn show(vector: &Vector, dialect: Spoken) -> String {
    let framing = dialect.framing();
    let speaks = match vector {
        Vector::Handshake(_) => dialect.to_string(),
        Vector::Send(_) | Vector::SendString(_) => match framing {
            Some(framing) => framing.to_string(),
            None => "a message of a pipe".into(),
        },
    };
    let mut text = format!("{} ({speaks})\n", vector.id());
    match vector {
        Vector::Send(sent) => show_object(&mut text, sent, framing),
        Vector::SendString(sent) => show_string(&mut text, sent, framing),
        Vector::Handshake(handshake) => show_handshake(&mut text, handshake, framing),
    }
    text
}

fn show_object(text: &mut String, sent: &SentObject, framing: Option<Framing>) {
    let _ = writeln!(text, "  object      {}", sent.object.python(SHOWN));
    let at_serde = match sent.reads_as.serde {
        ExpectedReading::Object => "the object, by its values",
        ExpectedReading::NeedsClass => "an error: needs_class",
        ExpectedReading::Undecodable => "an error: undecodable",
    };
    let _ = writeln!(text, "  at `serde`  {at_serde}");
    text.push_str(&annotate_stream(framing, &sent.bytes.expand()));
}

fn show_string(text: &mut String, sent: &SentString, framing: Option<Framing>) {
    let payload = Payload::describing(&sent.payload.expand());
    let _ = writeln!(text, "  string      {payload}");
    text.push_str(&annotate_stream(framing, &sent.bytes.expand()));
}

fn show_handshake(text: &mut String, handshake: &RecordedHandshake, framing: Option<Framing>) {
    let [listener, client] =
        [Role::Listener, Role::Client].map(|end| Payload::describing(&handshake.keys.of(end)));
    let _ = writeln!(text, "  recorded    as {}", handshake.role);
    let _ = writeln!(text, "  keys        listener {listener}; client {client}");
    if let Some(impostor) = handshake.impostor {
        let _ = writeln!(
            text,
            "  impostor    the {impostor}, which accepts any answer"
        );
    }
    for step in &handshake.steps {
        let what = match &step.message {
            RecordedMessage::Challenge { nonce } if step.from == handshake.role => {
                format!("challenge with {} random bytes", nonce.len())
            }
            RecordedMessage::Challenge { nonce } => {
                format!("challenge with {} chosen bytes", nonce.len())
            }
            RecordedMessage::Answer { .. } => {
                "answer, the HMAC-SHA1 of the nonce under its key".into()
            }
            RecordedMessage::Welcome => "verdict: welcome".into(),
            RecordedMessage::Failure => "verdict: failure".into(),
        };
        let _ = writeln!(text, "  {}: {what}", step.from);
        text.push_str(&annotate_stream(framing, &step.bytes.expand()));
    }
    let outcome = match handshake.outcome {
        RecordedOutcome::Connected => "connected",
        RecordedOutcome::Refused => "refused",
    };
    let _ = writeln!(text, "  outcome     {outcome}");
}
