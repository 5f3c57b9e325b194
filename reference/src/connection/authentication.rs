//! The handshake on a connection, before everything else.

use std::time::Duration;

use super::Connection;
use super::outstanding::Outstanding;
use crate::auth::{
    AuthKey, AuthenticationFailure, Exchange, HandshakeStep, Role, Turn, challenge_in,
};
use crate::deadline::Deadline;
use crate::dialect::{Dialect, Handshake};
use crate::error::{Error, Result};

/// What listeners and connectors know of authentication.
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
    /// Whether the key, if there is one, can be used at all.
    pub(crate) fn agree(&self, dialect: Dialect) -> Result<()> {
        match (&self.key, dialect.handshake()) {
            (Some(key), _) if key.is_empty() => Err(Error::EmptyKey),
            (Some(_), Handshake::None) => Err(Error::NoHandshake { dialect }),
            (Some(_), Handshake::HmacSha1) | (None, _) => Ok(()),
        }
    }
}

impl Connection {
    /// The connection after its handshake, if there is a key. What came behind the last message
    /// of the handshake is kept.
    pub(crate) fn authenticated(
        mut self,
        role: Role,
        authentication: &Authentication,
    ) -> Result<Self> {
        let Some(key) = &authentication.key else {
            return Ok(self);
        };
        let deadline = Deadline::after(authentication.timeout);
        let outstanding = Outstanding::new(role)?;
        let mut exchange = Exchange::new(role, key, outstanding.challenge());
        let mut received = Vec::new();
        loop {
            match exchange.turn() {
                Turn::Send(step, message) => {
                    if let Err(error) = self.send.send_within(&message, u64::MAX, deadline) {
                        // It failed before if this was to refuse an answer.
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

/// Whatever goes wrong with one client is a failure of its handshake, so that whoever accepts can
/// tell it from what goes wrong with the listener.
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
    fn what_the_system_reports_of_one_client_is_not_an_error_of_the_listener() {
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
