//! Every execution of the catalogue as a test of its own, named `conformance::…`.

use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use processing_conformance::adapter::InProcess;
use processing_conformance::adapter::Reference;
use processing_conformance::context::scratch::Scratch;
use processing_conformance::report::Reported;
use processing_conformance::report::failure::plain;
use processing_conformance::run::deviation::Deviations;
use processing_conformance::run::plan::{Execution, Selection, plan};
use processing_conformance::run::verdict::Verdict;
use processing_conformance::run::{Health, Judgement, Party, Sessions, Stage, Starter};
use processing_conformance::testee::message::Hello;
use processing_conformance::testee::session::{Session, Trouble};

/// The same in CI and at a desk.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How many tests run at once, unless the command line says otherwise.
const THREADS: usize = 16;

/// Much longer than threads that nobody waits for take to close what they have.
const CLOSING: Duration = Duration::from_millis(300);

/// Starts a testee, for as long as the process lives.
pub(crate) type StaticStarter = &'static Starter<'static>;

/// A testee and how to start it.
pub(crate) struct Subject {
    /// As on the command line.
    pub(crate) name: &'static str,
    /// What it is expected to claim: listing tests starts nothing.
    pub(crate) claims: Hello,
    /// Starts it.
    pub(crate) start: StaticStarter,
    /// The other flavour of its release, by name.
    pub(crate) sister: Option<(&'static str, StaticStarter)>,
    /// Why it is not run, if it is not; asked when a test runs.
    pub(crate) absent: fn(&'static str) -> Option<Absence>,
}

/// A testee that is not here.
pub(crate) struct Absence {
    /// Why, and what would help.
    pub(crate) reason: String,
    /// Whether it should have been.
    pub(crate) required: bool,
}

static SCRATCH: LazyLock<Scratch> =
    LazyLock::new(|| Scratch::new().expect("a directory for socket files can be made"));
static DEVIATIONS: LazyLock<Deviations> = LazyLock::new(Deviations::known);
static SESSIONS: Sessions = Sessions::new(THREADS);
static NEVER: AtomicBool = AtomicBool::new(false);

/// Runs the whole catalogue against these subjects.
pub(crate) fn main(subjects: Vec<Subject>) {
    let mut arguments = Arguments::from_args();
    // Most of them wait most of the time.
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let trials = subjects.into_iter().flat_map(trials).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // What is static is never dropped.
    SESSIONS.end();
    SCRATCH.sweep();
    if cfg!(windows) {
        // On Wine 8 a program that ends while its threads close sockets can hang or crash in the system's own locks.
        // They get the time.
        std::thread::sleep(CLOSING);
    }
    conclusion.exit();
}

fn trials(subject: Subject) -> Vec<Trial> {
    if subject.claims.families.is_empty() {
        let Subject { name, absent, .. } = subject;
        let title = format!("conformance::{name}");
        return vec![Trial::ignorable_test(title, move || {
            excused(absent(name)).unwrap_or_else(|| Err("it has no family here".into()))
        })];
    }
    let executions = plan(&subject.claims, &Selection::default(), PATIENCE);
    let stage: &'static Stage<'static> = Box::leak(Box::new(Stage {
        name: subject.name.into(),
        testee: Some(Party::new(subject.name, subject.start)),
        counterpart: Some(Party::new("reference", start_reference)),
        sister: subject.sister.map(|(name, start)| Party::new(name, start)),
        deviations: DEVIATIONS.of_testee(subject.name),
        interrupted: &NEVER,
        health: Health::default(),
    }));
    let Subject { name, absent, .. } = subject;
    executions
        .into_iter()
        .map(|execution| {
            let setting = &execution.setting;
            let title = format!(
                "conformance::{name}::{}::{}::{}::{}",
                setting.spoken(),
                setting.family,
                setting.role,
                execution.id()
            );
            Trial::ignorable_test(title, move || run(stage, name, absent, &execution))
        })
        .collect()
}

fn run(
    stage: &'static Stage<'static>,
    name: &'static str,
    absent: fn(&'static str) -> Option<Absence>,
    execution: &Execution,
) -> Result<Completion, Failed> {
    if let Some(reason) = &execution.not_applicable {
        return Ok(Completion::ignored_with(reason));
    }
    excused(absent(name)).unwrap_or_else(|| conclude(&stage.judge(execution, &SESSIONS, &SCRATCH)))
}

/// What comes of a test whose testee is not here.
fn excused(absence: Option<Absence>) -> Option<Result<Completion, Failed>> {
    let Absence { reason, required } = absence?;
    Some(if required {
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

/// The reference, in this process.
pub(crate) fn start_reference() -> Result<Session, Trouble> {
    Session::open(Box::new(InProcess::start(Reference)), PATIENCE)
}
