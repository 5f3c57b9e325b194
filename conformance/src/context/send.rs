//! Expectations about what the testee sends, as seen on the wire.

use std::time::Duration;

use super::failure::{CaseResult, EvidenceKind, Failure, Stop};
use super::outcome::OnWire;
use super::pickled::{Ceiling, check_pickle_below};
use super::{Context, End, pattern};
use crate::notation::Graph;
use crate::testee::message::OperationName;
use crate::testee::message::{Answer, Operation};
use crate::testee::payload::{Payload, WRITTEN_OUT};
use crate::testee::session::Ticket;
use crate::wire::{Framing, Wire, WireError};

/// The length of the longest message that the suite has a testee send.
const LONGEST: usize = 64 << 20;

impl Context<'_> {
    /// `send_string` succeeds.
    pub fn send_string(&mut self, end: End, bytes: &[u8]) -> CaseResult {
        let ticket = self.start_send_string(end, bytes)?;
        self.finish_sent(end, &ticket)
    }

    /// Has the testee start to send a string.
    pub fn start_send_string(&mut self, end: End, bytes: &[u8]) -> Result<Ticket, Stop> {
        let operation = Operation::SendString {
            connection: end.handle,
            payload: request_payload(bytes),
        };
        self.start(end.who, operation)
    }

    /// `send` succeeds.
    pub fn send(&mut self, end: End, object: &Graph) -> CaseResult {
        let ticket = self.start_send(end, object)?;
        self.finish_sent(end, &ticket)
    }

    /// Has the testee start to send an object.
    pub fn start_send(&mut self, end: End, object: &Graph) -> Result<Ticket, Stop> {
        let operation = Operation::Send {
            connection: end.handle,
            object: object.clone(),
        };
        self.start(end.who, operation)
    }

    /// A `send` in progress succeeds.
    pub fn finish_sent(&mut self, end: End, ticket: &Ticket) -> CaseResult {
        match self.finish_operation(end.who, ticket)? {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::operation(ticket.operation(), &error).into()),
        }
    }

    /// The wire shows exactly this message.
    pub fn expect_message(&mut self, wire: &mut Wire, payload: &[u8]) -> CaseResult {
        match wire.framing() {
            Some(framing) => self.expect_framed(wire, framing, payload),
            None => expect_whole(wire, payload),
        }
    }

    fn expect_framed(&mut self, wire: &mut Wire, framing: Framing, payload: &[u8]) -> CaseResult {
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
            Ok(_) => unreachable!("a message has a header, so it is not empty"),
        };
        let at = expected
            .iter()
            .zip(&actual)
            .position(|(a, b)| a != b)
            .unwrap_or(actual.len());
        let header = expected.len() - payload.len();
        let (outcome, requirement) = if at < header {
            (OnWire::WrongHeader, framing.requirement())
        } else if actual.len() < expected.len() {
            (OnWire::MessageTooShort, "framing.message")
        } else {
            (OnWire::WrongPayload, "string.raw")
        };
        Err(Failure::new(
            outcome,
            format!("a message of {} bytes, header included", expected.len()),
        )
        .breaks(requirement)
        .detail(format!(
            "{} bytes came; the first difference is at byte {at}",
            actual.len()
        ))
        .showing(EvidenceKind::Stream, &expected, &actual)
        .into())
    }

    /// The wire shows one message, whose payload is a pickle of this object, of a protocol that the dialect
    /// allows.
    pub fn expect_pickle(&mut self, wire: &mut Wire, expected: &Graph) -> CaseResult {
        let payload = wire
            .read_message(LONGEST)
            .map_err(|error| Failure::wire("a message that holds the object", &error))?;
        let expected = self.hello().in_its_types(expected);
        let ceiling = Ceiling::of(self.hello());
        check_pickle_below(ceiling, &expected, &payload, self.fidelity())
    }

    /// A `send` in progress puts a pickle of this object on the wire, and succeeds.
    pub fn expect_pickle_sent(
        &mut self,
        wire: &mut Wire,
        end: End,
        sending: &Ticket,
        object: &Graph,
    ) -> CaseResult {
        // An error of the testee says more than a wire without bytes, so it is checked first. A `send` that waits for
        // its reader has no answer yet.
        let early = self.look(end.who, sending, Duration::ZERO)?;
        if let Some(Err(error)) = &early {
            return Err(Failure::operation(OperationName::Send, error).into());
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
            Err(error) => Err(Failure::operation(OperationName::Send, &error).into()),
        }
    }

    /// Both directions still work: nothing was lost or left over.
    pub fn expect_in_step(&mut self, wire: &mut Wire, end: End) -> CaseResult {
        const INTO: &[u8] = b"still in step, inwards";
        const OUT: &[u8] = b"still in step, outwards";
        self.write_message(wire, INTO)?;
        self.expect_string(end, INTO)?;
        self.send_string(end, OUT)?;
        self.expect_message(wire, OUT)
    }

    /// The stream ends without further bytes.
    pub fn expect_end(&mut self, wire: &mut Wire, requirement: &'static str) -> CaseResult {
        match wire.read_end() {
            Ok(()) => Ok(()),
            Err(WireError::Ended { got, .. }) => Err(Failure::new(
                OnWire::BytesBeforeEnd,
                "the end of the stream",
            )
            .showing(EvidenceKind::of(wire), &[], &got)
            .breaks(requirement)
            .into()),
            Err(WireError::Quiet { after, .. }) => {
                Err(Failure::new(OnWire::NoEndOfStream, "the end of the stream")
                    .detail(format!(
                        "the connection was still open after {} s",
                        after.as_secs_f32()
                    ))
                    .breaks(requirement)
                    .into())
            }
            Err(error) => Err(Failure::wire("the end of the stream", &error).into()),
        }
    }

    /// Writes a message. It is a failure if the testee is gone.
    pub fn write_message(&mut self, wire: &mut Wire, payload: &[u8]) -> CaseResult {
        self.write_messages(wire, &[payload])
    }

    /// Writes messages, one directly after the other.
    pub fn write_messages<P: AsRef<[u8]>>(
        &mut self,
        wire: &mut Wire,
        payloads: &[P],
    ) -> CaseResult {
        wire.write_messages(payloads)
            .map_err(|error| Failure::wire("the connection is open", &error).into())
    }

    /// Ends the suite's sending direction, or closes a pipe.
    pub fn end(&mut self, wire: &mut Wire) -> CaseResult {
        wire.end()
            .map_err(|error| Failure::wire("the connection is open", &error).into())
    }

    /// Writes to a stream. It is a failure if the testee is gone.
    pub fn write(&mut self, wire: &mut Wire, bytes: &[u8]) -> CaseResult {
        wire.write(bytes)
            .map_err(|error| Failure::wire("the connection is open", &error).into())
    }
}

/// The pipe carries exactly this message.
fn expect_whole(wire: &mut Wire, payload: &[u8]) -> CaseResult {
    let actual = wire
        .read_message(LONGEST)
        .map_err(|error| Failure::wire("the message on the pipe", &error))?;
    if actual == payload {
        return Ok(());
    }
    let outcome = if actual.len() > payload.len() && actual.ends_with(payload) {
        OnWire::BytesBeforePayload
    } else if actual.len() < payload.len() && payload.starts_with(&actual) {
        OnWire::MessageTooShort
    } else {
        OnWire::WrongPayload
    };
    Err(
        Failure::new(outcome, format!("a message of {} bytes", payload.len()))
            .breaks("pipe.boundary")
            .detail(format!("a message of {} bytes came", actual.len()))
            .showing(EvidenceKind::String, payload, &actual)
            .into(),
    )
}

/// The payload of a string in a request: written out if it is short, else as a pattern.
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
