//! The messages of the adapter protocol: the requests of the suite and the answers of a testee.
//!
//! The same types are used for a testee in this process and for one in another process. ADAPTER.md describes their
//! encoding as JSON.

use std::fmt;
use std::num::NonZero;

use num_bigint::BigInt;
use processing_connection::Family;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumDiscriminants, IntoStaticStr, VariantArray};

use super::payload::Payload;
use crate::notation::{Graph, Node};
pub use crate::wire::RawAddress;
use crate::wire::{Dialect, Framing};

/// The version of the adapter protocol that this suite speaks.
pub const PROTOCOL: u32 = 1;

/// A number that identifies one of a testee's listeners or connections.
pub type Handle = u64;

/// A request: an operation, and the id that its reply will have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the suite, and unique within one process.
    pub id: u64,
    /// The operation.
    #[serde(flatten)]
    pub operation: Operation,
}

/// An operation that a testee can be asked to do.
#[derive(Clone, Debug, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "op", rename_all = "snake_case")]
#[strum_discriminants(
    name(OperationName),
    derive(Display, VariantArray),
    strum(serialize_all = "snake_case"),
    doc = "The name of an operation, as in a request's `op`."
)]
pub enum Operation {
    /// Introduce yourself: name, version and capabilities.
    Hello {
        /// The version of the adapter protocol, [`PROTOCOL`].
        protocol: u32,
    },
    /// Create a listener.
    Listen(Listen),
    /// Wait for a client.
    Accept {
        /// The listener.
        listener: Handle,
    },
    /// Connect to a listener.
    Connect(Connect),
    /// Send an object.
    Send {
        /// The connection.
        connection: Handle,
        /// The object, in notation.
        object: Graph,
    },
    /// Receive an object.
    Recv {
        /// The connection.
        connection: Handle,
        /// Whether to describe the object. If not, the answer is [`Answer::Done`].
        #[serde(default = "described", skip_serializing_if = "Clone::clone")]
        describe: bool,
    },
    /// Send a string.
    SendString {
        /// The connection.
        connection: Handle,
        /// Its bytes.
        payload: Payload,
    },
    /// Receive a string.
    RecvString {
        /// The connection.
        connection: Handle,
    },
    /// Check whether something can be received.
    Poll {
        /// The connection.
        connection: Handle,
        /// How long to wait for it, in seconds.
        timeout: f64,
    },
    /// Call `close` on a listener or a connection.
    Close {
        /// The listener or the connection.
        handle: Handle,
    },
    /// Release a listener or a connection without closing it.
    Drop {
        /// The listener or the connection.
        handle: Handle,
    },
}

impl Operation {
    /// The operation that receives an object and describes it.
    pub fn recv(connection: Handle) -> Self {
        Self::Recv {
            connection,
            describe: true,
        }
    }

    /// The operation's name.
    pub fn name(&self) -> OperationName {
        self.into()
    }
}

/// The default of `describe`.
fn described() -> bool {
    true
}

/// The arguments of the seed's `Listener(address=None, family=None, backlog=1)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    /// The address, in the form that the seed accepts.
    pub address: Option<RawAddress>,
    /// The family by name, which may be one that does not exist.
    pub family: Option<String>,
    /// The backlog, or `None` for the implementation's default.
    pub backlog: Option<u32>,
    /// The dialect to speak.
    pub dialect: String,
    /// The key for the handshake, in hexadecimal.
    pub authkey: Option<String>,
}

/// The arguments of the seed's `Client(address, family=None)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connect {
    /// The address, in the form that the seed accepts.
    pub address: Option<RawAddress>,
    /// The family by name, which may be one that does not exist.
    pub family: Option<String>,
    /// The dialect to speak.
    pub dialect: String,
    /// The key for the handshake, in hexadecimal.
    pub authkey: Option<String>,
}

/// The answer to an operation that succeeded.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The answer to `hello`.
    Hello(Box<Hello>),
    /// The answer to `listen`.
    Listening(Listening),
    /// The answer to `accept`: a connection.
    Accepted(Accepted),
    /// The answer to `connect`: a connection.
    Connected(Connected),
    /// The answer to `recv`: the object.
    Object(Graph),
    /// The answer to `recv_string`: the string.
    Payload(Payload),
    /// The answer to `poll`: whether something can be received.
    Ready(bool),
    /// The answer to all other operations.
    Done,
}

/// What a testee claims about itself. The cases hold it to these claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the adapter protocol.
    pub protocol: u32,
    /// The implementation's name.
    pub name: String,
    /// The implementation's version.
    pub version: String,
    /// The runtime, such as the version of the interpreter.
    #[serde(default)]
    pub runtime: String,
    /// The families that it supports on this machine.
    #[serde(with = "family_names")]
    pub families: Vec<Family>,
    /// The dialects that it speaks, the preferred one first.
    pub dialects: Vec<String>,
    /// The highest pickle protocol with which it sends objects.
    #[serde(default = "of_the_releases")]
    pub pickle_protocol: u8,
    /// How much of an object it preserves.
    pub profile: Profile,
    /// The optional operations that it has.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The major version of Python, if the implementation is written in Python.
    #[serde(default)]
    pub python: Option<u32>,
    /// The size of an `int` in bits, if it is limited: in Python 2, an `int` is a C `long`.
    #[serde(default)]
    pub int_bits: Option<NonZero<u32>>,
}

impl Hello {
    /// Those of its dialects that this suite knows.
    pub fn known_dialects(&self) -> impl Iterator<Item = Dialect> {
        self.dialects.iter().filter_map(|name| name.parse().ok())
    }

    /// Its first dialect with this framing.
    pub fn dialect_of(&self, framing: Framing) -> Option<Dialect> {
        self.known_dialects()
            .find(|dialect| dialect.framing == framing)
    }

    /// A type in this object that the testee's Python does not have, if the testee is written in Python.
    ///
    /// Python 3 has a single type of integers, its `str` is not that of Python 2, and its classes have other names. In
    /// Python 2, `bytes` is the same type as `str`, and the size of an `int` is limited.
    pub fn lacks(&self, object: &Graph) -> Option<&'static str> {
        let python = self.python?;
        object.nodes.iter().find_map(|node| match node {
            Node::Int(value) if self.is_beyond_int(value) => Some("int of this size"),
            Node::Long(_) if python > 2 => Some("long"),
            Node::Str(_) if python > 2 => Some("str of Python 2"),
            Node::Global { .. } | Node::Object(_) if python > 2 => Some("class of Python 2"),
            Node::Bytes(_) if python < 3 => Some("bytes of Python 3"),
            _ => None,
        })
    }

    /// A type in this object that the testee's Python does not convert as described at
    /// [`in_its_types`](Self::in_its_types) when it reads a pickle of Python 2: Python 3 decodes the `str` of Python 2
    /// as ASCII text.
    pub fn cannot_receive(&self, object: &Graph) -> Option<&'static str> {
        object.nodes.iter().find_map(|node| match node {
            Node::Str(_) if self.python == Some(3) => Some("str of Python 2"),
            Node::Global { .. } | Node::Object(_) if self.python == Some(3) => {
                Some("class of Python 2")
            }
            _ => None,
        })
    }

    /// The object, with types that the testee's Python has: in Python 2, `long` replaces an `int` that is too large; in
    /// Python 3, `int` replaces `long`, and `bytes` replaces the `str` of Python 2.
    pub fn in_its_types(&self, object: &Graph) -> Graph {
        let mut object = object.clone();
        for node in &mut object.nodes {
            match node {
                Node::Int(value) if self.is_beyond_int(value) => *node = Node::Long(value.clone()),
                Node::Long(value) if self.python == Some(3) => *node = Node::Int(value.clone()),
                Node::Str(bytes) if self.python == Some(3) => *node = Node::Bytes(bytes.clone()),
                _ => {}
            }
        }
        object
    }

    fn is_beyond_int(&self, value: &BigInt) -> bool {
        self.int_bits.is_some_and(|bits| {
            let limit = BigInt::from(1) << (bits.get() - 1);
            *value >= limit || *value < -limit
        })
    }
}

/// The default pickle protocol: every release of `processing` sends protocol 2.
fn of_the_releases() -> u8 {
    2
}

/// How much of an object a testee preserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// It does not support objects.
    Bytes,
    /// Values and their types.
    Serde,
    /// Identity, recursion and every Python type.
    Graph,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Serde => "serde",
            Self::Graph => "graph",
        })
    }
}

/// The answer to `listen`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listening {
    /// The listener's handle.
    pub listener: Handle,
    /// The seed's `address`.
    pub address: Option<RawAddress>,
    /// The seed's `last_accepted`, before the first accept.
    #[serde(default)]
    pub last_accepted: Option<RawAddress>,
}

/// The answer to `accept`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The connection's handle.
    pub connection: Handle,
    /// The listener's `last_accepted` right after `accept`.
    #[serde(default)]
    pub last_accepted: Option<RawAddress>,
}

/// The answer to `connect`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connected {
    /// The connection's handle.
    pub connection: Handle,
}

/// The answer to an operation that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationError {
    /// The kind of error.
    pub kind: ErrorKind,
    /// A message for people.
    #[serde(default)]
    pub message: String,
}

/// The kinds of errors, a closed set. ADAPTER.md says when each applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "ADAPTER.md describes them")]
pub enum ErrorKind {
    Closed,
    Cut,
    TooLong,
    BadHeader,
    Undecodable,
    NeedsClass,
    Limit,
    Unencodable,
    NotOpen,
    Poisoned,
    Refused,
    NotFound,
    InUse,
    BadAddress,
    UnknownHost,
    FamilyUnavailable,
    TimedOut,
    AuthenticationFailed,
    Unclassified,
}

impl ErrorKind {
    /// The kind's name in the adapter protocol.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Serializes families by the names that the seed gives them.
pub(crate) mod family_names {
    use processing_connection::Family;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        families: &[Family],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        families
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Family>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|name| name.parse().map_err(D::Error::custom))
            .collect()
    }
}
