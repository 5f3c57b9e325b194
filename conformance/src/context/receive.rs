//! Expectations about what the testee receives, and about operations that must fail.

use super::expectation::{Expectation, Kinds};
use super::failure::{CaseResult, EvidenceKind, Failure, Stop};
use super::outcome::Did;
use super::{Context, End, Who};
use crate::notation::{Graph, compare};
use crate::testee::ask;
use crate::testee::message::{Answer, ErrorKind, Operation, OperationError, OperationName};
use crate::testee::payload::Payload;
use crate::testee::session::{OperationResult, Ticket};

/// The length of the longest string that the suite sends.
const LONGEST_SHOWN: usize = 64 << 20;

impl Context<'_> {
    /// `recv_string` returns exactly these bytes.
    pub fn expect_string(&mut self, end: End, expected: &[u8]) -> CaseResult {
        let ticket = self.start_recv_string(end)?;
        self.finish_string(end, &ticket, expected)
    }

    /// Has the testee start to receive a string.
    pub fn start_recv_string(&mut self, end: End) -> Result<Ticket<Payload>, Stop> {
        self.start(end.who, ask::recv_string(end.handle))
    }

    /// A `recv_string` in progress returns exactly these bytes.
    pub fn finish_string(
        &mut self,
        end: End,
        ticket: &Ticket<Payload>,
        expected: &[u8],
    ) -> CaseResult {
        match self.finish_operation(end.who, ticket)? {
            Ok(payload) => check_payload(&payload, expected),
            Err(error) => Err(Failure::operation(OperationName::RecvString, &error).into()),
        }
    }

    /// A `recv_string` in progress returns exactly these bytes or an error.
    pub fn finish_string_or_error(
        &mut self,
        end: End,
        ticket: &Ticket<Payload>,
        expected: &[u8],
    ) -> Result<Result<(), OperationError>, Stop> {
        match self.finish_operation(end.who, ticket)? {
            Ok(payload) => check_payload(&payload, expected).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// `recv` returns an object that is equal to this one.
    pub fn expect_object(&mut self, end: End, expected: &Graph) -> CaseResult {
        let ticket = self.start_recv(end)?;
        self.finish_object(end, &ticket, expected)
    }

    /// Has the testee start to receive an object.
    pub fn start_recv(&mut self, end: End) -> Result<Ticket<Graph>, Stop> {
        self.start(end.who, ask::recv(end.handle))
    }

    /// A `recv` in progress returns an object that is equal to this one.
    pub fn finish_object(
        &mut self,
        end: End,
        ticket: &Ticket<Graph>,
        expected: &Graph,
    ) -> CaseResult {
        self.can_describe(end.who, expected)?;
        match self.finish_operation(end.who, ticket)? {
            Ok(actual) => self.check_object(end.who, expected, &actual),
            Err(error) => {
                let failure = Failure::operation(OperationName::Recv, &error).detail(format!(
                    "the object was {}; the testee says: {}",
                    expected.python(200),
                    error.message
                ));
                Err(self.with_given(failure, end.who, Some(expected)).into())
            }
        }
    }

    /// Compares the object that `recv` returned with the expected one.
    fn check_object(&self, who: Who, expected: &Graph, actual: &Graph) -> CaseResult {
        let expected = &self.claims_of(who).in_its_types(expected);
        compare(expected, actual, self.fidelity()).map_err(|difference| {
            let failure = Failure::new(
                (OperationName::Recv, Did::WrongObject),
                format!("recv returns {}", expected.python(200)),
            )
            .detail(format!("{difference}\nit returned {}", actual.python(200)));
            self.with_given(failure, who, Some(expected))
                .showing_objects(expected, actual)
                .into()
        })
    }

    /// Has the testee receive a string, which need not succeed.
    pub fn try_recv_string(&mut self, end: End) -> Result<Result<Payload, OperationError>, Stop> {
        self.call(end.who, ask::recv_string(end.handle))
    }

    /// An operation fails. The error should have one of these kinds.
    pub fn expect_error(
        &mut self,
        who: Who,
        operation: Operation,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        let ticket = self.start::<Answer>(who, operation)?;
        self.finish_error(who, &ticket, kinds)
    }

    /// An operation in progress fails.
    pub fn finish_error<A>(
        &mut self,
        who: Who,
        ticket: &Ticket<A>,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        let result = self.finish_operation(who, &ticket.untyped())?;
        self.hold_answer(who, &result);
        let is_object = matches!(result, Ok(Answer::Object(_)));
        self.check_error(ticket.operation(), result, kinds)
            .map_err(|stop| match stop {
                Stop::Failed(failure) if is_object => self.with_given(*failure, who, None).into(),
                other => other,
            })
    }

    /// Receiving a string fails.
    pub fn expect_no_string(&mut self, end: End, kinds: &[ErrorKind]) -> CaseResult {
        self.expect_error(
            end.who,
            Operation::RecvString {
                connection: end.handle,
            },
            kinds,
        )
        .map(drop)
    }

    /// Receiving an object fails.
    pub fn expect_no_object(&mut self, end: End, kinds: &[ErrorKind]) -> CaseResult {
        self.expect_error(end.who, Operation::recv(end.handle), kinds)
            .map(drop)
    }

    pub(super) fn check_error(
        &mut self,
        operation: OperationName,
        result: OperationResult,
        kinds: &[ErrorKind],
    ) -> Result<OperationError, Stop> {
        match result {
            Ok(answer) => {
                let (did, detail) = describe_answer(&answer);
                let kinds = Kinds(kinds.to_vec());
                let failure =
                    Failure::new((operation, did), Expectation::Error { operation, kinds })
                        .detail(detail);
                Err(failure.into())
            }
            Err(error) => {
                self.recommend_kind(operation, &error, kinds);
                Ok(error)
            }
        }
    }

    /// Records a failed recommendation unless an error has one of these kinds.
    pub fn recommend_kind(
        &mut self,
        operation: OperationName,
        error: &OperationError,
        kinds: &[ErrorKind],
    ) {
        if kinds.contains(&error.kind) {
            return;
        }
        self.should(Err(Failure::new(
            (operation, Did::Error(error.kind)),
            Expectation::Kind(Kinds(kinds.to_vec())),
        )
        .detail(format!("the testee says: {}", error.message))
        .breaks("error.kind")));
    }
}

fn check_payload(payload: &Payload, expected: &[u8]) -> CaseResult {
    if payload.describes(expected) {
        return Ok(());
    }
    let did = if payload.length() == expected.len() {
        Did::WrongBytes
    } else {
        Did::WrongLength {
            actual: payload.length(),
            expected: expected.len(),
        }
    };
    let failure = Failure::new(
        (OperationName::RecvString, did),
        format!("recv_string returns {}", Payload::describing(expected)),
    )
    .detail(format!("it returned {payload}"));
    // The length that a testee claims is checked before the bytes are generated.
    let shown = (payload.length() <= LONGEST_SHOWN).then(|| payload.bytes());
    Err(match shown.flatten() {
        Some(actual) => failure.showing(EvidenceKind::String, expected, &actual),
        None => failure,
    }
    .into())
}

/// Describes the result of an operation that should have failed, as an outcome and in detail.
fn describe_answer(answer: &Answer) -> (Did, String) {
    match answer {
        Answer::Payload(payload) => (
            Did::ReturnedBytes(payload.length()),
            format!("it returned {payload}"),
        ),
        Answer::Object(object) => (
            Did::ReturnedObject,
            format!("it returned {}", object.python(200)),
        ),
        Answer::Ready(ready) => (Did::Returned(*ready), String::new()),
        Answer::Listening(listening) => (
            Did::Succeeded,
            listening
                .address
                .as_ref()
                .map_or(String::new(), |address| format!("it listens at {address}")),
        ),
        Answer::Hello(_) | Answer::Accepted(_) | Answer::Connected(_) | Answer::Done => {
            (Did::Succeeded, String::new())
        }
    }
}
