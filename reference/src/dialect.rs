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
/// the other side. The default is that of `processing` 0.30 and later.
///
/// The handshake takes place when a key is given, and only then: without one, a dialect with a
/// handshake and the same dialect without it are the same bytes.
///
/// A dialect has a name: its framing's, and its handshake's behind a `+`.
///
/// ```
/// use processing_connection::Dialect;
///
/// let dialect: Dialect = "le32".parse()?;
/// assert_eq!(dialect, Dialect::PROCESSING_0_20_C);
/// assert_eq!(Dialect::default().to_string(), "be32+hmac-sha1");
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// On `AF_PIPE` the framing is not used: a message is a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    framing: Framing,
    handshake: Handshake,
}

impl Dialect {
    /// `processing` 0.10 to 0.20 with the C extension: le32 (`socket_connection.c`).
    pub const PROCESSING_0_10_C: Self = Self::new(Framing::Le32);

    /// `processing` 0.10 without the C extension: hex8 (`connection.py`, `'%08x'`).
    pub const PROCESSING_0_10_PURE: Self = Self::new(Framing::Hex8);

    /// `processing` 0.11 and 0.20 without the C extension: be32 (`connection.py`, `'!I'`).
    pub const PROCESSING_0_11_PURE: Self = Self::new(Framing::Be32);

    /// `processing` 0.20 with the C extension, the release whose reference page this crate
    /// follows: le32, as [`PROCESSING_0_10_C`](Self::PROCESSING_0_10_C).
    pub const PROCESSING_0_20_C: Self = Self::PROCESSING_0_10_C;

    /// `processing` 0.21 with the C extension: le32, and the first handshake
    /// (`connection/__init__.py`, `deliver_challenge`).
    pub const PROCESSING_0_21_C: Self =
        Self::new(Framing::Le32).with_handshake(Handshake::HmacSha1);

    /// `processing` 0.21 without the C extension: be32, and the same handshake.
    pub const PROCESSING_0_21_PURE: Self =
        Self::new(Framing::Be32).with_handshake(Handshake::HmacSha1);

    /// `processing` 0.30 to 0.52, with or without the C extension: be32, as
    /// [`PROCESSING_0_21_PURE`](Self::PROCESSING_0_21_PURE).
    pub const PROCESSING_0_30: Self = Self::PROCESSING_0_21_PURE;

    /// Every dialect of every release, the latest first.
    pub const ALL: [Self; 5] = [
        Self::PROCESSING_0_30,
        Self::PROCESSING_0_21_C,
        Self::PROCESSING_0_10_PURE,
        Self::PROCESSING_0_11_PURE,
        Self::PROCESSING_0_10_C,
    ];

    /// The dialect with this framing and no handshake.
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            handshake: Handshake::None,
        }
    }

    /// The same with this handshake.
    pub const fn with_handshake(self, handshake: Handshake) -> Self {
        Self { handshake, ..self }
    }

    /// How messages are delimited on a stream.
    pub const fn framing(self) -> Framing {
        self.framing
    }

    /// What the two sides prove to each other before the first message, when a key is given.
    pub const fn handshake(self) -> Handshake {
        self.handshake
    }

    /// The highest pickle protocol that the peer is known to read. It is 2 in every release of
    /// `processing` (`dumps(obj, 2)`), and what is sent. Received are protocols 0 to 5.
    pub const fn pickle_protocol(self) -> u8 {
        2
    }
}

/// What the two sides prove to each other before the first message, when a key is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Handshake {
    /// Nothing, and a key cannot be given: the first message is the first object (`processing`
    /// 0.10 to 0.20).
    #[default]
    None,
    /// That they know the key, by HMAC-SHA1 over 20 random bytes, first the client and then the
    /// listener (`processing` 0.21 to 0.52, `deliver_challenge` and `answer_challenge`).
    HmacSha1,
}

impl Default for Dialect {
    fn default() -> Self {
        Self::PROCESSING_0_30
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let framing = self.framing;
        match self.handshake {
            Handshake::None => framing.fmt(f),
            Handshake::HmacSha1 => f.pad(&format!("{framing}+hmac-sha1")),
        }
    }
}

impl FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Handshake::None, Handshake::HmacSha1]
            .into_iter()
            .flat_map(|handshake| {
                Framing::ALL.map(|framing| Self::new(framing).with_handshake(handshake))
            })
            .find(|dialect| dialect.to_string() == name)
            .ok_or_else(|| Error::UnknownDialect {
                name: name.to_owned(),
            })
    }
}

impl From<Framing> for Dialect {
    fn from(framing: Framing) -> Self {
        Self::new(framing)
    }
}
