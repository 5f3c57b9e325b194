//! Encoding and decoding of headers, and nothing else.

use std::fmt;
use std::ops::Deref;
use std::str::{self, FromStr};

use crate::error::Error;

/// How one message is delimited on a stream: a header with the length of the payload, then the
/// payload.
///
/// ```
/// use processing_connection::Framing;
///
/// assert_eq!(&*Framing::Hex8.encode(42).unwrap(), b"0000002a");
/// assert_eq!(&*Framing::Le32.encode(42).unwrap(), b"\x2a\0\0\0");
/// assert_eq!(&*Framing::Be32.encode(42).unwrap(), b"\0\0\0\x2a");
/// assert_eq!(Framing::Be32.decode(b"\0\0\0\x2a").unwrap(), 42);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Eight lower-case hexadecimal digits (`processing` 0.10 without its C extension,
    /// `'%08x' % len(data)`).
    Hex8,
    /// Four bytes, little-endian, unsigned (`processing` 0.10 to 0.21 with the C extension,
    /// `word_to_bytes`).
    Le32,
    /// Four bytes, big-endian, unsigned (`processing` 0.11 to 0.21 without the C extension,
    /// `pack('!I', len(data))`; always in 0.30 and later).
    #[default]
    Be32,
}

impl Framing {
    /// Every framing.
    pub const ALL: [Self; 3] = [Self::Hex8, Self::Le32, Self::Be32];

    /// Returns the length of a header, in bytes.
    pub const fn header_length(self) -> usize {
        match self {
            Self::Hex8 => 8,
            Self::Le32 | Self::Be32 => 4,
        }
    }

    /// Returns the length of the longest payload that a header can announce, in bytes.
    pub const fn max_length(self) -> u64 {
        match self {
            Self::Hex8 | Self::Le32 | Self::Be32 => 0xffff_ffff,
        }
    }

    /// Returns the header of a payload of `length` bytes, or `None` if that is more than
    /// [`max_length`](Self::max_length).
    pub fn encode(self, length: u64) -> Option<Header> {
        let length = u32::try_from(length).ok()?;
        let mut header = Header {
            bytes: [0; 8],
            length: self.header_length(),
        };
        match self {
            Self::Hex8 => {
                for (at, byte) in header.bytes.iter_mut().enumerate() {
                    let digit = (length >> (28 - 4 * at)) & 0xf;
                    *byte = HEX_DIGITS[digit as usize];
                }
            }
            Self::Le32 => header.bytes[..4].copy_from_slice(&length.to_le_bytes()),
            Self::Be32 => header.bytes[..4].copy_from_slice(&length.to_be_bytes()),
        }
        Some(header)
    }

    /// Returns the length that `header` announces, in bytes.
    ///
    /// hex8 is read as strictly as it is written: only lower-case digits are valid. (`processing`
    /// 0.10 reads it with `int(data, 16)`, which also accepts upper case, whitespace, a sign and
    /// `0x`, but no release ever wrote those.)
    ///
    /// # Errors
    ///
    /// [`Error::BadHeader`] if there are too few or too many bytes, or if they are not all digits.
    pub fn decode(self, header: &[u8]) -> Result<u64, Error> {
        self.parse(header)
            .map(u64::from)
            .ok_or_else(|| Error::BadHeader {
                framing: self,
                header: header.to_vec(),
            })
    }

    fn parse(self, header: &[u8]) -> Option<u32> {
        match self {
            Self::Hex8 => {
                let strict = header.len() == 8 && header.iter().all(|b| HEX_DIGITS.contains(b));
                let digits = str::from_utf8(header).ok().filter(|_| strict)?;
                u32::from_str_radix(digits, 16).ok()
            }
            Self::Le32 => header.try_into().ok().map(u32::from_le_bytes),
            Self::Be32 => header.try_into().ok().map(u32::from_be_bytes),
        }
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hex8 => "hex8",
            Self::Le32 => "le32",
            Self::Be32 => "be32",
        })
    }
}

impl FromStr for Framing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|framing| framing.to_string() == name)
            .ok_or_else(|| Error::UnknownDialect {
                name: name.to_owned(),
            })
    }
}

/// The bytes of a header: four or eight, depending on the framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; 8],
    length: usize,
}

impl Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
