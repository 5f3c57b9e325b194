//! Blocking transports of two kinds: streams, on which a header tells where a message ends, and
//! named pipes, which preserve message boundaries themselves.

mod inet;
#[cfg(windows)]
pub(crate) mod pipe;
#[cfg(unix)]
mod unix;

use std::fmt::Debug;
use std::io::{self, IoSlice, Read};
use std::net::Shutdown;
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use socket2::{SockRef, Socket};

use crate::address::Address;
use crate::deadline::{self, Deadline, Ready};
use crate::error::{Error, Result};

/// The transport that carries the messages of one connection.
#[derive(Debug)]
pub(crate) enum Transport {
    /// `AF_INET` and `AF_UNIX`.
    Stream(Box<dyn Stream>),
    /// `AF_PIPE`.
    #[cfg(windows)]
    Pipe(pipe::Pipe),
}

impl Transport {
    /// A stream that is connected already.
    pub(crate) fn attached(socket: OwnedFd) -> io::Result<Self> {
        let socket = Socket::from(socket);
        socket.set_nonblocking(false)?;
        // Only TCP has this option.
        let _ = socket.set_tcp_nodelay(true);
        Ok(Self::stream(socket))
    }

    fn stream(stream: impl Stream + 'static) -> Self {
        Self::Stream(Box::new(stream))
    }

    /// Returns the socket, or `None` for a pipe.
    #[cfg_attr(
        not(windows),
        expect(clippy::unnecessary_wraps, reason = "only Windows has pipes")
    )]
    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Stream(stream) => Some(stream.socket()),
            #[cfg(windows)]
            Self::Pipe(_) => None,
        }
    }

    /// Shuts down one direction, or both. A pipe is always closed in both.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        match self {
            // This fails only if the peer closed the connection first.
            Self::Stream(stream) => drop(stream.shutdown(how)),
            #[cfg(windows)]
            Self::Pipe(pipe) => pipe.close(),
        }
    }
}

/// A connected stream of bytes. Two threads may read and write at the same time.
pub(crate) trait Stream: Debug + Send + Sync {
    /// Reads the bytes that are available, at least one, and returns their number; 0 means the end
    /// of the stream.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Appends bytes until there are `count` more or the stream ends. Bytes that arrived before an
    /// error are kept.
    fn read_to(&self, payload: &mut Vec<u8>, count: u64) -> io::Result<()>;

    /// Writes as much as the system accepts, at least one byte. If `wait` is false and the first
    /// byte would have to wait, it fails with [`io::ErrorKind::WouldBlock`].
    fn write(&self, parts: &[IoSlice<'_>], wait: bool) -> io::Result<usize>;

    /// Waits until reading or writing would not block (`true`), or until the deadline passes
    /// (`false`).
    fn wait(&self, ready: Ready, deadline: Deadline) -> io::Result<bool>;

    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    fn socket(&self) -> BorrowedFd<'_>;
}

/// Implements [`Stream`] for every stream socket.
impl<S> Stream for S
where
    S: AsFd + Debug + Send + Sync,
    for<'a> &'a S: Read,
{
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&mut &*self).read(buffer)
    }

    fn read_to(&self, payload: &mut Vec<u8>, count: u64) -> io::Result<()> {
        self.take(count).read_to_end(payload).map(drop)
    }

    fn write(&self, parts: &[IoSlice<'_>], wait: bool) -> io::Result<usize> {
        write_socket(self, parts, wait)
    }

    fn wait(&self, ready: Ready, deadline: Deadline) -> io::Result<bool> {
        deadline::wait(self, ready, deadline)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        SockRef::from(&self.as_fd()).shutdown(how)
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

/// A socket or a named pipe that accepts connections.
pub(crate) trait Acceptor: Debug + Send + Sync {
    /// Returns the address that it is bound to, in the form in which clients can use it.
    fn address(&self) -> &Address;

    /// Returns the next connection, or `None` if the deadline passes.
    fn accept(&self, deadline: Deadline) -> io::Result<Option<Accepted>>;

    /// Returns the socket, which can be waited for together with others, or `None` for a pipe.
    fn socket(&self) -> Option<BorrowedFd<'_>>;

    /// Makes every call of [`accept`](Self::accept), including one that is waiting, fail if this is
    /// a pipe. It does nothing to a socket.
    fn interrupt(&self) {}
}

/// A connection, and the address from which it came if that can be known.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) transport: Transport,
    pub(crate) from: Option<Address>,
}

/// Options for connecting that apply to one kind of transport only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectOptions {
    /// When to give up connecting a socket.
    pub(crate) deadline: Deadline,
    /// How long to wait for an instance of a named pipe if all of them are busy.
    #[cfg_attr(not(windows), expect(dead_code, reason = "only pipes can be busy"))]
    pub(crate) busy_timeout: Option<Duration>,
}

/// Options for listening that apply to one kind of transport only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenOptions {
    /// How many connections may wait to be accepted.
    pub(crate) backlog: i32,
    /// Whether a named pipe accepts clients on other computers.
    pub(crate) remote_clients: bool,
}

pub(crate) fn connect(address: &Address, options: ConnectOptions) -> Result<Transport> {
    match address {
        Address::Inet { host, port } => inet::connect(address, host, *port, options.deadline),
        #[cfg(unix)]
        Address::Unix(path) => unix::connect(address, path, options.deadline),
        #[cfg(windows)]
        Address::Pipe(name) => pipe::address::connect(address, name, options),
        _ => Err(Error::FamilyNotAvailable {
            family: address.family(),
        }),
    }
}

pub(crate) fn listen(address: &Address, options: ListenOptions) -> Result<Box<dyn Acceptor>> {
    match address {
        Address::Inet { host, port } => inet::listen(address, host, *port, options.backlog),
        #[cfg(unix)]
        Address::Unix(path) => unix::listen(address, path, options.backlog),
        #[cfg(windows)]
        Address::Pipe(name) => pipe::address::listen(address, name, options),
        _ => Err(Error::FamilyNotAvailable {
            family: address.family(),
        }),
    }
}

/// Performs one vectored write on a socket, without raising a signal if the peer is gone.
#[cfg(unix)]
fn write_socket(socket: &impl AsFd, parts: &[IoSlice<'_>], wait: bool) -> io::Result<usize> {
    use rustix::net::SendFlags;

    // Elsewhere this is left to the Rust runtime, which ignores the signal.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let quiet = SendFlags::NOSIGNAL;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let quiet = SendFlags::empty();

    let flags = if wait {
        quiet
    } else {
        quiet | SendFlags::DONTWAIT
    };
    SockRef::from(&socket.as_fd()).send_vectored_with_flags(parts, flags.bits().cast_signed())
}

/// Performs one vectored write on a socket. There is no flag against waiting, so the socket is
/// polled first; a writable socket accepts a small write without waiting.
#[cfg(windows)]
fn write_socket(socket: &impl AsFd, parts: &[IoSlice<'_>], wait: bool) -> io::Result<usize> {
    const SMALL: usize = 1 << 16;

    let now = Deadline::after(Some(std::time::Duration::ZERO));
    if !wait && !deadline::wait(socket, Ready::Write, now)? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let borrowed = socket.as_fd();
    let socket = SockRef::from(&borrowed);
    if wait || parts.iter().map(|part| part.len()).sum::<usize>() <= SMALL {
        return socket.send_vectored(parts);
    }
    let part = parts
        .iter()
        .find(|part| !part.is_empty())
        .map_or(&[][..], |part| part);
    socket.send(&part[..part.len().min(SMALL)])
}

/// Accepts on a listening socket within the deadline. A client that left before it was accepted is
/// skipped.
fn accept_within<T>(
    socket: &(impl AsFd + SetBlocking),
    deadline: Deadline,
    accept: impl Fn() -> io::Result<T>,
) -> io::Result<Option<T>> {
    // The client may leave between the wait and the accept, which must not wait for the next one.
    if deadline.is_set() {
        socket.set_blocking(false)?;
    }
    let accepted = loop {
        if deadline.is_set() {
            match deadline::wait(socket, Ready::Read, deadline) {
                Ok(true) => {}
                Ok(false) => break Ok(None),
                Err(error) => break Err(error),
            }
        }
        match accept() {
            Ok(accepted) => break Ok(Some(accepted)),
            Err(error) => match error.kind() {
                // The client has left: POSIX reports this as aborted, Windows as reset, and Wine 8
                // as not connected.
                io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::NotConnected => {}
                io::ErrorKind::WouldBlock if deadline.is_set() => {}
                _ => break Err(error),
            },
        }
    };
    if deadline.is_set() {
        socket.set_blocking(true)?;
    }
    accepted
}

trait SetBlocking {
    fn set_blocking(&self, blocking: bool) -> io::Result<()>;
}

/// Converts an error of connecting within the deadline.
fn connect_error(address: &Address, error: io::Error, deadline: Deadline) -> Error {
    if error.kind() == io::ErrorKind::TimedOut && deadline.has_passed() {
        Error::TimedOut {
            operation: "connect",
            resumable: true,
        }
    } else {
        address_error(address, error)
    }
}

/// Converts an error that the system reports about an address.
fn address_error(address: &Address, error: io::Error) -> Error {
    let address = address.clone();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::Refused { address },
        io::ErrorKind::NotFound => Error::NotFound { address },
        io::ErrorKind::AddrInUse => match address {
            Address::Unix(_) if !address.is_abstract() => Error::PathExists { address },
            _ => Error::AddressInUse { address },
        },
        _ => Error::AddressIo {
            address,
            source: error,
        },
    }
}
