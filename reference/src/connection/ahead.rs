//! Bytes that were read ahead.

use std::fmt;
use std::io::{self, Read};

/// Bytes that were read ahead: one read gets a small message with its header, and perhaps the
/// beginning of the next message, which is kept here.
pub(super) struct Ahead {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

const CAPACITY: usize = 8192;

/// Leaves the buffer out, whose bytes were mostly received long ago.
impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.bytes().len();
        f.debug_struct("Ahead").field("length", &length).finish()
    }
}

impl Ahead {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; CAPACITY].into(),
            start: 0,
            end: 0,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Moves up to `count` bytes to the end of `payload`.
    pub(super) fn take(&mut self, count: u64, payload: &mut Vec<u8>) {
        let here = self.bytes().len();
        let count = usize::try_from(count).map_or(here, |count| count.min(here));
        payload.extend_from_slice(&self.bytes()[..count]);
        self.consume(count);
    }

    /// Reads once, and returns the number of bytes that were read.
    pub(super) fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match source.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
