use insta::assert_snapshot;

use crate::notation::{Construction, Graph, Node};

#[test]
fn atoms_show_their_type() {
    let atoms = Graph::build(|b| {
        let atoms = [
            b.none(),
            b.bool(true),
            b.int(42),
            b.long(42),
            b.float(1.0),
            b.complex(0.5, -0.0),
            b.str("it's\n\\"),
            b.bytes(b"\xff"),
            b.bytearray(b"a"),
            b.unicode("a\u{20ac}\n"),
            b.global("datetime", "date"),
            b.node(Node::Extension(7)),
            b.node(Node::Buffer(0)),
            b.node(Node::Unpicklable("a lambda".into())),
        ];
        b.tuple(atoms)
    });
    assert_snapshot!(atoms, @r#"(None, True, 42, 42L, 1.0, complex(0.5, -0.0), "it's\n\\", b'\xff', bytearray('a'), u'a€\n', datetime.date, <extension 7>, <buffer 0>, <unpicklable: a lambda>)"#);
}

#[test]
fn containers_show_sharing_and_recursion() {
    let graph = Graph::build(|b| {
        let list = b.list([]);
        let dict = b.dict([]);
        let key = b.str("key");
        let empty = b.tuple([]);
        let one = b.tuple([list]);
        b.append(list, dict);
        b.append(list, one);
        b.pair(dict, key, list);
        let elements = [b.int(1), b.int(2)];
        let (set, frozenset, empty_set) = (b.set(elements), b.frozenset(elements), b.set([]));
        b.list([list, dict, empty, empty, set, frozenset, empty_set])
    });
    assert_snapshot!(graph, @"[#1=[#2={'key': #1#}, (#1#,)], #2#, (), (), {1, 2}, frozenset({1, 2}), set()]");
}

#[test]
fn objects_show_how_they_are_made_and_filled() {
    let graph = Graph::build(|b| {
        let class = b.global("argparse", "Namespace");
        let new = b.instance(class);
        let (key, value) = (b.str("x"), b.int(1));
        let state = b.dict([(key, value)]);
        b.state(new, state);
        let old = b.object(Construction::Old, class, [value]);
        let date = b.global("datetime", "date");
        let argument = b.str(b"\x07\xd0\x01\x01");
        let call = b.reduce(date, [argument]);
        let filled = b.reduce(class, []);
        b.append(filled, value);
        b.pair(filled, key, old);
        let persistent = b.node(Node::Persistent(key));
        b.list([new, old, call, filled, persistent])
    });
    assert_snapshot!(graph, @r#"[<new argparse.Namespace() state {'x': 1}>, #1=<old argparse.Namespace(1)>, datetime.date('\x07\xd0\x01\x01'), <argparse.Namespace() items [1] pairs {'x': #1#}>, <persistent 'x'>]"#);
}

#[test]
fn length_is_bounded_however_large_the_object() {
    let graph = Graph::build(|b| {
        let long = b.str([b'x'; 1000]);
        let many = vec![long; 1000];
        b.list(many)
    });
    let shown = graph.python(200);
    assert!(shown.len() < 320, "{}", shown.len());
    assert!(shown.ends_with("..."));
    assert_snapshot!(Graph::str([b'x'; 1000]), @"'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'...<920 more>");
    let controls = Graph::build(|b| {
        let name = "\x7f".repeat(1000);
        b.node(Node::Global {
            module: name.clone(),
            name,
        })
    });
    assert_snapshot!(controls, @r"\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}...<987 more>.\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}...<987 more>");

    let mut nodes = vec![Node::None];
    nodes.extend((0..100_000).map(|inner| Node::List(vec![inner])));
    let deep = Graph {
        root: 100_000,
        nodes,
    };
    assert_eq!(deep.python(10), "[[[[[[[[[[[...");
}
