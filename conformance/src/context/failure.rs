//! Why a case did not pass, in a form that people and deviations can both use.

use super::expectation::Expectation;
use super::outcome::{Did, Outcome};
use crate::requirements::Level;
use crate::testee::message::{OperationError, OperationName};
use crate::testee::session::Trouble;
use crate::wire::{Wire, WireError};

/// What ends a case before its last line.
#[derive(Debug)]
pub enum Stop {
    /// The testee did not do what it must.
    Failed(Box<Failure>),
    /// The case has nothing to say here, for this reason.
    NotApplicable(String),
    /// The case could not be run, for this reason.
    NotRun(String),
}

/// What a case comes to.
pub type CaseResult = Result<(), Stop>;

/// One thing that a testee did wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened. This is what a deviation predicts.
    pub outcome: Outcome,
    /// What was expected instead.
    pub expected: Box<Expectation>,
    /// Whatever else helps a person: what the testee says, where it happened.
    pub detail: String,
    /// The requirement that is broken, when the case cites several.
    pub requirement: Option<&'static str>,
    /// The level that is broken, when it is lower than the case's.
    pub level: Option<Level>,
    /// The pickle that the testee was given, when it did not make of it what it should.
    pub given: Option<Box<[u8]>>,
    /// Bytes to compare.
    pub evidence: Option<Box<Evidence>>,
}

/// Bytes that were expected beside those that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they are.
    pub kind: EvidenceKind,
    /// What was expected.
    pub expected: Vec<u8>,
    /// What came.
    pub actual: Vec<u8>,
}

/// What the bytes of some evidence are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// Messages with their headers, as on the wire.
    Stream,
    /// The payload of a string.
    String,
    /// The payload of an object: a pickle.
    Pickle,
}

impl EvidenceKind {
    /// What comes from a wire as it is.
    pub fn of(wire: &Wire) -> Self {
        match wire.framing() {
            Some(_) => Self::Stream,
            None => Self::String,
        }
    }
}

impl Failure {
    /// A failure that can be told in a few words.
    pub fn new(outcome: impl Into<Outcome>, expected: impl Into<Expectation>) -> Self {
        Self {
            outcome: outcome.into(),
            expected: Box::new(expected.into()),
            detail: String::new(),
            requirement: None,
            level: None,
            given: None,
            evidence: None,
        }
    }

    /// Adds what helps a person.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Names the requirement that is broken.
    pub fn breaks(mut self, requirement: &'static str) -> Self {
        self.requirement = Some(requirement);
        self
    }

    /// Adds the pickle that the testee was given.
    pub fn given(mut self, pickle: &[u8]) -> Self {
        self.given = Some(pickle.into());
        self
    }

    /// Adds bytes to compare.
    pub fn showing(mut self, kind: EvidenceKind, expected: &[u8], actual: &[u8]) -> Self {
        self.evidence = Some(Box::new(Evidence {
            kind,
            expected: expected.into(),
            actual: actual.into(),
        }));
        self
    }

    /// An operation that should have worked.
    pub fn operation(operation: OperationName, error: &OperationError) -> Self {
        Self::new(
            (operation, Did::Error(error.kind)),
            Expectation::Success(operation),
        )
        .detail(format!("the testee says: {}", error.message))
    }

    /// Something on the wire that should not be.
    pub fn wire(expected: impl Into<Expectation>, error: &WireError) -> Self {
        Self::new(error, expected).detail(error.to_string())
    }

    /// A testee that did something else instead of answering.
    pub fn trouble(trouble: &Trouble) -> Self {
        Self::new(trouble, "an answer").detail(trouble.to_string())
    }

    /// Something that is wrong in a recording.
    pub fn recording(outcome: impl Into<String>, expected: impl Into<Expectation>) -> Self {
        Self::new(Outcome::Recording(outcome.into()), expected)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Failure::trouble(&trouble).into()
    }
}
