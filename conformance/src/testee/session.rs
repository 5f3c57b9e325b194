//! A conversation with one testee: operations go out, answers come back in any order.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::ask::{self, AnswerTo, Ask};
use super::message::{
    Answer, Handle, Hello, Operation, OperationError, OperationName, PROTOCOL, Request,
};

/// How requests reach a testee and replies come back.
pub trait Link: Send {
    /// Sends a request.
    fn send(&mut self, request: Request) -> Result<(), Trouble>;

    /// Waits for the next reply, to whichever request. Returns `None` if none has come by `deadline`.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Reply>, Trouble>;

    /// The id of the testee's process, unless it runs in this one.
    fn process_id(&self) -> Option<u32>;
}

/// The reply to one request.
#[derive(Debug)]
pub struct Reply {
    /// The request's id.
    pub id: u64,
    /// The result of the operation.
    pub result: OperationResult,
}

/// The result of an operation, as reported by the testee.
pub type OperationResult<A = Answer> = Result<A, OperationError>;

/// Why a testee did not answer. This ends the session, and is a verdict on the testee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// The command could not be started, or ended before it answered `hello`.
    #[error("the testee did not start: {reason}")]
    NeverStarted {
        /// The error of the system, or the end of standard error.
        reason: String,
    },
    /// The process ended.
    #[error("the testee's process ended: {status}{}", Stderr(stderr))]
    Crashed {
        /// For example `exit status 1` or `signal 11 (SIGSEGV)`.
        status: String,
        /// The end of its standard error.
        stderr: String,
    },
    /// No answer came within the deadline.
    #[error("no answer to `{operation}` within {} s{}", after.as_secs_f32(), Stderr(stderr))]
    Hung {
        /// The operation that was not answered.
        operation: OperationName,
        /// How long the suite waited.
        after: Duration,
        /// The end of its standard error.
        stderr: String,
    },
    /// The testee wrote a line that is not a reply.
    #[error("the testee wrote a line that is not a reply ({reason}): {line}")]
    Garbage {
        /// Why it is not a reply.
        reason: String,
        /// The beginning of the line.
        line: String,
    },
}

/// Appends standard error to a message, unless it is empty.
struct Stderr<'a>(&'a str);

impl std::fmt::Display for Stderr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.trim().is_empty() {
            return Ok(());
        }
        write!(f, "\nits standard error ends with:\n{}", self.0.trim_end())
    }
}

/// An operation in progress, and the type `A` of its answer.
#[derive(Debug)]
#[must_use = "an operation that is never finished is never checked"]
pub struct Ticket<A = Answer> {
    id: u64,
    operation: OperationName,
    answer: PhantomData<fn() -> A>,
}

impl<A> Ticket<A> {
    /// The name of the operation.
    pub fn operation(&self) -> OperationName {
        self.operation
    }

    /// The same operation, whose answer may be of any kind.
    pub fn untyped(&self) -> Ticket {
        Ticket {
            id: self.id,
            operation: self.operation,
            answer: PhantomData,
        }
    }
}

/// A conversation with one testee.
pub struct Session {
    link: Box<dyn Link>,
    hello: Hello,
    patience: Duration,
    next_id: u64,
    early: HashMap<u64, OperationResult>,
    abandoned: Vec<u64>,
    trouble: Option<Trouble>,
}

impl Session {
    /// Opens a session with `hello`. `patience` is how long any operation may take.
    pub fn open(link: Box<dyn Link>, patience: Duration) -> Result<Self, Trouble> {
        let mut session = Self {
            link,
            hello: Hello::unknown(),
            patience,
            next_id: 0,
            early: HashMap::new(),
            abandoned: Vec::new(),
            trouble: None,
        };
        // On a busy machine, starting an interpreter takes longer than any later operation.
        let starting = patience.max(Duration::from_secs(20));
        let ticket = session.start(ask::hello())?;
        let answer = session
            .finish_within(&ticket, starting)
            .map_err(|trouble| match trouble {
                Trouble::Crashed { status, stderr } => Trouble::NeverStarted {
                    reason: format!(
                        "its process ended with {status} before it answered `hello`{}",
                        Stderr(&stderr)
                    ),
                },
                Trouble::Hung { after, stderr, .. } => Trouble::NeverStarted {
                    reason: format!(
                        "it did not answer `hello` within {} s{}",
                        after.as_secs(),
                        Stderr(&stderr)
                    ),
                },
                other => other,
            })?;
        match answer {
            Ok(hello) if hello.protocol == PROTOCOL && !hello.dialects.is_empty() => {
                session.hello = hello;
                Ok(session)
            }
            Ok(hello) if hello.protocol == PROTOCOL => Err(Trouble::NeverStarted {
                reason: "its `hello` names no dialect".into(),
            }),
            Ok(hello) => Err(Trouble::NeverStarted {
                reason: format!(
                    "it speaks version {} of the adapter protocol, but this suite speaks version {PROTOCOL}",
                    hello.protocol
                ),
            }),
            Err(error) => Err(Trouble::NeverStarted {
                reason: format!("it answered `hello` with an error: {}", error.message),
            }),
        }
    }

    /// What the testee claims.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The id of the testee's process, unless it runs in this one.
    pub fn process_id(&self) -> Option<u32> {
        self.link.process_id()
    }

    /// The trouble that ended this session, if it has ended. An ended session can no longer be used.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Whether abandoned operations are still in progress.
    pub fn is_littered(&self) -> bool {
        !self.abandoned.is_empty()
    }

    /// Starts an operation and waits for its result.
    pub fn call<A: AnswerTo>(
        &mut self,
        ask: impl Into<Ask<A>>,
    ) -> Result<OperationResult<A>, Trouble> {
        let ticket = self.start(ask)?;
        self.finish(&ticket)
    }

    /// Starts an operation.
    pub fn start<A>(&mut self, ask: impl Into<Ask<A>>) -> Result<Ticket<A>, Trouble> {
        self.check()?;
        let Ask { operation, .. } = ask.into();
        self.next_id += 1;
        let ticket = Ticket {
            id: self.next_id,
            operation: operation.name(),
            answer: PhantomData,
        };
        let sent = self.link.send(Request {
            id: ticket.id,
            operation,
        });
        self.noting(sent)?;
        Ok(ticket)
    }

    /// Waits for the result of an operation, at most for the session's patience.
    pub fn finish<A: AnswerTo>(
        &mut self,
        ticket: &Ticket<A>,
    ) -> Result<OperationResult<A>, Trouble> {
        self.finish_within(ticket, self.patience)
    }

    /// Waits for the result of an operation, at most for this long.
    pub fn finish_within<A: AnswerTo>(
        &mut self,
        ticket: &Ticket<A>,
        patience: Duration,
    ) -> Result<OperationResult<A>, Trouble> {
        if let Some(result) = self.look(ticket, patience)? {
            return Ok(result);
        }
        let hung = Trouble::Hung {
            operation: ticket.operation,
            after: patience,
            stderr: String::new(),
        };
        self.trouble = Some(hung.clone());
        Err(hung)
    }

    /// Waits for an operation that need not end. Returns `None` if it has not ended by the deadline.
    pub fn look<A: AnswerTo>(
        &mut self,
        ticket: &Ticket<A>,
        patience: Duration,
    ) -> Result<Option<OperationResult<A>>, Trouble> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(result) = self.early.remove(&ticket.id) {
                let typed = typed(ticket, result);
                return self.noting(typed).map(Some);
            }
            self.check()?;
            let received = self.link.receive(deadline);
            let Some(reply) = self.noting(received)? else {
                return Ok(None);
            };
            if let Some(at) = self.abandoned.iter().position(|id| *id == reply.id) {
                self.abandoned.swap_remove(at);
            } else {
                self.early.insert(reply.id, reply.result);
            }
        }
    }

    /// Abandons an operation. Its answer will be discarded.
    pub fn abandon<A>(&mut self, ticket: &Ticket<A>) {
        if self.early.remove(&ticket.id).is_none() {
            self.abandoned.push(ticket.id);
        }
    }

    /// Drops a listener or a connection, and ignores an error if it no longer exists.
    pub fn release(&mut self, handle: Handle) -> Result<(), Trouble> {
        self.call::<Answer>(Operation::Drop { handle }).map(drop)
    }

    fn check(&self) -> Result<(), Trouble> {
        self.trouble.clone().map_or(Ok(()), Err)
    }

    fn noting<T>(&mut self, result: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(trouble) = &result {
            self.trouble = Some(trouble.clone());
        }
        result
    }
}

/// Converts an answer to the type that was asked for. A link has already parsed it according to the request.
fn typed<A: AnswerTo>(
    ticket: &Ticket<A>,
    result: OperationResult,
) -> Result<OperationResult<A>, Trouble> {
    match result {
        Err(error) => Ok(Err(error)),
        Ok(answer) => match A::from_answer(answer) {
            Some(answer) => Ok(Ok(answer)),
            None => Err(Trouble::Garbage {
                reason: format!(
                    "it is the answer to an operation other than `{}`",
                    ticket.operation
                ),
                line: String::new(),
            }),
        },
    }
}

impl Hello {
    /// A placeholder until the testee has introduced itself.
    fn unknown() -> Self {
        Self {
            protocol: 0,
            name: String::new(),
            version: String::new(),
            runtime: String::new(),
            families: Vec::new(),
            dialects: Vec::new(),
            pickle_protocol: 0,
            profile: super::message::Profile::Bytes,
            operations: Vec::new(),
            python: None,
            int_bits: None,
        }
    }
}
