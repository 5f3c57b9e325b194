use proptest::prelude::*;

use super::proof::Proof;
use super::*;

mod recorded;
mod schemes;

const NONCE: [u8; 20] = *b"twenty random bytes!";
const OTHER: [u8; 20] = *b"and another twenty!!";

const CHALLENGE: &[u8] = Scheme::HmacSha1.challenge_prefix();
const WELCOME: &[u8] = Scheme::HmacSha1.welcome();
const AUTHENTICATION_FAILED: &[u8] = Scheme::HmacSha1.failure();

/// A challenge as it is sent.
fn challenge(nonce: &[u8]) -> Vec<u8> {
    [CHALLENGE, nonce].concat()
}

fn answer(key: &AuthKey, nonce: &[u8]) -> Vec<u8> {
    Proof::Sha1.answer(key, nonce)
}

fn unexpected(message: &[u8]) -> AuthenticationFailure {
    Scheme::HmacSha1.unexpected(message)
}

/// Returns an exchange of `processing` whose challenge has these 20 bytes.
fn exchange(role: Role, key: &AuthKey, nonce: &[u8]) -> Exchange {
    let mut random = [0; RANDOM_LENGTH];
    random[..20].copy_from_slice(nonce);
    Exchange::new(role, Scheme::HmacSha1, key, &random)
}

/// Returns an exchange that has received these messages, and has sent its own in between.
fn after(role: Role, key: &AuthKey, received: &[&[u8]]) -> Exchange {
    let mut exchange = exchange(role, key, &NONCE);
    let mut received = received.iter();
    loop {
        match exchange.turn() {
            Turn::Receive(_) => match received.next() {
                Some(message) => exchange.receive(message),
                None => return exchange,
            },
            Turn::Send(..) => {}
            Turn::Accepted | Turn::Failed(..) => {
                assert_eq!(received.len(), 0, "the handshake ended early");
                return exchange;
            }
        }
    }
}

#[test]
fn answers_match_the_test_cases_of_rfc_2202() {
    let repeated = |byte: u8, count: usize| vec![byte; count];
    let counted: Vec<u8> = (1..=25).collect();
    let larger = b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec();
    let larger_data =
        b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data".to_vec();
    let cases = [
        (
            repeated(0x0b, 20),
            b"Hi There".to_vec(),
            "b617318655057264e28bc0b6fb378c8ef146be00",
        ),
        (
            b"Jefe".to_vec(),
            b"what do ya want for nothing?".to_vec(),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            repeated(0xaa, 20),
            repeated(0xdd, 50),
            "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
        ),
        (
            counted,
            repeated(0xcd, 50),
            "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
        ),
        (
            repeated(0x0c, 20),
            b"Test With Truncation".to_vec(),
            "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04",
        ),
        (
            repeated(0xaa, 80),
            larger,
            "aa4ae5e15272d00e95705637ce8a3b55ed402112",
        ),
        (
            repeated(0xaa, 80),
            larger_data,
            "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
        ),
    ];
    for (key, data, digest) in cases {
        assert_eq!(answer(&AuthKey::from(key), &data), bytes(digest));
    }
}

#[test]
fn neither_end_accepts_before_both_halves_are_complete() {
    let key = AuthKey::from("key");
    let (welcome, theirs) = (WELCOME, challenge(&OTHER));
    let right = answer(&key, &NONCE);
    for (role, received) in [
        (Role::Listener, [&*right, &theirs, welcome]),
        (Role::Client, [&*theirs, welcome, &right]),
    ] {
        for count in 0..3 {
            let mut exchange = after(role, &key, &received[..count]);
            assert!(matches!(exchange.turn(), Turn::Receive(_)), "{exchange:?}");
        }
        assert_eq!(after(role, &key, &received).turn(), Turn::Accepted);
    }
}

#[test]
fn a_wrong_answer_is_refused_and_then_fails() {
    let key = AuthKey::from("key");
    let right = answer(&key, &NONCE);
    let mut flipped = right.clone();
    flipped[19] ^= 1;
    let wrong: [&[u8]; 8] = [
        b"",
        &right[..1],
        &right[..19],
        &[&right[..], b"\0"].concat(),
        &flipped,
        &answer(&AuthKey::from("another"), &NONCE),
        &answer(&key, &OTHER),
        WELCOME,
    ];
    for wrong in wrong {
        let mut listener = after(Role::Listener, &key, &[]);
        listener.receive(wrong);
        listener.receive(b"more, before its turn");
        assert_eq!(
            listener.turn(),
            Turn::Send(
                HandshakeStep::ListenerVerdict,
                AUTHENTICATION_FAILED.to_vec()
            )
        );
        let failed = Turn::Failed(
            HandshakeStep::ClientAnswer,
            AuthenticationFailure::WrongAnswer,
        );
        assert_eq!(listener.turn(), failed);
        // Nothing that comes later changes the result.
        listener.receive(&right);
        assert_eq!(listener.turn(), failed);

        let mut client = after(Role::Client, &key, &[&challenge(&OTHER), WELCOME]);
        client.receive(wrong);
        assert_eq!(
            client.turn(),
            Turn::Send(HandshakeStep::ClientVerdict, AUTHENTICATION_FAILED.to_vec())
        );
        assert_eq!(
            client.turn(),
            Turn::Failed(
                HandshakeStep::ListenerAnswer,
                AuthenticationFailure::WrongAnswer
            )
        );
    }
}

#[test]
fn only_20_bytes_after_the_prefix_are_a_challenge() {
    let key = AuthKey::from("key");
    for other in [
        &b""[..],
        b"#CHALLENGE",
        b"#CHALLENGE:",
        &challenge(&NONCE[..19]),
        &challenge(b"twenty and one bytes!"),
        &[b"#CHALLENGE#", &NONCE[..]].concat(),
        &[b"#challenge:", &NONCE[..]].concat(),
        b"\x80\x02K*.",
        WELCOME,
    ] {
        let mut client = after(Role::Client, &key, &[]);
        client.receive(other);
        let reason = unexpected(other);
        assert_eq!(
            client.turn(),
            Turn::Failed(HandshakeStep::ListenerChallenge, reason.clone())
        );

        let mut listener = after(Role::Listener, &key, &[&answer(&key, &NONCE)]);
        listener.receive(other);
        assert_eq!(
            listener.turn(),
            Turn::Failed(HandshakeStep::ClientChallenge, reason)
        );
    }
}

#[test]
fn only_two_messages_are_verdicts() {
    let key = AuthKey::from("key");
    for other in [
        &b""[..],
        b"#WELCOME#",
        b"#WELCOM",
        b" #WELCOME",
        b"#welcome",
        b"#FAILURE#",
        b"#AUTHENTICATION_FAILED\n",
        &challenge(&OTHER),
    ] {
        let mut client = after(Role::Client, &key, &[&challenge(&OTHER)]);
        client.receive(other);
        assert_eq!(
            client.turn(),
            Turn::Failed(HandshakeStep::ListenerVerdict, unexpected(other))
        );
    }
    let mut client = after(Role::Client, &key, &[&challenge(&OTHER)]);
    client.receive(AUTHENTICATION_FAILED);
    assert_eq!(
        client.turn(),
        Turn::Failed(
            HandshakeStep::ListenerVerdict,
            AuthenticationFailure::Refused
        )
    );
}

#[test]
fn an_end_does_not_answer_its_own_challenge() {
    let key = AuthKey::from("key");
    let reflected = AuthenticationFailure::Reflected;
    let mut listener = after(Role::Listener, &key, &[&answer(&key, &NONCE)]);
    listener.receive(&challenge(&NONCE));
    assert_eq!(
        listener.turn(),
        Turn::Failed(HandshakeStep::ClientChallenge, reflected)
    );
}

#[test]
fn a_message_out_of_turn_fails_the_handshake() {
    let key = AuthKey::from("key");
    let mut listener = exchange(Role::Listener, &key, &NONCE);
    listener.receive(WELCOME);
    assert_eq!(
        listener.turn(),
        Turn::Failed(HandshakeStep::ListenerChallenge, unexpected(WELCOME))
    );
}

#[test]
fn an_answer_that_is_too_long_is_refused_but_a_challenge_that_is_too_long_is_not() {
    let key = AuthKey::from("key");
    let reason = AuthenticationFailure::TooLong {
        length: 300,
        limit: 256,
    };
    let mut listener = after(Role::Listener, &key, &[]);
    listener.fail(reason.clone());
    assert!(matches!(listener.turn(), Turn::Send(_, message) if message == AUTHENTICATION_FAILED));
    assert_eq!(
        listener.turn(),
        Turn::Failed(HandshakeStep::ClientAnswer, reason.clone())
    );

    let mut client = after(Role::Client, &key, &[]);
    client.fail(reason.clone());
    assert_eq!(
        client.turn(),
        Turn::Failed(HandshakeStep::ListenerChallenge, reason)
    );
}

#[test]
fn an_unexpected_message_is_shown_escaped_and_truncated() {
    assert_eq!(
        unexpected(b"\x80\x02\"*.").to_string(),
        r#"received b"\x80\x02\"*." instead; does the peer also have a key?"#
    );
    let long = unexpected(&[b'x'; 100]).to_string();
    assert!(
        long.contains(&format!("\"{}\" and 60 more bytes", "x".repeat(40))),
        "{long}"
    );
}

proptest! {
    #[test]
    fn made_up_messages_are_never_accepted(
        listener: bool,
        key in proptest::collection::vec(any::<u8>(), 1..100),
        messages in proptest::collection::vec(made_up(), 3),
    ) {
        let key = AuthKey::from(key);
        let role = if listener { Role::Listener } else { Role::Client };
        let mut exchange = exchange(role, &key, &NONCE);
        for message in messages {
            while let Turn::Send(..) = exchange.turn() {}
            exchange.receive(&message);
        }
        while let Turn::Send(..) = exchange.turn() {}
        prop_assert!(matches!(exchange.turn(), Turn::Failed(..)));
    }
}

/// A message that would be correct at some step if it were made with the key.
fn made_up() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(WELCOME.to_vec()),
        any::<[u8; 20]>().prop_map(|random| challenge(&random)),
        any::<[u8; 20]>().prop_map(|answer| answer.to_vec()),
        proptest::collection::vec(any::<u8>(), 0..50),
    ]
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
