//! The objects that pickles represent, and the errors of invalid pickles.

use proptest::prelude::*;

use super::{assert_same, graph_of, read_default};
use crate::notation::{Construction, Fidelity, Graph, Node, compare};
use crate::pickle::{Limits, Opcode, PickleError, Reason, annotate, disassemble, read, write};
use crate::strategy;

#[test]
fn every_opcode_is_found_by_its_byte() {
    assert_eq!(Opcode::ALL.len(), 68);
    for &opcode in Opcode::ALL {
        assert_eq!(Opcode::from_byte(opcode.byte()), Some(opcode));
    }
    assert_eq!(
        (0..=255).filter_map(Opcode::from_byte).count(),
        Opcode::ALL.len()
    );
}

#[test]
fn long_depends_on_the_protocol_that_is_announced() {
    for (pickle, expected) in [
        (&b"\x80\x02\x8a\x01\x05."[..], Graph::long(5)),
        (b"\x80\x03\x8a\x01\x05.", Graph::int(5)),
        (b"\x8a\x00.", Graph::long(0)),
        (b"L-5L\n.", Graph::long(-5)),
        (b"I9223372036854775807\n.", Graph::int(i64::MAX)),
        (b"I9223372036854775808\n.", Graph::long(1u64 << 63)),
        (b"\x80\x04I9223372036854775808\n.", Graph::int(1u64 << 63)),
        (b"I01\n.", Graph::bool(true)),
        (b"I1\n.", Graph::int(1)),
    ] {
        assert_same(&expected, &graph_of(pickle));
    }
}

#[test]
fn bytes_after_stop_are_not_consumed() {
    let reading = read_default(b"\x80\x05N.rest").unwrap();
    assert_eq!(
        (reading.consumed, reading.protocol, reading.announced),
        (4, 2, Some(5))
    );
}

#[test]
fn keyword_arguments_are_a_call_of_newobj_ex() {
    let expected = Graph::build(|b| {
        let class = b.global("m", "C");
        let arguments = b.tuple([]);
        let (key, value) = (b.unicode("k"), b.int(1));
        let keywords = b.dict([(key, value)]);
        let callable = b.global("copyreg", "__newobj_ex__");
        b.reduce(callable, [class, arguments, keywords])
    });
    assert_same(
        &expected,
        &graph_of(b"\x80\x04cm\nC\n)}\x8c\x01kK\x01s\x92."),
    );
    let plain = Graph::build(|b| {
        let class = b.global("m", "C");
        b.instance(class)
    });
    assert_same(&plain, &graph_of(b"\x80\x04cm\nC\n)}\x92."));
    assert_same(&plain, &graph_of(b"ccopy_reg\n__newobj__\n(cm\nC\ntR."));
}

#[test]
fn persistent_ids_extensions_and_buffers_are_kept() {
    let persistent = |id: Graph| {
        Graph::build(|b| {
            let id = b.graph(&id);
            b.node(Node::Persistent(id))
        })
    };
    assert_same(&persistent(Graph::str("id")), &graph_of(b"Pid\n."));
    assert_same(&persistent(Graph::int(7)), &graph_of(b"K\x07Q."));
    let node = |node: Node| Graph::build(|b| b.node(node));
    assert_same(&node(Node::Extension(1)), &graph_of(b"\x82\x01."));
    assert_same(&node(Node::Extension(0x0102)), &graph_of(b"\x83\x02\x01."));
    assert_same(
        &node(Node::Extension(0x0102_0304)),
        &graph_of(b"\x84\x04\x03\x02\x01."),
    );
    assert_same(&node(Node::Buffer(1)), &graph_of(b"\x970\x97\x98."));
}

#[test]
fn names_may_be_strings_of_python_2() {
    let expected = Graph::build(|b| b.global("m", "C"));
    for pickle in [
        &b"\x80\x04U\x01mU\x01C\x93."[..],
        b"\x8c\x01m\x8c\x01C\x93.",
    ] {
        assert_same(&expected, &graph_of(pickle));
    }
}

#[test]
fn old_instances_have_their_arguments() {
    let expected = Graph::build(|b| {
        let (class, one) = (b.global("m", "C"), b.int(1));
        b.object(Construction::Old, class, [one])
    });
    assert_same(&expected, &graph_of(b"(I1\nim\nC\n."));
    assert_same(&expected, &graph_of(b"(cm\nC\nK\x01o."));
}

/// A set that holds an instance that refers to the set, as cPickle 2.7.18 writes it: the set is made twice, and the
/// first one is dropped.
#[test]
fn a_set_that_contains_itself_is_one_set() {
    let pickle =
        b"\x80\x02c__builtin__\nset\nq\x01]q\x02c__main__\nH\nq\x03)\x81q\x04}q\x05U\x01sh\x01\
        ]q\x06h\x04a\x85Rq\x07sba\x85R0h\x07.";
    let expected = Graph::build(|b| {
        let class = b.global("__main__", "H");
        let holder = b.instance(class);
        let (set, key) = (b.set([holder]), b.str("s"));
        let state = b.dict([(key, set)]);
        b.state(holder, state);
        set
    });
    assert_same(&expected, &graph_of(pickle));
    assert_eq!(write(&expected, 2).unwrap(), pickle);
}

#[test]
fn errors_have_an_offset_and_a_reason() {
    use Reason::*;
    for (pickle, offset, reason) in [
        (&b""[..], 0, NoStop),
        (b"N", 1, NoStop),
        (b"\xff", 0, UnknownOpcode(0xff)),
        (b"NK", 1, Truncated(Opcode::BinInt1)),
        (b"U\x05abc.", 0, Truncated(Opcode::ShortBinString)),
        (
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.",
            0,
            Truncated(Opcode::BinBytes8),
        ),
        (b"I12", 0, Truncated(Opcode::Int)),
        (b"T\xff\xff\xff\xff.", 0, Negative(Opcode::BinString)),
        (b"\x8b\xff\xff\xff\xff.", 0, Negative(Opcode::Long4)),
        (b"N0p-1\n.", 2, Negative(Opcode::Put)),
        (b"I1x\n.", 0, Number(Opcode::Int)),
        (b"Fx\n.", 0, Number(Opcode::Float)),
        (b"Sabc\n.", 0, Literal(Opcode::String)),
        (b"S'\\x'\n.", 0, Literal(Opcode::String)),
        (b"\x80\x06.", 0, Announced(Opcode::Proto, 6)),
        (b"\x95\x02\0\0\0\0\0\0\0.", 0, Announced(Opcode::Frame, 2)),
        (b".", 0, StackUnderflow(Opcode::Stop)),
        (b"(.", 1, StackUnderflow(Opcode::Stop)),
        (b"N\x86.", 1, StackUnderflow(Opcode::Tuple2)),
        (b"Nt.", 1, NoMark(Opcode::Tuple)),
        (b"}(Nu.", 3, OddPairs(Opcode::SetItems)),
        (b"h\x01.", 0, NotInMemo(Opcode::BinGet, "1".to_owned())),
        (b"NNa.", 2, Misapplied(Opcode::Append, "none")),
        (b"]}b.", 2, Misapplied(Opcode::Build, "list")),
        (b"cm\nf\nNR.", 6, Misapplied(Opcode::Reduce, "none")),
        (
            b"K\x01K\x02\x93.",
            4,
            Misapplied(Opcode::StackGlobal, "int"),
        ),
        (b"\x82\x00.", 0, ExtensionCode(Opcode::Ext1, 0)),
    ] {
        assert_eq!(
            read_default(pickle),
            Err(PickleError { offset, reason }),
            "{pickle:?}"
        );
    }
    assert!(matches!(
        read_default(b"X\x01\0\0\0\xff."),
        Err(PickleError {
            offset: 0,
            reason: Text(Opcode::BinUnicode, _)
        })
    ));
}

#[test]
fn limits_are_enforced() {
    let over = |pickle: &[u8], limits: Limits| match read(pickle, &limits) {
        Err(PickleError {
            reason: Reason::Limit { what, .. },
            ..
        }) => what,
        other => panic!("{other:?}"),
    };
    let limits = || Limits {
        nodes: 2,
        stack: 2,
        memo: 2,
        digits: 2,
    };
    assert_eq!(
        over(
            b"]0]0].",
            Limits {
                stack: 9,
                ..limits()
            }
        ),
        "objects"
    );
    assert_eq!(over(b"N222.", limits()), "objects on the stack");
    assert_eq!(over(b"(((.", limits()), "marks");
    assert_eq!(over(b"Nq\x01q\x02q\x03.", limits()), "memo slots");
    assert_eq!(over(b"L123L\n.", limits()), "digits");
    assert!(read(b"Nq\x01q\x02q\x01q\x022.", &limits()).is_ok());
}

#[test]
fn deeply_nested_pickles_are_read() {
    let lists = [b"]".repeat(100_000), b"a".repeat(99_999), b".".to_vec()].concat();
    let tuples = [b"N".to_vec(), b"\x85".repeat(100_000), b".".to_vec()].concat();
    for pickle in [lists, tuples] {
        let graph = graph_of(&pickle);
        assert!(graph.nodes.len() >= 100_000);
        for protocol in 0..3 {
            assert_same(&graph, &graph_of(&write(&graph, protocol).unwrap()));
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(pickle in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_default(&pickle);
        annotate(&pickle);
    }

    #[test]
    fn random_instructions_are_read_or_refused(
        opcodes in prop::collection::vec(prop::sample::select(Opcode::ALL), 0..50),
        filling in prop::collection::vec(0..5u8, 0..8),
    ) {
        let mut pickle = b"(NK\x01q\x00".to_vec();
        for opcode in opcodes {
            pickle.push(opcode.byte());
            if opcode.argument() != crate::pickle::opcode::ArgumentKind::None {
                pickle.extend_from_slice(&filling);
            }
        }
        if let Ok(reading) = read_default(&pickle) {
            // The result is a valid graph: every operation on it works.
            let json = serde_json::to_string(&reading.graph).unwrap();
            let graph: Graph = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(compare(&graph, &reading.graph, Fidelity::Graph), Ok(()));
            for protocol in 0..3 {
                let _ = write(&graph, protocol);
            }
        }
        annotate(&pickle);
    }

    #[test]
    fn mutated_pickles_are_read_or_refused(
        graph in strategy::graph(strategy::NODES),
        protocol in 0..3u8,
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut pickle = write(&graph, protocol).unwrap();
        let whole = pickle.len();
        for length in [cut.index(whole), whole] {
            let count = disassemble(&pickle[..length]).flatten().count();
            prop_assert_eq!(read_default(&pickle[..length]).is_ok(), length == whole);
            prop_assert!(count <= length);
        }
        for (place, byte) in mutations {
            pickle[place.index(whole)] = byte;
        }
        if let Ok(reading) = read_default(&pickle) {
            serde_json::from_str::<Graph>(&serde_json::to_string(&reading.graph).unwrap()).unwrap();
            let _ = reading.graph.to_string();
        }
        annotate(&pickle);
    }
}
