//! Messages on a stream that arrives in segments of any size.
//!
//! The input consists of the framing and the number of bytes that arrive at once (one byte), the maximum length of a
//! message in units of 16 bytes (one byte), and the stream. The messages that are received must be those that
//! [`Expected`] finds.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use processing_connection::{Connection, Decoded, Dialect, Error, Framing, Limits, Listener};

/// Checks headers on their own, and the stream over a live connection.
pub fn check(input: &[u8]) {
    for framing in Framing::ALL {
        check_header(framing, input);
    }
    let [step, limit, stream @ ..] = input else {
        return;
    };
    let framing = Framing::ALL[usize::from(*step) % Framing::ALL.len()];
    check_stream(
        framing,
        stream,
        1 + usize::from(*step) / Framing::ALL.len() * 8,
        u64::from(*limit) * 16,
    );
}

/// Checks that a header that can be decoded is encoded to the same bytes, and the other way round.
fn check_header(framing: Framing, input: &[u8]) {
    match framing.decode(input) {
        Ok(Decoded::Whole { header, payload }) => {
            assert!(payload <= framing.max_length());
            let encoded = framing.encode(payload).expect("the length was announced");
            // Only the escape of be32x can announce a length that has a shorter header.
            let is_shorter = framing == Framing::Be32x && encoded.len() < header;
            assert!(is_shorter || *encoded == input[..header]);
        }
        Ok(Decoded::Part { missing }) => {
            assert!(missing > 0);
            let whole = input.len() + missing;
            let is_escaped = framing == Framing::Be32x && whole == 12;
            assert!(is_escaped || whole == framing.shortest_header());
        }
        Err(Error::BadHeader { header, .. }) => {
            assert_eq!(header, input[..framing.shortest_header()]);
            assert!(matches!(framing, Framing::Hex8 | Framing::Be32x));
        }
        Err(other) => panic!("{other}"),
    }
    let mut number = [0; 8];
    number[..input.len().min(8)].copy_from_slice(&input[..input.len().min(8)]);
    let length = u64::from_le_bytes(number);
    match framing.encode(length) {
        Some(header) => assert_eq!(
            framing.decode(&header).expect("just encoded"),
            Decoded::Whole {
                header: header.len(),
                payload: length
            }
        ),
        None => assert!(length > framing.max_length()),
    }
}

/// Writes a stream step by step, and after each step receives everything that must have arrived by then.
fn check_stream(framing: Framing, stream: &[u8], step: usize, limit: u64) {
    let (mut peer, mut conn) = connected(framing, limit);
    conn.set_read_timeout(Some(Duration::ZERO));
    let mut expected = Expected {
        framing,
        limit,
        stream,
        next: 0,
    };
    let mut arrived = 0;
    for segment in stream.chunks(step) {
        peer.write_all(segment)
            .expect("there is room for a segment");
        arrived += segment.len();
        while let Some(message) = expected.message(arrived) {
            match (message, conn.recv_string()) {
                (Message::Whole(payload), Ok(received)) => assert_eq!(payload, received),
                (Message::TooLong(expected), Err(Error::MessageTooLong { length, .. })) => {
                    assert_eq!(expected, length);
                    return check_poisoned(conn);
                }
                (Message::BadHeader, Err(Error::BadHeader { .. })) => return check_poisoned(conn),
                (expected, received) => panic!("{received:?} instead of {expected:?}"),
            }
        }
        assert!(
            matches!(
                conn.recv_string(),
                Err(Error::TimedOut {
                    resumable: true,
                    ..
                })
            ),
            "there is nothing more to receive"
        );
    }
    peer.shutdown(Shutdown::Write)
        .expect("the connection is open");
    let left = &stream[expected.next..arrived];
    match (conn.recv_string(), framing.decode(left)) {
        (Err(Error::Closed), _) => assert!(left.is_empty()),
        (Err(Error::CutInHeader { received, expected }), Ok(Decoded::Part { missing })) => {
            assert!(!left.is_empty());
            assert_eq!((received, expected), (left.len(), left.len() + missing));
            check_poisoned(conn);
        }
        (Err(Error::CutInPayload { received, .. }), Ok(Decoded::Whole { header, .. })) => {
            assert_eq!(received, (left.len() - header) as u64);
            check_poisoned(conn);
        }
        other => panic!("{other:?} at the end of the stream"),
    }
}

fn check_poisoned(mut conn: Connection) {
    assert!(matches!(conn.recv_string(), Err(Error::Poisoned { .. })));
}

/// Finds the messages of a stream, with no state except the position.
struct Expected<'a> {
    framing: Framing,
    limit: u64,
    stream: &'a [u8],
    next: usize,
}

#[derive(Debug)]
enum Message<'a> {
    Whole(&'a [u8]),
    TooLong(u64),
    BadHeader,
}

impl<'a> Expected<'a> {
    /// Returns the next message if the first `arrived` bytes of the stream contain all of it.
    fn message(&mut self, arrived: usize) -> Option<Message<'a>> {
        let rest = &self.stream[self.next..arrived];
        let (header, length) = match self.framing.decode(rest) {
            Ok(Decoded::Whole { header, payload }) => (header, payload),
            Ok(Decoded::Part { .. }) => return None,
            Err(_) => return Some(Message::BadHeader),
        };
        if length > self.limit {
            return Some(Message::TooLong(length));
        }
        let payload = rest[header..].get(..usize::try_from(length).ok()?)?;
        self.next += header + payload.len();
        Some(Message::Whole(payload))
    }
}

/// A raw end and a connection. Over `AF_UNIX` written bytes can be read at once.
fn connected(framing: Framing, limit: u64) -> (UnixStream, Connection) {
    let path = std::env::temp_dir().join(format!("processing-fuzz-{}", std::process::id()));
    let mut listener = Listener::builder()
        .address(path.as_path())
        .dialect(Dialect::new(framing))
        .limits(Limits::default().with_message_length(limit))
        .bind()
        .expect("a path in the directory for temporary files");
    let peer = UnixStream::connect(&path).expect("the listener is listening");
    (peer, listener.accept().expect("a client has connected"))
}
