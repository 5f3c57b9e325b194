//! Listener: bind accept address `last_accepted` close.

use std::time::Duration;

use crate::address::{Address, Family};
use crate::auth::{AuthKey, Role};
use crate::connection::{Authentication, Connection, Options};
use crate::deadline::Deadline;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::transport::{self, Accepted, Acceptor, ListenOptions};

/// Listens for connections at an address.
///
/// It is closed when it is dropped. An `AF_UNIX` listener then removes the file it made, and no
/// other.
///
/// ```
/// use processing_connection::{Family, Listener};
///
/// let listener = Listener::builder().family(Family::Inet).bind()?;
/// println!("listening at {}", listener.address());
/// # Ok::<(), processing_connection::Error>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    acceptor: Option<Box<dyn Acceptor>>,
    address: Address,
    last_accepted: Option<Address>,
    options: Options,
    authentication: Authentication,
    accept_timeout: Option<Duration>,
}

impl Listener {
    /// Listens at `address`, with everything else as by default.
    ///
    /// # Errors
    ///
    /// See [`ListenerBuilder::bind`].
    pub fn bind(address: impl Into<Address>) -> Result<Self> {
        Self::builder().address(address).bind()
    }

    /// To choose the address, the family, the backlog, the key, the dialect, limits and timeouts.
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder::default()
    }

    /// Waits for the next connection, and for its handshake if there is a key.
    ///
    /// The listener serves nobody else during a handshake, which takes up to the
    /// [handshake timeout](ListenerBuilder::handshake_timeout). After a failed one the connection
    /// is closed, [`last_accepted`](Self::last_accepted) tells from where it came, and the
    /// listener goes on:
    ///
    /// ```no_run
    /// # use processing_connection::{Connection, Error, Listener};
    /// # fn serve(_: Connection) {}
    /// # fn main() -> processing_connection::Result<()> {
    /// # let mut listener = Listener::bind(("localhost", 6000))?;
    /// loop {
    ///     match listener.accept() {
    ///         Ok(conn) => serve(conn),
    ///         Err(error @ Error::AuthenticationFailed { .. }) => eprintln!("{error}"),
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// * [`AuthenticationFailed`](Error::AuthenticationFailed) if the client has another key or
    ///   none, is silent, or left; the listener goes on.
    /// * [`TimedOut`](Error::TimedOut) after the accept timeout; the listener goes on.
    /// * [`NotOpen`](Error::NotOpen) after [`close`](Self::close).
    pub fn accept(&mut self) -> Result<Connection> {
        let acceptor = self.acceptor.as_ref().ok_or(Error::NotOpen)?;
        let deadline = Deadline::after(self.accept_timeout);
        let Accepted { transport, from } = acceptor.accept(deadline)?.ok_or(Error::TimedOut {
            operation: "accept",
            resumable: true,
        })?;
        self.last_accepted = from;
        Connection::new(transport, self.options).authenticated(Role::Listener, &self.authentication)
    }

    /// The address that the listener uses: for `AF_INET` the number of the host and the port that
    /// the system chose if it was bound to port 0 (`getsockname` in `processing` 0.20). It stays
    /// known after [`close`](Self::close).
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The address from which the last accepted connection came; `None` before the first.
    ///
    /// For `AF_UNIX` it is the empty string, since a client's socket has no path (as `processing`
    /// 0.20 reports it). For `AF_PIPE` it stays `None`: a pipe does not tell.
    pub fn last_accepted(&self) -> Option<&Address> {
        self.last_accepted.as_ref()
    }

    /// Bounds the time that [`accept`](Self::accept) waits for a client; `None` (the default)
    /// waits for ever. The handshake has a
    /// [timeout of its own](ListenerBuilder::handshake_timeout).
    pub fn set_accept_timeout(&mut self, timeout: Option<Duration>) {
        self.accept_timeout = timeout;
    }

    /// Stops listening. Connections that were accepted stay open. Closing twice is fine.
    pub fn close(&mut self) {
        self.acceptor = None;
    }
}

/// What [`Listener::builder`] starts.
#[derive(Clone, Debug)]
#[must_use = "nothing listens before bind() is called"]
pub struct ListenerBuilder {
    address: Option<Address>,
    family: Option<Family>,
    socket_or_pipe: ListenOptions,
    options: Options,
    authentication: Authentication,
    accept_timeout: Option<Duration>,
}

impl Default for ListenerBuilder {
    fn default() -> Self {
        Self {
            address: None,
            family: None,
            socket_or_pipe: ListenOptions {
                backlog: 1,
                remote_clients: false,
            },
            options: Options::default(),
            authentication: Authentication::default(),
            accept_timeout: None,
        }
    }
}

impl ListenerBuilder {
    /// Where to listen. Without it, or if it is an empty string, the listener uses an
    /// [arbitrary](Address::arbitrary) address of its family.
    pub fn address(mut self, address: impl Into<Address>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The family, which otherwise follows from the address. Without either it is the
    /// [default family](Family::default).
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// How many connections may wait to be accepted, as the system understands it. Default 1.
    /// For `AF_PIPE` so many instances of the pipe wait for clients; whoever comes when all are
    /// taken [waits for its turn](crate::Connector::busy_timeout).
    pub fn backlog(mut self, connections: i32) -> Self {
        self.socket_or_pipe.backlog = connections;
        self
    }

    /// Whether an `AF_PIPE` listener takes clients of other computers. Default false: the system
    /// refuses them. Of no meaning for sockets, where the address decides.
    pub fn remote_clients(mut self, taken: bool) -> Self {
        self.socket_or_pipe.remote_clients = taken;
        self
    }

    /// The key that clients have to have, and will want proof of; without one there is no
    /// handshake. It takes a [dialect](Self::dialect) that has one, as the default has.
    pub fn authkey(mut self, key: impl Into<AuthKey>) -> Self {
        self.authentication.key = Some(key.into());
        self
    }

    /// Bounds the time that the handshake takes with one client, from its first byte to its last.
    /// Default 20 seconds, during which a client that says nothing keeps the listener from the
    /// others; `None` waits for ever.
    pub fn handshake_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.authentication.timeout = timeout.into();
        self
    }

    /// The dialect of the connections.
    pub fn dialect(mut self, dialect: impl Into<Dialect>) -> Self {
        self.options.dialect = dialect.into();
        self
    }

    /// The limits of the connections.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// See [`Connection::set_read_timeout`].
    pub fn read_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.read_timeout = timeout.into();
        self
    }

    /// See [`Connection::set_write_timeout`].
    pub fn write_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.write_timeout = timeout.into();
        self
    }

    /// See [`Listener::set_accept_timeout`].
    pub fn accept_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.accept_timeout = timeout.into();
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// * [`FamilyMismatch`](Error::FamilyMismatch) if the address is of another family,
    ///   [`FamilyNotAvailable`](Error::FamilyNotAvailable).
    /// * `AF_INET`: [`AddressInUse`](Error::AddressInUse), [`UnknownHost`](Error::UnknownHost).
    /// * `AF_PIPE`: [`AddressInUse`](Error::AddressInUse), [`BadAddress`](Error::BadAddress) if it
    ///   is not of the form `\\.\pipe\PipeName`.
    /// * `AF_UNIX`: [`PathExists`](Error::PathExists), [`PathTooLong`](Error::PathTooLong),
    ///   [`NotFound`](Error::NotFound) if there is no such directory.
    /// * [`BadAddress`](Error::BadAddress), [`AddressIo`](Error::AddressIo).
    /// * [`EmptyKey`](Error::EmptyKey), [`NoHandshake`](Error::NoHandshake) if there is a key and
    ///   the dialect has no use for it.
    pub fn bind(self) -> Result<Listener> {
        self.authentication.agree(self.options.dialect)?;
        let address = match self.address.filter(|address| !address.is_empty()) {
            Some(address) => address.agree(self.family)?,
            None => Address::arbitrary(self.family.unwrap_or_default()),
        };
        let acceptor = transport::listen(&address, self.socket_or_pipe)?;
        Ok(Listener {
            address: acceptor.address().clone(),
            acceptor: Some(acceptor),
            last_accepted: None,
            options: self.options,
            authentication: self.authentication,
            accept_timeout: self.accept_timeout,
        })
    }
}
