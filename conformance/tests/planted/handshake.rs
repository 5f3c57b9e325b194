//! The handshake of the small implementation, with the faults that can be planted in it.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use processing_conformance::adapter::failed;
use processing_conformance::testee::message::{ErrorKind, OperationError};
use processing_conformance::wire::handshake::Scheme;
use socket2::Socket;

use super::naive::{Fault, classified, message_through};

/// The handshake of `processing`.
const SCHEME: Scheme = Scheme::Processing;

/// The key that a listener or a client proves to know.
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn given(hex: Option<&str>) -> Result<Option<Self>, OperationError> {
        let Some(hex) = hex else { return Ok(None) };
        match hex::decode(hex) {
            Ok(key) if key.is_empty() => Err(refused("an empty key proves nothing")),
            Ok(key) => Ok(Some(Self(key))),
            Err(error) => Err(failed(ErrorKind::Unclassified, error)),
        }
    }

    pub(crate) fn as_listener(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        self.challenge(exchange)?;
        if exchange.fault == Fault::SecondHalfSkipped {
            return Ok(());
        }
        self.prove(exchange)
    }

    pub(crate) fn as_client(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        self.prove(exchange)?;
        if exchange.fault == Fault::SecondHalfSkipped {
            return Ok(());
        }
        self.challenge(exchange)
    }

    /// Challenges the other end.
    fn challenge(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        let nonce = nonce();
        // A challenge that is forwarded to another client of this process is not answered.
        asked().push(nonce.to_vec());
        exchange.write(&SCHEME.challenge(&nonce))?;
        let right = SCHEME.answer(&self.0, &nonce);
        let came = exchange.read()?;
        let looked_at = match exchange.fault {
            Fault::DigestPrefixCompared => 4,
            _ => right.len().max(came.len()),
        };
        if came.get(..looked_at) == right.get(..looked_at) && !came.is_empty() {
            exchange.write(SCHEME.welcome())?;
            Ok(())
        } else {
            exchange.write(SCHEME.failure())?;
            Err(refused("the other end does not know the key"))
        }
    }

    /// Answers the other end's challenge.
    fn prove(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        let challenge = exchange.read()?;
        let nonce = challenge
            .strip_prefix(SCHEME.challenge_prefix())
            .filter(|nonce| nonce.len() == 20 && !asked().iter().any(|asked| asked == nonce))
            .ok_or_else(|| refused("this is not a challenge"))?;
        exchange.write(&match exchange.fault {
            Fault::WrongDigestAnswered => SCHEME.answer(&self.0, &challenge),
            _ => SCHEME.answer(&self.0, nonce),
        })?;
        let verdict = exchange.read()?;
        if verdict == SCHEME.welcome() || exchange.fault == Fault::AnyVerdictAccepted {
            Ok(())
        } else {
            Err(refused("the other end reports that the key is different"))
        }
    }
}

/// The messages of a handshake, over a socket that is not a connection yet.
pub(crate) struct Exchange<'s> {
    socket: &'s Socket,
    fault: Fault,
}

/// The time for which the other end may be silent.
const PATIENCE: Duration = Duration::from_secs(2);

impl<'s> Exchange<'s> {
    pub(crate) fn new(socket: &'s Socket, fault: Fault) -> Self {
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket has timeouts");
        Self { socket, fault }
    }

    fn write(&mut self, payload: &[u8]) -> Result<(), OperationError> {
        let length = u32::try_from(payload.len()).expect("it is short");
        let message = [&self.fault.header(length), payload].concat();
        let mut socket = self.socket;
        socket.write_all(&message).map_err(classified)
    }

    fn read(&mut self) -> Result<Vec<u8>, OperationError> {
        const LONGEST: u32 = 256;
        let message = message_through(&mut self.socket, self.fault, LONGEST);
        let message = message.map_err(|error| match error.kind {
            ErrorKind::TooLong => refused("no message of the handshake is that long"),
            _ => error,
        })?;
        if self.fault == Fault::ObjectBeforeTheEnd && message.starts_with(b"\x80\x02") {
            return Err(failed(ErrorKind::NeedsClass, "whatever this object is"));
        }
        Ok(message)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        // If the socket is gone, it needs no timeout.
        let _ = self.socket.set_read_timeout(None);
    }
}

/// Twenty bytes that have not been used before. They are not secure, but this testee protects nothing.
fn nonce() -> [u8; 20] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [b'n'; 20];
    nonce[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    nonce[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    nonce
}

/// The challenges that this process has sent. The process never plays both ends.
fn asked() -> MutexGuard<'static, Vec<Vec<u8>>> {
    static ASKED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(reason: &str) -> OperationError {
    failed(ErrorKind::AuthenticationFailed, reason)
}
