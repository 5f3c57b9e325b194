//! Servers and clients in Rust, on a plain socket or with the reference, with and without faults.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use processing_conformance::notation::Graph;
use processing_conformance::pickle;
use processing_connection::{Address, Listener, Value};

/// What a server does instead of returning an object in a list, in one message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    /// The object comes back without a list.
    Unboxed,
    /// The object is in the list twice.
    Twice,
    /// The object is in a tuple.
    InATuple,
    /// The headers of replies are little-endian.
    ByteOrder,
    /// The pickle is of protocol 4.
    Protocol,
    /// The reply is not a pickle.
    NoPickle,
    /// The reply is followed by another one.
    Again,
    /// There is no reply.
    Silent,
}

/// Starts a server with this fault, which runs until the process ends, and returns its address.
pub(crate) fn wrong_server(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // It is not a fault if a client leaves.
            let _ = serve(client, wrong);
        }
    });
    address
}

fn serve(mut client: TcpStream, wrong: Wrong) -> std::io::Result<()> {
    loop {
        let mut header = [0; 4];
        client.read_exact(&mut header)?;
        let length = u32::from_be_bytes(header);
        let mut payload = vec![0; length as usize];
        client.read_exact(&mut payload)?;
        let object = pickle::read(&payload, &pickle::Limits::default())
            .expect("the suite sends pickles")
            .graph;
        client.write_all(&reply(&object, wrong))?;
    }
}

fn reply(object: &Graph, wrong: Wrong) -> Vec<u8> {
    let boxed = Graph::list_of([object]);
    match wrong {
        Wrong::Unboxed => message(object),
        Wrong::Twice => message(&Graph::list_of([object, object])),
        Wrong::InATuple => message(&Graph::tuple_of([object])),
        Wrong::Protocol => {
            // Python 3 writes one frame around everything by default.
            let pickle = pickled(&boxed);
            let length = pickle.len() as u64 - 2;
            framed(&[b"\x80\x04\x95", &length.to_le_bytes()[..], &pickle[2..]].concat())
        }
        Wrong::Again => message(&boxed).repeat(2),
        Wrong::NoPickle => framed(b"[42]"),
        Wrong::Silent => Vec::new(),
        Wrong::ByteOrder => {
            let mut message = message(&boxed);
            message[..4].reverse();
            message
        }
    }
}

fn message(object: &Graph) -> Vec<u8> {
    framed(&pickled(object))
}

fn pickled(object: &Graph) -> Vec<u8> {
    pickle::write(object, 2).expect("the suite's samples can be pickled")
}

/// A message of `be32`.
pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short");
    [&length.to_be_bytes(), payload].concat()
}

/// Starts a server with the reference, which serves one client after another until the process ends.
pub(crate) fn right_server() -> SocketAddr {
    let mut listener =
        Listener::bind((Ipv4Addr::LOCALHOST.to_string().as_str(), 0)).expect("a port is free");
    let Address::Inet { host, port } = listener.address() else {
        unreachable!("it was given a host and a port")
    };
    let address = SocketAddr::new(host.parse().expect("it is bound to an address"), *port);
    std::thread::spawn(move || {
        while let Ok(mut connection) = listener.accept() {
            while let Ok(object) = connection.recv_value() {
                if connection.send_value(&Value::List(vec![object])).is_err() {
                    break;
                }
            }
        }
    });
    address
}
