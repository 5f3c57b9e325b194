//! The bytes of a string, as represented in the adapter protocol.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A payload of more bytes than this is represented by its digest, or generated from a pattern.
pub const WRITTEN_OUT: usize = 4096;

/// The bytes of a string, in one of the three forms of ADAPTER.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    /// The bytes themselves.
    Bytes {
        /// The bytes, in hexadecimal in JSON.
        #[serde(with = "hex")]
        bytes: Vec<u8>,
    },
    /// A pattern that is repeated and cut to a length.
    Fill {
        /// The pattern.
        #[serde(with = "hex")]
        fill: Vec<u8>,
        /// The length in bytes.
        length: usize,
    },
    /// A digest of bytes that are too many to write out. Only replies contain it.
    Digest {
        /// The length in bytes.
        length: usize,
        /// Their SHA-256.
        #[serde(with = "hex")]
        sha256: Vec<u8>,
    },
}

impl Payload {
    /// Represents bytes: written out if they are few, else by their digest.
    pub fn describing(bytes: &[u8]) -> Self {
        if bytes.len() <= WRITTEN_OUT {
            return Self::Bytes {
                bytes: bytes.to_vec(),
            };
        }
        Self::Digest {
            length: bytes.len(),
            sha256: Sha256::digest(bytes).to_vec(),
        }
    }

    /// The length in bytes.
    pub fn length(&self) -> usize {
        match self {
            Self::Bytes { bytes } => bytes.len(),
            Self::Fill { length, .. } | Self::Digest { length, .. } => *length,
        }
    }

    /// The bytes, or `None` if only their digest is known (or an empty pattern has a length above 0).
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes { bytes } => Some(bytes.clone()),
            Self::Fill { length: 0, .. } => Some(Vec::new()),
            Self::Fill { fill, .. } if fill.is_empty() => None,
            Self::Fill { fill, length } => {
                let mut bytes = fill.repeat(length.div_ceil(fill.len()));
                bytes.truncate(*length);
                Some(bytes)
            }
            Self::Digest { .. } => None,
        }
    }

    /// Whether this payload represents exactly these bytes.
    pub fn describes(&self, expected: &[u8]) -> bool {
        match self {
            Self::Digest { length, sha256 } => {
                *length == expected.len() && sha256[..] == Sha256::digest(expected)[..]
            }
            Self::Bytes { bytes } => bytes == expected,
            Self::Fill { fill, length } => {
                *length == expected.len()
                    && (expected.is_empty() || !fill.is_empty())
                    && expected
                        .chunks(fill.len().max(1))
                        .all(|chunk| fill.starts_with(chunk))
            }
        }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length())?;
        match self {
            Self::Bytes { bytes } if bytes.is_empty() => Ok(()),
            Self::Bytes { bytes } if bytes.len() <= 24 => write!(f, ": {}", hex::encode(bytes)),
            Self::Bytes { bytes } => write!(f, ": {}…", hex::encode(&bytes[..24])),
            Self::Fill { fill, .. } => write!(f, " of a pattern of {} bytes", fill.len()),
            Self::Digest { sha256, .. } => write!(f, ", SHA-256 {}", hex::encode(sha256)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_repeated_and_cut() {
        let payload = Payload::Fill {
            fill: b"abc".to_vec(),
            length: 7,
        };
        assert_eq!(payload.bytes().unwrap(), b"abcabca");
        assert!(payload.describes(b"abcabca"));
    }

    #[test]
    fn a_digest_describes_only_its_own_bytes() {
        let long = vec![7; WRITTEN_OUT + 1];
        let payload = Payload::describing(&long);
        assert!(matches!(payload, Payload::Digest { .. }));
        assert!(payload.describes(&long));
        assert!(!payload.describes(&long[1..]));
    }

    #[test]
    fn an_empty_pattern_generates_no_bytes() {
        assert_eq!(
            Payload::Fill {
                fill: vec![],
                length: 5
            }
            .bytes(),
            None
        );
        assert_eq!(
            Payload::Fill {
                fill: vec![],
                length: 0
            }
            .bytes(),
            Some(vec![])
        );
    }
}
