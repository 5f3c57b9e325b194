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
    /// Not ASCII, which this unpickler needs, from this byte of the argument on.
    #[error("{name} with a byte that is not ASCII, at byte {1} of its argument", name = .0.name())]
    NotAscii(Opcode, usize),
    /// Neither a name nor a number before the end of the line.
    #[error("{} with an empty line", .0.name())]
    Empty(Opcode),
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
    NotInMemo(Opcode, String),
    /// Something was put at this place of the memo before.
    #[error("{name} to memo place {1}, which was filled before", name = .0.name())]
    TwiceInMemo(Opcode, String),
    /// So many objects and marks are on the stack after `STOP`.
    #[error("STOP leaves {0} on the stack")]
    LeftOnStack(usize),
    /// A key of a dict or an element of a set that Python cannot hash.
    #[error("{name} with {article} {1} as a key or element, which is not hashable", name = .0.name(),
        article = if .1.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })]
    Unhashable(Opcode, &'static str),
    /// An index that a sequence does not have.
    #[error("{} with an index that is not in the sequence", .0.name())]
    OutOfRange(Opcode),
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
