//! Hexadecimal digits: `0000000580024b2a2e`, `00 00 00 05`, `00:00:00:05`, `0x00, 0x00`, `\x00\x00`.

use super::{Builder, Line, Problem};

/// Whether a character may separate bytes.
fn is_separator(char: char) -> bool {
    char.is_ascii_whitespace()
        || matches!(char, ':' | ',' | ';' | '-' | '_' | '[' | ']' | '{' | '}')
}

/// Whether the lines consist of digits and separators, with at least one digit.
pub(super) fn looks_like(lines: &[Line<'_>]) -> bool {
    lines
        .iter()
        .flat_map(|(_, line)| line.split(is_separator))
        .map(digits)
        .all(|digits| digits.chars().all(|char| char.is_ascii_hexdigit()))
}

/// A word without the prefix of hexadecimal numbers.
fn digits(word: &str) -> &str {
    word.strip_prefix("0x")
        .or_else(|| word.strip_prefix("0X"))
        .unwrap_or(word)
}

pub(super) fn read(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    for &(number, line) in lines {
        for word in line.split(is_separator).filter(|word| !word.is_empty()) {
            let digits = digits(word);
            if let Some(wrong) = digits.chars().find(|char| !char.is_ascii_hexdigit()) {
                let text = format!("{wrong:?} is not a hexadecimal digit");
                return Err(Problem::new(number, text));
            }
            // `0x5` is a byte, too.
            let padded;
            let digits = if digits.len() == 1 && digits != word {
                padded = format!("0{digits}");
                &padded
            } else {
                digits
            };
            let bytes = hex::decode(digits).map_err(|_| {
                let text = format!("expected an even number of digits, found {}", digits.len());
                Problem::new(number, text)
            })?;
            builder.push(&bytes);
        }
    }
    Ok(())
}
