//! Handshakes: of `processing` (PROTOCOL.md, "Handshake"), and the two of its descendants.
//!
//! `multiprocessing` up to Python 3.11 signs 20 random bytes with HMAC-MD5. From 3.12 on the challenge names a digest,
//! as in `#CHALLENGE#{sha256}` and 40 random bytes; the signature covers the name too, and the answer names its digest.
//! A challenge of the older kind is answered in the older way, and an answer of 16 bytes is HMAC-MD5 of all that
//! follows `#CHALLENGE#` (`multiprocessing/connection.py`, the comment above `_get_digest_name_and_payload`).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};

use super::framing::Frame;
use super::payload::{CHALLENGE, FAILURE, WELCOME};
use crate::wire::handshake::{self, Step};

/// What was found of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// How the ends prove that they have the key, as the first challenge says; none when only a client is there.
    pub scheme: Option<Scheme>,
    /// Its messages, in their order.
    pub steps: Vec<Taken<'a>>,
    /// How it ended.
    pub outcome: Outcome,
    /// The index of the stream of each end.
    pub ends: Ends,
    /// Whether there was a key to verify the answers with.
    pub has_key: bool,
}

/// Which stream is whose; both may be in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The one that challenges first.
    pub listener: Option<usize>,
    /// The other.
    pub client: Option<usize>,
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both ends, or the one that is there, welcomed the other.
    Welcome,
    /// An end was refused at this step.
    Refused(Step),
    /// Something else came at this step.
    Broken(Step),
    /// The stream ends before this step.
    Cut(Step),
}

/// A message that is a step of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken<'a> {
    /// Which step.
    pub step: Step,
    /// The index of the stream.
    pub stream: usize,
    /// The index of the message in it.
    pub message: usize,
    /// What it says.
    pub content: Content<'a>,
}

/// What a step says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Prove that you have the key.
    Challenge {
        /// How.
        scheme: Scheme,
        /// What the answer signs: the random bytes, and the name of the digest before them.
        signed: &'a [u8],
        /// Whether this is the challenge that came from the other end: who answers it answers for an impostor.
        reflected: bool,
    },
    /// The proof.
    Answer {
        /// Of this digest.
        digest: Digest,
        /// The signature.
        signature: &'a [u8],
        /// Whether it is right; none without a key, or without the challenge.
        right: Option<bool>,
    },
    /// Whether it is taken for right.
    Verdict {
        /// It is.
        welcome: bool,
    },
}

/// How an end proves that it has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA1, as in `processing` 0.21 to 0.52.
    Processing,
    /// HMAC-MD5, as in `multiprocessing` up to Python 3.11.
    Md5,
    /// By the digest that the challenge names, as in `multiprocessing` of Python 3.12 and later.
    Named(Digest),
}

/// A digest under HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha3_256,
    Sha3_384,
}

impl Digest {
    /// Those that a challenge may name (`_ALLOWED_DIGESTS`).
    const NAMED: [Self; 5] = [
        Self::Md5,
        Self::Sha256,
        Self::Sha384,
        Self::Sha3_256,
        Self::Sha3_384,
    ];

    /// Its name in Python's `hashlib`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha3_256 => "sha3_256",
            Self::Sha3_384 => "sha3_384",
        }
    }

    /// Bytes of a signature.
    fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
        }
    }

    /// HMAC of a message under a key.
    fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => sign::<Hmac<Md5>>(key, message),
            Self::Sha1 => sign::<Hmac<Sha1>>(key, message),
            Self::Sha256 => sign::<Hmac<Sha256>>(key, message),
            Self::Sha384 => sign::<Hmac<Sha384>>(key, message),
            Self::Sha3_256 => sign::<Hmac<Sha3_256>>(key, message),
            Self::Sha3_384 => sign::<Hmac<Sha3_384>>(key, message),
        }
    }

    /// The digest whose name stands in braces before some bytes, and those.
    pub fn split_name(message: &[u8]) -> Option<(Self, &[u8])> {
        Self::NAMED.into_iter().find_map(|digest| {
            let rest = message.strip_prefix(b"{")?;
            let rest = rest.strip_prefix(digest.name().as_bytes())?;
            Some((digest, rest.strip_prefix(b"}")?))
        })
    }
}

fn sign<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "HMAC-MD5",
            Self::Sha1 => "HMAC-SHA1",
            Self::Sha256 => "HMAC-SHA256",
            Self::Sha384 => "HMAC-SHA384",
            Self::Sha3_256 => "HMAC-SHA3-256",
            Self::Sha3_384 => "HMAC-SHA3-384",
        })
    }
}

/// Finds the handshake at the beginning of streams, if there is one, and verifies it with the key.
pub fn find<'a>(streams: &[Vec<Frame<'a>>], key: Option<&[u8]>) -> Option<Handshake<'a>> {
    let ends = ends(streams)?;
    let mut next = vec![0; streams.len()];
    let mut steps: Vec<Taken<'a>> = Vec::new();
    let mut outcome = Outcome::Welcome;
    for step in Step::ALL {
        let end = if step.is_listeners() {
            ends.listener
        } else {
            ends.client
        };
        let Some(stream) = end else { continue };
        let message = next[stream];
        let Some(frame) = streams[stream]
            .get(message)
            .filter(|frame| frame.is_whole())
        else {
            outcome = Outcome::Cut(step);
            break;
        };
        let Some(content) = read_step(step, frame.payload, &steps, key) else {
            outcome = Outcome::Broken(step);
            break;
        };
        next[stream] += 1;
        steps.push(Taken {
            step,
            stream,
            message,
            content,
        });
        if matches!(content, Content::Verdict { welcome: false }) {
            outcome = Outcome::Refused(step);
            break;
        }
    }
    let scheme = steps.iter().find_map(|taken| match taken.content {
        Content::Challenge { scheme, .. } => Some(scheme),
        _ => None,
    });
    Some(Handshake {
        scheme,
        steps,
        outcome,
        ends,
        has_key: key.is_some(),
    })
}

/// Who is who: the listener challenges first, the client answers first.
fn ends(streams: &[Vec<Frame<'_>>]) -> Option<Ends> {
    let payload = |stream: usize, message: usize| {
        let frame: Option<&Frame<'_>> = streams.get(stream)?.get(message);
        frame
            .filter(|frame| frame.is_whole())
            .map(|frame| frame.payload)
    };
    let challenges = |stream, message| payload(stream, message).and_then(challenge).is_some();
    let answers = |stream, message| payload(stream, message).and_then(answer).is_some();
    let is_listener = |stream| challenges(stream, 0);
    let is_client = |stream| answers(stream, 0) && challenges(stream, 1);
    let ends = |listener, client| Some(Ends { listener, client });
    match streams.len() {
        1 if is_listener(0) && answers(0, 1) => ends(Some(0), Some(0)),
        1 if is_listener(0) => ends(Some(0), None),
        1 if is_client(0) => ends(None, Some(0)),
        2 if is_listener(0) && !is_listener(1) => ends(Some(0), Some(1)),
        2 if is_listener(1) && !is_listener(0) => ends(Some(1), Some(0)),
        _ => None,
    }
}

/// What a message says that is this step, after those.
fn read_step<'a>(
    step: Step,
    payload: &'a [u8],
    before: &[Taken<'a>],
    key: Option<&[u8]>,
) -> Option<Content<'a>> {
    let challenge_at = |wanted: Step| {
        before.iter().find_map(|taken| match taken.content {
            Content::Challenge { scheme, signed, .. } if taken.step == wanted => {
                Some((scheme, signed))
            }
            _ => None,
        })
    };
    match step {
        Step::ListenerChallenges | Step::ClientChallenges => {
            let (scheme, signed) = challenge(payload)?;
            let first = challenge_at(Step::ListenerChallenges);
            Some(Content::Challenge {
                scheme,
                signed,
                reflected: first.is_some_and(|(_, first)| first == signed),
            })
        }
        Step::ClientAnswers | Step::ListenerAnswers => {
            let (digest, signature) = answer(payload)?;
            let asked = challenge_at(if step == Step::ClientAnswers {
                Step::ListenerChallenges
            } else {
                Step::ClientChallenges
            });
            if let Some((scheme, _)) = asked
                && (scheme == Scheme::Processing) != (digest == Digest::Sha1)
            {
                return None;
            }
            let right = key
                .zip(asked)
                .map(|(key, (_, signed))| digest.sign(key, signed) == signature);
            Some(Content::Answer {
                digest,
                signature,
                right,
            })
        }
        Step::ListenerDecides | Step::ClientDecides => {
            let welcome = match payload {
                handshake::WELCOME | WELCOME => true,
                handshake::REFUSAL | FAILURE => false,
                _ => return None,
            };
            Some(Content::Verdict { welcome })
        }
    }
}

/// How a challenge is to be answered, and what the answer signs.
fn challenge(payload: &[u8]) -> Option<(Scheme, &[u8])> {
    if let Some(nonce) = payload.strip_prefix(handshake::CHALLENGE) {
        return Some((Scheme::Processing, nonce));
    }
    let signed = payload.strip_prefix(CHALLENGE)?;
    match Digest::split_name(signed) {
        Some((digest, _)) if signed.len() != handshake::NONCE_LENGTH => {
            Some((Scheme::Named(digest), signed))
        }
        _ => Some((Scheme::Md5, signed)),
    }
}

/// The signature of an answer. Without a name it is told by its length.
fn answer(payload: &[u8]) -> Option<(Digest, &[u8])> {
    let (digest, signature) = match payload.len() {
        20 => (Digest::Sha1, payload),
        16 => (Digest::Md5, payload),
        _ => Digest::split_name(payload)?,
    };
    (signature.len() == digest.length()).then_some((digest, signature))
}
