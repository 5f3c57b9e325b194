//! Pickles, taken apart and written without ever executing anything.
//!
//! - [`opcode`]: every opcode of protocols 0 to 5.
//! - [`disassemble()`]: the instructions of a pickle, borrowed from its bytes, and [`annotate()`]: the same
//!   for people.
//! - [`well_formed()`]: whether it keeps to the discipline of pickles, and [`loadable`]: whether an unpickler takes it.
//! - [`read`]: what a pickle means, as a [`Graph`](crate::notation::Graph).
//! - [`write()`]: a graph as Python 2's `cPickle` would have pickled the object.

mod annotate;
mod assemble;
mod constructors;
mod containers;
mod disassemble;
mod encode;
mod equality;
mod error;
mod literal;
mod machine;
mod memory;
mod objects;
pub mod opcode;
mod reading;
mod scan;
#[cfg(test)]
mod tests;
mod unpickler;
mod values;
mod well_formed;

pub(crate) use annotate::Shown;
pub use annotate::annotate;
pub use disassemble::{Argument, Disassembly, Instruction, disassemble};
pub use encode::{EncodeError, write};
pub use error::{PickleError, Reason};
pub use opcode::Opcode;
pub use reading::{Limits, Need, Reading, loadable, read};
pub use unpickler::Unpickler;
pub use well_formed::{WellFormed, well_formed};
