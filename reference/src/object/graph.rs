//! The objects that a pickle describes, in a flat table in which they refer to each other by index.

use num_bigint::BigInt;

/// A value on the stack of the pickle machine. Copying it does not copy an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'p> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(&'p [u8]),
    Text(&'p str),
    Constructor(Constructor),
    Object(usize),
}

/// An object that has an identity, or whose contents do not appear in the payload as they are.
#[derive(Debug)]
pub(super) struct Object<'p> {
    /// The offset of the opcode that made it.
    pub(super) at: usize,
    pub(super) body: Body<'p>,
}

#[derive(Debug)]
pub(super) enum Body<'p> {
    List(Vec<Item<'p>>),
    Tuple(Vec<Item<'p>>),
    Set(Vec<Item<'p>>),
    FrozenSet(Vec<Item<'p>>),
    /// Alternating keys and values.
    Dict(Vec<Item<'p>>),
    Bytes(Vec<u8>),
    Text(String),
    Long(BigInt),
}

impl<'p> Body<'p> {
    /// Returns the items that the object contains.
    pub(super) fn items(&self) -> &[Item<'p>] {
        match self {
            Self::List(items)
            | Self::Tuple(items)
            | Self::Set(items)
            | Self::FrozenSet(items)
            | Self::Dict(items) => items,
            Self::Bytes(_) | Self::Text(_) | Self::Long(_) => &[],
        }
    }
}

/// The globals that make plain values: the only ones that a pickle may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Constructor {
    Set,
    FrozenSet,
    List,
    Bytes,
    ByteArray,
    Int,
    Encode,
    Reconstructor,
}

impl Constructor {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("__builtin__" | "builtins", name) => match name {
                "set" => Some(Self::Set),
                "frozenset" => Some(Self::FrozenSet),
                "list" => Some(Self::List),
                "bytes" => Some(Self::Bytes),
                "bytearray" => Some(Self::ByteArray),
                "int" | "long" => Some(Self::Int),
                _ => None,
            },
            ("_codecs", "encode") => Some(Self::Encode),
            // The pickle names the class next, and that is the one to report.
            ("copy_reg" | "copyreg", "_reconstructor") => Some(Self::Reconstructor),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Set => "__builtin__.set",
            Self::FrozenSet => "__builtin__.frozenset",
            Self::List => "__builtin__.list",
            Self::Bytes => "__builtin__.bytes",
            Self::ByteArray => "__builtin__.bytearray",
            Self::Int => "__builtin__.int",
            Self::Encode => "_codecs.encode",
            Self::Reconstructor => "copy_reg._reconstructor",
        }
    }
}
