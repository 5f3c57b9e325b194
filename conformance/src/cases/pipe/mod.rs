//! Named pipes: behaviour that follows from message boundaries in the pipe itself, from instances and from names.

pub(super) mod boundary;
pub(super) mod end;
pub(super) mod instance;

use super::{Case, Needs, Role, each, each_named};
use crate::context::Context;
use crate::context::Who;
use crate::context::failure::CaseResult;
use crate::testee::message::{Connect, ErrorKind, Listen, Operation, RawAddress};
use crate::wire::Framing;

const PIPE: Needs = Needs::NOTHING.over_pipes();
const PIPE_OBJECTS: Needs = Needs::OBJECTS.over_pipes();

/// The cases of this area about names, and about dialects on a pipe.
pub(super) const CASES: &[Case] = &[
    Case {
        id: "pipe/name/invalid-to-listen",
        about: "Listening on a name that no pipe can have is an error.",
        requirements: &["pipe.name", "address.malformed", "error.kind"],
        parameters: |_| each_named("name", &INVALID),
        needs: PIPE,
        run: invalid_for_listener,
        ..Case::LISTENER
    },
    Case {
        id: "pipe/name/invalid-to-connect",
        about: "Connecting to a name that no pipe can have is an error.",
        requirements: &["pipe.name", "address.malformed", "error.kind"],
        parameters: |_| each_named("name", &INVALID),
        needs: PIPE,
        run: invalid_for_client,
        ..Case::CLIENT
    },
    Case {
        id: "pipe/name/unusual",
        about: "A name can contain spaces and punctuation, and as many characters as the system allows.",
        requirements: &["pipe.name", "address.reported"],
        parameters: |_| each_named("name", &UNUSUAL),
        needs: PIPE,
        run: unusual_name,
        ..Case::WIRE
    },
    Case {
        id: "pipe/dialect/any-framing",
        about: "Ends whose dialects frame streams differently can talk over a pipe, where no framing is used.",
        requirements: &["pipe.dialect", "pipe.boundary"],
        parameters: |_| each("with", Framing::all()),
        needs: PIPE,
        run: any_framing,
        ..Case::PAIR
    },
];

type Name = fn() -> String;

const INVALID: [(&str, Name); 5] = [
    ("empty", || r"\\.\pipe\".into()),
    ("no-pipe", || r"\\.\".into()),
    ("only-backslashes", || r"\\".into()),
    ("too-long", || format!(r"\\.\pipe\{}", "x".repeat(300))),
    ("nul", || "\\\\.\\pipe\\before\0behind".into()),
];

/// Makes an unusual name from one that is not in use.
type Variation = fn(String) -> String;

const UNUSUAL: [(&str, Variation); 3] = [
    ("blanks", |fresh| format!("{fresh} and two blanks")),
    ("punctuation", |fresh| {
        format!("{fresh}.+-=,;()[]{{}}'!@#$%")
    }),
    ("256-characters", |fresh| format!("{fresh:x<256}")),
];

fn invalid(context: &Context<'_>) -> RawAddress {
    let name = context.setting.parameters.look_up("name", &INVALID);
    RawAddress::Text(name())
}

fn invalid_for_listener(context: &mut Context<'_>) -> CaseResult {
    let operation = Operation::Listen(Listen {
        address: Some(invalid(context)),
        ..context.listen_arguments()
    });
    context
        .expect_error(Who::Testee, operation, &[ErrorKind::BadAddress])
        .map(drop)
}

fn invalid_for_client(context: &mut Context<'_>) -> CaseResult {
    let operation = Operation::Connect(Connect {
        address: Some(invalid(context)),
        ..context.connect_arguments()
    });
    context
        .expect_error(
            Who::Testee,
            operation,
            &[ErrorKind::BadAddress, ErrorKind::NotFound],
        )
        .map(drop)
}

fn unusual_name(context: &mut Context<'_>) -> CaseResult {
    let unusual = context.setting.parameters.look_up("name", &UNUSUAL);
    let address = RawAddress::Text(unusual(context.fresh_pipe_name()));
    let (mut wire, end) = match context.setting.role {
        Role::Listener => {
            let listening = context.listen_with(Listen {
                address: Some(address),
                ..context.listen_arguments()
            })?;
            let wire = context.wire_to(&listening)?;
            (wire, context.accept(listening.listener)?)
        }
        Role::Client => {
            let door = context.door_at(&address)?;
            context.come_through(&door)?
        }
    };
    context.expect_in_step(&mut wire, end)
}

fn any_framing(context: &mut Context<'_>) -> CaseResult {
    let with = context.setting.parameters.text("with");
    let other = with.parse().expect("a parameter of this case");
    let pair = context.pair_with(other)?;
    for (from, to) in [
        (pair.testee, pair.counterpart),
        (pair.counterpart, pair.testee),
    ] {
        context.send_string(from, b"understood")?;
        context.expect_string(to, b"understood")?;
    }
    Ok(())
}
