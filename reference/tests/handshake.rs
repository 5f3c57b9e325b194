//! Keys, and the result of the handshake at both ends.

mod common;

use std::net::TcpListener;
use std::time::Duration;

use common::peer::{FAILED, NONCE, Peer, WELCOME, answer, builder, challenge, connector, failure};
use common::{exchange_objects, families, in_thread};
use processing_connection::auth::{Exchange, Role};
use processing_connection::{
    AuthKey, AuthenticationFailure, Connection, Connector, Dialect, Error, Family, Framing,
    HandshakeStep, Limits, Result, Scheme,
};
use proptest::prelude::*;
use proptest::sample::select;

const SHORT: Duration = Duration::from_millis(100);
const DIALECTS: [Dialect; 2] = [Dialect::PROCESSING_0_21_C, Dialect::PROCESSING_0_30];

/// Connects a client to a listener, each with its key, and returns both results.
fn meet(
    family: Family,
    dialect: Dialect,
    listener: impl Into<AuthKey>,
    client: impl Into<AuthKey>,
) -> (Result<Connection>, Result<Connection>) {
    let mut listener = builder()
        .family(family)
        .dialect(dialect)
        .authkey(listener)
        .bind()
        .unwrap();
    let connector = connector().dialect(dialect).authkey(client);
    let address = listener.address().clone();
    let client = in_thread(move || connector.connect(address));
    (listener.accept(), client.join().unwrap())
}

#[test]
fn ends_with_the_same_key_can_talk() {
    let every_byte: Vec<u8> = (0..=255).collect();
    for family in families() {
        for dialect in DIALECTS {
            for key in [
                &b"k"[..],
                &[0],
                b"\xff\0\n#WELCOME",
                &every_byte[..64],
                &every_byte[..65],
                &every_byte,
                &[b'k'; 1000],
            ] {
                let (server, client) = meet(family, dialect, key, key);
                exchange_objects(&mut server.unwrap(), &mut client.unwrap());
            }
        }
    }
}

#[test]
fn trailing_zeros_of_a_short_key_make_no_difference() {
    let (server, client) = meet(Family::Inet, Dialect::PROCESSING_0_30, "key", "key\0\0");
    exchange_objects(&mut server.unwrap(), &mut client.unwrap());
    let longer = [&[1; 64][..], &[0]].concat();
    let (server, client) = meet(Family::Inet, Dialect::PROCESSING_0_30, [1; 64], longer);
    assert!(server.is_err() && client.is_err());
}

#[test]
fn ends_with_different_keys_refuse_each_other() {
    for family in families() {
        for dialect in DIALECTS {
            for (one, other) in [("key", "kez"), ("key", "key "), ("k", "key")] {
                let (server, client) = meet(family, dialect, one, other);
                assert_eq!(
                    failure(server),
                    (
                        HandshakeStep::ClientAnswer,
                        AuthenticationFailure::WrongAnswer
                    )
                );
                assert_eq!(
                    failure(client),
                    (
                        HandshakeStep::ListenerVerdict,
                        AuthenticationFailure::Refused
                    )
                );
            }
        }
    }
}

#[test]
fn a_client_with_a_key_does_not_wait_forever_for_a_challenge() {
    for family in families() {
        let mut listener = builder().family(family).bind().unwrap();
        let connector = connector().authkey("key").handshake_timeout(SHORT);
        let address = listener.address().clone();
        let client = in_thread(move || connector.connect(address));
        let mut conn = listener.accept().unwrap();
        assert!(matches!(conn.recv_value(), Err(Error::Closed)));
        assert_eq!(
            failure(client.join().unwrap()),
            (
                HandshakeStep::ListenerChallenge,
                AuthenticationFailure::TimedOut
            )
        );
    }
}

#[test]
fn a_client_with_a_key_does_not_mistake_an_object_for_a_challenge() {
    for family in families() {
        let mut listener = builder().family(family).bind().unwrap();
        let connector = connector().authkey("key");
        let address = listener.address().clone();
        let client = in_thread(move || connector.connect(address));
        let mut conn = listener.accept().unwrap();
        conn.send(&42).unwrap();
        let (step, reason) = failure(client.join().unwrap());
        assert_eq!(step, HandshakeStep::ListenerChallenge);
        assert_eq!(
            reason,
            AuthenticationFailure::Unexpected {
                received: processing_connection::object::dumps(&42).unwrap()
            }
        );
        assert!(matches!(conn.recv_value(), Err(Error::Closed)));
    }
}

#[test]
fn a_client_without_a_key_is_told_that_one_is_required() {
    for family in families() {
        let mut listener = builder().family(family).authkey("key").bind().unwrap();
        let address = listener.address().clone();
        let client = in_thread(move || {
            let mut conn = connector().connect(address).unwrap();
            let error = conn.recv::<i32>();
            conn.send(&42).unwrap();
            let verdict = conn.recv_string();
            (error, verdict)
        });
        assert_eq!(
            failure(listener.accept()),
            (
                HandshakeStep::ClientAnswer,
                AuthenticationFailure::WrongAnswer
            )
        );
        let (error, verdict) = client.join().unwrap();
        assert_eq!(
            failure(error),
            (
                HandshakeStep::ListenerChallenge,
                AuthenticationFailure::KeyWanted
            )
        );
        assert_eq!(verdict.unwrap(), FAILED);
    }
}

#[test]
fn a_string_is_received_as_it_is_even_if_it_is_a_challenge() {
    let (mut conn, mut raw) = common::raw();
    std::io::Write::write_all(&mut raw, &common::frame(&challenge(NONCE))).unwrap();
    assert_eq!(conn.recv_string().unwrap(), challenge(NONCE));
}

#[test]
fn an_empty_key_is_an_error() {
    for dialect in DIALECTS {
        let directory = tempfile::tempdir().unwrap();
        let listening = builder()
            .address(directory.path().join("socket").to_str().unwrap())
            .dialect(dialect)
            .authkey("")
            .bind();
        assert!(matches!(listening, Err(Error::EmptyKey)), "{listening:?}");
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }
    nobody_connects(&connector().authkey([]), |error| {
        matches!(error, Error::EmptyKey)
    });
}

#[test]
fn a_key_requires_a_dialect_with_a_handshake() {
    for dialect in [
        Dialect::PROCESSING_0_20_C,
        Dialect::PROCESSING_0_11_PURE,
        Dialect::PROCESSING_0_10_PURE,
    ] {
        let builder = builder().dialect(dialect).authkey("key");
        let error = builder.bind().unwrap_err();
        assert!(matches!(&error, Error::NoHandshake { dialect: named } if *named == dialect));
        assert!(error.to_string().contains(&dialect.to_string()), "{error}");
        let connector = connector().dialect(dialect).authkey("key");
        nobody_connects(&connector, |error| {
            matches!(error, Error::NoHandshake { .. })
        });
    }
}

/// Checks that connecting fails before anything reaches the listener.
fn nobody_connects(connector: &Connector, expected: impl Fn(&Error) -> bool) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = connector.connect(("127.0.0.1", port)).unwrap_err();
    assert!(expected(&error), "{error:?}");
    listener.set_nonblocking(true).unwrap();
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}

#[test]
fn a_handshake_also_works_in_hex8_although_no_release_has_it() {
    let dialect = Dialect::new(Framing::Hex8).with_handshake(Scheme::HmacSha1);
    let (server, client) = meet(Family::Inet, dialect, "key", "key");
    exchange_objects(&mut server.unwrap(), &mut client.unwrap());
}

#[test]
fn an_invalid_header_is_not_a_challenge() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let dialect = Dialect::new(Framing::Hex8).with_handshake(Scheme::HmacSha1);
    let connector = connector().dialect(dialect).authkey("key");
    let client = in_thread(move || connector.connect(("127.0.0.1", port)));
    Peer::accept(&listener).write(b"HTTP/1.1 400");
    let received = b"HTTP/1.1".to_vec();
    assert_eq!(
        failure(client.join().unwrap()),
        (
            HandshakeStep::ListenerChallenge,
            AuthenticationFailure::Unexpected { received }
        )
    );
}

#[test]
fn a_listener_keeps_messages_that_arrive_right_after_the_handshake() {
    for family in families() {
        for dialect in DIALECTS {
            let framing = dialect.framing();
            let mut listener = builder()
                .family(family)
                .dialect(dialect)
                .authkey("key")
                .bind()
                .unwrap();
            let address = listener.address().clone();
            let peer = in_thread(move || {
                let mut peer = Peer::connect(&address, framing);
                peer.answer_challenge(b"key");
                peer.send(&challenge(NONCE));
                assert_eq!(peer.receive(), answer(b"key", NONCE));
                peer.send_at_once(&[WELCOME, b"\x80\x02K*.", &vec![7; 300_000]]);
                peer
            });
            let mut conn = listener.accept().unwrap();
            assert!(conn.poll(Duration::from_secs(20)).unwrap());
            assert_eq!(conn.recv::<i32>().unwrap(), 42);
            assert!(conn.recv_string().unwrap() == vec![7; 300_000]);
            drop(peer.join().unwrap());
            assert!(matches!(conn.recv_string(), Err(Error::Closed)));
        }
    }
}

#[test]
fn a_client_keeps_messages_that_arrive_right_after_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = in_thread(move || connector().authkey("key").connect(("127.0.0.1", port)));
    let mut peer = Peer::accept(&listener);
    peer.challenge(b"key");
    let random = peer.receive_challenge();
    peer.send_at_once(&[&answer(b"key", &random), b"\x80\x02K*."]);
    assert_eq!(client.join().unwrap().unwrap().recv::<i32>().unwrap(), 42);
}

#[test]
fn the_limits_and_timeouts_of_messages_do_not_apply_to_the_handshake() {
    let mut listener = builder()
        .family(Family::Inet)
        .authkey("key")
        .limits(Limits::default().with_message_length(10))
        .read_timeout(Duration::ZERO)
        .handshake_timeout(None)
        .bind()
        .unwrap();
    let address = listener.address().clone();
    let client = in_thread(move || {
        std::thread::sleep(SHORT);
        connector()
            .authkey("key")
            .handshake_timeout(Duration::MAX)
            .connect(address)
            .unwrap()
    });
    let mut conn = listener.accept().unwrap();
    assert!(matches!(conn.recv_string(), Err(Error::TimedOut { .. })));
    client.join().unwrap().send_string(&[0; 11]).unwrap();
    conn.set_read_timeout(None);
    assert!(matches!(
        conn.recv_string(),
        Err(Error::MessageTooLong {
            length: 11,
            limit: 10
        })
    ));
}

#[test]
fn a_key_is_never_shown() {
    let secret = "secret-key-of-mine";
    let key = AuthKey::from(secret);
    let builder = builder().family(Family::Inet).authkey(secret);
    let connector = connector().authkey(secret);
    let listener = builder.clone().bind().unwrap();
    let exchange = Exchange::new(Role::Client, Scheme::HmacSha1, &key, &[7; 40]);
    let (server, client) = meet(Family::Inet, Dialect::PROCESSING_0_30, secret, "another");
    let (server, client) = (server.unwrap_err(), client.unwrap_err());
    let unusable = builder.clone().dialect(Framing::Be32).bind().unwrap_err();
    let shown = format!(
        "{key:?} {builder:?} {connector:?} {listener:?} {exchange:?} {server:?} {server} {client:?} \
         {client} {unusable:?} {unusable}"
    );
    let as_numbers = format!("{:?}", &secret.as_bytes()[..4]);
    for part in ["secret", as_numbers.trim_matches(['[', ']'])] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn errors_say_where_and_why() {
    let (server, client) = meet(Family::Inet, Dialect::PROCESSING_0_30, "one", "other");
    assert_eq!(
        server.unwrap_err().to_string(),
        "authentication failed at the client's answer: the answer is wrong: the peer has a different key"
    );
    assert_eq!(
        client.unwrap_err().to_string(),
        "authentication failed at the listener's verdict: our answer was refused: the peer has \
         a different key"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn ends_can_talk_if_and_only_if_their_keys_are_the_same(
        one in proptest::collection::vec(any::<u8>(), 1..200),
        other in proptest::collection::vec(any::<u8>(), 1..200),
        same: bool,
        family in select(families().collect::<Vec<_>>()),
    ) {
        let other = if same { one.clone() } else { other };
        // HMAC pads a key that is shorter than a block with zeros.
        let padded = |key: &[u8]| {
            let mut key = key.to_vec();
            key.resize(key.len().max(64), 0);
            key
        };
        let (server, client) = meet(family, Dialect::PROCESSING_0_30, &*one, &*other);
        prop_assert_eq!(server.is_ok(), client.is_ok());
        prop_assert_eq!(server.is_ok(), padded(&one) == padded(&other));
    }
}
