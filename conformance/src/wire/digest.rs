//! The digests of handshakes, under HMAC.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};
use strum::{IntoStaticStr, VariantArray};

/// A digest under HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the algorithms")]
pub enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    #[strum(serialize = "sha3_256")]
    Sha3_256,
    #[strum(serialize = "sha3_384")]
    Sha3_384,
}

impl Digest {
    /// The name of the digest in Python's `hashlib`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a challenge of Python 3.12 or later may name this digest (`multiprocessing/connection.py`,
    /// `_ALLOWED_DIGESTS`).
    pub const fn may_be_named(self) -> bool {
        match self {
            Self::Md5 | Self::Sha256 | Self::Sha384 | Self::Sha3_256 | Self::Sha3_384 => true,
            Self::Sha1 => false,
        }
    }

    /// The length of the digest in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
        }
    }

    /// Computes the HMAC of a message under a key.
    pub fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => sign::<Hmac<Md5>>(key, message),
            Self::Sha1 => sign::<Hmac<Sha1>>(key, message),
            Self::Sha256 => sign::<Hmac<Sha256>>(key, message),
            Self::Sha384 => sign::<Hmac<Sha384>>(key, message),
            Self::Sha3_256 => sign::<Hmac<Sha3_256>>(key, message),
            Self::Sha3_384 => sign::<Hmac<Sha3_384>>(key, message),
        }
    }

    /// Splits a message into the digest that it names in braces at its beginning, and the rest.
    pub fn split_name(message: &[u8]) -> Option<(Self, &[u8])> {
        Self::VARIANTS
            .iter()
            .filter(|digest| digest.may_be_named())
            .find_map(|digest| {
                let rest = message.strip_prefix(b"{")?;
                let rest = rest.strip_prefix(digest.name().as_bytes())?;
                Some((*digest, rest.strip_prefix(b"}")?))
            })
    }
}

fn sign<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// `HMAC-SHA3-256`.
impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name().replace('_', "-").to_uppercase();
        f.pad(&format!("HMAC-{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_its_length_and_a_name_for_hashlib_and_for_people() {
        for digest in Digest::VARIANTS {
            assert_eq!(digest.sign(b"key", b"message").len(), digest.length());
        }
        let names = Digest::VARIANTS.iter().map(|digest| digest.name());
        let expected = ["md5", "sha1", "sha256", "sha384", "sha3_256", "sha3_384"];
        assert!(names.eq(expected));
        assert_eq!(Digest::Sha3_384.to_string(), "HMAC-SHA3-384");
    }

    #[test]
    fn a_name_in_braces_is_split_from_the_rest() {
        let split = Digest::split_name(b"{sha3_256}rest");
        assert_eq!(split, Some((Digest::Sha3_256, &b"rest"[..])));
        for other in [&b"{sha1}rest"[..], b"{sha256", b"sha256}", b"{}", b""] {
            assert_eq!(Digest::split_name(other), None, "{other:?}");
        }
    }

    /// RFC 2202, test cases 1, 2, 3 and 6 for SHA-1: short keys, and one that is longer than a block.
    #[test]
    fn hmac_sha1_passes_the_tests_of_rfc_2202() {
        for (key, message, expected) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b617318655057264e28bc0b6fb378c8ef146be00",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
            ),
            (
                &[0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ] {
            assert_eq!(hex::encode(Digest::Sha1.sign(key, message)), expected);
        }
    }
}
