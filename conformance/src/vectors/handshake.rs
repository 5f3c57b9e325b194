//! A handshake, message by message.

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use crate::wire::handshake::Scheme;
use crate::wire::{Part, Role};

/// The handshake of every vector in format 1.
pub(super) const SCHEME: Scheme = Scheme::Processing;

/// How a peer got connected, or not, with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Stable, in words.
    pub id: String,
    /// Which end the peer was; the suite was the other one.
    pub role: Role,
    /// The keys of both ends.
    pub keys: Keys,
    /// The end that takes any answer for right, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impostor: Option<Role>,
    /// The messages, in order.
    pub steps: Vec<Step>,
    /// What came of it.
    pub outcome: Outcome,
}

/// The keys of both ends, which may be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The listener's.
    pub listener: Bytes,
    /// The client's.
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
pub struct Step {
    /// Who sent it.
    pub from: Role,
    /// What it says.
    #[serde(rename = "is")]
    pub message: Message,
    /// What was on the wire, header included.
    pub bytes: Bytes,
}

/// What a message of a handshake says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// Prove that you know the key.
    Challenge {
        /// What the proof is to be over: random, when a peer chose it.
        #[serde(with = "hex")]
        nonce: Vec<u8>,
    },
    /// The proof.
    Answer {
        /// HMAC-SHA1 of the nonce under the key.
        #[serde(with = "hex")]
        digest: Vec<u8>,
    },
    /// The proof is good.
    Welcome,
    /// The proof is not good.
    Failure,
}

impl Message {
    /// The message that a payload is, in its place in the handshake.
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

    /// The payload that says it.
    pub fn payload(&self) -> Vec<u8> {
        match self {
            Self::Challenge { nonce } => SCHEME.challenge(nonce),
            Self::Answer { digest } => digest.clone(),
            Self::Welcome => SCHEME.welcome().to_vec(),
            Self::Failure => SCHEME.failure().to_vec(),
        }
    }
}

/// What came of a handshake, at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A connection.
    Connected,
    /// An error, and the end of the stream.
    Refused,
}
