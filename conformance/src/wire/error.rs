//! What can go wrong on a wire.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::Framing;

/// What went wrong on a wire, from the suite's side.
#[derive(Debug, Error)]
pub enum WireError {
    /// The stream ended.
    #[error("the stream ended after {} of {expected} bytes", got.len())]
    Ended {
        /// What came before the end.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
    },
    /// The connection was reset; for most purposes an end of stream with force.
    #[error("the connection was reset after {} of {expected} bytes", got.len())]
    Reset {
        /// What came before.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
    },
    /// Nothing (more) came in time.
    #[error("only {} of {expected} bytes came within {} s", got.len(), after.as_secs_f32())]
    Quiet {
        /// What came.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
        /// How long the suite waited.
        after: Duration,
    },
    /// Bytes that are not a header.
    #[error("{} is not a header of {framing}", hex::encode(header))]
    NotAHeader {
        /// Its bytes.
        header: Vec<u8>,
        /// The framing it should have.
        framing: Framing,
    },
    /// A header announces more than any case makes a testee send.
    #[error("the header announces {announced} bytes, more than was sent")]
    TooLong {
        /// The header's bytes.
        header: Vec<u8>,
        /// What it announces.
        announced: u64,
    },
    /// A message of a pipe is longer than anything that a case makes a testee send.
    #[error("a message of at least {0} bytes came, more than was sent")]
    LongMessage(usize),
    /// Something was to be done to the bytes of a stream, and the connection is a pipe: a fault of the case.
    #[error("a pipe has messages, and no stream of bytes")]
    NoStream,
    /// Something of the system.
    #[error(transparent)]
    System(#[from] io::Error),
}
