//! The text of protocol 0: numbers, string literals, raw-unicode-escape.

use std::borrow::Cow;

use num_bigint::BigInt;

use crate::notation::{Float, NotText, Text};

/// The sign and the digits of an integer in a form that Python's `int` accepts: with blanks around it, a sign, and
/// single underscores between digits.
pub(super) fn integer(line: &[u8]) -> Option<Cow<'_, str>> {
    let number = plain_number(line)?;
    let digits = number.strip_prefix(['+', '-']).unwrap_or(&number);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The value of an integer in a form that [`integer`] accepts.
pub(super) fn big_integer(line: &[u8]) -> Option<BigInt> {
    integer(line)?.parse().ok()
}

/// A double of eight bytes, big-endian.
pub(super) fn double(bytes: &[u8]) -> Float {
    Float::from_bits(u64::from_be_bytes(bytes.try_into().unwrap_or_default()))
}

/// The value of a float in a form that Python's `float` accepts.
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

/// The result of C's `strtol` with base 0 for a whole line, if it fits into a `long` of 64 bits.
pub(super) fn strtol(line: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(blanks_skipped(line));
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', _, ..] => (8, digits),
        _ => (10, digits),
    };
    let digits = str::from_utf8(digits).ok()?;
    if !digits.starts_with(|digit: char| digit.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The same for the part of the line before a NUL, if there is one; an empty part is 0.
pub(super) fn strtol_up_to_nul(line: &[u8]) -> Option<i64> {
    match line {
        [0, ..] => Some(0),
        _ => strtol(up_to_nul(line)),
    }
}

/// The result of `PyLong_FromString` with base 0 in Python 2.7.
pub(super) fn integer_of_python_2(line: &[u8]) -> Option<BigInt> {
    let (negative, number) = sign(blanks_skipped(up_to_nul(line)));
    let number = blanks_skipped(number);
    let (radix, digits) = match prefixed(number) {
        Some(prefixed) => prefixed,
        None if number.first() == Some(&b'0') => (8, number),
        None => (10, number),
    };
    let digits = without_trailing_blanks(digits);
    let digits = digits
        .strip_suffix(b"L")
        .or(digits.strip_suffix(b"l"))
        .unwrap_or(digits);
    digits_only(digits, radix, negative)
}

/// The result of `PyLong_FromString` with base 0 or 10 in Python 3.13. A number in base 10 may have no more than
/// `most_digits` digits.
pub(super) fn integer_of_python_3(line: &[u8], base: u32, most_digits: usize) -> Option<BigInt> {
    let (negative, number) = sign(blanks_skipped(up_to_nul(line)));
    let number = without_trailing_blanks(number);
    let (radix, digits) = match prefixed(number) {
        Some((radix, digits)) if base == 0 => (radix, digits.strip_prefix(b"_").unwrap_or(digits)),
        _ => (10, number),
    };
    let text = without_underscores(digits)?;
    if radix == 10 && text.len() > most_digits {
        return None;
    }
    let value = digits_only(&text, radix, negative)?;
    // An octal number in the old style is an error, unless it is zero.
    let old_octal = base == 0 && radix == 10 && text.starts_with(b"0");
    (!old_octal || value == BigInt::ZERO).then_some(value)
}

/// Digits without the single underscores between them.
fn without_underscores(digits: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !digits.contains(&b'_') {
        return Some(Cow::Borrowed(digits));
    }
    let groups: Vec<&[u8]> = digits.split(|&byte| byte == b'_').collect();
    groups
        .iter()
        .all(|group| !group.is_empty())
        .then(|| Cow::Owned(groups.concat()))
}

/// The radix of a number that begins with `0x`, `0o` or `0b`, and its digits.
fn prefixed(number: &[u8]) -> Option<(u32, &[u8])> {
    match number {
        [b'0', b'x' | b'X', digits @ ..] => Some((16, digits)),
        [b'0', b'o' | b'O', digits @ ..] => Some((8, digits)),
        [b'0', b'b' | b'B', digits @ ..] => Some((2, digits)),
        _ => None,
    }
}

fn digits_only(digits: &[u8], radix: u32, negative: bool) -> Option<BigInt> {
    let all = digits
        .iter()
        .all(|&digit| char::from(digit).is_digit(radix));
    let value = BigInt::parse_bytes(digits, radix).filter(|_| all)?;
    Some(if negative { -value } else { value })
}

/// Whether there is a minus sign, and the digits that follow the sign.
fn sign(number: &[u8]) -> (bool, &[u8]) {
    match number {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, number),
    }
}

/// The value of a float in a form that C's `strtod` accepts, which Python's unpicklers use: with nothing around it, and
/// within the range of a double.
pub(super) fn bare_float(line: &[u8]) -> Option<Float> {
    let value: f64 = str::from_utf8(line).ok()?.parse().ok()?;
    let overflows = value.is_infinite() && line.iter().any(u8::is_ascii_digit);
    (!overflows).then(|| Float::from(value))
}

/// The part of a line that is a string in C.
pub(super) fn up_to_nul(line: &[u8]) -> &[u8] {
    match memchr::memchr(0, line) {
        Some(end) => &line[..end],
        None => line,
    }
}

/// Whether C's `isspace` accepts a byte.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn blanks_skipped(line: &[u8]) -> &[u8] {
    let first = line.iter().position(|&byte| !is_blank(byte));
    &line[first.unwrap_or(line.len())..]
}

pub(super) fn without_trailing_blanks(line: &[u8]) -> &[u8] {
    let last = line.iter().rposition(|&byte| !is_blank(byte));
    &line[..last.map_or(0, |last| last + 1)]
}

/// A line without the bytes at its end that cPickle considers to be blanks: those up to the space and, because its
/// `char` is signed, those beyond ASCII.
pub(super) fn without_trailing_controls(line: &[u8]) -> &[u8] {
    let last = line.iter().rposition(|&byte| matches!(byte, b'!'..=0x7f));
    &line[..last.map_or(0, |last| last + 1)]
}

/// The content of a string literal, without its quotes.
pub(super) fn unquote(line: &[u8]) -> Option<&[u8]> {
    match line {
        [b'\'', content @ .., b'\''] | [b'"', content @ .., b'"'] => Some(content),
        _ => None,
    }
}

/// Decodes the escapes of a string literal like `string_escape` in Python 2.7, which keeps unknown escapes.
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

/// Encodes `raw-unicode-escape` like cPickle in Python 2.7, which also escapes backslashes and line ends.
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
    fn numbers_are_accepted_in_the_forms_that_python_accepts() {
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
    fn escapes_are_decoded_as_in_python_2() {
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
    fn raw_unicode_escapes_depend_on_the_number_of_backslashes() {
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
