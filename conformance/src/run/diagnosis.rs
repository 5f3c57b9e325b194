//! The likely cause of a failure, as far as its evidence shows it.

use crate::context::expectation::{Expectation, HandshakeMessage};
use crate::context::failure::{Cause, Evidence, EvidenceKind, Failure};
use crate::context::outcome::{Did, Found, OnWire, Outcome};
use crate::notation::{Fidelity, Graph, Node, compare};
use crate::pickle;
use crate::testee::message::{ErrorKind, OperationName};
use crate::wire::frame::frames;
use crate::wire::{Framing, Header};

/// Returns what probably went wrong, if the signature is known. The framing is `None` over a pipe.
pub fn likely_cause(failure: &Failure, framing: Option<Framing>) -> Option<String> {
    if let Some(cause) = failure.cause {
        return Some(in_case(cause).into());
    }
    let in_bytes = failure
        .evidence
        .as_ref()
        .and_then(|evidence| match evidence.kind {
            EvidenceKind::Stream => in_stream(evidence, framing?),
            EvidenceKind::String => in_string(evidence, framing),
            // The result of reading a pickle shows nothing about what the testee sends.
            EvidenceKind::Pickle if failure.given.is_some() => None,
            EvidenceKind::Pickle => in_pickle(evidence),
        });
    // The outcome of a handshake shows more than a comparison of its bytes with the expected ones.
    in_handshake(&failure.outcome, &failure.expected)
        .map(Into::into)
        .or(in_bytes)
        .or_else(|| in_outcome(&failure.outcome, &failure.expected))
}

fn in_case(cause: Cause) -> &'static str {
    match cause {
        Cause::EscapeUnknown => {
            "the testee does not know the escape: after the header -1, the length follows in eight bytes"
        }
        Cause::NegativeHeader => {
            "a negative header was taken for the escape, for a length or for an empty message, but only -1 has a meaning"
        }
        Cause::EscapedLength => {
            "the length after the escape was read as a signed number, or only a part of its eight bytes was read"
        }
        Cause::AnyDigestAccepted => {
            "an answer is accepted with any digest that is known, even one that is weaker than the digest that the challenge asks for"
        }
    }
}

/// The length of the header that some bytes begin with, and the length that it announces, both in bytes.
fn whole_header(framing: Framing, bytes: &[u8]) -> Option<(usize, u64)> {
    match framing.read_header(bytes) {
        Header::Whole { length, announced } => Some((length, announced)),
        Header::Part { .. } | Header::Invalid => None,
    }
}

fn in_stream(evidence: &Evidence, framing: Framing) -> Option<String> {
    let (expected, actual) = (&evidence.expected, &evidence.actual);
    let (length, wanted) = whole_header(framing, expected)?;
    // Another framing altogether: its header fits the message better than the right one.
    for other in framing.others() {
        let Some(header) = other.header(wanted) else {
            continue;
        };
        if actual.starts_with(&header) && header != expected[..length] {
            return Some(format!(
                "the header is in {other}, not in {framing}: wrong byte order, or another dialect"
            ));
        }
    }
    if let Some(cause) = in_implausible_header(actual, framing) {
        return Some(cause);
    }
    let (_, got) = whole_header(framing, actual)?;
    let by = i128::from(got) - i128::from(wanted);
    if by == i128::try_from(length).ok()? {
        return Some(format!(
            "the header counts itself: it announces {got} bytes for a payload of {wanted}"
        ));
    }
    if by != 0 && by.abs() <= 8 {
        return Some(format!(
            "the header is off by {by}: it announces {got} bytes for a payload of {wanted}"
        ));
    }
    let payload = &actual[length..];
    let wanted_payload = &expected[length..];
    if by == 0 && payload.len() < wanted_payload.len() && wanted_payload.starts_with(payload) {
        return Some(match wanted_payload.len() - payload.len() {
            1 => "the last byte of the message was never written, though the header announces it"
                .into(),
            missing => format!(
                "the last {missing} bytes of the message were never written, though the header announces them"
            ),
        });
    }
    if got > wanted && !wanted_payload.is_empty() && payload.starts_with(wanted_payload) {
        return Some("two messages were merged into one".into());
    }
    None
}

/// Recognizes a header with a length that no case makes a testee send, but that is plausible in another framing.
fn in_implausible_header(actual: &[u8], framing: Framing) -> Option<String> {
    /// No wrong header of a short message is read as less in the other byte order.
    const SENSIBLE: u64 = 0xffff;
    const IMPLAUSIBLE: u64 = 16 << 20;
    let read_in = |framing| whole_header(framing, actual).map(|(_, announced)| announced);
    if read_in(framing).is_some_and(|length| length < IMPLAUSIBLE) {
        return None;
    }
    if framing != Framing::Hex8
        && actual.len() >= 4
        && actual.iter().take(8).all(u8::is_ascii_hexdigit)
    {
        return Some(format!(
            "the header is not in {framing}: it looks like {}, another dialect",
            Framing::Hex8
        ));
    }
    framing.others().find_map(|other| {
        let length = read_in(other).filter(|length| *length <= SENSIBLE)?;
        Some(format!(
            "the header is in {other}, where it announces {length} bytes, not in {framing}: wrong byte order, or another dialect"
        ))
    })
}

/// Describes what came in place of an object.
fn in_pickle(evidence: &Evidence) -> Option<String> {
    let read = |payload: &[u8]| {
        pickle::read(payload, &pickle::Limits::default()).map(|reading| reading.graph)
    };
    let Ok(actual) = read(&evidence.actual) else {
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        let is_text = !evidence.actual.is_empty() && evidence.actual.iter().all(is_text);
        return is_text.then(|| {
            "it is plain text: a string was sent where an object belongs, or an object was converted to text instead of being pickled".into()
        });
    };
    let expected = read(&evidence.expected).ok()?;
    let element = match expected.root() {
        Node::List(elements) if elements.len() == 1 => Graph {
            root: elements[0],
            nodes: expected.nodes.clone(),
        },
        _ => return None,
    };
    let is = |other: &Graph| compare(other, &actual, Fidelity::Values).is_ok();
    if is(&element) {
        Some("the object came back as it was: it was not put into a list".into())
    } else if is(&Graph::tuple_of([&element])) {
        Some("the object was put into a tuple, not into a list".into())
    } else if is(&Graph::list_of([&element, &element])) {
        Some("the object was put into the list twice".into())
    } else if is(&Graph::list_of([&expected])) {
        Some("the object was put into a list, and this list into another one".into())
    } else {
        None
    }
}

/// Describes how the delivered bytes differ from those that were sent.
fn in_string(evidence: &Evidence, framing: Option<Framing>) -> Option<String> {
    let (expected, actual) = (&evidence.expected, &evidence.actual);
    if actual.len() < expected.len() && expected.starts_with(actual) {
        return Some(match expected.len() - actual.len() {
            1 => "the last byte of the payload was not delivered: the length was miscounted, or the bytes of one read were taken for the whole payload".into(),
            missing => format!(
                "the last {missing} bytes of the payload were not delivered: the bytes of one read were taken for the whole payload"
            ),
        });
    }
    let Some(framing) = framing else {
        return (actual.len() > expected.len() && actual.ends_with(expected)).then(|| {
            "a header was written, but no message of a pipe has one: the message is the payload alone".into()
        });
    };
    let header = framing.header(expected.len() as u64)?;
    if actual.len() == expected.len() + header.len() && actual.ends_with(expected) {
        return Some("the header was delivered as a part of the payload".into());
    }
    let rest = actual
        .strip_prefix(&expected[..])
        .filter(|rest| !rest.is_empty())?;
    let is_next = frames(framing, rest)
        .next()
        .is_some_and(|frame| frame.is_whole());
    let merged = if is_next {
        "the next one, including its header, was delivered with this one"
    } else {
        "the bytes of the next one were delivered with this one's"
    };
    Some(format!("two messages were merged into one: {merged}"))
}

fn in_handshake(outcome: &Outcome, expected: &Expectation) -> Option<&'static str> {
    Some(match (outcome, expected) {
        (
            Outcome::Wire(OnWire::NothingCame | OnWire::EndOfStream),
            Expectation::Handshake(message),
        ) if !matches!(message, HandshakeMessage::Refusal) => {
            "one half of the handshake is missing: each end challenges the other, the listener first"
        }
        (Outcome::Wire(OnWire::Welcomes), _) => {
            "a wrong answer was taken for a right one: only a part of the digest is compared, or none of it"
        }
        (Outcome::Wire(OnWire::Refuses), _) => {
            "a right answer was taken for a wrong one: the digest is computed from something other than the key and the bytes of the challenge"
        }
        (Outcome::Wire(OnWire::DigestOfChallenge), _) => {
            "the digest also covers the prefix of the challenge, but must cover only what follows it"
        }
        (Outcome::Wire(OnWire::DigestOfNonce), _) => {
            "the digest covers only the random bytes, but must also cover the name of the digest in front of them"
        }
        (Outcome::Wire(OnWire::NamelessDigest), _) => {
            "the name of the digest is missing: it belongs in braces in front of the digest"
        }
        (Outcome::Wire(OnWire::NamedDigest), _) => {
            "the answer to a challenge without a name has no name either"
        }
        (Outcome::Wire(OnWire::OtherDigest), _) => {
            "the challenge asks for another digest: it names the digest in braces, and one of exactly 20 bytes asks for MD5"
        }
        (Outcome::Wire(OnWire::OtherVerdict), _) => {
            "the verdict has the words of another scheme: `#WELCOME` belongs to `processing`, and `#WELCOME#` to `multiprocessing`"
        }
        (Outcome::Wire(OnWire::DigestOfKey), _) => {
            "the key and the message of the HMAC are swapped"
        }
        (Outcome::Wire(OnWire::Answers), _) => {
            "a message that is not a valid challenge, or the testee's own challenge, was answered like any other"
        }
        (Outcome::Operation(_, Did::TookHandshakeForObject), _) => {
            "a message was unpickled before the other end had proven anything"
        }
        (
            Outcome::Operation(OperationName::Accept | OperationName::Connect, Did::Succeeded),
            expected,
        ) if expected.includes(ErrorKind::AuthenticationFailed) => {
            "the testee did not wait for the end of the handshake, or ignored the verdict of the other end"
        }
        _ => return None,
    })
}

fn in_outcome(outcome: &Outcome, expected: &Expectation) -> Option<String> {
    let cause = match (outcome, expected) {
        (Outcome::Operation(OperationName::RecvString, did), expected) => {
            return in_recv_string(*did, expected);
        }
        (Outcome::Operation(OperationName::Recv, Did::Hung), _) => WAITS,
        (Outcome::Operation(OperationName::Accept, Did::Error(_)), _) => {
            "the listener no longer accepts, although nobody has closed it: something that an earlier client did was taken for the end of the listener itself"
        }
        (Outcome::Suite(Found::SocketFileIsThere), _) => {
            "the listener does not remove the path that it created: closing the socket does not remove it"
        }
        (Outcome::Wire(OnWire::NothingCame), Expectation::Boxed { .. }) => {
            "the server is still waiting for the object, because it read the header as a larger length (another byte order, another dialect), or it does not answer"
        }
        (Outcome::Wire(OnWire::BytesAfterReply), _) => {
            "the server answered more than once, or wrote bytes that belong to no message"
        }
        (Outcome::Wire(OnWire::BytesAfterObject), _) => {
            "the client sent more than one message, or bytes that belong to none"
        }
        (Outcome::Wire(OnWire::NoEndOfStream), _)
        | (Outcome::Wire(OnWire::NothingCame), Expectation::Leaves) => {
            "the connection was not really closed: something still refers to it, or the socket was never closed"
        }
        _ => return None,
    };
    Some(cause.into())
}

const WAITS: &str = "it waits for bytes that will not come: a header was read as a larger length, or bytes that were read together with an earlier message were thrown away";

fn in_recv_string(did: Did, expected: &Expectation) -> Option<String> {
    Some(match did {
        Did::ReturnedBytes(0) if expected.includes(ErrorKind::Closed) => {
            "the end of the stream was taken for an empty message".into()
        }
        Did::ReturnedBytes(_) if expected.includes(ErrorKind::Cut) => {
            "a message that was cut short was delivered as if it were whole".into()
        }
        Did::Hung => WAITS.into(),
        Did::WrongLength { actual, expected } if actual < expected => {
            let lost = expected - actual;
            format!("{lost} bytes of the payload were lost on receiving")
        }
        Did::WrongLength { .. } => {
            "more than one message's bytes were delivered as one, or the header was counted as a part of the payload"
                .into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(expected: &[u8], actual: &[u8], framing: Framing) -> String {
        let failure = Failure::new(OnWire::WrongHeader, "a message").showing(
            EvidenceKind::Stream,
            expected,
            actual,
        );
        likely_cause(&failure, Some(framing)).expect("a known signature")
    }

    #[test]
    fn signatures_are_recognised() {
        let be = Framing::Be32;
        let right = be.message(b"abc");
        assert!(cause(&right, &Framing::Le32.message(b"abc"), be).contains("byte order"));
        assert!(cause(&right, b"\0\0\0\x04abc", be).contains("off by 1"));
        assert!(cause(&right, b"\0\0\0\x07abc", be).contains("counts itself"));
        assert!(cause(&right, b"\0\0\0\x03ab", be).contains("last byte"));
        assert!(cause(&right, b"\0\0\0\x03a", be).contains("last 2 bytes"));
    }

    #[test]
    fn a_header_of_another_framing_is_recognised_without_its_message() {
        // The suite does not know what the testee wanted to say, only that nobody says so much.
        let expected = Framing::Be32.header(4).unwrap();
        let says = cause(&expected, &[42, 0, 0, 0], Framing::Be32);
        assert!(says.contains("le32, where it announces 42 bytes"), "{says}");
        assert!(cause(&expected, b"0000", Framing::Be32).contains("hex8"));
        let expected = Framing::Hex8.header(4).unwrap();
        let says = cause(&expected, b"\0\0\0\x05\x80\x02K*", Framing::Hex8);
        assert!(says.contains("be32, where it announces 5 bytes"), "{says}");
    }

    #[test]
    fn a_wrong_box_is_recognised() {
        let number = Graph::int(42);
        let says = |actual: &Graph| {
            let pickled = |object: &Graph| pickle::write(object, 2).unwrap();
            let failure = Failure::new(OnWire::AnotherObject, "[42]").showing(
                EvidenceKind::Pickle,
                &pickled(&Graph::list_of([&number])),
                &pickled(actual),
            );
            likely_cause(&failure, Some(Framing::Be32)).unwrap_or_default()
        };
        assert!(says(&number).contains("not put into a list"));
        assert!(says(&Graph::tuple_of([&number])).contains("tuple"));
        assert!(says(&Graph::list_of([&number, &number])).contains("the list twice"));
        assert_eq!(says(&Graph::int(43)), "");
    }

    #[test]
    fn signatures_of_what_was_delivered_are_recognised() {
        let cause = |expected: &[u8], actual: &[u8]| {
            let failure = Failure::new((OperationName::RecvString, Did::WrongBytes), "a string")
                .showing(EvidenceKind::String, expected, actual);
            likely_cause(&failure, Some(Framing::Be32))
        };
        let says = |expected: &[u8], actual: &[u8], words: &str| {
            let cause = cause(expected, actual).expect("a known signature");
            assert!(cause.contains(words), "{cause}");
        };
        says(b"abc", b"ab", "the last byte");
        says(b"abc", b"a", "one read");
        says(b"abc", b"abcde", "the bytes of the next one");
        says(b"abc", b"abc\0\0\0\x01d", "including its header");
        says(b"abc", b"\0\0\0\x03abc", "the header was delivered");
        assert_eq!(cause(b"abc", b"xyz"), None);
        let failure = Failure::new(OnWire::BytesBeforePayload, "a message").showing(
            EvidenceKind::String,
            b"abc",
            b"\0\0\0\x03abc",
        );
        let on_a_pipe = likely_cause(&failure, None).expect("a known signature");
        assert!(on_a_pipe.contains("no message of a pipe"), "{on_a_pipe}");
    }

    #[test]
    fn an_unknown_signature_has_no_cause() {
        assert_eq!(
            likely_cause(&Failure::new(OnWire::SystemError, "x"), Some(Framing::Be32)),
            None
        );
    }
}
