//! Pickles, taken apart and written without ever executing anything.
//!
//! - [`opcode`]: every opcode of protocols 0 to 5.
//! - [`disassemble()`]: the instructions of a pickle, borrowed from its bytes, and [`annotate()`]: the same
//!   for people.
//! - [`read`]: what a pickle means, as a [`Graph`](crate::notation::Graph).
//! - [`write()`]: a graph as Python 2's `cPickle` would have pickled the object.

mod annotate;
mod assemble;
mod constructors;
mod disassemble;
mod encode;
mod error;
mod literal;
mod memory;
mod model;
pub mod opcode;
#[cfg(test)]
mod tests;

pub(crate) use annotate::Shown;
pub use annotate::annotate;
pub use disassemble::{Argument, Disassembly, Instruction, disassemble};
pub use encode::{EncodeError, write};
pub use error::{PickleError, Reason};
pub use model::{Limits, Reading, read};
pub use opcode::Opcode;
