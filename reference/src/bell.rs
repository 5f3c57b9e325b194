//! Waking a thread that waits for sockets.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use rustix::fd::{AsFd, BorrowedFd};

/// Wakes a thread that waits for sockets, if it waits for this one as well. It is a socket that is
/// connected to itself, which every system has, and which nobody reads, so that it stays readable.
#[derive(Debug)]
pub(crate) struct Bell {
    socket: UdpSocket,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(socket.local_addr()?)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    pub(crate) fn ring(&self) {
        // If the buffer is full, the socket is readable already.
        let _ = self.socket.send(b"!");
    }

    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
