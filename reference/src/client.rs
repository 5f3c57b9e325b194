//! connect: the seed's `Client`.

use std::time::Duration;

use crate::address::{Address, Family};
use crate::connection::{Connection, Options};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::transport;

/// Connects to the listener at `address`, with everything else as by default. It is `Client` in
/// Python.
///
/// # Errors
///
/// See [`Connector::connect`].
pub fn connect(address: impl Into<Address>) -> Result<Connection> {
    Connector::new().connect(address)
}

/// Connects to listeners: to choose the family, the dialect, limits and timeouts.
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
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "nothing happens before connect() is called"]
pub struct Connector {
    family: Option<Family>,
    options: Options,
}

impl Connector {
    /// One with everything as by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// The family, which otherwise follows from the address.
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
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

    /// Connects to the listener at `address`.
    ///
    /// # Errors
    ///
    /// * [`Refused`](Error::Refused) if nobody listens there, [`NotFound`](Error::NotFound) if
    ///   there is no such path.
    /// * [`FamilyMismatch`](Error::FamilyMismatch) if the address is of another family than the
    ///   one asked for, [`FamilyNotAvailable`](Error::FamilyNotAvailable).
    /// * [`UnknownHost`](Error::UnknownHost), [`PathTooLong`](Error::PathTooLong),
    ///   [`BadAddress`](Error::BadAddress) (the empty one among them),
    ///   [`AddressIo`](Error::AddressIo).
    pub fn connect(&self, address: impl Into<Address>) -> Result<Connection> {
        let address = address.into();
        if address.is_empty() {
            return Err(Error::BadAddress {
                address,
                reason: "it is empty",
            });
        }
        let address = address.agree(self.family)?;
        let transport = transport::connect(&address)?;
        Ok(Connection::new(transport, self.options))
    }
}
