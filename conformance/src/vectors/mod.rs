//! Vectors: bytes recorded off live peers, with what they mean and where they are from.
//!
//! The files are those of the crate `processing-vectors`, whose README describes their form; others may have their
//! own. They are [loaded](File::parse), [checked](check()) against the reference and the suite's own model of pickles
//! without any Python, and [recorded](mod@record) off live peers, never written by hand. Each vector is a case for
//! any testee, too.

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
    AtGraph, AtSerde, Compiler, File, FileError, Platform, Provenance, ReadsAs, SentObject,
    SentString, Vector,
};
pub use handshake::{Handshake, Keys, Message, Outcome, Step};

/// The recordings that the suite brings along: the names of the files, and their texts.
pub fn embedded_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    processing_vectors::FILES.iter().copied()
}
