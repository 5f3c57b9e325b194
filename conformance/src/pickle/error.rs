//! What can be wrong with a pickle.

use thiserror::Error;

use super::Opcode;
use crate::notation::NotText;

/// A pickle that cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset} of the pickle: {reason}")]
pub struct PickleError {
    /// Where the instruction begins that cannot be read, or done.
    pub offset: usize,
    /// Why not.
    pub reason: Reason,
}

/// Why a pickle cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// The bytes end before `STOP`.
    #[error("ends without STOP")]
    NoStop,
    /// The bytes end inside an instruction.
    #[error("ends inside {}", .0.name())]
    Truncated(Opcode),
    /// No protocol has this opcode.
    #[error("unknown opcode {0:#04x}")]
    UnknownOpcode(u8),
    /// A length or a memo place below 0.
    #[error("{} with a negative number", .0.name())]
    Negative(Opcode),
    /// Neither an integer nor a float in decimal, whichever is needed.
    #[error("{} with a malformed number", .0.name())]
    Number(Opcode),
    /// No quotes around a string literal, or a broken escape in it.
    #[error("{} with a malformed string literal", .0.name())]
    Literal(Opcode),
    /// Text that cannot be decoded.
    #[error("{name} with malformed text: {1}", name = .0.name())]
    Text(Opcode, NotText),
    /// `PROTO` or `FRAME` announce what is not so.
    #[error("{name} announces {1}", name = .0.name())]
    Announced(Opcode, u64),
    /// There are not enough objects on the stack.
    #[error("{} finds too few objects on the stack", .0.name())]
    StackUnderflow(Opcode),
    /// There is no mark on the stack.
    #[error("{} finds no mark on the stack", .0.name())]
    NoMark(Opcode),
    /// Keys without a value.
    #[error("{} finds a key without a value", .0.name())]
    OddPairs(Opcode),
    /// Nothing was put at this place of the memo.
    #[error("{name} of memo place {1}, where nothing was put", name = .0.name())]
    NotInMemo(Opcode, u64),
    /// The opcode cannot be applied to this kind of node.
    #[error("{name} applied to {1}", name = .0.name())]
    Misapplied(Opcode, &'static str),
    /// An extension code below 1.
    #[error("{name} with extension code {1}", name = .0.name())]
    ExtensionCode(Opcode, i64),
    /// Over one of the [`Limits`](super::Limits).
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
