//! Encoding and decoding of headers, and nothing else.

use std::fmt;
use std::ops::Deref;
use std::str::{self, FromStr};

use crate::error::Error;

/// How one message is delimited on a stream: a header with the length of the payload, then the
/// payload.
///
/// ```
/// use processing_connection::{Decoded, Framing};
///
/// assert_eq!(&*Framing::Hex8.encode(42).unwrap(), b"0000002a");
/// assert_eq!(&*Framing::Le32.encode(42).unwrap(), b"\x2a\0\0\0");
/// assert_eq!(&*Framing::Be32.encode(42).unwrap(), b"\0\0\0\x2a");
///
/// let decoded = Framing::Be32.decode(b"\0\0\0\x2aand the payload")?;
/// assert_eq!(decoded, Decoded::Whole { header: 4, payload: 42 });
/// let decoded = Framing::Be32.decode(b"\0")?;
/// assert_eq!(decoded, Decoded::Part { missing: 3 });
/// # Ok::<(), processing_connection::Error>(())
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
    /// Four bytes, big-endian, signed. A payload of more than 2,147,483,647 bytes has the header -1
    /// followed by its length in eight bytes, big-endian, unsigned (`multiprocessing` of Python 3.8
    /// and later, `Connection._send_bytes` and `_recv_bytes`: `pack("!i", -1)` and
    /// `pack("!Q", n)`).
    Be32x,
}

/// The part of a stream that [`Framing::decode`] has recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A whole header.
    Whole {
        /// The length of the header, in bytes. The payload follows it.
        header: usize,
        /// The length of the payload, in bytes.
        payload: u64,
    },
    /// The beginning of a header.
    Part {
        /// The number of bytes that have to follow before it can be decoded. It may turn out then
        /// that the header is longer.
        missing: usize,
    },
}

impl Framing {
    /// Every framing.
    pub const ALL: [Self; 4] = [Self::Hex8, Self::Le32, Self::Be32, Self::Be32x];

    /// Returns the length of the shortest header, in bytes. Only be32x has a longer one as well, of
    /// 12 bytes.
    pub const fn shortest_header(self) -> usize {
        match self {
            Self::Hex8 => 8,
            Self::Le32 | Self::Be32 | Self::Be32x => 4,
        }
    }

    /// Returns the length of the longest payload that a header can announce, in bytes.
    pub const fn max_length(self) -> u64 {
        match self {
            Self::Hex8 | Self::Le32 | Self::Be32 => 0xffff_ffff,
            Self::Be32x => u64::MAX,
        }
    }

    /// Returns the header of a payload of `length` bytes, or `None` if that is more than
    /// [`max_length`](Self::max_length).
    pub fn encode(self, length: u64) -> Option<Header> {
        let short = u32::try_from(length).ok();
        Some(match self {
            Self::Hex8 => {
                let length = short?;
                Header::of([28, 24, 20, 16, 12, 8, 4, 0].map(|shift| {
                    let digit = (length >> shift) & 0xf;
                    HEX_DIGITS[digit as usize]
                }))
            }
            Self::Le32 => Header::of(short?.to_le_bytes()),
            Self::Be32 => Header::of(short?.to_be_bytes()),
            Self::Be32x => match i32::try_from(length) {
                Ok(short) => Header::of(short.to_be_bytes()),
                Err(_) => Header::escaped(length),
            },
        })
    }

    /// Decodes the header at the beginning of `stream`, which may continue after the header.
    ///
    /// hex8 is read as strictly as it is written: only lower-case digits are valid. (`processing`
    /// 0.10 reads it with `int(data, 16)`, which also accepts upper case, whitespace, a sign and
    /// `0x`, but no release ever wrote those.)
    ///
    /// In be32x every negative header except -1 is invalid. A length after -1 may be short:
    /// `multiprocessing` never writes such a header, but reads it.
    ///
    /// # Errors
    ///
    /// [`Error::BadHeader`] if the bytes are not a header of this framing.
    pub fn decode(self, stream: &[u8]) -> Result<Decoded, Error> {
        let length = self.shortest_header();
        let Some(header) = stream.get(..length) else {
            return Ok(Decoded::Part {
                missing: length - stream.len(),
            });
        };
        let payload = match self {
            Self::Hex8 => decode_hexadecimal(header),
            Self::Le32 => header.try_into().ok().map(u32::from_le_bytes),
            Self::Be32 => header.try_into().ok().map(u32::from_be_bytes),
            Self::Be32x => match header.try_into().map(i32::from_be_bytes) {
                Ok(ESCAPE) => return Ok(decode_escaped(stream)),
                Ok(length) => u32::try_from(length).ok(),
                Err(_) => None,
            },
        };
        match payload {
            Some(payload) => Ok(Decoded::Whole {
                header: length,
                payload: payload.into(),
            }),
            None => Err(Error::BadHeader {
                framing: self,
                header: header.to_vec(),
            }),
        }
    }
}

/// The header of be32x after which the length follows in eight bytes.
const ESCAPE: i32 = -1;

/// The length of [`ESCAPE`] and the eight bytes.
const ESCAPED_LENGTH: usize = 12;

fn decode_escaped(stream: &[u8]) -> Decoded {
    match stream[4..].first_chunk() {
        Some(length) => Decoded::Whole {
            header: ESCAPED_LENGTH,
            payload: u64::from_be_bytes(*length),
        },
        None => Decoded::Part {
            missing: ESCAPED_LENGTH - stream.len(),
        },
    }
}

fn decode_hexadecimal(header: &[u8]) -> Option<u32> {
    let strict = header.iter().all(|byte| HEX_DIGITS.contains(byte));
    let digits = str::from_utf8(header).ok().filter(|_| strict)?;
    u32::from_str_radix(digits, 16).ok()
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hex8 => "hex8",
            Self::Le32 => "le32",
            Self::Be32 => "be32",
            Self::Be32x => "be32x",
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

/// The bytes of a header: 4, 8 or 12, depending on the framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; ESCAPED_LENGTH],
    length: usize,
}

impl Header {
    fn of<const LENGTH: usize>(header: [u8; LENGTH]) -> Self {
        let mut bytes = [0; ESCAPED_LENGTH];
        bytes[..LENGTH].copy_from_slice(&header);
        Self {
            bytes,
            length: LENGTH,
        }
    }

    /// The escape of be32x, and the length in eight bytes.
    fn escaped(length: u64) -> Self {
        let mut header = Self::of([0; ESCAPED_LENGTH]);
        let (escape, rest) = header.bytes.split_at_mut(4);
        escape.copy_from_slice(&ESCAPE.to_be_bytes());
        rest.copy_from_slice(&length.to_be_bytes());
        header
    }
}

impl Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(length: u64) -> Vec<u8> {
        [&[0xff; 4][..], &length.to_be_bytes()].concat()
    }

    #[test]
    fn be32x_has_an_escape_for_long_payloads() {
        let header = |length| Framing::Be32x.encode(length).unwrap().to_vec();
        assert_eq!(header(0x7fff_ffff), b"\x7f\xff\xff\xff");
        for length in [0x8000_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX] {
            assert_eq!(header(length), escaped(length));
        }
    }

    #[test]
    fn an_escape_may_announce_any_length() {
        for payload in [0, 5, 0x7fff_ffff, 0x8000_0000, u64::MAX] {
            let decoded = Framing::Be32x.decode(&escaped(payload)).unwrap();
            let header = 12;
            assert_eq!(decoded, Decoded::Whole { header, payload });
        }
    }

    #[test]
    fn other_negative_headers_of_be32x_are_invalid() {
        for header in [-2, -3, i32::MIN, i32::MIN + 1].map(i32::to_be_bytes) {
            assert!(matches!(
                Framing::Be32x.decode(&[&header[..], &[0; 8]].concat()),
                Err(Error::BadHeader { header: named, .. }) if named == header
            ));
        }
    }

    #[test]
    fn a_part_of_a_header_states_how_many_bytes_are_missing() {
        for (framing, length) in [
            (Framing::Hex8, 7),
            (Framing::Le32, 7),
            (Framing::Be32, 7),
            (Framing::Be32x, 7),
            (Framing::Be32x, u64::MAX),
        ] {
            let header = framing.encode(length).unwrap();
            let mut read = 0;
            while let Decoded::Part { missing } = framing.decode(&header[..read]).unwrap() {
                assert!(missing > 0, "{framing} after {read} bytes");
                read += missing;
            }
            assert_eq!(read, header.len(), "{framing}");
        }
    }
}
