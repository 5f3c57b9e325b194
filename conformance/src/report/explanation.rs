//! Why an execution did not go as it should: made once from what the case found, and told by every report.

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

/// How many bytes of a message a report keeps; of the rest it has the length and the digest.
const KEPT: usize = 1024;

/// Everything that explains why an execution did not go as it should.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The requirement that is broken, quoted. It is absent when nothing is wrong except that a deviation did not show,
    /// as are the expectation, the bytes and the transcript.
    pub requirement: Option<Quoted>,
    /// What a testee does that passes the case, in one sentence.
    pub about: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What happened instead.
    pub happened: Option<String>,
    /// Whatever else helps a person, line by line.
    #[serde(default)]
    pub detail: Vec<String>,
    /// What the testee was given, when it did not make of it what it should.
    pub given: Option<Given>,
    /// The expected bytes beside those that came.
    pub evidence: Option<Comparison>,
    /// What went over the wires.
    pub transcript: Option<Excerpt>,
    /// What probably went wrong, when the signature is known.
    pub likely_cause: Option<String>,
    /// The command that runs this execution alone.
    pub replay: String,
}

/// A requirement of the specification, in its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Its id.
    pub id: String,
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub text: String,
}

/// A payload that a testee was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The payload.
    pub payload: Bytes,
    /// What it is.
    pub note: String,
    /// Its bytes in lines, annotated; none when the evidence shows the same bytes.
    #[serde(default)]
    pub shown: Vec<String>,
}

/// Bytes that were expected beside those that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What they are.
    #[serde(with = "EvidenceKindForm")]
    pub kind: EvidenceKind,
    /// What was expected.
    pub expected: Bytes,
    /// What came.
    pub actual: Bytes,
    /// The offset of the first byte in which they differ, or at which one of them ends.
    pub first_difference: Option<usize>,
    /// Both in lines, annotated, with a caret at the first difference.
    pub shown: Vec<String>,
}

/// How [`EvidenceKind`] is written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "EvidenceKind", rename_all = "snake_case")]
enum EvidenceKindForm {
    Stream,
    String,
    Pickle,
}

/// Some bytes, of which a report keeps the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// How many there are.
    pub length: usize,
    /// The first of them, in hexadecimal.
    #[serde(with = "hex::serde")]
    pub hex: Vec<u8>,
    /// The digest of all of them, when not all are kept and somebody had all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The last events on the wires of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excerpt {
    /// How many events there were before these.
    pub left_out: usize,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// One event on a wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Since the execution began, in milliseconds.
    pub at_ms: f64,
    /// The number of the connection within the execution, from 1.
    pub connection: usize,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// The same in words, as a report shows it.
    pub shown: String,
}

/// What can happen on a wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// Bytes went over a stream.
    Bytes {
        /// The way they went.
        #[serde(with = "DirectionForm")]
        direction: Direction,
        /// The bytes.
        bytes: Bytes,
    },
    /// A message went over a pipe.
    Message {
        /// The way it went.
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
    /// Something else that is worth saying: `connected`, `reset`.
    Note,
}

/// How [`Direction`] is written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Direction", rename_all = "snake_case")]
enum DirectionForm {
    ToTestee,
    FromTestee,
}

impl Explanation {
    /// What explains a judgement, unless it needs no explanation.
    pub fn of(judgement: &Judgement) -> Option<Self> {
        let row = &judgement.row;
        if !row.verdict.is_bad() {
            return None;
        }
        // A stream's bytes have headers, those of a pipe do not.
        let framing = judgement.spoken.framing();
        let failure = judgement.failures.first();
        // What went over the wires explains nothing when nothing is wrong with it.
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
    /// On its own, unless it is the expected payload, which is shown anyway.
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
                "the expected pickle; the actual one is what was returned, pickled in the same way"
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
    /// Bytes that are all here.
    fn of(bytes: &[u8]) -> Self {
        let sha256 = (bytes.len() > KEPT).then(|| hex::encode(Sha256::digest(bytes)));
        Self {
            sha256,
            ..Self::beginning(bytes, bytes.len())
        }
    }

    /// Bytes of which perhaps only the first are here.
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
