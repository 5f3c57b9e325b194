//! A testee that is driven over the standard input and output of a process: `exec:` and every Python peer.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::input::Input;
use super::lines::{self, Asked, GARBAGE_SHOWN};
use super::message::Request;
use super::session::{Link, Reply, Trouble};
use super::start;
use super::status;
use super::tree::Tree;
use parking_lot::Mutex;

/// A line of more bytes is not a reply. The longest legitimate replies describe graphs.
const LONGEST_LINE: u64 = 64 << 20;
/// How often to check whether a silent testee is still running.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// After this many bytes of a line, it is decided whether the line can be a reply.
const LOOKED_AT: u64 = 4 << 10;
/// How many lines may wait to be read. A testee that writes faster than its lines are read has to wait; its output is
/// not buffered.
const WAITING_LINES: usize = 64;
/// How much of the end of standard error is kept.
const STDERR_KEPT: usize = 8 << 10;

/// A program with its arguments and environment variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// Variables that are set in addition to the inherited ones.
    pub environment: Vec<(OsString, OsString)>,
}

impl Program {
    /// Splits a command line like a POSIX shell, without running one.
    pub fn parse(command: &str) -> Option<Self> {
        let words: Vec<OsString> = shlex::split(command)?.into_iter().map(Into::into).collect();
        (!words.is_empty()).then_some(Self {
            words,
            environment: Vec::new(),
        })
    }
}

/// A link to a testee that answers line by line.
pub struct ChildLink {
    child: Child,
    tree: Tree,
    requests: Option<Input>,
    lines: Option<Receiver<Line>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    asked: Asked,
}

enum Line {
    Complete(Vec<u8>),
    TooLong(Vec<u8>),
}

impl ChildLink {
    /// Starts the program so that all the processes that it starts can be ended with it.
    pub fn start(program: &Program) -> Result<Self, Trouble> {
        let mut command = Command::new(&program.words[0]);
        command
            .args(&program.words[1..])
            .envs(
                program
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (mut child, tree) =
            start(|| Tree::spawn(&mut command)).map_err(|error| Trouble::NeverStarted {
                reason: format!("{}: {error}", program.words[0].display()),
            })?;

        let requests = Input::new(child.stdin.take().expect("stdin is piped"));
        let (sender, lines) = sync_channel(WAITING_LINES);
        let stdout = child.stdout.take().expect("stdout is piped");
        std::thread::spawn(move || read_lines(BufReader::with_capacity(64 << 10, stdout), &sender));
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&stderr);
        let pipe = child.stderr.take().expect("stderr is piped");
        std::thread::spawn(move || keep_the_end(pipe, &kept));

        Ok(Self {
            requests: Some(requests),
            child,
            tree,
            lines: Some(lines),
            stderr,
            asked: Asked::default(),
        })
    }

    fn crashed(&mut self) -> Trouble {
        // The output of the process has ended. The process gets a moment to exit by itself, so that its status is not
        // the result of being killed.
        let patience = Instant::now() + Duration::from_secs(2);
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status::describe(status),
                Ok(None) if Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(None) => break "it closed its standard output and continued to run".into(),
                Err(error) => break error.to_string(),
            }
        };
        Trouble::Crashed {
            status,
            stderr: self.end_of_stderr(),
        }
    }

    fn end_of_stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock()).into_owned()
    }
}

impl Link for ChildLink {
    fn send(&mut self, request: Request) -> Result<(), Trouble> {
        let line = lines::write_request(&request);
        self.asked.expect(&request);
        let requests = self
            .requests
            .as_mut()
            .expect("requests are written until the link is dropped");
        requests.write(line);
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<Reply>, Trouble> {
        let lines = self
            .lines
            .as_ref()
            .expect("lines are read until the link is dropped");
        let mut ended = false;
        let line = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left.min(LOOK_AGAIN)) {
                Err(RecvTimeoutError::Timeout) if left > LOOK_AGAIN && !ended => {
                    // Its children may keep its output open. All that the process itself wrote is available once it has
                    // ended.
                    ended = matches!(self.child.try_wait(), Ok(Some(_)));
                }
                Err(RecvTimeoutError::Timeout) if !ended => return Ok(None),
                other => break other,
            }
        };
        match line {
            Ok(Line::Complete(line)) => lines::read_reply(&line, &mut self.asked).map(Some),
            Ok(Line::TooLong(beginning)) => Err(Trouble::Garbage {
                reason: format!("a line of more than {LONGEST_LINE} bytes"),
                line: String::from_utf8_lossy(&beginning).into(),
            }),
            Err(_) => Err(self.crashed()),
        }
    }

    fn process_id(&self) -> Option<u32> {
        Some(self.child.id())
    }
}

impl Drop for ChildLink {
    /// Ends the process and all that it started: first by closing its input, then by force.
    fn drop(&mut self) {
        drop(self.requests.take());
        drop(self.lines.take());
        let patience = Instant::now() + Duration::from_millis(200);
        while Instant::now() < patience {
            if let Ok(Some(_)) = self.child.try_wait() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.tree.kill(&mut self.child);
        // It is reaped here, so that it does not remain as a zombie.
        let _ = self.child.wait();
    }
}

fn read_lines(mut stdout: impl BufRead, sender: &SyncSender<Line>) {
    loop {
        let mut line = Vec::new();
        let mut read = |longest: u64, line: &mut Vec<u8>| {
            let _ = stdout.by_ref().take(longest).read_until(b'\n', line);
        };
        // A line that does not begin like a reply is not read to its end, which may never come.
        read(LOOKED_AT, &mut line);
        let is_garbage = !line.trim_ascii_start().starts_with(b"{");
        if line.len() as u64 == LOOKED_AT && !line.ends_with(b"\n") && !is_garbage {
            read(LONGEST_LINE - LOOKED_AT, &mut line);
        }
        if line.is_empty() {
            return;
        }
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            line.truncate(GARBAGE_SHOWN);
            let _ = sender.send(Line::TooLong(line));
            return;
        }
        if sender.send(Line::Complete(line)).is_err() || is_garbage {
            return;
        }
    }
}

fn keep_the_end(mut pipe: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut chunk) {
        let mut kept = kept.lock();
        kept.extend_from_slice(&chunk[..read]);
        let excess = kept.len().saturating_sub(STDERR_KEPT);
        kept.drain(..excess);
    }
}
