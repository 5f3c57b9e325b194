//! Two testees that talk to each other; the suite only gives commands and compares results.

use super::{Case, Kind, Needs, Role, each};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::{Outcome, Understanding};
use crate::context::{End, Pair, Who, pattern};
use crate::notation::Graph;
use crate::objects;
use crate::testee::message::{ErrorKind, Operation, Profile};
use crate::wire::Framing;

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "pair/string/to-testee",
        about: "A string of any length arrives from the counterpart unchanged.",
        requirements: &["string.raw", "framing.any-size"],
        parameters: |_| each("length", LENGTHS),
        run: |context| string(context, Towards::Testee),
        ..Case::PAIR
    },
    Case {
        id: "pair/string/from-testee",
        about: "A string of any length arrives at the counterpart unchanged.",
        requirements: &["string.raw", "framing.any-size"],
        parameters: |_| each("length", LENGTHS),
        run: |context| string(context, Towards::Counterpart),
        ..Case::PAIR
    },
    Case {
        id: "pair/object/to-testee",
        about: "Objects of every type that both can hold arrive from the counterpart with their types and values.",
        requirements: &["object.value"],
        parameters: |_| each("kind", KINDS),
        needs: Needs::OBJECTS.over_one_family(),
        run: |context| objects_of_a_kind(context, Towards::Testee),
        ..Case::PAIR
    },
    Case {
        id: "pair/object/from-testee",
        about: "Objects of every type that both can hold arrive at the counterpart with their types and values.",
        requirements: &["object.value"],
        parameters: |_| each("kind", KINDS),
        needs: Needs::OBJECTS.over_one_family(),
        run: |context| objects_of_a_kind(context, Towards::Counterpart),
        ..Case::PAIR
    },
    Case {
        id: "pair/object/graph-to-testee",
        about: "Shared objects, recursive objects and instances of classes arrive from the counterpart as such.",
        requirements: &["object.sharing", "object.recursion", "object.instance"],
        parameters: |_| each("kind", GRAPH_KINDS),
        needs: Needs {
            profile: Profile::Graph,
            ..Needs::NOTHING.over_one_family()
        },
        run: |context| objects_of_a_kind(context, Towards::Testee),
        ..Case::PAIR
    },
    Case {
        id: "pair/object/graph-from-testee",
        about: "Shared objects, recursive objects and instances of classes arrive at the counterpart as such.",
        requirements: &["object.sharing", "object.recursion", "object.instance"],
        parameters: |_| each("kind", GRAPH_KINDS),
        needs: Needs {
            profile: Profile::Graph,
            ..Needs::NOTHING.over_one_family()
        },
        run: |context| objects_of_a_kind(context, Towards::Counterpart),
        ..Case::PAIR
    },
    Case {
        id: "pair/seed/testee-boxes",
        about: "The seed's example: the counterpart sends 42, and the testee sends [42] back.",
        requirements: &["object.value", "object.pickle"],
        needs: Needs::OBJECTS,
        run: |context| seed_example(context, Towards::Testee),
        ..Case::PAIR
    },
    Case {
        id: "pair/seed/counterpart-boxes",
        about: "The seed's example: the testee sends 42, and the counterpart sends [42] back.",
        requirements: &["object.value", "object.pickle"],
        needs: Needs::OBJECTS,
        run: |context| seed_example(context, Towards::Counterpart),
        ..Case::PAIR
    },
    Case {
        id: "pair/order/pipelined",
        about: "Two hundred strings in each direction, sent before any is read, arrive in order.",
        requirements: &["framing.order", "connection.both-directions"],
        run: pipelined,
        ..Case::PAIR
    },
    Case {
        id: "pair/both-directions/large",
        about: "Large strings that are sent in both directions at once arrive whole.",
        requirements: &["connection.both-directions", "framing.any-size"],
        run: crossing,
        ..Case::PAIR
    },
    Case {
        id: "pair/string/object-as-string",
        about: "Strings and objects that are sent alternately arrive in order, strings as strings and objects as objects.",
        requirements: &["string.same-wire"],
        needs: Needs::OBJECTS,
        run: in_turns,
        ..Case::PAIR
    },
    Case {
        id: "pair/closing/testee-closes",
        about: "After the testee has closed its end, the counterpart receives what was sent before, and then the end of the stream.",
        requirements: &["closing.close", "closing.drain"],
        run: |context| closing(context, Towards::Counterpart, false),
        ..Case::PAIR
    },
    Case {
        id: "pair/closing/counterpart-closes",
        about: "After the counterpart has closed its end, the testee receives what was sent before, and then the end of the stream.",
        requirements: &["closing.drain", "closing.end-between"],
        run: |context| closing(context, Towards::Testee, false),
        ..Case::PAIR
    },
    Case {
        id: "pair/closing/counterpart-drops",
        about: "After the counterpart has dropped its end, the testee receives what was sent before, and then the end of the stream.",
        requirements: &["closing.drop", "closing.drain"],
        run: |context| closing(context, Towards::Testee, true),
        // A listener of 0.20 keeps the last connection that it accepted, so the client is the end that drops it.
        ..Case {
            roles: &[Role::Listener],
            ..Case::PAIR
        }
    },
    Case {
        id: "pair/flavours/no-message-arrives",
        about: "When the two flavours of a release frame messages differently, neither receives what the other sends, and each reports an error when the stream ends.",
        requirements: &["framing.mismatch"],
        kind: Kind::Flavours,
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            let sister = context.counterpart_dialect();
            cannot_talk(context, sister.framing)
        },
        ..Case::PAIR
    },
    Case {
        id: "pair/framings/no-message-arrives",
        about: "When two ends use different framings, neither receives what the other sends, and each reports an error when the stream ends.",
        requirements: &["framing.mismatch"],
        parameters: |own| each("with", own.others()),
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            let with = context.setting.parameters.text("with");
            let other = with.parse().expect("a parameter of this case");
            cannot_talk(context, other)
        },
        ..Case::PAIR
    },
];

const LENGTHS: [usize; 12] = [
    0, 1, 4, 1020, 1023, 1024, 1025, 16_384, 65_536, 1_048_576, 1_048_577, 5_000_000,
];
const KINDS: [&str; 14] = [
    "none",
    "bool",
    "int",
    "long",
    "float",
    "unicode",
    "list",
    "tuple",
    "dict",
    "set",
    "frozenset",
    "nesting",
    "batches",
    "shared",
];
const GRAPH_KINDS: [&str; 8] = [
    "str",
    "complex",
    "bytearray",
    "surrogate",
    "recursive",
    "instance",
    "datetime",
    "mixed",
];

/// The end that receives.
#[derive(Clone, Copy)]
enum Towards {
    Testee,
    Counterpart,
}

/// A connected pair, with the end that sends and the end that receives.
fn ends(context: &mut Context<'_>, towards: Towards) -> Result<(Pair, End, End), Stop> {
    let pair = context.pair()?;
    let (from, to) = from_and_to(&pair, towards);
    Ok((pair, from, to))
}

fn from_and_to(pair: &Pair, towards: Towards) -> (End, End) {
    match towards {
        Towards::Testee => (pair.counterpart, pair.testee),
        Towards::Counterpart => (pair.testee, pair.counterpart),
    }
}

fn string(context: &mut Context<'_>, towards: Towards) -> CaseResult {
    let payload = pattern::bytes(context.setting.parameters.number("length"));
    let (_pair, from, to) = ends(context, towards)?;
    let receiving = context.start_recv_string(to)?;
    let sending = context.start_send_string(from, &payload)?;
    context.finish_string(to, &receiving, &payload)?;
    context.finish_sent(from, &sending)
}

fn pass(context: &mut Context<'_>, from: End, to: End, object: &Graph) -> CaseResult {
    let receiving = context.start_recv(to)?;
    let sending = context.start(
        from.who,
        Operation::Send {
            connection: from.handle,
            object: object.clone(),
        },
    )?;
    context.finish_sent(from, &sending)?;
    context.finish_object(to, &receiving, object)
}

fn objects_of_a_kind(context: &mut Context<'_>, towards: Towards) -> CaseResult {
    let kind = context.setting.parameters.text("kind");
    if GRAPH_KINDS.contains(&kind) && context.profile() < Profile::Graph {
        return Err(Stop::NotApplicable(format!(
            "the counterpart claims profile `{}`",
            context.profile()
        )));
    }
    let samples = objects::of(kind);
    let (_pair, from, to) = ends(context, towards)?;
    for (_, sample) in samples {
        pass(context, from, to, sample)?;
    }
    Ok(())
}

fn seed_example(context: &mut Context<'_>, towards: Towards) -> CaseResult {
    let number = Graph::int(42);
    let (_pair, from, to) = ends(context, towards)?;
    pass(context, from, to, &number)?;
    pass(context, to, from, &Graph::list_of([&number]))
}

fn pipelined(context: &mut Context<'_>) -> CaseResult {
    let pair = context.pair()?;
    let text = |end: &str, number: usize| format!("{end} {number}").into_bytes();
    for number in 0..200 {
        context.send_string(pair.testee, &text("testee", number))?;
        context.send_string(pair.counterpart, &text("counterpart", number))?;
    }
    for number in 0..200 {
        context.expect_string(pair.counterpart, &text("testee", number))?;
        context.expect_string(pair.testee, &text("counterpart", number))?;
    }
    Ok(())
}

fn crossing(context: &mut Context<'_>) -> CaseResult {
    let large = pattern::bytes(2 << 20);
    let pair = context.pair()?;
    let ends = [pair.testee, pair.counterpart];
    let mut receiving = Vec::new();
    let mut sending = Vec::new();
    for end in ends {
        receiving.push(context.start_recv_string(end)?);
        sending.push(context.start_send_string(end, &large)?);
    }
    for (end, ticket) in ends.into_iter().zip(&receiving) {
        context.finish_string(end, ticket, &large)?;
    }
    for (end, ticket) in ends.into_iter().zip(&sending) {
        context.finish_sent(end, ticket)?;
    }
    Ok(())
}

fn in_turns(context: &mut Context<'_>) -> CaseResult {
    let object = objects::named("list", "several");
    let pair = context.pair()?;
    for (from, to) in [
        (pair.testee, pair.counterpart),
        (pair.counterpart, pair.testee),
    ] {
        context.send_string(from, b"a string")?;
        context.send(from, object)?;
        context.send_string(from, b"")?;
        context.send(from, &Graph::none())?;
        context.expect_string(to, b"a string")?;
        context.expect_object(to, object)?;
        context.expect_string(to, b"")?;
        context.expect_object(to, &Graph::none())?;
    }
    Ok(())
}

fn closing(context: &mut Context<'_>, towards: Towards, by_drop: bool) -> CaseResult {
    let (_pair, from, to) = ends(context, towards)?;
    context.send_string(from, b"first")?;
    context.send_string(from, b"last")?;
    if by_drop {
        context.release(from.who, from.handle)?;
    } else {
        context.close(from.who, from.handle)?;
    }
    context.expect_string(to, b"first")?;
    context.expect_string(to, b"last")?;
    context.expect_no_string(to, &[ErrorKind::Closed])
}

/// The counterpart uses another framing: neither end receives anything, and each reports an error at the end.
fn cannot_talk(context: &mut Context<'_>, other: Framing) -> CaseResult {
    const SENT: &[u8] = b"never received";
    for towards in [Towards::Testee, Towards::Counterpart] {
        let pair = context.pair_with(other)?;
        let (from, to) = from_and_to(&pair, towards);
        let receiving = context.start_recv_string(to)?;
        context.send_string(from, SENT)?;
        context.close(from.who, from.handle)?;
        if context.finish_operation(to.who, &receiving)?.is_ok() {
            let end = match to.who {
                Who::Testee => Understanding::Testee,
                Who::Counterpart => Understanding::Counterpart,
            };
            return Err(Failure::new(Outcome::Understood(end), "ends that cannot talk").into());
        }
    }
    Ok(())
}
