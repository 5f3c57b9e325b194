//! Everything that is written can be read again, both here and by serde-pickle.

use proptest::prelude::*;
use serde_pickle::{DeOptions, SerOptions, Value};

use super::{assert_same, graph_of};
use crate::notation::{Builder, Construction, Fidelity, Graph, Node, NodeId, compare};
use crate::pickle::{EncodeError, write};
use crate::strategy;

#[test]
fn python_2_has_three_protocols() {
    assert_eq!(write(&Graph::none(), 3), Err(EncodeError::Protocol(3)));
}

#[test]
fn an_error_names_the_node_that_cannot_be_written() {
    let error = |protocol: u8, build: fn(&mut Builder) -> NodeId| {
        write(&Graph::build(build), protocol)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(2, |b| b.node(Node::Unpicklable("x".into()))),
        "node 0 cannot be pickled"
    );
    assert_eq!(
        error(2, |b| b.node(Node::Buffer(0))),
        "node 0 is an out-of-band buffer, which protocol 5 introduced"
    );
    assert_eq!(
        error(1, |b| b.node(Node::Extension(1))),
        "node 0 is an extension code, which protocol 2 introduced"
    );
    assert_eq!(
        error(2, |b| b.global("m\n", "n")),
        "node 0 has a name of more than one line"
    );
    assert_eq!(error(2, |b| b.global("", "n")), "node 0 has an empty name");
    assert_eq!(
        error(2, |b| b.node(Node::Extension(1 << 31))),
        "node 0 is an extension code beyond 31 bits"
    );
    assert_eq!(
        error(0, |b| {
            let id = b.int(1);
            b.node(Node::Persistent(id))
        }),
        "node 1 has a persistent id that is not one line of text"
    );
    for protocol in 0..3 {
        assert_eq!(
            error(protocol, |b| {
                let inner = b.none();
                let outer = b.frozenset([inner]);
                b.replace(inner, Node::Tuple(vec![outer]));
                outer
            }),
            "node 1 contains itself without anything mutable in between"
        );
    }
}

#[test]
fn types_that_python_2_lacks_are_written_as_python_3_writes_them() {
    let graph = Graph::build(|b| {
        let bytes = b.bytes(b"a\xff\\\n");
        let members = [b.bytes(""), bytes, bytes, b.bytearray(b"\xff")];
        b.list(members)
    });
    for protocol in 0..3 {
        assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
        assert_same(
            &Graph::long(1u64 << 63),
            &graph_of(&write(&Graph::int(1u64 << 63), protocol).unwrap()),
        );
    }
}

#[test]
fn everything_in_an_object_is_written_and_read() {
    let graph = Graph::build(|b| {
        let (class, one, key) = (b.global("m", "C"), b.int(1), b.str("k"));
        let objects =
            [Construction::New, Construction::Old, Construction::Call].map(|construction| {
                let object = b.object(construction, class, [one, key]);
                for _ in 0..3 {
                    b.append(object, one);
                }
                b.append(object, object);
                b.pair(object, key, object);
                let state = b.list([object]);
                b.state(object, state);
                b.state(object, key);
                object
            });
        let persistent = b.node(Node::Persistent(key));
        let list = b.list(objects);
        b.append(list, persistent);
        list
    });
    for protocol in 0..3 {
        assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
    }
}

/// The recursion is through two lists, which are in the memo only when the tuple occurs for the second and third time.
#[test]
fn a_tuple_that_contains_itself_twice_is_written_and_read() {
    let graph = Graph::build(|b| {
        let (one, other) = (b.list([]), b.list([]));
        let tuple = b.tuple([one, other]);
        b.append(one, tuple);
        b.append(other, tuple);
        let holder = b.global("m", "C");
        let call = b.reduce(holder, [tuple]);
        b.append(one, call);
        call
    });
    for protocol in 0..3 {
        assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
    }
}

#[test]
fn a_call_with_its_result_among_its_arguments_is_written_and_read() {
    let graph = Graph::build(|b| {
        let (callable, list) = (b.global("m", "f"), b.list([]));
        let call = b.reduce(callable, [list]);
        b.append(list, call);
        let state = b.dict([]);
        b.state(call, state);
        call
    });
    for protocol in 0..3 {
        assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
    }
}

#[test]
fn batches_and_high_memo_slots_are_written_and_read() {
    let graph = Graph::build(|b| {
        let members: Vec<_> = (0..2001).map(|number| b.str(format!("{number}"))).collect();
        let pairs: Vec<_> = members
            .iter()
            .copied()
            .zip(members.iter().copied().rev())
            .collect();
        let all = [b.list(members), b.dict(pairs)];
        b.tuple(all)
    });
    for protocol in 0..3 {
        assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
    }
}

proptest! {
    #[test]
    fn written_pickles_are_read(graph in strategy::graph(strategy::NODES), protocol in 0..3u8) {
        let reading = graph_of(&write(&graph, protocol).unwrap());
        prop_assert_eq!(compare(&graph, &reading, Fidelity::Graph), Ok(()));
    }

    #[test]
    fn serde_pickle_reads_the_same_value(graph in strategy::values(), protocol in 1..3u8) {
        let pickle = write(&graph, protocol).unwrap();
        let value: Value = match serde_pickle::value_from_slice(&pickle, DeOptions::new()) {
            // serde-pickle 1.2.0 sometimes mistakes a shared container for recursion.
            Err(serde_pickle::Error::Syntax(serde_pickle::ErrorCode::Recursive)) => return Ok(()),
            value => value.unwrap(),
        };
        prop_assert_eq!(compare(&graph, &Graph::from(&value), Fidelity::Values), Ok(()));
    }

    #[test]
    fn pickles_of_serde_pickle_are_read(graph in strategy::values()) {
        let value = Value::try_from(&graph).unwrap();
        for options in [SerOptions::new(), SerOptions::new().proto_v2()] {
            let pickle = serde_pickle::value_to_vec(&value, options).unwrap();
            prop_assert_eq!(compare(&graph, &graph_of(&pickle), Fidelity::Values), Ok(()));
        }
    }
}
