//! What the two halves of a connection share.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use rustix::fd::{BorrowedFd, OwnedFd};

use crate::address::Address;
use crate::bell::Bell;
use crate::closer::{CloseFromElsewhere, Closer};
use crate::error::{Error, Result};
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Link {
    transport: Transport,
    /// The address of the peer, if it can be known.
    peer: Option<Address>,
    poison: OnceLock<String>,
    /// Whether somebody else has taken the transport over, who may go on to use it.
    released: AtomicBool,
    /// Whether the connection was closed by a [`Closer`].
    closed: AtomicBool,
    /// Wakes a thread that waits to receive, on systems where shutting a socket down does not.
    bell: OnceLock<Bell>,
}

impl Link {
    pub(super) fn new(transport: Transport, peer: Option<Address>) -> Arc<Self> {
        Arc::new(Self {
            transport,
            peer,
            poison: OnceLock::new(),
            released: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            bell: OnceLock::new(),
        })
    }

    /// Returns what closes this connection from another thread.
    pub(super) fn closer(self: &Arc<Self>) -> Result<Closer> {
        if cfg!(windows) && self.socket().is_some() && self.bell.get().is_none() {
            // Another thread may have been faster.
            let _ = self.bell.set(Bell::new()?);
        }
        let link: Weak<Self> = Arc::downgrade(self);
        Ok(Closer::new(link))
    }

    pub(super) fn bell(&self) -> Option<&Bell> {
        self.bell.get()
    }

    pub(super) fn peer(&self) -> Option<&Address> {
        self.peer.as_ref()
    }

    /// Returns another descriptor of the socket, which stays open and usable when this is dropped.
    /// Returns `None` for a pipe.
    pub(super) fn release(&self) -> io::Result<Option<OwnedFd>> {
        let Some(socket) = self.transport.socket() else {
            return Ok(None);
        };
        let socket = socket.try_clone_to_owned()?;
        self.released.store(true, Ordering::Relaxed);
        Ok(Some(socket))
    }

    /// Returns the transport, unless the connection is closed or poisoned.
    pub(super) fn transport(&self) -> Result<&Transport> {
        self.check_open()?;
        match self.poison.get() {
            None => Ok(&self.transport),
            Some(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
        }
    }

    /// Fails if the connection was closed by a [`Closer`].
    pub(super) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::NotOpen);
        }
        Ok(())
    }

    /// Returns [`NotOpen`](Error::NotOpen) in place of an error if a [`Closer`] has closed the
    /// connection in the meantime.
    pub(super) fn reason(&self, error: Error) -> Error {
        self.check_open().err().unwrap_or(error)
    }

    /// Returns the socket, or `None` for a pipe.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.transport.socket()
    }

    /// Poisons the connection because of `error`, and returns that error.
    pub(super) fn poison(&self, error: Error) -> Error {
        self.poison.get_or_init(|| error.to_string());
        error
    }

    /// Shuts the transport down, in one direction or both. A thread that is waiting there wakes up.
    pub(super) fn shutdown(&self, how: Shutdown) {
        self.transport.shutdown(how);
    }
}

impl CloseFromElsewhere for Link {
    fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.shutdown(Shutdown::Both);
            if let Some(bell) = self.bell() {
                bell.ring();
            }
        }
    }
}

/// The end of the stream is sent explicitly, so that a descriptor that a child process has
/// inherited does not keep the peer waiting (as in `Connection_close` in `processing` 0.20,
/// `socket_connection.c`).
impl Drop for Link {
    fn drop(&mut self) {
        if !*self.released.get_mut() {
            self.shutdown(Shutdown::Both);
        }
    }
}

/// Returns whether the error means that the peer is gone.
pub(super) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}
