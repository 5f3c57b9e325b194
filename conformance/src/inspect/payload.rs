//! Recognises the contents of a payload.

use crate::pickle::{Limits, disassemble, read};
use crate::wire::handshake::begins_as_handshake;

/// The opcode `PROTO`, with which pickles of protocol 2 and later begin.
const PROTO: u8 = 0x80;
/// The protocols that `PROTO` can announce.
const PROTOCOLS: std::ops::RangeInclusive<u8> = 2..=5;
/// The longest payload, in bytes, that is tried as a pickle without `PROTO`: such a pickle is recognised by reading it.
const LONGEST_TRIED: usize = 16 << 20;

/// The limits on objects that are shown. They allow for more than a person would read.
pub fn limits() -> Limits {
    Limits {
        nodes: 1 << 20,
        stack: 1 << 20,
        memo: 1 << 20,
        digits: 10_000,
    }
}

/// Whether a payload is a pickle: it announces a protocol, or can be read to its end as a pickle of protocol 0 or 1.
pub fn is_pickle(payload: &[u8]) -> bool {
    announces_protocol(payload) || is_old_pickle(payload)
}

/// Whether a payload is a pickle from the first byte to the last.
pub(super) fn is_whole_pickle(payload: &[u8]) -> bool {
    if !announces_protocol(payload) {
        return is_old_pickle(payload);
    }
    let mut instructions = disassemble(payload);
    instructions.all(|step| step.is_ok()) && instructions.position() == payload.len()
}

fn announces_protocol(payload: &[u8]) -> bool {
    matches!(payload, [PROTO, protocol, ..] if PROTOCOLS.contains(protocol)) || payload == [PROTO]
}

fn is_old_pickle(payload: &[u8]) -> bool {
    payload.last() == Some(&b'.')
        && payload.len() <= LONGEST_TRIED
        && read(payload, &limits())
            .is_ok_and(|reading| reading.consumed == payload.len() && reading.left_over == 0)
}

/// Whether a payload begins like a pickle or like a message of a handshake. This is a cheap check.
pub(super) fn begins_as_known(payload: &[u8]) -> bool {
    matches!(payload, [PROTO, protocol, ..] if PROTOCOLS.contains(protocol))
        || begins_as_handshake(payload)
}
