//! CPython 2.7, in a separate process.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::testimony::Testimony;
use crate::{ADAPTER_DIRECTORY, WITNESS_PATH};

/// The testimony of Python 2, unless the pickle crashes it.
pub(crate) type Answer = Result<Testimony, Crashed>;

/// The process ended before it answered.
#[derive(Debug)]
pub(crate) struct Crashed;

pub(crate) struct Python2 {
    python: PathBuf,
    process: Process,
}

struct Process {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python2 {
    pub(crate) fn start(python: &Path) -> std::io::Result<Self> {
        Ok(Self {
            python: python.to_owned(),
            process: Process::start(python)?,
        })
    }

    /// Sends pickles to the process. [`Python2::answers`] must be called next.
    pub(crate) fn ask(&mut self, pickles: &[&[u8]]) {
        // If the process is already gone, no answers will arrive.
        let _ = self.process.ask(pickles);
    }

    /// The answers for the pickles that were sent last. If the process crashes, the pickles are sent again one at a
    /// time.
    pub(crate) fn answers(&mut self, pickles: &[&[u8]]) -> std::io::Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(pickles.len());
        while answers.len() < pickles.len() {
            if let Ok(answer) = self.process.answer() {
                answers.push(Ok(answer));
            } else {
                answers.push(Err(Crashed));
                self.process.child.wait()?;
                self.process = Process::start(&self.python)?;
                let _ = self.process.ask(&pickles[answers.len()..]);
            }
        }
        Ok(answers)
    }

    /// Sends one pickle, and returns the answer.
    pub(crate) fn testify(&mut self, pickle: &[u8]) -> std::io::Result<Answer> {
        let batch = [pickle];
        self.ask(&batch);
        Ok(self.answers(&batch)?.remove(0))
    }
}

impl Process {
    fn start(python: &Path) -> std::io::Result<Self> {
        let mut child = Command::new(python)
            .args(["-B", WITNESS_PATH])
            .env("PYTHONPATH", ADAPTER_DIRECTORY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = BufWriter::new(child.stdin.take().expect("stdin is a pipe"));
        let answers = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Ok(Self {
            child,
            requests,
            answers,
        })
    }

    fn ask(&mut self, pickles: &[&[u8]]) -> std::io::Result<()> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .expect("pickles are short")
                .to_le_bytes()
        };
        let count = u32::try_from(pickles.len()).expect("batches are short");
        self.requests.write_all(&count.to_le_bytes())?;
        for pickle in pickles {
            self.requests.write_all(&length(pickle))?;
            self.requests.write_all(pickle)?;
        }
        self.requests.flush()
    }

    fn answer(&mut self) -> std::io::Result<Testimony> {
        let mut length = [0; 4];
        self.answers.read_exact(&mut length)?;
        let mut answer = vec![0; u32::from_le_bytes(length) as usize];
        self.answers.read_exact(&mut answer)?;
        Ok(Testimony::parse(&answer))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process ends by itself at the end of its input, unless it hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
