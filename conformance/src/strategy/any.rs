//! Every graph that the notation can express, whether or not any Python could make it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::smaller::{Of, Smaller};
use super::{Kept, code_point, float, kept, plans, python_2_atom, text};
use crate::notation::{Construction, Graph, Node, NodeId, Object, Text};

const CONSTRUCTIONS: &[Construction] = &[Construction::New, Construction::Old, Construction::Call];

/// Objects of every kind, with `nodes` nodes on average. Every node may refer to every other, which includes unhashable
/// keys, tuples that contain themselves, and equal elements in one set.
pub fn any_graph(nodes: usize) -> impl Strategy<Value = Graph> {
    let plan = prop_oneof![
        5 => atom().prop_map(Plan::Atom),
        5 => container(),
        2 => object(),
        1 => any::<Index>().prop_map(Plan::Persistent),
    ];
    Smaller {
        examples: vec((plan, kept()), plans(nodes)).prop_map(|plans| construct(&plans)),
        of: Of::Any,
    }
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
    Object(ObjectPlan),
    Persistent(Index),
}

#[derive(Clone, Debug)]
struct ObjectPlan {
    construction: Construction,
    callable: Index,
    arguments: Arguments,
    state: Vec<Index>,
    items: Vec<Index>,
    pairs: Vec<(Index, Index)>,
}

#[derive(Clone, Debug)]
enum Arguments {
    /// A tuple that is used for nothing else.
    Own(Vec<Index>),
    /// One of the other tuples, if there are any.
    Shared(Index),
}

fn links() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..5)
}

fn pairs() -> impl Strategy<Value = Vec<(Index, Index)>> {
    vec(any::<(Index, Index)>(), 0..4)
}

fn container() -> impl Strategy<Value = Plan> {
    prop_oneof![
        3 => links().prop_map(Plan::List),
        3 => links().prop_map(Plan::Tuple),
        1 => links().prop_map(Plan::Set),
        1 => links().prop_map(Plan::FrozenSet),
        2 => pairs().prop_map(Plan::Dict),
    ]
}

fn object() -> impl Strategy<Value = Plan> {
    let arguments = prop_oneof![
        3 => links().prop_map(Arguments::Own),
        1 => any::<Index>().prop_map(Arguments::Shared),
    ];
    let few = || vec(any::<Index>(), 0..3);
    (
        select(CONSTRUCTIONS),
        any::<Index>(),
        arguments,
        few(),
        few(),
        vec(any::<(Index, Index)>(), 0..3),
    )
        .prop_map(|(construction, callable, arguments, state, items, pairs)| {
            Plan::Object(ObjectPlan {
                construction,
                callable,
                arguments,
                state,
                items,
                pairs,
            })
        })
}

fn atom() -> impl Strategy<Value = Node> {
    let name = || text("[a-z]{1,5}|[A-Za-z_.<>]{1,5}|\\PC{1,3}");
    prop_oneof![
        6 => python_2_atom(),
        1 => vec(any::<u8>(), 0..9).prop_map(Node::Bytes),
        1 => (float(), float()).prop_map(|(real, imaginary)| Node::Complex(real, imaginary)),
        1 => vec(code_point(), 0..9).prop_map(any_text),
        1 => (name(), name()).prop_map(|(module, name)| Node::Global { module, name }),
        1 => prop_oneof![Just(1), Just(255), Just(256), Just(65_536), 1..=0x7fff_ffffu32].prop_map(Node::Extension),
        1 => (0..4usize).prop_map(Node::Buffer),
        1 => text("[a-z \\\\\n]{0,6}").prop_map(Node::Unpicklable),
    ]
}

/// Text that may contain high surrogates followed by low ones, which are two characters here.
fn any_text(code_points: Vec<u32>) -> Node {
    Node::Unicode(Text::from_code_points(code_points).expect("all are code points"))
}

/// The root holds every node to which nothing else refers, unless the node's plan says that it may be left out.
fn construct(plans: &[(Plan, Kept)]) -> Graph {
    let count = plans.len();
    let tuples: Vec<NodeId> = (0..count)
        .filter(|&place| matches!(plans[place].0, Plan::Tuple(_)))
        .collect();
    let mut own_arguments = Vec::new();
    let all = |links: &[Index]| {
        links
            .iter()
            .map(|link| link.index(count))
            .collect::<Vec<_>>()
    };
    let all_pairs = |links: &[(Index, Index)]| {
        let pair = |(key, value): &(Index, Index)| (key.index(count), value.index(count));
        links.iter().map(pair).collect::<Vec<_>>()
    };
    let mut nodes: Vec<_> = plans
        .iter()
        .map(|(plan, _)| match plan {
            Plan::Atom(atom) => atom.clone(),
            Plan::List(links) => Node::List(all(links)),
            Plan::Tuple(links) => Node::Tuple(all(links)),
            Plan::Set(links) => Node::Set(all(links)),
            Plan::FrozenSet(links) => Node::FrozenSet(all(links)),
            Plan::Dict(links) => Node::Dict(all_pairs(links)),
            Plan::Persistent(link) => Node::Persistent(link.index(count)),
            Plan::Object(plan) => {
                let arguments = match &plan.arguments {
                    Arguments::Shared(link) if !tuples.is_empty() => *link.get(&tuples),
                    Arguments::Shared(_) => {
                        own_arguments.push(Node::Tuple(Vec::new()));
                        count + own_arguments.len() - 1
                    }
                    Arguments::Own(links) => {
                        own_arguments.push(Node::Tuple(all(links)));
                        count + own_arguments.len() - 1
                    }
                };
                Node::Object(Box::new(Object {
                    construction: plan.construction,
                    callable: plan.callable.index(count),
                    arguments,
                    state: all(&plan.state),
                    items: all(&plan.items),
                    pairs: all_pairs(&plan.pairs),
                }))
            }
        })
        .collect();
    nodes.append(&mut own_arguments);

    let mut referred = vec![false; nodes.len()];
    for id in nodes.iter().flat_map(Node::references) {
        referred[id] = true;
    }
    let roots: Vec<_> = (0..count)
        .filter(|&place| plans[place].1 && !referred[place])
        .collect();
    let root = match roots[..] {
        [] => 0,
        [only] => only,
        _ => {
            nodes.push(Node::List(roots));
            nodes.len() - 1
        }
    };
    Graph { root, nodes }.compact()
}
