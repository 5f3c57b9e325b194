//! Operations with the type of their answer: `listen` returns a listener, `recv` returns an object.

use std::marker::PhantomData;

use super::message::{
    Answer, Connect, Handle, Hello, Listen, Listening, Operation, PROTOCOL, RawAddress,
};
use super::payload::Payload;
use crate::notation::Graph;

/// An operation, and the type `A` of its answer.
#[derive(Clone, Debug)]
pub struct Ask<A> {
    pub(super) operation: Operation,
    answer: PhantomData<fn() -> A>,
}

impl<A> Ask<A> {
    const fn new(operation: Operation) -> Self {
        Self {
            operation,
            answer: PhantomData,
        }
    }

    /// Replaces the operation by another one whose answer has the same type.
    pub(crate) fn try_map<E>(
        self,
        change: impl FnOnce(Operation) -> Result<Operation, E>,
    ) -> Result<Self, E> {
        change(self.operation).map(Self::new)
    }
}

/// Asks for an operation whose answer may be of any kind.
impl From<Operation> for Ask<Answer> {
    fn from(operation: Operation) -> Self {
        Self::new(operation)
    }
}

/// The answer to an operation of one kind.
pub trait AnswerTo: Sized {
    /// Extracts the answer, or returns `None` if it answers an operation of another kind.
    fn from_answer(answer: Answer) -> Option<Self>;
}

/// The answer to `accept` and to `connect`: a connection.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The handle of the connection.
    pub connection: Handle,
    /// The listener's `last_accepted` right after `accept`.
    pub last_accepted: Option<RawAddress>,
}

impl AnswerTo for Joined {
    fn from_answer(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Accepted(accepted) => Some(Self {
                connection: accepted.connection,
                last_accepted: accepted.last_accepted,
            }),
            Answer::Connected(connected) => Some(Self {
                connection: connected.connection,
                last_accepted: None,
            }),
            _ => None,
        }
    }
}

macro_rules! answers {
    ($($answer:ty: $pattern:pat => $value:expr;)*) => {
        $(
            impl AnswerTo for $answer {
                fn from_answer(answer: Answer) -> Option<Self> {
                    match answer {
                        $pattern => Some($value),
                        _ => None,
                    }
                }
            }
        )*
    };
}

answers! {
    Hello: Answer::Hello(hello) => *hello;
    Listening: Answer::Listening(listening) => listening;
    Graph: Answer::Object(object) => object;
    Payload: Answer::Payload(payload) => payload;
    bool: Answer::Ready(ready) => ready;
}

impl AnswerTo for Answer {
    fn from_answer(answer: Answer) -> Option<Self> {
        Some(answer)
    }
}

/// Asks a testee to introduce itself.
pub fn hello() -> Ask<Hello> {
    Ask::new(Operation::Hello { protocol: PROTOCOL })
}

/// Creates a listener.
pub fn listen(arguments: Listen) -> Ask<Listening> {
    Ask::new(Operation::Listen(arguments))
}

/// Waits for a client.
pub fn accept(listener: Handle) -> Ask<Joined> {
    Ask::new(Operation::Accept { listener })
}

/// Connects to a listener.
pub fn connect(arguments: Connect) -> Ask<Joined> {
    Ask::new(Operation::Connect(arguments))
}

/// Receives an object and describes it.
pub fn recv(connection: Handle) -> Ask<Graph> {
    Ask::new(Operation::recv(connection))
}

/// Receives a string.
pub fn recv_string(connection: Handle) -> Ask<Payload> {
    Ask::new(Operation::RecvString { connection })
}

/// Asks whether something can be received within `timeout` seconds.
pub fn poll(connection: Handle, timeout: f64) -> Ask<bool> {
    Ask::new(Operation::Poll {
        connection,
        timeout,
    })
}
