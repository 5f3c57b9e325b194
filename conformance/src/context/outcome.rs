//! What happened in a case. The text of each outcome is stable, because deviations predict it.

use std::fmt;

use processing_connection::Family;
use strum::{Display, VariantArray};
use wildmatch::WildMatch;

use crate::pickle::Unpickler;
use crate::testee::message::{ErrorKind, OperationName};
use crate::testee::session::Trouble;
use crate::wire::{Part, WireError};

/// What happened that should not have happened.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum Outcome {
    /// The wire showed something wrong.
    #[strum(to_string = "wire: {0}")]
    Wire(OnWire),
    /// An operation of the testee did something wrong.
    #[strum(to_string = "{0}: {1}")]
    Operation(OperationName, Did),
    /// The suite found something wrong other than on the wire.
    #[strum(to_string = "suite: {0}")]
    Suite(Found),
    /// The testee's process did not start.
    #[strum(to_string = "never started")]
    NeverStarted,
    /// The testee's process ended.
    #[strum(to_string = "crashed: {status}")]
    Crashed {
        /// For example `exit status 1` or `signal 11 (SIGSEGV)`.
        status: String,
    },
    /// The testee's adapter wrote a line that is not a reply.
    #[strum(to_string = "garbage instead of a reply")]
    Garbage,
    /// The counterpart, which is not under test, did something wrong.
    #[strum(to_string = "counterpart {0}")]
    Counterpart(Box<Outcome>),
    /// An end received a message that it cannot have understood.
    #[strum(to_string = "{0} received a message")]
    Understood(Understanding),
    /// A recording contains an error. The text is only for people.
    #[strum(to_string = "{0}")]
    Recording(String),
}

/// The end of a pair that received a message in a framing that it does not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[strum(serialize_all = "lowercase")]
#[expect(missing_docs, reason = "these are the two ends of a pair")]
pub enum Understanding {
    Testee,
    Counterpart,
}

/// What the wire showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[expect(missing_docs, reason = "the texts describe them")]
pub enum OnWire {
    #[strum(to_string = "end of stream")]
    EndOfStream,
    #[strum(to_string = "reset")]
    Reset,
    #[strum(to_string = "nothing came")]
    NothingCame,
    #[strum(to_string = "system error")]
    SystemError,
    #[strum(to_string = "no end of stream")]
    NoEndOfStream,
    #[strum(to_string = "not a header")]
    NotAHeader,
    #[strum(to_string = "wrong header")]
    WrongHeader,
    #[strum(to_string = "wrong length announced")]
    WrongLength,
    #[strum(to_string = "message too long")]
    MessageTooLong,
    #[strum(to_string = "message too short")]
    MessageTooShort,
    #[strum(to_string = "wrong payload")]
    WrongPayload,
    #[strum(to_string = "bytes before the payload")]
    BytesBeforePayload,
    #[strum(to_string = "bytes before the end of the stream")]
    BytesBeforeEnd,
    #[strum(to_string = "bytes after the reply")]
    BytesAfterReply,
    #[strum(to_string = "bytes after the object")]
    BytesAfterObject,
    #[strum(to_string = "bytes after the pickle")]
    BytesAfterPickle,
    #[strum(to_string = "not a pickle")]
    NotAPickle,
    #[strum(to_string = "pickle protocol {0}")]
    PickleProtocol(u8),
    #[strum(to_string = "a pickle that {0} does not load")]
    NotLoadedBy(Unpickler),
    #[strum(to_string = "a pickle that leaves something on the stack")]
    LeftOnStack,
    #[strum(to_string = "pickle of another object")]
    AnotherObject,
    #[strum(to_string = "wrong challenge")]
    WrongChallenge,
    #[strum(to_string = "the same challenge again")]
    SameChallenge,
    #[strum(to_string = "challenges")]
    Challenges,
    #[strum(to_string = "answers")]
    Answers,
    #[strum(to_string = "welcomes")]
    Welcomes,
    #[strum(to_string = "refuses")]
    Refuses,
    #[strum(to_string = "wrong digest")]
    WrongDigest,
    #[strum(to_string = "digest of the whole challenge")]
    DigestOfChallenge,
    #[strum(to_string = "digest of the nonce without the name")]
    DigestOfNonce,
    #[strum(to_string = "digest without its name")]
    NamelessDigest,
    #[strum(to_string = "digest with a name")]
    NamedDigest,
    #[strum(to_string = "another digest")]
    OtherDigest,
    #[strum(to_string = "verdict of another scheme")]
    OtherVerdict,
    #[strum(to_string = "digest of the key under the nonce")]
    DigestOfKey,
    #[strum(to_string = "something else")]
    SomethingElse,
    #[strum(to_string = "another message")]
    AnotherMessage,
    #[strum(to_string = "another {0}")]
    Another(Part),
}

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[expect(missing_docs, reason = "the texts describe them")]
pub enum Did {
    #[strum(to_string = "error {0}")]
    Error(ErrorKind),
    #[strum(to_string = "succeeded")]
    Succeeded,
    #[strum(to_string = "hung")]
    Hung,
    #[strum(to_string = "waits for more")]
    WaitsForMore,
    #[strum(to_string = "returned {0} bytes")]
    ReturnedBytes(usize),
    #[strum(to_string = "returned an object")]
    ReturnedObject,
    #[strum(to_string = "returned {0}")]
    Returned(bool),
    #[strum(to_string = "wrong bytes")]
    WrongBytes,
    #[strum(to_string = "{actual} bytes instead of {expected}")]
    WrongLength { actual: usize, expected: usize },
    #[strum(to_string = "wrong object")]
    WrongObject,
    #[strum(to_string = "took a message of the handshake for an object")]
    TookHandshakeForObject,
    #[strum(to_string = "taken in by a listener without the key")]
    TakenIn,
    #[strum(to_string = "claimed memory")]
    ClaimedMemory,
    #[strum(to_string = "no address")]
    NoAddress,
    #[strum(to_string = "no path")]
    NoPath,
    #[strum(to_string = "no port in its address")]
    NoPort,
    #[strum(to_string = "family {0}")]
    OfFamily(Family),
    #[strum(to_string = "the same address twice")]
    SameAddressTwice,
    #[strum(to_string = "last_accepted is not None")]
    LastAcceptedIsNotNone,
    #[strum(to_string = "wrong last_accepted")]
    WrongLastAccepted,
    #[strum(to_string = "made a file")]
    MadeFile,
    #[strum(to_string = "made a file with a shorter name")]
    MadeShorterFile,
    #[strum(to_string = "no socket file")]
    NoSocketFile,
    #[strum(to_string = "others may connect")]
    OthersMayConnect,
    #[strum(to_string = "removed a file")]
    RemovedFile,
    #[strum(to_string = "removed somebody's file")]
    RemovedSomebodysFile,
    #[strum(to_string = "somebody's file is gone")]
    SomebodysFileIsGone,
    #[strum(to_string = "somebody's socket file is gone")]
    SomebodysSocketFileIsGone,
}

/// What the suite found other than on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[expect(missing_docs, reason = "the texts describe them")]
pub enum Found {
    #[strum(to_string = "connected")]
    Connected,
    #[strum(to_string = "connection refused")]
    ConnectionRefused,
    #[strum(to_string = "{0} clients connected")]
    ClientsConnected(usize),
    #[strum(to_string = "the socket file is gone")]
    SocketFileIsGone,
    #[strum(to_string = "the socket file is still there")]
    SocketFileIsThere,
    #[strum(to_string = "no stream")]
    NoStream,
    #[strum(to_string = "panicked")]
    Panicked,
}

impl From<OnWire> for Outcome {
    fn from(on_wire: OnWire) -> Self {
        Self::Wire(on_wire)
    }
}

impl From<(OperationName, Did)> for Outcome {
    fn from((operation, did): (OperationName, Did)) -> Self {
        Self::Operation(operation, did)
    }
}

impl From<Found> for Outcome {
    fn from(found: Found) -> Self {
        Self::Suite(found)
    }
}

impl From<&Trouble> for Outcome {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::NeverStarted { .. } => Self::NeverStarted,
            Trouble::Crashed { status, .. } => Self::Crashed {
                status: status.clone(),
            },
            Trouble::Hung { operation, .. } => Self::Operation(*operation, Did::Hung),
            Trouble::Garbage { .. } => Self::Garbage,
        }
    }
}

impl From<&WireError> for Outcome {
    fn from(error: &WireError) -> Self {
        match error {
            WireError::Ended { .. } => OnWire::EndOfStream.into(),
            WireError::Reset { .. } => OnWire::Reset.into(),
            WireError::Quiet { .. } => OnWire::NothingCame.into(),
            WireError::NotAHeader { .. } => OnWire::NotAHeader.into(),
            WireError::TooLong { .. } => OnWire::WrongLength.into(),
            WireError::LongMessage(_) => OnWire::MessageTooLong.into(),
            WireError::NoStream => Found::NoStream.into(),
            WireError::System(_) => OnWire::SystemError.into(),
        }
    }
}

/// The outcome that a deviation predicts: the text of an outcome, with the wildcards `*` and `?`.
#[derive(Clone, PartialEq)]
pub struct OutcomePattern {
    words: String,
    glob: WildMatch,
}

impl OutcomePattern {
    /// Whether this pattern predicts the outcome.
    pub fn matches(&self, outcome: &Outcome) -> bool {
        self.glob.matches(&outcome.to_string())
    }

    /// Whether this pattern predicts an outcome that is known only after a deadline has passed.
    pub fn takes_the_deadline(&self) -> bool {
        let on_wire = [OnWire::NothingCame, OnWire::NoEndOfStream].map(Outcome::Wire);
        let of_operations = OperationName::VARIANTS
            .iter()
            .flat_map(|name| [Did::Hung, Did::WaitsForMore].map(|did| Outcome::from((*name, did))));
        on_wire.into_iter().chain(of_operations).any(|outcome| {
            self.matches(&outcome) || self.matches(&Outcome::Counterpart(Box::new(outcome)))
        })
    }
}

impl From<String> for OutcomePattern {
    fn from(words: String) -> Self {
        let glob = WildMatch::new(&words);
        Self { words, glob }
    }
}

/// Formats only the text.
impl fmt::Debug for OutcomePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.words, f)
    }
}

/// Formats the pattern as it is written in the deviation.
impl fmt::Display for OutcomePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_has_the_text_that_deviations_predict() {
        let wrong_length = Did::WrongLength {
            actual: 3,
            expected: 5,
        };
        let recv_string = OperationName::RecvString;
        let hung = Outcome::from((OperationName::Recv, Did::Hung));
        for (outcome, words) in [
            (OnWire::NoEndOfStream.into(), "wire: no end of stream"),
            (OnWire::Another(Part::Answer).into(), "wire: another answer"),
            (
                (recv_string, wrong_length).into(),
                "recv_string: 3 bytes instead of 5",
            ),
            (
                (OperationName::Close, Did::Error(ErrorKind::NotFound)).into(),
                "close: error not_found",
            ),
            (
                (OperationName::Poll, Did::Returned(false)).into(),
                "poll: returned false",
            ),
            (
                Found::ClientsConnected(7).into(),
                "suite: 7 clients connected",
            ),
            (
                Outcome::Counterpart(Box::new(hung)),
                "counterpart recv: hung",
            ),
            (
                (OperationName::Listen, Did::OfFamily(Family::Unix)).into(),
                "listen: family AF_UNIX",
            ),
        ] {
            assert_eq!(outcome.to_string(), words);
            assert!(OutcomePattern::from(words.to_owned()).matches(&outcome));
        }
    }

    #[test]
    fn only_outcomes_of_waiting_take_the_deadline() {
        let takes = |words: &str| OutcomePattern::from(words.to_owned()).takes_the_deadline();
        for words in [
            "recv*: hung",
            "*: waits for more",
            "wire: nothing came",
            "counterpart recv_string: hung",
        ] {
            assert!(takes(words), "{words}");
        }
        for words in ["*: error closed", "wire: reset", "crashed: *"] {
            assert!(!takes(words), "{words}");
        }
    }
}
