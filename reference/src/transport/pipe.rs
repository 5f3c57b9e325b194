//! `AF_PIPE`: a Windows named pipe in message mode, as `processing` and `multiprocessing` use it.

pub(super) mod address;
#[expect(
    unsafe_code,
    reason = "the functions of the system for pipes are C functions"
)]
mod system;

use std::collections::VecDeque;
use std::io;
use std::os::windows::io::OwnedHandle;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use self::system::{Completed, Event, Instance, Name, Until, code};

/// The number of bytes that the system sets aside for each direction: `BUFSIZE` in `processing`
/// 0.52, `connection.py`, and in `multiprocessing`. (`processing` 0.20 has 1024 in
/// `pipe_connection.c`.) A longer message is not an error: its sender waits for the reader.
const BUFFER: u32 = 8192;

/// The number of bytes that [`Pipe::poll`] reads ahead.
const AHEAD: usize = 8192;

/// How a client reads from a pipe. The two sides may use different modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadMode {
    /// Message by message, as every release does.
    #[default]
    Messages,
    /// As a stream of bytes, without boundaries. This is the default of the system for a client.
    Bytes,
}

/// The result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of bytes of the message that were read into the buffer.
    pub received: usize,
    /// The number of bytes of the same message that are still to be read.
    pub left: u64,
    /// Whether the message was cut: it does not end after these bytes, but nothing is left to read,
    /// because its writer has left or has cancelled the write.
    pub cut: bool,
}

/// One end of a named pipe. Two threads may read and write at the same time.
#[derive(Debug)]
pub struct Pipe {
    /// `None` after the pipe was closed. A call in progress keeps the handle open.
    handle: RwLock<Option<Arc<OwnedHandle>>>,
    closed: Event,
    reader: Mutex<Reader>,
    /// Signalled when a write is done.
    written: Mutex<Event>,
}

#[derive(Debug)]
struct Reader {
    /// Signalled when a read is done.
    done: Event,
    ahead: Option<Ahead>,
}

/// A message, or the beginning of one, that `poll` has already read.
#[derive(Debug)]
struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
    /// The number of bytes of the message that are still in the pipe.
    left: u64,
    cut: bool,
}

impl Pipe {
    /// Connects to the pipe of this name (`\\.\pipe\PipeName`). If all of its instances are busy
    /// with other clients, waits up to `timeout` for a free one.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) if all of them stayed busy; otherwise the error that
    /// the system reports: `ERROR_FILE_NOT_FOUND` (2) if there is no pipe of that name, or
    /// `ERROR_INVALID_NAME` (123).
    pub fn connect(name: &str, mode: ReadMode, timeout: Option<Duration>) -> io::Result<Self> {
        let name = Name::new(name)?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let handle = loop {
            match system::open(&name) {
                Err(error) if code(&error) == Some(system::ERROR_PIPE_BUSY) => {
                    let left =
                        deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                    if left == Some(Duration::ZERO) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    // Another client may take the instance first, so the next round tries to open
                    // it.
                    match system::wait_for_instance(&name, left) {
                        Err(error) if code(&error) == Some(system::ERROR_SEM_TIMEOUT) => {}
                        other => other?,
                    }
                }
                other => break other?,
            }
        };
        if mode == ReadMode::Messages {
            system::read_messages(&handle)?;
        }
        Self::new(handle)
    }

    fn new(handle: OwnedHandle) -> io::Result<Self> {
        Ok(Self {
            handle: RwLock::new(Some(Arc::new(handle))),
            closed: Event::new()?,
            reader: Mutex::new(Reader {
                done: Event::new()?,
                ahead: None,
            }),
            written: Mutex::new(Event::new()?),
        })
    }

    /// Writes one message, which may be empty. Returns when the system or the reader has all of it.
    ///
    /// # Errors
    ///
    /// * [`TimedOut`](io::ErrorKind::TimedOut) if the reader did not read the message within
    ///   `timeout`. It is not known how much of the message was read by then; the rest is
    ///   cancelled.
    /// * [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) after [`close`](Self::close).
    /// * `ERROR_NO_DATA` (232) or `ERROR_BROKEN_PIPE` (109) if the other end is gone.
    pub fn write(&self, message: &[u8], timeout: Option<Duration>) -> io::Result<()> {
        let handle = self.handle()?;
        let written = lock(&self.written);
        let until = Until {
            done: &written,
            closed: &self.closed,
            timeout,
        };
        let Completed { bytes, .. } = system::write(&handle, message, &until)?;
        if bytes == message.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }

    /// Reads one message, or as much of it as the buffer holds; the next read continues from there.
    ///
    /// # Errors
    ///
    /// * [`TimedOut`](io::ErrorKind::TimedOut) if nothing arrived within `timeout`.
    /// * [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) after [`close`](Self::close).
    /// * `ERROR_BROKEN_PIPE` (109) if the other end is closed and everything has been read.
    pub fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Part> {
        let handle = self.handle()?;
        let mut reader = lock(&self.reader);
        match reader.ahead.take() {
            Some(ahead) => Ok(reader.take_ahead(ahead, buffer)),
            None => self.read_now(&handle, &reader.done, buffer, timeout),
        }
    }

    /// Returns whether a read would not have to wait, because there is a message or the other end
    /// is closed. Waits for either up to `timeout`.
    ///
    /// # Errors
    ///
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) after [`close`](Self::close).
    pub fn poll(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let handle = self.handle()?;
        let mut reader = lock(&self.reader);
        if reader.ahead.is_some() {
            return Ok(true);
        }
        // The system does not report an empty message as something to read; only reading finds it.
        let mut bytes = vec![0; AHEAD];
        match self.read_now(&handle, &reader.done, &mut bytes, timeout) {
            Ok(Part {
                received,
                left,
                cut,
            }) => {
                bytes.truncate(received);
                reader.ahead = Some(Ahead {
                    bytes,
                    taken: 0,
                    left,
                    cut,
                });
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(error) if is_gone(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn read_now(
        &self,
        handle: &OwnedHandle,
        done: &Event,
        buffer: &mut [u8],
        timeout: Option<Duration>,
    ) -> io::Result<Part> {
        let until = Until {
            done,
            closed: &self.closed,
            timeout,
        };
        let Completed { bytes, more } = system::read(handle, buffer, &until)?;
        let left = if more {
            // If this fails because the other end is closed, the next read reports it.
            system::bytes_left_in_message(handle).map_or(0, u64::from)
        } else {
            0
        };
        Ok(Part {
            received: bytes,
            left,
            cut: more && left == 0,
        })
    }

    /// Closes this end. Calls that are waiting in other threads end as well. Closing it again does
    /// nothing.
    ///
    /// The other end can still read what was written before, and then finds that the pipe is
    /// closed.
    pub fn close(&self) {
        let handle = self
            .handle
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if handle.is_some() {
            self.closed.set();
        }
    }

    fn handle(&self) -> io::Result<Arc<OwnedHandle>> {
        let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
        handle
            .clone()
            .ok_or_else(|| io::ErrorKind::ConnectionAborted.into())
    }
}

impl Reader {
    fn take_ahead(&mut self, mut ahead: Ahead, buffer: &mut [u8]) -> Part {
        let rest = &ahead.bytes[ahead.taken..];
        let received = rest.len().min(buffer.len());
        buffer[..received].copy_from_slice(&rest[..received]);
        ahead.taken += received;
        let left = (ahead.bytes.len() - ahead.taken) as u64 + ahead.left;
        let cut = ahead.cut;
        if ahead.taken < ahead.bytes.len() {
            self.ahead = Some(ahead);
        }
        Part {
            received,
            left,
            cut,
        }
    }
}

/// The options for creating a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipeOptions {
    /// Whether it is an error if a pipe of this name already exists; otherwise another instance of
    /// that pipe is created. The default is `true`.
    pub first_instance: bool,
    /// Whether clients on other computers are accepted. The default is `false`.
    pub remote_clients: bool,
    /// The number of bytes that the system sets aside for each direction. The default is 8192.
    pub buffer: u32,
    /// The number of instances that wait, which is how many clients can connect before the first is
    /// accepted. The default is 1, which is also the minimum.
    pub waiting: usize,
}

impl Default for PipeOptions {
    fn default() -> Self {
        Self {
            first_instance: true,
            remote_clients: false,
            buffer: BUFFER,
            waiting: 1,
        }
    }
}

/// A named pipe that always has instances for clients to connect to.
#[derive(Debug)]
pub struct PipeListener {
    name: Name,
    options: PipeOptions,
    waiting: Mutex<Waiting>,
    /// Signalled when the listener is closed by another thread.
    closed: Event,
}

#[derive(Debug)]
struct Waiting {
    /// The oldest instance comes first. A client gets the oldest one that is free
    /// (`multiprocessing` also relies on that: `PipeListener.accept` in its `connection.py`).
    instances: VecDeque<OwnedHandle>,
    /// Signalled when a client has connected.
    connected: Event,
}

impl PipeListener {
    /// Creates the pipe of this name (`\\.\pipe\PipeName`).
    ///
    /// # Errors
    ///
    /// The error that the system reports: `ERROR_ACCESS_DENIED` (5) if the pipe already exists and
    /// this should be the first instance, or `ERROR_INVALID_NAME` (123).
    pub fn bind(name: &str, options: &PipeOptions) -> io::Result<Self> {
        let name = Name::new(name)?;
        let first = instance(&name, options, options.first_instance)?;
        let mut instances = VecDeque::from([first]);
        while instances.len() < options.waiting {
            instances.push_back(instance(&name, options, false)?);
        }
        Ok(Self {
            name,
            options: *options,
            waiting: Mutex::new(Waiting {
                instances,
                connected: Event::new()?,
            }),
            closed: Event::new()?,
        })
    }

    /// Makes every call of [`accept`](Self::accept), including one that is waiting in another
    /// thread, fail with [`ConnectionAborted`](io::ErrorKind::ConnectionAborted). The pipe exists
    /// until the listener is dropped.
    pub fn close(&self) {
        self.closed.set();
    }

    /// Returns the next client, which may have connected, written and left before this call, or
    /// `None` if no client connects within `timeout`.
    ///
    /// # Errors
    ///
    /// The error that the system reports. If no other instance can be created, the client stays
    /// connected, for the next call.
    pub fn accept(&self, timeout: Option<Duration>) -> io::Result<Option<Pipe>> {
        let mut waiting = lock(&self.waiting);
        let Waiting {
            instances,
            connected,
        } = &mut *waiting;
        let until = Until {
            done: connected,
            closed: &self.closed,
            timeout,
        };
        match system::connect(&instances[0], &until) {
            Ok(()) => {}
            Err(error) => match code(&error) {
                // The client connected before the call. In the second case it has already left, but
                // what it wrote can be read.
                Some(system::ERROR_PIPE_CONNECTED | system::ERROR_NO_DATA) => {}
                _ if error.kind() == io::ErrorKind::TimedOut => return Ok(None),
                _ => return Err(error),
            },
        }
        // This comes before anything else, so that the name exists as long as the listener does.
        instances.push_back(instance(&self.name, &self.options, false)?);
        instances.pop_front().map(Pipe::new).transpose()
    }
}

fn instance(name: &Name, options: &PipeOptions, first: bool) -> io::Result<OwnedHandle> {
    system::create_instance(
        name,
        &Instance {
            first,
            remote_clients: options.remote_clients,
            buffer: options.buffer,
        },
    )
}

/// Returns whether the error means that the other end is closed.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(
        code(error),
        Some(system::ERROR_BROKEN_PIPE | system::ERROR_NO_DATA | system::ERROR_PIPE_NOT_CONNECTED)
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
