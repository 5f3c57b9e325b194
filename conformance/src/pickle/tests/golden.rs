//! Pickles that Python wrote are read as the objects that were pickled, and written again with exactly the same bytes.

use num_bigint::BigInt;

use super::{assert_same, graph_of, read_default};
use crate::notation::{Builder, Construction, Graph, Node, NodeId, Text};
use crate::pickle::{Argument, Opcode, annotate, disassemble, write};

#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Python2,
    Python3,
}

struct Golden {
    writer: Writer,
    protocol: u8,
    object: &'static str,
    pickle: Vec<u8>,
}

fn goldens() -> impl Iterator<Item = Golden> {
    include_str!("golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("four words a line");
            let writer = if word() == "cPickle-2.7.18" {
                Writer::Python2
            } else {
                Writer::Python3
            };
            let protocol = word().parse().expect("a protocol");
            let object = word();
            let json = format!(r#"{{"root":0,"nodes":[{{"bytes":"{}"}}]}}"#, word());
            let Ok(Graph { nodes, .. }) = serde_json::from_str(&json) else {
                panic!("hexadecimal")
            };
            let [Node::Bytes(pickle)] = nodes.as_slice() else {
                unreachable!()
            };
            Golden {
                writer,
                protocol,
                object,
                pickle: pickle.clone(),
            }
        })
}

#[test]
fn pickles_of_python_are_read_as_the_objects_that_were_pickled() {
    let mut count = 0;
    for golden in goldens() {
        let reading = read_default(&golden.pickle).unwrap();
        assert_eq!(reading.consumed, golden.pickle.len());
        assert_eq!(
            reading.announced.unwrap_or(0),
            if golden.protocol < 2 {
                0
            } else {
                golden.protocol
            }
        );
        assert!(reading.protocol <= golden.protocol);
        assert_same(&object(&golden), &reading.graph);
        count += 1;
    }
    assert_eq!(count, 7 * 3 + 7 * 6);
}

#[test]
fn pickles_of_python_2_are_written_with_the_same_instructions() {
    for golden in goldens().filter(|golden| golden.writer == Writer::Python2) {
        let graph = graph_of(&golden.pickle);
        let again = write(&graph, golden.protocol).unwrap();
        assert_same(&graph, &graph_of(&again));
        match (golden.object, golden.protocol) {
            // cPickle writes more digits of a float than necessary.
            ("atoms", 0) => {}
            // cPickle noticed that only the call refers to the argument of a date.
            ("objects", _) => assert_eq!(without_memo(&again), without_memo(&golden.pickle)),
            _ => assert_eq!(annotate(&again), annotate(&golden.pickle)),
        }
    }
}

fn without_memo(pickle: &[u8]) -> Vec<(Opcode, Argument<'_>)> {
    use Opcode::{BinGet, BinPut, Get, Put};
    disassemble(pickle)
        .map(Result::unwrap)
        .filter(|instruction| !matches!(instruction.opcode, Put | BinPut | Get | BinGet))
        .map(|instruction| (instruction.opcode, instruction.argument))
        .collect()
}

fn object(golden: &Golden) -> Graph {
    let python_2 = golden.writer == Writer::Python2;
    Graph::build(|b| match golden.object {
        "atoms" => atoms(b, golden),
        "longs" => {
            let power = |exponent: u32| BigInt::from(2).pow(exponent);
            let numbers = if python_2 {
                vec![0.into(), 255.into(), (-129).into(), power(70), -power(2040)]
            } else {
                vec![power(63), -power(70), power(2040)]
            };
            let numbers: Vec<_> = numbers
                .into_iter()
                .map(|number| large(b, golden, number))
                .collect();
            b.list(numbers)
        }
        "strings" => strings(b, python_2),
        "recursive" => recursive(b, python_2),
        "shared" => shared(b),
        "sets" => {
            let (seven, eight) = (b.int(7), b.int(8));
            let sets = [
                b.set([seven]),
                b.frozenset([eight]),
                b.set([]),
                b.frozenset([]),
            ];
            b.list(sets)
        }
        "objects" => objects(b, golden),
        other => unreachable!("{other}"),
    })
}

fn atoms(b: &mut Builder, golden: &Golden) -> NodeId {
    let mut atoms = vec![b.none(), b.bool(true), b.bool(false)];
    let small = [0, -1, 255, 256, 65536, i64::from(i32::MIN)];
    atoms.extend(small.map(|number| b.int(number)));
    atoms.push(match golden.writer {
        Writer::Python2 => b.int(1i64 << 31),
        Writer::Python3 => large(b, golden, (1i64 << 31).into()),
    });
    atoms.push(large(b, golden, i64::MAX.into()));
    atoms.extend([
        b.float(1.5),
        b.float(f64::NEG_INFINITY),
        b.complex(0.0, 0.5),
    ]);
    b.list(atoms)
}

/// A number that is a `long` in Python 2, and cannot be distinguished from one in the protocols of Python 2.
fn large(b: &mut Builder, golden: &Golden, number: BigInt) -> NodeId {
    if golden.protocol > 2 {
        b.int(number)
    } else {
        b.long(number)
    }
}

fn strings(b: &mut Builder, python_2: bool) -> NodeId {
    let text = Text::from_code_points([0x5c, 0x0a, 0x20ac, 0x1f600, 0xd800]).unwrap();
    let strings = if python_2 {
        vec![
            b.str(""),
            b.str("it's"),
            b.str(b"a\"b'c\n\xff\\"),
            b.str([b'x'; 256]),
            b.unicode(text),
            b.bytearray(b"a\xff"),
            b.bytearray(""),
        ]
    } else {
        vec![
            b.unicode(""),
            b.unicode("x".repeat(256)),
            b.unicode(text),
            b.bytes(""),
            b.bytes(b"a\xff"),
            b.bytearray(b"a\xff"),
            b.bytearray(""),
        ]
    };
    b.list(strings)
}

fn recursive(b: &mut Builder, python_2: bool) -> NodeId {
    let list = b.list([]);
    b.append(list, list);
    let dict = b.dict([]);
    let key = if python_2 {
        b.str("me")
    } else {
        b.unicode("me")
    };
    b.pair(dict, key, dict);
    let inner = b.list([]);
    let short = b.tuple([inner]);
    b.append(inner, short);
    let inner = b.list([]);
    let members = [inner, b.int(1), b.int(2), b.int(3)];
    let long = b.tuple(members);
    b.append(inner, long);
    b.tuple([list, dict, short, long, list])
}

fn shared(b: &mut Builder) -> NodeId {
    let (one, two, three) = (b.int(1), b.int(2), b.int(3));
    let pair = b.tuple([one, two]);
    let empty = b.tuple([]);
    let members = [
        pair,
        pair,
        empty,
        empty,
        b.list([]),
        b.tuple([one]),
        b.tuple([one, two, three]),
    ];
    b.list(members)
}

fn objects(b: &mut Builder, golden: &Golden) -> NodeId {
    let python_2 = golden.writer == Writer::Python2;
    let builtins = if golden.protocol < 3 {
        "__builtin__"
    } else {
        "builtins"
    };
    let string = |b: &mut Builder, text: &str| {
        if python_2 {
            b.str(text)
        } else {
            b.unicode(text)
        }
    };

    let class = b.global("argparse", "Namespace");
    let namespace = if golden.protocol < 2 {
        let reconstructor = b.global("copy_reg", "_reconstructor");
        let arguments = [class, b.global("__builtin__", "object"), b.none()];
        b.reduce(reconstructor, arguments)
    } else {
        b.instance(class)
    };
    let (key, value) = (string(b, "x"), b.int(1));
    let state = b.dict([(key, value)]);
    b.state(namespace, state);

    let date_class = b.global("datetime", "date");
    let packed = b"\x07\xd0\x01\x01";
    let packed = if python_2 {
        b.str(packed)
    } else {
        b.bytes(packed)
    };
    let date = b.reduce(date_class, [packed]);

    let class = b.global("collections", "defaultdict");
    let factory = b.global(builtins, "list");
    let defaultdict = b.reduce(class, [factory]);
    let key = b.unicode("k");
    b.pair(defaultdict, key, defaultdict);

    let mut objects = vec![namespace, namespace, date, date_class, defaultdict];
    if python_2 {
        let class = b.global("UserDict", "UserDict");
        let userdict = b.object(Construction::Old, class, []);
        let (key, value) = (b.str("data"), b.dict([]));
        let state = b.dict([(key, value)]);
        b.state(userdict, state);
        objects.push(userdict);
    }
    b.list(objects)
}
