//! The schemes by which two ends prove to each other that they have the same key.

use std::fmt;

use super::failure::AuthenticationFailure;
use super::key::AuthKey;
use super::proof::Proof;
use super::{Digest, Digests};

/// How the two ends prove to each other that they have the same key.
///
/// In every scheme each end challenges the other with random bytes, and the answer is an HMAC of
/// them under the key. The schemes differ in the digest of the HMAC, in the number of random bytes,
/// and in the words of their messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// HMAC-SHA1 of 20 random bytes (`processing` 0.21 to 0.52, `deliver_challenge` and
    /// `answer_challenge`).
    HmacSha1,
    /// HMAC-MD5 of 20 random bytes (`multiprocessing` of Python 2.6 to 3.11). It also answers the
    /// challenges of [`DigestNamed`](Self::DigestNamed), with HMAC-MD5 of everything that follows
    /// the prefix, as those versions do.
    HmacMd5,
    /// The challenge names the digest of the HMAC, and has 40 random bytes (`multiprocessing` of
    /// Python 3.12 and later). Unless MD5 is refused, this end can be authenticated with an end
    /// that has [`HmacMd5`](Self::HmacMd5), in both roles.
    DigestNamed(Digests),
}

/// The fixed words of a scheme.
struct Words {
    challenge: &'static [u8],
    welcome: &'static [u8],
    failure: &'static [u8],
}

/// `processing` 0.52, `connection.py`: `CHALLENGE` and the constants after it.
const PROCESSING: Words = Words {
    challenge: b"#CHALLENGE:",
    welcome: b"#WELCOME",
    failure: b"#AUTHENTICATION_FAILED",
};

/// `CPython` 2.7 and 3.13, `multiprocessing/connection.py`: `CHALLENGE` or `_CHALLENGE`, and the
/// constants after it.
const MULTIPROCESSING: Words = Words {
    challenge: b"#CHALLENGE#",
    welcome: b"#WELCOME#",
    failure: b"#FAILURE#",
};

/// The fewest random bytes of a challenge that is answered (`_MD5ONLY_MESSAGE_LENGTH` in `CPython`
/// 3.12 and later, which counts the name as well).
const SHORTEST_NONCE: usize = 20;

impl Scheme {
    /// Every scheme, with the default digests.
    pub const ALL: [Self; 3] = [
        Self::HmacSha1,
        Self::HmacMd5,
        Self::DigestNamed(Digests::DEFAULT),
    ];

    /// Returns the name of the scheme in the name of a [`Dialect`](crate::Dialect).
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacMd5 => "hmac-md5",
            Self::DigestNamed(_) => "digest-named",
        }
    }

    /// Returns the number of random bytes in a challenge.
    pub const fn nonce_length(self) -> usize {
        match self {
            Self::HmacSha1 | Self::HmacMd5 => 20,
            Self::DigestNamed(_) => 40,
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::HmacSha1 => &PROCESSING,
            Self::HmacMd5 | Self::DigestNamed(_) => &MULTIPROCESSING,
        }
    }

    /// Returns the bytes with which a challenge begins.
    pub const fn challenge_prefix(self) -> &'static [u8] {
        self.words().challenge
    }

    /// Returns the verdict on a correct answer.
    pub const fn welcome(self) -> &'static [u8] {
        self.words().welcome
    }

    /// Returns the verdict on a wrong answer.
    pub const fn failure(self) -> &'static [u8] {
        self.words().failure
    }

    /// Returns what an answer to a challenge with these random bytes signs: the bytes, with the
    /// name of the digest before them if the scheme names it.
    pub(crate) fn signed(self, nonce: &[u8]) -> Vec<u8> {
        match self {
            Self::HmacSha1 | Self::HmacMd5 => nonce.to_vec(),
            Self::DigestNamed(digests) => [&*in_braces(digests.named()), nonce].concat(),
        }
    }

    /// Reads a challenge. Returns what the answer must sign, and how.
    pub(super) fn read_challenge(
        self,
        message: &[u8],
    ) -> Result<(&[u8], Proof), AuthenticationFailure> {
        let unexpected = || self.unexpected(message);
        let unknown_digest = || AuthenticationFailure::UnknownDigest {
            received: message.to_vec(),
        };
        let signed = message
            .strip_prefix(self.challenge_prefix())
            .ok_or_else(unexpected)?;
        let too_short = signed.len() < SHORTEST_NONCE;
        let proof = match self {
            // The releases answer any number of random bytes, and thus sign whatever an attacker
            // chooses. On a Python that has `os.urandom` (2.4 and later), all of them send 20.
            Self::HmacSha1 if signed.len() == self.nonce_length() => Proof::Sha1,
            Self::HmacSha1 => return Err(unexpected()),
            Self::HmacMd5 | Self::DigestNamed(_) if too_short => {
                return Err(AuthenticationFailure::ShortChallenge {
                    length: signed.len(),
                });
            }
            // A challenge of this length comes from the older scheme, whatever it begins with.
            Self::HmacMd5 if signed.len() == self.nonce_length() => Proof::Md5,
            Self::HmacMd5 => {
                named(signed).ok_or_else(unknown_digest)?;
                Proof::Md5
            }
            Self::DigestNamed(digests) => {
                let (digest, proof) = if signed.len() == Self::HmacMd5.nonce_length() {
                    (Digest::Md5, Proof::Md5)
                } else {
                    let (digest, nonce) = named(signed).ok_or_else(unknown_digest)?;
                    if nonce.len() < SHORTEST_NONCE {
                        let length = nonce.len();
                        return Err(AuthenticationFailure::ShortChallenge { length });
                    }
                    (digest, Proof::Named(digest))
                };
                if !digests.accepts(digest) {
                    return Err(AuthenticationFailure::DigestRefused { digest });
                }
                proof
            }
        };
        Ok((signed, proof))
    }

    /// Judges the answer to this end's challenge.
    pub(super) fn judge_answer(
        self,
        key: &AuthKey,
        signed: &[u8],
        answer: &[u8],
    ) -> Result<(), AuthenticationFailure> {
        let proof = match self {
            Self::HmacSha1 => Proof::Sha1,
            Self::HmacMd5 => Proof::Md5,
            // An end of the older scheme takes the name for random bytes, and answers with MD5.
            Self::DigestNamed(digests) if answer.len() == Proof::MD5_LENGTH => {
                if !digests.accepts(Digest::Md5) {
                    let digest = Digest::Md5;
                    return Err(AuthenticationFailure::DigestRefused { digest });
                }
                Proof::Md5
            }
            // `CPython` accepts an answer in any digest that it knows. Here the answer must be in
            // the one that was asked for, as its documentation promises.
            Self::DigestNamed(digests) => match named(answer) {
                Some((digest, _)) if digest != digests.named() => {
                    return Err(AuthenticationFailure::DigestRefused { digest });
                }
                _ => Proof::Named(digests.named()),
            },
        };
        if proof.verifies(key, signed, answer) {
            Ok(())
        } else {
            Err(AuthenticationFailure::WrongAnswer)
        }
    }

    /// Describes a message that is not valid at its step.
    pub(super) fn unexpected(self, message: &[u8]) -> AuthenticationFailure {
        let words = match self {
            Self::HmacSha1 => MULTIPROCESSING,
            Self::HmacMd5 | Self::DigestNamed(_) => PROCESSING,
        };
        let received = message.to_vec();
        if message.starts_with(words.challenge)
            || message == words.welcome
            || message == words.failure
        {
            AuthenticationFailure::OtherScheme { received }
        } else {
            AuthenticationFailure::Unexpected { received }
        }
    }

    pub(super) fn judge_verdict(self, message: &[u8]) -> Result<(), AuthenticationFailure> {
        if message == self.welcome() {
            Ok(())
        } else if message == self.failure() {
            Err(AuthenticationFailure::Refused)
        } else {
            Err(self.unexpected(message))
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Returns what follows the prefix of a challenge, if the message is a challenge of any scheme. No
/// pickle begins like one.
pub(crate) fn challenge_in(message: &[u8]) -> Option<&[u8]> {
    [PROCESSING, MULTIPROCESSING]
        .iter()
        .find_map(|words| message.strip_prefix(words.challenge))
}

/// Returns `{sha256}`.
pub(super) fn in_braces(digest: Digest) -> Vec<u8> {
    format!("{{{digest}}}").into_bytes()
}

/// Splits a message into the digest that it names in braces, and the rest.
fn named(message: &[u8]) -> Option<(Digest, &[u8])> {
    Digest::ALL.into_iter().find_map(|digest| {
        let rest = message.strip_prefix(&*in_braces(digest))?;
        Some((digest, rest))
    })
}
