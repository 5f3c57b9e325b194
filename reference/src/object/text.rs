//! The escapes of protocol 0: `repr` of a `str`, and raw-unicode-escape.

/// Returns the bytes that Python's `repr` of a `str` denotes, or `None` if it is not quoted or has
/// an invalid escape.
pub(super) fn unquoted(literal: &[u8]) -> Option<Vec<u8>> {
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = literal else {
        return None;
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escaped, after) = rest.split_first()?;
        rest = after;
        match escaped {
            b'\\' | b'\'' | b'"' => bytes.push(*escaped),
            b'a' => bytes.push(0x07),
            b'b' => bytes.push(0x08),
            b'f' => bytes.push(0x0c),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(0x0b),
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                bytes.push(u8::try_from(number(digits, 16)?).ok()?);
                rest = after;
            }
            b'0'..=b'7' => {
                let digits = 1 + rest
                    .iter()
                    .take(2)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                let (octal, after) = (
                    &inner[inner.len() - rest.len() - 1..][..digits],
                    &rest[digits - 1..],
                );
                // As in C, a value that does not fit in a byte is truncated.
                bytes.push(number(octal, 8)?.to_le_bytes()[0]);
                rest = after;
            }
            other => bytes.extend([b'\\', *other]),
        }
    }
    Some(bytes)
}

/// Why text cannot be decoded.
pub(super) enum Undecodable {
    Escape,
    LoneSurrogate,
}

/// Returns the text that raw-unicode-escape denotes: Latin-1 with `\uXXXX` and `\UXXXXXXXX`, which
/// are escapes only if the number of backslashes is odd.
pub(super) fn unescaped(raw: &[u8]) -> Result<String, Undecodable> {
    let mut units = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, ..] = rest {
        let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
        if backslashes == 0 {
            units.push(u32::from(*first));
            rest = &rest[1..];
            continue;
        }
        rest = &rest[backslashes..];
        let length = match rest.first() {
            Some(b'u') if backslashes % 2 == 1 => 4,
            Some(b'U') if backslashes % 2 == 1 => 8,
            _ => 0,
        };
        let literal = if length == 0 {
            backslashes
        } else {
            backslashes - 1
        };
        units.extend(std::iter::repeat_n(u32::from(b'\\'), literal));
        if length > 0 {
            let digits = rest.get(1..=length).ok_or(Undecodable::Escape)?;
            units.push(number(digits, 16).ok_or(Undecodable::Escape)?);
            rest = &rest[1 + length..];
        }
    }
    text_of(&units)
}

/// Decodes code points. Surrogate pairs, which builds of Python with 16-bit characters write,
/// become the characters that they denote.
fn text_of(units: &[u32]) -> Result<String, Undecodable> {
    let mut text = String::with_capacity(units.len());
    let mut rest = units;
    while let [first, after @ ..] = rest {
        rest = after;
        let code = match (first, rest) {
            (0xd800..=0xdbff, [low @ 0xdc00..=0xdfff, after @ ..]) => {
                rest = after;
                0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)
            }
            (0xd800..=0xdfff, _) => return Err(Undecodable::LoneSurrogate),
            _ => *first,
        };
        text.push(char::from_u32(code).ok_or(Undecodable::Escape)?);
    }
    Ok(text)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}

/// Encodes text in Latin-1, if all of its characters are in it.
pub(super) fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_string_has_the_escapes_of_repr() {
        assert_eq!(unquoted(br"'plain'").unwrap(), b"plain");
        assert_eq!(unquoted(br#""it's""#).unwrap(), b"it's");
        assert_eq!(
            unquoted(br"'\n\t\x00\xff\\\''").unwrap(),
            b"\n\t\x00\xff\\'"
        );
        assert_eq!(unquoted(br"'\0\12\1234\777'").unwrap(), b"\x00\nS4\xff");
        assert_eq!(unquoted(br"'\q'").unwrap(), br"\q");
    }

    #[test]
    fn a_string_without_quotes_or_with_an_invalid_escape_is_refused() {
        for broken in [
            &b"x"[..],
            b"'x",
            b"x'",
            b"'",
            b"",
            br"'\'",
            br"'\x1'",
            br"'\xgg'",
        ] {
            assert!(unquoted(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn raw_unicode_escapes_have_an_odd_number_of_backslashes() {
        let text = |raw| unescaped(raw).ok().unwrap();
        assert_eq!(text(b"caf\xe9"), "café");
        assert_eq!(text(br"\u20ac"), "€");
        assert_eq!(text(br"\U0001f600 \ud83d\ude00"), "😀 😀");
        assert_eq!(text(br"\\u20ac"), r"\\u20ac");
        assert_eq!(text(br"\n"), r"\n");
        assert_eq!(text(br"\\\u20ac"), r"\\€");
    }

    #[test]
    fn invalid_raw_unicode_is_an_error() {
        assert!(matches!(unescaped(br"\u20"), Err(Undecodable::Escape)));
        assert!(matches!(
            unescaped(br"\U00110000"),
            Err(Undecodable::Escape)
        ));
        assert!(matches!(
            unescaped(br"\ud83d"),
            Err(Undecodable::LoneSurrogate)
        ));
    }
}
