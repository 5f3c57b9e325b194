//! [`connect`] and [`Connector`]: `Client` in Python.

use std::time::Duration;

use rustix::fd::OwnedFd;

use crate::address::{Address, Family};
use crate::auth::{AuthKey, Role};
use crate::connection::{Authentication, Connection, Options};
use crate::deadline::Deadline;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::transport::{self, ConnectOptions, Transport};

/// Connects to the listener at `address`, with the defaults for everything else. This is `Client`
/// in Python.
///
/// # Errors
///
/// See [`Connector::connect`].
pub fn connect(address: impl Into<Address>) -> Result<Connection> {
    Connector::new().connect(address)
}

/// Connects to listeners, with a choice of family, key, dialect, limits and timeouts.
///
/// ```no_run
/// use processing_connection::{Connector, Dialect};
///
/// let mut conn = Connector::new()
///     .dialect(Dialect::PROCESSING_0_20_C)
///     .connect(("localhost", 6000))?;
/// conn.send(&42)?;
/// # Ok::<(), processing_connection::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens before connect() is called"]
pub struct Connector {
    family: Option<Family>,
    options: Options,
    authentication: Authentication,
    connect_timeout: Option<Duration>,
    busy_timeout: Option<Duration>,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            family: None,
            options: Options::default(),
            authentication: Authentication::default(),
            connect_timeout: None,
            busy_timeout: Some(Duration::from_secs(20)),
        }
    }
}

impl Connector {
    /// Creates a connector with the defaults for everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the family, which is otherwise inferred from the address.
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// Sets the key. The listener and the client must prove to each other that they have the same
    /// one; without a key there is no handshake. The [dialect](Self::dialect) must have a
    /// handshake, as the default does.
    pub fn authkey(mut self, key: impl Into<AuthKey>) -> Self {
        self.authentication.key = Some(key.into());
        self
    }

    /// Limits the time that the handshake may take, from its first byte to its last. The default is
    /// 20 seconds; `None` waits forever. The listener sends the first message, so the time until it
    /// accepts the connection counts as well.
    pub fn handshake_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.authentication.timeout = timeout.into();
        self
    }

    /// Limits the time that the system may take to connect a socket; `None` (the default) leaves it
    /// to the system, which may wait for minutes for a host that does not answer, and forever for a
    /// listener over `AF_UNIX` whose backlog is full. The resolution of the host name and the
    /// handshake do not count, and pipes have a [timeout of their own](Self::busy_timeout).
    pub fn connect_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.connect_timeout = timeout.into();
        self
    }

    /// Limits the time that [`connect`](Self::connect) waits for its turn when other clients are
    /// waiting for the same `AF_PIPE` listener. The default is 20 seconds, as in `multiprocessing`
    /// (`CONNECTION_TIMEOUT` in its `connection.py`); `None` waits forever. This has no effect on
    /// sockets, where clients wait after they have connected.
    pub fn busy_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.busy_timeout = timeout.into();
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

    /// Connects to the listener at `address`, and performs the handshake if there is a key.
    ///
    /// # Errors
    ///
    /// * [`Refused`](Error::Refused) if nobody is listening there, [`NotFound`](Error::NotFound) if
    ///   there is no such path or pipe.
    /// * [`TimedOut`](Error::TimedOut) after the [connect timeout](Self::connect_timeout), or if
    ///   every instance of a pipe stays [busy](Self::busy_timeout).
    /// * [`FamilyMismatch`](Error::FamilyMismatch) if the address belongs to a different family
    ///   than the requested one, [`FamilyNotAvailable`](Error::FamilyNotAvailable).
    /// * [`UnknownHost`](Error::UnknownHost), [`PathTooLong`](Error::PathTooLong),
    ///   [`BadAddress`](Error::BadAddress) (for example for an empty one),
    ///   [`AddressIo`](Error::AddressIo).
    /// * [`AuthenticationFailed`](Error::AuthenticationFailed) if the listener has a different key
    ///   or none, sends nothing, or leaves; the connection is closed.
    /// * [`EmptyKey`](Error::EmptyKey) if the key is empty, [`NoHandshake`](Error::NoHandshake) if
    ///   there is a key but the dialect has no handshake.
    pub fn connect(&self, address: impl Into<Address>) -> Result<Connection> {
        let address = address.into();
        if address.is_empty() {
            return Err(Error::BadAddress {
                address,
                reason: "it is empty",
            });
        }
        let address = address.agree(self.family)?;
        let terms = self.authentication.terms(self.options.dialect)?;
        let options = ConnectOptions {
            deadline: Deadline::after(self.connect_timeout),
            busy_timeout: self.busy_timeout,
        };
        let transport = transport::connect(&address, options)?;
        Connection::new(transport, Some(address), self.options)
            .authenticated(Role::Client, terms.as_ref())
    }

    /// Uses a stream that is connected already, such as a `TcpStream` or a `UnixStream`, and
    /// performs the handshake of a client if there is a key. To accept a stream in place of a
    /// listener, see [`ListenerBuilder::attach`](crate::ListenerBuilder::attach).
    ///
    /// ```no_run
    /// use std::net::TcpStream;
    /// use processing_connection::Connector;
    ///
    /// let stream = TcpStream::connect("localhost:6000")?;
    /// let mut conn = Connector::new().authkey("secret").attach(stream)?;
    /// conn.send(&42)?;
    /// # Ok::<(), processing_connection::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`connect`](Self::connect) about the key and the handshake.
    pub fn attach(&self, stream: impl Into<OwnedFd>) -> Result<Connection> {
        let terms = self.authentication.terms(self.options.dialect)?;
        let transport = Transport::attached(stream.into())?;
        Connection::new(transport, None, self.options).authenticated(Role::Client, terms.as_ref())
    }
}
