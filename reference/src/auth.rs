//! The handshakes of `processing` and `multiprocessing`, without any I/O.
//!
//! [`Listener`](crate::Listener) and [`Connector`](crate::Connector) perform it themselves when
//! they are given an [`AuthKey`]. This module is for callers with a transport of their own: an
//! [`Exchange`] decides which message to send and is given the messages that were received, but
//! never reads or writes.
//!
//! ```
//! use processing_connection::auth::{Exchange, Role, Turn};
//! use processing_connection::{AuthKey, Digests, Scheme};
//!
//! let key = AuthKey::from(b"secret");
//! let scheme = Scheme::DigestNamed(Digests::default());
//! let mut ends = [
//!     Exchange::new(Role::Listener, scheme, &key, b"forty bytes from the system's generator!"),
//!     Exchange::new(Role::Client, scheme, &key, b"and forty more bytes from the same place"),
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

mod digest;
mod failure;
mod key;
mod proof;
mod scheme;
mod step;

pub use self::digest::{Digest, Digests};
pub use self::failure::AuthenticationFailure;
pub use self::key::AuthKey;
pub use self::scheme::Scheme;
pub(crate) use self::scheme::challenge_in;
use self::step::Part;
pub use self::step::{HandshakeStep, Role};

/// The number of random bytes that an [`Exchange`] is given: as many as the longest challenge has.
pub const RANDOM_LENGTH: usize = 40;

/// One end of a handshake, in which first the listener challenges the client, and then the client
/// challenges the listener. Each of the six steps is one message in the framing of the connection.
#[derive(Debug)]
pub struct Exchange {
    role: Role,
    key: AuthKey,
    scheme: Scheme,
    /// The bytes that the answer to our challenge signs.
    own_challenge: Vec<u8>,
    /// The answer to the peer's challenge, once that was received.
    answer: Vec<u8>,
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

impl Exchange {
    /// Begins a handshake. The challenge to the other end takes as many of the `random` bytes as
    /// the scheme needs, from the first on. They must come from the system's random number
    /// generator and must never be used again, or an old answer would be accepted.
    pub fn new(role: Role, scheme: Scheme, key: &AuthKey, random: &[u8; RANDOM_LENGTH]) -> Self {
        Self {
            role,
            key: key.clone(),
            scheme,
            own_challenge: scheme.signed(&random[..scheme.nonce_length()]),
            answer: Vec::new(),
            step: Some(HandshakeStep::FIRST),
            failure: None,
        }
    }

    /// Returns the current step, or `None` when the handshake is over.
    pub(crate) fn step(&self) -> Option<HandshakeStep> {
        self.step
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
            Part::Challenge => [self.scheme.challenge_prefix(), &self.own_challenge].concat(),
            Part::Answer => std::mem::take(&mut self.answer),
            Part::Verdict if self.failure.is_none() => self.scheme.welcome().to_vec(),
            Part::Verdict => self.scheme.failure().to_vec(),
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
            Part::Answer if due => {
                self.scheme
                    .judge_answer(&self.key, &self.own_challenge, message)
            }
            Part::Verdict if due => self.scheme.judge_verdict(message),
            _ => Err(self.scheme.unexpected(message)),
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
        let (signed, proof) = self.scheme.read_challenge(message)?;
        if signed == self.own_challenge {
            return Err(AuthenticationFailure::Reflected);
        }
        self.answer = proof.answer(&self.key, signed);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
