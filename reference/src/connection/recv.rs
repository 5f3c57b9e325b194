//! The receiving half.

use std::io::{self, Read};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_pickle::Value;

use super::Options;
use super::ahead::Ahead;
use super::link::{Link, is_reset};
#[cfg(windows)]
use super::message;
use super::partial::Partial;
use crate::auth::{self, AuthenticationFailure, HandshakeStep};
use crate::bell::Bell;
use crate::deadline::{Deadline, Ready, wait_for_any};
use crate::error::{Error, Result};
use crate::framing::Decoded;
use crate::object;
use crate::transport::{Stream, Transport};

/// The receiving half of a [`Connection`](crate::Connection), from
/// [`split`](crate::Connection::split).
///
/// Dropping it alone changes nothing for the peer; the connection closes when both halves are
/// dropped.
#[derive(Debug)]
pub struct RecvHalf {
    pub(super) link: Option<Arc<Link>>,
    pub(super) options: Options,
    timeout: Option<Duration>,
    ahead: Ahead,
    /// The part of a payload that arrived before a timeout.
    partial: Option<Partial>,
    /// A buffer that is kept between objects, so that receiving does not allocate each time.
    pickle: Vec<u8>,
}

impl RecvHalf {
    pub(super) fn new(link: Arc<Link>, options: Options) -> Self {
        Self {
            link: Some(link),
            options,
            timeout: options.read_timeout,
            ahead: Ahead::new(),
            partial: None,
            pickle: Vec::new(),
        }
    }

    /// See [`Connection::recv`](crate::Connection::recv).
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T> {
        object::from_value(self.recv_value()?)
    }

    /// See [`Connection::recv_value`](crate::Connection::recv_value).
    pub fn recv_value(&mut self) -> Result<Value> {
        let mut pickle = mem::take(&mut self.pickle);
        let value = self
            .recv_string_into(&mut pickle)
            .and_then(|()| self.unpickled(&pickle));
        self.pickle = super::recycled(pickle);
        value
    }

    fn unpickled(&self, payload: &[u8]) -> Result<Value> {
        object::loads(payload, &self.options.limits).map_err(|error| {
            // No pickle begins like a challenge.
            match auth::challenge_in(payload) {
                None => error,
                Some(_) => Error::AuthenticationFailed {
                    step: HandshakeStep::ListenerChallenge,
                    reason: AuthenticationFailure::KeyWanted,
                },
            }
        })
    }

    /// See [`Connection::recv_string`](crate::Connection::recv_string).
    pub fn recv_string(&mut self) -> Result<Vec<u8>> {
        let mut string = Vec::new();
        self.recv_string_into(&mut string)?;
        Ok(string)
    }

    /// See [`Connection::recv_string_into`](crate::Connection::recv_string_into).
    pub fn recv_string_into(&mut self, string: &mut Vec<u8>) -> Result<()> {
        let limit = self.options.limits.message_length;
        let received = self.recv_within(string, limit, Deadline::after(self.timeout));
        received.map_err(|error| {
            let in_step = matches!(
                error,
                Error::Closed
                    | Error::NotOpen
                    | Error::TimedOut { .. }
                    | Error::Reset {
                        inside_message: false
                    }
            );
            match &self.link {
                Some(link) if !in_step => link.poison(error),
                _ => error,
            }
        })
    }

    /// Receives one message of at most `limit` bytes by the deadline. An error does not poison the
    /// connection.
    pub(super) fn recv_within(
        &mut self,
        string: &mut Vec<u8>,
        limit: u64,
        deadline: Deadline,
    ) -> Result<()> {
        string.clear();
        let link = self.link.clone().ok_or(Error::NotOpen)?;
        let received = match link.transport()? {
            Transport::Stream(stream) => {
                let source = Source {
                    stream: &**stream,
                    bell: link.bell(),
                    deadline,
                };
                self.recv_frame(source, limit, string)
            }
            #[cfg(windows)]
            Transport::Pipe(pipe) => {
                message::receive(pipe, &mut self.partial, string, limit, deadline)
            }
        };
        received.map_err(|error| {
            string.clear();
            link.reason(error)
        })
    }

    fn recv_frame(
        &mut self,
        mut source: Source<'_>,
        limit: u64,
        payload: &mut Vec<u8>,
    ) -> Result<()> {
        let expected = if let Some(partial) = self.partial.take() {
            *payload = partial.payload;
            partial.expected
        } else {
            let expected = self.recv_header(&mut source, limit)?;
            self.ahead.take(expected, payload);
            expected
        };
        let missing = expected - payload.len() as u64;
        if missing == 0 {
            return Ok(());
        }
        let read = source.read_to(payload, missing);
        let received = payload.len() as u64;
        match read {
            Ok(()) if received == expected => Ok(()),
            Ok(()) => Err(Error::CutInPayload { received, expected }),
            Err(error) => {
                if error.kind() == io::ErrorKind::TimedOut {
                    self.partial = Some(Partial {
                        payload: mem::take(payload),
                        expected,
                    });
                }
                Err(read_error(error, true))
            }
        }
    }

    /// Receives the next header and returns the length that it announces. If only a part of the
    /// header arrives in time, that part stays in the buffer.
    fn recv_header(&mut self, source: &mut Source<'_>, limit: u64) -> Result<u64> {
        let framing = self.options.dialect.framing();
        loop {
            let received = self.ahead.bytes().len();
            let missing = match framing.decode(self.ahead.bytes())? {
                Decoded::Whole { payload, .. } if payload > limit => {
                    let length = payload;
                    return Err(Error::MessageTooLong { length, limit });
                }
                Decoded::Whole { header, payload } => {
                    self.ahead.consume(header);
                    return Ok(payload);
                }
                Decoded::Part { missing } => missing,
            };
            match self.ahead.fill(source) {
                Ok(0) if received == 0 => return Err(Error::Closed),
                Ok(0) => {
                    let expected = received + missing;
                    return Err(Error::CutInHeader { received, expected });
                }
                Ok(_) => {}
                Err(error) => return Err(read_error(error, received > 0)),
            }
        }
    }

    /// See [`Connection::has_read_ahead`](crate::Connection::has_read_ahead).
    pub(super) fn has_read_ahead(&self) -> bool {
        self.partial.is_some() || !self.ahead.bytes().is_empty()
    }

    /// Returns the bytes that were read ahead, or `None` if the header before them is lost.
    pub(super) fn all_read_ahead(&self) -> Option<&[u8]> {
        self.partial.is_none().then(|| self.ahead.bytes())
    }

    /// See [`Connection::poll`](crate::Connection::poll).
    pub fn poll(&mut self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        let link = self.link.as_ref().ok_or(Error::NotOpen)?;
        let transport = link.transport()?;
        if self.has_read_ahead() {
            return Ok(true);
        }
        let deadline = Deadline::after(timeout.into());
        let ready = match transport {
            Transport::Stream(stream) => wait(&**stream, link.bell(), deadline)?,
            #[cfg(windows)]
            Transport::Pipe(pipe) => message::poll(pipe, deadline)?,
        };
        link.check_open()?;
        Ok(ready)
    }

    /// See [`Connection::set_read_timeout`](crate::Connection::set_read_timeout).
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Closes this direction: data that the peer sends from now on is lost. Sending still works.
    /// Closing it again does nothing.
    ///
    /// Over `AF_PIPE` this closes the whole connection, as
    /// [`SendHalf::close`](crate::SendHalf::close) does.
    pub fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.shutdown(Shutdown::Read);
        }
    }
}

fn read_error(error: io::Error, inside_message: bool) -> Error {
    if error.kind() == io::ErrorKind::TimedOut {
        Error::TimedOut {
            operation: "recv",
            resumable: true,
        }
    } else if is_reset(&error) {
        Error::Reset { inside_message }
    } else {
        error.into()
    }
}

/// Waits until a stream can be read (`true`), or until the deadline passes (`false`). If the bell
/// rings, the stream counts as readable.
fn wait(stream: &dyn Stream, bell: Option<&Bell>, deadline: Deadline) -> io::Result<bool> {
    match bell {
        None => stream.wait(Ready::Read, deadline),
        Some(bell) => {
            let ready = wait_for_any(&[stream.socket(), bell.socket()], deadline)?;
            Ok(ready.contains(&true))
        }
    }
}

/// A stream that is read with a deadline, or until a bell rings.
pub(super) struct Source<'a> {
    stream: &'a dyn Stream,
    bell: Option<&'a Bell>,
    deadline: Deadline,
}

impl Source<'_> {
    /// Whether each read has to wait for more than the stream.
    fn is_watched(&self) -> bool {
        self.deadline.is_set() || self.bell.is_some()
    }

    /// Appends `count` bytes, or fewer at the end of the stream. Bytes that arrived before an error
    /// are kept.
    fn read_to(&mut self, payload: &mut Vec<u8>, count: u64) -> io::Result<()> {
        // A payload of ordinary size arrives in one read; clearing the space for it first is
        // cheaper than growing the buffer in steps. The rest of a longer one is read in steps.
        let first = usize::try_from(count).map_or(STEP, |count| count.min(STEP));
        let rest = count - first as u64;
        if self.read_step(payload, first)? < first || rest == 0 {
            Ok(())
        } else if self.is_watched() {
            self.take(rest).read_to_end(payload).map(drop)
        } else {
            self.stream.read_to(payload, rest)
        }
    }

    fn read_step(&mut self, payload: &mut Vec<u8>, count: usize) -> io::Result<usize> {
        let start = payload.len();
        payload.resize(start + count, 0);
        let mut received = 0;
        let mut result = Ok(());
        while received < count {
            match self.read(&mut payload[start + received..]) {
                Ok(0) => break,
                Ok(read) => received += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        payload.truncate(start + received);
        result.map(|()| received)
    }
}

const STEP: usize = 1 << 16;

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_watched() && !wait(self.stream, self.bell, self.deadline)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.read(buffer)
    }
}
