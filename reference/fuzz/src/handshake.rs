//! Handshakes with a peer that sends any messages, and with an attacker between two ends.
//!
//! The input is a script: which end is tested (one byte), then the messages that it receives. [`Said`] lists the forms
//! of a message; the script depends on the key only in those that say so.

use hmac::{Hmac, KeyInit, Mac};
use processing_connection::AuthKey;
use processing_connection::auth::{
    AUTHENTICATION_FAILED, CHALLENGE, CHALLENGE_LENGTH, Exchange, Role, Turn, WELCOME,
};
use sha1::{Digest, Sha1};

const KEY: &[u8] = b"a key for the fuzzer";
const OWN: &[u8; CHALLENGE_LENGTH] = b"twenty random bytes!";

/// Runs one end to its verdict, and then two ends with an attacker between them.
pub fn check(input: &[u8]) {
    let Some((first, script)) = input.split_first() else {
        return;
    };
    let role = [Role::Listener, Role::Client][usize::from(first % 2)];
    check_end(role, script);
    check_between(script);
}

/// A message of the script.
enum Said {
    Raw(Vec<u8>),
    /// The right answer to the challenge of the end that receives it, truncated to this length.
    RightAnswer(usize),
    Welcome,
    Refusal,
    /// A challenge other than the end's own.
    Challenge([u8; CHALLENGE_LENGTH]),
    /// The last message that the end itself sent.
    Reflection,
}

struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn message(&mut self) -> Option<Said> {
        let (&form, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(match form {
            1 => Said::RightAnswer(usize::from(self.take(1).first().copied().unwrap_or(20))),
            2 => Said::Welcome,
            3 => Said::Refusal,
            4 => {
                let mut challenge = [0; CHALLENGE_LENGTH];
                let bytes = self.take(CHALLENGE_LENGTH);
                challenge[..bytes.len()].copy_from_slice(bytes);
                Said::Challenge(challenge)
            }
            5 => Said::Reflection,
            length => Said::Raw(self.take(usize::from(length)).to_vec()),
        })
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// One end accepts if and only if it received the right answer, a challenge other than its own, and a welcome, each in
/// its turn.
fn check_end(role: Role, script: &[u8]) {
    let key = AuthKey::from(KEY);
    let mut end = Exchange::new(role, &key, *OWN);
    let mut script = Script(script);
    let mut last = Vec::new();
    let mut deserved = true;
    let mut heard = 0;
    loop {
        match end.turn() {
            Turn::Send(step, message) => {
                assert_eq!(step.sender(), role);
                assert_ne!(message, right_answer(KEY, OWN), "it answers for another");
                assert!(deserved || message == AUTHENTICATION_FAILED);
                last = message;
            }
            Turn::Receive(step) => {
                assert_ne!(step.sender(), role);
                assert!(deserved, "it goes on after a failure");
                let Some(said) = script.message() else { return };
                let message = spoken(said, OWN, &last);
                deserved = deserves(role, heard, &message);
                heard += 1;
                end.receive(&message);
            }
            Turn::Accepted => {
                assert!(deserved && heard == 3);
                return;
            }
            Turn::Failed(step, reason) => {
                assert!(!deserved, "{step}: {reason}");
                assert_eq!(end.turn(), Turn::Failed(step, reason), "it stays failed");
                return;
            }
        }
    }
}

/// Whether the message with this number is the one that the end needs to receive.
fn deserves(role: Role, number: usize, message: &[u8]) -> bool {
    match (role, number) {
        (Role::Listener, 0) | (Role::Client, 2) => message == right_answer(KEY, OWN),
        (Role::Listener, 1) | (Role::Client, 0) => message
            .strip_prefix(CHALLENGE)
            .is_some_and(|random| random.len() == CHALLENGE_LENGTH && random != OWN),
        _ => message == WELCOME,
    }
}

fn spoken(said: Said, challenge: &[u8], last: &[u8]) -> Vec<u8> {
    match said {
        Said::Raw(bytes) => bytes,
        Said::RightAnswer(length) => {
            let mut answer = right_answer(KEY, challenge);
            answer.truncate(length);
            answer
        }
        Said::Welcome => WELCOME.to_vec(),
        Said::Refusal => AUTHENTICATION_FAILED.to_vec(),
        Said::Challenge(random) => [CHALLENGE, &random].concat(),
        Said::Reflection => last.to_vec(),
    }
}

/// Runs two ends with keys from the script, and an attacker between them who changes messages. Both accept if and only
/// if the keys are equal and nothing was changed; neither accepts if the keys differ.
fn check_between(input: &[u8]) {
    let mut script = Script(input);
    let keys = [0, 1].map(|_| {
        let length = script.take(1).first().map_or(0, |length| length % 80);
        script.take(length.into()).to_vec()
    });
    let same_key = padded(&keys[0]) == padded(&keys[1]);
    let keys = keys.map(AuthKey::from);
    let mut ends = [
        Exchange::new(Role::Listener, &keys[0], *OWN),
        Exchange::new(Role::Client, &keys[1], *b"and another twenty!!"),
    ];
    let mut changed = false;
    // Six messages, with turns to spare for the end that waits.
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

/// The message with one byte changed, or without its last byte.
fn altered(message: &[u8], place: u8) -> Vec<u8> {
    let mut altered = message.to_vec();
    match altered.get_mut(usize::from(place)) {
        Some(byte) => *byte ^= place,
        None => drop(altered.pop()),
    }
    altered
}

/// A key as HMAC uses it: padded with zeros to the length of a block, and hashed first if it is longer.
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
    let mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.chain_update(challenge).finalize().into_bytes().to_vec()
}
