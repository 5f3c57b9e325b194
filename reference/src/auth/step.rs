//! The six messages of a handshake.

use std::fmt;

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The end that accepted the connection. It challenges first.
    Listener,
    /// The end that connected.
    Client,
}

/// One message of a handshake, in the order in which the messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandshakeStep {
    /// Random bytes, from the listener.
    ListenerChallenge,
    /// An HMAC of them under the key, from the client.
    ClientAnswer,
    /// Whether that is correct, from the listener.
    ListenerVerdict,
    /// Random bytes, from the client.
    ClientChallenge,
    /// An HMAC of them under the key, from the listener.
    ListenerAnswer,
    /// Whether that is correct, from the client.
    ClientVerdict,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Challenge,
    Answer,
    Verdict,
}

impl HandshakeStep {
    pub(crate) const FIRST: Self = Self::ListenerChallenge;

    /// Returns the end that sends this message.
    pub fn sender(self) -> Role {
        match self {
            Self::ListenerChallenge | Self::ListenerVerdict | Self::ListenerAnswer => {
                Role::Listener
            }
            Self::ClientAnswer | Self::ClientChallenge | Self::ClientVerdict => Role::Client,
        }
    }

    pub(super) fn part(self) -> Part {
        match self {
            Self::ListenerChallenge | Self::ClientChallenge => Part::Challenge,
            Self::ClientAnswer | Self::ListenerAnswer => Part::Answer,
            Self::ListenerVerdict | Self::ClientVerdict => Part::Verdict,
        }
    }

    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::ListenerChallenge => Some(Self::ClientAnswer),
            Self::ClientAnswer => Some(Self::ListenerVerdict),
            Self::ListenerVerdict => Some(Self::ClientChallenge),
            Self::ClientChallenge => Some(Self::ListenerAnswer),
            Self::ListenerAnswer => Some(Self::ClientVerdict),
            Self::ClientVerdict => None,
        }
    }
}

impl fmt::Display for HandshakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListenerChallenge => "the listener's challenge",
            Self::ClientAnswer => "the client's answer",
            Self::ListenerVerdict => "the listener's verdict",
            Self::ClientChallenge => "the client's challenge",
            Self::ListenerAnswer => "the listener's answer",
            Self::ClientVerdict => "the client's verdict",
        })
    }
}
