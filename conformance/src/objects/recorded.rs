//! Objects that only the vectors contain: containers in the order of their hashes, and instances of classes.

use super::{CLASSES, Sample, built, small};
use crate::notation::{Builder, Construction, NodeId};

/// Containers of several entries, whose order in a pickle is that of their hashes. They contain only numbers, strings
/// and tuples of these, whose hashes are the same in every process of one version of Python.
pub(super) fn orders() -> Vec<Sample> {
    fn words(b: &mut Builder) -> Vec<NodeId> {
        ["one", "two", "three", "four", "five"]
            .map(|word| b.str(word))
            .to_vec()
    }
    vec![
        built("dict-of-strs", |b| {
            let words = words(b);
            let pairs: Vec<_> = words.into_iter().zip(small(b, 5)).collect();
            b.dict(pairs)
        }),
        built("dict-of-unicodes", |b| {
            let pairs =
                ["\u{e9}", "\u{3b1}", "a", "\u{1f40d}"].map(|key| (b.unicode(key), b.none()));
            b.dict(pairs)
        }),
        built("dict-of-floats", |b| {
            let pairs = [0.5, -1.25, 1e300, f64::INFINITY].map(|key| (b.float(key), b.none()));
            b.dict(pairs)
        }),
        built("dict-of-longs", |b| {
            let pairs = [1_i64 << 40, -1, 1 << 62, 3].map(|key| (b.long(key), b.none()));
            b.dict(pairs)
        }),
        built("dict-of-tuples", |b| {
            let pairs = [(1, 2), (2, 1), (0, 0)].map(|(x, y)| {
                let members = [b.int(x), b.int(y)];
                (b.tuple(members), b.none())
            });
            b.dict(pairs)
        }),
        built("dict-of-many-types", |b| {
            let pairs = [
                (b.int(7), b.str("int")),
                (b.str("text"), b.none()),
                (b.unicode("\u{fc}"), b.list([])),
                (b.float(2.5), b.dict([])),
                (b.bool(true), b.int(1)),
            ];
            b.dict(pairs)
        }),
        // All keys have the same place in a small hash table.
        built("dict-of-colliding-ints", |b| {
            let pairs = [32, 0, 64, 8, 16].map(|key| (b.int(key), b.int(key)));
            b.dict(pairs)
        }),
        built("set-of-strs", |b| {
            let words = words(b);
            b.set(words)
        }),
        built("set-of-many-types", |b| {
            let members = [b.int(-1), b.str("a"), b.float(0.5), b.unicode("\u{e9}")];
            b.set(members)
        }),
        built("frozenset-of-ints", |b| {
            let members = [1000, -5, 7, 0, 8].map(|member| b.int(member));
            b.frozenset(members)
        }),
        built("set-of-frozensets", |b| {
            let (one, two) = (small(b, 1), small(b, 2));
            let members = [b.frozenset(one), b.frozenset(two)];
            b.set(members)
        }),
    ]
}

/// Containers with more members than a batch, and deep nesting, with as few nodes as possible.
pub(super) fn bulks() -> Vec<Sample> {
    vec![
        built("list-1001-times-one-object", |b| {
            let one = b.int(1);
            b.list(vec![one; 1001])
        }),
        built("tuple-300-times-one-object", |b| {
            let one = b.str("one");
            b.tuple(vec![one; 300])
        }),
        built("dict-1001", |b| {
            let none = b.none();
            let pairs: Vec<_> = (0..1001).map(|key| (b.int(key), none)).collect();
            b.dict(pairs)
        }),
        built("list-250-deep", |b| {
            (0..250).fold(b.none(), |inner, _| b.list([inner]))
        }),
        built("strs-beyond-the-256th-memo-place", |b| {
            let words: Vec<_> = (0..260).map(|number| b.str(format!("s{number}"))).collect();
            let twice: Vec<_> = words.iter().chain(&words[250..]).copied().collect();
            b.list(twice)
        }),
    ]
}

/// Instances of users' classes, with all the methods by which a class can control its pickles.
pub(super) fn classes() -> Vec<Sample> {
    vec![
        built("empty-point", |b| {
            let point = instance(b, Construction::New, "Point", &[]);
            let state = b.dict([]);
            b.state(point, state);
            point
        }),
        built("old-point", |b| {
            let point = instance(b, Construction::Old, "OldPoint", &[]);
            coordinates(b, point)
        }),
        built("old-point-twice", |b| {
            let point = instance(b, Construction::Old, "OldPoint", &[]);
            let point = coordinates(b, point);
            b.tuple([point, point])
        }),
        built("old-with-arguments", |b| {
            let five = b.int(5);
            let object = instance(b, Construction::Old, "OldArguments", &[five]);
            let pair = (b.str("x"), five);
            let state = b.dict([pair]);
            b.state(object, state);
            object
        }),
        built("slots", |b| {
            let object = instance(b, Construction::New, "Slots", &[]);
            let pair = (b.str("x"), b.int(1));
            let state = [b.none(), b.dict([pair])];
            let state = b.tuple(state);
            b.state(object, state);
            object
        }),
        built("slots-empty", |b| {
            instance(b, Construction::New, "Slots", &[])
        }),
        built("state-of-its-own", |b| {
            let object = instance(b, Construction::New, "Stateful", &[]);
            let state = small(b, 3);
            let state = b.tuple(state);
            b.state(object, state);
            object
        }),
        built("reduced", |b| {
            let class = b.global(CLASSES, "Reducing");
            let argument = b.str("x");
            b.reduce(class, [argument])
        }),
        built("int-subclass", |b| {
            let value = b.int(5);
            with_dictionary(b, "Number", value)
        }),
        built("str-subclass", |b| {
            let value = b.str("five");
            with_dictionary(b, "String", value)
        }),
        built("tuple-subclass", |b| {
            let members = small(b, 2);
            let members = b.tuple(members);
            instance(b, Construction::New, "Pair", &[members])
        }),
        built("list-subclass", |b| {
            let object = instance(b, Construction::New, "List", &[]);
            for item in small(b, 3) {
                b.append(object, item);
            }
            let state = b.dict([]);
            b.state(object, state);
            object
        }),
        built("dict-subclass", |b| {
            let object = instance(b, Construction::New, "Dict", &[]);
            let (key, value) = (b.str("key"), b.int(1));
            b.pair(object, key, value);
            let attribute = (b.str("x"), b.none());
            let state = b.dict([attribute]);
            b.state(object, state);
            object
        }),
        built("set-subclass", |b| {
            let class = b.global(CLASSES, "Set");
            let members = small(b, 3);
            let members = b.list(members);
            let object = b.reduce(class, [members]);
            let state = b.dict([]);
            b.state(object, state);
            object
        }),
        built("two-of-one-class", |b| {
            let points = [1, 2].map(|x| {
                let point = instance(b, Construction::New, "Point", &[]);
                let pair = (b.str("x"), b.int(x));
                let state = b.dict([pair]);
                b.state(point, state);
                point
            });
            b.list(points)
        }),
    ]
}

/// Exceptions, whose pickles contain their arguments, and their attributes if they have any.
pub(super) fn exceptions() -> Vec<Sample> {
    let builtin = |b: &mut Builder, name: &str, arguments: &[NodeId]| {
        let class = b.global("exceptions", name);
        b.reduce(class, arguments.to_vec())
    };
    vec![
        built("without-arguments", |b| builtin(b, "StopIteration", &[])),
        built("with-a-message", |b| {
            let message = b.str("no such thing");
            builtin(b, "ValueError", &[message])
        }),
        built("with-two-arguments", |b| {
            let arguments = [b.str("key"), b.int(2)];
            builtin(b, "KeyError", &arguments)
        }),
        built("of-the-system", |b| {
            let arguments = [
                b.int(2),
                b.str("No such file or directory"),
                b.str("/nowhere"),
            ];
            builtin(b, "IOError", &arguments)
        }),
        built("of-a-codec", |b| {
            let arguments = [
                b.str("ascii"),
                b.str(b"a\xff"),
                b.int(1),
                b.int(2),
                b.str("why"),
            ];
            builtin(b, "UnicodeDecodeError", &arguments)
        }),
        built("with-an-attribute", |b| {
            let message = b.str("message");
            let error = builtin(b, "RuntimeError", &[message]);
            let attribute = (b.str("code"), b.int(7));
            let state = b.dict([attribute]);
            b.state(error, state);
            error
        }),
    ]
}

/// Values of the standard library.
pub(super) fn library() -> Vec<Sample> {
    let call = |b: &mut Builder, module: &str, name: &str, arguments: &[NodeId]| {
        let callable = b.global(module, name);
        b.reduce(callable, arguments.to_vec())
    };
    let of_text =
        |name: &'static str, module: &'static str, class: &'static str, text: &'static str| {
            built(name, |b| {
                let text = b.str(text);
                call(b, module, class, &[text])
            })
        };
    vec![
        built("datetime", |b| {
            // 2006-10-17 12:30:59.000004: year in two bytes, month, day, h, min, s, microseconds in three.
            let packed = b.str([0x07, 0xd6, 10, 17, 12, 30, 59, 0, 0, 4]);
            call(b, "datetime", "datetime", &[packed])
        }),
        built("time", |b| {
            let packed = b.str([23, 59, 58, 0x0f, 0x42, 0x3f]);
            call(b, "datetime", "time", &[packed])
        }),
        built("negative-timedelta", |b| {
            let parts = [b.int(-1), b.int(86_399), b.int(999_999)];
            call(b, "datetime", "timedelta", &parts)
        }),
        of_text("decimal", "decimal", "Decimal", "-1.50"),
        of_text("decimal-nan", "decimal", "Decimal", "NaN"),
        of_text(
            "decimal-of-many-digits",
            "decimal",
            "Decimal",
            "3.14159265358979323846264338327950288E+99",
        ),
        of_text("fraction", "fractions", "Fraction", "-1/3"),
        built("deque", |b| {
            let items = small(b, 3);
            let items = b.list(items);
            call(b, "collections", "deque", &[items])
        }),
        built("bounded-deque", |b| {
            let items = small(b, 2);
            let (items, bound) = (b.list(items), b.int(5));
            call(b, "collections", "deque", &[items, bound])
        }),
        built("ordered-dict", |b| {
            let pairs = ["b", "a"].map(|key| {
                let pair = [b.str(key), b.int(1)];
                b.list(pair)
            });
            let pairs = b.list(pairs);
            call(b, "collections", "OrderedDict", &[pairs])
        }),
        built("defaultdict", |b| {
            let factory = b.global("__builtin__", "int");
            let object = call(b, "collections", "defaultdict", &[factory]);
            let (key, value) = (b.str("a"), b.int(1));
            b.pair(object, key, value);
            object
        }),
        built("counter", |b| {
            let pairs = [(b.str("a"), b.int(2)), (b.str("b"), b.int(1))];
            let counts = b.dict(pairs);
            call(b, "collections", "Counter", &[counts])
        }),
        built("uuid", |b| {
            let class = b.global("uuid", "UUID");
            let object = b.instance(class);
            let pair = (b.str("int"), b.long(0x1234_5678_9abc_def0_i64));
            let state = b.dict([pair]);
            b.state(object, state);
            object
        }),
        built("xrange", |b| {
            let parts = [b.int(0), b.int(10), b.int(2)];
            call(b, "__builtin__", "xrange", &parts)
        }),
        built("slice", |b| {
            let parts = [b.none(), b.int(5), b.none()];
            call(b, "__builtin__", "slice", &parts)
        }),
    ]
}

fn instance(
    b: &mut Builder,
    construction: Construction,
    class: &str,
    arguments: &[NodeId],
) -> NodeId {
    let class = b.global(CLASSES, class);
    b.object(construction, class, arguments.to_vec())
}

/// An immutable value of a user's class that also has a `__dict__`.
fn with_dictionary(b: &mut Builder, class: &str, value: NodeId) -> NodeId {
    let object = instance(b, Construction::New, class, &[value]);
    let attribute = (b.str("x"), b.int(1));
    let state = b.dict([attribute]);
    b.state(object, state);
    object
}

fn coordinates(b: &mut Builder, point: NodeId) -> NodeId {
    let pairs = [(b.str("x"), b.int(1)), (b.str("y"), b.float(2.5))];
    let state = b.dict(pairs);
    b.state(point, state);
    point
}
