//! Reading and writing pickles without ever executing anything.
//!
//! - [`opcode`]: every opcode of protocols 0 to 5.
//! - [`disassemble()`]: the instructions of a pickle, borrowed from its bytes. [`annotate()`]: the same for people.
//! - [`well_formed()`]: whether a pickle follows the rules that picklers follow. [`loadable`]: whether an unpickler
//!   accepts it.
//! - [`read`]: the object that a pickle means, as a [`Graph`](crate::notation::Graph).
//! - [`write()`]: a graph, pickled as Python 2's `cPickle` would have pickled the object.

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
