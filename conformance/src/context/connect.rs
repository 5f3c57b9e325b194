//! Establishing connections: listening, connecting, accepting, and connecting two testees to each other.

use processing_connection::Family;

use super::failure::{Failure, Stop};
use super::outcome::{Did, Found};
use super::setting::Role;
use super::{Context, End, Keys, Pair, Pairing, Who};
use crate::testee::ask::{self, Joined};
use crate::testee::message::OperationName;
use crate::testee::message::{
    Answer, Connect, Handle, Hello, Listen, Listening, OperationError, RawAddress,
};
use crate::testee::session::{OperationResult, Ticket};
use crate::wire::{Dialect, Direction, Door, Framing, Reading, Relay, Wire};

impl Context<'_> {
    /// An address on which a listener of this family can listen.
    pub fn free_address(&self) -> RawAddress {
        match self.setting.family {
            Family::Unix => RawAddress::Text(self.fresh_path().to_string_lossy().into_owned()),
            Family::Pipe => RawAddress::Text(self.fresh_pipe_name()),
            Family::Inet => RawAddress::Pair("127.0.0.1".into(), 0),
        }
    }

    /// Connects the testee and the suite to each other.
    pub fn open(&mut self) -> Result<(Wire, End), Stop> {
        match self.setting.role {
            Role::Listener => {
                let listening = self.listen()?;
                let wire = self.wire_to(&listening)?;
                let end = self.accept(listening.listener)?;
                Ok((wire, end))
            }
            Role::Client => {
                let door = self.door()?;
                self.come_through(&door)
            }
        }
    }

    /// Has the testee listen at a free address.
    pub fn listen(&mut self) -> Result<Listening, Stop> {
        let address = self.free_address();
        self.listen_with(Listen {
            address: Some(address),
            ..self.listen_arguments()
        })
    }

    /// Has the testee listen with these arguments.
    pub fn listen_with(&mut self, arguments: Listen) -> Result<Listening, Stop> {
        self.listen_as(Who::Testee, arguments)
    }

    /// Arguments for the testee's listener that specify only the dialect.
    pub fn listen_arguments(&self) -> Listen {
        Listen {
            dialect: self.setting.dialect.to_string(),
            ..Listen::default()
        }
    }

    /// Arguments for the testee's client that specify only the dialect.
    pub fn connect_arguments(&self) -> Connect {
        Connect {
            dialect: self.setting.dialect.to_string(),
            ..Connect::default()
        }
    }

    /// Has the testee listen, which need not succeed.
    pub fn try_listen(
        &mut self,
        arguments: Listen,
    ) -> Result<Result<Listening, OperationError>, Stop> {
        self.try_listen_as(Who::Testee, arguments)
    }

    /// Has the testee connect, which need not succeed.
    pub fn try_connect(&mut self, arguments: Connect) -> Result<Result<End, OperationError>, Stop> {
        let result = self.call(Who::Testee, ask::connect(arguments))?;
        Ok(result.map(|joined| self.hold_end(Who::Testee, &joined)))
    }

    /// Opens a listener of the suite at a free address.
    pub fn door(&mut self) -> Result<Door, Stop> {
        self.door_at(&self.free_address())
    }

    /// Opens a listener of the suite at this address.
    pub fn door_at(&mut self, address: &RawAddress) -> Result<Door, Stop> {
        Door::open_at(
            address,
            self.setting.dialect.framing,
            self.setting.patience,
            &self.transcript,
        )
        .map_err(|error| Stop::NotRun(format!("the suite could not listen: {error}")))
    }

    /// Has the testee connect to the suite's listener.
    pub fn come_through(&mut self, door: &Door) -> Result<(Wire, End), Stop> {
        let arguments = Connect {
            address: Some(door.address().clone()),
            ..self.connect_arguments()
        };
        let ticket = self.start(Who::Testee, ask::connect(arguments))?;
        let wire = door.accept();
        let end = self.finish_end(Who::Testee, &ticket)?;
        let wire = wire.map_err(|error| Failure::wire("the testee connects", &error))?;
        Ok((wire, end))
    }

    /// Connects the suite to the testee's listener.
    pub fn wire_to(&mut self, listening: &Listening) -> Result<Wire, Stop> {
        let Some(address) = &listening.address else {
            return Err(no_address());
        };
        self.wire_at(address)
    }

    /// Connects the suite to the testee's listener, and sets how the suite reads from a pipe.
    pub fn wire_reading(&mut self, reading: Reading, listening: &Listening) -> Result<Wire, Stop> {
        let Some(address) = &listening.address else {
            return Err(no_address());
        };
        Wire::connect_reading(
            reading,
            address,
            self.setting.dialect.framing,
            self.setting.patience,
            &self.transcript,
        )
        .map_err(|error| refused(address, &error))
    }

    /// Connects the suite to an address.
    pub fn wire_at(&mut self, address: &RawAddress) -> Result<Wire, Stop> {
        self.try_wire(address)
            .map_err(|error| refused(address, &error))
    }

    /// Connects the suite to an address, which need not succeed.
    pub fn try_wire(&mut self, address: &RawAddress) -> std::io::Result<Wire> {
        Wire::connect(
            address,
            self.setting.dialect.framing,
            self.setting.patience,
            &self.transcript,
        )
    }

    /// Has the testee accept a client that has connected or is going to connect.
    pub fn accept(&mut self, listener: Handle) -> Result<End, Stop> {
        self.accept_fully(listener).map(|(end, _)| end)
    }

    /// Has the testee accept a client, and returns `last_accepted` as well.
    pub fn accept_fully(&mut self, listener: Handle) -> Result<(End, Option<RawAddress>), Stop> {
        let ticket = self.start(Who::Testee, ask::accept(listener))?;
        self.finish_accept(&ticket)
    }

    /// Finishes an `accept` for which a client has connected.
    pub fn finish_accept(
        &mut self,
        ticket: &Ticket<Joined>,
    ) -> Result<(End, Option<RawAddress>), Stop> {
        match self.finish_operation(Who::Testee, ticket)? {
            Ok(joined) => {
                let end = self.hold_end(Who::Testee, &joined);
                Ok((end, joined.last_accepted))
            }
            Err(error) => Err(Failure::operation(OperationName::Accept, &error).into()),
        }
    }

    /// Connects the two testees of a pair through the recorder.
    pub fn pair(&mut self) -> Result<Pair, Stop> {
        let pairing = self.begin_pair(&Keys::default())?;
        self.finish_pair(pairing)
    }

    /// Connects the two testees of a pair. The counterpart uses this framing, whatever the framing of the testee is.
    pub fn pair_with(&mut self, framing: Framing) -> Result<Pair, Stop> {
        let counterpart = self.counterpart_hello();
        let Some(dialect) = counterpart.dialect_of(framing) else {
            return Err(cannot_talk(counterpart, Some(framing)));
        };
        let pairing = self.begin_pair_in(dialect, &Keys::default())?;
        self.finish_pair(pairing)
    }

    /// Has the two testees of a pair start to accept and to connect, each with its key.
    pub fn begin_pair(&mut self, keys: &Keys) -> Result<Pairing, Stop> {
        let counterpart = self.counterpart_hello();
        let Some(dialect) = self.setting.dialect_of(counterpart) else {
            return Err(cannot_talk(counterpart, self.setting.framing()));
        };
        self.begin_pair_in(dialect, keys)
    }

    fn begin_pair_in(&mut self, dialect: Dialect, keys: &Keys) -> Result<Pairing, Stop> {
        let counterpart = self.counterpart_hello();
        if keys.counterpart.is_some() && dialect.handshake != self.setting.dialect.handshake {
            return Err(Stop::NotApplicable(format!(
                "{} speaks {dialect}, which has a different handshake or none",
                counterpart.name
            )));
        }
        let dialect_and_key = |who| match who {
            Who::Testee => (self.setting.dialect.to_string(), keys.testee.clone()),
            Who::Counterpart => (dialect.to_string(), keys.counterpart.clone()),
        };
        let (listener, client) = match self.setting.role {
            Role::Listener => (Who::Testee, Who::Counterpart),
            Role::Client => (Who::Counterpart, Who::Testee),
        };
        let [of_listener, of_client] = [listener, client].map(dialect_and_key);
        let listening = self.listen_as(
            listener,
            Listen {
                address: Some(self.free_address()),
                dialect: of_listener.0,
                authkey: of_listener.1,
                ..Listen::default()
            },
        )?;
        let Some(target) = listening.address else {
            return Err(Failure::new(
                (OperationName::Listen, Did::NoAddress),
                "the listener's `address`",
            )
            .into());
        };
        let from_client = if client == Who::Testee {
            Direction::FromTestee
        } else {
            Direction::ToTestee
        };
        let relay = Relay::start(&self.free_address(), &target, from_client, &self.transcript)
            .map_err(|error| Stop::NotRun(format!("the recorder could not listen: {error}")))?;
        let connecting = Connect {
            address: Some(relay.address().clone()),
            dialect: of_client.0,
            authkey: of_client.1,
            ..Connect::default()
        };
        let accepting = self.start(listener, ask::accept(listening.listener))?;
        let connecting = self.start(client, ask::connect(connecting))?;
        let (testee, counterpart) = if client == Who::Testee {
            (connecting, accepting)
        } else {
            (accepting, connecting)
        };
        Ok(Pairing {
            testee,
            counterpart,
            relay,
        })
    }

    /// Finishes the `accept` and the `connect` of a pair.
    pub fn finish_pair(&mut self, pairing: Pairing) -> Result<Pair, Stop> {
        let Pairing {
            testee,
            counterpart,
            relay,
        } = pairing;
        // The client comes first: its error is the reason why the listener is still waiting.
        let (testee, counterpart) = match self.setting.role {
            Role::Listener => {
                let counterpart = self.finish_end(Who::Counterpart, &counterpart)?;
                (self.finish_end(Who::Testee, &testee)?, counterpart)
            }
            Role::Client => {
                let testee = self.finish_end(Who::Testee, &testee)?;
                (testee, self.finish_end(Who::Counterpart, &counterpart)?)
            }
        };
        Ok(Pair {
            testee,
            counterpart,
            _relay: relay,
        })
    }

    /// Finishes an `accept` or a `connect` that is in progress.
    pub fn finish_end(&mut self, who: Who, ticket: &Ticket<Joined>) -> Result<End, Stop> {
        match self.finish_operation(who, ticket)? {
            Ok(joined) => Ok(self.hold_end(who, &joined)),
            Err(error) => Err(Failure::operation(ticket.operation(), &error).into()),
        }
    }

    /// Opens a new connection to a server without an adapter.
    pub fn call_on_server(&mut self) -> Result<Wire, Stop> {
        let bare = self
            .setting
            .bare
            .clone()
            .expect("only cases for testees without an adapter call this");
        bare.call_on_server(self.setting, &self.transcript)
    }

    /// Waits for the next client without an adapter.
    pub fn receive_client(&mut self) -> Result<Wire, Stop> {
        let bare = self
            .setting
            .bare
            .clone()
            .expect("only cases for testees without an adapter call this");
        bare.receive_client(self.setting, &self.transcript)
    }

    fn listen_as(&mut self, who: Who, arguments: Listen) -> Result<Listening, Stop> {
        self.try_listen_as(who, arguments)?
            .map_err(|error| Failure::operation(OperationName::Listen, &error).into())
    }

    fn try_listen_as(
        &mut self,
        who: Who,
        arguments: Listen,
    ) -> Result<Result<Listening, OperationError>, Stop> {
        let result = self.call(who, ask::listen(arguments))?;
        if let Ok(listening) = &result {
            self.hold_listener(who, listening);
        }
        Ok(result)
    }

    /// Registers a connection, so that it is dropped at the end.
    fn hold_end(&mut self, who: Who, joined: &Joined) -> End {
        let handle = joined.connection;
        self.hold(who, handle);
        End { who, handle }
    }

    /// Registers a listener, so that it is dropped at the end, and its socket file is removed.
    fn hold_listener(&mut self, who: Who, listening: &Listening) {
        if let Some(RawAddress::Text(path)) = &listening.address {
            self.scratch.sweep_later(path);
        }
        self.hold(who, listening.listener);
    }

    /// Registers the listener or the connection of an answer, so that it is dropped at the end.
    pub(super) fn hold_answer(&mut self, who: Who, result: &OperationResult) {
        match result {
            Ok(Answer::Listening(listening)) => self.hold_listener(who, listening),
            Ok(Answer::Accepted(accepted)) => self.hold(who, accepted.connection),
            Ok(Answer::Connected(connected)) => self.hold(who, connected.connection),
            Ok(
                Answer::Hello(_)
                | Answer::Object(_)
                | Answer::Payload(_)
                | Answer::Ready(_)
                | Answer::Done,
            )
            | Err(_) => {}
        }
    }

    fn hold(&mut self, who: Who, handle: Handle) {
        if !self.held.contains(&(who, handle)) {
            self.held.push((who, handle));
        }
    }
}

fn no_address() -> Stop {
    Failure::new(
        (OperationName::Listen, Did::NoAddress),
        "the listener's `address`",
    )
    .breaks("address.reported")
    .into()
}

fn refused(address: &RawAddress, error: &std::io::Error) -> Stop {
    Failure::new(
        Found::ConnectionRefused,
        format!("a client can connect to {address}"),
    )
    .detail(error.to_string())
    .into()
}

/// The counterpart has no suitable dialect.
fn cannot_talk(counterpart: &Hello, framing: Option<Framing>) -> Stop {
    Stop::NotApplicable(speaks_nothing(counterpart, &counterpart.name, framing))
}

/// Explains why a counterpart of this name has no suitable dialect.
pub(crate) fn speaks_nothing(counterpart: &Hello, name: &str, framing: Option<Framing>) -> String {
    let spoken = counterpart.dialects.join(", ");
    match framing {
        Some(framing) => format!("{name} speaks {spoken}, none of which has the framing {framing}"),
        None => format!("{name} speaks {spoken}, none of which the suite knows"),
    }
}
