//! A record of what went over a wire: the bytes of both directions, with the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How many bytes of one entry are kept. The rest is only counted.
const KEPT: usize = 4 << 10;
/// How many entries are kept: the first ones of each execution.
const ENTRIES: usize = 4 << 10;

/// The direction in which bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the suite, or in a pair case from the counterpart, to the testee.
    ToTestee,
    /// From the testee.
    FromTestee,
}

impl Direction {
    /// The opposite direction.
    pub fn reverse(self) -> Self {
        match self {
            Self::ToTestee => Self::FromTestee,
            Self::FromTestee => Self::ToTestee,
        }
    }
}

/// One event on a wire.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The time since the execution began.
    pub at: Duration,
    /// The number of the connection within the execution, from 1.
    pub connection: usize,
    /// What happened.
    pub event: Event,
}

/// The kinds of events on a wire.
#[derive(Clone, Debug)]
pub enum Event {
    /// Bytes went over a stream.
    Bytes {
        /// Their direction.
        direction: Direction,
        /// The first of the bytes.
        bytes: Vec<u8>,
        /// How many bytes there were, including those that are not kept.
        length: usize,
    },
    /// A message went over a pipe.
    Message {
        /// Its direction.
        direction: Direction,
        /// The first bytes of the message.
        bytes: Vec<u8>,
        /// How many bytes there were, including those that are not kept.
        length: usize,
    },
    /// One direction ended.
    End(Direction),
    /// A remark, such as `connected` or `reset`.
    Note(&'static str),
}

/// The record of one execution, shared by everything that touches its wires.
#[derive(Clone, Debug)]
pub struct Transcript(Arc<Mutex<Record>>);

#[derive(Debug)]
struct Record {
    began: Instant,
    connections: usize,
    entries: Vec<Entry>,
}

impl Transcript {
    /// Creates an empty transcript.
    pub fn begin() -> Self {
        Self(Arc::new(Mutex::new(Record {
            began: Instant::now(),
            connections: 0,
            entries: Vec::new(),
        })))
    }

    /// Numbers a new connection.
    pub fn connection(&self) -> usize {
        self.with(|record| {
            record.connections += 1;
            record.connections
        })
    }

    /// Records bytes that went over a stream.
    pub fn bytes(&self, connection: usize, direction: Direction, bytes: &[u8]) {
        self.push(connection, || Event::Bytes {
            direction,
            bytes: bytes[..bytes.len().min(KEPT)].to_vec(),
            length: bytes.len(),
        });
    }

    /// Records a message that went over a pipe.
    pub fn message(&self, connection: usize, direction: Direction, message: &[u8]) {
        self.push(connection, || Event::Message {
            direction,
            bytes: message[..message.len().min(KEPT)].to_vec(),
            length: message.len(),
        });
    }

    /// Records the end of a direction.
    pub fn end(&self, connection: usize, direction: Direction) {
        self.push(connection, || Event::End(direction));
    }

    /// Records a remark.
    pub fn note(&self, connection: usize, note: &'static str) {
        self.push(connection, || Event::Note(note));
    }

    /// The entries that were recorded so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.with(|record| record.entries.clone())
    }

    fn push(&self, connection: usize, event: impl FnOnce() -> Event) {
        self.with(|record| {
            if record.entries.len() < ENTRIES {
                let at = record.began.elapsed();
                record.entries.push(Entry {
                    at,
                    connection,
                    event: event(),
                });
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Record) -> T) -> T {
        act(&mut self.0.lock())
    }
}
