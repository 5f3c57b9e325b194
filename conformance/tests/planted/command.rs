//! Running the suite's own command as a user does.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use processing_conformance::report::Report;
use processing_conformance::run::verdict::Row;
use processing_conformance::testee::start;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// A JSON report.
    pub(crate) fn report(&self) -> Report {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no report: {error}\n{}{}", self.stdout, self.stderr))
    }

    /// The rows of a report in JSON.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.report().rows().cloned().collect()
    }
}

/// The command of the suite.
pub(crate) fn suite() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_processing-conformance"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// A command that has been started and must end within a limit.
pub(crate) struct Running {
    child: Child,
    began: Instant,
    stdout: std::thread::JoinHandle<String>,
    stderr: std::thread::JoinHandle<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = start(|| command.spawn()).expect("the command starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        Self {
            child,
            began: Instant::now(),
            stdout: std::thread::spawn(|| read_all(stdout)),
            stderr: std::thread::spawn(|| read_all(stderr)),
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("it can be waited for")
            .is_some()
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// Panics if the command does not end within the limit, and kills it first.
    pub(crate) fn finish(mut self, bound: Duration) -> Ran {
        while !self.has_ended() {
            if self.began.elapsed() > bound {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("it did not end within {} s", bound.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ran {
            status: self.child.wait().expect("it has ended"),
            stdout: self.stdout.join().expect("its output was read"),
            stderr: self.stderr.join().expect("its output was read"),
        }
    }
}

fn read_all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
