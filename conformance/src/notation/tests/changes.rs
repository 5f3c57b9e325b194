//! Any single change of a graph is found, in the right place.

use std::collections::HashSet;

use proptest::prelude::*;

use super::compare::rearranged;
use crate::notation::{Construction, Fidelity, Float, Graph, Node, NodeId, Object, Text, compare};
use crate::strategy;

/// Every node that differs from this one in a single change of its type, its value or its members; `stranger` is a node
/// that is unlike any other.
fn changes(node: &Node, stranger: NodeId) -> Vec<Node> {
    let mut changes = vec![Node::Unpicklable("another one".into())];
    match node {
        Node::Bool(value) => changes.push(Node::Bool(!value)),
        Node::Int(value) => changes.extend([Node::Long(value.clone()), Node::Int(value + 1)]),
        Node::Long(value) => changes.extend([Node::Int(value.clone()), Node::Long(-value - 1)]),
        Node::Float(value) if !value.value().is_nan() => {
            changes.push(Node::Float(Float::from_bits(value.bits() ^ (1 << 63))));
        }
        Node::Str(bytes) => changes.extend([
            Node::Bytes(bytes.clone()),
            Node::Str([bytes, &b"x"[..]].concat()),
        ]),
        Node::Bytes(bytes) => changes.push(Node::ByteArray(bytes.clone())),
        Node::ByteArray(bytes) => changes.push(Node::Str(bytes.clone())),
        Node::Unicode(text) => {
            let longer = text.code_points().chain([0xdc00]);
            let longer = Text::from_code_points(longer).expect("all are code points");
            changes.extend([
                Node::Str(text.as_surrogatepass().to_vec()),
                Node::Unicode(longer),
            ]);
        }
        Node::List(ids) => {
            changes.extend([Node::Tuple(ids.clone()), Node::List(with(ids, stranger))]);
            changes.extend(without_last(ids).map(Node::List));
        }
        Node::Tuple(ids) => {
            changes.extend([Node::List(ids.clone()), Node::Tuple(with(ids, stranger))]);
            changes.extend(without_last(ids).map(Node::Tuple));
        }
        Node::Set(ids) => {
            changes.extend([Node::FrozenSet(ids.clone()), Node::Set(with(ids, stranger))]);
            changes.extend(without_last(ids).map(Node::Set));
        }
        Node::FrozenSet(ids) => {
            changes.extend([Node::Set(ids.clone()), Node::FrozenSet(with(ids, stranger))]);
            changes.extend(without_last(ids).map(Node::FrozenSet));
        }
        Node::Dict(pairs) => {
            changes.push(Node::Dict(with(pairs, (stranger, stranger))));
            changes.extend(without_last(pairs).map(Node::Dict));
        }
        Node::Global { module, name } => changes.push(Node::Global {
            module: module.clone(),
            name: format!("{name}x"),
        }),
        Node::Object(object) => {
            let change = |change: fn(&mut Object, NodeId)| {
                let mut object = object.clone();
                change(&mut object, stranger);
                Node::Object(object)
            };
            changes.extend([
                change(|object, _| {
                    object.construction = match object.construction {
                        Construction::New => Construction::Old,
                        Construction::Old => Construction::Call,
                        Construction::Call => Construction::New,
                    };
                }),
                change(|object, stranger| object.callable = stranger),
                change(|object, stranger| object.state.push(stranger)),
                change(|object, stranger| object.items.push(stranger)),
                change(|object, stranger| object.pairs.push((stranger, stranger))),
            ]);
        }
        Node::Persistent(_) => changes.push(Node::Persistent(stranger)),
        Node::Extension(code) => changes.push(Node::Extension(code ^ 1)),
        Node::Buffer(place) => changes.push(Node::Buffer(place + 1)),
        _ => {}
    }
    changes
}

fn with<T: Clone>(members: &[T], more: T) -> Vec<T> {
    members.iter().cloned().chain([more]).collect()
}

fn without_last<T: Clone>(members: &[T]) -> Option<Vec<T>> {
    let (_, others) = members.split_last()?;
    Some(others.to_vec())
}

/// The nodes to which a path leads. There may be several, because different steps may look the same.
fn at_path(graph: &Graph, path: &str) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    let mut pending = vec![(graph.root, path)];
    let mut met = HashSet::new();
    while let Some((id, rest)) = pending.pop() {
        if !met.insert((id, rest.len())) {
            continue;
        }
        if rest.is_empty() {
            found.insert(id);
        }
        for (step, next) in steps(graph, id) {
            pending.extend(rest.strip_prefix(&step).map(|rest| (next, rest)));
        }
    }
    found
}

/// The steps from a node as they are written, and the node to which each leads.
fn steps(graph: &Graph, id: NodeId) -> Vec<(String, NodeId)> {
    let shown = |key: NodeId| graph.python_from(key, 40);
    let indexed = |name: &str, ids: &[NodeId]| -> Vec<_> {
        let each = ids.iter().enumerate();
        each.map(|(place, &id)| (format!("{name}[{place}]"), id))
            .collect()
    };
    let of_pairs = |pairs: &[(NodeId, NodeId)]| -> Vec<_> {
        let each = pairs.iter().flat_map(|&(key, value)| {
            [
                (format!("[{}]", shown(key)), value),
                (format!("{{{}}}", shown(key)), key),
            ]
        });
        each.collect()
    };
    match &graph.nodes[id] {
        Node::List(ids) | Node::Tuple(ids) => indexed("", ids),
        Node::Set(ids) | Node::FrozenSet(ids) => ids
            .iter()
            .map(|&id| (format!("{{{}}}", shown(id)), id))
            .collect(),
        Node::Dict(pairs) => of_pairs(pairs),
        Node::Persistent(id) => vec![(".id".into(), *id)],
        Node::Object(object) => {
            let mut steps = vec![
                (".callable".into(), object.callable),
                (".arguments".into(), object.arguments),
            ];
            steps.extend(indexed(".state", &object.state));
            steps.extend(indexed("", &object.items));
            steps.extend(of_pairs(&object.pairs));
            steps
        }
        _ => Vec::new(),
    }
}

/// Whether the change is at one of the nodes, in one of its parts, or in a member that was added or removed.
fn is_near(graph: &Graph, found: &HashSet<NodeId>, place: NodeId) -> bool {
    let holds = |node: &Node, id: NodeId| node.references().any(|held| held == id);
    // A missing key is reported with its value.
    let is_beside = |id: NodeId| {
        let mut nodes = graph.nodes.iter();
        nodes.any(|node| holds(node, place) && holds(node, id))
    };
    let is_near = |&id: &NodeId| {
        id == place
            || holds(&graph.nodes[id], place)
            || holds(&graph.nodes[place], id)
            || is_beside(id)
    };
    found.iter().any(is_near)
}

/// The same examples with numbers for keys and elements of sets. Separate tests cover how others are distinguished.
fn with_other_keys(examples: impl Strategy<Value = Graph>) -> impl Strategy<Value = Graph> {
    examples.prop_map(crate::strategy::tests::with_plain_keys)
}

proptest! {
    #[test]
    fn any_object_equals_itself_in_another_table(graph in with_other_keys(strategy::any_graph(strategy::NODES))) {
        for fidelity in [Fidelity::Graph, Fidelity::Values] {
            prop_assert_eq!(compare(&graph, &rearranged(&graph), fidelity), Ok(()));
        }
    }

    /// One node is replaced: it has another type, another value, or one member more or less.
    #[test]
    fn a_change_is_found_where_it_was_made(
        graph in with_other_keys(strategy::any_graph(strategy::NODES)),
        place in any::<prop::sample::Index>(),
        how in any::<prop::sample::Index>(),
    ) {
        let place = place.index(graph.nodes.len());
        let mut other = graph.clone();
        // A node that is new, and unlike any other.
        other.nodes.push(Node::Unpicklable("another".into()));
        let changes = changes(&graph.nodes[place], graph.nodes.len());
        other.nodes[place] = changes[how.index(changes.len())].clone();
        prop_assume!(other.check().is_ok());
        let difference = compare(&graph, &rearranged(&other), Fidelity::Graph);
        let difference = difference.expect_err("it was changed");
        let found = at_path(&graph, &difference.path);
        // The path to a surplus member leads nowhere in the expected graph.
        let is_more = difference.expected == "nothing there";
        prop_assert!(is_more || is_near(&graph, &found, place), "{}: {} is not node {}", graph, difference, place);
    }

    /// One of two references to an object now refers to a copy.
    #[test]
    fn a_copy_is_found_where_it_is(
        graph in with_other_keys(strategy::any_graph(strategy::NODES)),
        which in any::<prop::sample::Index>(),
    ) {
        let references = |holder: NodeId| graph.nodes[holder].references().enumerate();
        let arguments: HashSet<_> = graph.nodes.iter().filter_map(|node| match node {
            Node::Object(object) => Some(object.arguments),
            _ => None,
        }).collect();
        // Tuples of arguments are compared by their elements.
        let counts = |id: NodeId| graph.nodes[id].has_identity() && !arguments.contains(&id);
        let edges: Vec<_> = (0..graph.nodes.len())
            .flat_map(|holder| references(holder).map(move |(at, held)| (holder, at, held)))
            .filter(|&(_, _, held)| counts(held))
            .collect();
        prop_assume!(!edges.is_empty());
        let (holder, which, shared) = edges[which.index(edges.len())];
        let mut other = graph.clone();
        let copy = other.nodes.len();
        other.nodes.push(graph.nodes[shared].clone());
        let mut at = 0;
        other.nodes[holder].each_reference_mut(|id| {
            if at == which {
                *id = copy;
            }
            at += 1;
        });
        let references = graph.nodes.iter().flat_map(Node::references).chain([graph.root]);
        let is_shared = references.filter(|&id| id == shared).count() > 1;
        let compared = compare(&graph, &rearranged(&other), Fidelity::Graph);
        prop_assert_eq!(compared.is_err(), is_shared, "{}", graph);
        prop_assert_eq!(compare(&graph, &rearranged(&other), Fidelity::Values), Ok(()));
    }
}
