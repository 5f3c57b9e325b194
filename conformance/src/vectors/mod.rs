//! Vectors: bytes that were recorded from live peers, with their meaning and provenance.
//!
//! The files are those of the crate `processing-vectors`, whose README describes their format, or the user's own. They
//! are [parsed](File::parse), [checked](check()) against the reference and the suite's own pickle machine without any
//! Python, and [recorded](mod@record) from live peers, never written by hand. Each vector is also a case for any
//! testee.

mod bytes;
pub mod check;
mod distinct;
mod file;
mod handshake;
pub mod record;
mod text;

pub use bytes::{Bytes, Fill, Piece};
pub use check::{Finding, check};
pub use distinct::{Distinct, Recorded, distinct};
pub use file::{
    Compiler, ExpectedReading, File, FileError, Platform, Provenance, ReadsAs, SentObject,
    SentString, Vector,
};
pub(crate) use handshake::SCHEME;
pub use handshake::{Keys, RecordedHandshake, RecordedMessage, RecordedOutcome, RecordedStep};

/// The names and the texts of the built-in files of vectors.
pub fn embedded_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    processing_vectors::FILES.iter().copied()
}
