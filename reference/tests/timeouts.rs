//! Timeouts, what they leave behind, and `poll`.

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::{beside, families, frame, pair, raw};
use processing_connection::{Error, Listener};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_receive_times_out_when_nothing_comes() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        one.set_read_timeout(Some(SHORT));
        let start = Instant::now();
        let error = one.recv_string().unwrap_err();
        assert!(matches!(
            error,
            Error::TimedOut {
                operation: "recv",
                resumable: true
            }
        ));
        assert!(start.elapsed() >= SHORT);
        other.send_string(b"late").unwrap();
        one.set_read_timeout(None);
        assert_eq!(one.recv_string().unwrap(), b"late");
    }
}

#[test]
fn a_receive_that_timed_out_goes_on_where_it_was() {
    let message = vec![7; 300_000];
    let wire = frame(&message);
    for cut in [1, 3, 4, 5, 100, 9000, 70_000, 299_999] {
        let (mut conn, mut peer) = raw();
        peer.write_all(&wire[..cut]).unwrap();
        conn.set_read_timeout(Some(SHORT));
        assert!(matches!(
            conn.recv_string(),
            Err(Error::TimedOut {
                resumable: true,
                ..
            })
        ));
        assert!(matches!(
            conn.recv_value(),
            Err(Error::TimedOut {
                resumable: true,
                ..
            })
        ));
        assert!(
            conn.poll(Duration::ZERO).unwrap(),
            "a part of the message is there"
        );
        let rest = wire[cut..].to_vec();
        let sender = beside(move || peer.write_all(&rest).unwrap());
        conn.set_read_timeout(None);
        assert!(conn.recv_string().unwrap() == message, "cut at {cut}");
        sender.join().unwrap();
    }
}

#[test]
fn the_timeout_is_for_the_message_not_for_each_byte() {
    let (mut conn, mut peer) = raw();
    conn.set_read_timeout(Some(Duration::from_millis(200)));
    // The message is complete after 20 seconds: a timeout for each byte would let it arrive.
    let sender = beside(move || {
        for byte in frame(&[0; 1000]) {
            if peer.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(matches!(conn.recv_string(), Err(Error::TimedOut { .. })));
    drop(conn);
    sender.join().unwrap();
}

#[test]
fn an_ample_timeout_changes_nothing() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        for conn in [&mut one, &mut other] {
            conn.set_read_timeout(Some(LONG));
            conn.set_write_timeout(Some(Duration::MAX));
        }
        let message = vec![3; 3_000_000];
        let sent = message.clone();
        let sender = beside(move || one.send_string(&sent).map(|()| one).unwrap());
        assert!(other.recv_string().unwrap() == message);
        drop(sender.join().unwrap());
        assert!(matches!(other.recv_string(), Err(Error::Closed)));
    }
}

#[test]
fn a_write_timeout_leaves_as_much_room_as_there_is_without() {
    // Linux calls a Unix socket unwritable from about 70 small messages on, but takes 270.
    for family in families() {
        let (mut one, mut other) = pair(family);
        one.set_write_timeout(Some(LONG));
        for number in 0..150_u8 {
            one.send_string(&[number]).unwrap();
        }
        for number in 0..150_u8 {
            assert_eq!(other.recv_string().unwrap(), [number]);
        }
    }
}

#[test]
fn a_send_that_times_out_in_the_middle_poisons() {
    for family in families() {
        let (mut one, _other) = pair(family);
        one.set_write_timeout(Some(SHORT));
        let error = one.send_string(&vec![0; 64 << 20]).unwrap_err();
        assert!(matches!(
            error,
            Error::TimedOut {
                operation: "send",
                resumable: false
            }
        ));
        assert!(matches!(one.send_string(b""), Err(Error::Poisoned { .. })));
        assert!(matches!(one.recv_string(), Err(Error::Poisoned { .. })));
    }
}

#[test]
fn a_send_that_times_out_before_its_first_byte_can_be_repeated() {
    let (mut one, mut other) = pair(processing_connection::Family::default());
    one.set_write_timeout(Some(SHORT));
    let mut sent = 0;
    // Small ones, so that one of them does not fit at all.
    let error = loop {
        match one.send_string(&[1; 12]) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    if let Error::TimedOut {
        resumable: false, ..
    } = error
    {
        return; // This system's buffer took a part.
    }
    assert!(
        matches!(
            error,
            Error::TimedOut {
                resumable: true,
                ..
            }
        ),
        "{error:?}"
    );
    for _ in 0..sent {
        other.recv_string().unwrap();
    }
    one.send_string(b"again").unwrap();
    assert_eq!(other.recv_string().unwrap(), b"again");
}

#[test]
fn an_accept_times_out_and_the_listener_goes_on() {
    for family in families() {
        let mut listener = Listener::builder()
            .family(family)
            .accept_timeout(SHORT)
            .bind()
            .unwrap();
        let error = listener.accept().unwrap_err();
        assert!(matches!(
            error,
            Error::TimedOut {
                operation: "accept",
                resumable: true
            }
        ));
        assert_eq!(listener.last_accepted(), None);
        listener.set_accept_timeout(Some(LONG));
        let mut client = processing_connection::connect(listener.address()).unwrap();
        let mut conn = listener.accept().unwrap();
        // What was accepted waits as always.
        let sender = beside(move || {
            std::thread::sleep(SHORT);
            client.send(&1).unwrap();
        });
        assert_eq!(conn.recv::<i32>().unwrap(), 1);
        sender.join().unwrap();
    }
}

#[test]
fn poll_is_false_while_nothing_is_there() {
    for family in families() {
        let (mut one, _other) = pair(family);
        assert!(!one.poll(Duration::ZERO).unwrap());
        let start = Instant::now();
        assert!(!one.poll(SHORT).unwrap());
        assert!(start.elapsed() >= SHORT);
    }
}

#[test]
fn poll_is_true_for_a_message_and_waits_for_it() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        let sender = beside(move || {
            std::thread::sleep(SHORT);
            other.send(&1).unwrap();
            other
        });
        assert!(one.poll(None).unwrap());
        assert!(one.poll(LONG).unwrap());
        assert_eq!(one.recv::<i32>().unwrap(), 1);
        assert!(!one.poll(Duration::ZERO).unwrap());
        drop(sender.join().unwrap());
    }
}

#[test]
fn poll_is_true_for_what_was_read_ahead() {
    let (mut conn, mut peer) = raw();
    peer.write_all(&[frame(b"one"), frame(b"two")].concat())
        .unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"one");
    assert!(conn.poll(LONG).unwrap());
    assert_eq!(conn.recv_string().unwrap(), b"two");
}

#[test]
fn poll_is_true_for_half_a_header() {
    let (mut conn, mut peer) = raw();
    peer.write_all(b"\0").unwrap();
    assert!(conn.poll(LONG).unwrap());
}

#[test]
fn poll_is_true_at_the_end_of_the_stream() {
    let (mut conn, peer) = raw();
    drop(peer);
    assert!(conn.poll(LONG).unwrap());
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
    assert!(conn.poll(LONG).unwrap());
}
