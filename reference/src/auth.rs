//! The handshake of `processing` 0.21 to 0.52, without any I/O.
//!
//! [`Listener`](crate::Listener) and [`Connector`](crate::Connector) perform it themselves when
//! they are given an [`AuthKey`]. This module is for callers with a transport of their own: an
//! [`Exchange`] decides which message to send and is given the messages that were received, but
//! never reads or writes.
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

/// The number of random bytes in a challenge.
pub const CHALLENGE_LENGTH: usize = 20;

/// The prefix of a challenge; the random bytes follow it.
pub const CHALLENGE: &[u8] = b"#CHALLENGE:";

/// The verdict on a correct answer.
pub const WELCOME: &[u8] = b"#WELCOME";

/// The verdict on a wrong answer.
pub const AUTHENTICATION_FAILED: &[u8] = b"#AUTHENTICATION_FAILED";

/// One end of a handshake, in which first the listener challenges the client, and then the client
/// challenges the listener. Each of the six steps is one message in the framing of the connection.
#[derive(Debug)]
pub struct Exchange<'a> {
    role: Role,
    key: &'a AuthKey,
    own_challenge: [u8; CHALLENGE_LENGTH],
    peer_challenge: [u8; CHALLENGE_LENGTH],
    /// The current step; `None` when the handshake is over.
    step: Option<HandshakeStep>,
    failure: Option<(HandshakeStep, AuthenticationFailure)>,
}

/// What one end of a handshake has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Send this message, which makes up the step.
    Send(HandshakeStep, Vec<u8>),
    /// Receive the message that makes up the step, and pass it to [`Exchange::receive`].
    Receive(HandshakeStep),
    /// There is nothing left to do: each end has proved that it has the key. The next message is
    /// the first object.
    Accepted,
    /// Close the connection: the handshake failed at the step.
    Failed(HandshakeStep, AuthenticationFailure),
}

impl<'a> Exchange<'a> {
    /// Begins a handshake. `challenge` is what the other end has to answer: it must come from the
    /// system's random number generator and must never be used again, or an old answer would be
    /// accepted.
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

    /// Returns what to do next. A message to send is returned only once.
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

    /// Processes a message that was received. The handshake fails if no message was expected.
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

    /// Makes the handshake fail at the current step for a reason that the caller found, for example
    /// because the message is longer than the caller accepts. If that message is an answer, the
    /// next turn is still to send the refusal. Only the first failure counts.
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
        // The comparison takes constant time, so that its duration does not reveal how many bytes
        // are correct.
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

/// Returns the random bytes of a challenge, if the message is one. The releases answer any number
/// of random bytes, and thus sign whatever an attacker chooses. On a Python that has `os.urandom`
/// (2.4 and later), all of them send exactly 20.
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
        .expect("HMAC accepts keys of any length")
        .chain_update(challenge)
}

#[cfg(test)]
mod tests;
