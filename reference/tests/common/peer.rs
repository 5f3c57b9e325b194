//! A raw peer that authenticates as correctly or incorrectly as a test wants.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
#[cfg(windows)]
use processing_connection::pipe::{Pipe, ReadMode};
use processing_connection::{
    Address, AuthenticationFailure, Connector, Decoded, Dialect, Error, Framing, HandshakeStep,
    Listener, ListenerBuilder, Result,
};
use sha1::Sha1;

pub(crate) const CHALLENGE: &[u8] = b"#CHALLENGE:";
pub(crate) const WELCOME: &[u8] = b"#WELCOME";
pub(crate) const FAILED: &[u8] = b"#AUTHENTICATION_FAILED";
pub(crate) const NONCE: &[u8; 20] = b"twenty random bytes!";

/// A connector whose handshake is the one of the peer: that of `processing`.
pub(crate) fn connector() -> Connector {
    Connector::new().dialect(Dialect::PROCESSING_0_30)
}

/// The same for a listener.
pub(crate) fn builder() -> ListenerBuilder {
    Listener::builder().dialect(Dialect::PROCESSING_0_30)
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

pub(crate) struct Peer {
    carrier: Carrier,
}

enum Carrier {
    Stream(Box<dyn Stream>, Framing),
    #[cfg(windows)]
    Pipe(Pipe),
}

impl Peer {
    pub(crate) fn connect(address: &Address, framing: Framing) -> Self {
        let stream: Box<dyn Stream> = match address {
            Address::Inet { host, port } => {
                Box::new(patient(TcpStream::connect((host.as_str(), *port)).unwrap()))
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                let stream = std::os::unix::net::UnixStream::connect(path).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                Box::new(stream)
            }
            #[cfg(windows)]
            Address::Pipe(name) => {
                let pipe = Pipe::connect(name, ReadMode::Messages, Some(PATIENCE)).unwrap();
                return Self {
                    carrier: Carrier::Pipe(pipe),
                };
            }
            other => panic!("{other}"),
        };
        Self {
            carrier: Carrier::Stream(stream, framing),
        }
    }

    /// Accepts the next client of a raw listener, in be32.
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        Self {
            carrier: Carrier::Stream(
                Box::new(patient(listener.accept().unwrap().0)),
                Framing::Be32,
            ),
        }
    }

    /// Writes bytes as they are: to a pipe, as one message.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        match &mut self.carrier {
            Carrier::Stream(stream, _) => stream.write_all(bytes).unwrap(),
            #[cfg(windows)]
            Carrier::Pipe(pipe) => pipe.write(bytes, Some(PATIENCE)).unwrap(),
        }
    }

    pub(crate) fn send(&mut self, message: &[u8]) {
        self.send_at_once(&[message]);
    }

    /// Sends several messages, in one write if the transport allows it.
    pub(crate) fn send_at_once(&mut self, messages: &[&[u8]]) {
        match &mut self.carrier {
            Carrier::Stream(stream, framing) => {
                let frames: Vec<_> = messages
                    .iter()
                    .map(|message| framed(*framing, message))
                    .collect();
                stream.write_all(&frames.concat()).unwrap();
            }
            #[cfg(windows)]
            Carrier::Pipe(pipe) => {
                for message in messages {
                    pipe.write(message, Some(PATIENCE)).unwrap();
                }
            }
        }
    }

    pub(crate) fn receive(&mut self) -> Vec<u8> {
        match &mut self.carrier {
            Carrier::Stream(stream, framing) => {
                let mut header = Vec::new();
                let length = loop {
                    match framing.decode(&header).unwrap() {
                        Decoded::Whole { payload, .. } => break payload,
                        Decoded::Part { missing } => {
                            let read = header.len();
                            header.resize(read + missing, 0);
                            stream.read_exact(&mut header[read..]).unwrap();
                        }
                    }
                };
                let mut message = vec![0; length.try_into().unwrap()];
                stream.read_exact(&mut message).unwrap();
                message
            }
            #[cfg(windows)]
            Carrier::Pipe(pipe) => {
                let mut message = vec![0; 1 << 16];
                let part = pipe.read(&mut message, Some(PATIENCE)).unwrap();
                assert_eq!(part.left, 0);
                message.truncate(part.received);
                message
            }
        }
    }

    /// Receives a challenge and returns its 20 random bytes.
    pub(crate) fn receive_challenge(&mut self) -> Vec<u8> {
        let message = self.receive();
        let random = message.strip_prefix(CHALLENGE).expect("a challenge");
        assert_eq!(random.len(), 20);
        random.to_vec()
    }

    /// Sends a challenge with `NONCE`, checks that the answer is correct, and sends the welcome.
    pub(crate) fn challenge(&mut self, key: &[u8]) {
        self.send(&challenge(NONCE));
        assert_eq!(self.receive(), answer(key, NONCE));
        self.send(WELCOME);
    }

    /// Answers a challenge, and checks that the answer is welcomed.
    pub(crate) fn answer_challenge(&mut self, key: &[u8]) {
        let random = self.receive_challenge();
        self.send(&answer(key, &random));
        assert_eq!(self.receive(), WELCOME);
    }

    /// Checks that nothing more arrives before the end of the stream.
    pub(crate) fn expect_the_end(&mut self) {
        let mut byte = [0];
        let ended = match &mut self.carrier {
            Carrier::Stream(stream, _) => stream.read(&mut byte),
            #[cfg(windows)]
            Carrier::Pipe(pipe) => match pipe.read(&mut byte, Some(PATIENCE)) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return,
                other => panic!("{other:?} {byte:?}"),
            },
        };
        match ended {
            Ok(0) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            other => panic!("{other:?} {byte:?}"),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub(crate) fn framed(framing: Framing, message: &[u8]) -> Vec<u8> {
    let header = framing.encode(message.len() as u64).unwrap();
    [&*header, message].concat()
}

pub(crate) fn challenge(random: &[u8]) -> Vec<u8> {
    [CHALLENGE, random].concat()
}

pub(crate) fn answer(key: &[u8], random: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha1>::new_from_slice(key)
        .unwrap()
        .chain_update(random);
    mac.finalize().into_bytes().to_vec()
}

/// Returns the step at which the handshake failed, and the reason.
pub(crate) fn failure<T>(result: Result<T>) -> (HandshakeStep, AuthenticationFailure) {
    match result {
        Err(Error::AuthenticationFailed { step, reason }) => (step, reason),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the handshake did not fail"),
    }
}
