//! The raw transport under the suite's control: every byte, every segment, every end of stream.

pub mod frame;
pub mod handshake;
mod relay;
mod transcript;

use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use processing_connection::{Family, Framing};
pub use relay::Relay;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockAddr, Socket, Type};
use thiserror::Error;
pub use transcript::{Direction, Entry, Event, Transcript};

use crate::testee::message::RawAddress;

/// What went wrong on a wire, from the suite's side.
#[derive(Debug, Error)]
pub enum WireError {
    /// The stream ended.
    #[error("the stream ended after {} of {expected} bytes", got.len())]
    Ended {
        /// What came before the end.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
    },
    /// The connection was reset; for most purposes an end of stream with force.
    #[error("the connection was reset after {} of {expected} bytes", got.len())]
    Reset {
        /// What came before.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
    },
    /// Nothing (more) came in time.
    #[error("only {} of {expected} bytes came within {} s", got.len(), after.as_secs_f32())]
    Quiet {
        /// What came.
        got: Vec<u8>,
        /// How many bytes were to come.
        expected: usize,
        /// How long the suite waited.
        after: Duration,
    },
    /// A header that is none.
    #[error("{} is not a header of {framing}", hex::encode(header))]
    NotAHeader {
        /// Its bytes.
        header: Vec<u8>,
        /// The framing it should have.
        framing: Framing,
    },
    /// A header announces more than any case makes a testee send.
    #[error("the header announces {announced} bytes, more than was sent")]
    TooLong {
        /// The header's bytes.
        header: Vec<u8>,
        /// What it announces.
        announced: u32,
    },
    /// Something of the system.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// One connection, raw.
#[derive(Debug)]
pub struct Wire {
    socket: Socket,
    framing: Framing,
    patience: Duration,
    number: usize,
    transcript: Transcript,
}

impl Wire {
    /// Connects to where a testee listens.
    pub fn connect(
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let (domain, address) = resolve(address)?;
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(&address, patience)?;
        Self::new(socket, framing, patience, transcript)
    }

    fn new(
        socket: Socket,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        if socket.local_addr()?.is_ipv4() {
            // Every write of the suite is a segment of its own.
            socket.set_tcp_nodelay(true)?;
        }
        let number = transcript.connection();
        transcript.note(number, "connected");
        Ok(Self {
            socket,
            framing,
            patience,
            number,
            transcript: transcript.clone(),
        })
    }

    /// The suite's own end of the connection.
    pub fn local_address(&self) -> io::Result<RawAddress> {
        Ok(raw_address(&self.socket.local_addr()?))
    }

    /// Writes bytes as they are, in as many segments as the system makes of them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        self.transcript
            .bytes(self.number, Direction::ToTestee, bytes);
        Ok((&self.socket).write_all(bytes)?)
    }

    /// Writes a message in one piece.
    pub fn write_message(&mut self, payload: &[u8]) -> Result<(), WireError> {
        self.write(&frame::message(self.framing, payload))
    }

    /// Writes a message in segments of one byte.
    pub fn write_message_byte_by_byte(&mut self, payload: &[u8]) -> Result<(), WireError> {
        frame::message(self.framing, payload)
            .iter()
            .try_for_each(|byte| self.write(&[*byte]))
    }

    /// Reads so many bytes.
    pub fn read(&mut self, expected: usize) -> Result<Vec<u8>, WireError> {
        self.socket.set_read_timeout(Some(self.patience))?;
        let mut got = Vec::with_capacity(expected.min(1 << 20));
        let outcome = (&self.socket).take(expected as u64).read_to_end(&mut got);
        if !got.is_empty() {
            self.transcript
                .bytes(self.number, Direction::FromTestee, &got);
        }
        match outcome {
            Ok(_) if got.len() == expected => Ok(got),
            Ok(_) => {
                self.transcript.end(self.number, Direction::FromTestee);
                Err(WireError::Ended { got, expected })
            }
            Err(error) => Err(match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => WireError::Quiet {
                    got,
                    expected,
                    after: self.patience,
                },
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                    WireError::Reset { got, expected }
                }
                _ => WireError::System(error),
            }),
        }
    }

    /// Reads one message and returns its payload. `longest` is what no payload here can exceed.
    pub fn read_message(&mut self, longest: usize) -> Result<Vec<u8>, WireError> {
        let header = self.read(frame::header_length(self.framing))?;
        let Some(announced) = frame::announced(self.framing, &header) else {
            return Err(WireError::NotAHeader {
                header,
                framing: self.framing,
            });
        };
        if announced as usize > longest {
            return Err(WireError::TooLong { header, announced });
        }
        self.read(announced as usize)
    }

    /// Waits for the end of the stream: true when it comes with nothing before it.
    pub fn read_end(&mut self) -> Result<(), WireError> {
        match self.read(1) {
            Err(WireError::Ended { .. } | WireError::Reset { .. }) => Ok(()),
            Ok(got) => Err(WireError::Ended { got, expected: 0 }),
            Err(other) => Err(other),
        }
    }

    /// Whether something comes within this time, the end of the stream included.
    pub fn has_input(&self, patience: Duration) -> io::Result<bool> {
        readable(&self.socket, patience)
    }

    /// Whether the stream has ended already, with nothing before the end.
    pub fn has_ended(&self) -> io::Result<bool> {
        let mut byte = [MaybeUninit::uninit(); 1];
        Ok(readable(&self.socket, Duration::ZERO)? && self.socket.peek(&mut byte)? == 0)
    }

    /// Ends the suite's direction; the other stays open.
    pub fn finish(&mut self) -> Result<(), WireError> {
        self.transcript.end(self.number, Direction::ToTestee);
        Ok(self.socket.shutdown(Shutdown::Write)?)
    }

    /// Closes the connection.
    pub fn close(self) {
        self.transcript.note(self.number, "closed by the suite");
    }

    /// Breaks the connection off: over `AF_INET` the other end sees a reset.
    pub fn reset(self) -> Result<(), WireError> {
        self.transcript.note(self.number, "reset by the suite");
        Ok(self.socket.set_linger(Some(Duration::ZERO))?)
    }
}

/// A raw listener of the suite's, for testees that connect.
#[derive(Debug)]
pub struct Door {
    socket: Socket,
    address: RawAddress,
    framing: Framing,
    patience: Duration,
    transcript: Transcript,
}

impl Door {
    /// Listens on a free port, or on a path that does not exist yet.
    pub fn open(
        family: Family,
        path: &Path,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let address = match family {
            Family::Unix => RawAddress::Text(path.to_string_lossy().into_owned()),
            _ => RawAddress::Pair("127.0.0.1".into(), 0),
        };
        Self::open_at(&address, framing, patience, transcript)
    }

    /// Listens where it is told.
    pub fn open_at(
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let (domain, address) = resolve(address)?;
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.bind(&address)?;
        socket.listen(64)?;
        let address = raw_address(&socket.local_addr()?);
        Ok(Self {
            socket,
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
        if !readable(&self.socket, patience)? {
            return Err(WireError::Quiet {
                got: Vec::new(),
                expected: 0,
                after: patience,
            });
        }
        let (socket, _) = self.socket.accept()?;
        Ok(Wire::new(socket, self.framing, self.patience, transcript)?)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let RawAddress::Text(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Waits until a socket has something to read, an end of stream or a client included.
fn readable(socket: &Socket, patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).unwrap_or(Timespec {
            tv_sec: i64::from(i32::MAX),
            tv_nsec: 0,
        });
        match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The socket address that an address of the seed's form means.
fn resolve(address: &RawAddress) -> io::Result<(Domain, SockAddr)> {
    match address {
        RawAddress::Pair(host, port) => {
            let port = u16::try_from(*port).map_err(|_| {
                io::Error::new(ErrorKind::InvalidInput, format!("{port} is no port"))
            })?;
            // A listener on every interface is reached over loopback, and over nothing else.
            let host = if matches!(host.as_str(), "" | "0.0.0.0") {
                "127.0.0.1"
            } else {
                host
            };
            let found = (host, port)
                .to_socket_addrs()?
                .find(std::net::SocketAddr::is_ipv4);
            let found = found.ok_or_else(|| {
                io::Error::new(ErrorKind::NotFound, format!("{host} has no IPv4 address"))
            })?;
            if !found.ip().is_loopback() {
                return Err(io::Error::new(
                    ErrorKind::InvalidInput,
                    format!(
                        "{host} is {}, which is not on this machine's loopback",
                        found.ip()
                    ),
                ));
            }
            Ok((Domain::IPV4, found.into()))
        }
        RawAddress::Text(path) => Ok((Domain::UNIX, SockAddr::unix(path)?)),
    }
}

/// The address of a socket in the seed's form.
fn raw_address(address: &SockAddr) -> RawAddress {
    if let Some(inet) = address.as_socket_ipv4() {
        return RawAddress::Pair(inet.ip().to_string(), i64::from(inet.port()));
    }
    #[cfg(unix)]
    if let Some(path) = address.as_pathname() {
        return RawAddress::Text(path.to_string_lossy().into_owned());
    }
    RawAddress::Text(String::new())
}

/// A port of 127.0.0.1 on which nobody listens just now.
pub fn vacant_port() -> io::Result<u16> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
    Ok(socket
        .local_addr()?
        .as_socket_ipv4()
        .map_or(0, |address| address.port()))
}
