//! Explanations of executions with an unexpected outcome. Each is made once, and is used by every report.

use std::fmt::{Display, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{evidence, transcript};
use crate::context::failure::{Evidence, EvidenceKind, Failure};
use crate::requirements::{Level, requirement};
use crate::run::Judgement;
use crate::run::diagnosis::likely_cause;
use crate::run::verdict::Row;
use crate::wire::{Direction, Framing, Transcript};

/// How many bytes of a message a report keeps. It also has the length and the digest of the whole message.
const KEPT: usize = 1024;

/// Everything that explains the unexpected outcome of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The requirement that is not met, quoted. If nothing is wrong except that a deviation did not show, this is
    /// absent, and so are the expectation, the bytes and the transcript.
    pub requirement: Option<Quoted>,
    /// One sentence that describes the behaviour of a testee that passes the case.
    pub about: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What happened instead.
    pub happened: Option<String>,
    /// Further details for people, in lines.
    #[serde(default)]
    pub detail: Vec<String>,
    /// The payload that the testee was given, if its result was wrong.
    pub given: Option<Given>,
    /// The expected bytes and the actual ones.
    pub evidence: Option<Comparison>,
    /// The last events on the wires.
    pub transcript: Option<Excerpt>,
    /// What probably went wrong, if the signature is known.
    pub likely_cause: Option<String>,
    /// The command that runs this execution alone.
    pub replay: String,
}

/// A requirement of the specification, quoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The sentence.
    pub text: String,
}

/// A payload that a testee was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The payload.
    pub payload: Bytes,
    /// A description of the payload.
    pub note: String,
    /// Its bytes in annotated lines. There are none if the evidence shows the same bytes.
    #[serde(default)]
    pub shown: Vec<String>,
}

/// A comparison of the expected bytes with the actual ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The kind of the bytes.
    #[serde(with = "EvidenceKindForm")]
    pub kind: EvidenceKind,
    /// The expected bytes.
    pub expected: Bytes,
    /// The actual bytes.
    pub actual: Bytes,
    /// The offset of the first byte in which they differ, or at which one of them ends.
    pub first_difference: Option<usize>,
    /// Both in annotated lines, with a caret at the first difference.
    pub shown: Vec<String>,
}

/// The serialized form of [`EvidenceKind`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "EvidenceKind", rename_all = "snake_case")]
enum EvidenceKindForm {
    Stream,
    String,
    Pickle,
}

/// Bytes, of which a report keeps only the first ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// The number of all bytes.
    pub length: usize,
    /// The first bytes, in hexadecimal.
    #[serde(with = "hex::serde")]
    pub hex: Vec<u8>,
    /// The digest of all bytes, if some of them are not kept, and all were available when the report was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The last events on the wires of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The number of earlier events, which are left out.
    pub left_out: usize,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// One event on a wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The time since the execution began, in milliseconds.
    pub at_ms: f64,
    /// The number of the connection within the execution, from 1.
    pub connection: usize,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// The event in words, as a report shows it.
    pub shown: String,
}

/// What can happen on a wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// Bytes were sent over a stream.
    Bytes {
        /// Their direction.
        #[serde(with = "DirectionForm")]
        direction: Direction,
        /// The bytes.
        bytes: Bytes,
    },
    /// A message was sent over a pipe.
    Message {
        /// Its direction.
        #[serde(with = "DirectionForm")]
        direction: Direction,
        /// The message.
        bytes: Bytes,
    },
    /// One direction ended.
    End {
        /// The direction.
        #[serde(with = "DirectionForm")]
        direction: Direction,
    },
    /// Another event, such as `connected` or `reset`.
    Note,
}

/// The serialized form of [`Direction`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Direction", rename_all = "snake_case")]
enum DirectionForm {
    ToTestee,
    FromTestee,
}

impl Explanation {
    /// Explains a judgement, unless it needs no explanation.
    pub fn of(judgement: &Judgement) -> Option<Self> {
        let row = &judgement.row;
        if !row.verdict.is_bad() {
            return None;
        }
        // A stream's bytes have headers, those of a pipe do not.
        let framing = judgement.spoken.framing();
        let failure = judgement.failures.first();
        // The transcript explains nothing if no failure was found.
        let events = judgement
            .transcript
            .as_ref()
            .filter(|_| failure.is_some())
            .map(Transcript::entries)
            .filter(|entries| !entries.is_empty());
        Some(Self {
            requirement: failure.and_then(|failure| {
                let first = judgement.case.requirements[0];
                Quoted::of(failure.requirement.unwrap_or(first))
            }),
            about: judgement.case.about.into(),
            expected: failure.map(|failure| words(&failure.expected)),
            happened: failure.map(|failure| words(&failure.outcome)),
            detail: failure
                .map(|failure| failure.detail.lines().map(Into::into).collect())
                .unwrap_or_default(),
            given: failure.and_then(|failure| Given::of(failure, framing)),
            evidence: failure
                .and_then(|failure| failure.evidence.as_deref())
                .map(|evidence| Comparison::of(evidence, framing)),
            transcript: events
                .map(|events| transcript::excerpt(&events, judgement.spoken.dialect.framing)),
            likely_cause: failure.and_then(|failure| likely_cause(failure, framing)),
            replay: replay(row),
        })
    }
}

impl Quoted {
    fn of(id: &str) -> Option<Self> {
        let requirement = requirement(id)?;
        Some(Self {
            id: requirement.id.clone(),
            level: requirement.level,
            text: requirement.text.clone(),
        })
    }
}

impl Given {
    /// Describes the payload. Its bytes are left out if they are the expected ones, which are shown anyway.
    fn of(failure: &Failure, framing: Option<Framing>) -> Option<Self> {
        let given = failure.given.as_deref()?;
        let is_expected = failure
            .evidence
            .as_ref()
            .is_some_and(|evidence| evidence.expected == given);
        let unit = if given.len() == 1 { "byte" } else { "bytes" };
        Some(Self {
            payload: Bytes::of(given),
            note: if is_expected {
                "the expected pickle; the actual one is the returned object, pickled in the same way"
                    .into()
            } else {
                format!("a payload of {} {unit}", given.len())
            },
            shown: if is_expected {
                Vec::new()
            } else {
                lines(&evidence::annotate_pickle(given, framing))
            },
        })
    }
}

impl Comparison {
    fn of(evidence: &Evidence, framing: Option<Framing>) -> Self {
        let Evidence {
            kind,
            expected,
            actual,
        } = evidence;
        Self {
            kind: *kind,
            expected: Bytes::of(expected),
            actual: Bytes::of(actual),
            first_difference: evidence::first_difference(expected, actual),
            shown: lines(&evidence::render(evidence, framing)),
        }
    }
}

impl Bytes {
    /// Keeps the first of these bytes. All of them are available.
    fn of(bytes: &[u8]) -> Self {
        let sha256 = (bytes.len() > KEPT).then(|| hex::encode(Sha256::digest(bytes)));
        Self {
            sha256,
            ..Self::beginning(bytes, bytes.len())
        }
    }

    /// Keeps the first of these bytes, which may be only the beginning of `length` bytes.
    pub(super) fn beginning(bytes: &[u8], length: usize) -> Self {
        Self {
            length,
            hex: bytes[..bytes.len().min(KEPT)].into(),
            sha256: None,
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(Into::into).collect()
}

fn words(what: &impl Display) -> String {
    what.to_string()
}

fn replay(row: &Row) -> String {
    let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let mut command = format!(
        "processing-conformance run --testee {}",
        quoted(&row.testee)
    );
    if let Some(counterpart) = row
        .counterpart
        .as_deref()
        .filter(|name| *name != "reference")
    {
        let _ = write!(command, " --counterpart {}", quoted(counterpart));
    }
    let _ = write!(
        command,
        " --family {} --dialect {} {}",
        row.family,
        row.dialect,
        quoted(&row.execution())
    );
    command
}
