//! Long payloads whose every part can be told from every other.

/// A prime, so that the pattern never falls into step with a buffer.
pub const PERIOD: usize = 251;

/// So many bytes, all different within any 251 of them.
pub fn bytes(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..=u8::MAX).take(PERIOD).collect();
    let mut bytes = period.repeat(length.div_ceil(PERIOD));
    bytes.truncate(length);
    bytes
}
