//! A listener with a key, and how its clients may affect one another.

use super::super::{Case, each_named};
use super::{FAILED, HANDSHAKE, KEY, KEYED, Role};
use crate::context::Context;
use crate::context::expectation::HandshakeMessage;
use crate::context::failure::{CaseResult, Failure};
use crate::context::handshake::LiveHandshake;
use crate::context::outcome::OnWire;
use crate::requirements::Level;
use crate::testee::message::{ErrorKind, Listen};
use crate::wire::Part;

const LISTENER: Case = Case {
    roles: &[Role::Listener],
    ..HANDSHAKE
};

/// The cases of this area about listeners.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "handshake/listener/survives",
        about: "A client that fails the handshake does not keep the listener from serving the next one.",
        requirements: &["handshake.survives", "listener.survives-client"],
        parameters: |_| each_named("first-client", &FAILURES),
        run: survives,
        ..LISTENER
    },
    Case {
        id: "handshake/listener/many-failures",
        about: "Many clients in a row that fail the handshake do not affect the listener.",
        requirements: &["handshake.survives"],
        run: many_failures,
        ..LISTENER
    },
    Case {
        id: "handshake/listener/silent-client",
        about: "A client that sends nothing blocks the listener only for a limited time; then the next client is served.",
        level: Level::Should,
        requirements: &["handshake.silent-client"],
        run: silent_client,
        ..LISTENER
    },
    Case {
        id: "handshake/listener/crowd",
        about: "A client with the key is served at once, although 50 clients that came before it are silent and 50 others have stopped in the middle of the handshake.",
        level: Level::Should,
        requirements: &["handshake.crowd"],
        needs: KEYED.over_streams(),
        run: crowd,
        ..LISTENER
    },
    Case {
        id: "handshake/listener/clients-in-turn",
        about: "Clients that pass the handshake are accepted one after another, while the earlier connections stay open.",
        requirements: &["listener.many-clients", "handshake.mutual"],
        run: clients_in_turn,
        ..LISTENER
    },
];

type Misdeed = fn(&mut Context<'_>, &mut LiveHandshake) -> CaseResult;

/// What the first client does instead of passing the handshake.
const FAILURES: [(&str, Misdeed); 5] = [
    ("answers-wrongly", |_, handshake| {
        handshake.write(b"twenty wrong bytes!!")
    }),
    ("sends-garbage", |_, handshake| {
        handshake.write(&[0xff; 300])
    }),
    ("leaves", |_, _| Ok(())),
    ("leaves-after-answer", |context, handshake| {
        context.shake_until(handshake, KEY, Part::Challenge)
    }),
    ("refuses", |context, handshake| {
        context.shake_until(handshake, KEY, Part::Verdict)?;
        handshake.write(context.scheme().failure())
    }),
];

fn survives(context: &mut Context<'_>) -> CaseResult {
    let fail = context
        .setting
        .parameters
        .look_up("first-client", &FAILURES);
    let listening = context.listen_with_key(KEY)?;
    let mut first = context.begin_accept(&listening)?;
    // The client fails only after it has been accepted; other cases test clients that leave before that.
    let challenged = first.wire.has_input(context.setting.patience);
    if !challenged.is_ok_and(|challenged| challenged) {
        return Err(Failure::new(OnWire::NothingCame, HandshakeMessage::Challenge).into());
    }
    fail(context, &mut first)?;
    // The client leaves in any case; the testee may have closed the connection first.
    let _ = first.wire.end();
    let kinds = &[
        ErrorKind::AuthenticationFailed,
        ErrorKind::TooLong,
        ErrorKind::Closed,
        ErrorKind::Cut,
    ];
    context.expect_failed(first, kinds)?;
    let mut second = context.begin_accept(&listening)?;
    context.shake(&mut second, KEY)?;
    let (mut wire, end) = context.finish_handshake(second)?;
    context.expect_in_step(&mut wire, end)
}

fn many_failures(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with_key(KEY)?;
    for _ in 0..20 {
        let mut handshake = context.begin_accept(&listening)?;
        context.shake_until(&mut handshake, KEY, Part::Answer)?;
        handshake.write(b"wrong")?;
        context.expect_failed(handshake, FAILED)?;
    }
    let mut good = context.begin_accept(&listening)?;
    context.shake(&mut good, KEY)?;
    let (mut wire, end) = context.finish_handshake(good)?;
    context.expect_in_step(&mut wire, end)
}

fn silent_client(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with_key(KEY)?;
    let silent = context.begin_accept(&listening)?;
    let kinds = &[ErrorKind::TimedOut, ErrorKind::AuthenticationFailed];
    let patience = context.setting.patience;
    let (still_there, _) = context.expect_failed_by_itself(silent, patience, kinds)?;
    let mut good = context.begin_accept(&listening)?;
    context.shake(&mut good, KEY)?;
    let (mut wire, end) = context.finish_handshake(good)?;
    context.expect_in_step(&mut wire, end)?;
    still_there.close();
    Ok(())
}

fn crowd(context: &mut Context<'_>) -> CaseResult {
    const EACH: usize = 50;
    let listening = context.listen_with(Listen {
        address: Some(context.free_address()),
        authkey: Some(hex::encode(KEY)),
        backlog: Some(128),
        ..context.listen_arguments()
    })?;
    // This is the header of an answer, and the beginning of the payload.
    let part = &context.message(&[0; 20])[..10];
    let mut crowd = Vec::new();
    for client in 0..2 * EACH {
        let mut wire = context.wire_to(&listening)?;
        if client % 2 == 0 {
            context.write(&mut wire, part)?;
        }
        crowd.push(wire);
    }
    let mut good = context.begin_accept(&listening)?;
    context.shake(&mut good, KEY)?;
    let (mut wire, end) = context.finish_handshake(good)?;
    context.expect_in_step(&mut wire, end)?;
    drop(crowd);
    Ok(())
}

fn clients_in_turn(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with_key(KEY)?;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut handshake = context.begin_accept(&listening)?;
        context.shake(&mut handshake, KEY)?;
        clients.push(context.finish_handshake(handshake)?);
    }
    for (wire, end) in &mut clients {
        context.expect_in_step(wire, *end)?;
    }
    Ok(())
}
