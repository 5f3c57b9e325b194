//! Streams that are connected already, and waiting for several connections.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::{exchange_objects, families, frame, in_thread, pair, streams};
use processing_connection::{
    Address, AuthenticationFailure, Connector, Error, Family, Framing, HandshakeStep, Listener,
    wait,
};

/// Two ends of a TCP stream.
fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

#[test]
fn a_connected_stream_is_used_in_place_of_connecting_and_accepting() {
    let (one, other) = tcp();
    // Whatever its mode is.
    one.set_nonblocking(true).unwrap();
    let client = in_thread(move || Connector::new().authkey("key").attach(one));
    let server = Listener::builder().authkey("key").attach(other);
    let (mut server, mut client) = (server.unwrap(), client.join().unwrap().unwrap());
    exchange_objects(&mut server, &mut client);
    assert_eq!(client.peer_address(), None);
}

#[cfg(unix)]
#[test]
fn a_pair_of_unix_streams_is_a_connection() {
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut one = Connector::new().attach(one).unwrap();
    let mut other = Listener::builder().attach(other).unwrap();
    exchange_objects(&mut one, &mut other);
}

#[test]
fn the_handshake_on_an_attached_stream_can_fail() {
    let (one, other) = tcp();
    drop(one);
    match Listener::builder().authkey("key").attach(other) {
        Err(Error::AuthenticationFailed { step, reason }) => assert_eq!(
            (step, reason),
            (HandshakeStep::ClientAnswer, AuthenticationFailure::PeerLeft)
        ),
        other => panic!("{other:?}"),
    }
    let (one, _other) = tcp();
    let keyless = Connector::new().dialect(Framing::Be32).authkey("key");
    assert!(matches!(
        keyless.attach(one),
        Err(Error::NoHandshake { .. })
    ));
}

#[test]
fn a_connection_turns_back_into_its_socket_and_what_was_read_ahead() {
    let (one, mut other) = tcp();
    let mut conn = Connector::new().attach(one).unwrap();
    other
        .write_all(&[&frame(b"first")[..], b"\0\0"].concat())
        .unwrap();
    assert_eq!(conn.recv_string().unwrap(), b"first");
    // Whether they were read together depends on the system.
    assert!(conn.poll(None).unwrap());
    let (socket, ahead) = conn.into_socket().unwrap();
    let mut socket = TcpStream::from(socket);
    let mut rest = ahead;
    let read = rest.len();
    rest.resize(2, 1);
    socket.read_exact(&mut rest[read..]).unwrap();
    assert_eq!(rest, [0, 0]);
    socket.write_all(b"raw").unwrap();
    let mut raw = [0; 3];
    other.read_exact(&mut raw).unwrap();
    assert_eq!(&raw, b"raw");
}

#[test]
fn a_connection_in_the_middle_of_a_message_remains_a_connection() {
    let (one, mut other) = tcp();
    let mut conn = Connector::new().attach(one).unwrap();
    conn.set_read_timeout(Some(Duration::from_millis(10)));
    let message = frame(b"message");
    let (beginning, rest) = message.split_at(6);
    other.write_all(beginning).unwrap();
    assert!(matches!(conn.recv_string(), Err(Error::TimedOut { .. })));
    let mut conn = conn.into_socket().unwrap_err();
    other.write_all(rest).unwrap();
    conn.set_read_timeout(None);
    assert_eq!(conn.recv_string().unwrap(), b"message");
    conn.close();
    assert!(conn.into_socket().is_err());
}

#[test]
fn the_address_of_the_peer_is_known() {
    for family in families() {
        let mut listener = Listener::builder().family(family).bind().unwrap();
        let client = processing_connection::connect(listener.address()).unwrap();
        let mut server = listener.accept().unwrap();
        assert_eq!(client.peer_address(), Some(listener.address()));
        assert_eq!(server.peer_address(), listener.last_accepted());
        server.close();
        assert_eq!(server.peer_address(), None);
    }
}

#[test]
fn incoming_connections_are_iterated_over() {
    let mut listener = Listener::builder()
        .family(Family::Inet)
        .backlog(3)
        .bind()
        .unwrap();
    let address = listener.address().clone();
    let _clients: Vec<_> = (0..3)
        .map(|_| processing_connection::connect(&address).unwrap())
        .collect();
    assert!(listener.incoming().take(3).all(|conn| conn.is_ok()));
}

#[test]
fn several_connections_are_waited_for() {
    for family in families() {
        let (mut clients, mut servers): (Vec<_>, Vec<_>) = (0..3).map(|_| pair(family)).unzip();
        assert_eq!(wait(&mut servers, Duration::ZERO).unwrap(), [0; 0]);
        assert_eq!(
            wait(&mut servers, Duration::from_millis(30)).unwrap(),
            [0; 0]
        );
        clients[2].send_string(b"").unwrap();
        assert_eq!(wait(&mut servers, None).unwrap(), [2]);
        clients[0].close();
        while wait(&mut servers, None).unwrap() != [0, 2] {}
        assert_eq!(servers[2].recv_string().unwrap(), b"");
        assert!(matches!(servers[0].recv_string(), Err(Error::Closed)));
        servers[0].close();
        assert!(matches!(wait(&mut servers, None), Err(Error::NotOpen)));
        assert_eq!(wait(&mut servers[..0], None).unwrap(), [0; 0]);
    }
}

#[test]
fn what_was_read_ahead_is_not_waited_for() {
    for family in streams() {
        let (mut client, mut server) = pair(family);
        client.send_string(b"one").unwrap();
        client.send_string(b"two").unwrap();
        assert_eq!(server.recv_string().unwrap(), b"one");
        assert_eq!(wait(&mut [&mut server], None).unwrap(), [0]);
        assert_eq!(server.recv_string().unwrap(), b"two");
        assert!(!server.has_read_ahead());
        assert!(server.socket().is_some());
    }
}

#[test]
fn a_host_and_a_port_are_an_address() {
    let parsed = |text: &str| text.parse::<Address>().unwrap();
    assert_eq!(parsed("localhost:6000"), Address::from(("localhost", 6000)));
    assert_eq!(parsed(":0"), Address::from(("", 0)));
    for text in [
        "/tmp/a:1",
        "./host:1",
        "name",
        "host:",
        "host:65536",
        "::1:6000",
        r"\\.\pipe\a:1",
        "\0a:1",
    ] {
        assert_eq!(parsed(text), Address::infer(text), "{text}");
    }
}
