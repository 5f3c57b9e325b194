//! Why a handshake failed.

use std::fmt;

/// Why a handshake failed, in [`Error::AuthenticationFailed`](crate::Error::AuthenticationFailed).
/// Neither a key nor a right answer is ever in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationFailure {
    /// The peer did not answer our challenge as the key demands. It was told so.
    #[error("the answer is wrong: the peer has another key")]
    WrongAnswer,

    /// The peer did not take our answer to its challenge for right.
    #[error("our answer was refused: the peer has another key")]
    Refused,

    /// The peer's challenge is our own. It was not answered.
    #[error("our own challenge came back: the peer wants us to answer for it")]
    Reflected,

    /// A message, or a header, came that is not what the step demands.
    #[error(
        "{} came instead; has the peer a key, too?", Excerpt(.received)
    )]
    Unexpected {
        /// The message, or the header.
        received: Vec<u8>,
    },

    /// A header announced more than any message of a handshake has.
    #[error(
        "the header announces {length} bytes, the limit handshake_length is {limit}; has the \
         peer a key, too, and the same dialect?"
    )]
    TooLong {
        /// Bytes the header announced.
        length: u64,
        /// [`Limits::handshake_length`](crate::Limits::handshake_length).
        limit: u64,
    },

    /// The handshake was not over within its timeout.
    #[error("timed out; has the peer a key, too, and the same dialect?")]
    TimedOut,

    /// The peer closed the connection, or died.
    #[error("the peer is gone; it may have another key, or none")]
    PeerLeft,

    /// The system reported something else about the connection.
    #[error("the connection broke: {error}")]
    Broken {
        /// What the system reported.
        error: String,
    },

    /// There is no key on this side, and the message that came is a challenge.
    #[error("the peer wants a key, and there is none on this side: set authkey")]
    KeyWanted,
}

/// The beginning of a message, for people.
struct Excerpt<'a>(&'a [u8]);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;

        let shown = &self.0[..self.0.len().min(SHOWN)];
        write!(f, "b\"{}\"", shown.escape_ascii())?;
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more bytes"),
        }
    }
}
