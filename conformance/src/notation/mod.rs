//! Python objects as a table of nodes. Adapters report objects in this notation, pickles are read into it, and the
//! suite compares objects in it.
//!
//! The JSON form is specified in `ADAPTER.md` ("The notation for Python objects"). Two references to one node express
//! sharing, and a reference back expresses recursion. However deeply an object is nested, nothing here recurses over
//! it.
//!
//! ```
//! # use processing_conformance::notation::Graph;
//! let graph = Graph::build(|b| {
//!     let answer = b.int(42);
//!     let list = b.list([answer, answer]);
//!     b.append(list, list);
//!     list
//! });
//! assert_eq!(graph.to_string(), "#1=[42, 42, #1#]");
//! let json = r#"{"root":1,"nodes":[{"int":"42"},{"list":[0,0,1]}]}"#;
//! assert_eq!(serde_json::to_string(&graph).unwrap(), json);
//! ```

mod build;
mod colour;
mod compare;
mod json;
mod render;
#[cfg(test)]
mod tests;
mod text;
mod value;

use num_bigint::BigInt;

/// The JSON Schema of the notation. Parsing a [`Graph`] refuses everything that the schema refuses, and more:
/// references outside the table, arguments that are not a tuple, duplicate members, and integers with a fraction.
pub const SCHEMA: &str = include_str!("../../schema/notation.schema.json");

pub use build::Builder;
pub use compare::{Difference, Fidelity, compare};
pub(crate) use render::{Quoted, Shortened, quote};
pub(crate) use text::check_surrogatepass;
pub use text::{NotText, Text};
pub use value::{NotAValue, outside_values};

/// The place of a node in [`Graph::nodes`].
pub type NodeId = usize;

/// An object and everything it refers to.
///
/// `==` compares the tables. Use [`compare`] to find out whether two graphs mean the same object.
///
/// Every reference must be a place in the table, and the arguments of an [`Object`] must be a tuple. Parsing, reading a
/// pickle and building guarantee this; methods may panic for other graphs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The object itself.
    pub root: NodeId,
    /// All the nodes, in no particular order.
    pub nodes: Vec<Node>,
}

/// One Python object, referring to others by their place in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// Python 2 `int`, or Python 3 `int` of any size
    Int(BigInt),
    /// Python 2 `long`
    Long(BigInt),
    /// `float`
    Float(Float),
    /// `complex`: real and imaginary part
    Complex(Float, Float),
    /// Python 2 `str`
    Str(Vec<u8>),
    /// Python 3 `bytes`
    Bytes(Vec<u8>),
    /// `bytearray`
    ByteArray(Vec<u8>),
    /// Python 2 `unicode`, Python 3 `str`
    Unicode(Text),
    /// `list`
    List(Vec<NodeId>),
    /// `tuple`
    Tuple(Vec<NodeId>),
    /// `set`, its elements in any order
    Set(Vec<NodeId>),
    /// `frozenset`, its elements in any order
    FrozenSet(Vec<NodeId>),
    /// `dict`: pairs of key and value, in any order
    Dict(Vec<(NodeId, NodeId)>),
    /// A class or function by reference
    Global {
        /// The module that it is imported from
        module: String,
        /// Its name in that module
        name: String,
    },
    /// An object that a class or a function made: `instance` and `reduce` in the JSON form
    Object(Box<Object>),
    /// An object known by a persistent id
    Persistent(NodeId),
    /// A class or function known by its `copy_reg` extension code
    Extension(u32),
    /// The n-th out-of-band buffer (pickle protocol 5)
    Buffer(usize),
    /// An object that the implementation cannot pickle, with a description of it
    Unpicklable(String),
}

/// An object that is made by a class or function and then filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// How the object is made from `callable` and `arguments`.
    pub construction: Construction,
    /// The class or function.
    pub callable: NodeId,
    /// The arguments, which are a tuple.
    pub arguments: NodeId,
    /// States, each of which is given to `__setstate__` or its equivalent, in this order.
    pub state: Vec<NodeId>,
    /// Items that are appended, in this order.
    pub items: Vec<NodeId>,
    /// Pairs of key and value that are set as items, in any order.
    pub pairs: Vec<(NodeId, NodeId)>,
}

impl Object {
    /// An object that has not been filled with anything yet.
    pub fn new(construction: Construction, callable: NodeId, arguments: NodeId) -> Self {
        Self {
            construction,
            callable,
            arguments,
            state: Vec::new(),
            items: Vec::new(),
            pairs: Vec::new(),
        }
    }
}

/// How an [`Object`] is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Construction {
    /// `instance`: the result of `cls.__new__(cls, *arguments)`
    New,
    /// `instance` with `"old": true`: an instance of an old-style class of Python 2
    Old,
    /// `reduce`: the result of `callable(*arguments)`
    Call,
}

/// The bits of a Python `float`, an IEEE 754 double.
///
/// `==` compares bits: `0.0` and `-0.0` differ, a NaN equals the same NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Float(u64);

impl Float {
    /// The number with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits of the number.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl From<f64> for Float {
    fn from(value: f64) -> Self {
        Self(value.to_bits())
    }
}

impl Graph {
    /// The node at the root.
    pub fn root(&self) -> &Node {
        &self.nodes[self.root]
    }

    /// Returns the same object in a table of only its reachable nodes, which are numbered in depth-first order.
    ///
    /// # Panics
    ///
    /// Panics if a reference is outside the table.
    pub fn compact(mut self) -> Self {
        const UNMET: usize = usize::MAX;
        let mut place = vec![UNMET; self.nodes.len()];
        let mut met = 0;
        let mut pending = vec![self.root];
        while let Some(id) = pending.pop() {
            if place[id] == UNMET {
                place[id] = met;
                met += 1;
                let children = pending.len();
                pending.extend(self.nodes[id].references());
                pending[children..].reverse();
            }
        }
        drop(pending);
        let unmet = place.iter_mut().filter(|place| **place == UNMET);
        unmet.zip(met..).for_each(|(place, behind)| *place = behind);
        for node in &mut self.nodes {
            node.each_reference_mut(|id| *id = place[*id]);
        }
        for id in 0..place.len() {
            while place[id] != id {
                let to = place[id];
                self.nodes.swap(id, to);
                place.swap(id, to);
            }
        }
        self.nodes.truncate(met);
        Self {
            root: 0,
            nodes: self.nodes,
        }
    }
}

impl Node {
    /// The name of the node in the JSON form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Float(_) => "float",
            Self::Complex(..) => "complex",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::ByteArray(_) => "bytearray",
            Self::Unicode(_) => "unicode",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Dict(_) => "dict",
            Self::Global { .. } => "global",
            Self::Object(object) => match object.construction {
                Construction::New | Construction::Old => "instance",
                Construction::Call => "reduce",
            },
            Self::Persistent(_) => "persistent",
            Self::Extension(_) => "extension",
            Self::Buffer(_) => "buffer",
            Self::Unpicklable(_) => "unpicklable",
        }
    }

    /// The nodes that this one refers to.
    pub fn references(&self) -> impl Iterator<Item = NodeId> {
        let (members, pairs, object): (&[NodeId], &[(NodeId, NodeId)], _) = match self {
            Self::List(ids) | Self::Tuple(ids) | Self::Set(ids) | Self::FrozenSet(ids) => {
                (ids, &[], None)
            }
            Self::Persistent(id) => (std::slice::from_ref(id), &[], None),
            Self::Dict(pairs) => (&[], pairs, None),
            Self::Object(object) => (&object.items, &object.pairs, Some(object)),
            _ => (&[], &[], None),
        };
        object
            .into_iter()
            .flat_map(|object| {
                [object.callable, object.arguments]
                    .into_iter()
                    .chain(object.state.iter().copied())
            })
            .chain(members.iter().copied())
            .chain(pairs.iter().flat_map(|&(key, value)| [key, value]))
    }

    /// Calls `change` with every reference, in the order of [`Node::references`].
    pub(crate) fn each_reference_mut(&mut self, change: impl FnMut(&mut NodeId)) {
        match self {
            Self::List(ids) | Self::Tuple(ids) | Self::Set(ids) | Self::FrozenSet(ids) => {
                ids.iter_mut().for_each(change);
            }
            Self::Persistent(id) => std::iter::once(id).for_each(change),
            Self::Dict(pairs) => pairs
                .iter_mut()
                .flat_map(|(key, value)| [key, value])
                .for_each(change),
            Self::Object(object) => [&mut object.callable, &mut object.arguments]
                .into_iter()
                .chain(&mut object.state)
                .chain(&mut object.items)
                .chain(
                    object
                        .pairs
                        .iter_mut()
                        .flat_map(|(key, value)| [key, value]),
                )
                .for_each(change),
            _ => {}
        }
    }

    /// Whether it matters that two references are to the same object of this kind: it is mutable, or it contains
    /// others. The empty tuple and the empty frozenset are exceptions, because Python has only one of each.
    pub fn has_identity(&self) -> bool {
        match self {
            Self::List(_) | Self::Dict(_) | Self::Set(_) | Self::ByteArray(_) | Self::Object(_) => {
                true
            }
            Self::Tuple(ids) | Self::FrozenSet(ids) => !ids.is_empty(),
            _ => false,
        }
    }
}
