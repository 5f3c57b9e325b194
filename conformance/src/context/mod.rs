//! The context of a case: the testee, the wire, and methods to state what the case expects.
//!
//! Every method whose name begins with `expect` fails the case if the testee does something else.

pub mod bare;
pub(crate) mod connect;
pub mod expectation;
pub mod failure;
mod given;
pub mod handshake;
pub mod id;
pub mod outcome;
pub mod pattern;
mod pickled;
mod receive;
pub mod scratch;
mod send;
pub mod setting;
mod types;

use std::path::PathBuf;
use std::time::Duration;

use crate::notation::Fidelity;
use crate::requirements::Level;
use crate::testee::ask::{AnswerTo, Ask, Joined};
use crate::testee::message::{Answer, Handle, Hello, Operation, OperationName, Profile};
use crate::testee::session::{OperationResult, Session, Ticket, Trouble};
use crate::wire::handshake::Scheme;
use crate::wire::{Dialect, Relay, Transcript};
use failure::{CaseResult, Failure, Stop};
use outcome::Outcome;
use scratch::Scratch;
pub use setting::Setting;

pub use pickled::{Ceiling, check_pickle, check_pickle_below};

/// The context of one execution of a case.
pub struct Context<'s> {
    /// The setting of the execution.
    pub setting: &'s Setting,
    /// The transcript of everything that went over the wire.
    pub transcript: Transcript,
    testee: Option<&'s mut Session>,
    counterpart: Option<&'s mut Session>,
    scratch: &'s Scratch,
    held: Vec<(Who, Handle)>,
    broken_shoulds: Vec<Failure>,
}

/// One of the two testees of a pair. A wire case has only the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The implementation under test.
    Testee,
    /// The implementation to which it is connected.
    Counterpart,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The testee to which it belongs.
    pub who: Who,
    /// Its handle there.
    pub handle: Handle,
}

/// Two testees that are connected through the suite's recorder.
pub struct Pair {
    /// The testee's end.
    pub testee: End,
    /// The counterpart's end.
    pub counterpart: End,
    _relay: Relay,
}

/// Two testees that are connecting to each other.
pub struct Pairing {
    /// The testee's `accept` or `connect`.
    pub testee: Ticket<Joined>,
    /// The counterpart's `accept` or `connect`.
    pub counterpart: Ticket<Joined>,
    relay: Relay,
}

/// The keys of a pair, in hexadecimal.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The testee's key.
    pub testee: Option<String>,
    /// The counterpart's key.
    pub counterpart: Option<String>,
}

impl<'s> Context<'s> {
    /// Creates the context of one execution.
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

    /// Releases everything that the case has opened, and returns the recommendations that were not met.
    pub fn finish(mut self) -> Vec<Failure> {
        for (who, handle) in std::mem::take(&mut self.held) {
            let session = self.session(who);
            if session.trouble().is_none() {
                // An error is kept in the session, which is then replaced.
                let _ = session.release(handle);
            }
        }
        self.broken_shoulds
    }

    /// What the testee claims.
    pub fn hello(&self) -> &Hello {
        self.testee
            .as_ref()
            .expect("only cases for testees with an adapter call this")
            .hello()
    }

    /// What the counterpart of a pair claims.
    pub fn counterpart_hello(&self) -> &Hello {
        self.counterpart
            .as_ref()
            .expect("only pair cases have a counterpart")
            .hello()
    }

    /// The dialect that the counterpart of a pair prefers.
    pub fn counterpart_dialect(&self) -> Dialect {
        let preferred = self.counterpart_hello().known_dialects().next();
        preferred.unwrap_or(self.setting.dialect)
    }

    /// The scheme of the dialect's handshake. If the dialect has none, this is the first scheme that existed, for
    /// messages that could be mistaken for a handshake.
    pub fn scheme(&self) -> Scheme {
        self.setting.dialect.handshake.unwrap_or(Scheme::Processing)
    }

    /// How much of an object both ends preserve.
    pub fn profile(&self) -> Profile {
        let testee = self.hello().profile;
        self.counterpart.as_ref().map_or(testee, |counterpart| {
            testee.min(counterpart.hello().profile)
        })
    }

    /// How objects are compared in this profile.
    pub fn fidelity(&self) -> Fidelity {
        match self.profile() {
            Profile::Graph => Fidelity::Graph,
            Profile::Bytes | Profile::Serde => Fidelity::Values,
        }
    }

    /// The header that announces `length` bytes on a stream.
    ///
    /// # Panics
    ///
    /// Panics if no header of the framing can announce this length, which is a fault of the case.
    pub fn header(&self, length: u64) -> Vec<u8> {
        let header = self.setting.dialect.framing.header(length);
        header.expect("cases announce lengths that every framing can announce")
    }

    /// A message with its header, as on a stream.
    pub fn message(&self, payload: &[u8]) -> Vec<u8> {
        self.setting.dialect.framing.message(payload)
    }

    /// A path at which no file exists, short enough for every system.
    pub fn fresh_path(&self) -> PathBuf {
        self.scratch.path()
    }

    /// A name for a pipe that is not in use and cannot be guessed.
    pub fn fresh_pipe_name(&self) -> String {
        self.scratch.pipe_name()
    }

    /// The resident memory of the testee's process in bytes, if the system reports it.
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

    /// Records a recommendation that was not met, without ending the case.
    pub fn should(&mut self, result: Result<(), Failure>) {
        if let Err(mut failure) = result {
            failure.level = Some(Level::Should);
            self.broken_shoulds.push(failure);
        }
    }

    /// Closes a listener or a connection.
    pub fn close(&mut self, who: Who, handle: Handle) -> CaseResult {
        match self.call::<Answer>(who, Operation::Close { handle })? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation(OperationName::Close, &error).into()),
        }
    }

    /// Drops a listener or a connection without closing it.
    pub fn release(&mut self, who: Who, handle: Handle) -> CaseResult {
        self.held.retain(|held| *held != (who, handle));
        match self.call::<Answer>(who, Operation::Drop { handle })? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation(OperationName::Drop, &error).into()),
        }
    }

    /// Starts an operation and waits for its result.
    pub fn call<A: AnswerTo>(
        &mut self,
        who: Who,
        ask: impl Into<Ask<A>>,
    ) -> Result<OperationResult<A>, Stop> {
        let ticket = self.start(who, ask)?;
        self.finish_operation(who, &ticket)
    }

    /// Starts an operation.
    pub fn start<A>(&mut self, who: Who, ask: impl Into<Ask<A>>) -> Result<Ticket<A>, Stop> {
        let ask = ask
            .into()
            .try_map(|operation| self.in_types_of(who, operation))?;
        self.noting(who, |session| session.start(ask))
    }

    /// Waits until an operation has succeeded or failed.
    pub fn finish_operation<A: AnswerTo>(
        &mut self,
        who: Who,
        ticket: &Ticket<A>,
    ) -> Result<OperationResult<A>, Stop> {
        self.noting(who, |session| session.finish(ticket))
    }

    /// Waits at most this long for an operation to end.
    pub fn look<A: AnswerTo>(
        &mut self,
        who: Who,
        ticket: &Ticket<A>,
        patience: Duration,
    ) -> Result<Option<OperationResult<A>>, Stop> {
        self.noting(who, |session| session.look(ticket, patience))
    }

    /// Abandons an operation that will not end.
    pub fn abandon<A>(&mut self, who: Who, ticket: &Ticket<A>) {
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
                Outcome::Counterpart(Box::new(Outcome::from(&trouble))),
                "the counterpart, which is not under test, works",
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
                .expect("only cases for testees with an adapter call a testee"),
            Who::Counterpart => self
                .counterpart
                .as_deref_mut()
                .expect("only pair cases have a counterpart"),
        }
    }
}
