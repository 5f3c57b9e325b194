//! What the two halves of a connection share.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, OnceLock};

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

    /// The transport, while both sides of it are in step.
    pub(super) fn transport(&self) -> Result<&Transport> {
        match self.poison.get() {
            None => Ok(&self.transport),
            Some(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
        }
    }

    /// Marks the connection as out of step because of `error`, which it hands back.
    pub(super) fn poison(&self, error: Error) -> Error {
        self.poison.get_or_init(|| error.to_string());
        error
    }

    /// Wakes up whoever waits on the other half.
    pub(super) fn shutdown(&self, how: Shutdown) {
        self.transport.shutdown(how);
    }
}

/// A descriptor that some child process inherited must not keep the peer waiting, so the end of
/// the stream is sent explicitly (as `Connection_close` in `processing` 0.20,
/// `socket_connection.c`).
impl Drop for Link {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Both);
    }
}

/// Whether the system says that the peer is gone.
pub(super) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}
