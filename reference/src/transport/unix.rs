//! `AF_UNIX`: a socket in the file system.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{Accepted, Acceptor, SetBlocking, Transport, accept_within, address_error};
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Result};

/// The most bytes that a path may have in a socket address, without the NUL at its end.
const PATH_LIMIT: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

pub(super) fn connect(address: &Address, path: &Path) -> Result<Transport> {
    check(address, path)?;
    match UnixStream::connect(path) {
        Ok(stream) => Ok(Transport::stream(stream)),
        Err(error) => Err(address_error(address, error)),
    }
}

pub(super) fn listen(address: &Address, path: &Path, backlog: i32) -> Result<Box<dyn Acceptor>> {
    check(address, path)?;
    let bind = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = SocketFile::made_at(path)?;
        // Nobody can connect before listen(), so nobody slips in before the mode is set.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
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
    if bytes.is_empty() {
        bad("the path is empty")
    } else if bytes.contains(&0) {
        bad("the path contains a NUL byte")
    } else if bytes.len() > PATH_LIMIT {
        Err(Error::PathTooLong {
            address: address.clone(),
            length: bytes.len(),
            limit: PATH_LIMIT,
        })
    } else {
        Ok(())
    }
}

#[derive(Debug)]
struct UnixAcceptor {
    socket: UnixListener,
    address: Address,
    _file: SocketFile,
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
