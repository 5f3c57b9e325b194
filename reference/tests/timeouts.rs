//! Timeouts, the state in which they leave a connection, and `poll`.

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::{exchange_objects, families, frame, in_thread, pair, raw, streams};
use processing_connection::{Connector, Error, Family, Listener};

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
fn a_receive_that_timed_out_continues_where_it_stopped() {
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
        let sender = in_thread(move || peer.write_all(&rest).unwrap());
        conn.set_read_timeout(None);
        assert!(conn.recv_string().unwrap() == message, "cut at {cut}");
        sender.join().unwrap();
    }
}

#[test]
fn the_timeout_is_for_the_whole_message_not_for_each_byte() {
    let (mut conn, mut peer) = raw();
    conn.set_read_timeout(Some(Duration::from_millis(200)));
    // The message is complete after 20 seconds: a timeout for each byte would let it arrive.
    let sender = in_thread(move || {
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
fn a_long_timeout_changes_nothing() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        for conn in [&mut one, &mut other] {
            conn.set_read_timeout(Some(LONG));
            conn.set_write_timeout(Some(Duration::MAX));
        }
        let message = vec![3; 3_000_000];
        let sent = message.clone();
        let sender = in_thread(move || one.send_string(&sent).map(|()| one).unwrap());
        assert!(other.recv_string().unwrap() == message);
        drop(sender.join().unwrap());
        assert!(matches!(other.recv_string(), Err(Error::Closed)));
    }
}

#[test]
fn a_write_timeout_does_not_reduce_the_room_for_messages() {
    // Linux reports a Unix socket as not writable after about 70 small messages, but accepts 270.
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
fn a_send_that_times_out_in_the_middle_poisons_the_connection() {
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
#[cfg_attr(
    not(unix),
    ignore = "only a Unix socket is known to take a short message whole or not at all"
)]
fn a_send_that_times_out_before_its_first_byte_can_be_repeated() {
    let (mut one, mut other) = pair(Family::Unix);
    one.set_write_timeout(Some(SHORT));
    let mut sent = 0;
    // The messages are small, so that one of them does not fit at all.
    let error = loop {
        match one.send_string(&[1; 12]) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
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
fn an_accept_that_timed_out_can_be_repeated() {
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
        // The accepted connection waits without a timeout.
        let sender = in_thread(move || {
            std::thread::sleep(SHORT);
            client.send(&1).unwrap();
        });
        assert_eq!(conn.recv::<i32>().unwrap(), 1);
        sender.join().unwrap();
    }
}

#[test]
fn poll_is_false_while_there_is_nothing_to_receive() {
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
        let sender = in_thread(move || {
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
fn poll_is_true_for_bytes_that_were_read_ahead() {
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

#[cfg(target_os = "linux")]
#[test]
fn connecting_to_a_full_backlog_times_out() {
    let listener = Listener::builder()
        .family(Family::Unix)
        .backlog(1)
        .bind()
        .unwrap();
    let connector = Connector::new().connect_timeout(SHORT);
    let mut waiting = Vec::new();
    let error = loop {
        match connector.connect(listener.address()) {
            Ok(conn) => waiting.push(conn),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(
            error,
            Error::TimedOut {
                operation: "connect",
                resumable: true
            }
        ),
        "{error:?}"
    );
    assert!(!waiting.is_empty());
}

#[test]
fn a_connect_timeout_changes_nothing_for_a_listener_that_is_there() {
    for family in streams() {
        let mut listener = Listener::builder().family(family).bind().unwrap();
        let connector = Connector::new().connect_timeout(SHORT * 100);
        let mut client = connector.connect(listener.address()).unwrap();
        let mut server = listener.accept().unwrap();
        exchange_objects(&mut client, &mut server);
        let address = listener.address().clone();
        drop(listener);
        let error = connector.connect(address).unwrap_err();
        assert!(
            matches!(error, Error::Refused { .. } | Error::NotFound { .. }),
            "{error:?}"
        );
    }
}
