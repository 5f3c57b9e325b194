//! Every execution of the catalogue as a test of its own, named `conformance::…`.

use std::num::NonZero;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use processing_conformance::peers::is_required;
use processing_conformance::report::Reported;
use processing_conformance::report::failure::plain;
use processing_conformance::run::plan::Execution;
use processing_conformance::run::verdict::Verdict;
use processing_conformance::run::{Judge, Judgement, Runner, Testee};

/// How many tests run at once, unless the command line says otherwise. Most tests wait most of the time. Under Wine, a
/// program starts so slowly that more of them gain nothing.
const THREADS: NonZero<usize> =
    NonZero::new(if cfg!(windows) { 16 } else { 32 }).expect("it is not 0");

/// Much longer than detached threads take to close their sockets.
const CLOSING: Duration = Duration::from_millis(300);

/// Runs the whole catalogue against these testees.
pub(crate) fn main(testees: Vec<Testee>) {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS.get());
    let runner: &'static Runner = Box::leak(Box::new(Runner {
        jobs: Some(THREADS),
        ..Runner::new(testees)
    }));
    let judges = runner.judges().expect("the whole catalogue can be judged");
    let judges = Box::leak(Box::new(judges));
    let trials = judges.as_slice().iter().flat_map(trials).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The judges are leaked and never dropped, so they have to be ended explicitly.
    judges.end();
    if cfg!(windows) {
        // On Wine 8 a program that ends while its threads close sockets can hang or crash in the system's own locks.
        // This gives the threads time to finish.
        std::thread::sleep(CLOSING);
    }
    conclusion.exit();
}

fn trials(judge: &'static Judge<'static>) -> Vec<Trial> {
    let name = judge.testee().name();
    if judge
        .claims()
        .is_some_and(|claims| claims.families.is_empty())
    {
        let title = format!("conformance::{name}");
        return vec![Trial::ignorable_test(title, move || {
            excused(judge).unwrap_or_else(|| Err("it has no family on this system".into()))
        })];
    }
    judge
        .executions()
        .iter()
        .map(|execution| {
            let setting = &execution.setting;
            let title = format!(
                "conformance::{name}::{}::{}::{}::{}",
                setting.spoken(),
                setting.family,
                setting.role,
                execution.id()
            );
            Trial::ignorable_test(title, move || run(judge, execution))
        })
        .collect()
}

fn run(judge: &Judge<'_>, execution: &Execution) -> Result<Completion, Failed> {
    if let Some(reason) = &execution.not_applicable {
        return Ok(Completion::ignored_with(reason));
    }
    excused(judge).unwrap_or_else(|| conclude(&judge.judge(execution)))
}

/// The outcome of a test whose testee is missing, or `None` if the testee is available.
fn excused(judge: &Judge<'_>) -> Option<Result<Completion, Failed>> {
    let reason = judge.absence()?.to_string();
    Some(if judge.testee().as_peer().is_some_and(is_required) {
        Err(reason.into())
    } else {
        Ok(Completion::ignored_with(reason))
    })
}

fn conclude(judgement: &Judgement) -> Result<Completion, Failed> {
    let row = &judgement.row;
    match row.verdict {
        Verdict::Pass | Verdict::ExpectedFail => Ok(Completion::Completed),
        Verdict::NotApplicable => Ok(Completion::ignored_with(
            row.message.as_deref().unwrap_or_default(),
        )),
        Verdict::Fail if row.is_broken_should() => Ok(Completion::ignored_with(format!(
            "breaks a {}: {}",
            row.level,
            row.message.as_deref().unwrap_or_default()
        ))),
        Verdict::Fail
        | Verdict::UnexpectedPass
        | Verdict::NotRun
        | Verdict::Flaky
        | Verdict::Interrupted => Err(plain(&Reported::of(judgement)).into()),
    }
}
