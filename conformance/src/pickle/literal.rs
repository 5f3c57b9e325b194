//! The text that protocol 0 is made of: numbers, string literals, raw-unicode-escape.

use std::borrow::Cow;

use num_bigint::BigInt;

use crate::notation::{Float, NotText, Text};

/// The digits of an integer as Python's `int` takes them: blanks around it, a sign, single underscores
/// between digits. The result is the sign and the digits alone.
pub(super) fn integer(line: &[u8]) -> Option<Cow<'_, str>> {
    let number = plain_number(line)?;
    let digits = number.strip_prefix(['+', '-']).unwrap_or(&number);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The integer of digits that [`integer`] accepts.
pub(super) fn big_integer(line: &[u8]) -> Option<BigInt> {
    integer(line)?.parse().ok()
}

/// A float as Python's `float` takes it.
pub(super) fn float(line: &[u8]) -> Option<Float> {
    plain_number(line)?.parse::<f64>().ok().map(Float::from)
}

/// The number without blanks around it and without the underscores between its digits.
fn plain_number(line: &[u8]) -> Option<Cow<'_, str>> {
    let text = str::from_utf8(line).ok()?;
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let between_digits = text
        .as_bytes()
        .windows(3)
        .filter(|w| w[1] == b'_' && w[0].is_ascii_digit() && w[2].is_ascii_digit());
    (between_digits.count() == text.matches('_').count()).then(|| Cow::Owned(text.replace('_', "")))
}

/// The content of a string literal, without its quotes.
pub(super) fn unquote(line: &[u8]) -> Option<&[u8]> {
    match line {
        [b'\'', content @ .., b'\''] | [b'"', content @ .., b'"'] => Some(content),
        _ => None,
    }
}

/// Undoes the escapes of a string literal, as Python 2.7's `string_escape` does: an unknown one stays.
pub(super) fn unescape(content: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        match escape {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => bytes.push(*escape),
            b'a' => bytes.push(0x07),
            b'b' => bytes.push(0x08),
            b't' => bytes.push(b'\t'),
            b'n' => bytes.push(b'\n'),
            b'v' => bytes.push(0x0b),
            b'f' => bytes.push(0x0c),
            b'r' => bytes.push(b'\r'),
            b'0'..=b'7' => {
                let more = rest
                    .iter()
                    .take(2)
                    .take_while(|byte| matches!(byte, b'0'..=b'7'))
                    .count();
                let value = rest[..more].iter().fold(*escape - b'0', |value, digit| {
                    value.wrapping_mul(8).wrapping_add(digit - b'0')
                });
                bytes.push(value);
                rest = &rest[more..];
            }
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                bytes.push(u8::try_from(hexadecimal(digits)?).ok()?);
                rest = after;
            }
            unknown => bytes.extend([b'\\', *unknown]),
        }
    }
    Some(bytes)
}

/// Decodes `raw-unicode-escape`: Latin-1, with `\u` and `\U` after an odd number of backslashes.
pub(super) fn raw_unicode(line: &[u8]) -> Result<Text, NotText> {
    let mut code_points = Vec::with_capacity(line.len());
    let mut backslashes = 0;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let digits = match byte {
            b'u' if backslashes % 2 == 1 => 4,
            b'U' if backslashes % 2 == 1 => 8,
            _ => 0,
        };
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
        at += 1;
        if digits == 0 {
            code_points.push(u32::from(byte));
        } else {
            let escape = line.get(at..at + digits).and_then(hexadecimal);
            *code_points.last_mut().expect("a backslash was before") =
                escape.ok_or(NotText::Escape(at - 2))?;
            at += digits;
        }
    }
    Text::from_code_points(code_points)
}

/// Encodes `raw-unicode-escape` as the cPickle of Python 2.7 does: backslashes and line ends are escaped, too.
pub(super) fn raw_unicode_escape(text: &Text) -> Vec<u8> {
    let mut line = Vec::new();
    for code_point in text.code_points() {
        match u8::try_from(code_point) {
            Ok(byte) if byte != b'\\' && byte != b'\n' => line.push(byte),
            _ if code_point > 0xffff => line.extend(format!("\\U{code_point:08x}").bytes()),
            _ => line.extend(format!("\\u{code_point:04x}").bytes()),
        }
    }
    line
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| {
        Some(value << 4 | char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_as_python_takes_them() {
        assert_eq!(big_integer(b" +1_000 "), Some(BigInt::from(1000)));
        assert_eq!(big_integer(b"-0042"), Some(BigInt::from(-42)));
        for bad in [
            &b""[..],
            b"-",
            b"1_",
            b"_1",
            b"1__0",
            b"0x10",
            b"1L",
            b"1 2",
            b"+-1",
            b"\xb2",
        ] {
            assert_eq!(big_integer(bad), None, "{bad:?}");
        }
        assert_eq!(float(b"1e+100"), Some(Float::from(1e100)));
        assert_eq!(float(b"-0"), Some(Float::from(-0.0)));
        assert!(float(b"nan").unwrap().value().is_nan());
        assert_eq!(float(b"-inf"), Some(Float::from(f64::NEG_INFINITY)));
        assert_eq!(float(b"1e"), None);
    }

    #[test]
    fn escapes_are_undone_as_python_2_does() {
        assert_eq!(
            unescape(br#"a\'\"\\\n\x41\101\7\q\377"#).unwrap(),
            b"a'\"\\\nAA\x07\\q\xff"
        );
        assert_eq!(unescape(br"\777").unwrap(), b"\xff");
        for bad in [&br"\"[..], br"\x", br"\x4", br"\xg0"] {
            assert_eq!(unescape(bad), None);
        }
    }

    #[test]
    fn raw_unicode_escapes_depend_on_how_many_backslashes_there_are() {
        let decoded = |line: &[u8]| raw_unicode(line).map(|text| text.escaped().into_owned());
        assert_eq!(decoded(b"\\u20ac\xe9").unwrap(), "\u{20ac}\u{e9}");
        assert_eq!(decoded(br"\\u20ac").unwrap(), r"\\\\u20ac");
        assert_eq!(decoded(br"\\\u20ac").unwrap(), "\\\\\\\\\u{20ac}");
        assert_eq!(
            decoded(br"\U0001f600\ud800\x").unwrap(),
            "\u{1f600}\\ud800\\\\x"
        );
        assert_eq!(decoded(br"\u20a"), Err(NotText::Escape(0)));
        assert_eq!(decoded(br"\U00110000"), Err(NotText::CodePoint(0x11_0000)));
    }
}
