//! What can be wrong with a pickle.

use thiserror::Error;

use super::Opcode;
use crate::notation::NotText;

/// An error in a pickle, and its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset} of the pickle: {reason}")]
pub struct PickleError {
    /// The offset of the instruction that cannot be read or carried out.
    pub offset: usize,
    /// What is wrong with it.
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
    /// A length or a memo slot is negative.
    #[error("{} with a negative number", .0.name())]
    Negative(Opcode),
    /// A number is not a decimal integer or float, whichever the opcode needs.
    #[error("{} with a malformed number", .0.name())]
    Number(Opcode),
    /// A string literal has no quotes around it, or an invalid escape in it.
    #[error("{} with a malformed string literal", .0.name())]
    Literal(Opcode),
    /// Text cannot be decoded.
    #[error("{name} with malformed text: {1}", name = .0.name())]
    Text(Opcode, NotText),
    /// This byte of the argument is not ASCII, which the unpickler requires.
    #[error("{name} with a byte that is not ASCII, at byte {1} of its argument", name = .0.name())]
    NotAscii(Opcode, usize),
    /// A line is empty where a name or a number is needed.
    #[error("{} with an empty line", .0.name())]
    Empty(Opcode),
    /// `PROTO` or `FRAME` announces a wrong protocol or length.
    #[error("{name} announces {1}", name = .0.name())]
    Announced(Opcode, u64),
    /// There are not enough objects on the stack.
    #[error("{} finds too few objects on the stack", .0.name())]
    StackUnderflow(Opcode),
    /// There is no mark on the stack.
    #[error("{} finds no mark on the stack", .0.name())]
    NoMark(Opcode),
    /// A key has no value.
    #[error("{} finds a key without a value", .0.name())]
    OddPairs(Opcode),
    /// This memo slot is empty.
    #[error("{name} of memo slot {1}, which is empty", name = .0.name())]
    NotInMemo(Opcode, String),
    /// This memo slot has been filled before.
    #[error("{name} to memo slot {1}, which was filled before", name = .0.name())]
    TwiceInMemo(Opcode, String),
    /// This number of objects and marks is left on the stack after `STOP`.
    #[error("STOP leaves {0} on the stack")]
    LeftOnStack(usize),
    /// Python cannot hash a key of a dict or an element of a set.
    #[error("{name} with {article} {1} as a key or element, which is not hashable", name = .0.name(),
        article = if .1.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })]
    Unhashable(Opcode, &'static str),
    /// An index is outside the sequence.
    #[error("{} with an index that is not in the sequence", .0.name())]
    OutOfRange(Opcode),
    /// The opcode cannot be applied to this kind of node.
    #[error("{name} applied to {1}", name = .0.name())]
    Misapplied(Opcode, &'static str),
    /// An extension code is less than 1.
    #[error("{name} with extension code {1}", name = .0.name())]
    ExtensionCode(Opcode, i64),
    /// One of the [`Limits`](super::Limits) is exceeded.
    #[error("more than {limit} {what}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
