//! A transparent recorder between two testees, which forwards and records everything.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use socket2::Socket;

use super::door::{Entrance, remove_socket_file};
use super::pipe::PipeEnd;
use super::{Direction, Link, RawAddress, Reading, Received, Transcript, pipe_name, stream};

/// How many clients can connect to a recorder over `AF_PIPE` at once.
const WAITING: usize = 4;
/// How long the recorder waits for an instance of the listener's pipe.
const BUSY: Duration = Duration::from_secs(10);

/// A listener that connects each of its clients to the real listener.
#[derive(Debug)]
pub struct Relay {
    address: RawAddress,
    // The relay's thread ends when its entrance does.
    entrance: Arc<Entrance>,
}

impl Relay {
    /// Starts to relay from `at` to `target`, which must be of the same family.
    ///
    /// `from_client` is the direction of the bytes that the client sends.
    pub fn start(
        at: &RawAddress,
        target: &RawAddress,
        from_client: Direction,
        transcript: &Transcript,
    ) -> io::Result<Self> {
        let (entrance, address) = Entrance::open(at, WAITING)?;
        let entrance = Arc::new(entrance);
        let (open, target, transcript) = (
            Arc::downgrade(&entrance),
            target.clone(),
            transcript.clone(),
        );
        std::thread::spawn(move || {
            // The entrance is held only while waiting, so that dropping the relay ends the thread.
            while let Some(entrance) = open.upgrade() {
                match entrance.accept(Duration::from_millis(50)) {
                    Ok(None) => {}
                    Ok(Some(client)) => pass_on(client, &target, from_client, &transcript),
                    Err(_) => return,
                }
            }
        });
        Ok(Self { address, entrance })
    }

    /// The address to which clients should connect.
    pub fn address(&self) -> &RawAddress {
        &self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Entrance::Socket(socket) = &*self.entrance {
            let _ = socket.shutdown(Shutdown::Both);
        }
        remove_socket_file(&self.entrance, &self.address);
    }
}

fn pass_on(client: Link, target: &RawAddress, from_client: Direction, transcript: &Transcript) {
    let number = transcript.connection();
    transcript.note(number, "connected");
    let Ok(listener) = reach(target) else {
        transcript.note(
            number,
            "the listener behind the recorder could not be reached",
        );
        return;
    };
    match (client, listener) {
        (Link::Stream(client), Link::Stream(listener)) => {
            let _ = client.set_tcp_nodelay(true);
            let _ = listener.set_tcp_nodelay(true);
            let transcript = transcript.clone();
            both_ways(
                client,
                listener,
                from_client,
                move |source, sink, direction| {
                    pass_bytes_on(source, sink, |bytes| {
                        transcript.bytes(number, direction, bytes);
                    });
                    transcript.end(number, direction);
                    let _ = sink.shutdown(Shutdown::Write);
                },
            );
        }
        (Link::Pipe(client), Link::Pipe(listener)) => {
            let transcript = transcript.clone();
            both_ways(
                client,
                listener,
                from_client,
                move |source, sink, direction| {
                    pass_messages_on(source, sink, |message| {
                        transcript.message(number, direction, message);
                    });
                    transcript.end(number, direction);
                },
            );
        }
        _ => transcript.note(
            number,
            "the listener behind the recorder is of another family",
        ),
    }
}

/// Forwards in both directions, each in a thread of its own.
fn both_ways<End: Send + Sync + 'static>(
    client: End,
    listener: End,
    from_client: Direction,
    pass_on: impl Fn(&End, &End, Direction) + Clone + Send + 'static,
) {
    let (client, listener) = (Arc::new(client), Arc::new(listener));
    for (source, sink, direction) in [
        (Arc::clone(&client), Arc::clone(&listener), from_client),
        (listener, client, from_client.reverse()),
    ] {
        let pass_on = pass_on.clone();
        std::thread::spawn(move || pass_on(&source, &sink, direction));
    }
}

fn reach(target: &RawAddress) -> io::Result<Link> {
    match pipe_name(target)? {
        Some(name) => PipeEnd::connect(name, Reading::Messages, Some(BUSY)).map(Link::Pipe),
        None => stream::connect(target, None).map(Link::Stream),
    }
}

fn pass_bytes_on(mut source: &Socket, mut sink: &Socket, record: impl Fn(&[u8])) {
    let mut chunk = vec![0; 64 << 10];
    while let Ok(read @ 1..) = source.read(&mut chunk) {
        record(&chunk[..read]);
        if sink.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
}

/// Forwards messages of any length. A pipe cannot be closed in one direction only, so `sink` is closed once `source`
/// has ended and everything from it was forwarded. If `sink` is gone, the thread of the other direction closes
/// `source`.
fn pass_messages_on(source: &PipeEnd, sink: &PipeEnd, record: impl Fn(&[u8])) {
    let mut message = vec![0; 64 << 10];
    loop {
        let mut length = 0;
        loop {
            let Ok(Received { received, left }) = source.read(&mut message[length..], None) else {
                sink.close();
                return;
            };
            length += received;
            if left == 0 {
                break;
            }
            let whole = length + usize::try_from(left).unwrap_or(0);
            message.resize(whole.max(message.len()), 0);
        }
        record(&message[..length]);
        if sink.write(&message[..length]).is_err() {
            return;
        }
    }
}
