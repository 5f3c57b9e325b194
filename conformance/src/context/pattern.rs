//! Long payloads in which a missing or misplaced part can be detected.

/// The period of the pattern: a prime, so that it does not divide the size of a buffer.
pub const PERIOD: usize = 251;

/// `length` bytes, in which any 251 consecutive bytes are different.
pub fn bytes(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..=u8::MAX).take(PERIOD).collect();
    let mut bytes = period.repeat(length.div_ceil(PERIOD));
    bytes.truncate(length);
    bytes
}
