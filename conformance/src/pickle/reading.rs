//! The meaning of pickles, in general and to a particular unpickler.

use super::error::PickleError;
use super::machine::run;
use super::unpickler::{Reader, Unpickler};
use crate::notation::{Graph, Shortened};

/// The resources that reading a pickle may use. Except for decimal integers, reading takes time and memory in
/// proportion to the length of the pickle in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of objects.
    pub nodes: usize,
    /// The number of objects on the stack at one time.
    pub stack: usize,
    /// The number of memo slots.
    pub memo: usize,
    /// The number of decimal digits of one integer.
    pub digits: usize,
}

impl Default for Limits {
    /// Each limit is 2**24, except that integers may have 20,000 digits. That is more digits than Python 3.11 converts,
    /// and the conversion takes half a millisecond at most.
    fn default() -> Self {
        Self {
            nodes: 1 << 24,
            stack: 1 << 24,
            memo: 1 << 24,
            digits: 20_000,
        }
    }
}

/// The result of [`read`] or [`loadable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The object.
    pub graph: Graph,
    /// The highest protocol that any of the opcodes needs.
    pub protocol: u8,
    /// The protocol that `PROTO` announces, which pickles of protocol 0 and 1 lack.
    pub announced: Option<u8>,
    /// The number of bytes up to and including `STOP`.
    pub consumed: usize,
    /// The number of objects and marks that are left on the stack below the object. Unpicklers accept any number, and
    /// picklers leave none.
    pub left_over: usize,
    /// What unpickling needs in addition to the pickle, with the offset of the first instruction that needs it, in
    /// ascending order. If there is anything, loading succeeds only if all of it is available and works as expected.
    pub needs: Vec<(usize, Need)>,
}

/// Something that unpickling can need in addition to the pickle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A class or a function: `module.name`. It is not listed if it is only used to make plain values.
    Global(String),
    /// A way to find objects by their persistent ids, which `loads` does not have.
    PersistentIds,
    /// The class or function that `copy_reg` knows by this code.
    Extension(u32),
    /// Out-of-band buffers.
    Buffers,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Global(name) => Shortened(name).fmt(f),
            Self::PersistentIds => f.write_str("persistent ids"),
            Self::Extension(code) => write!(f, "extension code {code}"),
            Self::Buffers => f.write_str("out-of-band buffers"),
        }
    }
}

/// Finds out which object a pickle means. Nothing is imported, called or built: the graph has a
/// [`Node::Global`](crate::notation::Node::Global) or a [`Node::Object`](crate::notation::Node::Object) instead.
/// Everything that either of the [unpicklers](Unpickler) accepts is accepted, except that no instruction reaches below
/// a mark, which cPickle allows.
///
/// - The strings of protocols 0 to 2 are `str`, as in Python 2. Python 3 never writes them.
/// - `LONG`, `LONG1` and `LONG4` are `long` in a pickle of protocol 0 to 2, as in Python 2, and `int` in one that
///   announces a later protocol. So is `INT` beyond 64 bits.
/// - Keys of dicts and elements of sets are those that Python keeps: the first of several equal ones, with the last
///   value.
/// - Calls that make a plain value are replaced by that value: `set`, `frozenset`, `complex`, `bytearray` and `bytes`,
///   in the forms that Python writes. A call of `copy_reg.__newobj__` is replaced by the instance.
/// - Keyword arguments of `NEWOBJ_EX` make it a call of `copyreg.__newobj_ex__`, which means the same.
pub fn read(pickle: &[u8], limits: &Limits) -> Result<Reading, PickleError> {
    run(pickle, Reader::Either, limits)
}

/// Finds out whether an unpickler accepts a pickle, and which object it makes: Python 2 has no `bytes`; Python 3 has no
/// `long`, and decodes the strings of Python 2 as ASCII.
///
/// Nothing is executed. Everything that would have to be executed is listed in [`Reading::needs`].
pub fn loadable(
    pickle: &[u8],
    unpickler: Unpickler,
    limits: &Limits,
) -> Result<Reading, PickleError> {
    run(pickle, Reader::As(unpickler), limits)
}
