//! Properties that the reference must have for any input: one function for each fuzz target, which panics if the
//! reference violates the property.
//!
//! The fuzzer calls these functions with generated inputs. `tests/corpora.rs` calls them with the inputs that the
//! fuzzer kept, on stable Rust, in every test run.

#[cfg(unix)]
pub mod framing;
pub mod guard;
pub mod handshake;
