//! Connecting to a listener, and to an address where nothing listens.

use processing_connection::Family;

use super::{Case, Needs};
use crate::context::Context;
use crate::context::Who;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::Did;
use crate::testee::message::OperationName;
use crate::testee::message::{Connect, ErrorKind, Operation, RawAddress};
use crate::wire::vacant_port;

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "client/connect/before-accept",
        about: "`connect` returns before the listener has called `accept`, and what is sent then is not lost.",
        requirements: &["client.connect", "listener.accept"],
        run: before_accept,
        ..Case::CLIENT
    },
    Case {
        id: "client/connect/many",
        about: "A client can have many connections to one listener, each with its own stream.",
        requirements: &["client.connect", "listener.many-clients"],
        run: many,
        ..Case::CLIENT
    },
    Case {
        id: "client/connect/again",
        about: "A client can connect again after it has closed its connection.",
        requirements: &["client.connect", "closing.close"],
        run: again,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/port",
        about: "Connecting to a port on which nothing listens is an error.",
        requirements: &["client.nobody", "error.kind"],
        needs: Needs {
            families: &[Family::Inet],
            ..Needs::NOTHING
        },
        run: nobody_at_port,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/path",
        about: "Connecting to a path that does not exist is an error.",
        requirements: &["client.nobody", "error.kind"],
        needs: UNIX_ONLY,
        run: nobody_at_path,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/left-behind",
        about: "Connecting to a socket file whose listener is gone is an error, and the file is not removed.",
        requirements: &["client.nobody", "error.kind", "listener.foreign-path"],
        needs: UNIX_ONLY,
        run: nobody_behind_path,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/file",
        about: "Connecting to a file that is not a socket is an error, and the file is not removed.",
        requirements: &["client.nobody", "listener.foreign-path"],
        needs: UNIX_ONLY,
        run: file_instead_of_socket,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/pipe",
        about: "Connecting to a pipe that does not exist is an error.",
        requirements: &["client.nobody", "error.kind"],
        needs: Needs::NOTHING.over_pipes(),
        run: nobody_at_pipe,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/closed-listener",
        about: "Connecting to a listener that has been closed is an error.",
        requirements: &["client.nobody", "listener.close"],
        run: closed_listener,
        ..Case::CLIENT
    },
    Case {
        id: "client/nobody/then-somebody",
        about: "A client that failed to connect because nothing listened can connect once a listener exists.",
        requirements: &["client.nobody", "client.connect"],
        run: then_somebody,
        ..Case::CLIENT
    },
];

const UNIX_ONLY: Needs = Needs {
    families: &[Family::Unix],
    ..Needs::NOTHING
};
/// A path can exist although nothing listens on it; a port cannot.
const NOBODY: &[ErrorKind] = &[ErrorKind::Refused, ErrorKind::NotFound];

fn before_accept(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let arguments = Connect {
        address: Some(door.address().clone()),
        ..context.connect_arguments()
    };
    let end = match context.try_connect(arguments)? {
        Ok(end) => end,
        Err(error) => return Err(Failure::operation(OperationName::Connect, &error).into()),
    };
    context.send_string(end, b"sent before it was accepted")?;
    let mut wire = door
        .accept()
        .map_err(|error| Failure::wire("the testee has connected", &error))?;
    context.expect_message(&mut wire, b"sent before it was accepted")?;
    context.expect_in_step(&mut wire, end)
}

fn many(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let mut ends = Vec::new();
    for _ in 0..10 {
        ends.push(context.come_through(&door)?);
    }
    for (number, (_, end)) in ends.iter().enumerate() {
        context.send_string(*end, format!("connection {number}").as_bytes())?;
    }
    for (number, (wire, _)) in ends.iter_mut().enumerate().rev() {
        context.expect_message(wire, format!("connection {number}").as_bytes())?;
    }
    for (wire, end) in &mut ends {
        context.expect_in_step(wire, *end)?;
    }
    Ok(())
}

fn again(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    for _ in 0..5 {
        let (mut wire, end) = context.come_through(&door)?;
        context.expect_in_step(&mut wire, end)?;
        context.close(end.who, end.handle)?;
        context.expect_end(&mut wire, "closing.close")?;
    }
    Ok(())
}

fn expect_nobody(
    context: &mut Context<'_>,
    address: RawAddress,
    kinds: &[ErrorKind],
) -> CaseResult {
    let operation = Operation::Connect(Connect {
        address: Some(address),
        ..context.connect_arguments()
    });
    context
        .expect_error(Who::Testee, operation, kinds)
        .map(drop)
}

fn nobody_at_port(context: &mut Context<'_>) -> CaseResult {
    let port = vacant_port().map_err(|error| Stop::NotRun(error.to_string()))?;
    expect_nobody(
        context,
        RawAddress::Pair("127.0.0.1".into(), i64::from(port)),
        &[ErrorKind::Refused],
    )
}

fn nobody_at_path(context: &mut Context<'_>) -> CaseResult {
    let path = context.fresh_path().to_string_lossy().into_owned();
    expect_nobody(context, RawAddress::Text(path), &[ErrorKind::NotFound])
}

fn nobody_at_pipe(context: &mut Context<'_>) -> CaseResult {
    expect_nobody(context, context.free_address(), &[ErrorKind::NotFound])
}

fn nobody_behind_path(context: &mut Context<'_>) -> CaseResult {
    let path = context.fresh_path();
    let left = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)
        .and_then(|socket| socket.bind(&socket2::SockAddr::unix(&path)?));
    left.map_err(|error| Stop::NotRun(error.to_string()))?;
    expect_nobody(
        context,
        RawAddress::Text(path.to_string_lossy().into_owned()),
        &[ErrorKind::Refused],
    )?;
    expect_still_there(&path)
}

fn file_instead_of_socket(context: &mut Context<'_>) -> CaseResult {
    let path = context.fresh_path();
    std::fs::write(&path, b"no socket").map_err(|error| Stop::NotRun(error.to_string()))?;
    let kinds = &[ErrorKind::Refused, ErrorKind::BadAddress];
    expect_nobody(
        context,
        RawAddress::Text(path.to_string_lossy().into_owned()),
        kinds,
    )?;
    expect_still_there(&path)
}

fn expect_still_there(path: &std::path::Path) -> CaseResult {
    if path.symlink_metadata().is_err() {
        return Err(Failure::new(
            (OperationName::Connect, Did::RemovedFile),
            "the file at the path is left as it is",
        )
        .into());
    }
    let _ = std::fs::remove_file(path);
    Ok(())
}

fn closed_listener(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let address = door.address().clone();
    drop(door);
    expect_nobody(context, address, NOBODY)
}

fn then_somebody(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let vacant = match door.address() {
        RawAddress::Pair(host, _) => {
            let port = vacant_port().map_err(|error| Stop::NotRun(error.to_string()))?;
            RawAddress::Pair(host.clone(), i64::from(port))
        }
        RawAddress::Text(_) => context.free_address(),
    };
    expect_nobody(context, vacant, NOBODY)?;
    let (mut wire, end) = context.come_through(&door)?;
    context.expect_in_step(&mut wire, end)
}
