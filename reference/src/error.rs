//! Everything that can go wrong, as one enum to match on.

use std::fmt;
use std::io;

use crate::address::{Address, Family};
use crate::auth::{AuthenticationFailure, HandshakeStep};
use crate::dialect::Dialect;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong.
///
/// Three kinds are worth telling apart:
///
/// * The stream is **over** or **out of step**: [`Closed`](Error::Closed) is the clean end; after
///   [`CutInHeader`](Error::CutInHeader), [`CutInPayload`](Error::CutInPayload),
///   [`BadHeader`](Error::BadHeader), [`MessageTooLong`](Error::MessageTooLong) and
///   [`Reset`](Error::Reset) inside a message the connection is poisoned, and every later call
///   reports [`Poisoned`](Error::Poisoned) with the first cause.
/// * One **message** was at fault while its frame was sound: [`NotAPickle`](Error::NotAPickle),
///   [`Unrepresentable`](Error::Unrepresentable), [`NeedsClass`](Error::NeedsClass),
///   [`PickleLimit`](Error::PickleLimit), [`Conversion`](Error::Conversion) on receiving,
///   [`CannotPickle`](Error::CannotPickle), [`CannotSend`](Error::CannotSend) on sending. The
///   connection goes on with the next message.
/// * An **address** or a **key** was at fault: the error names the address, and never the key.
///   [`AuthenticationFailed`](Error::AuthenticationFailed) from `accept` concerns one client: its
///   connection is closed, and the listener goes on with the next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer closed the connection, and did so between two messages.
    #[error("the peer closed the connection; no message was cut")]
    Closed,

    /// The stream ended inside a header. Poisons the connection.
    #[error(
        "the stream ended inside a header: {received} of {expected} bytes came; \
         the peer died or speaks another dialect"
    )]
    CutInHeader {
        /// Bytes of the header that came.
        received: usize,
        /// Bytes a header has in this dialect.
        expected: usize,
    },

    /// The stream ended inside a payload, or a pipe inside a message. Poisons the connection.
    #[error(
        "the stream ended inside a payload: {received} of {expected} bytes came; \
         the peer died while it was sending"
    )]
    CutInPayload {
        /// Bytes of the payload that came.
        received: u64,
        /// Bytes the header announced, or the message of a pipe had.
        expected: u64,
    },

    /// A header announced more bytes than the limit allows, or a message of a pipe has more.
    /// Poisons the connection.
    #[error(
        "a message of {length} bytes was announced, the limit message_length is {limit}; \
         raise the limit, or check that the peer speaks the same dialect"
    )]
    MessageTooLong {
        /// Bytes the header announced, or the message of a pipe has.
        length: u64,
        /// [`Limits::message_length`](crate::Limits::message_length).
        limit: u64,
    },

    /// A header has bytes that its framing does not allow. Poisons the connection.
    #[error("not a header of framing {framing}: {header:02x?}; the peer speaks another dialect")]
    BadHeader {
        /// The name of the framing.
        framing: crate::Framing,
        /// The bytes that came.
        header: Vec<u8>,
    },

    /// The transport was reset: the peer went away without reading all it was sent, or was killed.
    #[error("the peer is gone (connection reset or broken pipe)")]
    Reset {
        /// Whether a part of a message had come (receiving) or left (sending). If so the
        /// connection is poisoned.
        inside_message: bool,
    },

    /// An earlier error left the connection out of step. Only closing it is possible now.
    #[error("the connection is out of step since an earlier error ({cause}); close it")]
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
        "the payload has {length} bytes, the limit for sending is {limit}; nothing was sent: \
         raise message_length, or send it in parts"
    )]
    CannotSend {
        /// Bytes of the payload.
        length: u64,
        /// The smaller of [`Limits::message_length`](crate::Limits::message_length) and what the
        /// framing can announce.
        limit: u64,
    },

    /// The object cannot be pickled. Nothing was sent.
    #[error("the object cannot be pickled: {reason}; nothing was sent")]
    CannotPickle {
        /// What the pickler said.
        reason: String,
    },

    /// The payload is not a pickle. Use [`recv_string`](crate::Connection::recv_string) for a
    /// message that the peer sent with `send_string`.
    #[error(
        "the payload is not a pickle: {reason} (byte {offset}); \
         was it sent with send_string?"
    )]
    NotAPickle {
        /// Where in the payload, in bytes from its start.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },

    /// The payload is a pickle of something that has no counterpart here, such as an object that
    /// contains itself.
    #[error("the pickle holds what cannot be represented: {reason} (byte {offset})")]
    Unrepresentable {
        /// Where in the payload, in bytes from its start.
        offset: usize,
        /// What it holds.
        reason: String,
    },

    /// The pickle names a class or a function. Unpickling never runs code.
    #[error(
        "the pickle needs {} (byte {offset}), and unpickling never runs code; \
         let the peer send plain values",
        Name(class)
    )]
    NeedsClass {
        /// `module.name`, as the pickle spells it.
        class: String,
        /// Where in the payload, in bytes from its start.
        offset: usize,
    },

    /// The pickle is over one of the [`Limits`](crate::Limits).
    #[error("the pickle is over the limit {limit} ({allowed}) at byte {offset}")]
    PickleLimit {
        /// The name of the limit.
        limit: &'static str,
        /// What the limit allows.
        allowed: u64,
        /// Where in the payload, in bytes from its start.
        offset: usize,
    },

    /// The object came, but is not of the type that was asked for.
    #[error("the object is not of the type asked for: {reason}")]
    Conversion {
        /// What did not fit.
        reason: String,
    },

    /// Nobody listens at the address.
    #[error("connection to {address} refused: nobody listens there (any more)")]
    Refused {
        /// The address.
        address: Address,
    },

    /// The `AF_UNIX` path, or the directory it is to be made in, does not exist; or nobody listens
    /// at the `AF_PIPE` address (any more), so that there is no pipe of that name.
    #[error("{address} not found: no such {}", if let Address::Pipe(_) = address { "pipe" } else { "path" })]
    NotFound {
        /// The address.
        address: Address,
    },

    /// Another socket is bound to the `AF_INET` address, or another listener has the `AF_PIPE`
    /// address.
    #[error(
        "{address} is in use: choose another {}",
        if let Address::Pipe(_) = address { "name" } else { "port, or 0 for any free one" }
    )]
    AddressInUse {
        /// The address.
        address: Address,
    },

    /// There is a file at the `AF_UNIX` path already. It is never removed here.
    #[error("{address} exists already: remove the file if no listener uses it any more")]
    PathExists {
        /// The address.
        address: Address,
    },

    /// An `AF_UNIX` path is too long for a socket address.
    #[error("{address} is too long: {length} bytes, the system allows {limit}")]
    PathTooLong {
        /// The address.
        address: Address,
        /// Bytes of the path.
        length: usize,
        /// Bytes a path may have on this system.
        limit: usize,
    },

    /// The host of an `AF_INET` address has no IPv4 address.
    #[error("unknown host in {address}: {reason}")]
    UnknownHost {
        /// The address.
        address: Address,
        /// What the resolver said.
        reason: String,
    },

    /// The address cannot be an address of its family.
    #[error("bad address {address}: {reason}")]
    BadAddress {
        /// The address.
        address: Address,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The family asked for is not the family of the address.
    #[error("{address} is an address of {}, not of {family}", .address.family())]
    FamilyMismatch {
        /// The address.
        address: Address,
        /// The family asked for.
        family: Family,
    },

    /// There is no family of this name.
    #[error("unknown family {name:?}: valid are AF_INET, AF_UNIX and AF_PIPE")]
    UnknownFamily {
        /// The name.
        name: String,
    },

    /// The family is not available on this system.
    #[error("{family} is not available here; AF_INET is everywhere")]
    FamilyNotAvailable {
        /// The family.
        family: Family,
    },

    /// There is no dialect of this name.
    #[error(
        "unknown dialect {name:?}: valid are hex8, le32, be32, le32+hmac-sha1 and be32+hmac-sha1"
    )]
    UnknownDialect {
        /// The name.
        name: String,
    },

    /// The deadline passed.
    #[error(
        "timed out in {operation}{}",
        if *.resumable { "; call again to go on" } else { "; a part of the message may have left" }
    )]
    TimedOut {
        /// `recv`, `send`, `accept`, or `connect` if every instance of a pipe stayed busy.
        operation: &'static str,
        /// Whether the same call can be made again. A receive that timed out always can: what
        /// came is kept. A send can unless a part of the message had left, which poisons the
        /// connection; over `AF_PIPE` that cannot be known, and it always does.
        resumable: bool,
    },

    /// The handshake failed, and the connection is closed; or there was none, since no key was
    /// given, and the peer began one.
    #[error("authentication failed at {step}: {reason}")]
    AuthenticationFailed {
        /// The message of the handshake that was not sent or not accepted.
        step: HandshakeStep,
        /// What was wrong with it.
        reason: AuthenticationFailure,
    },

    /// A key has no bytes. Releases of `processing` differ in whether that is a key.
    #[error("the authkey is empty: anybody has it; leave it out to do without authentication")]
    EmptyKey,

    /// A key was given, and the dialect has no handshake to use it in. Nothing was sent.
    #[error(
        "there is an authkey, and the dialect {dialect} has no handshake: choose one that has, \
         or leave the key out to do without authentication"
    )]
    NoHandshake {
        /// The dialect.
        dialect: Dialect,
    },

    /// The system reported something else about an address.
    #[error("{address}: {source}")]
    AddressIo {
        /// The address.
        address: Address,
        /// What the system reported.
        source: io::Error,
    },

    /// The system reported something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A name that a peer chose, for people: as long as names are.
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
