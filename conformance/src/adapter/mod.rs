//! The testee's end of the adapter protocol, which turns an implementation written in Rust into a testee.
//!
//! [`Adapter`] owns the listeners and connections of an implementation, and executes requests. Each object has a thread
//! for the operations that may wait, so that no object blocks another. An adapter can be used in this process, or over
//! standard input and output ([`serve`]).

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

/// An implementation of the connection protocol that the suite can drive.
///
/// A connection consists of two halves, because an end may send while it is receiving.
pub trait Implementation: Send + Sync + 'static {
    /// A listener.
    type Listener: Send + 'static;
    /// The half of a connection that sends.
    type Sender: Send + 'static;
    /// The half of a connection that receives.
    type Receiver: Send + 'static;

    /// The name, the version and the capabilities of the implementation.
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
    /// `poll(timeout)`, if the implementation has it.
    fn poll(&self, receiver: &mut Self::Receiver, seconds: f64) -> Result<bool, OperationError>;
    /// The `close()` of a listener.
    fn close_listener(&self, listener: &mut Self::Listener) -> Result<(), OperationError>;
    /// The `close()` of a connection, for the half that sends. This half is closed first.
    fn close_sender(&self, sender: &mut Self::Sender) -> Result<(), OperationError>;
    /// The `close()` of a connection, for the half that receives.
    fn close_receiver(&self, receiver: &mut Self::Receiver) -> Result<(), OperationError>;
}

/// The two halves of a connection.
pub type Halves<I> = (
    <I as Implementation>::Sender,
    <I as Implementation>::Receiver,
);

/// Creates an error that an implementation can return.
pub fn failed(kind: ErrorKind, message: impl ToString) -> OperationError {
    OperationError {
        kind,
        message: message.to_string(),
    }
}

/// The listeners and connections of an implementation, and the threads that wait for them.
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
    /// Creates an adapter for an implementation, which sends its replies to `replies`.
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

    /// Starts the operation of a request without waiting for it. The reply is sent when it is done.
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
                            "a request cannot contain a digest",
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
                // Closing the first half ends the stream, which wakes the other half if it is waiting.
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
        // The reply is sent when both halves have been dropped.
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

/// An object or, once an operation that may wait was started, the thread that owns the object.
enum Worker<T> {
    Idle(T),
    Working(Sender<Job<T>>),
    /// The state while the thread is being started.
    Starting,
}

/// An operation on an object. It returns the object, unless it has dropped it.
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

    /// Drops the object, in its thread if it has one, and then drops `gone`.
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

/// The destination of the reply to one request.
struct ReplyTo {
    id: u64,
    replies: Sender<Reply>,
}

impl ReplyTo {
    fn with(self, result: OperationResult) {
        // No one receives replies after the session has ended.
        let _ = self.replies.send(Reply {
            id: self.id,
            result,
        });
    }
}

/// Sends the reply when the last of several jobs has dropped it.
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
/// Standard output is used for the protocol, so an implementation must not print to it. Rust has no safe way to
/// redirect a file descriptor.
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
    failed(ErrorKind::Unclassified, format!("unknown handle: {handle}"))
}
