//! Listeners of the suite's own.

use std::io;
use std::time::Duration;

use socket2::Socket;

use super::pipe::PipeDoor;
use super::{Framing, Link, RawAddress, Transcript, Wire, WireError, pipe_name, stream};

/// How many clients can connect to a door over `AF_PIPE` before one is accepted.
const WAITING: usize = 16;

/// What clients connect to.
#[derive(Debug)]
pub(super) enum Entrance {
    Socket(Socket),
    Pipe(PipeDoor),
}

impl Entrance {
    /// Listens at an address, where so many clients may wait if it is a pipe's, and says where that is.
    pub(super) fn open(address: &RawAddress, waiting: usize) -> io::Result<(Self, RawAddress)> {
        if let Some(name) = pipe_name(address)? {
            return Ok((Self::Pipe(PipeDoor::open(name, waiting)?), address.clone()));
        }
        let (socket, address) = stream::listen(address)?;
        Ok((Self::Socket(socket), address))
    }

    /// The next client, if one comes within this time.
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

/// A raw listener of the suite's, for testees that connect.
#[derive(Debug)]
pub struct Door {
    entrance: Entrance,
    address: RawAddress,
    framing: Framing,
    patience: Duration,
    transcript: Transcript,
}

impl Door {
    /// Listens where it is told: on a port, which may be 0, on a path that does not exist yet, or as a pipe.
    pub fn open_at(
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        Self::open_for(WAITING, address, framing, patience, transcript)
    }

    /// The same, where so many clients can connect before the first is accepted, if it is a pipe.
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

    /// Where it listens.
    pub fn address(&self) -> &RawAddress {
        &self.address
    }

    /// Waits for the testee to come.
    pub fn accept(&self) -> Result<Wire, WireError> {
        self.accept_for(self.patience, &self.transcript)
    }

    /// Waits for a testee to come, for so long, and records it elsewhere.
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

/// A pipe goes with its last handle, a socket file does not.
pub(super) fn remove_socket_file(entrance: &Entrance, address: &RawAddress) {
    if let (Entrance::Socket(_), RawAddress::Text(path)) = (entrance, address) {
        let _ = std::fs::remove_file(path);
    }
}
