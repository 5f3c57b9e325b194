//! The handshake on a connection, before its first message.

use std::time::Duration;

use super::Connection;
use super::outstanding::Outstanding;
use crate::auth::{
    AuthKey, AuthenticationFailure, Exchange, HandshakeStep, Role, Turn, challenge_in,
};
use crate::deadline::Deadline;
use crate::dialect::Dialect;
use crate::error::{Error, Result};

/// The options of listeners and connectors for authentication.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    pub(crate) key: Option<AuthKey>,
    pub(crate) timeout: Option<Duration>,
}

impl Default for Authentication {
    fn default() -> Self {
        Self {
            key: None,
            timeout: Some(Duration::from_secs(20)),
        }
    }
}

impl Authentication {
    /// Checks that the key, if there is one, can be used in the dialect.
    pub(crate) fn agree(&self, dialect: Dialect) -> Result<()> {
        match (&self.key, dialect.handshake()) {
            (Some(key), _) if key.is_empty() => Err(Error::EmptyKey),
            (Some(_), None) => Err(Error::NoHandshake { dialect }),
            (Some(_), Some(_)) | (None, _) => Ok(()),
        }
    }
}

impl Connection {
    /// Performs the handshake if there is a key, and returns the connection. Bytes that arrived
    /// after the last message of the handshake are kept.
    pub(crate) fn authenticated(
        mut self,
        role: Role,
        authentication: &Authentication,
    ) -> Result<Self> {
        let (Some(key), Some(scheme)) =
            (&authentication.key, self.recv.options.dialect.handshake())
        else {
            return Ok(self);
        };
        let deadline = Deadline::after(authentication.timeout);
        let outstanding = Outstanding::new(role, scheme)?;
        let mut exchange = Exchange::new(role, scheme, key, outstanding.random());
        let mut received = Vec::new();
        loop {
            match exchange.turn() {
                Turn::Send(step, message) => {
                    if let Err(error) = self.send.send_within(&message, u64::MAX, deadline) {
                        // If this message was a refusal, the handshake had already failed.
                        return Err(match exchange.turn() {
                            Turn::Failed(step, reason) => failed(step, reason),
                            _ => stopped(step, error),
                        });
                    }
                }
                Turn::Receive(step) => {
                    let limit = self.recv.options.limits.handshake_length;
                    match self.recv.recv_within(&mut received, limit, deadline) {
                        Ok(()) if is_reflected(&received, &outstanding) => {
                            exchange.fail(AuthenticationFailure::Reflected);
                        }
                        Ok(()) => exchange.receive(&received),
                        Err(Error::MessageTooLong { length, limit }) => {
                            exchange.fail(AuthenticationFailure::TooLong { length, limit });
                        }
                        Err(error) => return Err(stopped(step, error)),
                    }
                }
                Turn::Accepted => return Ok(self),
                Turn::Failed(step, reason) => return Err(failed(step, reason)),
            }
        }
    }
}

fn is_reflected(message: &[u8], outstanding: &Outstanding) -> bool {
    challenge_in(message).is_some_and(|challenge| outstanding.includes(challenge))
}

fn failed(step: HandshakeStep, reason: AuthenticationFailure) -> Error {
    Error::AuthenticationFailed { step, reason }
}

/// Turns any error on the connection into a failure of its handshake, so that the caller of
/// `accept` can distinguish it from an error of the listener.
fn stopped(step: HandshakeStep, error: Error) -> Error {
    let reason = match error {
        Error::TimedOut { .. } => AuthenticationFailure::TimedOut,
        Error::Closed
        | Error::CutInHeader { .. }
        | Error::CutInPayload { .. }
        | Error::Reset { .. } => AuthenticationFailure::PeerLeft,
        Error::BadHeader { header, .. } => AuthenticationFailure::Unexpected { received: header },
        other => AuthenticationFailure::Broken {
            error: other.to_string(),
        },
    };
    failed(step, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_error_on_one_connection_is_not_an_error_of_the_listener() {
        let error = stopped(
            HandshakeStep::ClientAnswer,
            std::io::Error::from(std::io::ErrorKind::HostUnreachable).into(),
        );
        assert_eq!(
            error.to_string(),
            "authentication failed at the client's answer: the connection broke: host unreachable"
        );
    }
}
