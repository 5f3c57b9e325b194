//! How a listener and a client treat raw peers that misbehave in the handshake.

mod common;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::peer::{FAILED, NONCE, Peer, WELCOME, answer, builder, challenge, connector, failure};
use common::{exchange_objects, families, in_thread};
use processing_connection::{
    Address, AuthenticationFailure, Connection, Family, Framing, HandshakeStep, Listener, Result,
};

use AuthenticationFailure::{
    OtherScheme, PeerLeft, Reflected, Refused, TimedOut, TooLong, Unexpected, WrongAnswer,
};
use HandshakeStep::{
    ClientAnswer, ClientChallenge, ClientVerdict, ListenerAnswer, ListenerChallenge,
    ListenerVerdict,
};

const SHORT: Duration = Duration::from_millis(100);

fn listener(family: Family) -> Listener {
    builder()
        .family(family)
        .backlog(5)
        .authkey("key")
        .handshake_timeout(Duration::from_secs(20))
        .bind()
        .unwrap()
}

/// A client with the key, and the raw end to which it connected.
fn client(timeout: Duration) -> (JoinHandle<Result<Connection>>, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connector = connector().authkey("key").handshake_timeout(timeout);
    let client = in_thread(move || connector.connect(("127.0.0.1", port)));
    (client, Peer::accept(&listener))
}

/// Brings a raw client to the point where it has to send the message of this step.
fn client_up_to(step: HandshakeStep, address: &Address) -> Peer {
    let mut peer = Peer::connect(address, Framing::Be32);
    match step {
        ClientAnswer => {
            peer.receive_challenge();
        }
        ClientChallenge => peer.answer_challenge(b"key"),
        ClientVerdict => {
            peer.answer_challenge(b"key");
            peer.send(&challenge(NONCE));
            assert_eq!(peer.receive(), answer(b"key", NONCE));
        }
        _ => panic!("not a step of a client"),
    }
    peer
}

/// Brings a raw listener to the point where it has to send the message of this step.
fn listener_up_to(step: HandshakeStep, peer: &mut Peer) {
    match step {
        ListenerChallenge => {}
        ListenerVerdict => {
            peer.send(&challenge(NONCE));
            assert_eq!(peer.receive(), answer(b"key", NONCE));
        }
        ListenerAnswer => {
            peer.challenge(b"key");
            peer.receive_challenge();
        }
        _ => panic!("not a step of a listener"),
    }
}

const CLIENT_STEPS: [HandshakeStep; 3] = [ClientAnswer, ClientChallenge, ClientVerdict];
const LISTENER_STEPS: [HandshakeStep; 3] = [ListenerChallenge, ListenerVerdict, ListenerAnswer];

/// The reason for which an end refuses `message` at `step`.
fn reason(step: HandshakeStep, message: &[u8]) -> AuthenticationFailure {
    match (step, message) {
        (ClientAnswer | ListenerAnswer, _) => WrongAnswer,
        (ListenerVerdict | ClientVerdict, message) if message == FAILED => Refused,
        (_, message) if message == b"#WELCOME#" || message.starts_with(b"#CHALLENGE#") => {
            OtherScheme {
                received: message.to_vec(),
            }
        }
        _ => Unexpected {
            received: message.to_vec(),
        },
    }
}

/// Messages that are wrong at every step, or would be correct only at another step.
fn wrong_messages() -> Vec<Vec<u8>> {
    vec![
        vec![],
        b"#WELCOME#".to_vec(),
        b"#WELCOM".to_vec(),
        FAILED.to_vec(),
        challenge(b""),
        challenge(&NONCE[..19]),
        challenge(&[7; 21]),
        [b"#CHALLENGE#", &NONCE[..]].concat(),
        answer(b"key", b"another challenge"),
        answer(b"key", NONCE)[..19].to_vec(),
        vec![b'm'; 16],
        b"\x80\x02K*.".to_vec(),
        vec![0; 256],
    ]
}

#[test]
fn a_listener_refuses_every_wrong_message_and_serves_the_next_client() {
    for family in families() {
        let mut listener = listener(family);
        for step in CLIENT_STEPS {
            for wrong in wrong_messages() {
                let address = listener.address().clone();
                let message = wrong.clone();
                let peer = in_thread(move || {
                    let mut peer = client_up_to(step, &address);
                    peer.send(&message);
                    if step == ClientAnswer {
                        assert_eq!(peer.receive(), FAILED);
                    }
                    peer.expect_the_end();
                });
                assert_eq!(failure(listener.accept()), (step, reason(step, &wrong)));
                peer.join().unwrap();
            }
        }
        serves(&mut listener);
    }
}

/// Checks that the next client gets a connection.
fn serves(listener: &mut Listener) {
    let address = listener.address().clone();
    let connector = connector().authkey("key");
    let client = in_thread(move || connector.connect(address).unwrap().send(&42));
    assert_eq!(listener.accept().unwrap().recv::<i32>().unwrap(), 42);
    client.join().unwrap().unwrap();
}

#[test]
fn a_client_refuses_every_wrong_message() {
    for step in LISTENER_STEPS {
        for wrong in wrong_messages() {
            let (client, mut peer) = client(Duration::from_secs(20));
            listener_up_to(step, &mut peer);
            peer.send(&wrong);
            if step == ListenerAnswer {
                assert_eq!(peer.receive(), FAILED);
            }
            peer.expect_the_end();
            assert_eq!(
                failure(client.join().unwrap()),
                (step, reason(step, &wrong))
            );
        }
    }
}

#[test]
fn a_header_over_the_limit_fails_the_handshake() {
    let too_long = |length| TooLong { length, limit: 256 };
    for header in [257, u32::MAX] {
        for step in CLIENT_STEPS {
            let mut listener = listener(Family::Inet);
            let address = listener.address().clone();
            let peer = in_thread(move || {
                let mut peer = client_up_to(step, &address);
                peer.write(&header.to_be_bytes());
                if step == ClientAnswer {
                    assert_eq!(peer.receive(), FAILED);
                }
                peer.expect_the_end();
            });
            let failed = failure(listener.accept());
            assert_eq!(failed, (step, too_long(header.into())));
            peer.join().unwrap();
        }
        for step in LISTENER_STEPS {
            let (client, mut peer) = client(Duration::from_secs(20));
            listener_up_to(step, &mut peer);
            peer.write(&header.to_be_bytes());
            let failed = failure(client.join().unwrap());
            assert_eq!(failed, (step, too_long(header.into())));
        }
    }
}

#[test]
fn a_different_framing_is_detected_by_its_header() {
    let mut listener = listener(Family::Inet);
    let address = listener.address().clone();
    let client = in_thread(move || {
        connector()
            .dialect(processing_connection::Dialect::PROCESSING_0_21_C)
            .authkey("key")
            .connect(address)
    });
    let seen = TooLong {
        length: 31 << 24,
        limit: 256,
    };
    assert_eq!(failure(listener.accept()), (ClientAnswer, PeerLeft));
    assert_eq!(failure(client.join().unwrap()), (ListenerChallenge, seen));
}

#[test]
fn a_peer_that_falls_silent_times_out() {
    for step in CLIENT_STEPS {
        for beginning in [&b""[..], b"\0\0", b"\0\0\0\x14half"] {
            let mut listener = builder()
                .family(Family::Inet)
                .authkey("key")
                .handshake_timeout(SHORT)
                .bind()
                .unwrap();
            let address = listener.address().clone();
            let peer = in_thread(move || {
                let mut peer = client_up_to(step, &address);
                peer.write(beginning);
                peer.expect_the_end();
            });
            assert_eq!(failure(listener.accept()), (step, TimedOut));
            peer.join().unwrap();
        }
    }
    for step in LISTENER_STEPS {
        let (client, mut peer) = client(SHORT);
        listener_up_to(step, &mut peer);
        peer.expect_the_end();
        assert_eq!(failure(client.join().unwrap()), (step, TimedOut));
    }
}

#[test]
fn the_timeout_is_for_the_whole_handshake_not_for_each_byte() {
    let mut listener = builder()
        .family(Family::Inet)
        .authkey("key")
        .handshake_timeout(SHORT * 3)
        .bind()
        .unwrap();
    let Address::Inet { port, .. } = *listener.address() else {
        panic!()
    };
    let trickling = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut writing = trickling.try_clone().unwrap();
    // The answer is complete after 20 seconds: with a timeout for each byte, it would arrive and
    // then be refused.
    let trickle = in_thread(move || {
        for byte in common::frame(&[0; 200]) {
            if std::io::Write::write_all(&mut writing, &[byte]).is_err() {
                break;
            }
            std::thread::sleep(SHORT);
        }
    });
    assert_eq!(failure(listener.accept()), (ClientAnswer, TimedOut));
    // It may already have been closed.
    let _ = trickling.shutdown(Shutdown::Both);
    trickle.join().unwrap();
}

#[test]
fn a_peer_that_leaves_is_distinguished_from_one_that_is_silent() {
    for family in families() {
        let mut listener = listener(family);
        for step in CLIENT_STEPS {
            // Over a pipe there are no partial messages.
            let beginnings = match family {
                Family::Pipe => vec![None],
                _ => vec![None, Some(&b"\0\0"[..]), Some(b"\0\0\0\x14half")],
            };
            for beginning in beginnings {
                let address = listener.address().clone();
                let peer = in_thread(move || {
                    let mut peer = client_up_to(step, &address);
                    if let Some(beginning) = beginning {
                        peer.write(beginning);
                    }
                });
                assert_eq!(failure(listener.accept()), (step, PeerLeft));
                peer.join().unwrap();
            }
        }
        serves(&mut listener);
    }
    for step in LISTENER_STEPS {
        let (client, mut peer) = client(Duration::from_secs(20));
        listener_up_to(step, &mut peer);
        drop(peer);
        assert_eq!(failure(client.join().unwrap()), (step, PeerLeft));
    }
}

#[test]
fn a_challenge_sent_back_is_not_answered() {
    let mut listener = listener(Family::Inet);
    let address = listener.address().clone();
    let peer = in_thread(move || {
        let mut peer = Peer::connect(&address, Framing::Be32);
        let random = peer.receive_challenge();
        peer.send(&answer(b"key", &random));
        assert_eq!(peer.receive(), WELCOME);
        peer.send(&challenge(&random));
        peer.expect_the_end();
    });
    assert_eq!(failure(listener.accept()), (ClientChallenge, Reflected));
    peer.join().unwrap();
}

#[test]
fn a_listener_without_the_key_cannot_let_another_connection_answer_for_it() {
    let (first, mut here) = client(Duration::from_secs(20));
    let (second, mut there) = client(Duration::from_secs(20));
    here.send(&challenge(NONCE));
    here.receive();
    // It welcomes any answer, and passes the challenge on.
    here.send(WELCOME);
    let asked = here.receive_challenge();
    there.send(&challenge(&asked));
    there.expect_the_end();
    assert_eq!(
        failure(second.join().unwrap()),
        (ListenerChallenge, Reflected)
    );
    drop(here);
    first.join().unwrap().unwrap_err();
}

#[test]
fn an_object_sent_before_the_handshake_is_over_is_never_read() {
    let mut listener = listener(Family::Inet);
    for step in CLIENT_STEPS {
        let address = listener.address().clone();
        // Unpickling this would run a program.
        let program = b"cposix\nsystem\n(S'exit'\ntR.";
        let peer = in_thread(move || {
            let mut peer = client_up_to(step, &address);
            peer.send(program);
            peer
        });
        assert_eq!(failure(listener.accept()), (step, reason(step, program)));
        peer.join().unwrap();
    }
}

#[test]
fn a_listener_that_welcomes_any_answer_must_know_the_key_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = in_thread(move || connector().authkey("key").connect(("127.0.0.1", port)));
    let mut impostor = Peer::accept(&listener);
    impostor.send(&challenge(NONCE));
    impostor.receive();
    impostor.send(WELCOME);
    let random = impostor.receive_challenge();
    impostor.send(&answer(b"another", &random));
    assert_eq!(impostor.receive(), FAILED);
    impostor.expect_the_end();
    assert_eq!(
        failure(client.join().unwrap()),
        (ListenerAnswer, WrongAnswer)
    );
}

#[test]
fn no_two_challenges_are_the_same() {
    let mut listener = listener(Family::Inet);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let address = listener.address().clone();
        let peer = in_thread(move || Peer::connect(&address, Framing::Be32).receive_challenge());
        assert!(listener.accept().is_err());
        assert!(seen.insert(peer.join().unwrap()));
    }
}

#[test]
fn an_old_answer_is_refused() {
    let mut listener = listener(Family::Inet);
    let address = listener.address().clone();
    let peer = in_thread(move || {
        let mut first = Peer::connect(&address, Framing::Be32);
        let random = first.receive_challenge();
        let overheard = answer(b"key", &random);
        first.send(&overheard);
        assert_eq!(first.receive(), WELCOME);
        drop(first);
        let mut second = Peer::connect(&address, Framing::Be32);
        second.receive_challenge();
        second.send(&overheard);
        assert_eq!(second.receive(), FAILED);
        second.expect_the_end();
    });
    assert_eq!(failure(listener.accept()), (ClientChallenge, PeerLeft));
    assert_eq!(failure(listener.accept()), (ClientAnswer, WrongAnswer));
    peer.join().unwrap();
}

#[test]
fn a_silent_client_does_not_delay_the_next_one() {
    // The second client has this long to answer, on a busy machine as well.
    let timeout = SHORT * 10;
    let mut listener = builder()
        .family(Family::Inet)
        .backlog(5)
        .authkey("key")
        .handshake_timeout(timeout)
        .bind()
        .unwrap();
    let Address::Inet { port, .. } = *listener.address() else {
        panic!()
    };
    let silent = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let from = silent.local_addr().unwrap();
    let connector = connector().authkey("key");
    let client = in_thread(move || connector.connect(("127.0.0.1", port)));
    let start = Instant::now();
    exchange_objects(
        &mut listener.accept().unwrap(),
        &mut client.join().unwrap().unwrap(),
    );
    assert_eq!(failure(listener.accept()), (ClientAnswer, TimedOut));
    assert!(start.elapsed() >= timeout);
    let address = Address::from((from.ip().to_string(), from.port()));
    assert_eq!(listener.last_accepted(), Some(&address));
}
