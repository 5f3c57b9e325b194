//! Framings: the headers that delimit messages on a stream, as the suite itself writes and reads them.
//!
//! This code is deliberately independent of the reference: the reference is a testee like any other, and a fault of the
//! reference must not be repeated by its judge. Every place that needs to know where a header ends and a payload begins
//! asks [`Framing::read_header`], directly or through [`frame`](super::frame).

use strum::{Display, EnumString, VariantArray};

/// How messages are delimited on a stream: a header announces the length of the payload, and the payload follows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Framing {
    /// Eight lower-case hexadecimal digits (PROTOCOL.md, `framing.hex8`).
    Hex8,
    /// Four bytes, unsigned, least significant byte first (PROTOCOL.md, `framing.le32`).
    Le32,
    /// Four bytes, unsigned, most significant byte first (PROTOCOL.md, `framing.be32`).
    Be32,
    /// Four bytes, signed, most significant byte first. After -1, eight more bytes hold the length, unsigned
    /// (PROTOCOL.md, `framing.be32x`).
    Be32x,
}

/// The result of reading a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A whole header.
    Whole {
        /// The length of the header in bytes.
        length: usize,
        /// The length of the payload in bytes, as the header announces it.
        announced: u64,
    },
    /// The beginning of a header.
    Part {
        /// How many more bytes have to be read before the header is whole, or is known to be longer.
        missing: usize,
    },
    /// The bytes are not the beginning of any header of this framing.
    Invalid,
}

impl Framing {
    /// Every framing.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Every framing.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// The framings whose headers of short messages differ from those of this framing.
    pub fn others(self) -> impl Iterator<Item = Self> {
        Self::all().filter(move |other| other.header(1) != self.header(1))
    }

    /// The requirement of PROTOCOL.md that specifies the header.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Hex8 => "framing.hex8",
            Self::Le32 => "framing.le32",
            Self::Be32 => "framing.be32",
            Self::Be32x => "framing.be32x",
        }
    }

    /// The length of the shortest header in bytes.
    pub const fn shortest_header(self) -> usize {
        match self {
            Self::Hex8 => 8,
            Self::Le32 | Self::Be32 | Self::Be32x => 4,
        }
    }

    /// The header of `be32x` that announces the length in eight bytes, which need not be long.
    pub fn escaped_header(length: u64) -> Vec<u8> {
        [&ESCAPE.to_be_bytes()[..], &length.to_be_bytes()].concat()
    }

    /// The header that announces a payload of `length` bytes, or `None` if no header can announce that many.
    pub fn header(self, length: u64) -> Option<Vec<u8>> {
        let short = u32::try_from(length).ok();
        match self {
            Self::Hex8 => short.map(|length| format!("{length:08x}").into_bytes()),
            Self::Le32 => short.map(|length| length.to_le_bytes().to_vec()),
            Self::Be32 => short.map(|length| length.to_be_bytes().to_vec()),
            Self::Be32x => Some(match i32::try_from(length) {
                Ok(length) => length.to_be_bytes().to_vec(),
                Err(_) => Self::escaped_header(length),
            }),
        }
    }

    /// A whole message: the header and the payload.
    ///
    /// # Panics
    ///
    /// Panics if the payload is longer than a header can announce. The suite creates no such message.
    pub fn message(self, payload: &[u8]) -> Vec<u8> {
        let header = self.header(payload.len() as u64);
        let mut bytes =
            header.expect("a header can announce the length of every payload of the suite");
        bytes.extend_from_slice(payload);
        bytes
    }

    /// Reads the header at the beginning of some bytes.
    pub fn read_header(self, bytes: &[u8]) -> Header {
        let length = self.shortest_header();
        let Some(header) = bytes.get(..length) else {
            let missing = length - bytes.len();
            return match self {
                Self::Hex8 if !bytes.iter().copied().all(is_digit) => Header::Invalid,
                Self::Hex8 | Self::Le32 | Self::Be32 | Self::Be32x => Header::Part { missing },
            };
        };
        let announced = match self {
            Self::Hex8 => read_hexadecimal(header),
            Self::Le32 => header.try_into().ok().map(u32::from_le_bytes),
            Self::Be32 => header.try_into().ok().map(u32::from_be_bytes),
            Self::Be32x => match header.try_into().map(i32::from_be_bytes) {
                Ok(ESCAPE) => return read_escaped(bytes),
                Ok(length) => u32::try_from(length).ok(),
                Err(_) => None,
            },
        };
        announced.map_or(Header::Invalid, |announced| Header::Whole {
            length,
            announced: announced.into(),
        })
    }
}

/// In `be32x`, the header that says that the length follows in eight bytes.
const ESCAPE: i32 = -1;

fn read_escaped(bytes: &[u8]) -> Header {
    const SHORT: usize = 4;
    const LONG: usize = 12;
    match bytes[SHORT..].first_chunk() {
        Some(length) => Header::Whole {
            length: LONG,
            announced: u64::from_be_bytes(*length),
        },
        None => Header::Part {
            missing: LONG - bytes.len(),
        },
    }
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Parses lower-case hexadecimal digits, without a sign, blank or prefix.
fn read_hexadecimal(header: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(header)
        .ok()
        .filter(|_| header.iter().copied().all(is_digit))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_the_bytes_of_the_specification() {
        let header =
            |framing: Framing, length| framing.header(length).expect("the length is short");
        assert_eq!(header(Framing::Hex8, 0xab), b"000000ab");
        assert_eq!(header(Framing::Le32, 0x0102), [2, 1, 0, 0]);
        assert_eq!(header(Framing::Be32, 0x0102), [0, 0, 1, 2]);
        assert_eq!(header(Framing::Be32x, 0x0102), [0, 0, 1, 2]);
        let escaped = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0];
        assert_eq!(header(Framing::Be32x, 0x8000_0000), escaped);
    }

    #[test]
    fn a_header_announces_the_length_that_it_was_created_for() {
        for framing in Framing::ALL {
            for length in [0, 1, 255, 256, 0x7fff_ffff, 0xffff_ffff, u64::MAX] {
                let Some(header) = framing.header(length) else {
                    assert!(length > u64::from(u32::MAX), "{framing}: {length}");
                    continue;
                };
                let whole = Header::Whole {
                    length: header.len(),
                    announced: length,
                };
                assert_eq!(framing.read_header(&header), whole, "{framing}: {length}");
            }
        }
    }

    #[test]
    fn a_part_of_a_header_says_how_many_bytes_are_missing() {
        for framing in Framing::ALL {
            for length in [7, u64::MAX] {
                let Some(header) = framing.header(length) else {
                    continue;
                };
                let mut read = 0;
                while let Header::Part { missing } = framing.read_header(&header[..read]) {
                    assert!(missing > 0, "{framing} after {read} bytes");
                    read += missing;
                }
                assert_eq!(read, header.len(), "{framing}");
            }
        }
    }

    #[test]
    fn only_lower_case_digits_are_a_header_of_hex8() {
        for header in [
            &b"0000000A"[..],
            b"+0000001",
            b" 0000001",
            b"0x000001",
            b"0000000g",
            b"-",
        ] {
            assert_eq!(
                Framing::Hex8.read_header(header),
                Header::Invalid,
                "{header:?}"
            );
        }
    }

    #[test]
    fn a_negative_header_of_be32x_is_invalid_except_for_the_escape() {
        let read = |header: &[u8]| Framing::Be32x.read_header(header);
        assert_eq!(read(b"\xff\xff\xff\xfe"), Header::Invalid);
        assert_eq!(read(b"\x80\0\0\0"), Header::Invalid);
        assert_eq!(read(b"\xff\xff\xff\xff"), Header::Part { missing: 8 });
    }

    #[test]
    fn every_name_is_parsed_as_the_framing_that_it_names() {
        for framing in Framing::ALL {
            assert_eq!(framing.to_string().parse(), Ok(*framing));
        }
        assert_eq!(format!("{:<5}", Framing::Le32), "le32 ");
    }
}
