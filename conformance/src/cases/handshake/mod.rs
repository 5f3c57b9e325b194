//! The handshake: what both ends do when they have the same key, and when only one of them has one.

pub(super) mod digest;
pub(super) mod listener;
pub(super) mod pair;
pub(super) mod wrong;

use super::{Case, Handshakes, Needs, Role, each_named};
use crate::context::failure::{CaseResult, Failure};
use crate::context::outcome::OnWire;
use crate::context::{Context, Who, pattern};
use crate::notation::Graph;
use crate::testee::message::{Connect, ErrorKind, Listen, Operation};
use crate::wire::Part;
use crate::wire::handshake::Scheme;

/// The key of both ends, in cases for which any key will do.
const KEY: &[u8] = b"a key for the suite";
/// The error kind that is recommended for a failed handshake.
const FAILED: &[ErrorKind] = &[ErrorKind::AuthenticationFailed];

/// The case requires a dialect with a handshake.
const KEYED: Needs = Needs {
    handshake: Handshakes::Among(Scheme::ALL),
    ..Needs::NOTHING
};
const KEYED_OBJECTS: Needs = Needs {
    handshake: Handshakes::Among(Scheme::ALL),
    ..Needs::OBJECTS
};

/// A case about the handshake, in both roles.
const HANDSHAKE: Case = Case {
    needs: KEYED,
    ..Case::WIRE
};

/// The cases of this area in which neither end misbehaves.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "handshake/key/right",
        about: "With the same key at both ends, each end proves that it knows the key; then messages are exchanged.",
        requirements: &[
            "handshake.mutual",
            "handshake.when-keyed",
            "handshake.challenge",
            "handshake.answer",
            "handshake.verdict",
            "handshake.md5-challenge",
            "handshake.md5-answer",
            "handshake.md5-verdict",
            "handshake.named-challenge",
            "handshake.named-answer",
            "handshake.any-key",
        ],
        parameters: |_| each_named("key", &KEYS),
        run: right_key,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/key/none",
        about: "Without a key there is no handshake: the first message on the wire is the first that was sent.",
        requirements: &["handshake.when-keyed"],
        run: no_key,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/key/empty",
        about: "An empty key is either an error or a key like any other.",
        requirements: &["handshake.empty-key"],
        run: empty_key,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/key/without-handshake",
        about: "A key with a dialect that has no handshake is an error.",
        requirements: &["handshake.key-needs-handshake"],
        needs: Needs {
            handshake: Handshakes::None,
            ..Needs::NOTHING
        },
        run: key_without_handshake,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/fresh",
        about: "No two challenges are the same.",
        requirements: &["handshake.fresh"],
        run: fresh,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/segmentation/byte-by-byte",
        about: "A handshake that arrives one byte at a time succeeds.",
        requirements: &["framing.message", "handshake.mutual"],
        needs: KEYED.over_streams(),
        run: byte_by_byte,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/eager/message-behind",
        about: "A message that arrives together with the last message of the handshake is not lost.",
        requirements: &["framing.order", "handshake.mutual"],
        run: eager,
        // The client sends the last message of a handshake.
        roles: &[Role::Listener],
        ..HANDSHAKE
    },
    Case {
        id: "handshake/eager/object-behind",
        about: "An object that arrives together with the last message of the handshake is received as an object.",
        requirements: &["framing.order", "handshake.mutual"],
        needs: KEYED_OBJECTS,
        run: eager_object,
        roles: &[Role::Listener],
        ..HANDSHAKE
    },
    Case {
        id: "handshake/one-sided/testee-only",
        about: "When only the testee has a key, a message that arrives in place of any part of the handshake is refused, and is not received as an object.",
        requirements: &["handshake.one-sided", "handshake.no-object-before"],
        parameters: |_| each_named("instead-of", &PARTS),
        run: testee_only,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/one-sided/challenge-as-object",
        about: "When only the other end has a key, its challenge is not received as an object.",
        requirements: &["handshake.one-sided"],
        needs: KEYED_OBJECTS,
        run: |context| challenged_without_key(context, true),
        ..HANDSHAKE
    },
    Case {
        id: "handshake/one-sided/challenge-as-string",
        about: "When only the other end has a key, its challenge is received as a string like any other.",
        requirements: &["handshake.when-keyed", "string.raw"],
        run: |context| challenged_without_key(context, false),
        ..HANDSHAKE
    },
];

type Key = fn() -> Vec<u8>;

const KEYS: [(&str, Key); 9] = [
    ("1-byte", || b"k".to_vec()),
    ("text", || b"a secret".to_vec()),
    ("binary", || (0..=255).collect()),
    ("zeros", || vec![0; 16]),
    ("high-bits", || vec![0xff; 20]),
    // HMAC hashes a key that is longer than its block of 64 bytes.
    ("63-bytes", || pattern::bytes(63)),
    ("64-bytes", || pattern::bytes(64)),
    ("65-bytes", || pattern::bytes(65)),
    ("1000-bytes", || pattern::bytes(1000)),
];

const PARTS: [(&str, Part); 3] = [
    ("challenge", Part::Challenge),
    ("answer", Part::Answer),
    ("verdict", Part::Verdict),
];

fn right_key(context: &mut Context<'_>) -> CaseResult {
    let key = context.setting.parameters.look_up("key", &KEYS)();
    let (mut wire, end) = context.open_with_key(&key)?;
    context.expect_in_step(&mut wire, end)
}

fn no_key(context: &mut Context<'_>) -> CaseResult {
    const FIRST: &[u8] = b"the first message";
    let (mut wire, end) = context.open()?;
    context.send_string(end, FIRST)?;
    context.expect_message(&mut wire, FIRST)
}

fn empty_key(context: &mut Context<'_>) -> CaseResult {
    let arguments = Listen {
        address: Some(context.free_address()),
        authkey: Some(String::new()),
        ..context.listen_arguments()
    };
    let mut handshake = match context.setting.role {
        Role::Listener => match context.try_listen(arguments)? {
            Ok(listening) => context.begin_accept(&listening)?,
            Err(_) => return Ok(()),
        },
        Role::Client => {
            let door = context.door()?;
            let arguments = Connect {
                address: Some(door.address().clone()),
                authkey: Some(String::new()),
                ..context.connect_arguments()
            };
            match context.begin_connect(&door, arguments)? {
                Ok(handshake) => handshake,
                Err(_) => return Ok(()),
            }
        }
    };
    context.shake(&mut handshake, b"")?;
    context.finish_handshake(handshake).map(drop)
}

fn key_without_handshake(context: &mut Context<'_>) -> CaseResult {
    let refused = &[ErrorKind::Unclassified, ErrorKind::AuthenticationFailed];
    let authkey = Some(hex::encode(KEY));
    let door = context.door()?;
    let operation = match context.setting.role {
        Role::Listener => Operation::Listen(Listen {
            address: Some(context.free_address()),
            authkey,
            ..context.listen_arguments()
        }),
        Role::Client => Operation::Connect(Connect {
            address: Some(door.address().clone()),
            authkey,
            ..context.connect_arguments()
        }),
    };
    context
        .expect_error(Who::Testee, operation, refused)
        .map(drop)
}

fn fresh(context: &mut Context<'_>) -> CaseResult {
    const CHALLENGES: usize = 6;
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for _ in 0..CHALLENGES {
        let mut handshake = context.begin_handshake(KEY)?;
        context.shake(&mut handshake, KEY)?;
        let nonce = handshake.challenged().nonce.clone();
        context.finish_handshake(handshake)?;
        if seen.contains(&nonce) {
            return Err(Failure::new(
                OnWire::SameChallenge,
                "a challenge that has not been used before",
            )
            .detail(hex::encode(nonce))
            .into());
        }
        seen.push(nonce);
    }
    Ok(())
}

fn byte_by_byte(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    handshake.send_byte_by_byte();
    context.shake(&mut handshake, KEY)?;
    let (mut wire, end) = context.finish_handshake(handshake)?;
    context.expect_in_step(&mut wire, end)
}

fn eager(context: &mut Context<'_>) -> CaseResult {
    const BEHIND: &[u8] = b"right behind the handshake";
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Verdict)?;
    let welcome = context.scheme().welcome();
    context.write_messages(&mut handshake.wire, &[welcome, BEHIND])?;
    let (mut wire, end) = context.finish_handshake(handshake)?;
    context.expect_string(end, BEHIND)?;
    context.expect_in_step(&mut wire, end)
}

fn eager_object(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Verdict)?;
    let welcome = context.scheme().welcome();
    context.write_messages(&mut handshake.wire, &[welcome, FORTY_TWO])?;
    let (mut wire, end) = context.finish_handshake(handshake)?;
    context.expect_object(end, &Graph::int(42))?;
    context.expect_in_step(&mut wire, end)
}

/// The pickle of 42 in protocol 2, which the other end of the seed's example sends first.
const FORTY_TWO: &[u8] = b"\x80\x02K*.";

fn testee_only(context: &mut Context<'_>) -> CaseResult {
    let part = context.setting.parameters.look_up("instead-of", &PARTS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, part)?;
    handshake.write(FORTY_TWO)?;
    if part == Part::Answer {
        context.expect_refusal(&mut handshake)?;
    }
    context.expect_failed(handshake, FAILED).map(drop)
}

fn challenged_without_key(context: &mut Context<'_>, as_object: bool) -> CaseResult {
    let (mut wire, end) = context.open()?;
    let challenge = context.own_challenge();
    context.write_message(&mut wire, &challenge)?;
    if as_object {
        let kinds = &[ErrorKind::Undecodable, ErrorKind::AuthenticationFailed];
        context.expect_no_object(end, kinds)
    } else {
        context.expect_string(end, &challenge)?;
        context.expect_in_step(&mut wire, end)
    }
}
