//! Random graphs, for proptest.

mod any;
mod construct;
mod smaller;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::RangeInclusive;

use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;

pub use any::any_graph;
use construct::Construct;
use smaller::{Of, Smaller};

use crate::notation::{Float, Graph, Node, Text};

/// The average number of nodes of an object that is interesting, but that people can still read.
pub const NODES: usize = 20;
/// Integers around the places where pickles change to another opcode.
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

/// Objects of Python 2, shared and recursive, with `nodes` nodes on average. They contain everything for which pickles
/// have opcodes or well-known calls.
///
/// A plain Python 2.7 can unpickle them, because all classes are from its library. The elements of sets and the keys of
/// dicts are hashable and distinct, and none of them is a NaN. No text has a high surrogate followed by a low one,
/// which Python 2 pickles as one code point.
pub fn graph(nodes: usize) -> impl Strategy<Value = Graph> {
    let plan = prop_oneof![
        6 => python_2_atom().prop_map(Plan::Atom),
        4 => container(),
        1 => object(),
    ];
    Smaller {
        examples: vec((plan, kept()), plans(nodes))
            .prop_map(|plans| Construct::default().all(&plans, true)),
        of: Of::Python2,
    }
}

/// Objects of profile `serde`, with [`NODES`] nodes on average: only values, with containers that may be shared but are
/// never recursive.
pub fn values() -> impl Strategy<Value = Graph> {
    let plan = prop_oneof![
        6 => value_atom().prop_map(Plan::Atom),
        4 => container(),
    ];
    Smaller {
        examples: vec((plan, kept()), plans(NODES))
            .prop_map(|plans| Construct::default().all(&plans, false)),
        of: Of::Python2,
    }
}

/// The number of plans that make `nodes` nodes on average: some plans need several nodes, and some nodes are
/// unreachable.
fn plans(nodes: usize) -> RangeInclusive<usize> {
    1..=nodes * 3 / 2
}

/// Whether an object to which nothing refers is in the graph. It is, until it is left out to make the graph smaller.
/// Leaving out its plan instead would change the meaning of all links.
type Kept = bool;

fn kept() -> impl Strategy<Value = Kept> {
    proptest::bool::weighted(1.0)
}

/// The plan of one node. Its links are resolved once the number of nodes is known.
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
        3 => text("\\PC{0,8}|[\\\\\n\r\t\u{e9}\u{20ac}\u{1f600}]{0,4}").prop_map(|text| Node::Unicode(text.into())),
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
        8 => text("[a-z]{1,6}").prop_map(String::into_bytes),
        8 => vec(any::<u8>(), 0..12),
        4 => text("['\"\\\\\n\r\t\\x00]{0,6}").prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 250..260),
    ]
}

/// Text that matches this pattern. A string literal is a strategy as well, but it parses its pattern again for each
/// example.
fn text(pattern: &str) -> impl Strategy<Value = String> {
    string_regex(pattern).expect("the patterns here are regular expressions")
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
