//! A listener with a key, and many clients that do not prove that they have it.

mod common;

use std::net::TcpStream;
use std::time::Duration;

use common::peer::{CHALLENGE, Peer, builder, connector, failure};
use common::{exchange_objects, in_thread};
use processing_connection::{
    Address, AuthenticationFailure, Error, Family, Framing, HandshakeStep, ListenerBuilder,
};

fn crowded() -> ListenerBuilder {
    builder().family(Family::Inet).authkey("key").backlog(128)
}

/// A client that connects and sends nothing.
fn silent(address: &Address) -> TcpStream {
    let Address::Inet { host, port } = address else {
        unreachable!("the listener listens over AF_INET")
    };
    TcpStream::connect((host.as_str(), *port)).unwrap()
}

#[test]
fn silent_clients_keep_nobody_waiting() {
    // No handshake times out, so that a client that had to wait for another would wait forever.
    let mut listener = crowded().handshake_timeout(None).bind().unwrap();
    let address = listener.address().clone();
    let silent: Vec<_> = (0..50).map(|_| silent(&address)).collect();
    let stopped: Vec<_> = {
        let address = address.clone();
        let stopped = in_thread(move || {
            (0..50)
                .map(|_| {
                    let mut peer = Peer::connect(&address, Framing::Be32);
                    assert!(peer.receive().starts_with(CHALLENGE));
                    peer
                })
                .collect()
        });
        // The listener challenges clients only while it accepts.
        while !stopped.is_finished() {
            listener.set_accept_timeout(Some(Duration::from_millis(1)));
            assert!(matches!(listener.accept(), Err(Error::TimedOut { .. })));
        }
        stopped.join().unwrap()
    };
    listener.set_accept_timeout(None);
    for _ in 0..3 {
        let address = address.clone();
        let client = in_thread(move || connector().authkey("key").connect(address));
        let mut server = listener.accept().unwrap();
        exchange_objects(&mut server, &mut client.join().unwrap().unwrap());
    }
    // Each client that leaves is a failed handshake, and the listener goes on.
    drop((silent, stopped));
    for _ in 0..100 {
        assert_eq!(
            failure(listener.accept()),
            (HandshakeStep::ClientAnswer, AuthenticationFailure::PeerLeft)
        );
    }
    let client = in_thread(move || connector().authkey("key").connect(address));
    exchange_objects(
        &mut listener.accept().unwrap(),
        &mut client.join().unwrap().unwrap(),
    );
}

#[test]
fn each_client_has_a_deadline_of_its_own() {
    let short = Duration::from_millis(50);
    let mut listener = crowded().handshake_timeout(short).bind().unwrap();
    let address = listener.address().clone();
    let _silent: Vec<_> = (0..3).map(|_| silent(&address)).collect();
    for _ in 0..3 {
        assert_eq!(
            failure(listener.accept()),
            (HandshakeStep::ClientAnswer, AuthenticationFailure::TimedOut)
        );
        assert!(listener.last_accepted().is_some());
    }
}

#[test]
fn the_time_between_two_calls_of_accept_does_not_count() {
    let timeout = Duration::from_millis(200);
    let mut listener = crowded().handshake_timeout(timeout).bind().unwrap();
    let address = listener.address().clone();
    listener.set_accept_timeout(Some(Duration::from_millis(1)));
    let connector = connector().authkey("key").handshake_timeout(None);
    let client = in_thread(move || connector.connect(address));
    let mut server = loop {
        match listener.accept() {
            Ok(server) => break server,
            Err(Error::TimedOut { .. }) => std::thread::sleep(timeout),
            Err(error) => panic!("{error}"),
        }
    };
    exchange_objects(&mut server, &mut client.join().unwrap().unwrap());
}

#[test]
fn the_client_that_has_waited_longest_makes_room() {
    let mut listener = crowded().handshake_timeout(None).bind().unwrap();
    let address = listener.address().clone();
    listener.set_accept_timeout(Some(Duration::from_secs(1)));
    let mut clients = Vec::new();
    let displaced = loop {
        clients.push(silent(&address));
        listener.set_accept_timeout(Some(Duration::from_millis(if clients.len() > 128 {
            5000
        } else {
            1
        })));
        match listener.accept() {
            Err(Error::TimedOut { .. }) => {}
            result => break failure(result),
        }
    };
    assert_eq!(
        displaced,
        (
            HandshakeStep::ClientAnswer,
            AuthenticationFailure::Displaced
        )
    );
    assert_eq!(clients.len(), 129);
    let first = clients[0].local_addr().unwrap();
    assert_eq!(
        listener.last_accepted(),
        Some(&Address::from((first.ip().to_string(), first.port())))
    );
}
