//! What must be true of the suite, whatever a testee or a capture holds: one function for each fuzz target. It panics
//! where the suite is at fault.
//!
//! The fuzzer calls them with what it makes up, and `tests/corpora.rs` with what it has found worth keeping, on stable
//! Rust, in every test run.

pub mod adapter;
pub mod disassembler;
pub mod notation;
