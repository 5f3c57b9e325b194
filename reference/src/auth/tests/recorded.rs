//! Handshakes that were recorded through a relay between two live ends, both with the key `secret`.
//! They are the examples in PROTOCOL.md.

use super::super::*;
use super::bytes;

/// A recorded handshake: for each message its sender, its words, and the other bytes.
type Recorded = [(&'static str, &'static str, &'static str); 6];

/// Two ends of `processing` 0.52 under `CPython` 2.7.18.
const PROCESSING_0_52: Recorded = [
    (
        "listener",
        "#CHALLENGE:",
        "949487b82a3b1f95d71d860eb33a70144cef094c",
    ),
    ("client", "", "e3db9ba19f046bf23e9596d749ab8b2ecef46ebe"),
    ("listener", "#WELCOME", ""),
    (
        "client",
        "#CHALLENGE:",
        "336d91876968fb9cb1a24cbc7156d28fd6e4f971",
    ),
    ("listener", "", "b574178c611929a4211aa8110e6374d766283945"),
    ("client", "#WELCOME", ""),
];

/// Two ends of `CPython` 3.11.7.
const CPYTHON_3_11: Recorded = [
    (
        "listener",
        "#CHALLENGE#",
        "08ae20b9ec0f419492653bc713f9f1b27e55d668",
    ),
    ("client", "", "8a8ed8e7f07280dfcd61737e3db173b1"),
    ("listener", "#WELCOME#", ""),
    (
        "client",
        "#CHALLENGE#",
        "084ff38987af022c5f73ee4a329bf8d698f85e3a",
    ),
    ("listener", "", "d329b0f8d98979c82ec51194a6fffd1e"),
    ("client", "#WELCOME#", ""),
];

/// Two ends of `CPython` 3.13.0.
const CPYTHON_3_13: Recorded = [
    (
        "listener",
        "#CHALLENGE#{sha256}",
        "9dd584f3e9c037da64bf7dfdc10960a4d3a3fd779b5c3c3de96fdc3b921efcb1f3e22a84f916d59d",
    ),
    (
        "client",
        "{sha256}",
        "3bdc86bdd4e858290862a1f7f11ad31cb4a2ee6eff6ef4a7f5d02dd8ca02f521",
    ),
    ("listener", "#WELCOME#", ""),
    (
        "client",
        "#CHALLENGE#{sha256}",
        "7392c706f6729cce763cfbca12fbe7ebb9ea79fccd7671005ab79a25c1bb93f5d950902ce922cb8c",
    ),
    (
        "listener",
        "{sha256}",
        "97c423ab6f5e7ea783c4cb5f667210bd29f1e1d20cbb95ca1301ba8378af7635",
    ),
    ("client", "#WELCOME#", ""),
];

/// A listener of `CPython` 3.13.0 and a client of `CPython` 2.7.18.
const CPYTHON_3_13_AND_2_7: Recorded = [
    (
        "listener",
        "#CHALLENGE#{sha256}",
        "4a9df851f0a88de1bb51dba6ff9452e25364a566a7b49b7451c5321549feadb9264416e2865ca913",
    ),
    ("client", "", "01805861dcc654d0421e292f974952f6"),
    ("listener", "#WELCOME#", ""),
    (
        "client",
        "#CHALLENGE#",
        "474035ae7dc9f76dc943bdeb4136263817dd4bc3",
    ),
    ("listener", "", "f8dae6797cd9b4ab1b41fff56bf46b9a"),
    ("client", "#WELCOME#", ""),
];

const DIGEST_NAMED: Scheme = Scheme::DigestNamed(Digests::DEFAULT);

/// Plays one end of a recorded handshake with the random bytes of that end.
fn play(recorded: &Recorded, role: Role, scheme: Scheme) {
    let (name, own_challenge) = match role {
        Role::Listener => ("listener", 0),
        Role::Client => ("client", 3),
    };
    let mut random = [0; RANDOM_LENGTH];
    let nonce = bytes(recorded[own_challenge].2);
    random[..nonce.len()].copy_from_slice(&nonce);
    let mut exchange = Exchange::new(role, scheme, &AuthKey::from("secret"), &random);
    for (sender, words, rest) in recorded {
        let message = [words.as_bytes(), &bytes(rest)].concat();
        match exchange.turn() {
            Turn::Send(_, sent) => assert!(*sender == name && sent == message, "{sent:02x?}"),
            Turn::Receive(_) if *sender != name => exchange.receive(&message),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(exchange.turn(), Turn::Accepted);
}

#[test]
fn each_end_plays_a_recorded_handshake_byte_for_byte() {
    for (recorded, listener, client) in [
        (&PROCESSING_0_52, Scheme::HmacSha1, Scheme::HmacSha1),
        (&CPYTHON_3_11, Scheme::HmacMd5, Scheme::HmacMd5),
        (&CPYTHON_3_13, DIGEST_NAMED, DIGEST_NAMED),
        (&CPYTHON_3_13_AND_2_7, DIGEST_NAMED, Scheme::HmacMd5),
    ] {
        play(recorded, Role::Listener, listener);
        play(recorded, Role::Client, client);
    }
}

#[test]
fn the_recorded_handshakes_are_the_examples_in_the_specification() {
    for recorded in [
        PROCESSING_0_52,
        CPYTHON_3_11,
        CPYTHON_3_13,
        CPYTHON_3_13_AND_2_7,
    ] {
        let example: Vec<String> = recorded
            .iter()
            .map(|(sender, words, rest)| {
                let length = words.len() + rest.len() / 2;
                let message = [*words, *rest].join(" ");
                format!("{sender:<10}00 00 00 {length:02x}  {}\n", message.trim())
            })
            .collect();
        let example = example.concat();
        assert!(crate::protocol::TEXT.contains(&example), "{example}");
    }
}
