//! What came of a payload before a timeout.

/// The beginning of a payload, with which the next receive goes on.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) payload: Vec<u8>,
    /// Bytes of the whole payload.
    pub(super) expected: u64,
}
