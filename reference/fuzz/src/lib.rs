//! What must be true of the reference, whatever bytes come: one function for each fuzz target. It panics where the
//! reference is at fault.
//!
//! The fuzzer calls them with what it makes up, and `tests/corpora.rs` with what it has found worth keeping, on stable
//! Rust, in every test run.

#[cfg(unix)]
pub mod framing;
pub mod guard;
pub mod handshake;
