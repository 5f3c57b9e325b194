//! Handshakes that fail, and wrong answers.

use processing_conformance::inspect::capture::Capture;
use processing_conformance::inspect::handshake::{CapturedOutcome, Content};
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::wire::handshake::Scheme;
use processing_conformance::wire::{Digest, Framing, Step};

use crate::{DEFAULT, both_ways, inspect, message};

const KEY: &[u8] = b"the key";
const KEYED: Options<'static> = Options {
    authkey: Some(KEY),
    ..DEFAULT
};

fn stream(messages: &[&[u8]]) -> Vec<u8> {
    let framed = messages
        .iter()
        .map(|payload| message(Framing::Le32, payload));
    framed.collect::<Vec<_>>().concat()
}

/// The two streams of a handshake of `processing` up to a number of its steps.
fn handshake(nonces: [&[u8; 20]; 2], steps: usize) -> Capture {
    let scheme = Scheme::Processing;
    let messages: [(bool, Vec<u8>); 6] = [
        (false, scheme.challenge(nonces[0])),
        (true, scheme.answer(KEY, nonces[0])),
        (false, b"#WELCOME".to_vec()),
        (true, scheme.challenge(nonces[1])),
        (false, scheme.answer(KEY, nonces[1])),
        (true, b"#WELCOME".to_vec()),
    ];
    let of = |client: bool| {
        let taken = messages[..steps]
            .iter()
            .filter(|(sender, _)| *sender == client);
        stream(
            &taken
                .map(|(_, payload)| payload.as_slice())
                .collect::<Vec<_>>(),
        )
    };
    both_ways(of(true), of(false))
}

const NONCES: [&[u8; 20]; 2] = [b"twenty random bytes!", b"and another twenty!!"];

#[test]
fn every_step_may_be_the_last() {
    for steps in 1..=6 {
        let capture = handshake(NONCES, steps);
        let session = Session::find(&capture, &KEYED).expect("a framing fits");
        let found = session.handshake.expect("it begins with a challenge");
        assert_eq!(found.scheme, Some(Scheme::Processing));
        assert_eq!(found.steps.len(), steps);
        let expected = match Step::ALL.get(steps) {
            None => CapturedOutcome::Welcome,
            Some(&missing) => CapturedOutcome::Cut(missing),
        };
        assert_eq!(found.outcome, expected);
        assert_eq!(inspect(&capture, &KEYED).is_sound, steps == 6);
    }
}

#[test]
fn a_wrong_key_is_reported() {
    let capture = handshake(NONCES, 6);
    let other = Options {
        authkey: Some(b"another"),
        ..DEFAULT
    };
    let inspection = inspect(&capture, &other);
    assert!(!inspection.is_sound);
    insta::assert_snapshot!(inspection.text);
}

#[test]
fn a_refusal_ends_the_handshake() {
    let client = stream(&[&Scheme::Processing.answer(b"another", NONCES[0])]);
    let listener = stream(&[
        &Scheme::Processing.challenge(NONCES[0]),
        b"#AUTHENTICATION_FAILED",
    ]);
    let inspection = inspect(&both_ways(client, listener), &KEYED);
    assert!(!inspection.is_sound);
    insta::assert_snapshot!(inspection.text);
}

#[test]
fn a_client_without_a_key_sends_its_object_into_the_handshake() {
    let client = stream(&[b"\x80\x02K*."]);
    let listener = stream(&[&Scheme::Processing.challenge(NONCES[0])]);
    let inspection = inspect(&both_ways(client, listener), &KEYED);
    assert!(!inspection.is_sound);
    insta::assert_snapshot!(inspection.text);
}

#[test]
fn a_challenge_that_is_sent_back_is_reported() {
    let inspection = inspect(&handshake([NONCES[0]; 2], 6), &KEYED);
    assert!(!inspection.is_sound);
    assert!(
        inspection.text.contains("answers for an impostor"),
        "{}",
        inspection.text
    );
}

#[test]
fn files_in_the_wrong_order_are_recognised() {
    let mut capture = handshake(NONCES, 6);
    let server = capture.streams.remove(1);
    let client = capture.streams.remove(0);
    let swapped = both_ways(server.bytes, client.bytes);
    let inspection = inspect(&swapped, &KEYED);
    assert!(inspection.is_sound);
    assert!(
        inspection.text.contains("are the listener's"),
        "{}",
        inspection.text
    );
}

/// `_create_response` of `multiprocessing/connection.py` of Python 3.13, run with the key `b'the key'` on
/// `{NAME}0123…39` (and on the 20 bytes `01234567890123456789`), in hexadecimal. The last one is the answer that an
/// older client gives, which `_verify_challenge` accepted.
const ANSWERS: [(Scheme, Digest, &str); 7] = [
    (Scheme::Md5, Digest::Md5, "13625027a71c3bcdf971c0d3d05f2936"),
    (
        Scheme::Named(Digest::Md5),
        Digest::Md5,
        "7b6d64357d287fe8dd8333554d605bb443b3cb8322",
    ),
    (
        Scheme::Named(Digest::Sha256),
        Digest::Sha256,
        "7b7368613235367d6c161d8b3912462b0fb60a6607d7cc20b8d9ea327023ce80b10a1ccc0a76fbd4",
    ),
    (
        Scheme::Named(Digest::Sha384),
        Digest::Sha384,
        "7b7368613338347d661cce9625a1fe92c88c7d7f2b6a9b1d482d749113c142e4fcb59cf0be52c047ddb5119c24b958a3c0dcc876ed9d27c2",
    ),
    (
        Scheme::Named(Digest::Sha3_256),
        Digest::Sha3_256,
        "7b736861335f3235367d5160d387169560f7ddf0c73917da954ac8930f169685dcf080bbf0926dfd0309",
    ),
    (
        Scheme::Named(Digest::Sha3_384),
        Digest::Sha3_384,
        "7b736861335f3338347dcee5b8cc2fda73d896dc363a946abc7c299a1f5f3196d9cb53e7e5351db6a48fd4bcf084061e0e992f9462ed75deb55b",
    ),
    (
        Scheme::Named(Digest::Sha256),
        Digest::Md5,
        "0ed3b0ac9b5907a22f85941c8d97cecc",
    ),
];

#[test]
fn every_digest_is_verified() {
    for (scheme, digest, answer) in ANSWERS {
        let nonce = "0123456789".repeat(4);
        let signed = match scheme {
            Scheme::Named(named) => format!("{{{}}}{nonce}", named.name()),
            _ => nonce[..20].to_owned(),
        };
        let answer = hex::decode(answer).expect("hexadecimal");
        let listener = message(Framing::Be32, format!("#CHALLENGE#{signed}").as_bytes());
        let client = message(Framing::Be32, &answer);
        let capture = both_ways(client, listener);
        for (key, right) in [(KEY, true), (b"another", false)] {
            let options = Options {
                authkey: Some(key),
                ..DEFAULT
            };
            let session = Session::find(&capture, &options).expect("a framing fits");
            let found = session.handshake.expect("it begins with a challenge");
            assert_eq!(found.scheme, Some(scheme));
            let Content::Answer {
                digest: used,
                right: verdict,
                ..
            } = found.steps[1].content
            else {
                panic!("the second message is not an answer: {found:?}");
            };
            assert_eq!((used, verdict), (digest, Some(right)), "{scheme:?}");
        }
    }
}
