//! The handshake of `processing` 0.21 to 0.52, without input and output.
//!
//! [`Listener`](crate::Listener) and [`Connector`](crate::Connector) do it by themselves when they
//! are given an [`AuthKey`]. This module is for transports of one's own: an [`Exchange`] says what
//! to send, takes what came, and never reads or writes.
//!
//! ```
//! use processing_connection::auth::{Exchange, Role, Turn};
//! use processing_connection::AuthKey;
//!
//! let key = AuthKey::from(b"secret");
//! let mut ends = [
//!     Exchange::new(Role::Listener, &key, *b"twenty random bytes!"),
//!     Exchange::new(Role::Client, &key, *b"and another twenty!!"),
//! ];
//! loop {
//!     let [one, other] = &mut ends;
//!     match one.turn() {
//!         Turn::Send(_, message) => other.receive(&message),
//!         Turn::Receive(_) => ends.reverse(),
//!         Turn::Accepted => break,
//!         Turn::Failed(step, reason) => panic!("{step}: {reason}"),
//!     }
//! }
//! ```

mod failure;
mod key;
mod step;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

pub use self::failure::AuthenticationFailure;
pub use self::key::AuthKey;
use self::step::Part;
pub use self::step::{HandshakeStep, Role};

/// Random bytes of a challenge.
pub const CHALLENGE_LENGTH: usize = 20;

/// What stands before the random bytes of a challenge.
pub const CHALLENGE: &[u8] = b"#CHALLENGE:";

/// The verdict on a right answer.
pub const WELCOME: &[u8] = b"#WELCOME";

/// The verdict on a wrong answer.
pub const AUTHENTICATION_FAILED: &[u8] = b"#AUTHENTICATION_FAILED";

/// One end of a handshake: the listener challenges the client, then the client the listener.
/// Each of the six steps is one message in the framing of the connection.
#[derive(Debug)]
pub struct Exchange<'a> {
    role: Role,
    key: &'a AuthKey,
    own_challenge: [u8; CHALLENGE_LENGTH],
    peer_challenge: [u8; CHALLENGE_LENGTH],
    /// What is due, until it is over.
    step: Option<HandshakeStep>,
    failure: Option<(HandshakeStep, AuthenticationFailure)>,
}

/// What an end of a handshake has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To send this message, which is the step.
    Send(HandshakeStep, Vec<u8>),
    /// To receive a message, which is the step, and hand it to [`Exchange::receive`].
    Receive(HandshakeStep),
    /// Nothing: each end knows that the other has the key. The next message is the first object.
    Accepted,
    /// To close the connection: the handshake failed at the step.
    Failed(HandshakeStep, AuthenticationFailure),
}

impl<'a> Exchange<'a> {
    /// The beginning of a handshake. `challenge` is what the other end has to answer: it must
    /// come from the system's random source and never be used again, or an old answer will do.
    pub fn new(role: Role, key: &'a AuthKey, challenge: [u8; CHALLENGE_LENGTH]) -> Self {
        Self {
            role,
            key,
            own_challenge: challenge,
            peer_challenge: [0; CHALLENGE_LENGTH],
            step: Some(HandshakeStep::FIRST),
            failure: None,
        }
    }

    /// What to do next. A message is handed out once.
    pub fn turn(&mut self) -> Turn {
        let Some(step) = self.step else {
            return match &self.failure {
                None => Turn::Accepted,
                Some((step, reason)) => Turn::Failed(*step, reason.clone()),
            };
        };
        if step.sender() != self.role {
            return Turn::Receive(step);
        }
        let message = match step.part() {
            Part::Challenge => [CHALLENGE, &self.own_challenge].concat(),
            Part::Answer => {
                let mac = mac(self.key, &self.peer_challenge);
                mac.finalize().into_bytes().to_vec()
            }
            Part::Verdict if self.failure.is_none() => WELCOME.to_vec(),
            Part::Verdict => AUTHENTICATION_FAILED.to_vec(),
        };
        self.step = step.next().filter(|_| self.failure.is_none());
        Turn::Send(step, message)
    }

    /// Takes the message that came. One that came when none was due fails the handshake.
    pub fn receive(&mut self, message: &[u8]) {
        let Some(step) = self.step else { return };
        let due = step.sender() != self.role;
        let judged = match step.part() {
            Part::Challenge if due => self.judge_challenge(message),
            Part::Answer if due => self.judge_answer(message),
            Part::Verdict if due => judge_verdict(message),
            _ => Err(unexpected(message)),
        };
        match judged {
            Ok(()) => self.step = step.next(),
            Err(reason) => self.fail(reason),
        }
    }

    /// Fails the handshake at the step that is due, for a reason that the caller found: the
    /// message is longer than the caller takes, say. If that message was an answer, the next turn
    /// still is to refuse it. The first failure is the one that counts.
    pub fn fail(&mut self, reason: AuthenticationFailure) {
        let (Some(step), None) = (self.step, &self.failure) else {
            return;
        };
        self.failure = Some((step, reason));
        self.step = match step.part() {
            Part::Answer if step.sender() != self.role => step.next(),
            _ => None,
        };
    }

    fn judge_challenge(&mut self, message: &[u8]) -> Result<(), AuthenticationFailure> {
        let challenge = challenge_in(message).ok_or_else(|| unexpected(message))?;
        if challenge == self.own_challenge {
            return Err(AuthenticationFailure::Reflected);
        }
        self.peer_challenge = challenge;
        Ok(())
    }

    fn judge_answer(&self, message: &[u8]) -> Result<(), AuthenticationFailure> {
        // In constant time: how long it takes must not tell how many bytes are right.
        mac(self.key, &self.own_challenge)
            .verify_slice(message)
            .map_err(|_| AuthenticationFailure::WrongAnswer)
    }
}

fn judge_verdict(message: &[u8]) -> Result<(), AuthenticationFailure> {
    match message {
        WELCOME => Ok(()),
        AUTHENTICATION_FAILED => Err(AuthenticationFailure::Refused),
        _ => Err(unexpected(message)),
    }
}

/// The random bytes of a challenge, if the message is one. The releases answer random bytes of any
/// number, and so sign what an attacker chooses; none of them ever sent another number than 20
/// on a Python that has `os.urandom` (2.4 and later).
pub(crate) fn challenge_in(message: &[u8]) -> Option<[u8; CHALLENGE_LENGTH]> {
    message.strip_prefix(CHALLENGE)?.try_into().ok()
}

fn unexpected(message: &[u8]) -> AuthenticationFailure {
    AuthenticationFailure::Unexpected {
        received: message.to_vec(),
    }
}

fn mac(key: &AuthKey, challenge: &[u8]) -> Hmac<Sha1> {
    Hmac::new_from_slice(key.bytes())
        .expect("HMAC takes keys of every length")
        .chain_update(challenge)
}

#[cfg(test)]
mod tests;
