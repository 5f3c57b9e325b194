//! [`Listener`] and [`ListenerBuilder`]: `Listener` in Python.

mod entrance;
mod lobby;

use std::iter;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::fd::OwnedFd;

use self::entrance::Entrance;
use self::lobby::{Finished, Lobby};
use crate::address::{Address, Family};
use crate::auth::{AuthKey, Role};
use crate::closer::Closer;
use crate::connection::{Authentication, Connection, Options, Terms};
use crate::deadline::Deadline;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::transport::{self, Accepted, ListenOptions, Transport};

/// Listens for connections at an address.
///
/// It is closed when it is dropped. An `AF_UNIX` listener then removes the file that it created,
/// but no other.
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
    /// `None` after the listener was closed.
    entrance: Option<Arc<Entrance>>,
    address: Address,
    last_accepted: Option<Address>,
    options: Options,
    /// `None` without a key.
    terms: Option<Terms>,
    lobby: Lobby,
    accept_timeout: Option<Duration>,
}

impl Listener {
    /// Listens at `address`, with the defaults for everything else.
    ///
    /// # Errors
    ///
    /// See [`ListenerBuilder::bind`].
    pub fn bind(address: impl Into<Address>) -> Result<Self> {
        Self::builder().address(address).bind()
    }

    /// Returns a builder for a listener, with a choice of address, family, backlog, key, dialect,
    /// limits and timeouts.
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder::default()
    }

    /// Waits for the next connection, and for its handshake if there is a key.
    ///
    /// The handshakes of several clients go on at the same time, and the first client that has
    /// proved that it has the key is returned: one that sends nothing keeps nobody waiting. Each
    /// handshake may take up to the [handshake timeout](ListenerBuilder::handshake_timeout), of
    /// which only the time during this call counts. Up to 128 clients may be in a handshake; if
    /// another one connects, the one that has waited longest is refused. Over `AF_PIPE` the
    /// handshakes are performed one after another.
    ///
    /// After a failed handshake the connection is closed, [`last_accepted`](Self::last_accepted)
    /// returns the address from which it came, and the listener can accept the next client:
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
    /// * [`AuthenticationFailed`](Error::AuthenticationFailed) if the client has a different key or
    ///   none, sends nothing, or leaves. The listener can accept the next client.
    /// * [`TimedOut`](Error::TimedOut) after the accept timeout. `accept` can be called again.
    /// * [`NotOpen`](Error::NotOpen) after [`close`](Self::close), or if a [`Closer`] has closed the
    ///   listener.
    pub fn accept(&mut self) -> Result<Connection> {
        let finished = self.first_to_finish();
        if matches!(finished, Err(Error::NotOpen)) {
            self.close();
        }
        let (result, from) = finished?;
        self.last_accepted = from;
        result
    }

    fn first_to_finish(&mut self) -> Result<Finished> {
        let entrance = self.entrance.as_deref().ok_or(Error::NotOpen)?;
        let deadline = Deadline::after(self.accept_timeout);
        match &self.terms {
            Some(terms) if !entrance.is_pipe() => self
                .lobby
                .first_to_finish(entrance, self.options, terms, deadline)?
                .ok_or(TIMED_OUT),
            terms => {
                let Accepted { transport, from } = entrance.accept(deadline)?.ok_or(TIMED_OUT)?;
                let connection = Connection::new(transport, from.clone(), self.options);
                let result = connection.authenticated(Role::Listener, terms.as_ref());
                Ok((result, from))
            }
        }
    }

    /// Returns an iterator over the connections that [`accept`](Self::accept) returns, and over its
    /// errors. It never ends.
    pub fn incoming(&mut self) -> impl Iterator<Item = Result<Connection>> {
        iter::repeat_with(|| self.accept())
    }

    /// Returns the address at which the listener listens. For `AF_INET` it consists of the IPv4
    /// address of the host and the port, which the system has chosen if the listener was bound to
    /// port 0 (`getsockname` in `processing` 0.20). It is still available after
    /// [`close`](Self::close).
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the address from which the last accepted connection came, or `None` before the
    /// first.
    ///
    /// For `AF_UNIX` it is the empty string, since a client's socket has no path (`processing` 0.20
    /// reports the same). For `AF_PIPE` it is always `None`, since a pipe does not reveal it.
    pub fn last_accepted(&self) -> Option<&Address> {
        self.last_accepted.as_ref()
    }

    /// Limits the time that [`accept`](Self::accept) waits for a client; `None` (the default) waits
    /// forever. The handshake has a [timeout of its own](ListenerBuilder::handshake_timeout).
    pub fn set_accept_timeout(&mut self, timeout: Option<Duration>) {
        self.accept_timeout = timeout;
    }

    /// Returns a handle that closes the listener from another thread, while [`accept`](Self::accept)
    /// waits. The call of `accept` that is waiting, or otherwise the next one, then stops listening
    /// and fails with [`NotOpen`](Error::NotOpen). Over `AF_PIPE` a handshake that has begun is
    /// finished first.
    ///
    /// # Errors
    ///
    /// The error of the system if it cannot create a socket, by which the handle wakes `accept`.
    pub fn closer(&self) -> Result<Closer> {
        let Some(entrance) = &self.entrance else {
            return Ok(Closer::new(Weak::<Entrance>::new()));
        };
        entrance.install_bell()?;
        let entrance: Weak<Entrance> = Arc::downgrade(entrance);
        Ok(Closer::new(entrance))
    }

    /// Stops listening. Connections that were accepted stay open. Closing the listener again does
    /// nothing.
    pub fn close(&mut self) {
        self.entrance = None;
        self.lobby = Lobby::default();
    }
}

const TIMED_OUT: Error = Error::TimedOut {
    operation: "accept",
    resumable: true,
};

/// A builder for a [`Listener`], from [`Listener::builder`].
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
    /// Sets the address. Without one, or if it is an empty string, the listener uses an
    /// [arbitrary](Address::arbitrary) address of its family.
    pub fn address(mut self, address: impl Into<Address>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Sets the family, which is otherwise inferred from the address. Without either it is the
    /// [default family](Family::default).
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// Sets how many connections may wait to be accepted, as the system interprets it. The default
    /// is 1. For `AF_PIPE` it is the number of instances of the pipe that wait for clients; a
    /// client that connects when all of them are taken [waits for its
    /// turn](crate::Connector::busy_timeout).
    pub fn backlog(mut self, connections: i32) -> Self {
        self.socket_or_pipe.backlog = connections;
        self
    }

    /// Sets whether an `AF_PIPE` listener accepts clients on other computers. The default is
    /// `false`: the system refuses them. This has no effect on sockets, where the address decides.
    pub fn remote_clients(mut self, accepted: bool) -> Self {
        self.socket_or_pipe.remote_clients = accepted;
        self
    }

    /// Sets the key. The listener and each client must prove to each other that they have the same
    /// one; without a key there is no handshake. The [dialect](Self::dialect) must have a
    /// handshake, as the default does.
    pub fn authkey(mut self, key: impl Into<AuthKey>) -> Self {
        self.authentication.key = Some(key.into());
        self
    }

    /// Limits the time that the handshake with one client may take, from its first byte to its
    /// last. The default is 20 seconds; `None` waits forever.
    pub fn handshake_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.authentication.timeout = timeout.into();
        self
    }

    /// Sets the dialect of the connections.
    pub fn dialect(mut self, dialect: impl Into<Dialect>) -> Self {
        self.options.dialect = dialect.into();
        self
    }

    /// Sets the limits of the connections.
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

    /// Uses a stream that was accepted already, such as a `TcpStream` or a `UnixStream`, and
    /// performs the handshake of a listener if there is a key. The address, the family, the backlog
    /// and the accept timeout are not used.
    ///
    /// # Errors
    ///
    /// The errors of [`bind`](Self::bind) about the key, and the errors of
    /// [`accept`](Listener::accept) about the handshake.
    pub fn attach(&self, stream: impl Into<OwnedFd>) -> Result<Connection> {
        let terms = self.authentication.terms(self.options.dialect)?;
        let transport = Transport::attached(stream.into())?;
        Connection::new(transport, None, self.options).authenticated(Role::Listener, terms.as_ref())
    }

    /// Starts listening.
    ///
    /// # Errors
    ///
    /// * [`FamilyMismatch`](Error::FamilyMismatch) if the address belongs to a different family
    ///   than the requested one, [`FamilyNotAvailable`](Error::FamilyNotAvailable).
    /// * `AF_INET`: [`AddressInUse`](Error::AddressInUse), [`UnknownHost`](Error::UnknownHost).
    /// * `AF_PIPE`: [`AddressInUse`](Error::AddressInUse), [`BadAddress`](Error::BadAddress) if the
    ///   name does not have the form `\\.\pipe\PipeName`.
    /// * `AF_UNIX`: [`PathExists`](Error::PathExists), [`PathTooLong`](Error::PathTooLong),
    ///   [`NotFound`](Error::NotFound) if there is no such directory.
    /// * [`BadAddress`](Error::BadAddress), [`AddressIo`](Error::AddressIo).
    /// * [`EmptyKey`](Error::EmptyKey) if the key is empty, [`NoHandshake`](Error::NoHandshake) if
    ///   there is a key but the dialect has no handshake.
    pub fn bind(self) -> Result<Listener> {
        let terms = self.authentication.terms(self.options.dialect)?;
        let address = match self.address.filter(|address| !address.is_empty()) {
            Some(address) => address.agree(self.family)?,
            None => Address::arbitrary(self.family.unwrap_or_default()),
        };
        let acceptor = transport::listen(&address, self.socket_or_pipe)?;
        Ok(Listener {
            address: acceptor.address().clone(),
            entrance: Some(Arc::new(Entrance::new(acceptor))),
            last_accepted: None,
            options: self.options,
            terms,
            lobby: Lobby::default(),
            accept_timeout: self.accept_timeout,
        })
    }
}
