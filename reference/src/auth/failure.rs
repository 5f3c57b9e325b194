//! Why a handshake failed.

use std::fmt;

use super::Digest;

/// Why a handshake failed: the reason in
/// [`Error::AuthenticationFailed`](crate::Error::AuthenticationFailed). It never contains a key or
/// a correct answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationFailure {
    /// The peer's answer to our challenge is not the correct one for our key. The peer was sent a
    /// refusal.
    #[error("the answer is wrong: the peer has a different key")]
    WrongAnswer,

    /// The peer refused our answer to its challenge.
    #[error("our answer was refused: the peer has a different key")]
    Refused,

    /// The peer sent our own challenge back. It was not answered.
    #[error("our own challenge came back: the peer wants us to answer it ourselves")]
    Reflected,

    /// A message, or a header, was received that is not valid at this step.
    #[error("received {} instead; does the peer also have a key?", Excerpt(.received))]
    Unexpected {
        /// The message, or the header.
        received: Vec<u8>,
    },

    /// A message was received that belongs to the handshake of another dialect.
    #[error(
        "received {} instead, which belongs to the handshake of another dialect: choose the dialect \
         that the peer uses",
        Excerpt(.received)
    )]
    OtherScheme {
        /// The message.
        received: Vec<u8>,
    },

    /// The peer's challenge names no digest that is known here. It was not answered.
    #[error("the challenge {} names no known digest", Excerpt(.received))]
    UnknownDigest {
        /// The challenge.
        received: Vec<u8>,
    },

    /// The peer asked for a digest, or used one, that is not accepted on this side, or that the
    /// challenge of this side did not ask for.
    #[error("the peer uses the digest {digest}, which this side does not accept here")]
    DigestRefused {
        /// The digest of the peer.
        digest: Digest,
    },

    /// The peer's challenge has too few random bytes. It was not answered: with few possible
    /// challenges, a correct answer could be used again.
    #[error("the challenge is too short: it has only {length} bytes")]
    ShortChallenge {
        /// The number of bytes, without the prefix and the name of a digest.
        length: usize,
    },

    /// A header announced more bytes than any message of a handshake has.
    #[error(
        "the header announces {length} bytes, but the limit handshake_length is {limit}; does the \
         peer also have a key, and use the same dialect?"
    )]
    TooLong {
        /// The number of bytes that the header announced.
        length: u64,
        /// [`Limits::handshake_length`](crate::Limits::handshake_length).
        limit: u64,
    },

    /// The handshake did not finish within its timeout.
    #[error("timed out; does the peer also have a key, and use the same dialect?")]
    TimedOut,

    /// The client had to make room for another one: too many were waiting at the listener, and it
    /// had waited longest.
    #[error("too many clients were waiting, and this one had not answered for the longest time")]
    Displaced,

    /// The peer closed the connection, or died.
    #[error("the peer is gone; it may have a different key, or none")]
    PeerLeft,

    /// The system reported something else about the connection.
    #[error("the connection broke: {error}")]
    Broken {
        /// What the system reported.
        error: String,
    },

    /// There is no key on this side, but the message that was received is a challenge.
    #[error("the peer requires a key, but there is none on this side: set authkey")]
    KeyWanted,
}

/// The beginning of a message, in a readable form.
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
