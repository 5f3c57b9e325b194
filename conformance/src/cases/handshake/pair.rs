//! The handshake between two testees.

use super::super::{Case, Kind, each_named};
use super::{FAILED, HANDSHAKE, KEYED_OBJECTS, KEYS};
use crate::context::failure::{CaseResult, Stop};
use crate::context::{Context, Keys, Pairing, Who};
use crate::notation::Graph;
use crate::testee::ask::Joined;
use crate::testee::message::ErrorKind;
use crate::testee::session::Ticket;

const PAIR: Case = Case {
    kind: Kind::Pair,
    ..HANDSHAKE
};

/// The cases of this area with two testees.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "handshake/pair/right-key",
        about: "Two testees with the same key connect and exchange strings.",
        requirements: &["handshake.mutual", "handshake.any-key"],
        parameters: |_| each_named("key", &KEYS),
        run: right_key,
        ..PAIR
    },
    Case {
        id: "handshake/pair/seed",
        about: "The seed's example works between two testees with the same key: 42 is sent, and [42] is sent back.",
        requirements: &["handshake.mutual", "object.value"],
        needs: KEYED_OBJECTS,
        run: seed,
        ..PAIR
    },
    Case {
        id: "handshake/pair/wrong-key",
        about: "When two testees have different keys, neither of them gets a connection.",
        requirements: &["handshake.wrong-answer", "handshake.refused"],
        run: wrong_key,
        ..PAIR
    },
    Case {
        id: "handshake/pair/one-sided",
        about: "When only one of two testees has a key, no object is exchanged, and neither mistakes a message of the handshake for an object.",
        requirements: &["handshake.one-sided"],
        parameters: |_| each_named("key-at", &SIDES),
        needs: KEYED_OBJECTS,
        run: one_sided,
        ..PAIR
    },
];

const SIDES: [(&str, Who); 2] = [("testee", Who::Testee), ("counterpart", Who::Counterpart)];

fn begin(
    context: &mut Context<'_>,
    testee: Option<&[u8]>,
    counterpart: Option<&[u8]>,
) -> Result<Pairing, Stop> {
    let keys = Keys {
        testee: testee.map(hex::encode),
        counterpart: counterpart.map(hex::encode),
    };
    context.begin_pair(&keys)
}

fn right_key(context: &mut Context<'_>) -> CaseResult {
    let key = context.setting.parameters.look_up("key", &KEYS)();
    let pairing = begin(context, Some(&key), Some(&key))?;
    let pair = context.finish_pair(pairing)?;
    context.send_string(pair.testee, b"from the testee")?;
    context.send_string(pair.counterpart, b"from the counterpart")?;
    context.expect_string(pair.testee, b"from the counterpart")?;
    context.expect_string(pair.counterpart, b"from the testee")
}

fn seed(context: &mut Context<'_>) -> CaseResult {
    let pairing = begin(context, Some(super::KEY), Some(super::KEY))?;
    let pair = context.finish_pair(pairing)?;
    let boxed = Graph::list_of([&Graph::int(42)]);
    for (from, to) in [
        (pair.testee, pair.counterpart),
        (pair.counterpart, pair.testee),
    ] {
        context.send(from, &Graph::int(42))?;
        context.expect_object(to, &Graph::int(42))?;
        context.send(to, &boxed)?;
        context.expect_object(from, &boxed)?;
    }
    Ok(())
}

fn wrong_key(context: &mut Context<'_>) -> CaseResult {
    let pairing = begin(context, Some(b"one key"), Some(b"another key"))?;
    context.finish_error(Who::Counterpart, &pairing.counterpart, FAILED)?;
    context
        .finish_error(Who::Testee, &pairing.testee, FAILED)
        .map(drop)
}

fn one_sided(context: &mut Context<'_>) -> CaseResult {
    let keyed = context.setting.parameters.look_up("key-at", &SIDES);
    let (pairing, without) = match keyed {
        Who::Testee => (begin(context, Some(super::KEY), None)?, Who::Counterpart),
        Who::Counterpart => (begin(context, None, Some(super::KEY))?, Who::Testee),
    };
    let ticket = |who| -> &Ticket<Joined> {
        match who {
            Who::Testee => &pairing.testee,
            Who::Counterpart => &pairing.counterpart,
        }
    };
    let end = context.finish_end(without, ticket(without))?;
    context.send(end, &Graph::int(42))?;
    context.finish_error(keyed, ticket(keyed), FAILED)?;
    let kinds = &[
        ErrorKind::Undecodable,
        ErrorKind::AuthenticationFailed,
        ErrorKind::Closed,
    ];
    context.expect_no_object(end, kinds)
}
