//! The interoperability conformance suite for the connection protocol of Python's `processing` package.
//!
//! A *testee* is asked to do things ([`testee`]), the suite holds the other end of the wire or lets two testees talk to
//! each other ([`wire`]), *cases* say what must happen ([`cases`], in the words of [`context`], citing
//! [`requirements`]), and a run reaches a verdict on each execution ([`run`]), which [`report`] shows. Known
//! implementations are installed and run by the suite itself ([`peers`]), and the bytes that they send are recorded
//! ([`vectors`]). An implementation in Rust becomes a testee by an [`adapter`]. Objects are compared in a notation of
//! their own ([`notation`]), and pickles are read without executing anything ([`pickle`]). Captured bytes can be taken
//! apart as well ([`inspect`]).
//!
//! # Layers
//!
//! The modules are declared from the bottom to the top: each uses only those above it in the list below. A test holds
//! them to this order.
#![forbid(unsafe_code)]

pub mod notation;

pub mod pickle;

#[cfg(any(test, feature = "strategies"))]
pub mod strategy;

pub mod wire;

pub mod testee;

pub mod adapter;

pub mod peers;

pub mod requirements;

pub mod context;

pub mod inspect;

pub mod objects;

pub mod vectors;

pub mod cases;

pub mod run;

pub mod report;
