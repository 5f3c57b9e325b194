//! Messages on a named pipe, which preserves their boundaries, so that there is no header.

use std::io;
use std::mem;

use super::link::Link;
use super::partial::Partial;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::transport::pipe::{Part, Pipe, is_gone};

/// The most bytes that one `WriteFile` can write: its length is a `DWORD`.
const LONGEST: u64 = u32::MAX as u64;

/// The size of the first read of a message, in bytes; most messages are not longer.
const FIRST: usize = 8192;

/// The most bytes by which the buffer of a long message grows before they have arrived.
const STEP: u64 = 1 << 24;

/// Sends one message of at most `limit` bytes in one write.
pub(super) fn send(
    link: &Link,
    pipe: &Pipe,
    string: &[u8],
    limit: u64,
    deadline: Deadline,
) -> Result<()> {
    let length = string.len() as u64;
    let limit = limit.min(LONGEST);
    if length > limit {
        return Err(Error::CannotSend { length, limit });
    }
    pipe.write(string, deadline.remaining()).map_err(|error| {
        if error.kind() == io::ErrorKind::TimedOut {
            // The system does not report how much of the message the peer has read.
            link.poison(Error::TimedOut {
                operation: "send",
                resumable: false,
            })
        } else if is_gone(&error) {
            Error::Reset {
                inside_message: false,
            }
        } else {
            system_error(error)
        }
    })
}

/// Receives one message of at most `limit` bytes into `payload`, which must be empty. After a
/// timeout, the beginning of the message is in `partial`, from which the next call continues.
pub(super) fn receive(
    pipe: &Pipe,
    partial: &mut Option<Partial>,
    payload: &mut Vec<u8>,
    limit: u64,
    deadline: Deadline,
) -> Result<()> {
    let expected = if let Some(Partial {
        payload: received,
        expected,
    }) = partial.take()
    {
        *payload = received;
        expected
    } else {
        let Part {
            received,
            left,
            cut,
        } = read_part(pipe, payload, FIRST, deadline).map_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                timed_out()
            } else if is_gone(&error) {
                Error::Closed
            } else {
                system_error(error)
            }
        })?;
        let length = received as u64 + left;
        if cut {
            // The message was longer, but the number of missing bytes is no longer known.
            let (received, expected) = (length, length + 1);
            return Err(Error::CutInPayload { received, expected });
        }
        if length > limit {
            return Err(Error::MessageTooLong { length, limit });
        }
        length
    };
    loop {
        let received = payload.len() as u64;
        let missing = expected - received;
        if missing == 0 {
            return Ok(());
        }
        let step = usize::try_from(missing.min(STEP)).expect("a step fits");
        match read_part(pipe, payload, step, deadline) {
            Ok(part) if !part.cut && payload.len() as u64 + part.left == expected => {}
            // The peer is gone, or it has cancelled its write, and these bytes belong to its next
            // message.
            Ok(_) => return Err(Error::CutInPayload { received, expected }),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                *partial = Some(Partial {
                    payload: mem::take(payload),
                    expected,
                });
                return Err(timed_out());
            }
            Err(error) if is_gone(&error) => {
                return Err(Error::CutInPayload { received, expected });
            }
            Err(error) => return Err(system_error(error)),
        }
    }
}

/// Returns whether there is something to receive by the deadline, which may be the end of the
/// stream.
pub(super) fn poll(pipe: &Pipe, deadline: Deadline) -> Result<bool> {
    pipe.poll(deadline.remaining()).map_err(system_error)
}

/// Appends up to `count` bytes of the message that is being read.
fn read_part(
    pipe: &Pipe,
    payload: &mut Vec<u8>,
    count: usize,
    deadline: Deadline,
) -> io::Result<Part> {
    let start = payload.len();
    payload.resize(start + count, 0);
    let part = pipe.read(&mut payload[start..], deadline.remaining());
    payload.truncate(start + part.as_ref().map_or(0, |part| part.received));
    part
}

fn timed_out() -> Error {
    Error::TimedOut {
        operation: "recv",
        resumable: true,
    }
}

/// Converts an error that the system reports. If the operation was aborted, the other half has
/// closed the pipe on this side.
fn system_error(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        Error::NotOpen
    } else {
        error.into()
    }
}
