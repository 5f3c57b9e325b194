//! Closing from another thread, while a call waits.

mod common;

use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::peer::Peer;
use common::{exchange_objects, families, in_thread, pair, streams};
use processing_connection::{
    Closer, Connection, Connector, Error, Family, Framing, Listener, ListenerBuilder, connect,
};

const KEY: &str = "key";

fn is_not_open<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::NotOpen))
}

/// Starts a call in another thread, closes what it waits for, and returns its result. It does not
/// matter whether the call has begun to wait by then.
fn closed<T: Send + 'static>(
    closer: &Closer,
    call: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let calling: JoinHandle<_> = in_thread(call);
    thread::sleep(Duration::from_millis(20));
    closer.close();
    calling.join().unwrap()
}

/// Listeners without a key and with one.
fn listeners(family: Family) -> impl Iterator<Item = (Option<&'static str>, ListenerBuilder)> {
    const LONG: Duration = Duration::from_secs(3600);
    [None, Some(KEY)].into_iter().flat_map(move |key| {
        [None, Some(LONG)].map(|timeout| {
            let builder = Listener::builder().family(family).accept_timeout(timeout);
            match key {
                Some(key) => (Some(key), builder.authkey(key)),
                None => (None, builder),
            }
        })
    })
}

#[test]
fn an_accept_that_waits_ends_when_the_listener_is_closed() {
    for family in families() {
        for (_, builder) in listeners(family) {
            let mut listener = builder.bind().unwrap();
            let address = listener.address().clone();
            let closer = listener.closer().unwrap();
            let mut listener = {
                let (sender, receiver) = std::sync::mpsc::channel();
                let accepted = closed(&closer, move || {
                    let accepted = listener.accept();
                    sender.send(listener).unwrap();
                    accepted
                });
                assert!(is_not_open(&accepted), "{family}: {accepted:?}");
                receiver.recv().unwrap()
            };
            assert!(is_not_open(&listener.accept()), "{family}");
            assert!(connect(&address).is_err(), "{family}");
            closer.close();
        }
    }
}

#[test]
fn clients_in_a_handshake_do_not_keep_a_listener_open() {
    let mut listener = Listener::builder()
        .family(Family::Inet)
        .authkey(KEY)
        .bind()
        .unwrap();
    let address = listener.address().clone();
    let closer = listener.closer().unwrap();
    let accepting = in_thread(move || listener.accept());
    let mut client = Peer::connect(&address, Framing::Be32);
    assert!(client.receive().starts_with(b"#CHALLENGE#"));
    closer.close();
    assert!(is_not_open(&accepting.join().unwrap()));
}

#[test]
fn a_listener_with_a_closer_accepts_as_before() {
    for family in families() {
        for (key, builder) in listeners(family) {
            let mut listener = builder.bind().unwrap();
            let _closer = listener.closer().unwrap();
            for _ in 0..3 {
                let address = listener.address().clone();
                let client = in_thread(move || match key {
                    Some(key) => Connector::new().authkey(key).connect(address),
                    None => connect(address),
                });
                let mut server = listener.accept().unwrap();
                exchange_objects(&mut server, &mut client.join().unwrap().unwrap());
            }
            listener.set_accept_timeout(Some(Duration::from_millis(1)));
            assert!(matches!(listener.accept(), Err(Error::TimedOut { .. })));
        }
    }
}

#[test]
fn a_closer_does_not_keep_a_listener_open() {
    for family in families() {
        let listener = Listener::builder().family(family).bind().unwrap();
        let address = listener.address().clone();
        let closer = listener.closer().unwrap();
        drop(listener);
        assert!(connect(&address).is_err(), "{family}");
        closer.close();
    }
}

#[test]
fn a_receive_that_waits_ends_when_the_connection_is_closed() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        let closer = one.closer().unwrap();
        let received = closed(&closer, move || one.recv_string());
        assert!(is_not_open(&received), "{family}: {received:?}");
        assert!(matches!(other.recv_string(), Err(Error::Closed)));
    }
}

#[test]
fn a_send_that_waits_ends_when_the_connection_is_closed() {
    for family in families() {
        // Nobody reads.
        let (mut one, _other) = pair(family);
        let closer = one.closer().unwrap();
        let sent = closed(&closer, move || one.send_string(&vec![7; 64 << 20]));
        assert!(is_not_open(&sent), "{family}: {sent:?}");
    }
}

#[test]
fn a_poll_that_waits_ends_when_the_connection_is_closed() {
    for family in streams() {
        let (mut one, _other) = pair(family);
        let closer = one.closer().unwrap();
        let polled = closed(&closer, move || one.poll(None));
        assert!(is_not_open(&polled), "{family}: {polled:?}");
    }
}

#[test]
fn after_closing_every_call_fails() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        other.send(&1).unwrap();
        let closer = one.closer().unwrap();
        closer.close();
        closer.close();
        assert!(is_not_open(&one.recv::<i32>()), "{family}");
        assert!(is_not_open(&one.send(&2)), "{family}");
        assert!(is_not_open(&one.poll(Duration::ZERO)), "{family}");
        one.close();
    }
}

#[test]
fn both_halves_are_closed() {
    for family in families() {
        let (one, _other) = pair(family);
        let closer = one.closer().unwrap();
        let (mut send, mut recv) = one.split();
        let received = closed(&closer, move || recv.recv_string());
        assert!(is_not_open(&received), "{family}: {received:?}");
        assert!(is_not_open(&send.send(&1)), "{family}");
    }
}

#[test]
fn the_closer_of_a_closed_or_dropped_connection_does_nothing() {
    for family in families() {
        let (mut one, other): (Connection, Connection) = pair(family);
        let closer = other.closer().unwrap();
        drop(other);
        closer.close();
        one.close();
        assert!(is_not_open(&one.closer()), "{family}");
    }
}
