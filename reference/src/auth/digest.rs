//! The digests that a challenge of `multiprocessing` can name.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A digest that a challenge can name in the handshake of Python 3.12 and later
/// (`_ALLOWED_DIGESTS` in `multiprocessing/connection.py`). An answer is its HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of the algorithms")]
pub enum Digest {
    Md5,
    Sha256,
    Sha384,
    Sha3_256,
    Sha3_384,
}

impl Digest {
    /// Every digest that a challenge can name.
    pub const ALL: [Self; 5] = [
        Self::Md5,
        Self::Sha256,
        Self::Sha384,
        Self::Sha3_256,
        Self::Sha3_384,
    ];

    /// Returns the name of the digest on the wire, which is that of Python's `hashlib`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha3_256 => "sha3_256",
            Self::Sha3_384 => "sha3_384",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.name() == name)
            .ok_or_else(|| Error::UnknownDigest {
                name: name.to_owned(),
            })
    }
}

/// The digest that this end's challenges name, and the digests that it accepts from the peer.
///
/// The default names SHA-256, as `CPython` does, and accepts every digest. With it, a connection to
/// `multiprocessing` of every Python version can be authenticated: up to Python 3.11 it has MD5
/// only.
///
/// ```
/// use processing_connection::{Dialect, Digest, Digests, Scheme};
///
/// let digests = Digests::WITHOUT_MD5;
/// assert_eq!(digests.named(), Digest::Sha256);
/// assert!(digests.accepts(Digest::Sha384));
///
/// let digests = Digests::only(Digest::Sha3_384).accepting(Digest::Sha3_256);
/// let dialect = Dialect::MULTIPROCESSING_3_12.with_handshake(Scheme::DigestNamed(digests));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digests {
    named: Digest,
    accepted: u8,
}

impl Digests {
    /// SHA-256 is named, and every digest is accepted. This is the default.
    pub const DEFAULT: Self = Self {
        named: Digest::Sha256,
        accepted: u8::MAX,
    };

    /// SHA-256 is named, and every digest except MD5 is accepted. Peers that run `multiprocessing`
    /// of Python 3.11 or earlier are refused.
    pub const WITHOUT_MD5: Self = Self {
        named: Digest::Sha256,
        accepted: !Digest::Md5.bit(),
    };

    /// Returns digests of which only one is named and accepted.
    pub const fn only(digest: Digest) -> Self {
        Self {
            named: digest,
            accepted: digest.bit(),
        }
    }

    /// Returns the same digests, with one more that is accepted.
    #[must_use]
    pub const fn accepting(self, digest: Digest) -> Self {
        Self {
            accepted: self.accepted | digest.bit(),
            ..self
        }
    }

    /// Returns the digest that this end's challenges name. It is accepted as well.
    pub const fn named(self) -> Digest {
        self.named
    }

    /// Returns whether a digest is accepted.
    ///
    /// The digest of an answer to this end's challenge must be the one that the challenge names, or
    /// MD5 if that is accepted. The digest that a challenge of the peer asks for may be any one
    /// that is accepted.
    pub const fn accepts(self, digest: Digest) -> bool {
        self.accepted & digest.bit() != 0
    }
}

impl Default for Digests {
    fn default() -> Self {
        Self::DEFAULT
    }
}
