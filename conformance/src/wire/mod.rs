//! The raw transport, under the suite's control: every byte, every segment and the end of a stream, or every message on
//! a pipe.

mod address;
mod dialect;
mod digest;
mod door;
mod error;
pub mod frame;
mod framing;
pub mod handshake;
#[cfg_attr(not(windows), path = "no_pipe.rs")]
mod pipe;
mod pipe_name;
mod relay;
mod stream;
mod transcript;

use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::time::Duration;

pub use address::RawAddress;
pub use dialect::{Dialect, Spoken, UnknownDialect};
pub use digest::Digest;
pub use door::Door;
pub use error::WireError;
pub use framing::{Framing, Header};
pub use handshake::{Part, Role, Step};
use pipe::PipeEnd;
use pipe_name::pipe_name;
pub use relay::Relay;
use socket2::Socket;
pub use stream::vacant_port;
pub use transcript::{Direction, Entry, Event, Transcript};

/// How the suite reads from a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It reads message by message, as every release does.
    Messages,
    /// It reads a stream without boundaries, which is the system's default for a client.
    Bytes,
}

/// The result of one read from a pipe.
#[derive(Clone, Copy, Debug)]
struct Received {
    /// How many bytes of the message were read.
    received: usize,
    /// How many bytes of the same message are still to be read.
    left: u64,
}

/// The socket or pipe of a connection.
#[derive(Debug)]
enum Link {
    /// `AF_INET` and `AF_UNIX`.
    Stream(Socket),
    /// `AF_PIPE`.
    Pipe(PipeEnd),
}

/// A raw connection.
///
/// The methods that read and write messages work over every family. Those that read and write bytes need a stream, and
/// fail with [`WireError::NoStream`] over `AF_PIPE`.
#[derive(Debug)]
pub struct Wire {
    link: Link,
    framing: Framing,
    patience: Duration,
    number: usize,
    transcript: Transcript,
}

impl Wire {
    /// Connects to the address at which a testee listens. The framing is used on streams; a pipe has none.
    pub fn connect(
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        Self::connect_reading(Reading::Messages, address, framing, patience, transcript)
    }

    /// Like [`connect`](Self::connect), but sets how the suite reads from a pipe.
    pub fn connect_reading(
        reading: Reading,
        address: &RawAddress,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let link = match pipe_name(address)? {
            Some(name) => Link::Pipe(PipeEnd::connect(name, reading, Some(patience))?),
            None => Link::Stream(stream::connect(address, Some(patience))?),
        };
        Self::new(link, framing, patience, transcript)
    }

    fn new(
        link: Link,
        framing: Framing,
        patience: Duration,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        if let Link::Stream(socket) = &link {
            socket.set_read_timeout(Some(patience))?;
            socket.set_write_timeout(Some(patience))?;
            if socket.local_addr()?.is_ipv4() {
                // Every write of the suite is a segment of its own.
                socket.set_tcp_nodelay(true)?;
            }
        }
        let number = transcript.connection();
        transcript.note(number, "connected");
        Ok(Self {
            link,
            framing,
            patience,
            number,
            transcript: transcript.clone(),
        })
    }

    /// How messages are delimited, or `None` on a pipe.
    pub fn framing(&self) -> Option<Framing> {
        match self.link {
            Link::Stream(_) => Some(self.framing),
            Link::Pipe(_) => None,
        }
    }

    /// The address of the suite's own end of a stream.
    pub fn local_address(&self) -> Result<RawAddress, WireError> {
        Ok(stream::raw_address(&self.stream()?.local_addr()?))
    }

    /// Writes a message in one piece.
    pub fn write_message(&mut self, payload: &[u8]) -> Result<(), WireError> {
        self.write_messages(&[payload])
    }

    /// Writes messages one directly after the other. On a stream they are written in one piece.
    pub fn write_messages<P: AsRef<[u8]>>(&mut self, payloads: &[P]) -> Result<(), WireError> {
        let Link::Pipe(pipe) = &self.link else {
            let all: Vec<u8> = payloads
                .iter()
                .flat_map(|payload| self.framing.message(payload.as_ref()))
                .collect();
            return self.write(&all);
        };
        for payload in payloads {
            let payload = payload.as_ref();
            self.transcript
                .message(self.number, Direction::ToTestee, payload);
            pipe.post(payload)?;
        }
        Ok(())
    }

    /// Reads one message and returns its payload, which may have at most `longest` bytes.
    pub fn read_message(&mut self, longest: usize) -> Result<Vec<u8>, WireError> {
        self.read_message_in_pieces(usize::MAX, longest)
    }

    /// Like [`read_message`](Self::read_message), but reads at most `piece` bytes at a time.
    pub fn read_message_in_pieces(
        &mut self,
        piece: usize,
        longest: usize,
    ) -> Result<Vec<u8>, WireError> {
        if let Link::Pipe(_) = self.link {
            return self.read_whole(piece, longest);
        }
        let (_, length) = self.read_header(longest)?;
        let mut payload = Vec::new();
        while payload.len() < length {
            payload.extend(self.read(piece.min(length - payload.len()))?);
        }
        Ok(payload)
    }

    /// Reads one message and returns its header, which is empty on a pipe, and its payload.
    pub fn read_message_with_header(
        &mut self,
        longest: usize,
    ) -> Result<(Vec<u8>, Vec<u8>), WireError> {
        if let Link::Pipe(_) = self.link {
            return Ok((Vec::new(), self.read_whole(usize::MAX, longest)?));
        }
        let (header, length) = self.read_header(longest)?;
        let payload = self.read(length)?;
        Ok((header, payload))
    }

    /// Reads a header from a stream. Returns its bytes, and the length in bytes that it announces.
    fn read_header(&mut self, longest: usize) -> Result<(Vec<u8>, usize), WireError> {
        let mut header = Vec::new();
        loop {
            match self.framing.read_header(&header) {
                Header::Part { missing } => header.extend(self.read(missing)?),
                Header::Whole { announced, .. } => {
                    return match usize::try_from(announced) {
                        Ok(length) if length <= longest => Ok((header, length)),
                        _ => Err(WireError::TooLong { header, announced }),
                    };
                }
                Header::Invalid => {
                    let framing = self.framing;
                    return Err(WireError::NotAHeader { header, framing });
                }
            }
        }
    }

    fn read_whole(&self, piece: usize, longest: usize) -> Result<Vec<u8>, WireError> {
        /// The size of the buffer of a pipe in most releases. Most messages are shorter.
        const FIRST: usize = 8 << 10;
        let mut message = Vec::new();
        let mut wanted = FIRST.min(piece);
        loop {
            let Received { received, left } = self.read_part(&mut message, wanted)?;
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            if message.len().saturating_add(left) > longest {
                return Err(WireError::LongMessage(message.len() + received));
            }
            if left == 0 {
                break;
            }
            wanted = left.min(piece);
        }
        self.transcript
            .message(self.number, Direction::FromTestee, &message);
        Ok(message)
    }

    /// Reads up to `wanted` more bytes of a message on a pipe.
    fn read_part(&self, message: &mut Vec<u8>, wanted: usize) -> Result<Received, WireError> {
        let Link::Pipe(pipe) = &self.link else {
            unreachable!("only messages on a pipe are read in parts")
        };
        let before = message.len();
        message.resize(before + wanted, 0);
        let outcome = pipe.read(&mut message[before..], Some(self.patience));
        message.truncate(before + outcome.as_ref().map_or(0, |part| part.received));
        outcome.map_err(|error| self.pipe_error(error, message, before + 1))
    }

    fn pipe_error(&self, error: io::Error, got: &[u8], expected: usize) -> WireError {
        let got = got.to_vec();
        if pipe::is_end(&error) {
            self.transcript.end(self.number, Direction::FromTestee);
            WireError::Ended { got, expected }
        } else if error.kind() == ErrorKind::TimedOut {
            let after = self.patience;
            WireError::Quiet {
                got,
                expected,
                after,
            }
        } else {
            WireError::System(error)
        }
    }

    /// Reads the first `length` bytes of a long message, and leaves the rest unread.
    pub fn read_beginning(&mut self, length: usize) -> Result<Vec<u8>, WireError> {
        if let Link::Stream(_) = self.link {
            return self.read(length);
        }
        let mut beginning = Vec::new();
        self.read_part(&mut beginning, length)?;
        self.transcript
            .message(self.number, Direction::FromTestee, &beginning);
        Ok(beginning)
    }

    /// Reads `expected` bytes from a pipe that is read as a stream of bytes, regardless of the boundaries of messages.
    pub fn read_across(&mut self, expected: usize) -> Result<Vec<u8>, WireError> {
        if let Link::Stream(_) = self.link {
            return self.read(expected);
        }
        let mut got = Vec::new();
        while got.len() < expected {
            let missing = expected - got.len();
            self.read_part(&mut got, missing)?;
        }
        self.transcript
            .message(self.number, Direction::FromTestee, &got);
        Ok(got)
    }

    /// Waits for the end of the connection. Bytes before the end are an error.
    pub fn read_end(&mut self) -> Result<(), WireError> {
        let read = match self.link {
            Link::Stream(_) => self.read(1),
            Link::Pipe(_) => self.read_message(usize::MAX),
        };
        match read {
            Err(WireError::Ended { .. } | WireError::Reset { .. }) => Ok(()),
            Ok(got) => Err(WireError::Ended { got, expected: 0 }),
            Err(other) => Err(other),
        }
    }

    /// Whether something can be read within this time, including the end of the stream.
    pub fn has_input(&self, patience: Duration) -> io::Result<bool> {
        match &self.link {
            Link::Stream(socket) => stream::readable(socket, patience),
            Link::Pipe(pipe) => pipe.poll(patience),
        }
    }

    /// Ends the suite's sending direction: shuts down that direction of a stream, or closes a pipe after everything was
    /// sent, since a pipe cannot be closed in one direction only.
    pub fn end(&mut self) -> Result<(), WireError> {
        let Link::Pipe(pipe) = &self.link else {
            return self.finish();
        };
        self.transcript.end(self.number, Direction::ToTestee);
        let drained = pipe.drain(self.patience);
        pipe.close();
        Ok(drained?)
    }

    /// Closes the connection after everything that was written has been sent.
    pub fn close(self) {
        self.transcript.note(self.number, "closed by the suite");
        if let Link::Pipe(pipe) = &self.link {
            let _ = pipe.drain(self.patience);
        }
    }

    /// Aborts the connection: over `AF_INET` the other end sees a reset, and over `AF_PIPE` everything that is not in
    /// the pipe yet is lost.
    pub fn reset(self) -> Result<(), WireError> {
        self.transcript.note(self.number, "reset by the suite");
        if let Link::Stream(socket) = &self.link {
            socket.set_linger(Some(Duration::ZERO))?;
        }
        Ok(())
    }

    /// Writes bytes to a stream unchanged. The system decides into how many segments they are split.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let mut stream = self.stream()?;
        self.transcript
            .bytes(self.number, Direction::ToTestee, bytes);
        Ok(stream.write_all(bytes)?)
    }

    /// Writes a message to a stream in segments of one byte.
    pub fn write_message_byte_by_byte(&mut self, payload: &[u8]) -> Result<(), WireError> {
        self.framing
            .message(payload)
            .iter()
            .try_for_each(|byte| self.write(&[*byte]))
    }

    /// Reads `expected` bytes from a stream.
    pub fn read(&mut self, expected: usize) -> Result<Vec<u8>, WireError> {
        let (got, error) = stream::read(self.stream()?, expected, self.patience)?;
        if !got.is_empty() {
            self.transcript
                .bytes(self.number, Direction::FromTestee, &got);
        }
        match error {
            None => Ok(got),
            Some(error) => {
                if let WireError::Ended { .. } = error {
                    self.transcript.end(self.number, Direction::FromTestee);
                }
                Err(error)
            }
        }
    }

    /// Shuts down the suite's direction of a stream. The other direction stays open.
    pub fn finish(&mut self) -> Result<(), WireError> {
        let stream = self.stream()?;
        self.transcript.end(self.number, Direction::ToTestee);
        Ok(stream.shutdown(Shutdown::Write)?)
    }

    fn stream(&self) -> Result<&Socket, WireError> {
        match &self.link {
            Link::Stream(socket) => Ok(socket),
            Link::Pipe(_) => Err(WireError::NoStream),
        }
    }
}

/// Whether the system reserves the name of a pipe for the first listener that asks for this. `unused` is the name of a
/// pipe that does not exist.
pub fn pipe_names_are_exclusive(unused: &RawAddress) -> io::Result<bool> {
    match pipe_name(unused)? {
        Some(name) => pipe::names_are_exclusive(name),
        None => Err(ErrorKind::InvalidInput.into()),
    }
}
