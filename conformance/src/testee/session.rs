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
    /// Puts a request on its way.
    fn send(&mut self, request: Request) -> Result<(), Trouble>;

    /// Waits for the next reply, whichever request it answers; `None` when there is none by `deadline`.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Reply>, Trouble>;

    /// The process that the testee runs in, when it is one of its own.
    fn process_id(&self) -> Option<u32>;
}

/// The reply to one request.
#[derive(Debug)]
pub struct Reply {
    /// The request's id.
    pub id: u64,
    /// What became of it.
    pub result: OperationResult,
}

/// What became of an operation, when the testee lived to tell.
pub type OperationResult<A = Answer> = Result<A, OperationError>;

/// What a testee does instead of answering. It ends the session, and is a verdict on the testee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// The command could not be started, or ended before it said hello.
    #[error("the testee did not start: {reason}")]
    NeverStarted {
        /// What the system says, or the end of standard error.
        reason: String,
    },
    /// The process ended.
    #[error("the testee's process ended: {status}{}", Stderr(stderr))]
    Crashed {
        /// `exit status 1`, `signal 11 (SIGSEGV)`.
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
    /// A line came that is no reply.
    #[error("the testee wrote something that is no reply ({reason}): {line}")]
    Garbage {
        /// What is wrong with it.
        reason: String,
        /// The beginning of the line.
        line: String,
    },
}

/// Standard error as an appendix to a message: nothing when there is none.
struct Stderr<'a>(&'a str);

impl std::fmt::Display for Stderr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.trim().is_empty() {
            return Ok(());
        }
        write!(f, "\nits standard error ends with:\n{}", self.0.trim_end())
    }
}

/// An operation that is under way, and the type `A` of its answer.
#[derive(Debug)]
#[must_use = "an operation that nobody finishes is never judged"]
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
    /// Says hello and hears who it is. `patience` is how long any operation may take.
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
        // Starting an interpreter on a busy machine takes longer than any operation after that.
        let starting = patience.max(Duration::from_secs(20));
        let ticket = session.start(ask::hello())?;
        let answer = session
            .finish_within(&ticket, starting)
            .map_err(|trouble| match trouble {
                Trouble::Crashed { status, stderr } => Trouble::NeverStarted {
                    reason: format!(
                        "its process ended with {status} before it said hello{}",
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
                    "it speaks version {} of the adapter protocol, this suite speaks {PROTOCOL}",
                    hello.protocol
                ),
            }),
            Err(error) => Err(Trouble::NeverStarted {
                reason: format!("it answered `hello` by an error: {}", error.message),
            }),
        }
    }

    /// What the testee claims.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The process that the testee runs in, when it is one of its own.
    pub fn process_id(&self) -> Option<u32> {
        self.link.process_id()
    }

    /// What ended this session, if anything did; it cannot be used any more then.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Whether operations are still under way that nobody waits for.
    pub fn is_littered(&self) -> bool {
        !self.abandoned.is_empty()
    }

    /// Does one operation and waits for it.
    pub fn call<A: AnswerTo>(
        &mut self,
        ask: impl Into<Ask<A>>,
    ) -> Result<OperationResult<A>, Trouble> {
        let ticket = self.start(ask)?;
        self.finish(&ticket)
    }

    /// Begins an operation.
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

    /// Waits for an operation as long as the session's patience lasts.
    pub fn finish<A: AnswerTo>(
        &mut self,
        ticket: &Ticket<A>,
    ) -> Result<OperationResult<A>, Trouble> {
        self.finish_within(ticket, self.patience)
    }

    /// Waits for an operation.
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

    /// Waits for an operation that need not end; `None` when it has not by then.
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

    /// Stops caring for an operation; its answer will be thrown away.
    pub fn abandon<A>(&mut self, ticket: &Ticket<A>) {
        if self.early.remove(&ticket.id).is_none() {
            self.abandoned.push(ticket.id);
        }
    }

    /// Drops a handle, whatever it is, and does not mind if it is gone.
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

/// The answer in the type that was asked for. What a link reads as a reply, it reads by what was asked.
fn typed<A: AnswerTo>(
    ticket: &Ticket<A>,
    result: OperationResult,
) -> Result<OperationResult<A>, Trouble> {
    match result {
        Err(error) => Ok(Err(error)),
        Ok(answer) => match A::from_answer(answer) {
            Some(answer) => Ok(Ok(answer)),
            None => Err(Trouble::Garbage {
                reason: format!("it answers another operation than `{}`", ticket.operation),
                line: String::new(),
            }),
        },
    }
}

impl Hello {
    /// Stands in until the testee has introduced itself.
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
