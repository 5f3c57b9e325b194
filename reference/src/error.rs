//! Everything that can go wrong, as one enum to match on.

use std::fmt;
use std::io;

use crate::address::{Address, Family};
use crate::auth::{AuthenticationFailure, Digest, HandshakeStep};
use crate::dialect::Dialect;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong.
///
/// Three kinds are worth telling apart:
///
/// * The stream is **over** or **out of step**: [`Closed`](Error::Closed) is the clean end. After
///   [`CutInHeader`](Error::CutInHeader), [`CutInPayload`](Error::CutInPayload),
///   [`BadHeader`](Error::BadHeader), [`MessageTooLong`](Error::MessageTooLong) and
///   [`Reset`](Error::Reset) inside a message the connection is poisoned, and every later call
///   reports [`Poisoned`](Error::Poisoned) with the first cause.
/// * One **message** was at fault although its frame was intact: [`NotAPickle`](Error::NotAPickle),
///   [`Unrepresentable`](Error::Unrepresentable), [`NeedsClass`](Error::NeedsClass),
///   [`PickleLimit`](Error::PickleLimit), [`Conversion`](Error::Conversion) on receiving,
///   [`CannotPickle`](Error::CannotPickle), [`CannotSend`](Error::CannotSend) on sending. The
///   connection continues with the next message.
/// * An **address** or a **key** was at fault: the error names the address, but never the key.
///   [`AuthenticationFailed`](Error::AuthenticationFailed) from `accept` concerns one client: its
///   connection is closed, and the listener can accept the next one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer closed the connection between two messages.
    #[error("the peer closed the connection between two messages")]
    Closed,

    /// The stream ended inside a header. This poisons the connection.
    #[error(
        "the stream ended inside a header, after {received} of {expected} bytes; \
         the peer died or uses a different dialect"
    )]
    CutInHeader {
        /// The number of bytes of the header that arrived.
        received: usize,
        /// The length of a header in this dialect, in bytes.
        expected: usize,
    },

    /// The stream ended inside a payload, or the pipe was closed inside a message. This poisons the
    /// connection.
    #[error(
        "the stream ended inside a payload, after {received} of {expected} bytes; \
         the peer died while it was sending"
    )]
    CutInPayload {
        /// The number of bytes of the payload that arrived.
        received: u64,
        /// The number of bytes that the header announced, or that the message of a pipe had.
        expected: u64,
    },

    /// A header announced more bytes than the limit allows, or a message of a pipe is longer than
    /// that. This poisons the connection.
    #[error(
        "a message of {length} bytes was announced, but the limit message_length is {limit}; \
         raise the limit, or check that the peer uses the same dialect"
    )]
    MessageTooLong {
        /// The number of bytes that the header announced, or that the message of a pipe has.
        length: u64,
        /// [`Limits::message_length`](crate::Limits::message_length).
        limit: u64,
    },

    /// A header is not valid in its framing. This poisons the connection.
    #[error("invalid {framing} header {header:02x?}; the peer uses a different dialect")]
    BadHeader {
        /// The name of the framing.
        framing: crate::Framing,
        /// The bytes of the header.
        header: Vec<u8>,
    },

    /// The transport was reset: the peer left without reading everything that it was sent, or it
    /// was killed.
    #[error("the peer is gone (connection reset or broken pipe)")]
    Reset {
        /// Whether a part of a message had already been received or sent. If so, the connection is
        /// poisoned.
        inside_message: bool,
    },

    /// An earlier error left the connection out of step. It can only be closed now.
    #[error("the connection has been out of step since an earlier error ({cause}); close it")]
    Poisoned {
        /// The message of the first error.
        cause: String,
    },

    /// The connection, the half or the listener was closed on this side.
    #[error("already closed on this side")]
    NotOpen,

    /// A payload to send is longer than the framing can announce or the limit allows. Nothing was
    /// sent.
    #[error(
        "the payload has {length} bytes, but the limit for sending is {limit}; nothing was sent: \
         raise message_length, or send it in parts"
    )]
    CannotSend {
        /// The length of the payload, in bytes.
        length: u64,
        /// The smaller of [`Limits::message_length`](crate::Limits::message_length) and the longest
        /// payload that the framing can announce.
        limit: u64,
    },

    /// The object cannot be pickled. Nothing was sent.
    #[error("the object cannot be pickled: {reason}; nothing was sent")]
    CannotPickle {
        /// What the pickler reported.
        reason: String,
    },

    /// The payload is not a pickle. Use [`recv_string`](crate::Connection::recv_string) for a
    /// message that the peer sent with `send_string`.
    #[error(
        "the payload is not a pickle: {reason} (byte {offset}); \
         was it sent with send_string?"
    )]
    NotAPickle {
        /// The position in the payload, in bytes from its start.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },

    /// The payload is a pickle of something that has no counterpart in this crate, such as an
    /// object that contains itself.
    #[error("the pickle contains something that cannot be represented: {reason} (byte {offset})")]
    Unrepresentable {
        /// The position in the payload, in bytes from its start.
        offset: usize,
        /// What the pickle contains there.
        reason: String,
    },

    /// The pickle names a class or a function. Unpickling never runs code.
    #[error(
        "the pickle needs {} (byte {offset}), but unpickling never runs code; \
         have the peer send plain values",
        Name(class)
    )]
    NeedsClass {
        /// `module.name`, as the pickle spells it.
        class: String,
        /// The position in the payload, in bytes from its start.
        offset: usize,
    },

    /// The pickle exceeds one of the [`Limits`](crate::Limits).
    #[error("the pickle exceeds the limit {limit} ({allowed}) at byte {offset}")]
    PickleLimit {
        /// The name of the limit.
        limit: &'static str,
        /// What the limit allows.
        allowed: u64,
        /// The position in the payload, in bytes from its start.
        offset: usize,
    },

    /// The object was received, but is not of the requested type.
    #[error("the object is not of the requested type: {reason}")]
    Conversion {
        /// Why the conversion failed.
        reason: String,
    },

    /// Nobody is listening at the address.
    #[error("connection to {address} refused: nobody is listening there")]
    Refused {
        /// The address.
        address: Address,
    },

    /// The `AF_UNIX` path, or the directory in which it should be created, does not exist; or
    /// nobody is listening at the `AF_PIPE` address, so that there is no pipe of that name.
    #[error("{address} not found: no such {}", if let Address::Pipe(_) = address { "pipe" } else { "path" })]
    NotFound {
        /// The address.
        address: Address,
    },

    /// Another socket is bound to the `AF_INET` address, or another listener uses the `AF_PIPE`
    /// address.
    #[error(
        "{address} is in use: choose another {}",
        if let Address::Inet { .. } = address { "port, or 0 for any free port" } else { "name" }
    )]
    AddressInUse {
        /// The address.
        address: Address,
    },

    /// A file already exists at the `AF_UNIX` path. This crate never removes it.
    #[error("{address} already exists: remove the file if no listener is using it")]
    PathExists {
        /// The address.
        address: Address,
    },

    /// An `AF_UNIX` path is too long for a socket address.
    #[error("{address} is too long: it has {length} bytes, but the system allows {limit}")]
    PathTooLong {
        /// The address.
        address: Address,
        /// The length of the path, in bytes.
        length: usize,
        /// The number of bytes that a path may have on this system.
        limit: usize,
    },

    /// The host of an `AF_INET` address has no IPv4 address.
    #[error("unknown host in {address}: {reason}")]
    UnknownHost {
        /// The address.
        address: Address,
        /// What the resolver reported.
        reason: String,
    },

    /// The address is not valid in its family.
    #[error("invalid address {address}: {reason}")]
    BadAddress {
        /// The address.
        address: Address,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The address does not belong to the requested family.
    #[error("{address} is an address of {}, not of {family}", .address.family())]
    FamilyMismatch {
        /// The address.
        address: Address,
        /// The requested family.
        family: Family,
    },

    /// There is no family of this name.
    #[error("unknown family {name:?}: expected AF_INET, AF_UNIX or AF_PIPE")]
    UnknownFamily {
        /// The name.
        name: String,
    },

    /// The family is not available on this system.
    #[error("{family} is not available on this system; AF_INET is available everywhere")]
    FamilyNotAvailable {
        /// The family.
        family: Family,
    },

    /// There is no dialect of this name.
    #[error(
        "unknown dialect {name:?}: expected {}",
        Dialect::names().join(", ")
    )]
    UnknownDialect {
        /// The name.
        name: String,
    },

    /// There is no digest of this name.
    #[error(
        "unknown digest {name:?}: expected {}",
        Digest::ALL.map(Digest::name).join(", ")
    )]
    UnknownDigest {
        /// The name.
        name: String,
    },

    /// The deadline passed.
    #[error(
        "{operation} timed out{}",
        if *.resumable { "; call it again to continue" } else { "; a part of the message may have been sent" }
    )]
    TimedOut {
        /// The operation: `recv`, `send`, `accept` or `connect`.
        operation: &'static str,
        /// Whether the same call can be made again. A receive can always be repeated: the bytes
        /// that arrived are kept. A send can be repeated unless a part of the message was sent,
        /// which poisons the connection; over `AF_PIPE` that cannot be known, so a timeout always
        /// poisons the connection.
        resumable: bool,
    },

    /// The handshake failed, and the connection is closed; or the peer began a handshake although
    /// no key was given on this side.
    #[error("authentication failed at {step}: {reason}")]
    AuthenticationFailed {
        /// The message of the handshake that could not be sent or was not accepted.
        step: HandshakeStep,
        /// Why the handshake failed.
        reason: AuthenticationFailure,
    },

    /// The key is empty. Releases of `processing` differ in whether they accept an empty key.
    #[error("the authkey is empty, so anybody can guess it; for no authentication, leave it out")]
    EmptyKey,

    /// A key was given, but the dialect has no handshake. Nothing was sent.
    #[error(
        "an authkey was given, but the dialect {dialect} has no handshake: choose a dialect that has \
         one, or, for no authentication, leave the key out"
    )]
    NoHandshake {
        /// The dialect.
        dialect: Dialect,
    },

    /// The system reported another error about an address.
    #[error("{address}: {source}")]
    AddressIo {
        /// The address.
        address: Address,
        /// What the system reported.
        source: io::Error,
    },

    /// The system reported another error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A name that a peer chose, escaped and cut to a reasonable length for people to read.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 120;

        match self.0.char_indices().nth(SHOWN) {
            None => write!(f, "{}", self.0.escape_debug()),
            Some((end, _)) => write!(
                f,
                "{}... ({} bytes)",
                self.0[..end].escape_debug(),
                self.0.len()
            ),
        }
    }
}
