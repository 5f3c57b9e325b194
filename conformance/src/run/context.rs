//! What a case has in hand: the testee, the wire, and the words to say what it expects.
//!
//! Every method that begins with `expect` fails the case when the testee does something else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::{Family, Framing};

use super::bare::Bare;
use super::failure::{EvidenceKind, Failure, Outcome, Stop};
use super::scratch::Scratch;
use crate::cases::{Level, Parameters, Role};
use crate::notation::{Fidelity, Graph, compare};
use crate::pickle;
use crate::testee::message::{
    Accepted, Answer, Connect, Connected, ErrorKind, Handle, Hello, Listen, Listening, Operation,
    OperationError, Profile, RawAddress,
};
use crate::testee::payload::{Payload, WRITTEN_OUT};
use crate::testee::session::{OperationResult, Session, Ticket, Trouble};
use crate::wire::{Direction, Door, Relay, Transcript, Wire, WireError, frame};

/// Under which circumstances a case is run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The family of the addresses.
    pub family: Family,
    /// The framing of the streams.
    pub framing: Framing,
    /// The dialect by name, as the testee is told it.
    pub dialect: String,
    /// Which end the testee plays.
    pub role: Role,
    /// The case's parameters.
    pub parameters: Parameters,
    /// How a testee without an adapter is reached.
    pub bare: Option<Arc<Bare>>,
    /// How long anything may take.
    pub patience: Duration,
}

/// What a case has in hand.
pub struct Context<'s> {
    /// Under which circumstances it is run.
    pub setting: &'s Setting,
    /// What went over the wires.
    pub transcript: Transcript,
    testee: Option<&'s mut Session>,
    counterpart: Option<&'s mut Session>,
    scratch: &'s Scratch,
    held: Vec<(Who, Handle)>,
    broken_shoulds: Vec<Failure>,
}

/// One of the two testees of a pair; in a wire case there is only the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The one under judgement.
    Testee,
    /// The one it talks to.
    Counterpart,
}

/// One end of a connection, by whom it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Who holds it.
    pub who: Who,
    /// By which handle.
    pub handle: Handle,
}

/// Two testees that are connected, through the suite's recorder.
pub struct Pair {
    /// The testee's end.
    pub testee: End,
    /// The other one.
    pub counterpart: End,
    _relay: Relay,
}

impl<'s> Context<'s> {
    /// Prepares for one execution.
    pub fn new(
        setting: &'s Setting,
        testee: Option<&'s mut Session>,
        counterpart: Option<&'s mut Session>,
        scratch: &'s Scratch,
    ) -> Self {
        Self {
            setting,
            transcript: Transcript::begin(),
            testee,
            counterpart,
            scratch,
            held: Vec::new(),
            broken_shoulds: Vec::new(),
        }
    }

    /// Lets go of everything that the case left, and says which recommendations were broken.
    pub fn finish(mut self) -> Vec<Failure> {
        for (who, handle) in std::mem::take(&mut self.held) {
            let session = self.session(who);
            if session.trouble().is_none() {
                // Trouble is kept in the session, which is replaced then.
                let _ = session.release(handle);
            }
        }
        self.broken_shoulds
    }

    // ---- the circumstances ----

    /// What the testee claims.
    pub fn hello(&self) -> &Hello {
        self.testee
            .as_ref()
            .expect("only cases with an adapter ask this")
            .hello()
    }

    /// How much of an object both ends keep.
    pub fn profile(&self) -> Profile {
        let testee = self.hello().profile;
        self.counterpart.as_ref().map_or(testee, |counterpart| {
            testee.min(counterpart.hello().profile)
        })
    }

    /// How objects are compared at this profile.
    pub fn fidelity(&self) -> Fidelity {
        match self.profile() {
            Profile::Graph => Fidelity::Graph,
            Profile::Bytes | Profile::Serde => Fidelity::Values,
        }
    }

    /// The header that announces so many bytes.
    pub fn header(&self, length: u32) -> Vec<u8> {
        frame::header(self.setting.framing, length)
    }

    /// A message with its header.
    pub fn message(&self, payload: &[u8]) -> Vec<u8> {
        frame::message(self.setting.framing, payload)
    }

    /// A path on which nothing stands, short enough for every system.
    pub fn fresh_path(&self) -> PathBuf {
        self.scratch.path()
    }

    /// The memory that the testee's process has resident, in bytes, where that can be told.
    pub fn resident_memory(&self) -> Option<u64> {
        let process = self.testee.as_ref()?.process_id()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    }

    // ---- getting connected ----

    /// An address on which a listener of this family can listen.
    pub fn free_address(&self) -> RawAddress {
        match self.setting.family {
            Family::Unix => RawAddress::Text(self.fresh_path().to_string_lossy().into_owned()),
            _ => RawAddress::Pair("127.0.0.1".into(), 0),
        }
    }

    /// The testee and the suite, connected to each other.
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

    /// The testee's listener, on a free address.
    pub fn listen(&mut self) -> Result<Listening, Stop> {
        let address = self.free_address();
        self.listen_with(Listen {
            address: Some(address),
            ..self.listen_arguments()
        })
    }

    /// The testee's listener, made as told.
    pub fn listen_with(&mut self, arguments: Listen) -> Result<Listening, Stop> {
        self.listen_as(Who::Testee, arguments)
    }

    /// Arguments for a listener that name nothing but the dialect.
    pub fn listen_arguments(&self) -> Listen {
        Listen {
            dialect: self.setting.dialect.clone(),
            ..Listen::default()
        }
    }

    /// Arguments for a client that name nothing but the dialect.
    pub fn connect_arguments(&self) -> Connect {
        Connect {
            dialect: self.setting.dialect.clone(),
            ..Connect::default()
        }
    }

    /// What `listen` comes to, when it need not succeed.
    pub fn try_listen(
        &mut self,
        arguments: Listen,
    ) -> Result<Result<Listening, OperationError>, Stop> {
        self.try_listen_as(Who::Testee, arguments)
    }

    /// What `connect` comes to, when it need not succeed.
    pub fn try_connect(&mut self, arguments: Connect) -> Result<Result<End, OperationError>, Stop> {
        let result = self.call(Who::Testee, Operation::Connect(arguments))?;
        Ok(result.map(|answer| self.connected(Who::Testee, answer)))
    }

    /// The suite's own listener.
    pub fn door(&mut self) -> Result<Door, Stop> {
        let path = self.fresh_path();
        Door::open(
            self.setting.family,
            &path,
            self.setting.framing,
            self.setting.patience,
            &self.transcript,
        )
        .map_err(|error| Stop::NotRun(format!("the suite could not listen: {error}")))
    }

    /// Lets the testee connect to the suite's listener.
    pub fn come_through(&mut self, door: &Door) -> Result<(Wire, End), Stop> {
        let arguments = Connect {
            address: Some(door.address().clone()),
            ..self.connect_arguments()
        };
        let ticket = self.start(Who::Testee, Operation::Connect(arguments))?;
        let wire = door.accept();
        let end = match self.finish_operation(Who::Testee, &ticket)? {
            Ok(answer) => self.connected(Who::Testee, answer),
            Err(error) => return Err(Failure::operation("connect", &error).into()),
        };
        let wire = wire.map_err(|error| Failure::wire("the testee connects", &error))?;
        Ok((wire, end))
    }

    /// The suite's own connection to the testee's listener.
    pub fn wire_to(&mut self, listening: &Listening) -> Result<Wire, Stop> {
        let Some(address) = &listening.address else {
            return Err(
                Failure::new("listen: no address", "the listener's `address`")
                    .breaks("address.reported")
                    .into(),
            );
        };
        self.wire_at(address)
    }

    /// The suite's own connection to an address.
    pub fn wire_at(&mut self, address: &RawAddress) -> Result<Wire, Stop> {
        self.try_wire(address).map_err(|error| {
            Failure::new(
                "suite: connection refused",
                format!("a client can connect to {address}"),
            )
            .detail(error.to_string())
            .into()
        })
    }

    /// The suite's own connection to an address, when it need not succeed.
    pub fn try_wire(&mut self, address: &RawAddress) -> std::io::Result<Wire> {
        Wire::connect(
            address,
            self.setting.framing,
            self.setting.patience,
            &self.transcript,
        )
    }

    /// The testee accepts a client that has connected or will.
    pub fn accept(&mut self, listener: Handle) -> Result<End, Stop> {
        self.accept_fully(listener).map(|(end, _)| end)
    }

    /// The testee accepts, and says from where.
    pub fn accept_fully(&mut self, listener: Handle) -> Result<(End, Option<RawAddress>), Stop> {
        let ticket = self.start(Who::Testee, Operation::Accept { listener })?;
        self.finish_accept(&ticket)
    }

    /// The testee was waiting for a client; now there is one.
    pub fn finish_accept(&mut self, ticket: &Ticket) -> Result<(End, Option<RawAddress>), Stop> {
        match self.finish_operation(Who::Testee, ticket)? {
            Ok(Answer::Accepted(accepted)) => Ok(self.accepted(Who::Testee, accepted)),
            Ok(_) => unreachable!("a link answers accept by a connection"),
            Err(error) => Err(Failure::operation("accept", &error).into()),
        }
    }

    /// The two testees of a pair, connected through the recorder.
    pub fn pair(&mut self) -> Result<Pair, Stop> {
        let (listener, client) = match self.setting.role {
            Role::Listener => (Who::Testee, Who::Counterpart),
            Role::Client => (Who::Counterpart, Who::Testee),
        };
        let arguments = Listen {
            address: Some(self.free_address()),
            ..self.listen_arguments()
        };
        let listening = self.listen_as(listener, arguments)?;
        let Some(target) = listening.address else {
            return Err(Failure::new("listen: no address", "the listener's `address`").into());
        };
        let from_client = if client == Who::Testee {
            Direction::FromTestee
        } else {
            Direction::ToTestee
        };
        let path = self.fresh_path();
        let relay = Relay::start(
            self.setting.family,
            &path,
            &target,
            from_client,
            &self.transcript,
        )
        .map_err(|error| {
            Stop::NotRun(format!("the recorder could not be put in between: {error}"))
        })?;
        let accepting = self.start(
            listener,
            Operation::Accept {
                listener: listening.listener,
            },
        )?;
        let arguments = Connect {
            address: Some(relay.address().clone()),
            ..self.connect_arguments()
        };
        let near = match self.call(client, Operation::Connect(arguments))? {
            Ok(answer) => self.connected(client, answer),
            Err(error) => return Err(Failure::operation("connect", &error).into()),
        };
        let far = match self.finish_operation(listener, &accepting)? {
            Ok(Answer::Accepted(accepted)) => self.accepted(listener, accepted).0,
            Ok(_) => unreachable!("a link answers accept by a connection"),
            Err(error) => return Err(Failure::operation("accept", &error).into()),
        };
        let (testee, counterpart) = if client == Who::Testee {
            (near, far)
        } else {
            (far, near)
        };
        Ok(Pair {
            testee,
            counterpart,
            _relay: relay,
        })
    }

    /// A fresh connection to a server without an adapter.
    pub fn call_on_server(&mut self) -> Result<Wire, Stop> {
        let bare = self
            .setting
            .bare
            .clone()
            .expect("only cases without an adapter ask this");
        bare.call_on_server(self.setting, &self.transcript)
    }

    /// The next client without an adapter that comes.
    pub fn receive_client(&mut self) -> Result<Wire, Stop> {
        let bare = self
            .setting
            .bare
            .clone()
            .expect("only cases without an adapter ask this");
        bare.receive_client(self.setting, &self.transcript)
    }

    // ---- what the testee receives ----

    /// `recv_string` returns exactly these bytes.
    pub fn expect_string(&mut self, end: End, expected: &[u8]) -> Outcome {
        let ticket = self.start_recv_string(end)?;
        self.finish_string(end, &ticket, expected)
    }

    /// The testee begins to wait for a string.
    pub fn start_recv_string(&mut self, end: End) -> Result<Ticket, Stop> {
        self.start(
            end.who,
            Operation::RecvString {
                connection: end.handle,
            },
        )
    }

    /// The testee was waiting for a string, and returns exactly these bytes.
    pub fn finish_string(&mut self, end: End, ticket: &Ticket, expected: &[u8]) -> Outcome {
        match self.finish_operation(end.who, ticket)? {
            Ok(Answer::Payload(payload)) => check_payload(&payload, expected),
            Ok(_) => unreachable!("a link answers recv_string by a payload"),
            Err(error) => Err(Failure::operation("recv_string", &error).into()),
        }
    }

    /// `recv` returns an object that is described like this one.
    pub fn expect_object(&mut self, end: End, expected: &Graph) -> Outcome {
        let ticket = self.start(
            end.who,
            Operation::Recv {
                connection: end.handle,
            },
        )?;
        self.finish_object(end, &ticket, expected)
    }

    /// The testee was waiting for an object, and returns one that is described like this one.
    pub fn finish_object(&mut self, end: End, ticket: &Ticket, expected: &Graph) -> Outcome {
        match self.finish_operation(end.who, ticket)? {
            Ok(Answer::Object(actual)) => check_object(expected, &actual, self.fidelity()),
            Ok(_) => unreachable!("a link answers recv by an object"),
            Err(error) => Err(Failure::operation("recv", &error)
                .detail(format!(
                    "the object was {}; the testee says: {}",
                    expected.python(200),
                    error.message
                ))
                .into()),
        }
    }

    /// What `recv_string` comes to, when it need not succeed.
    pub fn try_recv_string(&mut self, end: End) -> Result<Result<Payload, OperationError>, Stop> {
        Ok(self
            .call(
                end.who,
                Operation::RecvString {
                    connection: end.handle,
                },
            )?
            .map(|answer| match answer {
                Answer::Payload(payload) => payload,
                _ => unreachable!("a link answers recv_string by a payload"),
            }))
    }

    // ---- what must go wrong ----

    /// An operation is an error. Which kind it is, is recommended: one of `kinds`.
    pub fn expect_error(
        &mut self,
        who: Who,
        operation: Operation,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        let ticket = self.start(who, operation)?;
        self.finish_error(who, &ticket, kinds)
    }

    /// An operation that is under way ends as an error.
    pub fn finish_error(
        &mut self,
        who: Who,
        ticket: &Ticket,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        let result = self.finish_operation(who, ticket)?;
        self.hold_answer(who, &result);
        self.check_error(ticket.operation(), result, kinds)
    }

    /// Receiving a string is an error.
    pub fn expect_no_string(&mut self, end: End, kinds: &[ErrorKind]) -> Outcome {
        self.expect_error(
            end.who,
            Operation::RecvString {
                connection: end.handle,
            },
            kinds,
        )
        .map(drop)
    }

    /// Receiving an object is an error.
    pub fn expect_no_object(&mut self, end: End, kinds: &[ErrorKind]) -> Outcome {
        self.expect_error(
            end.who,
            Operation::Recv {
                connection: end.handle,
            },
            kinds,
        )
        .map(drop)
    }

    fn check_error(
        &mut self,
        operation: &'static str,
        result: OperationResult,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        let names = kinds
            .iter()
            .map(|kind| kind.name())
            .collect::<Vec<_>>()
            .join(" or ");
        match result {
            Ok(answer) => {
                let (returned, detail) = describe_answer(&answer);
                Err(Failure::new(
                    format!("{operation}: {returned}"),
                    format!("{operation} is an error ({names})"),
                )
                .detail(detail)
                .into())
            }
            Err(error) => {
                self.recommend_kind(operation, &error, kinds);
                Ok(error)
            }
        }
    }

    /// An error is recommended to be of one of these kinds.
    pub fn recommend_kind(&mut self, operation: &str, error: &OperationError, kinds: &[ErrorKind]) {
        if kinds.contains(&error.kind) {
            return;
        }
        let names = kinds
            .iter()
            .map(|kind| kind.name())
            .collect::<Vec<_>>()
            .join(" or ");
        self.should(Err(Failure::new(
            format!("{operation}: error {}", error.kind),
            format!("an error of kind {names}"),
        )
        .detail(format!("the testee says: {}", error.message))
        .breaks("error.kind")));
    }

    // ---- what the testee sends ----

    /// `send_string` succeeds.
    pub fn send_string(&mut self, end: End, bytes: &[u8]) -> Outcome {
        let ticket = self.start_send_string(end, bytes)?;
        self.finish_sent(end, &ticket)
    }

    /// The testee begins to send a string.
    pub fn start_send_string(&mut self, end: End, bytes: &[u8]) -> Result<Ticket, Stop> {
        let operation = Operation::SendString {
            connection: end.handle,
            payload: request_payload(bytes),
        };
        self.start(end.who, operation)
    }

    /// `send` succeeds.
    pub fn send(&mut self, end: End, object: &Graph) -> Outcome {
        let operation = Operation::Send {
            connection: end.handle,
            object: object.clone(),
        };
        let ticket = self.start(end.who, operation)?;
        self.finish_sent(end, &ticket)
    }

    /// A send that is under way succeeds.
    pub fn finish_sent(&mut self, end: End, ticket: &Ticket) -> Outcome {
        match self.finish_operation(end.who, ticket)? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation(ticket.operation(), &error).into()),
        }
    }

    /// The wire shows exactly this message.
    pub fn expect_message(&mut self, wire: &mut Wire, payload: &[u8]) -> Outcome {
        let expected = self.message(payload);
        let read = wire.read(expected.len());
        let actual = match read {
            Ok(actual) if actual == expected => return Ok(()),
            Ok(actual)
            | Err(
                WireError::Ended { got: actual, .. }
                | WireError::Reset { got: actual, .. }
                | WireError::Quiet { got: actual, .. },
            ) if !actual.is_empty() => actual,
            Err(error) => return Err(Failure::wire("the message on the wire", &error).into()),
            Ok(_) => unreachable!("no message is empty: it has a header"),
        };
        let at = expected
            .iter()
            .zip(&actual)
            .position(|(a, b)| a != b)
            .unwrap_or(actual.len());
        let header = frame::header_length(self.setting.framing);
        let place = if at < header {
            "wrong header"
        } else if actual.len() < expected.len() {
            "message too short"
        } else {
            "wrong payload"
        };
        Err(Failure::new(
            format!("wire: {place}"),
            format!("a message of {} bytes, header included", expected.len()),
        )
        .detail(format!(
            "{} bytes came; the first difference is at byte {at}",
            actual.len()
        ))
        .showing(EvidenceKind::Stream, &expected, &actual)
        .into())
    }

    /// The wire shows one message, whose payload is a pickle of this object, of a protocol that the dialect
    /// allows.
    pub fn expect_pickle(&mut self, wire: &mut Wire, expected: &Graph) -> Outcome {
        let payload = wire
            .read_message(64 << 20)
            .map_err(|error| Failure::wire("a message that holds the object", &error))?;
        check_pickle(expected, &payload, self.fidelity())
    }

    /// A send that is under way shows on the wire as a pickle of this object, and succeeds.
    pub fn expect_pickle_sent(
        &mut self,
        wire: &mut Wire,
        end: End,
        sending: &Ticket,
        object: &Graph,
    ) -> Outcome {
        // An error of the testee says more than a wire on which nothing comes; a send that waits for its
        // reader has no answer yet.
        let early = self.look(end.who, sending, Duration::ZERO)?;
        if let Some(Err(error)) = &early {
            return Err(Failure::operation("send", error).into());
        }
        let shown = self.expect_pickle(wire, object);
        let answer = match early {
            Some(answer) => answer,
            None if shown.is_ok() => self.finish_operation(end.who, sending)?,
            None => self
                .look(end.who, sending, Duration::ZERO)?
                .unwrap_or(Ok(Answer::Done)),
        };
        match answer {
            Ok(_) => shown,
            Err(error) => Err(Failure::operation("send", &error).into()),
        }
    }

    /// Both directions still work: nothing was lost or left over.
    pub fn expect_in_step(&mut self, wire: &mut Wire, end: End) -> Outcome {
        const INTO: &[u8] = b"still in step, inwards";
        const OUT: &[u8] = b"still in step, outwards";
        wire.write_message(INTO)
            .map_err(|error| Failure::wire("the connection is still open", &error))?;
        self.expect_string(end, INTO)?;
        self.send_string(end, OUT)?;
        self.expect_message(wire, OUT)
    }

    /// The wire shows the end of the stream, and nothing before it.
    pub fn expect_end(&mut self, wire: &mut Wire, requirement: &'static str) -> Outcome {
        match wire.read_end() {
            Ok(()) => Ok(()),
            Err(WireError::Ended { got, .. }) => Err(Failure::new(
                "wire: bytes before the end of the stream",
                "the end of the stream",
            )
            .showing(EvidenceKind::Stream, &[], &got)
            .breaks(requirement)
            .into()),
            Err(WireError::Quiet { after, .. }) => Err(Failure::new(
                "wire: no end of stream",
                "the end of the stream",
            )
            .detail(format!(
                "the connection was still open after {} s",
                after.as_secs_f32()
            ))
            .breaks(requirement)
            .into()),
            Err(error) => Err(Failure::wire("the end of the stream", &error).into()),
        }
    }

    /// The suite writes; the testee being gone would be a failure.
    pub fn write(&mut self, wire: &mut Wire, bytes: &[u8]) -> Outcome {
        wire.write(bytes)
            .map_err(|error| Failure::wire("the connection is open", &error).into())
    }

    // ---- recommendations ----

    /// Notes a broken recommendation without ending the case.
    pub fn should(&mut self, result: Result<(), Failure>) {
        if let Err(mut failure) = result {
            failure.level = Some(Level::Should);
            self.broken_shoulds.push(failure);
        }
    }

    // ---- operations ----

    /// Closes a listener or a connection.
    pub fn close(&mut self, who: Who, handle: Handle) -> Outcome {
        match self.call(who, Operation::Close { handle })? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation("close", &error).into()),
        }
    }

    /// Drops a listener or a connection without closing it.
    pub fn release(&mut self, who: Who, handle: Handle) -> Outcome {
        self.held.retain(|held| *held != (who, handle));
        match self.call(who, Operation::Drop { handle })? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation("drop", &error).into()),
        }
    }

    /// Does an operation and waits for it.
    pub fn call(&mut self, who: Who, operation: Operation) -> Result<OperationResult, Stop> {
        let ticket = self.start(who, operation)?;
        self.finish_operation(who, &ticket)
    }

    /// Begins an operation.
    pub fn start(&mut self, who: Who, operation: Operation) -> Result<Ticket, Stop> {
        self.noting(who, |session| session.start(operation))
    }

    /// Waits for an operation to end, one way or the other.
    pub fn finish_operation(&mut self, who: Who, ticket: &Ticket) -> Result<OperationResult, Stop> {
        self.noting(who, |session| session.finish(ticket))
    }

    /// Looks whether an operation has ended, for so long.
    pub fn look(
        &mut self,
        who: Who,
        ticket: &Ticket,
        patience: Duration,
    ) -> Result<Option<OperationResult>, Stop> {
        self.noting(who, |session| session.look(ticket, patience))
    }

    /// Stops caring for an operation that will not end.
    pub fn abandon(&mut self, who: Who, ticket: &Ticket) {
        self.session(who).abandon(ticket);
    }

    fn noting<T>(
        &mut self,
        who: Who,
        act: impl FnOnce(&mut Session) -> Result<T, Trouble>,
    ) -> Result<T, Stop> {
        act(self.session(who)).map_err(|trouble| match who {
            Who::Testee => trouble.into(),
            Who::Counterpart => Failure::new(
                format!("counterpart {}", trouble.outcome()),
                "the counterpart, which is not under judgement, does its part",
            )
            .detail(trouble.to_string())
            .into(),
        })
    }

    fn session(&mut self, who: Who) -> &mut Session {
        match who {
            Who::Testee => self
                .testee
                .as_deref_mut()
                .expect("only cases with an adapter ask a testee"),
            Who::Counterpart => self
                .counterpart
                .as_deref_mut()
                .expect("only pair cases have a counterpart"),
        }
    }

    fn listen_as(&mut self, who: Who, arguments: Listen) -> Result<Listening, Stop> {
        self.try_listen_as(who, arguments)?
            .map_err(|error| Failure::operation("listen", &error).into())
    }

    fn try_listen_as(
        &mut self,
        who: Who,
        arguments: Listen,
    ) -> Result<Result<Listening, OperationError>, Stop> {
        let result = self.call(who, Operation::Listen(arguments))?;
        self.hold_answer(who, &result);
        Ok(result.map(|answer| match answer {
            Answer::Listening(listening) => listening,
            _ => unreachable!("a link answers listen by a listener"),
        }))
    }

    fn connected(&mut self, who: Who, answer: Answer) -> End {
        match answer {
            Answer::Connected(Connected { connection }) => {
                self.held.push((who, connection));
                End {
                    who,
                    handle: connection,
                }
            }
            _ => unreachable!("a link answers connect by a connection"),
        }
    }

    fn accepted(&mut self, who: Who, accepted: Accepted) -> (End, Option<RawAddress>) {
        self.held.push((who, accepted.connection));
        (
            End {
                who,
                handle: accepted.connection,
            },
            accepted.last_accepted,
        )
    }

    /// Remembers what an answer brought into being, so that it is dropped at the end.
    fn hold_answer(&mut self, who: Who, result: &OperationResult) {
        let handle = match result {
            Ok(Answer::Listening(listening)) => {
                if let Some(RawAddress::Text(path)) = &listening.address {
                    self.scratch.sweep_later(path);
                }
                listening.listener
            }
            Ok(Answer::Accepted(accepted)) => accepted.connection,
            Ok(Answer::Connected(connected)) => connected.connection,
            _ => return,
        };
        if !self.held.contains(&(who, handle)) {
            self.held.push((who, handle));
        }
    }
}

/// The payload of a string in a request: written out when short, else as a pattern.
fn request_payload(bytes: &[u8]) -> Payload {
    if bytes.len() <= WRITTEN_OUT {
        return Payload::Bytes {
            bytes: bytes.to_vec(),
        };
    }
    // Most long payloads of the suite repeat a pattern of this length.
    let fill = &bytes[..bytes.len().min(pattern::PERIOD)];
    let pattern = Payload::Fill {
        fill: fill.to_vec(),
        length: bytes.len(),
    };
    if pattern.describes(bytes) {
        pattern
    } else {
        Payload::Bytes {
            bytes: bytes.to_vec(),
        }
    }
}

/// Long payloads whose every part can be told from every other.
pub mod pattern {
    /// A prime, so that the pattern never falls into step with a buffer.
    pub const PERIOD: usize = 251;

    /// So many bytes, all different within any 251 of them.
    pub fn bytes(length: usize) -> Vec<u8> {
        let period: Vec<u8> = (0..=u8::MAX).take(PERIOD).collect();
        let mut bytes = period.repeat(length.div_ceil(PERIOD));
        bytes.truncate(length);
        bytes
    }
}

fn check_payload(payload: &Payload, expected: &[u8]) -> Outcome {
    if payload.describes(expected) {
        return Ok(());
    }
    let outcome = if payload.length() == expected.len() {
        "recv_string: wrong bytes".to_owned()
    } else {
        format!(
            "recv_string: {} bytes instead of {}",
            payload.length(),
            expected.len()
        )
    };
    let failure = Failure::new(
        outcome,
        format!("recv_string returns {}", Payload::describing(expected)),
    )
    .detail(format!("it returned {payload}"));
    Err(match payload.bytes() {
        Some(actual) => failure.showing(EvidenceKind::String, expected, &actual),
        None => failure,
    }
    .into())
}

fn check_object(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Outcome {
    compare(expected, actual, fidelity).map_err(|difference| {
        Failure::new(
            "recv: wrong object",
            format!("recv returns {}", expected.python(200)),
        )
        .detail(format!("{difference}\nit returned {}", actual.python(200)))
        .into()
    })
}

/// Judges a payload that should be a pickle of an object.
pub fn check_pickle(expected: &Graph, payload: &[u8], fidelity: Fidelity) -> Outcome {
    let evidence = pickle::write(expected, 2).unwrap_or_default();
    let reading = pickle::read(payload, &pickle::Limits::default()).map_err(|error| {
        Failure::new(
            "wire: not a pickle",
            format!("a pickle of {}", expected.python(200)),
        )
        .detail(error.to_string())
        .showing(EvidenceKind::Pickle, &evidence, payload)
        .breaks("object.pickle")
    })?;
    if reading.protocol > 2 {
        return Err(Failure::new(
            format!("wire: pickle protocol {}", reading.protocol),
            "a pickle of protocol 2 or lower",
        )
        .showing(EvidenceKind::Pickle, &evidence, payload)
        .breaks("object.protocol-ceiling")
        .into());
    }
    if reading.consumed != payload.len() {
        return Err(Failure::new(
            "wire: bytes after the pickle",
            "one pickle and nothing else",
        )
        .showing(EvidenceKind::Pickle, &evidence, payload)
        .breaks("object.pickle")
        .into());
    }
    compare(expected, &reading.graph, fidelity).map_err(|difference| {
        Failure::new(
            "wire: pickle of another object",
            format!("a pickle of {}", expected.python(200)),
        )
        .detail(difference.to_string())
        .showing(EvidenceKind::Pickle, &evidence, payload)
        .into()
    })
}

/// What an operation that should have failed returned: in stable words, and in full.
fn describe_answer(answer: &Answer) -> (String, String) {
    match answer {
        Answer::Payload(payload) => (
            format!("returned {} bytes", payload.length()),
            format!("it returned {payload}"),
        ),
        Answer::Object(object) => (
            "returned an object".into(),
            format!("it returned {}", object.python(200)),
        ),
        Answer::Ready(ready) => (format!("returned {ready}"), String::new()),
        Answer::Listening(listening) => (
            "succeeded".into(),
            listening
                .address
                .as_ref()
                .map_or(String::new(), |address| format!("it listens at {address}")),
        ),
        Answer::Hello(_) | Answer::Accepted(_) | Answer::Connected(_) | Answer::Done => {
            ("succeeded".into(), String::new())
        }
    }
}
