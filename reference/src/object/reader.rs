//! Reads opcodes and their arguments, bounded by the payload.

use std::str;

use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Reader<'p> {
    payload: &'p [u8],
    next: usize,
    /// The offset of the current opcode, at which errors are reported.
    pub(super) at: usize,
}

impl<'p> Reader<'p> {
    pub(super) fn new(payload: &'p [u8]) -> Self {
        Self {
            payload,
            next: 0,
            at: 0,
        }
    }

    pub(super) fn opcode(&mut self) -> Result<u8> {
        self.at = self.next;
        match self.payload.get(self.next) {
            Some(&opcode) => {
                self.next += 1;
                Ok(opcode)
            }
            None => Err(self.not_a_pickle("it ends without STOP")),
        }
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'p [u8]> {
        let rest = &self.payload[self.next..];
        let bytes = usize::try_from(count)
            .ok()
            .and_then(|count| rest.get(..count));
        let bytes = bytes.ok_or_else(|| {
            self.not_a_pickle(format!(
                "{count} bytes announced, but only {} left",
                rest.len()
            ))
        })?;
        self.next += bytes.len();
        Ok(bytes)
    }

    /// Checks that a frame is not longer than the rest of the payload.
    pub(super) fn check_left(&self, count: u64) -> Result<()> {
        let left = self.payload.len() - self.next;
        if count <= left as u64 {
            Ok(())
        } else {
            Err(self.not_a_pickle(format!(
                "a frame of {count} bytes announced, but only {left} left"
            )))
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.payload[self.next..].first_chunk() {
            Some(array) => {
                self.next += N;
                Ok(*array)
            }
            None => Err(self.not_a_pickle("it ends inside an argument")),
        }
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a length of one byte, and then that number of bytes.
    pub(super) fn bytes1(&mut self) -> Result<&'p [u8]> {
        let count = self.u8()?;
        self.bytes(count.into())
    }

    /// Reads a length of four bytes, and then that number of bytes.
    pub(super) fn bytes4(&mut self) -> Result<&'p [u8]> {
        let count = self.u32()?;
        self.bytes(count.into())
    }

    /// Reads a signed length of four bytes, and then that number of bytes, as in `LONG4` and
    /// `BINSTRING`.
    pub(super) fn bytes4_signed(&mut self) -> Result<&'p [u8]> {
        let count = self.array().map(i32::from_le_bytes)?;
        match u64::try_from(count) {
            Ok(count) => self.bytes(count),
            Err(_) => Err(self.not_a_pickle(format!("the length {count} is negative"))),
        }
    }

    /// Reads a length of eight bytes, and then that number of bytes.
    pub(super) fn bytes8(&mut self) -> Result<&'p [u8]> {
        let count = self.array().map(u64::from_le_bytes)?;
        self.bytes(count)
    }

    /// Reads a line, and returns it without the newline.
    pub(super) fn line(&mut self) -> Result<&'p [u8]> {
        let rest = &self.payload[self.next..];
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                self.next += end + 1;
                Ok(&rest[..end])
            }
            None => Err(self.not_a_pickle("it ends inside a line")),
        }
    }

    /// Reads a line of text, and returns it without the whitespace that is allowed around a number.
    pub(super) fn text_line(&mut self) -> Result<&'p str> {
        self.name().map(str::trim_ascii)
    }

    /// Reads a line of text as it is: the name of a module or class.
    pub(super) fn name(&mut self) -> Result<&'p str> {
        let line = self.line()?;
        str::from_utf8(line).map_err(|_| self.not_a_pickle("a line is not UTF-8"))
    }

    /// Decodes UTF-8.
    pub(super) fn utf8(&self, bytes: &'p [u8]) -> Result<&'p str> {
        str::from_utf8(bytes).map_err(|error| {
            // Python encodes lone surrogates as if they were characters.
            match &bytes[error.valid_up_to()..] {
                [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => self.lone_surrogate(),
                _ => self.not_a_pickle("the text is not UTF-8"),
            }
        })
    }

    pub(super) fn lone_surrogate(&self) -> Error {
        self.unrepresentable("text with a lone surrogate")
    }

    pub(super) fn not_a_pickle(&self, reason: impl Into<String>) -> Error {
        Error::NotAPickle {
            offset: self.at,
            reason: reason.into(),
        }
    }

    pub(super) fn unrepresentable(&self, reason: impl Into<String>) -> Error {
        Error::Unrepresentable {
            offset: self.at,
            reason: reason.into(),
        }
    }

    pub(super) fn needs_class(&self, class: impl Into<String>) -> Error {
        Error::NeedsClass {
            class: class.into(),
            offset: self.at,
        }
    }
}
