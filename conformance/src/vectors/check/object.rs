//! Checks a recorded object.

use processing_connection::{Error, Limits, Value, object};

use super::payload_of;
use crate::context::failure::{CaseResult, EvidenceKind, Failure, Stop};
use crate::context::setting::Spoken;
use crate::context::{Ceiling, check_pickle, check_pickle_below};
use crate::notation::{Fidelity, Graph, compare};
use crate::pickle::{self, Argument, Instruction, Opcode};
use crate::vectors::{ExpectedReading, ReadsAs, SentObject};

/// Checks that the payload is one pickle of the object, that the reference reads it according to its profile, and that
/// the pickle that the reference itself writes represents the same object.
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
        let outcome = format!(
            "it should be read as {:?}, according to the file",
            sent.reads_as
        );
        return Err(Failure::recording(
            outcome,
            format!("{reads_as:?}, according to the object"),
        ));
    }
    check_reference(sent, payload)
}

/// Checks that a pickle is well-formed and unambiguous. It must not contain numbers such as `0777`, which unpicklers
/// read as octal and `pickletools` reads as decimal. It must not contain `DUP` either: no pickler writes it, and
/// duplicates in a set would not be noticed.
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
            return untidy("an object that DUP has duplicated".to_owned(), "no DUP");
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
        (ExpectedReading::Object, Ok(value)) => {
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
        (ExpectedReading::NeedsClass, Err(Error::NeedsClass { .. }))
        | (
            ExpectedReading::Undecodable,
            Err(Error::Unrepresentable { .. } | Error::NotAPickle { .. }),
        ) => Ok(()),
        (expected, Ok(value)) => Err(Failure::recording(
            "the reference reads a value",
            format!("an error of kind {expected:?}"),
        )
        .detail(Graph::from(&value).to_string())
        .given(payload)),
        (expected, Err(error)) => Err(Failure::recording(
            format!("error of the reference: {error}"),
            format!("{expected:?}"),
        )
        .given(payload)),
    }
}

/// Checks that the pickle that the reference writes represents the same object.
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
