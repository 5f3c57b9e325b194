//! Deadlines, and a function that waits for a socket until a deadline passes.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;

/// The moment at which an operation gives up, if it ever does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// Returns the deadline after `timeout`. A timeout that is too long for the clock counts as
    /// none.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// No deadline.
    pub(crate) const NEVER: Self = Self(None);

    /// Returns a deadline that passes at once.
    pub(crate) fn now() -> Self {
        Self(Some(Instant::now()))
    }

    pub(crate) fn earlier(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        })
    }

    pub(crate) fn postponed(self, time: Duration) -> Self {
        Self(self.0.and_then(|moment| moment.checked_add(time)))
    }

    pub(crate) fn has_passed(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }

    pub(crate) fn is_set(self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn remaining(self) -> Option<Duration> {
        self.0
            .map(|moment| moment.saturating_duration_since(Instant::now()))
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    Read,
    Write,
}

/// Waits until the socket is ready, closed or failed (`true`), or until the deadline passes
/// (`false`).
pub(crate) fn wait(socket: &impl AsFd, ready: Ready, deadline: Deadline) -> io::Result<bool> {
    let events = match ready {
        Ready::Read => PollFlags::IN,
        Ready::Write => PollFlags::OUT,
    };
    poll_until(&mut [PollFd::new(socket, events)], deadline)
}

/// Waits until one of the sockets can be read, is closed or has failed. Returns for each of them
/// whether that is the case; it is for none if the deadline passed.
pub(crate) fn wait_for_any(
    sockets: &[BorrowedFd<'_>],
    deadline: Deadline,
) -> io::Result<Vec<bool>> {
    if sockets.is_empty() {
        // Some systems do not wait for nothing.
        thread::sleep(deadline.remaining().unwrap_or(LONGEST_WAIT));
        return Ok(Vec::new());
    }
    let mut polled: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|socket| PollFd::from_borrowed_fd(*socket, PollFlags::IN))
        .collect();
    poll_until(&mut polled, deadline)?;
    Ok(polled
        .iter()
        .map(|socket| !socket.revents().is_empty())
        .collect())
}

fn poll_until(sockets: &mut [PollFd<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let remaining = deadline.remaining();
        // Systems that count milliseconds in an int cannot wait for longer than 24 days at once.
        let slice = remaining.map(|remaining| remaining.min(LONGEST_WAIT));
        let timeout = slice.and_then(|slice| Timespec::try_from(slice).ok());
        match poll(sockets, timeout.as_ref()) {
            Ok(0) if remaining > slice => {}
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(3600);
