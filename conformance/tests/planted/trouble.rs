//! If a testee crashes, hangs, floods, prints garbage or never starts, there is a verdict on every case, in time, and
//! nothing is left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};
use processing_conformance::adapter::Implementation;
use processing_conformance::notation::Graph;
use processing_conformance::run::plan::{Selection, plan};
use processing_conformance::run::verdict::{Row, Verdict};
use processing_conformance::testee::child::{ChildLink, Program};
use processing_conformance::testee::message::{Hello, Operation};
use processing_conformance::testee::session::{Session, Trouble};

use super::command::{Ran, Running, suite};
use super::faults::testee;
use super::naive::{Fault, LOG, Naive};

/// One misbehaviour and its expected result.
struct Expectation {
    name: &'static str,
    selection: &'static [&'static str],
    /// Text that at least one message must contain.
    says: &'static str,
    /// The cases that may pass.
    passes: Passes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passes {
    /// No case: the testee answers `hello` at most.
    Nothing,
    /// Some cases: those that come before the misbehaviour, or that it does not affect.
    Some,
    /// Every case: the misbehaviour harms only the testee itself.
    Everything,
}
use Passes::{Everything, Nothing, Some};

const fn expect(
    name: &'static str,
    selection: &'static [&'static str],
    says: &'static str,
    passes: Passes,
) -> Expectation {
    Expectation {
        name,
        selection,
        says,
        passes,
    }
}

/// About fifty executions, in some of which the testee chooses the path.
const FEW: &[&str] = &[
    "string/raw",
    "closing/end/before-header",
    "listener/accept",
    "address/default",
];

const EXPECTED: [Expectation; 25] = [
    expect("exits-at-once", FEW, "never started", Nothing),
    expect("exits-with-3-at-once", FEW, "never started", Nothing),
    expect("aborts-at-hello", FEW, "never started", Nothing),
    expect("hangs-at-hello", FEW, "never started", Nothing),
    expect(
        "floods-at-hello",
        FEW,
        "garbage instead of a reply",
        Nothing,
    ),
    expect(
        "garbage-at-hello",
        FEW,
        "garbage instead of a reply",
        Nothing,
    ),
    expect("wrong-version", FEW, "never started", Nothing),
    expect("no-dialect", FEW, "never started", Nothing),
    expect("hangs", FEW, "hung", Nothing),
    expect("stops-reading", FEW, "hung", Nothing),
    expect("floods", FEW, "garbage instead of a reply", Nothing),
    expect(
        "floods-with-lines",
        FEW,
        "garbage instead of a reply",
        Nothing,
    ),
    expect("garbage", FEW, "garbage instead of a reply", Nothing),
    expect("both", FEW, "garbage instead of a reply", Nothing),
    expect("neither", FEW, "garbage instead of a reply", Nothing),
    expect("wrong-answer", FEW, "garbage instead of a reply", Nothing),
    expect("closes-standard-output", FEW, "crashed", Nothing),
    expect(
        "aborts-after-some",
        FEW,
        "crashed: signal 6 (SIGABRT)",
        Some,
    ),
    expect("exits-after-some", FEW, "crashed: exit status 3", Some),
    expect("panics-in-recv", FEW, "recv_string: hung", Some),
    expect("never-answers-recv", FEW, "recv_string: hung", Some),
    expect("grandchild", FEW, "", Everything),
    expect("grandchild-is-left-alone", FEW, "never started", Nothing),
    expect("ignores-end-of-input", FEW, "", Everything),
    expect("floods-standard-error", FEW, "", Everything),
];

/// A generous limit: the longest of them waits twice for 20 seconds for a `hello` that never arrives.
const BOUND: Duration = Duration::from_secs(180);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = EXPECTED
        .iter()
        .map(|expectation| {
            Trial::test(format!("trouble::{}", expectation.name), || {
                ends(expectation);
                Ok(())
            })
        })
        .collect();
    trials.push(Trial::ignorable_test("trouble::a-process-is-seen", || {
        Ok(sees_a_process())
    }));
    trials.push(Trial::test("trouble::no-such-command", || {
        no_such_command();
        Ok(())
    }));
    trials.push(Trial::test(
        "trouble::large-request-that-nobody-reads",
        || {
            large_request();
            Ok(())
        },
    ));
    // The slow ones come first.
    trials.sort_by_key(|trial| !trial.name().contains("hangs"));
    trials
}

fn ends(expected: &Expectation) {
    let traces = Traces::new();
    let ran = run(&testee(expected.name), expected.selection, &traces);
    let rows = ran.rows();
    check_complete(&rows, expected);
    for row in &rows {
        match row.verdict {
            Verdict::Fail | Verdict::NotRun => {
                assert!(expected.passes != Everything, "{row:#?}");
                assert!(row.message.is_some(), "without a reason: {row:#?}");
            }
            Verdict::Pass => assert!(expected.passes != Nothing, "{row:#?}"),
            Verdict::NotApplicable => {}
            other => panic!("{other}: {row:#?}"),
        }
    }
    let said = |row: &Row| {
        row.message
            .as_ref()
            .is_some_and(|message| message.contains(expected.says))
    };
    if expected.passes == Everything {
        assert_eq!(ran.code(), Option::Some(0), "{}", ran.stderr);
    } else {
        assert_eq!(ran.code(), Option::Some(1), "{}", ran.stderr);
        assert!(
            rows.iter()
                .any(|row| row.verdict == Verdict::Fail && said(row)),
            "no message contains {}: {rows:#?}",
            expected.says
        );
    }
    if expected.passes != Nothing || expected.name == "hangs" {
        let noted = std::fs::read_to_string(&traces.log).unwrap_or_default();
        assert!(!noted.is_empty(), "the testee was given no path");
    }
    traces.check();
}

/// Checks that [`Traces::processes`] finds a process with the marker.
#[cfg(target_os = "linux")]
fn sees_a_process() -> Completion {
    let traces = Traces::new();
    let mut sleeper = std::process::Command::new(std::env::current_exe().expect("it has a path"))
        .args(["testee", "sleeper"])
        .env(MARKER, &traces.marker)
        .spawn()
        .expect("this executable can be started");
    let seen = traces.processes();
    sleeper.kill().expect("it can be killed");
    sleeper.wait().expect("it can be waited for");
    assert_eq!(seen.len(), 1, "{seen:?}");
    traces.check();
    Completion::Completed
}

#[cfg(not(target_os = "linux"))]
fn sees_a_process() -> Completion {
    Completion::ignored_with(
        "only Linux shows which environment a process has: no trial here finds a process that was left behind",
    )
}

fn no_such_command() {
    let traces = Traces::new();
    let ran = run("exec:/no/such/command --at all", FEW, &traces);
    let rows = ran.rows();
    assert_eq!(ran.code(), Option::Some(1));
    assert!(!rows.is_empty());
    for row in &rows {
        let expected = [Verdict::Fail, Verdict::NotApplicable];
        assert!(expected.contains(&row.verdict), "{row:#?}");
    }
    traces.check();
}

/// A request that does not fit into the pipe does not block the suite if the testee does not read it.
fn large_request() {
    let own = std::env::current_exe().expect("this executable has a path");
    let program = Program {
        words: [
            own.into_os_string(),
            "testee".into(),
            "stops-reading".into(),
        ]
        .into(),
        environment: Vec::new(),
    };
    let deadline = Duration::from_secs(2);
    let link = ChildLink::start(&program).expect("this executable can be started");
    let mut session = Session::open(Box::new(link), deadline).expect("it says hello");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let operation = Operation::Send {
            connection: 1,
            object: Graph::str(vec![0; 4 << 20]),
        };
        let _ = tell.send(session.call(operation).map(drop));
        drop(session);
        drop(tell);
    });
    let trouble = told.recv_timeout(BOUND).expect("it comes to an end");
    assert!(matches!(trouble, Err(Trouble::Hung { .. })), "{trouble:?}");
    // The testee is also ended.
    assert!(told.recv_timeout(BOUND).is_err());
}

/// There is one row for every execution that was planned, whatever happened.
fn check_complete(rows: &[Row], expected: &Expectation) {
    let count = |executions: Vec<String>| {
        executions
            .into_iter()
            .fold(BTreeMap::new(), |mut counts, id| {
                *counts.entry(id).or_insert(0) += 1;
                counts
            })
    };
    // The testees that never answered `hello` are treated as if they had every profile.
    let mut claims: Hello = Naive::with(Fault::None).hello();
    if expected.passes == Nothing {
        claims.profile = processing_conformance::testee::message::Profile::Graph;
    }
    let selection = Selection {
        patterns: expected
            .selection
            .iter()
            .map(|word| (*word).into())
            .collect(),
        dialects: vec![DIALECT.parse().expect("this is a dialect")],
        ..Selection::default()
    };
    let planned = plan(&claims, &selection, Duration::from_secs(2));
    let planned = planned.iter().map(|execution| {
        let setting = &execution.setting;
        format!("{} {} {}", execution.id(), setting.family, setting.role)
    });
    let reported = rows
        .iter()
        .map(|row| format!("{} {} {}", row.execution(), row.family, row.role));
    assert_eq!(count(planned.collect()), count(reported.collect()));
}

fn run(testee: &str, selection: &[&str], traces: &Traces) -> Ran {
    let mut command = suite();
    command
        // Only a few run at once, because every line of the most talkative testees takes memory.
        .args(["run", "--deadline", "2", "--jobs", "4", "--format", "json"])
        .args(["--testee", testee, "--dialect", DIALECT])
        .args(selection)
        .env(MARKER, &traces.marker)
        .env(LOG, &traces.log);
    Running::start(&mut command).finish(BOUND)
}

/// The dialect of the executions. A testee that never answers `hello` is expected to speak it.
const DIALECT: &str = "be32+hmac-sha1";

/// A variable that is set for a run and inherited by everything that it starts.
const MARKER: &str = "PLANTED_MARKER";

/// What identifies the processes and files of a run.
struct Traces {
    marker: String,
    log: PathBuf,
    _directory: tempfile::TempDir,
}

impl Traces {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let directory = tempfile::tempdir().expect("a directory can be made");
        Self {
            marker: format!(
                "{}-{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            ),
            log: directory.path().join("log"),
            _directory: directory,
        }
    }

    /// Checks that nothing which the run started or made is left.
    fn check(&self) {
        // A process that was killed takes a moment to disappear.
        let patience = Instant::now() + Duration::from_secs(10);
        while !self.processes().is_empty() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        let left = self.processes();
        assert!(left.is_empty(), "left behind: {left:?}");
        for path in std::fs::read_to_string(&self.log)
            .unwrap_or_default()
            .lines()
        {
            let path = Path::new(path);
            let ours = |path: &Path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("pc-"))
            };
            for left in path.ancestors().take_while(|left| left.parent().is_some()) {
                if left == path || ours(left) {
                    assert!(
                        left.symlink_metadata().is_err(),
                        "{} is left",
                        left.display()
                    );
                }
            }
        }
    }

    /// The processes that have the marker in their environment.
    #[cfg(target_os = "linux")]
    fn processes(&self) -> Vec<String> {
        let wanted = format!("{MARKER}={}", self.marker);
        let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
        processes
            .filter_map(|entry| {
                let process = entry.ok()?.path();
                // The environments of other users' processes cannot be read, and dead processes have none.
                let environment = std::fs::read(process.join("environ")).ok()?;
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == wanted.as_bytes())
                    .then(|| std::fs::read(process.join("cmdline")).unwrap_or_default())
                    .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
            })
            .collect()
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "this system has no way to find them")]
    fn processes(&self) -> Vec<String> {
        Vec::new()
    }
}
