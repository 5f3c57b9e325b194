//! Listening and accepting.

pub(super) mod unix_path;

use std::path::Path;

use processing_connection::Family;

use super::{Case, Level, Needs, each};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::{Did, Found};
use crate::context::{End, Who};
use crate::testee::ask;
use crate::testee::message::OperationName;
use crate::testee::message::{ErrorKind, Listen, Listening, Operation, RawAddress};
use crate::wire::{Wire, pipe_names_are_exclusive};

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "listener/accept/after-connect",
        about: "`accept` returns a client that connected before it was called.",
        requirements: &["listener.accept"],
        run: |context| {
            context
                .open()
                .and_then(|(mut wire, end)| context.expect_in_step(&mut wire, end))
        },
        ..Case::LISTENER
    },
    Case {
        id: "listener/accept/before-connect",
        about: "`accept` waits for a client that connects later.",
        requirements: &["listener.accept"],
        run: accept_before_connect,
        ..Case::LISTENER
    },
    Case {
        id: "listener/accept/order",
        about: "Clients are accepted in the order in which they connected, and none is mistaken for another.",
        requirements: &["listener.accept", "listener.many-clients"],
        needs: Needs::NOTHING.over_streams(),
        run: accept_in_order,
        ..Case::LISTENER
    },
    Case {
        id: "listener/accept/while-working",
        about: "A testee that is waiting in `accept` continues to serve the connections that it has.",
        requirements: &["listener.many-clients"],
        run: accept_while_working,
        ..Case::LISTENER
    },
    Case {
        id: "listener/clients/one-after-another",
        about: "A listener serves clients one after another.",
        requirements: &["listener.many-clients"],
        run: one_after_another,
        ..Case::LISTENER
    },
    Case {
        id: "listener/clients/at-once",
        about: "A listener serves many clients at once, each with its own stream.",
        requirements: &["listener.many-clients"],
        parameters: |_| each("clients", [2, 20]),
        run: at_once,
        ..Case::LISTENER
    },
    Case {
        id: "listener/clients/leaves",
        about: "A client that connects and leaves does not keep the listener from serving the next one.",
        requirements: &["listener.survives-client"],
        run: client_leaves,
        ..Case::LISTENER
    },
    Case {
        id: "listener/clients/breaks-off",
        about: "A client that aborts its connection does not keep the listener from serving the next one.",
        requirements: &["listener.survives-client"],
        needs: Needs::NOTHING.over_streams(),
        run: client_breaks_off,
        ..Case::LISTENER
    },
    Case {
        id: "listener/clients/sends-garbage",
        about: "A client that sends garbage does not keep the listener from serving the next one.",
        requirements: &["listener.survives-client", "error.survive"],
        needs: Needs::NOTHING.over_streams(),
        run: client_sends_garbage,
        ..Case::LISTENER
    },
    Case {
        id: "listener/backlog/default",
        about: "With the default backlog, a client can connect before the listener accepts.",
        requirements: &["listener.backlog"],
        level: Level::Should,
        run: |context| backlog(context, None, 1),
        ..Case::LISTENER
    },
    Case {
        id: "listener/backlog/given",
        about: "With backlog n, n clients can connect before the listener accepts.",
        requirements: &["listener.backlog"],
        level: Level::Should,
        parameters: |_| each("backlog", [1, 5, 16]),
        needs: Needs::NOTHING.over_streams(),
        run: |context| {
            let clients = context.setting.parameters.number("backlog");
            backlog(context, u32::try_from(clients).ok(), clients)
        },
        ..Case::LISTENER
    },
    Case {
        id: "listener/backlog/is-the-given-one",
        about: "On Linux, a listener over AF_UNIX with backlog n holds n+1 waiting clients, and no more.",
        requirements: &["listener.backlog"],
        level: Level::Should,
        parameters: |_| each("backlog", [1, 5]),
        needs: UNIX_ONLY,
        run: backlog_is_the_given_one,
        ..Case::LISTENER
    },
    Case {
        id: "listener/last-accepted/before",
        about: "Before the first accept, `last_accepted` is None.",
        requirements: &["listener.last-accepted-before"],
        run: last_accepted_before,
        ..Case::LISTENER
    },
    Case {
        id: "listener/last-accepted/inet",
        about: "After an accept, `last_accepted` is the address that the client is bound to.",
        requirements: &["listener.last-accepted-inet"],
        needs: INET_ONLY,
        run: last_accepted_inet,
        ..Case::LISTENER
    },
    Case {
        id: "listener/last-accepted/unix",
        about: "After an accept from an unnamed socket, `last_accepted` is the empty string.",
        requirements: &["listener.last-accepted-unix"],
        level: Level::Should,
        needs: UNIX_ONLY,
        run: last_accepted_unix,
        ..Case::LISTENER
    },
    Case {
        id: "listener/last-accepted/pipe",
        about: "After an accept over AF_PIPE, `last_accepted` is None.",
        requirements: &["listener.last-accepted-pipe"],
        level: Level::Should,
        needs: Needs::NOTHING.over_pipes(),
        run: last_accepted_pipe,
        ..Case::LISTENER
    },
    Case {
        id: "listener/close/refuses",
        about: "After `close`, connecting to the listener is an error.",
        requirements: &["listener.close"],
        run: close_refuses,
        ..Case::LISTENER
    },
    Case {
        id: "listener/close/accept",
        about: "After `close`, `accept` is an error and does not make the listener listen again.",
        requirements: &["listener.close", "error.kind"],
        run: accept_after_close,
        ..Case::LISTENER
    },
    Case {
        id: "listener/close/twice",
        about: "Closing a listener twice is harmless.",
        requirements: &["listener.close-twice"],
        level: Level::Should,
        run: close_twice,
        ..Case::LISTENER
    },
    Case {
        id: "listener/close/keeps-connections",
        about: "Closing a listener leaves its connections open.",
        requirements: &["listener.close-keeps-connections"],
        run: |context| keeps_connections(context, Going::Close),
        ..Case::LISTENER
    },
    Case {
        id: "listener/drop/keeps-connections",
        about: "Dropping a listener leaves its connections open.",
        requirements: &["listener.close-keeps-connections"],
        run: |context| keeps_connections(context, Going::Drop),
        ..Case::LISTENER
    },
    Case {
        id: "listener/drop/refuses",
        about: "A listener that is dropped is closed: connecting to it is an error.",
        requirements: &["listener.drop"],
        run: drop_refuses,
        ..Case::LISTENER
    },
    Case {
        id: "listener/rebind/after-close",
        about: "After `close`, a new listener can use the same address.",
        requirements: &["listener.rebind"],
        level: Level::Should,
        run: |context| rebind(context, Going::Close),
        ..Case::LISTENER
    },
    Case {
        id: "listener/rebind/after-drop",
        about: "After a listener has been dropped, a new listener can use the same address.",
        requirements: &["listener.rebind"],
        level: Level::Should,
        run: |context| rebind(context, Going::Drop),
        ..Case::LISTENER
    },
    Case {
        id: "listener/in-use/same-testee",
        about: "Listening on an address on which the testee already listens is an error, and the first listener is not disturbed.",
        requirements: &["listener.in-use", "error.kind"],
        run: in_use_by_itself,
        ..Case::LISTENER
    },
    Case {
        id: "listener/in-use/somebody-else",
        about: "Listening on an address on which somebody else listens is an error, and the other listener is not disturbed.",
        requirements: &["listener.in-use", "error.kind"],
        run: in_use_by_another,
        ..Case::LISTENER
    },
];

const UNIX_ONLY: Needs = Needs {
    families: &[Family::Unix],
    ..Needs::NOTHING
};
const INET_ONLY: Needs = Needs {
    families: &[Family::Inet],
    ..Needs::NOTHING
};

/// How a testee gives up a listener.
#[derive(Clone, Copy)]
enum Going {
    Close,
    Drop,
}

fn goes(context: &mut Context<'_>, listening: &Listening, going: Going) -> CaseResult {
    match going {
        Going::Close => context.close(Who::Testee, listening.listener),
        Going::Drop => context.release(Who::Testee, listening.listener),
    }
}

fn accept_before_connect(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let accepting = context.start(Who::Testee, ask::accept(listening.listener))?;
    let mut wire = context.wire_to(&listening)?;
    let (end, _) = context.finish_accept(&accepting)?;
    context.expect_in_step(&mut wire, end)
}

fn accept_in_order(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with(roomy(context, 8))?;
    let mut wires = Vec::new();
    for number in 0..4_u8 {
        let mut wire = context.wire_to(&listening)?;
        context.write_message(&mut wire, &[b'a' + number])?;
        wires.push(wire);
    }
    for number in 0..4_u8 {
        let end = context.accept(listening.listener)?;
        context.expect_string(end, &[b'a' + number])?;
    }
    Ok(())
}

fn accept_while_working(context: &mut Context<'_>) -> CaseResult {
    let (listening, mut wire, end) = listen_and_open(context)?;
    let accepting = context.start(Who::Testee, ask::accept(listening.listener))?;
    context.expect_in_step(&mut wire, end)?;
    let mut second = context.wire_to(&listening)?;
    let (second_end, _) = context.finish_accept(&accepting)?;
    context.expect_in_step(&mut second, second_end)?;
    context.expect_in_step(&mut wire, end)
}

fn listen_and_open(context: &mut Context<'_>) -> Result<(Listening, Wire, End), Stop> {
    let listening = context.listen()?;
    let wire = context.wire_to(&listening)?;
    let end = context.accept(listening.listener)?;
    Ok((listening, wire, end))
}

fn one_after_another(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    for _ in 0..20 {
        serve_another(context, &listening)?;
    }
    Ok(())
}

fn serve_another(context: &mut Context<'_>, listening: &Listening) -> CaseResult {
    let mut wire = context.wire_to(listening)?;
    let end = context.accept(listening.listener)?;
    context.expect_in_step(&mut wire, end)?;
    context.close(end.who, end.handle)?;
    context.expect_end(&mut wire, "closing.close")
}

fn at_once(context: &mut Context<'_>) -> CaseResult {
    let clients = context.setting.parameters.number("clients");
    let listening = context.listen()?;
    let mut ends = Vec::new();
    for _ in 0..clients {
        let wire = context.wire_to(&listening)?;
        ends.push((wire, context.accept(listening.listener)?));
    }
    // All clients send before the testee receives from any of them.
    for (number, (wire, _)) in ends.iter_mut().enumerate() {
        context.write_message(wire, format!("client {number}").as_bytes())?;
    }
    for (number, (wire, end)) in ends.iter_mut().enumerate().rev() {
        context.expect_string(*end, format!("client {number}").as_bytes())?;
        context.expect_in_step(wire, *end)?;
    }
    Ok(())
}

fn client_leaves(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with(roomy(context, 4))?;
    context.wire_to(&listening)?.close();
    let gone = context.accept(listening.listener)?;
    context.expect_no_string(gone, &[ErrorKind::Closed])?;
    serve_another(context, &listening)
}

fn client_breaks_off(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with(roomy(context, 4))?;
    let wire = context.wire_to(&listening)?;
    wire.reset()
        .map_err(|error| Failure::wire("the connection is open", &error))?;
    let mut second = context.wire_to(&listening)?;
    // It depends on the system whether a client that has already left is accepted.
    let accepting = context.start(Who::Testee, ask::accept(listening.listener))?;
    let (first_accepted, _) = context.finish_accept(&accepting)?;
    context.write_message(&mut second, b"served")?;
    let end = match context.try_recv_string(first_accepted)? {
        Ok(payload) if payload.describes(b"served") => return Ok(()),
        Ok(payload) => {
            return Err(Failure::new(
                (OperationName::RecvString, Did::WrongBytes),
                "the second client's message",
            )
            .detail(format!("it returned {payload}"))
            .into());
        }
        Err(_) => context.accept(listening.listener)?,
    };
    context.expect_string(end, b"served")
}

fn client_sends_garbage(context: &mut Context<'_>) -> CaseResult {
    let (listening, mut wire, end) = listen_and_open(context)?;
    context.write(&mut wire, &[0xff; 64])?;
    wire.close();
    context.expect_no_string(
        end,
        &[ErrorKind::TooLong, ErrorKind::BadHeader, ErrorKind::Cut],
    )?;
    serve_another(context, &listening)
}

fn roomy(context: &Context<'_>, backlog: u32) -> Listen {
    Listen {
        address: Some(context.free_address()),
        backlog: Some(backlog),
        ..context.listen_arguments()
    }
}

fn backlog(context: &mut Context<'_>, backlog: Option<u32>, clients: usize) -> CaseResult {
    let arguments = Listen {
        address: Some(context.free_address()),
        backlog,
        ..context.listen_arguments()
    };
    let listening = context.listen_with(arguments)?;
    let mut wires = Vec::new();
    for number in 0..clients {
        let mut wire = context.wire_to(&listening)?;
        context.write_message(&mut wire, &[u8::try_from(number).unwrap_or(0)])?;
        wires.push(wire);
    }
    for number in 0..clients {
        let end = context.accept(listening.listener)?;
        context.expect_string(end, &[u8::try_from(number).unwrap_or(0)])?;
    }
    Ok(())
}

/// Linux queues backlog + 1 connections on a Unix socket, and immediately refuses further connections from sockets that
/// do not block.
fn backlog_is_the_given_one(context: &mut Context<'_>) -> CaseResult {
    if !cfg!(target_os = "linux") {
        return Err(Stop::NotApplicable(
            "only Linux reports a full backlog at once".into(),
        ));
    }
    let backlog = context.setting.parameters.number("backlog");
    let listening =
        context.listen_with(roomy(context, u32::try_from(backlog).unwrap_or(u32::MAX)))?;
    let Some(RawAddress::Text(path)) = &listening.address else {
        return Err(Failure::new((OperationName::Listen, Did::NoPath), "a path").into());
    };
    let queued = queue_up(Path::new(path), backlog + 3).map_err(|error| {
        Stop::NotRun(format!(
            "the suite could not connect without waiting: {error}"
        ))
    })?;
    if queued == backlog + 1 {
        return Ok(());
    }
    Err(Failure::new(
        Found::ClientsConnected(queued),
        format!("{} clients can connect", backlog + 1),
    )
    .into())
}

/// Returns how many of `attempts` clients can connect without waiting.
fn queue_up(path: &Path, attempts: usize) -> std::io::Result<usize> {
    use socket2::{Domain, SockAddr, Socket, Type};
    let address = SockAddr::unix(path)?;
    let mut queued = Vec::new();
    for _ in 0..attempts {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address) {
            Ok(()) => queued.push(socket),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(queued.len())
}

fn last_accepted_before(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    match &listening.last_accepted {
        None => Ok(()),
        Some(address) => Err(Failure::new(
            (OperationName::Listen, Did::LastAcceptedIsNotNone),
            "None",
        )
        .detail(format!("it is {address}"))
        .into()),
    }
}

fn last_accepted_inet(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    for _ in 0..2 {
        let wire = context.wire_to(&listening)?;
        let (_, reported) = context.accept_fully(listening.listener)?;
        let own = wire
            .local_address()
            .map_err(|error| Stop::NotRun(error.to_string()))?;
        if reported.as_ref() != Some(&own) {
            return Err(Failure::new(
                (OperationName::Accept, Did::WrongLastAccepted),
                own.to_string(),
            )
            .detail(format!(
                "it is {}",
                reported.map_or("None".into(), |address| address.to_string())
            ))
            .into());
        }
    }
    Ok(())
}

fn last_accepted_unix(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let _wire = context.wire_to(&listening)?;
    let (_, reported) = context.accept_fully(listening.listener)?;
    if reported == Some(RawAddress::Text(String::new())) {
        return Ok(());
    }
    Err(
        Failure::new((OperationName::Accept, Did::WrongLastAccepted), "''")
            .detail(format!(
                "it is {}",
                reported.map_or("None".into(), |address| address.to_string())
            ))
            .into(),
    )
}

fn last_accepted_pipe(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let _wire = context.wire_to(&listening)?;
    match context.accept_fully(listening.listener)?.1 {
        None => Ok(()),
        Some(address) => Err(
            Failure::new((OperationName::Accept, Did::WrongLastAccepted), "None")
                .detail(format!("it is {address}"))
                .into(),
        ),
    }
}

fn address_of(listening: &Listening) -> Result<RawAddress, Stop> {
    listening.address.clone().ok_or_else(|| {
        Failure::new(
            (OperationName::Listen, Did::NoAddress),
            "the listener's `address`",
        )
        .into()
    })
}

fn expect_nobody(
    context: &mut Context<'_>,
    address: &RawAddress,
    requirement: &'static str,
) -> CaseResult {
    match context.try_wire(address) {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new(
            Found::Connected,
            format!("nobody listens at {address} any more"),
        )
        .breaks(requirement)
        .into()),
    }
}

fn close_refuses(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let address = address_of(&listening)?;
    context.close(Who::Testee, listening.listener)?;
    expect_nobody(context, &address, "listener.close")
}

fn accept_after_close(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let address = address_of(&listening)?;
    context.close(Who::Testee, listening.listener)?;
    let operation = Operation::Accept {
        listener: listening.listener,
    };
    context.expect_error(Who::Testee, operation, &[ErrorKind::NotOpen])?;
    expect_nobody(context, &address, "listener.close")
}

fn close_twice(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let address = address_of(&listening)?;
    context.close(Who::Testee, listening.listener)?;
    context.close(Who::Testee, listening.listener)?;
    expect_nobody(context, &address, "listener.close")
}

fn keeps_connections(context: &mut Context<'_>, going: Going) -> CaseResult {
    let (listening, mut wire, end) = listen_and_open(context)?;
    goes(context, &listening, going)?;
    context.expect_in_step(&mut wire, end)
}

fn drop_refuses(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let address = address_of(&listening)?;
    context.release(Who::Testee, listening.listener)?;
    expect_nobody(context, &address, "listener.drop")
}

fn rebind(context: &mut Context<'_>, going: Going) -> CaseResult {
    let listening = context.listen()?;
    let address = address_of(&listening)?;
    goes(context, &listening, going)?;
    let again = context.listen_with(Listen {
        address: Some(address),
        ..context.listen_arguments()
    })?;
    serve_another(context, &again)
}

/// The system decides whether a name is taken, and not every system does so for `AF_PIPE`.
fn need_exclusive_names(context: &Context<'_>) -> CaseResult {
    if context.setting.family != Family::Pipe {
        return Ok(());
    }
    match pipe_names_are_exclusive(&context.free_address()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Stop::NotApplicable(
            "this system does not enforce FILE_FLAG_FIRST_PIPE_INSTANCE: two of the suite's own listeners got the same name"
                .into(),
        )),
        Err(error) => Err(Stop::NotRun(format!("the suite could not listen: {error}"))),
    }
}

/// The error kind for an address that is in use. Over `AF_UNIX`, all that can be seen is that the path exists.
const TAKEN: &[ErrorKind] = &[ErrorKind::InUse];

fn in_use_by_itself(context: &mut Context<'_>) -> CaseResult {
    need_exclusive_names(context)?;
    let listening = context.listen()?;
    let again = Listen {
        address: listening.address.clone(),
        ..context.listen_arguments()
    };
    context.expect_error(Who::Testee, Operation::Listen(again), TAKEN)?;
    serve_another(context, &listening)
}

fn in_use_by_another(context: &mut Context<'_>) -> CaseResult {
    need_exclusive_names(context)?;
    let door = context.door()?;
    let taken = Listen {
        address: Some(door.address().clone()),
        ..context.listen_arguments()
    };
    context.expect_error(Who::Testee, Operation::Listen(taken), TAKEN)?;
    let _wire = context.wire_at(door.address())?;
    door.accept()
        .map(drop)
        .map_err(|error| Failure::wire("the first listener is still there", &error).into())
}
