//! Everything that decides the bytes.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::framing::Framing;

/// Everything that decides the bytes: the framing of streams, the handshake, and the highest
/// pickle protocol to send.
///
/// Nothing on the wire tells the dialect: both sides have to be told. A side that reads a header
/// in the wrong dialect waits for gigabytes, so choose the constant of the release that runs on
/// the other side. The default is that of `processing` 0.30 and later, and of `multiprocessing`,
/// without authentication.
///
/// A dialect has a name, its framing's:
///
/// ```
/// use processing_connection::Dialect;
///
/// let dialect: Dialect = "le32".parse()?;
/// assert_eq!(dialect, Dialect::PROCESSING_0_20_C);
/// assert_eq!(Dialect::default().to_string(), "be32");
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// On `AF_PIPE` the framing is not used: a message is a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dialect {
    framing: Framing,
    handshake: Handshake,
}

impl Dialect {
    /// `processing` 0.10 to 0.21 with the C extension: le32 (`socket_connection.c`).
    pub const PROCESSING_0_10_C: Self = Self::new(Framing::Le32);

    /// `processing` 0.10 without the C extension: hex8 (`connection.py`, `'%08x'`).
    pub const PROCESSING_0_10_PURE: Self = Self::new(Framing::Hex8);

    /// `processing` 0.11 to 0.21 without the C extension: be32 (`connection.py`, `'!I'`).
    pub const PROCESSING_0_11_PURE: Self = Self::new(Framing::Be32);

    /// `processing` 0.20 with the C extension, the release whose reference page this crate
    /// follows: le32, as [`PROCESSING_0_10_C`](Self::PROCESSING_0_10_C).
    pub const PROCESSING_0_20_C: Self = Self::PROCESSING_0_10_C;

    /// `processing` 0.30 to 0.52, with or without the C extension, no authkey: be32.
    pub const PROCESSING_0_30: Self = Self::new(Framing::Be32);

    /// The dialect with this framing and no handshake.
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            handshake: Handshake::None,
        }
    }

    /// How messages are delimited on a stream.
    pub const fn framing(self) -> Framing {
        self.framing
    }

    /// What the two sides prove to each other before the first message.
    pub const fn handshake(self) -> Handshake {
        self.handshake
    }

    /// The highest pickle protocol that the peer is known to read. It is 2 in every release of
    /// `processing` (`dumps(obj, 2)`), and what is sent. Received are protocols 0 to 5.
    pub const fn pickle_protocol(self) -> u8 {
        2
    }
}

/// What the two sides prove to each other before the first message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Handshake {
    /// Nothing: the first message is the first object.
    #[default]
    None,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handshake {
            Handshake::None => self.framing.fmt(f),
        }
    }
}

impl FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        name.parse().map(Self::new)
    }
}

impl From<Framing> for Dialect {
    fn from(framing: Framing) -> Self {
        Self::new(framing)
    }
}
