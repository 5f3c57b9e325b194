//! Python and C literals: `b'\x80\x02K*.'`, `"\0\0\0\5"`, or the same without quotes.

use super::{Builder, Line, Problem};

/// Whether a line begins like a literal, or with an escape.
pub(super) fn looks_like(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '(', '[']);
    quote(line).is_some() || line.starts_with('\\')
}

/// The opening quote of a literal, and the rest of the line.
fn quote(line: &str) -> Option<(char, &str)> {
    let unprefixed = line.trim_start_matches(['b', 'B', 'u', 'r']);
    if line.len() - unprefixed.len() > 2 {
        return None;
    }
    let quote = unprefixed.chars().next()?;
    matches!(quote, '\'' | '"').then(|| (quote, &unprefixed[1..]))
}

/// Reads literals, between which there may be the separators that Python and C allow.
pub(super) fn read(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    for &(number, line) in lines {
        let at = |text: String| Problem::new(number, text);
        let mut rest = line.trim();
        if rest.starts_with('\\') {
            let (bytes, rest) = unescape(rest, None).map_err(at)?;
            debug_assert!(
                rest.is_empty(),
                "without a quote, only the end of the line ends it"
            );
            builder.push(&bytes);
            continue;
        }
        loop {
            rest = rest.trim_start_matches([' ', '\t', '(', '[', ')', ']', ',', '+', ';', '\\']);
            if rest.is_empty() {
                break;
            }
            let Some((quote, content)) = quote(rest) else {
                let start: String = rest.chars().take(12).collect();
                return Err(at(format!("{start:?} is not a literal")));
            };
            let (bytes, after) = unescape(content, Some(quote)).map_err(at)?;
            builder.push(&bytes);
            rest = after;
        }
    }
    Ok(())
}

/// The bytes up to the closing quote, or up to the end if `quote` is `None`, and the rest of the text.
pub(super) fn unescape(text: &str, quote: Option<char>) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let Some(char) = rest.chars().next() else {
            return match quote {
                None => Ok((bytes, rest)),
                Some(quote) => Err(format!("the closing {quote} is missing")),
            };
        };
        rest = &rest[char.len_utf8()..];
        match char {
            _ if Some(char) == quote => return Ok((bytes, rest)),
            '\\' => {
                let (byte, after) = escape(rest)?;
                bytes.push(byte);
                rest = after;
            }
            _ if char.is_ascii() => bytes.push(char as u8),
            _ => return Err(format!("{char:?} is not a byte")),
        }
    }
}

/// The byte that an escape stands for, and the rest of the text.
fn escape(text: &str) -> Result<(u8, &str), String> {
    let Some(&first) = text.as_bytes().first() else {
        return Err("no character follows the last backslash".into());
    };
    let simple = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'e' => 0x1b,
        b'\\' | b'\'' | b'"' | b'?' => first,
        b'x' => return hexadecimal(&text[1..]),
        b'0'..=b'7' => return octal(text),
        _ => {
            let char = text.chars().next().unwrap_or_default();
            return Err(format!("\\{char} is not an escape"));
        }
    };
    Ok((simple, &text[1..]))
}

fn hexadecimal(text: &str) -> Result<(u8, &str), String> {
    let digits = text
        .bytes()
        .take(2)
        .take_while(u8::is_ascii_hexdigit)
        .count();
    u8::from_str_radix(&text[..digits], 16)
        .map(|byte| (byte, &text[digits..]))
        .map_err(|_| "no hexadecimal digits follow \\x".into())
}

fn octal(text: &str) -> Result<(u8, &str), String> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'7');
    let digits = text.bytes().take(3).take_while(is_digit).count();
    u8::from_str_radix(&text[..digits], 8)
        .map(|byte| (byte, &text[digits..]))
        .map_err(|_| format!("\\{} does not fit into a byte", &text[..digits]))
}
