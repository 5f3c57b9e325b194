//! The suite's own listeners.

use std::io;
use std::time::Duration;

use socket2::Socket;

use super::pipe::PipeDoor;
use super::{Framing, Link, RawAddress, Transcript, Wire, WireError, pipe_name, stream};

/// How many clients can connect to a door over `AF_PIPE` before one is accepted.
const WAITING: usize = 16;

/// A listening socket or pipe.
#[derive(Debug)]
pub(super) enum Entrance {
    Socket(Socket),
    Pipe(PipeDoor),
}

impl Entrance {
    /// Listens at an address, and returns the actual address. Up to `waiting` clients can connect to a pipe before one
    /// is accepted.
    pub(super) fn open(address: &RawAddress, waiting: usize) -> io::Result<(Self, RawAddress)> {
        if let Some(name) = pipe_name(address)? {
            return Ok((Self::Pipe(PipeDoor::open(name, waiting)?), address.clone()));
        }
        let (socket, address) = stream::listen(address)?;
        Ok((Self::Socket(socket), address))
    }

    /// Accepts the next client, if one connects within this time.
    pub(super) fn accept(&self, patience: Duration) -> io::Result<Option<Link>> {
        match self {
            Self::Socket(socket) => {
                if !stream::readable(socket, patience)? {
                    return Ok(None);
                }
                Ok(Some(Link::Stream(socket.accept()?.0)))
            }
            Self::Pipe(door) => Ok(door.accept(patience)?.map(Link::Pipe)),
        }
    }
}

/// A raw listener of the suite, for testees that connect.
#[derive(Debug)]
pub struct Door {
    entrance: Entrance,
    address: RawAddress,
    framing: Framing,
    patience: Duration,
    transcript: Transcript,
}

impl Door {
    /// Listens at an address: a port, which may be 0, a path that does not exist yet, or the name of a pipe.
    pub fn open_at(
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        Self::open_for(WAITING, address, framing, patience, transcript)
    }

    /// Like [`open_at`](Self::open_at), but sets how many clients can connect to a pipe before the first is accepted.
    pub fn open_for(
        waiting: usize,
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let (entrance, address) = Entrance::open(address, waiting)?;
        Ok(Self {
            entrance,
            address,
            framing,
            patience,
            transcript: transcript.clone(),
        })
    }

    /// The address at which it listens.
    pub fn address(&self) -> &RawAddress {
        &self.address
    }

    /// Waits for the testee to connect.
    pub fn accept(&self) -> Result<Wire, WireError> {
        self.accept_for(self.patience, &self.transcript)
    }

    /// Waits at most this long for a testee to connect, and records the connection in another transcript.
    pub fn accept_for(
        &self,
        patience: Duration,
        transcript: &Transcript,
    ) -> Result<Wire, WireError> {
        let Some(link) = self.entrance.accept(patience)? else {
            return Err(WireError::Quiet {
                got: Vec::new(),
                expected: 0,
                after: patience,
            });
        };
        Ok(Wire::new(link, self.framing, self.patience, transcript)?)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        remove_socket_file(&self.entrance, &self.address);
    }
}

/// Removes the file of a Unix socket. A pipe needs no cleanup: it disappears with its last handle.
pub(super) fn remove_socket_file(entrance: &Entrance, address: &RawAddress) {
    if let (Entrance::Socket(_), RawAddress::Text(path)) = (entrance, address) {
        let _ = std::fs::remove_file(path);
    }
}
