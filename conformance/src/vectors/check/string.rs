//! A string that was sent.

use super::payload_of;
use crate::context::failure::{EvidenceKind, Failure};
use crate::context::setting::Spoken;
use crate::vectors::SentString;

/// The payload is the string, to the byte.
pub(super) fn check(sent: &SentString, dialect: Spoken) -> Result<(), Failure> {
    let message = sent.bytes.expand();
    let payload = payload_of(&message, dialect.framing())?;
    let string = sent.payload.expand();
    if payload == string {
        return Ok(());
    }
    Err(
        Failure::recording("another payload than the string", "the string as it is")
            .breaks("string.raw")
            .showing(EvidenceKind::String, &string, payload),
    )
}
