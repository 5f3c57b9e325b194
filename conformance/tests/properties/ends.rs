//! The ends of a connection: testees behind the adapter protocol, the reference itself, and the suite's wire.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use processing_conformance::adapter::InProcess;
use processing_conformance::adapter::{Implementation, Reference};
use processing_conformance::context::scratch::Scratch;
use processing_conformance::context::setting::Spoken;
use processing_conformance::notation::Graph;
use processing_conformance::peers::{Installed, Peer};
use processing_conformance::testee::message::{
    Accepted, Answer, Handle, Hello, Listen, Listening, Operation, RawAddress,
};
use processing_conformance::testee::payload::Payload;
use processing_conformance::testee::session::{OperationResult, Session, Ticket, Trouble};
use processing_conformance::wire::{Dialect, Transcript, Wire};
use processing_connection::{Address, Connection, Connector, Family, Listener, Value};
use proptest::strategy::Strategy;

/// The deadline of each operation, which is the same in CI and on a developer's machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// A result whose error is a message for people.
pub(crate) type Fallible<T> = Result<T, String>;

/// One end of a connection, in the seed's words.
pub(crate) trait End {
    /// Sends messages while `meanwhile` runs: a message that is longer than the system's buffer is only sent while it is
    /// received.
    fn send_while<T>(
        &mut self,
        messages: &[Message<'_>],
        meanwhile: impl FnOnce() -> Fallible<T>,
    ) -> Fallible<T>;
    fn recv(&mut self) -> Fallible<Graph>;
    fn recv_string(&mut self) -> Fallible<Payload>;
}

/// A message to send.
#[derive(Clone, Copy)]
pub(crate) enum Message<'m> {
    Object(&'m Graph),
    String(&'m [u8]),
}

impl End for Connection {
    fn send_while<T>(
        &mut self,
        messages: &[Message<'_>],
        meanwhile: impl FnOnce() -> Fallible<T>,
    ) -> Fallible<T> {
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                messages
                    .iter()
                    .try_for_each(|message| send_by_reference(self, *message))
            });
            let came = meanwhile();
            sending.join().expect("the reference does not panic")?;
            came
        })
    }

    fn recv(&mut self) -> Fallible<Graph> {
        let value = self.recv_value().map_err(in_reference("recv"))?;
        Ok(Graph::from(&value))
    }

    fn recv_string(&mut self) -> Fallible<Payload> {
        let bytes = Connection::recv_string(self).map_err(in_reference("recv_string"))?;
        Ok(Payload::Bytes { bytes })
    }
}

fn send_by_reference(connection: &mut Connection, message: Message<'_>) -> Fallible<()> {
    match message {
        Message::Object(object) => {
            let value = Value::try_from(object).map_err(in_reference("send"))?;
            connection.send_value(&value).map_err(in_reference("send"))
        }
        Message::String(bytes) => connection
            .send_string(bytes)
            .map_err(in_reference("send_string")),
    }
}

fn in_reference<E: std::error::Error>(operation: &str) -> impl Fn(E) -> String {
    move |error| format!("the reference's `{operation}`: {error}")
}

/// An address of this family at which nobody listens.
fn free_address(family: Family, scratch: &Scratch) -> RawAddress {
    static PIPES: AtomicUsize = AtomicUsize::new(0);
    match family {
        Family::Inet => RawAddress::Pair("127.0.0.1".into(), 0),
        Family::Unix => RawAddress::Text(scratch.path().to_string_lossy().into_owned()),
        Family::Pipe => RawAddress::Text(format!(
            r"\\.\pipe\pc-properties-{}-{}",
            std::process::id(),
            PIPES.fetch_add(1, Ordering::Relaxed)
        )),
    }
}

/// The reference's dialect of the same name.
fn dialect_of_reference(dialect: Dialect) -> processing_connection::Dialect {
    let name = dialect.to_string();
    name.parse().expect("the reference has every dialect")
}

fn in_types_of_reference(address: &RawAddress) -> Address {
    match address {
        RawAddress::Pair(host, port) => {
            let port = u16::try_from(*port).expect("the port of a listener");
            Address::from((host.as_str(), port))
        }
        RawAddress::Text(text) => Address::infer(text),
    }
}

fn connector(dialect: Dialect) -> Connector {
    Connector::new()
        .dialect(dialect_of_reference(dialect))
        .read_timeout(PATIENCE)
        .write_timeout(PATIENCE)
}

/// A testee, which is started when it is first needed, and again after trouble.
pub(crate) struct Testee {
    claims: Hello,
    start: Box<dyn Fn() -> Result<Session, Trouble>>,
    session: RefCell<Option<Rc<RefCell<Session>>>>,
    scratch: Scratch,
}

impl Testee {
    /// The reference, behind its adapter.
    pub(crate) fn reference() -> Self {
        Self::in_process(|| Reference)
    }

    /// An implementation in Rust, behind its adapter.
    pub(crate) fn in_process<I: Implementation>(made: impl Fn() -> I + 'static) -> Self {
        Self::new(made().hello(), move || {
            Session::open(Box::new(InProcess::start(made())), PATIENCE)
        })
    }

    /// A peer that is installed.
    pub(crate) fn live(peer: &Peer, installed: Installed) -> Self {
        Self::new(peer.claims(), move || installed.start(PATIENCE))
    }

    fn new(claims: Hello, start: impl Fn() -> Result<Session, Trouble> + 'static) -> Self {
        Self {
            claims,
            start: Box::new(start),
            session: RefCell::default(),
            scratch: Scratch::new().expect("a directory for socket files can be made"),
        }
    }

    /// Whether its objects are those of Python 2.
    pub(crate) fn is_python_2(&self) -> bool {
        self.claims.python == Some(2)
    }

    /// These examples, in the types that this testee has.
    pub(crate) fn having(
        &self,
        examples: impl Strategy<Value = Graph>,
    ) -> impl Strategy<Value = Graph> {
        examples.prop_map(|graph| self.claims.in_its_types(&graph))
    }

    /// Every family of this testee in every one of its dialects.
    pub(crate) fn settings(&self) -> Vec<Setting<'_>> {
        let of_family = |family: &Family| {
            let family = *family;
            let dialects = self.claims.known_dialects();
            dialects.map(move |dialect| Setting {
                testee: self,
                family,
                dialect,
                exchanged: Rc::default(),
            })
        };
        self.claims.families.iter().flat_map(of_family).collect()
    }

    fn session(&self) -> Rc<RefCell<Session>> {
        let mut session = self.session.borrow_mut();
        match &*session {
            Some(session) if session.borrow().trouble().is_none() => Rc::clone(session),
            _ => {
                let fresh = (self.start)().expect("it could be started before");
                Rc::clone(session.insert(Rc::new(RefCell::new(fresh))))
            }
        }
    }
}

/// A testee over one family in one dialect.
pub(crate) struct Setting<'t> {
    pub(crate) testee: &'t Testee,
    pub(crate) family: Family,
    pub(crate) dialect: Dialect,
    exchanged: Rc<Cell<Exchanged>>,
}

/// The number of messages that a testee has received and described, and the number that it has sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exchanged {
    pub(crate) received: u32,
    pub(crate) sent: u32,
}

impl std::fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            testee,
            family,
            dialect,
            ..
        } = *self;
        let spoken = Spoken { dialect, family };
        write!(f, "{} over {family} in {spoken}", testee.claims.name)
    }
}

impl Setting<'_> {
    /// The messages that the testee has exchanged over the connections of this setting so far.
    pub(crate) fn exchanged(&self) -> Exchanged {
        self.exchanged.get()
    }

    /// A connection between the reference and itself, over the family and in the dialect of this setting.
    pub(crate) fn reference_to_itself(&self) -> (Connection, Connection) {
        let free = free_address(self.family, &self.testee.scratch);
        let mut listener = Listener::builder()
            .address(in_types_of_reference(&free))
            .dialect(dialect_of_reference(self.dialect))
            .read_timeout(PATIENCE)
            .bind()
            .expect("a free address");
        let client = connector(self.dialect)
            .connect(listener.address().clone())
            .expect("somebody listens");
        let server = listener.accept().expect("somebody has connected");
        (client, server)
    }

    /// A connection between the reference and the testee.
    pub(crate) fn with_reference(&self) -> (Connection, Held) {
        self.connect(|address, dialect| {
            connector(dialect)
                .connect(in_types_of_reference(address))
                .expect("somebody listens")
        })
    }

    /// A connection between the suite's own wire and the testee.
    pub(crate) fn with_wire(&self) -> (Wire, Held) {
        self.connect(|address, dialect| {
            Wire::connect(address, dialect.framing, PATIENCE, &Transcript::begin())
                .expect("somebody listens")
        })
    }

    fn connect<Near>(&self, connect: impl FnOnce(&RawAddress, Dialect) -> Near) -> (Near, Held) {
        let dialect = self.dialect;
        let free = free_address(self.family, &self.testee.scratch);
        let session = self.testee.session();
        let listening = Operation::Listen(Listen {
            address: Some(free),
            dialect: dialect.to_string(),
            ..Listen::default()
        });
        let listening = session.borrow_mut().call(listening);
        let Ok(Ok(Answer::Listening(Listening {
            listener,
            address: Some(address),
            ..
        }))) = listening
        else {
            panic!("{self} does not listen: {listening:?}")
        };
        let near = connect(&address, dialect);
        let accepted = session.borrow_mut().call(Operation::Accept { listener });
        let Ok(Ok(Answer::Accepted(Accepted { connection, .. }))) = accepted else {
            panic!("{self} does not accept: {accepted:?}")
        };
        let released = session.borrow_mut().release(listener);
        released.expect("a listener can be dropped");
        let held = Held {
            session,
            connection,
            exchanged: Rc::clone(&self.exchanged),
        };
        (near, held)
    }
}

/// A connection's end that a testee holds.
pub(crate) struct Held {
    session: Rc<RefCell<Session>>,
    connection: Handle,
    exchanged: Rc<Cell<Exchanged>>,
}

impl Held {
    /// Begins to wait for an object.
    pub(crate) fn start_recv(&mut self) -> Fallible<Ticket> {
        let connection = self.connection;
        self.start(Operation::recv(connection))
    }

    /// Begins to wait for a string.
    pub(crate) fn start_recv_string(&mut self) -> Fallible<Ticket> {
        let connection = self.connection;
        self.start(Operation::RecvString { connection })
    }

    /// Waits for the result of an operation, which may be an error of the implementation.
    pub(crate) fn finish(&mut self, ticket: &Ticket) -> Fallible<OperationResult> {
        let result = self.session.borrow_mut().finish(ticket);
        result.map_err(|trouble| trouble.to_string())
    }

    /// Waits for the string that it was told to receive.
    pub(crate) fn finish_string(&mut self, ticket: &Ticket) -> Fallible<Payload> {
        match self.finish(ticket)? {
            Ok(Answer::Payload(payload)) => {
                self.note_received();
                Ok(payload)
            }
            other => Err(format!("`recv_string` was answered by {other:?}")),
        }
    }

    /// Waits for the object that it was told to receive.
    pub(crate) fn finish_object(&mut self, ticket: &Ticket) -> Fallible<Graph> {
        match self.finish(ticket)? {
            Ok(Answer::Object(object)) => {
                self.note_received();
                Ok(object)
            }
            Err(error) => Err(format!("`recv`: {}: {}", error.kind, error.message)),
            Ok(other) => Err(format!("`recv` was answered by {other:?}")),
        }
    }

    fn start(&mut self, operation: Operation) -> Fallible<Ticket> {
        let ticket = self.session.borrow_mut().start(operation);
        ticket.map_err(|trouble| trouble.to_string())
    }

    fn note_received(&self) {
        self.exchanged.update(|exchanged| Exchanged {
            received: exchanged.received + 1,
            ..exchanged
        });
    }

    fn start_send(&mut self, message: Message<'_>) -> Fallible<Ticket> {
        let connection = self.connection;
        self.start(match message {
            Message::Object(object) => Operation::Send {
                connection,
                object: object.clone(),
            },
            Message::String(bytes) => Operation::SendString {
                connection,
                payload: Payload::Bytes {
                    bytes: bytes.to_vec(),
                },
            },
        })
    }

    fn finish_send(&mut self, ticket: &Ticket) -> Fallible<()> {
        self.finish(ticket)?.map_err(|error| {
            format!(
                "`{}`: {}: {}",
                ticket.operation(),
                error.kind,
                error.message
            )
        })?;
        self.exchanged.update(|exchanged| Exchanged {
            sent: exchanged.sent + 1,
            ..exchanged
        });
        Ok(())
    }
}

impl End for Held {
    /// Only the last message is being sent while `meanwhile` runs: an end sends one message at a time.
    fn send_while<T>(
        &mut self,
        messages: &[Message<'_>],
        meanwhile: impl FnOnce() -> Fallible<T>,
    ) -> Fallible<T> {
        let (last, before) = messages.split_last().expect("there is something to send");
        for message in before {
            let ticket = self.start_send(*message)?;
            self.finish_send(&ticket)?;
        }
        let ticket = self.start_send(*last)?;
        let came = meanwhile();
        self.finish_send(&ticket)?;
        came
    }

    fn recv(&mut self) -> Fallible<Graph> {
        let ticket = self.start_recv()?;
        self.finish_object(&ticket)
    }

    fn recv_string(&mut self) -> Fallible<Payload> {
        let ticket = self.start_recv_string()?;
        self.finish_string(&ticket)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut session = self.session.borrow_mut();
        if session.trouble().is_none() {
            // The session remembers any trouble and is replaced after it.
            let _ = session.release(self.connection);
        }
    }
}
