//! Pairs of connected ends, and raw peers that send exactly what a test wants.

#![allow(dead_code, reason = "no test uses everything")]

pub(crate) mod peer;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use processing_connection::{
    Connection, Connector, Dialect, Family, Framing, Limits, Listener, connect,
};

/// The families that are available on this system.
pub(crate) fn families() -> impl Iterator<Item = Family> {
    Family::ALL
        .into_iter()
        .filter(|family| family.is_available())
}

/// The available families whose connections are streams of bytes.
pub(crate) fn streams() -> impl Iterator<Item = Family> {
    families().filter(|family| *family != Family::Pipe)
}

/// Two ends of a connection.
pub(crate) fn pair(family: Family) -> (Connection, Connection) {
    let mut listener = Listener::builder().family(family).bind().unwrap();
    let client = connect(listener.address()).unwrap();
    (client, listener.accept().unwrap())
}

/// A connection in be32, and its raw other end.
pub(crate) fn raw() -> (Connection, TcpStream) {
    raw_with(Framing::Be32.into(), Limits::default())
}

pub(crate) fn raw_with(dialect: Dialect, limits: Limits) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let conn = Connector::new()
        .dialect(dialect)
        .limits(limits)
        .connect(("127.0.0.1", port))
        .unwrap();
    let (peer, _) = listener.accept().unwrap();
    peer.set_nodelay(true).unwrap();
    (conn, peer)
}

/// A connection whose peer sent these bytes and closed.
pub(crate) fn after(bytes: &[u8]) -> Connection {
    let (conn, mut peer) = raw();
    peer.write_all(bytes).unwrap();
    conn
}

/// One message in be32.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(payload);
    frame
}

/// Runs the other end in a thread of its own.
pub(crate) fn in_thread<T: Send + 'static>(
    other: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(other)
}

/// Sends an object in each direction.
pub(crate) fn exchange_objects(one: &mut Connection, other: &mut Connection) {
    one.send("there").unwrap();
    assert_eq!(other.recv::<String>().unwrap(), "there");
    other.send("and back").unwrap();
    assert_eq!(one.recv::<String>().unwrap(), "and back");
}
