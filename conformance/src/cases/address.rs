//! What an address means, and which family it belongs to.

use processing_connection::Family;

use super::{Case, Level, Needs, each};
use crate::context::Context;
use crate::context::Who;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::Did;
use crate::testee::message::OperationName;
use crate::testee::message::{Connect, ErrorKind, Listen, Listening, Operation, RawAddress};

/// The cases of this area.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "address/inferred/listen",
        about: "A listener infers the family from the form of its address: a pair means AF_INET, a string AF_UNIX, and a string that begins with two backslashes AF_PIPE.",
        requirements: &[
            "address.tuple-is-inet",
            "address.string-is-unix",
            "address.backslashes-are-pipe",
            "address.reported",
        ],
        run: inferred_by_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/inferred/connect",
        about: "A client infers the family from the form of the address: a pair means AF_INET, a string AF_UNIX, and a string that begins with two backslashes AF_PIPE.",
        requirements: &[
            "address.tuple-is-inet",
            "address.string-is-unix",
            "address.backslashes-are-pipe",
        ],
        run: |context| {
            context
                .open()
                .and_then(|(mut wire, end)| context.expect_in_step(&mut wire, end))
        },
        ..Case::CLIENT
    },
    Case {
        id: "address/inferred/backslashes",
        about: "A string that begins with two backslashes means AF_PIPE: on a system without named pipes, listening on it is an error and creates no file of that name.",
        requirements: &["address.backslashes-are-pipe", "address.unavailable-family"],
        needs: UNIX_ONLY,
        run: backslashes,
        ..Case::LISTENER
    },
    Case {
        id: "address/inferred/host-and-port-in-a-string",
        about: "A string never means AF_INET: `localhost:6000` is a path, and connecting to it is an error because the path does not exist.",
        requirements: &["address.string-is-unix"],
        needs: UNIX_ONLY,
        run: host_and_port_in_a_string,
        ..Case::CLIENT
    },
    Case {
        id: "address/explicit/listen",
        about: "A listener accepts an explicit family that agrees with its address.",
        requirements: &["address.explicit-family"],
        run: explicit_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/explicit/connect",
        about: "A client accepts an explicit family that agrees with the address.",
        requirements: &["address.explicit-family"],
        run: explicit_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/explicit/alone",
        about: "A listener that is given only a family chooses an address of that family.",
        requirements: &["address.none-is-arbitrary", "address.explicit-family"],
        run: family_alone,
        ..Case::LISTENER
    },
    Case {
        id: "address/conflict/listen",
        about: "A listener rejects a family that contradicts its address.",
        requirements: &["address.family-conflict", "error.kind"],
        run: conflict_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/conflict/connect",
        about: "A client rejects a family that contradicts the address.",
        requirements: &["address.family-conflict", "error.kind"],
        run: conflict_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/unknown-family/listen",
        about: "A listener rejects a family that does not exist.",
        requirements: &["address.unknown-family", "error.kind"],
        parameters: |_| each("family", UNKNOWN),
        run: unknown_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/unknown-family/listen-without-address",
        about: "A listener rejects a family that does not exist, even when it is given no address.",
        requirements: &["address.unknown-family", "error.kind"],
        parameters: |_| each("family", UNKNOWN),
        run: unknown_without_address,
        ..Case::LISTENER
    },
    Case {
        id: "address/unknown-family/connect",
        about: "A client rejects a family that does not exist.",
        requirements: &["address.unknown-family", "error.kind"],
        parameters: |_| each("family", UNKNOWN),
        run: unknown_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/unavailable-family/listen",
        about: "A listener rejects AF_PIPE on a system without named pipes.",
        requirements: &["address.unavailable-family", "error.kind"],
        run: unavailable_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/unavailable-family/connect",
        about: "A client rejects AF_PIPE on a system without named pipes.",
        requirements: &["address.unavailable-family", "error.kind"],
        run: unavailable_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/default/family",
        about: "A listener that is given neither an address nor a family uses the family that is assumed to be the fastest.",
        level: Level::Should,
        requirements: &["address.default-family", "address.none-is-arbitrary"],
        needs: NAMED,
        run: default_family,
        ..Case::LISTENER
    },
    Case {
        id: "address/default/works",
        about: "A listener that is given neither an address nor a family can be reached at the address that it reports.",
        requirements: &["address.none-is-arbitrary", "address.reported"],
        run: default_works,
        ..Case::LISTENER
    },
    Case {
        id: "address/default/distinct",
        about: "Two listeners that are given neither an address nor a family have different addresses.",
        requirements: &["address.none-is-arbitrary"],
        run: default_distinct,
        ..Case::LISTENER
    },
    Case {
        id: "address/empty/listen",
        about: "A listener treats an empty string as if no address were given.",
        level: Level::Should,
        requirements: &["address.empty-is-none"],
        needs: NAMED,
        run: empty_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "address/empty/connect",
        about: "Connecting to an empty string is an error.",
        requirements: &["address.malformed", "error.kind"],
        needs: NAMED,
        run: empty_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/missing/connect",
        about: "Connecting without an address is an error.",
        requirements: &["address.malformed"],
        run: missing_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/port/ephemeral",
        about: "A listener on port 0 reports the port that it is bound to.",
        requirements: &["address.ephemeral-port", "address.reported"],
        needs: INET_ONLY,
        run: ephemeral_port,
        ..Case::LISTENER
    },
    Case {
        id: "address/port/host-name",
        about: "A listener accepts the name of a host.",
        requirements: &["address.tuple-is-inet", "address.reported"],
        needs: INET_ONLY,
        run: host_by_name,
        ..Case::LISTENER
    },
    Case {
        id: "address/port/host-name-to-connect",
        about: "A client connects to a host by name, over IPv4.",
        requirements: &["address.tuple-is-inet", "client.connect"],
        needs: INET_ONLY,
        run: host_by_name_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/port/out-of-range",
        about: "A listener rejects an invalid port.",
        requirements: &["address.malformed", "error.kind"],
        parameters: |_| each("port", [-1, 65_536, 70_000]),
        needs: INET_ONLY,
        run: port_out_of_range,
        ..Case::LISTENER
    },
    Case {
        id: "address/port/out-of-range-to-connect",
        about: "A client rejects an invalid port.",
        requirements: &["address.malformed", "error.kind"],
        parameters: |_| each("port", [-1, 65_536, 70_000]),
        needs: INET_ONLY,
        run: port_out_of_range_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/host/unknown",
        about: "A client reports an error for a host that does not resolve.",
        requirements: &["address.malformed", "error.kind"],
        needs: INET_ONLY,
        run: unknown_host,
        ..Case::CLIENT
    },
    Case {
        id: "address/path/too-long",
        about: "A listener rejects a path that is too long for the system, and creates no file with a truncated name.",
        requirements: &["address.malformed", "error.kind"],
        needs: UNIX_ONLY,
        run: path_too_long,
        ..Case::LISTENER
    },
    Case {
        id: "address/path/too-long-to-connect",
        about: "A client rejects a path that is too long for the system.",
        requirements: &["address.malformed", "error.kind"],
        needs: UNIX_ONLY,
        run: path_too_long_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "address/path/no-directory",
        about: "A listener reports an error for a path in a directory that does not exist.",
        requirements: &["address.malformed", "error.kind"],
        needs: UNIX_ONLY,
        run: no_directory,
        ..Case::LISTENER
    },
];

const UNIX_ONLY: Needs = Needs {
    families: &[Family::Unix],
    ..Needs::NOTHING
};
/// The families whose addresses are strings.
const NAMED: Needs = Needs {
    families: &[Family::Unix, Family::Pipe],
    ..Needs::NOTHING
};
const INET_ONLY: Needs = Needs {
    families: &[Family::Inet],
    ..Needs::NOTHING
};
const UNKNOWN: [&str; 4] = ["AF_APPLETALK", "AF_INET6", "af_inet", "AF_"];
/// Longer than `sockaddr_un` allows on any system: 108 bytes on Linux, 104 on macOS.
const TOO_LONG: usize = 200;

fn listen_at(context: &Context<'_>, address: Option<RawAddress>, family: Option<&str>) -> Listen {
    Listen {
        address,
        family: family.map(Into::into),
        ..context.listen_arguments()
    }
}

fn connect_to(
    context: &Context<'_>,
    address: Option<RawAddress>,
    family: Option<&str>,
) -> Operation {
    Operation::Connect(Connect {
        address,
        family: family.map(Into::into),
        ..context.connect_arguments()
    })
}

/// Checks that the listener can be reached at the address that it reports, and exchanges messages.
fn expect_reachable(context: &mut Context<'_>, listening: &Listening) -> CaseResult {
    let mut wire = context.wire_to(listening)?;
    let end = context.accept(listening.listener)?;
    context.expect_in_step(&mut wire, end)
}

/// Checks that the listener reports an address of this family.
fn expect_family(listening: &Listening, family: Family) -> CaseResult {
    let reported = match &listening.address {
        Some(RawAddress::Pair(..)) => Family::Inet,
        Some(RawAddress::Text(text)) if text.starts_with(r"\\") => Family::Pipe,
        Some(RawAddress::Text(_)) => Family::Unix,
        None => {
            return Err(Failure::new(
                (OperationName::Listen, Did::NoAddress),
                "the listener's `address`",
            )
            .into());
        }
    };
    if reported == family {
        return Ok(());
    }
    Err(Failure::new(
        (OperationName::Listen, Did::OfFamily(reported)),
        format!("an address of {family}"),
    )
    .detail(format!(
        "it listens at {}",
        listening.address.as_ref().expect("it was just looked at")
    ))
    .into())
}

/// The name of this family, and of one that contradicts its addresses.
fn own_and_conflicting(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::Unix => ("AF_UNIX", "AF_INET"),
        Family::Pipe => ("AF_PIPE", "AF_INET"),
        Family::Inet => ("AF_INET", "AF_UNIX"),
    }
}

const BAD_FAMILY: &[ErrorKind] = &[ErrorKind::BadAddress, ErrorKind::FamilyUnavailable];

fn inferred_by_listener(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    expect_family(&listening, context.setting.family)?;
    expect_reachable(context, &listening)
}

fn backslashes(context: &mut Context<'_>) -> CaseResult {
    // If this were taken as a path, it would create a file in the working directory.
    let name = format!(r"\\.\pipe\processing-conformance-{}", std::process::id());
    let arguments = listen_at(context, Some(RawAddress::Text(name.clone())), None);
    let outcome = context.expect_error(
        Who::Testee,
        Operation::Listen(arguments),
        &[ErrorKind::FamilyUnavailable],
    );
    if std::path::Path::new(&name).symlink_metadata().is_ok() {
        let _ = std::fs::remove_file(&name);
        return Err(Failure::new(
            (OperationName::Listen, Did::MadeFile),
            "no file named like a pipe",
        )
        .into());
    }
    outcome.map(drop)
}

fn host_and_port_in_a_string(context: &mut Context<'_>) -> CaseResult {
    let door = context.door_at(&RawAddress::Pair("127.0.0.1".into(), 0))?;
    let RawAddress::Pair(_, port) = door.address() else {
        unreachable!("a door of AF_INET has a port")
    };
    let text = RawAddress::Text(format!("localhost:{port}"));
    let operation = connect_to(context, Some(text), None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::NotFound])
        .map(drop)
}

fn explicit_for_listener(context: &mut Context<'_>) -> CaseResult {
    let (own, _) = own_and_conflicting(context.setting.family);
    let arguments = listen_at(context, Some(context.free_address()), Some(own));
    let listening = context.listen_with(arguments)?;
    expect_family(&listening, context.setting.family)?;
    expect_reachable(context, &listening)
}

fn explicit_for_client(context: &mut Context<'_>) -> CaseResult {
    let (own, _) = own_and_conflicting(context.setting.family);
    let door = context.door()?;
    let operation = connect_to(context, Some(door.address().clone()), Some(own));
    match context.call(Who::Testee, operation)? {
        Ok(_) => door
            .accept()
            .map(drop)
            .map_err(|error| Failure::wire("the testee connects", &error).into()),
        Err(error) => Err(Failure::operation(OperationName::Connect, &error).into()),
    }
}

fn family_alone(context: &mut Context<'_>) -> CaseResult {
    let (own, _) = own_and_conflicting(context.setting.family);
    let arguments = listen_at(context, None, Some(own));
    let listening = context.listen_with(arguments)?;
    expect_family(&listening, context.setting.family)?;
    expect_reachable(context, &listening)
}

fn conflict_for_listener(context: &mut Context<'_>) -> CaseResult {
    let (_, other) = own_and_conflicting(context.setting.family);
    let arguments = listen_at(context, Some(context.free_address()), Some(other));
    context
        .expect_error(Who::Testee, Operation::Listen(arguments), BAD_FAMILY)
        .map(drop)
}

fn conflict_for_client(context: &mut Context<'_>) -> CaseResult {
    let (_, other) = own_and_conflicting(context.setting.family);
    let door = context.door()?;
    let operation = connect_to(context, Some(door.address().clone()), Some(other));
    context
        .expect_error(Who::Testee, operation, BAD_FAMILY)
        .map(drop)
}

fn unknown_for_listener(context: &mut Context<'_>) -> CaseResult {
    let unknown = context.setting.parameters.text("family");
    let arguments = listen_at(context, Some(context.free_address()), Some(unknown));
    context
        .expect_error(Who::Testee, Operation::Listen(arguments), BAD_FAMILY)
        .map(drop)
}

fn unknown_without_address(context: &mut Context<'_>) -> CaseResult {
    let arguments = listen_at(
        context,
        None,
        Some(context.setting.parameters.text("family")),
    );
    context
        .expect_error(Who::Testee, Operation::Listen(arguments), BAD_FAMILY)
        .map(drop)
}

fn unknown_for_client(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let unknown = context.setting.parameters.text("family");
    let operation = connect_to(context, Some(door.address().clone()), Some(unknown));
    context
        .expect_error(Who::Testee, operation, BAD_FAMILY)
        .map(drop)
}

/// Named pipes exist only on Windows.
fn without_pipes(context: &Context<'_>) -> CaseResult {
    if context.hello().families.contains(&Family::Pipe) {
        return Err(Stop::NotApplicable(
            "the testee supports AF_PIPE on this system".into(),
        ));
    }
    Ok(())
}

fn unavailable_for_listener(context: &mut Context<'_>) -> CaseResult {
    without_pipes(context)?;
    let arguments = listen_at(context, None, Some("AF_PIPE"));
    context
        .expect_error(
            Who::Testee,
            Operation::Listen(arguments),
            &[ErrorKind::FamilyUnavailable],
        )
        .map(drop)
}

fn unavailable_for_client(context: &mut Context<'_>) -> CaseResult {
    without_pipes(context)?;
    let operation = connect_to(
        context,
        Some(RawAddress::Text(r"\\.\pipe\nobody".into())),
        Some("AF_PIPE"),
    );
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::FamilyUnavailable])
        .map(drop)
}

fn default_family(context: &mut Context<'_>) -> CaseResult {
    let families = &context.hello().families;
    let fastest = [Family::Pipe, Family::Unix, Family::Inet]
        .into_iter()
        .find(|family| families.contains(family));
    let listening = context.listen_with(context.listen_arguments())?;
    expect_family(&listening, fastest.unwrap_or(Family::Inet))
}

fn default_works(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen_with(context.listen_arguments())?;
    expect_reachable(context, &listening)
}

fn default_distinct(context: &mut Context<'_>) -> CaseResult {
    let first = context.listen_with(context.listen_arguments())?;
    let second = context.listen_with(context.listen_arguments())?;
    if first.address == second.address {
        return Err(Failure::new(
            (OperationName::Listen, Did::SameAddressTwice),
            "two addresses",
        )
        .into());
    }
    expect_reachable(context, &first)?;
    expect_reachable(context, &second)
}

fn empty_for_listener(context: &mut Context<'_>) -> CaseResult {
    let arguments = listen_at(context, Some(RawAddress::Text(String::new())), None);
    let listening = context.listen_with(arguments)?;
    expect_reachable(context, &listening)
}

fn empty_for_client(context: &mut Context<'_>) -> CaseResult {
    let operation = connect_to(context, Some(RawAddress::Text(String::new())), None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::BadAddress])
        .map(drop)
}

fn missing_for_client(context: &mut Context<'_>) -> CaseResult {
    let operation = connect_to(context, None, None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::BadAddress])
        .map(drop)
}

fn ephemeral_port(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    match &listening.address {
        Some(RawAddress::Pair(_, 1..=65_535)) => expect_reachable(context, &listening),
        other => Err(Failure::new(
            (OperationName::Listen, Did::NoPort),
            "the port that was bound",
        )
        .detail(format!("it reports {other:?}"))
        .into()),
    }
}

fn host_by_name(context: &mut Context<'_>) -> CaseResult {
    let arguments = listen_at(context, Some(RawAddress::Pair("localhost".into(), 0)), None);
    let listening = context.listen_with(arguments)?;
    expect_reachable(context, &listening)
}

fn host_by_name_for_client(context: &mut Context<'_>) -> CaseResult {
    let door = context.door()?;
    let RawAddress::Pair(_, port) = door.address() else {
        unreachable!("a door of AF_INET has a port")
    };
    let operation = connect_to(
        context,
        Some(RawAddress::Pair("localhost".into(), *port)),
        None,
    );
    match context.call(Who::Testee, operation)? {
        Ok(_) => door
            .accept()
            .map(drop)
            .map_err(|error| Failure::wire("the testee connects", &error).into()),
        Err(error) => Err(Failure::operation(OperationName::Connect, &error).into()),
    }
}

fn port(context: &Context<'_>) -> RawAddress {
    let port = context
        .setting
        .parameters
        .text("port")
        .parse()
        .expect("the parameter is a number");
    RawAddress::Pair("127.0.0.1".into(), port)
}

fn port_out_of_range(context: &mut Context<'_>) -> CaseResult {
    let arguments = listen_at(context, Some(port(context)), None);
    context
        .expect_error(
            Who::Testee,
            Operation::Listen(arguments),
            &[ErrorKind::BadAddress],
        )
        .map(drop)
}

fn port_out_of_range_for_client(context: &mut Context<'_>) -> CaseResult {
    let operation = connect_to(context, Some(port(context)), None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::BadAddress])
        .map(drop)
}

fn unknown_host(context: &mut Context<'_>) -> CaseResult {
    // RFC 6761 reserves this domain, so it never exists; and a label of 64 bytes is too long to be looked up.
    let host = format!("{}.invalid", "x".repeat(64));
    let operation = connect_to(context, Some(RawAddress::Pair(host, 6000)), None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::UnknownHost])
        .map(drop)
}

fn long_path(context: &Context<'_>) -> String {
    let mut path = context.fresh_path().to_string_lossy().into_owned();
    path.extend(std::iter::repeat_n('x', TOO_LONG));
    path
}

fn path_too_long(context: &mut Context<'_>) -> CaseResult {
    let path = long_path(context);
    let arguments = listen_at(context, Some(RawAddress::Text(path.clone())), None);
    let outcome = context.expect_error(
        Who::Testee,
        Operation::Listen(arguments),
        &[ErrorKind::BadAddress],
    );
    for length in [103, 104, 107, 108] {
        if std::path::Path::new(&path[..length])
            .symlink_metadata()
            .is_ok()
        {
            return Err(Failure::new(
                (OperationName::Listen, Did::MadeShorterFile),
                "nothing is left behind",
            )
            .into());
        }
    }
    outcome.map(drop)
}

fn path_too_long_for_client(context: &mut Context<'_>) -> CaseResult {
    let operation = connect_to(context, Some(RawAddress::Text(long_path(context))), None);
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::BadAddress])
        .map(drop)
}

fn no_directory(context: &mut Context<'_>) -> CaseResult {
    let path = context.fresh_path().join("no-directory").join("socket");
    let arguments = listen_at(
        context,
        Some(RawAddress::Text(path.to_string_lossy().into_owned())),
        None,
    );
    context
        .expect_error(
            Who::Testee,
            Operation::Listen(arguments),
            &[ErrorKind::NotFound, ErrorKind::BadAddress],
        )
        .map(drop)
}
