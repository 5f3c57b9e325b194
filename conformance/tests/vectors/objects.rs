//! Changes to an object in its notation.

use std::collections::BTreeMap;

use processing_conformance::notation::{Construction, Float, Graph, Node, NodeId, Text};

/// The number of nodes of an object that are changed.
const NODES: usize = 16;

/// The object with one change: of a value, a type, a member, or sharing.
pub(crate) fn changed(object: &Graph) -> Vec<(String, Graph)> {
    let mut found = Vec::new();
    let step = object.nodes.len().div_ceil(NODES);
    for id in (0..object.nodes.len()).step_by(step) {
        let node = &object.nodes[id];
        for changed in changed_nodes(node) {
            let what = format!("node {id} is {}", changed.kind());
            found.push((what, with(object, id, changed)));
        }
        found.extend(shared_otherwise(object, id));
    }
    let mut rooted = object.clone();
    rooted.nodes.push(Node::Tuple(vec![object.root]));
    rooted.root = rooted.nodes.len() - 1;
    found.push(("it is in a tuple".into(), rooted));
    found
}

/// Whether a change in the notation is meaningless: another NaN, or another node for an equal number or string.
pub(crate) fn is_same(one: &Graph, other: &Graph) -> bool {
    plain(one) == plain(other)
}

/// The nodes from the root on, with the same NaN everywhere, and one node for all equal ones without identity.
fn plain(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    for node in &mut graph.nodes {
        if let Node::Float(value) = node
            && value.value().is_nan()
        {
            *value = Float::from(f64::NAN);
        }
    }
    let first = |id: NodeId| {
        let node = &graph.nodes[id];
        let is_atom = !node.has_identity() && node.references().next().is_none();
        let equal = graph
            .nodes
            .iter()
            .position(|other| is_atom && other == node);
        equal.unwrap_or(id)
    };
    let mut plain = graph.clone();
    for node in &mut plain.nodes {
        match node {
            Node::List(members) | Node::Tuple(members) => {
                for member in members {
                    *member = first(*member);
                }
            }
            Node::Dict(pairs) => {
                for pair in pairs {
                    *pair = (first(pair.0), first(pair.1));
                }
            }
            _ => {}
        }
    }
    plain.compact()
}

fn with(object: &Graph, id: NodeId, node: Node) -> Graph {
    let mut object = object.clone();
    object.nodes[id] = node;
    object
}

/// Other nodes that are valid in place of this one.
fn changed_nodes(node: &Node) -> Vec<Node> {
    let flipped = |float: &Float| Float::from_bits(float.bits() ^ 1);
    let negated = |float: &Float| Float::from_bits(float.bits() ^ (1 << 63));
    match node {
        Node::None => vec![Node::Bool(false), Node::Tuple(vec![])],
        Node::Bool(value) => vec![Node::Bool(!value), Node::Int(i32::from(*value).into())],
        Node::Int(value) => vec![
            Node::Int(value + 1),
            Node::Int(-value - 1),
            Node::Long(value.clone()),
        ],
        Node::Long(value) => vec![
            Node::Long(value + 1),
            Node::Long(-value - 1),
            Node::Int(value.clone()),
        ],
        Node::Float(value) => vec![
            Node::Float(flipped(value)),
            Node::Float(negated(value)),
            Node::Int(1.into()),
        ],
        Node::Complex(real, imaginary) => vec![
            Node::Complex(flipped(real), *imaginary),
            Node::Complex(*real, negated(imaginary)),
            Node::Complex(*imaginary, *real),
        ],
        Node::Str(bytes) => {
            let others = [
                Node::Bytes(bytes.clone()),
                Node::Unicode(Text::from_latin1(bytes)),
            ];
            changed_strings(bytes, Node::Str, others)
        }
        Node::Bytes(bytes) => {
            let others = [Node::Str(bytes.clone()), Node::ByteArray(bytes.clone())];
            changed_strings(bytes, Node::Bytes, others)
        }
        Node::ByteArray(bytes) => {
            changed_strings(bytes, Node::ByteArray, [Node::Str(bytes.clone())])
        }
        Node::Unicode(text) => {
            let points: Vec<u32> = text.code_points().collect();
            let text = |points: &[u32]| {
                Node::Unicode(Text::from_code_points(points.iter().copied()).expect("code points"))
            };
            let mut texts = vec![
                text(&[&points[..], &[0x78]].concat()),
                Node::Str(b"x".to_vec()),
            ];
            if let [first, rest @ ..] = &points[..] {
                texts.push(text(rest));
                texts.push(text(&[&[*first ^ 1], rest].concat()));
            }
            texts
        }
        Node::List(members) => {
            let mut lists: Vec<Node> = changed_members(members)
                .into_iter()
                .map(Node::List)
                .collect();
            lists.push(Node::Tuple(members.clone()));
            lists
        }
        // Arguments must be a tuple.
        Node::Tuple(members) => changed_members(members)
            .into_iter()
            .map(Node::Tuple)
            .collect(),
        Node::Set(members) => vec![
            Node::FrozenSet(members.clone()),
            Node::List(members.clone()),
            Node::Set(members.get(1..).unwrap_or_default().to_vec()),
        ],
        Node::FrozenSet(members) => vec![
            Node::Set(members.clone()),
            Node::FrozenSet(members.get(1..).unwrap_or_default().to_vec()),
        ],
        Node::Dict(pairs) => {
            let mut dicts = vec![Node::List(pairs.iter().map(|pair| pair.0).collect())];
            if let [(key, value), rest @ ..] = &pairs[..] {
                dicts.push(Node::Dict(rest.to_vec()));
                dicts.push(Node::Dict([&[(*key, *key)], rest].concat()));
                dicts.push(Node::Dict([&[(*value, *value)], rest].concat()));
            }
            dicts
        }
        Node::Global { module, name } => vec![
            Node::Global {
                module: format!("{module}x"),
                name: name.clone(),
            },
            Node::Global {
                module: module.clone(),
                name: format!("{name}x"),
            },
        ],
        Node::Object(object) => changed_objects(object),
        other => panic!("no vector has {}", other.kind()),
    }
    .into_iter()
    .filter(|changed| changed != node)
    .collect()
}

fn changed_objects(object: &processing_conformance::notation::Object) -> Vec<Node> {
    let mut found = Vec::new();
    let mut add = |change: &dyn Fn(&mut processing_conformance::notation::Object)| {
        let mut changed = object.clone();
        change(&mut changed);
        found.push(Node::Object(Box::new(changed)));
    };
    for construction in [Construction::New, Construction::Old, Construction::Call] {
        add(&|object| object.construction = construction);
    }
    add(&|object| object.callable = object.arguments);
    add(&|object| object.state.clear());
    add(&|object| object.state.push(object.callable));
    add(&|object| object.items.clear());
    add(&|object| object.items.push(object.callable));
    add(&|object| object.pairs.clear());
    add(&|object| object.pairs.push((object.callable, object.callable)));
    found
}

/// Other strings of the same kind, and the given nodes.
fn changed_strings<const N: usize>(
    bytes: &[u8],
    kind: fn(Vec<u8>) -> Node,
    others: [Node; N],
) -> Vec<Node> {
    let changed = changed_bytes(bytes).into_iter().map(kind);
    changed.chain(others).collect()
}

fn changed_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![[bytes, b"x"].concat()];
    for at in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        if at < bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1;
            let mut shorter = bytes.to_vec();
            shorter.remove(at);
            found.extend([flipped, shorter]);
        }
    }
    found
}

fn changed_members(members: &[NodeId]) -> Vec<Vec<NodeId>> {
    let mut found = Vec::new();
    if let [first, rest @ ..] = members {
        found.push(rest.to_vec());
        found.push([members, &[*first]].concat());
    }
    found
}

/// Splits a shared container into two, or merges two equal containers into one.
fn shared_otherwise(object: &Graph, id: NodeId) -> Vec<(String, Graph)> {
    let mut found = Vec::new();
    if !object.nodes[id].has_identity() {
        return found;
    }
    let mut references: BTreeMap<NodeId, usize> = BTreeMap::new();
    for node in &object.nodes {
        for reference in members(node) {
            *references.entry(reference).or_default() += 1;
        }
    }
    if references.get(&id).is_some_and(|count| *count > 1) {
        let mut copied = object.clone();
        copied.nodes.push(object.nodes[id].clone());
        let copy = copied.nodes.len() - 1;
        redirect_last(&mut copied, id, copy);
        found.push((format!("node {id} is copied"), copied));
    }
    for (other, node) in object.nodes.iter().enumerate() {
        if other != id && *node == object.nodes[id] && references.contains_key(&other) {
            let mut merged = object.clone();
            redirect_last(&mut merged, other, id);
            found.push((format!("node {other} is node {id}"), merged));
            break;
        }
    }
    found
}

/// The members of a node, without the parts that it is made from.
fn members(node: &Node) -> Vec<NodeId> {
    match node {
        Node::List(members) | Node::Tuple(members) => members.clone(),
        Node::Dict(pairs) => pairs.iter().map(|pair| pair.1).collect(),
        _ => Vec::new(),
    }
}

fn redirect_last(object: &mut Graph, from: NodeId, to: NodeId) {
    for node in object.nodes.iter_mut().rev() {
        let last = match node {
            Node::List(members) | Node::Tuple(members) => {
                members.iter_mut().rev().find(|member| **member == from)
            }
            Node::Dict(pairs) => pairs
                .iter_mut()
                .rev()
                .map(|pair| &mut pair.1)
                .find(|value| **value == from),
            _ => None,
        };
        if let Some(member) = last {
            *member = to;
            return;
        }
    }
}
