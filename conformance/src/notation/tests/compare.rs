use insta::assert_snapshot;
use proptest::prelude::*;

use crate::notation::{Fidelity, Graph, Node, NodeId, compare, strategy};

fn same(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> bool {
    compare(expected, actual, fidelity).is_ok()
}

fn difference(expected: &Graph, actual: &Graph) -> String {
    compare(expected, actual, Fidelity::Graph)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_difference_says_where_it_is() {
    let with = |value: fn(&mut crate::notation::Builder) -> NodeId| {
        Graph::build(|b| {
            let (key, value) = (b.str("key"), value(b));
            let dict = b.dict([(key, value)]);
            let zero = b.int(0);
            b.list([zero, dict])
        })
    };
    let expected = with(|b| b.long(1));
    assert_snapshot!(difference(&expected, &with(|b| b.int(1))), @"[1]['key'] is int 1, expected long 1");
    assert_snapshot!(difference(&expected, &Graph::none()), @"the object is None, expected list of 2 [0, {'key': 1L}]");
    assert_snapshot!(difference(&with(|b| b.tuple([])), &with(|b| {
        let one = b.int(1);
        b.tuple([one])
    })), @"[1]['key'] is tuple of 1 (1,), expected tuple of 0 ()");
}

#[test]
fn a_missing_or_surplus_member_is_named() {
    let (a, b, one) = (Graph::str("a"), Graph::str("b"), Graph::int(1));
    let small = Graph::dict_of([(&a, &one)]);
    let large = Graph::dict_of([(&b, &one), (&a, &one)]);
    assert_snapshot!(difference(&large, &small), @"['b'] is absent, expected int 1");
    assert_snapshot!(difference(&small, &large), @"['b'] is int 1, expected nothing there");
    let set = |elements: [i32; 2]| {
        Graph::build(|b| {
            let elements = elements.map(|element| b.int(element));
            b.set(elements)
        })
    };
    assert_snapshot!(difference(&set([1, 2]), &set([1, 3])), @"{2} is absent, expected int 2");
}

#[test]
fn sharing_matters_to_graphs_and_not_to_values() {
    let shared = Graph::build(|b| {
        let inner = b.list([]);
        b.list([inner, inner])
    });
    let copied = Graph::build(|b| {
        let inner = [b.list([]), b.list([])];
        b.list(inner)
    });
    assert_snapshot!(difference(&shared, &copied), @"[1] is another list, expected the same object as [0]");
    assert_snapshot!(difference(&copied, &shared), @"[1] is the same object as [0], expected another list");
    assert!(same(&shared, &copied, Fidelity::Values));
    assert!(same(&copied, &shared, Fidelity::Values));
}

#[test]
fn recursion_is_not_unrolled_for_graphs() {
    let tight = Graph::build(|b| {
        let list = b.list([]);
        b.append(list, list);
        list
    });
    let wide = Graph::build(|b| {
        let inner = b.list([]);
        let outer = b.list([inner]);
        b.append(inner, outer);
        outer
    });
    assert!(same(&tight, &tight, Fidelity::Graph));
    assert_snapshot!(difference(&tight, &wide), @"[0] is another list, expected the object itself");
    assert!(same(&tight, &wide, Fidelity::Values));
}

#[test]
fn atoms_are_shared_or_not() {
    let shared = Graph::build(|b| {
        let (text, empty) = (b.str("x"), b.tuple([]));
        b.list([text, text, empty, empty])
    });
    let apart = Graph::build(|b| {
        let members = [b.str("x"), b.str("x"), b.tuple([]), b.tuple([])];
        b.list(members)
    });
    assert!(same(&shared, &apart, Fidelity::Graph));
}

#[test]
fn floats_are_compared_by_bits_but_nan_is_nan() {
    assert!(!same(
        &Graph::float(0.0),
        &Graph::float(-0.0),
        Fidelity::Values
    ));
    assert!(same(
        &Graph::float(f64::NAN),
        &Graph::float(-f64::NAN),
        Fidelity::Graph
    ));
    assert!(!same(&Graph::float(1.0), &Graph::int(1), Fidelity::Values));
}

#[test]
fn values_do_not_tell_old_types_apart() {
    for (one, other) in [
        (Graph::int(1), Graph::long(1)),
        (Graph::str("a"), Graph::bytes("a")),
    ] {
        assert!(same(&one, &other, Fidelity::Values));
        assert!(!same(&one, &other, Fidelity::Graph));
        let tuples = [Graph::tuple_of([&one]), Graph::tuple_of([&other])];
        let dicts = tuples.map(|tuple| Graph::dict_of([(&tuple, &one), (&Graph::none(), &other)]));
        assert!(same(&dicts[0], &dicts[1], Fidelity::Values));
    }
    assert!(!same(
        &Graph::unicode("a"),
        &Graph::bytes("a"),
        Fidelity::Values
    ));
    assert!(!same(&Graph::bool(true), &Graph::int(1), Fidelity::Values));
}

#[test]
fn the_arguments_of_a_call_are_a_new_tuple_each_time() {
    let object = |shared: bool| {
        Graph::build(|b| {
            let class = b.global("m", "C");
            let one = b.int(1);
            let arguments = b.tuple([one]);
            let again = if shared { arguments } else { b.tuple([one]) };
            let objects = [arguments, again].map(|arguments| {
                let object = crate::notation::Object::new(
                    crate::notation::Construction::New,
                    class,
                    arguments,
                );
                b.node(Node::Object(Box::new(object)))
            });
            b.list(objects)
        })
    };
    assert!(same(&object(true), &object(false), Fidelity::Graph));
}

#[test]
fn instances_in_a_set_are_told_apart_by_what_they_hold() {
    let set = |order: [i32; 3]| {
        Graph::build(|b| {
            let class = b.global("m", "C");
            let elements = order.map(|value| {
                let value = b.int(value);
                let holder = b.tuple([value]);
                b.reduce(class, [holder])
            });
            b.set(elements)
        })
    };
    assert!(same(&set([1, 2, 3]), &set([3, 1, 2]), Fidelity::Graph));
    assert!(!same(&set([1, 2, 3]), &set([1, 2, 4]), Fidelity::Graph));
}

#[test]
fn pairs_of_an_object_may_be_missing() {
    let object = |filled: bool| {
        Graph::build(|b| {
            let class = b.global("m", "C");
            let object = b.instance(class);
            let one = b.int(1);
            if filled {
                b.pair(object, one, one);
            }
            object
        })
    };
    assert_snapshot!(difference(&object(true), &object(false)), @"[1] is absent, expected int 1");
    assert_snapshot!(difference(&object(false), &object(true)), @"[1] is int 1, expected nothing there");
}

#[test]
fn doubling_is_not_exponential_and_depth_does_not_recurse() {
    let chain = |links: usize, length: usize| {
        let mut nodes = vec![Node::None];
        nodes.extend((0..length).map(|inner| Node::List(vec![inner; links])));
        Graph {
            root: length,
            nodes,
        }
    };
    for fidelity in [Fidelity::Graph, Fidelity::Values] {
        assert!(same(&chain(2, 200), &chain(2, 200), fidelity));
        assert!(same(&chain(1, 200_000), &chain(1, 200_000), fidelity));
    }
}

#[test]
fn a_long_path_is_shortened() {
    let deep = |inner: Node| {
        let mut nodes = vec![inner];
        nodes.extend((0..100_000).map(|inner| Node::List(vec![inner])));
        Graph {
            root: 100_000,
            nodes,
        }
    };
    assert_snapshot!(difference(&deep(Node::None), &deep(Node::Bool(true))), @"[0][0][0][0][0][0][0][0][0][0]<99980 more steps>[0][0][0][0][0][0][0][0][0][0] is bool True, expected None");
}

#[test]
fn large_sets_are_matched_without_trying_all_pairs() {
    let set = |numbers: &mut dyn Iterator<Item = i32>| {
        Graph::build(|b| {
            let elements: Vec<_> = numbers
                .map(|number| {
                    let number = b.int(number);
                    b.tuple([number])
                })
                .collect();
            b.frozenset(elements)
        })
    };
    assert!(same(
        &set(&mut (0..50_000)),
        &set(&mut (0..50_000).rev()),
        Fidelity::Graph
    ));
}

/// The same object in another table: nodes and unordered members reversed.
fn rearranged(graph: &Graph) -> Graph {
    let last = graph.nodes.len() - 1;
    let mut nodes: Vec<_> = graph.nodes.iter().rev().cloned().collect();
    for node in &mut nodes {
        node.each_reference_mut(|id| *id = last - *id);
        match node {
            Node::Set(elements) | Node::FrozenSet(elements) => elements.reverse(),
            Node::Dict(pairs) => pairs.reverse(),
            Node::Object(object) => object.pairs.reverse(),
            _ => {}
        }
    }
    Graph {
        root: last - graph.root,
        nodes,
    }
}

proptest! {
    #[test]
    fn another_table_of_the_same_object_is_the_same(graph in strategy::graph(strategy::NODES)) {
        for fidelity in [Fidelity::Graph, Fidelity::Values] {
            prop_assert_eq!(compare(&graph, &rearranged(&graph), fidelity), Ok(()));
        }
    }

    #[test]
    fn another_atom_is_not_the_same(graph in strategy::graph(strategy::NODES), place in any::<usize>()) {
        let mut other = graph.clone();
        let place = place % graph.nodes.len();
        let arguments = graph.nodes.iter().any(
            |node| matches!(node, Node::Object(object) if object.arguments == place),
        );
        prop_assume!(!arguments);
        other.nodes[place] = Node::Unpicklable("another".into());
        for fidelity in [Fidelity::Graph, Fidelity::Values] {
            prop_assert!(!same(&graph, &other, fidelity));
            prop_assert!(!same(&rearranged(&other), &graph, fidelity));
        }
    }

    #[test]
    fn two_random_objects_are_compared_alike_in_both_directions(
        one in strategy::graph(3),
        other in strategy::graph(3),
    ) {
        for fidelity in [Fidelity::Graph, Fidelity::Values] {
            prop_assert_eq!(same(&one, &other, fidelity), same(&other, &one, fidelity));
        }
    }
}
