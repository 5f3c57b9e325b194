//! [`Connection`], and what its two halves have in common.

mod ahead;
mod authentication;
mod link;
#[cfg(windows)]
mod message;
mod outstanding;
mod partial;
mod recv;
mod send;

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use rustix::fd::{BorrowedFd, OwnedFd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_pickle::Value;

pub(crate) use self::authentication::{Authentication, Handshake, Terms};
pub use self::recv::RecvHalf;
pub use self::send::SendHalf;

use self::link::Link;
use crate::address::Address;
use crate::closer::Closer;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::transport::Transport;

/// The options that listeners and connectors pass on to their connections.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
}

/// One end of a connection, from [`Listener::accept`](crate::Listener::accept) or
/// [`connect`](crate::connect()).
///
/// It is closed when it is dropped.
///
/// # When something goes wrong
///
/// | what | error | the connection afterwards |
/// | --- | --- | --- |
/// | the peer closed between two messages | [`Closed`] | ended |
/// | the stream ended inside a message | [`CutInHeader`] [`CutInPayload`] | poisoned |
/// | the header is invalid, or announces too many bytes | [`BadHeader`] [`MessageTooLong`] | poisoned |
/// | the payload cannot be unpickled or converted | [`NotAPickle`] [`NeedsClass`] … | in step |
/// | the peer requires a key and none was given | [`AuthenticationFailed`] | in step but useless |
/// | the object or string cannot be sent | [`CannotPickle`] [`CannotSend`] | in step, nothing sent |
/// | a receive timed out, at any point | [`TimedOut`] | in step: call again to continue |
/// | a send timed out before its first byte was sent | [`TimedOut`] | in step: call again |
/// | a send timed out later | [`TimedOut`] | poisoned |
///
/// Poisoned means that every later call fails with [`Poisoned`], which names the first cause, and
/// only [`close`](Self::close) still works. Sending and receiving are poisoned together.
///
/// [`Closed`]: crate::Error::Closed
/// [`CutInHeader`]: crate::Error::CutInHeader
/// [`CutInPayload`]: crate::Error::CutInPayload
/// [`BadHeader`]: crate::Error::BadHeader
/// [`MessageTooLong`]: crate::Error::MessageTooLong
/// [`AuthenticationFailed`]: crate::Error::AuthenticationFailed
/// [`NotAPickle`]: crate::Error::NotAPickle
/// [`NeedsClass`]: crate::Error::NeedsClass
/// [`CannotPickle`]: crate::Error::CannotPickle
/// [`CannotSend`]: crate::Error::CannotSend
/// [`TimedOut`]: crate::Error::TimedOut
/// [`Poisoned`]: crate::Error::Poisoned
#[derive(Debug)]
pub struct Connection {
    send: SendHalf,
    recv: RecvHalf,
}

impl Connection {
    pub(crate) fn new(transport: Transport, peer: Option<Address>, options: Options) -> Self {
        let link = Link::new(transport, peer);
        Self {
            send: SendHalf::new(Arc::clone(&link), options),
            recv: RecvHalf::new(link, options),
        }
    }

    /// Sends an object, pickled with protocol 2.
    ///
    /// **`Vec<u8>` and `&[u8]` pickle as a list of integers**, since serde does not distinguish
    /// them from other sequences. Wrap them with the `serde_bytes` crate to send what Python 2
    /// unpickles as `str` and Python 3 as `bytes`, or use [`send_string`](Self::send_string) for
    /// bytes without a pickle.
    ///
    /// # Errors
    ///
    /// * [`CannotPickle`](crate::Error::CannotPickle) if the object cannot be pickled, for example
    ///   an `i128`; nothing was sent.
    /// * Otherwise the errors of [`send_string`](Self::send_string).
    pub fn send<T: Serialize + ?Sized>(&mut self, object: &T) -> Result<()> {
        self.send.send(object)
    }

    /// Receives an object and converts it to a `T`.
    ///
    /// A `str` of Python 2 arrives as bytes; a `unicode` of Python 2 and a `str` of Python 3 arrive
    /// as text. serde turns both into a `String` if they are UTF-8. Tuples, lists and sets are all
    /// sequences. Use [`recv_value`](Self::recv_value) to distinguish them.
    ///
    /// # Errors
    ///
    /// * [`Conversion`](crate::Error::Conversion) if the object is not a `T`.
    /// * Otherwise the errors of [`recv_value`](Self::recv_value).
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.recv.recv()
    }

    /// Sends a value. It preserves what serde's data model loses: the difference between tuples and
    /// lists and between sets and frozensets, integers of any size, and bytes.
    ///
    /// # Errors
    ///
    /// The errors of [`send`](Self::send).
    pub fn send_value(&mut self, value: &Value) -> Result<()> {
        self.send.send_value(value)
    }

    /// Receives an object as a value, without converting it.
    ///
    /// Pickles of protocols 0 to 5 are read. Bytes after the pickle's STOP are ignored, as in
    /// `cPickle.loads`. No code is ever run: a pickle that needs a class is an error.
    ///
    /// # Errors
    ///
    /// * [`NotAPickle`](crate::Error::NotAPickle), [`NeedsClass`](crate::Error::NeedsClass),
    ///   [`Unrepresentable`](crate::Error::Unrepresentable),
    ///   [`PickleLimit`](crate::Error::PickleLimit): the message is lost, but the next one can be
    ///   received.
    /// * [`AuthenticationFailed`](crate::Error::AuthenticationFailed) if the payload is the
    ///   challenge of a handshake: the peer requires a key and none was given on this side.
    /// * Otherwise the errors of [`recv_string`](Self::recv_string).
    pub fn recv_value(&mut self) -> Result<Value> {
        self.recv.recv_value()
    }

    /// Sends bytes as they are.
    ///
    /// The header and the payload are sent in one write; the payload is not copied.
    ///
    /// # Errors
    ///
    /// * [`CannotSend`](crate::Error::CannotSend) if there are more than
    ///   [`message_length`](crate::Limits::message_length) bytes; nothing was sent.
    /// * [`TimedOut`](crate::Error::TimedOut): see [`set_write_timeout`](Self::set_write_timeout).
    /// * [`Reset`](crate::Error::Reset) if the peer is gone,
    ///   [`Poisoned`](crate::Error::Poisoned), [`NotOpen`](crate::Error::NotOpen).
    pub fn send_string(&mut self, string: &[u8]) -> Result<()> {
        self.send.send_string(string)
    }

    /// Receives bytes as they are. They may be a pickle.
    ///
    /// # Errors
    ///
    /// * [`Closed`](crate::Error::Closed) at the end of the stream.
    /// * [`CutInHeader`](crate::Error::CutInHeader), [`CutInPayload`](crate::Error::CutInPayload),
    ///   [`BadHeader`](crate::Error::BadHeader), [`MessageTooLong`](crate::Error::MessageTooLong),
    ///   [`Reset`](crate::Error::Reset) inside a message. These errors poison the connection.
    /// * [`TimedOut`](crate::Error::TimedOut): see [`set_read_timeout`](Self::set_read_timeout).
    /// * [`Poisoned`](crate::Error::Poisoned), [`NotOpen`](crate::Error::NotOpen).
    pub fn recv_string(&mut self) -> Result<Vec<u8>> {
        self.recv.recv_string()
    }

    /// Receives bytes as they are into a buffer that can be reused. Its contents are replaced;
    /// after an error it is empty.
    ///
    /// The buffer grows as bytes arrive, never because a header announces them.
    ///
    /// # Errors
    ///
    /// The errors of [`recv_string`](Self::recv_string).
    pub fn recv_string_into(&mut self, string: &mut Vec<u8>) -> Result<()> {
        self.recv.recv_string_into(string)
    }

    /// Returns whether there is something to receive. Waits for it up to `timeout`, or forever if
    /// that is `None`.
    ///
    /// The result is `true` as soon as one byte of the next message has arrived, even if that is
    /// only a part of the header: a receive may still have to wait for the rest. It is also `true`
    /// at the end of the stream, which a receive then reports. (`processing` has `poll` from 0.30
    /// on.)
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Error::Poisoned), [`NotOpen`](crate::Error::NotOpen).
    pub fn poll(&mut self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        self.recv.poll(timeout)
    }

    /// Limits the time that receiving one message may take, from the call to the last byte of the
    /// message; `None` (the default) waits forever.
    ///
    /// A receive that times out in the middle of a message keeps the bytes that arrived; the next
    /// receive, of any kind, continues from there.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.recv.set_read_timeout(timeout);
    }

    /// Limits the time that sending one message may take, from the call until the system has
    /// accepted the last byte of the message; `None` (the default) waits forever.
    ///
    /// A send that times out before its first byte was sent changes nothing. If it times out later,
    /// a part of the message was sent, and the connection is poisoned.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.send.set_write_timeout(timeout);
    }

    /// Returns the address of the peer: the one to which this end has connected, or the one from
    /// which the listener has accepted it, as [`last_accepted`](crate::Listener::last_accepted)
    /// returned it. It is `None` if it is not known, as for a pipe that was accepted or a stream
    /// that was [attached](crate::Connector::attach), and after [`close`](Self::close).
    pub fn peer_address(&self) -> Option<&Address> {
        self.send.link.as_deref()?.peer()
    }

    /// Returns the socket, for waiting until there is something to receive or until something can
    /// be sent. It is `None` over `AF_PIPE`, and after [`close`](Self::close).
    ///
    /// Bytes that were read ahead are no longer in the socket, so wait only if there are
    /// [none](Self::has_read_ahead). [`wait`](crate::wait) takes them into account itself.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.recv.link.as_deref()?.socket()
    }

    /// Returns whether a part of the next message was read together with an earlier one, so that it
    /// is no longer in the [`socket`](Self::socket).
    pub fn has_read_ahead(&self) -> bool {
        self.recv.has_read_ahead()
    }

    /// Turns the connection back into its socket, and returns the bytes that were read ahead: they
    /// come before everything that will be read from the socket.
    ///
    /// # Errors
    ///
    /// Returns the connection if it is a pipe, if it is closed or poisoned, or if a receive timed
    /// out in the middle of a message.
    pub fn into_socket(self) -> Result<(OwnedFd, Vec<u8>), Box<Self>> {
        let released = match (&self.recv.link, self.recv.all_read_ahead()) {
            (Some(link), Some(ahead)) if link.transport().is_ok() => link
                .release()
                .ok()
                .flatten()
                .map(|socket| (socket, ahead.to_vec())),
            _ => None,
        };
        released.ok_or_else(|| Box::new(self))
    }

    /// Splits the connection into two halves, one for each direction, for use by two threads.
    pub fn split(self) -> (SendHalf, RecvHalf) {
        (self.send, self.recv)
    }

    /// Joins the two halves of a connection again.
    ///
    /// # Errors
    ///
    /// Returns the halves if they belong to different connections or if one of them is closed.
    pub fn join(send: SendHalf, recv: RecvHalf) -> Result<Self, Box<(SendHalf, RecvHalf)>> {
        match (&send.link, &recv.link) {
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => Ok(Self { send, recv }),
            _ => Err(Box::new((send, recv))),
        }
    }

    /// Returns a handle that closes the connection from another thread, both directions at once. A
    /// call that waits then fails with [`NotOpen`](Error::NotOpen), and the peer sees the end of
    /// the stream. The handle also closes the halves into which the connection is
    /// [split](Self::split) later.
    ///
    /// # Errors
    ///
    /// [`NotOpen`](Error::NotOpen) after [`close`](Self::close), or the error of the system if it
    /// cannot create a socket, by which the handle wakes a waiting call on Windows.
    pub fn closer(&self) -> Result<Closer> {
        self.send.link.as_ref().ok_or(Error::NotOpen)?.closer()
    }

    /// Closes the connection; the peer sees the end of the stream. Closing it again does nothing.
    pub fn close(&mut self) {
        if let Some(link) = self.send.link.take() {
            link.shutdown(Shutdown::Both);
        }
        self.recv.link = None;
    }
}

impl AsMut<Connection> for Connection {
    fn as_mut(&mut self) -> &mut Connection {
        self
    }
}

/// Empties a buffer for the next object, and shrinks it if it has grown too large to keep.
fn recycled(mut buffer: Vec<u8>) -> Vec<u8> {
    const KEEP: usize = 1 << 16;

    buffer.clear();
    buffer.shrink_to(KEEP);
    buffer
}
