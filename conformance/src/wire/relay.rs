//! A transparent recorder between two testees: passes on what comes and writes it down.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::Family;
use socket2::Socket;

use super::{Direction, Transcript, readable, resolve};
use crate::testee::message::RawAddress;

/// Stands where a listener is expected and connects everybody on to the real one.
#[derive(Debug)]
pub struct Relay {
    address: RawAddress,
    // The relay's thread ends when its socket does.
    socket: Arc<Socket>,
}

impl Relay {
    /// Begins to relay to `target`, on a free port or on `path`.
    ///
    /// `from_client` is the direction of the bytes that the client sends.
    pub fn start(
        family: Family,
        path: &std::path::Path,
        target: &RawAddress,
        from_client: Direction,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let wanted = match family {
            Family::Unix => RawAddress::Text(path.to_string_lossy().into_owned()),
            _ => RawAddress::Pair("127.0.0.1".into(), 0),
        };
        let (domain, bound) = resolve(&wanted)?;
        let socket = Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.bind(&bound)?;
        socket.listen(64)?;
        let address = super::raw_address(&socket.local_addr()?);
        let socket = Arc::new(socket);
        let (listening, target, transcript) =
            (Arc::downgrade(&socket), target.clone(), transcript.clone());
        std::thread::spawn(move || {
            // Held only while waiting, so that dropping the relay ends it.
            while let Some(socket) = listening.upgrade() {
                match readable(&socket, Duration::from_millis(50)) {
                    Ok(false) => {}
                    Ok(true) => match socket.accept() {
                        Ok((client, _)) => pass_on(client, &target, from_client, &transcript),
                        Err(_) => return,
                    },
                    Err(_) => return,
                }
            }
        });
        Ok(Self { address, socket })
    }

    /// Where clients should connect.
    pub fn address(&self) -> &RawAddress {
        &self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        if let RawAddress::Text(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn pass_on(client: Socket, target: &RawAddress, from_client: Direction, transcript: &Transcript) {
    let number = transcript.connection();
    transcript.note(number, "connected");
    let reached = resolve(target).and_then(|(domain, address)| {
        let listener = Socket::new(domain, socket2::Type::STREAM, None)?;
        listener.connect(&address)?;
        Ok(listener)
    });
    let Ok(listener) = reached else {
        transcript.note(
            number,
            "the listener behind the recorder could not be reached",
        );
        return;
    };
    let _ = client.set_tcp_nodelay(true);
    let _ = listener.set_tcp_nodelay(true);
    let from_listener = match from_client {
        Direction::ToTestee => Direction::FromTestee,
        Direction::FromTestee => Direction::ToTestee,
    };
    let (client, listener) = (Arc::new(client), Arc::new(listener));
    for (source, sink, direction) in [
        (Arc::clone(&client), Arc::clone(&listener), from_client),
        (listener, client, from_listener),
    ] {
        let transcript = transcript.clone();
        std::thread::spawn(move || {
            let mut chunk = vec![0; 64 << 10];
            while let Ok(read @ 1..) = (&*source).read(&mut chunk) {
                transcript.bytes(number, direction, &chunk[..read]);
                if (&*sink).write_all(&chunk[..read]).is_err() {
                    break;
                }
            }
            transcript.end(number, direction);
            let _ = sink.shutdown(Shutdown::Write);
        });
    }
}
