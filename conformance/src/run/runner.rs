//! Describes a run: the cases, the testees and the conditions.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use processing_connection::Family;
use thiserror::Error;

use super::deviation::Deviations;
use super::judge::Judgement;
use super::judges::Judges;
use super::plan::Selection;
use super::selection::{NothingSelected, SelectionError};
use super::testee::Testee;
use crate::context::setting::Spoken;
use crate::testee::message::{Hello, PROTOCOL, Profile};
use crate::wire::handshake::Scheme;
use crate::wire::{Dialect, Framing};

/// The dialect that a testee is assumed to speak if it does not report one: that of `processing` 0.30 and later.
const PREFERRED: Dialect = Dialect {
    framing: Framing::Be32,
    handshake: Some(Scheme::Processing),
};

/// Everything that decides about a run. The defaults of [`new`](Self::new) are those of the command line.
pub struct Runner {
    /// The testees to judge.
    pub testees: Vec<Testee>,
    /// The testee at the other end of pair cases.
    pub counterpart: Testee,
    /// The executions to run.
    pub selection: Selection,
    /// The known faults of the testees.
    pub deviations: Deviations,
    /// How long an operation may take before the testee counts as hung. This is at least two seconds, so that verdicts
    /// do not depend on the speed of the machine.
    pub deadline: Duration,
    /// How many executions are under way at once. The default depends on the number of processors.
    pub jobs: Option<NonZero<usize>>,
    /// Set from another thread to end the run early. Executions that have not begun by then are not run.
    pub interrupted: Arc<AtomicBool>,
}

/// The judgements of one testee.
#[derive(Debug)]
pub struct Run {
    /// The name of the testee, as on the command line.
    pub testee: String,
    /// What the testee claims, unless it has no adapter or did not start.
    pub claims: Option<Hello>,
    /// One judgement for each execution, in the order of the plan.
    pub judgements: Vec<Judgement>,
}

/// The reason why there is no run.
#[derive(Debug, Error)]
pub enum RunError {
    /// The selection is invalid.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The selection contains no execution for these testees.
    #[error(transparent)]
    NothingSelected(#[from] NothingSelected),
    /// The directory for socket files cannot be created.
    #[error("cannot create a directory for socket files: {0}")]
    Scratch(io::Error),
}

impl Runner {
    /// Returns a runner of all cases against these testees.
    pub fn new(testees: impl IntoIterator<Item = Testee>) -> Self {
        Self {
            testees: testees.into_iter().collect(),
            counterpart: Testee::reference(),
            selection: Selection::default(),
            deviations: Deviations::known(),
            deadline: Duration::from_secs(5),
            jobs: None,
            interrupted: Arc::default(),
        }
    }

    /// Judges every execution, many at once, and calls `observe` as each ends.
    ///
    /// # Errors
    ///
    /// Returns an error if the selection is invalid or selects nothing.
    pub fn run(&self, observe: &(dyn Fn(&Judgement) + Sync)) -> Result<Vec<Run>, RunError> {
        self.judges()?.run(observe)
    }

    /// Returns the judges of the testees, for callers that decide themselves when to run which execution.
    ///
    /// This starts programs to find out what they claim. The claims of peers and of testees in this process are known,
    /// so that these are started or installed only when one of their executions is judged.
    ///
    /// # Errors
    ///
    /// Returns an error if the selection is invalid.
    pub fn judges(&self) -> Result<Judges<'_>, RunError> {
        Judges::of(self)
    }
}

impl Hello {
    /// Returns claims for a testee that did not report any, so that every execution still gets a verdict.
    pub(super) fn assumed(dialects: &[Spoken]) -> Self {
        let dialects: Vec<Dialect> = if dialects.is_empty() {
            vec![PREFERRED]
        } else {
            dialects.iter().map(|asked| asked.dialect).collect()
        };
        let families = Family::ALL.into_iter();
        Self {
            protocol: PROTOCOL,
            name: "it".into(),
            version: String::new(),
            runtime: String::new(),
            families: families.filter(|family| family.is_available()).collect(),
            dialects: dialects.iter().map(Dialect::to_string).collect(),
            pickle_protocol: 2,
            profile: Profile::Graph,
            operations: Vec::new(),
            python: None,
            int_bits: None,
        }
    }
}
