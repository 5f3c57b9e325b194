//! An object that was sent.

use processing_connection::{Error, Limits, Value, object};

use super::payload_of;
use crate::context::failure::{CaseResult, EvidenceKind, Failure, Stop};
use crate::context::setting::Spoken;
use crate::context::{Ceiling, check_pickle, check_pickle_below};
use crate::notation::{Fidelity, Graph, compare};
use crate::pickle::{self, Argument, Instruction, Opcode};
use crate::vectors::{AtSerde, ReadsAs, SentObject};

/// The payload is one pickle of the object; the reference reads it as its profile has it, and pickles such an object
/// itself.
pub(super) fn check(sent: &SentObject, dialect: Spoken, ceiling: Ceiling) -> Result<(), Failure> {
    let message = sent.bytes.expand();
    let payload = payload_of(&message, dialect.framing())?;
    failure_of(check_pickle_below(
        ceiling,
        &sent.object,
        payload,
        Fidelity::Graph,
    ))?;
    check_tidy(payload)?;
    let reads_as = ReadsAs::of(&sent.object);
    if sent.reads_as != reads_as {
        let outcome = format!("it is said to read as {:?}", sent.reads_as);
        return Err(Failure::recording(
            outcome,
            format!("{reads_as:?}, as the object has it"),
        ));
    }
    check_reference(sent, payload)
}

/// A pickle keeps to the discipline of pickles, and is written in one way: its numbers are no octal ones, which
/// unpicklers would take `0777` for where `pickletools` sees a decimal one, and nothing in it is doubled by `DUP`,
/// which no pickler writes, and which a set would not show.
fn check_tidy(payload: &[u8]) -> Result<(), Failure> {
    let untidy = |actual, expected| {
        Err(Failure::recording(actual, expected)
            .breaks("object.pickle")
            .showing(EvidenceKind::Pickle, &[], payload))
    };
    if let Err(error) = pickle::well_formed(payload) {
        return untidy(error.to_string(), "a well-formed pickle");
    }
    for instruction in pickle::disassemble(payload).flatten() {
        if is_octal(instruction) {
            return untidy("a number that begins with 0".to_owned(), "a decimal number");
        }
        if instruction.opcode == Opcode::Dup {
            return untidy("an object that DUP doubled".to_owned(), "none");
        }
    }
    Ok(())
}

fn is_octal(instruction: Instruction<'_>) -> bool {
    match (instruction.opcode, instruction.argument) {
        (Opcode::Int, Argument::Decimal(b"00" | b"01")) => false,
        (_, Argument::Decimal(digits)) => {
            let digits = digits.strip_prefix(b"-").unwrap_or(digits);
            digits.len() > 1 && digits.starts_with(b"0")
        }
        _ => false,
    }
}

fn check_reference(sent: &SentObject, payload: &[u8]) -> Result<(), Failure> {
    let read = object::loads(payload, &Limits::default());
    match (sent.reads_as.serde, read) {
        (AtSerde::Object, Ok(value)) => {
            let actual = Graph::from(&value);
            compare(&sent.object, &actual, Fidelity::Values).map_err(|difference| {
                Failure::recording(
                    "the reference reads another object",
                    sent.object.python(200),
                )
                .detail(difference.to_string())
                .given(payload)
                .showing_objects(&sent.object, &actual)
            })?;
            check_writing(sent)
        }
        (AtSerde::NeedsClass, Err(Error::NeedsClass { .. }))
        | (AtSerde::Undecodable, Err(Error::Unrepresentable { .. } | Error::NotAPickle { .. })) => {
            Ok(())
        }
        (expected, Ok(value)) => Err(Failure::recording(
            "the reference reads a value",
            format!("an error: {expected:?}"),
        )
        .detail(Graph::from(&value).to_string())
        .given(payload)),
        (expected, Err(error)) => Err(Failure::recording(
            format!("the reference says: {error}"),
            format!("{expected:?}"),
        )
        .given(payload)),
    }
}

/// What the reference sends of such an object means the same.
fn check_writing(sent: &SentObject) -> Result<(), Failure> {
    let refused = |reason: String| {
        Failure::recording("the reference cannot send it", "a pickle").detail(reason)
    };
    let value = Value::try_from(&sent.object).map_err(|error| refused(error.to_string()))?;
    let pickle = object::dumps_value(&value).map_err(|error| refused(error.to_string()))?;
    failure_of(check_pickle(&sent.object, &pickle, Fidelity::Values))
}

fn failure_of(outcome: CaseResult) -> Result<(), Failure> {
    outcome.map_err(|stop| match stop {
        Stop::Failed(failure) => *failure,
        Stop::NotApplicable(reason) | Stop::NotRun(reason) => {
            Failure::recording(reason, "a verdict")
        }
    })
}
