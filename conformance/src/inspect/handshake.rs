//! The handshake at the beginning of a capture.

use crate::wire::frame::Frame;
use crate::wire::handshake::{Scheme, read_answer, read_challenge, read_verdict};
use crate::wire::{Digest, Part, Role, Step};

/// A handshake that was found in a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedHandshake<'a> {
    /// The scheme of the first challenge, or `None` if only the client's direction was captured.
    pub scheme: Option<Scheme>,
    /// Its messages, in order.
    pub steps: Vec<CapturedStep<'a>>,
    /// How it ended.
    pub outcome: CapturedOutcome,
    /// The index of the stream of each end.
    pub ends: Ends,
    /// Whether a key was given, with which the answers were verified.
    pub has_key: bool,
}

/// The streams of both ends, which may be the same stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The index of the stream of the listener, which challenges first.
    pub listener: Option<usize>,
    /// The index of the stream of the client.
    pub client: Option<usize>,
}

impl Ends {
    /// The index of the stream of this end.
    pub fn stream_of(self, end: Role) -> Option<usize> {
        match end {
            Role::Listener => self.listener,
            Role::Client => self.client,
        }
    }
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapturedOutcome {
    /// Each captured end welcomed the other.
    Welcome,
    /// An end was refused at this step.
    Refused(Step),
    /// Another message came at this step.
    Broken(Step),
    /// The stream ends before this step.
    Cut(Step),
}

/// A message that is a step of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapturedStep<'a> {
    /// The step.
    pub step: Step,
    /// The index of the stream.
    pub stream: usize,
    /// The index of the message in the stream.
    pub message: usize,
    /// The decoded message.
    pub content: Content<'a>,
}

/// The decoded message of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A challenge.
    Challenge {
        /// The scheme that it asks for.
        scheme: Scheme,
        /// The bytes that the answer signs: the random bytes, with the name of the digest before them.
        signed: &'a [u8],
        /// Whether this is the other end's own challenge. An answer to it could be used by an impostor.
        reflected: bool,
    },
    /// An answer.
    Answer {
        /// The digest of the signature.
        digest: Digest,
        /// The signature.
        signature: &'a [u8],
        /// Whether it is right, or `None` without a key or without the challenge.
        right: Option<bool>,
    },
    /// A verdict.
    Verdict {
        /// Whether the answer was accepted.
        welcome: bool,
    },
}

/// Finds the handshake at the beginning of streams, if there is one, and verifies it with the key.
pub fn find<'a>(streams: &[Vec<Frame<'a>>], key: Option<&[u8]>) -> Option<CapturedHandshake<'a>> {
    let ends = ends(streams)?;
    let mut next = vec![0; streams.len()];
    let mut steps: Vec<CapturedStep<'a>> = Vec::new();
    let mut outcome = CapturedOutcome::Welcome;
    for step in Step::ALL {
        let Some(stream) = ends.stream_of(step.sender()) else {
            continue;
        };
        let message = next[stream];
        let Some(frame) = streams[stream]
            .get(message)
            .filter(|frame| frame.is_whole())
        else {
            outcome = CapturedOutcome::Cut(step);
            break;
        };
        let Some(content) = read_step(step, frame.payload, &steps, key) else {
            outcome = CapturedOutcome::Broken(step);
            break;
        };
        next[stream] += 1;
        steps.push(CapturedStep {
            step,
            stream,
            message,
            content,
        });
        if matches!(content, Content::Verdict { welcome: false }) {
            outcome = CapturedOutcome::Refused(step);
            break;
        }
    }
    let scheme = steps.iter().find_map(|taken| match taken.content {
        Content::Challenge { scheme, .. } => Some(scheme),
        _ => None,
    });
    Some(CapturedHandshake {
        scheme,
        steps,
        outcome,
        ends,
        has_key: key.is_some(),
    })
}

/// Finds out which end is which: the listener challenges first, and the client answers first.
fn ends(streams: &[Vec<Frame<'_>>]) -> Option<Ends> {
    let payload = |stream: usize, message: usize| {
        let frame: Option<&Frame<'_>> = streams.get(stream)?.get(message);
        frame
            .filter(|frame| frame.is_whole())
            .map(|frame| frame.payload)
    };
    let challenges = |stream, message| payload(stream, message).and_then(read_challenge).is_some();
    let answers = |stream, message| payload(stream, message).and_then(read_answer).is_some();
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

/// Decodes a message as this step, after the given steps.
fn read_step<'a>(
    step: Step,
    payload: &'a [u8],
    before: &[CapturedStep<'a>],
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
    match step.part() {
        Part::Challenge => {
            let (scheme, signed) = read_challenge(payload)?;
            let first = challenge_at(Step::ListenerChallenges);
            Some(Content::Challenge {
                scheme,
                signed,
                reflected: first.is_some_and(|(_, first)| first == signed),
            })
        }
        Part::Answer => {
            let (digest, signature) = read_answer(payload)?;
            let asked = challenge_at(Step::of(step.sender().other(), Part::Challenge));
            if let Some((scheme, _)) = asked
                && (scheme == Scheme::Processing) != (digest == Scheme::Processing.digest())
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
        Part::Verdict => read_verdict(payload).map(|welcome| Content::Verdict { welcome }),
    }
}
