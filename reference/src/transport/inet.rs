//! `AF_INET`: TCP over IPv4.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd};
use socket2::{Domain, Socket, Type};

use super::{
    Accepted, Acceptor, SetBlocking, Transport, accept_within, address_error, connect_error,
};
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Result};

pub(super) fn connect(
    address: &Address,
    host: &str,
    port: u16,
    deadline: Deadline,
) -> Result<Transport> {
    let bad = |reason| {
        Err(Error::BadAddress {
            address: address.clone(),
            reason,
        })
    };
    if host.is_empty() {
        return bad("the host is empty");
    }
    if port == 0 {
        return bad(
            "nobody can listen at port 0: use the port that the listener's address() returns",
        );
    }
    let mut last = None;
    for candidate in resolve(address, host, port)? {
        let connect = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            match deadline.remaining() {
                None => socket.connect(&candidate.into())?,
                Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
                Some(remaining) => socket.connect_timeout(&candidate.into(), remaining)?,
            }
            // A small message must not wait for the acknowledgement of the one before it.
            socket.set_tcp_nodelay(true)?;
            io::Result::Ok(TcpStream::from(socket))
        };
        match connect() {
            Ok(stream) => return Ok(Transport::stream(stream)),
            Err(error) => last = Some(connect_error(address, error, deadline)),
        }
    }
    Err(last.unwrap_or_else(|| no_ipv4(address)))
}

pub(super) fn listen(
    address: &Address,
    host: &str,
    port: u16,
    backlog: i32,
) -> Result<Box<dyn Acceptor>> {
    let candidate = match host {
        "" => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port),
        _ => *resolve(address, host, port)?
            .first()
            .ok_or_else(|| no_ipv4(address))?,
    };
    let bind = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // On Windows the option would let two listeners share a port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&candidate.into())?;
        socket.listen(backlog)?;
        let socket = TcpListener::from(socket);
        let address = peer(socket.local_addr()?);
        io::Result::Ok(InetAcceptor { socket, address })
    };
    Ok(Box::new(
        bind().map_err(|error| address_error(address, error))?,
    ))
}

fn resolve(address: &Address, host: &str, port: u16) -> Result<Vec<SocketAddrV4>> {
    let unknown = |reason: String| Error::UnknownHost {
        address: address.clone(),
        reason,
    };
    if host.contains('\0') {
        return Err(Error::BadAddress {
            address: address.clone(),
            reason: "the host contains a NUL byte",
        });
    }
    let found = (host, port)
        .to_socket_addrs()
        .map_err(|error| unknown(error.to_string()))?;
    let ipv4: Vec<_> = found
        .filter_map(|found| match found {
            SocketAddr::V4(found) => Some(found),
            SocketAddr::V6(_) => None,
        })
        .collect();
    if ipv4.is_empty() {
        Err(no_ipv4(address))
    } else {
        Ok(ipv4)
    }
}

fn no_ipv4(address: &Address) -> Error {
    Error::UnknownHost {
        address: address.clone(),
        reason: "it has no IPv4 address, which AF_INET requires".to_owned(),
    }
}

fn peer(address: SocketAddr) -> Address {
    Address::from((address.ip().to_string(), address.port()))
}

#[derive(Debug)]
struct InetAcceptor {
    socket: TcpListener,
    address: Address,
}

impl Acceptor for InetAcceptor {
    fn address(&self) -> &Address {
        &self.address
    }

    fn accept(&self, deadline: Deadline) -> io::Result<Option<Accepted>> {
        let Some((stream, from)) = accept_within(&self.socket, deadline, || self.socket.accept())?
        else {
            return Ok(None);
        };
        if deadline.is_set() {
            // On some systems the connection inherits the listener's mode.
            stream.set_nonblocking(false)?;
        }
        // Some systems refuse this if the client has already left, which the first receive reports.
        let _ = stream.set_nodelay(true);
        Ok(Some(Accepted {
            transport: Transport::stream(stream),
            from: Some(peer(from)),
        }))
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}

impl SetBlocking for TcpListener {
    fn set_blocking(&self, blocking: bool) -> io::Result<()> {
        self.set_nonblocking(!blocking)
    }
}
