//! The likely cause of a failure, read off its evidence.

use processing_connection::Framing;

use super::failure::{Evidence, EvidenceKind, Failure};
use crate::wire::frame;

/// What probably went wrong, when the signature is known.
pub fn likely_cause(failure: &Failure, framing: Framing) -> Option<String> {
    if let Some(evidence) = &failure.evidence
        && evidence.kind == EvidenceKind::Stream
        && let Some(cause) = in_stream(evidence, framing)
    {
        return Some(cause);
    }
    in_words(&failure.outcome, &failure.expected)
}

fn in_stream(evidence: &Evidence, framing: Framing) -> Option<String> {
    let (expected, actual) = (&evidence.expected, &evidence.actual);
    let length = frame::header_length(framing);
    let wanted = frame::announced(framing, expected.get(..length)?)?;
    // Another framing altogether: its header fits the message better than the right one.
    for other in frame::FRAMINGS {
        let header = frame::header(other, wanted);
        if other != framing && actual.starts_with(&header) && header != expected[..length] {
            return Some(format!(
                "the header is in {other}, not in {framing}: wrong byte order, or another dialect"
            ));
        }
    }
    let got = frame::announced(framing, actual.get(..length)?)?;
    let by = i64::from(got) - i64::from(wanted);
    if by == i64::try_from(length).ok()? {
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
        let missing = wanted_payload.len() - payload.len();
        return Some(format!(
            "the last {missing} bytes of the message were never written, though the header announces them"
        ));
    }
    if i64::from(got) > i64::from(wanted) && payload.starts_with(wanted_payload) {
        return Some("two messages were merged into one".into());
    }
    None
}

fn in_words(outcome: &str, expected: &str) -> Option<String> {
    let received = |operation: &str| outcome.starts_with(operation);
    if received("recv_string: returned 0 bytes") && expected.contains("closed") {
        return Some("the end of the stream was taken for an empty message".into());
    }
    if received("recv_string: returned") && expected.contains("cut") {
        return Some("a message that was cut short was delivered as if it were whole".into());
    }
    if outcome == "wire: no end of stream" {
        return Some("the connection was not really closed: something still refers to it, or the socket was never shut".into());
    }
    if let Some((got, wanted)) = outcome
        .strip_prefix("recv_string: ")
        .and_then(|rest| rest.split_once(" bytes instead of "))
        && let (Ok(got), Ok(wanted)) = (got.parse::<u64>(), wanted.parse::<u64>())
    {
        return Some(match got.cmp(&wanted) {
            std::cmp::Ordering::Less => format!(
                "{} bytes of the payload were lost on receiving",
                wanted - got
            ),
            _ => {
                "more than one message's bytes were delivered as one, or the header was counted in"
                    .into()
            }
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(expected: &[u8], actual: &[u8], framing: Framing) -> String {
        let failure = Failure::new("wire: wrong header", "a message").showing(
            EvidenceKind::Stream,
            expected,
            actual,
        );
        likely_cause(&failure, framing).expect("a known signature")
    }

    #[test]
    fn signatures_are_recognised() {
        let be = Framing::Be32;
        let right = frame::message(be, b"abc");
        assert!(cause(&right, &frame::message(Framing::Le32, b"abc"), be).contains("byte order"));
        assert!(cause(&right, b"\0\0\0\x04abc", be).contains("off by 1"));
        assert!(cause(&right, b"\0\0\0\x07abc", be).contains("counts itself"));
        assert!(cause(&right, b"\0\0\0\x03ab", be).contains("last 1 bytes"));
    }

    #[test]
    fn an_unknown_signature_has_no_cause() {
        assert_eq!(
            likely_cause(&Failure::new("wire: system error", "x"), Framing::Be32),
            None
        );
    }
}
