//! Bytes that somebody captured, taken apart: which framing they have, and which messages and handshakes they are.
//!
//! - [`capture`]: from a file, a hex dump, a literal to the bytes of each direction.
//! - [`detect`](mod@detect): which framing fits them, how surely, and what speaks against the others.
//! - [`session`]: their messages, in the order in which they went.
//!
//! Nothing here trusts the bytes: time is linear, memory is for what is shown, and nothing in a pickle is executed.

pub mod capture;
pub mod detect;
pub mod framing;
pub mod handshake;
pub mod payload;
pub mod session;
