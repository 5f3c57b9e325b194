//! The pickles that are compared.

use clap::ValueEnum;
use processing_conformance::notation::{Construction, Graph, Node};
use processing_conformance::pickle;
use processing_conformance::strategy;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::python3::Python3;
use crate::{mutation, program};

/// The origin of a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// Objects, written by the suite in protocols 0 to 2
    Values,
    /// Objects, written by CPython 3 in protocols 0 to 5, in C and in Python
    Pickled,
    /// Opcodes in any order
    Random,
    /// Opcodes that mostly find what they need
    Programs,
    /// Any of the others, damaged
    Mutations,
}

/// Generates the pickle of one kind from a seed.
pub(crate) fn pickle_of(kind: Kind, seed: u64, python: &Python3) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed);
    made(kind, &mut rng, python)
}

fn made(kind: Kind, rng: &mut fastrand::Rng, python: &Python3) -> Vec<u8> {
    match kind {
        Kind::Values => values(rng),
        Kind::Pickled => pickled(rng, python),
        Kind::Random => program::random(rng),
        Kind::Programs => program::sensible(rng),
        Kind::Mutations => {
            let mut source = || match rng.u8(..6) {
                0 => values(rng),
                1..4 => pickled(rng, python),
                _ => program::sensible(rng),
            };
            let (mut pickle, other) = (source(), source());
            mutation::mutate(rng, &mut pickle, &other);
            pickle
        }
    }
}

fn values(rng: &mut fastrand::Rng) -> Vec<u8> {
    let graph = graph(rng);
    pickle::write(&graph, rng.u8(..3)).expect("Python 2 has what the strategy makes")
}

fn pickled(rng: &mut fastrand::Rng, python: &Python3) -> Vec<u8> {
    loop {
        let graph = for_python_3(graph(rng));
        if let Some(pickle) = python.dumps(&graph, rng.u8(..6), rng.u8(..4) == 0) {
            return pickle;
        }
    }
}

fn graph(rng: &mut fastrand::Rng) -> Graph {
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    let source = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), source);
    let nodes = rng.usize(1..strategy::NODES);
    let tree = strategy::graph(nodes)
        .new_tree(&mut runner)
        .expect("nothing is filtered out");
    tree.current()
}

/// The same object with the types of Python 3.
fn for_python_3(mut graph: Graph) -> Graph {
    for node in &mut graph.nodes {
        *node = match std::mem::replace(node, Node::None) {
            Node::Str(bytes) => match String::from_utf8(bytes) {
                // The names of attributes must be text.
                Ok(text) => Node::Unicode(text.into()),
                Err(error) => Node::Bytes(error.into_bytes()),
            },
            Node::Long(value) => Node::Int(value),
            Node::Global { module, name } if module == "__builtin__" => Node::Global {
                module: "builtins".into(),
                name,
            },
            Node::Global { module, .. } if module == "UserDict" => Node::Global {
                module: "argparse".into(),
                name: "Namespace".into(),
            },
            Node::Object(mut object) => {
                if object.construction == Construction::Old {
                    object.construction = Construction::New;
                }
                Node::Object(object)
            }
            other => other,
        };
    }
    graph
}
