//! The objects that the cases send and receive and that are recorded from peers, by type and by name.

mod recorded;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use num_bigint::BigInt;

use crate::notation::{Builder, Graph, NodeId, Text};

/// An object with a name.
pub type Sample = (String, Graph);

/// The samples of all types, by type and by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static Graph)> {
    let of_kind = |(kind, samples): (&&'static str, &'static Vec<Sample>)| {
        let kind = *kind;
        samples
            .iter()
            .map(move |(name, graph)| (kind, name.as_str(), graph))
    };
    SAMPLES.iter().flat_map(of_kind)
}

/// The samples of one type.
///
/// # Panics
///
/// Panics if there is no such type, which is a bug in the case.
pub fn of(kind: &str) -> &'static [Sample] {
    SAMPLES
        .get(kind)
        .unwrap_or_else(|| panic!("there are no samples of `{kind}`"))
}

/// One sample by its name.
///
/// # Panics
///
/// Panics if there is no such sample, which is a bug in the case.
pub fn named(kind: &str, name: &str) -> &'static Graph {
    let found = of(kind).iter().find(|(known, _)| known == name);
    &found
        .unwrap_or_else(|| panic!("there is no sample `{name}` of `{kind}`"))
        .1
}

static SAMPLES: LazyLock<BTreeMap<&str, Vec<Sample>>> = LazyLock::new(|| {
    BTreeMap::from([
        ("none", vec![("none".into(), Graph::none())]),
        (
            "bool",
            vec![
                ("true".into(), Graph::bool(true)),
                ("false".into(), Graph::bool(false)),
            ],
        ),
        ("int", ints()),
        ("long", longs()),
        ("float", floats()),
        ("str", strs()),
        ("unicode", unicodes()),
        ("list", lists()),
        ("tuple", tuples()),
        ("dict", dicts()),
        ("set", sets()),
        ("frozenset", frozensets()),
        ("nesting", nestings()),
        ("batches", batches()),
        ("mixed", mixed()),
        ("shared", shared()),
        ("complex", complexes()),
        ("bytearray", bytearrays()),
        ("surrogate", surrogates()),
        ("recursive", recursive()),
        ("instance", instances()),
        ("datetime", datetimes()),
        ("global", globals()),
        ("order", recorded::orders()),
        ("bulk", recorded::bulks()),
        ("class", recorded::classes()),
        ("exception", recorded::exceptions()),
        ("library", recorded::library()),
    ])
});

fn built(name: &str, build: impl FnOnce(&mut Builder) -> NodeId) -> Sample {
    (name.into(), Graph::build(build))
}

/// Values around every boundary between the opcodes `BININT1`, `BININT2`, `BININT` and `INT`.
fn ints() -> Vec<Sample> {
    let values: [i64; 24] = [
        0,
        1,
        -1,
        42,
        127,
        128,
        254,
        255,
        256,
        257,
        -128,
        -129,
        65_534,
        65_535,
        65_536,
        -65_536,
        2_147_483_646,
        2_147_483_647,
        2_147_483_648,
        -2_147_483_648,
        -2_147_483_649,
        4_294_967_296,
        i64::MAX,
        i64::MIN,
    ];
    values
        .iter()
        .map(|value| (value.to_string(), Graph::int(*value)))
        .collect()
}

/// Values around every boundary between the lengths of `LONG1`, and between `LONG1` and `LONG4` (255 and 256 bytes).
fn longs() -> Vec<Sample> {
    let power = |exponent: u32| BigInt::from(2).pow(exponent);
    let mut samples: Vec<Sample> = [
        0_i64, 1, -1, 127, 128, -128, -129, 255, 256, 32_767, 32_768, -32_768, -32_769,
    ]
    .iter()
    .map(|value| (value.to_string(), Graph::long(*value)))
    .collect();
    for exponent in [31, 32, 63, 64, 127, 128, 2031, 2039, 2040, 2047, 2048] {
        samples.push((format!("2**{exponent}"), Graph::long(power(exponent))));
        samples.push((format!("2**{exponent}-1"), Graph::long(power(exponent) - 1)));
        samples.push((format!("-2**{exponent}"), Graph::long(-power(exponent))));
        samples.push((
            format!("-2**{exponent}-1"),
            Graph::long(-power(exponent) - 1),
        ));
    }
    samples
}

fn floats() -> Vec<Sample> {
    let named = [
        ("zero", 0.0),
        ("minus-zero", -0.0),
        ("one", 1.0),
        ("minus-one", -1.0),
        ("tenth", 0.1),
        ("third", 1.0 / 3.0),
        ("pi", std::f64::consts::PI),
        ("largest", f64::MAX),
        ("smallest", f64::MIN),
        ("least-normal", f64::MIN_POSITIVE),
        ("least-denormal", f64::from_bits(1)),
        ("largest-denormal", f64::from_bits(0x000f_ffff_ffff_ffff)),
        ("infinity", f64::INFINITY),
        ("minus-infinity", f64::NEG_INFINITY),
        ("nan", f64::NAN),
        ("2**53", 9_007_199_254_740_992.0),
    ];
    named
        .into_iter()
        .map(|(name, value)| (name.into(), Graph::float(value)))
        .collect()
}

/// Lengths around the boundary between `SHORT_BINSTRING` and `BINSTRING`, and every byte value.
fn strs() -> Vec<Sample> {
    let every: Vec<u8> = (0..=255).collect();
    let mut samples: Vec<Sample> = [
        ("empty", &b""[..]),
        ("letter", b"a"),
        ("text", b"some string"),
        ("nul", b"a\0b"),
        ("newline", b"a\nb\r\n"),
        ("quotes", b"'\"\\"),
        ("every-byte", &every),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), Graph::str(value)))
    .collect();
    for length in [254, 255, 256, 257, 65_535, 65_536] {
        samples.push((format!("{length}-bytes"), Graph::str(vec![b'x'; length])));
    }
    samples
}

fn unicodes() -> Vec<Sample> {
    let mut samples: Vec<Sample> = [
        ("empty", ""),
        ("ascii", "abc"),
        ("latin-1", "gr\u{fc}n"),
        ("greek", "\u{3b1}\u{3b2}"),
        ("last-of-bmp", "\u{ffff}"),
        ("non-bmp", "\u{1f40d}"),
        ("last", "\u{10ffff}"),
        ("nul", "a\0b"),
        ("newline", "a\nb\r\u{85}\u{2028}"),
        ("backslash", "\\u0041 \\N \\"),
        ("combining", "e\u{301}"),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), Graph::unicode(value)))
    .collect();
    for length in [255, 256, 65_536] {
        samples.push((
            format!("{length}-characters"),
            Graph::unicode("\u{e9}".repeat(length)),
        ));
    }
    samples
}

fn small(b: &mut Builder, count: usize) -> Vec<NodeId> {
    (0..count).map(|number| b.int(number)).collect()
}

fn lists() -> Vec<Sample> {
    vec![
        built("empty", |b| b.list([])),
        built("one", |b| {
            let items = small(b, 1);
            b.list(items)
        }),
        built("several", |b| {
            let items = small(b, 10);
            b.list(items)
        }),
        built("of-everything", |b| {
            let items = [
                b.none(),
                b.bool(true),
                b.int(-5),
                b.float(0.5),
                b.str("a"),
                b.unicode("\u{e9}"),
            ];
            b.list(items)
        }),
        built("of-empty-lists", |b| {
            let items = [b.list([]), b.list([]), b.tuple([]), b.dict([])];
            b.list(items)
        }),
    ]
}

fn tuples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = (0..=5)
        .map(|count| {
            built(&count.to_string(), |b| {
                let items = small(b, count);
                b.tuple(items)
            })
        })
        .collect();
    samples.push(built("in-tuple", |b| {
        let (empty, one) = (b.tuple([]), b.int(1));
        let inner = b.tuple([one, empty]);
        b.tuple([inner, empty])
    }));
    samples
}

fn dicts() -> Vec<Sample> {
    vec![
        built("empty", |b| b.dict([])),
        built("one", |b| {
            let pair = (b.str("key"), b.int(1));
            b.dict([pair])
        }),
        built("keys-of-many-types", |b| {
            let tuple = small(b, 2);
            let pairs = [
                (b.none(), b.int(0)),
                (b.int(7), b.str("int")),
                (b.str("text"), b.none()),
                (b.unicode("\u{fc}"), b.list([])),
                (b.tuple(tuple), b.float(1.5)),
            ];
            b.dict(pairs)
        }),
        built("of-dicts", |b| {
            let inner = (b.str("a"), b.int(1));
            let inner = b.dict([inner]);
            let key = b.str("inner");
            b.dict([(key, inner)])
        }),
    ]
}

fn sets() -> Vec<Sample> {
    vec![
        built("empty", |b| b.set([])),
        built("ints", |b| {
            let items = small(b, 5);
            b.set(items)
        }),
        built("of-frozensets", |b| {
            let items = small(b, 2);
            let inner = b.frozenset(items);
            b.set([inner])
        }),
    ]
}

fn frozensets() -> Vec<Sample> {
    vec![
        built("empty", |b| b.frozenset([])),
        built("strings", |b| {
            let items = [b.str("a"), b.str("b"), b.str("c")];
            b.frozenset(items)
        }),
    ]
}

fn nestings() -> Vec<Sample> {
    let deep = |levels: usize, wrap: fn(&mut Builder, NodeId) -> NodeId| {
        Graph::build(|b| {
            let mut inner = b.int(1);
            for _ in 0..levels {
                inner = wrap(b, inner);
            }
            inner
        })
    };
    vec![
        ("list-10".into(), deep(10, |b, inner| b.list([inner]))),
        ("list-90".into(), deep(90, |b, inner| b.list([inner]))),
        ("tuple-50".into(), deep(50, |b, inner| b.tuple([inner]))),
        (
            "dict-50".into(),
            deep(50, |b, inner| {
                let key = b.str("k");
                b.dict([(key, inner)])
            }),
        ),
    ]
}

/// Lengths around the thousand items after which a pickler begins another batch.
fn batches() -> Vec<Sample> {
    let mut samples = Vec::new();
    for count in [999, 1000, 1001, 2000, 2001] {
        samples.push(built(&format!("list-{count}"), |b| {
            let items = small(b, count);
            b.list(items)
        }));
        samples.push(built(&format!("dict-{count}"), |b| {
            let pairs: Vec<_> = (0..count)
                .map(|number| (b.int(number), b.int(number + 1)))
                .collect();
            b.dict(pairs)
        }));
    }
    samples.push(built("tuple-1001", |b| {
        let items = small(b, 1001);
        b.tuple(items)
    }));
    samples.push(built("set-1001", |b| {
        let items = small(b, 1001);
        b.set(items)
    }));
    samples
}

fn mixed() -> Vec<Sample> {
    vec![
        // The object of 0.20's own example: ['this', range(10), None].
        built("of-the-release", |b| {
            let range = small(b, 10);
            let items = [b.str("this"), b.list(range), b.none()];
            b.list(items)
        }),
        built("record", |b| {
            let tags = [b.unicode("caf\u{e9}"), b.str(b"raw\xff")];
            let tags = b.set(tags);
            let position = [b.float(1.25), b.float(-0.0)];
            let position = b.tuple(position);
            let pairs = [
                (b.str("id"), b.long(BigInt::from(2).pow(70))),
                (b.str("tags"), tags),
                (b.str("position"), position),
                (b.str("parent"), b.none()),
            ];
            b.dict(pairs)
        }),
    ]
}

fn shared() -> Vec<Sample> {
    vec![
        built("list-twice", |b| {
            let one = b.int(1);
            let inner = b.list([one]);
            b.list([inner, inner])
        }),
        built("dict-in-tuple", |b| {
            let inner = b.dict([]);
            b.tuple([inner, inner, inner])
        }),
        built("tuple-twice", |b| {
            let items = small(b, 2);
            let inner = b.tuple(items);
            b.list([inner, inner])
        }),
        built("equal-but-not-shared", |b| {
            let (one, other) = (b.int(1), b.int(1));
            let (first, second) = (b.list([one]), b.list([other]));
            b.list([first, second, first])
        }),
        built("value-of-two-keys", |b| {
            let inner = b.list([]);
            let (first, second) = (b.str("a"), b.str("b"));
            b.dict([(first, inner), (second, inner)])
        }),
        // More than 255 memo entries: the pickler changes from BINPUT to LONG_BINPUT.
        built("many", |b| {
            let lists: Vec<NodeId> = (0..300).map(|_| b.list([])).collect();
            let twice: Vec<NodeId> = lists.iter().chain(&lists).copied().collect();
            b.list(twice)
        }),
    ]
}

fn complexes() -> Vec<Sample> {
    vec![
        built("one-i", |b| b.complex(0.0, 1.0)),
        built("both-parts", |b| b.complex(-1.5, 2.25)),
        built("infinite", |b| b.complex(f64::INFINITY, f64::NEG_INFINITY)),
    ]
}

fn bytearrays() -> Vec<Sample> {
    let every: Vec<u8> = (0..=255).collect();
    vec![
        built("some", |b| b.bytearray(b"abc")),
        built("every-byte", |b| b.bytearray(every)),
    ]
}

fn surrogates() -> Vec<Sample> {
    let text = |points: &[u32]| {
        Text::from_code_points(points.iter().copied()).expect("these are code points")
    };
    vec![
        ("high".into(), Graph::unicode(text(&[0xd800]))),
        ("low".into(), Graph::unicode(text(&[0xdfff]))),
        ("inside".into(), Graph::unicode(text(&[0x61, 0xdc80, 0x62]))),
    ]
}

fn recursive() -> Vec<Sample> {
    vec![
        built("list-in-itself", |b| {
            let list = b.list([]);
            b.append(list, list);
            list
        }),
        built("dict-in-itself", |b| {
            let dict = b.dict([]);
            let key = b.str("self");
            b.pair(dict, key, dict);
            dict
        }),
        built("tuple-through-list", |b| {
            let list = b.list([]);
            let tuple = b.tuple([list]);
            b.append(list, tuple);
            tuple
        }),
        built("two-lists", |b| {
            let (first, second) = (b.list([]), b.list([]));
            b.append(first, second);
            b.append(second, first);
            first
        }),
        // The inner tuple refers to the outer one, which cannot be made before its list.
        built("tuple-in-tuple-through-list", |b| {
            let list = b.list([]);
            let outer = b.tuple([list]);
            let inner = b.tuple([outer]);
            b.append(list, inner);
            outer
        }),
        // The state refers to the object that holds the instance, which is incomplete when the instance is made.
        built("instance-in-its-own-holder", |b| {
            let list = b.list([]);
            let class = b.global(CLASSES, "Point");
            let point = b.instance(class);
            let key = b.str("holder");
            let holder = b.tuple([point]);
            let state = b.dict([(key, holder)]);
            b.state(point, state);
            b.append(list, holder);
            list
        }),
        built("instance-in-itself", |b| {
            let class = b.global(CLASSES, "Point");
            let point = b.instance(class);
            let key = b.str("self");
            let state = b.dict([(key, point)]);
            b.state(point, state);
            point
        }),
    ]
}

/// The module of classes that every adapter for Python provides.
const CLASSES: &str = "processing_conformance_classes";

fn instances() -> Vec<Sample> {
    vec![
        built("point", |b| {
            let class = b.global(CLASSES, "Point");
            let point = b.instance(class);
            let pairs = [(b.str("x"), b.int(1)), (b.str("y"), b.float(2.5))];
            let state = b.dict(pairs);
            b.state(point, state);
            point
        }),
        built("point-twice", |b| {
            let class = b.global(CLASSES, "Point");
            let point = b.instance(class);
            let pair = (b.str("x"), b.int(1));
            let state = b.dict([pair]);
            b.state(point, state);
            b.list([point, point])
        }),
        built("exception", |b| {
            let class = b.global(CLASSES, "Error");
            let message = b.str("message");
            b.reduce(class, [message])
        }),
    ]
}

fn datetimes() -> Vec<Sample> {
    vec![
        built("date", |b| {
            let class = b.global("datetime", "date");
            // 2006-10-17: year in two bytes, month, day.
            let packed = b.str([0x07, 0xd6, 10, 17]);
            b.reduce(class, [packed])
        }),
        built("timedelta", |b| {
            let class = b.global("datetime", "timedelta");
            let parts = [b.int(1), b.int(2), b.int(3)];
            b.reduce(class, parts)
        }),
    ]
}

fn globals() -> Vec<Sample> {
    vec![
        built("class", |b| b.global("datetime", "date")),
        built("function", |b| b.global("textwrap", "dedent")),
        built("builtin", |b| b.global("__builtin__", "len")),
    ]
}
