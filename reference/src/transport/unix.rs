//! `AF_UNIX`: a socket in the file system, or in Linux's abstract namespace.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd};
use socket2::{Domain, SockAddr, Socket, Type};

use super::{
    Accepted, Acceptor, SetBlocking, Transport, accept_within, address_error, connect_error,
};
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Result};

/// Whether this system has an abstract namespace (unix(7)).
const HAS_ABSTRACT_NAMES: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The most bytes that a path may have in a socket address, without the NUL at its end. A name in
/// the abstract namespace needs none.
const PATH_LIMIT: usize = if HAS_ABSTRACT_NAMES { 107 } else { 103 };

pub(super) fn connect(address: &Address, path: &Path, deadline: Deadline) -> Result<Transport> {
    check(address, path)?;
    let connect = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        connect_within(&socket, &SockAddr::unix(path)?, deadline)?;
        io::Result::Ok(UnixStream::from(socket))
    };
    match connect() {
        Ok(stream) => Ok(Transport::stream(stream)),
        Err(error) => Err(connect_error(address, error, deadline)),
    }
}

/// Connects within the deadline. The system does not report when there is room in the backlog.
fn connect_within(socket: &Socket, to: &SockAddr, deadline: Deadline) -> io::Result<()> {
    const TURN: Duration = Duration::from_millis(10);

    if !deadline.is_set() {
        return socket.connect(to);
    }
    socket.set_nonblocking(true)?;
    loop {
        match socket.connect(to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let remaining = deadline.remaining().unwrap_or(TURN);
                if remaining.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                thread::sleep(TURN.min(remaining));
            }
            result => {
                socket.set_nonblocking(false)?;
                return result;
            }
        }
    }
}

pub(super) fn listen(address: &Address, path: &Path, backlog: i32) -> Result<Box<dyn Acceptor>> {
    check(address, path)?;
    let bind = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = if address.is_abstract() {
            None
        } else {
            let file = SocketFile::made_at(path)?;
            // Nobody can connect before listen(), so nobody slips in before the mode is set.
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
            Some(file)
        };
        socket.listen(backlog)?;
        io::Result::Ok(UnixAcceptor {
            socket: UnixListener::from(socket),
            address: address.clone(),
            _file: file,
        })
    };
    Ok(Box::new(
        bind().map_err(|error| address_error(address, error))?,
    ))
}

fn check(address: &Address, path: &Path) -> Result<()> {
    let bytes = path.as_os_str().as_bytes();
    let bad = |reason| {
        Err(Error::BadAddress {
            address: address.clone(),
            reason,
        })
    };
    let limit = PATH_LIMIT + usize::from(address.is_abstract());
    if bytes.is_empty() {
        bad("the path is empty")
    } else if address.is_abstract() && !HAS_ABSTRACT_NAMES {
        bad("the path begins with a NUL byte, but only Linux has an abstract namespace")
    } else if bytes.contains(&0) && !address.is_abstract() {
        bad("the path contains a NUL byte")
    } else if bytes.len() > limit {
        Err(Error::PathTooLong {
            address: address.clone(),
            length: bytes.len(),
            limit,
        })
    } else {
        Ok(())
    }
}

#[derive(Debug)]
struct UnixAcceptor {
    socket: UnixListener,
    address: Address,
    _file: Option<SocketFile>,
}

impl Acceptor for UnixAcceptor {
    fn address(&self) -> &Address {
        &self.address
    }

    fn accept(&self, deadline: Deadline) -> io::Result<Option<Accepted>> {
        let Some((stream, _)) = accept_within(&self.socket, deadline, || self.socket.accept())?
        else {
            return Ok(None);
        };
        if deadline.is_set() {
            // On some systems the connection inherits the listener's mode.
            stream.set_nonblocking(false)?;
        }
        // A client's socket has no path.
        Ok(Some(Accepted {
            transport: Transport::stream(stream),
            from: Some(Address::Unix(PathBuf::new())),
        }))
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}

impl SetBlocking for UnixListener {
    fn set_blocking(&self, blocking: bool) -> io::Result<()> {
        self.set_nonblocking(!blocking)
    }
}

/// The file that `bind` created. It is removed when the listener is dropped, unless another file
/// has taken its path.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn made_at(path: &Path) -> io::Result<Self> {
        // The working directory may have changed by the time the file is removed.
        let path = std::path::absolute(path)?;
        let metadata = fs::symlink_metadata(&path)?;
        Ok(Self {
            path,
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    fn is_still_there(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == (self.device, self.inode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_still_there() {
            // Nobody is left to whom a failure could be reported.
            let _ = fs::remove_file(&self.path);
        }
    }
}
