//! Checks payloads that should be pickles of an object.

use super::CaseResult;
use super::failure::{EvidenceKind, Failure};
use super::outcome::OnWire;
use crate::notation::{Fidelity, Graph, compare};
use crate::pickle::{self, Limits, Reading, Unpickler};
use crate::testee::message::Hello;

/// The limits that the pickles of a sender must observe.
#[derive(Clone, Copy, Debug)]
pub struct Ceiling {
    /// The highest protocol.
    pub protocol: u8,
    /// The unpickler that must be able to load them.
    reader: Unpickler,
}

impl Ceiling {
    /// The ceiling of every release of `processing`.
    pub const OF_THE_RELEASES: Self = Self {
        protocol: 2,
        reader: Unpickler::Python2,
    };

    /// The ceiling of the current versions of Python 3.
    pub const OF_PYTHON_3: Self = Self {
        protocol: 5,
        reader: Unpickler::Python3,
    };

    /// The ceiling of a testee that makes these claims.
    pub fn of(claims: &Hello) -> Self {
        Self {
            protocol: claims.pickle_protocol,
            reader: match claims.python {
                Some(3) => Unpickler::Python3,
                _ => Unpickler::Python2,
            },
        }
    }
}

/// Checks a payload that must be exactly one pickle of this object, which Python 2 can load.
pub fn check_pickle(expected: &Graph, payload: &[u8], fidelity: Fidelity) -> CaseResult {
    check_pickle_below(Ceiling::OF_THE_RELEASES, expected, payload, fidelity)
}

/// Checks a payload that must be exactly one pickle of this object, within this ceiling.
pub fn check_pickle_below(
    ceiling: Ceiling,
    expected: &Graph,
    payload: &[u8],
    fidelity: Fidelity,
) -> CaseResult {
    let evidence = pickle::write(expected, 2).unwrap_or_default();
    let failure = |requirement, happened: OnWire, instead: String| {
        Failure::new(happened, instead)
            .showing(EvidenceKind::Pickle, &evidence, payload)
            .breaks(requirement)
    };
    let a_pickle = || format!("a pickle of {}", expected.python(200));
    let reading = pickle::read(payload, &Limits::default()).map_err(|error| {
        failure("object.pickle", OnWire::NotAPickle, a_pickle()).detail(error.to_string())
    })?;
    let protocol = protocol_of(&reading);
    if protocol > ceiling.protocol {
        return Err(failure(
            "object.protocol-ceiling",
            OnWire::PickleProtocol(protocol),
            format!("a pickle of protocol {} or lower", ceiling.protocol),
        )
        .into());
    }
    if reading.consumed != payload.len() {
        return Err(failure(
            "object.pickle",
            OnWire::BytesAfterPickle,
            "one pickle and nothing else".into(),
        )
        .into());
    }
    if let Err(error) = pickle::loadable(payload, ceiling.reader, &Limits::default()) {
        return Err(failure(
            "object.pickle",
            OnWire::NotLoadedBy(ceiling.reader),
            a_pickle(),
        )
        .detail(error.to_string())
        .into());
    }
    if reading.left_over > 0 {
        return Err(failure(
            "object.pickle",
            OnWire::LeftOnStack,
            "one object and nothing else".into(),
        )
        .detail(format!(
            "STOP leaves {} below the object",
            reading.left_over
        ))
        .into());
    }
    compare(expected, &reading.graph, fidelity).map_err(|difference| {
        failure("object.value", OnWire::AnotherObject, a_pickle())
            .detail(difference.to_string())
            .into()
    })
}

/// The protocol of a pickle. Python 2 rejects a pickle that announces a higher protocol than it supports, whatever
/// opcodes follow.
fn protocol_of(reading: &Reading) -> u8 {
    reading.protocol.max(reading.announced.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::failure::Stop;

    /// What is wrong with a pickle of `[1, 1]`, including the requirement.
    fn trouble(payload: &[u8]) -> String {
        let expected = Graph::list_of([&Graph::int(1), &Graph::int(1)]);
        match check_pickle(&expected, payload, Fidelity::Graph) {
            Ok(()) => "nothing".into(),
            Err(Stop::Failed(failure)) => format!("{}\n{}", failure.outcome, failure.detail),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn python_2_must_be_able_to_load_a_pickle() {
        assert_eq!(trouble(b"\x80\x02]q\x01(K\x01K\x01e."), "nothing");
        for (payload, said) in [
            (&b"K\x01"[..], "ends without STOP"),
            (b"\x80\x04](K\x01K\x01e.", "pickle protocol 4"),
            (b"](K\x01K\x01e..", "bytes after the pickle"),
            (
                b"](I1\np1\nh\x01e.",
                "BINGET of memo slot 1, which is empty",
            ),
            (b"](I1_0\nI1\ne.", "INT with a malformed number"),
            (b"N](K\x01K\x01e.", "leaves 1 below the object"),
            (b"](K\x01\x8a\x01\x01e.", "[1] is long 1, expected int 1"),
        ] {
            let happened = trouble(payload);
            assert!(
                happened.contains(said),
                "{}: {happened}",
                payload.escape_ascii()
            );
        }
    }
}
