//! Random graphs, for proptest.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Construction, Float, Graph, Node, NodeId, Object, Text};

/// As many nodes as make an interesting object that people can still read.
pub const NODES: usize = 20;
/// Larger trees are no keys, and no values of profile `serde`: copies of shared objects count.
const LARGEST_TREE: usize = 500;
/// Where other opcodes begin.
const INTS: &[i64] = &[
    0,
    0xff,
    0xffff,
    0x7fff_ffff,
    -0x8000_0000,
    i64::MAX,
    i64::MIN,
];
const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    0.1,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];
const GLOBALS: &[(&str, &str)] = &[
    ("__builtin__", "len"),
    ("datetime", "date"),
    ("collections", "defaultdict"),
];

/// Objects of Python 2, with everything that pickles have opcodes or well-known calls for, shared and
/// recursive, of about `nodes` nodes.
///
/// They can be unpickled by a plain Python 2.7: classes are those of its library. Elements of sets and keys
/// of dicts are hashable and differ, none of them is a NaN. No text has a high surrogate followed by a low
/// one, which Python 2 pickles as one code point.
pub fn graph(nodes: usize) -> impl Strategy<Value = Graph> {
    let plan = prop_oneof![
        6 => python_2_atom().prop_map(Plan::Atom),
        4 => container(),
        1 => object(),
    ];
    vec(plan, 1..nodes.max(2)).prop_map(|plans| Construct::default().all(&plans, true))
}

/// Objects of profile `serde`: values only, containers shared but never recursive, of about [`NODES`]
/// nodes.
pub fn values() -> impl Strategy<Value = Graph> {
    let plan = prop_oneof![
        6 => value_atom().prop_map(Plan::Atom),
        4 => container(),
    ];
    vec(plan, 1..NODES).prop_map(|plans| Construct::default().all(&plans, false))
}

/// One node to be, with links that are resolved when it is known how many there are.
#[derive(Clone, Debug)]
enum Plan {
    Atom(Node),
    List(Vec<Index>),
    Tuple(Vec<Index>),
    Set(Vec<Index>),
    FrozenSet(Vec<Index>),
    Dict(Vec<(Index, Index)>),
    /// `datetime.date`, hashable, with its state as its argument
    Date {
        year: u16,
        month: u8,
        day: u8,
    },
    /// `collections.defaultdict`, filled with pairs
    DefaultDict(Vec<(Index, Index)>),
    /// `argparse.Namespace`, a new-style class with attributes
    Namespace(Vec<Index>),
    /// `UserDict.UserDict`, an old-style class with an attribute
    UserDict(Index),
}

fn container() -> impl Strategy<Value = Plan> {
    let links = || vec(any::<Index>(), 0..5);
    let pairs = vec(any::<(Index, Index)>(), 0..5);
    prop_oneof![
        3 => links().prop_map(Plan::List),
        3 => links().prop_map(Plan::Tuple),
        1 => links().prop_map(Plan::Set),
        1 => links().prop_map(Plan::FrozenSet),
        3 => pairs.prop_map(Plan::Dict),
    ]
}

fn object() -> impl Strategy<Value = Plan> {
    prop_oneof![
        (1..=9999u16, 1..=12u8, 1..=28u8).prop_map(|(year, month, day)| Plan::Date {
            year,
            month,
            day
        }),
        vec(any::<(Index, Index)>(), 0..4).prop_map(Plan::DefaultDict),
        vec(any::<Index>(), 1..4).prop_map(Plan::Namespace),
        any::<Index>().prop_map(Plan::UserDict),
    ]
}

fn python_2_atom() -> impl Strategy<Value = Node> {
    let global = |(module, name): (&str, &str)| Node::Global {
        module: module.into(),
        name: name.into(),
    };
    prop_oneof![
        8 => value_atom(),
        1 => (float(), float()).prop_map(|(real, imaginary)| Node::Complex(real, imaginary)),
        1 => vec(any::<u8>(), 0..9).prop_map(Node::ByteArray),
        1 => vec(code_point(), 0..9).prop_map(|points| Node::Unicode(text_without_pairs(points))),
        1 => select(GLOBALS).prop_map(global),
    ]
}

fn value_atom() -> impl Strategy<Value = Node> {
    prop_oneof![
        1 => Just(Node::None),
        1 => any::<bool>().prop_map(Node::Bool),
        3 => int().prop_map(|value| Node::Int(value.into())),
        3 => long().prop_map(Node::Long),
        2 => float().prop_map(Node::Float),
        3 => byte_string().prop_map(Node::Str),
        3 => "\\PC{0,8}|[\\\\\n\r\t\u{e9}\u{20ac}\u{1f600}]{0,4}".prop_map(|text| Node::Unicode(text.into())),
    ]
}

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i8>().prop_map(i64::from),
        (select(INTS), -1..=1i64).prop_map(|(edge, by)| edge.saturating_add(by)),
        any::<i64>(),
    ]
}

fn long() -> impl Strategy<Value = BigInt> {
    prop_oneof![
        8 => int().prop_map(BigInt::from),
        8 => vec(any::<u8>(), 0..20).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes)),
        1 => vec(any::<u8>(), 250..260).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes)),
    ]
}

fn float() -> impl Strategy<Value = Float> {
    prop_oneof![
        select(FLOATS).prop_map(Float::from),
        any::<i16>().prop_map(|value| Float::from(f64::from(value) / 8.0)),
        any::<u64>().prop_map(Float::from_bits),
    ]
}

fn byte_string() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[a-z]{1,6}".prop_map(String::into_bytes),
        8 => vec(any::<u8>(), 0..12),
        4 => "['\"\\\\\n\r\t\\x00]{0,6}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 250..260),
    ]
}

fn code_point() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..0x80u32,
        0x80..0x100u32,
        0x100..0x1_0000u32,
        0xd800..0xe000u32,
        0x1_0000..0x11_0000u32
    ]
}

fn text_without_pairs(mut code_points: Vec<u32>) -> Text {
    let high = |point: &u32| (0xd800..0xdc00).contains(point);
    let low = |point: &u32| (0xdc00..0xe000).contains(point);
    code_points.dedup_by(|next, before| high(before) && low(next));
    Text::from_code_points(code_points).expect("all are code points")
}

/// The table, and what is known of the objects in it.
#[derive(Default)]
struct Construct {
    nodes: Vec<Node>,
    /// One for each plan.
    objects: Vec<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    id: NodeId,
    /// Equal for objects that Python finds equal, and for some more. None for what is not hashable.
    equality: Option<u64>,
    /// How large it is as a tree, as far as that is known.
    size: usize,
}

impl Construct {
    /// Immutable objects refer to those before them; mutable ones to any, if they may recur. The root holds
    /// whatever nothing else refers to.
    fn all(mut self, plans: &[Plan], recursive: bool) -> Graph {
        for plan in plans {
            let (node, equality, size) = self.immutable(plan);
            self.nodes.push(node);
            self.objects.push(Known {
                id: self.nodes.len() - 1,
                equality,
                size,
            });
            if !recursive {
                self.fill(self.objects.len() - 1, plan, self.objects.len() - 1);
            }
        }
        if recursive {
            for (place, plan) in plans.iter().enumerate() {
                self.fill(place, plan, self.objects.len());
            }
        }
        let referred: HashSet<_> = self.nodes.iter().flat_map(Node::references).collect();
        let mut roots = self
            .objects
            .iter()
            .map(|object| object.id)
            .filter(|id| !referred.contains(id));
        let root = match (roots.next(), roots.next()) {
            (Some(only), None) => only,
            (None, _) => self.objects[0].id,
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(roots).collect();
                self.add(Node::List(all))
            }
        };
        Graph {
            root,
            nodes: self.nodes,
        }
        .compact()
    }

    /// The node of a plan, with what it equals and how large it is. Mutable ones are still empty.
    fn immutable(&mut self, plan: &Plan) -> (Node, Option<u64>, usize) {
        match plan {
            Plan::Atom(atom) => (atom.clone(), equality(atom), 1),
            Plan::List(_) => (Node::List(Vec::new()), None, 1),
            Plan::Set(_) => (Node::Set(Vec::new()), None, 1),
            Plan::Dict(_) => (Node::Dict(Vec::new()), None, 1),
            Plan::Tuple(links) => {
                let members: Vec<_> = self.choose(links, self.objects.len());
                let equalities: Option<Vec<_>> =
                    members.iter().map(|member| member.equality).collect();
                let size = size(&members);
                let equality = equalities
                    .filter(|_| size < LARGEST_TREE)
                    .map(|all| hash(&("tuple", all)));
                (Node::Tuple(ids(&members)), equality, size)
            }
            Plan::FrozenSet(links) => {
                let members = self.choose_keys(links, self.objects.len());
                let mut equalities: Vec<_> = members.iter().map(|member| member.equality).collect();
                equalities.sort_unstable();
                let equality = Some(hash(&("frozenset", equalities)));
                (Node::FrozenSet(ids(&members)), equality, size(&members))
            }
            &Plan::Date { year, month, day } => {
                let [high, low] = year.to_be_bytes();
                let state = self.add(Node::Str(vec![high, low, month, day]));
                let date = self.object(Construction::Call, "datetime", "date", vec![state]);
                (date, Some(hash(&("date", year, month, day))), 1)
            }
            Plan::DefaultDict(_) => {
                let factory = self.global("__builtin__", "list");
                (
                    self.object(
                        Construction::Call,
                        "collections",
                        "defaultdict",
                        vec![factory],
                    ),
                    None,
                    1,
                )
            }
            Plan::Namespace(_) => (
                self.object(Construction::New, "argparse", "Namespace", Vec::new()),
                None,
                1,
            ),
            Plan::UserDict(_) => (
                self.object(Construction::Old, "UserDict", "UserDict", Vec::new()),
                None,
                1,
            ),
        }
    }

    /// Fills a mutable object with some of the first `among` objects.
    fn fill(&mut self, place: usize, plan: &Plan, among: usize) {
        let id = self.objects[place].id;
        match plan {
            Plan::List(links) => {
                let members = self.choose(links, among);
                self.objects[place].size = size(&members);
                self.nodes[id] = Node::List(ids(&members));
            }
            Plan::Set(links) => {
                let members = self.choose_keys(links, among);
                self.objects[place].size = size(&members);
                self.nodes[id] = Node::Set(ids(&members));
            }
            Plan::Dict(links) | Plan::DefaultDict(links) => {
                let (keys, values): (Vec<_>, Vec<_>) = links.iter().copied().unzip();
                let (keys, values) = (self.choose_keys(&keys, among), self.choose(&values, among));
                self.objects[place].size = size(&keys).saturating_add(size(&values));
                let pairs = keys
                    .iter()
                    .zip(&values)
                    .map(|(key, value)| (key.id, value.id))
                    .collect();
                match &mut self.nodes[id] {
                    Node::Object(object) => object.pairs = pairs,
                    dict => *dict = Node::Dict(pairs),
                }
            }
            Plan::Namespace(links) => {
                let values = self.choose(links, among);
                self.fill_attributes(id, &["alpha", "beta", "gamma"], &values);
            }
            Plan::UserDict(link) => {
                let values = self.choose(&[*link], among);
                self.fill_attributes(id, &["data"], &values);
            }
            Plan::Atom(_) | Plan::Tuple(_) | Plan::FrozenSet(_) | Plan::Date { .. } => {}
        }
    }

    fn fill_attributes(&mut self, id: NodeId, names: &[&str], values: &[Known]) {
        let pairs = names
            .iter()
            .zip(values)
            .map(|(name, value)| (self.add(Node::Str(name.as_bytes().to_vec())), value.id))
            .collect();
        let state = self.add(Node::Dict(pairs));
        if let Node::Object(object) = &mut self.nodes[id] {
            object.state.push(state);
        }
    }

    /// Some of the first `among` objects, together not too large a tree.
    fn choose(&self, links: &[Index], among: usize) -> Vec<Known> {
        if among == 0 {
            return Vec::new();
        }
        let mut room = LARGEST_TREE;
        let fits = |object: &Known| {
            let left = room.checked_sub(object.size);
            room = left.unwrap_or(room);
            left.is_some()
        };
        links
            .iter()
            .map(|link| self.objects[link.index(among)])
            .filter(fits)
            .collect()
    }

    /// Some of the first `among` objects that are hashable, no two of them equal.
    fn choose_keys(&self, links: &[Index], among: usize) -> Vec<Known> {
        let mut seen = HashSet::new();
        let mut chosen = self.choose(links, among);
        chosen.retain(|object| {
            object
                .equality
                .is_some_and(|equality| seen.insert(equality))
        });
        chosen
    }

    fn object(
        &mut self,
        construction: Construction,
        module: &str,
        name: &str,
        arguments: Vec<NodeId>,
    ) -> Node {
        let callable = self.global(module, name);
        let arguments = self.add(Node::Tuple(arguments));
        Node::Object(Box::new(Object::new(construction, callable, arguments)))
    }

    fn global(&mut self, module: &str, name: &str) -> NodeId {
        self.add(Node::Global {
            module: module.into(),
            name: name.into(),
        })
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }
}

fn ids(objects: &[Known]) -> Vec<NodeId> {
    objects.iter().map(|object| object.id).collect()
}

fn size(members: &[Known]) -> usize {
    members
        .iter()
        .map(|member| member.size)
        .fold(1, usize::saturating_add)
}

/// Numbers by value whatever their type, strings by their bytes whatever their type. None for NaN and for
/// what is not hashable.
fn equality(atom: &Node) -> Option<u64> {
    let number = |real: f64, imaginary: f64| {
        let same_zero = |part: f64| (part + 0.0).to_bits();
        let is_number = !real.is_nan() && !imaginary.is_nan();
        is_number.then(|| hash(&("number", same_zero(real), same_zero(imaginary))))
    };
    match atom {
        Node::Bool(value) => number(f64::from(u8::from(*value)), 0.0),
        Node::Int(value) | Node::Long(value) => number(value.to_string().parse().ok()?, 0.0),
        Node::Float(value) => number(value.value(), 0.0),
        Node::Complex(real, imaginary) => number(real.value(), imaginary.value()),
        Node::Str(bytes) => Some(hash(&("string", bytes.as_slice()))),
        Node::Unicode(text) => Some(hash(&("string", text.as_surrogatepass()))),
        Node::Global { module, name } => Some(hash(&("global", module, name))),
        Node::None => Some(hash(&"none")),
        _ => None,
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
