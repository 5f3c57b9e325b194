//! Named pipes on systems other than Windows: none exist, so these types have no values.

use std::io;
use std::time::Duration;

use super::{Reading, Received};

/// One end of a pipe.
#[derive(Debug)]
pub(super) enum PipeEnd {}

impl PipeEnd {
    pub(super) fn connect(_: &str, _: Reading, _: Option<Duration>) -> io::Result<Self> {
        Err(unsupported())
    }

    pub(super) fn post(&self, _: &[u8]) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn drain(&self, _: Duration) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn write(&self, _: &[u8]) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn read(&self, _: &mut [u8], _: Option<Duration>) -> io::Result<Received> {
        match *self {}
    }

    pub(super) fn poll(&self, _: Duration) -> io::Result<bool> {
        match *self {}
    }

    pub(super) fn close(&self) {
        match *self {}
    }
}

/// A named pipe that accepts clients.
#[derive(Debug)]
pub(super) enum PipeDoor {}

impl PipeDoor {
    pub(super) fn open(_: &str, _: usize) -> io::Result<Self> {
        Err(unsupported())
    }

    pub(super) fn accept(&self, _: Duration) -> io::Result<Option<PipeEnd>> {
        match *self {}
    }
}

pub(super) fn is_end(_: &io::Error) -> bool {
    false
}

pub(super) fn names_are_exclusive(_: &str) -> io::Result<bool> {
    Err(unsupported())
}

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "named pipes exist only on Windows",
    )
}
