//! The messages of handshakes, as the suite itself writes and reads them.
//!
//! As with headers, this code is deliberately independent of the reference.
//!
//! `processing` signs 20 random bytes with HMAC-SHA1 (PROTOCOL.md, "Authentication"). `multiprocessing` up to Python 3.11
//! uses other words and signs with HMAC-MD5. From 3.12 on the challenge names a digest, as in `#CHALLENGE#{sha256}` and
//! 40 random bytes; the signature covers the name as well, and the answer names its digest. A challenge of the older
//! kind is answered in the older way, and an answer of 16 bytes is the HMAC-MD5 of everything after `#CHALLENGE#`
//! (`multiprocessing/connection.py`, the comment above `_get_digest_name_and_payload`).

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

use super::digest::Digest;
use super::framing::Framing;

/// The most bytes that the suite reads for one message of a handshake, even from a faulty testee.
pub const LONGEST: usize = 4096;

/// How an end proves that it has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// HMAC-SHA1, as in `processing` 0.21 to 0.52.
    Processing,
    /// HMAC-MD5, as in `multiprocessing` up to Python 3.11.
    Md5,
    /// The digest that the challenge names, as in `multiprocessing` of Python 3.12 and later.
    Named(Digest),
}

/// The fixed words of a scheme's messages.
#[derive(Debug)]
struct Words {
    /// The prefix of a challenge.
    challenge: &'static [u8],
    /// The verdict on a right answer.
    welcome: &'static [u8],
    /// The verdict on a wrong answer.
    failure: &'static [u8],
}

/// The words of `processing` (PROTOCOL.md, `handshake.challenge` and `handshake.verdict`).
const OF_PROCESSING: Words = Words {
    challenge: b"#CHALLENGE:",
    welcome: b"#WELCOME",
    failure: b"#AUTHENTICATION_FAILED",
};

/// The words of `multiprocessing` (`multiprocessing/connection.py`, `_CHALLENGE` and its neighbours).
const OF_MULTIPROCESSING: Words = Words {
    challenge: b"#CHALLENGE#",
    welcome: b"#WELCOME#",
    failure: b"#FAILURE#",
};

/// The words of every scheme.
const WORDS: [Words; 2] = [OF_PROCESSING, OF_MULTIPROCESSING];

impl Scheme {
    /// Every scheme. Where challenges name a digest, those of the suite name SHA-256.
    pub const ALL: &[Self] = &[Self::Processing, Self::Md5, Self::Named(Digest::Sha256)];

    /// The framings of the releases that have the scheme, and those of implementations that speak to them.
    pub const fn framings(self) -> &'static [Framing] {
        match self {
            Self::Processing => &[Framing::Hex8, Framing::Le32, Framing::Be32],
            Self::Md5 | Self::Named(_) => &[Framing::Be32, Framing::Be32x],
        }
    }

    /// The requirement of PROTOCOL.md that specifies a message.
    pub const fn requirement(self, part: Part) -> &'static str {
        match (self, part) {
            (Self::Processing, Part::Challenge) => "handshake.challenge",
            (Self::Processing, Part::Answer) => "handshake.answer",
            (Self::Processing, Part::Verdict) => "handshake.verdict",
            (Self::Md5, Part::Challenge) => "handshake.md5-challenge",
            (Self::Md5, Part::Answer) => "handshake.md5-answer",
            (Self::Named(_), Part::Challenge) => "handshake.named-challenge",
            (Self::Named(_), Part::Answer) => "handshake.named-answer",
            (Self::Md5 | Self::Named(_), Part::Verdict) => "handshake.md5-verdict",
        }
    }

    /// The name of the scheme in the name of a dialect.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processing => "hmac-sha1",
            Self::Md5 => "hmac-md5",
            Self::Named(_) => "digest-named",
        }
    }

    /// The digest with which answers are signed.
    pub const fn digest(self) -> Digest {
        match self {
            Self::Processing => Digest::Sha1,
            Self::Md5 => Digest::Md5,
            Self::Named(digest) => digest,
        }
    }

    /// How many random bytes a challenge contains.
    pub const fn nonce_length(self) -> usize {
        match self {
            Self::Processing | Self::Md5 => 20,
            Self::Named(_) => 40,
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::Processing => &OF_PROCESSING,
            Self::Md5 | Self::Named(_) => &OF_MULTIPROCESSING,
        }
    }

    /// The prefix of a challenge, before the name of a digest and the nonce.
    pub const fn challenge_prefix(self) -> &'static [u8] {
        self.words().challenge
    }

    /// The verdict on a right answer.
    pub const fn welcome(self) -> &'static [u8] {
        self.words().welcome
    }

    /// The verdict on a wrong answer.
    pub const fn failure(self) -> &'static [u8] {
        self.words().failure
    }

    /// The challenge with this nonce, which may have any length.
    pub fn challenge(self, nonce: &[u8]) -> Vec<u8> {
        [self.challenge_prefix(), &self.name_in_braces(), nonce].concat()
    }

    /// Reads a challenge of this scheme with a nonce of the right length. If challenges name their digest, this one may
    /// name any. Returns the scheme with the digest that the answer must have, and the nonce.
    pub fn read_own_challenge(self, challenge: &[u8]) -> Option<(Self, &[u8])> {
        let asked = match self {
            Self::Processing | Self::Md5 => self,
            Self::Named(_) => match read_challenge(challenge)? {
                (asked @ Self::Named(_), _) => asked,
                _ => return None,
            },
        };
        Some((asked, asked.nonce(challenge)?))
    }

    /// The nonce of a challenge, or `None` if the message is not a challenge of this scheme with a nonce of the right
    /// length.
    pub fn nonce(self, challenge: &[u8]) -> Option<&[u8]> {
        challenge
            .strip_prefix(self.challenge_prefix())?
            .strip_prefix(&*self.name_in_braces())
            .filter(|nonce| nonce.len() == self.nonce_length())
    }

    /// The answer to the challenge with this nonce under a key.
    pub fn answer(self, key: &[u8], nonce: &[u8]) -> Vec<u8> {
        self.answer_signing(key, &self.signed(nonce))
    }

    /// An answer that signs these bytes, which may be the wrong ones.
    pub fn answer_signing(self, key: &[u8], signed: &[u8]) -> Vec<u8> {
        [self.name_in_braces(), self.digest().sign(key, signed)].concat()
    }

    /// What an answer to the challenge with this nonce signs.
    pub fn signed(self, nonce: &[u8]) -> Vec<u8> {
        [&*self.name_in_braces(), nonce].concat()
    }

    /// `{sha256}` in a scheme whose messages name their digest, and empty in the others.
    fn name_in_braces(self) -> Vec<u8> {
        match self {
            Self::Named(digest) => format!("{{{}}}", digest.name()).into_bytes(),
            Self::Processing | Self::Md5 => Vec::new(),
        }
    }
}

/// The scheme that a challenge asks for, and the bytes that the answer signs: the nonce, with the name of the digest
/// before it.
pub fn read_challenge(payload: &[u8]) -> Option<(Scheme, &[u8])> {
    if let Some(nonce) = payload.strip_prefix(OF_PROCESSING.challenge) {
        return Some((Scheme::Processing, nonce));
    }
    let signed = payload.strip_prefix(OF_MULTIPROCESSING.challenge)?;
    match Digest::split_name(signed) {
        // A challenge of this length is one of the older scheme, whatever its random bytes are.
        Some((digest, _)) if signed.len() != Scheme::Md5.nonce_length() => {
            Some((Scheme::Named(digest), signed))
        }
        _ => Some((Scheme::Md5, signed)),
    }
}

/// The digest and the signature of an answer. Without a name the digest follows from the length.
pub fn read_answer(payload: &[u8]) -> Option<(Digest, &[u8])> {
    let unnamed = [Scheme::Processing.digest(), Scheme::Md5.digest()];
    let of_length = unnamed
        .into_iter()
        .find(|digest| digest.length() == payload.len());
    let (digest, signature) = match of_length {
        Some(digest) => (digest, payload),
        None => Digest::split_name(payload)?,
    };
    (signature.len() == digest.length()).then_some((digest, signature))
}

/// Whether a verdict is a welcome, or `None` if the message is not a verdict.
pub fn read_verdict(payload: &[u8]) -> Option<bool> {
    WORDS.iter().find_map(|words| {
        (payload == words.welcome)
            .then_some(true)
            .or((payload == words.failure).then_some(false))
    })
}

/// Whether a payload begins like a challenge or a verdict. This is a cheap check.
pub fn begins_as_handshake(payload: &[u8]) -> bool {
    WORDS
        .iter()
        .flat_map(|words| [words.challenge, words.welcome, words.failure])
        .any(|word| payload.starts_with(word))
}

/// An end of a connection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// The end that listens.
    Listener,
    /// The end that connects.
    Client,
}

impl Role {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Listener => Self::Client,
            Self::Client => Self::Listener,
        }
    }
}

/// A kind of message of a handshake. Each end sends one message of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Part {
    /// The challenge.
    Challenge,
    /// The answer to the other end's challenge.
    Answer,
    /// The verdict on the other end's answer.
    Verdict,
}

/// One message of a handshake. The listener challenges first, then the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The listener's challenge.
    ListenerChallenges,
    /// The client's answer.
    ClientAnswers,
    /// The listener's verdict on the answer.
    ListenerDecides,
    /// The client's challenge.
    ClientChallenges,
    /// The listener's answer.
    ListenerAnswers,
    /// The client's verdict on it, after which messages may follow.
    ClientDecides,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 6] = [
        Self::ListenerChallenges,
        Self::ClientAnswers,
        Self::ListenerDecides,
        Self::ClientChallenges,
        Self::ListenerAnswers,
        Self::ClientDecides,
    ];

    /// The end that sends this message.
    pub const fn sender(self) -> Role {
        match self {
            Self::ListenerChallenges | Self::ListenerDecides | Self::ListenerAnswers => {
                Role::Listener
            }
            Self::ClientChallenges | Self::ClientDecides | Self::ClientAnswers => Role::Client,
        }
    }

    /// The kind of this message.
    pub const fn part(self) -> Part {
        match self {
            Self::ListenerChallenges | Self::ClientChallenges => Part::Challenge,
            Self::ListenerAnswers | Self::ClientAnswers => Part::Answer,
            Self::ListenerDecides | Self::ClientDecides => Part::Verdict,
        }
    }

    /// The step at which `sender` sends this kind of message.
    pub const fn of(sender: Role, part: Part) -> Self {
        match (sender, part) {
            (Role::Listener, Part::Challenge) => Self::ListenerChallenges,
            (Role::Listener, Part::Answer) => Self::ListenerAnswers,
            (Role::Listener, Part::Verdict) => Self::ListenerDecides,
            (Role::Client, Part::Challenge) => Self::ClientChallenges,
            (Role::Client, Part::Answer) => Self::ClientAnswers,
            (Role::Client, Part::Verdict) => Self::ClientDecides,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMES: [Scheme; 3] = [
        Scheme::Processing,
        Scheme::Md5,
        Scheme::Named(Digest::Sha3_256),
    ];

    #[test]
    fn a_challenge_of_processing_is_its_prefix_and_20_bytes() {
        let scheme = Scheme::Processing;
        let right = scheme.challenge(&[7; 20]);
        assert_eq!(right, [&b"#CHALLENGE:"[..], &[7; 20]].concat());
        assert_eq!(scheme.nonce(&right), Some(&[7; 20][..]));
        assert_eq!(scheme.nonce(&right[..30]), None);
        assert_eq!(scheme.nonce(&[&right[..], b"x"].concat()), None);
        assert_eq!(scheme.nonce(b"#CHALLENGE#aaaaaaaaaaaaaaaaaaaa"), None);
    }

    #[test]
    fn a_challenge_belongs_to_one_scheme_and_may_name_another_digest() {
        let challenge = |scheme: Scheme| scheme.challenge(&vec![b'n'; scheme.nonce_length()]);
        for scheme in SCHEMES {
            for other in SCHEMES {
                let read = scheme.read_own_challenge(&challenge(other)).is_some();
                assert_eq!(read, scheme == other, "{scheme:?} reads {other:?}");
            }
        }
        let named = Scheme::Named(Digest::Sha384);
        let challenge = challenge(named);
        let read = Scheme::Named(Digest::Sha256).read_own_challenge(&challenge);
        assert_eq!(read, Some((named, &[b'n'; 40][..])));
    }

    #[test]
    fn the_messages_of_a_scheme_are_read_as_that_scheme() {
        for scheme in SCHEMES {
            let nonce = vec![b'n'; scheme.nonce_length()];
            let challenge = scheme.challenge(&nonce);
            assert_eq!(scheme.nonce(&challenge), Some(&nonce[..]), "{scheme:?}");
            let (read, signed) = read_challenge(&challenge).expect("this is a challenge");
            assert_eq!(read, scheme);
            let answer = scheme.answer(b"key", &nonce);
            let (digest, signature) = read_answer(&answer).expect("this is an answer");
            assert_eq!(digest, scheme.digest());
            assert_eq!(signature, digest.sign(b"key", signed));
            assert_eq!(read_verdict(scheme.welcome()), Some(true));
            assert_eq!(read_verdict(scheme.failure()), Some(false));
        }
        assert_eq!(read_verdict(b"#WELCOM"), None);
    }

    #[test]
    fn each_end_sends_each_part_once() {
        for step in Step::ALL {
            assert_eq!(Step::of(step.sender(), step.part()), step);
        }
    }
}
