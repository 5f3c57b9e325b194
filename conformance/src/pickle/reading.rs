//! What pickles mean, and to whom.

use super::error::PickleError;
use super::machine::run;
use super::unpickler::{Reader, Unpickler};
use crate::notation::{Graph, Shortened};

/// How much a pickle may ask for. Reading takes time and memory in proportion to the pickle in any case,
/// except for decimal integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects.
    pub nodes: usize,
    /// Objects on the stack at one time.
    pub stack: usize,
    /// Places of the memo.
    pub memo: usize,
    /// Decimal digits of one integer.
    pub digits: usize,
}

impl Default for Limits {
    /// 2**24 of everything, 20,000 digits: more than Python 3.11 converts, and no more than takes half a millisecond.
    fn default() -> Self {
        Self {
            nodes: 1 << 24,
            stack: 1 << 24,
            memo: 1 << 24,
            digits: 20_000,
        }
    }
}

/// What [`read`] or [`loadable`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The object.
    pub graph: Graph,
    /// The highest protocol that one of the opcodes needs.
    pub protocol: u8,
    /// The protocol that `PROTO` announces, which pickles of protocol 0 and 1 lack.
    pub announced: Option<u8>,
    /// How many bytes there are up to and with `STOP`.
    pub consumed: usize,
    /// How many objects and marks are left on the stack below the object. Unpicklers do not mind, and picklers
    /// leave none.
    pub left_over: usize,
    /// What unpickling needs that is not in the pickle, and the offset of the first instruction that needs it,
    /// in ascending order. When there is anything, loading succeeds only where that is there, and does what is
    /// asked of it.
    pub needs: Vec<(usize, Need)>,
}

/// What unpickling can need beyond the pickle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A class or a function: `module.name`. Those that make plain values are not listed where they do so.
    Global(String),
    /// Whoever finds objects by persistent ids, which `loads` does not have.
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

/// Finds out which object a pickle means. Nothing is imported, called or built: what would be is a
/// [`Node::Global`](crate::notation::Node::Global) or a [`Node::Object`](crate::notation::Node::Object) in the
/// graph. What either of the [unpicklers](Unpickler) takes is taken, but that no instruction reaches below a mark, as
/// cPickle lets it.
///
/// - The strings of protocols 0 to 2 are `str`, as in Python 2. Python 3 never writes them.
/// - `LONG`, `LONG1` and `LONG4` are `long` in a pickle of protocol 0 to 2, as in Python 2, and `int` in one
///   that announces a later protocol. `INT` beyond 64 bits is like them.
/// - Keys of dicts and elements of sets are those that Python keeps: of equal ones the first, with the last value.
/// - Calls that make a plain value are that value: `set`, `frozenset`, `complex`, `bytearray`, `bytes`, in
///   the forms that Python writes; so is `copy_reg.__newobj__`.
/// - Keyword arguments of `NEWOBJ_EX` make it a call of `copyreg.__newobj_ex__`, which means the same.
pub fn read(pickle: &[u8], limits: &Limits) -> Result<Reading, PickleError> {
    run(pickle, Reader::Either, limits)
}

/// Whether an unpickler accepts a pickle, and the object as it makes it: Python 2 has no `bytes`, Python 3 no
/// `long`, and takes the strings of Python 2 for ASCII.
///
/// Nothing is executed; what cannot be known without that is in [`Reading::needs`].
pub fn loadable(
    pickle: &[u8],
    unpickler: Unpickler,
    limits: &Limits,
) -> Result<Reading, PickleError> {
    run(pickle, Reader::As(unpickler), limits)
}
