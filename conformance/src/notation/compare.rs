//! Whether two graphs mean the same object.

use std::collections::{HashMap, HashSet, VecDeque};
use thiserror::Error;

use super::colour::Colours;
use super::{Float, Graph, Node, NodeId, Shortened};

/// The number of bytes of an object that a [`Difference`] shows.
const SHOWN: usize = 200;
/// The number of bytes of a key that a path shows.
const KEY_SHOWN: usize = 40;
/// The number of steps at either end of a path that are shown.
const STEPS_SHOWN: usize = 10;

/// Which properties of two objects have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Types, values, and sharing of whatever [has an identity](Node::has_identity): profile `graph`.
    Graph,
    /// Types and values: profile `serde`. `int` equals `long`, `str` and `bytearray` equal `bytes`, and a copy is as
    /// good as the shared object.
    Values,
}

/// The first place where two graphs do not mean the same object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} is {actual}, expected {expected}", if path.is_empty() { "the object" } else { path })]
pub struct Difference {
    /// The path to that place from the root, as a Python expression: `[3]['key']`. It is empty for the root.
    pub path: String,
    /// The object that was expected there.
    pub expected: String,
    /// The object that is there.
    pub actual: String,
}

/// Compares two graphs.
///
/// Any NaN equals any NaN; `0.0` and `-0.0` differ. The elements of sets and the pairs of dicts may be in any order;
/// those that cannot be distinguished by what they contain, such as NaNs, are matched in order. The identity of an
/// object's tuple of arguments is not compared, because Python makes a new tuple each time.
pub fn compare(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Result<(), Difference> {
    let unordered = |graph: &Graph| {
        graph.nodes.iter().any(|node| match node {
            Node::Set(_) | Node::FrozenSet(_) | Node::Dict(_) => true,
            Node::Object(object) => !object.pairs.is_empty(),
            _ => false,
        })
    };
    let colours = if unordered(expected) || unordered(actual) {
        Colours::of(expected, actual, fidelity)
    } else {
        Colours {
            expected: Vec::new(),
            actual: Vec::new(),
        }
    };
    let mut comparison = Comparison {
        expected,
        actual,
        fidelity,
        colours,
        compared: HashSet::new(),
        partners: HashMap::new(),
        expecters: HashMap::new(),
        steps: Vec::new(),
        pending: vec![Pair {
            expected: expected.root,
            actual: actual.root,
            by: None,
            identity: true,
        }],
    };
    comparison.run()
}

impl Float {
    /// One value for every NaN, and the bits for every other number.
    pub(super) fn class(self) -> u64 {
        if self.value().is_nan() {
            f64::NAN.to_bits()
        } else {
            self.bits()
        }
    }
}

/// A step from one object to the next, and the index of the step before it.
struct Step {
    before: Option<usize>,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    Index(usize),
    /// The value of this key of the expected graph.
    Value(NodeId),
    /// This key or element of the expected graph itself.
    Key(NodeId),
    Part(&'static str),
    IndexOf(&'static str, usize),
}

/// Two nodes that should mean the same object, and the step that led to them.
struct Pair {
    expected: NodeId,
    actual: NodeId,
    by: Option<usize>,
    identity: bool,
}

/// An element of a set, or a key with its value.
type Member = (NodeId, Option<NodeId>);

struct Comparison<'a> {
    expected: &'a Graph,
    actual: &'a Graph,
    fidelity: Fidelity,
    colours: Colours,
    compared: HashSet<(NodeId, NodeId)>,
    /// The actual node that corresponds to each expected node, and the step at which they were matched.
    partners: HashMap<NodeId, (NodeId, Option<usize>)>,
    /// The same in the other direction.
    expecters: HashMap<NodeId, (NodeId, Option<usize>)>,
    steps: Vec<Step>,
    /// The pairs that are still to be compared; the last one is next.
    pending: Vec<Pair>,
}

impl Comparison<'_> {
    fn run(&mut self) -> Result<(), Difference> {
        while let Some(pair) = self.pending.pop() {
            let first_time = self.compared.insert((pair.expected, pair.actual));
            if first_time {
                self.compare_nodes(&pair)?;
            }
            if self.fidelity == Fidelity::Graph
                && pair.identity
                && self.expected.nodes[pair.expected].has_identity()
            {
                self.compare_identities(&pair)?;
            }
            if first_time {
                let children = self.pending.len();
                self.queue_children(&pair)?;
                self.pending[children..].reverse();
            }
        }
        Ok(())
    }

    /// Compares type, own value and length.
    fn compare_nodes(&self, pair: &Pair) -> Result<(), Difference> {
        let (expected, actual) = (
            &self.expected.nodes[pair.expected],
            &self.actual.nodes[pair.actual],
        );
        let agree = match (expected, actual) {
            (Node::Float(a), Node::Float(b)) => a.class() == b.class(),
            (Node::Complex(a, b), Node::Complex(c, d)) => {
                (a.class(), b.class()) == (c.class(), d.class())
            }
            (Node::List(a), Node::List(b)) | (Node::Tuple(a), Node::Tuple(b)) => a.len() == b.len(),
            (Node::Set(_), Node::Set(_))
            | (Node::FrozenSet(_), Node::FrozenSet(_))
            | (Node::Dict(_), Node::Dict(_))
            | (Node::Persistent(_), Node::Persistent(_)) => true,
            (Node::Object(a), Node::Object(b)) => {
                a.construction == b.construction
                    && a.state.len() == b.state.len()
                    && a.items.len() == b.items.len()
            }
            (Node::Int(a), Node::Long(b)) | (Node::Long(a), Node::Int(b)) => {
                self.fidelity == Fidelity::Values && a == b
            }
            (
                Node::Str(a) | Node::Bytes(a) | Node::ByteArray(a),
                Node::Str(b) | Node::Bytes(b) | Node::ByteArray(b),
            ) => a == b && (self.fidelity == Fidelity::Values || expected.kind() == actual.kind()),
            (a, b) => a == b,
        };
        if agree {
            return Ok(());
        }
        Err(self.difference(
            pair.by,
            describe(self.expected, pair.expected),
            describe(self.actual, pair.actual),
        ))
    }

    /// Records that two nodes are the same object, unless either was already matched with another node.
    fn compare_identities(&mut self, pair: &Pair) -> Result<(), Difference> {
        let &mut (actual, actual_by) = self
            .partners
            .entry(pair.expected)
            .or_insert((pair.actual, pair.by));
        let &mut (expected, expected_by) = self
            .expecters
            .entry(pair.actual)
            .or_insert((pair.expected, pair.by));
        if actual == pair.actual && expected == pair.expected {
            return Ok(());
        }
        let same = |by| match self.path(by) {
            path if path.is_empty() => "the object itself".to_owned(),
            path => format!("the same object as {path}"),
        };
        let another = format!("another {}", self.expected.nodes[pair.expected].kind());
        Err(if actual == pair.actual {
            self.difference(pair.by, another, same(expected_by))
        } else {
            self.difference(pair.by, same(actual_by), another)
        })
    }

    fn queue_children(&mut self, pair: &Pair) -> Result<(), Difference> {
        let (expected, actual) = (self.expected, self.actual);
        match (&expected.nodes[pair.expected], &actual.nodes[pair.actual]) {
            (Node::List(a), Node::List(b)) | (Node::Tuple(a), Node::Tuple(b)) => {
                self.queue_sequence(pair, a, b, Way::Index);
            }
            (Node::Set(a), Node::Set(b)) | (Node::FrozenSet(a), Node::FrozenSet(b)) => {
                let members =
                    |ids: &[NodeId]| -> Vec<Member> { ids.iter().map(|&id| (id, None)).collect() };
                self.queue_members(pair, &members(a), &members(b))?;
            }
            (Node::Dict(a), Node::Dict(b)) => self.queue_pairs(pair, a, b)?,
            (Node::Object(a), Node::Object(b)) => {
                self.queue(pair, a.callable, b.callable, Way::Part("callable"));
                self.queue(pair, a.arguments, b.arguments, Way::Part("arguments"));
                if let Some(arguments) = self.pending.last_mut() {
                    arguments.identity = false;
                }
                self.queue_sequence(pair, &a.state, &b.state, |place| {
                    Way::IndexOf("state", place)
                });
                self.queue_sequence(pair, &a.items, &b.items, Way::Index);
                self.queue_pairs(pair, &a.pairs, &b.pairs)?;
            }
            (&Node::Persistent(a), &Node::Persistent(b)) => self.queue(pair, a, b, Way::Part("id")),
            _ => {}
        }
        Ok(())
    }

    fn queue(&mut self, pair: &Pair, expected: NodeId, actual: NodeId, way: Way) {
        self.steps.push(Step {
            before: pair.by,
            way,
        });
        self.pending.push(Pair {
            expected,
            actual,
            by: Some(self.steps.len() - 1),
            identity: true,
        });
    }

    fn queue_sequence(
        &mut self,
        pair: &Pair,
        expected: &[NodeId],
        actual: &[NodeId],
        way: impl Fn(usize) -> Way,
    ) {
        for (place, (&expected, &actual)) in expected.iter().zip(actual).enumerate() {
            self.queue(pair, expected, actual, way(place));
        }
    }

    fn queue_pairs(
        &mut self,
        pair: &Pair,
        expected: &[(NodeId, NodeId)],
        actual: &[(NodeId, NodeId)],
    ) -> Result<(), Difference> {
        let members = |pairs: &[(NodeId, NodeId)]| -> Vec<Member> {
            pairs
                .iter()
                .map(|&(key, value)| (key, Some(value)))
                .collect()
        };
        self.queue_members(pair, &members(expected), &members(actual))
    }

    /// Matches elements, or keys with their values, by colour.
    fn queue_members(
        &mut self,
        pair: &Pair,
        expected: &[Member],
        actual: &[Member],
    ) -> Result<(), Difference> {
        let mut candidates: HashMap<u64, VecDeque<Member>> = HashMap::new();
        for &(key, value) in actual {
            candidates
                .entry(self.colours.actual[key])
                .or_default()
                .push_back((key, value));
        }
        for &(key, value) in expected {
            let way = if value.is_some() {
                Way::Value(key)
            } else {
                Way::Key(key)
            };
            let candidate = candidates
                .get_mut(&self.colours.expected[key])
                .and_then(VecDeque::pop_front);
            let Some((actual_key, actual_value)) = candidate else {
                self.steps.push(Step {
                    before: pair.by,
                    way,
                });
                let expected = describe(self.expected, value.unwrap_or(key));
                return Err(self.difference(
                    Some(self.steps.len() - 1),
                    expected,
                    "absent".to_owned(),
                ));
            };
            self.queue(pair, key, actual_key, Way::Key(key));
            if let (Some(value), Some(actual_value)) = (value, actual_value) {
                self.queue(pair, value, actual_value, way);
            }
        }
        let mut left = actual.iter().filter(|(key, _)| {
            candidates[&self.colours.actual[*key]]
                .front()
                .is_some_and(|(left, _)| left == key)
        });
        match left.next() {
            None => Ok(()),
            Some(&(key, value)) => {
                let container = self.path(pair.by);
                let key_shown = self.actual.python_from(key, KEY_SHOWN);
                Err(Difference {
                    path: match value {
                        Some(_) => format!("{container}[{key_shown}]"),
                        None => format!("{container}{{{key_shown}}}"),
                    },
                    expected: "nothing there".to_owned(),
                    actual: describe(self.actual, value.unwrap_or(key)),
                })
            }
        }
    }

    fn difference(&self, by: Option<usize>, expected: String, actual: String) -> Difference {
        Difference {
            path: self.path(by),
            expected,
            actual,
        }
    }

    fn path(&self, by: Option<usize>) -> String {
        let mut ways = Vec::new();
        let mut next = by;
        while let Some(step) = next {
            ways.push(self.steps[step].way);
            next = self.steps[step].before;
        }
        ways.reverse();
        let show = |ways: &[Way]| {
            ways.iter()
                .map(|&way| self.show_way(way))
                .collect::<String>()
        };
        match ways.len().checked_sub(2 * STEPS_SHOWN) {
            None | Some(0) => show(&ways),
            Some(more) => {
                let (first, last) = (&ways[..STEPS_SHOWN], &ways[STEPS_SHOWN + more..]);
                format!("{}<{more} more steps>{}", show(first), show(last))
            }
        }
    }

    fn show_way(&self, way: Way) -> String {
        match way {
            Way::Index(place) => format!("[{place}]"),
            Way::Value(key) => format!("[{}]", self.expected.python_from(key, KEY_SHOWN)),
            Way::Key(key) => format!("{{{}}}", self.expected.python_from(key, KEY_SHOWN)),
            Way::Part(name) => format!(".{name}"),
            Way::IndexOf(name, place) => format!(".{name}[{place}]"),
        }
    }
}

/// The type and the value of a node. The type is in words, so a `long` needs no `L`.
fn describe(graph: &Graph, id: NodeId) -> String {
    let node = &graph.nodes[id];
    let length = match node {
        Node::List(ids) | Node::Tuple(ids) => format!(" of {}", ids.len()),
        _ => String::new(),
    };
    match node {
        Node::None => "None".to_owned(),
        Node::Long(value) => format!("long {}", Shortened(&value.to_string())),
        _ => format!("{}{length} {}", node.kind(), graph.python_from(id, SHOWN)),
    }
}
