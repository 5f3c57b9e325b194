//! What went over a wire: the bytes of both directions, timed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How many bytes of one entry are kept; the rest is counted.
const KEPT: usize = 4 << 10;
/// How many entries are kept; a case that makes more shows its first ones.
const ENTRIES: usize = 4 << 10;

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the suite (in a pair case: from the counterpart) to the testee.
    ToTestee,
    /// From the testee.
    FromTestee,
}

impl Direction {
    /// The other one.
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
    /// Since the execution began.
    pub at: Duration,
    /// The number of the connection within the execution, from 1.
    pub connection: usize,
    /// What happened.
    pub event: Event,
}

/// What can happen on a wire.
#[derive(Clone, Debug)]
pub enum Event {
    /// Bytes went.
    Bytes {
        /// Which way.
        direction: Direction,
        /// The first of them.
        bytes: Vec<u8>,
        /// How many there were.
        length: usize,
    },
    /// A message went over a pipe.
    Message {
        /// Which way.
        direction: Direction,
        /// The first bytes of it.
        bytes: Vec<u8>,
        /// How many there were.
        length: usize,
    },
    /// One direction ended.
    End(Direction),
    /// Something worth saying: `connected`, `reset`.
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
    /// Begins an empty record.
    pub fn begin() -> Self {
        Self(Arc::new(Mutex::new(Record {
            began: Instant::now(),
            connections: 0,
            entries: Vec::new(),
        })))
    }

    /// A number for another connection.
    pub fn connection(&self) -> usize {
        self.with(|record| {
            record.connections += 1;
            record.connections
        })
    }

    /// Records bytes that went.
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

    /// What was recorded so far.
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
