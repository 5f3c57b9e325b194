//! Addresses of named pipes, and the errors that the system reports about them.

use std::io;

use rustix::fd::BorrowedFd;

use super::system::{self, code};
use super::{Pipe, PipeListener, PipeOptions, ReadMode};
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::transport::{
    Accepted, Acceptor, ConnectOptions, ListenOptions, Transport, address_error,
};

/// The most characters that a whole name may have (`CreateNamedPipe`).
const LONGEST: usize = 256;

/// The most instances that wait. The system limits the backlog of a socket in the same way.
const MOST_WAITING: usize = 128;

pub(in crate::transport) fn connect(
    address: &Address,
    name: &str,
    options: ConnectOptions,
) -> Result<Transport> {
    check(address, name, false)?;
    match Pipe::connect(name, ReadMode::Messages, options.busy_timeout) {
        Ok(pipe) => Ok(Transport::Pipe(pipe)),
        Err(error) => Err(match code(&error) {
            _ if error.kind() == io::ErrorKind::TimedOut => Error::TimedOut {
                operation: "connect",
                resumable: true,
            },
            Some(system::ERROR_FILE_NOT_FOUND) => Error::NotFound {
                address: address.clone(),
            },
            Some(system::ERROR_BAD_NETPATH) => Error::UnknownHost {
                address: address.clone(),
                reason: error.to_string(),
            },
            _ => name_error(address, error),
        }),
    }
}

pub(in crate::transport) fn listen(
    address: &Address,
    name: &str,
    options: ListenOptions,
) -> Result<Box<dyn Acceptor>> {
    check(address, name, true)?;
    let options = PipeOptions {
        remote_clients: options.remote_clients,
        waiting: usize::try_from(options.backlog)
            .unwrap_or(1)
            .min(MOST_WAITING),
        ..PipeOptions::default()
    };
    match PipeListener::bind(name, &options) {
        Ok(listener) => Ok(Box::new(PipeAcceptor {
            listener,
            address: address.clone(),
        })),
        Err(error) => Err(match code(&error) {
            // The first is for FILE_FLAG_FIRST_PIPE_INSTANCE, the second for a pipe of another
            // type.
            Some(system::ERROR_ACCESS_DENIED | system::ERROR_PIPE_BUSY) => Error::AddressInUse {
                address: address.clone(),
            },
            _ => name_error(address, error),
        }),
    }
}

#[derive(Debug)]
struct PipeAcceptor {
    listener: PipeListener,
    address: Address,
}

impl Acceptor for PipeAcceptor {
    fn address(&self) -> &Address {
        &self.address
    }

    fn accept(&self, deadline: Deadline) -> io::Result<Option<Accepted>> {
        let pipe = self.listener.accept(deadline.remaining())?;
        Ok(pipe.map(|pipe| Accepted {
            transport: Transport::Pipe(pipe),
            from: None,
        }))
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn interrupt(&self) {
        self.listener.close();
    }
}

/// Checks that the name is `\\ServerName\pipe\PipeName`, and on this computer if it is for
/// listening.
fn check(address: &Address, name: &str, listening: bool) -> Result<()> {
    let bad = |reason| {
        Err(Error::BadAddress {
            address: address.clone(),
            reason,
        })
    };
    let mut parts = name.strip_prefix(r"\\").unwrap_or_default().splitn(3, '\\');
    let server = parts.next().unwrap_or_default();
    let is_pipe = parts
        .next()
        .is_some_and(|part| part.eq_ignore_ascii_case("pipe"));
    let pipe = parts.next().unwrap_or_default();
    if server.is_empty() || !is_pipe || pipe.is_empty() {
        bad(r"it does not have the form \\.\pipe\PipeName")
    } else if name.contains('\0') {
        bad("the name contains a NUL")
    } else if name.encode_utf16().count() > LONGEST {
        bad("the name has more than 256 characters")
    } else if listening && server != "." {
        bad(r"a listener must be on this computer: \\.\pipe\PipeName")
    } else {
        Ok(())
    }
}

fn name_error(address: &Address, error: io::Error) -> Error {
    match code(&error) {
        Some(
            system::ERROR_INVALID_NAME
            | system::ERROR_BAD_PATHNAME
            | system::ERROR_FILENAME_EXCED_RANGE,
        ) => Error::BadAddress {
            address: address.clone(),
            reason: "the system does not accept this name",
        },
        _ => address_error(address, error),
    }
}
