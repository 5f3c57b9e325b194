//! The handshakes of `multiprocessing`, and the negotiation between them.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::proof::Proof;
use super::super::*;

const NAMED: Scheme = Scheme::DigestNamed(Digests::DEFAULT);
const WITHOUT_MD5: Scheme = Scheme::DigestNamed(Digests::WITHOUT_MD5);
const ONLY_MD5: Scheme = Scheme::DigestNamed(Digests::only(Digest::Md5));
const ONLY_SHA384: Scheme = Scheme::DigestNamed(Digests::only(Digest::Sha384));

const RANDOM: [[u8; RANDOM_LENGTH]; 2] = [[1; RANDOM_LENGTH], [2; RANDOM_LENGTH]];

/// The results for the listener and for the client, once neither has anything left to do.
fn meet(listener: Scheme, client: Scheme, keys: [&str; 2]) -> [Turn; 2] {
    let keys = keys.map(AuthKey::from);
    let mut ends = [
        Exchange::new(Role::Listener, listener, &keys[0], &RANDOM[0]),
        Exchange::new(Role::Client, client, &keys[1], &RANDOM[1]),
    ];
    loop {
        let turns = [ends[0].turn(), ends[1].turn()];
        let [one, other] = &mut ends;
        match &turns {
            [Turn::Send(_, message), _] => other.receive(message),
            [_, Turn::Send(_, message)] => one.receive(message),
            _ => return turns,
        }
    }
}

fn failed(step: HandshakeStep, reason: AuthenticationFailure) -> Turn {
    Turn::Failed(step, reason)
}

#[test]
fn ends_of_different_schemes_are_connected_if_each_accepts_the_digest_of_the_other() {
    for (one, other) in [
        (Scheme::HmacMd5, Scheme::HmacMd5),
        (Scheme::HmacMd5, NAMED),
        (Scheme::HmacMd5, ONLY_MD5),
        (NAMED, NAMED),
        (NAMED, WITHOUT_MD5),
        (NAMED, ONLY_MD5),
        (NAMED, ONLY_SHA384),
        (
            ONLY_SHA384,
            Scheme::DigestNamed(Digests::only(Digest::Sha384)),
        ),
    ] {
        for (listener, client) in [(one, other), (other, one)] {
            // An end that accepts one digest only does not answer a challenge in another one.
            let accepted =
                meet(listener, client, ["key", "key"]) == [Turn::Accepted, Turn::Accepted];
            let agree = |answerer: Scheme, challenger: Scheme| match (answerer, challenger) {
                (Scheme::DigestNamed(digests), Scheme::DigestNamed(of_peer)) => {
                    digests.accepts(of_peer.named())
                }
                (Scheme::DigestNamed(digests), _) => digests.accepts(Digest::Md5),
                _ => true,
            };
            let expected = agree(listener, client) && agree(client, listener);
            assert_eq!(accepted, expected, "{listener:?} and {client:?}");
        }
    }
}

#[test]
fn an_end_without_md5_refuses_an_end_of_the_older_scheme() {
    let refused = AuthenticationFailure::DigestRefused {
        digest: Digest::Md5,
    };
    let [listener, client] = meet(WITHOUT_MD5, Scheme::HmacMd5, ["key", "key"]);
    assert_eq!(
        listener,
        failed(HandshakeStep::ClientAnswer, refused.clone())
    );
    assert_eq!(
        client,
        failed(
            HandshakeStep::ListenerVerdict,
            AuthenticationFailure::Refused
        )
    );
    let [_, client] = meet(Scheme::HmacMd5, WITHOUT_MD5, ["key", "key"]);
    assert_eq!(client, failed(HandshakeStep::ListenerChallenge, refused));
}

#[test]
fn an_answer_in_another_digest_than_the_challenge_names_is_refused() {
    // CPython accepts it.
    let key = AuthKey::from("key");
    let signed = NAMED.signed(&RANDOM[0]);
    for digest in [Digest::Md5, Digest::Sha384, Digest::Sha3_256] {
        let mut listener = Exchange::new(Role::Listener, NAMED, &key, &RANDOM[0]);
        assert!(matches!(listener.turn(), Turn::Send(..)));
        listener.receive(&Proof::Named(digest).answer(&key, &signed));
        assert_eq!(
            listener.turn(),
            Turn::Send(HandshakeStep::ListenerVerdict, b"#FAILURE#".to_vec())
        );
        assert_eq!(
            listener.turn(),
            failed(
                HandshakeStep::ClientAnswer,
                AuthenticationFailure::DigestRefused { digest }
            )
        );
    }
}

/// The failure of a client that receives this as the listener's challenge, or `None` if it answers.
fn refusal(scheme: Scheme, challenge: &[u8]) -> Option<AuthenticationFailure> {
    let mut client = Exchange::new(Role::Client, scheme, &AuthKey::from("key"), &RANDOM[1]);
    client.receive(challenge);
    match client.turn() {
        Turn::Send(HandshakeStep::ClientAnswer, _) => None,
        Turn::Failed(HandshakeStep::ListenerChallenge, reason) => Some(reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_challenge_without_a_known_name_is_answered_only_if_it_has_20_bytes() {
    let challenge = |rest: &[u8]| [b"#CHALLENGE#", rest].concat();
    for scheme in [Scheme::HmacMd5, NAMED] {
        // 20 bytes are of the older scheme, whatever they begin with.
        for answered in [
            &[7; 20][..],
            b"{sha256}twelve bytes",
            b"{unknown}eleven byte",
        ] {
            assert_eq!(refusal(scheme, &challenge(answered)), None);
        }
        for unexpected in [
            &[7; 21][..],
            &[7; 48],
            &[b"{sha512}", &[7; 40][..]].concat(),
            &[b"{sha1}", &[7; 40][..]].concat(),
            &[b"{SHA256}", &[7; 40][..]].concat(),
            &[b"{sha256", &[7; 40][..]].concat(),
            &[b"{}", &[7; 40][..]].concat(),
        ] {
            let challenge = challenge(unexpected);
            let received = challenge.clone();
            let reason = AuthenticationFailure::UnknownDigest { received };
            assert_eq!(refusal(scheme, &challenge), Some(reason));
        }
        for length in 0..20 {
            let short = AuthenticationFailure::ShortChallenge { length };
            assert_eq!(refusal(scheme, &challenge(&[7; 19][..length])), Some(short));
        }
        let of_processing = [b"#CHALLENGE:", &[7; 20][..]].concat();
        let received = of_processing.clone();
        let reason = AuthenticationFailure::OtherScheme { received };
        assert_eq!(refusal(scheme, &of_processing), Some(reason));
    }
    for length in [13, 19] {
        let challenge = challenge(&[b"{sha256}", &[7; 19][..length]].concat());
        let short = AuthenticationFailure::ShortChallenge { length };
        assert_eq!(refusal(NAMED, &challenge), Some(short));
    }
}

#[test]
fn a_message_of_another_dialect_is_named_as_such() {
    let challenge = [b"#CHALLENGE#{sha256}", &[7; 40][..]].concat();
    let reason = refusal(Scheme::HmacSha1, &challenge).unwrap();
    assert!(
        reason
            .to_string()
            .ends_with("choose the dialect that the peer uses"),
        "{reason}"
    );
}

fn schemes() -> impl Strategy<Value = Scheme> {
    let digests = (
        select(&Digest::ALL[..]),
        proptest::collection::vec(select(&Digest::ALL[..]), 0..4),
    )
        .prop_map(|(named, accepted)| {
            let only = Digests::only(named);
            Scheme::DigestNamed(accepted.into_iter().fold(only, Digests::accepting))
        });
    prop_oneof![Just(Scheme::HmacSha1), Just(Scheme::HmacMd5), digests]
}

proptest! {
    #[test]
    fn ends_with_different_keys_are_never_connected(listener in schemes(), client in schemes()) {
        for turn in meet(listener, client, ["key", "other"]) {
            prop_assert_ne!(turn, Turn::Accepted);
        }
    }

    #[test]
    fn ends_with_the_same_key_and_scheme_are_connected(scheme in schemes()) {
        prop_assert_eq!(meet(scheme, scheme, ["key", "key"]), [Turn::Accepted, Turn::Accepted]);
    }

    #[test]
    fn both_ends_come_to_the_same_result(listener in schemes(), client in schemes()) {
        let accepted = meet(listener, client, ["key", "key"]).map(|turn| turn == Turn::Accepted);
        prop_assert!(accepted == [true; 2] || accepted == [false; 2] || accepted == [false, true]);
    }
}
