//! Bytes of any length in few characters.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use crate::testee::payload::Payload;

/// Longer pieces than this are refused: a few characters must not ask for all the memory there is.
const LONGEST: usize = 64 << 20;

/// Bytes: in hexadecimal, or piece by piece where many follow a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<Piece>);

/// Some of the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Written out.
    Plain(#[serde(with = "hex")] Vec<u8>),
    /// Made from a pattern.
    Fill(Fill),
}

/// The bytes of `fill`, repeated and cut to `length` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// What is repeated; never empty.
    #[serde(with = "hex")]
    pub fill: Vec<u8>,
    /// How many bytes it makes.
    pub length: usize,
}

impl Bytes {
    /// Bytes that are written out.
    pub fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Piece::Plain(bytes.into())])
    }

    /// Bytes that are made from a pattern.
    pub fn fill(fill: impl Into<Vec<u8>>, length: usize) -> Self {
        let fill = fill.into();
        Self(vec![Piece::Fill(Fill { fill, length })])
    }

    /// A header and a payload, written in the form in which the payload was asked for.
    pub fn message(header: &[u8], asked: &Self, payload: &[u8]) -> Self {
        match asked.0.as_slice() {
            [Piece::Fill(fill)] if asked.expand() == payload => Self(vec![
                Piece::Plain(header.to_vec()),
                Piece::Fill(fill.clone()),
            ]),
            _ => Self::plain([header, payload].concat()),
        }
    }

    /// The bytes as the adapter protocol has them in a request.
    pub fn to_payload(&self) -> Payload {
        match self.0.as_slice() {
            [Piece::Fill(Fill { fill, length })] => Payload::Fill {
                fill: fill.clone(),
                length: *length,
            },
            _ => Payload::Bytes {
                bytes: self.expand(),
            },
        }
    }

    /// All of them.
    pub fn expand(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Plain(plain) => bytes.extend_from_slice(plain),
                Piece::Fill(Fill { fill, length }) => {
                    bytes.extend(fill.iter().copied().cycle().take(*length));
                }
            }
        }
        bytes
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [Piece::Plain(bytes)] => hex::serialize(bytes, serializer),
            pieces => pieces.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "bytes are hexadecimal digits, or a list of such and of {fill, length}"
        )]
        enum Form {
            One(#[serde(with = "hex")] Vec<u8>),
            Many(Vec<Piece>),
        }

        let pieces = match Form::deserialize(deserializer)? {
            Form::One(bytes) => vec![Piece::Plain(bytes)],
            Form::Many(pieces) => pieces,
        };
        let usable = |piece: &Piece| match piece {
            Piece::Plain(_) => true,
            Piece::Fill(Fill { fill, length }) => !fill.is_empty() && *length <= LONGEST,
        };
        if pieces.iter().all(usable) {
            Ok(Self(pieces))
        } else {
            Err(D::Error::custom(format_args!(
                "a pattern is not empty, and makes at most {LONGEST} bytes"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_is_a_string_and_several_are_a_list() {
        let plain = Bytes::plain(*b"ab");
        assert_eq!(serde_json::to_string(&plain).unwrap(), r#""6162""#);
        let fill = Bytes::fill(*b"xy", 5);
        let message = Bytes::message(b"\x05", &fill, b"xyxyx");
        let text = r#"["05",{"fill":"7879","length":5}]"#;
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert_eq!(serde_json::from_str::<Bytes>(text).unwrap(), message);
        assert_eq!(message.expand(), b"\x05xyxyx");
    }

    #[test]
    fn a_payload_that_is_not_what_was_asked_for_is_written_out() {
        let fill = Bytes::fill(*b"xy", 5);
        let message = Bytes::message(b"\x05", &fill, b"xyxyy");
        assert_eq!(message, Bytes::plain(*b"\x05xyxyy"));
    }

    #[test]
    fn what_makes_no_bytes_is_refused() {
        for text in [
            r#""6""#,
            r#""6x""#,
            "5",
            r#"["05",7]"#,
            r#"[{"fill":"","length":5}]"#,
            r#"[{"fill":"00","length":99999999999}]"#,
            r#"[{"fill":"00","length":1,"more":2}]"#,
        ] {
            assert!(serde_json::from_str::<Bytes>(text).is_err(), "{text}");
        }
    }
}
