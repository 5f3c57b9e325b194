//! What holds of the reference whatever bytes arrive: one function for each fuzz target, which panics when
//! it does not hold.
//!
//! The fuzz targets call the functions with random inputs. `tests/corpora.rs` calls them with the inputs that are
//! committed, on stable Rust, in every run of the tests.

#[cfg(unix)]
pub mod framing;
pub mod guard;
pub mod handshake;
