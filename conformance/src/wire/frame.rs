//! Splits streams and pipes into messages: [`frames`] and [`messages`] split bytes that are all available, and a
//! [`Decoder`] splits bytes that arrive in segments.

use super::framing::{Framing, Header};

/// One message of a stream, or what is left of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The offset of the header in bytes.
    pub offset: usize,
    /// The header, or the invalid bytes in its place.
    pub header: &'a [u8],
    /// The length that the header announces in bytes, or `None` if it is invalid or only a part of a header.
    pub announced: Option<u64>,
    /// The payload, as far as it is available. After an invalid header it is the rest of the stream.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Whether the message is complete.
    pub fn is_whole(&self) -> bool {
        self.missing() == Some(0)
    }

    /// How many bytes of the payload are missing, if the header announces a length.
    pub fn missing(&self) -> Option<u64> {
        Some(self.announced? - self.payload.len() as u64)
    }

    /// The offset of the end of the message in bytes.
    pub fn end(&self) -> usize {
        self.offset + self.header.len() + self.payload.len()
    }
}

/// Splits a stream into frames. The last frame may be incomplete.
///
/// Without a framing all the bytes are one message, even when there are none.
pub fn frames(framing: impl Into<Option<Framing>>, stream: &[u8]) -> Frames<'_> {
    let framing = framing.into();
    Frames {
        framing,
        stream,
        at: 0,
        over: stream.is_empty() && framing.is_some(),
    }
}

/// Splits the bytes of a pipe, where the length of each message is known.
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
    framing: Option<Framing>,
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
        let (header, announced) = match self.framing {
            None => (0, Some(rest.len() as u64)),
            Some(framing) => match framing.read_header(rest) {
                Header::Whole { length, announced } => (length, Some(announced)),
                Header::Part { .. } => (rest.len(), None),
                Header::Invalid => (framing.shortest_header().min(rest.len()), None),
            },
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

/// Splits one direction of a stream as its segments arrive. Of a long segment, it is enough to know the first bytes.
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    header: Vec<u8>,
    /// Bytes of the payload that are still to come.
    left: u64,
    out_of_step: bool,
}

/// What a [`Decoder`] finds in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A part of a header, the rest of which is still to come.
    PartOfHeader,
    /// A header, or the last part of one.
    Header {
        /// The length that it announces in bytes.
        announced: u64,
    },
    /// Bytes of a payload.
    Payload {
        /// The bytes that are known, from the first one on.
        bytes: &'a [u8],
        /// How many there are.
        length: u64,
        /// Whether they are the last bytes of the payload.
        is_end: bool,
    },
    /// Bytes after an invalid header, or after a header whose bytes are not known. They cannot be interpreted.
    OutOfStep,
}

impl Decoder {
    /// Creates a decoder that is at the beginning of a message.
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            header: Vec::new(),
            left: 0,
            out_of_step: false,
        }
    }

    /// Decodes the next segment, which is `length` bytes long and begins with `known`.
    pub fn take<'a>(&mut self, known: &'a [u8], length: usize) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        let (mut known, mut unknown) = (known, length - known.len());
        while !(known.is_empty() && unknown == 0) {
            if self.out_of_step {
                fields.push(Field::OutOfStep);
                break;
            }
            if self.left > 0 {
                fields.push(self.take_payload(&mut known, &mut unknown));
                continue;
            }
            match self.framing.read_header(&self.header) {
                Header::Part { .. } if known.is_empty() => self.out_of_step = true,
                Header::Part { missing } => {
                    let (here, rest) = known.split_at(missing.min(known.len()));
                    self.header.extend_from_slice(here);
                    known = rest;
                    self.end_header(known.is_empty(), &mut fields);
                }
                Header::Whole { .. } | Header::Invalid => self.end_header(true, &mut fields),
            }
        }
        fields
    }

    fn take_payload<'a>(&mut self, known: &mut &'a [u8], unknown: &mut usize) -> Field<'a> {
        let available = (known.len() + *unknown) as u64;
        let length = self.left.min(available);
        let of_known = usize::try_from(length).map_or(known.len(), |here| here.min(known.len()));
        let (bytes, rest) = known.split_at(of_known);
        *known = rest;
        // At most all of the unknown bytes are taken.
        *unknown -= usize::try_from(length - of_known as u64).unwrap_or(*unknown);
        self.left -= length;
        Field::Payload {
            bytes,
            length,
            is_end: self.left == 0,
        }
    }

    /// Checks whether the header is complete now. `is_last` means that this segment contains no more bytes of it.
    fn end_header(&mut self, is_last: bool, fields: &mut Vec<Field<'_>>) {
        match self.framing.read_header(&self.header) {
            Header::Whole { announced, .. } => {
                self.left = announced;
                self.header.clear();
                fields.push(Field::Header { announced });
            }
            Header::Part { .. } if is_last => fields.push(Field::PartOfHeader),
            Header::Part { .. } => {}
            Header::Invalid => {
                self.out_of_step = true;
                if is_last {
                    fields.push(Field::OutOfStep);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Walked<'a> = Vec<(usize, Option<u64>, &'a [u8])>;

    fn walk(framing: impl Into<Option<Framing>>, stream: &[u8]) -> Walked<'_> {
        frames(framing, stream)
            .map(|frame| (frame.offset, frame.announced, frame.payload))
            .collect()
    }

    #[test]
    fn a_stream_is_split_into_its_messages() {
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
    fn eight_bytes_follow_a_header_of_minus_one() {
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
    fn a_cut_message_is_an_incomplete_frame() {
        assert_eq!(walk(Framing::Le32, b"\x05\0\0"), [(0, None, &b""[..])]);
        let cut = walk(Framing::Le32, b"\x05\0\0\0abc");
        assert_eq!(cut, [(0, Some(5), &b"abc"[..])]);
        let invalid = walk(Framing::Hex8, b"0000000xabc");
        assert_eq!(invalid, [(0, None, &b"abc"[..])]);
    }

    #[test]
    fn without_a_framing_everything_is_one_message() {
        assert_eq!(walk(None, b"abc"), [(0, Some(3), &b"abc"[..])]);
        assert_eq!(walk(None, b""), [(0, Some(0), &b""[..])]);
    }

    /// The payloads that a decoder finds in a stream of segments of this length.
    fn decoded(framing: Framing, stream: &[u8], segment: usize) -> Vec<Vec<u8>> {
        let mut decoder = Decoder::new(framing);
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        for part in stream.chunks(segment) {
            for field in decoder.take(part, part.len()) {
                match field {
                    Field::Header { .. } => payloads.push(Vec::new()),
                    Field::Payload { bytes, .. } => {
                        let payload = payloads.last_mut().expect("a header comes first");
                        payload.extend_from_slice(bytes);
                    }
                    Field::PartOfHeader => {}
                    Field::OutOfStep => panic!("{framing} is out of step"),
                }
            }
        }
        payloads
    }

    #[test]
    fn a_decoder_finds_the_same_messages_however_they_are_segmented() {
        let payloads = [&b"first"[..], b"", b"a longer one"];
        for &framing in Framing::ALL {
            let stream = payloads.map(|payload| framing.message(payload)).concat();
            for segment in 1..=stream.len() {
                assert_eq!(decoded(framing, &stream, segment), payloads, "{framing}");
            }
        }
        let escaped = b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x02ab";
        for segment in 1..=escaped.len() {
            assert_eq!(decoded(Framing::Be32x, escaped, segment), [b"ab"]);
        }
    }

    #[test]
    fn unknown_bytes_are_payload_up_to_its_announced_length() {
        let mut decoder = Decoder::new(Framing::Be32);
        let payload = Field::Payload {
            bytes: b"ab",
            length: 9,
            is_end: false,
        };
        let header = Field::Header { announced: 10 };
        assert_eq!(decoder.take(b"\0\0\0\x0aab", 13), [header, payload]);
        let rest = Field::Payload {
            bytes: b"",
            length: 1,
            is_end: true,
        };
        assert_eq!(decoder.take(b"", 3), [rest, Field::OutOfStep]);
        assert_eq!(decoder.take(b"\0\0", 2), [Field::OutOfStep]);
    }

    #[test]
    fn after_an_invalid_header_the_stream_is_out_of_step() {
        let mut decoder = Decoder::new(Framing::Hex8);
        assert_eq!(decoder.take(b"GET / HTTP", 10), [Field::OutOfStep]);
    }
}
