//! Deadlines, and a function that waits for a socket until a deadline passes.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
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
    loop {
        let remaining = deadline.remaining();
        // Systems that count milliseconds in an int cannot wait for longer than 24 days at once.
        let slice = remaining.map(|remaining| remaining.min(LONGEST_WAIT));
        let timeout = slice.and_then(|slice| Timespec::try_from(slice).ok());
        match poll(&mut [PollFd::new(socket, events)], timeout.as_ref()) {
            Ok(0) if remaining > slice => {}
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(3600);
