use insta::assert_snapshot;
use proptest::prelude::*;

use crate::notation::{Construction, Fidelity, Graph, Node, NodeId, Object, compare};
use crate::strategy;

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

/// Every kind of difference, in the words in which it is reported.
#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn every_kind_of_difference_is_described() {
    use crate::notation::Builder;
    type Make = fn(&mut Builder) -> NodeId;
    let object = |construction: Construction, fill: fn(&mut Builder, NodeId)| {
        Graph::build(|b| {
            let class = b.global("m", "C");
            let one = b.int(1);
            let object = b.object(construction, class, [one]);
            fill(b, object);
            b.list([object])
        })
    };
    let in_list = |make: Make| {
        Graph::build(|b| {
            let member = make(b);
            b.list([member])
        })
    };
    let new = |fill| object(Construction::New, fill);
    let atoms: [(Make, Make); 19] = [
        (Builder::none, |b| b.bool(false)),
        (|b| b.bool(true), |b| b.int(1)),
        (|b| b.long(1), |b| b.int(1)),
        (|b| b.int(-5), |b| b.int(5)),
        (|b| b.float(0.0), |b| b.float(-0.0)),
        (|b| b.float(1.0), |b| b.float(f64::NAN)),
        (|b| b.complex(0.0, 1.0), |b| b.complex(1.0, 0.0)),
        (|b| b.unicode("a"), |b| b.str("a")),
        (|b| b.bytes("a"), |b| b.str("a")),
        (|b| b.bytearray("a"), |b| b.bytearray("b")),
        (|b| b.str("x".repeat(300)), |b| b.str("y")),
        (|b| b.list([]), |b| b.tuple([])),
        (|b| b.frozenset([]), |b| b.set([])),
        (|b| b.dict([]), |b| b.global("m", "C")),
        (|b| b.global("m", "C"), |b| b.global("m", "D")),
        (
            |b| b.node(Node::Extension(1)),
            |b| b.node(Node::Extension(2)),
        ),
        (|b| b.node(Node::Buffer(0)), |b| b.node(Node::Buffer(1))),
        (
            |b| b.node(Node::Unpicklable("f".into())),
            |b| b.node(Node::Unpicklable("g".into())),
        ),
        (
            |b| {
                let id = b.str("id");
                b.node(Node::Persistent(id))
            },
            |b| {
                let id = b.str("other");
                b.node(Node::Persistent(id))
            },
        ),
    ];
    let mut said: Vec<_> = atoms
        .iter()
        .map(|(expected, actual)| difference(&in_list(*expected), &in_list(*actual)))
        .collect();
    let parts: [(Graph, Graph); 9] = [
        (new(|_, _| {}), object(Construction::Old, |_, _| {})),
        (new(|_, _| {}), object(Construction::Call, |_, _| {})),
        (
            new(|b, object| {
                let state = b.int(1);
                b.state(object, state);
            }),
            new(|b, object| {
                let state = b.int(2);
                b.state(object, state);
            }),
        ),
        (
            new(|b, object| {
                let state = b.none();
                b.state(object, state);
            }),
            new(|_, _| {}),
        ),
        (
            new(|b, object| {
                let key = b.str("x");
                let value = b.int(1);
                let state = b.dict([(key, value)]);
                b.state(object, state);
            }),
            new(|b, object| {
                let key = b.str("x");
                let value = b.long(1);
                let state = b.dict([(key, value)]);
                b.state(object, state);
            }),
        ),
        (
            new(|b, object| {
                let item = b.int(1);
                b.append(object, item);
            }),
            new(|b, object| {
                let item = b.int(2);
                b.append(object, item);
            }),
        ),
        (
            new(|b, object| {
                let (key, value) = (b.str("k"), b.int(1));
                b.pair(object, key, value);
            }),
            new(|b, object| {
                let (key, value) = (b.str("k"), b.int(2));
                b.pair(object, key, value);
            }),
        ),
        (
            Graph::build(|b| {
                let class = b.global("m", "C");
                b.instance(class)
            }),
            Graph::build(|b| {
                let class = b.global("m", "D");
                b.instance(class)
            }),
        ),
        (
            Graph::build(|b| {
                let (class, argument) = (b.global("m", "f"), b.int(1));
                b.reduce(class, [argument])
            }),
            Graph::build(|b| {
                let (class, argument) = (b.global("m", "f"), b.int(2));
                b.reduce(class, [argument])
            }),
        ),
    ];
    said.extend(
        parts
            .iter()
            .map(|(expected, actual)| difference(expected, actual)),
    );
    assert_snapshot!(said.join("\n"), @r"
    [0] is bool False, expected None
    [0] is int 1, expected bool True
    [0] is int 1, expected long 1
    [0] is int 5, expected int -5
    [0] is float -0.0, expected float 0.0
    [0] is float NaN, expected float 1.0
    [0] is complex complex(1.0, 0.0), expected complex complex(0.0, 1.0)
    [0] is str 'a', expected unicode u'a'
    [0] is str 'a', expected bytes b'a'
    [0] is bytearray bytearray('b'), expected bytearray bytearray('a')
    [0] is str 'y', expected str 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'...<220 more>
    [0] is tuple of 0 (), expected list of 0 []
    [0] is set set(), expected frozenset frozenset()
    [0] is global m.C, expected dict {}
    [0] is global m.D, expected global m.C
    [0] is extension <extension 2>, expected extension <extension 1>
    [0] is buffer <buffer 1>, expected buffer <buffer 0>
    [0] is unpicklable <unpicklable: g>, expected unpicklable <unpicklable: f>
    [0].id is str 'other', expected str 'id'
    [0] is instance <old m.C(1)>, expected instance <new m.C(1)>
    [0] is reduce m.C(1), expected instance <new m.C(1)>
    [0].state[0] is int 2, expected int 1
    [0] is instance <new m.C(1)>, expected instance <new m.C(1) state None>
    [0].state[0]['x'] is long 1, expected int 1
    [0][0] is int 2, expected int 1
    [0]['k'] is int 2, expected int 1
    .callable is global m.D, expected global m.C
    .arguments[0] is int 2, expected int 1
    ");
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
fn sharing_of_atoms_does_not_matter() {
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
fn values_do_not_distinguish_the_types_of_python_2() {
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
                let object = Object::new(Construction::New, class, arguments);
                b.node(Node::Object(Box::new(object)))
            });
            b.list(objects)
        })
    };
    assert!(same(&object(true), &object(false), Fidelity::Graph));
}

#[test]
fn instances_in_a_set_are_distinguished_by_their_contents() {
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
pub(super) fn rearranged(graph: &Graph) -> Graph {
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

/// An object as large as any that the suite compares, both wide and deep.
#[test]
fn a_million_objects_are_compared_in_seconds() {
    const MANY: usize = 1_000_000;
    let number = |number: usize| Node::Int(number.into());
    let wide = |last: usize| {
        let mut nodes: Vec<_> = (0..MANY - 1).map(number).collect();
        nodes.push(number(last));
        nodes.push(Node::List((0..MANY).collect()));
        Graph { root: MANY, nodes }
    };
    let deep = |inner: Node| {
        let mut nodes = vec![inner];
        nodes.extend((0..MANY).map(|inner| Node::List(vec![inner])));
        Graph { root: MANY, nodes }
    };
    let began = std::time::Instant::now();
    assert_snapshot!(difference(&wide(0), &wide(1)), @"[999999] is int 1, expected int 0");
    assert!(difference(&deep(Node::None), &deep(Node::Bool(true))).contains("<999980 more steps>"));
    let took = began.elapsed();
    assert!(took.as_secs() < 120, "{took:?}");
}

proptest! {
    #[test]
    fn an_object_equals_itself_in_another_table(graph in strategy::graph(strategy::NODES)) {
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
    fn two_random_objects_compare_the_same_in_both_directions(
        one in strategy::graph(3),
        other in strategy::graph(3),
    ) {
        for fidelity in [Fidelity::Graph, Fidelity::Values] {
            prop_assert_eq!(same(&one, &other, fidelity), same(&other, &one, fidelity));
        }
    }
}
