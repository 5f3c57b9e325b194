//! What holds of the suite whatever a testee or a capture contains: one function for each fuzz target, which panics
//! when it does not hold.
//!
//! The fuzz targets call the functions with random inputs. `tests/corpora.rs` calls them with the inputs that are
//! committed, on stable Rust, in every run of the tests.

pub mod adapter;
pub mod disassembler;
pub mod notation;
