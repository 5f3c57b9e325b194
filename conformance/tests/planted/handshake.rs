//! The handshake of the small implementation, with the faults that can be planted in it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use processing_conformance::adapter::failed;
use processing_conformance::testee::message::{ErrorKind, OperationError};
use processing_conformance::wire::handshake::{Scheme, read_challenge};
use socket2::{SockAddr, Socket};

use super::naive::{Fault, Manner, classified, message_through};

/// The key that a listener or a client proves to know.
#[derive(Clone)]
pub(crate) struct Key {
    bytes: Vec<u8>,
    manner: Manner,
    scheme: Scheme,
}

impl Key {
    pub(crate) fn given(hex: Option<&str>, manner: Manner) -> Result<Option<Self>, OperationError> {
        let Some(hex) = hex else { return Ok(None) };
        match (hex::decode(hex), manner.dialect.handshake) {
            (Ok(key), _) if key.is_empty() => Err(refused("an empty key proves nothing")),
            (Ok(bytes), Some(scheme)) => Ok(Some(Self {
                bytes,
                manner,
                scheme,
            })),
            (Ok(_), None) => Err(refused("this dialect has no handshake")),
            (Err(error), _) => Err(failed(ErrorKind::Unclassified, error)),
        }
    }

    pub(crate) fn as_listener(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        self.challenge(exchange)?;
        if self.manner.fault == Fault::SecondHalfSkipped {
            return Ok(());
        }
        self.prove(exchange)
    }

    pub(crate) fn as_client(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        self.prove(exchange)?;
        if self.manner.fault == Fault::SecondHalfSkipped {
            return Ok(());
        }
        self.challenge(exchange)
    }

    /// The words of the verdicts.
    fn words(&self) -> Scheme {
        match self.manner.fault {
            Fault::OtherVerdicts => Scheme::Processing,
            _ => self.scheme,
        }
    }

    /// Challenges the other end.
    fn challenge(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        let nonce = &nonce()[..self.scheme.nonce_length()];
        let challenge = self.scheme.challenge(nonce);
        // A challenge that is forwarded to another client of this process is not answered.
        asked().push(challenge.clone());
        exchange.write(&challenge)?;
        let came = exchange.read()?;
        if self.accepts(nonce, &came) {
            exchange.write(self.words().welcome())?;
            Ok(())
        } else {
            exchange.write(self.words().failure())?;
            Err(refused("the other end does not know the key"))
        }
    }

    /// Whether an answer to this end's challenge is accepted.
    fn accepts(&self, nonce: &[u8], came: &[u8]) -> bool {
        let right = self.scheme.answer(&self.bytes, nonce);
        let is_older = matches!(self.scheme, Scheme::Named(_)) && came.len() == 16;
        match self.manner.fault {
            Fault::DigestPrefixCompared => !came.is_empty() && came.get(..4) == right.get(..4),
            Fault::OlderAnswerUnchecked if is_older => true,
            Fault::NameOfAnswerIgnored if !is_older => {
                let after_name = |bytes: &[u8]| {
                    let end = bytes
                        .iter()
                        .position(|byte| *byte == b'}')
                        .map_or(0, |at| at + 1);
                    bytes[end..].to_vec()
                };
                after_name(came) == after_name(&right)
            }
            _ if is_older => came == Scheme::Md5.answer(&self.bytes, &self.scheme.signed(nonce)),
            _ => came == right,
        }
    }

    /// Answers the other end's challenge.
    fn prove(&self, exchange: &mut Exchange<'_>) -> Result<(), OperationError> {
        let challenge = exchange.read()?;
        let rest = challenge
            .strip_prefix(self.scheme.challenge_prefix())
            .filter(|_| !asked().contains(&challenge))
            .ok_or_else(|| refused("this is not a challenge"))?;
        let answer = self.answer(&challenge, rest)?;
        exchange.write(&answer)?;
        let verdict = exchange.read()?;
        if verdict == self.scheme.welcome() || self.manner.fault == Fault::AnyVerdictAccepted {
            Ok(())
        } else {
            Err(refused("the other end reports that the key is different"))
        }
    }

    /// The answer to a challenge, of which `rest` follows the prefix.
    fn answer(&self, challenge: &[u8], rest: &[u8]) -> Result<Vec<u8>, OperationError> {
        let fault = self.manner.fault;
        let asked = match (self.scheme, read_challenge(challenge)) {
            (Scheme::Processing | Scheme::Md5, _) if rest.len() != 20 => {
                return Err(refused("the challenge does not have 20 bytes"));
            }
            (Scheme::Processing | Scheme::Md5, _) => self.scheme,
            (Scheme::Named(_), _) if rest.len() < 20 && fault != Fault::ShortChallengeAnswered => {
                return Err(refused("the challenge is too short"));
            }
            (own @ Scheme::Named(_), Some((asked, _))) => match asked {
                Scheme::Named(_) if fault == Fault::DigestFixed => own,
                Scheme::Named(_) => asked,
                _ if rest.len() == 20 => Scheme::Md5,
                _ if fault == Fault::UnknownDigestAnswered => own,
                _ if fault == Fault::ShortChallengeAnswered && rest.len() < 20 => own,
                _ => return Err(refused("the challenge names no digest")),
            },
            (Scheme::Named(_), None) => return Err(refused("this is not a challenge")),
        };
        let signed = match fault {
            Fault::WrongDigestAnswered => challenge,
            Fault::NameNotSigned => &rest[rest.len().saturating_sub(asked.nonce_length())..],
            _ => rest,
        };
        Ok(match fault {
            Fault::NameNotSent => asked.digest().sign(&self.bytes, signed),
            Fault::OlderAnswerNamed if asked == Scheme::Md5 => {
                Scheme::Named(asked.digest()).answer_signing(&self.bytes, signed)
            }
            _ => asked.answer_signing(&self.bytes, signed),
        })
    }
}

/// The handshakes of a listener, each in a thread of its own, so that no client keeps the others waiting.
pub(crate) struct Lobby {
    key: Key,
    done: Receiver<Proven>,
    finished: Sender<Proven>,
}

/// A client that has passed the handshake and its address, or the reason why it has not.
type Proven = Result<(Socket, SockAddr), OperationError>;

impl Lobby {
    pub(crate) fn new(key: Key) -> Self {
        let (finished, done) = channel();
        Self {
            key,
            done,
            finished,
        }
    }

    /// Waits for the first client that passes or fails the handshake.
    pub(crate) fn accept(&self, listener: &Socket) -> Proven {
        const GLANCE: Duration = Duration::from_millis(1);
        listener.set_nonblocking(true).map_err(classified)?;
        loop {
            match listener.accept() {
                Ok((socket, from)) => self.shake(socket, from)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(classified(error)),
            }
            if let Ok(proven) = self.done.recv_timeout(GLANCE) {
                return proven;
            }
        }
    }

    fn shake(&self, socket: Socket, from: SockAddr) -> Result<(), OperationError> {
        socket.set_nonblocking(false).map_err(classified)?;
        let (key, finished) = (self.key.clone(), self.finished.clone());
        std::thread::spawn(move || {
            let shaken = key.as_listener(&mut Exchange::new(&socket, key.manner));
            // The listener may have been closed in the meantime.
            let _ = finished.send(shaken.map(|()| (socket, from)));
        });
        Ok(())
    }
}

/// The messages of a handshake, over a socket that is not a connection yet.
pub(crate) struct Exchange<'s> {
    socket: &'s Socket,
    manner: Manner,
}

/// The time for which the other end may be silent.
const PATIENCE: Duration = Duration::from_secs(2);

impl<'s> Exchange<'s> {
    pub(crate) fn new(socket: &'s Socket, manner: Manner) -> Self {
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket has timeouts");
        Self { socket, manner }
    }

    fn write(&mut self, payload: &[u8]) -> Result<(), OperationError> {
        let length = u32::try_from(payload.len()).expect("it is short");
        let message = [&self.manner.fault.header(length), payload].concat();
        let mut socket = self.socket;
        socket.write_all(&message).map_err(classified)
    }

    fn read(&mut self) -> Result<Vec<u8>, OperationError> {
        const LONGEST: u32 = 256;
        let message = message_through(&mut self.socket, self.manner, LONGEST);
        let message = message.map_err(|error| match error.kind {
            ErrorKind::TooLong => refused("no message of the handshake is that long"),
            _ => error,
        })?;
        if self.manner.fault == Fault::ObjectBeforeTheEnd && message.starts_with(b"\x80\x02") {
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

/// Bytes that have not been used before. They are not secure, but this testee protects nothing.
fn nonce() -> [u8; 40] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [b'n'; 40];
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
