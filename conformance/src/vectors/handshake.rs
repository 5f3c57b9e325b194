//! A recorded handshake, message by message.

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use crate::wire::handshake::Scheme;
use crate::wire::{Part, Role};

/// The handshake of every vector in format 1.
pub(crate) const SCHEME: Scheme = Scheme::Processing;

/// A handshake of a peer, which may have failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedHandshake {
    /// A stable name.
    pub id: String,
    /// The role of the peer. The suite was the other end.
    pub role: Role,
    /// The keys of both ends.
    pub keys: Keys,
    /// The end that accepts any answer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impostor: Option<Role>,
    /// The messages, in order.
    pub steps: Vec<RecordedStep>,
    /// The result for the peer.
    pub outcome: RecordedOutcome,
}

/// The keys of both ends, which may be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The listener's key.
    pub listener: Bytes,
    /// The client's key.
    pub client: Bytes,
}

impl Keys {
    /// The key of an end.
    pub fn of(&self, end: Role) -> Vec<u8> {
        match end {
            Role::Listener => self.listener.expand(),
            Role::Client => self.client.expand(),
        }
    }
}

/// One message of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedStep {
    /// The end that sent it.
    pub from: Role,
    /// The decoded message.
    #[serde(rename = "is")]
    pub message: RecordedMessage,
    /// The bytes on the wire, including the header.
    pub bytes: Bytes,
}

/// A decoded message of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RecordedMessage {
    /// A challenge.
    Challenge {
        /// The nonce that the answer must sign. It is random if the peer chose it.
        #[serde(with = "hex")]
        nonce: Vec<u8>,
    },
    /// An answer.
    Answer {
        /// HMAC-SHA1 of the nonce under the key.
        #[serde(with = "hex")]
        digest: Vec<u8>,
    },
    /// The verdict on a right answer.
    Welcome,
    /// The verdict on a wrong answer.
    Failure,
}

impl RecordedMessage {
    /// Decodes a payload as this part of a handshake.
    pub(super) fn parse(part: Part, payload: &[u8]) -> Option<Self> {
        match part {
            Part::Challenge => SCHEME.nonce(payload).map(|nonce| Self::Challenge {
                nonce: nonce.to_vec(),
            }),
            Part::Answer => Some(Self::Answer {
                digest: payload.to_vec(),
            }),
            Part::Verdict if payload == SCHEME.welcome() => Some(Self::Welcome),
            Part::Verdict if payload == SCHEME.failure() => Some(Self::Failure),
            Part::Verdict => None,
        }
    }

    /// The payload of the message.
    pub fn payload(&self) -> Vec<u8> {
        match self {
            Self::Challenge { nonce } => SCHEME.challenge(nonce),
            Self::Answer { digest } => digest.clone(),
            Self::Welcome => SCHEME.welcome().to_vec(),
            Self::Failure => SCHEME.failure().to_vec(),
        }
    }
}

/// The result of a handshake for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedOutcome {
    /// The peer got a connection.
    Connected,
    /// The peer reported an error and closed the stream.
    Refused,
}
