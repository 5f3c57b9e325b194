//! The connection protocol of Python's `multiprocessing.connection`, and of its ancestor, the
//! package `processing` (2006 to 2008): processes exchange picklable objects over TCP sockets, Unix
//! domain sockets and Windows named pipes.
//!
//! ```no_run
//! use processing_connection::Connector;
//!
//! // In Python: Listener(('localhost', 6000), authkey=b'secret').accept().recv()
//! let mut conn = Connector::new()
//!     .authkey("secret")
//!     .connect(("localhost", 6000))?;
//! conn.send(&42)?;
//! # Ok::<(), processing_connection::Error>(())
//! ```
//!
//! Versions differ in the bytes they put on the wire. The default is the dialect of `CPython` 3.12
//! and later, which can be used with `multiprocessing` of every version from Python 2.6 on. To talk
//! to `processing`, choose the [`Dialect`] of its release, such as
//! [`PROCESSING_0_20_C`](Dialect::PROCESSING_0_20_C).
//!
//! # Example
//!
//! The server creates a listener, waits for a connection, receives an object and sends it back
//! boxed inside a list; the client sends it the number 42:
//!
//! ```
//! use processing_connection::{Listener, Value, connect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut listener = Listener::bind(("localhost", 0))?; // family is deduced to be `AF_INET`
//! let address = listener.address().clone();
//!
//! let server = std::thread::spawn(move || -> processing_connection::Result<()> {
//!     let mut conn = listener.accept()?;
//!     println!("connection accepted from {:?}", listener.last_accepted());
//!
//!     let obj = conn.recv_value()?;
//!     conn.send_value(&Value::List(vec![obj]))
//! });
//!
//! let mut conn = connect(address)?;
//! conn.send(&42)?;
//! let received: Vec<i32> = conn.recv()?;
//! assert_eq!(received, [42]);
//! # server.join().unwrap()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Authentication
//!
//! `multiprocessing`, and `processing` from 0.21 on, accept an `authkey`: before anything else, each
//! end proves to the other that it has the same key. See [`AuthKey`] for how strong a key must be, and [`protocol`]
//! for the messages on the wire.
//!
//! ```
//! use processing_connection::{Connector, Error, Listener};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut listener = Listener::builder().authkey("a good secret").bind()?;
//! let address = listener.address().clone();
//!
//! let guess = Connector::new().authkey("a guess");
//! let stranger = std::thread::spawn({
//!     let address = address.clone();
//!     move || guess.connect(address)
//! });
//! // Nothing that the stranger sent was unpickled, and the listener can accept again.
//! assert!(matches!(listener.accept(), Err(Error::AuthenticationFailed { .. })));
//! assert!(matches!(stranger.join().unwrap(), Err(Error::AuthenticationFailed { .. })));
//!
//! let friend = Connector::new().authkey("a good secret");
//! let friend = std::thread::spawn(move || friend.connect(address)?.send(&42));
//! assert_eq!(listener.accept()?.recv::<i32>()?, 42);
//! # friend.join().unwrap()?;
//! # Ok(())
//! # }
//! ```
//!
//! # The Python API in Rust
//!
//! | Python | here |
//! | --- | --- |
//! | `Listener(address, family, backlog)` | [`Listener::bind`], [`Listener::builder`] |
//! | `listener.accept()` `close()` `address` `last_accepted` | the same |
//! | `Client(address, family)` | [`connect`](connect()), [`Connector`] |
//! | `authkey=b'…'` for both | [`ListenerBuilder::authkey`], [`Connector::authkey`] |
//! | `AuthenticationError` | [`Error::AuthenticationFailed`] |
//! | `conn.send(obj)` `recv()` | [`send`](Connection::send) [`recv`](Connection::recv) through serde, [`send_value`](Connection::send_value) [`recv_value`](Connection::recv_value) without it |
//! | `conn.send_string(s)` `recv_string()` | the same, and [`recv_string_into`](Connection::recv_string_into) |
//! | `conn.poll(timeout)` (0.30) | [`poll`](Connection::poll) |
//! | `wait([conn, …], timeout)` (Python 3.3) | [`wait`](wait()) |
//! | `conn.close()` | the same |
//! | `('localhost', 6000)`, `'/tmp/socket'`, `'\0abstract'`, `r'\\.\pipe\name'` | [`Address`] |
//! | `'AF_INET'` `'AF_UNIX'` `'AF_PIPE'` | [`Family`] |
//!
//! The bytes on the wire are specified in [`protocol`].
//!
//! # Things to know
//!
//! * `Vec<u8>` pickles as a list of integers: see [`Connection::send`].
//! * Unpickling never runs code, and the resources that a peer can make it use are bounded by
//!   [`Limits`].
//! * A key keeps strangers out, but messages are neither encrypted nor signed: `AF_INET` across a
//!   shared network needs a tunnel as well.
//! * A connection can be used by one thread at a time; [`Connection::split`] turns it into two
//!   halves, one for each direction, that two threads can use.
//! * A table at [`Connection`] lists the state in which each [`Error`] leaves a connection.

mod address;
pub mod auth;
mod bell;
mod client;
mod closer;
mod connection;
mod deadline;
mod dialect;
mod error;
mod framing;
mod limits;
mod listener;
pub mod object;
mod transport;
mod wait;

#[cfg(windows)]
pub mod pipe {
    //! Named pipes in message mode, below the protocol: for tests, recorders and other tools that
    //! handle the messages of an `AF_PIPE` connection one by one, or in parts.

    pub use crate::transport::pipe::{Part, Pipe, PipeListener, PipeOptions, ReadMode};
}

#[expect(
    clippy::doc_markdown,
    reason = "the specification is not only read as rustdoc"
)]
#[doc = include_str!("../PROTOCOL.md")]
pub mod protocol {
    /// The specification itself, for programs that read its requirements.
    pub const TEXT: &str = include_str!("../PROTOCOL.md");
}

pub use serde_pickle::{HashableValue, Value};

pub use crate::address::{Address, Family};
pub use crate::auth::{AuthKey, AuthenticationFailure, Digest, Digests, HandshakeStep, Scheme};
pub use crate::client::{Connector, connect};
pub use crate::closer::Closer;
pub use crate::connection::{Connection, RecvHalf, SendHalf};
pub use crate::dialect::Dialect;
pub use crate::error::{Error, Result};
pub use crate::framing::{Decoded, Framing, Header};
pub use crate::limits::Limits;
pub use crate::listener::{Listener, ListenerBuilder};
pub use crate::wait::wait;
