//! Named pipes of Windows: each write is one message, without a header.
//!
//! The reference crate calls the functions of the system, so that it is the only place with `unsafe` code. Its protocol
//! is not used here.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use processing_connection::pipe::{Pipe, PipeListener, PipeOptions, ReadMode};

use super::{Reading, Received};

/// How long writing a message to the pipe may take before it is left to the outbox.
const AT_ONCE: Duration = Duration::from_millis(20);
const ERROR_BROKEN_PIPE: i32 = 109;

/// One end of a pipe.
///
/// A socket accepts many bytes before the other end reads, but a pipe only as many as fit into its buffer. To make a
/// case behave in the same way over both, a message that does not fit at once waits in an outbox, which a separate
/// thread empties.
#[derive(Debug)]
pub(super) struct PipeEnd {
    pipe: Arc<Pipe>,
    outbox: Arc<Outbox>,
}

#[derive(Debug, Default)]
struct Outbox {
    mail: Mutex<Mail>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Mail {
    messages: VecDeque<Vec<u8>>,
    /// The thread, which is started with the first message, and whether it is writing a message.
    writer: Option<JoinHandle<()>>,
    writing: bool,
    /// Why nothing more can be written.
    over: Option<Over>,
}

#[derive(Clone, Copy, Debug)]
enum Over {
    Closed,
    Failed(Option<i32>),
}

impl PipeEnd {
    /// Connects, and waits while all instances of the pipe are busy.
    pub(super) fn connect(
        name: &str,
        reading: Reading,
        patience: Option<Duration>,
    ) -> io::Result<Self> {
        let mode = match reading {
            Reading::Messages => ReadMode::Messages,
            Reading::Bytes => ReadMode::Bytes,
        };
        Pipe::connect(name, mode, patience).map(Self::new)
    }

    fn new(pipe: Pipe) -> Self {
        Self {
            pipe: Arc::new(pipe),
            outbox: Arc::default(),
        }
    }

    /// Queues a message for writing, without waiting for the reader.
    pub(super) fn post(&self, message: &[u8]) -> io::Result<()> {
        let mut mail = self.outbox.mail();
        if let Some(over) = mail.over {
            return Err(over.into());
        }
        mail.messages.push_back(message.to_vec());
        if mail.writer.is_none() {
            let (pipe, outbox) = (Arc::clone(&self.pipe), Arc::clone(&self.outbox));
            mail.writer = Some(thread::spawn(move || outbox.empty_into(&pipe)));
        }
        drop(mail);
        self.outbox.changed.notify_all();
        match self.drain(AT_ONCE) {
            Err(error) if error.kind() != io::ErrorKind::TimedOut => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until everything that was posted is in the pipe.
    pub(super) fn drain(&self, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let mut mail = self.outbox.mail();
        loop {
            if let Some(over) = mail.over {
                return Err(over.into());
            }
            if mail.messages.is_empty() && !mail.writing {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.outbox.changed.wait_for(&mut mail, left);
        }
    }

    /// Writes a message, and waits until the system or the reader has taken it.
    pub(super) fn write(&self, message: &[u8]) -> io::Result<()> {
        self.pipe.write(message, None)
    }

    /// Reads a message, or as much of it as fits into the buffer. Without `patience`, it waits indefinitely.
    pub(super) fn read(
        &self,
        buffer: &mut [u8],
        patience: Option<Duration>,
    ) -> io::Result<Received> {
        let part = self.pipe.read(buffer, patience)?;
        if part.cut {
            // The writer disconnected in the meantime.
            return Err(io::Error::from_raw_os_error(ERROR_BROKEN_PIPE));
        }
        Ok(Received {
            received: part.received,
            left: part.left,
        })
    }

    /// Whether something can be read within this time, including the end.
    pub(super) fn poll(&self, patience: Duration) -> io::Result<bool> {
        self.pipe.poll(Some(patience))
    }

    /// Closes this end. Messages that are not in the pipe yet are lost.
    ///
    /// The system closes the pipe when the last thread stops using it. This waits for the thread that writes, which
    /// stops at once, so that the other end is at the end of the pipe when this returns.
    pub(super) fn close(&self) {
        self.outbox.end(Over::Closed);
        self.pipe.close();
        let writer = self.outbox.mail().writer.take();
        if let Some(writer) = writer {
            // It does not panic; if it did, there would be nothing left to wait for.
            let _ = writer.join();
        }
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        self.close();
    }
}

impl Outbox {
    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock()
    }

    fn end(&self, over: Over) {
        self.mail().over.get_or_insert(over);
        self.changed.notify_all();
    }

    fn empty_into(&self, pipe: &Pipe) {
        while let Some(message) = self.next() {
            match pipe.write(&message, None) {
                Ok(()) => {
                    self.mail().writing = false;
                    self.changed.notify_all();
                }
                Err(error) => return self.end(Over::Failed(error.raw_os_error())),
            }
        }
    }

    /// The next message, or `None` after the end.
    fn next(&self) -> Option<Vec<u8>> {
        let mut mail = self.mail();
        loop {
            if mail.over.is_some() {
                return None;
            }
            if let Some(message) = mail.messages.pop_front() {
                mail.writing = true;
                return Some(message);
            }
            self.changed.wait(&mut mail);
        }
    }
}

impl From<Over> for io::Error {
    fn from(over: Over) -> Self {
        match over {
            Over::Failed(Some(code)) => Self::from_raw_os_error(code),
            Over::Failed(None) | Over::Closed => io::ErrorKind::ConnectionAborted.into(),
        }
    }
}

/// A named pipe that accepts clients.
#[derive(Debug)]
pub(super) struct PipeDoor(PipeListener);

impl PipeDoor {
    /// Creates a pipe of this name, with `waiting` instances to which clients can connect.
    pub(super) fn open(name: &str, waiting: usize) -> io::Result<Self> {
        let options = PipeOptions {
            waiting,
            ..PipeOptions::default()
        };
        PipeListener::bind(name, &options).map(Self)
    }

    /// Accepts the next client, if one connects within this time.
    pub(super) fn accept(&self, patience: Duration) -> io::Result<Option<PipeEnd>> {
        Ok(self.0.accept(Some(patience))?.map(PipeEnd::new))
    }
}

/// Whether an error means that the other end is gone and everything was read.
pub(super) fn is_end(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_BROKEN_PIPE)
}

/// Whether the system reserves a name for the first listener that asks for this (`FILE_FLAG_FIRST_PIPE_INSTANCE`).
pub(super) fn names_are_exclusive(name: &str) -> io::Result<bool> {
    let options = PipeOptions::default();
    debug_assert!(options.first_instance);
    let _first = PipeListener::bind(name, &options)?;
    // Wine 8 allows a second listener; Windows does not.
    Ok(PipeListener::bind(name, &options).is_err())
}
