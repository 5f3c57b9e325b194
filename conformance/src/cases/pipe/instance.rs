//! Instances of a pipe: each client has one, and the name exists as long as any instance does.

use std::thread;

use super::PIPE;
use crate::cases::Case;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::{Did, Found};
use crate::context::{Context, Who};
use crate::testee::ask;
use crate::testee::message::Connect;
use crate::testee::message::OperationName;
use crate::wire::{Door, Wire};

/// The cases of this area about instances.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "pipe/instance/several-clients-wait",
        about: "However many clients connect while the listener is not accepting, all of them are served once it accepts.",
        requirements: &["pipe.instances", "listener.many-clients"],
        needs: PIPE,
        run: several_wait,
        ..Case::LISTENER
    },
    Case {
        id: "pipe/instance/busy",
        about: "A client that finds every instance busy waits until one is available.",
        requirements: &["pipe.busy", "client.connect"],
        needs: PIPE,
        run: busy,
        ..Case::CLIENT
    },
    Case {
        id: "pipe/instance/gone-after-close",
        about: "Once its listener and its connections are closed, the pipe is gone and its name is free.",
        requirements: &["pipe.gone", "listener.close"],
        needs: PIPE,
        run: gone_after_close,
        ..Case::LISTENER
    },
    Case {
        id: "pipe/instance/closed-connections-leave-none",
        about: "Closed connections leave no instance to which a client could connect without being served.",
        requirements: &["pipe.instances", "closing.close"],
        needs: PIPE,
        run: none_left,
        ..Case::LISTENER
    },
];

fn several_wait(context: &mut Context<'_>) -> CaseResult {
    const CLIENTS: u8 = 4;
    let listening = context.listen()?;
    let Some(address) = listening.address.clone() else {
        return Err(Failure::new(
            (OperationName::Listen, Did::NoAddress),
            "the listener's `address`",
        )
        .into());
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (address, transcript) = (address.clone(), context.transcript.clone());
            let (framing, patience) = (context.setting.dialect.framing, context.setting.patience);
            thread::spawn(move || {
                let mut wire = Wire::connect(&address, framing, patience, &transcript)?;
                wire.write_message(&[number]).map(|()| wire)
            })
        })
        .collect();
    let mut missing: Vec<u8> = (0..CLIENTS).collect();
    for _ in 0..CLIENTS {
        let end = context.accept(listening.listener)?;
        match context.try_recv_string(end)? {
            Ok(payload) => missing.retain(|number| !payload.describes(&[*number])),
            Err(error) => return Err(Failure::operation(OperationName::RecvString, &error).into()),
        }
    }
    for client in clients {
        match client.join() {
            Ok(Ok(wire)) => wire.close(),
            Ok(Err(error)) => {
                return Err(Failure::wire("every client gets an instance", &error).into());
            }
            Err(_) => return Err(Stop::NotRun("a thread of the suite panicked".into())),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        (OperationName::RecvString, Did::WrongBytes),
        "every client's message, each once",
    )
    .detail(format!("nothing came from clients {missing:?}"))
    .into())
}

fn busy(context: &mut Context<'_>) -> CaseResult {
    let door = Door::open_for(
        1,
        &context.free_address(),
        context.setting.dialect.framing,
        context.setting.patience,
        &context.transcript,
    )
    .map_err(|error| Stop::NotRun(format!("the suite could not listen: {error}")))?;
    let first = context.wire_at(door.address())?;
    let arguments = Connect {
        address: Some(door.address().clone()),
        ..context.connect_arguments()
    };
    let connecting = context.start(Who::Testee, ask::connect(arguments))?;
    // By now the testee has had its chance to find the only instance busy.
    context
        .call(Who::Testee, ask::hello())?
        .map_err(|error| Failure::operation(OperationName::Hello, &error))?;
    let accept = || {
        door.accept()
            .map_err(|error| Stop::from(Failure::wire("a client", &error)))
    };
    let served = accept()?;
    let second = accept();
    let end = context.finish_end(Who::Testee, &connecting)?;
    context.expect_in_step(&mut second?, end)?;
    served.close();
    first.close();
    Ok(())
}

fn gone_after_close(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let mut wire = context.wire_to(&listening)?;
    let end = context.accept(listening.listener)?;
    context.expect_in_step(&mut wire, end)?;
    context.close(Who::Testee, listening.listener)?;
    context.close(end.who, end.handle)?;
    context.expect_end(&mut wire, "closing.close")?;
    wire.close();
    let Some(address) = &listening.address else {
        return Err(Failure::new(
            (OperationName::Listen, Did::NoAddress),
            "the listener's `address`",
        )
        .into());
    };
    if context.try_wire(address).is_ok() {
        return Err(Failure::new(Found::Connected, "the pipe is gone")
            .breaks("pipe.gone")
            .into());
    }
    let door = context.door_at(address)?;
    let _wire = context.wire_at(address)?;
    door.accept()
        .map(drop)
        .map_err(|error| Failure::wire("the name is free for another", &error).into())
}

fn none_left(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    for _ in 0..10 {
        let mut wire = context.wire_to(&listening)?;
        let end = context.accept(listening.listener)?;
        context.close(end.who, end.handle)?;
        context.expect_end(&mut wire, "closing.close")?;
        wire.close();
    }
    // If an instance of a closed connection were left, this client would connect to it and get no answer.
    let mut wire = context.wire_to(&listening)?;
    let end = context.accept(listening.listener)?;
    context.expect_in_step(&mut wire, end)
}
