//! Shrinking an example as a graph, once its plan cannot be shrunk any further.

use num_bigint::BigInt;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::notation::{Float, Graph, Node, NodeId, Text};
use crate::pickle;

/// What must remain true of an example when it is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Python 2 can make it: keys remain hashable and distinct, and objects remain as their classes make them.
    Python2,
    /// Nothing in particular.
    Any,
}

/// The examples of another strategy, which are shrunk further than that strategy shrinks them.
#[derive(Debug)]
pub(super) struct Smaller<S> {
    pub(super) examples: S,
    pub(super) of: Of,
}

impl<S: Strategy<Value = Graph>> Strategy for Smaller<S> {
    type Tree = Shrinking<S::Tree>;
    type Value = Graph;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let plan = self.examples.new_tree(runner)?;
        Ok(Shrinking {
            current: plan.current(),
            smallest: plan.current(),
            plan: Some(plan),
            candidates: Vec::new().into_iter(),
            of: self.of,
        })
    }
}

/// An example that is being shrunk.
#[derive(Debug)]
pub(super) struct Shrinking<T> {
    /// The plan, until it cannot be shrunk any further.
    plan: Option<T>,
    current: Graph,
    /// The last example that failed.
    smallest: Graph,
    /// The examples that are tried next in place of the smallest one.
    candidates: std::vec::IntoIter<Graph>,
    of: Of,
}

impl<T: ValueTree<Value = Graph>> ValueTree for Shrinking<T> {
    type Value = Graph;

    fn current(&self) -> Graph {
        self.current.clone()
    }

    /// The current example failed.
    fn simplify(&mut self) -> bool {
        let is_new = self.current != self.smallest;
        self.smallest = self.current.clone();
        if let Some(plan) = &mut self.plan {
            if plan.simplify() {
                self.current = plan.current();
                return true;
            }
            self.plan = None;
        } else if !is_new {
            // The smallest example was tried again after all of its candidates.
            return false;
        }
        self.candidates = smaller(&self.smallest, self.of).into_iter();
        self.next_candidate()
    }

    /// The current example did not fail.
    fn complicate(&mut self) -> bool {
        if let Some(plan) = &mut self.plan {
            if plan.complicate() {
                self.current = plan.current();
                return true;
            }
            self.plan = None;
            self.candidates = smaller(&self.smallest, self.of).into_iter();
        }
        if self.next_candidate() {
            return true;
        }
        // The smallest example becomes current again, and is tried once more. The search then ends, even if this
        // example does not fail every time.
        let is_new = self.current != self.smallest;
        self.current = self.smallest.clone();
        is_new
    }
}

impl<T> Shrinking<T> {
    fn next_candidate(&mut self) -> bool {
        let candidate = self.candidates.next();
        candidate
            .map(|candidate| self.current = candidate)
            .is_some()
    }
}

/// Every graph that is smaller by one step: it has another root, one member less, or an object that a member holds in
/// place of that member.
fn smaller(graph: &Graph, of: Of) -> Vec<Graph> {
    let with_root = |root| Graph {
        root,
        nodes: graph.nodes.clone(),
    };
    let fixed = match of {
        Of::Python2 => fixed(graph),
        Of::Any => vec![false; graph.nodes.len()],
    };
    let mut found: Vec<_> = graph.root().references().map(with_root).collect();
    for holder in (0..graph.nodes.len()).filter(|&holder| !fixed[holder]) {
        found.extend((0..members(&graph.nodes[holder])).map(|place| without(graph, holder, place)));
        let simpler = simpler_atoms(&graph.nodes[holder]);
        found.extend(
            simpler
                .into_iter()
                .map(|atom| with_node(graph, holder, atom)),
        );
        for (place, member) in graph.nodes[holder].references().enumerate() {
            let inner = graph.nodes[member].references();
            found.extend(
                inner
                    .filter(|&inner| inner != member)
                    .map(|inner| with_other(graph, holder, place, inner)),
            );
            found.push(with_none(graph, holder, place));
        }
    }
    let is_allowed = |graph: &Graph| match of {
        Of::Python2 => pickle::write(graph, 2).is_ok(),
        Of::Any => graph.check().is_ok(),
    };
    let largest = size(graph);
    found
        .into_iter()
        .filter(is_allowed)
        .map(Graph::compact)
        .filter(|smaller| size(smaller) < largest)
        .collect()
}

/// The size of a graph as people see it. It must decrease in every step, so that shrinking ends.
fn size(graph: &Graph) -> u64 {
    let of_node = |node: &Node| match node {
        Node::None => 0,
        Node::Bool(value) => 1 + u64::from(*value),
        Node::Int(value) | Node::Long(value) => 2 + value.bits(),
        Node::Float(value) => 2 + u64::from(value.bits() != 0),
        Node::Str(bytes) | Node::Bytes(bytes) | Node::ByteArray(bytes) => 2 + bytes.len() as u64,
        Node::Unicode(text) => 2 + text.code_points().count() as u64,
        _ => 3,
    };
    let of_reference = |id: NodeId| match graph.nodes[id] {
        Node::None => 1,
        _ => 2,
    };
    let nodes = graph.nodes.iter().map(of_node);
    let references = graph.nodes.iter().flat_map(Node::references);
    nodes.chain(references.map(of_reference)).sum()
}

/// Numbers nearer to zero, and strings with a part taken away.
fn simpler_atoms(node: &Node) -> Vec<Node> {
    match node {
        Node::Bool(true) => vec![Node::Bool(false)],
        Node::Int(value) => vec![Node::Int(BigInt::ZERO), Node::Int(value / 2)],
        Node::Long(value) => vec![Node::Long(BigInt::ZERO), Node::Long(value / 2)],
        Node::Float(_) => vec![Node::Float(Float::from_bits(0))],
        Node::Str(bytes) => parts(bytes).map(Node::Str).collect(),
        Node::Bytes(bytes) => parts(bytes).map(Node::Bytes).collect(),
        Node::ByteArray(bytes) => parts(bytes).map(Node::ByteArray).collect(),
        Node::Unicode(text) => {
            let points: Vec<_> = text.code_points().collect();
            let texts = parts(&points).map(Text::from_code_points);
            texts.flatten().map(Node::Unicode).collect()
        }
        _ => Vec::new(),
    }
}

/// Either half, and everything except the first or the last.
fn parts<T: Clone>(all: &[T]) -> impl Iterator<Item = Vec<T>> {
    let half = all.len() / 2;
    let one = 1.min(all.len());
    [
        &all[..half],
        &all[half..],
        &all[one..],
        &all[..all.len() - one],
    ]
    .into_iter()
    .map(<[T]>::to_vec)
}

/// The nodes that are left unchanged: objects and their parts, and everything in a key or in an element of a set.
fn fixed(graph: &Graph) -> Vec<bool> {
    let mut fixed = vec![false; graph.nodes.len()];
    let mut pending: Vec<NodeId> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        match node {
            Node::Set(elements) | Node::FrozenSet(elements) => pending.extend(elements),
            Node::Dict(pairs) => pending.extend(pairs.iter().map(|&(key, _)| key)),
            Node::Object(object) => {
                fixed[id] = true;
                object.state.iter().for_each(|&state| fixed[state] = true);
                pending.extend([object.callable, object.arguments]);
                pending.extend(object.pairs.iter().map(|&(key, _)| key));
            }
            _ => {}
        }
    }
    let mut met = vec![false; graph.nodes.len()];
    while let Some(id) = pending.pop() {
        if !std::mem::replace(&mut met[id], true) {
            fixed[id] = true;
            pending.extend(graph.nodes[id].references());
        }
    }
    fixed
}

/// The number of members that can be taken away.
fn members(node: &Node) -> usize {
    match node {
        Node::List(ids) | Node::Tuple(ids) | Node::Set(ids) | Node::FrozenSet(ids) => ids.len(),
        Node::Dict(pairs) => pairs.len(),
        Node::Object(object) => object.state.len() + object.items.len() + object.pairs.len(),
        _ => 0,
    }
}

fn without(graph: &Graph, holder: NodeId, place: usize) -> Graph {
    let mut smaller = graph.clone();
    match &mut smaller.nodes[holder] {
        Node::List(ids) | Node::Tuple(ids) | Node::Set(ids) | Node::FrozenSet(ids) => {
            ids.remove(place);
        }
        Node::Dict(pairs) => {
            pairs.remove(place);
        }
        Node::Object(object) => {
            let (states, items) = (object.state.len(), object.items.len());
            if place < states {
                object.state.remove(place);
            } else if place < states + items {
                object.items.remove(place - states);
            } else {
                object.pairs.remove(place - states - items);
            }
        }
        atom => unreachable!("{} has no members", atom.kind()),
    }
    smaller
}

fn with_other(graph: &Graph, holder: NodeId, place: usize, other: NodeId) -> Graph {
    let mut smaller = graph.clone();
    let mut at = 0;
    smaller.nodes[holder].each_reference_mut(|id| {
        if at == place {
            *id = other;
        }
        at += 1;
    });
    smaller
}

fn with_none(graph: &Graph, holder: NodeId, place: usize) -> Graph {
    let mut smaller = with_other(graph, holder, place, graph.nodes.len());
    smaller.nodes.push(Node::None);
    smaller
}

fn with_node(graph: &Graph, id: NodeId, node: Node) -> Graph {
    let mut smaller = graph.clone();
    smaller.nodes[id] = node;
    smaller
}
