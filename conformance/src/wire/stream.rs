//! Streams of bytes: the sockets of `AF_INET` and `AF_UNIX`.

use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddrV4, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockAddr, Socket, Type};

use super::{RawAddress, WireError};

/// Connects to the address of a stream.
pub(super) fn connect(address: &RawAddress, patience: Option<Duration>) -> io::Result<Socket> {
    let (domain, address) = resolve(address)?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    match patience {
        Some(patience) => socket.connect_timeout(&address, patience)?,
        None => socket.connect(&address)?,
    }
    Ok(socket)
}

/// Listens at the address of a stream, and returns the actual address.
pub(super) fn listen(address: &RawAddress) -> io::Result<(Socket, RawAddress)> {
    let (domain, address) = resolve(address)?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.bind(&address)?;
    socket.listen(64)?;
    let address = raw_address(&socket.local_addr()?);
    Ok((socket, address))
}

/// Reads `expected` bytes. Returns the bytes that arrived, and an error if there are fewer.
pub(super) fn read(
    socket: &Socket,
    expected: usize,
    patience: Duration,
) -> io::Result<(Vec<u8>, Option<WireError>)> {
    socket.set_read_timeout(Some(patience))?;
    let mut got = Vec::with_capacity(expected.min(1 << 20));
    let outcome = socket.take(expected as u64).read_to_end(&mut got);
    let error = match outcome {
        Ok(_) if got.len() == expected => None,
        Ok(_) => Some(WireError::Ended {
            got: got.clone(),
            expected,
        }),
        Err(error) => Some(match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => WireError::Quiet {
                got: got.clone(),
                expected,
                after: patience,
            },
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => WireError::Reset {
                got: got.clone(),
                expected,
            },
            _ => WireError::System(error),
        }),
    };
    Ok((got, error))
}

/// Waits until a socket has something to read, including the end of the stream, or a client to accept.
pub(super) fn readable(socket: &Socket, patience: Duration) -> io::Result<bool> {
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

/// Resolves an address in the seed's form.
fn resolve(address: &RawAddress) -> io::Result<(Domain, SockAddr)> {
    match address {
        RawAddress::Pair(host, port) => {
            let port = u16::try_from(*port).map_err(|_| {
                io::Error::new(
                    ErrorKind::InvalidInput,
                    format!("{port} is not a valid port"),
                )
            })?;
            // A listener on every interface is reached only over loopback.
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
                    format!("{host} is {}, which is not a loopback address", found.ip()),
                ));
            }
            Ok((Domain::IPV4, found.into()))
        }
        RawAddress::Text(path) => Ok((Domain::UNIX, SockAddr::unix(path)?)),
    }
}

/// Converts the address of a socket into the seed's form.
pub(super) fn raw_address(address: &SockAddr) -> RawAddress {
    if let Some(inet) = address.as_socket_ipv4() {
        return RawAddress::Pair(inet.ip().to_string(), i64::from(inet.port()));
    }
    #[cfg(unix)]
    if let Some(path) = address.as_pathname() {
        return RawAddress::Text(path.to_string_lossy().into_owned());
    }
    RawAddress::Text(String::new())
}

/// A port of 127.0.0.1 that is not in use at the moment.
pub fn vacant_port() -> io::Result<u16> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
    Ok(socket
        .local_addr()?
        .as_socket_ipv4()
        .map_or(0, |address| address.port()))
}
