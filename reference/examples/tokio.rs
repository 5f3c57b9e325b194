//! The client of the Python page, under tokio and with a key: it sends the number 42 and prints the
//! reply.
//!
//! The connections of this crate block. This example reads and writes a socket of tokio instead,
//! and leaves everything else to the parts of the crate that do no I/O: [`Framing`], [`Exchange`]
//! and [`object`].
//!
//! `cargo run --example tokio [HOST:PORT [KEY]]`

use std::error::Error;
use std::mem;

use processing_connection::auth::{Exchange, RANDOM_LENGTH, Role, Turn};
use processing_connection::{AuthKey, Decoded, Dialect, Framing, Limits, object};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("localhost:6000".into());
    let key = arguments.next().map(AuthKey::from);
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?
        .block_on(talk(&address, key))
}

async fn talk(address: &str, key: Option<AuthKey>) -> Result<()> {
    let dialect = Dialect::default();
    let mut messages = Messages {
        stream: TcpStream::connect(address).await?,
        framing: dialect.framing(),
        received: Vec::new(),
    };
    if let Some(key) = key {
        shake_hands(&mut messages, dialect, &key).await?;
    }

    let obj = 42;
    println!("sending: {obj}");
    messages.send(&object::dumps(&obj)?).await?;
    let limits = Limits::default();
    let reply = messages.receive(limits.message_length).await?;
    println!("received: {}", object::loads(&reply, &limits)?); // prints '[42]'
    Ok(())
}

/// Proves to the listener that this end has the key, and has the listener prove the same.
async fn shake_hands(messages: &mut Messages, dialect: Dialect, key: &AuthKey) -> Result<()> {
    let scheme = dialect.handshake().ok_or("the dialect has no handshake")?;
    let mut random = [0; RANDOM_LENGTH];
    getrandom::fill(&mut random)?;
    let mut exchange = Exchange::new(Role::Client, scheme, key, &random);
    loop {
        match exchange.turn() {
            Turn::Send(_, message) => messages.send(&message).await?,
            Turn::Receive(_) => {
                let message = messages.receive(Limits::default().handshake_length).await?;
                exchange.receive(&message);
            }
            Turn::Accepted => return Ok(()),
            Turn::Failed(step, reason) => return Err(format!("{step}: {reason}").into()),
        }
    }
}

/// Whole messages over a stream.
struct Messages {
    stream: TcpStream,
    framing: Framing,
    /// What was received and has not been used yet.
    received: Vec<u8>,
}

impl Messages {
    async fn send(&mut self, payload: &[u8]) -> Result<()> {
        let header = self.framing.encode(payload.len() as u64);
        let header = header.ok_or("the message is too long")?;
        self.stream.write_all(&[&*header, payload].concat()).await?;
        Ok(())
    }

    /// Receives a message of at most `limit` bytes.
    async fn receive(&mut self, limit: u64) -> Result<Vec<u8>> {
        let (header, payload) = loop {
            match self.framing.decode(&self.received)? {
                Decoded::Whole { header, payload } => break (header, payload),
                Decoded::Part { .. } => self.read().await?,
            }
        };
        if payload > limit {
            return Err(
                format!("the message has {payload} bytes, and the limit is {limit}").into(),
            );
        }
        let end = header + usize::try_from(payload)?;
        while self.received.len() < end {
            self.read().await?;
        }
        let rest = self.received.split_off(end);
        let mut message = mem::replace(&mut self.received, rest);
        message.drain(..header);
        Ok(message)
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err("the peer has closed the connection".into()),
            _ => Ok(()),
        }
    }
}
