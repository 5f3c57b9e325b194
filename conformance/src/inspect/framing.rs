//! Framings as `inspect` knows them, and streams taken apart by them.

use std::fmt;
use std::str::FromStr;

use crate::wire::frame;

/// How messages are delimited, the ways of the descendants included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Eight lower-case hexadecimal digits.
    Hex8,
    /// Four bytes, little-endian.
    Le32,
    /// Four bytes, big-endian.
    Be32,
    /// Four bytes, big-endian and signed; after -1, eight more, unsigned, have the length (`multiprocessing` of
    /// Python 3.8 and later, `_send_bytes`).
    Be32x,
    /// No header, as on a named pipe of Windows. Where nothing tells a message from the next, the bytes are one.
    None,
}

impl Framing {
    /// All of them that have headers.
    pub const WITH_HEADER: [Self; 4] = [Self::Hex8, Self::Le32, Self::Be32, Self::Be32x];

    /// What stands at the beginning of some bytes.
    pub fn header(self, bytes: &[u8]) -> Header {
        let known = match self {
            Self::None => {
                return Header::Whole {
                    header: 0,
                    announced: bytes.len() as u64,
                };
            }
            Self::Be32x => return signed_header(bytes),
            Self::Hex8 => processing_connection::Framing::Hex8,
            Self::Le32 => processing_connection::Framing::Le32,
            Self::Be32 => processing_connection::Framing::Be32,
        };
        let length = frame::header_length(known);
        match bytes.get(..length) {
            None => Header::Part,
            Some(header) => match frame::announced(known, header) {
                None => Header::Not,
                Some(announced) => Header::Whole {
                    header: length,
                    announced: announced.into(),
                },
            },
        }
    }
}

fn signed_header(bytes: &[u8]) -> Header {
    const SHORT: usize = 4;
    const LONG: usize = 12;
    let Some((short, rest)) = bytes.split_first_chunk::<SHORT>() else {
        return Header::Part;
    };
    match i32::from_be_bytes(*short) {
        -1 => rest
            .first_chunk()
            .map_or(Header::Part, |long| Header::Whole {
                header: LONG,
                announced: u64::from_be_bytes(*long),
            }),
        length => u64::try_from(length).map_or(Header::Not, |announced| Header::Whole {
            header: SHORT,
            announced,
        }),
    }
}

/// What stands where a header should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A header.
    Whole {
        /// Its length, in bytes.
        header: usize,
        /// The length of the payload, in bytes.
        announced: u64,
    },
    /// Fewer bytes than a header has.
    Part,
    /// No header.
    Not,
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hex8 => "hex8",
            Self::Le32 => "le32",
            Self::Be32 => "be32",
            Self::Be32x => "be32x",
            Self::None => "none",
        })
    }
}

impl FromStr for Framing {
    type Err = String;

    /// The name of a framing, or of a dialect: what stands behind a `+` is the handshake, which shows by itself.
    fn from_str(name: &str) -> Result<Self, String> {
        let framing = name.split('+').next().unwrap_or_default();
        let mut all = Self::WITH_HEADER.into_iter().chain([Self::None]);
        all.find(|known| known.to_string() == framing)
            .ok_or_else(|| "one of hex8, le32, be32, be32x and none".into())
    }
}

/// One message of a stream, or what is left of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where the header begins.
    pub offset: usize,
    /// The header, or what there is in its place.
    pub header: &'a [u8],
    /// How many bytes the header announces; none when it is no header, or only a part of one.
    pub announced: Option<u64>,
    /// The payload, as far as it is there. Behind what is no header: the rest of the stream.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Whether all of the message is there.
    pub fn is_whole(&self) -> bool {
        self.missing() == Some(0)
    }

    /// How many bytes of the payload are missing, when it is known how many there should be.
    pub fn missing(&self) -> Option<u64> {
        Some(self.announced? - self.payload.len() as u64)
    }

    /// Where the message ends.
    pub fn end(&self) -> usize {
        self.offset + self.header.len() + self.payload.len()
    }
}

/// Takes a stream apart. The last frame may not be whole.
pub fn frames(framing: Framing, stream: &[u8]) -> Frames<'_> {
    Frames {
        framing,
        stream,
        at: 0,
        // Without headers, no bytes are a message too.
        over: stream.is_empty() && framing != Framing::None,
    }
}

/// Takes bytes without headers apart, of which it is known how long each message is: those of a pipe.
pub fn messages<'a>(bytes: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = Frame<'a>> {
    lengths.iter().scan(0, move |at, &length| {
        let offset = *at;
        *at += length;
        Some(Frame {
            offset,
            header: &[],
            announced: Some(length as u64),
            payload: bytes.get(offset..*at)?,
        })
    })
}

/// The messages of a stream; see [`frames`].
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    framing: Framing,
    stream: &'a [u8],
    at: usize,
    over: bool,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        if self.over {
            return None;
        }
        let offset = self.at;
        let rest = &self.stream[offset..];
        let (header, announced) = match self.framing.header(rest) {
            Header::Whole { header, announced } => (header, Some(announced)),
            Header::Part => (rest.len(), None),
            Header::Not => (frame_length_of(self.framing), None),
        };
        let (header, rest) = rest.split_at(header);
        let length = announced.map_or(rest.len(), |announced| {
            usize::try_from(announced).map_or(rest.len(), |announced| announced.min(rest.len()))
        });
        let frame = Frame {
            offset,
            header,
            announced,
            payload: &rest[..length],
        };
        self.at = frame.end();
        self.over = !frame.is_whole() || self.at == self.stream.len();
        Some(frame)
    }
}

/// Bytes of the shortest header.
fn frame_length_of(framing: Framing) -> usize {
    match framing {
        Framing::Hex8 => 8,
        Framing::Le32 | Framing::Be32 | Framing::Be32x => 4,
        Framing::None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(framing: Framing, stream: &[u8]) -> Vec<(usize, Option<u64>, &[u8])> {
        frames(framing, stream)
            .map(|frame| (frame.offset, frame.announced, frame.payload))
            .collect()
    }

    #[test]
    fn a_stream_is_its_messages() {
        let stream = b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c";
        let expected = vec![
            (0, Some(2), &b"ab"[..]),
            (6, Some(0), b""),
            (10, Some(1), b"c"),
        ];
        assert_eq!(walk(Framing::Be32, stream), expected);
        assert_eq!(walk(Framing::Be32x, stream), expected);
    }

    #[test]
    fn a_header_of_minus_one_is_followed_by_eight_bytes() {
        let stream = b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x02ab";
        assert_eq!(walk(Framing::Be32x, stream), [(0, Some(2), &b"ab"[..])]);
        let cut = walk(Framing::Be32x, &stream[..9]);
        assert_eq!(cut, [(0, None, &b""[..])]);
        let endless = walk(Framing::Be32x, &[0xff; 12]);
        assert_eq!(endless, [(0, Some(u64::MAX), &b""[..])]);
        let negative = walk(Framing::Be32x, b"\xff\xff\xff\xfeab");
        assert_eq!(negative, [(0, None, &b"ab"[..])]);
    }

    #[test]
    fn what_is_left_of_a_message_is_shown_as_that() {
        assert_eq!(walk(Framing::Le32, b"\x05\0\0"), [(0, None, &b""[..])]);
        let cut = walk(Framing::Le32, b"\x05\0\0\0abc");
        assert_eq!(cut, [(0, Some(5), &b"abc"[..])]);
        let no_header = walk(Framing::Hex8, b"0000000xabc");
        assert_eq!(no_header, [(0, None, &b"abc"[..])]);
    }

    #[test]
    fn without_headers_everything_is_one_message() {
        assert_eq!(walk(Framing::None, b"abc"), [(0, Some(3), &b"abc"[..])]);
        assert_eq!(walk(Framing::None, b""), [(0, Some(0), &b""[..])]);
    }
}
