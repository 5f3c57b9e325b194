//! The handshake on a connection, before its first message.

use std::time::Duration;

use rustix::fd::BorrowedFd;

use super::Connection;
use super::outstanding::Outstanding;
use crate::auth::{
    AuthKey, AuthenticationFailure, Exchange, HandshakeStep, Role, Scheme, Turn, challenge_in,
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

/// What a handshake needs.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    key: AuthKey,
    scheme: Scheme,
    timeout: Option<Duration>,
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
    /// Returns what a handshake in the dialect needs, or `None` if there is no key.
    pub(crate) fn terms(&self, dialect: Dialect) -> Result<Option<Terms>> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        if key.is_empty() {
            return Err(Error::EmptyKey);
        }
        let scheme = dialect.handshake().ok_or(Error::NoHandshake { dialect })?;
        Ok(Some(Terms {
            key: key.clone(),
            scheme,
            timeout: self.timeout,
        }))
    }
}

/// A handshake in progress on a connection.
#[derive(Debug)]
pub(crate) struct Handshake {
    connection: Connection,
    exchange: Exchange,
    outstanding: Outstanding,
    deadline: Deadline,
    /// A buffer for messages.
    received: Vec<u8>,
}

impl Handshake {
    /// Begins the handshake of an end.
    pub(crate) fn begin(connection: Connection, role: Role, terms: &Terms) -> Result<Self> {
        let outstanding = Outstanding::new(role, terms.scheme)?;
        Ok(Self {
            connection,
            exchange: Exchange::new(role, terms.scheme, &terms.key, outstanding.random()),
            outstanding,
            deadline: Deadline::after(terms.timeout),
            received: Vec::new(),
        })
    }

    /// Continues the handshake until it has finished (`true`), or until the peer sends nothing more
    /// by `patience` (`false`). The handshake fails when its own deadline passes.
    pub(crate) fn advance(&mut self, patience: Deadline) -> Result<bool> {
        let Connection { send, recv } = &mut self.connection;
        loop {
            match self.exchange.turn() {
                Turn::Send(step, message) => {
                    if let Err(error) = send.send_within(&message, u64::MAX, self.deadline) {
                        // If this message was to refuse an answer, the handshake had already
                        // failed.
                        return Err(match self.exchange.turn() {
                            Turn::Failed(step, reason) => failed(step, reason),
                            _ => stopped(step, error),
                        });
                    }
                }
                Turn::Receive(step) => {
                    let limit = recv.options.limits.handshake_length;
                    let until = self.deadline.earlier(patience);
                    match recv.recv_within(&mut self.received, limit, until) {
                        Ok(()) if is_reflected(&self.received, &self.outstanding) => {
                            self.exchange.fail(AuthenticationFailure::Reflected);
                        }
                        Ok(()) => self.exchange.receive(&self.received),
                        Err(Error::MessageTooLong { length, limit }) => {
                            self.exchange
                                .fail(AuthenticationFailure::TooLong { length, limit });
                        }
                        Err(Error::TimedOut { .. }) if !self.deadline.has_passed() => {
                            return Ok(false);
                        }
                        Err(error) => return Err(stopped(step, error)),
                    }
                }
                Turn::Accepted => return Ok(true),
                Turn::Failed(step, reason) => return Err(failed(step, reason)),
            }
        }
    }

    /// Returns the connection. Bytes that arrived after the last message of the handshake are kept.
    pub(crate) fn finish(self) -> Connection {
        self.connection
    }

    /// Closes the connection, and returns the error that says why.
    pub(crate) fn abandon(self, reason: AuthenticationFailure) -> Error {
        failed(self.exchange.step().unwrap_or(HandshakeStep::FIRST), reason)
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub(crate) fn postpone(&mut self, time: Duration) {
        self.deadline = self.deadline.postponed(time);
    }

    /// Returns the socket of the connection, or `None` for a pipe.
    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.connection.recv.link.as_deref()?.socket()
    }
}

impl Connection {
    /// Performs the handshake if there is a key, and returns the connection.
    pub(crate) fn authenticated(self, role: Role, terms: Option<&Terms>) -> Result<Self> {
        let Some(terms) = terms else {
            return Ok(self);
        };
        let mut handshake = Handshake::begin(self, role, terms)?;
        while !handshake.advance(Deadline::NEVER)? {}
        Ok(handshake.finish())
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
