//! Named pipes, which carry messages instead of a stream of bytes.
#![cfg(windows)]

mod common;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{exchange_objects, in_thread, pair};
use processing_connection::pipe::{Part, Pipe, PipeListener, PipeOptions, ReadMode};
use processing_connection::{
    Address, Connection, Connector, Error, Family, Limits, Listener, connect,
};

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const SOON: Option<Duration> = Some(Duration::from_millis(50));
const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

/// A name that is not in use.
fn name() -> String {
    match Address::arbitrary(Family::Pipe) {
        Address::Pipe(name) => name,
        other => panic!("{other}"),
    }
}

/// A connection, and its raw other end.
fn raw_with(limits: Limits) -> (Connection, Pipe) {
    let name = name();
    let mut listener = Listener::builder()
        .address(name.as_str())
        .limits(limits)
        .bind()
        .unwrap();
    let peer = Pipe::connect(&name, ReadMode::Messages, PATIENCE).unwrap();
    (listener.accept().unwrap(), peer)
}

fn raw() -> (Connection, Pipe) {
    raw_with(Limits::default())
}

/// A pair of raw ends.
fn raw_pair(mode: ReadMode) -> (Pipe, Pipe) {
    let name = name();
    let listener = PipeListener::bind(&name, &PipeOptions::default()).unwrap();
    let client = Pipe::connect(&name, mode, PATIENCE).unwrap();
    (listener.accept(PATIENCE).unwrap().unwrap(), client)
}

/// Receives the next message in one read.
fn whole(pipe: &Pipe) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    let part = pipe.read(&mut buffer, PATIENCE).unwrap();
    assert_eq!(part.left, 0);
    buffer.truncate(part.received);
    buffer
}

fn pattern(length: usize) -> Vec<u8> {
    let mut pattern = (0..=250).collect::<Vec<u8>>().repeat(length / 251 + 1);
    pattern.truncate(length);
    pattern
}

#[test]
fn a_message_is_the_payload_without_a_header() {
    let (mut conn, peer) = raw();
    conn.send_string(b"no header").unwrap();
    assert_eq!(whole(&peer), b"no header");
    conn.send(&42).unwrap();
    assert_eq!(whole(&peer), b"\x80\x02J\x2a\0\0\0.");
    peer.write(b"none here either", PATIENCE).unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"none here either");
}

#[test]
fn two_writes_are_two_messages() {
    let (mut conn, peer) = raw();
    peer.write(b"\x80\x02", PATIENCE).unwrap();
    peer.write(b"K*.", PATIENCE).unwrap();
    peer.write(b"\x80\x02K*.", PATIENCE).unwrap();
    assert!(matches!(conn.recv_value(), Err(Error::NotAPickle { .. })));
    assert_eq!(conn.recv_string().unwrap(), b"K*.");
    assert_eq!(conn.recv::<i32>().unwrap(), 42);
}

#[test]
fn a_long_message_is_written_at_once_and_can_be_read_in_parts() {
    for length in [
        1023,
        1024,
        1025,
        8191,
        8192,
        8193,
        65_537,
        1 << 20,
        (16 << 20) + 1,
    ] {
        let (mut conn, peer) = raw();
        let message = pattern(length);
        let sender = in_thread(move || {
            conn.send_string(&message).unwrap();
            conn
        });
        let mut received = vec![0; length];
        let first = peer.read(&mut received[..100], PATIENCE).unwrap();
        assert_eq!(
            first,
            Part {
                received: 100,
                left: length as u64 - 100,
                cut: false
            }
        );
        let rest = peer.read(&mut received[100..], PATIENCE).unwrap();
        assert_eq!(
            rest,
            Part {
                received: length - 100,
                left: 0,
                cut: false
            }
        );
        assert!(received == pattern(length), "{length}");

        let mut conn = sender.join().unwrap();
        let sender = in_thread(move || peer.write(&pattern(length), PATIENCE).map(|()| peer));
        assert!(conn.recv_string().unwrap() == pattern(length), "{length}");
        sender.join().unwrap().unwrap();
    }
}

#[test]
fn empty_messages_keep_their_place() {
    let (mut conn, peer) = raw();
    for message in [&b""[..], b"", b"between", b""] {
        peer.write(message, PATIENCE).unwrap();
    }
    for message in [&b""[..], b"", b"between", b""] {
        assert!(conn.poll(AT_ONCE).unwrap());
        assert_eq!(conn.recv_string().unwrap(), message);
        conn.send_string(message).unwrap();
    }
    assert!(!conn.poll(AT_ONCE).unwrap());
    for message in [&b""[..], b"", b"between", b""] {
        assert_eq!(whole(&peer), message);
    }
}

#[test]
fn poll_reads_ahead_and_loses_nothing() {
    let (mut conn, peer) = raw();
    assert!(!conn.poll(SOON).unwrap());
    let lengths = [1, 8192, 8193, 100_000];
    let sender = in_thread(move || {
        for length in lengths {
            peer.write(&pattern(length), PATIENCE).unwrap();
        }
    });
    for length in lengths {
        assert!(conn.poll(PATIENCE).unwrap());
        assert!(conn.poll(AT_ONCE).unwrap());
        assert!(conn.recv_string().unwrap() == pattern(length), "{length}");
    }
    sender.join().unwrap();
    assert!(
        conn.poll(PATIENCE).unwrap(),
        "the end of the stream is something to receive"
    );
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
}

#[test]
fn complete_messages_are_delivered_before_the_end() {
    let (mut conn, peer) = raw();
    peer.write(b"first", PATIENCE).unwrap();
    peer.write(b"", PATIENCE).unwrap();
    drop(peer);
    assert_eq!(conn.recv_string().unwrap(), b"first");
    assert_eq!(conn.recv_string().unwrap(), b"");
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
    assert!(matches!(
        conn.send_string(b"anybody?"),
        Err(Error::Reset {
            inside_message: false
        })
    ));
}

#[test]
fn a_writer_that_leaves_inside_a_message_poisons_the_connection() {
    let (mut conn, peer) = raw();
    let peer = Arc::new(peer);
    let writer = in_thread({
        let peer = Arc::clone(&peer);
        move || peer.write(&pattern(1 << 20), PATIENCE)
    });
    // A part of the message is read ahead; the writer waits for the rest to be read, and is then
    // closed.
    assert!(conn.poll(PATIENCE).unwrap());
    peer.close();
    writer.join().unwrap().unwrap_err();
    match conn.recv_string() {
        Err(Error::CutInPayload { received, expected }) => {
            assert_eq!((received, expected), (8192, 1 << 20));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(conn.recv_string(), Err(Error::Poisoned { .. })));
}

#[test]
fn a_cancelled_message_is_not_joined_with_the_next() {
    let (mut conn, peer) = raw();
    let writer = in_thread(move || {
        let error = peer.write(&pattern(1 << 20), SOON).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        // The next message may still fit into the buffer.
        let _ = peer.write(b"the next", SOON);
        peer
    });
    assert!(conn.poll(PATIENCE).unwrap());
    let peer = writer.join().unwrap();
    assert!(matches!(
        conn.recv_string(),
        Err(Error::CutInPayload { received: 8192, .. })
    ));
    drop(peer);
}

#[test]
fn a_message_over_the_limit_poisons_the_connection() {
    let (mut conn, peer) = raw_with(Limits::default().with_message_length(1000));
    peer.write(&pattern(1000), PATIENCE).unwrap();
    peer.write(&pattern(1001), PATIENCE).unwrap();
    assert_eq!(conn.recv_string().unwrap().len(), 1000);
    assert!(matches!(
        conn.recv_string(),
        Err(Error::MessageTooLong {
            length: 1001,
            limit: 1000
        })
    ));
    assert!(matches!(conn.recv_string(), Err(Error::Poisoned { .. })));
    assert!(matches!(
        raw_with(Limits::default().with_message_length(3))
            .0
            .send_string(b"four"),
        Err(Error::CannotSend {
            length: 4,
            limit: 3
        })
    ));
}

#[test]
fn a_client_that_reads_bytes_gets_them_without_boundaries() {
    let (server, client) = raw_pair(ReadMode::Bytes);
    server.write(b"one", PATIENCE).unwrap();
    server.write(b"two", PATIENCE).unwrap();
    assert_eq!(whole(&client), b"onetwo");
    // Its writes are still separate messages.
    client.write(b"three", PATIENCE).unwrap();
    client.write(b"four", PATIENCE).unwrap();
    assert_eq!(whole(&server), b"three");
    assert_eq!(whole(&server), b"four");
}

#[test]
fn both_directions_work_at_once_with_more_than_the_buffers_hold() {
    let (one, other) = pair(Family::Pipe);
    let threads: Vec<_> = [one, other]
        .into_iter()
        .map(|conn| {
            in_thread(move || {
                let (mut send, mut recv) = conn.split();
                let sender = in_thread(move || {
                    for _ in 0..20 {
                        send.send_string(&pattern(200_000)).unwrap();
                    }
                    send
                });
                for _ in 0..20 {
                    assert!(recv.recv_string().unwrap() == pattern(200_000));
                }
                (sender.join().unwrap(), recv)
            })
        })
        .collect();
    // Neither end is closed before both are done.
    let ends: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    drop(ends);
}

#[test]
fn a_receive_that_timed_out_can_be_repeated() {
    let (mut conn, peer) = raw();
    conn.set_read_timeout(SOON);
    for _ in 0..2 {
        assert!(matches!(
            conn.recv_string(),
            Err(Error::TimedOut {
                operation: "recv",
                resumable: true
            })
        ));
    }
    peer.write(b"late", PATIENCE).unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"late");
}

#[test]
fn a_send_that_times_out_poisons_the_connection() {
    let (mut conn, peer) = raw();
    conn.set_write_timeout(SOON);
    assert!(matches!(
        conn.send_string(&pattern(1 << 20)),
        Err(Error::TimedOut {
            operation: "send",
            resumable: false
        })
    ));
    assert!(matches!(conn.send_string(b""), Err(Error::Poisoned { .. })));
    drop(peer);
}

#[test]
fn closing_one_half_ends_a_call_that_waits_in_the_other() {
    let (conn, peer) = raw();
    let (mut send, mut recv) = conn.split();
    let receiver = in_thread(move || {
        let ended = recv.recv_string();
        (ended, recv)
    });
    thread::sleep(Duration::from_millis(20));
    send.close();
    let (ended, mut recv) = receiver.join().unwrap();
    assert!(matches!(ended, Err(Error::NotOpen)), "{ended:?}");
    assert!(matches!(recv.poll(AT_ONCE), Err(Error::NotOpen)));
    assert_eq!(
        peer.read(&mut [0], PATIENCE).unwrap_err().raw_os_error(),
        Some(109)
    );

    let (conn, _peer) = raw();
    let (mut send, mut recv) = conn.split();
    let sender = in_thread(move || send.send_string(&pattern(1 << 20)));
    thread::sleep(Duration::from_millis(20));
    recv.close();
    let ended = sender.join().unwrap();
    assert!(matches!(ended, Err(Error::NotOpen)), "{ended:?}");
}

#[test]
fn clients_wait_for_their_turn() {
    let mut listener = Listener::builder().family(Family::Pipe).bind().unwrap();
    let clients: Vec<_> = (0..20)
        .map(|number| {
            let address = listener.address().clone();
            in_thread(move || {
                let mut conn = connect(address).unwrap();
                conn.send(&number).unwrap();
                assert_eq!(conn.recv::<Vec<i32>>().unwrap(), [number]);
            })
        })
        .collect();
    let mut served: Vec<i32> = (0..20)
        .map(|_| {
            let mut conn = listener.accept().unwrap();
            let number = conn.recv().unwrap();
            conn.send(&[number]).unwrap();
            number
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    served.sort_unstable();
    assert_eq!(served, (0..20).collect::<Vec<_>>());
    assert_eq!(listener.last_accepted(), None);
}

#[test]
fn a_client_times_out_if_its_turn_does_not_come() {
    let listener = Listener::builder().family(Family::Pipe).bind().unwrap();
    let _first = connect(listener.address()).unwrap();
    let started = Instant::now();
    let error = Connector::new()
        .busy_timeout(Duration::from_millis(200))
        .connect(listener.address())
        .unwrap_err();
    assert!(matches!(
        error,
        Error::TimedOut {
            operation: "connect",
            resumable: true
        }
    ));
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_client_may_connect_write_and_leave_before_it_is_accepted() {
    let mut listener = Listener::builder().family(Family::Pipe).bind().unwrap();
    let mut early = connect(listener.address()).unwrap();
    early.send(&1).unwrap();
    drop(early);
    let mut conn = listener.accept().unwrap();
    assert_eq!(conn.recv::<i32>().unwrap(), 1);
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));

    drop(connect(listener.address()).unwrap());
    let mut conn = listener.accept().unwrap();
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));

    let mut client = connect(listener.address()).unwrap();
    exchange_objects(&mut client, &mut listener.accept().unwrap());
}

#[test]
fn an_accept_that_timed_out_can_be_repeated() {
    let mut listener = Listener::builder()
        .family(Family::Pipe)
        .accept_timeout(Duration::from_millis(50))
        .bind()
        .unwrap();
    for _ in 0..3 {
        assert!(matches!(
            listener.accept(),
            Err(Error::TimedOut {
                operation: "accept",
                ..
            })
        ));
    }
    let mut client = connect(listener.address()).unwrap();
    exchange_objects(&mut client, &mut listener.accept().unwrap());
}

#[test]
fn a_name_disappears_with_its_last_instance() {
    let mut listener = Listener::builder().family(Family::Pipe).bind().unwrap();
    let address = listener.address().clone();
    let impatient = Connector::new().busy_timeout(Duration::ZERO);
    let mut client = connect(&address).unwrap();
    let mut conn = listener.accept().unwrap();
    listener.close();
    // An open connection keeps the name in use, but there is no instance for other clients.
    assert!(matches!(
        impatient.connect(&address),
        Err(Error::TimedOut { .. })
    ));
    exchange_objects(&mut client, &mut conn);
    drop((client, conn));
    assert!(matches!(connect(&address), Err(Error::NotFound { .. })));
    Listener::bind(&address).unwrap();
}

#[test]
fn a_name_must_have_the_right_form() {
    let long = format!(r"\\.\pipe\{}", "x".repeat(248));
    for (name, reason) in [
        (r"\\", "form"),
        (r"\\.", "form"),
        (r"\\.\pipe", "form"),
        (r"\\.\pipe\", "form"),
        (r"\\\pipe\name", "form"),
        (r"\\.\pip\name", "form"),
        ("\\\\.\\pipe\\na\0me", "NUL"),
        (&long, "256"),
    ] {
        for result in [Listener::bind(name).map(drop), connect(name).map(drop)] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::BadAddress { .. }), "{name}: {error}");
            assert!(error.to_string().contains(reason), "{name}: {error}");
        }
    }
    assert!(matches!(
        Listener::bind(r"\\ServerName\pipe\name"),
        Err(Error::BadAddress { .. })
    ));
    assert!(matches!(
        connect(r"\\.\PIPE\nobody-listens-here"),
        Err(Error::NotFound { .. })
    ));
    let longest = format!(r"\\.\pipe\{}", "x".repeat(247));
    let mut listener = Listener::bind(longest.as_str()).unwrap();
    let mut client = connect(longest.as_str()).unwrap();
    exchange_objects(&mut client, &mut listener.accept().unwrap());
}

/// Handles are numbers that are reused, so leaked handles make new ones higher.
fn highest_handle() -> usize {
    use std::os::windows::io::AsRawHandle;

    let files: Vec<_> = (0..32)
        .map(|_| std::fs::File::open("NUL").unwrap())
        .collect();
    files
        .iter()
        .map(|file| file.as_raw_handle() as usize)
        .max()
        .unwrap()
}

#[test]
fn five_hundred_connections_leave_nothing_behind() {
    let cycle = |listener: &mut Listener| {
        let address = listener.address().clone();
        let client = in_thread(move || {
            let mut conn = connect(address).unwrap();
            conn.send(&42).unwrap();
            assert_eq!(conn.recv::<Vec<i32>>().unwrap(), [42]);
        });
        let mut conn = listener.accept().unwrap();
        let boxed = [conn.recv::<i32>().unwrap()];
        conn.send(&boxed).unwrap();
        client.join().unwrap();
    };
    let mut listener = Listener::builder().family(Family::Pipe).bind().unwrap();
    let address = listener.address().clone();
    cycle(&mut listener);
    let before = highest_handle();
    for _ in 0..500 {
        cycle(&mut listener);
    }
    let after = highest_handle();
    // Other tests run at the same time; 500 leaks of one handle would raise it by 2000.
    assert!(after < before + 1500, "{before} {after}");
    drop(listener);
    assert!(matches!(connect(&address), Err(Error::NotFound { .. })));
}
