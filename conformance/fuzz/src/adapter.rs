//! Both ends of the adapter protocol. The input is the lines that the other end writes.

use processing_conformance::testee::lines::{
    Asked, read_reply, read_request, write_reply, write_request,
};
use processing_conformance::testee::message::{Connect, Listen, Operation, Request};
use processing_conformance::testee::payload::Payload;
use processing_conformance::testee::session::Trouble;

/// The length in bytes up to which payloads are created.
const LONGEST: usize = 1 << 20;

/// Reads every line as a request, and as a reply to an open request.
pub fn check(input: &[u8]) {
    let mut asked = all_asked();
    for line in input.split(|byte| *byte == b'\n') {
        check_request(line);
        check_reply(line, &mut asked);
    }
}

/// A request that was read can be written, and reading it again gives an equal request.
fn check_request(line: &[u8]) {
    let request = match read_request(line) {
        Ok(request) => request,
        Err(not_a_request) => return assert!(!not_a_request.reason.is_empty()),
    };
    let written = write_request(&request);
    assert_eq!(lines_in(&written), 1);
    let again = read_request(&written).expect("what was written can be read");
    assert_eq!(again.id, request.id);
    assert_eq!(write_request(&again), written);
    if let Operation::SendString { payload, .. } = &request.operation {
        check_payload(payload);
    }
}

/// A reply that was read belongs to an open request and can be written, and reading it again gives an equal reply. Any
/// other line is garbage.
fn check_reply(line: &[u8], asked: &mut Asked) {
    let before = asked.clone();
    let reply = match read_reply(line, asked) {
        Ok(reply) => reply,
        Err(Trouble::Garbage {
            reason,
            line: shown,
        }) => {
            assert!(!reason.is_empty());
            // A byte that is not text is shown as a character of three bytes.
            return assert!(shown.len() <= 360);
        }
        Err(trouble) => panic!("{trouble}"),
    };
    assert!(
        read_reply(line, asked).is_err(),
        "a second reply to the same request"
    );
    let written = write_reply(&reply);
    assert_eq!(lines_in(&written), 1);
    let again = read_reply(&written, &mut before.clone()).expect("what was written can be read");
    assert_eq!(again.id, reply.id);
    assert_eq!(write_reply(&again), written);
}

fn check_payload(payload: &Payload) {
    assert!(!payload.to_string().is_empty());
    if payload.length() > LONGEST {
        return;
    }
    if let Some(bytes) = payload.bytes() {
        assert_eq!(bytes.len(), payload.length());
        assert!(payload.describes(&bytes));
        assert!(Payload::describing(&bytes).describes(&bytes));
    }
}

fn lines_in(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// Opens one request of every kind, with the id that the seeds use for its reply.
fn all_asked() -> Asked {
    let mut asked = Asked::default();
    let object = processing_conformance::notation::Graph::none();
    let payload = Payload::describing(b"");
    let connection = 2;
    let operations = [
        Operation::Hello { protocol: 1 },
        Operation::Listen(Listen::default()),
        Operation::Connect(Connect::default()),
        Operation::Accept { listener: 1 },
        Operation::recv(connection),
        Operation::RecvString { connection },
        Operation::Poll {
            connection,
            timeout: 0.0,
        },
        Operation::Close { handle: 1 },
        Operation::Send { connection, object },
        Operation::SendString {
            connection,
            payload,
        },
    ];
    for (id, operation) in (0..).zip(operations) {
        asked.expect(&Request { id, operation });
    }
    asked
}
