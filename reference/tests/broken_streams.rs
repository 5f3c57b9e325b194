//! Streams that end early, have invalid headers or announce too much: each error, and the state in
//! which it leaves the connection.

mod common;

use std::io::Write;
use std::net::Shutdown;

use common::{after, frame, raw, raw_with};
use processing_connection::{Error, Framing, Limits};

#[test]
fn the_end_between_messages_is_reported_as_closed_every_time() {
    let mut conn = after(&frame(b"last"));
    assert_eq!(conn.recv_string().unwrap(), b"last");
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
    assert!(matches!(conn.recv::<i32>(), Err(Error::Closed)));
}

#[test]
fn the_end_inside_a_header_poisons_the_connection() {
    let mut conn = after(b"\0\0\0");
    assert!(matches!(
        conn.recv_string(),
        Err(Error::CutInHeader {
            received: 3,
            expected: 4
        })
    ));
    assert_poisoned_by(conn, "3 of 4 bytes");
}

#[test]
fn the_end_inside_a_payload_poisons_the_connection() {
    let mut conn = after(b"\0\0\0\x05abc");
    assert!(matches!(
        conn.recv_string(),
        Err(Error::CutInPayload {
            received: 3,
            expected: 5
        })
    ));
    assert_poisoned_by(conn, "3 of 5 bytes");
}

#[test]
fn the_end_inside_a_long_payload_poisons_the_connection() {
    let mut conn = after(&frame(&vec![7; 300_000])[..200_004]);
    let cut = conn.recv_string();
    assert!(matches!(
        cut,
        Err(Error::CutInPayload {
            received: 200_000,
            expected: 300_000
        })
    ));
    assert_poisoned_by(conn, "200000 of 300000 bytes");
}

#[test]
fn the_end_before_the_first_byte_of_a_payload_is_inside_it() {
    let mut conn = after(b"\0\0\0\x05");
    assert!(matches!(
        conn.recv_string(),
        Err(Error::CutInPayload {
            received: 0,
            expected: 5
        })
    ));
}

#[test]
fn a_header_over_the_limit_poisons_the_connection() {
    let limits = Limits::default().with_message_length(4);
    let (mut conn, mut peer) = raw_with(Framing::Be32.into(), limits);
    peer.write_all(&[frame(b"four"), frame(b"fives")].concat())
        .unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"four");
    assert!(matches!(
        conn.recv_string(),
        Err(Error::MessageTooLong {
            length: 5,
            limit: 4
        })
    ));
    assert_poisoned_by(conn, "message_length is 4");
}

#[test]
fn the_default_limit_is_the_most_that_every_release_can_receive() {
    let mut conn = after(b"\x80\0\0\0");
    assert!(matches!(
        conn.recv_string(),
        Err(Error::MessageTooLong {
            length: 0x8000_0000,
            ..
        })
    ));
}

#[test]
fn hex8_accepts_only_lower_case_digits() {
    for header in [
        *b"0000002A",
        *b"      2a",
        *b"0x00002a",
        *b"+000002a",
        *b"00000 2a",
        [0xff; 8],
    ] {
        let (mut conn, mut peer) = raw_with(Framing::Hex8.into(), Limits::default());
        peer.write_all(&header).unwrap();
        match conn.recv_string() {
            Err(Error::BadHeader { header: bad, .. }) => assert_eq!(bad, header),
            other => panic!("{header:?}: {other:?}"),
        }
        assert_poisoned_by(conn, "invalid hex8 header");
    }
}

#[test]
fn be32x_accepts_no_negative_header_except_the_escape() {
    for length in [-2, -3, i32::MIN] {
        let header = length.to_be_bytes();
        let (mut conn, mut peer) = raw_with(Framing::Be32x.into(), Limits::default());
        peer.write_all(&header).unwrap();
        match conn.recv_string() {
            Err(Error::BadHeader { header: bad, .. }) => assert_eq!(bad, header),
            other => panic!("{length}: {other:?}"),
        }
        assert_poisoned_by(conn, "invalid be32x header");
    }
}

#[test]
fn the_end_after_the_escape_of_be32x_is_inside_a_header() {
    for received in 4..12 {
        let (mut conn, mut peer) = raw_with(Framing::Be32x.into(), Limits::default());
        peer.write_all(&[&[0xff; 4][..], &[0; 8]].concat()[..received])
            .unwrap();
        drop(peer);
        match conn.recv_string() {
            Err(Error::CutInHeader {
                received: here,
                expected: 12,
            }) => assert_eq!(here, received),
            other => panic!("{received}: {other:?}"),
        }
        assert_poisoned_by(conn, "of 12 bytes");
    }
}

#[test]
fn a_length_after_the_escape_of_be32x_is_unsigned_and_limited() {
    for length in [0x8000_0000, u64::MAX] {
        let (mut conn, mut peer) = raw_with(Framing::Be32x.into(), Limits::default());
        peer.write_all(&[&[0xff; 4][..], &length.to_be_bytes()].concat())
            .unwrap();
        match conn.recv_string() {
            Err(Error::MessageTooLong { length: named, .. }) => assert_eq!(named, length),
            other => panic!("{length}: {other:?}"),
        }
        assert_poisoned_by(conn, &length.to_string());
    }
}

#[test]
fn a_string_over_the_limit_is_not_sent() {
    let limits = Limits::default().with_message_length(4);
    let (mut conn, mut peer) = raw_with(Framing::Be32.into(), limits);
    assert!(matches!(
        conn.send_string(b"fives"),
        Err(Error::CannotSend {
            length: 5,
            limit: 4
        })
    ));
    conn.send_string(b"four").unwrap();
    drop(conn);
    let mut wire = Vec::new();
    std::io::Read::read_to_end(&mut peer, &mut wire).unwrap();
    assert_eq!(wire, frame(b"four"));
}

#[test]
fn sending_to_a_peer_that_is_gone_is_a_reset() {
    let (mut conn, peer) = raw();
    drop(peer);
    // The first messages may still fit into the system's buffers.
    let error = (0..100)
        .find_map(|_| conn.send_string(&[0; 10_000]).err())
        .unwrap();
    assert!(matches!(error, Error::Reset { .. }), "{error:?}");
}

#[test]
fn a_peer_that_closes_without_reading_resets_the_connection() {
    let (mut conn, mut peer) = raw();
    conn.send_string(b"never read").unwrap();
    peer.write_all(b"\0\0\0\x05a").unwrap();
    // Closing causes a reset only if unread bytes have arrived.
    let mut seen = [0];
    peer.peek(&mut seen).unwrap();
    drop(peer);
    let error = conn.recv_string().unwrap_err();
    let inside = matches!(error, Error::Reset { .. } | Error::CutInPayload { .. });
    assert!(inside, "{error:?}");
}

#[test]
fn after_close_every_call_fails() {
    let (mut conn, _peer) = raw();
    conn.close();
    conn.close();
    assert!(matches!(conn.send_string(b""), Err(Error::NotOpen)));
    assert!(matches!(conn.send(&1), Err(Error::NotOpen)));
    assert!(matches!(conn.recv_string(), Err(Error::NotOpen)));
    assert!(matches!(conn.recv::<i32>(), Err(Error::NotOpen)));
    assert!(matches!(conn.poll(None), Err(Error::NotOpen)));
}

#[test]
fn after_an_error_the_buffer_is_empty() {
    let mut conn = after(b"\0\0\0\x05abc");
    let mut string = b"old".to_vec();
    conn.recv_string_into(&mut string).unwrap_err();
    assert!(string.is_empty());
}

#[test]
fn a_peer_that_closed_its_sending_half_can_still_be_answered() {
    let (mut conn, mut peer) = raw();
    peer.write_all(&frame(b"question")).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"question");
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
    conn.send_string(b"answer").unwrap();
}

/// A header alone does not make the reader allocate memory.
#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "the memory of a process is read from Linux' /proc"
)]
fn a_header_that_announces_2_gib_allocates_no_memory() {
    use std::time::Duration;

    let (mut conn, mut peer) = raw();
    conn.set_read_timeout(Some(Duration::from_millis(100)));
    peer.write_all(b"\x7f\xff\xff\xffstart").unwrap();
    let before = resident_bytes();
    assert!(matches!(conn.recv_string(), Err(Error::TimedOut { .. })));
    assert!(resident_bytes() < before + (1 << 20));
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn assert_poisoned_by(mut conn: processing_connection::Connection, why: &str) {
    for result in [
        conn.recv_string().map(drop),
        conn.recv::<i32>().map(drop),
        conn.send_string(b""),
        conn.send(&1),
        conn.poll(None).map(drop),
    ] {
        match result {
            Err(Error::Poisoned { cause }) => assert!(cause.contains(why), "{cause}"),
            other => panic!("{other:?}"),
        }
    }
    conn.close();
    assert!(matches!(conn.recv_string(), Err(Error::NotOpen)));
}
