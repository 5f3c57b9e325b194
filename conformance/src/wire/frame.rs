//! Headers as the suite itself writes and reads them.
//!
//! This is deliberately not the reference's code: the reference is a testee like any other, and a fault in
//! it must not be repeated by its judge.

use processing_connection::Framing;

/// How many bytes a header of this framing has.
pub fn header_length(framing: Framing) -> usize {
    match framing {
        Framing::Hex8 => 8,
        _ => 4,
    }
}

/// The header that announces a payload of `length` bytes (PROTOCOL.md, `framing.le32` and its sisters).
pub fn header(framing: Framing, length: u32) -> Vec<u8> {
    match framing {
        Framing::Hex8 => format!("{length:08x}").into_bytes(),
        Framing::Le32 => length.to_le_bytes().to_vec(),
        _ => length.to_be_bytes().to_vec(),
    }
}

/// What a header announces, or `None` when it is none.
pub fn announced(framing: Framing, header: &[u8]) -> Option<u32> {
    match framing {
        Framing::Hex8 => header
            .iter()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
            .then(|| u32::from_str_radix(std::str::from_utf8(header).ok()?, 16).ok())
            .flatten(),
        Framing::Le32 => header.try_into().ok().map(u32::from_le_bytes),
        _ => header.try_into().ok().map(u32::from_be_bytes),
    }
}

/// A whole message.
///
/// # Panics
///
/// When the payload is longer than a header can announce: the suite makes no such message.
pub fn message(framing: Framing, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("the suite's payloads fit a header");
    let mut bytes = header(framing, length);
    bytes.extend_from_slice(payload);
    bytes
}

/// Every framing that this suite knows.
pub const FRAMINGS: [Framing; 3] = [Framing::Hex8, Framing::Le32, Framing::Be32];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_the_bytes_of_the_specification() {
        assert_eq!(header(Framing::Hex8, 0xab), b"000000ab");
        assert_eq!(header(Framing::Le32, 0x0102), [2, 1, 0, 0]);
        assert_eq!(header(Framing::Be32, 0x0102), [0, 0, 1, 2]);
    }

    #[test]
    fn a_header_announces_what_it_was_made_for() {
        for framing in FRAMINGS {
            for length in [0, 1, 255, 256, 0x7fff_ffff, u32::MAX] {
                let header = header(framing, length);
                assert_eq!(header.len(), header_length(framing));
                assert_eq!(announced(framing, &header), Some(length));
            }
        }
    }

    #[test]
    fn only_lower_case_digits_are_a_hex8_header() {
        for header in [
            &b"0000000A"[..],
            b"+0000001",
            b" 0000001",
            b"0x000001",
            b"0000000g",
        ] {
            assert_eq!(announced(Framing::Hex8, header), None, "{header:?}");
        }
    }
}
