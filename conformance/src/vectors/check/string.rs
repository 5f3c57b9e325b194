//! Checks a recorded string.

use super::payload_of;
use crate::context::failure::{EvidenceKind, Failure};
use crate::context::setting::Spoken;
use crate::vectors::SentString;

/// Checks that the payload is exactly the string.
pub(super) fn check(sent: &SentString, dialect: Spoken) -> Result<(), Failure> {
    let message = sent.bytes.expand();
    let payload = payload_of(&message, dialect.framing())?;
    let string = sent.payload.expand();
    if payload == string {
        return Ok(());
    }
    Err(
        Failure::recording("the payload is not the string", "exactly the string")
            .breaks("string.raw")
            .showing(EvidenceKind::String, &string, payload),
    )
}
