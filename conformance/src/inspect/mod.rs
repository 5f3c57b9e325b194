//! Decodes captured bytes: their framing, their messages and their handshake.
//!
//! - [`capture`] reads a file, a hex dump or a literal, and returns the bytes of each direction.
//! - [`detect`](mod@detect) finds the framing that fits the bytes, how certain it is, and why the others do not fit.
//! - [`session`] finds the messages, in the order in which they were sent.
//!
//! The bytes are not trusted: the time is linear in their length, the memory depends only on what is shown, and nothing
//! in a pickle is executed.

pub mod capture;
pub mod detect;
pub mod framing;
pub mod handshake;
pub mod payload;
pub mod session;
