//! What the two halves of a connection share.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, OnceLock};

use rustix::fd::BorrowedFd;

use crate::error::{Error, Result};
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Link {
    transport: Transport,
    poison: OnceLock<String>,
}

impl Link {
    pub(super) fn new(transport: Transport) -> Arc<Self> {
        Arc::new(Self {
            transport,
            poison: OnceLock::new(),
        })
    }

    /// Returns the transport, unless the connection is poisoned.
    pub(super) fn transport(&self) -> Result<&Transport> {
        match self.poison.get() {
            None => Ok(&self.transport),
            Some(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
        }
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

/// The end of the stream is sent explicitly, so that a descriptor that a child process has
/// inherited does not keep the peer waiting (as in `Connection_close` in `processing` 0.20,
/// `socket_connection.c`).
impl Drop for Link {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Both);
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
