//! Why a case did not pass, in a form that both people and deviations can use.

use super::expectation::Expectation;
use super::outcome::{Did, Outcome};
use crate::requirements::Level;
use crate::testee::message::{OperationError, OperationName};
use crate::testee::session::Trouble;
use crate::wire::{Wire, WireError};

/// Why a case ended early.
#[derive(Debug)]
pub enum Stop {
    /// The testee did not do what the case requires.
    Failed(Box<Failure>),
    /// The case does not apply, for this reason.
    NotApplicable(String),
    /// The case could not be run, for this reason.
    NotRun(String),
}

/// The result of a case.
pub type CaseResult = Result<(), Stop>;

/// One fault of a testee.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened. Deviations predict this.
    pub outcome: Outcome,
    /// What was expected instead.
    pub expected: Box<Expectation>,
    /// Further details for people, such as the testee's error message.
    pub detail: String,
    /// The requirement that was not met, if the case cites several.
    pub requirement: Option<&'static str>,
    /// The level of the requirement that was not met, if it is lower than the case's.
    pub level: Option<Level>,
    /// The pickle that the testee was given, if it read it incorrectly.
    pub given: Option<Box<[u8]>>,
    /// The expected and the actual bytes, if bytes differ.
    pub evidence: Option<Box<Evidence>>,
    /// The likely cause, if the case tests for it and the outcome alone does not show it.
    pub cause: Option<Cause>,
}

/// A fault for which a case tests. Its description is the likely cause of the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The escape of `be32x` is not known.
    EscapeUnknown,
    /// A negative header other than the escape was not refused.
    NegativeHeader,
    /// The length after the escape was not read as an unsigned number of eight bytes.
    EscapedLength,
    /// An answer was accepted although it has another digest than the challenge asks for.
    AnyDigestAccepted,
}

/// Expected and actual bytes, for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What the bytes contain.
    pub kind: EvidenceKind,
    /// The expected bytes.
    pub expected: Vec<u8>,
    /// The actual bytes.
    pub actual: Vec<u8>,
}

/// What the bytes of evidence contain.
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
    /// The kind of the messages that are read from a wire.
    pub fn of(wire: &Wire) -> Self {
        match wire.framing() {
            Some(_) => Self::Stream,
            None => Self::String,
        }
    }
}

impl Failure {
    /// Creates a failure without details.
    pub fn new(outcome: impl Into<Outcome>, expected: impl Into<Expectation>) -> Self {
        Self {
            outcome: outcome.into(),
            expected: Box::new(expected.into()),
            detail: String::new(),
            requirement: None,
            level: None,
            given: None,
            evidence: None,
            cause: None,
        }
    }

    /// Adds details for people.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the requirement that was not met.
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

    /// Creates a failure for an operation that should have succeeded.
    pub fn operation(operation: OperationName, error: &OperationError) -> Self {
        Self::new(
            (operation, Did::Error(error.kind)),
            Expectation::Success(operation),
        )
        .detail(format!("the testee says: {}", error.message))
    }

    /// Creates a failure for an error on the wire.
    pub fn wire(expected: impl Into<Expectation>, error: &WireError) -> Self {
        Self::new(error, expected).detail(error.to_string())
    }

    /// Creates a failure for a testee that did not answer.
    pub fn trouble(trouble: &Trouble) -> Self {
        Self::new(trouble, "an answer").detail(trouble.to_string())
    }

    /// Creates a failure for an error in a recording.
    pub fn recording(outcome: impl Into<String>, expected: impl Into<Expectation>) -> Self {
        Self::new(Outcome::Recording(outcome.into()), expected)
    }
}

impl Stop {
    /// Sets the requirement that was not met, if the testee failed.
    pub fn breaks(mut self, requirement: &'static str) -> Self {
        if let Self::Failed(failure) = &mut self {
            failure.requirement = Some(requirement);
        }
        self
    }

    /// Adds the likely cause, if the testee failed.
    pub fn caused_by(mut self, cause: Cause) -> Self {
        if let Self::Failed(failure) = &mut self {
            failure.cause = Some(cause);
        }
        self
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
