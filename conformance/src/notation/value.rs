//! Conversion between graphs and the values of serde-pickle: profile `serde`.

use num_bigint::BigInt;
use serde_pickle::{HashableValue, Value};
use thiserror::Error;

use super::{Float, Graph, Node, NodeId, Text};

/// The greatest depth of a value, because dropping a value recurses.
const DEEPEST: usize = 1000;
/// The largest value. Values are trees, so a graph with shared objects may need a value of exponential size.
const LARGEST: usize = 1 << 22;

/// Why a graph has no [`Value`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAValue {
    /// Profile `serde` does not include it.
    #[error("node {node} {reason}")]
    Outside {
        /// The node that is outside the profile.
        node: NodeId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is nested too deeply for a value that is dropped recursively.
    #[error("nested deeper than {DEEPEST} objects")]
    TooDeep,
    /// It is too large when every shared object is copied.
    #[error("more than {LARGEST} objects when shared ones are copied")]
    TooLarge,
}

/// Returns why profile `serde` does not include an object, or `None` if it does: the object is recursive, has a type
/// without a serde-pickle value, has text that is not a Rust string, or has an unhashable key or element of a set.
pub fn outside_values(graph: &Graph) -> Option<String> {
    check(graph).err().map(|error| error.to_string())
}

/// Returns the nodes in an order in which each comes after those that it refers to, or the first one that is outside
/// the profile.
fn check(graph: &Graph) -> Result<Vec<NodeId>, NotAValue> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }

    let outside = |node, reason| Err(NotAValue::Outside { node, reason });
    let mut states = vec![State::New; graph.nodes.len()];
    let mut hashable = vec![false; graph.nodes.len()];
    let mut order = Vec::new();
    let mut pending = vec![graph.root];
    while let Some(&id) = pending.last() {
        let node = &graph.nodes[id];
        match states[id] {
            State::New => {
                if let Some(reason) = outside_by_itself(node) {
                    return outside(id, reason);
                }
                states[id] = State::Open;
                for child in node.references() {
                    match states[child] {
                        State::New => pending.push(child),
                        State::Open => return outside(child, "contains itself"),
                        State::Done => {}
                    }
                }
            }
            State::Open => {
                let unhashable = match node {
                    Node::Set(ids) | Node::FrozenSet(ids) => {
                        ids.iter().find(|&&id| !hashable[id]).copied()
                    }
                    Node::Dict(pairs) => pairs.iter().map(|pair| pair.0).find(|&id| !hashable[id]),
                    _ => None,
                };
                if let Some(unhashable) = unhashable {
                    return outside(
                        unhashable,
                        "is a key or an element of a set, but not hashable",
                    );
                }
                hashable[id] = match node {
                    Node::List(_) | Node::Dict(_) | Node::Set(_) | Node::ByteArray(_) => false,
                    Node::Tuple(ids) => ids.iter().all(|&id| hashable[id]),
                    _ => true,
                };
                states[id] = State::Done;
                order.push(id);
                pending.pop();
            }
            State::Done => {
                pending.pop();
            }
        }
    }
    Ok(order)
}

fn outside_by_itself(node: &Node) -> Option<&'static str> {
    Some(match node {
        Node::Complex(..) => "is a complex",
        Node::Unicode(text) if text.to_utf8().is_none() => "is text with a surrogate in it",
        Node::Global { .. } => "is a class or function",
        Node::Object(_) => "is an instance",
        Node::Persistent(_) => "is known by a persistent id",
        Node::Extension(_) => "is known by an extension code",
        Node::Buffer(_) => "is an out-of-band buffer",
        Node::Unpicklable(_) => "cannot be pickled",
        _ => return None,
    })
}

impl TryFrom<&Graph> for Value {
    type Error = NotAValue;

    /// `str`, `bytes` and `bytearray` become `Bytes`; `int` and `long` become `I64` if they fit. Shared objects are
    /// copied.
    fn try_from(graph: &Graph) -> Result<Self, NotAValue> {
        enum Step {
            Visit(NodeId),
            Make(NodeId),
        }

        check_size(graph, &check(graph)?)?;
        let mut made = Vec::new();
        let mut pending = vec![Step::Visit(graph.root)];
        while let Some(step) = pending.pop() {
            match step {
                Step::Visit(id) => {
                    pending.push(Step::Make(id));
                    let children = pending.len();
                    pending.extend(graph.nodes[id].references().map(Step::Visit));
                    pending[children..].reverse();
                }
                Step::Make(id) => {
                    let node = &graph.nodes[id];
                    let members = made.split_off(made.len() - node.references().count());
                    made.push(value_of(node, members));
                }
            }
        }
        Ok(made.pop().expect("the root was made last"))
    }
}

/// Refuses a graph whose tree would be too deep or too large. `order` has children before their parents.
fn check_size(graph: &Graph, order: &[NodeId]) -> Result<(), NotAValue> {
    let mut depths = vec![0; graph.nodes.len()];
    let mut sizes = vec![0usize; graph.nodes.len()];
    for &id in order {
        let children = || graph.nodes[id].references();
        depths[id] = 1 + children().map(|child| depths[child]).max().unwrap_or(0);
        sizes[id] = children()
            .map(|child| sizes[child])
            .fold(1, usize::saturating_add);
        if depths[id] > DEEPEST {
            return Err(NotAValue::TooDeep);
        }
        if sizes[id] > LARGEST {
            return Err(NotAValue::TooLarge);
        }
    }
    Ok(())
}

/// The value of a checked node whose members have values.
fn value_of(node: &Node, members: Vec<Value>) -> Value {
    let hashable = |value: Value| value.into_hashable().expect("checked to be hashable");
    match node {
        Node::None => Value::None,
        Node::Bool(value) => Value::Bool(*value),
        Node::Int(value) | Node::Long(value) => match i64::try_from(value) {
            Ok(small) => Value::I64(small),
            Err(_) => Value::Int(value.clone()),
        },
        Node::Float(value) => Value::F64(value.value()),
        Node::Str(bytes) | Node::Bytes(bytes) | Node::ByteArray(bytes) => {
            Value::Bytes(bytes.clone())
        }
        Node::Unicode(text) => {
            Value::String(text.to_utf8().expect("checked to be UTF-8").to_owned())
        }
        Node::List(_) => Value::List(members),
        Node::Tuple(_) => Value::Tuple(members),
        Node::Set(_) => Value::Set(members.into_iter().map(hashable).collect()),
        Node::FrozenSet(_) => Value::FrozenSet(members.into_iter().map(hashable).collect()),
        Node::Dict(_) => {
            let mut members = members.into_iter();
            let pairs = std::iter::from_fn(|| Some((hashable(members.next()?), members.next()?)));
            Value::Dict(pairs.collect())
        }
        _ => unreachable!("checked to be inside profile serde"),
    }
}

impl From<&Value> for Graph {
    /// `Bytes` become `bytes`, integers `int`, strings `unicode`. Nothing is shared.
    fn from(value: &Value) -> Self {
        let mut nodes = vec![Node::None];
        let mut pending = vec![(0, Part::Value(value))];
        while let Some((id, part)) = pending.pop() {
            let mut child = |part| {
                nodes.push(Node::None);
                pending.push((nodes.len() - 1, part));
                nodes.len() - 1
            };
            nodes[id] = node_of(part, &mut child);
        }
        Self { root: 0, nodes }
    }
}

/// A part of a value that has no node yet.
#[derive(Clone, Copy)]
enum Part<'a> {
    Value(&'a Value),
    Hashable(&'a HashableValue),
}

fn node_of<'a>(part: Part<'a>, child: &mut impl FnMut(Part<'a>) -> NodeId) -> Node {
    match part {
        Part::Value(Value::None) | Part::Hashable(HashableValue::None) => Node::None,
        Part::Value(Value::Bool(value)) | Part::Hashable(HashableValue::Bool(value)) => {
            Node::Bool(*value)
        }
        Part::Value(Value::I64(value)) | Part::Hashable(HashableValue::I64(value)) => {
            Node::Int(BigInt::from(*value))
        }
        Part::Value(Value::Int(value)) | Part::Hashable(HashableValue::Int(value)) => {
            Node::Int(value.clone())
        }
        Part::Value(Value::F64(value)) | Part::Hashable(HashableValue::F64(value)) => {
            Node::Float(Float::from(*value))
        }
        Part::Value(Value::Bytes(bytes)) | Part::Hashable(HashableValue::Bytes(bytes)) => {
            Node::Bytes(bytes.clone())
        }
        Part::Value(Value::String(text)) | Part::Hashable(HashableValue::String(text)) => {
            Node::Unicode(Text::from(text.as_str()))
        }
        Part::Value(Value::List(elements)) => Node::List(
            elements
                .iter()
                .map(|element| child(Part::Value(element)))
                .collect(),
        ),
        Part::Value(Value::Tuple(elements)) => Node::Tuple(
            elements
                .iter()
                .map(|element| child(Part::Value(element)))
                .collect(),
        ),
        Part::Hashable(HashableValue::Tuple(elements)) => Node::Tuple(
            elements
                .iter()
                .map(|element| child(Part::Hashable(element)))
                .collect(),
        ),
        Part::Value(Value::Set(elements)) => Node::Set(
            elements
                .iter()
                .map(|element| child(Part::Hashable(element)))
                .collect(),
        ),
        Part::Value(Value::FrozenSet(elements))
        | Part::Hashable(HashableValue::FrozenSet(elements)) => Node::FrozenSet(
            elements
                .iter()
                .map(|element| child(Part::Hashable(element)))
                .collect(),
        ),
        Part::Value(Value::Dict(pairs)) => Node::Dict(
            pairs
                .iter()
                .map(|(key, value)| (child(Part::Hashable(key)), child(Part::Value(value))))
                .collect(),
        ),
    }
}
