//! Text with lone surrogates.

use std::borrow::Cow;
use std::fmt::Write;

use thiserror::Error;

/// Python text: any code points up to U+10FFFF, including surrogates, alone or in pairs.
///
/// It is stored in the encoding of Python's `surrogatepass`, which pickles use as well: UTF-8 in which every surrogate
/// takes three bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

/// Why something is not [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotText {
    /// Bytes that are neither UTF-8 nor an encoded surrogate.
    #[error("invalid UTF-8 at byte {0} of the text")]
    Utf8(usize),
    /// A number beyond U+10FFFF.
    #[error("{0:#x} is not a code point")]
    CodePoint(u32),
    /// A backslash that does not begin an escape. In the JSON form, a backslash is followed by another one, or by `u`
    /// and a surrogate in lower-case hexadecimal.
    #[error("malformed escape at byte {0} of the text")]
    Escape(usize),
}

impl Text {
    /// Decodes UTF-8 with `surrogatepass`.
    pub fn from_surrogatepass(bytes: impl Into<Vec<u8>>) -> Result<Self, NotText> {
        let bytes = bytes.into();
        check_surrogatepass(&bytes)?;
        Ok(Self(bytes))
    }

    /// The text of these code points.
    pub fn from_code_points(code_points: impl IntoIterator<Item = u32>) -> Result<Self, NotText> {
        let mut bytes = Vec::new();
        for code_point in code_points {
            if let Some(char) = char::from_u32(code_point) {
                bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                let surrogate =
                    u16::try_from(code_point).map_err(|_| NotText::CodePoint(code_point))?;
                bytes.extend_from_slice(&encode_surrogate(surrogate));
            }
        }
        Ok(Self(bytes))
    }

    /// The text of Latin-1 bytes.
    pub fn from_latin1(bytes: &[u8]) -> Self {
        Self(
            bytes
                .iter()
                .map(|&byte| char::from(byte))
                .collect::<String>()
                .into_bytes(),
        )
    }

    /// Parses the JSON form of text that `ADAPTER.md` specifies.
    pub fn from_escaped(escaped: &str) -> Result<Self, NotText> {
        let mut bytes = Vec::with_capacity(escaped.len());
        let mut rest = escaped;
        while let Some(at) = rest.find('\\') {
            let (plain, escape) = rest.split_at(at);
            bytes.extend_from_slice(plain.as_bytes());
            rest = if let Some(rest) = escape.strip_prefix(r"\\") {
                bytes.push(b'\\');
                rest
            } else {
                let surrogate = escape.get(2..6).and_then(parse_surrogate);
                match surrogate {
                    Some(surrogate) if escape.starts_with(r"\u") => {
                        bytes.extend_from_slice(&encode_surrogate(surrogate));
                    }
                    _ => return Err(NotText::Escape(escaped.len() - escape.len())),
                }
                &escape[6..]
            };
        }
        bytes.extend_from_slice(rest.as_bytes());
        Ok(Self(bytes))
    }

    /// The JSON form of text that `ADAPTER.md` specifies: doubled backslashes, and surrogates as `\u` and four digits.
    pub fn escaped(&self) -> Cow<'_, str> {
        match self.to_utf8() {
            Some(text) if text.contains('\\') => Cow::Owned(text.replace('\\', r"\\")),
            Some(text) => Cow::Borrowed(text),
            None => {
                let mut escaped = String::with_capacity(self.0.len());
                for code_point in self.code_points() {
                    match char::from_u32(code_point) {
                        Some('\\') => escaped.push_str(r"\\"),
                        Some(char) => escaped.push(char),
                        None => {
                            write!(escaped, r"\u{code_point:04x}")
                                .expect("a String takes any text");
                        }
                    }
                }
                Cow::Owned(escaped)
            }
        }
    }

    /// The text as a Rust string, unless it contains surrogates.
    pub fn to_utf8(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }

    /// The bytes to which `surrogatepass` encodes the text.
    pub fn as_surrogatepass(&self) -> &[u8] {
        &self.0
    }

    /// The text in Latin-1, unless it has a code point beyond U+00FF.
    pub fn to_latin1(&self) -> Option<Vec<u8>> {
        self.code_points()
            .map(|code_point| u8::try_from(code_point).ok())
            .collect()
    }

    /// The code points, including surrogates.
    pub fn code_points(&self) -> impl Iterator<Item = u32> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let &first = rest.first()?;
            let (length, head) = match first {
                0x00..0x80 => (1, first),
                0x80..0xe0 => (2, first & 0x1f),
                0xe0..0xf0 => (3, first & 0x0f),
                _ => (4, first & 0x07),
            };
            let (encoded, after) = rest.split_at(length);
            rest = after;
            Some(encoded[1..].iter().fold(u32::from(head), |code, byte| {
                code << 6 | u32::from(byte & 0x3f)
            }))
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

/// Accepts what Python decodes with `utf-8` and `surrogatepass`.
pub(crate) fn check_surrogatepass(bytes: &[u8]) -> Result<(), NotText> {
    let mut start = 0;
    while let Err(error) = str::from_utf8(&bytes[start..]) {
        start += error.valid_up_to();
        match bytes[start..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => start += 3,
            _ => return Err(NotText::Utf8(start)),
        }
    }
    Ok(())
}

fn encode_surrogate(surrogate: u16) -> [u8; 3] {
    let [high, low] = surrogate.to_be_bytes();
    [
        0xe0 | high >> 4,
        0x80 | (high & 0x0f) << 2 | low >> 6,
        0x80 | low & 0x3f,
    ]
}

fn parse_surrogate(digits: &str) -> Option<u16> {
    let lower = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let surrogate = u16::from_str_radix(digits, 16).ok()?;
    (lower && (0xd800..0xe000).contains(&surrogate)).then_some(surrogate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_surrogate_is_kept_and_shown_as_an_escape() {
        let text = Text::from_code_points([0x61, 0xd800, 0x5c, 0x1f600]).unwrap();
        assert_eq!(text.escaped(), "a\\ud800\\\\\u{1f600}");
        assert_eq!(text.as_surrogatepass(), b"a\xed\xa0\x80\\\xf0\x9f\x98\x80");
        assert_eq!(text.to_utf8(), None);
    }

    #[test]
    fn a_pair_of_surrogates_is_not_one_character() {
        let pair = Text::from_code_points([0xd83d, 0xde00]).unwrap();
        assert_eq!(pair.escaped(), r"\ud83d\ude00");
        assert_ne!(pair, Text::from("\u{1f600}"));
    }

    #[test]
    fn invalid_text_is_refused() {
        assert_eq!(Text::from_escaped(r"ab\n"), Err(NotText::Escape(2)));
        assert_eq!(Text::from_escaped(r"\u0041"), Err(NotText::Escape(0)));
        assert_eq!(Text::from_escaped(r"\uD800"), Err(NotText::Escape(0)));
        assert_eq!(Text::from_escaped("\\u\u{20ac}x"), Err(NotText::Escape(0)));
        assert_eq!(Text::from_escaped(r"\"), Err(NotText::Escape(0)));
        assert_eq!(
            Text::from_code_points([0x11_0000]),
            Err(NotText::CodePoint(0x11_0000))
        );
        assert_eq!(
            Text::from_surrogatepass(*b"a\xed\xa0\x80\xff"),
            Err(NotText::Utf8(4))
        );
        assert_eq!(
            Text::from_surrogatepass(*b"\xed\xa0"),
            Err(NotText::Utf8(0))
        );
    }

    proptest! {
        #[test]
        fn every_form_is_read_as_the_text_that_was_written(code_points in prop::collection::vec(0..=0x10_ffffu32, 0..20)) {
            let text = Text::from_code_points(code_points.clone()).unwrap();
            prop_assert_eq!(text.code_points().collect::<Vec<_>>(), code_points);
            prop_assert_eq!(Text::from_escaped(&text.escaped()), Ok(text.clone()));
            prop_assert_eq!(Text::from_surrogatepass(text.as_surrogatepass()), Ok(text));
        }
    }
}
