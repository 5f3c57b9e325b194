//! What a case expected to happen.

use strum::Display;

use crate::notation::Graph;
use crate::testee::message::{ErrorKind, OperationName};
use crate::wire::Part;

/// What should have happened.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum Expectation {
    /// An operation succeeds.
    #[strum(to_string = "{0} succeeds")]
    Success(OperationName),
    /// An operation is an error.
    #[strum(to_string = "{operation} is an error ({kinds})")]
    Error {
        /// The operation.
        operation: OperationName,
        /// The kinds of error, one of which is recommended.
        kinds: Kinds,
    },
    /// An error has one of these kinds.
    #[strum(to_string = "an error of kind {0}")]
    Kind(Kinds),
    /// A message of a handshake comes.
    #[strum(to_string = "{0}")]
    Handshake(HandshakeMessage),
    /// A server returns an object inside a list.
    #[strum(to_string = "[{object}], pickled, in one message")]
    Boxed {
        /// The object that was sent to it, as a Python expression.
        object: String,
    },
    /// A client disconnects after it has received its reply.
    #[strum(to_string = "the client leaves once it has the reply")]
    Leaves,
    /// Any other expectation. The text is only for people.
    #[strum(to_string = "{0}")]
    Words(String),
}

impl Expectation {
    /// The expectation that a server returns this object inside a list.
    pub fn boxed(object: &Graph) -> Self {
        const SHOWN: usize = 200;
        Self::Boxed {
            object: object.python(SHOWN),
        }
    }

    /// Whether an error of this kind was expected.
    pub fn includes(&self, kind: ErrorKind) -> bool {
        match self {
            Self::Error { kinds, .. } | Self::Kind(kinds) => kinds.0.contains(&kind),
            Self::Success(_)
            | Self::Handshake(_)
            | Self::Boxed { .. }
            | Self::Leaves
            | Self::Words(_) => false,
        }
    }
}

/// Kinds of error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(pub Vec<ErrorKind>);

/// `closed or cut`.
impl std::fmt::Display for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|kind| kind.name()).collect();
        f.pad(&names.join(" or "))
    }
}

/// A message of a handshake that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[expect(missing_docs, reason = "the texts describe them")]
pub enum HandshakeMessage {
    #[strum(to_string = "the testee's challenge")]
    Challenge,
    #[strum(to_string = "the answer to the challenge")]
    Answer,
    #[strum(to_string = "the welcome after a right answer")]
    Welcome,
    #[strum(to_string = "the refusal of a wrong answer")]
    Refusal,
    /// A message of a recorded handshake.
    #[strum(to_string = "the recorded {0}")]
    Recorded(Part),
}

impl From<HandshakeMessage> for Expectation {
    fn from(message: HandshakeMessage) -> Self {
        Self::Handshake(message)
    }
}

impl From<&str> for Expectation {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<String> for Expectation {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}
