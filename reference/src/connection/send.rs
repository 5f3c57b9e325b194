//! The sending half.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_pickle::Value;

use super::Options;
use super::link::{Link, is_reset};
#[cfg(windows)]
use super::message;
use crate::deadline::{Deadline, Ready};
use crate::error::{Error, Result};
use crate::object;
use crate::transport::{Stream, Transport};

/// The sending half of a [`Connection`](crate::Connection), from
/// [`split`](crate::Connection::split).
///
/// Dropping it alone changes nothing for the peer; the connection closes when both halves are
/// dropped.
#[derive(Debug)]
pub struct SendHalf {
    pub(super) link: Option<Arc<Link>>,
    options: Options,
    timeout: Option<Duration>,
    /// A buffer that is kept between objects, so that pickling does not allocate each time.
    pickle: Vec<u8>,
}

impl SendHalf {
    pub(super) fn new(link: Arc<Link>, options: Options) -> Self {
        Self {
            link: Some(link),
            options,
            timeout: options.write_timeout,
            pickle: Vec::new(),
        }
    }

    /// See [`Connection::send`](crate::Connection::send).
    pub fn send<T: Serialize + ?Sized>(&mut self, object: &T) -> Result<()> {
        self.send_pickle(|pickle| object::write(object, pickle))
    }

    /// See [`Connection::send_value`](crate::Connection::send_value).
    pub fn send_value(&mut self, value: &Value) -> Result<()> {
        self.send_pickle(|pickle| object::write_value(value, pickle))
    }

    fn send_pickle(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let mut pickle = std::mem::take(&mut self.pickle);
        let sent = write(&mut pickle).and_then(|()| self.send_string(&pickle));
        self.pickle = super::recycled(pickle);
        sent
    }

    /// See [`Connection::send_string`](crate::Connection::send_string).
    pub fn send_string(&mut self, string: &[u8]) -> Result<()> {
        let limit = self.options.limits.message_length;
        self.send_within(string, limit, Deadline::after(self.timeout))
    }

    /// Sends one message of at most `limit` bytes by the deadline.
    pub(super) fn send_within(
        &mut self,
        string: &[u8],
        limit: u64,
        deadline: Deadline,
    ) -> Result<()> {
        let link = self.link.as_ref().ok_or(Error::NotOpen)?;
        let sent = match link.transport()? {
            Transport::Stream(stream) => self.send_frame(link, &**stream, string, limit, deadline),
            #[cfg(windows)]
            Transport::Pipe(pipe) => message::send(link, pipe, string, limit, deadline),
        };
        sent.map_err(|error| link.reason(error))
    }

    fn send_frame(
        &self,
        link: &Link,
        stream: &dyn Stream,
        string: &[u8],
        limit: u64,
        deadline: Deadline,
    ) -> Result<()> {
        let length = string.len() as u64;
        let framing = self.options.dialect.framing();
        let limit = limit.min(framing.max_length());
        let header = framing
            .encode(length)
            .filter(|_| length <= limit)
            .ok_or(Error::CannotSend { length, limit })?;

        let mut parts = &mut [IoSlice::new(&header), IoSlice::new(string)][..];
        let mut started = false;
        let stop = |error, started| if started { link.poison(error) } else { error };
        while !parts.is_empty() {
            match stream.write(parts, !deadline.is_set()) {
                Ok(written) => {
                    started |= written > 0;
                    IoSlice::advance_slices(&mut parts, written);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    // Wait only now: a system may report a socket as not writable although it still
                    // has room.
                    io::ErrorKind::WouldBlock if deadline.is_set() => {
                        let ready = stream.wait(Ready::Write, deadline);
                        if !ready.map_err(|error| stop(error.into(), started))? {
                            let error = Error::TimedOut {
                                operation: "send",
                                resumable: !started,
                            };
                            return Err(stop(error, started));
                        }
                    }
                    _ if is_reset(&error) => {
                        return Err(stop(
                            Error::Reset {
                                inside_message: started,
                            },
                            started,
                        ));
                    }
                    _ => return Err(stop(error.into(), started)),
                },
            }
        }
        Ok(())
    }

    /// See [`Connection::set_write_timeout`](crate::Connection::set_write_timeout).
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Closes this direction: the peer sees the end of the stream. Receiving still works. Closing
    /// it again does nothing.
    ///
    /// The directions of a named pipe cannot be closed separately: over `AF_PIPE` this closes the
    /// whole connection, and a receive that is waiting in another thread fails with
    /// [`NotOpen`](Error::NotOpen).
    pub fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.shutdown(Shutdown::Write);
        }
    }
}
