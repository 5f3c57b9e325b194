//! Answers to challenges: HMACs under the key.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};

use super::Digest;
use super::key::AuthKey;
use super::scheme::in_braces;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-MD5.
    Md5,
    /// The name of the digest in braces, and the HMAC.
    Named(Digest),
}

impl Proof {
    /// The length of an HMAC-MD5, in bytes.
    pub(super) const MD5_LENGTH: usize = 16;

    /// Returns the answer.
    pub(super) fn answer(self, key: &AuthKey, signed: &[u8]) -> Vec<u8> {
        let name = self.name();
        let hmac = match self {
            Self::Sha1 => sign::<Hmac<Sha1>>(key, signed),
            Self::Md5 | Self::Named(Digest::Md5) => sign::<Hmac<Md5>>(key, signed),
            Self::Named(Digest::Sha256) => sign::<Hmac<Sha256>>(key, signed),
            Self::Named(Digest::Sha384) => sign::<Hmac<Sha384>>(key, signed),
            Self::Named(Digest::Sha3_256) => sign::<Hmac<Sha3_256>>(key, signed),
            Self::Named(Digest::Sha3_384) => sign::<Hmac<Sha3_384>>(key, signed),
        };
        [name, hmac].concat()
    }

    /// Returns whether an answer is correct.
    ///
    /// The comparison takes constant time, so that its duration does not reveal how many bytes are
    /// correct.
    pub(super) fn verifies(self, key: &AuthKey, signed: &[u8], answer: &[u8]) -> bool {
        let Some(hmac) = answer.strip_prefix(&*self.name()) else {
            return false;
        };
        match self {
            Self::Sha1 => verify::<Hmac<Sha1>>(key, signed, hmac),
            Self::Md5 | Self::Named(Digest::Md5) => verify::<Hmac<Md5>>(key, signed, hmac),
            Self::Named(Digest::Sha256) => verify::<Hmac<Sha256>>(key, signed, hmac),
            Self::Named(Digest::Sha384) => verify::<Hmac<Sha384>>(key, signed, hmac),
            Self::Named(Digest::Sha3_256) => verify::<Hmac<Sha3_256>>(key, signed, hmac),
            Self::Named(Digest::Sha3_384) => verify::<Hmac<Sha3_384>>(key, signed, hmac),
        }
    }

    fn name(self) -> Vec<u8> {
        match self {
            Self::Sha1 | Self::Md5 => Vec::new(),
            Self::Named(digest) => in_braces(digest),
        }
    }
}

fn sign<M: Mac + KeyInit>(key: &AuthKey, signed: &[u8]) -> Vec<u8> {
    started::<M>(key, signed).finalize().into_bytes().to_vec()
}

fn verify<M: Mac + KeyInit>(key: &AuthKey, signed: &[u8], hmac: &[u8]) -> bool {
    started::<M>(key, signed).verify_slice(hmac).is_ok()
}

fn started<M: Mac + KeyInit>(key: &AuthKey, signed: &[u8]) -> M {
    let mac = <M as KeyInit>::new_from_slice(key.bytes());
    let mut mac = mac.expect("HMAC accepts keys of any length");
    mac.update(signed);
    mac
}
