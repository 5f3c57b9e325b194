//! The part of a payload that arrived before a timeout.

/// The beginning of a payload, from which the next receive continues.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) payload: Vec<u8>,
    /// The length of the whole payload, in bytes.
    pub(super) expected: u64,
}
