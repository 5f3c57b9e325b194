//! The JSON form of a graph, exactly as `ADAPTER.md` specifies it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use num_bigint::BigInt;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::{Construction, Float, Graph, Node, NodeId, Object, Text};

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut graph = serializer.serialize_struct("Graph", 2)?;
        graph.serialize_field("root", &self.root)?;
        graph.serialize_field("nodes", &self.nodes)?;
        graph.end()
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            root: NodeId,
            #[serde(deserialize_with = "deserialize_nodes")]
            nodes: Vec<Node>,
        }

        let Table { root, nodes } = Table::deserialize(deserializer)?;
        let graph = Self { root, nodes };
        graph.check().map_err(D::Error::custom)?;
        Ok(graph)
    }
}

fn deserialize_nodes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Node>, D::Error> {
    struct Nodes;

    impl<'de> Visitor<'de> for Nodes {
        type Value = Vec<Node>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a list of nodes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Node>, A::Error> {
            let mut nodes = Vec::new();
            while let Some(node) = list.next_element_seed(NodeAt(nodes.len()))? {
                nodes.push(node);
            }
            Ok(nodes)
        }
    }

    deserializer.deserialize_seq(Nodes)
}

/// Reads the node at this place in the table, which errors name.
struct NodeAt(NodeId);

impl<'de> DeserializeSeed<'de> for NodeAt {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NodeAt {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "an object with one member for node {}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let named = |error: A::Error| A::Error::custom(format_args!("node {}: {error}", self.0));
        let Some(kind) = members.next_key().map_err(named)? else {
            return Err(named(A::Error::custom(
                "expected exactly one member, found none",
            )));
        };
        let node = read_node(kind, &mut members).map_err(named)?;
        if members.next_key::<IgnoredAny>().map_err(named)?.is_some() {
            return Err(named(A::Error::custom(
                "expected exactly one member, found more",
            )));
        }
        Ok(node)
    }
}

/// The codes that `copy_reg.add_extension` accepts, in Python 2.7 and 3.
const EXTENSION_CODES: RangeInclusive<u32> = 1..=0x7fff_ffff;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    None,
    Bool,
    Int,
    Long,
    Float,
    Complex,
    Str,
    Bytes,
    ByteArray,
    Unicode,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
    Global,
    Instance,
    Reduce,
    Persistent,
    Extension,
    Buffer,
    Unpicklable,
}

fn read_node<'de, A: MapAccess<'de>>(kind: Kind, members: &mut A) -> Result<Node, A::Error> {
    Ok(match kind {
        Kind::None => {
            let () = members.next_value()?;
            Node::None
        }
        Kind::Bool => Node::Bool(members.next_value()?),
        Kind::Int => Node::Int(members.next_value_seed(Written::new())?),
        Kind::Long => Node::Long(members.next_value_seed(Written::new())?),
        Kind::Float => Node::Float(members.next_value()?),
        Kind::Complex => {
            let (real, imaginary) = members.next_value()?;
            Node::Complex(real, imaginary)
        }
        Kind::Str => Node::Str(members.next_value_seed(Written::new())?),
        Kind::Bytes => Node::Bytes(members.next_value_seed(Written::new())?),
        Kind::ByteArray => Node::ByteArray(members.next_value_seed(Written::new())?),
        Kind::Unicode => Node::Unicode(members.next_value_seed(Written::new())?),
        Kind::List => Node::List(members.next_value()?),
        Kind::Tuple => Node::Tuple(members.next_value()?),
        Kind::Dict => Node::Dict(members.next_value()?),
        Kind::Set => Node::Set(members.next_value()?),
        Kind::FrozenSet => Node::FrozenSet(members.next_value()?),
        Kind::Global => {
            let (module, name) = members.next_value()?;
            Node::Global { module, name }
        }
        Kind::Instance => Node::Object(Box::new(members.next_value::<Instance>()?.into())),
        Kind::Reduce => Node::Object(Box::new(members.next_value::<Reduce>()?.into())),
        Kind::Persistent => Node::Persistent(members.next_value()?),
        Kind::Extension => {
            let code = members.next_value()?;
            if !EXTENSION_CODES.contains(&code) {
                return Err(A::Error::custom(format_args!(
                    "{code} is not an extension code, which is a number from 1 to 2147483647"
                )));
            }
            Node::Extension(code)
        }
        Kind::Buffer => Node::Buffer(members.next_value()?),
        Kind::Unpicklable => Node::Unpicklable(members.next_value()?),
    })
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.kind();
        match self {
            Self::None => member(serializer, kind, &()),
            Self::Bool(value) => member(serializer, kind, value),
            Self::Int(value) | Self::Long(value) => member(serializer, kind, &value.to_string()),
            Self::Float(value) => member(serializer, kind, value),
            Self::Complex(real, imaginary) => member(serializer, kind, &(real, imaginary)),
            Self::Str(bytes) | Self::Bytes(bytes) | Self::ByteArray(bytes) => {
                member(serializer, kind, &hex(bytes))
            }
            Self::Unicode(text) => member(serializer, kind, &text.escaped()),
            Self::List(ids) | Self::Tuple(ids) | Self::Set(ids) | Self::FrozenSet(ids) => {
                member(serializer, kind, ids)
            }
            Self::Dict(pairs) => member(serializer, kind, pairs),
            Self::Global { module, name } => member(serializer, kind, &(module, name)),
            Self::Object(object) => member(serializer, kind, object),
            Self::Persistent(id) | Self::Buffer(id) => member(serializer, kind, id),
            Self::Extension(code) => member(serializer, kind, code),
            Self::Unpicklable(what) => member(serializer, kind, what),
        }
    }
}

/// A JSON object with one member.
fn member<S: Serializer, T: Serialize + ?Sized>(
    serializer: S,
    name: &'static str,
    value: &T,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_variant("Node", 0, name, value)
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let callable = match self.construction {
            Construction::New | Construction::Old => "class",
            Construction::Call => "callable",
        };
        let mut members = serializer.serialize_struct("Object", 2)?;
        members.serialize_field(callable, &self.callable)?;
        members.serialize_field("arguments", &self.arguments)?;
        if !self.state.is_empty() {
            members.serialize_field("state", &self.state)?;
        }
        if !self.items.is_empty() {
            members.serialize_field("items", &self.items)?;
        }
        if !self.pairs.is_empty() {
            members.serialize_field("pairs", &self.pairs)?;
        }
        if self.construction == Construction::Old {
            members.serialize_field("old", &true)?;
        }
        members.end()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    class: NodeId,
    arguments: NodeId,
    #[serde(default)]
    state: Vec<NodeId>,
    #[serde(default)]
    items: Vec<NodeId>,
    #[serde(default)]
    pairs: Vec<(NodeId, NodeId)>,
    #[serde(default)]
    old: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reduce {
    callable: NodeId,
    arguments: NodeId,
    #[serde(default)]
    state: Vec<NodeId>,
    #[serde(default)]
    items: Vec<NodeId>,
    #[serde(default)]
    pairs: Vec<(NodeId, NodeId)>,
}

impl From<Instance> for Object {
    fn from(instance: Instance) -> Self {
        let Instance {
            class,
            arguments,
            state,
            items,
            pairs,
            old,
        } = instance;
        let construction = if old {
            Construction::Old
        } else {
            Construction::New
        };
        Self {
            construction,
            callable: class,
            arguments,
            state,
            items,
            pairs,
        }
    }
}

impl From<Reduce> for Object {
    fn from(reduce: Reduce) -> Self {
        let Reduce {
            callable,
            arguments,
            state,
            items,
            pairs,
        } = reduce;
        Self {
            construction: Construction::Call,
            callable,
            arguments,
            state,
            items,
            pairs,
        }
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.bits()))
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::new().deserialize(deserializer)
    }
}

/// A value that is written as a string.
trait FromText: Sized {
    const FORM: &'static str;

    fn from_text(text: &str) -> Option<Self>;
}

/// Reads a [`FromText`].
struct Written<T>(PhantomData<T>);

impl<T> Written<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: FromText> DeserializeSeed<'de> for Written<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: FromText> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(T::FORM)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::custom(format_args!("{text:.60?} is not {}", T::FORM)))
    }
}

impl FromText for BigInt {
    const FORM: &'static str = "an integer in decimal";

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (!digits.starts_with('0') || text == "0");
        match text.parse::<i64>() {
            _ if !canonical => None,
            Ok(small) => Some(small.into()),
            Err(_) => text.parse().ok(),
        }
    }
}

impl FromText for Float {
    const FORM: &'static str = "the eight bytes of a double in hexadecimal";

    fn from_text(text: &str) -> Option<Self> {
        let bytes: [u8; 8] = Vec::from_text(text)?.try_into().ok()?;
        Some(Self::from_bits(u64::from_be_bytes(bytes)))
    }
}

impl FromText for Vec<u8> {
    const FORM: &'static str = "bytes in hexadecimal";

    fn from_text(text: &str) -> Option<Self> {
        let (digits, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        digits
            .iter()
            .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
            .collect()
    }
}

impl FromText for Text {
    const FORM: &'static str = "text with backslashes doubled and surrogates as \\ud800";

    fn from_text(text: &str) -> Option<Self> {
        Self::from_escaped(text).ok()
    }
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = |&byte: &u8| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 0xf)],
        ]
    };
    bytes.iter().flat_map(digits).collect()
}
