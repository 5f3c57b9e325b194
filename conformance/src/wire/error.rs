//! What can go wrong on a wire.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::Framing;

/// What went wrong on a wire, as seen by the suite.
#[derive(Debug, Error)]
pub enum WireError {
    /// The stream ended.
    #[error("the stream ended after {} of {expected} bytes", got.len())]
    Ended {
        /// The bytes that came before the end.
        got: Vec<u8>,
        /// How many bytes were expected.
        expected: usize,
    },
    /// The connection was reset. Most cases treat this like the end of the stream.
    #[error("the connection was reset after {} of {expected} bytes", got.len())]
    Reset {
        /// The bytes that came before the reset.
        got: Vec<u8>,
        /// How many bytes were expected.
        expected: usize,
    },
    /// Not all of the bytes came in time.
    #[error("only {} of {expected} bytes came within {} s", got.len(), after.as_secs_f32())]
    Quiet {
        /// The bytes that came.
        got: Vec<u8>,
        /// How many bytes were expected.
        expected: usize,
        /// How long the suite waited.
        after: Duration,
    },
    /// The bytes in place of a header are not valid.
    #[error("{} is not a header of {framing}", hex::encode(header))]
    NotAHeader {
        /// The bytes.
        header: Vec<u8>,
        /// The framing that was expected.
        framing: Framing,
    },
    /// A header announces a longer payload than any case asks a testee to send.
    #[error("the header announces {announced} bytes, more than was sent")]
    TooLong {
        /// The header's bytes.
        header: Vec<u8>,
        /// The length that it announces.
        announced: u64,
    },
    /// A message on a pipe is longer than any message that a case asks a testee to send.
    #[error("a message of at least {0} bytes came, more than was sent")]
    LongMessage(usize),
    /// The case used an operation on streams, but the connection is a pipe. This is a fault of the case.
    #[error("a pipe carries messages, not a stream of bytes")]
    NoStream,
    /// The system reported an error.
    #[error(transparent)]
    System(#[from] io::Error),
}
