//! Handshakes with a peer that sends anything, and with an attacker in the middle.
//!
//! The input is a script: which end is tested (one byte), then what it receives, message by message.
//! [`ScriptedMessage`] lists the forms that a message can take; only [`ScriptedMessage::RightAnswer`] depends on the
//! key.

use hmac::{Hmac, KeyInit, Mac};
use processing_connection::auth::{Exchange, RANDOM_LENGTH, Role, Turn};
use processing_connection::{AuthKey, Scheme};
use sha1::{Digest, Sha1};

const KEY: &[u8] = b"a key for the fuzzer";
const OWN: &[u8; CHALLENGE_LENGTH] = b"twenty random bytes!";
const CHALLENGE_LENGTH: usize = Scheme::HmacSha1.nonce_length();
const CHALLENGE: &[u8] = Scheme::HmacSha1.challenge_prefix();
const WELCOME: &[u8] = Scheme::HmacSha1.welcome();
const AUTHENTICATION_FAILED: &[u8] = Scheme::HmacSha1.failure();

/// An end of `processing` whose challenge has these bytes.
fn exchange(role: Role, key: &AuthKey, challenge: &[u8; CHALLENGE_LENGTH]) -> Exchange {
    let mut random = [0; RANDOM_LENGTH];
    random[..CHALLENGE_LENGTH].copy_from_slice(challenge);
    Exchange::new(role, Scheme::HmacSha1, key, &random)
}

/// Runs one end to its result, and two ends with an attacker between them.
pub fn check(input: &[u8]) {
    let Some((first, script)) = input.split_first() else {
        return;
    };
    let role = [Role::Listener, Role::Client][usize::from(first % 2)];
    check_end(role, script);
    check_between(script);
}

/// A message of the script.
enum ScriptedMessage {
    Raw(Vec<u8>),
    /// The right answer to the challenge of the end that receives it, truncated to this number of bytes.
    RightAnswer(usize),
    Welcome,
    Refusal,
    /// A challenge that the script chooses.
    Challenge([u8; CHALLENGE_LENGTH]),
    /// The last message that the end itself sent.
    Reflection,
}

struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn message(&mut self) -> Option<ScriptedMessage> {
        let (&form, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(match form {
            1 => ScriptedMessage::RightAnswer(usize::from(
                self.take(1).first().copied().unwrap_or(20),
            )),
            2 => ScriptedMessage::Welcome,
            3 => ScriptedMessage::Refusal,
            4 => {
                let mut challenge = [0; CHALLENGE_LENGTH];
                let bytes = self.take(CHALLENGE_LENGTH);
                challenge[..bytes.len()].copy_from_slice(bytes);
                ScriptedMessage::Challenge(challenge)
            }
            5 => ScriptedMessage::Reflection,
            length => ScriptedMessage::Raw(self.take(usize::from(length)).to_vec()),
        })
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// Checks that one end accepts if and only if it received the right answer, a challenge that is not its own, and a
/// welcome, each when it was due.
fn check_end(role: Role, script: &[u8]) {
    let key = AuthKey::from(KEY);
    let mut end = exchange(role, &key, OWN);
    let mut script = Script(script);
    let mut last = Vec::new();
    let mut deserved = true;
    let mut received = 0;
    loop {
        match end.turn() {
            Turn::Send(step, message) => {
                assert_eq!(step.sender(), role);
                assert_ne!(
                    message,
                    right_answer(KEY, OWN),
                    "the end answers its own challenge"
                );
                assert!(deserved || message == AUTHENTICATION_FAILED);
                last = message;
            }
            Turn::Receive(step) => {
                assert_ne!(step.sender(), role);
                assert!(deserved, "the handshake continues after a failure");
                let Some(scripted) = script.message() else {
                    return;
                };
                let message = encoded(scripted, OWN, &last);
                deserved = deserves(role, received, &message);
                received += 1;
                end.receive(&message);
            }
            Turn::Accepted => {
                assert!(deserved && received == 3);
                return;
            }
            Turn::Failed(step, reason) => {
                assert!(!deserved, "{step}: {reason}");
                assert_eq!(
                    end.turn(),
                    Turn::Failed(step, reason),
                    "the handshake stays failed"
                );
                return;
            }
        }
    }
}

/// Returns whether the message with this number is one that lets the end continue.
fn deserves(role: Role, number: usize, message: &[u8]) -> bool {
    match (role, number) {
        (Role::Listener, 0) | (Role::Client, 2) => message == right_answer(KEY, OWN),
        (Role::Listener, 1) | (Role::Client, 0) => message
            .strip_prefix(CHALLENGE)
            .is_some_and(|random| random.len() == CHALLENGE_LENGTH && random != OWN),
        _ => message == WELCOME,
    }
}

fn encoded(scripted: ScriptedMessage, challenge: &[u8], last: &[u8]) -> Vec<u8> {
    match scripted {
        ScriptedMessage::Raw(bytes) => bytes,
        ScriptedMessage::RightAnswer(length) => {
            let mut answer = right_answer(KEY, challenge);
            answer.truncate(length);
            answer
        }
        ScriptedMessage::Welcome => WELCOME.to_vec(),
        ScriptedMessage::Refusal => AUTHENTICATION_FAILED.to_vec(),
        ScriptedMessage::Challenge(random) => [CHALLENGE, &random].concat(),
        ScriptedMessage::Reflection => last.to_vec(),
    }
}

/// Checks two ends with keys from the script, and an attacker between them who changes messages. Both accept if the
/// keys are the same and nothing was changed. If something was changed, at most one does; if the keys differ, neither
/// does.
fn check_between(input: &[u8]) {
    let mut script = Script(input);
    let keys = [0, 1].map(|_| {
        let length = script.take(1).first().map_or(0, |length| length % 80);
        script.take(length.into()).to_vec()
    });
    let same_key = padded(&keys[0]) == padded(&keys[1]);
    let keys = keys.map(AuthKey::from);
    let mut ends = [
        exchange(Role::Listener, &keys[0], OWN),
        exchange(Role::Client, &keys[1], b"and another twenty!!"),
    ];
    let mut changed = false;
    // There are six messages, so 16 turns are enough.
    for _ in 0..16 {
        let [one, other] = &mut ends;
        match one.turn() {
            Turn::Send(_, message) => {
                let passed = match script.take(1) {
                    [0] | [] => message.clone(),
                    [place] => altered(&message, *place),
                    _ => unreachable!("one byte was asked for"),
                };
                changed |= passed != message;
                other.receive(&passed);
            }
            Turn::Receive(_) | Turn::Accepted | Turn::Failed(..) => ends.reverse(),
        }
    }
    let accepted = ends.map(|mut end| end.turn() == Turn::Accepted);
    if same_key && changed {
        assert_ne!(accepted, [true; 2]);
    } else {
        assert_eq!(accepted, [same_key; 2]);
    }
}

/// Returns the message with one byte changed, or without its last byte.
fn altered(message: &[u8], place: u8) -> Vec<u8> {
    let mut altered = message.to_vec();
    match altered.get_mut(usize::from(place)) {
        Some(byte) => *byte ^= place,
        None => drop(altered.pop()),
    }
    altered
}

/// The key as HMAC uses it: padded with zeros to the length of a block, and hashed first if it is longer than that.
fn padded(key: &[u8]) -> Vec<u8> {
    let mut padded = if key.len() > 64 {
        Sha1::digest(key).to_vec()
    } else {
        key.to_vec()
    };
    padded.resize(64, 0);
    padded
}

fn right_answer(key: &[u8], challenge: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC accepts keys of any length");
    mac.chain_update(challenge).finalize().into_bytes().to_vec()
}
