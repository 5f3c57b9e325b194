use proptest::prelude::*;
use serde_pickle::Value;

use crate::notation::{
    Builder, Fidelity, Graph, Node, NodeId, NotAValue, Text, compare, outside_values,
};
use crate::strategy;

#[test]
fn an_error_names_the_node_that_has_no_value() {
    let outside = |build: fn(&mut Builder) -> NodeId| {
        outside_values(&Graph::build(|b| {
            let inner = build(b);
            b.list([inner])
        }))
    };
    let reasons = [
        outside(|b| b.complex(0.0, 1.0)),
        outside(|b| b.unicode(Text::from_code_points([0xd800]).unwrap())),
        outside(|b| b.global("m", "C")),
        outside(|b| b.node(Node::Extension(1))),
        outside(|b| b.node(Node::Buffer(0))),
        outside(|b| b.node(Node::Unpicklable("a lambda".into()))),
    ];
    let expected = [
        "a complex",
        "text with a surrogate in it",
        "a class or function",
        "known by an extension code",
        "an out-of-band buffer",
    ];
    for (reason, expected) in reasons.iter().zip(expected) {
        assert_eq!(
            reason.as_deref(),
            Some(format!("node 0 is {expected}").as_str())
        );
    }
    assert_eq!(reasons[5].as_deref(), Some("node 0 cannot be pickled"));
    assert_eq!(outside(Builder::none), None);
    assert_eq!(outside(|b| b.bytearray("")), None);

    let recursive = Graph::build(|b| {
        let list = b.list([]);
        b.append(list, list);
        list
    });
    assert_eq!(
        outside_values(&recursive).as_deref(),
        Some("node 0 contains itself")
    );
    let unhashable = Graph::build(|b| {
        let list = b.list([]);
        let tuple = b.tuple([list]);
        b.set([tuple])
    });
    let reason = "node 1 is a key or an element of a set, but not hashable";
    assert_eq!(outside_values(&unhashable).as_deref(), Some(reason));
}

#[test]
fn objects_that_would_overflow_the_stack_or_exhaust_the_memory_are_refused() {
    let chain = |links: usize, length: usize| {
        let mut nodes = vec![Node::None];
        nodes.extend((0..length).map(|inner| Node::List(vec![inner; links])));
        Graph {
            root: length,
            nodes,
        }
    };
    assert_eq!(Value::try_from(&chain(1, 100_000)), Err(NotAValue::TooDeep));
    assert_eq!(Value::try_from(&chain(2, 100)), Err(NotAValue::TooLarge));
    assert!(Value::try_from(&chain(1, 500)).is_ok());
}

proptest! {
    #[test]
    fn values_survive_the_round_trip_through_serde_pickle(graph in strategy::values()) {
        let value = Value::try_from(&graph).unwrap();
        prop_assert_eq!(compare(&graph, &Graph::from(&value), Fidelity::Values), Ok(()));
    }
}
