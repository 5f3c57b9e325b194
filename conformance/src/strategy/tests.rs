use std::collections::HashSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::notation::{Fidelity, Graph, Node, compare};
use crate::pickle;
use crate::strategy::{self, NODES};

/// The smallest of these examples for which a property does not hold.
fn smallest(
    seed: u8,
    examples: impl Strategy<Value = Graph>,
    holds: impl Fn(&Graph) -> bool,
) -> String {
    let config = Config {
        cases: 10_000,
        max_shrink_iters: u32::MAX - 1,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &[seed; 16]);
    let outcome = TestRunner::new_with_rng(config, random).run(&examples, |example| {
        prop_assert!(holds(&example));
        Ok(())
    });
    match outcome {
        Err(TestError::Fail(_, example)) => example.to_string(),
        other => panic!("no example was found: {other:?}"),
    }
}

fn has(node: fn(&Node) -> bool) -> impl Fn(&Graph) -> bool {
    move |graph| !graph.nodes.iter().any(node)
}

/// The number of references to each node.
fn references(graph: &Graph) -> Vec<usize> {
    let mut count = vec![0; graph.nodes.len()];
    for id in graph.nodes.iter().flat_map(Node::references) {
        count[id] += 1;
    }
    count
}

fn has_no_shared_list(graph: &Graph) -> bool {
    let is_list = |node: &Node| matches!(node, Node::List(_));
    let mut all = graph.nodes.iter().zip(references(graph));
    !all.any(|(node, count)| is_list(node) && count > 1)
}

fn has_no_dict_in_a_tuple_in_itself(graph: &Graph) -> bool {
    graph.nodes.iter().enumerate().all(|(dict, node)| {
        let Node::Dict(pairs) = node else { return true };
        pairs.iter().all(|&(_, value)| match &graph.nodes[value] {
            Node::Tuple(members) => !members.contains(&dict),
            _ => true,
        })
    })
}

fn has_no_list_in_itself(graph: &Graph) -> bool {
    let mut all = graph.nodes.iter().enumerate();
    !all.any(|(id, node)| matches!(node, Node::List(members) if members.contains(&id)))
}

/// The smallest example shows one cause and nothing else, whichever example was found first.
#[test]
fn the_smallest_example_is_one_line() {
    for seed in 1..=2 {
        let found = |examples: fn(usize) -> BoxedStrategy<Graph>,
                     holds: &dyn Fn(&Graph) -> bool| {
            smallest(seed, examples(NODES), holds)
        };
        let python_2 = |nodes| strategy::graph(nodes).boxed();
        let any = |nodes| strategy::any_graph(nodes).boxed();
        let values = |_| strategy::values().boxed();

        for examples in [python_2, any, values] {
            let no_long = has(|node| matches!(node, Node::Long(_)));
            assert_eq!(found(examples, &no_long), "0L");
            let no_zero_byte = has(|node| matches!(node, Node::Str(bytes) if bytes.contains(&0)));
            assert_eq!(found(examples, &no_zero_byte), r"'\x00'");
            let no_triple = has(|node| matches!(node, Node::Tuple(members) if members.len() == 3));
            assert_eq!(found(examples, &no_triple), "(None, None, None)");
            let not_shared = found(examples, &has_no_shared_list);
            assert!(not_shared.len() <= 40, "{not_shared}");
        }
        for examples in [python_2, any] {
            assert_eq!(found(examples, &has_no_list_in_itself), "#1=[#1#]");
            let in_itself = found(examples, &has_no_dict_in_a_tuple_in_itself);
            let either = ["#1={None: (#1#,)}", "#1=({None: #1#},)"];
            assert!(either.contains(&in_itself.as_str()), "{in_itself}");
        }
        let no_attribute =
            has(|node| matches!(node, Node::Object(object) if !object.state.is_empty()));
        let attribute = found(python_2, &no_attribute);
        assert!(attribute.len() <= 60, "{attribute}");
        let no_persistent = has(|node| matches!(node, Node::Persistent(_)));
        assert_eq!(found(any, &no_persistent), "<persistent None>");
    }
}

/// The kinds of the nodes, and special properties of some of them.
fn kinds(graph: &Graph) -> Vec<&'static str> {
    let mut kinds: Vec<_> = graph.nodes.iter().map(Node::kind).collect();
    kinds.extend(graph.nodes.iter().flat_map(|node| {
        let mut special = Vec::new();
        match node {
            Node::Float(float) if float.value().is_nan() => special.push("nan"),
            Node::Float(float) if float.value() == 0.0 && float.value().is_sign_negative() => {
                special.push("-0.0");
            }
            Node::Unicode(text) if text.to_utf8().is_none() => special.push("surrogate"),
            Node::Object(object) => {
                special.push(match object.construction {
                    crate::notation::Construction::New => "new",
                    crate::notation::Construction::Old => "old",
                    crate::notation::Construction::Call => "call",
                });
                special.extend((object.state.len() > 1).then_some("several states"));
                special.extend((object.items.len() > 1).then_some("several items"));
                special.extend((object.pairs.len() > 1).then_some("several pairs"));
            }
            _ => {}
        }
        special
    }));
    let shared = references(graph);
    if graph
        .nodes
        .iter()
        .zip(&shared)
        .any(|(node, count)| node.has_identity() && *count > 1)
    {
        kinds.push("shared");
    }
    if is_recursive(graph) {
        kinds.push("recursive");
    }
    kinds
}

/// Whether a node can be reached from itself.
fn is_recursive(graph: &Graph) -> bool {
    (0..graph.nodes.len()).any(|start| {
        let mut met = HashSet::new();
        let mut pending: Vec<_> = graph.nodes[start].references().collect();
        while let Some(id) = pending.pop() {
            if id == start {
                return true;
            }
            if met.insert(id) {
                pending.extend(graph.nodes[id].references());
            }
        }
        false
    })
}

fn met(examples: impl Strategy<Value = Graph>) -> HashSet<&'static str> {
    let mut runner = TestRunner::deterministic();
    (0..500)
        .flat_map(|_| {
            kinds(
                &examples
                    .new_tree(&mut runner)
                    .expect("nothing is refused")
                    .current(),
            )
        })
        .collect()
}

#[test]
fn everything_that_the_notation_has_is_generated() {
    let missing = |met: &HashSet<&str>, kinds: &[&'static str]| -> Vec<&'static str> {
        kinds
            .iter()
            .filter(|kind| !met.contains(*kind))
            .copied()
            .collect()
    };
    let values = [
        "none",
        "bool",
        "int",
        "long",
        "float",
        "str",
        "unicode",
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "nan",
        "-0.0",
        "shared",
    ];
    let python_2 = [
        "complex",
        "bytearray",
        "global",
        "instance",
        "reduce",
        "new",
        "old",
        "call",
        "surrogate",
        "recursive",
    ];
    let any = [
        "bytes",
        "persistent",
        "extension",
        "buffer",
        "unpicklable",
        "several states",
        "several items",
        "several pairs",
    ];

    let met_values = met(strategy::values());
    assert_eq!(missing(&met_values, &values), [""; 0]);
    let beyond = python_2
        .iter()
        .chain(&any)
        .filter(|kind| met_values.contains(*kind));
    assert_eq!(beyond.count(), 0, "{met_values:?}");

    let met_python_2 = met(strategy::graph(NODES));
    assert_eq!(
        missing(&met_python_2, &[&values[..], &python_2].concat()),
        [""; 0]
    );

    let met_any = met(strategy::any_graph(NODES));
    assert_eq!(
        missing(&met_any, &[&values[..], &python_2, &any].concat()),
        [""; 0]
    );
}

/// The same graph with other keys and elements of sets, which are hashable and distinct: unhashable ones are refused
/// when they are read, and equal ones become one.
pub(crate) fn with_plain_keys(mut graph: Graph) -> Graph {
    let mut nodes = std::mem::take(&mut graph.nodes);
    let mut next = nodes.len();
    for node in &mut nodes {
        let mut plain = |id: &mut usize| {
            *id = next;
            next += 1;
        };
        match node {
            Node::Set(elements) | Node::FrozenSet(elements) => {
                elements.iter_mut().for_each(&mut plain);
            }
            Node::Dict(pairs) => pairs.iter_mut().for_each(|(key, _)| plain(key)),
            Node::Object(object) => object.pairs.iter_mut().for_each(|(key, _)| plain(key)),
            _ => {}
        }
    }
    nodes.extend((nodes.len()..next).map(|number| Node::Int(number.into())));
    Graph { nodes, ..graph }.compact()
}

proptest! {
    /// Every pickle that is written is valid, and is not read as another object. An object that no unpickler makes,
    /// such as an instance of `None`, is refused when it is read.
    #[test]
    fn every_pickle_is_read_as_the_same_object_or_refused(graph in strategy::any_graph(NODES), protocol in 0..=2u8) {
        let graph = with_plain_keys(graph);
        if let Ok(written) = pickle::write(&graph, protocol) {
            let well_formed = pickle::well_formed(&written);
            prop_assert!(well_formed.is_ok(), "{:?}", well_formed);
            if let Ok(reading) = pickle::read(&written, &pickle::Limits::default()) {
                prop_assert_eq!(compare(&graph, &reading.graph, Fidelity::Graph), Ok(()));
            }
        }
    }

    /// No object of Python 2 is refused.
    #[test]
    fn every_object_of_python_2_is_read_as_the_same_object(graph in strategy::graph(NODES), protocol in 0..=2u8) {
        let written = pickle::write(&graph, protocol).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let reading = pickle::read(&written, &pickle::Limits::default());
        let read = reading.map_err(|error| TestCaseError::fail(error.to_string()))?.graph;
        prop_assert_eq!(compare(&graph, &read, Fidelity::Graph), Ok(()));
    }
}
