//! Objects: how they are pickled and unpickled, and which errors are required.

use super::{Case, Level, Needs, Parameters, each, each_named};
use crate::context::Context;
use crate::context::failure::CaseResult;
use crate::context::{End, Who};
use crate::notation::{Graph, Node, outside_values};
use crate::objects;
use crate::pickle;
use crate::testee::message::{ErrorKind, Operation, Profile};
use crate::wire::Wire;

/// A parameter `value` for each sample of a type.
fn each_sample(kind: &str) -> Vec<Parameters> {
    each("value", objects::of(kind).iter().map(|(name, _)| name))
}

/// Two cases for each type: received and sent.
macro_rules! both_ways {
    ($($kind:literal: $about:literal, $needs:expr, $requirements:expr;)*) => {
        &[
            $(
                Case {
                    id: concat!("object/", $kind, "/received"),
                    about: concat!($about, " is received with its type and its value."),
                    requirements: $requirements,
                    parameters: |_| each_sample($kind),
                    needs: $needs,
                    run: |context| received(context, $kind),
                    ..Case::LISTENER
                },
                Case {
                    id: concat!("object/", $kind, "/sent"),
                    about: concat!($about, " is sent as a pickle of the same type and value."),
                    requirements: $requirements,
                    parameters: |_| each_sample($kind),
                    needs: $needs,
                    run: |context| sent(context, $kind),
                    ..Case::CLIENT
                },
            )*
            Case {
                id: "object/pickle/protocol",
                about: "An object is sent as one pickle of protocol 2 or lower, with nothing after it.",
                requirements: &["object.pickle", "object.protocol-ceiling"],
                needs: Needs::OBJECTS,
                run: |context| sent_sample(context, objects::named("mixed", "of-the-release")),
                ..Case::WIRE
            },
            Case {
                id: "object/pickle/older-protocols",
                about: "Pickles of protocols 0, 1 and 2 are read.",
                requirements: &["object.older-protocols"],
                parameters: |_| each("protocol", [0, 1, 2]),
                needs: Needs::OBJECTS,
                run: older_protocols,
                ..Case::CLIENT
            },
            Case {
                id: "object/pickle/python2-types-received",
                about: "`int` and `long`, `str` and `unicode` are kept apart when received.",
                requirements: &["object.python2-types"],
                needs: GRAPH,
                run: |context| received_sample(context, &python2_types()),
                ..Case::LISTENER
            },
            Case {
                id: "object/pickle/python2-types-sent",
                about: "`int` and `long`, `str` and `unicode` are kept apart when sent.",
                requirements: &["object.python2-types"],
                needs: GRAPH,
                run: |context| sent_sample(context, &python2_types()),
                ..Case::CLIENT
            },
            Case {
                id: "object/pickle/trailing-bytes",
                about: "Bytes after the pickle's STOP are ignored.",
                level: Level::Should,
                requirements: &["object.trailing"],
                needs: Needs::OBJECTS,
                run: trailing_bytes,
                ..Case::WIRE
            },
            Case {
                id: "object/pickle/boxed",
                about: "The seed's example: the testee receives 42 and sends [42] back.",
                requirements: &["object.value", "object.pickle"],
                needs: Needs::OBJECTS,
                run: boxed,
                ..Case::WIRE
            },
            Case {
                id: "object/unpicklable/alone",
                about: "Sending an object that cannot be pickled is an error, with nothing on the wire, and the connection stays in step.",
                requirements: &["object.unpicklable", "error.kind"],
                needs: Needs::OBJECTS,
                run: |context| unpicklable(context, &Graph::build(|b| b.node(Node::Unpicklable("an object".into())))),
                ..Case::WIRE
            },
            Case {
                id: "object/unpicklable/inside",
                about: "Sending an object that contains one that cannot be pickled is an error, with nothing on the wire, and the connection stays in step.",
                requirements: &["object.unpicklable", "error.kind"],
                needs: Needs::OBJECTS,
                run: |context| unpicklable(context, &unpicklable_inside()),
                ..Case::WIRE
            },
            Case {
                id: "object/undecodable/in-step",
                about: "A payload that cannot be unpickled, inside an intact message, is an error, and the next message is delivered.",
                requirements: &["object.undecodable", "error.kind"],
                parameters: |_| each_named("payload", &UNDECODABLE),
                needs: Needs::OBJECTS,
                run: undecodable,
                ..Case::WIRE
            },
            Case {
                id: "object/outside-profile/received",
                about: "An object that the profile cannot hold is an error, not another object, and the connection stays in step.",
                requirements: &["object.outside-profile", "error.kind"],
                parameters: |_| outside(),
                needs: SERDE_ONLY,
                run: outside_received,
                ..Case::LISTENER
            },
            Case {
                id: "object/outside-profile/no-calls",
                about: "A pickle that would call a function or a class is an error, and nothing is called.",
                requirements: &["object.no-calls"],
                parameters: |_| each_named("call", &CALLS),
                needs: SERDE_ONLY,
                run: no_calls,
                ..Case::LISTENER
            },
            Case {
                id: "object/stream/many",
                about: "Many objects of all types follow one another on one connection, in both directions.",
                requirements: &["object.value", "framing.order"],
                needs: Needs::OBJECTS,
                run: many,
                ..Case::WIRE
            },
        ]
    };
}

/// The cases of this area.
pub(super) const CASES: &[Case] = both_ways! {
    "none": "None", Needs::OBJECTS, &["object.value"];
    "bool": "A bool", Needs::OBJECTS, &["object.value"];
    "int": "An int", Needs::OBJECTS, &["object.value"];
    "long": "A long of any length", Needs::OBJECTS, &["object.value"];
    "float": "A float, down to the last bit,", Needs::OBJECTS, &["object.value"];
    "str": "A str", Needs::OBJECTS, &["object.value"];
    "unicode": "A unicode string", Needs::OBJECTS, &["object.value"];
    "list": "A list", Needs::OBJECTS, &["object.value"];
    "tuple": "A tuple of any length", Needs::OBJECTS, &["object.value"];
    "dict": "A dict", Needs::OBJECTS, &["object.value"];
    "set": "A set", Needs::OBJECTS, &["object.value"];
    "frozenset": "A frozenset", Needs::OBJECTS, &["object.value"];
    "nesting": "A deeply nested object", Needs::OBJECTS, &["object.value", "object.hostile"];
    "batches": "An object with more items than fit into one batch", Needs::OBJECTS, &["object.value"];
    "mixed": "An object of many types", Needs::OBJECTS, &["object.value"];
    "shared": "An object with two references to it", Needs::OBJECTS, &["object.sharing", "object.value"];
    "complex": "A complex number", GRAPH, &["object.value"];
    "bytearray": "A bytearray", Needs::OBJECTS, &["object.value"];
    "surrogate": "A unicode string with a lone surrogate", GRAPH, &["object.value"];
    "recursive": "An object that contains itself", GRAPH, &["object.recursion"];
    "instance": "An instance of a user's class", GRAPH, &["object.instance"];
    "datetime": "An instance of a class of the standard library", GRAPH, &["object.instance"];
    "global": "A class or a function", GRAPH, &["object.instance"];
};

const GRAPH: Needs = Needs {
    profile: Profile::Graph,
    ..Needs::NOTHING
};
const SERDE_ONLY: Needs = Needs {
    only: Some(Profile::Serde),
    ..Needs::OBJECTS
};

/// Payloads that every unpickler rejects.
const UNDECODABLE: [(&str, &[u8]); 8] = [
    ("empty", b""),
    ("no-stop", b"\x80\x02K*"),
    ("only-stop", b"."),
    ("cut-inside-an-opcode", b"\x80\x02U\x05abc"),
    ("unknown-opcode", b"\x80\x02\xff."),
    ("stack-underflow", b"\x80\x02a."),
    ("missing-memo", b"\x80\x02h\x07."),
    ("text", b"plain text"),
];

/// Pickles that call a function or a class if an unpickler obeys them.
const CALLS: [(&str, &[u8]); 5] = [
    ("reduce", b"\x80\x02cos\ngetcwd\n)R."),
    ("inst", b"(ios\ngetcwd\n."),
    ("obj", b"(cos\ngetcwd\no."),
    ("newobj", b"\x80\x02ccollections\nOrderedDict\n)\x81."),
    ("build", b"\x80\x02cos\ngetcwd\n}b."),
];

fn received(context: &mut Context<'_>, kind: &str) -> CaseResult {
    let sample = objects::named(kind, context.setting.parameters.text("value"));
    received_sample(context, sample)
}

fn received_sample(context: &mut Context<'_>, sample: &Graph) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let receiving = context.start_recv(end)?;
    context.write_message(&mut wire, &pickled(sample, 2))?;
    context.finish_object(end, &receiving, sample)?;
    context.expect_in_step(&mut wire, end)
}

fn pickled(object: &Graph, protocol: u8) -> Vec<u8> {
    pickle::write(object, protocol).expect("the suite can pickle its own samples")
}

fn sent(context: &mut Context<'_>, kind: &str) -> CaseResult {
    let sample = objects::named(kind, context.setting.parameters.text("value"));
    sent_sample(context, sample)
}

fn sent_sample(context: &mut Context<'_>, sample: &Graph) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let operation = Operation::Send {
        connection: end.handle,
        object: sample.clone(),
    };
    let sending = context.start(end.who, operation)?;
    context.expect_pickle_sent(&mut wire, end, &sending, sample)?;
    context.expect_in_step(&mut wire, end)
}

fn older_protocols(context: &mut Context<'_>) -> CaseResult {
    let protocol = u8::try_from(context.setting.parameters.number("protocol")).expect("0, 1 or 2");
    let (mut wire, end) = context.open()?;
    for kind in [
        "none", "bool", "int", "long", "float", "str", "unicode", "list", "tuple", "dict", "mixed",
    ] {
        for (_, sample) in objects::of(kind) {
            context.write_message(&mut wire, &pickled(sample, protocol))?;
            context.expect_object(end, sample)?;
        }
    }
    context.expect_in_step(&mut wire, end)
}

fn python2_types() -> Graph {
    Graph::build(|b| {
        let items = [
            b.int(1),
            b.long(1),
            b.str("a"),
            b.unicode("a"),
            b.bool(true),
            b.float(1.0),
        ];
        b.list(items)
    })
}

fn trailing_bytes(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let payload = [pickled(&Graph::int(42), 2), b"trailing".to_vec()].concat();
    context.write_message(&mut wire, &payload)?;
    context.expect_object(end, &Graph::int(42))?;
    context.expect_in_step(&mut wire, end)
}

fn boxed(context: &mut Context<'_>) -> CaseResult {
    let number = Graph::int(42);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &pickled(&number, 2))?;
    context.expect_object(end, &number)?;
    let boxed = Graph::list_of([&number]);
    context.send(end, &boxed)?;
    context.expect_pickle(&mut wire, &boxed)
}

fn unpicklable_inside() -> Graph {
    Graph::build(|b| {
        let many: Vec<_> = (0..2000).map(|number| b.int(number)).collect();
        let many = b.list(many);
        let culprit = b.node(Node::Unpicklable("an object".into()));
        let inner = b.tuple([culprit]);
        b.list([many, inner])
    })
}

fn unpicklable(context: &mut Context<'_>, object: &Graph) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let operation = Operation::Send {
        connection: end.handle,
        object: object.clone(),
    };
    context.expect_error(end.who, operation, &[ErrorKind::Unencodable])?;
    // Anything that had reached the wire would arrive before this message.
    context.send_string(end, b"the next message")?;
    context.expect_message(&mut wire, b"the next message")?;
    context.expect_in_step(&mut wire, end)
}

fn undecodable(context: &mut Context<'_>) -> CaseResult {
    let payload = context.setting.parameters.look_up("payload", &UNDECODABLE);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, payload)?;
    context.write_message(&mut wire, &pickled(&Graph::int(42), 2))?;
    context.expect_no_object(end, &[ErrorKind::Undecodable])?;
    context.expect_object(end, &Graph::int(42))?;
    context.expect_in_step(&mut wire, end)
}

/// Every sample that profile `serde` cannot hold.
fn outside() -> Vec<Parameters> {
    let kinds = [
        "complex",
        "surrogate",
        "recursive",
        "instance",
        "datetime",
        "global",
    ];
    let samples = kinds.iter().flat_map(|kind| {
        objects::of(kind)
            .iter()
            .map(move |(name, graph)| (kind, name, graph))
    });
    each(
        "object",
        samples
            .filter(|(_, _, graph)| outside_values(graph).is_some())
            .map(|(kind, name, _)| format!("{kind}/{name}")),
    )
}

fn outside_received(context: &mut Context<'_>) -> CaseResult {
    let (kind, name) = context
        .setting
        .parameters
        .text("object")
        .split_once('/')
        .expect("kind and name");
    let sample = objects::named(kind, name);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, &pickled(sample, 2))?;
    context.expect_no_object(
        end,
        &[
            ErrorKind::NeedsClass,
            ErrorKind::Undecodable,
            ErrorKind::Limit,
        ],
    )?;
    context.expect_in_step(&mut wire, end)
}

fn no_calls(context: &mut Context<'_>) -> CaseResult {
    let payload = context.setting.parameters.look_up("call", &CALLS);
    let (mut wire, end) = context.open()?;
    context.write_message(&mut wire, payload)?;
    context.expect_no_object(end, &[ErrorKind::NeedsClass])?;
    context.expect_in_step(&mut wire, end)
}

fn many(context: &mut Context<'_>) -> CaseResult {
    let (mut wire, end) = context.open()?;
    for kind in [
        "none", "bool", "int", "float", "str", "unicode", "list", "tuple", "dict", "mixed",
    ] {
        for (_, sample) in objects::of(kind) {
            there_and_back(context, &mut wire, end, sample)?;
        }
    }
    Ok(())
}

fn there_and_back(
    context: &mut Context<'_>,
    wire: &mut Wire,
    end: End,
    sample: &Graph,
) -> CaseResult {
    let receiving = context.start_recv(end)?;
    context.write_message(wire, &pickled(sample, 2))?;
    context.finish_object(end, &receiving, sample)?;
    let operation = Operation::Send {
        connection: end.handle,
        object: sample.clone(),
    };
    let sending = context.start(Who::Testee, operation)?;
    context.expect_pickle_sent(wire, end, &sending, sample)
}
