//! The other end of the adapter protocol: what turns an implementation written in Rust into a testee.
//!
//! [`Adapter`] owns an implementation's listeners and connections and does what requests ask, each
//! waiting operation on a thread of its object, so that none holds up another. It serves a testee in this
//! process as well as one behind standard input and output ([`serve`]).

mod in_process;
pub(crate) mod reference;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

pub use in_process::InProcess;
use parking_lot::Mutex;
pub use reference::Reference;

use crate::notation::Graph;
use crate::testee::lines::{self, NotARequest};
use crate::testee::message::{
    Accepted, Answer, Connect, Connected, ErrorKind, Handle, Hello, Listen, Listening, Operation,
    OperationError, RawAddress, Request,
};
use crate::testee::payload::Payload;
use crate::testee::session::{OperationResult, Reply};

/// What an implementation of the connection protocol has to offer to be driven by the suite.
///
/// A connection comes in two halves, because an end may send while it is receiving.
pub trait Implementation: Send + Sync + 'static {
    /// A listener.
    type Listener: Send + 'static;
    /// The half of a connection that sends.
    type Sender: Send + 'static;
    /// The half of a connection that receives.
    type Receiver: Send + 'static;

    /// Who this is and what it claims.
    fn hello(&self) -> Hello;
    /// The seed's `Listener(…)`, and its `address`.
    fn listen(&self, arguments: &Listen) -> Result<(Self::Listener, RawAddress), OperationError>;
    /// The seed's `last_accepted`.
    fn last_accepted(&self, listener: &Self::Listener) -> Option<RawAddress>;
    /// The seed's `accept()`.
    fn accept(&self, listener: &mut Self::Listener) -> Result<Halves<Self>, OperationError>;
    /// The seed's `Client(…)`.
    fn connect(&self, arguments: &Connect) -> Result<Halves<Self>, OperationError>;
    /// The seed's `send(obj)`.
    fn send(&self, sender: &mut Self::Sender, object: &Graph) -> Result<(), OperationError>;
    /// The seed's `recv()`.
    fn recv(&self, receiver: &mut Self::Receiver) -> Result<Graph, OperationError>;
    /// The seed's `send_string(obj)`.
    fn send_string(&self, sender: &mut Self::Sender, bytes: &[u8]) -> Result<(), OperationError>;
    /// The seed's `recv_string()`.
    fn recv_string(&self, receiver: &mut Self::Receiver) -> Result<Payload, OperationError>;
    /// `poll(timeout)`, where there is one.
    fn poll(&self, receiver: &mut Self::Receiver, seconds: f64) -> Result<bool, OperationError>;
    /// The `close()` of a listener.
    fn close_listener(&self, listener: &mut Self::Listener) -> Result<(), OperationError>;
    /// The `close()` of a connection, first told to the half that sends …
    fn close_sender(&self, sender: &mut Self::Sender) -> Result<(), OperationError>;
    /// … and then to the half that receives.
    fn close_receiver(&self, receiver: &mut Self::Receiver) -> Result<(), OperationError>;
}

/// The two halves of a connection.
pub type Halves<I> = (
    <I as Implementation>::Sender,
    <I as Implementation>::Receiver,
);

/// An error with its kind, for implementations to return.
pub fn failed(kind: ErrorKind, message: impl ToString) -> OperationError {
    OperationError {
        kind,
        message: message.to_string(),
    }
}

/// An implementation's listeners and connections, and the threads that wait for them.
pub struct Adapter<I: Implementation> {
    implementation: Arc<I>,
    replies: Sender<Reply>,
    table: Arc<Mutex<Table<I>>>,
}

struct Table<I: Implementation> {
    next: Handle,
    held: HashMap<Handle, Held<I>>,
}

enum Held<I: Implementation> {
    Listener(Worker<I::Listener>),
    Connection {
        sender: Worker<I::Sender>,
        receiver: Worker<I::Receiver>,
    },
}

impl<I: Implementation> Adapter<I> {
    /// Takes an implementation; what requests lead to will be sent to `replies`.
    pub fn new(implementation: I, replies: Sender<Reply>) -> Self {
        Self {
            implementation: Arc::new(implementation),
            replies,
            table: Arc::new(Mutex::new(Table {
                next: 1,
                held: HashMap::new(),
            })),
        }
    }

    /// Begins what a request asks. Never waits: the reply comes when it is done.
    pub fn submit(&self, request: Request) {
        let reply = ReplyTo {
            id: request.id,
            replies: self.replies.clone(),
        };
        let implementation = Arc::clone(&self.implementation);
        match request.operation {
            Operation::Hello { .. } => {
                reply.with(Ok(Answer::Hello(Box::new(implementation.hello()))));
            }
            Operation::Listen(arguments) => reply.with(self.listen(&arguments)),
            Operation::Connect(arguments) => {
                let table = Arc::clone(&self.table);
                std::thread::spawn(move || {
                    reply.with(implementation.connect(&arguments).map(|halves| {
                        Answer::Connected(Connected {
                            connection: table.lock().connection(halves),
                        })
                    }));
                });
            }
            Operation::Accept { listener } => {
                let table = Arc::clone(&self.table);
                self.with_listener(listener, reply, move |listener, reply| {
                    reply.with(implementation.accept(listener).map(|halves| {
                        Answer::Accepted(Accepted {
                            connection: table.lock().connection(halves),
                            last_accepted: implementation.last_accepted(listener),
                        })
                    }));
                });
            }
            Operation::Send { connection, object } => {
                self.with_sender(connection, reply, move |sender, reply| {
                    reply.with(implementation.send(sender, &object).map(|()| Answer::Done));
                });
            }
            Operation::SendString {
                connection,
                payload,
            } => {
                self.with_sender(connection, reply, move |sender, reply| {
                    reply.with(match payload.bytes() {
                        Some(bytes) => implementation
                            .send_string(sender, &bytes)
                            .map(|()| Answer::Done),
                        None => Err(failed(
                            ErrorKind::Unclassified,
                            "a request cannot hold a digest",
                        )),
                    });
                });
            }
            Operation::Recv {
                connection,
                describe,
            } => {
                self.with_receiver(connection, reply, move |receiver, reply| {
                    reply.with(implementation.recv(receiver).map(|object| {
                        if describe {
                            Answer::Object(object)
                        } else {
                            Answer::Done
                        }
                    }));
                });
            }
            Operation::RecvString { connection } => {
                self.with_receiver(connection, reply, move |receiver, reply| {
                    reply.with(implementation.recv_string(receiver).map(Answer::Payload));
                });
            }
            Operation::Poll {
                connection,
                timeout,
            } => {
                self.with_receiver(connection, reply, move |receiver, reply| {
                    reply.with(implementation.poll(receiver, timeout).map(Answer::Ready));
                });
            }
            Operation::Close { handle } => self.close(handle, reply),
            Operation::Drop { handle } => self.release(handle, reply),
        }
    }

    fn refuse(&self, id: u64, reason: String) {
        let replies = self.replies.clone();
        ReplyTo { id, replies }.with(Err(failed(ErrorKind::Unclassified, reason)));
    }

    fn listen(&self, arguments: &Listen) -> OperationResult {
        let (listener, address) = self.implementation.listen(arguments)?;
        let last_accepted = self.implementation.last_accepted(&listener);
        let listener = self
            .table
            .lock()
            .insert(Held::Listener(Worker::Idle(listener)));
        Ok(Answer::Listening(Listening {
            listener,
            address: Some(address),
            last_accepted,
        }))
    }

    fn close(&self, handle: Handle, reply: ReplyTo) {
        let implementation = Arc::clone(&self.implementation);
        let mut table = self.table.lock();
        match table.held.get_mut(&handle) {
            Some(Held::Listener(worker)) => worker.give(move |listener| {
                reply.with(
                    implementation
                        .close_listener(listener)
                        .map(|()| Answer::Done),
                );
            }),
            Some(Held::Connection { sender, receiver }) => {
                // The first half to close ends the stream, which wakes the other if it is waiting.
                let closed = ReplyWhenLast::done(reply);
                let (also_closed, also) = (Arc::clone(&closed), Arc::clone(&implementation));
                sender.give(move |sender| {
                    closed.lock().note(implementation.close_sender(sender));
                });
                receiver.give(move |receiver| {
                    also_closed.lock().note(also.close_receiver(receiver));
                });
            }
            None => reply.with(Err(no_handle(handle))),
        }
    }

    fn release(&self, handle: Handle, reply: ReplyTo) {
        let Some(held) = self.table.lock().held.remove(&handle) else {
            return reply.with(Err(no_handle(handle)));
        };
        // The reply goes out when the last half is really gone.
        let gone = ReplyWhenLast::done(reply);
        match held {
            Held::Listener(worker) => worker.end(gone),
            Held::Connection { sender, receiver } => {
                sender.end(Arc::clone(&gone));
                receiver.end(gone);
            }
        }
    }

    fn with_listener(
        &self,
        handle: Handle,
        reply: ReplyTo,
        job: impl FnOnce(&mut I::Listener, ReplyTo) + Send + 'static,
    ) {
        match self.table.lock().held.get_mut(&handle) {
            Some(Held::Listener(worker)) => worker.give(move |listener| job(listener, reply)),
            _ => reply.with(Err(no_handle(handle))),
        }
    }

    fn with_sender(
        &self,
        handle: Handle,
        reply: ReplyTo,
        job: impl FnOnce(&mut I::Sender, ReplyTo) + Send + 'static,
    ) {
        match self.table.lock().held.get_mut(&handle) {
            Some(Held::Connection { sender, .. }) => sender.give(move |half| job(half, reply)),
            _ => reply.with(Err(no_handle(handle))),
        }
    }

    fn with_receiver(
        &self,
        handle: Handle,
        reply: ReplyTo,
        job: impl FnOnce(&mut I::Receiver, ReplyTo) + Send + 'static,
    ) {
        match self.table.lock().held.get_mut(&handle) {
            Some(Held::Connection { receiver, .. }) => receiver.give(move |half| job(half, reply)),
            _ => reply.with(Err(no_handle(handle))),
        }
    }
}

impl<I: Implementation> Table<I> {
    fn insert(&mut self, held: Held<I>) -> Handle {
        let handle = self.next;
        self.next += 1;
        self.held.insert(handle, held);
        handle
    }

    fn connection(&mut self, (sender, receiver): Halves<I>) -> Handle {
        self.insert(Held::Connection {
            sender: Worker::Idle(sender),
            receiver: Worker::Idle(receiver),
        })
    }
}

/// An object and, from the first operation that can wait, the thread that owns it.
enum Worker<T> {
    Idle(T),
    Working(Sender<Job<T>>),
    /// Only for a moment, between the two.
    Starting,
}

/// Something to do with an object; it gives the object back unless that is the end of it.
type Job<T> = Box<dyn FnOnce(T) -> Option<T> + Send>;

impl<T: Send + 'static> Worker<T> {
    fn give(&mut self, job: impl FnOnce(&mut T) + Send + 'static) {
        let job: Job<T> = Box::new(move |mut object| {
            job(&mut object);
            Some(object)
        });
        match std::mem::replace(self, Self::Starting) {
            Self::Working(jobs) => {
                // The thread waits for jobs as long as this end of the channel exists.
                let _ = jobs.send(job);
                *self = Self::Working(jobs);
            }
            Self::Idle(object) => {
                let (jobs, waiting) = channel::<Job<T>>();
                let _ = jobs.send(job);
                std::thread::spawn(move || {
                    let mut object = Some(object);
                    while let Some(held) = object {
                        object = waiting.recv().ok().and_then(|job| job(held));
                    }
                });
                *self = Self::Working(jobs);
            }
            Self::Starting => {}
        }
    }

    /// Drops the object, on its thread if it has one, and then lets go of `gone`.
    fn end(self, gone: impl Send + 'static) {
        match self {
            Self::Working(jobs) => {
                let _ = jobs.send(Box::new(move |object| {
                    drop(object);
                    drop(gone);
                    None
                }));
            }
            Self::Idle(object) => {
                drop(object);
                drop(gone);
            }
            Self::Starting => {}
        }
    }
}

/// Where the reply to one request goes.
struct ReplyTo {
    id: u64,
    replies: Sender<Reply>,
}

impl ReplyTo {
    fn with(self, result: OperationResult) {
        // Nobody listens any more when the session is over.
        let _ = self.replies.send(Reply {
            id: self.id,
            result,
        });
    }
}

/// Replies when the last of several jobs has let go of it.
struct ReplyWhenLast {
    reply: Option<ReplyTo>,
    result: OperationResult,
}

impl ReplyWhenLast {
    fn done(reply: ReplyTo) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            reply: Some(reply),
            result: Ok(Answer::Done),
        }))
    }

    fn note(&mut self, result: Result<(), OperationError>) {
        if let (Ok(_), Err(error)) = (&self.result, result) {
            self.result = Err(error);
        }
    }
}

impl Drop for ReplyWhenLast {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply.with(std::mem::replace(&mut self.result, Ok(Answer::Done)));
        }
    }
}

/// Serves an implementation on standard input and output until the input ends.
///
/// Standard output belongs to the protocol: an implementation that prints must be kept from it by its
/// author, since Rust has no safe way to move a descriptor.
pub fn serve(implementation: impl Implementation) -> std::io::Result<()> {
    let (replies, answered) = channel::<Reply>();
    let adapter = Adapter::new(implementation, replies);
    std::thread::spawn(move || {
        let mut stdout = std::io::stdout().lock();
        for reply in answered {
            if stdout
                .write_all(&lines::write_reply(&reply))
                .and_then(|()| stdout.flush())
                .is_err()
            {
                return;
            }
        }
    });
    for line in std::io::stdin().lock().split(b'\n') {
        match lines::read_request(&line?) {
            Ok(request) => adapter.submit(request),
            Err(NotARequest {
                id: Some(id),
                reason,
            }) => adapter.refuse(id, reason),
            Err(not_a_request) => {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    not_a_request,
                ));
            }
        }
    }
    Ok(())
}

fn no_handle(handle: Handle) -> OperationError {
    failed(
        ErrorKind::Unclassified,
        format!("there is no such handle here: {handle}"),
    )
}
