//! Where clients come in, until somebody closes it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::BorrowedFd;

use crate::bell::Bell;
use crate::closer::CloseFromElsewhere;
use crate::deadline::{Deadline, wait_for_any};
use crate::error::{Error, Result};
use crate::transport::{Accepted, Acceptor};

/// A socket or a named pipe that accepts connections, and that another thread can close.
#[derive(Debug)]
pub(super) struct Entrance {
    acceptor: Box<dyn Acceptor>,
    closed: AtomicBool,
    bell: OnceLock<Bell>,
}

impl Entrance {
    pub(super) fn new(acceptor: Box<dyn Acceptor>) -> Self {
        Self {
            acceptor,
            closed: AtomicBool::new(false),
            bell: OnceLock::new(),
        }
    }

    pub(super) fn is_pipe(&self) -> bool {
        self.acceptor.socket().is_none()
    }

    /// Prepares for being closed by another thread.
    pub(super) fn install_bell(&self) -> Result<()> {
        if !self.is_pipe() && self.bell.get().is_none() {
            // Another thread may have been faster.
            let _ = self.bell.set(Bell::new()?);
        }
        Ok(())
    }

    /// Returns the next connection, or `None` if the deadline passes.
    pub(super) fn accept(&self, deadline: Deadline) -> Result<Option<Accepted>> {
        let accepted = if self.bell.get().is_some() {
            self.accept_until_closed(deadline)
        } else {
            self.acceptor.accept(deadline).map_err(Error::from)
        };
        accepted.map_err(|error| self.check_open().err().unwrap_or(error))
    }

    fn accept_until_closed(&self, deadline: Deadline) -> Result<Option<Accepted>> {
        loop {
            let has_passed = deadline.has_passed();
            // A client that has left in the meantime is not returned.
            if self.wait(&[], deadline)?
                && let Some(accepted) = self.acceptor.accept(Deadline::now())?
            {
                return Ok(Some(accepted));
            }
            if has_passed {
                return Ok(None);
            }
        }
    }

    /// Waits until a client connects, until one of the other sockets can be read, or until the
    /// deadline passes. Returns whether a client has connected. This is for sockets only.
    ///
    /// # Errors
    ///
    /// [`NotOpen`](Error::NotOpen) if the entrance is closed.
    pub(super) fn wait(&self, others: &[BorrowedFd<'_>], deadline: Deadline) -> Result<bool> {
        self.check_open()?;
        let own = self.acceptor.socket().into_iter();
        let bell = self.bell.get().map(Bell::socket);
        let sockets: Vec<_> = own.chain(bell).chain(others.iter().copied()).collect();
        let ready = wait_for_any(&sockets, deadline)?;
        self.check_open()?;
        Ok(ready.first() == Some(&true))
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::NotOpen);
        }
        Ok(())
    }
}

impl CloseFromElsewhere for Entrance {
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.acceptor.interrupt();
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }
}
