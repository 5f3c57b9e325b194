//! Two halves of one connection, in two threads.

mod common;

use common::{families, in_thread, pair, streams};
use processing_connection::{Connection, Error};

#[test]
fn both_directions_work_at_once() {
    const MESSAGE: &[u8] = &[5; 1 << 20];
    for family in families() {
        let (one, other) = pair(family);
        // Each end needs two threads: if neither read before it had sent everything, both would
        // stall.
        let ends = [one, other].map(|conn| {
            in_thread(move || {
                let (mut send, mut recv) = conn.split();
                let sender = in_thread(move || {
                    for _ in 0..8 {
                        send.send_string(MESSAGE).unwrap();
                    }
                    send
                });
                for _ in 0..8 {
                    assert!(recv.recv_string().unwrap() == MESSAGE);
                }
                Connection::join(sender.join().unwrap(), recv).unwrap()
            })
        });
        let [mut one, mut other] = ends.map(|end| end.join().unwrap());
        one.send(&1).unwrap();
        assert_eq!(other.recv::<i32>().unwrap(), 1);
    }
}

#[test]
fn closing_the_sending_half_ends_only_receiving_at_the_peer() {
    // Pipes are tested in pipes.rs.
    for family in streams() {
        let (one, mut other) = pair(family);
        let (mut send, mut recv) = one.split();
        send.send(&1).unwrap();
        send.close();
        send.close();
        assert!(matches!(send.send(&2), Err(Error::NotOpen)));
        assert_eq!(other.recv::<i32>().unwrap(), 1);
        assert!(matches!(other.recv::<i32>(), Err(Error::Closed)));
        other.send(&3).unwrap();
        assert_eq!(recv.recv::<i32>().unwrap(), 3);
        recv.close();
        assert!(matches!(recv.recv::<i32>(), Err(Error::NotOpen)));
    }
}

#[test]
fn dropping_both_halves_closes_the_connection() {
    for family in families() {
        let (one, mut other) = pair(family);
        let (send, recv) = one.split();
        drop(send);
        other.send(&1).unwrap();
        drop(recv);
        assert!(matches!(
            other.recv::<i32>(),
            Err(Error::Closed | Error::Reset { .. })
        ));
    }
}

#[test]
fn halves_of_different_connections_cannot_be_joined() {
    let (one, other) = pair(processing_connection::Family::Inet);
    let (send, _recv) = one.split();
    let (_send, recv) = other.split();
    let (mut send, recv) = *Connection::join(send, recv).unwrap_err();
    drop(recv);
    send.send(&1).unwrap();
}
