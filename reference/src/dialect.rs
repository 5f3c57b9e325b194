//! Dialects: everything that determines the bytes on the wire.

use std::fmt;
use std::str::FromStr;

use crate::auth::{Digests, Scheme};
use crate::error::Error;
use crate::framing::Framing;

/// Everything that determines the bytes on the wire: the framing of streams, the handshake, and the
/// highest pickle protocol to send.
///
/// Nothing on the wire identifies the dialect, so both sides have to know it. A side that reads a
/// header in the wrong dialect may wait for gigabytes, so choose the constant of the release that
/// runs on the other side.
///
/// The default is [`MULTIPROCESSING_3_12`](Self::MULTIPROCESSING_3_12): nearly everybody who speaks
/// this protocol today speaks it with the `multiprocessing` of a Python that is supported, and this
/// dialect can be used with every other version of `multiprocessing` as well. For `processing`,
/// the dialect has to be chosen.
///
/// The handshake takes place only if a key is given: without a key, a dialect with a handshake and
/// the same dialect without one produce the same bytes.
///
/// The name of a dialect is that of its framing, followed by `+` and the name of its handshake if
/// it has one. A dialect that is parsed from its name has the default [`Digests`].
///
/// ```
/// use processing_connection::Dialect;
///
/// let dialect: Dialect = "le32".parse()?;
/// assert_eq!(dialect, Dialect::PROCESSING_0_20_C);
/// assert_eq!(Dialect::default().to_string(), "be32x+digest-named");
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// On `AF_PIPE` the framing is not used, since a pipe preserves message boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    framing: Framing,
    handshake: Option<Scheme>,
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
    pub const PROCESSING_0_21_C: Self = Self::new(Framing::Le32).with_handshake(Scheme::HmacSha1);

    /// `processing` 0.21 without the C extension: be32, and the same handshake.
    pub const PROCESSING_0_21_PURE: Self =
        Self::new(Framing::Be32).with_handshake(Scheme::HmacSha1);

    /// `processing` 0.30 to 0.52, with or without the C extension: be32, as
    /// [`PROCESSING_0_21_PURE`](Self::PROCESSING_0_21_PURE).
    pub const PROCESSING_0_30: Self = Self::PROCESSING_0_21_PURE;

    /// `multiprocessing` of Python 2.6 to 3.7: be32, and a handshake with HMAC-MD5
    /// (`Modules/_multiprocessing/socket_connection.c` in 2.7, `pack("!i", n)` in
    /// `multiprocessing/connection.py` from 3.3 on).
    pub const MULTIPROCESSING_2_6: Self = Self::new(Framing::Be32).with_handshake(Scheme::HmacMd5);

    /// `multiprocessing` of Python 3.8 to 3.11: be32x, and a handshake with HMAC-MD5
    /// (`multiprocessing/connection.py`).
    pub const MULTIPROCESSING_3_8: Self = Self::new(Framing::Be32x).with_handshake(Scheme::HmacMd5);

    /// `multiprocessing` of Python 3.12 and later: be32x, and a handshake whose challenges name the
    /// digest (`multiprocessing/connection.py`). It can also be used with every older version: the
    /// handshake is negotiated, and messages of up to 2,147,483,647 bytes have the same header.
    pub const MULTIPROCESSING_3_12: Self =
        Self::new(Framing::Be32x).with_handshake(Scheme::DigestNamed(Digests::DEFAULT));

    /// The dialects of all releases of `processing`, the latest first.
    pub const PROCESSING: [Self; 5] = [
        Self::PROCESSING_0_30,
        Self::PROCESSING_0_21_C,
        Self::PROCESSING_0_10_PURE,
        Self::PROCESSING_0_11_PURE,
        Self::PROCESSING_0_10_C,
    ];

    /// Creates the dialect with this framing and no handshake.
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            handshake: None,
        }
    }

    /// Returns the same dialect with this handshake.
    pub const fn with_handshake(self, scheme: Scheme) -> Self {
        Self {
            handshake: Some(scheme),
            ..self
        }
    }

    /// Every framing with every handshake, whether a release speaks it or not.
    fn every() -> impl Iterator<Item = Self> {
        [None]
            .into_iter()
            .chain(Scheme::ALL.map(Some))
            .flat_map(|handshake| Framing::ALL.map(|framing| Self { framing, handshake }))
    }

    /// The names of all dialects that can be parsed.
    pub(crate) fn names() -> Vec<String> {
        Self::every().map(|dialect| dialect.to_string()).collect()
    }

    /// Returns how messages are delimited on a stream.
    pub const fn framing(self) -> Framing {
        self.framing
    }

    /// Returns how the two sides authenticate each other before the first message if a key is
    /// given, or `None` if no key can be given (`processing` 0.10 to 0.20).
    pub const fn handshake(self) -> Option<Scheme> {
        self.handshake
    }

    /// Returns the highest pickle protocol that the peer is known to read, which is the one that is
    /// sent. It is 2 in every release of `processing` (`dumps(obj, 2)`). Pickles of protocols 0 to
    /// 5 can be received.
    pub const fn pickle_protocol(self) -> u8 {
        2
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::MULTIPROCESSING_3_12
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let framing = self.framing;
        match self.handshake {
            None => framing.fmt(f),
            Some(scheme) => f.pad(&format!("{framing}+{scheme}")),
        }
    }
}

impl FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::every()
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
