//! Messages on a stream that is cut into segments of any length.
//!
//! The input is the number of bytes that arrive at once (one byte), the limit of a message in units of 16 bytes (one
//! byte), and the stream. In each framing, the messages that are received must be those that [`Expected`] finds.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use processing_connection::{Connection, Dialect, Error, Framing, Limits, Listener};

/// Checks headers, and streams over a live connection.
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

/// Encoding a decoded header gives the same bytes, and decoding an encoded length gives the same length.
fn check_header(framing: Framing, input: &[u8]) {
    let header = &input[..input.len().min(framing.header_length())];
    match framing.decode(header) {
        Ok(length) => {
            assert!(length <= framing.max_length());
            assert_eq!(&*framing.encode(length).expect("it was announced"), header);
        }
        Err(Error::BadHeader { header: named, .. }) => {
            assert_eq!(named, header);
            assert!(framing == Framing::Hex8 || header.len() < 4);
        }
        Err(other) => panic!("{other}"),
    }
    let mut number = [0; 8];
    number[..input.len().min(8)].copy_from_slice(&input[..input.len().min(8)]);
    let length = u64::from_le_bytes(number);
    match framing.encode(length) {
        Some(header) => assert_eq!(framing.decode(&header).expect("just encoded"), length),
        None => assert!(length > framing.max_length()),
    }
}

/// Writes a stream step by step, and after each step receives every message that must be complete by then.
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
            "nothing more is there"
        );
    }
    peer.shutdown(Shutdown::Write).expect("it is open");
    let (header, left) = (framing.header_length(), arrived - expected.next);
    match conn.recv_string() {
        Err(Error::Closed) => assert_eq!(left, 0),
        Err(Error::CutInHeader { received, expected }) => {
            assert_eq!((received, expected), (left, header));
            assert!((1..header).contains(&left));
            check_poisoned(conn);
        }
        Err(Error::CutInPayload { received, .. }) => {
            assert_eq!(received, (left - header) as u64);
            check_poisoned(conn);
        }
        other => panic!("{other:?} at the end of the stream"),
    }
}

fn check_poisoned(mut conn: Connection) {
    assert!(matches!(conn.recv_string(), Err(Error::Poisoned { .. })));
}

/// The messages in a stream, found with no state except the position.
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
    /// The next message, if the first `arrived` bytes of the stream hold all of it.
    fn message(&mut self, arrived: usize) -> Option<Message<'a>> {
        let rest = &self.stream[self.next..arrived];
        let (header, rest) = rest.split_at_checked(self.framing.header_length())?;
        let Ok(length) = self.framing.decode(header) else {
            return Some(Message::BadHeader);
        };
        if length > self.limit {
            return Some(Message::TooLong(length));
        }
        let payload = rest.get(..usize::try_from(length).ok()?)?;
        self.next += header.len() + payload.len();
        Some(Message::Whole(payload))
    }
}

/// A raw end and a connection. Over `AF_UNIX`, bytes can be read as soon as they are written.
fn connected(framing: Framing, limit: u64) -> (UnixStream, Connection) {
    let path = std::env::temp_dir().join(format!("processing-fuzz-{}", std::process::id()));
    let mut listener = Listener::builder()
        .address(path.as_path())
        .dialect(Dialect::new(framing))
        .limits(Limits::default().with_message_length(limit))
        .bind()
        .expect("a path in the directory for temporary files");
    let peer = UnixStream::connect(&path).expect("the listener is bound");
    (peer, listener.accept().expect("a client connected"))
}
