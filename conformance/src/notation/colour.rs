//! Distinguishing the elements of sets and the keys of dicts, so that those of two graphs can be matched.
//!
//! Every node of the two graphs gets a colour: at first from its own type and value, and then, in each further round,
//! from the colours of the nodes that it refers to. Nodes that mean the same object have the same colour in every
//! round, however the tables are arranged and however the graph recurs. The first round is enough for numbers and
//! strings, and the second for tuples of them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Fidelity, Graph, Node, NodeId};

/// Elements that differ only at a greater depth than this are matched in the order in which they appear.
const ROUNDS: usize = 32;

/// A colour for each node of the expected graph and of the actual graph.
pub(super) struct Colours {
    pub(super) expected: Vec<u64>,
    pub(super) actual: Vec<u64>,
}

impl Colours {
    pub(super) fn of(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Self {
        let first = |graph: &Graph| {
            graph
                .nodes
                .iter()
                .map(|node| own_colour(node, fidelity))
                .collect()
        };
        let mut colours = Self {
            expected: first(expected),
            actual: first(actual),
        };
        let mut distinct = colours.distinct();
        for _ in 0..ROUNDS {
            if are_apart(expected, &colours.expected) && are_apart(actual, &colours.actual) {
                break;
            }
            colours = Self {
                expected: next_round(expected, &colours.expected),
                actual: next_round(actual, &colours.actual),
            };
            let before = std::mem::replace(&mut distinct, colours.distinct());
            if before == distinct {
                break;
            }
        }
        colours
    }

    fn distinct(&self) -> usize {
        self.expected
            .iter()
            .chain(&self.actual)
            .collect::<HashSet<_>>()
            .len()
    }
}

/// Whether the elements of every set, and the keys of every dict, all have different colours.
fn are_apart(graph: &Graph, colours: &[u64]) -> bool {
    let mut seen = HashSet::new();
    graph.nodes.iter().all(|node| {
        seen.clear();
        match node {
            Node::Set(elements) | Node::FrozenSet(elements) => elements
                .iter()
                .all(|&element| seen.insert(colours[element])),
            Node::Dict(pairs) => pairs.iter().all(|&(key, _)| seen.insert(colours[key])),
            Node::Object(object) => object
                .pairs
                .iter()
                .all(|&(key, _)| seen.insert(colours[key])),
            _ => true,
        }
    })
}

fn own_colour(node: &Node, fidelity: Fidelity) -> u64 {
    let mut hasher = DefaultHasher::new();
    match (node, fidelity) {
        (Node::Long(_), Fidelity::Values) => "int".hash(&mut hasher),
        (Node::Str(_) | Node::ByteArray(_), Fidelity::Values) => "bytes".hash(&mut hasher),
        _ => node.kind().hash(&mut hasher),
    }
    match node {
        Node::Bool(value) => value.hash(&mut hasher),
        Node::Int(value) | Node::Long(value) => value.hash(&mut hasher),
        Node::Float(value) => value.class().hash(&mut hasher),
        Node::Complex(real, imaginary) => (real.class(), imaginary.class()).hash(&mut hasher),
        Node::Str(bytes) | Node::Bytes(bytes) | Node::ByteArray(bytes) => bytes.hash(&mut hasher),
        Node::Unicode(text) => text.hash(&mut hasher),
        Node::Global { module, name } => (module, name).hash(&mut hasher),
        Node::Object(object) => object.construction.hash(&mut hasher),
        Node::Extension(code) => code.hash(&mut hasher),
        Node::Buffer(place) => place.hash(&mut hasher),
        Node::Unpicklable(what) => what.hash(&mut hasher),
        _ => {}
    }
    hasher.finish()
}

fn next_round(graph: &Graph, colours: &[u64]) -> Vec<u64> {
    let ordered = |hasher: &mut DefaultHasher, ids: &[NodeId]| {
        ids.len().hash(hasher);
        for &id in ids {
            colours[id].hash(hasher);
        }
    };
    let unordered = |hasher: &mut DefaultHasher, members: &mut dyn Iterator<Item = (u64, u64)>| {
        let sum = members
            .map(|member| hash(&member))
            .fold(0, u64::wrapping_add);
        sum.hash(hasher);
    };
    let pairs = |hasher: &mut DefaultHasher, pairs: &[(NodeId, NodeId)]| {
        unordered(
            hasher,
            &mut pairs
                .iter()
                .map(|&(key, value)| (colours[key], colours[value])),
        );
    };
    let colour = |(id, node): (NodeId, &Node)| {
        let mut hasher = DefaultHasher::new();
        colours[id].hash(&mut hasher);
        match node {
            Node::List(ids) | Node::Tuple(ids) => ordered(&mut hasher, ids),
            Node::Set(ids) | Node::FrozenSet(ids) => {
                unordered(&mut hasher, &mut ids.iter().map(|&id| (colours[id], 0)));
            }
            Node::Dict(members) => pairs(&mut hasher, members),
            Node::Object(object) => {
                ordered(&mut hasher, &[object.callable, object.arguments]);
                ordered(&mut hasher, &object.state);
                ordered(&mut hasher, &object.items);
                pairs(&mut hasher, &object.pairs);
            }
            Node::Persistent(id) => ordered(&mut hasher, &[*id]),
            _ => return colours[id],
        }
        hasher.finish()
    };
    graph.nodes.iter().enumerate().map(colour).collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
