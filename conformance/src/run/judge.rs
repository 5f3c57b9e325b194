//! Judges one execution: runs the case, compares the outcome with the known deviations, and decides on a verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::deviation::{Known, Prediction};
use super::plan::Execution;
use super::verdict::{Predicted, Row, Verdict};
use crate::cases::Case;
use crate::context::Context;
use crate::context::failure::{Failure, Stop};
use crate::context::outcome::Found;
use crate::context::scratch::Scratch;
use crate::context::setting::Spoken;
use crate::testee::session::Session;
use crate::wire::Transcript;

/// One execution, with everything that explains its verdict.
#[derive(Debug)]
pub struct Judgement {
    /// The execution, as in reports.
    pub row: Row,
    /// The case.
    pub case: &'static Case,
    /// The dialect and the family.
    pub spoken: Spoken,
    /// The failures, with the worst one first. There are none if the failure was expected.
    pub failures: Vec<Failure>,
    /// The events on the wires, if they explain the verdict.
    pub transcript: Option<Transcript>,
}

/// Runs one execution against a testee. There is no session with a testee that has no adapter.
pub fn judge(
    execution: &Execution,
    name: &str,
    testee: Option<&mut Session>,
    counterpart: Option<(&str, &mut Session)>,
    scratch: &Scratch,
    deviations: &Known<'_>,
) -> Judgement {
    let version = testee
        .as_ref()
        .map(|session| session.hello().version.clone());
    let (counterpart_name, counterpart) = counterpart.unzip();
    let mut context = Context::new(&execution.setting, testee, counterpart, scratch);
    let transcript = context.transcript.clone();
    let began = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (execution.case.run)(&mut context)));
    let took = began.elapsed();
    let mut failures = context.finish();
    let outcome = outcome.map(|outcome| match &execution.setting.bare {
        Some(bare) => outcome.map_err(|stop| bare.excuse(stop)),
        None => outcome,
    });
    let stop = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(Stop::Failed(failure))) => {
            failures.insert(0, *failure);
            None
        }
        Ok(Err(Stop::NotApplicable(reason))) => Some((Verdict::NotApplicable, reason)),
        Ok(Err(Stop::NotRun(reason))) => Some((Verdict::NotRun, reason)),
        Err(panic) => {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            failures.insert(
                0,
                Failure::new(Found::Panicked, "the suite itself works").detail(format!(
                    "this is a fault of the suite, please report it: {said}"
                )),
            );
            None
        }
    };
    let mut judgement = Judgement {
        row: blank(execution, name, version, counterpart_name),
        case: execution.case,
        spoken: execution.setting.spoken(),
        failures,
        transcript: Some(transcript),
    };
    judgement.row.duration_ms = milliseconds(took);
    match stop {
        Some((verdict, reason)) => {
            judgement.row.verdict = verdict;
            judgement.row.message = Some(reason);
        }
        None => weigh(&mut judgement, execution, deviations),
    }
    // Reports do not show the rest, which would fill the memory after a hundred thousand executions.
    if !judgement.row.verdict.is_bad() {
        judgement.failures.clear();
        judgement.transcript = None;
    }
    judgement
}

impl Judgement {
    /// Returns the judgement of an execution that was not run.
    pub fn without_running(
        execution: &Execution,
        name: &str,
        verdict: Verdict,
        reason: String,
    ) -> Self {
        let mut row = blank(execution, name, None, None);
        row.verdict = verdict;
        row.message = Some(reason);
        Self {
            row,
            case: execution.case,
            spoken: execution.setting.spoken(),
            failures: Vec::new(),
            transcript: None,
        }
    }

    /// Returns the judgement of an execution whose testee could not be started.
    pub fn unstarted(
        execution: &Execution,
        name: &str,
        failure: Failure,
        deviations: &Known<'_>,
    ) -> Self {
        let row = blank(execution, name, None, None);
        let mut judgement = Self {
            row,
            case: execution.case,
            spoken: execution.setting.spoken(),
            failures: vec![failure],
            transcript: None,
        };
        weigh(&mut judgement, execution, deviations);
        judgement
    }
}

/// Decides between pass, fail, expected-fail and unexpected-pass.
fn weigh(judgement: &mut Judgement, execution: &Execution, deviations: &Known<'_>) {
    let case = execution.case;
    let level = |failure: &Failure| failure.level.unwrap_or(case.level);
    let known = deviations.predictions(case, &execution.setting);
    let explained = |failure: &Failure| {
        known
            .iter()
            .find(|known| known.agrees_with(&failure.outcome))
    };

    judgement.failures.sort_by_key(|failure| {
        (
            explained(failure).is_some(),
            std::cmp::Reverse(level(failure)),
        )
    });
    let row = &mut judgement.row;
    match judgement.failures.first() {
        Some(worst) => {
            row.level = level(worst);
            row.message = Some(summarise(worst));
            if let Some(known) = explained(worst) {
                row.verdict = Verdict::ExpectedFail;
                row.deviation = Some(known.deviation.id.clone());
                row.prediction = Some(predicted(known, true));
            } else {
                row.verdict = Verdict::Fail;
                if let Some(known) = known.first() {
                    row.message = Some(format!(
                        "{}; deviation `{}` predicts `{}`",
                        summarise(worst),
                        known.deviation.id,
                        known.outcome
                    ));
                    row.prediction = Some(predicted(known, false));
                }
            }
        }
        None => row.verdict = Verdict::Pass,
    }
    // A deviation that did not show is stale, even if another one did.
    let stale = known.iter().find(|known| {
        !judgement
            .failures
            .iter()
            .any(|failure| known.agrees_with(&failure.outcome))
    });
    if let Some(stale) = stale
        && row.verdict != Verdict::Fail
    {
        row.verdict = Verdict::UnexpectedPass;
        row.deviation = Some(stale.deviation.id.clone());
        row.prediction = Some(predicted(stale, false));
        row.message = Some(format!(
            "the outcome `{}`, which deviation `{}` predicts, did not occur",
            stale.outcome, stale.deviation.id
        ));
    }
}

fn predicted(known: &Prediction<'_>, showed: bool) -> Predicted {
    Predicted {
        deviation: known.deviation.id.clone(),
        outcome: known.outcome.to_string(),
        showed,
    }
}

fn summarise(failure: &Failure) -> String {
    format!("{} (expected: {})", failure.outcome, failure.expected)
}

fn blank(
    execution: &Execution,
    name: &str,
    version: Option<String>,
    counterpart: Option<&str>,
) -> Row {
    let setting = &execution.setting;
    Row {
        case: execution.case.id.into(),
        parameters: setting
            .parameters
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        testee: name.into(),
        peer_version: version,
        dialect: setting.spoken().to_string(),
        family: setting.family,
        role: setting.role,
        counterpart: counterpart.map(Into::into),
        verdict: Verdict::NotRun,
        level: execution.case.level,
        requirements: execution
            .case
            .requirements
            .iter()
            .map(|id| (*id).into())
            .collect(),
        deviation: None,
        prediction: None,
        duration_ms: 0.0,
        message: None,
    }
}

fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
